use super::*;
use crate::{
    domain::Pii,
    store::{
        Change, Refusal,
        audit::Actor,
        bookings::Booking,
        calls::{self, Direction, EndReason, Ended},
        communications::Contact,
        imports::Imported,
        leads::{self, LeadPatch},
        settings::{self, RetentionDays, Settings},
        sms_outbox::{self, NewSms, SmsTransport},
        tests::{at, is_found, new_call, start, store},
        wipe,
    },
};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

async fn count(store: &Store, sql: &'static str) -> i64 {
    store.read(move |connection| Ok(connection.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
}

fn booking(room: &str, expires_at: Timestamp) -> Booking {
    Booking {
        room: room.parse().unwrap(),
        party: None,
        script: None,
        profile: None,
        language: None,
        caller_name: Pii::new("Leopoldina".to_owned()),
        context: Pii::default(),
        direction: Direction::Outbound,
        created_at: at(0),
        expires_at,
    }
}

#[tokio::test]
async fn what_is_over_goes_by_itself() {
    let (folder, store) = store();
    let vault = store.vault().clone();
    let fill = store.change(Actor::console(), at(0), move |change| {
        bookings::keep(change, &booking("a", at(DAY)), None)?;
        bookings::keep(change, &booking("b", at(DAY * 2)), None)?;
        imports::keep(change.transaction, Imported::Leads, "[\"Philomena\"]", "US_1", at(0))?;
        let route = "POST /api/call".to_owned();
        let request = idempotency::Request { owner: "AK_1".to_owned(), key: "k".to_owned(), route, body: [0; 32] };
        idempotency::claim(change.transaction, &vault, &request, at(0))?;
        Ok::<_, Refusal>(())
    });
    fill.await.unwrap();
    let mut left = Vec::new();
    for now in [0, HOUR, DAY, DAY + HOUR] {
        run(&store, at(now)).await;
        left.push([
            count(&store, "SELECT count(*) FROM imports").await,
            count(&store, "SELECT count(*) FROM bookings").await,
            count(&store, "SELECT count(*) FROM idempotency").await,
        ]);
    }
    assert_eq!(left, [[1, 2, 1], [0, 2, 1], [0, 1, 1], [0, 1, 0]]);
    assert!(!is_found(folder.path(), "Philomena"));
}

#[tokio::test]
async fn text_messages_go_when_they_are_too_old() {
    let (folder, store) = store();
    let write = async |second, text: &str, transport| {
        let text = text.to_owned();
        let written = store.change(Actor::console(), at(second), move |change| {
            let phone = Pii::new("+442079460958".parse().unwrap());
            let lead = leads::create(change, &LeadPatch { phone: Some(Some(phone.clone())), ..LeadPatch::default() })?;
            let contact = Some(Contact::Lead(lead.id));
            sms_outbox::queue(change, &NewSms { contact, phone, text: Pii::new(text) }, transport)?;
            Ok::<_, Refusal>(())
        });
        written.await.unwrap();
    };
    write(0, "the jasmine is ready", SmsTransport::Outbox).await;
    write(0, "a lilac waits to be sent", SmsTransport::Webhook).await;
    write(DAY, "the rose is ready", SmsTransport::Outbox).await;
    run(&store, at(100 * DAY)).await;
    assert_eq!(count(&store, "SELECT count(*) FROM sms_outbox").await, 3, "nothing is set: all is kept");
    let settings =
        Settings { retention_days: RetentionDays { transcripts: None, messages: Some(30) }, ..Settings::default() };
    let set = store.change(Actor::console(), at(0), move |change| settings::replace(change, &settings));
    set.await.unwrap();
    run(&store, at(30 * DAY + HOUR)).await;
    let text = "SELECT count(*) FROM communications WHERE kind = 'sms' AND text = ''";
    assert_eq!((count(&store, "SELECT count(*) FROM sms_outbox").await, count(&store, text).await), (2, 1));
    for (text, is_left) in [("jasmine", false), ("lilac", true), ("rose", true)] {
        assert_eq!(is_found(folder.path(), text), is_left, "{text}");
    }
}

#[tokio::test]
async fn the_database_is_written_anew_when_nobody_calls() {
    let (_folder, store) = store();
    let call = new_call(at(0));
    for (after, is_on_call, is_done) in [
        (0, false, false),
        (DAY - 1, false, false),
        (DAY, true, false),
        (DAY, false, true),
        (2 * DAY - 1, true, false),
        (2 * DAY, true, true),
    ] {
        let request = move |transaction: &Transaction<'_>| wipe::request(transaction, at(0));
        store.write(request).await.unwrap();
        if is_on_call {
            start(&store, &call).await;
        }
        assert_eq!(wipe::run(&store, at(after)).await.unwrap(), is_done, "after {after} s");
        assert_eq!(store.read(wipe::since).await.unwrap().is_none(), is_done);
        let id = call.id.clone();
        let end = Ended { at: at(0), reason: EndReason::CallerLeft };
        let end = move |transaction: &Transaction<'_>| {
            calls::end(transaction, &id, end)?;
            calls::delete(transaction, &id)
        };
        store.write(end).await.unwrap();
    }
}

#[tokio::test]
async fn one_key_books_so_many_rooms_and_no_more() {
    let (_folder, store) = store();
    let made = store.change(Actor::console(), at(0), |change| {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO bookings (room, caller_name, context, direction, created_at, expires_at, owner)
             SELECT 'room-' || i, '', '', 'outbound', 0, ?1, '' FROM n";
        change.transaction.execute(sql, [at(DAY).as_millisecond()])?;
        bookings::keep(change, &booking("room-7", at(DAY)), None)?;
        let refused = bookings::keep(change, &booking("one-more", at(DAY)), None);
        assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
        let other = Actor { id: "AK_2".to_owned(), ..Actor::console() };
        let other = Change { actor: other, transaction: change.transaction, vault: change.vault, now: change.now };
        bookings::keep(&other, &booking("one-more", at(DAY)), None)?;
        let later = Booking { created_at: at(DAY), ..booking("later", at(2 * DAY)) };
        bookings::keep(change, &later, None)
    });
    made.await.unwrap();
}
