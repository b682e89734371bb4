//! When each word of a clause begins.
//!
//! The phonemes of a clause do not say which words they are of: espeak-ng joins some ("of the"), makes several of others
//! ("200") and says a word otherwise than alone. So the phonemes of each word alone are laid beside those of the clause with
//! as few differences as can be (Levenshtein's), and a word begins where the first of its phonemes has come to lie.

use super::ids::decompose;

/// Longer clauses, phonemes times phonemes, are not compared: no clause of two hundred letters is nearly so long.
const MOST_COMPARED: usize = 1 << 20;

/// For each phoneme of a sequence of numbers, which begin at `starts` among them, where it begins in `samples` samples. What
/// is not known is reckoned as if all numbers were equally long.
pub(super) fn onsets(starts: &[usize], durations: Option<Vec<f32>>, samples: usize) -> impl Iterator<Item = usize> {
    let numbers = starts.last().map_or(0, |last| last + 2);
    let durations = durations.unwrap_or_else(|| vec![1.0; numbers]);
    let mut passed = 0.0;
    let before: Vec<f64> = std::iter::once(0.0)
        .chain(durations.iter().map(|duration| {
            passed += f64::from(if duration.is_finite() { duration.max(0.0) } else { 0.0 });
            passed
        }))
        .collect();
    let all = passed.max(f64::MIN_POSITIVE);
    starts.iter().map(move |start| {
        let share = before.get(*start).map_or(1.0, |before| before / all);
        (share * samples as f64) as usize
    })
}

/// For each of `words` (where it begins in its clause, and how it is pronounced alone) the first of `phonemes`, in order. A
/// word that has none of its own is left out.
///
/// Where a word does not begin with the sound with which it begins alone, a gap right beside is taken for its beginning.
pub(super) fn word_starts(phonemes: &[char], words: &[(usize, String)]) -> Vec<(usize, usize)> {
    let sounds: Vec<usize> = (0..phonemes.len()).filter(|at| is_sound(phonemes[*at])).collect();
    let (mut expected, mut firsts) = (Vec::new(), Vec::new());
    for (letter, word) in words {
        firsts.push((*letter, expected.len()));
        expected.extend(decompose(word).into_iter().filter(|c| is_sound(*c)));
    }
    let said: Vec<char> = sounds.iter().map(|at| phonemes[*at]).collect();
    let places = if said.len() * expected.len() <= MOST_COMPARED { lay(&expected, &said) } else { Vec::new() };
    let place = |(_, first): &(usize, usize)| places.get(*first).copied().unwrap_or(said.len());
    let begin = |nth: usize, (letter, first): &(usize, usize)| {
        let earliest = if nth == 0 { 0 } else { place(&firsts[nth - 1]) + 1 };
        let latest = firsts.get(nth + 1).map_or(said.len(), place);
        let at = *places.get(*first)?;
        let is_as_expected = said.get(at) == expected.get(*first);
        let beside = [Some(at), at.checked_sub(1), Some(at + 1)].into_iter().flatten();
        let gap = beside.filter(|_| !is_as_expected).find(|at| {
            (earliest..latest).contains(at)
                && with_stress(phonemes, &sounds, *at).is_some_and(|at| is_after_gap(phonemes, at))
        });
        (earliest <= at).then(|| with_stress(phonemes, &sounds, gap.unwrap_or(at)))?.map(|start| (*letter, start))
    };
    firsts.iter().enumerate().filter_map(|(nth, word)| begin(nth, word)).collect()
}

/// What is compared. Stress and length are not: they change with the words around.
fn is_sound(phoneme: char) -> bool {
    phoneme.is_alphanumeric() && !is_mark(phoneme)
}

fn is_mark(phoneme: char) -> bool {
    matches!(phoneme, 'ˈ' | 'ˌ' | 'ː')
}

/// A sound's phoneme, or the mark of its stress.
fn with_stress(phonemes: &[char], sounds: &[usize], sound: usize) -> Option<usize> {
    let at = *sounds.get(sound)?;
    Some(at - phonemes[..at].iter().rev().take_while(|c| matches!(**c, 'ˈ' | 'ˌ')).count())
}

fn is_after_gap(phonemes: &[char], at: usize) -> bool {
    at == 0 || phonemes[at - 1].is_whitespace()
}

/// Lays `expected` beside `said` with as few differences as can be: the place in `said` of each of `expected`.
fn lay(expected: &[char], said: &[char]) -> Vec<usize> {
    let width = said.len() + 1;
    let mut cost: Vec<u32> = (0..width as u32).collect();
    for (row, letter) in expected.iter().enumerate() {
        cost.push(row as u32 + 1);
        for (column, other) in said.iter().enumerate() {
            let above = row * width + column;
            let replaced = cost[above] + u32::from(letter != other);
            let left_out = cost[above + 1] + 1;
            let put_in = cost[above + width] + 1;
            cost.push(replaced.min(left_out).min(put_in));
        }
    }
    let mut places = vec![0; expected.len()];
    let (mut row, mut column) = (expected.len(), said.len());
    while row > 0 {
        let here = cost[row * width + column];
        let above = (row - 1) * width + column;
        if column > 0 && here == cost[above - 1] + u32::from(expected[row - 1] != said[column - 1]) {
            (row, column) = (row - 1, column - 1);
            places[row] = column;
        } else if here == cost[above] + 1 {
            row -= 1;
            places[row] = column;
        } else {
            column -= 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::espeak;

    /// `clause`, its phonemes, and with which of them each word begins.
    #[track_caller]
    fn check(voice: &str, clause: &str, expected: &[(&str, &str)]) {
        let espeak = espeak();
        let voice = espeak.voice(voice).unwrap();
        let pronounce = |text: &str| espeak.phonemes(text, &voice).unwrap();
        let phonemes = decompose(&pronounce(clause));
        let words: Vec<_> = crate::domain::words(clause).map(|word| (word.start, pronounce(&clause[word]))).collect();
        let mut starts = word_starts(&phonemes, &words);
        starts.push((clause.len(), phonemes.len()));
        let said = starts.windows(2).map(|pair| {
            let phonemes: String = phonemes[pair[0].1..pair[1].1].iter().collect();
            (clause[pair[0].0..pair[1].0].trim().to_owned(), phonemes.trim().to_owned())
        });
        let expected: Vec<_> = expected.iter().map(|(word, said)| ((*word).to_owned(), (*said).to_owned())).collect();
        assert_eq!(said.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn words_are_found_by_their_sounds() {
        check(
            "en-us",
            "Hello, how are you?",
            &[("Hello,", "həlˈoʊ,"), ("how", "hˈaʊ"), ("are", "ɑːɹ"), ("you?", "juː?")],
        );
        check(
            "en-us",
            "one of the 200 boxes",
            &[("one", "wˈʌn"), ("of", "ʌv"), ("the", "ðə"), ("200", "tˈuːhˈʌndɹɪd"), ("boxes", "bˈɑːksᵻz.")],
        );
        check("ar", "مرحبا كيف حالك", &[("مرحبا", "mrħbˈaː"), ("كيف", "kˈajfa"), ("حالك", "ħˈaːlik.")]);
    }

    #[test]
    fn every_word_has_a_beginning() {
        let espeak = espeak();
        for (voice, clause) in [
            ("en-us", "It is $5.50 at 3:30, isn't it?"),
            ("en-us", "A friend of a friend is in the house for an hour or so."),
            ("en-us", "Call 555-0199 or write to amanda@example.com by 31/12."),
            ("ar", "المبلغ المستحق هو ٢٠٠ دينار ويجب سداده يوم الجمعة"),
        ] {
            let voice = espeak.voice(voice).unwrap();
            let pronounce = |text: &str| espeak.phonemes(text, &voice).unwrap();
            let phonemes = decompose(&pronounce(clause));
            let words: Vec<_> =
                crate::domain::words(clause).map(|word| (word.start, pronounce(&clause[word]))).collect();
            let starts = word_starts(&phonemes, &words);
            let found: Vec<_> = starts.iter().map(|(letter, _)| *letter).collect();
            assert_eq!(found, words.iter().map(|(letter, _)| *letter).collect::<Vec<_>>(), "{clause}: {starts:?}");
        }
    }

    #[test]
    fn phonemes_share_the_sound_by_their_lengths() {
        let of = |durations| onsets(&[2, 4], durations, 100).collect::<Vec<_>>();
        assert_eq!(of(Some(vec![1.0, 0.0, 2.0, 1.0, 5.0, 0.0, 1.0])), [10, 40]);
        assert_eq!(of(None), [33, 66]);
        assert_eq!(of(Some(vec![f32::NAN, -1.0])), [0, 100], "too few, and nonsense");
        assert_eq!(onsets(&[], None, 100).count(), 0);
    }
}
