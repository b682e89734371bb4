//! `callstead chat`: the language model by keyboard.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::json;

use super::{Context, Interrupt};
use crate::{
    domain::{Message, Role},
    speech::{
        Chunk, Priority, Prompt, Responder, Sampling, Usage,
        local::llama::{Llama, Settings},
        scheduler::Scheduler,
    },
};

/// The starter set's language model.
const STARTER_MODEL: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// Ends the conversation; so does the end of the input.
const QUIT: &str = "/quit";
/// How soon Ctrl-C is noticed while nobody types.
const INTERRUPT_CHECK: Duration = Duration::from_millis(100);

/// Talk with the language model by keyboard
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  callstead chat\n  callstead chat --system 'You sell bicycles.' --max-tokens 60\n  \
                        echo 'What are your opening hours?' | callstead chat --json"
)]
pub(super) struct Args {
    /// What the agent is told about its task [default: agent.prompt of the configuration]
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// The longest answer, in tokens [default: agent.max_tokens of the configuration]
    #[arg(long, value_name = "N")]
    max_tokens: Option<usize>,
    /// 0 always takes the likeliest word; 1 as the model was made
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temperature: f32,
    /// Equal seeds give equal answers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// A language model in GGUF format [default: the starter set's]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// An answer, and how it came.
struct Answer {
    reply: String,
    usage: Usage,
    first_text: Option<Duration>,
    total: Duration,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let config = &context.config;
    let path = args.model.clone().unwrap_or_else(|| config.paths.models_dir.join(STARTER_MODEL));
    let scheduler = Scheduler::for_this_machine(config.speech.threads);
    let settings = Settings {
        context_tokens: NonZeroU32::new(config.speech.context_tokens).context("speech.context_tokens must not be 0")?,
        threads: config.speech.threads.and_then(NonZeroUsize::new),
    };
    let llama = Llama::load(&path, settings, &scheduler)?;
    let system = args.system.as_ref().unwrap_or(&config.agent.prompt);
    let mut prompt = Prompt {
        messages: vec![Message::new(Role::System, system)],
        conversation: 1,
        max_tokens: args.max_tokens.unwrap_or(config.agent.max_tokens),
        sampling: Sampling { temperature: args.temperature, seed: args.seed, ..Sampling::default() },
        priority: Priority::Reply,
    };
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !context.output.json;
    let lines = read_lines();
    loop {
        if is_terminal {
            show("> ")?;
        }
        let Some(line) = next_line(&lines, &context.interrupt)? else { break };
        match line.trim() {
            "" => continue,
            QUIT => break,
            text => prompt.messages.push(Message::new(Role::User, text)),
        }
        let Some(answer) = answer(&llama, &prompt, context)? else { break };
        if context.output.json {
            show(&format!("{}\n", as_json(&answer)))?;
        }
        prompt.messages.push(Message::new(Role::Assistant, answer.reply));
    }
    if is_terminal { show("\n") } else { Ok(()) }
}

/// Streams one answer to the terminal, or keeps it for JSON; `None` when the user interrupts it.
fn answer(llama: &Llama, prompt: &Prompt, context: &Context) -> anyhow::Result<Option<Answer>> {
    let start = Instant::now();
    let mut answer = Answer { reply: String::new(), usage: Usage::default(), first_text: None, total: Duration::ZERO };
    let mut results = llama.respond(prompt.clone());
    while let Some(result) = results.blocking_recv() {
        if context.interrupt.is_raised() {
            return Ok(None);
        }
        match result? {
            Chunk::Text(text) => {
                answer.first_text.get_or_insert_with(|| start.elapsed());
                if !context.output.json {
                    show(&text)?;
                }
                answer.reply.push_str(&text);
            }
            Chunk::Done(usage) => answer.usage = usage,
        }
    }
    answer.total = start.elapsed();
    if !context.output.json {
        show("\n")?;
    }
    Ok(Some(answer))
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
fn read_lines() -> Receiver<io::Result<String>> {
    let (sender, lines) = sync_channel(0);
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// The next line; `None` at the end of the input or when the user interrupts.
fn next_line(lines: &Receiver<io::Result<String>>, interrupt: &Interrupt) -> anyhow::Result<Option<String>> {
    while !interrupt.is_raised() {
        match lines.recv_timeout(INTERRUPT_CHECK) {
            Ok(line) => return line.map(Some).context("cannot read standard input"),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
    Ok(None)
}

fn show(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}
