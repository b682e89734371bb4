//! Which of several values in one text was meant: "not 250, 200", "Friday, no, sorry, Saturday".

use std::ops::Range;

use super::super::{
    Sureness, Understood,
    phrases::{Phrases, Words, phrases},
    tokens::{Found, Token},
};

/// What follows is not so.
static DENIALS: &Phrases = phrases![
    "not|cant|cannot|couldnt|dont|doesnt|isnt|wont|wouldnt|didnt|never|nor|without|except",
    "can not",
    "unable to",
    "مش|مو|ما|مب|ماني|مقدرش|مبقدرش|مابقدر|مااقدر|ماقدر|ليس|ليست|غير|بدون|بلا|بقدرش|مبقدرش|مابقدرش|ماقدرش|هقدرش|لن|لم|معنديش|ماعندي",
    "لا استطيع|اقدر|يمكن|يمكنني|املك|ادفع|اريد|بقدر|تقدر|ينفع",
    "صعب",
    "instead of",
    "rather than",
    "بدل",
];
/// What takes a denial back.
static CONTRASTS: &Phrases = phrases![
    "but|only|just|instead|rather|however|until|till|before|worry|mind|because",
    "more|less|over|under than?",
    "why dont|not",
    "لكن|بس|انما|ولكن|قبل|الا|حتي|لحد|لغايه",
    "اكتر|اقل|ازيد من?",
    "مانع|مشكله|باس",
];
/// What stands between a value and a better one.
static CORRECTIONS: &Phrases = phrases![
    "no|sorry|actually|wait|rather|instead|correction|scratch",
    "i mean|meant",
    "make it|that",
    "لا|اسف|عفوا|قصدي|اقصد|بل|لالا|استني|سوري",
];

/// What stands between two values of which only one is meant, or both.
static ALTERNATIVES: &Phrases = phrases!["or|either|او|ولا|ام|يا"];
static ADDITIONS: &Phrases = phrases!["and|then|plus|و|بعدين|وبعدين|بعدها|كمان"];

/// The value that was meant; `None` where that is anybody's guess.
pub(super) fn pick<T: PartialEq>(tokens: &[Token], found: Vec<Found<T>>) -> Option<Understood<T>> {
    let count = found.len();
    let mut meant: Vec<Found<T>> = Vec::new();
    let mut before = 0;
    for candidate in found {
        let between = before..candidate.at.start;
        before = candidate.at.end;
        if !is_denied(tokens, &between) {
            meant.push(candidate);
        }
    }
    let denied = meant.len() < count;
    let mut picked = meant.pop()?;
    let mut doubtful = denied;
    while let Some(earlier) = meant.pop() {
        let between = earlier.at.end..picked.at.start;
        if contains(tokens, &between, ALTERNATIVES) {
            return None;
        }
        if earlier.value == picked.value && contains(tokens, &between, ADDITIONS) {
            return None;
        }
        if earlier.value == picked.value {
            picked.sure = picked.sure.max(earlier.sure);
        } else if contains(tokens, &between, CORRECTIONS) {
            doubtful = true;
        } else {
            return None;
        }
    }
    if doubtful {
        picked.sure = Sureness::Likely;
    }
    Some(picked.understood(tokens))
}

fn is_denied(tokens: &[Token], between: &Range<usize>) -> bool {
    let words = Words::of(&tokens[between.clone()]);
    let Some(denial) = last(&words, DENIALS) else { return false };
    last(&words, CONTRASTS).is_none_or(|contrast| contrast < denial)
}

/// Where the last match of these patterns ends.
fn last(words: &Words<'_>, phrases: &Phrases) -> Option<usize> {
    words.find_all(phrases).map(|found| found.end).max()
}

fn contains(tokens: &[Token], range: &Range<usize>, phrases: &Phrases) -> bool {
    tokens.get(range.clone()).is_some_and(|between| Words::of(between).find(phrases).is_some())
}
