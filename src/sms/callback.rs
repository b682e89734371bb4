//! What the service reports of a message it has taken, and whether it is the service that does.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha1::Sha1;
use url::form_urlencoded;

use super::transport::reference;
use crate::{
    config::Secret,
    store::sms_outbox::{Delivery, Report},
};

/// Most fields in a form; Twilio sends about a dozen.
const MOST_FIELDS: usize = 100;

/// Why a report does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    /// Nobody was asked to report.
    #[error("no report is expected")]
    Unexpected,
    /// It is not signed, or not by the service.
    #[error("the signature is not right")]
    Signature,
    /// It is not what the service sends.
    #[error("it cannot be read")]
    Unreadable,
}

/// Twilio's form, with its signature in `X-Twilio-Signature`: HMAC-SHA-1 under the account's auth token of the address followed
/// by all fields in the order of their names, each name followed by its value, as Base64 (Twilio's documentation, "Validating
/// signatures from Twilio").
pub(super) fn read_twilio(
    token: &Secret,
    url: &str,
    signature: Option<&str>,
    body: &[u8],
) -> Result<Option<Report>, BadReport> {
    let fields: BTreeMap<_, _> = form_urlencoded::parse(body).take(MOST_FIELDS + 1).collect();
    if fields.len() > MOST_FIELDS {
        return Err(BadReport::Unreadable);
    }
    let signature = signature.and_then(|text| BASE64_STANDARD.decode(text).ok()).ok_or(BadReport::Signature)?;
    let mut mac = Hmac::<Sha1>::new_from_slice(token.reveal().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in &fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.verify_slice(&signature).map_err(|_| BadReport::Signature)?;
    let status = fields.get("MessageStatus").ok_or(BadReport::Unreadable)?;
    let delivery = match status.as_ref() {
        "sent" => Delivery::Sent,
        "delivered" | "read" => Delivery::Delivered,
        "undelivered" | "failed" | "canceled" => Delivery::Failed,
        // That it waits at Twilio's, and what Twilio may add one day.
        _ => return Ok(None),
    };
    let code = fields.get("ErrorCode").and_then(|code| code.parse::<u32>().ok());
    let sid = fields.get("MessageSid").and_then(|sid| reference(sid));
    Ok(Some(Report { delivery, reference: sid, problem: problem(delivery, code) }))
}

#[derive(Deserialize)]
struct Status {
    status: Word,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Sent,
    Delivered,
    Failed,
}

/// What the owner's program posts: `{"status": "sent" | "delivered" | "failed"}`. That it knows the address is enough.
pub(super) fn read_webhook(body: &[u8]) -> Result<Option<Report>, BadReport> {
    let delivery = match serde_json::from_slice::<Status>(body).map_err(|_| BadReport::Unreadable)?.status {
        Word::Sent => Delivery::Sent,
        Word::Delivered => Delivery::Delivered,
        Word::Failed => Delivery::Failed,
    };
    Ok(Some(Report { delivery, reference: None, problem: problem(delivery, None) }))
}

fn problem(delivery: Delivery, code: Option<u32>) -> Option<String> {
    let code = code.map(|code| format!(" (code {code})")).unwrap_or_default();
    (delivery == Delivery::Failed).then(|| format!("the service could not deliver it{code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://calls.example.com/api/sms/status/abc";

    /// Computed by OpenSSL: `printf 'URL…' | openssl dgst -sha1 -hmac 12345 -binary | base64`.
    const SIGNED: [(&str, &str); 3] = [
        ("MessageSid=SM1&MessageStatus=delivered&To=%2B442079460958", "NJJ4HTmnMH/mlFJaVPzTLA5Us4Y="),
        ("MessageStatus=undelivered&ErrorCode=30003&MessageSid=SM1", "CA46TvMfGWXo0YfWHyA1w5UlyBk="),
        ("MessageStatus=queued&MessageSid=SM1&Body=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7", "nqTLA+Mi/J+GVoErFI4yVreJLbI="),
    ];

    fn read(url: &str, signature: Option<&str>, body: &str) -> Result<Option<Report>, BadReport> {
        read_twilio(&"12345".into(), url, signature, body.as_bytes())
    }

    fn report(delivery: Delivery, problem: Option<&str>) -> Report {
        Report { delivery, reference: Some("SM1".to_owned()), problem: problem.map(str::to_owned) }
    }

    #[test]
    fn what_twilio_signs_is_read() {
        let failed = report(Delivery::Failed, Some("the service could not deliver it (code 30003)"));
        let expected = [Some(report(Delivery::Delivered, None)), Some(failed), None];
        for ((body, signature), expected) in SIGNED.into_iter().zip(expected) {
            assert_eq!(read(URL, Some(signature), body), Ok(expected), "{body}");
        }
    }

    #[test]
    fn what_somebody_else_sends_does_not_count() {
        let (body, signature) = SIGNED[0];
        for (url, signature, body) in [
            (URL, None, body),
            (URL, Some(""), body),
            (URL, Some("not base64!"), body),
            (URL, Some(SIGNED[1].1), body),
            (URL, Some(signature), "MessageSid=SM1&MessageStatus=failed&To=%2B442079460958"),
            (URL, Some(signature), "MessageSid=SM1&MessageStatus=delivered&To=%2B442079460958&More=1"),
            (URL, Some(&signature[..8]), body),
            ("https://calls.example.com/api/sms/status/abd", Some(signature), body),
        ] {
            assert_eq!(read(url, signature, body), Err(BadReport::Signature), "{url} {signature:?} {body}");
        }
        let many: String = (0..200).map(|number| format!("a{number}=1&")).collect();
        assert_eq!(read(URL, Some(signature), &many), Err(BadReport::Unreadable));
    }

    #[test]
    fn a_webhook_says_one_word() {
        for (body, delivery) in [
            (r#"{"status":"sent"}"#, Some(Delivery::Sent)),
            (r#"{"status":"delivered","more":1}"#, Some(Delivery::Delivered)),
            (r#"{"status":"failed"}"#, Some(Delivery::Failed)),
            (r#"{"status":"lost"}"#, None),
            ("[]", None),
            ("\u{0}", None),
            ("", None),
        ] {
            let read = read_webhook(body.as_bytes()).map(|report| report.unwrap().delivery);
            assert_eq!(read.ok(), delivery, "{body}");
        }
    }
}
