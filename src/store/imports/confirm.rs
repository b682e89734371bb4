//! Writing an import, so that others who write wait for as little of it as can be. What takes time without touching the
//! database (sealing, folding, checking) is done before, beside the writer; then all rows are written in one transaction, and
//! their words are indexed in small steps after it ([`search_later`]).

use std::{collections::HashMap, sync::Arc, time::Duration, vec};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::time::timeout;

use super::{Importable, OnDuplicate, Plan, Seen, Writable, Written, discard, plan_for};
use crate::{
    domain::{ImportId, PersonId, PhoneNumber},
    store::{
        Change, Refusal, Store, StoreError,
        audit::{Action, Actor, Entry, Record},
        do_not_call, exact,
        list::Words,
        persons, search_later,
        vault::Vault,
    },
};

/// What others change while rows are drafted may make the drafts void: so often it is tried.
const ATTEMPTS: u32 = 3;
/// So long an answer waits for the words of its rows to be found.
const PATIENCE: Duration = Duration::from_secs(5);
const CHANGED: Refusal =
    Refusal::Conflict("what is there has changed since the preview: send the file again, and look at what it does now");

/// What drafting rows needs, and what it remembers.
#[derive(Debug)]
pub struct Drafting<'a> {
    /// What is there.
    pub(in crate::store) connection: &'a Connection,
    /// When the rows are written, as they will say.
    pub(in crate::store) now: Timestamp,
    vault: &'a Vault,
    /// People of earlier rows, by their numbers' digests.
    persons: HashMap<[u8; 32], persons::Draft>,
    /// Ids in their order: what is written in the order of an index is written in half of the time.
    ids: vec::IntoIter<PersonId>,
}

impl<'a> Drafting<'a> {
    fn new(connection: &'a Connection, vault: &'a Vault, now: Timestamp, rows: usize) -> Self {
        let mut ids: Vec<_> = (0..rows).map(|_| PersonId::random()).collect();
        ids.sort_unstable();
        Self { connection, now, vault, persons: HashMap::new(), ids: ids.into_iter() }
    }

    /// Whose data a row with this telephone number is.
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::store) fn person(&mut self, phone: Option<&PhoneNumber>) -> Result<persons::Draft, StoreError> {
        let digest = phone.map(|phone| persons::digest(self.vault, phone));
        if let Some(person) = digest.and_then(|digest| self.persons.get(&digest)) {
            return Ok(person.clone());
        }
        let known = digest.map(|digest| persons::Draft::find(self.connection, self.vault, digest)).transpose()?;
        let person = known.flatten().unwrap_or_else(|| {
            let id = self.ids.next().unwrap_or_else(PersonId::random);
            persons::Draft::new(self.vault, id, digest)
        });
        if let Some(digest) = digest {
            self.persons.insert(digest, person.made());
        }
        Ok(person)
    }

    /// See [`persons::key`].
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::store) fn key(&self, person: &PersonId) -> Result<Option<Vault>, StoreError> {
        persons::key(self.connection, self.vault, person)
    }

    /// Whether this number is not to be called.
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::store) fn is_listed(&self, phone: Option<&PhoneNumber>) -> Result<bool, StoreError> {
        phone.map_or(Ok(false), |phone| do_not_call::is_listed(self.connection, self.vault, phone))
    }
}

/// What is written for a row.
#[derive(Debug)]
pub enum Step<R> {
    /// Somebody new.
    Create {
        /// Whose data it is.
        person: persons::Draft,
        /// What is written.
        row: R,
        /// What it is found by.
        words: Words,
        /// What the audit log says of it.
        record: Record,
    },
    /// A change.
    Update {
        /// What is written.
        row: R,
        /// What it is found by.
        words: Words,
        /// What the audit log says of it.
        record: Record,
    },
    /// What is decided while it is written: whose data it is under another telephone number, and which number is put on the
    /// do-not-call list.
    Now,
    /// Nothing.
    Skip,
}

/// A row that is ready.
#[derive(Debug)]
struct Draft<R> {
    /// What was there.
    seen: Option<Seen>,
    step: Step<R>,
}

/// Writes all `rows` of an import, which is then forgotten. Once this was polled, it is done to its end even if nobody waits for it any more.
///
/// # Errors
/// [`Refusal::Conflict`] when a row would now do something else than its preview said; when the import is not there any
/// more, or the database fails. Then nothing was written.
pub async fn confirm<P: Importable>(
    store: &Store,
    actor: Actor,
    now: Timestamp,
    id: ImportId,
    on_duplicate: OnDuplicate,
    rows: Vec<(P, Plan)>,
) -> Result<Written, Refusal> {
    let import = Import { id, on_duplicate, rows };
    let confirmed = tokio::spawn(Arc::new(import).confirm(store.clone(), actor, exact(now)));
    confirmed.await.unwrap_or(Err(StoreError::Stopped.into()))
}

/// What is confirmed.
struct Import<P> {
    id: ImportId,
    on_duplicate: OnDuplicate,
    rows: Vec<(P, Plan)>,
}

impl<P: Importable> Import<P> {
    async fn confirm(self: Arc<Self>, store: Store, actor: Actor, now: Timestamp) -> Result<Written, Refusal> {
        let mut attempt = 1;
        let written = loop {
            let (import, vault) = (Arc::clone(&self), store.vault().clone());
            // A transaction, so that all rows are drafted against the same state.
            let drafts = store.read(move |connection| {
                let snapshot = connection.unchecked_transaction()?;
                Ok(import.draft(&snapshot, &vault, now))
            });
            let (import, drafts) = (Arc::clone(&self), drafts.await??);
            match store.change_alone(actor.clone(), now, move |change| import.write(change, &drafts)).await {
                Err(Refusal::Stale) if attempt < ATTEMPTS => attempt += 1,
                Err(Refusal::Stale) => return Err(CHANGED),
                written => break written?,
            }
        };
        // It is written all the same; `upkeep` tries it again.
        let index = tokio::spawn(async move {
            if let Err(error) = search_later::catch_up(&store).await {
                tracing::error!(%error, "indexing the words of an import");
            }
        });
        // What takes longer goes on by itself.
        let _ = timeout(PATIENCE, index).await;
        Ok(written)
    }

    fn draft(&self, connection: &Connection, vault: &Vault, now: Timestamp) -> Result<Vec<Draft<P::Row>>, Refusal> {
        let mut drafting = Drafting::new(connection, vault, now, self.rows.len());
        let mut drafts = Vec::with_capacity(self.rows.len());
        for (row, plan) in &self.rows {
            let there = row.there(connection)?;
            match plan_for(connection, row, there.as_ref(), self.on_duplicate) {
                Ok(now) if now == *plan => {}
                Ok(_) | Err(Refusal::Field(..)) => return Err(CHANGED),
                Err(refusal) => return Err(refusal),
            }
            let step = match plan {
                Plan::Skip { .. } => Step::Skip,
                Plan::Create | Plan::Update { .. } => row.draft(there.as_ref(), &mut drafting)?,
            };
            drafts.push(Draft { seen: there.as_ref().map(Writable::seen), step });
        }
        Ok(drafts)
    }

    /// # Errors
    /// [`Refusal::Stale`] when something has changed since the rows were drafted; as [`confirm`].
    fn write(&self, change: &Change<'_>, drafts: &[Draft<P::Row>]) -> Result<Written, Refusal> {
        if !discard(change.transaction, P::IMPORTED, &self.id, &change.actor.id)? {
            return Err(Refusal::Missing("import"));
        }
        let mut written = Written::default();
        search_later::during(change.transaction, || {
            for ((row, _), draft) in self.rows.iter().zip(drafts) {
                write_row(change, row, draft, &mut written)?;
            }
            Ok::<_, Refusal>(())
        })?;
        change.record(&Entry::new(Action::Import, P::ENTITY, &self.id).after(&written))?;
        Ok(written)
    }
}

fn write_row<P: Importable>(
    change: &Change<'_>,
    row: &P,
    draft: &Draft<P::Row>,
    written: &mut Written,
) -> Result<(), Refusal> {
    let there = row.there(change.transaction)?;
    if there.as_ref().map(Writable::seen) != draft.seen {
        return Err(Refusal::Stale);
    }
    match &draft.step {
        Step::Create { person, row, words, record } if person.write(change.transaction)? => {
            row.insert(change.transaction, words)?;
            record.write(change.transaction, &change.actor, change.now)?;
        }
        Step::Update { row, words, record } => {
            row.update(change.transaction, words)?;
            record.write(change.transaction, &change.actor, change.now)?;
        }
        // A telephone number has changed hands since, perhaps by an earlier row.
        Step::Create { .. } | Step::Now => row.write_now(change, there.as_ref())?,
        Step::Skip => {}
    }
    match (&draft.step, there) {
        (Step::Skip, _) => written.skipped += 1,
        (_, None) => written.created += 1,
        (_, Some(_)) => written.updated += 1,
    }
    Ok(())
}
