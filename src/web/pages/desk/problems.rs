//! What is wrong, in the reader's language. The API says it in English; here its sentences are keys, as in gettext: `is longer than
//! 200 characters` is `problem-is-longer-than-n-characters` with 200 for `$n`. What the API advises after a colon belongs to the
//! translation. What has none is said in English.

use std::fmt::Display;

use crate::{
    domain::Language,
    locale::{Locale, Value},
    web::error::{ApiError, sentence},
};

/// After these an English sentence names what there is.
const NAMES: [&str; 2] = [" one of ", " some of "];
/// After these it gives advice or examples.
const ENDS: [&str; 3] = [": ", " such as ", " ("];

/// An error, as a sentence.
pub(in crate::web) fn of(words: &'static Locale, error: &ApiError) -> String {
    let key = format!("error-{}", error.kind());
    if words.has(&key) { words.text(&key).into_owned() } else { said(words, error) }
}

/// What an error says, as a sentence.
pub(in crate::web) fn said(words: &'static Locale, error: &impl Display) -> String {
    sentence(&detail(words, &error.to_string()))
}

/// What is wrong with a field, to be read below it.
pub(in crate::web::pages) fn detail(words: &'static Locale, english: &str) -> String {
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
    match NAMES.into_iter().find_map(|before| english.split_once(before)) {
        Some((_, there)) => format!("{said} {there}"),
        None => said.into_owned(),
    }
}

/// The key of an English sentence, and what it is filled in with: the last number in it (`n`), the first of several (`least`), and
/// what stands in quotation marks (`name`).
fn key(english: &str) -> (String, Vec<(&'static str, String)>) {
    let (rest, name) = unquoted(english);
    let first_of = |ends: &[&str]| ends.iter().filter_map(|end| rest.find(end)).min();
    let end = first_of(&NAMES).or_else(|| first_of(&ENDS)).unwrap_or(rest.len());
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
    const SAID: [&str; 93] = [
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
        "must be a moment such as 2026-11-21T08:00:00Z",
        "no such call is under way",
        "this call has enough to answer: try again in a moment",
        "the call ended before this was answered",
        "this call is going on: delete it when it is over",
        "a colleague has taken this call over: the agent is silent until it is given back",
        "has more than three digits after the point",
        "is too large",
        "has a slash or control characters in it",
        "has 1601 characters, 1600 at most",
        "must be a day such as 2026-11-21",
        "is missing: say why, as ?reason=…",
        "another customer has this userId",
        "there is no telephone number to write to: give one first",
        "this number is on the do-not-call list: nothing is sent to it",
        "this lead or customer is on the do-not-call list: nobody may call them",
        "this server has no transport for text messages: set sms.transport",
        "only a message that is held, failed or unknown can be sent again",
        "only a message that is held or queued can be taken back",
        "what is there has changed since the preview: send the file again, and look at what it does now",
        "has no rows: the first is to name the columns, and at least one is to follow",
        "has more than 50000 rows: divide it",
        "has more than 100 columns, or names of columns that are too long",
        "cannot be read as CSV",
        "has more cells than there are columns",
        "is the same as in line 7",
        "names a column that the file does not have",
        "names a field that is not known",
        "gives two columns the same field",
        "has no column that is known: its first row is to name them, such as name, phone",
        "this cannot be taken back any more: what it was about is not as it was",
        "there are more or fewer rows now than you were asked about: look at the table, and choose again",
        // People and rights.
        "the e-mail address or the password is wrong",
        "the password is wrong",
        "this account has a second factor: give its code too",
        "the code is wrong, or it was used already: wait for the next one",
        "that took too long: log in again",
        "too many attempts to log in: try again in 119 seconds",
        "too many people log in at this moment: try again in a few seconds",
        "the password is too short: give 10 characters at least",
        "the password is longer than 1024 bytes",
        "the password is the e-mail address: give one that nobody can guess",
        "the password is one character again and again: give one that nobody can guess",
        "this is the only administrator: make another one first",
        "this link was used already, or its time is over: ask for a new one",
        "no second factor waits for its first code: begin with a new one",
        "there is a second factor already: take that one off first",
        "give 1 to 100 characters on one line",
        "is wrong: give 1 to 100 characters on one line",
        "is not known: give one of viewer, agent",
        "is empty: give some of token, dispatch",
        // Settings and models.
        "must be a country's two letters, such as GB or EG",
        "must be a currency's three letters, such as GBP or EGP",
        "must be a number of days from 1 to 36500, or null to keep them for ever",
        "must be 1 to 40 small letters, digits and dashes",
        "is longer than 4096 bytes",
        "must be one word of letters, digits and signs",
        "has a wrong entry, number 2: it must be a host such as crm.example.com",
        "another pull is under way",
        // Pages that are not there.
        "there is no page at this address",
        "this address takes only one of GET, POST",
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
