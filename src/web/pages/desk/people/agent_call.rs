//! Before a member of staff calls the agent as it would call a lead or a customer: what the agent will know. The page's
//! script shows it as a dialog, and makes the call in it (`frontend/src/agent_call.js`).

use std::borrow::Cow;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    super::{frame::Desk, listing::Asked},
    Party, Person,
    page::Known,
};
use crate::web::{State, assets, error::ApiError};

#[derive(Template)]
#[template(path = "desk/agent-call.html")]
struct AgentCallPage {
    desk: Desk,
    person: Person,
    /// Where the API makes the room.
    address: String,
    /// What the agent goes by, by name.
    script: Option<String>,
}

impl AgentCallPage {
    /// What makes the call; it is loaded when the call begins.
    fn program(&self) -> String {
        assets::address("agent-call.js")
    }

    fn language(&self) -> Option<Cow<'_, str>> {
        self.person.language.map(|language| self.desk.words.word("language", language.code()))
    }
}

/// `GET /desk/leads/{id}/agent-call`
pub(super) async fn page<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let Known { scripts, side, .. } = Known::<K>::read(&state, &id, &Asked::default()).await?;
    let person = side.into_person();
    let script = scripts.into_iter().find(|(id, _)| person.script.as_ref() == Some(id)).map(|(_, name)| name);
    let address = format!("/api/admin/{}s/{}/call", K::NAME, *id);
    Ok(Desk::show(&AgentCallPage { desk, person, address, script }))
}
