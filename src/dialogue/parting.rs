//! Whether the caller takes their leave.
//!
//! Hanging up on somebody who has not finished is worse than answering one goodbye too many. So an utterance counts only when
//! it is nothing but leave-taking: a word of farewell, and around it only thanks and courtesies.

use crate::domain::fold;

/// Leave-taking is short.
const MOST_WORDS: usize = 10;

/// Folded: by these somebody leaves.
const FAREWELLS: [&str; 25] = [
    "bye",
    "goodbye",
    "byebye",
    "good bye",
    "good night",
    "see you",
    "see ya",
    "talk to you later",
    "speak to you later",
    "have a nice day",
    "have a good day",
    "have a great day",
    "take care",
    "farewell",
    "مع السلامه",
    "وداعا",
    "الي اللقاء",
    "في امان الله",
    "باي",
    "تصبح علي خير",
    "استودعك الله",
    "في رعايه الله",
    "نراك لاحقا",
    "اراك لاحقا",
    "باي باي",
];

/// Folded: these say nothing by themselves, and stand beside a farewell.
const COURTESIES: [&str; 58] = [
    "thank you",
    "thank you very much",
    "thank you so much",
    "thanks",
    "thanks a lot",
    "many thanks",
    "cheers",
    "ok",
    "okay",
    "alright",
    "all right",
    "right",
    "great",
    "good",
    "perfect",
    "fine",
    "well",
    "so",
    "then",
    "now",
    "and",
    "yes",
    "yeah",
    "no",
    "that is all",
    "thats all",
    "that was all",
    "that will be all",
    "thatll be all",
    "nothing else",
    "you too",
    "to you",
    "for now",
    "for your help",
    "for the help",
    "for your time",
    "later",
    "again",
    "soon",
    "tomorrow",
    "شكرا",
    "شكرا جزيلا",
    "شكرا لك",
    "شكرا لكم",
    "اشكرك",
    "طيب",
    "تمام",
    "حسنا",
    "نعم",
    "لا",
    "هذا كل شيء",
    "هذا كل ما لدي",
    "يلا",
    "خلاص",
    "ممتاز",
    "علي المساعده",
    "يا",
    "و",
];

/// Whether `text` is nothing but leave-taking, in English or Arabic.
pub(super) fn is_farewell(text: &str) -> bool {
    let folded = fold(text);
    if folded.contains(['?', '؟']) {
        return false;
    }
    let bare = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    // "good-bye" is two words, "that's" is one.
    let words: Vec<String> =
        folded.split([' ', '-', ',', '،', '.']).map(bare).filter(|word| !word.is_empty()).collect();
    words.len() <= MOST_WORDS && takes_leave(&words, false)
}

/// Whether these words can be read as farewells and courtesies throughout. `has_left`: there was a farewell before them.
fn takes_leave(words: &[String], has_left: bool) -> bool {
    if words.is_empty() {
        return has_left;
    }
    let is_next = |phrase: &str| {
        let count = phrase.split(' ').count();
        let stands = phrase.split(' ').zip(words).filter(|(expected, word)| expected == *word).count() == count;
        stands.then_some(count)
    };
    let farewells =
        FAREWELLS.iter().filter_map(|phrase| is_next(phrase)).any(|count| takes_leave(&words[count..], true));
    farewells
        || COURTESIES.iter().filter_map(|phrase| is_next(phrase)).any(|count| takes_leave(&words[count..], has_left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leave_is_taken_in_two_languages() {
        for text in [
            "Bye.",
            "Bye-bye!",
            "Okay, thank you, goodbye.",
            "No, that's all. Thanks for your help. Bye!",
            "Good-bye.",
            "Thanks a lot, have a nice day.",
            "Alright then, talk to you later.",
            "مع السلامة",
            "شكرًا جزيلًا، مع السلامة.",
            "طيب يلا باي",
            "لا شكرا، في أمان الله",
            "إلى اللقاء",
        ] {
            assert!(is_farewell(text), "{text}");
        }
    }

    #[test]
    fn everything_else_goes_on() {
        for text in [
            "",
            "Thank you.",
            "Okay.",
            "No, that's all.",
            "Bye the way, do you ship?",
            "Before I say goodbye, one question.",
            "I want to buy a pie.",
            "Can you say goodbye?",
            "Bye?",
            "Goodbye to my money then.",
            "How do I say goodbye to this contract",
            "See you on Tuesday at five",
            "شكرا",
            "قل لي مع السلامة بالانجليزية",
            "هل أقول مع السلامة؟",
            "سلام عليكم",
        ] {
            assert!(!is_farewell(text), "{text}");
        }
    }

    #[test]
    fn a_long_row_of_courtesies_is_read_quickly() {
        assert!(!is_farewell(&"thank you and ".repeat(700)));
        assert!(!is_farewell("thank you thank you thank you thank you thank you"));
    }
}
