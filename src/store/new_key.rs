//! A database whose `secret.key` is lost gets a new one. What only the old key could read is given up; what the database still
//! has in the clear (telephone numbers) is recognised by the new key from then on.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;
use serde_json::json;

use super::{
    FILE, KEY_FILE, StoreError,
    audit::{self, Action, Actor, Entity, Entry},
    exact, persons,
    rows::parsed_if_any,
    schema,
    vault::Vault,
};
use crate::domain::PhoneNumber;

/// What was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Keys of other services, to be put in again.
    pub provider_keys: usize,
    /// Members of staff who log in without a second factor until they set one up again.
    pub second_factors: usize,
    /// Answers that will not be given again for their `Idempotency-Key`; the requests are not done again either.
    pub answers: usize,
    /// People of whom the audit log's entries so far can no longer be read.
    pub people: usize,
    /// Entries of the do-not-call list that no longer keep anybody from being called: those of people who were erased.
    pub wishes: usize,
}

/// Gives the database in `data_dir` the key that is there, or a new one. `None`: it has that key already, and nothing was
/// done. No other process may use the database. Blocks.
///
/// # Errors
/// As [`super::Store::open`]; then the database is as it was.
pub fn take(data_dir: &Path, now: Timestamp) -> Result<Option<Forgotten>, StoreError> {
    let failed = StoreError::file(data_dir.join(FILE));
    let path = std::path::absolute(data_dir).map_err(&failed)?.join(FILE);
    let mut connection = schema::open(&path)?;
    let vault = Vault::open(data_dir)?;
    match vault.check(&connection) {
        Err(StoreError::Sealed) => {}
        other => return other.map(|()| None),
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let forgotten = forget(&transaction, &vault, exact(now))?;
    vault.adopt(&transaction)?;
    let entry = Entry::new(Action::Update, Entity::Setting, KEY_FILE).after(&json!({ "forgotten": forgotten }));
    audit::record(&transaction, &vault, &Actor::console(), exact(now), &entry)?;
    transaction.commit()?;
    Ok(Some(forgotten))
}

fn forget(transaction: &Transaction<'_>, vault: &Vault, now: Timestamp) -> Result<Forgotten, StoreError> {
    let run = |sql| transaction.execute(sql, []).map_err(StoreError::from);
    let forgotten = Forgotten {
        provider_keys: run("DELETE FROM provider_keys")?,
        second_factors: run("UPDATE users SET sealed_totp = NULL, totp_step = NULL, version = version + 1
             WHERE sealed_totp IS NOT NULL")?,
        answers: run("UPDATE idempotency SET sealed_answer = NULL WHERE sealed_answer IS NOT NULL")?,
        people: transaction.execute(
            "UPDATE persons SET sealed_key = NULL, phone_digest = NULL, erased_at = ?1 WHERE sealed_key IS NOT NULL",
            [now.as_millisecond()],
        )?,
        wishes: listed_again(transaction, vault)?,
    };
    run("UPDATE users SET sealed_totp_new = NULL")?;
    for table in ["leads", "customers"] {
        belong_again(transaction, vault, table)?;
    }
    Ok(forgotten)
}

/// Each lead or customer is somebody new to the audit log; who has the same number is still the same person.
fn belong_again(transaction: &Transaction<'_>, vault: &Vault, table: &str) -> Result<(), StoreError> {
    for (seq, phone) in numbers(transaction, &format!("SELECT seq, phone FROM {table}"))? {
        let person = persons::of_phone(transaction, vault, phone.as_ref())?;
        let sql = format!("UPDATE {table} SET person = ?2 WHERE seq = ?1");
        transaction.prepare_cached(&sql)?.execute((seq, person.as_str()))?;
    }
    Ok(())
}

/// Numbers that are not to be called are recognised again; says of how many only a digest was left.
fn listed_again(transaction: &Transaction<'_>, vault: &Vault) -> Result<usize, StoreError> {
    let mut lost = 0;
    for (row, phone) in numbers(transaction, "SELECT rowid AS seq, phone FROM do_not_call")? {
        let Some(phone) = phone else {
            lost += 1;
            continue;
        };
        let mut statement = transaction.prepare_cached("UPDATE do_not_call SET phone_digest = ?2 WHERE rowid = ?1")?;
        statement.execute((row, persons::digest(vault, &phone)))?;
    }
    Ok(lost)
}

fn numbers(connection: &Connection, sql: &str) -> Result<Vec<(i64, Option<PhoneNumber>)>, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let numbers = statement.query_map([], |row| Ok((row.get("seq")?, parsed_if_any(row, "phone")?)))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        domain::Pii,
        store::{
            Change, Refusal, Store, customers, do_not_call, erasure, leads, provider_keys,
            tests::{at, store},
        },
    };

    const PHONE: &str = "+442079460958";
    const ERASED: &str = "+442079460111";

    fn phone(text: &str) -> PhoneNumber {
        text.parse().unwrap()
    }

    fn fill(change: &Change<'_>) -> Result<(), Refusal> {
        let number = Some(Some(Pii::new(phone(PHONE))));
        leads::create(change, &leads::LeadPatch { phone: number.clone(), ..Default::default() })?;
        customers::create(change, &customers::CustomerPatch { phone: number, ..Default::default() })?;
        for number in [PHONE, ERASED] {
            do_not_call::add(change, &phone(number), &Pii::new("asked".to_owned()))?;
        }
        provider_keys::put(change, "twilio", &Pii::new("secret".to_owned()))?;
        Ok(())
    }

    #[tokio::test]
    async fn a_lost_key_costs_what_only_it_could_read() {
        let (folder, store) = store();
        store.change(Actor::console(), at(0), fill).await.unwrap();
        let target = erasure::Target::Phone(phone(ERASED));
        store.change(Actor::console(), at(0), move |change| erasure::erase(change, &target)).await.unwrap();
        drop(store);
        assert_eq!(take(folder.path(), at(1)).unwrap(), None, "the key fits");
        fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Sealed)));

        let forgotten = take(folder.path(), at(1)).unwrap().unwrap();
        let expected =
            Forgotten { provider_keys: 1, second_factors: 0, answers: 0, people: forgotten.people, wishes: 1 };
        assert_eq!(forgotten, expected);
        assert!(forgotten.people > 0);
        let store = Store::open(folder.path()).unwrap();
        let vault = store.vault().clone();
        let (is_listed, was_listed, persons, log) = store
            .read(move |connection| {
                let filter = audit::Filter { limit: 100, ..audit::Filter::default() };
                let sql = "SELECT count(DISTINCT person) FROM (SELECT person FROM leads UNION ALL SELECT person FROM customers)";
                Ok((
                    do_not_call::is_listed(connection, &vault, &phone(PHONE))?,
                    do_not_call::is_listed(connection, &vault, &phone(ERASED))?,
                    connection.query_row(sql, [], |row| row.get::<_, i64>(0))?,
                    audit::list(connection, &vault, &filter)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!((is_listed, was_listed, persons), (true, false, 1));
        assert_eq!((log[0].entity_id.as_str(), &log[0].detail["after"]["forgotten"]["wishes"]), (KEY_FILE, &json!(1)));
        assert!(log[1..].iter().any(|entry| entry.erased), "the log is whole, and can be listed");
        drop(store);
        assert_eq!(take(folder.path(), at(2)).unwrap(), None, "once");
    }
}
