//! What is wrong with a script's text, line by line, and its drawing: while somebody types, and beside the text when it is opened.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{super::frame::Desk, LongForm, hosts, text_of};
use crate::{
    domain::Host,
    script::{Fault, Script, StepIndex, is_guided},
    store::StoreError,
    web::{State, error::ApiError},
};

/// What a text is, as far as it can be read.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) faults: Vec<Fault>,
    /// It has steps. Else it is words for a language model, in which nothing can be wrong.
    pub(super) is_guided: bool,
    /// Without faults of its own.
    pub(super) drawn: Option<Drawn>,
}

/// A script that can be run.
#[derive(Debug)]
pub(super) struct Drawn {
    /// SVG, for this page.
    pub(super) svg: String,
    pub(super) steps: Vec<StepRow>,
}

/// A step in words: what a drawing shows, for who cannot see it.
#[derive(Debug)]
pub(super) struct StepRow {
    pub(super) id: String,
    pub(super) line: usize,
    /// The word in documents for what it does.
    pub(super) kind: &'static str,
    /// What it says first.
    pub(super) says: String,
    /// Why it goes on where.
    pub(super) ways: Vec<(String, String)>,
}

impl Checked {
    /// Reads a text, which may be long.
    pub(super) async fn read(content: String, hosts: Vec<Host>) -> Result<Self, ApiError> {
        web::block(move || Self::of(&content, &hosts)).await.map_err(|_| ApiError::Store(StoreError::Stopped))
    }

    pub(super) fn of(content: &str, hosts: &[Host]) -> Self {
        if !is_guided(content) {
            return Self::default();
        }
        match Script::parse(content) {
            Ok(script) => {
                Self { faults: script.refused_hosts(hosts), is_guided: true, drawn: Some(Drawn::of(&script, None)) }
            }
            Err(faults) => Self { faults, is_guided: true, drawn: None },
        }
    }
}

impl Drawn {
    /// With the step that it is `at`, if it is at one.
    pub(super) fn of(script: &Script, at: Option<StepIndex>) -> Self {
        let steps = script.steps().map(|(_, step)| StepRow {
            id: step.id.clone(),
            line: step.line,
            kind: step.task.name(),
            says: step.lines().next().map(|line| line.text.to_string()).unwrap_or_default(),
            ways: step.ways().into_iter().map(|(why, to)| (why.to_owned(), script.step(to).id.clone())).collect(),
        });
        Self { svg: script.drawing(at), steps: steps.collect() }
    }
}

/// What takes the places of what was said of an older text: the faults always, the drawing when there is one.
#[derive(Template)]
#[template(path = "desk/script_checked.html")]
struct CheckedPart {
    desk: Desk,
    checked: Checked,
}

/// `POST /desk/scripts/check`
pub(in super::super) async fn check(
    desk: Desk,
    sent: LongForm,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let checked = Checked::read(text_of(&sent.fields), hosts(&state).await?).await?;
    Ok(Desk::show(&CheckedPart { desk, checked }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::builtin;

    #[test]
    fn a_text_is_checked_as_what_it_is() {
        let told = Checked::of("Be friendly.", &[]);
        assert!(!told.is_guided && told.faults.is_empty() && told.drawn.is_none());
        let faulty = Checked::of("name = 'x'\n[[step]]\nid = 'a'\nsay = 'Hi.'\nnext = 'b'\n", &[]);
        assert_eq!((faulty.faults[0].line, faulty.drawn.is_none()), (5, true));
        let good = Checked::of(builtin::find("appointment-en").unwrap(), &[]);
        let drawn = good.drawn.unwrap();
        assert!(good.faults.is_empty() && drawn.svg.starts_with("<svg"));
        let step = &drawn.steps[0];
        assert_eq!((step.id.as_str(), step.kind), ("remind", "ask"));
        assert!(step.says.starts_with("Hello.") && step.ways.contains(&("move".to_owned(), "when".to_owned())));
    }

    #[test]
    fn a_host_that_is_not_listed_is_a_fault_of_a_script_that_can_be_drawn() {
        let asking = "name = 'x'\n[[step]]\nid = 'a'\ntool = 'https://crm.example.com/'\non.failed = 'b'\n\
            [[step]]\nid = 'b'\nend = 'x'\n";
        let checked = Checked::of(asking, &[]);
        assert!(checked.drawn.is_some() && checked.faults.len() == 1);
        assert!(Checked::of(asking, &["crm.example.com".parse().unwrap()]).faults.is_empty());
    }
}
