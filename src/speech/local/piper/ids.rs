//! Phonemes as the model's numbers, in the order that Piper's training used.

use std::{collections::HashMap, ops::Range};

use icu_normalizer::DecomposingNormalizer;

/// More phonemes than this are not computed at once: memory and the time to the first sound grow with them. About 20 s.
const MAX_PHONEMES: usize = 300;

/// What a model takes in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) ids: Vec<i32>,
    /// Where among `ids` each of its phonemes begins.
    pub(super) starts: Vec<usize>,
}

/// Phonemes as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbered {
    /// Decomposed (Unicode NFD), those that the model does not know included.
    pub(super) phonemes: Vec<char>,
    /// Short enough for the model; all phonemes, in order.
    pub(super) sequences: Vec<Sequence>,
    /// How many of the phonemes the model does not know.
    pub(super) unknown: usize,
}

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

    /// The numbers of `phonemes`.
    ///
    /// A sequence is: beginning, pad, then each phoneme and a pad, end. The pad after the beginning matters. Phonemes are
    /// decomposed first (Unicode NFD), as when the voice was trained.
    pub(super) fn number(&self, phonemes: &str) -> Numbered {
        let phonemes = decompose(phonemes);
        let mut unknown = 0;
        let sequences = bounded(&phonemes)
            .into_iter()
            .map(|range| {
                let (mut ids, mut starts) = ([&*self.begin, &*self.pad].concat(), Vec::new());
                for phoneme in &phonemes[range] {
                    starts.push(ids.len());
                    match self.ids.get(phoneme) {
                        Some(known) => ids.extend(known.iter().chain(&self.pad)),
                        None => unknown += 1,
                    }
                }
                ids.extend(&self.end);
                Sequence { ids, starts }
            })
            .collect();
        Numbered { phonemes, sequences, unknown }
    }
}

/// Characters as the models were trained on them.
pub(super) fn decompose(phonemes: &str) -> Vec<char> {
    DecomposingNormalizer::new_nfd().normalize(phonemes).chars().collect()
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
            let numbered = ids().number(phonemes);
            assert_eq!((&numbered.sequences[0].ids, numbered.unknown), (&expected, unknown), "{phonemes:?}");
        }
        let numbered = ids().number("aʔç");
        assert_eq!(
            (numbered.phonemes, &*numbered.sequences[0].starts),
            (vec!['a', 'ʔ', 'c', '\u{327}'], &[2, 4, 4, 6][..])
        );
    }

    #[test]
    fn long_sequences_are_cut_between_words() {
        let words = "aaaa ".repeat(100);
        let Numbered { phonemes, sequences, unknown } = ids().number(words.trim_end());
        assert_eq!((phonemes.len(), sequences.len(), unknown), (499, 2, 0));
        assert_eq!(sequences.iter().map(|sequence| (sequence.ids.len() - 3) / 2).sum::<usize>(), 499);
        assert_eq!(sequences.iter().map(|sequence| sequence.starts.len()).sum::<usize>(), 499);
        let long = ids().number(&"a".repeat(1000)).sequences;
        assert!(long.iter().all(|sequence| sequence.ids.len() <= 2 * MAX_PHONEMES + 3));
    }
}
