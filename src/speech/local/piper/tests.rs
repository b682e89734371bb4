use std::fs;

use tempfile::TempDir;

use super::*;
use crate::testing::espeak;

const STARTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/starter-voice/starter.onnx");

fn starter() -> PiperVoice {
    PiperVoice::load("starter", Path::new(STARTER), &espeak()).unwrap()
}

fn say(voice: &PiperVoice, text: &str, speed: f32) -> Vec<f32> {
    voice.say(text, &Manner { speed, speaker: 0, threads: 1, stop: &|| false }).unwrap().samples
}

/// A copy of the starter voice whose configuration has been changed.
fn altered(change: impl FnOnce(&mut serde_json::Value)) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("voice.onnx");
    fs::copy(STARTER, &model).unwrap();
    let mut config = serde_json::from_str(&fs::read_to_string(config_path(Path::new(STARTER))).unwrap()).unwrap();
    change(&mut config);
    fs::write(config_path(&model), config.to_string()).unwrap();
    (folder, model)
}

fn refusal(model: &Path) -> String {
    PiperVoice::load("voice", model, &espeak()).err().unwrap().to_string()
}

#[test]
fn a_voice_speaks() {
    let voice = starter();
    assert_eq!((voice.language(), voice.speakers()), (Language::ENGLISH, 1));
    let sound = say(&voice, "Good morning, how can I help you?", 1.0);
    let seconds = sound.len() as f32 / voice.rate_hz() as f32;
    assert!((1.0..6.0).contains(&seconds), "{seconds} s");
    assert!(sound.iter().any(|sample| sample.abs() > 0.05));
    assert_eq!(voice.unknown_phonemes(), 0);
}

#[test]
fn speed_and_threads_are_obeyed() {
    let voice = starter();
    let text = "This sentence is long enough to be measured.";
    let (normal, fast) = (say(&voice, text, 1.0).len(), say(&voice, text, 2.0).len());
    assert!(fast * 3 < normal * 2, "{fast} samples against {normal}");
    let two = voice.say(text, &Manner { speed: 1.0, speaker: 0, threads: 2, stop: &|| false }).unwrap().samples;
    assert!(two.len().abs_diff(normal) * 5 < normal, "{} samples against {normal}", two.len());
}

#[test]
fn a_voice_that_need_not_speak_does_not_compute() {
    let silent = starter().say("Hello", &Manner { speed: 1.0, speaker: 0, threads: 1, stop: &|| true }).unwrap();
    assert_eq!(silent, Said::default());
}

#[test]
fn phonemes_that_a_voice_lacks_are_left_out_and_counted() {
    let (_folder, model) = altered(|config| {
        config["phoneme_id_map"].as_object_mut().unwrap().remove("h").unwrap();
    });
    let voice = PiperVoice::load("voice", &model, &espeak()).unwrap();
    assert!(!say(&voice, "Hello, hello.", 1.0).is_empty());
    assert_eq!(voice.unknown_phonemes(), 2);
}

#[test]
fn a_voice_may_be_trained_on_letters() {
    let (_folder, model) = altered(|config| config["phoneme_type"] = "text".into());
    let voice = PiperVoice::load("voice", &model, &espeak()).unwrap();
    assert!(!say(&voice, "Hello", 1.0).is_empty());
}

#[test]
fn bad_configurations_are_refused_by_their_fault() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(Change, &str); 7] = [
        (|config| config["audio"]["sample_rate"] = 7.into(), "sample_rate 7 is not between"),
        (|config| config["num_speakers"] = 0.into(), "num_speakers is 0"),
        (|config| config["espeak"]["voice"] = "tlh".into(), "espeak-ng has no voice 'tlh'"),
        (|config| config["espeak"] = serde_json::Value::Null, "espeak.voice is missing"),
        (|config| config["phoneme_id_map"]["^"] = serde_json::Value::Array(Vec::new()), "phoneme_id_map has no '^'"),
        (|config| config["inference"]["length_scale"] = 0.into(), "scales that no voice can have"),
        (|config| *config = "starter".into(), "is no configuration of a Piper voice"),
    ];
    for (change, fault) in cases {
        let (_folder, model) = altered(change);
        let refused = refusal(&model);
        assert!(refused.contains(fault) && refused.lines().count() == 1, "{refused}");
    }
}

#[test]
fn files_that_are_no_voice_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("voice.onnx");
    assert!(refusal(&model).contains("voice.onnx.json: No such file"), "{}", refusal(&model));
    fs::copy(config_path(Path::new(STARTER)), config_path(&model)).unwrap();
    let whole = fs::read(STARTER).unwrap();
    for (content, what) in [(&b""[..], "empty"), (b"not a model", "text"), (&whole[..whole.len() / 2], "truncated")] {
        fs::write(&model, content).unwrap();
        let refused = refusal(&model);
        assert!(refused.contains("is not a Piper voice") && refused.lines().count() == 1, "{what}: {refused}");
    }
}

#[test]
fn a_graph_of_another_kind_is_refused_by_its_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("voice.onnx");
    fs::copy(config_path(Path::new(STARTER)), config_path(&model)).unwrap();
    // The name of an input, wherever it occurs, becomes another of the same length.
    let renamed = fs::read(STARTER).unwrap();
    let at: Vec<_> = (0..renamed.len() - 6).filter(|at| &renamed[*at..*at + 6] == b"scales").collect();
    let mut renamed = renamed;
    for at in at {
        renamed[at..at + 6].copy_from_slice(b"scalez");
    }
    fs::write(&model, renamed).unwrap();
    let refused = refusal(&model);
    assert!(refused.contains("it has no input 'scales', only input, input_lengths, scalez"), "{refused}");
}

#[test]
fn the_graph_tells_when_words_begin_and_else_it_is_estimated() {
    let mut silent = starter();
    assert!(silent.graph.durations.take().is_some());
    let text = "This sentence, which has nine words, is 1 example.";
    // Nothing at random: both say it alike.
    let quiet = |mut voice: PiperVoice| {
        (voice.scales.noise_scale, voice.scales.noise_w) = (0.0, 0.0);
        voice.say(text, &Manner { speed: 1.0, speaker: 0, threads: 1, stop: &|| false }).unwrap()
    };
    let (told, estimated) = (quiet(starter()), quiet(silent));
    assert!(!told.is_estimate && estimated.is_estimate && told.samples == estimated.samples);
    let letters = |said: &Said| said.words.iter().map(|(letter, _)| *letter).collect::<Vec<_>>();
    assert_eq!(letters(&told), words(text).map(|word| word.start).collect::<Vec<_>>());
    assert_eq!(letters(&told), letters(&estimated));
    let rate = f64::from(starter().rate_hz());
    for ((letter, told_at), (_, estimated_at)) in told.words.iter().zip(&estimated.words) {
        let off = told_at.abs_diff(*estimated_at) as f64 / rate;
        assert!(off < 0.5, "the word at {letter} is {off} s off");
    }
    // Before a word after a comma it is silent.
    let loudness = |samples: &[f32]| samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32;
    for word in ["which", "is"] {
        let (_, at) = told.words[letters(&told).iter().position(|letter| text[*letter..].starts_with(word)).unwrap()];
        let piece = starter().rate_hz() as usize / 20;
        assert!(loudness(&told.samples[at - piece..at]) * 10.0 < loudness(&told.samples[at..at + 3 * piece]), "{word}");
    }
}
