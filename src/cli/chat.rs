//! `callstead chat`: the language model by keyboard.

use std::{
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::sync::mpsc;

use super::{Context, Interrupt, Output, runtime};
use crate::{
    config::Config,
    domain::{Message, Role},
    speech::{
        Chunk, Priority, Prompt, Responder, Sampling, Served, Usage,
        engines::{self, EngineError, EngineKind, Engines},
        scheduler::Scheduler,
    },
};

/// Ends the conversation; so does the end of the input.
pub(super) const QUIT: &str = "/quit";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the agent is told about its task [default: agent.prompt of the configuration]
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// The longest answer, in tokens [default: agent.max_tokens of the configuration]
    #[arg(long, value_name = "N", value_parser = max_tokens)]
    max_tokens: Option<usize>,
    /// 0 always takes the likeliest word; 1 as the model was made; 2 at most
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = temperature)]
    temperature: f32,
    /// Equal seeds give equal answers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// A language model in GGUF format [default: as configured, else the best that is installed]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// The same range as the setting's.
fn max_tokens(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|tokens| (1..=4096).contains(tokens)).ok_or("give a number from 1 to 4096")
}

fn temperature(text: &str) -> Result<f32, &'static str> {
    text.parse().ok().filter(|value| (0.0..=2.0).contains(value)).ok_or("give a number from 0 to 2")
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let mut config = context.config.clone();
    config.agent.prompt = args.system.unwrap_or(config.agent.prompt);
    let responder = responder(args.model.as_deref(), &config, &context.interrupt)?;
    let prompt = Prompt {
        messages: vec![Message::new(Role::System, config.agent.prompt)],
        conversation: 1,
        max_tokens: args.max_tokens.unwrap_or(config.agent.max_tokens),
        sampling: Sampling { temperature: args.temperature, seed: args.seed, ..Sampling::default() },
        grammar: None,
        priority: Priority::Reply.into(),
        served: Served::default(),
    };
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !context.output.json;
    let chat = Chat { responder: &*responder, output: &context.output, is_terminal };
    let end = runtime::block_on(&context.interrupt, chat.hold(prompt));
    if is_terminal {
        // The shell's prompt is not to stand behind ours.
        context.output.line("")?;
    }
    end
}

/// The model in `file`, else the one of this box.
fn responder(file: Option<&Path>, config: &Config, interrupt: &Interrupt) -> Result<Arc<dyn Responder>, EngineError> {
    let Some(file) = file else {
        let engines = Engines::load(config, &[EngineKind::Llm], |_| !interrupt.is_raised());
        return engines.responder().cloned();
    };
    let scheduler = Scheduler::for_this_machine(config.speech.threads);
    Ok(Arc::new(engines::load_llama(config, file, &scheduler)?))
}

struct Chat<'a> {
    responder: &'a dyn Responder,
    output: &'a Output,
    is_terminal: bool,
}

/// An answer, and how it came.
struct Answer {
    reply: String,
    usage: Usage,
    first_text: Option<Duration>,
    total: Duration,
}

impl Chat<'_> {
    /// Answers line after line.
    async fn hold(&self, mut prompt: Prompt) -> anyhow::Result<()> {
        let mut lines = read_lines();
        loop {
            if self.is_terminal {
                self.output.fragment("> ")?;
            }
            let Some(line) = lines.recv().await else { return Ok(()) };
            match line.context("cannot read standard input")?.trim() {
                "" => continue,
                QUIT => return Ok(()),
                text => prompt.messages.push(Message::new(Role::User, text)),
            }
            let answer = self.answer(prompt.clone()).await?;
            if self.output.json {
                self.output.json(&as_json(&answer))?;
            }
            prompt.messages.push(Message::new(Role::Assistant, answer.reply));
        }
    }

    /// One answer, shown as it comes unless it is to be JSON.
    async fn answer(&self, prompt: Prompt) -> anyhow::Result<Answer> {
        let start = Instant::now();
        let (mut reply, mut first_text) = (String::new(), None);
        let mut chunks = self.responder.respond(prompt);
        while let Some(chunk) = chunks.recv().await {
            match chunk? {
                Chunk::Text(text) => {
                    first_text.get_or_insert_with(|| start.elapsed());
                    if !self.output.json {
                        self.output.fragment(&text)?;
                    }
                    reply.push_str(&text);
                }
                Chunk::Done(usage) => {
                    if !self.output.json {
                        self.output.line("")?;
                    }
                    return Ok(Answer { reply, usage, first_text, total: start.elapsed() });
                }
            }
        }
        bail!("the answer broke off: the language model stopped unexpectedly")
    }
}

fn as_json(answer: &Answer) -> serde_json::Value {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let Usage { prompt_tokens, cached_tokens, generated_tokens, dropped_turns, truncated } = answer.usage;
    json!({
        "reply": answer.reply,
        "usage": {
            "prompt_tokens": prompt_tokens,
            "cached_tokens": cached_tokens,
            "generated_tokens": generated_tokens,
            "dropped_turns": dropped_turns,
            "truncated": truncated,
        },
        "timings_ms": { "first_text": answer.first_text.map(millis), "total": millis(answer.total) },
    })
}

/// The lines of standard input, read by a thread of their own: waiting for one must not keep Ctrl-C from working.
pub(super) fn read_lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, lines) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::{Results, SpeechError};

    /// Gives a fixed stream of chunks.
    struct Script(Vec<Result<Chunk, SpeechError>>);

    impl Responder for Script {
        fn respond(&self, _prompt: Prompt) -> Results<Chunk> {
            let (sender, chunks) = mpsc::channel(self.0.len().max(1));
            for chunk in &self.0 {
                sender.try_send(chunk.clone()).expect("there is room for all");
            }
            chunks
        }
    }

    #[tokio::test]
    async fn an_answer_is_whole_or_an_error() {
        let text = || Ok(Chunk::Text("Yes.".to_owned()));
        for (script, expect) in [
            (vec![text(), Ok(Chunk::Done(Usage::default()))], Ok("Yes.")),
            (vec![Ok(Chunk::Done(Usage::default()))], Ok("")),
            (vec![text()], Err("the answer broke off: the language model stopped unexpectedly")),
            (vec![text(), Err(SpeechError::Unsupported("no".to_owned()))], Err("no")),
        ] {
            let output = Output::new(true);
            let chat = Chat { responder: &Script(script), output: &output, is_terminal: false };
            let prompt = Prompt {
                messages: Vec::new(),
                conversation: 1,
                max_tokens: 1,
                sampling: Sampling::default(),
                grammar: None,
                priority: Priority::Reply.into(),
                served: Served::default(),
            };
            let reply = chat.answer(prompt).await.map(|answer| answer.reply).map_err(|error| error.to_string());
            assert_eq!(reply.as_deref().map_err(String::as_str), expect);
        }
    }
}
