//! A script as a form: its steps in words, one of them open to be changed. Each act sends the text and what is to be done with it, and
//! gets the form of the text after it: the text in the editor is the one truth, and nothing is stored.

mod fields;
mod view;

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{super::form::Sent, super::frame::Desk, LongForm, check::Checked, hosts, text_of};
use crate::{
    locale::Locale,
    script::{
        Fault,
        edit::{self, Content, Edit, Edited, Entry, From, Refusal, Row, STEP_KINDS, Shape, Sheet},
    },
    store::StoreError,
    web::{State, error::ApiError},
};
use view::Open;
pub(super) use view::{Form, View};

/// What stands before the names of a script's fields in a form.
const FIELD: &str = "f-";
/// Parts of a field that are looked at: more than any field may have.
const MOST_ROWS: usize = 256;

/// What was sent.
#[derive(Debug)]
enum Act {
    Show(Open),
    Edit(Edit),
}

/// What takes the place of the form, and of what is said of the text.
#[derive(Template)]
#[template(path = "desk/script_sheet_part.html")]
struct SheetPart {
    desk: Desk,
    view: View,
    checked: Checked,
}

impl SheetPart {
    fn form(&self) -> Form<'_> {
        Form { desk: &self.desk, view: &self.view }
    }
}

/// `POST /desk/scripts/form`: the text after an `act`, and its form.
pub(in super::super) async fn act(
    desk: Desk,
    sent: LongForm,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (words, hosts) = (desk.words, hosts(&state).await?);
    let fields = sent.fields;
    let done = web::block(move || {
        let text = text_of(&fields);
        let mut view = done(words, &text, &fields);
        let checked = Checked::of(&view.text, &hosts);
        view.faults.clone_from(&checked.faults);
        (view, checked)
    });
    let (view, checked) = done.await.map_err(|_| ApiError::Store(StoreError::Stopped))?;
    Ok(Desk::show(&SheetPart { desk, view, checked }))
}

/// The form of a text, which may be long, with these faults.
pub(super) async fn read(words: &'static Locale, text: String, faults: Vec<Fault>) -> Result<View, ApiError> {
    let view = web::block(move || View::of(words, &text, &faults)).await;
    view.map_err(|_| ApiError::Store(StoreError::Stopped))
}

/// Does what was sent.
fn done(words: &'static Locale, text: &str, sent: &Sent) -> View {
    let mut view = View::of(words, text, &[]);
    let Ok(sheet) = &view.sheet else { return view };
    let asked = act_of(sheet, sent);
    let edit = match asked {
        Act::Show(open) => return View { open, ..view },
        Act::Edit(edit) => edit,
    };
    match edit::apply(text, &edit) {
        Ok(edited) => {
            let open = match edit {
                Edit::Add { .. } => edited.step.map_or(Open::None(None), Open::Step),
                _ => Open::None(edited.step),
            };
            View { open, notice: led(words, &edited), ..View::of(words, &edited.text, &[]) }
        }
        Err(refusal) => {
            view.problem = Some(in_words(words, &refusal));
            view.open = still_open(&mut view.sheet, edit);
            view
        }
    }
}

/// What was typed stays where it was.
fn still_open(sheet: &mut Result<Sheet, Refusal>, edit: Edit) -> Open {
    let Ok(sheet) = sheet else { return Open::None(None) };
    match edit {
        Edit::Head(fields) => {
            put(&mut sheet.head, fields);
            Open::Head
        }
        Edit::Change { step, fields } => match sheet.steps.get_mut(step) {
            Some(it) => {
                put(&mut it.fields, fields);
                Open::Step(step)
            }
            None => Open::None(None),
        },
        _ => Open::None(None),
    }
}

fn put(entries: &mut [Entry], typed: Vec<Entry>) {
    for typed in typed {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.field == typed.field) {
            entry.content = typed.content;
        }
    }
}

fn act_of(sheet: &Sheet, sent: &Sent) -> Act {
    let step = sent.get("step").and_then(|step| step.parse().ok());
    let there = step.and_then(|step: usize| Some((step, sheet.steps.get(step)?)));
    match (sent.get("act").map(String::as_str), there) {
        (Some("edit-head"), _) => Act::Show(Open::Head),
        (Some("change-head"), _) => Act::Edit(Edit::Head(typed(&sheet.head, sent))),
        (Some("add"), _) => {
            let kind = sent.get("kind").and_then(|kind| STEP_KINDS.into_iter().find(|known| known == kind));
            Act::Edit(Edit::Add { after: step, kind: kind.unwrap_or("say") })
        }
        (Some("edit"), Some((step, _))) => Act::Show(Open::Step(step)),
        (Some("change"), Some((step, it))) => Act::Edit(Edit::Change { step, fields: typed(&it.fields, sent) }),
        (Some("up"), Some((step, _))) => Act::Edit(Edit::Up(step)),
        (Some("down"), Some((step, _))) => Act::Edit(Edit::Down(step)),
        (Some("delete"), Some((step, _))) => Act::Edit(Edit::Delete(step)),
        (_, there) => Act::Show(Open::None(there.map(|(step, _)| step))),
    }
}

/// What was typed into the fields that were sent.
fn typed(fields: &[Entry], sent: &Sent) -> Vec<Entry> {
    let typed = fields.iter().filter_map(|entry| {
        let name = format!("{FIELD}{}", entry.field.name);
        let text = sent.get(&name);
        let content = match entry.field.shape {
            shape if shape.has_rows() => Content::Rows(text.map(|_| rows(&name, sent))?),
            // A box that is not ticked is not sent; that there is one, is.
            Shape::Check => Content::Text(sent.get(&format!("{name}-box")).map(|_| text.cloned().unwrap_or_default())?),
            Shape::Confirm if text.is_some_and(|text| text == "words") => {
                Content::Text(sent.get(&format!("{name}-words")).cloned().unwrap_or_default())
            }
            _ => Content::Text(text?.clone()),
        };
        Some(Entry { field: entry.field, content })
    });
    typed.collect()
}

/// The parts of a field, in their order.
fn rows(name: &str, sent: &Sent) -> Vec<Row> {
    let prefix = format!("{name}-");
    let numbers = sent.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
    let numbers: BTreeSet<usize> =
        numbers.filter_map(|(key, _)| key[prefix.len()..].split_once('-')?.0.parse().ok()).collect();
    let part = |number: usize, part: &str| sent.get(&format!("{prefix}{number}-{part}")).cloned().unwrap_or_default();
    let row = |number| Row { name: part(number, "name"), value: part(number, "value"), says: part(number, "says") };
    numbers.into_iter().take(MOST_ROWS).map(row).collect()
}

/// What led to a step that is gone, in words.
fn led(words: &'static Locale, edited: &Edited) -> Option<String> {
    let names = edited.led.iter().map(|from| match from {
        From::Script => words.text("sheet-script").into_owned(),
        From::Step(id) => id.clone(),
    });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| words.named("sheet-led", &names.join(&words.text("sheet-comma"))).into_owned())
}

fn in_words(words: &'static Locale, refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoToml(_) => words.text("sheet-no-toml"),
        Refusal::OtherSteps => words.text("sheet-other-steps"),
        Refusal::NoStep => words.text("sheet-no-step"),
        Refusal::BadId => words.text("sheet-bad-id"),
        Refusal::TakenId => words.text("sheet-taken-id"),
        Refusal::Twice(name) => words.named("sheet-twice", name),
    }
    .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Language, script::builtin};

    fn english() -> &'static Locale {
        Locale::of(Language::ENGLISH).unwrap()
    }

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn act(text: &str, pairs: &[(&str, &str)]) -> View {
        done(english(), text, &sent(pairs))
    }

    const TEXT: &str = "name = 'x'\n\n[[step]]\nid = 'a'\nask = 'A?'\nexpect = 'yes-no'\non.yes = 'b'\non.no = 'b'\n\n\
        [[step]]\nid = 'b'\nend = 'x'\n";

    #[test]
    fn what_is_asked_for_is_done() {
        let ids = |view: &View| view.sheet.as_ref().unwrap().ids().map(str::to_owned).collect::<Vec<_>>().join(" ");
        for (pairs, expected, open) in [
            (vec![], "a b", Open::None(None)),
            (vec![("act", "edit"), ("step", "1")], "a b", Open::Step(1)),
            (vec![("act", "edit"), ("step", "7")], "a b", Open::None(None)),
            (vec![("act", "edit-head")], "a b", Open::Head),
            (vec![("act", "add"), ("step", "0"), ("kind", "say")], "a say-1 b", Open::Step(1)),
            (vec![("act", "add"), ("kind", "nonsense")], "say-1 a b", Open::Step(0)),
            (vec![("act", "down"), ("step", "0")], "b a", Open::None(Some(1))),
            (vec![("act", "up"), ("step", "0")], "a b", Open::None(None)),
            (vec![("act", "change"), ("step", "1"), ("f-id", "c")], "a c", Open::None(Some(1))),
            (vec![("act", "change"), ("step", "1"), ("f-id", "a")], "a b", Open::Step(1)),
            (vec![("act", "delete"), ("step", "1")], "a", Open::None(None)),
        ] {
            let view = act(TEXT, &pairs);
            assert_eq!((ids(&view).as_str(), view.open), (expected, open), "{pairs:?}");
        }
        assert!(act(TEXT, &[("act", "delete"), ("step", "1")]).notice.is_some());
        let refused = act(TEXT, &[("act", "change"), ("step", "1"), ("f-id", "a"), ("f-end", "y")]);
        assert!(refused.problem.is_some() && refused.text == TEXT);
        let step = &refused.sheet.as_ref().unwrap().steps[1];
        assert_eq!((step.text("id"), step.text("end")), ("a", "y"), "what was typed stays");
    }

    #[test]
    fn parts_of_a_field_are_read_in_their_order() {
        let pairs = [
            ("act", "change"),
            ("step", "0"),
            ("f-expect", "choice"),
            ("f-answers", ""),
            ("f-answers-10-name", "late"),
            ("f-answers-10-value", "b"),
            ("f-answers-2-name", "soon"),
            ("f-answers-2-value", "b"),
            ("f-answers-2-says", "now\r\ntoday"),
            ("f-uninterruptible-box", "1"),
            ("f-uninterruptible", "true"),
        ];
        let view = act(TEXT, &pairs);
        let step = &view.sheet.as_ref().unwrap().steps[0];
        assert_eq!(step.ways(), [("soon", "b"), ("late", "b")]);
        assert_eq!((step.rows("answers")[0].says.as_str(), step.text("uninterruptible")), ("now\ntoday", "true"));
        // What was not sent stays.
        let view = act(&view.text, &[("act", "change"), ("step", "0"), ("f-ask", "B?")]);
        assert_eq!(view.sheet.unwrap().steps[0].ways().len(), 2);
    }

    #[test]
    fn everything_that_a_form_shows_has_words_in_each_language() {
        let documents = builtin::ALL.into_iter().map(|(_, document)| document.to_owned());
        let all_kinds = STEP_KINDS
            .iter()
            .fold(String::new(), |text, kind| edit::apply(&text, &Edit::Add { after: None, kind }).unwrap().text);
        for (words, document) in Locale::all()
            .iter()
            .flat_map(|words| documents.clone().chain([all_kinds.clone()]).map(move |it| (words, it)))
        {
            let view = View::of(words, &document, &[]);
            let sheet = view.sheet.as_ref().unwrap();
            let fields = sheet.steps.iter().flat_map(|step| step.fields.iter().map(|entry| (step.kind, entry)));
            for (kind, entry) in fields.chain(sheet.head.iter().map(|entry| ("head", entry))) {
                let name = entry.field.name;
                assert!(view.of_field("sheet-field", kind, name).is_some(), "{kind} {name}");
                for (value, _) in view.choices(entry).into_iter().filter(|(value, _)| !value.is_empty()) {
                    let is_said = words.has(&format!("sheet-{name}-{value}"));
                    assert!(is_said || matches!(name, "method" | "language"), "{kind} {name} {value}");
                }
                for row in view.rows(&[], entry) {
                    assert!(entry.field.shape.names().is_none() || view.part(entry, &row) != row.name, "{}", row.name);
                }
            }
        }
    }
}
