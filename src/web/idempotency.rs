//! `Idempotency-Key`: what calls or sends is done once, however often it is asked for with the same key
//! (draft-ietf-httpapi-idempotency-key-header). A key belongs to whoever asks, and to one request: method, path and body.
//!
//! "Never twice" comes before "surely once". A request goes on when its sender hangs up, so that its answer is there for the
//! next try; one whose answer was never kept, because the server was killed, is refused from then on, for nobody can know
//! whether it was done. An answer of 5xx says that nothing was done, and is not kept. Where the outcome comes late, a handler
//! answers without it and leaves it as [`Later`]: the key is settled with that.

use std::{
    collections::HashSet,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, to_bytes_limited},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    rt,
    web::{self, Bytes},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{State, access::Who, api::body, error::ApiError, request_id};
use crate::{
    domain::Pii,
    store::{
        StoreError,
        idempotency::{self, Answer, Claim, Request},
    },
};

pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// In an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Most characters of a key.
pub(super) const MOST_KEY: usize = 128;
/// Most bytes of an answer that can be kept.
const MOST_ANSWER: usize = 1024 * 1024;
/// What of an answer's head is given again. Its request id, for one, is not.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// The requests with keys that are being answered. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Running(Arc<Mutex<HashSet<(String, String)>>>);

/// One of them, for as long as it lives.
#[derive(Debug)]
struct Run {
    all: Running,
    request: Request,
}

/// The outcome of a request that was answered before it was there, among the answer's extensions. Repeats are given this one;
/// until then the request is still running. Nobody waits for it where there is no key.
pub(super) struct Later(Pin<Box<dyn Future<Output = HttpResponse>>>);

impl Later {
    pub(super) fn new(outcome: impl Future<Output = HttpResponse> + 'static) -> Self {
        Self(Box::pin(outcome))
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").finish_non_exhaustive()
    }
}

impl Running {
    fn begin(&self, request: Request) -> Result<Run, ApiError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = all.insert((request.owner.clone(), request.key.clone()));
        if is_first { Ok(Run { all: self.clone(), request }) } else { Err(ApiError::StillRunning) }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let id = (std::mem::take(&mut self.request.owner), std::mem::take(&mut self.request.key));
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Lets a request with a key pass to its handler if it is the first with it; else gives the first one's answer.
pub(super) async fn once(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(KEY) {
        return next.call(request).await;
    }
    let (http, payload) = request.into_parts();
    let state = http.app_data::<web::Data<State>>().expect("the application has its state").clone();
    let response = match claim(&state, &http, payload).await {
        Ok((run, Claim::First, body)) => {
            let request = ServiceRequest::from_parts(http, Payload::from(body));
            let work = request_id::carried(perform(state, run, next, request));
            return rt::spawn(work).await.unwrap_or_else(|panic| {
                tracing::error!(%panic, "a request with an idempotency key");
                Err(ApiError::Failed.into())
            });
        }
        Ok((_, Claim::Answered(answer), _)) => replay(&answer).ok_or(ApiError::Failed),
        Ok((_, Claim::Other, _)) => Err(ApiError::OtherRequest),
        Ok((_, Claim::Unanswered, _)) => Err(ApiError::NeverAnswered),
        Err(error) => Err(error),
    };
    Ok(ServiceResponse::new(http, response.unwrap_or_else(|error| error.error_response())))
}

async fn claim(state: &State, http: &HttpRequest, mut payload: Payload) -> Result<(Run, Claim, Bytes), ApiError> {
    let key = key(http.headers())?;
    let owner = http.extensions().get::<Who>().and_then(owner).ok_or(ApiError::NoKey)?;
    let payload = web::Payload::from_request(http, &mut payload).await.map_err(|_| ApiError::Broken)?;
    let bytes = body::bytes(payload, body::MAX_BODY).await?;
    let route = format!("{} {}", http.method(), http.path());
    let run = state.running.begin(Request { owner, key, route, body: Sha256::digest(&bytes).into() })?;
    let (request, vault) = (run.request.clone(), state.store.vault().clone());
    let claim =
        state.store.write(move |transaction| idempotency::claim(transaction, &vault, &request, Timestamp::now()));
    Ok((run, claim.await?, bytes))
}

fn key(headers: &HeaderMap) -> Result<String, ApiError> {
    let mut keys = headers.get_all(KEY);
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(ApiError::BadIdempotencyKey) };
    let is_key = |key: &&str| (1..=MOST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    key.to_str().ok().filter(is_key).map(str::to_owned).ok_or(ApiError::BadIdempotencyKey)
}

/// Whose the keys are; `None`: of nobody who could be told from others.
fn owner(who: &Who) -> Option<String> {
    match who {
        Who::Anybody => None,
        Who::Developer => Some("developer".to_owned()),
        Who::Key(key) => Some(key.id.as_str().to_owned()),
        Who::Staff(staff) => Some(staff.id.as_str().to_owned()),
    }
}

/// Has a request done, and its answer kept.
async fn perform(
    state: web::Data<State>,
    run: Run,
    next: Next<BoxBody>,
    request: ServiceRequest,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (http, mut response) = next.call(request).await?.into_parts();
    let later = response.extensions_mut().remove::<Later>();
    let Some(Later(outcome)) = later else {
        return Ok(ServiceResponse::new(http, keep(&state, &run, response).await?));
    };
    rt::spawn(request_id::carried(async move {
        // It tells itself what went wrong.
        let _ = keep(&state, &run, outcome.await).await;
    }));
    Ok(ServiceResponse::new(http, response))
}

/// Keeps an answer; gives it back.
async fn keep(state: &State, run: &Run, response: HttpResponse) -> Result<HttpResponse, Error> {
    let (head, body) = response.into_parts();
    let body = match to_bytes_limited(body, MOST_ANSWER).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) | Err(_) => {
            tracing::error!("an answer to a request with an idempotency key cannot be read, or is too long to be kept");
            return Err(ApiError::Failed.into());
        }
    };
    if let Err(error) = settle(state, &run.request, &head, &body).await {
        // It was done: whoever comes again learns that it is not known whether it was.
        tracing::error!(%error, "keeping the answer to a request with an idempotency key");
    }
    Ok(head.set_body(BoxBody::new(body)))
}

async fn settle(state: &State, request: &Request, head: &HttpResponse<()>, body: &Bytes) -> Result<(), StoreError> {
    let request = request.clone();
    if head.status().is_server_error() {
        return state.store.write(move |transaction| idempotency::release(transaction, &request)).await;
    }
    let answer = Answer { status: head.status().as_u16(), content: Pii::new(content(head.headers(), body)) };
    let vault = state.store.vault().clone();
    state.store.write(move |transaction| idempotency::keep(transaction, &vault, &request, &answer)).await
}

/// Headers as one line of JSON, which has no line's end in it, and the body.
fn content(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let text = |name: &HeaderName| Some(Value::from(headers.get(name)?.to_str().ok()?));
    let kept: Map<String, Value> =
        KEPT_HEADERS.iter().filter_map(|name| Some((name.to_string(), text(name)?))).collect();
    [Value::Object(kept).to_string().as_bytes(), b"\n", body].concat()
}

/// The answer that was kept; `None`: it is not one that we wrote.
fn replay(answer: &Answer) -> Option<HttpResponse> {
    let content = answer.content.reveal();
    let line = content.iter().position(|byte| *byte == b'\n')?;
    let kept: Map<String, Value> = serde_json::from_slice(&content[..line]).ok()?;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).ok()?);
    for (name, value) in &kept {
        response
            .insert_header((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::from_str(value.as_str()?).ok()?));
    }
    response.insert_header((REPLAYED, HeaderValue::from_static("true")));
    Some(response.body(content[line + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::ready, rc::Rc};

    use actix_web::{
        App,
        body::to_bytes,
        middleware::from_fn,
        test::{TestRequest, call_service, init_service, read_body},
    };
    use tokio::sync::oneshot;

    use super::*;
    use crate::web::tests;

    #[test]
    fn a_key_is_short_and_visible() {
        for (keys, taken) in [
            (&["8e03978e-40d5-43dd-bc93-6894a57f9324"][..], true),
            (&[&"x".repeat(128)], true),
            (&[&"x".repeat(129)], false),
            (&[""], false),
            (&["a b"], false),
            (&["a", "b"], false),
            (&[], false),
        ] {
            let mut request = TestRequest::default();
            for key in keys {
                request = request.append_header((KEY, *key));
            }
            assert_eq!(key(request.to_http_request().headers()).is_ok(), taken, "{keys:?}");
        }
    }

    #[actix_web::test]
    async fn an_answer_is_given_again_as_it_was() {
        let body = "{\"a\":\n1}";
        let mut first = HttpResponse::Created();
        first.insert_header((header::LOCATION, "/api/calls/7")).insert_header(("x-request-id", "secret"));
        let first = first.content_type("application/json").body(body);
        let answer = Answer { status: 201, content: Pii::new(content(first.headers(), body.as_bytes())) };
        let again = replay(&answer).unwrap();
        assert_eq!(again.status(), StatusCode::CREATED);
        let headers: Vec<_> =
            again.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(headers.len(), 3, "{headers:?}");
        for header in
            [("content-type", "application/json"), ("location", "/api/calls/7"), ("idempotency-replayed", "true")]
        {
            assert!(headers.contains(&header), "{header:?}");
        }
        assert_eq!(to_bytes(again.into_body()).await.unwrap(), body);
        for broken in [&b""[..], b"{}", b"[]\n", b"{\"a b\":\"c\"}\n"] {
            assert!(replay(&Answer { status: 200, content: Pii::new(broken.to_vec()) }).is_none());
        }
    }

    /// The first answer is given at once; whoever asks again is given the outcome, and nothing is done twice.
    #[actix_web::test]
    async fn an_outcome_that_comes_late_is_what_repeats_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let (done, (comes, outcome)) = (Rc::new(Cell::new(0)), oneshot::channel());
        let (counted, waited_for) = (done.clone(), Rc::new(Cell::new(Some(outcome))));
        let handler = move || {
            counted.set(counted.get() + 1);
            let outcome: oneshot::Receiver<&str> = waited_for.take().unwrap();
            let mut early = HttpResponse::Accepted().body("wait");
            early.extensions_mut().insert(Later::new(async { HttpResponse::Ok().body(outcome.await.unwrap()) }));
            ready(early)
        };
        let developer = |request: ServiceRequest, next: Next<BoxBody>| {
            request.extensions_mut().insert(Who::Developer);
            next.call(request)
        };
        let once = web::resource("/").wrap(from_fn(once)).wrap(from_fn(developer)).route(web::post().to(handler));
        let state = web::Data::new(tests::state(folder.path(), |_| {}));
        let app = init_service(App::new().app_data(state).service(once)).await;
        let ask = || call_service(&app, TestRequest::post().uri("/").insert_header((KEY, "k")).to_request());

        let first = ask().await;
        assert_eq!((first.status(), read_body(first).await), (StatusCode::ACCEPTED, Bytes::from("wait")));
        assert_eq!(ask().await.status(), StatusCode::CONFLICT, "it is still running");
        comes.send("done").unwrap();
        let again = loop {
            match ask().await {
                running if running.status() == StatusCode::CONFLICT => tokio::task::yield_now().await,
                answer => break answer,
            }
        };
        assert!(again.headers().contains_key(REPLAYED));
        assert_eq!((again.status(), read_body(again).await), (StatusCode::OK, Bytes::from("done")));
        assert_eq!(done.get(), 1);
    }

    #[test]
    fn a_request_runs_once_at_a_time() {
        let running = Running::default();
        let request =
            |owner: &str| Request { owner: owner.to_owned(), key: "k".to_owned(), route: String::new(), body: [0; 32] };
        let first = running.begin(request("a")).unwrap();
        assert!(matches!(running.begin(request("a")), Err(ApiError::StillRunning)));
        assert!(running.begin(request("b")).is_ok());
        drop(first);
        assert!(running.begin(request("a")).is_ok());
    }
}
