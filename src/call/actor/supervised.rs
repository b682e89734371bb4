//! A call that a colleague takes over: what they are told of it, and what is kept of that.

use super::{
    Event, next_conversation,
    session::{Session, Task},
};
use crate::{
    audio::line::LineCommand,
    call::handover::{self, Colleague, Handover, Summary},
    dialogue::{Input, Return},
    domain::{Language, Pii},
    store::handovers::Returned,
};

impl Session<'_> {
    /// The agent falls silent for them; whoever waits for an answer of the agent's gets none.
    pub(super) async fn take_over(&mut self, colleague: Colleague, language: Option<Language>) {
        self.recorder.taken_over(&colleague);
        self.command(LineCommand::Colleague(Some(colleague.identity.clone()))).await;
        let handover = self.hand_over(colleague, language);
        self.scene.send_modify(|scene| scene.handover = Some(handover));
        self.tell(Input::TakenOver).await;
        self.asks.give_up();
        self.reading = None;
    }

    /// What they are told at once, and has the rest made.
    fn hand_over(&mut self, colleague: Colleague, language: Option<Language>) -> Handover {
        let guided = self.guided.as_ref();
        let (step, known) = guided.map(|guided| guided.standing()).unwrap_or_default();
        let language = language.unwrap_or(self.brief.language);
        let messages = self.dialogue.history().messages();
        let prompt = handover::prompt(messages, language, next_conversation(self.exchange));
        let engines = self.engines.clone().filter(|engines| engines.responder().is_ok());
        let (Some(prompt), Some(engines)) = (prompt, engines) else {
            self.summing_up = None;
            return Handover { colleague, step, known, summary: Summary::None };
        };
        let results = self.results.clone();
        self.summing_up = Some(Task::spawn(async move {
            let summary = handover::sum_up(engines, prompt).await;
            // The call may have ended.
            let _ = results.send(Event::SummedUp(summary)).await;
        }));
        Handover { colleague, step, known, summary: Summary::Coming }
    }

    /// They may have given the call back already.
    pub(super) fn summed_up(&mut self, text: Option<Pii<String>>) {
        self.summing_up = None;
        self.scene.send_if_modified(|scene| {
            let Some(handover) = &mut scene.handover else { return false };
            handover.summary = text.map_or(Summary::None, Summary::Told);
            true
        });
    }

    /// The agent has the call again.
    pub(super) async fn returned(&mut self, how: Return) {
        self.summing_up = None;
        self.scene.send_modify(|scene| scene.handover = None);
        self.recorder.returned(match how {
            Return::GivenBack => Returned::GivenBack,
            Return::ColleagueGone => Returned::ColleagueGone,
        });
        self.command(LineCommand::Colleague(None)).await;
    }
}
