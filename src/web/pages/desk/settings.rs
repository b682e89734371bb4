//! What an administrator sets while the desk runs, and the keys of other services.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    form::{self, Field, Form, Kind, Saved, Sent},
    frame::Desk,
};
use crate::{
    locale::Locale,
    store::{
        provider_keys::{self, ProviderKey},
        settings::{self, Stored},
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

#[derive(Template)]
#[template(path = "desk/settings.html")]
struct SettingsPage {
    desk: Desk,
    form: Form,
    keys: Vec<ProviderKey>,
    key_form: Form,
}

fn form_of(words: &'static Locale, stored: &Stored) -> Form {
    let settings = &stored.settings;
    let text = |value: Option<String>| value.unwrap_or_default();
    let days = |name, label: &str, days: Option<u32>| {
        let field = Field::new(words, name, label, Kind::Line { input: "number", most: 5 });
        field.hint(words.text("settings-days-hint")).value(text(days.map(|days| days.to_string())))
    };
    let hosts: Vec<_> = settings.script_hosts.iter().map(ToString::to_string).collect();
    Form::new(vec![
        Field::line(words, "deskName", "settings-name").value(text(settings.desk_name.clone())),
        Field::line(words, "country", "settings-country")
            .hint(words.text("settings-country-hint"))
            .value(text(settings.country.map(|it| it.code().to_owned()))),
        Field::line(words, "currency", "settings-currency")
            .hint(words.text("settings-currency-hint"))
            .value(text(settings.currency.map(|it| it.to_string()))),
        days("retentionDays.transcripts", "settings-transcripts", settings.retention_days.transcripts),
        days("retentionDays.messages", "settings-messages", settings.retention_days.messages),
        Field::new(words, "scriptHosts", "settings-hosts", Kind::Text { rows: 4 })
            .hint(words.text("settings-hosts-hint"))
            .value(hosts.join("\n")),
    ])
    .of_version(stored.version)
}

fn key_form(words: &'static Locale) -> Form {
    Form::new(vec![
        Field::line(words, "provider", "provider").required().hint(words.text("provider-hint")),
        Field::new(words, "key", "provider-key", Kind::Line { input: "password", most: 4096 }).required(),
    ])
}

/// What the form sends, as the API takes it: a host a line.
fn input(sent: &Sent) -> Result<SettingsInput, ApiError> {
    let text = |name: &str| sent.get(name).map_or(Value::Null, |text| json!(text));
    let hosts: Vec<_> = sent
        .get("scriptHosts")
        .into_iter()
        .flat_map(|text| text.lines())
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    let days = json!({ "transcripts": text("retentionDays.transcripts"), "messages": text("retentionDays.messages") });
    let given = json!({
        "deskName": text("deskName"), "country": text("country"), "currency": text("currency"), "scriptHosts": hosts,
        "retentionDays": days,
    });
    serde_json::from_value(given).map_err(|_| ApiError::Form)
}

async fn read(state: &State) -> Result<(Stored, Vec<ProviderKey>), ApiError> {
    let read = state.store.read(|connection| Ok((settings::stored(connection)?, provider_keys::list(connection)?)));
    Ok(read.await?)
}

/// `GET /desk/settings`
pub(super) async fn page(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (stored, keys) = read(&state).await?;
    let (form, key_form) = (form_of(desk.words, &stored), key_form(desk.words));
    Ok(Desk::show(&SettingsPage { desk, form, keys, key_form }))
}

/// `POST /desk/settings`
pub(super) async fn save(desk: Desk, sent: StaffForm<Sent>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (stored, keys) = read(&state).await?;
    let now = form_of(desk.words, &stored);
    let form = form_of(desk.words, &stored).typed(&sent.fields);
    let saved = async {
        let patch = input(&sent.fields)?.check().map_err(ApiError::Fields)?;
        let expected = IfMatch(Some(form::version(&sent.fields)?));
        let changed =
            state.store.change(desk.actor(), Timestamp::now(), move |change| api::save(change, &expected, patch));
        changed.await
    };
    let saved = Saved { path: saved.await.map(|_| PATH.to_owned()), done: "settings-saved" };
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
    let settings_form = form_of(desk.words, &stored);
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

    #[test]
    fn what_is_wrong_stands_at_its_field() {
        let words = Locale::first([]);
        let stored = Stored { settings: Settings::default(), version: 1, updated_at: None };
        let asked = sent(&[
            ("country", "Egypt"),
            ("currency", ""),
            ("retentionDays.transcripts", "0"),
            ("retentionDays.messages", "90"),
            ("scriptHosts", "crm.example.com\r\n\r\nhttps://x\r\n"),
        ]);
        let Err(problems) = input(&asked).unwrap().check() else { panic!("three fields are wrong") };
        let form = form_of(words, &stored).typed(&asked).refused(words, &ApiError::Fields(problems));
        let wrong: Vec<_> = form.fields.iter().filter(|it| it.problem.is_some()).map(|it| it.name).collect();
        assert_eq!(wrong, ["country", "retentionDays.transcripts", "scriptHosts"]);
        let good = sent(&[("country", "EG"), ("scriptHosts", ""), ("retentionDays.transcripts", "")]);
        assert!(input(&good).unwrap().check().is_ok());
    }
}
