use super::*;
use crate::{
    domain::Pii,
    store::{
        Store,
        audit::{self, Action, Actor},
        customers::{self, Customer, CustomerPatch},
        erasure::{self, Target},
        leads::{self, LeadPatch},
        list::{Filter, Page, Search},
        search_later,
        tests::{at, store},
    },
};

const PHONES: [&str; 4] = ["+442079460958", "+201001234567", "+96522221111", "+442079460111"];

fn lead(name: &str, phone: &str) -> LeadPatch {
    LeadPatch {
        name: Some(Pii::new(name.to_owned())),
        phone: Some(Some(Pii::new(phone.parse().unwrap()))),
        ..LeadPatch::default()
    }
}

fn customer(user_id: &str, name: &str, phone: &str) -> CustomerPatch {
    CustomerPatch {
        user_id: Some(user_id.to_owned()),
        name: Some(Pii::new(name.to_owned())),
        phone: Some(Some(Pii::new(phone.parse().unwrap()))),
        ..CustomerPatch::default()
    }
}

fn owner() -> Actor {
    Actor { id: "US_1".to_owned(), ..Actor::console() }
}

/// What a preview leaves.
async fn previewed<P: Importable + Clone>(store: &Store, rows: &[P]) -> (ImportId, Vec<(P, Plan)>) {
    let asked = rows.to_vec();
    let plans = store.read(move |connection| {
        Ok(asked.iter().map(|row| plan(connection, row, OnDuplicate::Update).unwrap()).collect::<Vec<_>>())
    });
    let keep = store.write(|transaction| keep(transaction, P::IMPORTED, "[]", "US_1", at(0)));
    (keep.await.unwrap(), rows.iter().cloned().zip(plans.await.unwrap()).collect())
}

async fn import<P: Importable + Clone>(store: &Store, rows: &[P]) -> Result<Written, Refusal> {
    let (id, rows) = previewed(store, rows).await;
    confirm(store, owner(), at(1), id, OnDuplicate::Update, rows).await
}

async fn found(store: &Store, word: &str) -> Vec<String> {
    let filter = Filter { search: Search::default().words(word), ..Filter::default() };
    let page = store.read(move |connection| leads::page(connection, &filter, &Page::first(&leads::TABLE, 50)));
    page.await.unwrap().items.into_iter().map(|lead| lead.name.into_inner()).collect()
}

/// Nothing is left due, and the indexes fit their tables.
async fn assert_is_sound(store: &Store) {
    let check = store.write(|transaction| {
        for table in ["leads", "customers"] {
            let sql = format!("INSERT INTO {table}_search ({table}_search) VALUES ('integrity-check')");
            transaction.execute_batch(&sql)?;
            let due = format!("SELECT (SELECT count(*) FROM {table}_search_due) + (SELECT count(*) FROM search_later)");
            assert_eq!(transaction.query_row(&due, [], |row| row.get::<_, i64>(0))?, 0, "{table}");
        }
        Ok(())
    });
    check.await.unwrap();
}

#[tokio::test]
async fn rows_are_made_and_changed_and_found() {
    let (_folder, store) = store();
    let first = import(&store, &[lead("Amanda", PHONES[0]), lead("سارة", PHONES[1])]).await.unwrap();
    assert_eq!(first, Written { created: 2, ..Written::default() });
    let rows = [lead("Bernadette", PHONES[0]), lead("سارة", PHONES[1]), lead("Leopoldina", PHONES[2])];
    let second = import(&store, &rows).await.unwrap();
    assert_eq!(second, Written { created: 1, updated: 1, skipped: 1 });
    for (word, names) in
        [("amanda", vec![]), ("bern", vec!["Bernadette"]), ("ساره", vec!["سارة"]), ("leo", vec!["Leopoldina"])]
    {
        assert_eq!(found(&store, word).await, names, "{word}");
    }
    assert_is_sound(&store).await;
    let vault = store.vault().clone();
    let filter = audit::Filter { limit: 50, ..audit::Filter::default() };
    let log = store.read(move |connection| audit::list(connection, &vault, &filter)).await.unwrap();
    assert!(log.iter().all(|entry| entry.action == Action::Import && entry.actor == "US_1"));
    let names: Vec<_> = log.iter().rev().map(|entry| entry.detail["after"]["name"].as_str()).collect();
    let expected = [Some("Amanda"), Some("سارة"), None, Some("Bernadette"), Some("Leopoldina"), None];
    assert_eq!(names, expected);
    assert_eq!(log[2].detail["before"]["name"], "Amanda");
}

#[tokio::test]
async fn people_are_known_by_their_numbers() {
    let (_folder, store) = store();
    import(&store, &[lead("Amanda", PHONES[0])]).await.unwrap();
    let rows = [customer("1", "Amanda", PHONES[0]), customer("2", "Omar", PHONES[1]), customer("3", "Omar", PHONES[1])];
    import(&store, &rows).await.unwrap();
    // The second gets a number of their own, the third keeps the one that both had.
    let moved = [customer("2", "Omar", PHONES[3])];
    assert_eq!(import(&store, &moved).await.unwrap().updated, 1);
    // A number changes hands within one file.
    let handed =
        [customer("1", "Amanda", PHONES[2]), customer("3", "Omar", PHONES[0]), customer("4", "Sara", PHONES[1])];
    assert_eq!(import(&store, &handed).await.unwrap(), Written { created: 1, updated: 2, skipped: 0 });
    let read = store.read(|connection| {
        let named = |id: &str| Ok::<Customer, StoreError>(customers::with_user_id(connection, id)?.unwrap());
        let lead = leads::with_phone(connection, &PHONES[0].parse().unwrap())?.unwrap();
        Ok((lead.person, [named("1")?, named("2")?, named("3")?, named("4")?]))
    });
    let (person, [first, second, third, fourth]) = read.await.unwrap();
    assert_eq!(third.person, person, "who has the lead's number");
    for (one, other) in [(&first, &second), (&first, &third), (&second, &third), (&third, &fourth), (&second, &fourth)]
    {
        assert_ne!(one.person, other.person);
    }
    assert_eq!([&first, &second, &third, &fourth].map(|it| it.version), [2, 2, 2, 1]);
    assert_is_sound(&store).await;
}

#[tokio::test]
async fn all_is_written_or_nothing() {
    let (_folder, store) = store();
    let rows = [lead("Amanda", PHONES[0]), lead("Omar", PHONES[1])];
    let (id, rows) = previewed(&store, &rows).await;
    let made = store.change(Actor::console(), at(0), |change| leads::create(change, &lead("Sara", PHONES[1])));
    made.await.unwrap();
    let refused = confirm(&store, owner(), at(1), id.clone(), OnDuplicate::Update, rows.clone()).await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
    assert_eq!(found(&store, "amanda").await, [] as [&str; 0]);
    let other = Actor { id: "US_2".to_owned(), ..owner() };
    let refused = confirm(&store, other, at(1), id.clone(), OnDuplicate::Update, Vec::<(LeadPatch, Plan)>::new()).await;
    assert!(matches!(refused, Err(Refusal::Missing("import"))), "{refused:?}");
    assert_is_sound(&store).await;

    // What fails in the middle takes back what was before it.
    let trigger =
        "CREATE TRIGGER stop BEFORE INSERT ON leads WHEN new.name = 'Zoe' BEGIN SELECT RAISE(ABORT, 'no'); END";
    store.write(move |transaction| Ok(transaction.execute_batch(trigger)?)).await.unwrap();
    let failed = import(&store, &[lead("Amanda", PHONES[0]), lead("Zoe", PHONES[2])]).await;
    assert!(matches!(failed, Err(Refusal::Store(StoreError::Failed(_)))), "{failed:?}");
    let left = store.read(|connection| {
        Ok(connection
            .query_row("SELECT count(*) FROM audit_log WHERE action = 'import'", [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.await.unwrap(), 0);
    assert_eq!(found(&store, "amanda").await, [] as [&str; 0]);
    assert_is_sound(&store).await;
}

/// As after a crash between writing and indexing.
#[tokio::test]
async fn what_is_due_may_be_changed_deleted_and_erased_before_it_is_indexed() {
    let (_folder, store) = store();
    let written = store.change(Actor::console(), at(0), |change| {
        let old = leads::create(change, &lead("Amanda", PHONES[0]))?;
        let [new, gone, erased] = search_later::during(change.transaction, || {
            leads::update(change, &old.id, None, &lead("Bernadette", PHONES[0]))?;
            let make = |name, phone| leads::create(change, &lead(name, phone));
            Ok::<_, Refusal>([make("Omar", PHONES[1])?, make("Gone", PHONES[2])?, make("Erased", PHONES[3])?])
        })?;
        Ok::<_, Refusal>((old, new, gone, erased))
    });
    let (old, new, gone, _) = written.await.unwrap();
    assert_eq!(found(&store, "omar").await, [] as [&str; 0]);
    let changed = store.change(Actor::console(), at(1), move |change| {
        leads::update(change, &new.id, None, &lead("Yusuf", PHONES[1]))?;
        leads::update(change, &old.id, None, &lead("Claudia", PHONES[0]))?;
        leads::delete(change, &gone.id, None)?;
        Ok::<_, Refusal>(())
    });
    changed.await.unwrap();
    for phone in [PHONES[3], PHONES[0]] {
        let target = Target::Phone(phone.parse().unwrap());
        let erase = store.change(Actor::console(), at(2), move |change| erasure::erase(change, &target));
        assert_eq!(erase.await.unwrap().leads, 1);
    }
    search_later::catch_up(&store).await.unwrap();
    for (word, names) in [("omar", vec![]), ("yusuf", vec!["Yusuf"]), ("gone", vec![]), ("claudia", vec![])] {
        assert_eq!(found(&store, word).await, names, "{word}");
    }
    assert_is_sound(&store).await;
}

#[tokio::test]
async fn a_file_waits_for_its_owner_and_not_for_ever() {
    let (_folder, store) = store();
    let began = Timestamp::UNIX_EPOCH;
    let just = began + LIFETIME - SignedDuration::from_secs(1);
    let late = began + LIFETIME;
    let done = store.write(move |transaction| {
        let id = keep(transaction, Imported::Leads, "[1]", "US_1", began)?;
        let rows = |imported, owner, now| find(transaction, imported, &id, owner, now);
        assert_eq!(rows(Imported::Leads, "US_1", just)?.as_deref(), Some("[1]"));
        assert_eq!(rows(Imported::Leads, "US_1", late)?, None);
        assert_eq!(rows(Imported::Leads, "US_2", just)?, None);
        assert_eq!(rows(Imported::Customers, "US_1", just)?, None);
        assert!(!discard(transaction, Imported::Leads, &id, "US_2")?);
        // Whoever begins the next one takes away what was forgotten.
        let other = keep(transaction, Imported::Customers, "[2]", "US_2", late)?;
        assert!(!discard(transaction, Imported::Leads, &id, "US_1")?);
        assert!(discard(transaction, Imported::Customers, &other, "US_2")?);
        Ok(())
    });
    done.await.unwrap();
}
