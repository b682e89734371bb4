//! What is wrong, in the reader's language. The API says it in English; here its sentences are keys, as in gettext: `is longer than
//! 200 characters` is `problem-is-longer-than-n-characters` with 200 for `$n`. What the API advises after a colon belongs to the
//! translation. What has none is said in English.

use crate::{
    domain::Language,
    locale::{Locale, Value},
    web::error::{ApiError, sentence},
};

/// After these an English sentence gives examples, or names what there is.
const ENDS: [&str; 4] = [": ", " such as ", " one of ", " ("];

/// An error, as a sentence.
pub(in crate::web) fn of(words: &'static Locale, error: &ApiError) -> String {
    let key = format!("error-{}", error.kind());
    if words.has(&key) { words.text(&key).into_owned() } else { sentence(&detail(words, &error.to_string())) }
}

/// What is wrong with a field, to be read below it.
pub(super) fn detail(words: &'static Locale, english: &str) -> String {
    if words.language() == Language::ENGLISH {
        return english.to_owned();
    }
    let (key, values) = key(english);
    if !words.has(&key) {
        return english.to_owned();
    }
    let values: Vec<_> = values.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    let said = words.with(&key, &values);
    // The names of what there is are the same in all languages.
    match english.split_once(" one of ") {
        Some((_, there)) => format!("{said} {there}"),
        None => said.into_owned(),
    }
}

/// The key of an English sentence, and what it is filled in with: the last number in it (`n`), the first of several (`least`), and
/// what stands in quotation marks (`name`).
fn key(english: &str) -> (String, Vec<(&'static str, String)>) {
    let (rest, name) = unquoted(english);
    let end = ENDS.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    let (mut key, mut numbers) = ("problem".to_owned(), Vec::new());
    for word in rest[..end].split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        key.push('-');
        if word.chars().all(|c| c.is_ascii_digit()) {
            key.push('n');
            numbers.push(word.to_owned());
        } else {
            key.push_str(&word.to_ascii_lowercase());
        }
    }
    let last = numbers.pop();
    let numbers = [("n", last), ("least", numbers.into_iter().next()), ("name", name)];
    (key, numbers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// The same without what stands in quotation marks, and that.
fn unquoted(english: &str) -> (String, Option<String>) {
    let quoted = english.split_once(" '").and_then(|(before, rest)| Some((before, rest.split_once('\'')?)));
    match quoted {
        Some((before, (name, after))) => (format!("{before} name{after}"), Some(name.to_owned())),
        None => (english.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the API's checks say of fields that the pages' forms have.
    const SAID: [&str; 32] = [
        "is missing",
        "is missing: give a name or a telephone number",
        "must be a text",
        "must not be empty",
        "has control characters in it",
        "is longer than 200 characters",
        "is longer than 64 KiB",
        "must not be a payment card's number",
        "must be one of new, won",
        "names no script",
        "is not a telephone number: give one such as +44 20 7946 0958",
        "has no country's code: begin it with + and the code, or set the desk's country",
        "is not an e-mail address: give one such as name@example.com",
        "is no language that is known here: give a code such as en or ar",
        "must be a number such as 1500 or 1500.50",
        "must not be negative",
        "must be a number of days from 0 to 36500",
        // Scripts.
        "has faults, mend them or save it with live false (line 3: there is no step `x`)",
        "is none of this script's, which are 1 to 3",
        // Profiles and rules.
        "must not be none",
        "must be a number from 0.5 to 2",
        "must be a whole number from 5 to 600",
        "must be a whole number from 1",
        "has one longer than 1000 characters",
        "is not known",
        "is not known: make such a profile first",
        "another profile is called 'sales'",
        "there are 500 profiles: delete one first",
        "there are 500 rules: delete one first",
        "the profile 'sales' runs this script: give that profile another one first",
        "room rules send 'sales': let them send another profile first",
        "this profile is of the configuration file: change it there, and start the server again",
    ];

    #[test]
    fn an_english_sentence_is_a_key() {
        for (english, expected, values) in [
            ("is missing", "problem-is-missing", &[][..]),
            ("is longer than 200 characters", "problem-is-longer-than-n-characters", &[("n", "200")]),
            ("must be one of new, won", "problem-must-be", &[]),
            ("is not a telephone number: give one such as +44 20", "problem-is-not-a-telephone-number", &[]),
            (
                "must be a whole number from 5 to 600",
                "problem-must-be-a-whole-number-from-n-to-n",
                &[("n", "600"), ("least", "5")],
            ),
            ("the profile 'a: b' runs this: wait", "problem-the-profile-name-runs-this", &[("name", "a: b")]),
            ("is somebody else's", "problem-is-somebody-else-s", &[]),
        ] {
            let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>();
            assert_eq!(key(english), (expected.to_owned(), values));
        }
    }

    #[test]
    fn problems_are_said_in_the_readers_language() {
        for words in Locale::all() {
            for english in SAID {
                let said = detail(words, english);
                assert_eq!(said == english, words.language() == Language::ENGLISH, "{english}: {said}");
            }
            assert_eq!(detail(words, "is something that nobody translated"), "is something that nobody translated");
        }
        let arabic = Locale::of(Language::ARABIC).unwrap();
        assert!(detail(arabic, "must be one of new, won").ends_with("new, won"));
        assert!(detail(arabic, "is longer than 200 characters").contains("200"));
    }
}
