//! Text messages on their way out, and what became of them.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    super::{
        form::{self, Sent},
        frame::Desk,
        listing::{Asked, Listing, lenient},
    },
    Who, back, who,
};
use crate::{
    store::{
        communications::Contact,
        list::Filter,
        sms_outbox::{self, Sms, SmsState, SmsTransport},
    },
    web::{
        State,
        api::admin::sms::{self, SmsFilter},
        error::ApiError,
        form::StaffForm,
        problem::FieldProblem,
    },
};

pub(super) const PATH: &str = "/desk/sms";

#[derive(Template)]
#[template(path = "desk/sms.html")]
struct OutboxPage {
    desk: Desk,
    list: Listing<(Sms, Option<Who>)>,
    /// Whether anything is sent at all.
    is_sending: bool,
    problems: Vec<FieldProblem>,
}

impl OutboxPage {
    fn states(&self) -> &'static [SmsState] {
        SmsState::ALL
    }

    fn state(&self, state: &SmsState) -> String {
        self.desk.words.word("sms-state", state.as_str()).into_owned()
    }

    fn can_retry(&self, sms: &Sms) -> bool {
        self.is_sending && matches!(sms.state, SmsState::Held | SmsState::Failed | SmsState::Unknown)
    }

    fn can_take_back(&self, sms: &Sms) -> bool {
        matches!(sms.state, SmsState::Held | SmsState::Queued)
    }
}

/// `GET /desk/sms`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let wanted = SmsFilter { state: asked.owned("state"), ..SmsFilter::default() };
    let (filter, problems): (Filter, _) = lenient(wanted.check().map(|wanted| wanted.filter()))?;
    let list = Listing::read(&state, (PATH, &sms_outbox::TABLE), asked, filter, sms_outbox::page).await?;
    let contacts = list.rows.iter().map(|sms| Contact::of(&sms.lead, &sms.customer)).collect();
    let mut who = who(&state, contacts).await?.into_iter();
    let list = list.map(|sms| (sms, who.next().flatten()));
    let is_sending = state.sms.transport() != SmsTransport::Outbox;
    Ok(Desk::show(&OutboxPage { desk, list, is_sending, problems }))
}

/// `POST /desk/sms/{id}/retry`
pub(super) async fn retry(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    sms::queue_again(&state, desk.actor(), &id, Some(form::version(&sent.fields)?)).await?;
    Ok(Desk::see(back(sent.fields.get("back"), PATH), "sms-queued"))
}

/// `POST /desk/sms/{id}/take-back`
pub(super) async fn take_back(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    sms::take_back(&state, desk.actor(), &id, Some(form::version(&sent.fields)?)).await?;
    Ok(Desk::see(back(sent.fields.get("back"), PATH), "sms-taken-back"))
}
