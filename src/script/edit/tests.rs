//! What a form does to documents.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::script::{Script, builtin};

const SCRIPT: &str = r#"# Ours.
name = "Visit" # as it is listed
language = "en"
start = "hello"

[variables]
userName = "name"

[on]
silence = "bye"

[[step]]
id = "hello"
ask = "Were you happy?"   # short
expect = "yes-no"
answers.yes = ["sure"]
on.yes = "bye"
on.no = "why"

# Nobody likes to be asked this.
[[step]]
id = "why"
ask = "Why not?"
expect = "text"
save = "reason"
rephrase = [
  "What went wrong?", # friendly
  "What was it?",
]

[[step]]
id = "bye"
end = "done"
say = "Goodbye."

[[test]]
name = "is happy"
answers = { hello = "yes", why = "x" }
expect = { outcome = "done", visits = ["bye"], never = ["why"] }
"#;

fn sheet(text: &str) -> Sheet {
    Sheet::read(text).unwrap()
}

/// Everything as a form shows it, sent back.
fn all(sheet: &Sheet) -> Vec<Edit> {
    let head = [Edit::Head(sheet.head.clone())];
    let steps = sheet.steps.iter().enumerate();
    head.into_iter().chain(steps.map(|(step, it)| Edit::Change { step, fields: it.fields.clone() })).collect()
}

/// The fields of a step with some of them changed.
fn typed(sheet: &Sheet, step: usize, changes: &[(&str, Content)]) -> Edit {
    let mut fields = sheet.steps[step].fields.clone();
    for (name, content) in changes {
        let entry = fields.iter_mut().find(|entry| entry.field.name == *name);
        entry.unwrap_or_else(|| panic!("no field {name}")).content = content.clone();
    }
    Edit::Change { step, fields }
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn rows(rows: &[(&str, &str, &str)]) -> Content {
    let row = |(name, value, says): &(&str, &str, &str)| Row { says: (*says).to_owned(), ..Row::new(*name, *value) };
    Content::Rows(rows.iter().map(row).collect())
}

/// The script after a change of one step's fields.
fn changed(step: usize, changes: &[(&str, Content)]) -> String {
    apply(SCRIPT, &typed(&sheet(SCRIPT), step, changes)).unwrap().text
}

#[test]
fn what_is_not_changed_is_the_same_to_the_byte() {
    for (name, document) in builtin::ALL.into_iter().chain([("ours", SCRIPT)]) {
        let shown = sheet(document);
        assert!(!shown.steps.is_empty());
        for edit in all(&shown) {
            assert_eq!(apply(document, &edit).unwrap().text, document, "{name}");
        }
        let other = shown.head.iter().chain(shown.steps.iter().flat_map(|step| &step.fields));
        assert!(!other.into_iter().any(|entry| entry.content == Content::Other), "{name}: all of ours can be shown");
    }
}

#[test]
fn a_form_shows_what_a_script_says() {
    let sheet = sheet(SCRIPT);
    let [hello, why, bye] = &sheet.steps[..] else { panic!() };
    assert_eq!((hello.says(), hello.kind, hello.text("expect")), ("Were you happy?", "ask", "yes-no"));
    assert_eq!(hello.ways(), [("yes", "bye"), ("no", "why")]);
    assert_eq!((sheet.below(0), sheet.below(1), sheet.below(2)), (None, Some("bye"), None));
    assert_eq!(why.text("rephrase"), "What went wrong?\nWhat was it?");
    assert_eq!((bye.kind, bye.text("end")), ("end", "done"));
    assert_eq!(sheet.variables, ["reason", "userName"]);
    let script = Script::parse(SCRIPT).unwrap();
    for (index, step) in script.steps() {
        assert_eq!(sheet.step_at(step.line), Some(index.get()));
    }
    assert_eq!((sheet.step_at(2), sheet.step_at(SCRIPT.lines().count())), (None, None));
}

#[test]
fn fields_are_changed_where_they_stand() {
    for (step, changes, old, new) in [
        (0, vec![("ask", text(" Are you\r\n happy? "))], "Were you happy?\"   # short", "Are you happy?\"   # short"),
        (0, vec![("without", text("Happy?"))], "   # short\n", "   # short\nwithout = \"Happy?\"\n"),
        (0, vec![("uninterruptible", text("true"))], "   # short\n", "   # short\nuninterruptible = true\n"),
        (2, vec![("say", text(""))], "say = \"Goodbye.\"\n", ""),
        (2, vec![("say", text("Say \"x\"."))], "\"Goodbye.\"", "'Say \"x\".'"),
        (
            0,
            vec![("answers", rows(&[("yes", "bye", "sure\nof course"), ("no", "why", "")]))],
            "[\"sure\"]",
            "[\"sure\", \"of course\"]",
        ),
        (
            0,
            vec![("answers", rows(&[("yes", "why", "sure"), ("no", "why", "")]))],
            "on.yes = \"bye\"",
            "on.yes = \"why\"",
        ),
        (
            1,
            vec![("rephrase", text("What went wrong?\nWhat was it?\nTell me."))],
            "  \"What was it?\",\n",
            "  \"What was it?\",\n  \"Tell me.\",\n",
        ),
        (1, vec![("rephrase", text("What went wrong?"))], "  \"What was it?\",\n", ""),
        (1, vec![("retries", text("2"))], "]\n\n[[step]]\nid = \"bye\"", "]\nretries = 2\n\n[[step]]\nid = \"bye\""),
        (
            1,
            vec![("on", rows(&[("refusal", "bye", "")]))],
            "]\n\n[[step]]\nid = \"bye\"",
            "]\non.refusal = \"bye\"\n\n[[step]]\nid = \"bye\"",
        ),
    ] {
        let before = SCRIPT.matches(old).count();
        assert_eq!(before, 1, "{old}");
        let edited = changed(step, &changes);
        assert_eq!(edited, SCRIPT.replace(old, new), "{changes:?}");
        let shown = sheet(&edited);
        assert_eq!(apply(&edited, &all(&shown)[step + 1]).unwrap().text, edited, "what was written is read");
    }
}

#[test]
fn what_is_written_is_a_script() {
    let choice = [
        ("expect", text("choice")),
        ("answers", rows(&[("good", "bye", "very"), ("bad", "why", "not really\nno"), ("", "bye", "")])),
    ];
    let edited = changed(0, &choice);
    let script = Script::parse(&edited).unwrap_or_else(|faults| panic!("{faults:?}\n{edited}"));
    let ways = script.step(script.find("hello").unwrap()).ways();
    let to = |id: &str| script.find(id).unwrap();
    assert_eq!(ways, [("good", to("bye")), ("bad", to("why"))]);

    let amount = [
        ("expect", text("amount")),
        ("at_least", text("5")),
        ("at_most", text("99.50")),
        ("confirm", text("So {{answer}}?")),
    ];
    let edited = changed(1, &amount);
    Script::parse(&edited).unwrap_or_else(|faults| panic!("{faults:?}\n{edited}"));
    assert!(edited.contains("at_least = 5\nat_most = \"99.50\"\n"), "{edited}");
    // What is for another kind of answer goes with it.
    let faulty = edited.replace("\"amount\"", "\"ammount\"");
    for edit in all(&sheet(&faulty)) {
        assert_eq!(apply(&faulty, &edit).unwrap().text, faulty, "what is chosen wrongly takes nothing with it");
    }
    let digits = [("expect", text("digits")), ("length", text("4-6")), ("confirm", text("false"))];
    let edited = apply(&edited, &typed(&sheet(&edited), 1, &digits)).unwrap().text;
    Script::parse(&edited).unwrap_or_else(|faults| panic!("{faults:?}\n{edited}"));
    assert!(edited.contains("length = [4, 6]") && !edited.contains("at_"), "{edited}");
}

#[test]
fn the_head_is_changed_and_begun() {
    let head = |text: &str, name: &str, content: Content| {
        let mut fields = sheet(text).head;
        fields.iter_mut().find(|entry| entry.field.name == name).unwrap().content = content;
        apply(text, &Edit::Head(fields)).unwrap().text
    };
    assert_eq!(head(SCRIPT, "name", text("Visits")), SCRIPT.replace("\"Visit\" #", "\"Visits\" #"));
    let variables = rows(&[("userName", "text", ""), ("amountDue", "money", "")]);
    let expected = SCRIPT.replace("userName = \"name\"", "userName = \"text\"\namountDue = \"money\"");
    assert_eq!(head(SCRIPT, "variables", variables), expected);
    let expected = SCRIPT.replace("\n[on]\nsilence = \"bye\"\n", "");
    assert_eq!(head(SCRIPT, "on", Content::Rows(Vec::new())), expected);
    let lines = rows(&[("goodbye", "Bye.", "")]);
    let expected = SCRIPT.replace("[on]", "[lines]\ngoodbye = \"Bye.\"\n\n[on]");
    assert_eq!(head(SCRIPT, "lines", lines), expected);
    assert_eq!(head("", "name", text("New")), "name = \"New\"\n");
    assert!(matches!(
        apply(SCRIPT, &Edit::Head(vec![Entry {
            field: &kinds::HEAD[4],
            content: rows(&[("a", "text", ""), ("a", "name", "")]),
        }])),
        Err(Refusal::Twice(name)) if name == "a"
    ));
}

#[test]
fn whatever_leads_to_a_step_follows_its_name() {
    let edited = changed(1, &[("id", text("reason")), ("on", rows(&[("refusal", "why", "")]))]);
    assert!(!edited.contains("\"why\"") && !edited.contains("why ="), "{edited}");
    assert!(edited.contains("on.no = \"reason\"") && edited.contains("on.refusal = \"reason\""), "{edited}");
    assert!(edited.contains("answers = { hello = \"yes\", reason = \"x\" }"), "{edited}");
    assert!(edited.contains("never = [\"reason\"]"), "{edited}");
    Script::parse(&edited).unwrap();
    for (id, why) in [("hello", Refusal::TakenId), ("", Refusal::BadId), ("a b", Refusal::BadId), ("1", Refusal::BadId)]
    {
        assert_eq!(apply(SCRIPT, &typed(&sheet(SCRIPT), 1, &[("id", text(id))])).unwrap_err(), why);
    }
    let start = changed(0, &[("id", text("begin"))]);
    assert_eq!(start, SCRIPT.replace("\"hello\"", "\"begin\"").replace("hello =", "begin ="));
}

#[test]
fn steps_come_move_and_go_with_the_words_above_them() {
    let ids = |text: &str| sheet(text).ids().map(str::to_owned).collect::<Vec<_>>();
    let added = apply(SCRIPT, &Edit::Add { after: Some(0), kind: "say" }).unwrap();
    assert_eq!((ids(&added.text), added.step), (["hello", "say-1", "why", "bye"].map(str::to_owned).to_vec(), Some(1)));
    assert_eq!(added.text.replace("\n[[step]]\nid = \"say-1\"\nsay = \"\"\n", ""), SCRIPT);
    for kind in STEP_KINDS {
        let edited = apply("", &Edit::Add { after: None, kind }).unwrap();
        assert_eq!((sheet(&edited.text).steps[0].kind, edited.step), (kind, Some(0)), "{}", edited.text);
    }

    let moved = apply(SCRIPT, &Edit::Up(1)).unwrap();
    assert_eq!((ids(&moved.text), moved.step), (["why", "hello", "bye"].map(str::to_owned).to_vec(), Some(0)));
    assert!(moved.text.contains("\n# Nobody likes to be asked this.\n[[step]]\nid = \"why\""), "{}", moved.text);
    assert_eq!(apply(&moved.text, &Edit::Down(0)).unwrap().text, SCRIPT, "there and back");
    for edit in [Edit::Up(0), Edit::Down(2), Edit::Up(9), Edit::Delete(9), Edit::Add { after: Some(9), kind: "say" }] {
        assert_eq!(apply(SCRIPT, &edit).unwrap_err(), Refusal::NoStep, "{edit:?}");
    }

    let deleted = apply(SCRIPT, &Edit::Delete(1)).unwrap();
    assert_eq!(
        (ids(&deleted.text), deleted.led),
        (vec!["hello".to_owned(), "bye".to_owned()], vec![From::Step("hello".to_owned())])
    );
    assert!(
        deleted.text.contains("answers = { hello = \"yes\" }") && deleted.text.contains("never = []"),
        "{}",
        deleted.text
    );
    let faults = Script::parse(&deleted.text).unwrap_err();
    assert!(faults.len() == 1 && faults[0].problem.to_string().contains("`why` does not exist"), "{faults:?}");
    let last = apply(SCRIPT, &Edit::Delete(2)).unwrap();
    assert_eq!(last.led, [From::Script, From::Step("hello".to_owned())]);
}

#[test]
fn tables_of_a_step_stay_with_it() {
    let text = "[[step]]\nid = 'a'\nask = 'A?'\nexpect = 'yes-no'\n\n[step.on]\nyes = 'b'\nno = 'b'\n\n[[step]]\nid = 'b'\nend = 'x'\n";
    let added = apply(text, &Edit::Add { after: Some(0), kind: "say" }).unwrap().text;
    let moved = apply(text, &Edit::Down(0)).unwrap().text;
    for (text, a) in [(&added, 0), (&moved, 1)] {
        assert_eq!(sheet(text).steps[a].ways(), [("yes", "b"), ("no", "b")], "{text}");
    }
    let edit = typed(&sheet(text), 0, &[("answers", rows(&[("yes", "a", ""), ("no", "b", "")]))]);
    assert_eq!(apply(text, &edit).unwrap().text, text.replace("yes = 'b'", "yes = \"a\""));
}

#[test]
fn what_no_form_shows_stays() {
    let document = "colour = 3\n[[step]]\nid = 'a'\nsay = 5\nsize = { x = 1 }\nbranch = 'x'\nnext = 'b' # there\n";
    let shown = sheet(document);
    assert_eq!(shown.steps[0].fields.iter().filter(|entry| entry.content == Content::Other).count(), 2);
    let edit = typed(&shown, 0, &[("branch", rows(&[("a = 1", "b", "")])), ("next", text("c"))]);
    assert_eq!(apply(document, &edit).unwrap().text, document.replace("'b' # there", "\"c\" # there"));
}

#[test]
fn a_text_that_is_no_toml_tells_the_line() {
    let Err(Refusal::NoToml(faults)) = Sheet::read("name = 'x'\n[[step]\n") else { panic!() };
    assert_eq!(faults[0].line, 2);
    assert!(matches!(Sheet::read("step = 3"), Err(Refusal::OtherSteps)));
    assert!(matches!(apply("step = []", &Edit::Up(0)), Err(Refusal::OtherSteps)));
}

const PIECES: [&str; 24] = [
    "[[step]]\n",
    "[step.on]\n",
    "[on]\n",
    "id = 'a'\n",
    "id = 3\n",
    "on.yes = 'a'\n",
    "on = 'a'\n",
    "branch = [{ if = 'x' }]\n",
    "[[step.branch]]\nthen = 'a'\n",
    "set.x = 1\n",
    "answers.no = []\n",
    "answers = { 'ن' = ['x', 3] }\n",
    "expect = 'digits'\n",
    "next = \"\"\"a\n\"\"\"\n",
    "# c\n",
    "\r\n",
    "[[test]]\n",
    "answers = { a = 'x' }\n",
    "expect.never = ['a']\n",
    "{",
    "\"",
    "é",
    "[step]\n",
    "ask = 'x' # y\n",
];

/// Every change that can be thought of.
fn edits(text: &str, step: usize) -> Vec<Edit> {
    let mut edits =
        vec![Edit::Up(step), Edit::Down(step), Edit::Delete(step), Edit::Add { after: Some(step), kind: "ask" }];
    let Ok(sheet) = Sheet::read(text) else { return edits };
    edits.extend(all(&sheet));
    edits.extend(sheet.steps.into_iter().enumerate().map(|(step, mut it)| {
        for entry in &mut it.fields {
            let filled = if entry.field.shape.has_rows() {
                rows(&[("b", "a", "x"), ("yes", "a", "")])
            } else {
                Content::Text("b".to_owned())
            };
            entry.content = filled;
        }
        Edit::Change { step, fields: it.fields }
    }));
    edits
}

proptest! {
    #[test]
    fn no_text_and_no_change_makes_it_panic(
        document in 0..builtin::ALL.len(),
        cut in 0..8000_usize,
        pieces in vec(select(&PIECES[..]), 0..12),
        step in 0..4_usize,
    ) {
        let beginning = builtin::ALL[document].1.chars().take(cut.saturating_sub(4000)).collect::<String>();
        let text = beginning + &pieces.concat();
        for edit in edits(&text, step) {
            if let Ok(edited) = apply(&text, &edit) {
                prop_assert!(Sheet::read(&edited.text).is_ok(), "{:?} of\n{}\n-- is --\n{}", edit, text, edited.text);
            }
        }
    }

    #[test]
    fn no_words_make_it_panic(text in "\\PC*") {
        edits(&text, 0).iter().for_each(|edit| drop(apply(&text, edit)));
    }
}
