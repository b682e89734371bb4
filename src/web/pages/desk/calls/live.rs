//! A call that is under way, for who follows it from the desk: what is said while it is said, where in its script it is; and what
//! may be done there.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;
use serde::Deserialize;
use tokio::time::sleep;

use super::{
    super::{
        form::{Field, Form, Saved, Sent},
        frame::Desk,
        stream::{self, Feed},
    },
    path_of,
    whole::{CallPage, read},
};
use crate::{
    call::{Scene, handover::Summary},
    domain::{CallId, Pii, ScriptId},
    locale::Locale,
    script::Script,
    store::{
        Store,
        calls::{self, Call, Intervention},
        scripts,
    },
    web::{
        State,
        api::admin::{calls::call_id, input},
        error::ApiError,
        form::StaffForm,
    },
};

/// A script's drawing does not change while a call follows it.
const KEPT: &str = "private, max-age=3600";
/// How often, and how many times, it is seen whether the end of a call is written.
const LOOK_AGAIN: (Duration, u32) = (Duration::from_millis(100), 30);

/// What goes on, as a piece of the page.
#[derive(Template)]
#[template(path = "desk/scene.html")]
pub(super) struct SceneView {
    words: &'static Locale,
    scene: Scene,
    /// Where the script's drawing is, with the step marked.
    graph: Option<String>,
    /// Whether the reader may give the call back, if a colleague has it.
    may_lead: bool,
}

impl SceneView {
    pub(super) fn new(words: &'static Locale, may_lead: bool, call: &Call, scene: Scene) -> Self {
        let is_led = call.script.is_some().then_some(scene.step).flatten();
        let graph = is_led.map(|step| format!("{}/graph.svg?step={}", path_of(call), step.get()));
        Self { words, scene, graph, may_lead }
    }

    fn state(&self) -> String {
        self.words.word("call-state", self.scene.state.as_str()).into_owned()
    }
}

/// What the agent is to say, to be typed.
pub(super) fn say_form(words: &'static Locale) -> Form {
    Form::new(vec![Field::line(words, "text", "call-say-words").required().hint(words.text("call-say-hint"))])
}

/// `GET /desk/calls/{id}/events`: what goes on in a call, as long as it does.
pub(in crate::web::pages::desk) async fn events(
    desk: Desk,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = call_id(&id)?;
    let call = find(&state.store, &id).await?;
    let following = state.desk.follow(&id).ok_or(ApiError::NotFound("call"))?;
    let (words, may_lead, store) = (desk.words, desk.may_lead(), state.store.clone());
    let feed = Feed {
        changes: following.scene,
        show: Box::new(move |scene: Scene| SceneView::new(words, may_lead, &call, scene).render().ok()),
        last: Box::pin(written(store, id)),
    };
    stream::answer(&state, &request, feed)
}

/// Waits until the store knows that a call is over: it is told after all else.
async fn written(store: Store, id: CallId) {
    let (pause, times) = LOOK_AGAIN;
    for _ in 0..times {
        match find(&store, &id).await {
            Ok(call) if call.ended.is_none() => sleep(pause).await,
            Ok(_) | Err(_) => return,
        }
    }
}

async fn find(store: &Store, id: &CallId) -> Result<Call, ApiError> {
    let id = id.clone();
    let found = store.read(move |connection| calls::find(connection, &id)).await?;
    found.ok_or(ApiError::NotFound("call"))
}

/// Where in its script a call is.
#[derive(Deserialize)]
pub(in crate::web::pages::desk) struct At {
    /// Counted from 0.
    step: usize,
}

/// `GET /desk/calls/{id}/graph.svg`: the script that a call follows, and where it is in it.
pub(in crate::web::pages::desk) async fn graph(
    id: web::Path<String>,
    at: web::Query<At>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let call = find(&state.store, &call_id(&id)?).await?;
    let (script, number): (ScriptId, u32) = call.script.ok_or(ApiError::NotFound("script"))?;
    let version = state.store.read(move |connection| scripts::version(connection, &script, number)).await?;
    let document = version.ok_or(ApiError::NotFound("script"))?.content;
    let script = Script::parse(&document).map_err(|_| ApiError::NotFound("script"))?;
    let step = script.steps().map(|(index, _)| index).nth(at.step);
    let drawing = step.map_or_else(|| script.graph(), |step| script.graph_at(step));
    Ok(HttpResponse::Ok().content_type("image/svg+xml").insert_header((header::CACHE_CONTROL, KEPT)).body(drawing))
}

/// `POST /desk/calls/{id}/say`: has the agent say a line.
pub(in crate::web::pages::desk) async fn say(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = call_id(&id)?;
    let whole = read(&state, id.clone()).await?;
    let form = say_form(desk.words).typed(&sent.fields);
    let said = match line(&sent.fields) {
        Ok(text) => intervene(&desk, &state, &whole.call, Some(text)).await,
        Err(error) => Err(error),
    };
    let saved = Saved { path: said.map(|()| path_of(&whole.call)), done: "call-said" };
    let again = |desk, say| Desk::show_again(&CallPage::new(desk, &state, whole).with_line(say));
    saved.answer(desk, form, None, again)
}

/// What was typed, if it can be said.
fn line(sent: &Sent) -> Result<Pii<String>, ApiError> {
    let text = sent.get("text").map(|text| text.trim()).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| ApiError::field("text", "must not be empty"))?;
    input::personal_line(text).map_err(|problem| ApiError::field("text", problem))
}

/// `POST /desk/calls/{id}/end`: the agent takes its leave.
pub(in crate::web::pages::desk) async fn end(
    desk: Desk,
    id: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let call = find(&state.store, &call_id(&id)?).await?;
    intervene(&desk, &state, &call, None).await?;
    Ok(Desk::see(&path_of(&call), "call-ending"))
}

/// Has the agent say something, or end the call. What is not taken by the call is not in the audit log either.
async fn intervene(desk: &Desk, state: &State, call: &Call, text: Option<Pii<String>>) -> Result<(), ApiError> {
    let (desk_of_calls, call) = (state.desk.clone(), call.clone());
    let done = state.store.change(desk.actor(), jiff::Timestamp::now(), move |change| {
        let (intervention, taken) = match text {
            Some(text) => (Intervention::Said, desk_of_calls.say(&call.id, text)),
            None => (Intervention::Ended, desk_of_calls.end(&call.id)),
        };
        taken.map_err(|error| ApiError::Conflict(error.to_string()))?;
        Ok::<_, ApiError>(calls::intervene(change, &call, intervention)?)
    });
    done.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_with_words_is_said() {
        let sent = |text: &str| Sent::from([("text".to_owned(), text.to_owned())]);
        assert_eq!(line(&sent(" Please wait. ")).unwrap().reveal(), "Please wait.");
        for bad in ["", "  ", "a\nb", &"a".repeat(1000)] {
            assert!(line(&sent(bad)).is_err(), "{bad:?}");
        }
        assert!(line(&Sent::new()).is_err());
    }
}
