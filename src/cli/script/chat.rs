//! `callstead script chat`: a script by keyboard. Free conversation needs a language model, and where rules do not understand
//! an answer the model is asked, if there is one; everything else goes without.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    sync::Arc,
};

use anyhow::Context as _;
use serde_json::{Value as Json, json};

use super::{Context, File, Place, act_json, act_words, given, now, runtime};
use crate::{
    call::{self, Brief, meaning},
    cli::chat::{QUIT, read_lines},
    dialogue::guide::{Act, Asked, Guard, Guide, Input, Meaning, Output, RequestId, Setup, Slot},
    domain::{Message, Pii, Role},
    script::{Script, Task},
    speech::{
        Priority,
        engines::{EngineKind, Engines},
    },
};

/// The longest free answer, in tokens.
const MOST_TOKENS: usize = 80;
/// The only conversation of this process.
const CONVERSATION: u64 = 1;
/// A meaning that is less likely is not worth a word in an explanation.
const WORTH_TELLING: f32 = 0.01;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: File,
    /// What is known of the caller, such as --set userName=Sam --set amountDue=250
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Do without a language model, even if one is installed
    #[arg(long)]
    rules_only: bool,
    /// Say of each answer how it was understood
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    place: Place,
}

struct Chat<'a> {
    guide: Guide,
    script: Arc<Script>,
    /// Those of the language model, if there is one.
    engines: Option<Engines>,
    messages: Vec<Message>,
    context: &'a Context,
    is_terminal: bool,
    explains: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let script = Arc::new(args.file.read(context)?);
    let values = args.set.iter().map(|text| given(&script, text, args.place)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let engines = if args.rules_only { None } else { engines(&script, context) };
    let (today, now) = now();
    let Place { currency, country } = args.place;
    let setup = Setup {
        script: Arc::clone(&script),
        values,
        today,
        now,
        currency,
        country,
        talks: engines.is_some(),
        understands: engines.as_ref().is_some_and(|engines| engines.understanding().is_some()),
    };
    if args.explain && setup.talks && !setup.understands {
        context.output.note("the language model is too weak to be asked what a caller means: rules decide alone");
    }
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !context.output.json;
    let guide = Guide::new(setup);
    let (messages, explains) = (Vec::new(), args.explain);
    let chat = Chat { guide, script, engines, messages, context, is_terminal, explains };
    runtime::block_on(&context.interrupt, chat.hold())
}

/// The model of this box, if there is one.
fn engines(script: &Script, context: &Context) -> Option<Engines> {
    let engines = Engines::load(&context.config, &[EngineKind::Llm], |_| !context.interrupt.is_raised());
    let Err(error) = engines.responder() else { return Some(engines) };
    if script.steps().any(|(_, step)| matches!(step.task, Task::Converse(_))) {
        context.output.note(format_args!("free conversation is left out: {error}"));
    }
    None
}

impl Chat<'_> {
    async fn hold(mut self) -> anyhow::Result<()> {
        let mut lines = read_lines();
        self.guide.handle(Input::Begin);
        while let Some(output) = self.guide.poll() {
            let input = match output {
                Output::Say(say) => {
                    self.agent(say.text.reveal())?;
                    continue;
                }
                Output::Act(act) => {
                    self.act(&act)?;
                    continue;
                }
                Output::HangUp { outcome } => return self.outcome(&outcome),
                Output::Listen(_) => {
                    if self.is_terminal {
                        self.context.output.fragment("> ")?;
                    }
                    let Some(line) = lines.recv().await else { return Ok(()) };
                    match line.context("cannot read standard input")?.trim() {
                        QUIT => return Ok(()),
                        "" => Input::Silence,
                        words => {
                            self.hear(words)?;
                            continue;
                        }
                    }
                }
                Output::Think { request, instructions, guard } => self.think(request, instructions, &guard).await?,
                Output::Score { request, asked, choices } => self.score(request, &asked, &choices).await?,
                Output::Fill { request, asked, slot } => self.fill(request, &asked, slot).await?,
                Output::Tool { request, call } => {
                    let host = call.url.reveal().host_str().unwrap_or_default().to_owned();
                    self.context.output.note(format_args!("here {host} would be asked; nobody answers in a chat"));
                    Input::Answered { request, answer: None }
                }
            };
            self.guide.handle(input);
        }
        Ok(())
    }

    /// What the caller said; explained if the rules had their way with it.
    fn hear(&mut self, words: &str) -> anyhow::Result<()> {
        self.messages.push(Message::new(Role::User, words));
        let before = self.guide.at();
        self.guide.handle(Input::Words(Pii::new(words.to_owned())));
        if !self.guide.waits_for_model() {
            let (from, to) = (&self.script.step(before).id, &self.script.step(self.guide.at()).id);
            let by_rules = json!({ "by": "rules", "from": from, "to": to });
            self.explain(&by_rules, || match from == to {
                true => format!("by rules, still at {to}"),
                false => format!("by rules, from {from} to {to}"),
            })?;
        }
        Ok(())
    }

    /// How likely each meaning is.
    async fn score(&self, request: RequestId, asked: &Asked, choices: &[Meaning]) -> anyhow::Result<Input> {
        let mut shares = Vec::new();
        if let Some(engines) = &self.engines {
            let language = self.script.language;
            shares = meaning::score(engines, asked, choices, language, CONVERSATION, Priority::Reply.into()).await;
        }
        let of_choices = || choices.iter().zip(&shares).filter(|(_, share)| **share >= WORTH_TELLING);
        let by_id: BTreeMap<_, _> = of_choices().map(|(choice, share)| (choice.id.as_str(), share)).collect();
        self.explain(&json!({ "by": "model", "shares": by_id }), || {
            let told: Vec<_> = of_choices().map(|(choice, share)| format!("{} {share:.2}", choice.id)).collect();
            if told.is_empty() { "the model has no answer".to_owned() } else { format!("model: {}", told.join(", ")) }
        })?;
        Ok(Input::Scored { request, shares })
    }

    /// The value that the model finds.
    async fn fill(&self, request: RequestId, asked: &Asked, slot: Slot) -> anyhow::Result<Input> {
        let mut text = None;
        if let Some(engines) = &self.engines {
            let now = jiff::Zoned::now().datetime();
            text = meaning::fill(engines, asked, slot, now, CONVERSATION, Priority::Reply.into()).await;
        }
        let value = text.as_ref().map(Pii::reveal);
        self.explain(&json!({ "by": "model", "value": value }), || {
            value.map_or_else(|| "the model finds no value".to_owned(), |value| format!("model: {value}"))
        })?;
        Ok(Input::Filled { request, text })
    }

    fn explain(&self, how: &Json, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.explains {
            self.context.output.result(&json!({ "understood": how }), |_| format!("  ({})", text()))?;
        }
        Ok(())
    }

    /// A free answer, as far as it may be said.
    async fn think(&mut self, request: RequestId, instructions: Pii<String>, guard: &Guard) -> anyhow::Result<Input> {
        let Some(engines) = &self.engines else { return Ok(Input::Thought { request, is_good: false }) };
        let mut messages = vec![Message::new(Role::System, instructions.into_inner())];
        messages.extend(self.messages.iter().cloned());
        let brief = Brief::in_writing(self.script.language, MOST_TOKENS, CONVERSATION);
        let answer = match call::guarded(engines, &messages, &brief, guard).await {
            Ok(answer) => answer,
            Err(error) => {
                self.context.output.note(format_args!("no free answer: {error}"));
                return Ok(Input::Thought { request, is_good: false });
            }
        };
        if !answer.text.reveal().is_empty() {
            self.agent(answer.text.reveal())?;
        }
        Ok(Input::Thought { request, is_good: answer.is_good })
    }

    fn agent(&mut self, text: &str) -> anyhow::Result<()> {
        self.messages.push(Message::new(Role::Assistant, text));
        let step = &self.script.step(self.guide.at()).id;
        Ok(self.context.output.result(&json!({ "agent": text, "step": step }), |_| format!("agent: {text}"))?)
    }

    fn act(&self, act: &Act) -> anyhow::Result<()> {
        Ok(self.context.output.result(&act_json(act), |_| format!("* {}", act_words(act)))?)
    }

    fn outcome(&self, outcome: &str) -> anyhow::Result<()> {
        Ok(self.context.output.result(&json!({ "outcome": outcome }), |_| format!("* outcome: {outcome}"))?)
    }
}
