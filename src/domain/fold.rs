//! One spelling for what people type in many: for searching and comparing, never for showing.

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Lower case without accents and vowel marks; Arabic letters that are mixed up in writing are one (أ إ آ ا, ى ي, ة ه,
/// ؤ و, ئ ي), tatweel is left out; digits are ASCII; blanks are single, with none at the ends.
pub fn fold(text: &str) -> String {
    // Compatibility decomposition splits letters from their marks, and makes ordinary letters of presentation forms.
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut folded = String::with_capacity(text.len());
    for letter in decomposed.chars().flat_map(char::to_lowercase) {
        match letter {
            _ if letter.is_whitespace() => {
                if !folded.is_empty() && !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            _ if is_mark(letter) => {}
            _ => folded.push(plain(letter)),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// The words alone, folded, with single blanks between them: marks come and go from one transcript to the next.
pub fn fold_words(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Latin and Greek accents, Arabic vowel marks, hamza above and below, tatweel, and what cannot be seen.
fn is_mark(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn plain(letter: char) -> char {
    match letter {
        'ٱ' => 'ا',
        'ى' | 'ی' => 'ي',
        'ة' | 'ہ' => 'ه',
        'ک' => 'ك',
        '٠'..='٩' => ascii(letter, '٠'),
        '۰'..='۹' => ascii(letter, '۰'),
        _ => letter,
    }
}

fn ascii(digit: char, nought: char) -> char {
    char::from_digit(u32::from(digit) - u32::from(nought), 10).unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_between_words_do_not_count() {
        for (text, words) in [("Yes, I do!", "yes i do"), (" نعم، شكرًا. ", "نعم شكرا"), ("…", ""), ("", "")]
        {
            assert_eq!(fold_words(text), words);
        }
    }

    #[test]
    fn spellings_of_one_word_are_one() {
        for (one, other) in [
            ("Amélie  ÖZ ", "amelie oz"),
            ("أحمد", "احمد"),
            ("فاطمة", "فاطمه"),
            ("مُحَمَّد", "محمد"),
            ("مـحـمـد", "محمد"),
            ("ليلى", "ليلي"),
            ("مؤمن", "مومن"),
            ("٠١٢٣", "0123"),
            ("۴۵", "45"),
            ("\u{200f}علي\u{200e}", "علي"),
            ("ＡＢＣ１", "abc1"),
            (" \t\n", ""),
        ] {
            assert_eq!(fold(one), other);
            assert_eq!(fold(&fold(one)), other, "folding twice changes nothing");
        }
        assert_ne!(fold("سارة"), fold("سارا"));
    }
}
