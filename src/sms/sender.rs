//! What is done next with the outbox. No clock, no network, no database: [`Sender::next`] says what to do, and
//! [`Sender::handle`] hears what came of it.
//!
//! One request at a time. When the service takes nothing at the moment, all messages wait, so that an outage does not use up
//! the attempts of each. A message that was certainly not taken is tried again, less and less often, with a random part in each
//! delay, so that boxes which failed together do not come back together.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::transport::Outcome;
use crate::{
    domain::SmsId,
    store::{
        StoreError,
        sms_outbox::{Attempt, Claim, Verdict},
    },
};

/// How often a message is tried.
const MOST_ATTEMPTS: u32 = 6;
/// After the first attempt; each further delay is four times as long, the last an hour. Halved by chance, they still add up to
/// 50 minutes: so long an outage may be.
const FIRST_DELAY: Duration = Duration::from_secs(30);
const GROWTH: u32 = 4;
const LONGEST_DELAY: Duration = Duration::from_secs(60 * 60);
/// What a service may ask for at most (`Retry-After`).
const LONGEST_WISH: Duration = Duration::from_secs(6 * 60 * 60);
/// A database that fails is asked again after so long.
const STORE_DELAY: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'a> {
    /// `sms_outbox::recover`
    Recover,
    /// `sms_outbox::claim`
    Claim,
    /// Until then; with `None` until something is queued.
    Wait(Option<Timestamp>),
    /// Exactly one request.
    Send(&'a Attempt),
    /// `sms_outbox::settle`
    Settle(&'a SmsId, &'a Verdict),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Event {
    /// Of [`Step::Recover`].
    Recovered,
    /// Of [`Step::Claim`].
    Claimed(Claim),
    /// Of [`Step::Send`].
    Answered {
        outcome: Outcome,
        /// From 0 to 1, by chance.
        jitter: f64,
    },
    /// Of [`Step::Settle`].
    Settled,
    /// Of [`Step::Wait`]; perhaps too early.
    Slept,
    /// Something was queued.
    Woken,
    /// The database failed, whatever it was asked.
    StoreFailed,
}

impl Event {
    /// What the database answered; its failures are logged here.
    pub(super) fn stored(result: Result<Self, StoreError>) -> Self {
        result.unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox of text messages cannot be used; trying again");
            Self::StoreFailed
        })
    }
}

#[derive(Debug)]
pub(super) struct Sender {
    phase: Phase,
    /// The database has failed: nothing before then.
    store_back_at: Option<Timestamp>,
}

#[derive(Debug)]
enum Phase {
    /// An earlier process may have left something half-sent.
    New,
    /// There may be something to send.
    Ready,
    /// There is nothing before `next`, unless something is queued.
    Empty { next: Option<Timestamp> },
    /// The service takes nothing before then, whatever is queued.
    Holding { until: Timestamp },
    /// A request is on its way.
    Sending(Attempt),
    /// What came of it has to be written.
    Settling { id: SmsId, verdict: Verdict, hold: Option<Timestamp> },
}

impl Sender {
    pub(super) fn new() -> Self {
        Self { phase: Phase::New, store_back_at: None }
    }

    pub(super) fn next(&self, now: Timestamp) -> Step<'_> {
        let is_later = |moment: &Timestamp| *moment > now;
        if let Some(until) = self.store_back_at.filter(is_later) {
            return Step::Wait(Some(until));
        }
        match &self.phase {
            Phase::New => Step::Recover,
            Phase::Empty { next: None } => Step::Wait(None),
            Phase::Empty { next: Some(until) } | Phase::Holding { until } if is_later(until) => {
                Step::Wait(Some(*until))
            }
            Phase::Ready | Phase::Empty { .. } | Phase::Holding { .. } => Step::Claim,
            Phase::Sending(attempt) => Step::Send(attempt),
            Phase::Settling { id, verdict, .. } => Step::Settle(id, verdict),
        }
    }

    pub(super) fn handle(&mut self, now: Timestamp, event: Event) {
        self.store_back_at = None;
        match event {
            Event::Recovered => self.phase = Phase::Ready,
            Event::Claimed(Claim::Attempt(attempt)) => self.phase = Phase::Sending(attempt),
            Event::Claimed(Claim::Nothing { next }) => self.phase = Phase::Empty { next },
            Event::Answered { outcome, jitter } => self.answered(now, outcome, jitter),
            Event::Settled => self.settled(),
            Event::Woken => self.woken(),
            Event::Slept => {}
            Event::StoreFailed => self.store_back_at = Some(after(now, STORE_DELAY)),
        }
    }

    fn answered(&mut self, now: Timestamp, outcome: Outcome, jitter: f64) {
        let Phase::Sending(attempt) = &self.phase else { return };
        let (verdict, hold) = judge(now, attempt.number, outcome, jitter);
        self.phase = Phase::Settling { id: attempt.id.clone(), verdict, hold };
    }

    fn settled(&mut self) {
        if let Phase::Settling { hold, .. } = self.phase {
            self.phase = hold.map_or(Phase::Ready, |until| Phase::Holding { until });
        }
    }

    fn woken(&mut self) {
        if let Phase::Empty { .. } = self.phase {
            self.phase = Phase::Ready;
        }
    }
}

/// What an outcome means for the message, and how long the service is left alone.
fn judge(now: Timestamp, attempt: u32, outcome: Outcome, jitter: f64) -> (Verdict, Option<Timestamp>) {
    match outcome {
        Outcome::Taken { reference } => (Verdict::Sent { reference }, None),
        Outcome::Refused { problem } => (Verdict::Failed { problem }, None),
        Outcome::Unclear { problem } => (Verdict::Unknown { problem }, None),
        Outcome::NotTaken { problem, wish } => {
            let wish = wish.unwrap_or_default().min(LONGEST_WISH);
            let hold = after(now, wish.max(spread(FIRST_DELAY, jitter)));
            let verdict = if attempt < MOST_ATTEMPTS {
                Verdict::Again { due_at: after(now, wish.max(delay(attempt, jitter))), problem }
            } else {
                Verdict::Failed { problem }
            };
            (verdict, Some(hold))
        }
    }
}

/// How long a message waits after its attempt with this number.
fn delay(attempt: u32, jitter: f64) -> Duration {
    let growth = GROWTH.saturating_pow(attempt.saturating_sub(1));
    spread(FIRST_DELAY.saturating_mul(growth).min(LONGEST_DELAY), jitter)
}

/// Between half of a delay and all of it.
fn spread(delay: Duration, jitter: f64) -> Duration {
    delay.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

fn after(now: Timestamp, delay: Duration) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Pii, store::sms_outbox::CallbackSecret};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn attempt(number: u32) -> Attempt {
        let callback = CallbackSecret::parse(&"a".repeat(32)).unwrap();
        let phone = Pii::new("+442079460958".parse().unwrap());
        Attempt { id: SmsId::random(), phone, text: Pii::new("hello".to_owned()), number, callback }
    }

    fn not_taken(wish: Option<u64>) -> Outcome {
        Outcome::NotTaken { problem: "busy".to_owned(), wish: wish.map(Duration::from_secs) }
    }

    fn taken() -> Outcome {
        Outcome::Taken { reference: None }
    }

    /// A sender that has a message and this answer to it, and has written what that means.
    fn after_answer(now: Timestamp, attempt: Attempt, outcome: Outcome) -> (Sender, Verdict) {
        let mut sender = Sender::new();
        sender.handle(now, Event::Recovered);
        assert_eq!(sender.next(now), Step::Claim);
        sender.handle(now, Event::Claimed(Claim::Attempt(attempt.clone())));
        assert_eq!(sender.next(now), Step::Send(&attempt));
        sender.handle(now, Event::Answered { outcome, jitter: 1.0 });
        let Step::Settle(id, verdict) = sender.next(now) else { panic!("not settled") };
        assert_eq!(id, &attempt.id);
        let verdict = verdict.clone();
        sender.handle(now, Event::Settled);
        (sender, verdict)
    }

    #[test]
    fn it_looks_at_what_was_left_before_it_sends() {
        let mut sender = Sender::new();
        assert_eq!(sender.next(at(0)), Step::Recover);
        sender.handle(at(0), Event::StoreFailed);
        assert_eq!(sender.next(at(0)), Step::Wait(Some(at(5))));
        assert_eq!(sender.next(at(5)), Step::Recover);
        sender.handle(at(5), Event::Recovered);
        assert_eq!(sender.next(at(5)), Step::Claim);
    }

    #[test]
    fn it_waits_until_something_is_due_or_queued() {
        let mut sender = Sender::new();
        sender.handle(at(0), Event::Recovered);
        sender.handle(at(0), Event::Claimed(Claim::Nothing { next: Some(at(60)) }));
        assert_eq!(sender.next(at(0)), Step::Wait(Some(at(60))));
        sender.handle(at(1), Event::Slept);
        assert_eq!(sender.next(at(1)), Step::Wait(Some(at(60))), "a sleep that was cut short changes nothing");
        assert_eq!(sender.next(at(60)), Step::Claim);
        sender.handle(at(60), Event::Claimed(Claim::Nothing { next: None }));
        assert_eq!(sender.next(at(99_999)), Step::Wait(None));
        sender.handle(at(99_999), Event::Woken);
        assert_eq!(sender.next(at(99_999)), Step::Claim);
    }

    #[test]
    fn delays_grow_and_end() {
        let delays = [30, 120, 480, 1920, 3600];
        for (number, seconds) in (1..).zip(delays) {
            let (_, verdict) = after_answer(at(0), attempt(number), not_taken(None));
            assert_eq!(verdict, Verdict::Again { due_at: at(seconds), problem: "busy".to_owned() }, "{number}");
        }
        let (_, verdict) = after_answer(at(0), attempt(MOST_ATTEMPTS), not_taken(None));
        assert_eq!(verdict, Verdict::Failed { problem: "busy".to_owned() });
        assert_eq!(delay(1, 0.0), Duration::from_secs(15));
        assert_eq!(delay(u32::MAX, 1.0), LONGEST_DELAY);
    }

    #[test]
    fn a_service_that_wants_to_be_left_alone_is() {
        for (wish, due, hold) in
            [(None, 480, 30), (Some(900), 900, 900), (Some(1), 480, 30), (Some(u64::MAX), 21_600, 21_600)]
        {
            let (mut sender, verdict) = after_answer(at(0), attempt(3), not_taken(wish));
            assert!(matches!(verdict, Verdict::Again { due_at, .. } if due_at == at(due)), "{wish:?} {verdict:?}");
            assert_eq!(sender.next(at(0)), Step::Wait(Some(at(hold))), "{wish:?}");
            sender.handle(at(1), Event::Woken);
            assert_eq!(sender.next(at(1)), Step::Wait(Some(at(hold))), "what is queued meanwhile waits too");
            assert_eq!(sender.next(at(hold)), Step::Claim);
        }
    }

    #[test]
    fn only_what_was_certainly_not_taken_is_tried_again() {
        let problem = || "why".to_owned();
        for (outcome, verdict) in [
            (Outcome::Taken { reference: Some("SM1".to_owned()) }, Verdict::Sent { reference: Some("SM1".to_owned()) }),
            (Outcome::Refused { problem: problem() }, Verdict::Failed { problem: problem() }),
            (Outcome::Unclear { problem: problem() }, Verdict::Unknown { problem: problem() }),
        ] {
            let (sender, found) = after_answer(at(0), attempt(1), outcome);
            assert_eq!(found, verdict);
            assert_eq!(sender.next(at(0)), Step::Claim, "the next message does not wait");
        }
    }

    #[test]
    fn a_database_that_fails_never_means_a_second_request() {
        let mut sender = Sender::new();
        sender.handle(at(0), Event::Recovered);
        sender.handle(at(0), Event::Claimed(Claim::Attempt(attempt(1))));
        sender.handle(at(0), Event::Answered { outcome: taken(), jitter: 0.0 });
        for failure in 0..100 {
            let now = at(failure * 5);
            assert!(matches!(sender.next(now), Step::Settle(..)));
            sender.handle(now, Event::StoreFailed);
            assert_eq!(sender.next(now), Step::Wait(Some(at(failure * 5 + 5))));
            // Being woken ends the wait, and is still no reason for a request.
            sender.handle(now, Event::Woken);
            assert!(matches!(sender.next(now), Step::Settle(..)));
        }
        sender.handle(at(500), Event::Settled);
        assert_eq!(sender.next(at(500)), Step::Claim);
    }
}
