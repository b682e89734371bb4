//! Calls' records on their way to the store. No call waits for them, not even at its end: a store that fails is tried again
//! for a while, and what cannot be kept then is counted. A call that ends without saying how was interrupted.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use opentelemetry::global;
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinError, JoinSet},
    time::sleep,
};

use super::{acts, session::count_incident, trace::Trace};
use crate::{
    call::handover::Colleague,
    dialogue::guide::Act,
    store::{
        Change, Refusal, Store,
        audit::Actor,
        calls::{self, EndReason, Ended, NewCall},
        handovers::{self, Returned},
        turns::{self, NewTurn},
    },
};

/// Something in a script did not go as it should.
const SCRIPT_TROUBLE: &str = "script";

/// Records that wait for the store: more than a call has while the store is tried again.
const WAITING: usize = 256;
/// How long to wait before the store is tried again.
const TRY_AGAIN: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(10)];

/// How many records were lost. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(in crate::call) struct Lost(Arc<AtomicU64>);

impl Lost {
    pub(in crate::call) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The records of all calls.
pub(in crate::call) struct Records {
    store: Store,
    lost: Lost,
    try_again: &'static [Duration],
    /// One task for each call whose records are being written; it may outlast the call.
    writing: Mutex<JoinSet<()>>,
}

impl Records {
    pub(in crate::call) fn new(store: Store) -> Self {
        Self { store, lost: Lost::default(), try_again: &TRY_AGAIN, writing: Mutex::default() }
    }

    /// Counts what could not be kept.
    pub(in crate::call) fn lost(&self) -> Lost {
        self.lost.clone()
    }

    /// Ends the records of calls that an earlier process did not live to end. No call can be under way yet.
    pub(in crate::call) async fn end_interrupted(&self) {
        match self.store.write(calls::end_interrupted).await {
            Ok(0) => {}
            Ok(count) => tracing::warn!(calls.count = count, "calls had been cut off when the server ended"),
            Err(error) => tracing::error!(%error, "ending the records of calls that were cut off"),
        }
    }

    /// Begins to record a call.
    pub(super) fn open(&self, call: NewCall) -> Recorder {
        let trace = Trace::begin(global::tracer(env!("CARGO_PKG_NAME")), &call);
        let (records, waiting) = mpsc::channel(WAITING);
        let (end, ended) = oneshot::channel();
        let writer = Writer {
            store: self.store.clone(),
            call: Arc::new(call),
            lost: self.lost.clone(),
            try_again: self.try_again,
        };
        let mut writing = self.writing();
        while let Some(written) = writing.try_join_next() {
            note(written);
        }
        writing.spawn(writer.write_all(waiting, ended));
        Recorder { records, end, lost: self.lost.clone(), trace }
    }

    /// Waits until all that was to be recorded is kept, or lost. Calls that begin meanwhile are not waited for.
    pub(in crate::call) async fn settled(&self) {
        let mut writing = std::mem::take(&mut *self.writing());
        while let Some(written) = writing.join_next().await {
            note(written);
        }
    }

    /// Held to add a task or take them all; nothing in there panics half-way.
    fn writing(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(written: Result<(), JoinError>) {
    if let Err(error) = written {
        tracing::error!(%error, "a call's records were not written to their end");
    }
}

/// One call's way to the store. When it is dropped without an end, the call was cut off.
pub(super) struct Recorder {
    records: mpsc::Sender<Record>,
    /// Not among the records: there is always a place for the end.
    end: oneshot::Sender<Ended>,
    lost: Lost,
    /// The same for a collector of traces, where one is set.
    trace: Option<Trace>,
}

impl Recorder {
    /// The agent begins to speak.
    pub(super) fn answered(&self) {
        self.put(What::Answered);
    }

    pub(super) fn turn(&self, turn: NewTurn) {
        if let Some(trace) = &self.trace {
            trace.turn(&turn);
        }
        self.put(What::Turn(Arc::new(turn)));
    }

    /// What a script wants written down.
    pub(super) fn act(&self, act: Act) {
        if let Act::Trouble(trouble) = &act {
            tracing::warn!(%trouble, "a script did not go as it should");
            count_incident(SCRIPT_TROUBLE);
        }
        self.put(What::Act(Arc::new(act)));
    }

    /// A colleague has the call.
    pub(super) fn taken_over(&self, colleague: &Colleague) {
        self.put(What::TakenOver(colleague.actor.name.clone()));
    }

    /// The agent has it again.
    pub(super) fn returned(&self, how: Returned) {
        self.put(What::Returned(how));
    }

    /// The last record.
    pub(super) fn end(self, ended: Ended) {
        if let Some(trace) = self.trace {
            trace.end(&ended);
        }
        // Only a writer that panicked does not wait for it; that is logged where it is joined.
        let _ = self.end.send(ended);
    }

    fn put(&self, what: What) {
        if self.records.try_send(Record { at: Timestamp::now(), what }).is_err() {
            self.lost.one_more();
            tracing::error!("a call's record is lost: too many wait for the store");
        }
    }
}

/// Something to keep, and when it happened: the store may come to it much later.
#[derive(Clone, Debug)]
struct Record {
    at: Timestamp,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Start,
    Answered,
    Turn(Arc<NewTurn>),
    Act(Arc<Act>),
    /// By whom.
    TakenOver(String),
    Returned(Returned),
    End(EndReason),
}

impl What {
    /// Writes it down, of `call`, at the moment of `change`.
    fn keep(&self, change: &Change<'_>, call: &NewCall) -> Result<(), Refusal> {
        let (transaction, at) = (change.transaction, change.now);
        match self {
            Self::Start => calls::start(transaction, call)?,
            Self::Answered => calls::answer(transaction, &call.id, at).map(drop)?,
            Self::Turn(turn) => turns::add(transaction, &call.id, turn).map(drop)?,
            Self::Act(act) => acts::keep(change, &call.id, act)?,
            Self::TakenOver(by) => handovers::take(transaction, &call.id, by, at)?,
            Self::Returned(how) => handovers::give_back(transaction, &call.id, at, *how).map(drop)?,
            Self::End(reason) => calls::end_with_note(transaction, call, Ended { at, reason: *reason })?,
        }
        Ok(())
    }
}

/// Writes one call's records.
struct Writer {
    store: Store,
    call: Arc<NewCall>,
    lost: Lost,
    try_again: &'static [Duration],
}

impl Writer {
    async fn write_all(self, mut waiting: mpsc::Receiver<Record>, ended: oneshot::Receiver<Ended>) {
        let start = Record { at: self.call.started_at, what: What::Start };
        if let Err(error) = self.keep(start).await {
            tracing::error!(call = %self.call.id, %error, "nothing of a call is kept: its beginning is lost");
            return self.lose_all(waiting).await;
        }
        while let Some(record) = waiting.recv().await {
            self.keep_or_lose(record).await;
        }
        let cut_off = |_| Ended { at: Timestamp::now(), reason: EndReason::Interrupted };
        let Ended { at, reason } = ended.await.unwrap_or_else(cut_off);
        self.keep_or_lose(Record { at, what: What::End(reason) }).await;
    }

    /// Without its beginning nothing of a call can be kept.
    async fn lose_all(&self, mut waiting: mpsc::Receiver<Record>) {
        self.lost.one_more();
        while waiting.recv().await.is_some() {
            self.lost.one_more();
        }
        // Its end.
        self.lost.one_more();
    }

    async fn keep_or_lose(&self, record: Record) {
        if let Err(error) = self.keep(record).await {
            self.lost.one_more();
            tracing::error!(call = %self.call.id, %error, "a call's record is lost");
        }
    }

    /// A store that fails is tried again; what it refuses now it would refuse again.
    async fn keep(&self, record: Record) -> Result<(), Refusal> {
        let mut patience = self.try_again.iter();
        loop {
            match (self.write(record.clone()).await, patience.next()) {
                (Err(Refusal::Store(error)), Some(wait)) => {
                    tracing::warn!(call = %self.call.id, %error, "a call's record is not kept yet");
                    sleep(*wait).await;
                }
                (kept, _) => return kept,
            }
        }
    }

    async fn write(&self, Record { at, what }: Record) -> Result<(), Refusal> {
        let call = Arc::clone(&self.call);
        self.store.change(Actor::system(), at, move |change| what.keep(change, &call)).await
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{
        domain::{CallId, Pii},
        store::{
            calls::{About, Call, Direction},
            communications::Contact,
            leads::{self, LeadPatch},
            turns::{Providers, Timings, Turn, Who},
        },
    };

    fn records() -> (TempDir, Records) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        (folder, Records { try_again: &[Duration::ZERO], ..Records::new(store) })
    }

    fn new_call() -> NewCall {
        NewCall {
            id: CallId::random(),
            room: "call-7".parse().unwrap(),
            caller: "amanda".parse().unwrap(),
            caller_name: Pii::default(),
            language: None,
            profile: "default".to_owned(),
            direction: Direction::Inbound,
            started_at: Timestamp::UNIX_EPOCH,
            about: About::default(),
        }
    }

    fn new_turn(text: &str) -> NewTurn {
        NewTurn {
            who: Who::Caller,
            text: Pii::new(text.to_owned()),
            started: Duration::ZERO,
            ended: Duration::from_secs(1),
            heard: None,
            interrupted: false,
            timings: Timings::default(),
            providers: Providers::default(),
            tokens: None,
        }
    }

    const LEFT: Ended = Ended { at: Timestamp::UNIX_EPOCH, reason: EndReason::CallerLeft };

    async fn kept(records: &Records, id: &CallId) -> (Call, Vec<Turn>) {
        records.settled().await;
        let id = id.clone();
        let read =
            records.store.read(move |connection| Ok((calls::find(connection, &id)?, turns::of_call(connection, &id)?)));
        let (call, turns) = read.await.unwrap();
        (call.unwrap(), turns)
    }

    #[tokio::test]
    async fn a_call_that_does_not_say_how_it_ended_was_cut_off() {
        let (_folder, records) = records();
        for end in [Some(LEFT), None] {
            let call = new_call();
            let (id, recorder) = (call.id.clone(), records.open(call));
            recorder.turn(new_turn("Hello?"));
            match end {
                Some(end) => recorder.end(end),
                None => drop(recorder),
            }
            let (call, turns) = kept(&records, &id).await;
            let reason = call.ended.map(|ended| ended.reason);
            assert_eq!((reason, turns.len()), (Some(end.map_or(EndReason::Interrupted, |end| end.reason)), 1));
        }
        assert_eq!(records.lost().count(), 0);
    }

    #[tokio::test]
    async fn without_its_beginning_nothing_of_a_call_is_kept() {
        let (_folder, records) = records();
        let call = new_call();
        let first = records.open(call.clone());
        first.turn(new_turn("Hello?"));
        first.end(LEFT);
        records.settled().await;
        // Its id is taken: its beginning cannot be written.
        let second = records.open(call.clone());
        second.answered();
        second.turn(new_turn("Is anybody there?"));
        second.end(Ended { reason: EndReason::Busy, ..LEFT });
        let (kept, turns) = kept(&records, &call.id).await;
        assert_eq!((kept.ended, kept.answered_at, turns.len()), (Some(LEFT), None, 1));
        assert_eq!(records.lost().count(), 4);
    }

    #[tokio::test]
    async fn what_the_store_refuses_is_lost_alone_and_not_tried_again() {
        let (_folder, records) = records();
        // Whoever tries again waits for ever.
        let records = Records { try_again: &[Duration::MAX], ..records };
        let gone = records.store.change(Actor::console(), Timestamp::UNIX_EPOCH, |change| {
            let name = Some(Pii::new("Amanda".to_owned()));
            let lead = leads::create(change, &LeadPatch { name, ..LeadPatch::default() })?;
            leads::delete(change, &lead.id, None)?;
            Ok::<_, Refusal>(lead.id)
        });
        let about = About { party: Some(Contact::Lead(gone.await.unwrap())), ..About::default() };
        let call = NewCall { about, ..new_call() };
        let (id, recorder) = (call.id.clone(), records.open(call));
        recorder.act(Act::DoNotCall);
        recorder.act(Act::Outcome("do-not-call".to_owned()));
        recorder.answered();
        recorder.turn(new_turn("Hello?"));
        recorder.end(LEFT);
        let (call, turns) = kept(&records, &id).await;
        assert_eq!((call.ended, turns.len()), (Some(LEFT), 1));
        assert!(call.answered_at.is_some() && call.outcome.as_deref() == Some("do-not-call"), "{call:?}");
        assert_eq!(records.lost().count(), 1);
    }

    #[tokio::test]
    async fn however_many_records_wait_the_end_is_kept() {
        let (_folder, records) = records();
        let call = new_call();
        let (id, recorder) = (call.id.clone(), records.open(call));
        // The writer does not run before this test waits for something.
        for _ in 0..WAITING + 7 {
            recorder.turn(new_turn("Hello?"));
        }
        recorder.end(LEFT);
        let (call, turns) = kept(&records, &id).await;
        assert_eq!((call.ended, turns.len(), records.lost().count()), (Some(LEFT), WAITING, 7));
    }
}
