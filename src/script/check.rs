//! What is wrong with a script as a whole: steps that nothing leads to, rounds without an end, promises that were not read
//! back.

use std::collections::BTreeSet;

use super::{Confirm, Expect, Problem, Record, Script, Step, StepIndex, Task, Way, fault::Faults};

/// Checks a script whose references are good; `places` are the steps' places in the document.
pub(super) fn script(script: &Script, places: &[usize], faults: &mut Faults<'_>) {
    let check = Check { script, edges: edges(script, true), own: edges(script, false) };
    let mut told: Vec<(StepIndex, Problem)> = Vec::new();
    told.extend(check.unreachable());
    told.extend(check.without_end());
    told.extend(check.restless());
    told.extend(check.unconfirmed());
    for (step, problem) in told {
        faults.add(places.get(step.0).copied().unwrap_or_default(), problem);
    }
}

struct Check<'s> {
    script: &'s Script,
    /// What may follow each step, the script's own ways included.
    edges: Vec<Vec<StepIndex>>,
    /// Without those that a caller goes who wants something else.
    own: Vec<Vec<StepIndex>>,
}

fn edges(script: &Script, wishes: bool) -> Vec<Vec<StepIndex>> {
    let of = |step: &Step| {
        let mut edges: Vec<_> = step.following().into_iter().map(|(_, to)| to).collect();
        let general = script.on.iter().filter(|(way, _)| step.on.get(*way).is_none());
        let ways = step.on.iter().chain(general).filter(|(way, _)| happens(step, *way) && (wishes || !way.is_wish()));
        edges.extend(ways.map(|(_, to)| to));
        edges
    };
    script.steps.iter().map(of).collect()
}

/// Whether a caller may go this way at a step.
fn happens(step: &Step, way: Way) -> bool {
    match way {
        Way::Refusal | Way::Silence | Way::Other => step.task.waits(),
        Way::Missing => step.lines().any(|line| line.without.is_none() && line.text.variables().next().is_some()),
        Way::Human | Way::Later | Way::WrongNumber | Way::Stop => !matches!(step.task, Task::End { .. }),
    }
}

impl Check<'_> {
    fn id(&self, step: StepIndex) -> String {
        self.script.step(step).id.clone()
    }

    /// All steps that `edges` lead to from `from`, which are among them, without going on from those that `stops`.
    fn reached(edges: &[Vec<StepIndex>], from: &[StepIndex], stops: impl Fn(StepIndex) -> bool) -> BTreeSet<StepIndex> {
        let mut reached: BTreeSet<_> = from.iter().copied().collect();
        let mut open: Vec<_> = from.to_vec();
        while let Some(step) = open.pop() {
            if stops(step) {
                continue;
            }
            for next in &edges[step.0] {
                if reached.insert(*next) {
                    open.push(*next);
                }
            }
        }
        reached
    }

    fn unreachable(&self) -> Vec<(StepIndex, Problem)> {
        let reached = Self::reached(&self.edges, &[self.script.start], |_| false);
        let lost = self.script.steps().filter(|(step, _)| !reached.contains(step));
        lost.map(|(step, it)| (step, Problem::Unreachable { name: it.id.clone() })).collect()
    }

    /// Steps from which the script never ends by itself. One of a round is told.
    fn without_end(&self) -> Vec<(StepIndex, Problem)> {
        let ends = |step: &Step| match &step.task {
            Task::End { .. } => true,
            Task::Transfer { .. } => step.next.is_none(),
            _ => false,
        };
        let mut told = Vec::new();
        let mut known: BTreeSet<StepIndex> = BTreeSet::new();
        for (step, _) in self.script.steps() {
            let reached = Self::reached(&self.own, &[step], |_| false);
            if reached.iter().any(|step| ends(self.script.step(*step))) || reached.iter().any(|it| known.contains(it)) {
                continue;
            }
            known.extend(reached);
            told.push((step, Problem::NeverEnds { name: self.id(step) }));
        }
        told
    }

    /// Rounds in which nothing waits for the caller.
    fn restless(&self) -> Vec<(StepIndex, Problem)> {
        let waits = |step: StepIndex| self.script.step(step).task.waits();
        let mut told = Vec::new();
        let mut known: BTreeSet<StepIndex> = BTreeSet::new();
        for (step, _) in self.script.steps().filter(|(step, _)| !waits(*step)) {
            let after = Self::reached(&self.own, &self.own[step.0], waits);
            if !after.contains(&step) || known.contains(&step) {
                continue;
            }
            known.extend(
                after.iter().filter(|other| Self::reached(&self.own, &self.own[other.0], waits).contains(&step)),
            );
            told.push((step, Problem::Restless { name: self.id(step) }));
        }
        told
    }

    /// Promises whose amount or day the caller has not heard back on some way.
    fn unconfirmed(&self) -> Vec<(StepIndex, Problem)> {
        let mut told = Vec::new();
        for (step, it) in self.script.steps() {
            let Task::Record(Record::Promise { amount, date }) = &it.task else { continue };
            for variable in [amount, date] {
                if self
                    .script
                    .steps()
                    .any(|(from, asked)| asks_unread(asked, variable) && self.leads(from, variable, step))
                {
                    told.push((step, Problem::Unconfirmed { name: variable.clone() }));
                }
            }
        }
        told
    }

    /// Whether a way leads from one step to another without a question that says the variable.
    fn leads(&self, from: StepIndex, variable: &str, to: StepIndex) -> bool {
        let says = |step: StepIndex| match &self.script.step(step).task {
            Task::Ask(ask) => ask.expect == Expect::YesNo && ask.question.text.variables().any(|name| name == variable),
            _ => false,
        };
        Self::reached(&self.edges, &self.edges[from.0], says).contains(&to)
    }
}

/// Whether a step saves what it has understood without reading it back.
fn asks_unread(step: &Step, variable: &str) -> bool {
    match &step.task {
        Task::Ask(ask) => ask.save.as_deref() == Some(variable) && ask.confirm == Confirm::IfUnsure,
        _ => false,
    }
}
