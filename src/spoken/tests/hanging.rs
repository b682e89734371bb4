//! Whether more is to be expected.

use super::super::{
    Hanging::{self, Dictating, No, Unsure, Yes},
    hangs,
};
use crate::domain::Language;

fn check(cases: &[(Hanging, &[&str])], language: Language) {
    let all = cases.iter().flat_map(|(expected, texts)| texts.iter().map(move |text| (expected, text)));
    let faults: Vec<_> = all
        .filter_map(|(expected, text)| {
            let got = hangs(text, language);
            (got != *expected).then(|| format!("{text:?}: {got:?} instead of {expected:?}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn english_ends() {
    check(
        &[
            (
                No,
                &[
                    "yes",
                    "no",
                    "yes it is",
                    "i am",
                    "yes i do",
                    "i think so",
                    "okay",
                    "no thank you",
                    "that's right.",
                    "I want to pay on Friday.",
                    "can you repeat that?",
                    "two hundred pounds",
                    "on friday",
                    "tomorrow",
                    "at five pm",
                    "at five am",
                    "Just call me back after 11:30 AM.",
                    "hello",
                    "goodbye",
                    "i can pay tomorrow please",
                    "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
                ],
            ),
            (
                Yes,
                &[
                    "i want to pay and",
                    "i want to",
                    "my number is",
                    "my name is",
                    "because",
                    "well i would like to",
                    "um",
                    "i can pay um",
                    "so i was",
                    "and then i",
                    "it's the",
                    "i'd like",
                    "hold on",
                    "wait",
                    "let me check",
                    "one moment",
                    "just a second",
                    "on friday or",
                    "I can pay,",
                    "i think...",
                    "the amount is",
                    "i'm",
                    "if",
                    "i need a",
                    "i can pay you on",
                    "my card number is",
                ],
            ),
            (
                Dictating,
                &[
                    "oh seven nine",
                    "my number is 0 7 9",
                    "four four two one five",
                    "double",
                    "oh seven nine double",
                    "plus four four",
                    "555 123",
                    "0791",
                    "it's 07911 123",
                    "two hundred and",
                    "one two three",
                    "five five five one two three",
                    "07",
                    "four two four two four two.",
                ],
            ),
            (
                Unsure,
                &[
                    "",
                    "...",
                    "i want to pay",
                    "my internet is broken",
                    "sara ali",
                    "four four two one",
                    "250",
                    "two hundred and fifty",
                    "five",
                    "07911 123456",
                    "i don't know",
                ],
            ),
        ],
        Language::ENGLISH,
    );
}

#[test]
fn arabic_ends() {
    check(
        &[
            (
                No,
                &[
                    "نعم",
                    "لا",
                    "ايوه",
                    "لا شكرا",
                    "اه طبعا",
                    "ميتين دينار",
                    "يوم الجمعة",
                    "بكرة",
                    "الساعة خمسة العصر",
                    "لو سمحت",
                    "بدي ادفع بكرة",
                    "ممكن",
                    "انا",
                    "كيف حالك؟",
                    "الو",
                ],
            ),
            (
                Yes,
                &[
                    "بدي ادفع و",
                    "بدي",
                    "رقمي",
                    "اسمي",
                    "لأن",
                    "انا رح",
                    "ممكن ادفع بس",
                    "يعني",
                    "اممم يعني",
                    "لحظة",
                    "دقيقة",
                    "خليني اشوف",
                    "الجمعة او",
                    "بقدر ادفع في",
                    "المبلغ اللي",
                ],
            ),
            (
                Dictating,
                &[
                    "صفر سبعة تسعة",
                    "٠٧٩",
                    "رقمي صفر سبعة",
                    "خمسة خمسة صفر",
                    "دبل",
                    "مية و",
                    "زائد تسعة ستة",
                    "واحد اثنين ثلاثة اربعة خمسة",
                ],
            ),
            (Unsure, &["", "بدي ادفع", "سارة علي", "ميتين وخمسين", "خمسة", "النت خربان"]),
        ],
        Language::ARABIC,
    );
}
