//! `/api/admin/settings`: what an administrator may set while the desk runs.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
};
use crate::{
    domain::{Country, Currency, Host, Language},
    store::{
        Change,
        settings::{self, RetentionDays, Settings, Stored, UsualVoices},
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

/// So many hosts may be listed.
const MOST_HOSTS: usize = 50;
/// So many languages may be named.
const MOST_LANGUAGES: usize = 10;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/settings", Access::ADMIN, || web::route().to(find)),
    Endpoint::patch("/api/admin/settings", Access::ADMIN, || web::route().to(update)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(find, update))]
pub(super) struct Described;

/// Settings as they are given. Absent ones are left as they are, null empties one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::web) struct SettingsInput {
    #[schema(value_type = Option<String>)]
    desk_name: Given,
    /// Two letters (ISO 3166-1): where telephone numbers without a country's code are from.
    #[schema(value_type = Option<String>)]
    country: Given,
    /// Three letters (ISO 4217).
    #[schema(value_type = Option<String>)]
    currency: Given,
    /// The hosts that scripts may ask, 50 at most, such as `crm.example.com` or `127.0.0.1:8080`. The list takes the place of
    /// the one in force; null: none.
    #[schema(value_type = Option<Vec<String>>)]
    script_hosts: Given,
    /// What is spoken in calls whose invitation, rule and profile say nothing, the first of them first: codes such as `ar`, 10 at
    /// most; null: all that the box speaks.
    #[schema(value_type = Option<Vec<String>>)]
    languages: Given,
    voices: VoicesInput,
    /// Whether callers of the page need no key. Where the configuration sets `server.public_calls`, that holds.
    #[schema(value_type = Option<bool>)]
    public_calls: Given,
    retention_days: RetentionInput,
}

/// Who speaks where a profile names no voice, by the ids of voices; null: the language's usual one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
struct VoicesInput {
    /// In English.
    #[schema(value_type = Option<String>)]
    en: Given,
    /// In Arabic.
    #[schema(value_type = Option<String>)]
    ar: Given,
}

/// How long things are kept, in days; null: for ever.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
struct RetentionInput {
    /// What was said in calls: 1 to 36500.
    #[schema(value_type = Option<u32>)]
    transcripts: Given,
    /// Text messages that are sent, or will not be: 1 to 36500.
    #[schema(value_type = Option<u32>)]
    messages: Given,
}

/// The settings in force.
#[utoipa::path(
    get, path = "/api/admin/settings", tag = "settings",
    responses((status = 200, description = "The settings", body = Stored))
)]
async fn find(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let stored = state.store.read(settings::stored).await?;
    Ok(entity::found(stored.version, &stored))
}

/// Changes settings. Each is in force at once.
#[utoipa::path(
    patch, path = "/api/admin/settings", tag = "settings", request_body = SettingsInput,
    responses(
        (status = 200, description = "As they are now", body = Stored),
        (status = 412, description = "Somebody else has changed them"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    expected: IfMatch,
    body: Body<SettingsInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let patch = body.0.check().map_err(ApiError::Fields)?;
    let changed = state.store.change(by.0, Timestamp::now(), move |change| save(change, &expected, patch));
    let stored = changed.await?;
    Ok(entity::found(stored.version, &stored))
}

/// Settings that are to change; `None` stays as it is.
pub(in crate::web) struct SettingsPatch {
    desk_name: Option<Option<String>>,
    country: Option<Option<Country>>,
    currency: Option<Option<Currency>>,
    script_hosts: Option<Vec<Host>>,
    languages: Option<Vec<Language>>,
    english_voice: Option<Option<String>>,
    arabic_voice: Option<Option<String>>,
    public_calls: Option<bool>,
    transcripts: Option<Option<u32>>,
    messages: Option<Option<u32>>,
}

impl SettingsInput {
    /// What is to change, or all that is wrong.
    pub(in crate::web) fn check(self) -> Result<SettingsPatch, Vec<FieldProblem>> {
        let (given, mut checks) = (self, Checks::default());
        let retention = given.retention_days;
        let patch = SettingsPatch {
            desk_name: checks.optional("deskName", given.desk_name, input::line),
            country: checks.optional("country", given.country, str::parse),
            currency: checks.optional("currency", given.currency, str::parse),
            script_hosts: checks.list("scriptHosts", given.script_hosts, MOST_HOSTS, str::parse),
            languages: checks.list("languages", given.languages, MOST_LANGUAGES, input::language),
            english_voice: checks.optional("voices.en", given.voices.en, input::line),
            arabic_voice: checks.optional("voices.ar", given.voices.ar, input::line),
            public_calls: checks.truth("publicCalls", given.public_calls),
            transcripts: checks.optional("retentionDays.transcripts", retention.transcripts.or_number(), kept_days),
            messages: checks.optional("retentionDays.messages", retention.messages.or_number(), kept_days),
        };
        input::checked(checks, patch)
    }
}

/// Changes the settings, which must still be at the version that is expected.
pub(in crate::web) fn save(change: &Change<'_>, expected: &IfMatch, patch: SettingsPatch) -> Result<Stored, ApiError> {
    let Stored { settings: old, version, .. } = settings::stored(change.transaction)?;
    expected.fits(version)?;
    let wanted = Settings {
        desk_name: patch.desk_name.unwrap_or(old.desk_name),
        country: patch.country.unwrap_or(old.country),
        currency: patch.currency.unwrap_or(old.currency),
        script_hosts: patch.script_hosts.unwrap_or(old.script_hosts),
        languages: patch.languages.unwrap_or(old.languages),
        voices: UsualVoices {
            en: patch.english_voice.unwrap_or(old.voices.en),
            ar: patch.arabic_voice.unwrap_or(old.voices.ar),
        },
        public_calls: patch.public_calls.unwrap_or(old.public_calls),
        retention_days: RetentionDays {
            transcripts: patch.transcripts.unwrap_or(old.retention_days.transcripts),
            messages: patch.messages.unwrap_or(old.retention_days.messages),
        },
        setup: old.setup,
    };
    Ok(settings::replace(change, &wanted)?)
}

/// Nothing is kept for no time at all: a call's transcript is needed while it goes on.
fn kept_days(text: &str) -> Result<u32, &'static str> {
    let days = input::days(text).ok().filter(|days| *days > 0);
    days.ok_or("must be a number of days from 1 to 36500, or null to keep them for ever")
}
