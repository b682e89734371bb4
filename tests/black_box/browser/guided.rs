//! Calls that the built-in scripts lead, in Chromium. The caller has a voice of our own and answers what the agent asks; in
//! Arabic, which the starter models cannot hear, they type. What the page plays of the agent is kept as WAV under
//! `calls/` in cargo's folder for tests, and held against the words that were to be said.

use std::{fs, ops::Range, path::PathBuf};

use callstead::{
    audio::{self, Clip, LINE_HZ},
    script::builtin,
    store::{
        Store,
        api_keys::Scope,
        calls::{self, Filter},
        list::Page,
        promises::{self, Promise},
    },
};
use hound::SampleFormat;
use serde_json::{Value, json};

use super::{drive, screenshots, settings, words};
use crate::{
    leads::Client,
    support::{CALLER_VOICE, Desk, Server, assert_speaks, json, wav},
};

/// As many as a box of two cores takes.
const AT_A_TIME: &str = "2";
/// 10 ms in which nothing is above this, of full scale, are silent.
const SILENT: f32 = 0.01;
/// Longer pauses within a line would be holes.
const LONGEST_GAP_S: f64 = 1.5;
/// How much longer or shorter a line may be than the same words without a network: a jitter buffer stretches sound.
const LENGTH: Range<f64> = 0.75..1.35;
/// How alike the loudness of a call's lines and of the same words without a network must be on the average, 1 being the same.
const ALIKE: f64 = 0.7;
/// The same of one line: of a short one, a jitter buffer that stretches it changes much.
const ONE_ALIKE: f64 = 0.45;

/// A part of what the agent asks, and what is answered to it, in turns.
type Answer = (&'static str, &'static [&'static str]);

/// What happens in a call with a built-in script.
struct Plan {
    script: &'static str,
    answers: &'static [Answer],
    outcome: &'static str,
}

const PAYS: Plan = Plan {
    script: "payment-en",
    answers: &[
        ("Am I speaking with", &["Yes, this is Sam."]),
        ("when you will be able to pay", &["I can pay next Friday."]),
        ("How much will you pay", &["I will pay two hundred dollars."]),
        ("on which day", &["Next Friday."]),
        ("So you will pay two hundred on", &["Yes, that's right."]),
        // Small ears mistake numbers: that is what the question is for.
        ("So you will pay", &["No, that's wrong."]),
    ],
    outcome: "promised",
};

const WANTS_A_PERSON: Plan = Plan {
    script: "support-en",
    answers: &[("What is it about", &["I want to talk to a person."])],
    outcome: "callback",
};

const PAYS_IN_ARABIC: Plan = Plan {
    script: "payment-ar",
    answers: &[
        ("هل أتحدث مع", &["نعم أنا هو"]),
        ("متى تستطيع الدفع", &["سأدفع"]),
        ("كم ستدفع", &["مئتين وخمسين"]),
        ("في أي يوم", &["غدا"]),
        ("هل هذا صحيح", &["نعم صحيح"]),
    ],
    outcome: "promised",
};

const COMES_IN_ARABIC: Plan =
    Plan { script: "appointment-ar", answers: &[("هل ستحضر", &["نعم سأحضر"])], outcome: "confirmed" };

/// The other built-in scripts.
const OTHERS: [Plan; 6] = [
    Plan {
        script: "lead-en",
        answers: &[
            ("two minutes", &["Yes, go ahead."]),
            ("Are you still interested", &["Yes, I am."]),
            ("What do you need it for", &["We need a new phone system."]),
            ("When would you like to start", &["Next week."]),
            ("how much would you like to spend", &["Two hundred dollars."]),
            ("at what time", &["Tomorrow at ten A M.", "On Friday at ten A M."]),
            ("Is that right", &["Yes, that's right."]),
        ],
        outcome: "qualified",
    },
    Plan { script: "appointment-en", answers: &[("Will you come", &["Yes, I will."])], outcome: "confirmed" },
    Plan {
        script: "conversation-en",
        answers: &[("How can I help you", &["Can I speak to a human?", "I want to talk to a person."])],
        outcome: "callback",
    },
    Plan {
        script: "lead-ar",
        answers: &[
            ("هل هذا صحيح", &["نعم صحيح"]),
            ("دقيقتين", &["نعم"]),
            ("مهتم", &["نعم"]),
            ("تحتاج", &["لسيارات التوصيل"]),
            ("تبدأ", &["الأسبوع القادم"]),
            ("تنفق", &["خمسة آلاف"]),
            ("أي ساعة", &["غدا الساعة العاشرة صباحا"]),
        ],
        outcome: "qualified",
    },
    Plan {
        script: "support-ar", answers: &[("بخصوص ماذا تتصل", &["أريد التحدث مع موظف"])], outcome: "callback"
    },
    Plan {
        script: "conversation-ar", answers: &[("؟", &["أريد التحدث مع موظف"])], outcome: "callback"
    },
];

/// What was left of a call.
struct Led {
    script: &'static str,
    outcome: Option<String>,
    /// What the agent said between two answers, each with the sound that the page played.
    lines: Vec<(String, Clip)>,
    caller: Vec<String>,
    promises: Vec<Promise>,
}

#[test]
fn scripts_lead_calls_that_callers_hear_and_answer() {
    let desk = Desk::with_models();
    for led in lead(&desk, &[&PAYS, &WANTS_A_PERSON, &COMES_IN_ARABIC]) {
        led.judged(&desk);
        led.assert_promised();
    }
}

#[test]
#[ignore = "takes minutes; see docs/development.md"]
fn every_builtin_script_leads_a_call() {
    let desk = Desk::with_models();
    let plans: Vec<_> =
        [&PAYS, &PAYS_IN_ARABIC, &WANTS_A_PERSON, &COMES_IN_ARABIC].into_iter().chain(&OTHERS).collect();
    assert_eq!(plans.len(), builtin::ALL.len());
    println!(
        "| script | turns of the caller | outcome | likeness | the agent's words found in the call, and without one |"
    );
    println!("|---|---|---|---|---|");
    for led in lead(&desk, &plans) {
        println!("{}", led.judged(&desk));
        led.assert_promised();
    }
}

/// Makes the calls, as many at a time as a small box takes.
fn lead(desk: &Desk, plans: &[&Plan]) -> Vec<Led> {
    desk.put("data/config.toml", settings().as_bytes());
    let server = Server::start(desk, &[], &[("CALLSTEAD_MAX_TOKENS", "24")]).when_ready();
    let staff = Client::new(desk, &server, Scope::Admin);
    let calls: Vec<_> = plans.iter().map(|plan| plan.prepare(desk, &staff)).collect();
    desk.put("calls.json", Value::from(calls).to_string().as_bytes());
    let out = recordings();
    let variables = [
        ("CALLSTEAD_CALLS", desk.file("calls.json")),
        ("CALLSTEAD_OUT", out.clone()),
        ("CALLSTEAD_AT_A_TIME", AT_A_TIME.into()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.to_str().unwrap()));
    drive(desk, &server, ("guided.test.mjs", ""), &screenshots(), &variables);
    drop(server);
    plans.iter().map(|plan| plan.left(desk)).collect()
}

/// Where what callers heard is kept.
fn recordings() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("calls");
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Plan {
    fn language(&self) -> &'static str {
        self.script.rsplit_once('-').unwrap().1
    }

    /// A customer whom this script calls; gives what the browser has to know.
    fn prepare(&self, desk: &Desk, staff: &Client) -> Value {
        let language = self.language();
        let content = builtin::find(self.script).unwrap();
        let script = json!({ "name": self.script, "content": content, "language": language });
        let script = staff.made("/api/admin/scripts", &script);
        let name = if language == "ar" { "سامي خليل" } else { "Sam Carter" };
        let customer = json!({
            "userId": self.script, "userName": name, "amountDue": 480, "scriptId": script["id"], "language": language,
        });
        let customer = staff.made("/api/admin/customers", &customer);
        let path = format!("/api/admin/customers/{}/call", customer["id"].as_str().unwrap());
        let context = json!({ "context": { "appointment": "2027-05-14T15:30" }, "language": language });
        let invited = staff.json("POST", &path, &context);
        assert_eq!(invited.status, 200, "{}", invited.body);
        let answers: Vec<_> =
            self.answers.iter().enumerate().map(|(index, answer)| self.answer(desk, index, answer)).collect();
        json!({ "name": self.script, "url": invited.json()["joinUrl"], "language": language, "answers": answers })
    }

    fn answer(&self, desk: &Desk, index: usize, (asked, replies): &Answer) -> Value {
        if self.language() == "ar" {
            return json!({ "asked": asked, "types": replies });
        }
        let say = |(turn, text): (usize, &&str)| {
            let file = format!("{}-{index}-{turn}.wav", self.script);
            json(&desk.run(&["say", text, "--voice", CALLER_VOICE, "-o", &file, "--json"]));
            file
        };
        let files: Vec<_> = replies.iter().enumerate().map(say).collect();
        json!({ "asked": asked, "says": files })
    }

    fn left(&self, desk: &Desk) -> Led {
        let file = |end: &str| recordings().join(format!("{}.{end}", self.script));
        assert_speaks(&fs::read(file("wav")).unwrap());
        let sound = audio::read(&file("wav")).unwrap();
        let said: Value = serde_json::from_slice(&fs::read(file("json")).unwrap()).unwrap();
        let room = format!("call-{}", self.script);
        let store = Store::open(&desk.data_dir()).unwrap();
        let read = store.read(move |connection| {
            let calls = calls::list(connection, Filter { since: None, limit: 100 })?;
            let call = calls.into_iter().find(|call| call.room.as_str() == room);
            let wanted =
                promises::Wanted { customer: call.as_ref().and_then(|it| it.customer.clone()), ..Default::default() };
            let promises = promises::page(connection, &wanted.filter(), &Page::first(&promises::TABLE, 20))?.items;
            Ok((call, promises))
        });
        let (call, promises) = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read).unwrap();
        let outcome = call.unwrap().outcome;
        assert_eq!(outcome.as_deref(), Some(self.outcome), "{}: {said}", self.script);
        let lines = said["lines"].as_array().unwrap();
        let lines = lines.iter().map(|line| (line["text"].as_str().unwrap().to_owned(), piece(&sound, line))).collect();
        let caller = said["caller"].as_array().unwrap();
        let caller = caller.iter().map(|words| words.as_str().unwrap().to_owned()).collect();
        Led { script: self.script, outcome, lines, caller, promises }
    }
}

impl Led {
    fn is_arabic(&self) -> bool {
        self.script.ends_with("-ar")
    }

    /// Holds that what was promised is in the desk's records, and nothing else.
    fn assert_promised(&self) {
        let promised: Vec<_> = self.promises.iter().map(|promise| promise.terms.amount).collect();
        let expected = match self.script {
            "payment-en" => vec!["200".parse().unwrap()],
            "payment-ar" => vec!["250".parse().unwrap()],
            _ => Vec::new(),
        };
        assert_eq!(promised, expected, "{:?}", self.caller);
    }

    /// Holds that the page played all of the agent's words, whole and in time; gives a row of the table.
    fn judged(&self, desk: &Desk) -> String {
        let mut plain = Vec::new();
        let mut alike = Vec::new();
        for (text, heard) in &self.lines {
            let gap = longest_gap(heard);
            assert!(gap <= LONGEST_GAP_S, "{}: {gap} s of silence within {text:?}", self.script);
            let language = if self.is_arabic() { "ar" } else { "en" };
            json(&desk.run(&["say", text, "--language", language, "-o", "line.wav", "--json"]));
            let line = trimmed(&audio::read(&desk.file("line.wav")).unwrap());
            let ratio = heard.duration().as_secs_f64() / line.duration().as_secs_f64();
            assert!(LENGTH.contains(&ratio), "{}: {text:?} was heard in {ratio:.2} of its time", self.script);
            let likeness = likeness(heard, &line);
            assert!(likeness > ONE_ALIKE, "{}: {text:?} is {likeness:.2} like itself", self.script);
            alike.push(likeness);
            plain.push(line);
        }
        let Self { script, outcome, caller, .. } = self;
        let (turns, outcome) = (caller.len(), outcome.as_deref().unwrap_or_default());
        let alike = alike.iter().sum::<f64>() / alike.len() as f64;
        assert!(alike > ALIKE, "{script}: its lines are {alike:.2} like themselves");
        let words = if self.is_arabic() { "not transcribed".to_owned() } else { self.transcribed(desk, &plain) };
        format!("| {script} | {turns} | {outcome} | {alike:.2} | {words} |")
    }

    /// How many of the agent's words our ears find in the call's sound, and how many in the same words without a call. They know
    /// few words, and take others for those.
    fn transcribed(&self, desk: &Desk, plain: &[Clip]) -> String {
        let text: Vec<_> = self.lines.iter().map(|(text, _)| text.as_str()).collect();
        let said = words(&text.join(" "));
        let in_call = found(&said, &heard(desk, self.lines.iter().map(|(_, heard)| heard)));
        let without = found(&said, &heard(desk, plain));
        assert!(in_call * 2 >= without, "{}: {in_call} words were heard, without a call {without}", self.script);
        format!("{in_call} and {without} of {}", said.len())
    }
}

/// What our ears make of these, a pause between them.
fn heard<'a>(desk: &Desk, clips: impl IntoIterator<Item = &'a Clip>) -> Vec<String> {
    let pause = vec![0.0; LINE_HZ as usize];
    let joined: Vec<f32> = clips.into_iter().flat_map(|clip| [clip.samples.as_slice(), &pause].concat()).collect();
    desk.put("heard.wav", &wav(&joined, LINE_HZ, 1, 16, SampleFormat::Int));
    let transcript = json(&desk.run(&["transcribe", "heard.wav", "--language", "en", "--json"]));
    words(transcript["text"].as_str().unwrap())
}

/// How many of the words that were said are among those that were heard.
fn found(said: &[String], heard: &[String]) -> usize {
    said.iter().filter(|word| heard.contains(word)).count()
}

// ---- sound ----

/// How alike the loudness of both goes up and down: for each second of `line` the best correlation with a second of `heard` at most
/// 0.8 s from there, on the average.
fn likeness(heard: &Clip, line: &Clip) -> f64 {
    const SECOND: usize = 100;
    const AWAY: usize = 80;
    let (heard, line) = (loudness(heard), loudness(line));
    let best = |(index, second): (usize, &[f64])| {
        let at = index * SECOND;
        let from = at.saturating_sub(AWAY)..=(at + AWAY).min(heard.len().saturating_sub(second.len()));
        from.map(|from| correlation(second, &heard[from..from + second.len()])).fold(0.0, f64::max)
    };
    let seconds = line.chunks(SECOND).filter(|second| second.len() * 2 > SECOND);
    let best: Vec<_> = seconds.enumerate().map(best).collect();
    best.iter().sum::<f64>() / best.len() as f64
}

/// The root mean square of each 10 ms.
fn loudness(clip: &Clip) -> Vec<f64> {
    let power = |window: &[f32]| window.iter().map(|it| f64::from(it * it)).sum::<f64>() / window.len() as f64;
    clip.samples.chunks(clip.rate_hz as usize / 100).map(|window| power(window).sqrt()).collect()
}

/// Pearson's, of two equally long series.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let mean = |series: &[f64]| series.iter().sum::<f64>() / series.len() as f64;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let product = |one: &[f64], mean_one: f64, other: &[f64], mean_other: f64| {
        one.iter().zip(other).map(|(a, b)| (a - mean_one) * (b - mean_other)).sum::<f64>()
    };
    let spread = product(one, mean_one, one, mean_one) * product(other, mean_other, other, mean_other);
    product(one, mean_one, other, mean_other) / (spread.sqrt() + f64::EPSILON)
}

/// The sound of a line, without the silence around it.
fn piece(sound: &Clip, line: &Value) -> Clip {
    let at = |name: &str| (line[name].as_u64().unwrap() as usize).min(sound.samples.len());
    let (from, to) = (at("from"), at("to"));
    trimmed(&Clip { samples: sound.samples[from..to].to_vec(), rate_hz: sound.rate_hz })
}

fn trimmed(clip: &Clip) -> Clip {
    let is_loud = |sample: &f32| sample.abs() > SILENT;
    let first = clip.samples.iter().position(is_loud).expect("there is a sound");
    let last = clip.samples.iter().rposition(is_loud).expect("there is a sound");
    Clip { samples: clip.samples[first..=last].to_vec(), rate_hz: clip.rate_hz }
}

/// The longest silence within it, in seconds.
fn longest_gap(clip: &Clip) -> f64 {
    let window = clip.rate_hz as usize / 100;
    let is_silent = clip.samples.chunks(window).map(|it| it.iter().all(|sample| sample.abs() <= SILENT));
    let mut longest = 0;
    is_silent.fold(0, |run, silent| {
        let run = if silent { run + 1 } else { 0 };
        longest = longest.max(run);
        run
    });
    f64::from(longest) / 100.0
}
