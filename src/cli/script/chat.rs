//! `callstead script chat`: a script by keyboard. Free conversation needs a language model; everything else goes without.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    sync::Arc,
};

use anyhow::Context as _;
use serde_json::json;

use super::{Context, File, Place, act_json, act_words, given, now, runtime};
use crate::{
    cli::chat::{QUIT, read_lines},
    dialogue::guide::{Act, Guard, Guide, Input, Output, RequestId, Setup},
    domain::{
        Message, Pii, Role,
        text::{Limits, clauses},
    },
    script::{Script, Task},
    speech::{
        Chunk, Priority, Prompt, Responder, Sampling, Served,
        engines::{EngineKind, Engines},
    },
};

/// The longest free answer, in tokens.
const MOST_TOKENS: usize = 80;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: File,
    /// What is known of the caller, such as --set userName=Sam --set amountDue=250
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    place: Place,
}

struct Chat<'a> {
    guide: Guide,
    script: Arc<Script>,
    responder: Option<Arc<dyn Responder>>,
    messages: Vec<Message>,
    context: &'a Context,
    is_terminal: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let script = Arc::new(args.file.read(context)?);
    let values = args.set.iter().map(|text| given(&script, text, args.place)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let responder = responder(&script, context);
    let (today, now) = now();
    let Place { currency, country } = args.place;
    let setup = Setup {
        script: Arc::clone(&script),
        values,
        today,
        now,
        currency,
        country,
        talks: responder.is_some(),
        understands: false,
    };
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !context.output.json;
    let chat = Chat { guide: Guide::new(setup), script, responder, messages: Vec::new(), context, is_terminal };
    runtime::block_on(&context.interrupt, chat.hold())
}

/// The model of this box, if the script lets one talk and there is one.
fn responder(script: &Script, context: &Context) -> Option<Arc<dyn Responder>> {
    if !script.steps().any(|(_, step)| matches!(step.task, Task::Converse(_))) {
        return None;
    }
    let engines = Engines::load(&context.config, &[EngineKind::Llm], |_| !context.interrupt.is_raised());
    let responder = engines.responder().cloned();
    if let Err(error) = &responder {
        context.output.note(format_args!("free conversation is left out: {error}"));
    }
    responder.ok()
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
                            self.messages.push(Message::new(Role::User, words));
                            Input::Words(Pii::new(words.to_owned()))
                        }
                    }
                }
                Output::Think { request, instructions, guard } => self.think(request, instructions, &guard).await?,
                // Answers that only a model could understand are asked again here.
                Output::Score { request, .. } => Input::Scored { request, shares: Vec::new() },
                Output::Fill { request, .. } => Input::Filled { request, text: None },
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

    /// A free answer, as far as it may be said.
    async fn think(&mut self, request: RequestId, instructions: Pii<String>, guard: &Guard) -> anyhow::Result<Input> {
        let Some(responder) = self.responder.clone() else { return Ok(Input::Thought { request, is_good: false }) };
        let mut messages = vec![Message::new(Role::System, instructions.into_inner())];
        messages.extend(self.messages.iter().cloned());
        let mut chunks = responder.respond(Prompt {
            messages,
            conversation: 1,
            max_tokens: MOST_TOKENS,
            sampling: Sampling::default(),
            grammar: None,
            priority: Priority::Reply.into(),
            served: Served::default(),
        });
        let mut reply = String::new();
        while let Some(chunk) = chunks.recv().await {
            match chunk? {
                Chunk::Text(text) => reply.push_str(&text),
                Chunk::Done(_) => break,
            }
        }
        let clauses = clauses(&reply, Limits::LIVE);
        let permitted: Vec<_> = clauses.iter().take_while(|clause| guard.permits(clause)).cloned().collect();
        if !permitted.is_empty() {
            self.agent(&permitted.join(" "))?;
        }
        Ok(Input::Thought { request, is_good: !clauses.is_empty() && permitted.len() == clauses.len() })
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
