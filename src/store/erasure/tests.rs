//! A person is put into every table, among many others, and searched for in all bytes of all files afterwards.

use std::{fs, path::Path};

use jiff::Timestamp;
use rusqlite::Transaction;

use super::*;
use crate::{
    domain::{CustomerId, LeadId, Money, Pii, fold},
    store::{
        Store, audit,
        audit::Actor,
        callbacks, calls,
        communications::Contact,
        do_not_call, promises,
        tests::{at, new_call, new_turn},
        turns::{self, Who},
    },
};

/// What is the person's and nobody else's, in Latin and Arabic letters.
const LATIN: &str = "Zephyrine Quattlebaum";
const ARABIC: &str = "شهرزاد القُرنفلي";
const MAIL: &str = "zq@perfume.example";
const COMPANY: &str = "Quattlebaum & Daughters";
const ACCOUNT: &str = "ACC-99-ZEPHYR";
const SAID: [&str; 2] = ["My budgerigar is called Ozymandias", "ببغائي اسمه شمهورش"];
const MESSAGE: &str = "your jasmine is ready";
const PHONE: &str = "+442079460958";
const OTHER_PHONE: &str = "+442079460111";

/// As typed, and, of what can be searched for, as it is folded; whole and word by word.
fn words() -> Vec<String> {
    let typed = [LATIN, ARABIC, MAIL, COMPANY, ACCOUNT, PHONE.trim_start_matches('+'), MESSAGE].into_iter().chain(SAID);
    let folded = [LATIN, ARABIC, COMPANY].map(fold);
    let single: Vec<_> = folded.iter().flat_map(|text| text.split(" & ").flat_map(|text| text.split(' '))).collect();
    typed.chain(folded.iter().map(String::as_str)).chain(single).map(str::to_owned).collect()
}

/// The words that stand in any file of the folder, in whatever case.
fn leftovers(folder: &Path) -> Vec<String> {
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let bytes: Vec<_> = files.iter().map(|path| fs::read(path).unwrap().to_ascii_lowercase()).collect();
    let is_in = |word: &str, bytes: &[u8]| {
        let word = word.to_lowercase().into_bytes();
        bytes.windows(word.len()).any(|window| window == word)
    };
    words().into_iter().filter(|word| bytes.iter().any(|bytes| is_in(word, bytes))).collect()
}

/// A lead as the desk's own code keeps it.
fn insert_lead(change: &Change<'_>, name: &str, phone: &str, [mail, company]: [&str; 2]) -> Result<LeadId, StoreError> {
    let (id, phone): (_, PhoneNumber) = (LeadId::random(), phone.parse().unwrap());
    let person = persons::of_phone(change.transaction, change.vault, Some(&phone))?;
    change.transaction.execute(
        "INSERT INTO leads (id, person, name, name_key, phone, email, company, status, notes, created_at, updated_at, search)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'new', ?6, 0, 0, ?8)",
        (id.as_str(), person.as_str(), name, fold(name), phone.as_str(), mail, company, fold(&format!("{name} {phone} {mail} {company}"))),
    )?;
    let entry = Entry::new(Action::Create, Entity::Lead, &id).after(&json!({ "name": name, "phone": phone.as_str() }));
    change.record(&entry.about(&person))?;
    Ok(id)
}

fn insert_customer(change: &Change<'_>, name: &str, phone: &str) -> Result<CustomerId, StoreError> {
    let (id, phone): (_, PhoneNumber) = (CustomerId::random(), phone.parse().unwrap());
    let person = persons::of_phone(change.transaction, change.vault, Some(&phone))?;
    change.transaction.execute(
        "INSERT INTO customers (id, person, user_id, name, name_key, phone, notes, created_at, updated_at, deleted_at, search)
         VALUES (?1, ?2, ?1 || ?6, ?3, ?4, ?5, '', 0, 0, 1, ?4)",
        (id.as_str(), person.as_str(), name, fold(name), phone.as_str(), ACCOUNT),
    )?;
    Ok(id)
}

/// A call with a transcript, promises, messages and notes around it.
fn insert_history(change: &Change<'_>, lead: &LeadId, customer: &CustomerId) -> Result<(), StoreError> {
    let on = change.transaction;
    for (column, id) in [("lead", lead.as_str()), ("customer", customer.as_str())] {
        let call = calls::NewCall { caller_name: Pii::new(LATIN.to_owned()), ..new_call(at(0)) };
        let call = calls::NewCall { room: format!("call-{PHONE}-{column}").parse().unwrap(), ..call };
        calls::start(on, &call)?;
        for text in SAID {
            turns::add(on, &call.id, &new_turn(Who::Caller, text))?;
        }
        calls::end(on, &call.id, calls::Ended { at: at(9), reason: calls::EndReason::CallerLeft })?;
        on.execute(&format!("UPDATE calls SET {column} = ?2 WHERE id = ?1"), (call.id.as_str(), id))?;
        on.execute(
            &format!("INSERT INTO communications (id, {column}, kind, at, text, call, author) VALUES (?1, ?2, 'call', 0, ?3, ?1, '')"),
            (call.id.as_str(), id, LATIN),
        )?;
        on.execute(
            &format!(
                "INSERT INTO bookings (room, {column}, caller_name, context, direction, created_at, expires_at)
                 VALUES (?1, ?1, ?2, ?2, 'outbound', 0, 0)"
            ),
            (id, ARABIC),
        )?;
        on.execute(
            &format!(
                "INSERT INTO sms_outbox (id, {column}, phone, text, state, transport, created_at, updated_at, author)
                 VALUES (?1, ?1, ?2, ?3, 'held', 'outbox', 0, 0, '')"
            ),
            (id, PHONE, MESSAGE),
        )?;
    }
    let contact = Contact::Lead(lead.clone());
    let terms = promises::Terms {
        amount: Money::default(),
        due_on: "2026-12-01".parse().unwrap(),
        state: promises::State::Open,
        note: Pii::new(LATIN.to_owned()),
    };
    let promise = promises::create(change, &contact, None, &terms)?;
    promises::update(change, &promise, promises::Terms { state: promises::State::Kept, ..terms })?;
    let reason = Pii::new(ARABIC.to_owned());
    let terms = callbacks::Terms { due_at: at(99), reason, state: callbacks::State::Open };
    callbacks::create(change, &contact, None, &terms)?;
    Ok(())
}

fn insert_everywhere(change: &Change<'_>) -> Result<LeadId, StoreError> {
    let lead = insert_lead(change, LATIN, PHONE, [MAIL, COMPANY])?;
    let customer = insert_customer(change, ARABIC, PHONE)?;
    insert_history(change, &lead, &customer)?;
    do_not_call::add(change, &PHONE.parse().unwrap(), &Pii::new(format!("{LATIN} wishes it")))?;
    let rows = format!("[{{\"name\":\"{LATIN}\"}}]");
    change.transaction.execute(
        "INSERT INTO imports (id, entity, rows, owner, created_at) VALUES ('IM', 'leads', ?1, '', 0)",
        [rows],
    )?;
    change.transaction.execute(
        "INSERT INTO idempotency (owner, key, route, request, status, sealed_answer, created_at)
         VALUES ('AK', 'key', '/', x'00', 200, CAST(?1 AS BLOB), 0)",
        [LATIN],
    )?;
    Ok(lead)
}

async fn change<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Change<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.change(Actor::console(), Timestamp::UNIX_EPOCH, work).await.unwrap()
}

async fn try_erase(store: &Store, target: Target) -> Result<Erased, EraseError> {
    store.change(Actor::console(), Timestamp::UNIX_EPOCH, move |change| erase(change, &target)).await
}

/// Pages of the database are split and joined as rows come and go, and leave old bytes behind.
fn insert_crowd(change: &Change<'_>, from: usize) -> Result<(), StoreError> {
    for number in from..from + 1500 {
        let phone = format!("+2010{number:08}");
        insert_lead(change, &format!("Nobody {number} {}", "x".repeat(number % 90)), &phone, ["", ""])?;
    }
    Ok(())
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    change(&store, |change| insert_crowd(change, 0)).await;
    let lead = change(&store, insert_everywhere).await;
    change(&store, |change| insert_crowd(change, 1500)).await;
    assert_eq!(leftovers(folder.path()).len(), words().len(), "the test finds what it looks for");

    let erased = try_erase(&store, Target::Contact(Contact::Lead(lead.clone()))).await.unwrap();
    store.wipe().await.unwrap();
    let expected = Erased {
        leads: 1,
        customers: 1,
        calls: 2,
        turns: 4,
        communications: 2,
        promises: 1,
        callbacks: 1,
        bookings: 2,
        messages: 2,
        imports: 1,
    };
    assert_eq!(erased, expected);
    assert_eq!(leftovers(folder.path()), Vec::<String>::new());

    let phone: PhoneNumber = PHONE.parse().unwrap();
    let vault = store.vault().clone();
    let is_listed = store.read(move |connection| do_not_call::is_listed(connection, &vault, &phone)).await.unwrap();
    assert!(is_listed, "the wish outlives the number");
    for gone in [Target::Contact(Contact::Lead(lead)), Target::Phone(PHONE.parse().unwrap())] {
        assert!(matches!(try_erase(&store, gone).await, Err(EraseError::Nobody)));
    }
    let vault = store.vault().clone();
    let filter = audit::Filter { limit: 3, ..audit::Filter::default() };
    let log = store.read(move |connection| audit::list(connection, &vault, &filter)).await.unwrap();
    assert_eq!((log[0].action, &log[0].detail["after"]["erased"]["turns"]), (Action::Erase, &json!(4)));
}

#[tokio::test]
async fn others_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let other = change(&store, |change| {
        insert_everywhere(change)?;
        let other = insert_lead(change, "Somebody Else", OTHER_PHONE, ["", ""])?;
        let customer = insert_customer(change, "Somebody Else", OTHER_PHONE)?;
        insert_history(change, &other, &customer)?;
        Ok(other)
    });
    let other = other.await;
    let erased = try_erase(&store, Target::Phone(PHONE.parse().unwrap())).await.unwrap();
    assert_eq!((erased.leads, erased.customers, erased.calls), (1, 1, 2));
    let left = store.read(move |connection| {
        let count = |sql: &str| Ok::<i64, StoreError>(connection.query_row(sql, [], |row| row.get(0))?);
        assert!(Contact::Lead(other).exists(connection)?);
        Ok([
            count("SELECT count(*) FROM turns WHERE text != ''")?,
            count("SELECT count(*) FROM calls WHERE caller_name != ''")?,
            count("SELECT count(*) FROM calls")?,
            count("SELECT count(*) FROM communications")?,
            count("SELECT count(*) FROM promises")?,
            count("SELECT count(*) FROM persons WHERE sealed_key IS NULL")?,
            count("SELECT count(*) FROM leads_search WHERE leads_search MATCH 'somebody'")?,
        ])
    });
    // The erased person's messages stood under the other's, too: by number, those are gone.
    assert_eq!(left.await.unwrap(), [4, 2, 4, 2, 1, 1, 1]);
}

#[tokio::test]
async fn a_corrected_number_leads_to_all_that_was_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (lead, shared) = change(&store, |change| {
        let lead = insert_lead(change, LATIN, PHONE, ["", ""])?;
        let shared = insert_lead(change, LATIN, OTHER_PHONE, ["", ""])?;
        insert_customer(change, "Somebody Else", OTHER_PHONE)?;
        for id in [&lead, &shared] {
            let now = persons::of_phone(change.transaction, change.vault, Some(&"+442079460222".parse().unwrap()))?;
            change.transaction.execute("UPDATE leads SET person = ?2 WHERE id = ?1", [id.as_str(), now.as_str()])?;
        }
        Ok((lead, shared))
    })
    .await;
    try_erase(&store, Target::Contact(Contact::Lead(lead))).await.unwrap();
    let vault = store.vault().clone();
    let left = store.read(move |connection| {
        let readable = "SELECT count(*) FROM persons WHERE sealed_key IS NOT NULL";
        let readable: i64 = connection.query_row(readable, [], |row| row.get(0))?;
        let other = persons::find(connection, &vault, &OTHER_PHONE.parse().unwrap())?;
        let of = |row: &rusqlite::Row<'_>| parsed::<PersonId>(row, "person");
        assert_eq!(other, Some(connection.query_row("SELECT person FROM customers", [], of)?), "who stays is somebody");
        let filter = audit::Filter { entity_id: Some(shared.to_string()), limit: 9, ..audit::Filter::default() };
        let said = audit::list(connection, &vault, &filter)?;
        Ok((readable, said.iter().map(|entry| (entry.erased, entry.detail.is_null())).collect::<Vec<_>>()))
    });
    assert_eq!(left.await.unwrap(), (1, vec![(true, true)]), "what was said under another's number is gone, too");
}

#[tokio::test]
async fn nobody_is_erased_during_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let lead = change(&store, |change| {
        let lead = insert_lead(change, LATIN, PHONE, ["", ""])?;
        let call = new_call(at(0));
        calls::start(change.transaction, &call)?;
        let tie = |transaction: &Transaction<'_>| {
            transaction.execute("UPDATE calls SET lead = ?2 WHERE id = ?1", [call.id.as_str(), lead.as_str()])
        };
        tie(change.transaction)?;
        Ok(lead)
    });
    let lead = lead.await;
    let refused = try_erase(&store, Target::Contact(Contact::Lead(lead.clone()))).await;
    assert!(matches!(refused, Err(EraseError::OnCall)));
    assert!(store.read(move |connection| Contact::Lead(lead).exists(connection)).await.unwrap());
}
