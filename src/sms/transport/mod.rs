//! Who carries messages: one request for each attempt, and what is certain after it.

mod http;
mod twilio;
mod webhook;

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    config::{self, Secret},
    store::sms_outbox::{Attempt, SmsTransport},
};
use http::Http;
pub(super) use http::reference;
pub(super) use twilio::Twilio;
pub(super) use webhook::Webhook;

/// What is certain after a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service has taken the message.
    Taken {
        /// What the service calls it.
        reference: Option<String>,
    },
    /// The service has not, and will not.
    Refused { problem: String },
    /// The service has not, and may later.
    NotTaken {
        problem: String,
        /// How long it wants to be left alone.
        wish: Option<Duration>,
    },
    /// Nothing is: the message may have been taken.
    Unclear { problem: String },
}

impl Outcome {
    /// For the log.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::Refused { .. } => "refused",
            Self::NotTaken { .. } => "not_taken",
            Self::Unclear { .. } => "unclear",
        }
    }

    fn unclear(problem: &str) -> Self {
        Self::Unclear { problem: problem.to_owned() }
    }
}

/// What is found of a service without sending a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// None is set.
    Unset,
    /// It takes our keys.
    Takes,
    /// It is there; whether it takes our keys only a message would show.
    Answers,
    /// It is there and refuses our keys, with this status.
    Refuses(u16),
    /// It cannot be reached.
    Unreachable,
}

/// Who carries messages.
#[derive(Debug)]
pub(super) enum Transport {
    Outbox,
    Twilio(Twilio),
    Webhook(Webhook),
}

impl Transport {
    pub(super) fn new(settings: &config::Sms) -> reqwest::Result<Self> {
        use config::SmsTransport as Set;
        Ok(match settings.transport.clone() {
            Set::Outbox => Self::Outbox,
            Set::Twilio { url, account, secret, from } => {
                Self::Twilio(Twilio::new(Http::new(settings.timeout)?, &url, account, secret, from))
            }
            Set::Webhook { url, secret, from } => {
                Self::Webhook(Webhook::new(Http::new(settings.timeout)?, url, secret, from))
            }
        })
    }

    pub(super) fn kind(&self) -> SmsTransport {
        match self {
            Self::Outbox => SmsTransport::Outbox,
            Self::Twilio(_) => SmsTransport::Twilio,
            Self::Webhook(_) => SmsTransport::Webhook,
        }
    }

    /// Asks for something that changes nothing.
    pub(super) async fn probe(&self) -> Probe {
        match self {
            Self::Outbox => Probe::Unset,
            Self::Twilio(twilio) => twilio.probe().await,
            Self::Webhook(webhook) => webhook.probe().await,
        }
    }

    /// Makes exactly one request. `callback` is where the service may report.
    pub(super) async fn send(&self, attempt: &Attempt, callback: Option<Secret>) -> Outcome {
        match self {
            Self::Outbox => Outcome::Refused { problem: "no transport is set".to_owned() },
            Self::Twilio(twilio) => twilio.send(attempt, callback.as_ref()).await,
            Self::Webhook(webhook) => webhook.send(attempt, callback.as_ref(), Timestamp::now()).await,
        }
    }
}
