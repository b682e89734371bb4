//! Text messages: what a service really gets, and how often; what each of its answers means; the desk's API around that.

mod service;

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use callstead::{
    config::{self, Config},
    domain::{PhoneNumber, Pii},
    sms::{self, Probe, Sms},
    store::{
        Store,
        api_keys::Scope,
        audit::Actor,
        do_not_call,
        sms_outbox::{self, NewSms, SmsState},
    },
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use tokio::sync::watch;
use url::Url;

use crate::{
    http::{ask, post, post_bytes},
    support::{Desk, Server, key},
};
use service::{Answer, Request, Service};

const PHONE: &str = "+442079460958";
const FROM: &str = "+14155550100";
const TOKEN: &str = "token-of-the-tests";
const PUBLIC_URL: &str = "https://calls.example.com";

/// What the doctor asks: nothing that a service could take for a message.
#[tokio::test]
async fn a_service_is_probed_without_a_message() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (statuses, found) in [
        (Some(200), Probe::Takes),
        (Some(401), Probe::Refuses(401)),
        (Some(404), Probe::Answers),
        (None, Probe::Unreachable),
    ] {
        let service = Service::start(statuses.map(|status| Answer::status(status, "", "{}")));
        let url = if statuses.is_some() { service.url.clone() } else { format!("http://{nobody}") };
        let (url, account, from) = (url.parse().unwrap(), "AC1".to_owned(), FROM.to_owned());
        let transport = config::SmsTransport::Twilio { url, account, secret: TOKEN.into(), from };
        assert_eq!(sms::probe(&Outbox::new(transport).config.sms).await.unwrap(), found);
        if statuses.is_some() {
            let [request] = service.requests(1).try_into().unwrap();
            assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/2010-04-01/Accounts/AC1.json"));
            let authorization = format!("Basic {}", BASE64_STANDARD.encode(format!("AC1:{TOKEN}")));
            assert_eq!((request.header("authorization"), request.body.as_str()), (authorization.as_str(), ""));
        }
    }
    let service = Service::start([Answer::status(405, "", "")]);
    assert_eq!(sms::probe(&Outbox::webhook(&service.url).config.sms).await.unwrap(), Probe::Answers);
    assert_eq!(service.requests(1)[0].method, "HEAD");
    assert_eq!(sms::probe(&Outbox::new(config::SmsTransport::Outbox).config.sms).await.unwrap(), Probe::Unset);
}

// ---- in this process, with a real file and a real service ----

/// An outbox, and what sends from it.
struct Outbox {
    store: Store,
    config: Config,
    _folder: tempfile::TempDir,
}

impl Outbox {
    fn new(transport: config::SmsTransport) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::defaults(folder.path());
        config.sms = config::Sms { transport, timeout: Duration::from_secs(2) };
        config.server.public_url = Some(PUBLIC_URL.to_owned());
        Self { store: Store::open(folder.path()).unwrap(), config, _folder: folder }
    }

    fn twilio(service: &Service, from: &str) -> Self {
        let (url, account) = (service.url.parse().unwrap(), "AC1".to_owned());
        Self::new(config::SmsTransport::Twilio { url, account, secret: TOKEN.into(), from: from.to_owned() })
    }

    fn webhook(url: &str) -> Self {
        let url: Url = url.parse().unwrap();
        Self::new(config::SmsTransport::Webhook { url, secret: TOKEN.into(), from: Some("Desk".to_owned()) })
    }

    async fn queue(&self, text: &str) -> sms_outbox::Sms {
        let phone: PhoneNumber = PHONE.parse().unwrap();
        let new = NewSms { contact: None, phone: Pii::new(phone), text: Pii::new(text.to_owned()) };
        let transport = Sms::new(&self.config).unwrap().transport();
        let queued = self
            .store
            .change(Actor::console(), Timestamp::now(), move |change| sms_outbox::queue(change, &new, transport));
        queued.await.unwrap()
    }

    /// Sends, until the service has had so many requests, and what came of the last is written.
    async fn run(&self, service: &Service, requests: usize) {
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Sms::new(&self.config).unwrap().run(self.store.clone(), stopped));
        let service = service.clone();
        tokio::task::spawn_blocking(move || service.requests(requests)).await.unwrap();
        stop.send_replace(true);
        running.await.unwrap();
    }

    async fn find(&self, sms: &sms_outbox::Sms) -> sms_outbox::Sms {
        let id = sms.id.clone();
        self.store.read(move |connection| sms_outbox::find(connection, &id)).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn twilio_gets_the_form_that_it_documents() {
    let service = Service::start([]);
    let outbox = Outbox::twilio(&service, FROM);
    outbox.queue("مرحبا 👋 & 1+1=2 100%").await;
    outbox.run(&service, 1).await;
    let [request] = <[Request; 1]>::try_from(service.requests(1)).unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/2010-04-01/Accounts/AC1/Messages.json"));
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(request.header("authorization"), format!("Basic {}", BASE64_STANDARD.encode(format!("AC1:{TOKEN}"))));
    let (fields, callback) = request.body.split_once("&StatusCallback=").unwrap();
    assert_eq!(
        fields,
        "To=%2B442079460958&From=%2B14155550100\
         &Body=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7+%F0%9F%91%8B+%26+1%2B1%3D2+100%25"
    );
    let secret = callback.strip_prefix("https%3A%2F%2Fcalls.example.com%2Fapi%2Fsms%2Fstatus%2F").unwrap();
    assert!(secret.len() == 32 && secret.bytes().all(|c| c.is_ascii_alphanumeric()), "{secret}");

    let service = Service::start([]);
    let of_service = format!("MG{}", "0".repeat(32));
    let mut outbox = Outbox::twilio(&service, &of_service);
    outbox.config.server.public_url = None;
    outbox.queue("hello").await;
    outbox.run(&service, 1).await;
    let expected = format!("To=%2B442079460958&MessagingServiceSid={of_service}&Body=hello");
    assert_eq!(service.requests(1)[0].body, expected);
}

#[tokio::test]
async fn a_webhook_gets_signed_json() {
    let service = Service::start([Answer::status(202, "", r#"{"id":"gateway-7"}"#), Answer::status(204, "", "")]);
    let outbox = Outbox::webhook(&format!("{}/hook?desk=1", service.url));
    let sms = outbox.queue("مرحبا").await;
    let other = outbox.queue("hello").await;
    outbox.run(&service, 2).await;
    let request = &service.requests(2)[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/hook?desk=1"));
    assert_eq!(request.header("idempotency-key"), sms.id.as_str());
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let url = body["statusUrl"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://calls.example.com/api/sms/status/"), "{url}");
    let expected = json!({ "id": sms.id.as_str(), "to": PHONE, "from": "Desk", "message": "مرحبا", "statusUrl": url });
    assert_eq!(body, expected);
    let (time, signature) = request.header("callstead-signature").split_once(",v1=").unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(format!("{time}.{}", request.body).as_bytes());
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(signature, digest);
    let (sms, other) = (outbox.find(&sms).await, outbox.find(&other).await);
    assert_eq!((sms.state, sms.reference.as_deref()), (SmsState::Sent, Some("gateway-7")));
    assert_eq!((other.state, other.reference.as_deref()), (SmsState::Sent, None));
}

/// Each answer, the state that the message is in after it, and a part of the problem. The message is never sent again by itself, at
/// least not before it is due; the next one is.
#[tokio::test]
async fn each_answer_means_something_and_none_means_a_second_request() {
    let bytes = |text: &str| Answer::Bytes(text.as_bytes().to_vec());
    let long = "x".repeat(100_000);
    for (answer, state, problem) in [
        (Answer::taken("SM9"), SmsState::Sent, ""),
        (Answer::status(200, "", "<html>"), SmsState::Unknown, "cannot be read"),
        (Answer::status(201, "", r#"{"sid":7}"#), SmsState::Unknown, "cannot be read"),
        (Answer::status(201, "", &long), SmsState::Unknown, "cannot be read"),
        (bytes("HTTP/1.1 201 Created\r\ncontent-length: 99\r\n\r\n{\"sid\""), SmsState::Unknown, "cannot be read"),
        (Answer::status(400, "", r#"{"code": 21211, "message": "x"}"#), SmsState::Failed, "(400, code 21211)"),
        (Answer::status(400, "", "\u{0}"), SmsState::Failed, "(400)"),
        (Answer::status(401, "", "{}"), SmsState::Failed, "check sms.account"),
        (Answer::status(307, "location: /elsewhere\r\n", ""), SmsState::Failed, "is elsewhere (307)"),
        (Answer::status(303, "location: /elsewhere\r\n", ""), SmsState::Failed, "is elsewhere (303)"),
        (Answer::status(500, "", "{}"), SmsState::Unknown, "may have taken"),
        (Answer::status(502, "", ""), SmsState::Unknown, "may have taken"),
        (bytes("SSH-2.0-OpenSSH_9\r\n"), SmsState::Unknown, "may have taken"),
        (bytes(""), SmsState::Unknown, "may have taken"),
        (Answer::Silence, SmsState::Unknown, "in time"),
    ] {
        let service = Service::start([answer.clone()]);
        let outbox = Outbox::twilio(&service, FROM);
        let sms = outbox.queue("first").await;
        outbox.run(&service, 1).await;
        let found = outbox.find(&sms).await;
        assert_eq!((found.state, found.attempts), (state, 1), "{answer:?} {:?}", found.problem);
        assert!(found.problem.as_deref().unwrap_or_default().contains(problem), "{answer:?} {:?}", found.problem);
        let other = outbox.queue("second").await;
        outbox.run(&service, 2).await;
        assert_eq!(outbox.find(&other).await.state, SmsState::Sent, "{answer:?}");
        let bodies: Vec<_> = service.requests(2).iter().map(|request| request.field("Body").unwrap()).collect();
        assert_eq!(bodies, ["first", "second"], "{answer:?}");
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again_later() {
    for (answer, wait_s) in [
        (Answer::status(429, "retry-after: 120\r\n", "{}"), 120),
        (Answer::status(503, "", ""), 15),
        (Answer::status(503, "retry-after: soon\r\n", ""), 15),
    ] {
        let service = Service::start([answer.clone()]);
        let outbox = Outbox::twilio(&service, FROM);
        let sms = outbox.queue("hello").await;
        outbox.run(&service, 1).await;
        let found = outbox.find(&sms).await;
        assert_eq!((found.state, found.attempts), (SmsState::Queued, 1), "{answer:?}");
        assert!(found.due_at.unwrap() >= sms.created_at + SignedDuration::from_secs(wait_s), "{answer:?}");
        assert!(found.problem.unwrap().contains("busy"), "{answer:?}");
    }
}

#[tokio::test]
async fn who_asks_not_to_be_called_after_a_message_was_queued_does_not_get_it() {
    let service = Service::start([]);
    let outbox = Outbox::twilio(&service, FROM);
    let sms = outbox.queue("hello").await;
    let listed = outbox.store.change(Actor::console(), Timestamp::now(), |change| {
        let (phone, wish) = (PHONE.parse().unwrap(), Pii::new("asked".to_owned()));
        do_not_call::add(change, &phone, &wish).map(|(entry, _)| entry)
    });
    let entry = listed.await.unwrap();
    let also = outbox.queue("hello again").await;
    assert_eq!(also.state, SmsState::Blocked);
    outbox
        .store
        .change(Actor::console(), Timestamp::now(), move |change| {
            // Whatever was queued before is looked at while the number is listed; only then is it taken off.
            sms_outbox::claim(change)?;
            do_not_call::remove(change, &entry.id, None, &Pii::new("asked".to_owned()))
        })
        .await
        .unwrap();
    let last = outbox.queue("welcome back").await;
    outbox.run(&service, 1).await;
    assert_eq!(outbox.find(&sms).await.state, SmsState::Blocked);
    assert_eq!(outbox.find(&last).await.state, SmsState::Sent);
    let requests = service.requests(1);
    assert_eq!((requests.len(), requests[0].field("Body").as_deref()), (1, Some("welcome back")));
}

// ---- the program ----

/// The program with a key of an agent.
struct Program {
    server: Server,
    key: String,
}

impl Program {
    fn start(desk: &Desk, service: Option<&Service>) -> Self {
        let url = service.map_or("", |service| service.url.as_str());
        let variables = [
            ("CALLSTEAD_SMS_TRANSPORT", if service.is_some() { "twilio" } else { "" }),
            ("CALLSTEAD_SMS_URL", url),
            ("CALLSTEAD_SMS_ACCOUNT", "AC1"),
            ("CALLSTEAD_SMS_SECRET", TOKEN),
            ("CALLSTEAD_SMS_FROM", FROM),
            ("CALLSTEAD_SMS_TIMEOUT_SECONDS", "60"),
            ("CALLSTEAD_PUBLIC_URL", PUBLIC_URL),
        ];
        Self { server: Server::start(desk, &[], &variables), key: key(desk, &[Scope::Desk]) }
    }

    fn post(&self, path: &str, body: &Value) -> crate::http::Answer {
        post(self.server.address, path, &[("Authorization", &self.key)], body)
    }

    fn ask(&self, method: &str, path: &str) -> crate::http::Answer {
        ask(self.server.address, method, path, &[("Authorization", &self.key)])
    }

    fn lead(&self, phone: Option<&str>) -> String {
        let made = self.post("/api/admin/leads", &json!({ "name": "Sara", "phone": phone }));
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// Writes to a lead; gives the message's address.
    fn write(&self, lead: &str, message: &str) -> String {
        let kept = self.post(&format!("/api/admin/leads/{lead}/sms"), &json!({ "message": message }));
        assert_eq!(kept.status, 201, "{}", kept.body);
        assert_eq!(kept.json()["success"], true);
        kept.header("location").unwrap().to_owned()
    }

    fn message(&self, address: &str) -> Value {
        self.ask("GET", address).json()
    }

    /// What the service reports, signed with `token`.
    fn report(&self, callback: &str, status: &str, token: &str) -> u16 {
        let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
        mac.update(format!("{callback}MessageSidSM1MessageStatus{status}").as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let path = callback.strip_prefix(PUBLIC_URL).unwrap();
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-Twilio-Signature", &signature)];
        let body = format!("MessageStatus={status}&MessageSid=SM1");
        post_bytes(self.server.address, path, &headers, body.as_bytes()).status
    }
}

#[test]
fn an_agent_writes_and_hears_what_became_of_it() {
    let (desk, service) = (Desk::new(), Service::start([]));
    let program = Program::start(&desk, Some(&service));
    let lead = program.lead(Some(PHONE));
    let first = program.write(&lead, "your card 4111 1111 1111 1111 has expired");
    let second = program.write(&lead, "hello");
    // One at a time: when the second one leaves, what came of the first is written.
    let requests = service.requests(2);
    let body = requests[0].field("Body").unwrap();
    assert!(body.contains("4111 11") && !body.contains("1111 1111 1111"), "{body}");
    let sent = program.message(&first);
    assert_eq!((&sent["state"], &sent["reference"], &sent["leadId"]), (&json!("sent"), &json!("SM1"), &json!(lead)));
    assert_eq!((&sent["transport"], &sent["attempts"], &sent["dueAt"]), (&json!("twilio"), &json!(1), &Value::Null));

    let callback = requests[0].field("StatusCallback").unwrap();
    assert_eq!(program.report(&callback, "delivered", "another token"), 403);
    assert_eq!(program.report(&callback.replace(char::is_numeric, "x"), "delivered", TOKEN), 404);
    assert_eq!(program.message(&first)["state"], "sent");
    assert_eq!(program.report(&callback, "delivered", TOKEN), 204);
    assert_eq!(program.report(&callback, "sent", TOKEN), 204);
    assert_eq!(program.message(&first)["state"], "delivered", "states only move forward");

    let passed = program.ask("GET", &format!("/api/admin/leads/{lead}/communications")).json();
    assert_eq!(passed["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "sms").count(), 2);
    let listed = program.ask("GET", &format!("/api/admin/sms?leadId={lead}&limit=1")).json();
    assert_eq!((&listed["items"][0]["message"], &listed["total"]), (&json!("hello"), &json!(2)));
    let cursor = listed["nextCursor"].as_str().unwrap();
    let rest = program.ask("GET", &format!("/api/admin/sms?leadId={lead}&limit=1&cursor={cursor}")).json();
    assert_eq!((&rest["items"][0]["state"], &rest["nextCursor"]), (&json!("delivered"), &Value::Null));
    assert_eq!(program.ask("GET", "/api/admin/sms?state=failed").json()["items"], json!([]));
    for (method, path) in [("DELETE", second.clone()), ("POST", format!("{second}/retry"))] {
        assert_eq!(program.ask(method, &path).status, 409, "{method} {path}");
    }
    assert_eq!(service.requests(2).len(), 2);
}

#[test]
fn what_a_crash_left_half_sent_is_sent_again_by_hand_only() {
    let (desk, service) = (Desk::new(), Service::start([Answer::Silence]));
    let program = Program::start(&desk, Some(&service));
    let lead = program.lead(Some(PHONE));
    let first = program.write(&lead, "first");
    let waiting = program.write(&lead, "second");
    service.requests(1);
    program.server.kill();
    let program = Program::start(&desk, Some(&service));
    // The second one leaves after everything that was left half-sent was noted.
    assert_eq!(service.requests(2)[1].field("Body").as_deref(), Some("second"));
    let unknown = program.message(&first);
    assert_eq!(unknown["state"], "unknown", "{unknown}");
    assert!(unknown["problem"].as_str().unwrap().contains("may have been sent"), "{unknown}");
    let again = program.ask("POST", &format!("{first}/retry"));
    assert_eq!((again.status, &again.json()["state"]), (200, &json!("queued")));
    let bodies: Vec<_> = service.requests(3).iter().map(|request| request.field("Body").unwrap()).collect();
    assert_eq!(bodies, ["first", "second", "first"]);
    assert_eq!(program.ask("GET", &waiting).json()["attempts"], 1);
}

#[test]
fn without_a_transport_messages_are_kept_and_shown() {
    let desk = Desk::new();
    let program = Program::start(&desk, None);
    let (lead, silent) = (program.lead(Some(PHONE)), program.lead(None));
    let kept = program.write(&lead, "hello");
    let held = program.message(&kept);
    assert_eq!(
        (&held["state"], &held["transport"], &held["message"]),
        (&json!("held"), &json!("outbox"), &json!("hello"))
    );
    assert!(program.ask("POST", &format!("{kept}/retry")).message().contains("sms.transport"));

    let to = |id: &str, body: Value| program.post(&format!("/api/admin/leads/{id}/sms"), &body);
    assert!(to(&silent, json!({ "message": "hello" })).message().contains("no telephone number"));
    assert_eq!(to("LE_23456789ABCD", json!({ "message": "hello" })).status, 404);
    for (body, detail) in [
        (json!({ "message": " " }), "is missing"),
        (json!({}), "is missing"),
        (json!({ "message": "x".repeat(1601) }), "has 1601 characters, 1600 at most"),
        (json!({ "message": ["x"] }), "must be a text"),
    ] {
        let refused = to(&lead, body);
        assert_eq!((refused.status, refused.json()["errors"][0]["detail"].as_str()), (422, Some(detail)));
    }
    let reader = key(&desk, &[Scope::Read]);
    let path = format!("/api/admin/leads/{lead}/sms");
    let refused = post(program.server.address, &path, &[("Authorization", &reader)], &json!({ "message": "hello" }));
    assert_eq!(refused.status, 403);

    let store = Store::open(&desk.data_dir()).unwrap();
    let listed = store.change(Actor::console(), Timestamp::now(), |change| {
        do_not_call::add(change, &PHONE.parse().unwrap(), &Pii::new("asked".to_owned())).map(drop)
    });
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(listed).unwrap();
    let refused = to(&lead, json!({ "message": "hello" }));
    assert!(refused.status == 409 && refused.message().contains("do-not-call"));
    let blocked = program.ask("GET", "/api/admin/sms?state=blocked").json();
    assert_eq!(blocked["total"], 1, "that somebody tried is kept");

    assert_eq!(program.ask("DELETE", &kept).status, 204);
    assert_eq!(program.ask("GET", &kept).status, 404);
    let passed = program.ask("GET", &format!("/api/admin/leads/{lead}/communications")).json();
    assert_eq!(passed["items"], json!([]));
    let secret = "a".repeat(32);
    assert_eq!(program.ask("POST", &format!("/api/sms/status/{secret}")).status, 404);
    assert_eq!(program.ask("POST", "/api/sms/status/short").status, 404);
}
