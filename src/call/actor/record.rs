//! A call's records on their way to the store. The call never waits for them: a store that fails is tried again for a
//! while, and what cannot be kept then is counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{sync::mpsc, task::JoinHandle, time::sleep};

use crate::{
    domain::CallId,
    store::{
        Store, StoreError,
        calls::{self, Ended, NewCall},
        turns::{self, NewTurn},
    },
};

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

/// Something to keep.
#[derive(Clone, Debug)]
enum Record {
    Start(Arc<NewCall>),
    Answered(Timestamp),
    Turn(Arc<NewTurn>),
    End(Ended),
}

/// One call's way to the store.
pub(super) struct Recorder {
    records: mpsc::Sender<Record>,
    writing: JoinHandle<()>,
    lost: Lost,
}

impl Recorder {
    pub(super) fn start(store: Store, call: NewCall, lost: Lost) -> Self {
        let (records, waiting) = mpsc::channel(WAITING);
        let writing = tokio::spawn(write_all(store, call.id.clone(), waiting, lost.clone()));
        let recorder = Self { records, writing, lost };
        recorder.put(Record::Start(Arc::new(call)));
        recorder
    }

    pub(super) fn answered(&self, at: Timestamp) {
        self.put(Record::Answered(at));
    }

    pub(super) fn turn(&self, turn: NewTurn) {
        self.put(Record::Turn(Arc::new(turn)));
    }

    /// The last record; waits until all of them are kept, or lost.
    pub(super) async fn end(self, ended: Ended) {
        self.put(Record::End(ended));
        let Self { records, writing, .. } = self;
        drop(records);
        if writing.await.is_err() {
            tracing::error!("a call's records were not written to their end");
        }
    }

    fn put(&self, record: Record) {
        if self.records.try_send(record).is_err() {
            self.lost.one_more();
            tracing::error!("a call's record is lost: too many wait for the store");
        }
    }
}

async fn write_all(store: Store, call: CallId, mut waiting: mpsc::Receiver<Record>, lost: Lost) {
    while let Some(record) = waiting.recv().await {
        let mut patience = TRY_AGAIN.iter();
        while let Err(error) = write(&store, &call, &record).await {
            let Some(wait) = patience.next() else {
                lost.one_more();
                tracing::error!(%call, %error, "a call's record is lost");
                break;
            };
            tracing::warn!(%call, %error, "a call's record is not kept yet");
            sleep(*wait).await;
        }
    }
}

async fn write(store: &Store, call: &CallId, record: &Record) -> Result<(), StoreError> {
    let (call, record) = (call.clone(), record.clone());
    store
        .write(move |transaction| match record {
            Record::Start(new) => calls::start(transaction, &new),
            Record::Answered(at) => calls::answer(transaction, &call, at).map(drop),
            Record::Turn(turn) => turns::add(transaction, &call, &turn).map(drop),
            Record::End(ended) => calls::end(transaction, &call, ended).map(drop),
        })
        .await
}
