//! Every route with everybody who might ask, against the application as it is served, with a database of its own: who is
//! let through to a handler is what the table of endpoints says, and nobody else.

use std::{future::Future, net::SocketAddr, path::Path, sync::Arc};

use actix_web::{
    App,
    http::{Method, StatusCode, header},
    test::{self, TestRequest, call_service, init_service},
    web::{Data, PayloadConfig},
};
use jiff::Timestamp;
use livekit_protocol as proto;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{
    KeyCache, Limits, MAX_BODY, Pulls, Running, State, Traffic,
    endpoint::{self, Access, Endpoint},
};
use crate::{
    call::{desk::Desk, readiness, rehearsal::Rehearsals, transcribe::Scribe, written::Written},
    config::Config,
    domain::{CallId, Identity, RoomName},
    people::People,
    rooms::{Interest, Rooms, token::Keys},
    sms::Sms,
    store::{
        Store,
        api_keys::{self, NewKey, Scope},
        idempotency::{self, Claim},
        sessions,
        users::{self, NewUser, Role},
    },
    workers::{self, Workers},
};

const HERE: &str = "127.0.0.1:50000";
const ELSEWHERE: &str = "192.0.2.7:50000";

/// An application's state in `folder`, changed as a test wants it.
pub(super) fn state(folder: &Path, change: impl FnOnce(&mut Config)) -> State {
    let mut config = Config::defaults(folder);
    config.server.rtc_port = 0;
    config.server.requests_per_second = 1_000_000.try_into().unwrap();
    change(&mut config);
    let keys = Keys::open(&config.livekit, folder).unwrap();
    let store = Store::open(folder).unwrap();
    let interests = [Interest::Rooms, Interest::Everything];
    let (rooms, [events, happened]) = Rooms::start(&config, &keys, true, interests).unwrap();
    let sms = Sms::new(&config).unwrap();
    let people = People::new(store.clone(), &config.sessions);
    let engines = watch::channel(None).1;
    let scribe = Scribe::new(engines.clone(), config.speech.language);
    let written = Written::new(&config.agent, engines.clone(), store.clone());
    let rehearsals = Rehearsals::new(engines.clone());
    let desk = Desk::start(&config, engines, rooms.clone(), events, store.clone()).unwrap();
    let (workers, office) = Workers::new("desk".to_owned(), keys.clone(), House(rooms.clone()), happened);
    actix_web::rt::spawn(office.run());
    State {
        readiness: readiness::channel().1,
        reload: readiness::Reload::channel().0,
        limits: Limits::new(config.server.requests_per_second),
        config: Arc::new(config),
        rooms,
        keys: Arc::new(keys),
        people,
        store,
        api_keys: KeyCache::default(),
        running: Running::default(),
        traffic: Traffic::default(),
        desk,
        workers,
        sms,
        scribe,
        written,
        pulls: Pulls::default(),
        rehearsals,
        authority: None,
    }
}

/// Opens rooms for workers, and does nothing else for them.
struct House(Rooms);

impl workers::House for House {
    async fn open(&self, room: RoomName) -> bool {
        self.0.create_room(&room, proto::CreateRoomRequest::default()).await.is_ok()
    }

    async fn send_own(&self, _: RoomName, _: String) -> Result<Identity, String> {
        Err("there is no desk".to_owned())
    }

    async fn remove(&self, _: RoomName, _: Identity) {}
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// Nobody in particular, from another machine.
    Stranger,
    /// Nobody in particular, on this machine.
    Neighbour,
    /// A key that nobody has.
    WrongKey,
    Key(Scope),
    Staff(Role),
}

impl Asker {
    fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Stranger, Self::Neighbour, Self::WrongKey];
        let keys = Scope::ALL.iter().copied().map(Self::Key);
        others.into_iter().chain(keys).chain(Role::ALL.iter().copied().map(Self::Staff))
    }

    /// The status with which an endpoint refuses them, by what the roles and scopes are for; `None`: it does not.
    fn refusal(self, access: Access, is_dev: bool) -> Option<u16> {
        use Scope::{Admin, Desk, Read};
        let holds = |scope: Scope, needed: Scope| match needed {
            Read => matches!(scope, Read | Desk | Admin),
            Desk => matches!(scope, Desk | Admin),
            needed => scope == needed,
        };
        match (access, self) {
            (Access::Open, _) => None,
            (_, Self::WrongKey) => Some(401),
            (Access::Caller(..) | Access::Public(_) | Access::Local(_), Self::Stranger | Self::Neighbour) if is_dev => {
                None
            }
            (Access::Local(_), Self::Neighbour) => None,
            (_, Self::Stranger | Self::Neighbour) => Some(401),
            (Access::Person(_), Self::Key(_)) => Some(403),
            (
                Access::Caller(_, needed) | Access::Public(needed) | Access::Local(needed) | Access::Staff(_, needed),
                Self::Key(scope),
            ) => (!holds(scope, needed)).then_some(403),
            (Access::Public(_) | Access::Local(_), Self::Staff(_)) => None,
            (Access::Caller(needed, _) | Access::Staff(needed, _) | Access::Person(needed), Self::Staff(role)) => {
                (role < needed).then_some(403)
            }
        }
    }
}

/// What somebody shows.
type Credentials = (header::HeaderName, String);

async fn credentials(state: &State, asker: Asker) -> Option<Credentials> {
    let key = |secret: &str| (header::AUTHORIZATION, format!("Bearer {secret}"));
    match asker {
        Asker::Stranger | Asker::Neighbour => None,
        Asker::WrongKey => Some(key("csk_00000000000000000000000000000000")),
        Asker::Key(scope) => {
            let new = NewKey { name: scope.to_string(), scopes: vec![scope], created_at: Timestamp::now() };
            let (_, secret) = state.store.write(move |transaction| api_keys::create(transaction, &new)).await.unwrap();
            Some(key(secret.reveal()))
        }
        Asker::Staff(role) => Some(session(state, role).await),
    }
}

/// A cookie of a member of staff with this role, who has just logged in.
async fn session(state: &State, role: Role) -> Credentials {
    let email = format!("{}@example.com", CallId::random());
    let new = NewUser { email: email.parse().unwrap(), name: "Nadia".to_owned(), role };
    let begun = state.store.write(move |transaction| {
        let now = Timestamp::now();
        let user = users::create(transaction, &new, now)?.expect("nobody else has this address");
        Ok(sessions::create(transaction, &user.id, "", "", now)?.1)
    });
    let secret = begun.await.unwrap();
    (header::COOKIE, format!("callstead-session={}", secret.reveal()))
}

fn request(endpoint: &Endpoint, asker: Asker, credentials: Option<&Credentials>) -> TestRequest {
    let path: Vec<_> =
        endpoint.path.split('/').map(|part| if part.starts_with('{') { "nothing" } else { part }).collect();
    let method = Method::from_bytes(endpoint.verb.name().as_bytes()).unwrap();
    let from: SocketAddr = if asker == Asker::Neighbour { HERE } else { ELSEWHERE }.parse().unwrap();
    let host = ("host", "localhost:8080");
    let mut request = TestRequest::with_uri(&path.join("/")).method(method).peer_addr(from).insert_header(host);
    if let Some((name, value)) = credentials {
        request = request.insert_header((name.clone(), value.as_str()));
    }
    if matches!(asker, Asker::Staff(_)) {
        // As a page of ours would.
        request = request.insert_header(("sec-fetch-site", "same-origin"));
    }
    request
}

/// Asks every endpoint of `asker` in turn; tells of each what it answered.
async fn ask_all(state: &State, asker: Asker, mut tell: impl FnMut(&Endpoint, StatusCode)) {
    let application = App::new()
        .app_data(Data::new(state.clone()))
        .app_data(PayloadConfig::new(MAX_BODY))
        .configure(|config| super::routes(config, state));
    let service = init_service(application).await;
    let mut shown = credentials(state, asker).await;
    for endpoint in endpoint::all() {
        if matches!(asker, Asker::Staff(_)) {
            // The endpoint before may have ended the session.
            shown = credentials(state, asker).await;
        }
        let request = request(endpoint, asker, shown.as_ref()).to_request();
        tell(endpoint, call_service(&service, request).await.status());
    }
}

/// Runs `test` as the server does, and stops what it started.
pub(super) fn in_an_application<F: Future<Output = ()>>(
    change: impl FnOnce(&mut Config),
    test: impl FnOnce(State) -> F,
) {
    let folder = tempfile::tempdir().unwrap();
    actix_web::rt::System::new().block_on(async {
        let state = state(folder.path(), change);
        let rooms = state.rooms.clone();
        test(state).await;
        rooms.stop().await;
    });
}

async fn hold(state: State) {
    let is_dev = state.config.server.dev;
    let mut wrong = Vec::new();
    for asker in Asker::all() {
        ask_all(&state, asker, |endpoint, status| {
            if endpoint.access == Access::Open {
                // Such a handler may ask for something itself.
                return;
            }
            let refused = matches!(status.as_u16(), 401 | 403).then_some(status.as_u16());
            let expected = asker.refusal(endpoint.access, is_dev);
            if refused != expected {
                let what = format!("{} {}", endpoint.verb.name(), endpoint.path);
                wrong.push(format!("{what} by {asker:?}: {status}, not {expected:?}"));
            }
        })
        .await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_route_lets_through_whom_its_access_names() {
    in_an_application(|_| {}, hold);
}

#[test]
fn development_mode_opens_what_callers_use_only() {
    in_an_application(|config| config.server.dev = true, hold);
}

#[test]
fn the_desk_is_closed_to_whoever_has_no_credentials() {
    in_an_application(
        |config| config.server.dev = true,
        async |state| {
            for asker in [Asker::Stranger, Asker::Neighbour, Asker::WrongKey] {
                ask_all(&state, asker, |endpoint, status| {
                    let is_desk = ["/api/admin", "/api/account"].iter().any(|root| endpoint.path.starts_with(root));
                    assert!(!is_desk || status == StatusCode::UNAUTHORIZED, "{} by {asker:?}: {status}", endpoint.path);
                })
                .await;
            }
        },
    );
}

#[test]
fn a_proxy_on_this_machine_is_not_this_machine() {
    let metrics = endpoint::all().find(|it| it.path == "/metrics").unwrap();
    let asked = async |state: &State, headers: &[(&str, &str)]| {
        let application =
            App::new().app_data(Data::new(state.clone())).configure(|config| super::routes(config, state));
        let service = init_service(application).await;
        let mut request = request(metrics, Asker::Neighbour, None);
        for header in headers {
            request = request.insert_header(*header);
        }
        call_service(&service, request.to_request()).await.status().as_u16()
    };
    in_an_application(
        |_| {},
        async |state| {
            for (headers, status) in [
                (&[][..], 200),
                (&[("x-forwarded-for", "192.0.2.7")], 401),
                (&[("forwarded", "for=192.0.2.7")], 401),
                (&[("host", "calls.example.com")], 401),
                (&[("origin", "https://evil.example")], 401),
            ] {
                assert_eq!(asked(&state, headers).await, status, "{headers:?}");
            }
        },
    );
    in_an_application(
        |config| config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()],
        async |state| assert_eq!(asked(&state, &[]).await, 401),
    );
}

#[test]
fn who_asks_too_often_waits_and_nobody_else_does() {
    const MORE_THAN_A_SLOW_MACHINE_ASKS_IN_TIME: usize = 1000;
    let change = |config: &mut Config| config.server.requests_per_second = 1.try_into().unwrap();
    in_an_application(change, async |state| {
        let application =
            App::new().app_data(Data::new(state.clone())).configure(|config| super::routes(config, &state));
        let service = init_service(application).await;
        let status = endpoint::all().find(|it| it.path == "/api/status").unwrap();
        let ask = async |asker, credentials: &Option<Credentials>| {
            call_service(&service, request(status, asker, credentials.as_ref()).to_request()).await
        };
        let wrong = credentials(&state, Asker::WrongKey).await;
        let mut refused = None;
        for _ in 0..MORE_THAN_A_SLOW_MACHINE_ASKS_IN_TIME {
            let response = ask(Asker::WrongKey, &wrong).await;
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                refused = Some(response);
                break;
            }
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        }
        assert_eq!(refused.unwrap().headers().get(header::RETRY_AFTER).unwrap(), "1");
        for asker in [Asker::Neighbour, Asker::Key(Scope::Metrics)] {
            let credentials = credentials(&state, asker).await;
            assert_eq!(ask(asker, &credentials).await.status(), StatusCode::OK, "{asker:?}");
        }
    });
}

#[test]
fn nobody_keeps_what_the_api_says() {
    in_an_application(
        |_| {},
        async |state| {
            let application =
                App::new().app_data(Data::new(state.clone())).configure(|config| super::routes(config, &state));
            let service = init_service(application).await;
            let admin = Asker::Staff(Role::Admin);
            let session = credentials(&state, admin).await;
            for path in
                ["/api/account", "/api/account/sessions", "/api/admin/users", "/api/admin/audit", "/api/admin/leads"]
            {
                let endpoint = endpoint::all().find(|it| it.path == path).unwrap();
                let response = call_service(&service, request(endpoint, admin, session.as_ref()).to_request()).await;
                assert_eq!(response.status(), StatusCode::OK, "{path}");
                assert_eq!(response.headers().get(header::CACHE_CONTROL).unwrap(), "no-store", "{path}");
            }
        },
    );
}

/// A customer's room is called after the customer.
#[test]
fn nobody_talks_into_a_call_whose_name_is_only_guessed() {
    in_an_application(
        |_| {},
        async |state| {
            let application =
                App::new().app_data(Data::new(state.clone())).configure(|config| super::routes(config, &state));
            let service = init_service(application).await;
            let message = endpoint::all().find(|it| it.path == "/api/conversations/{call_id}/message").unwrap();
            for (asker, named, status) in [
                (Asker::Key(Scope::Converse), "call-77", 403),
                (Asker::Key(Scope::Converse), "CA_23456789ABCD", 404),
                (Asker::Staff(Role::Viewer), "CA_23456789ABCD", 403),
                (Asker::Staff(Role::Agent), "call-77", 404),
            ] {
                let shown = credentials(&state, asker).await;
                let request =
                    request(message, asker, shown.as_ref()).uri(&format!("/api/conversations/{named}/message"));
                let request = request.set_json(serde_json::json!({ "text": "Hello?" })).to_request();
                let answered = call_service(&service, request).await.status().as_u16();
                assert_eq!(answered, status, "{asker:?} {named}");
            }
        },
    );
}

/// The name of an agent's job is new each time that an agent is sent to another room.
#[test]
fn what_is_asked_with_a_key_is_done_once() {
    in_an_application(
        |_| {},
        async |state| {
            let application =
                App::new().app_data(Data::new(state.clone())).configure(|config| super::routes(config, &state));
            let service = init_service(application).await;
            let dispatch = endpoint::all().find(|it| it.path == "/api/dispatch-agent").unwrap();
            let [one, other] = [Scope::Dispatch; 2].map(Asker::Key);
            let [one, other] = [credentials(&state, one).await, credentials(&state, other).await];
            let room = |name: &str| serde_json::json!({ "room_name": name });
            let ask = async |who: &Option<Credentials>, key: &str, name: &str| {
                let request = request(dispatch, Asker::Stranger, who.as_ref())
                    .insert_header(("idempotency-key", key))
                    .set_json(room(name))
                    .to_request();
                let response = call_service(&service, request).await;
                let is_replayed = response.headers().contains_key("idempotency-replayed");
                let (status, body) = (response.status().as_u16(), test::read_body(response).await);
                (status, is_replayed, body)
            };
            let (status, is_replayed, body) = ask(&one, "a", "room-1").await;
            assert_eq!((status, is_replayed), (200, false), "{body:?}");
            assert_eq!(ask(&one, "a", "room-1").await, (200, true, body.clone()), "byte for byte, its time too");
            let (status, _, refusal) = ask(&one, "a", "room-2").await;
            assert!(status == 422 && String::from_utf8_lossy(&refusal).contains("idempotency-mismatch"), "{refusal:?}");
            let (status, is_replayed, theirs) = ask(&other, "a", "room-1").await;
            assert_eq!((status, is_replayed), (200, false), "another's key is another key");
            assert_ne!(theirs, body);
            let (status, _, refusal) = ask(&one, "b c", "room-1").await;
            assert!(status == 400 && String::from_utf8_lossy(&refusal).contains("idempotency-key"), "{refusal:?}");
            let (status, ..) = ask(&one, "b", "").await;
            assert_eq!(status, 422);
            assert!(ask(&one, "b", "").await.1, "a refusal is an answer");

            // As after a crash: begun by a process that is gone.
            let keys = state.store.read(api_keys::list).await.unwrap();
            let body = Sha256::digest(room("room-3").to_string());
            for key in keys {
                let (owner, vault) = (key.id.to_string(), state.store.vault().clone());
                let route = "POST /api/dispatch-agent".to_owned();
                let begun = idempotency::Request { owner, key: "c".to_owned(), route, body: body.into() };
                let claim = state
                    .store
                    .write(move |transaction| idempotency::claim(transaction, &vault, &begun, Timestamp::now()));
                assert_eq!(claim.await.unwrap(), Claim::First);
            }
            let (status, _, refusal) = ask(&one, "c", "room-3").await;
            assert!(status == 409 && String::from_utf8_lossy(&refusal).contains("idempotency-unknown"), "{refusal:?}");
            assert!(matches!(ask(&None, "a", "room-1").await, (401, false, _)));
        },
    );
}
