//! Agent profiles: the table of those of the desk and those of the configuration file, and one to be read and changed. Those of the
//! file can be looked at, and copied; the copy takes the original's place.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::header, web};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{
    form::{self, Field, Form, Kind, Saved, Sent},
    frame::Desk,
    undo,
};
use crate::{
    config::{self, ScriptSource},
    domain::{Language, ScriptId},
    locale::Locale,
    models::{self, Library, ModelState},
    store::{
        StoreError,
        list::Page,
        profiles::{self, Content, Profile},
        rules,
        scripts::{self, Script},
    },
    web::{
        State,
        api::{
            admin::profiles::{self as admin, CONFIGURED, Patch, ProfileInput, profile_id},
            entity::IfMatch,
        },
        error::ApiError,
        form::StaffForm,
    },
};

pub(super) const PATH: &str = "/desk/profiles";
/// Scripts that a profile can be given.
const MOST_SCRIPTS: u32 = 200;
/// How fast a voice may speak, by what one hears a difference between.
const SPEEDS: [&str; 9] = ["0.5", "0.75", "0.9", "1", "1.1", "1.25", "1.5", "1.75", "2"];
/// The languages that a greeting is asked for in, and the names of those fields. Others are left as they are.
const GREETINGS: [(Language, &str); 2] = [(Language::ENGLISH, "greeting-en"), (Language::ARABIC, "greeting-ar")];
/// The voice that is always there.
const ESPEAK: &str = "espeak";

// ---- the table ----

#[derive(Template)]
#[template(path = "desk/profiles.html")]
struct ProfilesPage {
    desk: Desk,
    rows: Vec<Row>,
}

struct Row {
    path: String,
    content: Content,
    /// What its calls are led by.
    script: String,
    is_configured: bool,
    /// One of the desk with the same name takes its place.
    is_replaced: bool,
}

impl ProfilesPage {
    fn language(&self, row: &Row) -> String {
        language_name(self.desk.words, row.content.language)
    }
}

fn language_name(words: &'static Locale, language: Option<Language>) -> String {
    match language {
        Some(language) => words.word("language", language.code()).into_owned(),
        None => words.text("profile-language-any").into_owned(),
    }
}

/// `GET /desk/profiles`
pub(super) async fn list(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let stored = state.store.read(profiles::list).await?;
    let scripts = scripts(&state).await?;
    let named = |id: &ScriptId| {
        let script = scripts.iter().find(|script| script.id == *id);
        script.map_or_else(|| id.to_string(), |script| script.about.name.clone())
    };
    let configured = state.config.agent.profiles.iter().map(|profile| Row {
        path: path_of_configured(&profile.name),
        content: admin::content(profile),
        script: profile.script.as_ref().map(|source| source_name(source, named)).unwrap_or_default(),
        is_configured: true,
        is_replaced: stored.iter().any(|stored| stored.content.name == profile.name),
    });
    let configured: Vec<_> = configured.collect();
    let rows = stored.into_iter().map(|profile| Row {
        path: path_of(&profile),
        script: profile.script.as_ref().map(named).unwrap_or_default(),
        content: profile.content,
        is_configured: false,
        is_replaced: false,
    });
    let rows = rows.chain(configured).collect();
    Ok(Desk::show(&ProfilesPage { desk, rows }))
}

fn source_name(source: &ScriptSource, named: impl Fn(&ScriptId) -> String) -> String {
    match source {
        ScriptSource::Builtin(name) => name.clone(),
        ScriptSource::File(path) => path.display().to_string(),
        ScriptSource::Kept(id) => named(id),
    }
}

fn path_of(profile: &Profile) -> String {
    format!("{PATH}/{}", profile.id)
}

fn path_of_configured(name: &str) -> String {
    format!("{PATH}/{}", utf8_percent_encode(&format!("{CONFIGURED}{name}"), NON_ALPHANUMERIC))
}

async fn scripts(state: &State) -> Result<Vec<Script>, StoreError> {
    let read = state.store.read(|connection| {
        let page = Page::first(&scripts::TABLE, MOST_SCRIPTS);
        scripts::page(connection, &scripts::wanted(None, None), &page)
    });
    Ok(read.await?.items)
}

// ---- one profile ----

#[derive(Template)]
#[template(path = "desk/profile.html")]
struct ProfilePage {
    desk: Desk,
    subject: Subject,
    form: Form,
    /// Rules send it: it cannot be deleted.
    is_sent: bool,
}

/// What a page is about.
enum Subject {
    New,
    Stored(Box<Profile>),
    /// One of the configuration file, by its name.
    Configured(String),
}

impl ProfilePage {
    fn path(&self) -> String {
        match &self.subject {
            Subject::New => PATH.to_owned(),
            Subject::Stored(profile) => path_of(profile),
            Subject::Configured(name) => path_of_configured(name),
        }
    }

    fn title(&self) -> String {
        match &self.subject {
            Subject::New => self.desk.t("profile-new").into_owned(),
            Subject::Stored(profile) => profile.content.name.clone(),
            Subject::Configured(name) => name.clone(),
        }
    }

    /// Where a copy of one of the file is begun.
    fn copy(&self) -> Option<String> {
        match &self.subject {
            Subject::Configured(name) => {
                Some(format!("{PATH}/new?from={}", utf8_percent_encode(name, NON_ALPHANUMERIC)))
            }
            Subject::New | Subject::Stored(_) => None,
        }
    }

    fn is_stored(&self) -> bool {
        matches!(self.subject, Subject::Stored(_))
    }

    fn may_change(&self) -> bool {
        self.desk.may_lead() && self.copy().is_none()
    }
}

/// What a form is filled with.
struct Filled<'a> {
    content: &'a Content,
    script: Option<String>,
    version: Option<i64>,
}

/// What can be chosen in a form.
struct Choices {
    scripts: Vec<Script>,
    voices: Vec<String>,
}

async fn choices(state: &State) -> Result<Choices, ApiError> {
    let config = std::sync::Arc::clone(&state.config);
    let voices = web::block(move || voices(&config, None)).await.map_err(|_| ApiError::Store(StoreError::Stopped))?;
    Ok(Choices { scripts: scripts(state).await?, voices })
}

/// The ids of the voices that are installed, of `language` if one is asked for, and of the one that is always there. Looks at
/// the disk: to be called where waiting is no harm.
pub(super) fn voices(config: &config::Config, language: Option<Language>) -> Vec<String> {
    let library = Library::of(config);
    let is_voice = |model: &&models::Model| {
        model.kind == models::Kind::Tts && language.is_none_or(|language| model.languages.include(language))
    };
    let models = library.manifest().models.iter().filter(is_voice);
    let installed =
        models.filter(|model| matches!(library.state(model), ModelState::Installed | ModelState::Unverified));
    installed.map(|model| model.id.clone()).chain([ESPEAK.to_owned()]).collect()
}

fn form_of(words: &'static Locale, filled: &Filled<'_>, choices: &Choices) -> Form {
    let Filled { content, script, version } = filled;
    let none = |key: &str| (String::new(), words.text(key).into_owned());
    let language = content.language.map(|language| language.code().to_owned()).unwrap_or_default();
    let known = [Language::ENGLISH, Language::ARABIC];
    let languages = known.into_iter().chain(content.language.filter(|language| !known.contains(language)));
    let languages = languages.map(|language| (language.code().to_owned(), language_name(words, Some(language))));
    let voice = content.voice.clone().unwrap_or_default();
    let voices = with(&choices.voices, &voice).map(|voice| (voice.to_owned(), voice.to_owned()));
    let speed = content.speed.to_string();
    let speeds: Vec<String> = SPEEDS.map(str::to_owned).to_vec();
    let speeds = with(&speeds, &speed).map(|speed| (speed.to_owned(), speed_name(speed)));
    let scripts = choices.scripts.iter().map(|script| (script.id.to_string(), script.about.name.clone()));
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let mut fields = vec![
        Field::line(words, "name", "profile-name")
            .required()
            .hint(words.text("profile-name-hint"))
            .value(&*content.name),
        Field::new(words, "language", "profile-language", choice(none("profile-language-any"), languages))
            .value(language),
        Field::new(words, "voice", "profile-voice", choice(none("profile-voice-usual"), voices)).value(voice),
        Field::new(words, "speed", "profile-speed", Kind::Choice(speeds.collect())).value(speed),
        Field::new(words, "scriptId", "profile-script", choice(none("profile-script-none"), scripts))
            .hint(words.text("profile-script-hint"))
            .value(script.clone().unwrap_or_default()),
    ];
    fields.extend(GREETINGS.map(|(language, name)| {
        let greeting = content.greetings.get(language.code()).cloned().unwrap_or_default();
        let field = Field::new(words, name, &format!("profile-{name}"), Kind::Text { rows: 3 });
        field.hint(words.text("profile-greeting-hint")).value(greeting)
    }));
    fields.extend([
        Field::new(words, "prompt", "profile-prompt", Kind::Text { rows: 7 })
            .hint(words.text("profile-prompt-hint"))
            .value(&*content.prompt),
        Field::typed(words, "silenceSeconds", "profile-silence", "number")
            .hint(words.text("profile-silence-hint"))
            .value(number(content.silence_seconds)),
        Field::typed(words, "maxMinutes", "profile-longest", "number")
            .hint(words.text("profile-longest-hint"))
            .value(number(content.max_minutes)),
    ]);
    let form = Form::new(fields);
    match version {
        Some(version) => form.of_version(*version),
        None => form,
    }
}

pub(super) fn choice(none: (String, String), others: impl Iterator<Item = (String, String)>) -> Kind {
    Kind::Choice([none].into_iter().chain(others).collect())
}

/// All that can be chosen, and what is chosen now if it is none of them.
pub(super) fn with<'a>(all: &'a [String], now: &'a str) -> impl Iterator<Item = &'a str> {
    let other = Some(now).filter(|now| !now.is_empty() && !all.iter().any(|it| it == now));
    all.iter().map(String::as_str).chain(other)
}

/// `1.25` is 125 %.
fn speed_name(speed: &str) -> String {
    let percent = speed.parse::<f32>().map(|speed| (speed * 100.0).round());
    percent.map_or_else(|_| speed.to_owned(), |percent| format!("{percent} %"))
}

fn filled(profile: &Profile) -> Filled<'_> {
    Filled {
        content: &profile.content,
        script: profile.script.as_ref().map(ToString::to_string),
        version: Some(profile.version),
    }
}

fn configured<'a>(state: &'a State, name: &str) -> Result<&'a config::Profile, ApiError> {
    let profile = state.config.agent.profiles.iter().find(|profile| profile.name == name);
    profile.ok_or(ApiError::NotFound("profile"))
}

/// `GET /desk/profiles/new`: blank, or a copy of one of the file (`?from=default`), whose place it takes.
pub(super) async fn blank(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let content = match asked.get("from") {
        Some(name) => admin::content(configured(&state, name)?),
        None => Content { speed: 1.0, ..Content::default() },
    };
    let filled = Filled { content: &content, script: None, version: None };
    let form = form_of(desk.words, &filled, &choices(&state).await?);
    Ok(Desk::show(&ProfilePage { desk, subject: Subject::New, form, is_sent: false }))
}

/// `GET /desk/profiles/{id}`
pub(super) async fn profile(
    desk: Desk,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let mut choices = choices(&state).await?;
    if let Some(name) = id.strip_prefix(CONFIGURED) {
        let profile = configured(&state, name)?;
        let content = admin::content(profile);
        let script = profile.script.as_ref().map(|source| source_name(source, ToString::to_string));
        // A file's script is none of those that can be chosen, but is shown.
        choices.scripts.clear();
        let filled = Filled { content: &content, script: None, version: None };
        let mut form = form_of(desk.words, &filled, &choices);
        form.fields.iter_mut().filter(|field| field.name == "scriptId").for_each(|field| {
            *field = Field::line(desk.words, "scriptId", "profile-script").value(script.clone().unwrap_or_default());
        });
        let subject = Subject::Configured(name.to_owned());
        return Ok(Desk::show(&ProfilePage { desk, subject, form, is_sent: false }));
    }
    let (profile, is_sent) = read(&state, &id).await?;
    let form = form_of(desk.words, &filled(&profile), &choices);
    Ok(Desk::show(&ProfilePage { desk, subject: Subject::Stored(Box::new(profile)), form, is_sent }))
}

/// The profile, and whether rules would be left without it.
async fn read(state: &State, id: &str) -> Result<(Profile, bool), ApiError> {
    let id = profile_id(id, &state.config)?;
    let config = std::sync::Arc::clone(&state.config);
    let read = state.store.read(move |connection| {
        let Some(profile) = profiles::find(connection, &id)? else { return Ok(None) };
        let name = &profile.content.name;
        let stays = config.agent.profiles.iter().any(|profile| profile.name == *name);
        let is_sent = !stays && rules::is_sent(connection, name)?;
        Ok(Some((profile, is_sent)))
    });
    read.await?.ok_or(ApiError::NotFound("profile"))
}

/// What was sent, checked: greetings in the languages that the form does not ask for stay as they were.
fn patch(form: &Form, sent: &Sent, old: &BTreeMap<String, String>) -> Result<Patch, ApiError> {
    let mut fields: Map<String, Value> = form::input(form, sent)?;
    let mut greetings: Map<String, Value> =
        old.iter().map(|(code, text)| (code.clone(), Value::String(text.clone()))).collect();
    for (language, name) in GREETINGS {
        if let Some(text) = fields.remove(name) {
            greetings.insert(language.code().to_owned(), text);
        }
    }
    fields.insert("greetings".to_owned(), Value::Object(greetings));
    let input: ProfileInput = serde_json::from_value(Value::Object(fields)).map_err(|_| ApiError::Form)?;
    input.check().map_err(ApiError::Fields)
}

/// `POST /desk/profiles`
pub(super) async fn create(
    desk: Desk,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let content = Content { speed: 1.0, ..Content::default() };
    let filled = Filled { content: &content, script: None, version: None };
    let form = form_of(desk.words, &filled, &choices(&state).await?).typed(&sent.fields);
    let made = match patch(&form, &sent.fields, &content.greetings) {
        Ok(patch) => admin::make(&state, desk.actor(), patch).await,
        Err(error) => Err(error),
    };
    let saved = Saved { path: made.map(|profile| path_of(&profile)), done: "profile-made" };
    saved.answer(desk, form, None, |desk, form| {
        Desk::show_again(&ProfilePage { desk, subject: Subject::New, form, is_sent: false })
    })
}

/// `POST /desk/profiles/{id}`
pub(super) async fn update(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (profile, is_sent) = read(&state, &id).await?;
    let choices = choices(&state).await?;
    let stored = form_of(desk.words, &filled(&profile), &choices);
    let form = form_of(desk.words, &filled(&profile), &choices).typed(&sent.fields);
    let version = IfMatch(Some(form::version(&sent.fields)?));
    let saved = match patch(&form, &sent.fields, &profile.content.greetings) {
        Ok(patch) => admin::save(&state, desk.actor(), profile.id.clone(), version, patch).await,
        Err(error) => Err(error),
    };
    let saved = Saved { path: saved.map(|profile| path_of(&profile)), done: "profile-saved" };
    saved.answer(desk, form, Some(&stored), |desk, form| {
        Desk::show_again(&ProfilePage { desk, subject: Subject::Stored(Box::new(profile)), form, is_sent })
    })
}

/// `POST /desk/profiles/{id}/delete`
pub(super) async fn delete(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let version = IfMatch(Some(form::version(&sent.fields)?));
    admin::remove(&state, desk.actor(), profile_id(&id, &state.config)?, version).await?;
    undo::offer(&state, &desk, PATH, "profile-deleted", &id).await
}

// ---- a voice to be listened to ----

/// `GET /desk/voice-sample`: a few words by the voice that a form has (`?voice=espeak&language=ar&speed=1.1`), as a WAV file.
pub(super) async fn sample(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = |name: &str| asked.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let language = asked("language").and_then(|code| code.parse().ok()).unwrap_or(desk.words.language());
    let speed = asked("speed").and_then(|speed| speed.parse().ok()).unwrap_or(1.0);
    if !(0.5..=2.0).contains(&speed) {
        return Err(ApiError::field("speed", "must be a number from 0.5 to 2"));
    }
    let words = Locale::of(language).unwrap_or(desk.words).text("voice-sample");
    let wav = state.rehearsals.sample(&words, language, asked("voice").map(str::to_owned), speed).await?;
    Ok(HttpResponse::Ok().content_type("audio/wav").insert_header((header::CACHE_CONTROL, "no-store")).body(wav))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_now_can_be_chosen() {
        let all = ["a".to_owned(), "b".to_owned()];
        for (now, expected) in [("", vec!["a", "b"]), ("b", vec!["a", "b"]), ("c", vec!["a", "b", "c"])] {
            assert_eq!(with(&all, now).collect::<Vec<_>>(), expected);
        }
        assert_eq!(speed_name("1.1"), "110 %");
        assert!(SPEEDS.iter().all(|speed| speed.parse::<f32>().is_ok_and(|it| it.to_string() == *speed)));
    }

    #[test]
    fn greetings_that_are_not_asked_for_stay() {
        let words = Locale::of(Language::ENGLISH).unwrap();
        let content = Content { speed: 1.0, ..Content::default() };
        let choices = Choices { scripts: Vec::new(), voices: Vec::new() };
        let form = form_of(words, &Filled { content: &content, script: None, version: None }, &choices);
        let sent: Sent = [("name", "sales"), ("greeting-en", "Hello."), ("greeting-ar", ""), ("speed", "1.25")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let old = BTreeMap::from([("de".to_owned(), "Hallo.".to_owned()), ("ar".to_owned(), "مرحبا".to_owned())]);
        let patch = patch(&form, &sent, &old).unwrap();
        let content = patch.apply(content);
        let greetings: Vec<_> = content.greetings.iter().map(|(code, text)| (code.as_str(), text.as_str())).collect();
        assert_eq!(greetings, [("de", "Hallo."), ("en", "Hello.")]);
        assert_eq!((content.name.as_str(), content.speed), ("sales", 1.25));
    }
}
