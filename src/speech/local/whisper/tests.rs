use std::time::Duration;

use super::*;
use crate::{
    audio::{Clip, resample},
    speech::{Segment, Word},
    testing::{espeak, recording, repository, scheduler},
};

fn whisper() -> Whisper {
    Whisper::load(&repository("models/starter-stt/ggml-starter.en-ts-q5_0.bin"), &scheduler()).unwrap()
}

fn speech(samples: impl Into<Arc<[f32]>>) -> Speech {
    let (language, priority) = (Some(Language::ENGLISH), Priority::Speech);
    Speech { samples: samples.into(), language, times: Times::None, priority, served: Served::default() }
}

/// Every transcript, partial ones too.
fn transcripts(whisper: &Whisper, speech: Speech) -> Vec<Transcript> {
    let mut results = whisper.transcribe(speech);
    std::iter::from_fn(|| results.blocking_recv()).map(Result::unwrap).collect()
}

fn text(whisper: &Whisper, samples: Vec<f32>) -> String {
    transcripts(whisper, speech(samples)).pop().unwrap().text
}

fn normalized(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace(['.', ',', '?', '!'], "");
    text.split_whitespace().map(str::to_owned).collect()
}

/// Levenshtein's distance in words.
fn edit_distance(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[heard.len()]
}

#[test]
fn hears_what_is_said() {
    let whisper = whisper();
    for (file, words) in [
        ("utt17.wav", "Is there any way I can pay by the week?"),
        ("utt21.wav", "Transfer me to a live agent."),
        ("utt33.wav", "What is a contract?"),
    ] {
        assert_eq!(text(&whisper, recording(file)), words);
    }
}

/// whisper.cpp 1.8.3 called directly (pywhispercpp 1.5.1, the same model, audio_ctx a multiple of 256, greedy) makes
/// 42 errors in these 256 words: 16.4 %. Errors are counted as in the model's card: lower case, without `.,?!`.
#[test]
fn makes_no_more_errors_than_whisper_cpp_itself() {
    let whisper = whisper();
    let list = std::fs::read_to_string(repository("models/starter-stt/test-wavs/transcripts.tsv")).unwrap();
    let (mut errors, mut words) = (0, 0);
    for line in list.lines().skip(1) {
        let mut fields = line.split('\t');
        let (file, said) = (fields.next().unwrap(), fields.next().unwrap());
        let (heard, said) = (normalized(&text(&whisper, recording(file))), normalized(said));
        errors += edit_distance(&said, &heard);
        words += said.len();
    }
    let percent = 100.0 * errors as f64 / words as f64;
    assert!((15.4..=17.4).contains(&percent), "{errors} errors in {words} words: {percent:.1} %");
}

/// With a context that is no multiple of 256, rows of the earlier clip would be read: see `windows::CONTEXT_STEP`.
#[test]
fn one_utterance_never_leaks_into_the_next() {
    let used = whisper();
    for (earlier, later) in [("utt19.wav", "utt33.wav"), ("utt27.wav", "utt02.wav"), ("utt09.wav", "utt36.wav")] {
        let long: Vec<f32> = [recording(earlier), recording(earlier), recording(earlier)].concat();
        text(&used, long);
        assert_eq!(text(&used, recording(later)), text(&whisper(), recording(later)), "{later} after {earlier}");
    }
}

#[test]
fn nothing_is_heard_in_silence_and_noise() {
    let whisper = whisper();
    let mut seed = 1_u32;
    let noise: Vec<f32> = (0..2 * ENGINE_HZ)
        .map(|_| {
            // Numerical Recipes' linear congruential generator.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as f32 / 65_536.0 * 0.02 - 0.01
        })
        .collect();
    for (what, samples) in [("nothing", Vec::new()), ("zeros", vec![0.0; 48_000]), ("noise", noise)] {
        assert_eq!(text(&whisper, samples), "", "{what}");
    }
}

#[test]
fn silence_costs_no_computation() {
    let whisper = whisper();
    text(&whisper, vec![0.0; 160_000]);
    assert_eq!(whisper.steps(), 0);
}

#[test]
fn a_long_recording_comes_in_partials_with_times() {
    let whisper = whisper();
    let pause = vec![0.0; 8_000];
    let mut samples = Vec::new();
    while samples.len() < 40 * ENGINE_HZ as usize {
        samples.extend(recording("utt18.wav"));
        samples.extend(&pause);
    }
    let transcripts = transcripts(&whisper, Speech { times: Times::Segments, ..speech(samples) });
    let (last, partials) = transcripts.split_last().unwrap();
    assert!(!partials.is_empty() && partials.iter().all(|partial| !partial.is_final) && last.is_final);
    assert!(partials.iter().all(|partial| last.text.starts_with(&partial.text)));
    assert!(last.segments.windows(2).all(|pair| pair[0].start <= pair[1].start));
    // The starter model hears the first seconds of each window only; the second window begins after 17 s.
    let end = last.segments.last().unwrap().end;
    assert!(end > Duration::from_secs(17) && end < Duration::from_secs(43), "{end:?}");
}

/// Counts work, not time: a listener who left costs at most the steps up to the next look.
#[test]
fn dropping_the_receiver_stops_the_work() {
    let whisper = whisper();
    text(&whisper, recording("utt19.wav"));
    let whole = whisper.steps();
    let mut results = whisper.transcribe(speech([recording("utt19.wav"), recording("utt27.wav")].concat()));
    while whisper.steps() < whole + 10 {
        assert!(results.try_recv().is_err(), "it was done before it could be stopped");
        std::hint::spin_loop();
    }
    drop(results);
    let at_drop = whisper.steps();
    // The worker is at the next request only when it has left the cancelled one.
    text(&whisper, vec![0.0; 1600]);
    assert!(whisper.steps() - at_drop <= 5, "{} steps after the receiver was gone", whisper.steps() - at_drop);
}

#[test]
fn a_language_that_the_model_does_not_know_is_refused() {
    let mut results =
        whisper().transcribe(Speech { language: Some(Language::ARABIC), ..speech(recording("utt18.wav")) });
    let error = results.blocking_recv().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "this speech-to-text model understands English only, not arabic",);
    assert!(results.blocking_recv().is_none());
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let error = Whisper::load(&repository("Cargo.toml"), &scheduler()).unwrap_err();
    assert!(matches!(&error, SpeechError::Failed { engine: "whisper", reason } if reason.contains("no whisper model")));
}

fn with_words(whisper: &Whisper, samples: Vec<f32>) -> Vec<Segment> {
    transcripts(whisper, Speech { times: Times::Words, ..speech(samples) }).pop().unwrap().segments
}

#[test]
fn words_lie_within_their_segment_in_order() {
    let whisper = whisper();
    for file in ["utt05.wav", "utt16.wav", "utt19.wav", "utt21.wav", "utt33.wav", "utt35.wav"] {
        for segment in with_words(&whisper, recording(file)) {
            let texts: Vec<_> = segment.words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(texts.join(" "), segment.text, "{file}");
            assert!(segment.words.is_sorted_by_key(|word| word.start), "{file}: {:?}", segment.words);
            let within = |word: &Word| segment.start <= word.start && word.start <= word.end && word.end <= segment.end;
            assert!(segment.words.iter().all(within), "{file}: {segment:?} {:?}", segment.words);
        }
        let plain = transcripts(&whisper, Speech { times: Times::Segments, ..speech(recording(file)) }).pop().unwrap();
        assert!(plain.segments.iter().all(|segment| segment.words.is_empty()), "{file}");
    }
}

/// espeak-ng says when it says each word.
#[test]
fn words_are_heard_about_when_they_are_said() {
    let (whisper, espeak) = (whisper(), espeak());
    let voice = espeak.voice_for(Language::ENGLISH).unwrap();
    for text in ["Do you ship to Texas?", "My contract ends in May.", "Connect me to a human."] {
        let said = espeak.samples(text, &voice, 1.0, &|| false).unwrap();
        let clip = Clip { rate_hz: espeak.rate_hz(), samples: said.samples };
        let pause = Duration::from_millis(700);
        let silence = vec![0.0; (pause.as_secs_f64() * f64::from(ENGINE_HZ)) as usize];
        let segments = with_words(&whisper, [silence, resample(&clip, ENGINE_HZ).samples].concat());
        let words: Vec<_> = segments.iter().flat_map(|segment| &segment.words).collect();
        let heard: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(heard.join(" "), text);
        for (word, (_, sample)) in words.iter().zip(&said.words) {
            let truth = pause + Duration::from_secs_f64(*sample as f64 / f64::from(espeak.rate_hz()));
            let off = word.start.abs_diff(truth);
            assert!(off < Duration::from_millis(300), "{} of {text}: {:?}, not {truth:?}", word.text, word.start);
        }
    }
}
