//! Calls that a script leads, from its first words to what is left of them in the desk's records.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use callstead::{
    audio::line::LineEvent,
    config::{Config, ScriptSource},
    script::builtin,
    store::{
        Connection, StoreError,
        callbacks::{self, Callback},
        calls::Call as CallRecord,
        do_not_call,
        leads::{self, Lead},
        promises::{self, Promise},
        scripts, settings,
    },
};
use jiff::{
    ToSpan, Zoned,
    civil::{DateTime, Time, Weekday},
    tz::TimeZone,
};

use super::*;

/// What is left of a call.
pub(super) struct Left {
    pub(super) call: CallRecord,
    pub(super) promises: Vec<Promise>,
    callbacks: Vec<Callback>,
    lead: Option<Lead>,
    is_listed: bool,
    pub(super) notes: Vec<String>,
}

impl Served {
    /// A customer who owes 480, and whom the desk calls by this script.
    pub(super) async fn with_debtor(script: &'static str) -> Self {
        let served = Self::new(Desk::with_models(), |_| {});
        let about = scripts::About { name: "Dunning".to_owned(), language: None, description: String::new() };
        let made = served.store.change(Actor::console(), Timestamp::UNIX_EPOCH, move |change| {
            let script = scripts::create(change, &about, script, true)?;
            let customer = CustomerPatch {
                user_id: Some("77".to_owned()),
                name: Some(Pii::new("Sam Carter".to_owned())),
                phone: Some(Some(Pii::new("+12025550123".parse().unwrap()))),
                amount_due: Some(Some("480".parse().unwrap())),
                script: Some(Some(script.id)),
                ..CustomerPatch::default()
            };
            customers::create(change, &customer)
        });
        made.await.unwrap();
        served.load().await;
        served
    }

    /// A box whose agent is led by a script, whoever calls.
    async fn led_by(source: ScriptSource) -> Self {
        let served = Self::new(Desk::with_models(), |config: &mut Config| {
            config.agent.profiles[0].script = Some(source);
        });
        served.load().await;
        served
    }

    pub(super) async fn left(mut self) -> Left {
        self.close().await;
        let vault = self.store.vault().clone();
        let left = self.store.read(move |connection: &Connection| {
            let call = calls::list(connection, Filter { since: None, limit: 1 })?.remove(0);
            let notes = call.contact().map_or(Ok(Vec::new()), |contact| {
                let page = Page::first(&communications::TABLE, 20);
                let notes = communications::page(connection, &communications::with(&contact), &page)?.items;
                let shown = |note: communications::Communication| {
                    format!("{} {}{}", note.kind.as_str(), note.outcome.unwrap_or_default(), note.text.reveal())
                };
                Ok::<_, StoreError>(notes.into_iter().map(shown).collect())
            })?;
            let all = promises::Wanted::default().filter();
            let promises = promises::page(connection, &all, &Page::first(&promises::TABLE, 20))?.items;
            let all = callbacks::Wanted::default().filter();
            let callbacks = callbacks::page(connection, &all, &Page::first(&callbacks::TABLE, 20))?.items;
            let lead = call.lead.as_ref().map(|id| leads::find(connection, id)).transpose()?.flatten();
            let is_listed = do_not_call::is_listed(connection, &vault, &"+12025550123".parse().unwrap())?;
            Ok(Left { call, promises, callbacks, lead, is_listed, notes })
        });
        left.await.unwrap()
    }
}

impl Left {
    /// When the only call back is due, as clocks here say it.
    fn called_back_at(&self) -> DateTime {
        let [callback] = &*self.callbacks else { panic!("{:?}", self.callbacks) };
        callback.terms.due_at.to_zoned(TimeZone::system()).datetime()
    }
}

impl Call {
    /// What the agent says next, after the caller has said this.
    async fn spoken_answer(&mut self, words: &Clip) -> String {
        self.speak(words).await;
        self.keep_silent(2000).await;
        self.hear_out().await.0
    }

    /// What the agent says next, after the caller has written this.
    pub(super) async fn answer(&mut self, text: &str) -> String {
        self.write(text).await;
        self.hear_out().await.0
    }
}

#[tokio::test]
async fn a_promise_is_asked_for_read_back_and_kept() {
    let mut served = Served::with_debtor(builtin::find("payment-en").unwrap()).await;
    let mut call = served.open("call-77").await;
    call.arrive().await;
    let (first, sound) = call.hear_out().await;
    assert_eq!(first, "Hello. This is an automated call about a personal matter. Am I speaking with Sam Carter?");
    assert!(is_loud(&sound));
    assert_eq!(
        call.answer("Yes, speaking.").await,
        "Thank you. This call is transcribed, and it is about a payment that is overdue. Our records show that four hundred \
         and eighty is outstanding on your account. Can you tell me when you will be able to pay?"
    );
    assert_eq!(call.answer("I can pay some of it.").await, "How much will you pay?");
    assert_eq!(call.answer("Two hundred and fifty.").await, "And on which day will you pay it?");
    let before = Zoned::now().date();
    let confirm = call.answer("Tomorrow.").await;
    assert!(
        confirm.starts_with("So you will pay two hundred and fifty on ") && confirm.ends_with("Is that right?"),
        "{confirm}"
    );
    call.write("Yes.").await;
    let (thanks, _) = call.hear_out().await;
    assert!(thanks.ends_with("Goodbye."), "{thanks}");
    call.until(|sign| *sign == Sign::Left).await;

    let left = served.left().await;
    let [promise] = &*left.promises else { panic!("{:?}", left.promises) };
    assert_eq!(promise.terms.amount, "250".parse().unwrap());
    assert!([before, Zoned::now().date()].map(|day| day + 1.day()).contains(&promise.terms.due_on), "{promise:?}");
    assert_eq!((&promise.call, &promise.customer), (&Some(left.call.id.clone()), &left.call.customer));
    assert_eq!(left.call.ended.map(|ended| ended.reason), Some(EndReason::Completed));
    assert_eq!(
        (left.call.outcome.as_deref(), left.call.script.map(|(_, version)| version)),
        (Some("promised"), Some(1))
    );
    assert_eq!(left.notes, ["call promised"]);
}

#[tokio::test]
async fn who_wants_no_more_calls_is_on_the_list_although_they_hang_up_at_once() {
    let mut served = Served::with_debtor(builtin::find("payment-en").unwrap()).await;
    let mut call = served.open("call-77").await;
    call.arrive().await;
    call.hear_out().await;
    call.speak(&recording("utt08.wav")).await;
    call.keep_silent(1500).await;
    call.until(|sign| matches!(sign, Sign::Said(Speaker::Caller, text) if text.contains("stop calling"))).await;
    call.hang_up().await;
    let left = served.left().await;
    assert!(left.is_listed && left.promises.is_empty());
    assert_eq!(left.call.outcome.as_deref(), Some("do-not-call"));
    assert_eq!(left.call.ended.map(|ended| ended.reason), Some(EndReason::CallerLeft));
}

#[tokio::test]
async fn a_line_is_interrupted_only_where_it_may_be_and_a_question_that_was_not_heard_is_asked_again() {
    let mut served = Served::with_debtor(builtin::find("payment-en").unwrap()).await;
    let mut call = served.open("call-77").await;
    call.arrive().await;
    call.hear_out().await;
    call.write("Yes.").await;
    call.until(|sign| matches!(sign, Sign::Frame(..))).await;
    // Amid "this call is transcribed", which is said to its end.
    call.write("What do you want?").await;
    let (disclosed, _) = call.hear_out().await;
    assert!(disclosed.contains("it is about a payment that is overdue."), "{disclosed}");
    let (again, _) = call.hear_out().await;
    assert!(again.ends_with("Can you tell me when you will be able to pay?"), "{again}");
    call.hang_up().await;
    assert_eq!(served.left().await.call.outcome, None);
}

#[tokio::test]
async fn a_stranger_who_asks_for_a_person_becomes_a_lead_with_a_callback() {
    let mut served = Served::led_by(ScriptSource::Builtin("support-en".to_owned())).await;
    let mut call = served.open("call-1").await;
    call.arrive().await;
    call.hear_out().await;
    call.speak(&recording("utt21.wav")).await;
    call.keep_silent(1500).await;
    call.until(|sign| *sign == Sign::Left).await;
    let left = served.left().await;
    let [callback] = &*left.callbacks else { panic!("{:?}", left.callbacks) };
    let lead = left.lead.unwrap();
    assert_eq!((lead.name.reveal().as_str(), lead.source.as_deref()), ("Amanda", Some("call")));
    assert_eq!((&callback.lead, &callback.call), (&Some(lead.id), &Some(left.call.id)));
    assert_eq!(left.call.outcome.as_deref(), Some("callback"));
}

#[tokio::test]
async fn who_asks_by_voice_to_be_called_another_time_is_booked_for_that() {
    let folder = Desk::with_models();
    let [tomorrow, friday] = ["Call me back tomorrow at five P M.", "Please call me back on Friday at ten A M."]
        .map(|words| folder.said(words));
    drop(folder);
    let support = || Served::led_by(ScriptSource::Builtin("support-en".to_owned()));

    // Everything in one sentence.
    let mut served = support().await;
    let mut call = served.open("call-1").await;
    call.arrive().await;
    call.hear_out().await;
    let before = Zoned::now().date();
    let booked = call.spoken_answer(&tomorrow).await;
    assert!(booked.starts_with("Thank you. We will call you ") && booked.contains(" at five "), "{booked}");
    call.until(|sign| *sign == Sign::Left).await;
    let days = [before, Zoned::now().date()].map(|day| day + 1.day());
    let left = served.left().await;
    assert!(days.map(|day| day.at(17, 0, 0, 0)).contains(&left.called_back_at()), "{:?}", left.callbacks);
    assert_eq!(left.call.outcome.as_deref(), Some("callback"));
    assert_eq!(left.callbacks[0].lead, left.lead.map(|lead| lead.id));

    // When, is asked.
    let mut served = support().await;
    let mut call = served.open("call-1").await;
    call.arrive().await;
    call.hear_out().await;
    let asked = call.spoken_answer(&recording("utt24.wav")).await;
    assert_eq!(asked, "Of course. On which day, and at what time, may we call you?");
    let before = Zoned::now().date();
    let booked = call.spoken_answer(&friday).await;
    assert!(booked.starts_with("Thank you. We will call you ") && booked.contains("Friday the "), "{booked}");
    call.until(|sign| *sign == Sign::Left).await;
    let left = served.left().await;
    let due_at = left.called_back_at();
    assert_eq!((due_at.weekday(), due_at.time()), (Weekday::Friday, Time::constant(10, 0, 0, 0)));
    assert!((1..=8).contains(&before.until(due_at.date()).unwrap().get_days()), "{due_at}");
}

#[tokio::test]
async fn a_model_says_only_what_the_script_lets_it() {
    let document = "name = 'test'\n[[step]]\nid = 'talk'\nsay = 'Ask me.'\nconverse = 'Answer questions about parcels.'\n\
        facts = ['Parcels take two days.']\nturns = 2\nnext = 'bye'\n[[step]]\nid = 'bye'\nend = 'answered'\nsay = 'Goodbye.'\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.toml");
    fs::write(&path, document).unwrap();
    let mut served = Served::led_by(ScriptSource::File(path)).await;
    let mut call = served.open("call-1").await;
    call.arrive().await;
    assert_eq!(call.hear_out().await.0, "Ask me.");
    let (answer, sound) = {
        call.write("How long does a parcel take?").await;
        call.hear_out().await
    };
    assert!(!answer.is_empty() && is_loud(&sound), "{answer}");
    let last = call.answer("That is all, thank you.").await;
    assert_eq!(last, "Goodbye.");
    call.until(|sign| *sign == Sign::Left).await;
    assert_eq!(served.left().await.call.outcome.as_deref(), Some("answered"));
}

#[tokio::test]
async fn a_script_asks_the_programs_that_an_administrator_lists() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"state\":\"on\"}";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let document = format!(
        "name = 'test'\n[variables]\nstate = 'text'\n[[step]]\nid = 'look'\ntool = 'http://{host}/state'\nsay = 'One moment.'\n\
         save = {{ state = '/state' }}\non.failed = 'failed'\n[[step]]\nid = 'told'\nend = 'told'\nsay = 'It is {{{{state}}}}.'\n\
         [[step]]\nid = 'failed'\nend = 'failed'\nsay = 'I cannot see that.'\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.toml");
    fs::write(&path, document).unwrap();
    for (hosts, words, outcome) in [
        (vec![], "One moment. I cannot see that.", "failed"),
        (vec![host.parse().unwrap()], "One moment. It is on.", "told"),
    ] {
        let mut served = Served::led_by(ScriptSource::File(path.clone())).await;
        let set = settings::Settings { script_hosts: hosts, ..settings::Settings::default() };
        let set =
            served.store.change(Actor::console(), Timestamp::UNIX_EPOCH, move |change| settings::replace(change, &set));
        set.await.unwrap();
        let mut call = served.open("call-1").await;
        call.arrive().await;
        assert_eq!(call.hear_out().await.0, words);
        call.until(|sign| *sign == Sign::Left).await;
        assert_eq!(served.left().await.call.outcome.as_deref(), Some(outcome));
    }
}

#[tokio::test]
async fn a_script_with_faults_is_not_improvised() {
    let mut served = Served::with_debtor("name = 'x'\n[[step]]\nid = 'a'\nask = 'How much?'\n").await;
    let mut call = served.open("call-77").await;
    call.arrive().await;
    let (words, _) = call.hear_out().await;
    assert!(words.contains("out of service"), "{words}");
    call.until(|sign| *sign == Sign::Left).await;
    assert_eq!(served.left().await.call.ended.map(|ended| ended.reason), Some(EndReason::Failed));
}

#[tokio::test]
async fn without_a_language_model_a_script_leads_all_the_same() {
    let folder = Desk::with_models();
    fs::remove_file(folder.models_dir().join(crate::support::LLM)).unwrap();
    let mut served = Served::new(folder, |config| {
        config.agent.profiles[0].script = Some(ScriptSource::Builtin("lead-en".to_owned()));
    });
    served.load().await;
    let mut call = served.open("call-1").await;
    call.arrive().await;
    let (first, sound) = call.hear_out().await;
    assert!(!first.contains("out of service") && is_loud(&sound), "{first}");
    call.tell(LineEvent::Hangup(Hangup::CallerLeft)).await;
    assert_eq!(served.left().await.call.ended.map(|ended| ended.reason), Some(EndReason::CallerLeft));
}
