//! Twilio's Messages API (2010-04-01), which others offer too.

use reqwest::{StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::{
    Outcome, Probe,
    http::{self, Http},
};
use crate::{config::Secret, store::sms_outbox::Attempt};

/// What the SID of a messaging service begins with, and how long it is.
const SERVICE_PREFIX: &str = "MG";
const SID_LENGTH: usize = 34;
const UNREADABLE: &str = "the service took something, but its answer cannot be read: it may have taken the message";

#[derive(Debug)]
pub(in crate::sms) struct Twilio {
    http: Http,
    /// What the account is under.
    base: Url,
    account: String,
    secret: Secret,
    from: String,
}

/// As much of an answer as is of use.
#[derive(Deserialize)]
struct Created {
    sid: String,
}

#[derive(Deserialize)]
struct Problem {
    code: Option<i64>,
}

impl Twilio {
    pub(super) fn new(http: Http, base: &Url, account: String, secret: Secret, from: String) -> Self {
        Self { http, base: base.clone(), account, secret, from }
    }

    /// An address of the account's: `/Messages.json` after it is where messages are posted to.
    fn url(&self, rest: &str) -> Url {
        let mut url = self.base.clone();
        let path = self.base.path().trim_end_matches('/');
        url.set_path(&format!("{path}/2010-04-01/Accounts/{}{rest}", self.account));
        url
    }

    /// Reads what the service says of the account. Others that offer its Messages API need not have that.
    pub(super) async fn probe(&self) -> Probe {
        let request = self.http.get(&self.url(".json")).basic_auth(&self.account, Some(self.secret.reveal()));
        match http::status(request).await {
            None => Probe::Unreachable,
            Some(status) if status.is_success() => Probe::Takes,
            Some(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => Probe::Refuses(status.as_u16()),
            Some(_) => Probe::Answers,
        }
    }

    /// The account's auth token, which also signs what the service reports.
    pub(in crate::sms) fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(super) async fn send(&self, attempt: &Attempt, callback: Option<&Secret>) -> Outcome {
        let request = self
            .http
            .post(&self.url("/Messages.json"))
            .basic_auth(&self.account, Some(self.secret.reveal()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form(attempt, callback));
        match http::send(request, |body| serde_json::from_slice::<Problem>(body).ok()?.code).await {
            Ok(answer) => taken(answer.body.as_deref()),
            Err(outcome) => outcome,
        }
    }

    fn form(&self, attempt: &Attempt, callback: Option<&Secret>) -> String {
        let is_service = self.from.starts_with(SERVICE_PREFIX) && self.from.len() == SID_LENGTH;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("To", attempt.phone.reveal().as_str());
        form.append_pair(if is_service { "MessagingServiceSid" } else { "From" }, &self.from);
        form.append_pair("Body", attempt.text.reveal());
        if let Some(callback) = callback {
            form.append_pair("StatusCallback", callback.reveal());
        }
        form.finish()
    }
}

/// Without a name for the message it is not sure that Twilio said so, and not somebody in between.
fn taken(body: Option<&[u8]>) -> Outcome {
    let created = body.and_then(|body| serde_json::from_slice::<Created>(body).ok());
    match created.and_then(|created| http::reference(&created.sid)) {
        Some(sid) => Outcome::Taken { reference: Some(sid) },
        None => Outcome::unclear(UNREADABLE),
    }
}
