//! Leads as the desk keeps them: whose they are, who must not be called, what the audit log says.

use super::*;
use crate::store::{
    Store,
    audit::{self, Actor},
    customers::{self, Customer, CustomerPatch},
};

const FIRST: &str = "+201001234567";
const SECOND: &str = "+442079460958";

/// What the tests do, in one transaction of a new store.
async fn desk<T: Send + 'static>(
    work: impl FnOnce(&Change<'_>) -> Result<T, Refusal> + Send + 'static,
) -> (tempfile::TempDir, Store, T) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let done = store.change(Actor::console(), Timestamp::UNIX_EPOCH, work).await;
    let done = done.map_err(|refusal| refusal.to_string()).unwrap();
    (folder, store, done)
}

fn phone(number: &str) -> Option<Option<Pii<PhoneNumber>>> {
    Some(Some(Pii::new(number.parse().unwrap())))
}

fn with_number(number: &str) -> LeadPatch {
    LeadPatch { phone: phone(number), ..LeadPatch::default() }
}

fn customer(change: &Change<'_>, number: &str) -> Result<Customer, Refusal> {
    customers::create(change, &CustomerPatch { phone: phone(number), ..CustomerPatch::default() })
}

#[tokio::test]
async fn one_number_is_one_person() {
    desk(|change| {
        let lead = create(change, &with_number(FIRST))?;
        assert_eq!(customer(change, FIRST)?.person, lead.person);
        let moved = update(change, &lead.id, None, &with_number(SECOND))?;
        assert_ne!(moved.person, lead.person, "the customer still has the first number");
        assert_eq!(customer(change, FIRST)?.person, lead.person);
        assert_eq!(customer(change, SECOND)?.person, moved.person);

        let alone = create(change, &with_number("+96522221111"))?;
        let moved = update(change, &alone.id, None, &with_number("+96522222222"))?;
        assert_eq!(moved.person, alone.person, "nobody else had the number: what is known of them moves with them");
        assert_ne!(create(change, &with_number("+96522221111"))?.person, alone.person);
        let named = LeadPatch { name: Some(Pii::new("Sara".to_owned())), phone: Some(None), ..LeadPatch::default() };
        assert_eq!(update(change, &alone.id, None, &named)?.person, alone.person);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_is_not_to_be_called_is_known_by_the_number() {
    let (_folder, store, lead) = desk(|change| {
        let lead = create(change, &with_number(FIRST))?;
        change.transaction.execute(
            "INSERT INTO do_not_call (id, phone_digest, reason, created_at, author) VALUES ('DN_1', ?1, '', 0, '')",
            [persons::digest(change.vault, &SECOND.parse().unwrap())],
        )?;
        assert!(!update(change, &lead.id, None, &LeadPatch::default())?.do_not_call);
        update(change, &lead.id, None, &with_number(SECOND))
    })
    .await;
    assert!(lead.do_not_call);
    let listed = store.read(|connection| page(connection, &Filter::default(), &Page::first(&TABLE, 5))).await;
    assert_eq!(listed.unwrap().items, [lead]);
}

#[tokio::test]
async fn the_status_puts_the_number_on_the_list_and_nothing_takes_it_off() {
    const THIRD: &str = "+96522221111";
    let is_listed = |change: &Change<'_>, number: &str| {
        do_not_call::is_listed(change.transaction, change.vault, &number.parse().unwrap())
    };
    desk(move |change| {
        let status = |status| LeadPatch { status: Some(status), ..LeadPatch::default() };
        let made = create(change, &LeadPatch { phone: phone(FIRST), ..status(LeadStatus::DoNotCall) })?;
        assert!(made.do_not_call && is_listed(change, FIRST)?, "from the beginning");
        let other = create(change, &with_number(SECOND))?;
        assert!(!other.do_not_call);
        assert!(update(change, &other.id, None, &status(LeadStatus::DoNotCall))?.do_not_call, "later");
        assert!(update(change, &other.id, None, &with_number(THIRD))?.do_not_call, "with another number");
        update(change, &other.id, None, &status(LeadStatus::New))?;
        for number in [FIRST, SECOND, THIRD] {
            assert!(is_listed(change, number)?, "{number}");
        }

        let wanted = do_not_call::of_phone(change.vault, Some(&FIRST.parse().unwrap()));
        let entries = do_not_call::page(change.transaction, &wanted, &Page::first(&do_not_call::TABLE, 5))?.items;
        assert_eq!(entries[0].reason.reveal(), WISH);
        do_not_call::remove(change, &entries[0].id, None, &Pii::new("a mistake".to_owned()))?;
        let noted = LeadPatch { notes: Some(Pii::new("rings back".to_owned())), ..LeadPatch::default() };
        assert!(!update(change, &made.id, None, &noted)?.do_not_call, "what somebody took off stays off");

        let nameless = LeadPatch { name: Some(Pii::new("Sara".to_owned())), ..status(LeadStatus::DoNotCall) };
        let nameless = create(change, &nameless)?;
        assert!(!nameless.do_not_call && nameless.must_not_be_called(), "there is no number");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn each_change_is_in_the_audit_log() {
    let (_folder, store, id) = desk(|change| {
        let lead = create(change, &with_number(FIRST))?;
        let won = LeadPatch { status: Some(LeadStatus::Won), ..LeadPatch::default() };
        assert_eq!(update(change, &lead.id, Some(1), &won)?.version, 2);
        assert_eq!(update(change, &lead.id, Some(2), &won)?.version, 2, "nothing is new");
        assert!(matches!(update(change, &lead.id, Some(1), &won), Err(Refusal::Stale)));
        assert!(matches!(delete(change, &lead.id, Some(1)), Err(Refusal::Stale)));
        delete(change, &lead.id, Some(2))?;
        assert!(matches!(update(change, &lead.id, None, &won), Err(Refusal::Missing("lead"))));
        assert_eq!(with_phone(change.transaction, &FIRST.parse().unwrap())?, None);
        Ok(lead.id)
    })
    .await;
    let vault = store.vault().clone();
    let filter = audit::Filter { entity_id: Some(id.to_string()), limit: 10, ..audit::Filter::default() };
    let log = store.read(move |connection| audit::list(connection, &vault, &filter)).await.unwrap();
    let actions: Vec<_> = log.iter().rev().map(|entry| entry.action).collect();
    assert_eq!(actions, [Action::Create, Action::Update, Action::Delete]);
    assert_eq!((&log[1].detail["before"]["status"], &log[1].detail["after"]["status"]), (&"new".into(), &"won".into()));
    assert_eq!(log[2].detail["after"]["phone"], FIRST);
    let sealed = store.read(|connection| {
        let sql = "SELECT count(*) FROM audit_log WHERE person IS NOT NULL AND detail IS NULL AND sealed IS NOT NULL";
        Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(sealed.await.unwrap(), 3);
}

#[tokio::test]
async fn who_was_deleted_comes_back_and_is_found() {
    let (_folder, store, id) = desk(|change| {
        let named = LeadPatch { name: Some(Pii::new("Sara".to_owned())), ..with_number(FIRST) };
        let lead = create(change, &named)?;
        assert!(matches!(restore(change, &lead.id, Some(2)), Err(Refusal::Stale)));
        assert_eq!(restore(change, &lead.id, None)?, lead, "who is there stays as they are");
        delete(change, &lead.id, None)?;
        assert!(matches!(restore(change, &lead.id, Some(1)), Err(Refusal::Stale)));
        let back = restore(change, &lead.id, Some(2))?;
        assert_eq!((back.version, back.name.reveal().as_str()), (3, "Sara"));
        assert!(matches!(restore(change, &LeadId::random(), None), Err(Refusal::Missing("lead"))));
        Ok(lead.id)
    })
    .await;
    let filter = Filter { search: list::Search::default().words("sara"), ..Filter::default() };
    let listed = store.read(move |connection| page(connection, &filter, &Page::first(&TABLE, 5))).await;
    assert_eq!(listed.unwrap().items.into_iter().map(|lead| lead.id).collect::<Vec<_>>(), [id]);
    let vault = store.vault().clone();
    let act = store.read(move |connection| audit::act(connection, &vault, "", Timestamp::UNIX_EPOCH)).await.unwrap();
    assert_eq!(act[0].action, Action::Restore);
}

#[tokio::test]
async fn a_lead_has_a_name_or_a_number_and_a_script_that_is_there() {
    desk(|change| {
        let nothing = create(change, &LeadPatch::default());
        assert!(matches!(nothing, Err(Refusal::Field("name", _))), "{nothing:?}");
        let lead = create(change, &with_number(FIRST))?;
        let emptied = update(change, &lead.id, None, &LeadPatch { phone: Some(None), ..LeadPatch::default() });
        assert!(matches!(emptied, Err(Refusal::Field("name", _))), "{emptied:?}");
        let script = LeadPatch { script: Some(Some(ScriptId::random())), ..with_number(SECOND) };
        assert!(matches!(create(change, &script), Err(Refusal::Field("scriptId", _))));
        Ok(())
    })
    .await;
}
