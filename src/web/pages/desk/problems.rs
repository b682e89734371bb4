//! What is wrong, in the reader's language. The API says it in English; here its sentences are keys, as in gettext: `is longer than
//! 200 characters` is `problem-is-longer-than-n-characters` with 200 for `$n`. What has no translation is said in English.

use std::fmt::{self, Display};

use crate::{
    locale::{Locale, Value},
    web::error::{ApiError, sentence},
};

/// An error, as a sentence.
pub(in crate::web) fn of(words: &'static Locale, error: &ApiError) -> String {
    let key = format!("error-{}", error.kind());
    if words.has(&key) { words.text(&key).into_owned() } else { sentence(&Said(words, error)) }
}

/// What an error says, as a sentence.
pub(in crate::web) fn said(words: &'static Locale, error: &(impl Display + ?Sized)) -> String {
    sentence(&Said(words, error))
}

/// What is wrong with a field, to be read below it.
pub(in crate::web::pages) fn detail(words: &'static Locale, detail: &str) -> String {
    Said(words, detail).to_string()
}

/// Something, said in a language.
struct Said<T>(&'static Locale, T);

impl<T: Display> Display for Said<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(words, said) = self;
        let said = said.to_string();
        // What follows names what there is: it is the same in all languages.
        let named = [" one of ", " some of "].into_iter().find_map(|before| Some(said.find(before)? + before.len()));
        let (begins, rest) = said.split_at(named.unwrap_or(said.len()));
        let (key, number) = key(begins);
        if !words.has(&key) {
            return f.write_str(&said);
        }
        let values: Vec<(&'static str, Value<'static>)> =
            number.map(|number| ("n", Value::from(number))).into_iter().collect();
        write!(f, "{}{}{rest}", words.with(&key, &values), if rest.is_empty() { "" } else { " " })
    }
}

/// The key of an English sentence, and the number in it.
fn key(english: &str) -> (String, Option<String>) {
    let (mut key, mut number) = ("problem".to_owned(), None);
    for word in english.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        key.push('-');
        if word.chars().all(|c| c.is_ascii_digit()) {
            key.push('n');
            number = Some(word.to_owned());
        } else {
            key.push_str(&word.to_ascii_lowercase());
        }
    }
    (key, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn an_english_sentence_is_a_key() {
        for (english, expected, number) in [
            ("is missing", "problem-is-missing", None),
            ("is longer than 200 characters", "problem-is-longer-than-n-characters", Some("200")),
            ("must be one of ", "problem-must-be-one-of", None),
        ] {
            assert_eq!(key(english), (expected.to_owned(), number.map(str::to_owned)));
        }
    }

    #[test]
    fn problems_are_said_in_the_readers_language() {
        let arabic = Locale::of(Language::ARABIC).unwrap();
        for said in ["is missing", "is longer than 200 characters", "must be one of new, won"] {
            let there = detail(arabic, said);
            assert!(there.chars().any(|c| ('\u{600}'..'\u{700}').contains(&c)), "{said}: {there}");
        }
        assert!(detail(arabic, "must be one of new, won").ends_with("new, won"));
        assert_eq!(detail(arabic, "is something that nobody translated"), "is something that nobody translated");
    }
}
