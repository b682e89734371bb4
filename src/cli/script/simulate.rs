//! `callstead script simulate`

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    super::exit::UsageError,
    Context, File, Place, Unexpected, act_json, act_words, given,
    improvised::{self, Improvised},
    now,
};
use crate::{
    dialogue::guide::simulate::{Run, Scene, Spoken, run as simulated, run_with, unmet},
    script::{Persona, Script, Test},
    speech::{
        Responder,
        engines::{EngineKind, Engines},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: File,
    /// How the callers behave: cooperative, terse, rambling, refusing, silent, hostile, or all of them
    #[arg(long, value_parser = personas)]
    persona: Option<Personas>,
    /// Who makes up what the callers say
    #[arg(long, value_name = "WHO", default_value = "scripted")]
    caller: Words,
    /// How many calls of each persona
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    runs: u16,
    /// Equal seeds give equal calls
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What is known of the callers, such as --set userName=Sam
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Show what is said
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    place: Place,
}

/// Whose words a persona's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Words {
    /// Fixed ones: what callers of that manner say
    Scripted,
    /// A language model's
    Llama,
}

/// One of them, or all.
#[derive(Clone, Debug)]
struct Personas(Vec<Persona>);

fn personas(text: &str) -> Result<Personas, String> {
    if text == "all" {
        return Ok(Personas(Persona::ALL.map(|(_, persona)| persona).into()));
    }
    let known = Persona::ALL.iter().find(|(name, _)| *name == text);
    let names = Persona::ALL.map(|(name, _)| name).join(", ");
    known.map(|(_, persona)| Personas(vec![*persona])).ok_or_else(|| format!("give one of {names}, or all"))
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let script = Arc::new(args.file.read(context)?);
    match &args.persona {
        None if args.caller == Words::Llama => {
            Err(UsageError("--caller llama needs a manner: add --persona, such as --persona cooperative".to_owned())
                .into())
        }
        None => tests(args, &script, context),
        Some(personas) => {
            let engines = (args.caller == Words::Llama)
                .then(|| Engines::load(&context.config, &[EngineKind::Llm], |_| !context.interrupt.is_raised()));
            let responder = engines.as_ref().map(Engines::responder).transpose()?;
            callers(args, &personas.0, &script, responder.map(|responder| &**responder), context)
        }
    }
}

/// The script's own tests.
fn tests(args: &Args, script: &Arc<Script>, context: &Context) -> anyhow::Result<()> {
    let mut failed = 0;
    for test in &script.tests {
        context.interrupt.check()?;
        let run = simulated(script, &scene_of(test, args));
        let unmet = unmet(script, test, &run);
        failed += usize::from(!unmet.is_empty());
        let result = json!({
            "test": test.name,
            "line": test.line,
            "passed": unmet.is_empty(),
            "unmet": unmet,
            "outcome": run.outcome,
            "acts": run.acts.iter().map(act_json).collect::<Vec<_>>(),
        });
        context.output.result(&result, |_| {
            let verdict = if unmet.is_empty() { "ok    " } else { "FAILED" };
            let mut lines = vec![format!("{verdict} {} (line {})", test.name, test.line)];
            lines.extend(unmet.iter().map(|unmet| format!("       {unmet}")));
            if args.verbose || !unmet.is_empty() {
                lines.extend(transcript(&run));
            }
            lines.join("\n")
        })?;
    }
    if failed > 0 { Err(Unexpected { failed }.into()) } else { Ok(()) }
}

fn scene_of(test: &Test, args: &Args) -> Scene {
    Scene { currency: args.place.currency, country: args.place.country, seed: args.seed, ..Scene::of(test) }
}

/// Callers of some manner, and how their calls end. Those of a language model hang up when it takes too long.
fn callers(
    args: &Args,
    personas: &[Persona],
    script: &Arc<Script>,
    responder: Option<&dyn Responder>,
    context: &Context,
) -> anyhow::Result<()> {
    let values = args.set.iter().map(|text| given(script, text, args.place)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let (today, now) = now();
    let mut endless = 0;
    for persona in personas {
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        let mut rounds = 0;
        for number in 0..args.runs {
            context.interrupt.check()?;
            let scene = Scene {
                persona: *persona,
                says: Vec::new(),
                answers: BTreeMap::new(),
                values: values.clone(),
                tools: BTreeMap::new(),
                today,
                now,
                currency: args.place.currency,
                country: args.place.country,
                seed: args.seed.wrapping_add(u64::from(number)),
            };
            let run = match responder {
                Some(responder) => improvise(script, &scene, responder, context)?,
                None => simulated(script, &scene),
            };
            if args.verbose && !context.output.json {
                context.output.line(transcript(&run).join("\n"))?;
            }
            endless += usize::from(run.outcome.is_none() && responder.is_none());
            rounds += run.rounds;
            *outcomes.entry(run.outcome.unwrap_or_else(|| "(did not end)".to_owned())).or_default() += 1;
        }
        let turns = rounds as f64 / f64::from(args.runs);
        let result = json!({ "persona": persona.name(), "runs": args.runs, "turns": turns, "outcomes": outcomes });
        context.output.result(&result, |_| {
            let outcomes: Vec<_> = outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
            format!("{:<12} {:>5.1} turns   {}", persona.name(), turns, outcomes.join(", "))
        })?;
    }
    if endless > 0 { Err(Unexpected { failed: endless }.into()) } else { Ok(()) }
}

/// A call in which a language model plays the caller.
fn improvise(script: &Arc<Script>, scene: &Scene, responder: &dyn Responder, context: &Context) -> anyhow::Result<Run> {
    let seed = u32::try_from(scene.seed & u64::from(u32::MAX)).unwrap_or_default();
    let mut caller = Improvised::new(responder, scene.persona, script.language, seed);
    let run = run_with(script, scene, improvised::MOST_ROUNDS, |spoken| {
        if context.interrupt.is_raised() { None } else { caller.reply(spoken) }
    });
    context.interrupt.check()?;
    caller.check()?;
    Ok(run)
}

fn transcript(run: &Run) -> Vec<String> {
    let spoken = run.transcript.iter().map(|spoken| match spoken {
        Spoken::Agent { text, .. } => format!("    agent:  {text}"),
        Spoken::Caller(Some(text)) => format!("    caller: {text}"),
        Spoken::Caller(None) => "    caller: (silence)".to_owned(),
        Spoken::Model => "    agent:  (free conversation)".to_owned(),
    });
    let acts = run.acts.iter().map(|act| format!("    * {}", act_words(act)));
    let end = run.outcome.as_ref().map(|outcome| format!("    * outcome: {outcome}"));
    spoken.chain(acts).chain(end).collect()
}
