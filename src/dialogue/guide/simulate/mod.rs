//! Simulated calls: a script, a caller of a certain manner, and what comes of it. The same seed gives the same call.

mod caller;

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::{Date, Time};

use super::{Act, Guide, Input, Output, Setup};
use crate::{
    domain::{Country, Currency, Pii},
    script::{Persona, Script, StepIndex, Test, Value},
};
use caller::{Caller, Reply};

/// So often a simulated caller may speak; sensible calls are shorter.
pub const MOST_ROUNDS: usize = 300;

/// How a call is simulated.
#[derive(Clone, Debug)]
pub struct Scene {
    /// How the caller answers.
    pub persona: Persona,
    /// What the caller says first, in order.
    pub says: Vec<String>,
    /// What the caller says at a step, one after the other; the last one again.
    pub answers: BTreeMap<StepIndex, Vec<String>>,
    /// The values that the call begins with.
    pub values: BTreeMap<String, Value>,
    /// What programs answer at a step; at others they fail.
    pub tools: BTreeMap<StepIndex, serde_json::Value>,
    /// The day of the call.
    pub today: Date,
    /// The time of the call.
    pub now: Time,
    /// In which amounts are.
    pub currency: Option<Currency>,
    /// Where telephone numbers are from.
    pub country: Option<Country>,
    /// Decides what is left to chance.
    pub seed: u64,
}

impl Scene {
    /// That of a script's test.
    pub fn of(test: &Test) -> Self {
        Self {
            persona: test.persona,
            says: test.says.clone(),
            answers: test.answers.clone(),
            values: test.values.clone(),
            tools: test.tools.clone(),
            today: test.today,
            now: test.now,
            currency: None,
            country: None,
            seed: 0,
        }
    }
}

/// A simulated call.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// How it ended; `None`: it did not.
    pub outcome: Option<String>,
    /// What was written down.
    pub acts: Vec<Act>,
    /// What was said.
    pub transcript: Vec<Spoken>,
    /// The steps gone through.
    pub visited: Vec<StepIndex>,
    /// How often the caller spoke or kept silent.
    pub rounds: usize,
}

/// Something said in a simulated call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// By the agent, at a step.
    Agent {
        /// The words.
        text: String,
        /// The step whose words these are, exactly.
        verbatim: Option<StepIndex>,
    },
    /// By the caller; `None`: silence.
    Caller(Option<String>),
    /// Here a language model would talk.
    Model,
}

/// Simulates one call, with a caller who behaves as the scene says.
pub fn run(script: &Arc<Script>, scene: &Scene) -> Run {
    let mut caller = Caller::new(scene, script.language);
    play(script, scene, MOST_ROUNDS, |guide, _| caller.reply(guide))
}

/// Simulates one call with a caller who says what `reply` makes of what was said before, or nothing; at most `most_rounds`
/// times.
pub fn run_with(
    script: &Arc<Script>,
    scene: &Scene,
    most_rounds: usize,
    mut reply: impl FnMut(&[Spoken]) -> Option<String>,
) -> Run {
    play(script, scene, most_rounds, |_, spoken| reply(spoken).map_or(Reply::Silence, Reply::Words))
}

fn play(
    script: &Arc<Script>,
    scene: &Scene,
    most_rounds: usize,
    mut reply: impl FnMut(&Guide, &[Spoken]) -> Reply,
) -> Run {
    let mut guide = Guide::new(Setup {
        script: Arc::clone(script),
        values: scene.values.clone(),
        today: scene.today,
        now: scene.now,
        currency: scene.currency,
        country: scene.country,
        // Nobody does, but so free conversation is gone through too.
        talks: true,
        understands: false,
    });
    let mut run = Run::default();
    guide.handle(Input::Begin);
    while run.rounds < most_rounds && run.outcome.is_none() {
        let Some(output) = guide.poll() else { break };
        match output {
            Output::Say(say) => {
                run.transcript.push(Spoken::Agent { text: say.text.into_inner(), verbatim: say.verbatim });
            }
            Output::Listen(_) => {
                run.rounds += 1;
                let reply = reply(&guide, &run.transcript);
                guide.handle(answer(reply, &mut run));
            }
            Output::Think { request, .. } => {
                run.transcript.push(Spoken::Model);
                guide.handle(Input::Thought { request, is_good: true });
            }
            Output::Score { request, .. } => guide.handle(Input::Scored { request, shares: Vec::new() }),
            Output::Fill { request, .. } => guide.handle(Input::Filled { request, text: None }),
            Output::Tool { request, .. } => {
                let answer = scene.tools.get(&guide.at()).cloned();
                guide.handle(Input::Answered { request, answer });
            }
            Output::Act(act) => run.acts.push(act),
            Output::HangUp { outcome } => run.outcome = Some(outcome),
        }
    }
    run.visited = guide.visited().to_vec();
    run
}

fn answer(reply: Reply, run: &mut Run) -> Input {
    match reply {
        Reply::Words(words) => {
            run.transcript.push(Spoken::Caller(Some(words.clone())));
            Input::Words(Pii::new(words))
        }
        Reply::Silence => {
            run.transcript.push(Spoken::Caller(None));
            Input::Silence
        }
    }
}

/// What of a test's expectations did not come, in words.
pub fn unmet(script: &Script, test: &Test, run: &Run) -> Vec<String> {
    let mut unmet = Vec::new();
    let mut check = |is_met: bool, what: String| {
        if !is_met {
            unmet.push(what);
        }
    };
    let expect = &test.expect;
    let ended = run.outcome.as_deref().unwrap_or("nothing: it went on and on");
    if let Some(outcome) = &expect.outcome {
        check(run.outcome.as_ref() == Some(outcome), format!("the outcome is {ended}, not {outcome}"));
    }
    let promised = run.acts.iter().rev().find_map(|act| match act {
        Act::Promise { amount, date } => Some((*amount, *date)),
        _ => None,
    });
    let shown = promised.map_or("nothing".to_owned(), |(amount, date)| format!("{amount} on {date}"));
    if let Some(amount) = expect.amount {
        check(promised.is_some_and(|it| it.0 == amount), format!("{shown} is promised, not {amount}"));
    }
    if let Some(date) = expect.date {
        check(promised.is_some_and(|it| it.1 == date), format!("{shown} is promised, not for {date}"));
    }
    if let Some(promise) = expect.promise {
        check(promised.is_some() == promise, format!("{shown} is promised"));
    }
    let has = |wanted: fn(&Act) -> bool| run.acts.iter().any(wanted);
    if let Some(callback) = expect.callback {
        let is_booked = has(|act| matches!(act, Act::Callback { .. }));
        check(is_booked == callback, format!("a call back is {}booked", if is_booked { "" } else { "not " }));
    }
    if let Some(never) = expect.do_not_call {
        let is_listed = has(|act| matches!(act, Act::DoNotCall));
        check(
            is_listed == never,
            format!("the caller is {}on the do-not-call list", if is_listed { "" } else { "not " }),
        );
    }
    for step in &expect.visits {
        check(run.visited.contains(step), format!("step `{}` is not gone through", script.step(*step).id));
    }
    for step in &expect.never {
        check(!run.visited.contains(step), format!("step `{}` is gone through", script.step(*step).id));
    }
    unmet
}

#[cfg(test)]
mod tests;
