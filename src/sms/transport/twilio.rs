//! Twilio's Messages API (2010-04-01), which others offer too.

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::{
    Outcome,
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
    /// Where messages of the account are posted to.
    url: Url,
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
        let mut url = base.clone();
        let path = base.path().trim_end_matches('/');
        url.set_path(&format!("{path}/2010-04-01/Accounts/{account}/Messages.json"));
        Self { http, url, account, secret, from }
    }

    /// The account's auth token, which also signs what the service reports.
    pub(in crate::sms) fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(super) async fn send(&self, attempt: &Attempt, callback: Option<&Secret>) -> Outcome {
        let request = self
            .http
            .post(&self.url)
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
