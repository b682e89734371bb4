//! What can be done with a lead or a customer besides changing what is known of them.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value};

use super::{
    super::{
        form::{self, Field, Form, Kind as Input, Sent},
        frame::Desk,
        listing::Asked,
        notice::undo_at,
        undo,
    },
    Party, Person,
    page::Known,
    whose,
};
use crate::{
    domain::Pii,
    locale::Locale,
    store::{communications::Contact, do_not_call::Entry},
    web::{
        State,
        api::{
            admin::{
                callbacks, communications,
                do_not_call::{self, Removal},
                promises, sms,
            },
            voice::invite,
        },
        error::ApiError,
        form::StaffForm,
    },
};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Note something.
    Note,
    /// Write a text message.
    Sms,
    /// Agree on a call.
    Callback,
    /// Note a promise to pay.
    Promise,
    /// Put their number on the do-not-call list.
    Block,
    /// Take it off.
    Unblock,
}

impl Act {
    pub(super) const ALL: &'static [Self] =
        &[Self::Note, Self::Sms, Self::Callback, Self::Promise, Self::Block, Self::Unblock];

    /// In addresses, and in words: `act-note`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Sms => "sms",
            Self::Callback => "callback",
            Self::Promise => "promise",
            Self::Block => "block",
            Self::Unblock => "unblock",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|act| act.word() == word)
    }

    pub(super) fn form(self, words: &'static Locale) -> Form {
        let text = |name, label| Field::new(words, name, label, Input::Text { rows: 4 });
        Form::new(match self {
            Self::Note => vec![text("text", "act-note-text").required()],
            Self::Sms => vec![text("message", "act-sms-text").required()],
            Self::Callback => vec![
                Field::typed(words, "dueAt", "act-callback-at", "datetime-local").required(),
                Field::line(words, "reason", "act-callback-why"),
            ],
            Self::Promise => vec![
                Field::line(words, "amount", "act-promise-amount").required(),
                Field::typed(words, "dueOn", "act-promise-by", "date").required(),
                Field::line(words, "note", "act-promise-note"),
            ],
            Self::Block => vec![Field::line(words, "reason", "act-block-why").hint(words.text("act-block-hint"))],
            Self::Unblock => {
                vec![Field::line(words, "reason", "act-unblock-why").required().hint(words.text("act-unblock-hint"))]
            }
        })
    }

    async fn perform(
        self,
        desk: &Desk,
        state: &State,
        (person, entry): (&Person, Option<&Entry>),
        mut given: Map<String, Value>,
    ) -> Result<(), ApiError> {
        let (by, whose) = (desk.actor(), person.whose());
        match self {
            Self::Note => communications::note(state, by, whose, form::input_of(given)?).await.map(drop),
            Self::Sms => sms::send(state, by, whose, form::input_of(given)?).await.map(drop),
            Self::Callback => {
                if let Some(Value::String(at)) = given.get_mut("dueAt") {
                    *at = moment(at, desk.zone());
                }
                callbacks::make(state, by, form::input_of(about(person, given))?).await.map(drop)
            }
            Self::Promise => promises::make(state, by, form::input_of(about(person, given))?).await.map(drop),
            Self::Block => {
                let phone = person.phone.as_ref().map(|phone| phone.reveal().to_string());
                given.insert("phone".to_owned(), phone.into());
                do_not_call::put(state, by, form::input_of(given)?).await.map(drop)
            }
            Self::Unblock => {
                let entry = entry.ok_or(ApiError::NotFound("entry"))?;
                let reason = given.get("reason").and_then(Value::as_str).map(str::to_owned);
                do_not_call::take_off(state, by, entry.id.clone(), None, &Removal { reason }).await
            }
        }
    }
}

/// A moment as the API has it. Browsers send that of a clock on the wall: the desk's. What is none stays as it is.
fn moment(text: &str, zone: &TimeZone) -> String {
    let at = text.parse::<DateTime>().ok().and_then(|at| at.to_zoned(zone.clone()).ok());
    at.map_or_else(|| text.to_owned(), |at| at.timestamp().to_string())
}

/// With whom.
fn about(person: &Person, mut given: Map<String, Value>) -> Map<String, Value> {
    let (field, id) = match &person.contact {
        Contact::Lead(id) => ("leadId", id.as_str()),
        Contact::Customer(id) => ("customerId", id.as_str()),
    };
    given.insert(field.to_owned(), id.into());
    given
}

/// `POST /desk/leads/{id}/{act}`
pub(super) async fn act<K: Party>(
    desk: Desk,
    path: web::Path<(String, String)>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, word) = path.into_inner();
    // That one has an address of its own, which fewer may use.
    let act = Act::parse(&word).filter(|act| *act != Act::Unblock).ok_or(ApiError::NotFound("page"))?;
    answer::<K>(desk, &state, &id, act, &sent.fields).await
}

/// `POST /desk/leads/{id}/unblock`
pub(super) async fn unblock<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    answer::<K>(desk, &state, &id, Act::Unblock, &sent.fields).await
}

async fn answer<K: Party>(
    desk: Desk,
    state: &State,
    id: &str,
    act: Act,
    sent: &Sent,
) -> Result<HttpResponse, ApiError> {
    let known = Known::<K>::read(state, id, &Asked::default()).await?;
    let form = act.form(desk.words).typed(sent);
    let given = form::values(&form, sent);
    match act.perform(&desk, state, (known.person(), known.entry()), given).await {
        Ok(()) => {
            let path = format!("{}?did={}", known.person().path, act.word());
            let taken_off = known.entry().filter(|_| act == Act::Unblock);
            let undo = match taken_off {
                Some(entry) => undo::latest(state, &desk, entry.id.as_str()).await?,
                None => None,
            };
            Ok(Desk::go(&undo_at(path, undo)))
        }
        Err(error @ (ApiError::Fields(_) | ApiError::Conflict(_))) => {
            let form = form.refused(desk.words, &error);
            Ok(known.show_again(desk, act, form))
        }
        Err(error) => Err(error),
    }
}

/// `POST /desk/leads/{id}/call`: a room for them, and the link to it.
pub(super) async fn invite<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    request: HttpRequest,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let whose = whose(&K::contact(K::id(&id)?));
    let invitation = invite::invite(&state, desk.actor(), &request, &whose).await?;
    let mut known = Known::<K>::read(&state, &id, &Asked::default()).await?;
    let person = known.person();
    if person.phone.is_some() {
        // In the words of whoever gets it.
        let words = person.language.and_then(Locale::of).unwrap_or(desk.words);
        let text = Pii::new(format!("{} {}", words.text("invitation-text"), invitation.join_url));
        let mut form = Act::Sms.form(desk.words);
        for field in &mut form.fields {
            field.value.clone_from(text.reveal());
        }
        known.side.act = Some((Act::Sms, form));
    }
    known.side.invitation = Some(invitation);
    Ok(known.show(desk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn a_clock_on_the_wall_is_the_desks() {
        let cairo = TimeZone::fixed(jiff::tz::offset(2));
        for (typed, expected) in [
            ("2026-11-22T10:00", "2026-11-22T08:00:00Z"),
            ("2026-11-22T10:00:30", "2026-11-22T08:00:30Z"),
            ("tomorrow", "tomorrow"),
            ("", ""),
        ] {
            assert_eq!(moment(typed, &cairo), expected);
        }
    }

    #[test]
    fn every_act_has_its_words() {
        for words in [Language::ENGLISH, Language::ARABIC].map(|language| Locale::of(language).unwrap()) {
            for act in Act::ALL {
                assert_eq!(Act::parse(act.word()), Some(*act));
                for key in
                    [format!("act-{}", act.word()), format!("act-{}-do", act.word()), format!("did-{}", act.word())]
                {
                    assert!(words.has(&key), "{key}");
                }
                assert!(!act.form(words).fields.is_empty());
            }
        }
        assert_eq!(Act::parse("delete"), None);
    }
}
