//! One call with all that is known of it: with whom, what was said, how each answer came about, and what was agreed.

use std::{borrow::Cow, time::Duration};

use askama::Template;

use super::{
    super::{
        form::{Field, Form, Kind},
        frame::Desk,
    },
    caller,
    live::{self, SceneView},
    path_of,
};
use crate::{
    call::Following,
    domain::{CallId, clock},
    locale::Locale,
    store::{
        Connection, StoreError,
        callbacks::{self, Callback},
        calls::{self, Call},
        communications::Contact,
        customers,
        handovers::{self, Handover},
        leads,
        promises::{self, Promise},
        scripts,
        turns::{self, Bar, Providers, Turn},
    },
    web::{State, assets, error::ApiError},
};

/// What the store knows of a call.
pub(super) struct Whole {
    pub(super) call: Call,
    turns: Vec<Turn>,
    handovers: Vec<Handover>,
    party: Option<Party>,
    /// The script's name.
    script: Option<String>,
    promises: Vec<Promise>,
    callbacks: Vec<Callback>,
}

/// Whom a call was with.
struct Party {
    name: String,
    path: String,
    /// Their number is on the do-not-call list.
    do_not_call: bool,
}

/// Reads a call, and all about it at the same moment.
pub(super) async fn read(state: &State, id: CallId) -> Result<Whole, ApiError> {
    let read = state.store.read(move |connection| {
        let Some(call) = calls::find(connection, &id)? else { return Ok(None) };
        let script = call.script.as_ref().map(|(script, _)| scripts::find(connection, script)).transpose()?.flatten();
        Ok(Some(Whole {
            turns: turns::of_call(connection, &id)?,
            handovers: handovers::of_call(connection, &id)?,
            party: call.contact().map(|contact| party(connection, contact)).transpose()?.flatten(),
            script: script.map(|script| script.about.name),
            promises: promises::of_call(connection, &id)?,
            callbacks: callbacks::of_call(connection, &id)?,
            call,
        }))
    });
    read.await?.ok_or(ApiError::NotFound("call"))
}

fn party(connection: &Connection, contact: Contact) -> Result<Option<Party>, StoreError> {
    Ok(match contact {
        Contact::Lead(id) => leads::find(connection, &id)?.map(|lead| Party {
            name: lead.name.into_inner(),
            path: format!("/desk/leads/{id}"),
            do_not_call: lead.do_not_call,
        }),
        Contact::Customer(id) => customers::find(connection, &id)?.map(|customer| Party {
            name: customer.name.into_inner(),
            path: format!("/desk/customers/{id}"),
            do_not_call: customer.do_not_call,
        }),
    })
}

/// What came of a call, to be said.
pub(super) fn outcome_form(words: &'static Locale, call: &Call) -> Form {
    let outcome = call.outcome.clone().unwrap_or_default();
    let field = Field::line(words, "outcome", "call-outcome").value(outcome).hint(words.text("call-outcome-hint"));
    Form::new(vec![field]).of_version(call.version)
}

/// A call that goes on.
struct Now {
    /// As it is at this moment.
    scene: SceneView,
    say: Form,
}

#[derive(Template)]
#[template(path = "desk/call.html")]
pub(super) struct CallPage {
    desk: Desk,
    whole: Whole,
    /// What came of it.
    form: Form,
    now: Option<Now>,
    /// The longest answer's time, which is as wide as there is room.
    longest_ms: u32,
}

/// A bar of a waterfall: in percent of the longest.
struct DrawnBar {
    step: Cow<'static, str>,
    ms: u32,
    from: f32,
    width: f32,
}

impl CallPage {
    pub(super) fn new(desk: Desk, state: &State, whole: Whole) -> Self {
        let now = state.desk.follow(&whole.call.id).map(|Following { scene, .. }| Now {
            scene: SceneView::new(desk.words, desk.may_lead(), &whole.call, scene.borrow().clone()),
            say: live::say_form(desk.words),
        });
        let bars = whole.turns.iter().flat_map(|turn| turn.turn.timings.bars());
        Self {
            longest_ms: bars.map(|bar| bar.until).max().unwrap_or(0).max(1),
            form: outcome_form(desk.words, &whole.call),
            desk,
            whole,
            now,
        }
    }

    /// With what was typed of what came of it.
    pub(super) fn with_outcome(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// With what was typed for the agent to say, while the call goes on.
    pub(super) fn with_line(self, say: Form) -> Self {
        Self { now: self.now.map(|now| Now { say, ..now }), ..self }
    }

    // ---- for templates ----

    fn path(&self) -> String {
        path_of(&self.whole.call)
    }

    fn title(&self) -> &str {
        caller(self.whole.call.caller_name.reveal(), self.whole.call.caller.as_str())
    }

    fn length(&self) -> Option<String> {
        self.whole.call.ended.map(|ended| clock(ended.after(self.whole.call.started_at)))
    }

    /// How long the caller waited until the agent spoke.
    fn answered_after(&self) -> Option<Cow<'static, str>> {
        let waited = self.whole.call.answered_at?.duration_since(self.whole.call.started_at);
        Some(self.desk.words.count("call-seconds", seconds(Duration::try_from(waited).unwrap_or_default())))
    }

    /// How much was promised, and by which day.
    fn promise(&self, promise: &Promise) -> Cow<'static, str> {
        let (amount, day) = (promise.terms.amount.to_string(), self.desk.words.day(promise.terms.due_on));
        self.desk.words.with("call-promise", &[("amount", amount.into()), ("day", day.into())])
    }

    /// What enters the call's room; it is loaded when it is wanted.
    fn program(&self) -> String {
        assets::address("agent-call.js")
    }

    /// Who had the call in the agent's place, and when.
    fn handover(&self, handover: &Handover) -> Cow<'static, str> {
        let (name, since) = (handover.by.clone().into(), self.desk.moment(&handover.taken_at).into());
        match handover.returned {
            Some((until, _)) => {
                let until = self.desk.moment(&until).into();
                self.desk.words.with("call-handover-until", &[("name", name), ("since", since), ("until", until)])
            }
            None => self.desk.words.with("call-handover", &[("name", name), ("since", since)]),
        }
    }

    fn word(&self, set: &str, word: &str) -> Cow<'static, str> {
        self.desk.words.word(set, word)
    }

    fn at(&self, turn: &Turn) -> String {
        clock(turn.turn.started)
    }

    /// What of a turn was not heard.
    fn interruption(&self, turn: &Turn) -> Option<Cow<'static, str>> {
        let heard = turn.turn.interrupted.then_some(turn.turn.heard)?;
        Some(match heard {
            Some(heard) => self.desk.words.count("call-interrupted-after", seconds(heard)),
            None => self.desk.words.text("call-interrupted"),
        })
    }

    fn bars(&self, turn: &Turn) -> Vec<DrawnBar> {
        let percent = |ms: u32| ms as f32 / self.longest_ms as f32 * 100.0;
        let draw = |Bar { step, from, until }: Bar| DrawnBar {
            step: self.word("call-step", step),
            ms: until,
            from: percent(from).min(99.0),
            width: (percent(until) - percent(from)).max(1.0),
        };
        turn.turn.timings.bars().into_iter().map(draw).collect()
    }

    /// Who heard, thought and spoke.
    fn served(&self, turn: &Turn) -> Vec<String> {
        let Providers { stt, llm, tts } = &turn.turn.providers;
        [stt, llm, tts].into_iter().flatten().map(ToString::to_string).collect()
    }

    fn tokens(&self, turn: &Turn) -> Option<Cow<'static, str>> {
        let tokens = turn.turn.tokens?;
        let values = [
            ("prompt", tokens.prompt.into()),
            ("cached", tokens.cached.into()),
            ("generated", tokens.generated.into()),
        ];
        Some(self.desk.words.with("call-tokens", &values))
    }
}

/// Seconds with one decimal.
fn seconds(span: Duration) -> String {
    format!("{:.1}", span.as_secs_f32())
}
