//! `[sms]`: how text messages leave. Unless a transport is set, none does.

use std::time::Duration;

use url::Url;

use super::{
    ConfigError, Secret,
    layers::Settings,
    values::{self, Value, set, within},
};

const TWILIO: &str = "https://api.twilio.com";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
const LONGEST_TIMEOUT_SECONDS: i64 = 60;
const LONGEST_NAME: usize = 64;
const ADDRESS: &str =
    "an address that begins with https://, without user and hash; http:// only to an address of a private network";
const ACCOUNT: &str = "an account's SID: letters and digits";
const FROM: &str = "a number, a sender's name or a messaging service, of at most 64 bytes";

/// `[sms]`
#[derive(Clone, Debug, PartialEq)]
pub struct Sms {
    /// `transport`, and what goes with it.
    pub transport: SmsTransport,
    /// `timeout_seconds`: how long the service may take to answer.
    pub timeout: Duration,
}

/// Who carries text messages.
#[derive(Clone, Debug, PartialEq)]
pub enum SmsTransport {
    /// Nobody: they are kept and shown.
    Outbox,
    /// Twilio's Messages API, or one that is like it.
    Twilio {
        /// What its paths are under.
        url: Url,
        /// The account's SID.
        account: String,
        /// The account's auth token.
        secret: Secret,
        /// A number, a sender's name, or a messaging service's SID (`MG…`).
        from: String,
    },
    /// A program that takes signed JSON.
    Webhook {
        /// Where it is posted to.
        url: Url,
        /// What it is signed with.
        secret: Secret,
        /// Who messages are from, if the program is to be told.
        from: Option<String>,
    },
}

/// `transport` as it is written.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Outbox,
    Twilio,
    Webhook,
}

impl Sms {
    pub(super) const fn defaults() -> Self {
        Self { transport: SmsTransport::Outbox, timeout: DEFAULT_TIMEOUT }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        let kind = written.read("sms.transport", "outbox, twilio or webhook", kind)?;
        let url = written.read("sms.url", ADDRESS, |value| values::parse_service_address(value.text()?))?;
        let account = written.read("sms.account", ACCOUNT, account)?;
        let secret = written.read("sms.secret", "a secret", values::words)?.map(Secret::from);
        let from = written.read("sms.from", FROM, sender)?;
        let seconds = within(1, LONGEST_TIMEOUT_SECONDS);
        let seconds = written.read("sms.timeout_seconds", "a number from 1 to 60", seconds)?;
        set(&mut self.timeout, seconds.map(Duration::from_secs));
        self.transport = match (kind.unwrap_or(Kind::Outbox), url, account, secret, from) {
            (Kind::Outbox, ..) => SmsTransport::Outbox,
            (Kind::Twilio, url, Some(account), Some(secret), Some(from)) => {
                let url = url.unwrap_or_else(|| TWILIO.parse().expect("the built-in address is one"));
                SmsTransport::Twilio { url, account, secret, from }
            }
            (Kind::Webhook, Some(url), _, Some(secret), from) => SmsTransport::Webhook { url, secret, from },
            (Kind::Twilio, ..) => {
                let lack = "is twilio: set sms.account, sms.secret and sms.from too";
                return Err(written.incomplete("sms.transport", lack));
            }
            (Kind::Webhook, ..) => {
                return Err(written.incomplete("sms.transport", "is webhook: set sms.url and sms.secret too"));
            }
        };
        Ok(())
    }
}

fn kind(value: &Value) -> Option<Kind> {
    match value.text()?.trim() {
        "outbox" => Some(Kind::Outbox),
        "twilio" => Some(Kind::Twilio),
        "webhook" => Some(Kind::Webhook),
        _ => None,
    }
}

fn account(value: &Value) -> Option<String> {
    let is_plain = |text: &String| text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    values::words(value).filter(|text| text.len() <= LONGEST_NAME && is_plain(text))
}

fn sender(value: &Value) -> Option<String> {
    values::words(value).filter(|text| text.len() <= LONGEST_NAME && !text.chars().any(char::is_control))
}
