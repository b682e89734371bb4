//! Conversations with a guide, as they are written down: what goes in, and what comes out.

mod bad_input;
mod hearing;
mod models;
mod property;

use super::*;
use crate::script::Kind;

/// Monday, the 11th of May 2026, ten o'clock.
pub(super) fn guide(document: &str, values: &[(&str, &str)], has_model: bool) -> Guide {
    let script = Script::parse(document).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let values = values.iter().map(|(name, text)| {
        let kind = script.variables.get(*name).copied().unwrap_or(Kind::Text);
        ((*name).to_owned(), Value::parse(kind, text, None).unwrap())
    });
    Guide::new(Setup {
        values: values.collect(),
        script: Arc::new(script),
        today: jiff::civil::date(2026, 5, 11),
        now: jiff::civil::time(10, 0, 0, 0),
        currency: None,
        country: None,
        talks: has_model,
        understands: has_model,
    })
}

/// All that comes out now, a line each.
pub(super) fn outputs(guide: &mut Guide) -> Vec<String> {
    std::iter::from_fn(|| guide.poll()).map(|output| written(&output)).collect()
}

fn written(output: &Output) -> String {
    match output {
        Output::Say(say) => {
            let who = if say.verbatim.is_some() { "says" } else { "aside" };
            format!("{who}: {}", say.text.reveal())
        }
        Output::Listen(expectation) => format!("listens: {expectation:?}"),
        Output::Think { .. } => "thinks".to_owned(),
        Output::Score { choices, .. } => {
            format!("scores: {}", choices.iter().map(|choice| choice.id.as_str()).collect::<Vec<_>>().join(" "))
        }
        Output::Fill { slot, .. } => format!("fills: {slot:?}"),
        Output::Tool { call, .. } => format!("asks: {:?} {}", call.method, call.url.reveal()),
        Output::Act(Act::Callback { at, reason }) => {
            format!("calls back: {} {}", at.map_or("sometime".to_owned(), |at| at.to_string()), reason.reveal())
        }
        Output::Act(Act::Note(note)) => format!("notes: {}", note.reveal()),
        Output::Act(Act::Trouble(trouble)) => format!("trouble: {trouble}"),
        Output::Act(act) => format!("act: {act:?}"),
        Output::HangUp { outcome } => format!("hangs up: {outcome}"),
    }
}

/// Says `words` and gives what comes out; the empty text is silence.
pub(super) fn say(guide: &mut Guide, words: &str) -> Vec<String> {
    guide.handle(if words.is_empty() { Input::Silence } else { Input::Words(Pii::new(words.to_owned())) });
    outputs(guide)
}

pub(super) fn begun(document: &str, values: &[(&str, &str)]) -> Guide {
    let mut guide = guide(document, values, false);
    guide.handle(Input::Begin);
    outputs(&mut guide);
    guide
}

/// Asks one thing, then ends by what was understood.
pub(super) fn asking(question: &str) -> String {
    format!(
        "name = 'test'\n[variables]\nwho = 'name'\ndue = 'money'\n[[step]]\nid = 'ask'\nask = 'Well?'\n{question}\n\
         [[step]]\nid = 'end'\nend = 'answered'\n"
    )
}

/// What comes of a conversation: the words of the caller, and the last line that came out.
fn check(document: &str, values: &[(&str, &str)], words: &[&str], last: &str) {
    let mut guide = begun(document, values);
    let mut said = Vec::new();
    for words in words {
        said = say(&mut guide, words);
    }
    assert_eq!(said.last().map(String::as_str), Some(last), "{words:?}: {said:#?}");
}

#[test]
fn a_script_is_walked_through() {
    let document = "name = 'test'\n[variables]\nwho = 'name'\n[[step]]\nid = 'a'\nsay = 'Hello {{who}}.'\nuninterruptible = true\n\
         [[step]]\nid = 'b'\nset = { kind = 'new' }\n[[step]]\nid = 'c'\nbranch = [{ if = 'kind = new', then = 'e' }]\n\
         [[step]]\nid = 'd'\nend = 'old'\n[[step]]\nid = 'e'\nrecord = 'note'\nnote = '{{who}} is {{kind}}'\n\
         [[step]]\nid = 'f'\nend = 'done'\nsay = 'Bye.'\n";
    let mut guide = guide(document, &[("who", "Sam")], false);
    guide.handle(Input::Begin);
    assert_eq!(outputs(&mut guide), ["says: Hello Sam.", "notes: Sam is new", "says: Bye.", "hangs up: done"]);
    assert!(guide.is_over());
    assert_eq!(guide.outcome(), Some("done"));
    assert_eq!(say(&mut guide, "hello?"), [""; 0]);
}

#[test]
fn amounts_and_days_are_read_back_and_kept_within_limits() {
    let amount = asking("expect = 'amount'\nsave = 'x'\nat_least = 10\nat_most = 'due'\nretries = 3");
    let due = [("due", "300")];
    for (words, last) in [
        (&["250"][..], "listens: Short"),
        (&["250", "yes"], "hangs up: answered"),
        (&["250", "no, 200", "yes"], "hangs up: answered"),
        (&["250", "no"], "listens: Digits"),
        (&["250", "250"], "hangs up: answered"),
        (&["400"], "listens: Digits"),
        (&["400", "5", "20", "yes"], "hangs up: answered"),
        (&["400", "400", "400", "400"], "hangs up: not-understood"),
    ] {
        check(&amount, &due, words, last);
    }
    let mut guide = begun(&amount, &due);
    assert!(say(&mut guide, "400")[0].contains("is the most"), "the limit is told");
    let date = asking("expect = 'date'\nsave = 'x'\nwithin_days = 30");
    for (words, last) in [
        (&["tomorrow", "yes"][..], "hangs up: answered"),
        (&["tomorrow", "no, on friday", "yes"], "hangs up: answered"),
        (&["in two months"], "listens: Digits"),
    ] {
        check(&date, &[], words, last);
    }
}

#[test]
fn answers_with_a_name_go_their_own_way() {
    let document = asking(
        "expect = 'amount'\nsave = 'x'\nconfirm = false\nanswers.nothing = ['nothing at all', 'not a penny']\non.nothing = 'none'\n\
         [[step]]\nid = 'middle'\nend = 'amount'\n[[step]]\nid = 'none'\nend = 'nothing'",
    );
    let document = document.replace("[[step]]\nid = 'end'\nend = 'answered'\n", "");
    check(&document, &[], &["not a penny"], "hangs up: nothing");
    check(&document, &[], &["50"], "hangs up: amount");
}

#[test]
fn wishes_are_granted_at_every_step() {
    for question in ["expect = 'amount'", "expect = 'name'", "expect = 'yes-no'\nnext = 'end'", "expect = 'digits'"] {
        let document = asking(question);
        for (words, last) in [
            (&["stop calling me"][..], "hangs up: do-not-call"),
            (&["you have the wrong number"], "hangs up: wrong-number"),
            (&["can I speak to a person please"], "hangs up: callback"),
            (&["call me tomorrow at five in the afternoon"], "hangs up: callback"),
            (&["call me later", "tomorrow at five in the afternoon"], "hangs up: callback"),
            (&["call me later", "blue", "green", "red"], "hangs up: callback"),
        ] {
            check(&document, &[], words, last);
        }
        let mut guide = begun(&document, &[]);
        assert_eq!(
            say(&mut guide, "who are you")[..2],
            [format!("aside: {}", Aside::Who.usual(crate::domain::Language::ENGLISH)), "says: Well?".to_owned()]
        );
        assert_eq!(say(&mut guide, "can you repeat that please")[0], "says: Well?");
    }
}

#[test]
fn who_wants_no_calls_is_listed_before_anything_is_said() {
    let mut guide = begun(&asking("expect = 'name'"), &[]);
    assert_eq!(say(&mut guide, "never call me again")[0], "act: DoNotCall");
    assert_eq!(guide.outcome(), Some("do-not-call"));
}

#[test]
fn a_script_has_ways_and_words_of_its_own() {
    let document = asking(
        "expect = 'name'\non.silence = 'quiet'\non.refusal = 'unwilling'\non.human = 'person'\n[[step]]\nid = 'over'\nend = 'named'\n\
         [[step]]\nid = 'quiet'\nend = 'quiet'\n[[step]]\nid = 'unwilling'\nend = 'unwilling'\n[[step]]\nid = 'person'\nend = 'person'",
    );
    let document = document.replace("[[step]]\nid = 'end'\nend = 'answered'\n", "[lines]\nwho = 'I am {{who}}.'\n");
    check(&document, &[], &["", ""], "hangs up: quiet");
    check(&document, &[], &["I'd rather not say"], "hangs up: unwilling");
    check(&document, &[], &["let me talk to a human"], "hangs up: person");
    let mut guide = begun(&document, &[("who", "Robin")]);
    assert_eq!(say(&mut guide, "who is this")[0], "aside: I am Robin.");
}

#[test]
fn programs_are_asked_and_may_fail() {
    let document = "name = 'test'\n[variables]\nid = 'text'\nowed = 'money'\n[[step]]\nid = 'look'\n\
         tool = 'https://crm.example.com/c/{{id}}?q=1'\nsave = { owed = '/a/owed' }\non.failed = 'none'\n\
         [[step]]\nid = 'tell'\nend = 'told'\nsay = 'It is {{owed}}.'\n[[step]]\nid = 'none'\nend = 'failed'\n";
    for (answer, last) in [
        (Some(serde_json::json!({ "a": { "owed": 12.5 } })), "hangs up: told"),
        (Some(serde_json::json!({ "a": { "owed": "12.5" } })), "hangs up: told"),
        (Some(serde_json::json!({ "a": { "owed": [] } })), "hangs up: no-data"),
        (Some(serde_json::json!(null)), "hangs up: no-data"),
        (None, "hangs up: failed"),
    ] {
        let mut guide = guide(document, &[("id", "a/../b?c")], false);
        guide.handle(Input::Begin);
        let Some(Output::Tool { request, call }) = guide.poll() else { panic!("a tool is asked") };
        assert_eq!(call.url.reveal().as_str(), "https://crm.example.com/c/a%2F%2E%2E%2Fb%3Fc?q=1");
        guide.handle(Input::Answered { request: RequestId(request.0 + 1), answer: None });
        assert_eq!(outputs(&mut guide), [""; 0], "an answer to something else is ignored");
        guide.handle(Input::Answered { request, answer: answer.clone() });
        assert_eq!(outputs(&mut guide).last().map(String::as_str), Some(last), "{answer:?}");
    }
}
