//! Trying a script as it stands in the editor, saved or not: in writing, and with its tests and simulated callers.
//!
//! A chat is kept by its page, in hidden fields: what is known of the caller, and what has happened (`call::rehearsal`).

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::{Zoned, civil::DateTime};

use super::{super::form::Sent, super::frame::Desk, LongForm, check::Drawn, parsed, settings, text_of};
use crate::{
    call::rehearsal::{self, Act, Chat, Event, Line, Rehearsal, Simulated, Trouble},
    locale::Locale,
    script::{Kind, Script, Value, is_guided},
    store::settings::Settings,
    web::{State, error::ApiError},
};

/// What stands before the names of variables in a form.
const VALUE: &str = "value-";

/// A variable of the script, and what is known of it.
struct Known {
    name: String,
    kind: Kind,
    value: String,
    /// It is none of its kind.
    is_wrong: bool,
}

impl Known {
    /// As the form sends it.
    fn field(&self) -> String {
        format!("{VALUE}{}", self.name)
    }

    fn kind(&self) -> &'static str {
        self.kind.name()
    }

    /// The type of input that browsers have for it.
    fn input(&self) -> &'static str {
        match self.kind {
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::DateTime => "datetime-local",
            Kind::Phone => "tel",
            _ => "text",
        }
    }
}

/// How far a chat is.
enum Stage {
    /// The text is no script that can be run.
    Faulty,
    /// What is known of the caller is being asked.
    Asking,
    /// Somebody talks with it.
    Talking { chat: Chat, events: String },
}

#[derive(Template)]
#[template(path = "desk/script_chat.html")]
struct ChatPart {
    desk: Desk,
    known: Vec<Known>,
    stage: Stage,
    /// The drawing, with the step that the chat is at.
    drawn: Option<Drawn>,
}

impl ChatPart {
    fn act(&self, act: &Act) -> String {
        act_in_words(self.desk.words, act)
    }
}

/// `POST /desk/scripts/chat`: `act` is `open`, `begin`, `say` or `silent`.
pub(in super::super) async fn chat(
    desk: Desk,
    sent: LongForm,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (sent, settings) = (sent.fields, settings(&state).await?);
    let Some(script) = guided(&sent).await? else {
        return Ok(Desk::show(&ChatPart { desk, known: Vec::new(), stage: Stage::Faulty, drawn: None }));
    };
    let act = sent.get("act").map_or("open", String::as_str);
    let (known, values) = known(&script, &sent, &settings);
    if act == "open" || known.iter().any(|known| known.is_wrong) {
        return Ok(Desk::show(&ChatPart { desk, known, stage: Stage::Asking, drawn: None }));
    }
    let script = Arc::new(script);
    let chat = state.rehearsals.chat(rehearsal(&script, values, &settings), happened(act, &sent), now()).await?;
    let events = serde_json::to_string(&chat.events).map_err(|_| ApiError::Form)?;
    let drawn = Some(Drawn::of(&script, script.find(&chat.at.0)));
    Ok(Desk::show(&ChatPart { desk, known, stage: Stage::Talking { chat, events }, drawn }))
}

/// What has happened so far, and now. What cannot be read has not happened: the chat begins anew.
fn happened(act: &str, sent: &Sent) -> Vec<Event> {
    let past = sent.get("events").and_then(|events| serde_json::from_str(events).ok());
    let mut events: Vec<Event> = if act == "begin" { Vec::new() } else { past.unwrap_or_default() };
    let words = sent.get("words").map(|words| words.trim()).unwrap_or_default();
    match act {
        "say" if !words.is_empty() => events.push(Event::Said(words.to_owned())),
        "say" | "silent" => events.push(Event::Silent),
        _ => {}
    }
    events
}

/// The script of a form, if it can be run.
async fn guided(sent: &Sent) -> Result<Option<Script>, ApiError> {
    let text = text_of(sent);
    if !is_guided(&text) {
        return Ok(None);
    }
    Ok(parsed(text).await?.ok())
}

/// The script's variables: as they were sent, or, before anything was, with the values of its tests.
fn known(script: &Script, sent: &Sent, settings: &Settings) -> (Vec<Known>, BTreeMap<String, Value>) {
    let is_begun = sent.keys().any(|name| name.starts_with(VALUE));
    let examples = if is_begun { BTreeMap::new() } else { rehearsal::examples(script) };
    let mut values = BTreeMap::new();
    let mut read = |(name, kind): (&String, &Kind)| {
        let typed = sent.get(&format!("{VALUE}{name}")).map(|value| value.trim().to_owned());
        let value = typed.or_else(|| examples.get(name).map(Value::written)).unwrap_or_default();
        let parsed = Value::parse(*kind, &value, settings.country);
        let is_wrong = !value.is_empty() && parsed.is_none();
        values.extend(parsed.map(|parsed| (name.clone(), parsed)));
        Known { name: name.clone(), kind: *kind, value, is_wrong }
    };
    let known = script.variables.iter().map(&mut read).collect();
    (known, values)
}

fn rehearsal(script: &Arc<Script>, values: BTreeMap<String, Value>, settings: &Settings) -> Rehearsal {
    Rehearsal { script: Arc::clone(script), values, currency: settings.currency, country: settings.country }
}

/// Day and time where the desk is.
fn now() -> DateTime {
    Zoned::now().datetime()
}

// ---- tests and simulated callers ----

#[derive(Template)]
#[template(path = "desk/script_simulated.html")]
struct SimulatedPart {
    desk: Desk,
    /// None: the text is no script that can be run.
    calls: Option<Vec<Simulated>>,
}

impl SimulatedPart {
    fn act(&self, act: &Act) -> String {
        act_in_words(self.desk.words, act)
    }

    fn persona(&self, call: &Simulated) -> String {
        self.desk.words.word("script-persona", call.persona.name()).into_owned()
    }

    /// How many tests there are, and how many of them did not come out as expected.
    fn counts(&self) -> (usize, usize) {
        let tests = || self.calls.iter().flatten().filter(|call| call.test.is_some());
        (tests().count(), tests().filter(|call| !call.unmet.is_empty()).count())
    }

    fn summary(&self) -> String {
        let words = self.desk.words;
        let (tests, failed) = self.counts();
        match (tests, failed) {
            (0, _) => words.text("script-no-tests").into_owned(),
            (_, 0) => words.count("script-tests-passed", tests).into_owned(),
            _ => words.with("script-tests-failed", &[("count", failed.into()), ("all", tests.into())]).into_owned(),
        }
    }
}

/// `POST /desk/scripts/simulate`
pub(in super::super) async fn simulate(
    desk: Desk,
    sent: LongForm,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let settings = settings(&state).await?;
    let Some(script) = guided(&sent.fields).await? else {
        return Ok(Desk::show(&SimulatedPart { desk, calls: None }));
    };
    let script = Arc::new(script);
    let values = rehearsal::examples(&script);
    let calls = state.rehearsals.simulate(rehearsal(&script, values, &settings), now()).await?;
    Ok(Desk::show(&SimulatedPart { desk, calls: Some(calls) }))
}

/// What is written down for the desk, for its reader.
fn act_in_words(words: &'static Locale, act: &Act) -> String {
    let said = |key: &str, values: &[(&'static str, String)]| {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.clone().into())).collect();
        words.with(key, &values).into_owned()
    };
    match act {
        Act::Promise { amount, date } => {
            said("script-act-promise", &[("amount", amount.to_string()), ("day", words.day(*date))])
        }
        Act::Callback { at: Some(at), reason } => {
            let time = at.strftime("%H:%M").to_string();
            let values = [("day", words.day(at.date())), ("time", time), ("reason", reason.reveal().clone())];
            said("script-act-callback-at", &values)
        }
        Act::Callback { at: None, reason } => said("script-act-callback", &[("reason", reason.reveal().clone())]),
        Act::DoNotCall => words.text("script-act-do-not-call").into_owned(),
        Act::Outcome(outcome) => said("script-act-outcome", &[("outcome", outcome.clone())]),
        Act::Note(note) => said("script-act-note", &[("note", note.reveal().clone())]),
        Act::Trouble(trouble) => match trouble {
            Trouble::Missing { step, variable } => {
                said("script-trouble-missing", &[("step", step.clone()), ("variable", variable.clone())])
            }
            Trouble::NoAnswer { step } => said("script-trouble-no-answer", &[("step", step.clone())]),
            Trouble::NoThought { step } => said("script-trouble-no-thought", &[("step", step.clone())]),
            Trouble::NotUnderstood { step } => said("script-trouble-not-understood", &[("step", step.clone())]),
            Trouble::Restless { step } => said("script-trouble-restless", &[("step", step.clone())]),
            Trouble::TooLong => words.text("script-trouble-too-long").into_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Pii, script::builtin};

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_happened_is_gone_on_with() {
        let begun = r#"[{"began":["2026-05-11T10:00:00",false]},"silent"]"#;
        let count = |act: &str, events: &str, words: &str| {
            let events = happened(act, &sent(&[("events", events), ("words", words)]));
            (events.len(), events.last().cloned())
        };
        assert_eq!(count("say", begun, " yes "), (3, Some(Event::Said("yes".to_owned()))));
        assert_eq!(count("say", begun, "  ").1, Some(Event::Silent));
        assert_eq!(count("silent", begun, "ignored").1, Some(Event::Silent));
        assert_eq!(count("begin", begun, "ignored"), (0, None));
        assert_eq!(count("say", "nonsense", "yes").0, 1);
    }

    #[test]
    fn a_chat_begins_with_the_values_of_the_tests_and_goes_on_with_what_was_typed() {
        let script = Script::parse(builtin::find("appointment-en").unwrap()).unwrap();
        let settings = Settings::default();
        let (begun, values) = known(&script, &Sent::new(), &settings);
        assert_eq!(values.len(), begun.iter().filter(|it| !it.value.is_empty()).count());
        assert!(begun.iter().any(|it| it.name == "userName" && it.value == "Sam Carter"));
        let typed = sent(&[("value-userName", ""), ("value-appointment", "soon")]);
        let (typed, values) = known(&script, &typed, &settings);
        assert!(values.is_empty());
        let wrong: Vec<_> = typed.iter().filter(|it| it.is_wrong).map(Known::field).collect();
        assert_eq!(wrong, ["value-appointment"]);
    }

    #[test]
    fn whatever_is_written_down_is_said_in_each_language() {
        let step = || "ask".to_owned();
        let acts = [
            Act::Promise { amount: "250".parse().unwrap(), date: jiff::civil::date(2026, 5, 15) },
            Act::Callback { at: Some(jiff::civil::date(2026, 5, 15).at(17, 30, 0, 0)), reason: Pii::new("x".into()) },
            Act::Callback { at: None, reason: Pii::new("x".into()) },
            Act::DoNotCall,
            Act::Outcome("promised".to_owned()),
            Act::Note(Pii::new("x".into())),
            Act::Trouble(Trouble::Missing { step: step(), variable: "who".to_owned() }),
            Act::Trouble(Trouble::NoAnswer { step: step() }),
            Act::Trouble(Trouble::NoThought { step: step() }),
            Act::Trouble(Trouble::NotUnderstood { step: step() }),
            Act::Trouble(Trouble::Restless { step: step() }),
            Act::Trouble(Trouble::TooLong),
        ];
        for words in Locale::all() {
            for act in &acts {
                let said = act_in_words(words, act);
                assert!(!said.starts_with("script-") && !said.contains('{'), "{act:?}: {said}");
            }
        }
    }
}
