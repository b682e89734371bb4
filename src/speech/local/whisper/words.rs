//! Tokens and their times as words and theirs.
//!
//! whisper.cpp reckons the tokens' times by the timestamps that the model would give and by how loud the sound is
//! (`whisper_exp_compute_token_level_timestamps`): right within two tenths of a second or so, where no silence leads. Its other way, by the attention of
//! some of the decoder's heads, is not to be had together with flash attention.

use std::{ops::Range, time::Duration};

use crate::speech::Word;

/// The words of a segment, as its tokens come.
pub(super) struct Words {
    segment: Range<Duration>,
    /// A word's characters may be divided among tokens.
    words: Vec<(Vec<u8>, Range<Duration>)>,
}

impl Words {
    pub(super) fn new(segment: Range<Duration>) -> Self {
        Self { segment, words: Vec::new() }
    }

    /// The next token. A blank at its beginning begins a word.
    pub(super) fn push(&mut self, token: &[u8], at: Range<Duration>) {
        match self.words.last_mut() {
            Some((word, when)) if !token.starts_with(b" ") => {
                word.extend(token);
                when.end = at.end;
            }
            _ => self.words.push((token.to_owned(), at)),
        }
    }

    /// Each within the segment, and none before the one before it.
    pub(super) fn finish(self) -> Vec<Word> {
        let mut earliest = self.segment.start;
        let words = self.words.into_iter().map(|(text, at)| {
            let start = at.start.clamp(earliest, self.segment.end);
            earliest = start;
            let text = String::from_utf8_lossy(&text).trim().to_owned();
            Word { start, end: at.end.clamp(start, self.segment.end), text }
        });
        words.filter(|word| !word.text.is_empty()).collect()
    }
}

/// Those of `words` that have stayed in `text`, in order.
pub(super) fn those_of(text: &str, words: Vec<Word>) -> Vec<Word> {
    let mut rest = words.into_iter();
    let mut kept = Vec::new();
    for word in text.split_whitespace() {
        // One that is not found uses nothing up.
        let mut ahead = rest.clone();
        if let Some(found) = ahead.find(|candidate| candidate.text == word) {
            rest = ahead;
            kept.push(found);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, to: u64) -> Range<Duration> {
        Duration::from_millis(from)..Duration::from_millis(to)
    }

    fn of(tokens: &[(&[u8], Range<Duration>)]) -> Vec<Word> {
        let mut words = Words::new(span(100, 900));
        for (token, at) in tokens {
            words.push(token, at.clone());
        }
        words.finish()
    }

    fn shown(words: &[Word]) -> Vec<(&str, u128, u128)> {
        words.iter().map(|word| (&*word.text, word.start.as_millis(), word.end.as_millis())).collect()
    }

    #[test]
    fn tokens_make_words_within_their_segment() {
        let words = of(&[
            (b" Ye", span(0, 200)),
            (b"s", span(200, 300)),
            (b",", span(300, 310)),
            (b" ", span(310, 310)),
            (b" caf\xc3", span(250, 600)),
            (b"\xa9", span(600, 1000)),
        ]);
        assert_eq!(shown(&words), [("Yes,", 100, 310), ("café", 310, 900)]);
        assert_eq!(shown(&of(&[])), []);
    }

    #[test]
    fn words_that_were_taken_out_have_no_times() {
        let tokens: Vec<(&[u8], _)> =
            [" (sighs)", " no", " no", " no", " no", " way"].iter().map(|word| (word.as_bytes(), span(1, 2))).collect();
        let texts = |text| those_of(text, of(&tokens)).into_iter().map(|word| word.text).collect::<Vec<_>>();
        assert_eq!(texts("no way"), ["no", "way"]);
        assert_eq!(texts("no more way"), ["no", "way"]);
        assert_eq!(texts(""), [""; 0]);
    }
}
