//! Tokens a second through our engine, and in the shortest possible loop around llama.cpp, on the same prompt; then
//! several answers at once, and the same number one after the other.
//!
//! `cargo bench --bench llama -- [THREADS]`. To reach: a ratio of at least 0.95 to the loop.
#![expect(clippy::print_stdout, reason = "a bench's result")]

use std::{
    env, fs, io,
    mem::ManuallyDrop,
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use callstead::{
    domain::{Message, Role},
    speech::{
        Chunk, Grammar, Priority, Prompt, Responder, Results, Sampling, Served,
        local::llama::{Llama, Settings},
        scheduler::Scheduler,
    },
};
use llama_cpp_2::{
    context::params::LlamaContextParams,
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    model::{LlamaModel, params::LlamaModelParams},
    sampling::LlamaSampler,
};

const MODEL: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
const QUESTION: &str = "Tell me in detail how a bicycle is built, part by part, and what each part is for.";
const TOKENS: usize = 64;
const CONTEXT: u32 = 2048;
const ROUNDS: usize = 3;
/// So many callers at once.
const CALLERS: [usize; 4] = [1, 2, 4, 8];
/// What all callers' prompts begin with.
const INSTRUCTIONS: &str = "You are the friendly agent of a bicycle shop on the telephone. The shop sells and mends \
    bicycles, is open from nine to five, and delivers within three days. Answer in one or two short sentences.";

fn main() {
    let folder = env::var_os("CALLSTEAD_TEST_MODELS_DIR").map_or_else(|| PathBuf::from("target/models"), PathBuf::from);
    let path = folder.join(MODEL);
    let threads = env::args().nth(1).and_then(|count| count.parse().ok());
    let scheduler = Scheduler::for_this_machine(threads);
    let (ours, resident) = engine(&path, &scheduler);
    let raw = raw_on_an_engine_thread(path, &scheduler);
    println!(
        "threads {}: raw {raw:.1} tokens/s, engine {ours:.1} tokens/s, ratio {:.3}",
        scheduler.cores(),
        ours / raw
    );
    println!("resident with the engine alone: {resident}");
    several(&folder.join(MODEL), &scheduler);
}

/// Engine threads are nice: equal terms for both.
fn raw_on_an_engine_thread(path: PathBuf, scheduler: &Scheduler) -> f64 {
    let (sender, result) = mpsc::channel();
    let threads = scheduler.cores();
    let thread = scheduler.spawn("raw", move || sender.send(raw_loop(&path, threads)).expect("somebody waits"));
    thread.and_then(|thread| thread.join().map_err(|_| io::Error::other("the raw loop failed"))).expect("a thread");
    result.recv().expect("a result")
}

/// The best of some rounds, prompt not counted.
fn raw_loop(path: &Path, threads: NonZeroUsize) -> f64 {
    // The engine has set llama.cpp up already; this is the proof that the functions below ask for.
    let backend = ManuallyDrop::new(LlamaBackend {});
    let model = LlamaModel::load_from_file(&backend, path, &LlamaModelParams::default()).expect("the starter model");
    let threads = i32::try_from(threads.get()).expect("few cores");
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(CONTEXT))
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    let mut context = model.new_context(&backend, parameters).expect("memory");
    let text = format!("<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n");
    let prompt = model.vocab().tokenize(text.as_bytes(), false, true);
    let mut batch = LlamaBatch::new(512, 1);
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        context.clear_kv_cache();
        batch.clear();
        batch.add_sequence(&prompt, 0, false).expect("a short prompt");
        context.decode(&mut batch).expect("room");
        let mut sampler = LlamaSampler::greedy();
        let start = Instant::now();
        for position in (prompt.len()..).take(TOKENS) {
            let token = sampler.sample(&context, batch.n_tokens() - 1);
            batch.clear();
            batch.add(token, i32::try_from(position).expect("small"), &[0], true).expect("room");
            context.decode(&mut batch).expect("room");
        }
        best = best.max(TOKENS as f64 / start.elapsed().as_secs_f64());
    }
    best
}

/// The same through the engine. The prompt is in the cache: the time is that of the tokens and of all that we add.
fn engine(path: &Path, scheduler: &Scheduler) -> (f64, String) {
    let settings = Settings { context_tokens: NonZeroU32::new(CONTEXT).expect("not 0"), threads: None };
    let llama = Llama::load(path, settings, scheduler).expect("the starter model");
    let prompt = Prompt {
        messages: vec![Message::new(Role::User, QUESTION)],
        conversation: 1,
        max_tokens: 0,
        sampling: Sampling::default(),
        grammar: None,
        priority: Priority::Reply.into(),
        served: Served::default(),
    };
    let answer = |max_tokens| {
        let start = Instant::now();
        let mut results = llama.respond(Prompt { max_tokens, ..prompt.clone() });
        let mut made = 0;
        while let Some(result) = results.blocking_recv() {
            if let Chunk::Done(usage) = result.expect("an answer") {
                made = usage.generated_tokens;
            }
        }
        made as f64 / start.elapsed().as_secs_f64()
    };
    answer(0);
    let best = (0..ROUNDS).map(|_| answer(TOKENS)).fold(0.0, f64::max);
    (best, resident())
}

fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("unknown").trim().to_owned()
}

/// How long it took until all callers had their answers, and on average until their first tokens.
#[derive(Clone, Copy)]
struct Took {
    all: Duration,
    first: Duration,
}

/// Everybody asks at the same moment.
fn several(path: &Path, scheduler: &Scheduler) {
    let settings = Settings { context_tokens: NonZeroU32::new(CONTEXT).expect("not 0"), threads: None };
    let llama = Llama::load(path, settings, scheduler).expect("the starter model");
    llama.warm(INSTRUCTIONS).expect("it runs");
    let mut caller = 0;
    let mut prompts = |count: usize| {
        let callers: Vec<u64> = (caller..).take(count).collect();
        caller += count as u64;
        callers.into_iter().map(calling).collect::<Vec<_>>()
    };
    for count in CALLERS {
        let (mut serial, mut batched) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            serial.push(one_after_the_other(&llama, prompts(count)));
            batched.push(at_once(&llama, prompts(count)));
        }
        let [serial, batched] = [serial, batched].map(|mut rounds| {
            rounds.sort_by_key(|took| took.all);
            rounds[ROUNDS / 2]
        });
        let speed = |took: Took| (count * TOKENS) as f64 / took.all.as_secs_f64();
        println!(
            "{count} callers: one after the other {:.1} tokens/s, first token after {} ms; at once {:.1} tokens/s, \
             {} ms; {:.2} times as fast",
            speed(serial),
            serial.first.as_millis(),
            speed(batched),
            batched.first.as_millis(),
            speed(batched) / speed(serial)
        );
    }
}

/// A caller with words of their own; the grammar makes all answers equally long, and lets each token out at once.
fn calling(caller: u64) -> Prompt {
    let question = format!("I am caller {caller}. {QUESTION}");
    Prompt {
        messages: vec![Message::new(Role::System, INSTRUCTIONS), Message::new(Role::User, question)],
        conversation: caller,
        max_tokens: TOKENS,
        sampling: Sampling::default(),
        grammar: Some(Grammar::new("root ::= .{200} .{200}").expect("a grammar")),
        priority: Priority::Reply.into(),
        served: Served::default(),
    }
}

fn one_after_the_other(llama: &Llama, prompts: Vec<Prompt>) -> Took {
    let start = Instant::now();
    let firsts = prompts.into_iter().map(|prompt| first_token(llama.respond(prompt), start)).collect();
    Took { first: mean(firsts), all: start.elapsed() }
}

fn at_once(llama: &Llama, prompts: Vec<Prompt>) -> Took {
    let start = Instant::now();
    let answers: Vec<_> = prompts.into_iter().map(|prompt| llama.respond(prompt)).collect();
    let readers: Vec<_> = answers.into_iter().map(|answer| thread::spawn(move || first_token(answer, start))).collect();
    let firsts = readers.into_iter().map(|reader| reader.join().expect("an answer")).collect();
    Took { first: mean(firsts), all: start.elapsed() }
}

/// Reads a whole answer; gives when its first token came.
fn first_token(mut answer: Results<Chunk>, start: Instant) -> Duration {
    let mut first = None;
    while let Some(chunk) = answer.blocking_recv() {
        match chunk.expect("an answer") {
            Chunk::Text(_) => {
                first.get_or_insert_with(|| start.elapsed());
            }
            Chunk::Done(usage) => assert_eq!(usage.generated_tokens, TOKENS, "a whole answer"),
        }
    }
    first.expect("some words")
}

fn mean(times: Vec<Duration>) -> Duration {
    times.iter().sum::<Duration>() / u32::try_from(times.len()).expect("few")
}
