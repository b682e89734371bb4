//! A program of the owner's: JSON, signed with a secret that both know.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use url::Url;

use super::{
    Outcome, Probe,
    http::{self, Http},
};
use crate::{config::Secret, store::sms_outbox::Attempt};

const SIGNATURE: &str = "Callstead-Signature";
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

#[derive(Debug)]
pub(in crate::sms) struct Webhook {
    http: Http,
    url: Url,
    secret: Secret,
    from: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    id: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_url: Option<&'a str>,
}

/// What the program may answer.
#[derive(Deserialize)]
struct Answer {
    id: String,
}

impl Webhook {
    pub(super) fn new(http: Http, url: Url, secret: Secret, from: Option<String>) -> Self {
        Self { http, url, secret, from }
    }

    /// Asks for the head only: the program knows messages by their signature, and this has none.
    pub(super) async fn probe(&self) -> Probe {
        http::status(self.http.head(&self.url)).await.map_or(Probe::Unreachable, |_| Probe::Answers)
    }

    pub(super) async fn send(&self, attempt: &Attempt, callback: Option<&Secret>, now: Timestamp) -> Outcome {
        let message = Message {
            id: attempt.id.as_str(),
            to: attempt.phone.reveal().as_str(),
            from: self.from.as_deref(),
            message: attempt.text.reveal(),
            status_url: callback.map(Secret::reveal),
        };
        let body = serde_json::to_string(&message).expect("texts have a form in JSON");
        let request = self
            .http
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, attempt.id.as_str())
            .header(SIGNATURE, signature(&self.secret, now, &body))
            .body(body);
        match http::send(request, |_| None).await {
            Ok(answer) => {
                let answer = answer.body.and_then(|body| serde_json::from_slice::<Answer>(&body).ok());
                Outcome::Taken { reference: answer.and_then(|answer| http::reference(&answer.id)) }
            }
            Err(outcome) => outcome,
        }
    }
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA-256 of the time, a dot and the body. With the time in it, an old request cannot be repeated
/// as a new one.
fn signature(secret: &Secret, now: Timestamp, body: &str) -> String {
    let time = now.as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{time}.{body}").as_bytes());
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by OpenSSL: `printf '1763712000.{"id":"SM_1"}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn a_request_is_signed_as_documented() {
        let now = Timestamp::from_second(1_763_712_000).unwrap();
        let expected = "t=1763712000,v1=04a2a352b7646051f87569a170b6bc2127b51ea7999a06ce090381d20cd01e99";
        assert_eq!(signature(&"secret".into(), now, r#"{"id":"SM_1"}"#), expected);
    }
}
