//! What a speech model makes of nothing, and how it is told from speech.

/// Below this level (-60 dBFS RMS over the loudest 20 ms) there is no speech, only a line that is open.
const SILENCE_RMS: f32 = 0.001;
/// 20 ms at 16 kHz
const PIECE: usize = 320;
/// Against the loudest 20 ms: -26 dB.
const AUDIBLE: f32 = 0.05;
/// Soft sounds begin a word before it is audible so (60 ms).
const PIECES_BEFORE: usize = 3;
/// OpenAI's own limits (transcribe.py of openai-whisper: `no_speech_threshold`, `logprob_threshold`).
const NO_SPEECH: f32 = 0.6;
const LOW_LOG_PROBABILITY: f32 = -1.0;
/// A phrase known to be invented counts as invented from this probability of "no speech" on.
const SUSPICIOUS: f32 = 0.2;
/// So many repetitions of a phrase in a row are no speech any more.
const LOOP_REPEATS: usize = 4;
/// The longest phrase, in words, that is looked for.
const LOOP_WORDS: usize = 8;

/// Whole utterances that whisper models, trained on subtitles, produce over silence and noise.
const INVENTED: [&str; 14] = [
    "thank you for watching",
    "thanks for watching",
    "thank you so much for watching",
    "thank you for watching please subscribe",
    "please subscribe",
    "please subscribe to my channel",
    "like and subscribe",
    "see you in the next video",
    "subtitles by the amara org community",
    "you",
    "اشتركوا في القناة",
    "شكرا على المشاهدة",
    "شكرا للمشاهدة",
    "ترجمة نانسي قنقر",
];

/// How sure the model was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// Probability that nobody spoke, 0.0 to 1.0.
    pub(super) no_speech: f32,
    /// Mean log probability of the tokens.
    pub(super) mean_log_probability: f32,
}

/// Whether there is nothing in `samples` that could be speech.
pub(super) fn is_silence(samples: &[f32]) -> bool {
    samples.chunks(PIECE).all(|piece| rms(piece) < SILENCE_RMS)
}

fn rms(piece: &[f32]) -> f32 {
    (piece.iter().map(|sample| sample * sample).sum::<f32>() / piece.len() as f32).sqrt()
}

/// The words of `text` that somebody said; empty when nobody did.
pub(super) fn clean(text: &str, evidence: Evidence) -> String {
    if evidence.no_speech > NO_SPEECH && evidence.mean_log_probability < LOW_LOG_PROBABILITY {
        return String::new();
    }
    let words = without_annotations(text);
    let words = without_loop(&words);
    let plain = plain(&words);
    let invented = evidence.no_speech > SUSPICIOUS && INVENTED.contains(&plain.as_str());
    if invented || plain.is_empty() { String::new() } else { words }
}

/// So many samples at the beginning of `samples` are far softer than the loudest. whisper.cpp would give a part of them to the
/// first words.
pub(super) fn lead(samples: &[f32]) -> usize {
    let loudest = samples.chunks(PIECE).map(rms).fold(SILENCE_RMS, f32::max);
    let first = samples.chunks(PIECE).position(|piece| rms(piece) >= loudest * AUDIBLE);
    first.map_or(0, |first| first.saturating_sub(PIECES_BEFORE) * PIECE)
}

/// Whether a phrase is said over and over.
pub(super) fn is_loop(text: &str) -> bool {
    let words: Vec<_> = text.split_whitespace().map(plain).collect();
    find_loop(&words).is_some()
}

/// `[BLANK_AUDIO]`, `(music)`, `*sighs*`, `♪`: remarks about sound, not words.
fn without_annotations(text: &str) -> String {
    let mut words = String::new();
    let mut closing = None;
    for character in text.chars() {
        match (closing, character) {
            (Some(end), c) if c == end => closing = None,
            (Some(_), _) | (None, '♪' | '♫') => {}
            (None, '[') => closing = Some(']'),
            (None, '(') => closing = Some(')'),
            (None, '*') => closing = Some('*'),
            (None, c) => words.push(c),
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` up to and with the first round of a loop.
fn without_loop(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let compared: Vec<_> = words.iter().map(|word| plain(word)).collect();
    match find_loop(&compared) {
        Some((start, length)) => words[..start + length].join(" "),
        None => text.to_owned(),
    }
}

/// Where a phrase begins that is then repeated, and how many words it has. A single digit may well be dictated four
/// times, so phrases without a letter do not count.
fn find_loop(words: &[String]) -> Option<(usize, usize)> {
    (1..=LOOP_WORDS).find_map(|length| {
        let rounds = length * LOOP_REPEATS;
        (0..(words.len() + 1).saturating_sub(rounds)).find_map(|start| {
            let phrase = &words[start..start + length];
            let has_letters = phrase.iter().any(|word| word.chars().any(char::is_alphabetic));
            let repeats = words[start..start + rounds].chunks_exact(length).all(|round| round == phrase);
            (has_letters && repeats).then_some((start, length))
        })
    })
}

/// Lower case, letters and digits only: for comparing.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).flat_map(char::to_lowercase);
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: Evidence = Evidence { no_speech: 0.01, mean_log_probability: -0.2 };
    const DOUBTFUL: Evidence = Evidence { no_speech: 0.4, mean_log_probability: -0.6 };
    const NOBODY: Evidence = Evidence { no_speech: 0.9, mean_log_probability: -1.4 };

    #[test]
    fn inventions_are_dropped_and_words_are_kept() {
        for (text, evidence, kept) in [
            ("Thank you for watching!", DOUBTFUL, ""),
            ("اشتركوا في القناة", DOUBTFUL, ""),
            ("Thank you for watching!", SURE, "Thank you for watching!"),
            ("[BLANK_AUDIO]", SURE, ""),
            ("(upbeat music) Hello ♪ there.", SURE, "Hello there."),
            ("Yes.", DOUBTFUL, "Yes."),
            ("I want to pay.", NOBODY, ""),
            (" . ", SURE, ""),
            ("no no no no no no", SURE, "no"),
            ("My card is 4 4 4 4 4 4.", SURE, "My card is 4 4 4 4 4 4."),
            ("I see. I see. I see. I see. I see.", SURE, "I see."),
            ("Well, it is, it is what it is.", SURE, "Well, it is, it is what it is."),
        ] {
            assert_eq!(clean(text, evidence), kept, "{text}");
        }
    }

    #[test]
    fn a_loop_is_a_phrase_said_four_times() {
        assert!(is_loop("so I think so I think so I think so I think"));
        assert!(!is_loop("so I think so I think so I think"));
        assert!(!is_loop("5 5 5 5 5"));
    }

    #[test]
    fn speech_begins_where_it_is_no_longer_far_softer_than_later() {
        let mut samples = vec![0.001; 16_000];
        samples[8_000..].fill(0.5);
        assert_eq!(lead(&samples), 8_000 - 3 * PIECE);
        for whole in [&samples[8_000..], &[0.0; 16_000], &[]] {
            assert_eq!(lead(whole), 0);
        }
    }

    #[test]
    fn an_open_line_is_silence_and_a_whisper_is_not() {
        assert!(is_silence(&[0.0; 16_000]));
        assert!(is_silence(&[]));
        let mut line = vec![0.0005; 16_000];
        assert!(is_silence(&line));
        line[8_000..8_400].fill(0.01);
        assert!(!is_silence(&line));
    }
}
