use jiff::Timestamp;

use super::*;
use crate::store::{Store, audit::Actor};

const PHONE: &str = "+442079460958";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_763_712_000 + seconds).unwrap()
}

fn phone() -> PhoneNumber {
    PHONE.parse().unwrap()
}

struct Outbox {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Outbox {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open(folder.path()).unwrap(), _folder: folder }
    }

    async fn change<T, E, F>(&self, seconds: i64, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Change<'_>) -> Result<T, E> + Send + 'static,
    {
        self.store.change(Actor { name: "Nadia".to_owned(), ..Actor::console() }, at(seconds), work).await
    }

    async fn queue(&self, seconds: i64, text: &str, transport: SmsTransport) -> Sms {
        let new = NewSms { contact: None, phone: Pii::new(phone()), text: Pii::new(text.to_owned()) };
        self.change(seconds, move |change| queue(change, &new, transport)).await.unwrap()
    }

    async fn claim(&self, seconds: i64) -> Claim {
        self.change(seconds, claim).await.unwrap()
    }

    async fn attempt(&self, seconds: i64) -> Attempt {
        match self.claim(seconds).await {
            Claim::Attempt(attempt) => attempt,
            nothing => panic!("{nothing:?}"),
        }
    }

    async fn settle(&self, attempt: &Attempt, verdict: Verdict) {
        let id = attempt.id.clone();
        self.store.write(move |transaction| settle(transaction, &id, &verdict, at(100))).await.unwrap();
    }

    async fn report(&self, attempt: &Attempt, delivery: Delivery, reference: Option<&str>) -> bool {
        let (secret, problem) = (attempt.callback.clone(), None);
        let said = Report { delivery, reference: reference.map(str::to_owned), problem };
        self.store.write(move |transaction| report(transaction, &secret, &said, at(200))).await.unwrap()
    }

    async fn state(&self, id: &SmsId) -> SmsState {
        self.find(id).await.unwrap().state
    }

    async fn find(&self, id: &SmsId) -> Option<Sms> {
        let id = id.clone();
        self.store.read(move |connection| find(connection, &id)).await.unwrap()
    }

    async fn forbid(&self) {
        let wish = Pii::new("asked".to_owned());
        self.change(0, move |change| do_not_call::add(change, &phone(), &wish)).await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        self.store.read(move |connection| Ok(connection.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
    }
}

fn sent(reference: &str) -> Verdict {
    Verdict::Sent { reference: Some(reference.to_owned()) }
}

fn unknown() -> Verdict {
    Verdict::Unknown { problem: "no answer".to_owned() }
}

#[tokio::test]
async fn a_message_is_claimed_once_and_then_known() {
    let outbox = Outbox::new();
    let sms = outbox.queue(0, "pay with 4111 1111 1111 1111", SmsTransport::Twilio).await;
    assert!(!sms.text.reveal().contains("1111 1111 1111"), "card numbers are masked");
    assert_eq!(outbox.claim(-1).await, Claim::Nothing { next: Some(at(0)) });
    let attempt = outbox.attempt(0).await;
    assert_eq!((&attempt.id, attempt.number, &attempt.text), (&sms.id, 1, &sms.text));
    assert_eq!(outbox.state(&sms.id).await, SmsState::Sending);
    assert_eq!(outbox.claim(9999).await, Claim::Nothing { next: None });
    outbox.settle(&attempt, sent("SM1")).await;
    let found = outbox.find(&sms.id).await.unwrap();
    assert_eq!((found.state, found.reference.as_deref(), found.attempts), (SmsState::Sent, Some("SM1"), 1));
    assert_eq!(outbox.claim(9999).await, Claim::Nothing { next: None });
    assert_eq!(outbox.count("SELECT count(*) FROM audit_log WHERE entity = 'sms' AND action = 'send'").await, 1);
}

#[tokio::test]
async fn without_a_transport_messages_are_held() {
    let outbox = Outbox::new();
    let sms = outbox.queue(0, "hello", SmsTransport::Outbox).await;
    assert_eq!((sms.state, sms.due_at), (SmsState::Held, None));
    assert_eq!(outbox.claim(9999).await, Claim::Nothing { next: None });
    let id = sms.id.clone();
    let again = outbox.change(5, move |change| retry(change, &id, None, SmsTransport::Webhook)).await.unwrap();
    assert_eq!((again.state, again.transport, again.version), (SmsState::Queued, SmsTransport::Webhook, 2));
    assert_eq!(outbox.attempt(5).await.id, sms.id);
}

#[tokio::test]
async fn the_do_not_call_list_is_respected_whenever_it_was_written() {
    let outbox = Outbox::new();
    let before = outbox.queue(0, "hello", SmsTransport::Twilio).await;
    let held = outbox.queue(0, "hello", SmsTransport::Outbox).await;
    outbox.forbid().await;
    assert_eq!(outbox.claim(0).await, Claim::Nothing { next: None });
    assert_eq!(outbox.state(&before.id).await, SmsState::Blocked);
    let after = outbox.queue(0, "hello", SmsTransport::Twilio).await;
    assert_eq!((after.state, after.due_at), (SmsState::Blocked, None));
    let id = held.id.clone();
    let again = outbox.change(5, move |change| retry(change, &id, None, SmsTransport::Twilio)).await.unwrap();
    assert_eq!(again.state, SmsState::Blocked);
    assert_eq!(outbox.claim(9999).await, Claim::Nothing { next: None });
    let blocked = outbox.change(5, move |change| retry(change, &after.id, None, SmsTransport::Twilio)).await;
    assert!(matches!(blocked, Err(Refusal::Conflict(_))));
}

#[tokio::test]
async fn many_blocked_messages_hold_nobody_up() {
    let outbox = Outbox::new();
    for second in 0..40 {
        outbox.queue(second, "hello", SmsTransport::Twilio).await;
    }
    outbox.forbid().await;
    assert_eq!(outbox.claim(100).await, Claim::Nothing { next: Some(at(100)) }, "a batch at a time");
    assert_eq!(outbox.claim(100).await, Claim::Nothing { next: None });
    assert_eq!(outbox.count("SELECT count(*) FROM sms_outbox WHERE state = 'blocked'").await, 40);
}

#[tokio::test]
async fn what_was_being_sent_in_a_crash_is_not_sent_again() {
    let outbox = Outbox::new();
    let sms = outbox.queue(0, "hello", SmsTransport::Twilio).await;
    let attempt = outbox.attempt(0).await;
    let recovered = outbox.store.write(|transaction| recover(transaction, at(60))).await.unwrap();
    assert_eq!((recovered, outbox.state(&sms.id).await), (1, SmsState::Unknown));
    assert_eq!(outbox.claim(9999).await, Claim::Nothing { next: None });
    outbox.settle(&attempt, sent("SM1")).await;
    assert_eq!(outbox.state(&sms.id).await, SmsState::Unknown);
    // Somebody wants it to be sent again; the service then says that it had taken the first.
    let id = sms.id.clone();
    outbox.change(70, move |change| retry(change, &id, None, SmsTransport::Twilio)).await.unwrap();
    assert!(outbox.report(&attempt, Delivery::Delivered, Some("SM1")).await);
    assert_eq!(outbox.claim(9999).await, Claim::Nothing { next: None });
}

#[tokio::test]
async fn an_attempt_that_failed_is_made_again_when_it_is_due() {
    let outbox = Outbox::new();
    let sms = outbox.queue(0, "hello", SmsTransport::Twilio).await;
    let first = outbox.attempt(0).await;
    outbox.settle(&first, Verdict::Again { due_at: at(30), problem: "busy".to_owned() }).await;
    assert_eq!(outbox.claim(29).await, Claim::Nothing { next: Some(at(30)) });
    let second = outbox.attempt(30).await;
    assert_eq!((&second.id, second.number), (&sms.id, 2));
    assert!(!outbox.report(&first, Delivery::Delivered, None).await, "the earlier address is no longer good");
    outbox.settle(&second, Verdict::Failed { problem: "no".to_owned() }).await;
    assert_eq!(outbox.find(&sms.id).await.unwrap().problem.as_deref(), Some("no"));
}

/// From each state, each report; a script of reports and the states after each.
#[tokio::test]
async fn states_only_move_forward() {
    use Delivery::{Delivered, Failed, Sent};
    let again = || Verdict::Again { due_at: at(30), problem: String::new() };
    for (verdict, reports) in [
        (None, vec![(Sent, SmsState::Sent), (Sent, SmsState::Sent), (Delivered, SmsState::Delivered)]),
        (None, vec![(Failed, SmsState::Failed), (Delivered, SmsState::Failed)]),
        (
            Some(sent("SM1")),
            vec![(Delivered, SmsState::Delivered), (Sent, SmsState::Delivered), (Failed, SmsState::Delivered)],
        ),
        (Some(sent("SM1")), vec![(Failed, SmsState::Failed), (Sent, SmsState::Failed)]),
        (Some(unknown()), vec![(Sent, SmsState::Sent), (Failed, SmsState::Failed)]),
        (Some(again()), vec![(Failed, SmsState::Queued), (Sent, SmsState::Sent)]),
        (Some(Verdict::Failed { problem: String::new() }), vec![(Delivered, SmsState::Failed)]),
    ] {
        let outbox = Outbox::new();
        let sms = outbox.queue(0, "hello", SmsTransport::Twilio).await;
        let attempt = outbox.attempt(0).await;
        if let Some(verdict) = verdict.clone() {
            outbox.settle(&attempt, verdict).await;
        }
        for (delivery, expected) in reports {
            outbox.report(&attempt, delivery, Some("SM1")).await;
            assert_eq!(outbox.state(&sms.id).await, expected, "{verdict:?} {delivery:?}");
        }
        // An answer that comes after the report takes nothing back.
        let before = outbox.state(&sms.id).await;
        outbox.settle(&attempt, unknown()).await;
        assert_eq!(outbox.state(&sms.id).await, before);
    }
}

#[tokio::test]
async fn a_report_on_another_message_changes_nothing() {
    let outbox = Outbox::new();
    let sms = outbox.queue(0, "hello", SmsTransport::Twilio).await;
    let attempt = outbox.attempt(0).await;
    outbox.settle(&attempt, sent("SM1")).await;
    assert!(!outbox.report(&attempt, Delivery::Delivered, Some("SM2")).await);
    let stranger = Attempt { callback: CallbackSecret::parse(&"a".repeat(32)).unwrap(), ..attempt.clone() };
    assert!(!outbox.report(&stranger, Delivery::Delivered, Some("SM1")).await);
    assert_eq!(outbox.state(&sms.id).await, SmsState::Sent);
    assert!(outbox.report(&attempt, Delivery::Delivered, Some("SM1")).await);
    for bad in ["", "short", &"ا".repeat(16), &"a".repeat(33), &"-".repeat(32)] {
        assert_eq!(CallbackSecret::parse(bad), None, "{bad}");
    }
    assert_eq!(format!("{:?}", attempt.callback), "[secret]");
}

#[tokio::test]
async fn only_what_was_not_sent_is_taken_back() {
    let outbox = Outbox::new();
    let cancel = async |sms: &Sms| {
        let id = sms.id.clone();
        outbox.change(10, move |change| super::cancel(change, &id, None)).await
    };
    let held = outbox.queue(0, "one", SmsTransport::Outbox).await;
    let sending = outbox.queue(1, "two", SmsTransport::Twilio).await;
    outbox.attempt(1).await;
    let queued = outbox.queue(2, "three", SmsTransport::Twilio).await;
    assert!(cancel(&held).await.is_ok() && cancel(&queued).await.is_ok());
    assert!(matches!(cancel(&sending).await, Err(Refusal::Conflict(_))));
    assert!(matches!(cancel(&held).await, Err(Refusal::Missing(_))));
    assert!(outbox.find(&held.id).await.is_none());
    assert_eq!(outbox.count("SELECT count(*) FROM audit_log WHERE entity = 'sms' AND action = 'delete'").await, 2);
}

#[tokio::test]
async fn lists_go_on_where_a_page_ended() {
    let outbox = Outbox::new();
    let mut written = Vec::new();
    // Two of them at the same moment.
    for second in [0, 1, 1, 2, 3] {
        written.push(outbox.queue(second, "hello", SmsTransport::Twilio).await);
    }
    written.sort_by_key(|sms| std::cmp::Reverse((sms.created_at, sms.id.clone())));
    outbox.attempt(0).await;
    let list = async |state, cursor: Option<String>| {
        let filter = Wanted { state, ..Wanted::default() }.filter();
        let page = Page::parse(&TABLE, Some("2"), None, cursor.as_deref()).unwrap();
        let found = outbox.store.read(move |connection| super::page(connection, &filter, &page)).await.unwrap();
        (found.items.into_iter().map(|sms| sms.id).collect::<Vec<_>>(), found.next)
    };
    let ids: Vec<_> = written.iter().map(|sms| sms.id.clone()).collect();
    let (first, cursor) = list(None, None).await;
    let (second, cursor) = list(None, cursor).await;
    let (third, cursor) = list(None, cursor).await;
    assert_eq!(([first, second, third].concat(), cursor), (ids.clone(), None));
    assert_eq!(list(Some(SmsState::Sending), None).await, (ids[4..].to_vec(), None));
}

#[tokio::test]
async fn what_is_written_to_somebody_stands_with_them() {
    let outbox = Outbox::new();
    let patch = |phone: Option<PhoneNumber>| leads::LeadPatch {
        name: Some(Pii::new("Sara".to_owned())),
        phone: Some(phone.map(Pii::new)),
        ..leads::LeadPatch::default()
    };
    let (with, without) = (patch(Some(phone())), patch(None));
    let lead = outbox.change(0, move |change| leads::create(change, &with)).await.unwrap();
    let silent = outbox.change(0, move |change| leads::create(change, &without)).await.unwrap();
    let write = async |id: &LeadId| {
        let (whose, text) = (Whose::Lead(id.clone()), Pii::new("hello".to_owned()));
        outbox.change(1, move |change| super::write(change, &whose, text, SmsTransport::Outbox)).await
    };
    let sms = write(&lead.id).await.unwrap();
    assert_eq!((sms.lead.as_ref(), &sms.phone), (Some(&lead.id), lead.phone.as_ref().unwrap()));
    assert!(matches!(write(&silent.id).await, Err(Refusal::Conflict(_))));
    assert!(matches!(write(&LeadId::random()).await, Err(Refusal::Missing("lead"))));
    let communications =
        "SELECT count(*) FROM communications WHERE kind = 'sms' AND sms IS NOT NULL AND lead IS NOT NULL";
    assert_eq!(outbox.count(communications).await, 1);
    outbox.forbid().await;
    assert_eq!(write(&lead.id).await.unwrap().state, SmsState::Blocked);
    assert_eq!(outbox.count(communications).await, 1, "what was blocked did not pass");
    outbox.change(2, move |change| super::cancel(change, &sms.id, Some(1))).await.unwrap();
    assert_eq!(outbox.count(communications).await, 0);
    let logged = "SELECT count(*) FROM audit_log WHERE entity = 'sms' AND person IS NOT NULL AND detail IS NULL";
    assert_eq!(outbox.count(logged).await, 3, "of a person, under that person's key");
}
