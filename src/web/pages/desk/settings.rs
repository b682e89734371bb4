//! What an administrator sets while the desk runs, and the keys of other services.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde_json::{Map, json};

use super::{
    form::{self, Field, Form, Kind, Saved, Sent},
    frame::Desk,
    profiles,
};
use crate::{
    domain::Language,
    locale::Locale,
    store::{
        provider_keys::{self, ProviderKey},
        settings::{self, Settings, Stored},
    },
    web::{
        State,
        api::{
            admin::{
                provider_keys::{KeyInput, provider},
                settings::{self as api, SettingsInput},
            },
            entity::IfMatch,
        },
        error::ApiError,
        form::StaffForm,
    },
};

pub(super) const PATH: &str = "/desk/settings";
const LANGUAGES: &str = "languages";
const HOSTS: &str = "scriptHosts";
/// The fields that name a voice, and what it speaks.
const VOICES: [(&str, Language); 2] = [("voices.en", Language::ENGLISH), ("voices.ar", Language::ARABIC)];

#[derive(Template)]
#[template(path = "desk/settings.html")]
struct SettingsPage {
    desk: Desk,
    form: Form,
    keys: Vec<ProviderKey>,
    key_form: Form,
}

impl SettingsPage {
    /// What the voice speaks that a field names, if it names one.
    fn spoken(&self, field: &Field) -> Option<&'static str> {
        VOICES.iter().find(|(name, _)| *name == field.name).map(|(_, language)| language.code())
    }
}

/// What can be chosen that the database does not know.
pub(super) struct Choices {
    /// The voices that are here, by the field that names one.
    voices: [(&'static str, Language, Vec<String>); 2],
    /// Whether callers need no key, where the configuration says it.
    public_calls: Option<bool>,
}

impl Choices {
    async fn read(state: &State) -> Result<Self, ApiError> {
        let config = Arc::clone(&state.config);
        let public_calls = config.server.public_calls;
        let voices = web::block(move || {
            VOICES.map(|(field, language)| (field, language, profiles::voices(&config, Some(language))))
        });
        Ok(Self { voices: voices.await.map_err(|_| ApiError::Failed)?, public_calls })
    }
}

/// Where the desk is, what it calls itself and what it speaks: the set-up asks for these too.
pub(super) fn desk_fields(words: &'static Locale, settings: &Settings) -> Vec<Field> {
    let text = |value: Option<String>| value.unwrap_or_default();
    let codes: Vec<_> = settings.languages.iter().map(|language| language.code()).collect();
    vec![
        Field::line(words, "deskName", "settings-name").value(text(settings.desk_name.clone())),
        Field::line(words, "country", "settings-country")
            .hint(words.text("settings-country-hint"))
            .value(text(settings.country.map(|it| it.code().to_owned()))),
        Field::line(words, "currency", "settings-currency")
            .hint(words.text("settings-currency-hint"))
            .value(text(settings.currency.map(|it| it.to_string()))),
        Field::new(words, LANGUAGES, "settings-languages", languages(words, &settings.languages))
            .hint(words.text("settings-languages-hint"))
            .value(codes.join(" ")),
    ]
}

/// Languages in their order, as codes with blanks between them: those that the pages are in, and what is set if it is another.
fn languages(words: &'static Locale, now: &[Language]) -> Kind {
    let (en, ar) = (Language::ENGLISH, Language::ARABIC);
    let mut all = vec![vec![], vec![en, ar], vec![ar, en], vec![en], vec![ar]];
    if !all.iter().any(|it| it == now) {
        all.push(now.to_vec());
    }
    let choice = |languages: Vec<Language>| {
        let codes: Vec<_> = languages.iter().map(|language| language.code()).collect();
        let mut names = languages.iter().map(|language| words.word("language", language.code()).into_owned());
        let said = match (names.next(), names.collect::<Vec<_>>()) {
            (None, _) => words.text("settings-languages-all"),
            (Some(only), others) if others.is_empty() => {
                words.with("settings-languages-only", &[("name", only.into())])
            }
            (Some(first), others) => {
                words.with("settings-languages-first", &[("name", first.into()), ("others", others.join(", ").into())])
            }
        };
        (codes.join(" "), said.into_owned())
    };
    Kind::Choice(all.into_iter().map(choice).collect())
}

fn form_of(words: &'static Locale, stored: &Stored, choices: &Choices) -> Form {
    let settings = &stored.settings;
    let days = |name, label: &str, days: Option<u32>| {
        let field = Field::new(words, name, label, Kind::Line { input: "number", most: 5 });
        let days = days.map(|days| days.to_string()).unwrap_or_default();
        field.hint(words.text("settings-days-hint")).value(days)
    };
    let mut fields = desk_fields(words, settings);
    for (name, language, here) in &choices.voices {
        let set = settings.voices.all().find(|(of, _)| of == language).map(|(_, voice)| voice.as_str());
        let set = set.unwrap_or_default();
        let none = (String::new(), words.text("profile-voice-usual").into_owned());
        let voices = profiles::with(here, set).map(|voice| (voice.to_owned(), voice.to_owned()));
        let label = format!("settings-voice-{}", language.code());
        fields.push(Field::new(words, name, &label, profiles::choice(none, voices)).value(set));
    }
    fields.push(public_field(words, settings, choices.public_calls));
    let hosts: Vec<_> = settings.script_hosts.iter().map(ToString::to_string).collect();
    fields.extend([
        days("retentionDays.transcripts", "settings-transcripts", settings.retention_days.transcripts),
        days("retentionDays.messages", "settings-messages", settings.retention_days.messages),
        Field::new(words, HOSTS, "settings-hosts", Kind::Text { rows: 4 })
            .hint(words.text("settings-hosts-hint"))
            .value(hosts.join("\n")),
    ]);
    Form::new(fields).of_version(stored.version)
}

fn public_field(words: &'static Locale, settings: &Settings, configured: Option<bool>) -> Field {
    let field = Field::new(words, "publicCalls", "settings-public", Kind::Check);
    let field = field.ticked(configured.unwrap_or(settings.public_calls));
    match configured {
        Some(_) => field.fixed().hint(words.text("settings-public-configured")),
        None => field.hint(words.text("settings-public-hint")),
    }
}

fn key_form(words: &'static Locale) -> Form {
    Form::new(vec![
        Field::line(words, "provider", "provider").required().hint(words.text("provider-hint")),
        Field::new(words, "key", "provider-key", Kind::Line { input: "password", most: 4096 }).required(),
    ])
}

/// What a form of settings sends, as the API takes it: of its own fields only, a host a line, and `a.b` as `b` within `a`.
pub(super) fn input(form: &Form, sent: &Sent) -> Result<SettingsInput, ApiError> {
    let mut given = Map::new();
    for field in form.fields.iter().filter(|field| !field.is_fixed) {
        let text = sent.get(field.name).map(String::as_str);
        let list = |pieces: Vec<&str>| json!(pieces);
        let value = match (field.name, &field.kind) {
            (_, Kind::Check) => json!(text.is_some()),
            (HOSTS, _) => {
                list(text.into_iter().flat_map(str::lines).map(str::trim).filter(|it| !it.is_empty()).collect())
            }
            (LANGUAGES, _) => list(text.into_iter().flat_map(str::split_whitespace).collect()),
            _ => json!(text),
        };
        match field.name.split_once('.') {
            Some((group, name)) => {
                let group = given.entry(group).or_insert_with(|| json!({}));
                group[name] = value;
            }
            None => {
                given.insert(field.name.to_owned(), value);
            }
        }
    }
    form::input_of(given)
}

async fn read(state: &State) -> Result<(Stored, Vec<ProviderKey>), ApiError> {
    let read = state.store.read(|connection| Ok((settings::stored(connection)?, provider_keys::list(connection)?)));
    Ok(read.await?)
}

/// Saves what a form sent, if its version is the stored one.
pub(super) async fn store(desk: &Desk, state: &State, form: &Form, sent: &Sent) -> Result<(), ApiError> {
    let patch = input(form, sent)?.check().map_err(ApiError::Fields)?;
    let expected = IfMatch(Some(form::version(sent)?));
    let saved =
        state.store.change(desk.actor(), Timestamp::now(), move |change| api::save(change, &expected, patch).map(drop));
    saved.await
}

/// `GET /desk/settings`
pub(super) async fn page(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (stored, keys) = read(&state).await?;
    let (form, key_form) = (form_of(desk.words, &stored, &Choices::read(&state).await?), key_form(desk.words));
    Ok(Desk::show(&SettingsPage { desk, form, keys, key_form }))
}

/// `POST /desk/settings`
pub(super) async fn save(desk: Desk, sent: StaffForm<Sent>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let ((stored, keys), choices) = (read(&state).await?, Choices::read(&state).await?);
    let now = form_of(desk.words, &stored, &choices);
    let form = form_of(desk.words, &stored, &choices).typed(&sent.fields);
    let saved = store(&desk, &state, &form, &sent.fields).await;
    let saved = Saved { path: saved.map(|()| PATH.to_owned()), done: "settings-saved" };
    let key_form = key_form(desk.words);
    saved.answer(desk, form, Some(&now), |desk, form| Desk::show_again(&SettingsPage { desk, form, keys, key_form }))
}

// ---- keys of other services ----

/// `POST /desk/settings/keys`
pub(super) async fn put_key(
    desk: Desk,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (stored, keys) = read(&state).await?;
    let settings_form = form_of(desk.words, &stored, &Choices::read(&state).await?);
    let form = key_form(desk.words).typed(&sent.fields);
    let put = async {
        let name = provider(sent.fields.get("provider").map(|it| it.trim().to_owned()).unwrap_or_default())?;
        let key = form::input::<KeyInput>(&form, &sent.fields)?.check().map_err(ApiError::Fields)?;
        let put =
            state.store.change(desk.actor(), Timestamp::now(), move |change| provider_keys::put(change, &name, &key));
        Ok(put.await?)
    };
    let saved = Saved { path: put.await.map(|_| PATH.to_owned()), done: "key-put" };
    saved.answer(desk, form, None, |desk, mut key_form| {
        // A key is shown to nobody, not even to who has just typed it.
        key_form.fields.iter_mut().filter(|field| field.name == "key").for_each(|field| field.value.clear());
        Desk::show_again(&SettingsPage { desk, form: settings_form, keys, key_form })
    })
}

/// `POST /desk/settings/keys/{provider}/delete`
pub(super) async fn delete_key(
    desk: Desk,
    name: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let name = provider(name.into_inner())?;
    let deleted =
        state.store.change(desk.actor(), Timestamp::now(), move |change| provider_keys::delete(change, &name));
    if deleted.await? { Ok(Desk::see(PATH, "key-taken-out")) } else { Err(ApiError::NotFound("provider key")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::settings::Settings;

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const CHOICES: Choices = Choices {
        voices: [("voices.en", Language::ENGLISH, Vec::new()), ("voices.ar", Language::ARABIC, Vec::new())],
        public_calls: None,
    };

    fn stored() -> Stored {
        Stored { settings: Settings::default(), version: 1, updated_at: None }
    }

    #[test]
    fn what_is_wrong_stands_at_its_field() {
        let words = Locale::first([]);
        let form = || form_of(words, &stored(), &CHOICES);
        let asked = sent(&[
            ("country", "Egypt"),
            ("currency", ""),
            ("languages", "ar en"),
            ("retentionDays.transcripts", "0"),
            ("retentionDays.messages", "90"),
            ("scriptHosts", "crm.example.com\r\n\r\nhttps://x\r\n"),
        ]);
        let Err(problems) = input(&form(), &asked).unwrap().check() else { panic!("three fields are wrong") };
        let refused = form().typed(&asked).refused(words, &ApiError::Fields(problems));
        let wrong: Vec<_> = refused.fields.iter().filter(|it| it.problem.is_some()).map(|it| it.name).collect();
        assert_eq!(wrong, ["country", "retentionDays.transcripts", "scriptHosts"]);
        let good = sent(&[("country", "EG"), ("scriptHosts", ""), ("retentionDays.transcripts", "")]);
        assert!(input(&form(), &good).unwrap().check().is_ok());
    }

    #[test]
    fn what_the_configuration_decides_cannot_be_ticked() {
        let words = Locale::first([]);
        let ticked = sent(&[("publicCalls", "true")]);
        for (configured, is_fixed, shown) in
            [(None, false, "true"), (Some(true), true, "true"), (Some(false), true, "")]
        {
            let form = form_of(words, &stored(), &Choices { public_calls: configured, ..CHOICES }).typed(&ticked);
            let field = form.fields.iter().find(|field| field.name == "publicCalls").unwrap();
            assert_eq!((field.is_fixed, field.value.as_str()), (is_fixed, shown), "{configured:?}");
        }
    }

    #[test]
    fn languages_that_are_set_can_be_chosen() {
        let words = Locale::first([]);
        let german: Language = "de".parse().unwrap();
        for (set, expected) in [(vec![], 5), (vec![Language::ARABIC], 5), (vec![german, Language::ENGLISH], 6)] {
            let Kind::Choice(choices) = languages(words, &set) else { panic!("languages are chosen") };
            assert_eq!(choices.len(), expected, "{set:?}");
            let codes: Vec<_> = set.iter().map(|language| language.code()).collect();
            assert!(choices.iter().any(|(value, _)| *value == codes.join(" ")));
        }
    }
}
