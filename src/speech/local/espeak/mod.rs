//! espeak-ng: phonemes for Piper, and a voice of last resort that needs no model.
//!
//! The library is linked into the program with English and Arabic. More languages come from a data pack: espeak-ng's own
//! `espeak-ng-data` folder, copied into the data folder.

mod data;
mod formant;
mod library;

use std::{collections::BTreeMap, ops::ControlFlow, path::Path, sync::Arc};

use super::voices::Said;
use crate::{
    domain::{Language, words},
    speech::SpeechError,
};
pub use formant::FormantVoice;
use library::{Clause, WordEvent};

/// Languages that espeak-ng calls otherwise than [`Language::code`] does.
const OTHER_NAMES: [(&str, &str); 3] = [("en", "en-us"), ("zh", "cmn"), ("no", "nb")];

/// espeak-ng, ready. Clones share the one library of the process.
#[derive(Clone, Debug)]
pub struct Espeak {
    voices: Arc<BTreeMap<String, String>>,
    rate_hz: u32,
}

/// One of espeak-ng's voices; [`Espeak::voice`] makes it, so it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EspeakVoice(String);

impl EspeakVoice {
    /// espeak-ng's name of it: `en-us`.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Espeak {
    /// Prepares espeak-ng. Its data files are unpacked into `data_dir` the first time; the first folder that a process
    /// gives stays in use until it ends.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the data cannot be unpacked or read.
    pub fn open(data_dir: &Path) -> Result<Self, SpeechError> {
        let folder = data::prepare(data_dir).map_err(failed)?;
        let rate_hz = library::initialize(&folder).map_err(failed)?;
        let voices = data::voices(&folder).map_err(|error| failed(format!("{}: {error}", folder.display())))?;
        Ok(Self { voices: Arc::new(voices), rate_hz })
    }

    /// The names of its voices, sorted: `ar`, `en`, `en-us`, …
    pub fn voices(&self) -> impl Iterator<Item = &str> {
        self.voices.keys().map(String::as_str)
    }

    /// Rate of its own voices' sound, in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// A voice by espeak-ng's name, in any case.
    ///
    /// # Errors
    /// [`SpeechError::Unsupported`] naming those there are.
    pub fn voice(&self, name: &str) -> Result<EspeakVoice, SpeechError> {
        if let Some(voice) = self.voices.get(&name.to_ascii_lowercase()) {
            return Ok(EspeakVoice(voice.clone()));
        }
        let known: Vec<_> = self.voices().collect();
        Err(SpeechError::Unsupported(format!(
            "espeak-ng has no voice '{name}': it has {} (more with a data pack, espeak-ng-data in the data folder)",
            known.join(", ")
        )))
    }

    /// The usual voice of a language.
    ///
    /// # Errors
    /// [`SpeechError::Unsupported`] naming those there are.
    pub fn voice_for(&self, language: Language) -> Result<EspeakVoice, SpeechError> {
        let code = language.code();
        let name = OTHER_NAMES.iter().find(|(ours, _)| *ours == code).map_or(code, |(_, theirs)| theirs);
        self.voice(name).or_else(|_| self.voice(code))
    }

    /// The phonemes of one clause in the international phonetic alphabet, with the punctuation that shapes its melody
    /// put back, as Piper's voices were trained: `həlˈoʊ, wˈɜːld.`
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the voice's files are gone.
    pub fn phonemes(&self, clause: &str, voice: &EspeakVoice) -> Result<String, SpeechError> {
        let text = without_nul(clause);
        library::with(|library| Ok(join(&library.phonemes(&text, voice.name())?))).map_err(failed)
    }

    /// The sound of one clause at [`Espeak::rate_hz`], and where its words begin. `speed` is 1.0 normally. Ends early, with what there
    /// is, once `stop` says so; it is asked about every 100 ms of sound.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the voice's files are gone.
    pub fn samples(
        &self,
        clause: &str,
        voice: &EspeakVoice,
        speed: f32,
        stop: &dyn Fn() -> bool,
    ) -> Result<Said, SpeechError> {
        let text = without_nul(clause);
        let (mut samples, mut events) = (Vec::new(), Vec::new());
        let mut sink = |sound: &[i16], words: &mut dyn Iterator<Item = WordEvent>| {
            samples.extend(sound.iter().map(|sample| f32::from(*sample) / -f32::from(i16::MIN)));
            events.extend(words);
            if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        library::with(|library| library.speak(&text, voice.name(), speed, &mut sink)).map_err(failed)?;
        Ok(Said { samples, words: word_starts(&text, &events), is_estimate: false })
    }
}

fn failed(reason: String) -> SpeechError {
    SpeechError::Failed { engine: "espeak", reason }
}

/// Where the words of `text` begin, in bytes and in samples. What espeak-ng takes for a word may be a part of one.
fn word_starts(text: &str, events: &[WordEvent]) -> Vec<(usize, usize)> {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let mut starts: Vec<(usize, usize)> = Vec::new();
    for word in words(text) {
        let is_of_it = |event: &&WordEvent| bytes.get(event.character).is_some_and(|at| word.contains(at));
        if let Some(event) = events.iter().find(is_of_it)
            && starts.last().is_none_or(|(_, earlier)| *earlier <= event.sample)
        {
            starts.push((word.start, event.sample));
        }
    }
    starts
}

fn without_nul(text: &str) -> String {
    text.replace('\0', " ")
}

/// espeak-ng's clauses with their punctuation. A part cut off without any continues: it gets a comma, the last one a
/// full stop.
fn join(clauses: &[Clause<'_>]) -> String {
    let mut joined = String::new();
    let spoken: Vec<_> = clauses.iter().filter(|clause| !clause.phonemes.trim().is_empty()).collect();
    for (number, clause) in spoken.iter().enumerate() {
        if number > 0 {
            joined.push(' ');
        }
        joined.push_str(without_switches(clause.phonemes.trim()).trim());
        let is_last = number + 1 == spoken.len();
        joined.push(closing_mark(clause.text).unwrap_or(if is_last { '.' } else { ',' }));
    }
    joined
}

/// The mark that closes a clause, as Piper writes it. espeak-ng has read one or two characters further, so it need not be
/// the last character.
fn closing_mark(text: &str) -> Option<char> {
    let mut unseen = 2;
    for c in text.chars().rev() {
        match c {
            '.' | '…' | '۔' | '。' => return Some('.'),
            '?' | '؟' | '？' => return Some('?'),
            '!' | '！' => return Some('!'),
            ',' | '،' | '—' | '–' | '、' | '，' => return Some(','),
            ';' | '؛' | '；' => return Some(';'),
            ':' | '：' => return Some(':'),
            _ if c.is_alphanumeric() && unseen == 0 => return None,
            _ if c.is_alphanumeric() => unseen -= 1,
            _ => {}
        }
    }
    None
}

/// Drops the notes about a change of language, `(en)`, which are no phonemes.
fn without_switches(phonemes: &str) -> String {
    let mut kept = String::with_capacity(phonemes.len());
    let mut rest = phonemes;
    while let Some((before, note)) = rest.split_once('(') {
        kept.push_str(before);
        rest = note.split_once(')').map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::espeak;

    #[test]
    fn phonemes_keep_their_punctuation() {
        let espeak = espeak();
        let check = |voice: &str, text: &str, expected: &str| {
            let voice = espeak.voice(voice).unwrap();
            assert_eq!(espeak.phonemes(text, &voice).unwrap(), expected, "{text}");
        };
        check("en-us", "Hello, world. How are you?", "həlˈoʊ, wˈɜːld. hˈaʊ ɑːɹ juː?");
        check("en-us", "Wait: no; yes!", "wˈeɪt: nˈoʊ; jˈɛs!");
        check("en-us", "and then", "ænd ðˈɛn.");
        check("en-gb", "Plan A, b", "plˈan ˈeɪ, bˈiː.");
        check("ar", "مرحبا، كيف حالك؟", "mrħbˈaː, kˈajfa ħˈaːlik?");
        check("ar", "مَرْحَبًا", "mˈarħabˌan.");
        check("ar", "قل hello الآن", "qˈall həlˈəʊ alʔˈaːn.");
        check("en-us", "...", "");
        check("en-us", "", "");
        check("EN-US", "nul\0inside", "nˈʌl ɪnsˈaɪd.");
    }

    #[test]
    fn nothing_of_one_text_is_left_for_the_next() {
        let espeak = espeak();
        let voice = espeak.voice("en").unwrap();
        let alone = espeak.phonemes("good", &voice).unwrap();
        for before in ["Yes. a", "a", "No,", "what?!", "(", "3.", "a. b", "... c", "dash —d", "\"'"] {
            espeak.phonemes(before, &voice).unwrap();
            assert_eq!(espeak.phonemes("good", &voice).unwrap(), alone, "after {before:?}");
        }
    }

    #[test]
    fn threads_take_turns() {
        let espeak = espeak();
        let (english, arabic) = (espeak.voice("en-us").unwrap(), espeak.voice("ar").unwrap());
        let alone = (espeak.phonemes("one two", &english).unwrap(), espeak.phonemes("واحد", &arabic).unwrap());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        assert_eq!(espeak.phonemes("one two", &english).unwrap(), alone.0);
                        assert_eq!(espeak.phonemes("واحد", &arabic).unwrap(), alone.1);
                    }
                });
            }
        });
    }

    #[test]
    fn speaks_faster_and_stops() {
        let espeak = espeak();
        let voice = espeak.voice_for(Language::ENGLISH).unwrap();
        let text = "This sentence is long enough to be measured.";
        let samples = |speed, stop| espeak.samples(text, &voice, speed, &|| stop).unwrap().samples;
        let normal = samples(1.0, false);
        let (fast, stopped) = (samples(2.0, false), samples(1.0, true));
        assert!(normal.iter().any(|sample| sample.abs() > 0.1));
        assert!(fast.len() * 3 < normal.len() * 2, "{} against {}", fast.len(), normal.len());
        assert!(stopped.len() <= espeak.rate_hz() as usize / 5, "{} samples after the stop", stopped.len());
        // espeak-ng varies its pitch periods at random: lengths are nearly equal.
        let again = samples(1.0, false);
        assert!(again.len().abs_diff(normal.len()) * 100 < normal.len(), "{} against {}", again.len(), normal.len());
    }

    #[test]
    fn a_pause_follows_a_mark_only() {
        let espeak = espeak();
        let voice = espeak.voice("en").unwrap();
        let length = |text: &str| espeak.samples(text, &voice, 1.0, &|| false).unwrap().samples.len();
        assert!(length("Please call.") > length("Please call") + espeak.rate_hz() as usize / 10);
    }

    #[test]
    fn unknown_voices_are_refused_by_name() {
        let espeak = espeak();
        assert_eq!(espeak.voice_for(Language::ENGLISH).unwrap().name(), "en-us");
        assert_eq!(espeak.voice_for(Language::ARABIC).unwrap().name(), "ar");
        for error in [espeak.voice("../ar").unwrap_err(), espeak.voice_for("fr".parse().unwrap()).unwrap_err()] {
            let SpeechError::Unsupported(reason) = error else { panic!("{error:?}") };
            assert!(reason.contains("it has ar, en, en-gb"), "{reason}");
        }
    }
}
