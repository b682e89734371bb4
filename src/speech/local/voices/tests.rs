use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{
    audio::{Clip, ENGINE_HZ, FRAME_SAMPLES, LINE_HZ, resample},
    speech::{Priority, Served, Speech, Times, Transcriber, local::whisper::Whisper},
    testing::{espeak, repository},
};

const RATE_HZ: u32 = 16_000;

/// Makes one second of sound of every clause and remembers what it was asked for.
#[derive(Default)]
struct Probe {
    seconds: usize,
    clauses: AtomicUsize,
    said: Mutex<Vec<(String, u32, usize)>>,
}

impl Voice for Probe {
    fn id(&self) -> &str {
        "probe"
    }

    fn provider(&self) -> Provider {
        Provider::local("probe", self.id())
    }

    fn language(&self) -> Language {
        Language::ENGLISH
    }

    fn reads(&self, script: Script) -> bool {
        script == Script::Other
    }

    fn speakers(&self) -> u32 {
        3
    }

    fn rate_hz(&self) -> u32 {
        RATE_HZ
    }

    fn width(&self) -> Width {
        Width::up_to(NonZeroUsize::new(16).unwrap())
    }

    fn say(&self, clause: &str, manner: &Manner<'_>) -> Result<Said, SpeechError> {
        self.clauses.fetch_add(1, Ordering::SeqCst);
        self.said.lock().unwrap().push((clause.to_owned(), manner.speaker, manner.threads));
        match clause {
            "Fail." => Err(SpeechError::Failed { engine: "probe", reason: "as asked".to_owned() }),
            _ => {
                // As if it had to think.
                let lead_in = if clause.starts_with("Well") { RATE_HZ as usize / 5 } else { 0 };
                let samples = [vec![0.001; lead_in], vec![0.5; self.seconds * RATE_HZ as usize]].concat();
                // A word each tenth of a second.
                let words = crate::domain::words(clause).zip((lead_in..).step_by(RATE_HZ as usize / 10));
                let words = words.map(|(word, sample)| (word.start, sample)).collect();
                Ok(Said { samples, words, is_estimate: clause.starts_with("Perhaps") })
            }
        }
    }
}

fn voices(seconds: usize) -> (Voices, Arc<Probe>) {
    let probe = Arc::new(Probe { seconds, ..Probe::default() });
    let scheduler = Scheduler::new(NonZeroUsize::new(2).unwrap());
    let voices = Voices::with_mouths(vec![probe.clone()], espeak(), &scheduler, NonZeroUsize::MIN).unwrap();
    (voices, probe)
}

fn english(text: &str) -> Sentence {
    Sentence::new(text, Language::ENGLISH)
}

/// All frames, or the error that ended them.
fn hear(voices: &Voices, sentence: Sentence) -> Result<Vec<Voiced>, SpeechError> {
    let mut results = voices.speak(sentence);
    std::iter::from_fn(|| results.blocking_recv()).collect()
}

fn refusal(voices: &Voices, sentence: Sentence) -> String {
    match hear(voices, sentence).unwrap_err() {
        SpeechError::Unsupported(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sound_arrives_whole_in_frames_at_the_lines_rate() {
    let (voices, probe) = voices(1);
    let frames =
        hear(&voices, Sentence { speaker: Some(2), ..english("One sentence here. And a second one.") }).unwrap();
    let length = frames.len() * FRAME_SAMPLES;
    assert!((96_000..=98_000).contains(&length), "{length} samples of two seconds");
    let said = probe.said.lock().unwrap();
    assert_eq!(*said, [("One sentence here.".to_owned(), 2, 2), ("And a second one.".to_owned(), 2, 2)]);
}

#[test]
fn a_listener_who_leaves_stops_the_work() {
    let (voices, probe) = voices(10);
    let text = "This is a sentence. ".repeat(50);
    let mut results = voices.speak(english(&text));
    assert!(results.blocking_recv().unwrap().is_ok());
    // Ten seconds are more than is made ahead: the mouth waits within the first clause.
    drop(results);
    // There is one mouth. When it has said this, it has put the other sentence away.
    hear(&voices, english("Fail.")).unwrap_err();
    assert_eq!(probe.clauses.load(Ordering::SeqCst), 2);
}

#[test]
fn the_next_clause_is_made_while_the_first_is_heard() {
    let (voices, probe) = voices(1);
    let mut results = voices.speak(english("The first sentence. The second. Fail. Never said."));
    while results.len() < 95 {
        std::thread::yield_now();
    }
    assert!(probe.clauses.load(Ordering::SeqCst) >= 2, "before anything was taken out");
    let heard: Vec<_> = std::iter::from_fn(|| results.blocking_recv()).collect();
    assert!(heard.last().unwrap().is_err());
    assert!(heard[..heard.len() - 1].iter().all(|frame| frame.is_ok()));
    assert_eq!(probe.clauses.load(Ordering::SeqCst), 3, "nothing follows an error");
}

#[test]
fn words_in_another_script_are_spoken_by_a_voice_that_reads_them() {
    let (voices, probe) = voices(1);
    let frames = hear(&voices, english("Call سامي today")).unwrap();
    let said: Vec<_> = probe.said.lock().unwrap().iter().map(|(clause, ..)| clause.clone()).collect();
    assert_eq!(said, ["Call", "today"]);
    assert!(frames.len() > 110, "{} frames: two seconds and a name", frames.len());
}

#[test]
fn the_fitting_voice_is_chosen() {
    let (voices, _) = voices(1);
    let french: Language = "fr".parse().unwrap();
    for (voice, language, expected) in [
        (None, Language::ENGLISH, Ok("probe")),
        (None, Language::ARABIC, Ok("espeak:ar")),
        (Some("probe"), Language::ARABIC, Ok("probe")),
        (Some("espeak"), Language::ENGLISH, Ok("espeak:en-us")),
        (Some("espeak:en-gb-x-rp"), Language::ENGLISH, Ok("espeak:en-gb-x-rp")),
        (Some("espeak:fr"), Language::ENGLISH, Err("unknown voice 'espeak:fr': there are probe, espeak:ar, espeak:en")),
        (Some("amy"), Language::ENGLISH, Err("unknown voice 'amy': there are probe, espeak:ar, espeak:en")),
        (None, french, Err("no voice speaks french: espeak-ng has no voice 'fr': it has ar, en")),
    ] {
        let sentence = Sentence { voice: voice.map(str::to_owned), ..Sentence::new("Hello", language) };
        match (voices.choose(&sentence), expected) {
            (Ok(chosen), Ok(id)) => assert_eq!(chosen.id(), id),
            (Err(SpeechError::Unsupported(reason)), Err(start)) => assert!(reason.starts_with(start), "{reason}"),
            (chosen, _) => panic!("{voice:?} in {language}: {:?}", chosen.map(|voice| voice.id().to_owned())),
        }
    }
}

#[test]
fn what_cannot_be_said_is_refused() {
    let (voices, probe) = voices(1);
    for (sentence, reason) in [
        (english("😀 🎉"), "there is nothing to say"),
        (english(""), "there is nothing to say"),
        (english("\u{0}\u{7}\n"), "there is nothing to say"),
        (english(&"a ".repeat(50_000)), "the text has 100000 characters, at most 20000"),
        (Sentence { speed: 0.1, ..english("Hi") }, "speed 0.1: give one from 0.5 to 2"),
        (Sentence { speed: f32::NAN, ..english("Hi") }, "speed NaN"),
        (Sentence { speaker: Some(3), ..english("Hi") }, "voice probe has no speaker 3: give one from 0 to 2"),
        (Sentence { speaker: Some(1), ..Sentence::new("Hi", Language::ARABIC) }, "voice espeak:ar has one speaker"),
    ] {
        let refused = refusal(&voices, sentence);
        assert!(refused.starts_with(reason), "{refused}");
    }
    assert_eq!(probe.clauses.load(Ordering::SeqCst), 0);
}

#[test]
fn too_many_at_once_are_refused_and_the_rest_are_said() {
    let (voices, probe) = voices(10);
    // Holds the only mouth: ten seconds are more than is made ahead.
    let first = voices.speak(english("Hello"));
    while probe.clauses.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let batch = || Sentence { priority: Priority::Batch, ..english("Fail.") };
    let waiting: Vec<_> = (0..WAITING).map(|_| voices.speak(batch())).collect();
    assert_eq!(hear(&voices, batch()).unwrap_err(), SpeechError::Overloaded("voice"));
    drop(first);
    for mut results in waiting {
        assert!(results.blocking_recv().unwrap().is_err());
    }
    assert_eq!(probe.clauses.load(Ordering::SeqCst), 1 + WAITING);
}

#[test]
fn who_speaks_is_noted() {
    let (voices, _) = voices(1);
    for (voice, speaks) in
        [(None, Some("local/probe:probe")), (Some("espeak"), Some("local/espeak:en-us")), (Some("nobody"), None)]
    {
        let sentence = Sentence { voice: voice.map(str::to_owned), ..english("Hello.") };
        let served = sentence.served.clone();
        drop(voices.speak(sentence));
        assert_eq!(served.by().map(ToString::to_string).as_deref(), speaks, "{voice:?}");
    }
}

#[test]
fn words_come_with_the_frame_in_which_they_begin() {
    let (voices, _) = voices(1);
    for (text, expected) in [
        // Of the second part, the first word begins where the first part's sound ends.
        (
            "One  **two** three. And a \u{200e}fourth.",
            &[("One", 0), ("two", 100), ("three.", 200), ("And", 1000), ("a", 1100)][..],
        ),
        ("Perhaps", &[("Perhaps", 0)]),
        // Nobody waits for the silence before the first sound; between two parts it is a pause.
        ("Well, yes. Well", &[("Well", 0), ("yes", 100), ("Well", 1200)]),
    ] {
        let voiced = hear(&voices, english(text)).unwrap();
        let words: Vec<_> = voiced
            .iter()
            .enumerate()
            .flat_map(|(nth, voiced)| voiced.words.iter().map(move |word| (nth, word)))
            .collect();
        for (nth, word) in &words {
            assert_eq!(word.at.as_millis() / 20, *nth as u128);
            assert_eq!(word.is_estimate, text.starts_with("Perhaps"));
        }
        let begun: Vec<_> = words.iter().map(|(_, word)| (&text[word.letter..], word.at.as_millis())).collect();
        let begins =
            |(text, at): &(&str, u128), (word, expected): &(&str, u128)| text.starts_with(word) && at == expected;
        assert!(
            begun.len() >= expected.len()
                && begun.iter().zip(expected).all(|(begun, expected)| begins(begun, expected)),
            "{begun:?}"
        );
    }
}

/// What whisper makes of the sound of a sentence from one of its words on.
fn heard_from(whisper: &Whisper, voiced: &[Voiced], letter: usize) -> String {
    let word = voiced.iter().flat_map(|voiced| &voiced.words).find(|word| word.letter == letter).unwrap();
    let frames: Vec<_> = voiced.iter().map(|voiced| voiced.frame).collect();
    let mut clip = Clip::from_frames(&frames);
    clip.samples.drain(..(word.at.as_secs_f64() * f64::from(LINE_HZ)) as usize);
    let silence = vec![0.0; ENGINE_HZ as usize / 4];
    let samples = [&*silence, &resample(&clip, ENGINE_HZ).samples, &silence].concat();
    let (language, served, priority) = (Some(Language::ENGLISH), Served::default(), Priority::Speech);
    let mut results =
        whisper.transcribe(Speech { samples: samples.into(), language, times: Times::None, priority, served });
    std::iter::from_fn(|| results.blocking_recv()).last().unwrap().unwrap().text
}

/// Cut at a word, what is left is a sentence that the starter model of hearing knows: a tenth of a second too early or too late
/// would be heard.
#[test]
fn what_follows_a_word_is_heard_whole() {
    let whisper =
        Whisper::load(&repository("models/starter-stt/ggml-starter.en-ts-q5_0.bin"), &crate::testing::scheduler());
    let (whisper, voices) = (whisper.unwrap(), crate::testing::voices());
    for voice in ["starter", "espeak"] {
        for (before, rest) in [
            ("Actually, ", "Do you ship to Texas?"),
            ("Well ", "My contract ends in May."),
            ("For $5.50, ", "Transfer me to a live agent."),
        ] {
            let text = format!("{before}{rest}");
            let sentence = Sentence { voice: Some(voice.to_owned()), ..english(&text) };
            let voiced = hear(&voices, sentence).unwrap();
            let words: Vec<_> = voiced.iter().flat_map(|voiced| voiced.words.clone()).collect();
            // espeak-ng says some words as one.
            let all = crate::domain::words(&text).count();
            assert!(words.len() == all || (voice == "espeak" && words.len() < all), "{voice}: {text}");
            assert!(
                words.is_sorted_by_key(|word| (word.letter, word.at)) && words.iter().all(|word| !word.is_estimate)
            );
            let heard = heard_from(&whisper, &voiced, before.len());
            assert_eq!(heard.to_lowercase(), rest.to_lowercase(), "{voice}: {text}");
        }
    }
}

#[test]
fn the_preferred_voice_is_the_usual_one_if_it_is_there() {
    let (voices, _) = voices(1);
    let spoken_by = |language| voices.voice(&Sentence::new("Yes.", language)).unwrap();
    let (english, arabic) = (spoken_by(Language::ENGLISH), spoken_by(Language::ARABIC));
    assert_eq!(english, "probe");
    for (preferred, expected) in [("espeak", false), ("gone", true), ("probe", true)] {
        voices.prefer(&[(Language::ENGLISH, preferred.to_owned())]);
        assert_eq!(spoken_by(Language::ENGLISH) == english, expected, "{preferred}");
        assert_eq!(spoken_by(Language::ARABIC), arabic, "another language stays as it was");
    }
    voices.prefer(&[(Language::ENGLISH, "espeak".to_owned())]);
    let named = Sentence { voice: Some("probe".to_owned()), ..Sentence::new("Yes.", Language::ENGLISH) };
    assert_eq!(voices.voice(&named).as_deref(), Some("probe"), "who is named speaks");
}
