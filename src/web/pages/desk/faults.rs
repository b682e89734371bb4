//! What is wrong with a script, in the reader's language. What has no words in it is said in English.

use crate::{
    domain::Language,
    locale::{Locale, Value},
    script::{Argument, Hint, Place, Problem},
};

/// Around what runs from left to right within Arabic: pieces of documents stand in backquotes.
const LEFT_TO_RIGHT: (char, char) = ('\u{2066}', '\u{2069}');

/// A sentence, without its line.
pub(super) fn said(words: &'static Locale, problem: &Problem) -> String {
    let key = problem.key();
    if words.language() == Language::ENGLISH || !words.has(&key) {
        return problem.to_string();
    }
    let filled: Vec<_> =
        problem.arguments().into_iter().map(|(name, argument)| (name, filled(words, argument))).collect();
    isolated(&words.with(&key, &filled))
}

fn filled(words: &'static Locale, argument: Argument<'_>) -> Value<'static> {
    match argument {
        Argument::Text(text) => Value::from(text.to_owned()),
        Argument::Number(number) => Value::from(number),
        Argument::Place(place) => Value::from(of_place(words, place)),
        Argument::Hint(hint) => Value::from(of_hint(words, hint)),
    }
}

fn of_place(words: &'static Locale, place: &Place) -> String {
    let (key, name) = place.key();
    words.named(&format!("problem-place-{key}"), name.map_or("", String::as_str)).into_owned()
}

/// With the colon before it.
fn of_hint(words: &'static Locale, hint: &Hint) -> String {
    let (key, names) = match hint {
        Hint::Meant(meant) => ("problem-hint-meant", meant.as_str()),
        Hint::There(names) => ("problem-hint-there", names.as_str()),
        Hint::Nothing => ("problem-hint-nothing", ""),
    };
    words.named(key, names).into_owned()
}

fn isolated(text: &str) -> String {
    let (begin, end) = LEFT_TO_RIGHT;
    let pieces = text.split('`').enumerate();
    pieces.map(|(at, piece)| if at % 2 == 0 { piece.to_owned() } else { format!("{begin}`{piece}`{end}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    #[test]
    fn every_kind_of_fault_has_words_in_each_language() {
        for words in Locale::all().iter().filter(|words| words.language() != Language::ENGLISH) {
            let lacking: Vec<_> = Problem::keys().filter(|key| !words.has(key)).collect();
            assert_eq!(lacking, [""; 0], "{:?}", words.language());
            for place in [
                Place::Document,
                Place::Step("a".to_owned()),
                Place::SomeStep,
                Place::Test("a".to_owned()),
                Place::SomeTest,
                Place::Branch,
                Place::Field("a".to_owned()),
                Place::TextOf("a".to_owned()),
            ] {
                assert!(words.has(&format!("problem-place-{}", place.key().0)), "{place}");
            }
            for hint in [Hint::Meant("a".to_owned()), Hint::There("a".to_owned()), Hint::Nothing] {
                assert!(!of_hint(words, &hint).contains("problem"), "{hint}");
            }
        }
    }

    #[test]
    fn a_fault_is_said_with_what_it_is_about() {
        let document = "name = 'x'\n[[step]]\nid = 'a'\nsay = 'Hi.'\nnext = 'edn'\n[[step]]\nid = 'end'\nend = 'x'\n";
        let faults = Script::parse(document).unwrap_err();
        let english = Locale::of(Language::ENGLISH).unwrap();
        assert_eq!(said(english, &faults[0].problem), "step `edn` does not exist: did you mean `end`?");
        let arabic = said(Locale::of(Language::ARABIC).unwrap(), &faults[0].problem);
        let plain = arabic.replace(['\u{2066}', '\u{2068}', '\u{2069}'], "");
        assert!(plain.contains("`edn`") && plain.contains("`end`") && !plain.contains("step"), "{plain}");
        assert!(arabic.contains("\u{2066}`"), "pieces of documents run from left to right");
    }
}
