//! A script to be read and written: its text, what is wrong with it and its drawing beside it, and its versions.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{
    super::{
        super::fresh_as,
        form::{self, Field, Form, Kind, Saved, Sent},
        frame::Desk,
        listing::Asked,
    },
    LongForm, PATH,
    check::Checked,
    diff::Diff,
    hosts, language_name, path_of,
    sheet::{self, View},
    text_of,
};
use crate::{
    domain::{Language, ScriptId},
    locale::Locale,
    script::builtin,
    store::{
        Connection, StoreError,
        list::Page,
        profiles,
        scripts::{self, Script, VersionInfo},
    },
    web::{
        State,
        api::{
            admin::scripts::{self as admin, ScriptInput, script_id},
            entity::IfMatch,
        },
        error::ApiError,
    },
};

/// Versions that are listed: the latest.
const MOST_VERSIONS: u32 = 50;
/// The lines of the editor that are shown at once.
const ROWS: u8 = 30;

#[derive(Template)]
#[template(path = "desk/script.html")]
struct ScriptPage {
    desk: Desk,
    /// None: a new one.
    stored: Option<Stored>,
    form: Form,
    checked: Checked,
    /// The text as a form.
    view: View,
    /// An older version whose text is in the editor.
    older: Option<u32>,
    /// What is stored now, against what was typed.
    merge: Option<Diff>,
}

/// A script with all that its page shows of it.
#[derive(Debug)]
struct Stored {
    script: Script,
    /// The latest text.
    content: String,
    versions: Vec<VersionInfo>,
    /// A profile that runs it.
    profile: Option<String>,
}

impl ScriptPage {
    fn path(&self) -> String {
        self.stored.as_ref().map_or_else(|| PATH.to_owned(), |stored| path_of(&stored.script.id))
    }

    fn title(&self) -> String {
        match &self.stored {
            Some(stored) => stored.script.about.name.clone(),
            None => self.desk.t("script-new").into_owned(),
        }
    }

    fn field(&self, name: &str) -> &Field {
        self.form.fields.iter().find(|field| field.name == name).expect("the form is made with these fields")
    }

    fn sheet(&self) -> sheet::Form<'_> {
        sheet::Form { desk: &self.desk, view: &self.view }
    }

    fn is_live(&self, number: &u32) -> bool {
        self.stored.as_ref().is_some_and(|stored| stored.script.live == Some(*number))
    }

    /// Whether what was typed was sent and is stored nowhere.
    fn is_unsaved(&self) -> bool {
        self.form.problem.is_some() || self.form.is_overtaken
    }
}

async fn page(
    desk: Desk,
    state: &State,
    stored: Option<Stored>,
    form: Form,
    older: Option<u32>,
) -> Result<ScriptPage, ApiError> {
    let hosts = hosts(state).await?;
    let content = form.fields.iter().find(|field| field.name == "content");
    let (typed, theirs) = content.map(|field| (field.value.clone(), field.theirs.clone())).unwrap_or_default();
    let merge = match theirs {
        Some(theirs) => {
            let typed = typed.clone();
            let diff = web::block(move || Diff::of(&theirs, &typed)).await;
            Some(diff.map_err(|_| ApiError::Store(StoreError::Stopped))?)
        }
        None => None,
    };
    let checked = Checked::read(typed.clone(), hosts).await?;
    let view = sheet::read(desk.words, typed, checked.faults.clone()).await?;
    Ok(ScriptPage { desk, stored, form, checked, view, older, merge })
}

fn form_of(words: &'static Locale, stored: Option<&Stored>) -> Form {
    let about = stored.map(|stored| &stored.script.about);
    let mut languages = vec![(String::new(), words.text("choice-none").into_owned())];
    let other = about.and_then(|about| about.language);
    let known = [Language::ENGLISH, Language::ARABIC];
    let all = known.into_iter().chain(other.filter(|language| !known.contains(language)));
    languages.extend(all.map(|language| (language.code().to_owned(), language_name(words, Some(language)))));
    let language = other.map(|language| language.code().to_owned()).unwrap_or_default();
    // As the API has it: what is saved is run, unless an older version or none is.
    let is_live = stored.is_none_or(|stored| stored.script.live == Some(stored.script.latest));
    let form = Form::new(vec![
        Field::line(words, "name", "script-name")
            .required()
            .value(about.map(|about| about.name.clone()).unwrap_or_default()),
        Field::new(words, "language", "script-language", Kind::Choice(languages)).value(language),
        Field::new(words, "description", "script-description", Kind::Text { rows: 2 })
            .value(about.map(|about| about.description.clone()).unwrap_or_default()),
        Field::new(words, "content", "script-content", Kind::Text { rows: ROWS })
            .required()
            .value(stored.map(|stored| stored.content.clone()).unwrap_or_default()),
        Field::new(words, "live", "script-live-box", Kind::Check).hint(words.text("script-live-hint")).ticked(is_live),
    ]);
    match stored {
        Some(stored) => form.of_version(stored.script.version),
        None => form,
    }
}

async fn read(state: &State, id: ScriptId) -> Result<Stored, ApiError> {
    let stored = state.store.read(move |connection| of(connection, &id)).await?;
    stored.ok_or(ApiError::NotFound("script"))
}

fn of(connection: &Connection, id: &ScriptId) -> Result<Option<Stored>, StoreError> {
    let Some(script) = scripts::find(connection, id)? else { return Ok(None) };
    let latest = scripts::version(connection, id, script.latest)?;
    let page = Page::first(&scripts::VERSIONS, MOST_VERSIONS);
    let versions = scripts::versions(connection, &scripts::versions_of(id), &page)?.items;
    let profile = profiles::with_script(connection, id)?;
    let content = latest.map(|latest| latest.content).unwrap_or_default();
    Ok(Some(Stored { script, content, versions, profile }))
}

/// `GET /desk/scripts/new`: blank, or with one of ours (`?from=payment-en`).
pub(in super::super) async fn blank(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let document = asked.get("from").map(|from| builtin::find(from).ok_or(ApiError::NotFound("script"))).transpose()?;
    let mut form = form_of(desk.words, None);
    let begun = match document {
        Some(document) => begun_with(document),
        None => Sent::from([("content".to_owned(), blank_in(desk.words.language()).to_owned())]),
    };
    // The box is as it was.
    form = form.typed(&begun.into_iter().chain([("live".to_owned(), "true".to_owned())]).collect());
    Ok(Desk::show(&page(desk, &state, None, form, None).await?))
}

/// What a script begins with that is to be one's own, in this language.
fn blank_in(language: Language) -> &'static str {
    if language == Language::ARABIC { include_str!("blank-ar.toml") } else { include_str!("blank-en.toml") }
}

/// What a script of ours says of itself.
fn begun_with(document: &str) -> Sent {
    let mut begun = Sent::from([("content".to_owned(), document.to_owned())]);
    if let Ok(script) = crate::script::Script::parse(document) {
        begun.insert("name".to_owned(), script.name);
        begun.insert("language".to_owned(), script.language.code().to_owned());
        begun.insert("description".to_owned(), script.description);
    }
    begun
}

/// `GET /desk/scripts/{id}`: with its latest text, or an older one (`?version=2`).
pub(in super::super) async fn script(
    desk: Desk,
    id: web::Path<String>,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = script_id(&id)?;
    let asked = Asked::from(asked.into_inner());
    let stored = read(&state, id.clone()).await?;
    let wanted = asked.get("version").and_then(|number| number.parse().ok());
    let wanted = wanted.filter(|number| *number != stored.script.latest);
    let mut form = form_of(desk.words, Some(&stored));
    if let Some(number) = wanted {
        let version = state.store.read(move |connection| scripts::version(connection, &id, number)).await?;
        let older = version.ok_or(ApiError::NotFound("version"))?.content;
        form.fields.iter_mut().filter(|field| field.name == "content").for_each(|field| field.value.clone_from(&older));
    }
    Ok(Desk::show(&page(desk, &state, Some(stored), form, wanted).await?))
}

/// `POST /desk/scripts`
pub(in super::super) async fn create(
    desk: Desk,
    sent: LongForm,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let sent = sent_of(sent);
    let form = form_of(desk.words, None).typed(&sent);
    let patch = form::input::<ScriptInput>(&form, &sent)?.check();
    let made = match patch {
        Ok(patch) => admin::make(&state, desk.actor(), patch).await,
        Err(problems) => Err(ApiError::Fields(problems)),
    };
    answer(desk, &state, made.map(|saved| path_of(&saved.script.id)), (form, None), "script-made").await
}

/// `POST /desk/scripts/{id}`
pub(in super::super) async fn update(
    desk: Desk,
    id: web::Path<String>,
    sent: LongForm,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, sent) = (script_id(&id)?, sent_of(sent));
    let stored = read(&state, id.clone()).await?;
    let form = form_of(desk.words, Some(&stored)).typed(&sent);
    let version = IfMatch(Some(form::version(&sent)?));
    let saved = match form::input::<ScriptInput>(&form, &sent)?.check() {
        Ok(patch) => admin::save(&state, desk.actor(), id, version, patch).await,
        Err(problems) => Err(ApiError::Fields(problems)),
    };
    answer(desk, &state, saved.map(|saved| path_of(&saved.script.id)), (form, Some(stored)), "script-saved").await
}

/// Sends the browser on, or shows the form again with its text checked.
async fn answer(
    desk: Desk,
    state: &State,
    path: Result<String, ApiError>,
    (form, stored): (Form, Option<Stored>),
    done: &'static str,
) -> Result<HttpResponse, ApiError> {
    let now = stored.as_ref().map(|stored| form_of(desk.words, Some(stored)));
    let mut again = None;
    let answered = Saved { path, done }.answer(desk, form, now.as_ref(), |desk, form| {
        again = Some((desk, form));
        HttpResponse::UnprocessableEntity().finish()
    });
    match again {
        Some((desk, form)) => {
            Ok(fresh_as(StatusCode::UNPROCESSABLE_ENTITY, &page(desk, state, stored, form, None).await?))
        }
        None => answered,
    }
}

fn sent_of(sent: LongForm) -> Sent {
    let mut fields = sent.fields;
    let content = text_of(&fields);
    fields.insert("content".to_owned(), content);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script as Guided;

    #[test]
    fn a_blank_script_is_one_that_can_be_run() {
        for language in [Language::ENGLISH, Language::ARABIC] {
            let script = Guided::parse(blank_in(language)).unwrap();
            assert_eq!((script.language, script.tests.len()), (language, 1));
        }
    }

    #[test]
    fn a_script_of_ours_says_what_it_is() {
        let begun = begun_with(builtin::find("payment-ar").unwrap());
        assert_eq!(begun["language"], "ar");
        assert!(!begun["name"].is_empty() && begun["content"].contains("[[step]]"));
    }

    #[test]
    fn what_is_saved_is_run_unless_an_older_one_is() {
        let words = Locale::of(Language::ENGLISH).unwrap();
        let live = |form: &Form| form.fields.iter().find(|field| field.name == "live").unwrap().value.clone();
        assert_eq!(live(&form_of(words, None)), "true");
        let moment = jiff::Timestamp::UNIX_EPOCH;
        let about = scripts::About { name: "x".to_owned(), language: None, description: String::new() };
        for (is_live, expected) in [(None, ""), (Some(1), ""), (Some(2), "true")] {
            let script = Script {
                id: ScriptId::random(),
                about: about.clone(),
                live: is_live,
                latest: 2,
                created_at: moment,
                updated_at: moment,
                version: 5,
            };
            let stored = Stored { script, content: String::new(), versions: Vec::new(), profile: None };
            let form = form_of(words, Some(&stored));
            assert_eq!((live(&form).as_str(), form.version), (expected, Some(5)));
        }
    }
}
