//! What a caller may want at any step, whatever was asked.

use super::{
    Act, Guide, Listening, Pii, Topic,
    outcome::{CALLBACK, DO_NOT_CALL, WRONG_NUMBER},
    words,
};
use crate::{
    script::{Aside, Value, Way},
    spoken::{Context, Intent, read},
};

impl Guide {
    /// Does what the caller wants.
    pub(super) fn wish(&mut self, intent: Intent, words: &str, listening: Listening) {
        match intent {
            Intent::StopCalling => self.stop_calling(),
            Intent::WrongNumber => self.go_or(Way::WrongNumber, |guide| {
                guide.aside(Aside::WrongNumber, "");
                guide.finish(WRONG_NUMBER);
            }),
            Intent::CallLater => {
                let words = words.to_owned();
                self.go_or(Way::Later, |guide| guide.call_later(&words));
            }
            Intent::Human => self.go_or(Way::Human, |guide| {
                guide.aside(Aside::Human, "");
                guide.act(Act::Callback { at: None, reason: Pii::new("The caller wants a person".to_owned()) });
                guide.aside(Aside::Goodbye, "");
                guide.finish(CALLBACK);
            }),
            Intent::Repeat => self.ask_again(listening, None),
            Intent::WhoAreYou => self.ask_again(listening, Some((Aside::Who, ""))),
            Intent::DontKnow | Intent::Refuse => self.refused(listening),
        }
    }

    /// At once, and before anything else is said: the caller may hang up now.
    pub(super) fn stop_calling(&mut self) {
        self.act(Act::DoNotCall);
        self.act(Act::Outcome(DO_NOT_CALL.to_owned()));
        self.go_or(Way::Stop, |guide| {
            guide.aside(Aside::Stop, "");
            guide.finish(DO_NOT_CALL);
        });
    }

    /// Books a call back if the caller has said when.
    fn call_later(&mut self, words: &str) {
        if !self.call_back_then(words) {
            self.ask_again(Listening::to(Topic::When), None);
        }
    }

    /// Books a call back at the day and time in these words; `false` when there are none, or they have passed.
    pub(super) fn call_back_then(&mut self, words: &str) -> bool {
        let context = self.context();
        let Some(moment) = read::moment(words, &context).map(|moment| moment.value) else { return false };
        if !is_ahead(moment, &context) {
            return false;
        }
        self.act(Act::Callback {
            at: Some(moment),
            reason: Pii::new("The caller wants to be called later".to_owned()),
        });
        let when = words::spoken(&Value::DateTime(moment), &self.setup);
        self.aside(Aside::LaterDone, &when);
        self.finish(CALLBACK);
        true
    }

    /// The caller does not want to answer, or cannot.
    pub(super) fn refused(&mut self, listening: Listening) {
        self.go_or(Way::Refusal, |guide| guide.retry(listening));
    }
}

/// Whether a call can still be made then.
fn is_ahead(moment: jiff::civil::DateTime, context: &Context) -> bool {
    moment > context.today.to_datetime(context.now)
}
