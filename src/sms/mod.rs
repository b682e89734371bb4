//! Text messages on their way out. The outbox (`store::sms_outbox`) keeps them; here one task takes them from there, one at a
//! time, and gives them to the transport that is set. Without one there is nothing to do, and nothing leaves.
//!
//! What comes next is decided by [`sender`], which knows no clock and no network; a [`transport`] makes one request and says what
//! is certain after it; [`callback`] reads what the service reports later.

mod callback;
mod sender;
mod transport;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    time,
};

use crate::{
    config::{self, Config, Secret},
    store::{
        Store, StoreError,
        audit::Actor,
        sms_outbox::{self, CallbackSecret, Report, SmsTransport},
    },
};
pub use callback::BadReport;
use sender::{Event, Sender, Step};
pub use transport::Probe;
use transport::Transport;

/// Where the service reports, followed by a secret for each attempt.
pub const CALLBACK_PATH: &str = "/api/sms/status/";
/// Longer sleeps are cut, because clocks are set and machines are suspended.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Why messages cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("text messages cannot be sent: {0}")]
pub struct SmsError(String);

/// Asks whether the service that is set is there and takes our keys. Sends no message.
///
/// # Errors
/// When this machine cannot make requests.
pub async fn probe(settings: &config::Sms) -> Result<Probe, SmsError> {
    let transport = Transport::new(settings).map_err(|error| SmsError(error.to_string()))?;
    Ok(transport.probe().await)
}

/// The way out for text messages. Clones share it.
#[derive(Clone, Debug)]
pub struct Sms(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    transport: Transport,
    /// Without `server.public_url` nobody can be told where to report.
    public_url: Option<String>,
    wake: Notify,
}

impl Sms {
    /// By the transport that is set.
    ///
    /// # Errors
    /// When this machine cannot make requests.
    pub fn new(config: &Config) -> Result<Self, SmsError> {
        let transport = Transport::new(&config.sms).map_err(|error| SmsError(error.to_string()))?;
        Ok(Self(Arc::new(Inner { transport, public_url: config.server.public_url.clone(), wake: Notify::new() })))
    }

    /// What messages are to be queued for.
    pub fn transport(&self) -> SmsTransport {
        self.0.transport.kind()
    }

    /// To be called after something was queued.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Sends what is queued, until `stop` holds true, or is gone. Finishes the request that it is at. What an earlier process was sending when it
    /// ended becomes `unknown` first: only one may run on a data folder.
    pub async fn run(self, store: Store, mut stop: watch::Receiver<bool>) {
        let mut sender = Sender::new();
        if self.transport() != SmsTransport::Outbox {
            tracing::info!(sms.transport = self.transport().as_str(), "text messages are sent");
        }
        loop {
            let event = match sender.next(Timestamp::now()) {
                Step::Recover => Event::stored(recover(&store).await.map(|()| Event::Recovered)),
                _ if self.transport() == SmsTransport::Outbox => return,
                Step::Claim | Step::Wait(_) if is_stopped(&stop) => return,
                Step::Wait(until) => self.sleep(until, &mut stop).await,
                Step::Claim => {
                    let claimed = store.change(Actor::system(), Timestamp::now(), sms_outbox::claim).await;
                    Event::stored(claimed.map(Event::Claimed))
                }
                Step::Send(attempt) => {
                    let outcome = self.0.transport.send(attempt, self.callback_url(&attempt.callback)).await;
                    tracing::info!(sms.id = %attempt.id, sms.attempt = attempt.number, sms.outcome = outcome.name());
                    Event::Answered { outcome, jitter: rand::random() }
                }
                Step::Settle(id, verdict) => {
                    let (id, verdict) = (id.clone(), verdict.clone());
                    let now = Timestamp::now();
                    let settled = store.write(move |it| sms_outbox::settle(it, &id, &verdict, now)).await;
                    Event::stored(settled.map(|()| Event::Settled))
                }
            };
            sender.handle(Timestamp::now(), event);
        }
    }

    async fn sleep(&self, until: Option<Timestamp>, stop: &mut watch::Receiver<bool>) -> Event {
        let left = until.map(|until| Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default());
        tokio::select! {
            () = time::sleep(left.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)) => Event::Slept,
            () = self.0.wake.notified() => Event::Woken,
            _ = stop.changed() => Event::Slept,
        }
    }

    fn callback_url(&self, secret: &CallbackSecret) -> Option<Secret> {
        let base = self.0.public_url.as_ref()?;
        Some(Secret::from(format!("{base}{CALLBACK_PATH}{}", secret.reveal())))
    }

    /// What the service posted to the address with this `secret`, once it is sure that the service did. `None`: it says
    /// nothing that changes anything.
    ///
    /// # Errors
    /// See [`BadReport`].
    pub fn read_report(
        &self,
        secret: &CallbackSecret,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<Option<Report>, BadReport> {
        match &self.0.transport {
            Transport::Outbox => Err(BadReport::Unexpected),
            Transport::Twilio(twilio) => {
                let url = self.callback_url(secret).ok_or(BadReport::Unexpected)?;
                callback::read_twilio(twilio.secret(), url.reveal(), signature, body)
            }
            Transport::Webhook(_) => callback::read_webhook(body),
        }
    }
}

/// Also when nobody is left who could say so.
fn is_stopped(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

async fn recover(store: &Store) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let count = store.write(move |transaction| sms_outbox::recover(transaction, now)).await?;
    if count > 0 {
        tracing::warn!(sms.unknown = count, "text messages may have been sent when the server ended, or not");
    }
    Ok(())
}
