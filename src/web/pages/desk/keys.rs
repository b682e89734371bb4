//! Keys for programs: which there are, what each may do, when it was last used. A secret is shown once.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    form::{Field, Form, Kind, Saved, Sent},
    frame::Desk,
    listing::{Asked, Listing, lenient},
};
use crate::{
    locale::Locale,
    people,
    store::{
        api_keys::{self, ApiKey, Scope},
        now,
    },
    web::{
        State,
        api::staff::api_keys::{KeyFilter, KeyWanted, forbid},
        error::ApiError,
        form::StaffForm,
    },
};

pub(super) const PATH: &str = "/desk/keys";

// ---- all of them ----

#[derive(Template)]
#[template(path = "desk/keys.html")]
struct KeysPage {
    desk: Desk,
    list: Listing<ApiKey>,
}

impl KeysPage {
    fn scopes(&self) -> &'static [Scope] {
        Scope::ALL
    }

    fn scope(&self, scope: &Scope) -> Cow<'_, str> {
        self.desk.words.word("scope", scope.as_str())
    }
}

/// `GET /desk/keys`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let revoked = asked.get("revoked").and_then(|text| text.parse().ok());
    let filter = KeyFilter { q: asked.owned("q"), revoked, scope: asked.owned("scope") };
    let (filter, _) = lenient(filter.check())?;
    let list = Listing::read(&state, (PATH, &api_keys::TABLE), asked, filter, api_keys::page).await?;
    Ok(Desk::show(&KeysPage { desk, list }))
}

/// `POST /desk/keys/{id}/revoke`
pub(super) async fn revoke(
    desk: Desk,
    key: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    forbid(&state, desk.actor(), &key).await?;
    Ok(Desk::see(PATH, "key-revoked"))
}

// ---- a new one ----

#[derive(Template)]
#[template(path = "desk/key.html")]
struct KeyPage {
    desk: Desk,
    form: Form,
}

#[derive(Template)]
#[template(path = "desk/key_made.html")]
struct MadePage {
    desk: Desk,
    name: String,
    secret: String,
}

/// A name, and a box for each scope.
fn blank_form(words: &'static Locale) -> Form {
    let name = Field::line(words, "name", "key-name").required().hint(words.text("key-name-hint"));
    let scope = |scope: &Scope| {
        let key = format!("scope-{scope}");
        Field::new(words, scope.as_str(), &key, Kind::Check).hint(words.text(&format!("{key}-may")))
    };
    Form::new([name].into_iter().chain(Scope::ALL.iter().map(scope)).collect())
}

/// What the form asks for.
fn wanted(sent: &Sent) -> KeyWanted {
    let scopes = Scope::ALL.iter().filter(|scope| sent.contains_key(scope.as_str()));
    KeyWanted { name: sent.get("name").cloned().unwrap_or_default(), scopes: scopes.map(ToString::to_string).collect() }
}

/// `GET /desk/keys/new`
pub(super) async fn blank(desk: Desk) -> Result<HttpResponse, ApiError> {
    let form = blank_form(desk.words);
    Ok(Desk::show(&KeyPage { desk, form }))
}

/// `POST /desk/keys`: the page with the secret, this once.
pub(super) async fn create(
    desk: Desk,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let made = async {
        let now = now();
        let new = wanted(&sent.fields).parse(now)?;
        Ok::<_, ApiError>(state.store.change(desk.actor(), now, move |change| people::create_key(change, &new)).await?)
    };
    match made.await {
        Ok((key, secret)) => Ok(Desk::show(&MadePage { desk, name: key.name, secret: secret.reveal().to_owned() })),
        Err(error) => {
            let form = blank_form(desk.words).typed(&sent.fields);
            let refused = Saved { path: Err(error), done: "" };
            refused.answer(desk, form, None, |desk, form| Desk::show_again(&KeyPage { desk, form }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn a_box_is_a_scope() {
        let sent = |pairs: &[(&str, &str)]| {
            wanted(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        let asked = sent(&[("name", "CRM"), ("desk", "true"), ("read", "true"), ("other", "true")]);
        assert_eq!(
            (asked.name.as_str(), asked.scopes.as_slice()),
            ("CRM", &["read".to_owned(), "desk".to_owned()][..])
        );
        let refused = sent(&[("name", "CRM")]).parse(now()).unwrap_err();
        let words = Locale::of(Language::ARABIC).unwrap();
        let problem = blank_form(words).refused(words, &refused).problem.unwrap();
        assert!(problem.starts_with("الصلاحيات") && problem.contains("token"), "{problem}");
    }

    #[test]
    fn each_scope_says_what_it_may() {
        for locale in Locale::all() {
            let form = blank_form(locale);
            assert_eq!(form.fields.len(), Scope::ALL.len() + 1);
            assert!(form.fields.iter().all(|field| field.hint.as_ref().is_some_and(|hint| !hint.contains("scope-"))));
        }
    }
}
