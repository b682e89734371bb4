//! Phonemes as the model's numbers, in the order that Piper's training used.

use std::{collections::HashMap, ops::Range};

use icu_normalizer::DecomposingNormalizer;

/// More phonemes than this are not computed at once: memory and the time to the first sound grow with them. About 20 s.
const MAX_PHONEMES: usize = 300;

/// A model's numbering of phonemes.
#[derive(Clone, Debug)]
pub(super) struct PhonemeIds {
    ids: HashMap<char, Vec<i32>>,
    begin: Vec<i32>,
    end: Vec<i32>,
    pad: Vec<i32>,
}

impl PhonemeIds {
    /// From a configuration's `phoneme_id_map`, which must have `^`, `$` and `_`.
    pub(super) fn new(map: &HashMap<String, Vec<i32>>) -> Self {
        let get = |mark: &str| map.get(mark).cloned().unwrap_or_default();
        let single = |name: &String| {
            let mut characters = name.chars();
            characters.next().filter(|_| characters.next().is_none())
        };
        let ids = map.iter().filter_map(|(name, ids)| Some((single(name)?, ids.clone()))).collect();
        Self { ids, begin: get("^"), end: get("$"), pad: get("_") }
    }

    /// The numbers of `phonemes` in sequences short enough for the model, and how many phonemes it does not know.
    ///
    /// A sequence is: beginning, pad, then each phoneme and a pad, end. The pad after the beginning matters. Phonemes are
    /// decomposed first (Unicode NFD), as when the voice was trained.
    pub(super) fn sequences(&self, phonemes: &str) -> (Vec<Vec<i32>>, usize) {
        let decomposed = DecomposingNormalizer::new_nfd().normalize(phonemes);
        let characters: Vec<char> = decomposed.chars().collect();
        let mut unknown = 0;
        let sequences = bounded(&characters)
            .into_iter()
            .map(|range| {
                let mut sequence = [&*self.begin, &*self.pad].concat();
                for phoneme in &characters[range] {
                    match self.ids.get(phoneme) {
                        Some(ids) => sequence.extend(ids.iter().chain(&self.pad)),
                        None => unknown += 1,
                    }
                }
                sequence.extend(&self.end);
                sequence
            })
            .collect();
        (sequences, unknown)
    }

    /// The numbers of a text by its own letters, for a voice without phonemes.
    pub(super) fn of_text(&self, text: &str) -> (Vec<Vec<i32>>, usize) {
        self.sequences(&text.to_lowercase())
    }
}

/// Cuts at the last space before the bound, or at the bound.
fn bounded(phonemes: &[char]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while phonemes.len() - start > MAX_PHONEMES {
        let window = &phonemes[start..start + MAX_PHONEMES];
        let end = start + window.iter().rposition(|c| *c == ' ').filter(|at| *at > 0).unwrap_or(MAX_PHONEMES);
        ranges.push(start..end);
        start = end;
    }
    ranges.push(start..phonemes.len());
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> PhonemeIds {
        let map = [("^", vec![1]), ("$", vec![2]), ("_", vec![0]), (" ", vec![3]), ("a", vec![14])];
        let more = [("c", vec![16]), ("\u{327}", vec![140]), ("oʊ", vec![77]), ("x", vec![8, 9])];
        PhonemeIds::new(&map.into_iter().chain(more).map(|(name, ids)| (name.to_owned(), ids)).collect())
    }

    #[test]
    fn every_phoneme_is_followed_by_a_pad_and_so_is_the_beginning() {
        for (phonemes, expected, unknown) in [
            ("a a", vec![1, 0, 14, 0, 3, 0, 14, 0, 2], 0),
            ("", vec![1, 0, 2], 0),
            ("ç", vec![1, 0, 16, 0, 140, 0, 2], 0),
            ("aʔ\u{1f}a", vec![1, 0, 14, 0, 14, 0, 2], 2),
            ("x", vec![1, 0, 8, 9, 0, 2], 0),
        ] {
            assert_eq!(ids().sequences(phonemes), (vec![expected], unknown), "{phonemes:?}");
        }
        assert_eq!(ids().of_text("AÇ").0, [[1, 0, 14, 0, 16, 0, 140, 0, 2]]);
    }

    #[test]
    fn long_sequences_are_cut_between_words() {
        let words = "aaaa ".repeat(100);
        let (sequences, unknown) = ids().sequences(words.trim_end());
        assert_eq!((sequences.len(), unknown), (2, 0));
        let phonemes: usize = sequences.iter().map(|sequence| (sequence.len() - 3) / 2).sum();
        assert_eq!(phonemes, 499);
        assert!(ids().sequences(&"a".repeat(1000)).0.iter().all(|sequence| sequence.len() <= 2 * MAX_PHONEMES + 3));
    }
}
