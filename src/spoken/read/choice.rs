//! Which of several answers was meant, by the examples of each.

use super::super::{
    Choice, Sureness, Understood, lexicon,
    phrases::{Phrases, Words, phrases},
    tokens::{Found, Kind, Token, tokens},
};

/// In words; nobody says a longer one.
const LONGEST_EXAMPLE: usize = 30;
/// In words; in a longer text single words mean nothing.
const LONGEST_ANSWER: usize = 60;
/// Words alike, out of a hundred: two options must differ by this much.
const MARGIN: usize = 20;
/// So many out of a hundred of an example's words must have been said.
const ENOUGH: usize = 50;
/// Shorter words are not looked for with a letter wrong.
const FUZZY: usize = 5;

pub(super) fn choice(text: &str, options: &[Choice<'_>]) -> Option<Understood<usize>> {
    let tokens = tokens(text);
    if let Some(found) = whole(&tokens, options) {
        return Some(found.understood(&tokens));
    }
    by_words(&tokens, options).or_else(|| by_place(&tokens, options.len())).map(|found| found.understood(&tokens))
}

/// How people say an option, and its name in the script.
fn examples<'a>(option: &Choice<'a>) -> impl Iterator<Item = Vec<Token>> {
    let id = option.id.replace(['_', '-'], " ");
    option.says.iter().map(|says| example(says)).chain([example(&id)]).filter(|example| !example.is_empty())
}

fn example(text: &str) -> Vec<Token> {
    let mut example = tokens(text);
    example.truncate(LONGEST_EXAMPLE);
    example
}

/// The longest example that was said word for word, if it is of one option only.
fn whole(tokens: &[Token], options: &[Choice<'_>]) -> Option<Found<usize>> {
    let mut best: Option<(usize, Found<usize>)> = None;
    let mut tied = false;
    for (place, option) in options.iter().enumerate() {
        for example in examples(option) {
            let Some(at) = position(tokens, &example) else { continue };
            let length = example.len();
            let found = Found { value: place, at: at..at + length, sure: Sureness::Certain };
            match &best {
                Some((longest, other)) if *longest == length && other.value != place => tied = true,
                Some((longest, _)) if *longest >= length => {}
                _ => (best, tied) = (Some((length, found)), false),
            }
        }
    }
    let (_, mut found) = best.filter(|_| !tied)?;
    if is_denied(tokens, found.at.start) {
        return None;
    }
    let others = tokens.len() - found.at.len();
    if others > found.at.len() * 6 {
        found.sure = Sureness::Likely;
    }
    Some(found)
}

fn position(tokens: &[Token], example: &[Token]) -> Option<usize> {
    let same = |window: &[Token]| window.iter().zip(example).all(|(one, other)| one.text == other.text);
    tokens.windows(example.len()).position(same)
}

fn is_denied(tokens: &[Token], at: usize) -> bool {
    tokens[at.saturating_sub(2)..at].iter().any(|token| {
        token.is_any(&["not", "dont", "isnt", "no", "never", "مش", "مو", "ما", "ليس", "لا", "غير", "without", "بدون"])
    })
}

/// The option of whose words most were said, in any order and with a letter wrong.
fn by_words(tokens: &[Token], options: &[Choice<'_>]) -> Option<Found<usize>> {
    let tokens = &tokens[..tokens.len().min(LONGEST_ANSWER)];
    let scores = options
        .iter()
        .map(|option| examples(option).filter_map(|example| score(tokens, &example)).max_by_key(|score| score.0));
    let mut ranked: Vec<(usize, usize, usize)> =
        scores.enumerate().filter_map(|(place, score)| score.map(|(share, at)| (share, place, at))).collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    let (share, place, at) = *ranked.first()?;
    let second = ranked.get(1).map_or(0, |(share, ..)| *share);
    let clear = share >= ENOUGH && share >= second + MARGIN && !is_denied(tokens, at);
    clear.then_some(Found { value: place, at: at..at + 1, sure: Sureness::Likely })
}

/// How many out of a hundred of the words that matter were said, and where the first one was.
fn score(tokens: &[Token], example: &[Token]) -> Option<(usize, usize)> {
    let matters =
        |token: &&Token| token.kind != Kind::Mark && !lexicon::is_filler(&token.text) && !is_small(&token.text);
    let wanted: Vec<&Token> = example.iter().filter(matters).collect();
    let places: Vec<usize> =
        wanted.iter().filter_map(|word| tokens.iter().position(|token| alike(&token.text, &word.text))).collect();
    let share = (places.len() * 100).checked_div(wanted.len())?;
    Some((share, *places.iter().min()?))
}

fn is_small(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "to"
            | "of"
            | "my"
            | "in"
            | "on"
            | "for"
            | "and"
            | "or"
            | "with"
            | "want"
            | "need"
            | "have"
            | "me"
            | "this"
            | "at"
            | "by"
            | "في"
            | "عن"
            | "مع"
            | "الي"
            | "انا"
            | "بدي"
            | "اريد"
            | "عندي"
            | "ابي"
            | "عايز"
            | "و"
            | "او"
            | "هدا"
    )
}

/// The same word, with or without an article or an ending, or with one letter wrong.
fn alike(one: &str, other: &str) -> bool {
    let stem = |word: &'_ str| {
        let word = word
            .strip_prefix("وال")
            .or_else(|| word.strip_prefix("بال"))
            .or_else(|| word.strip_prefix("لل"))
            .or_else(|| word.strip_prefix("ال"))
            .unwrap_or(word);
        let endings = ["ing", "ed", "es", "s", "ات", "ين"];
        let short =
            endings.iter().find_map(|ending| word.strip_suffix(ending)).filter(|stem| stem.chars().count() >= 3);
        short.unwrap_or(word).to_owned()
    };
    let (one, other) = (stem(one), stem(other));
    one == other || (one.chars().count().min(other.chars().count()) >= FUZZY && differ_by_one(&one, &other))
}

/// Whether one letter is changed, left out or put in.
fn differ_by_one(one: &str, other: &str) -> bool {
    let (mut short, mut long): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if short.len() > long.len() {
        std::mem::swap(&mut short, &mut long);
    }
    let same = short.iter().zip(&long).take_while(|(one, other)| one == other).count();
    match long.len() - short.len() {
        0 => short[same..].iter().skip(1).eq(long[same..].iter().skip(1)),
        1 => short[same..].iter().eq(&long[same + 1..]),
        _ => false,
    }
}

/// "The second one", "number two", "الخيار الثاني"; "the last one".
fn by_place(tokens: &[Token], count: usize) -> Option<Found<usize>> {
    let words = Words::of(tokens);
    static LAST: &Phrases = phrases!["^ last one|option|choice? $", "^ الاخير|الاخيره $"];
    let all = || 0..tokens.len();
    if words.find(LAST).is_some() {
        return Some(Found { value: count.checked_sub(1)?, at: all(), sure: Sureness::Likely });
    }
    let helpers = ["option", "number", "choice", "one", "خيار", "الخيار", "رقم"];
    let mut said = tokens.iter().filter(|token| token.kind != Kind::Mark && !lexicon::is_filler(&token.text));
    let is_helper = |token: &&Token| token.is_any(&helpers);
    let ordinal = said.clone().find_map(|token| token.find(lexicon::ordinal));
    let named = said.clone().any(|token| is_helper(&token));
    let cardinal = said.clone().filter(|_| named).find_map(|token| match token.find(lexicon::numeral)? {
        lexicon::Numeral::Unit(unit) if !token.is("one") || said.clone().count() == 2 => Some(unit),
        _ => None,
    });
    let digit = said.clone().filter(|_| named).find_map(|token| token.text.parse().ok());
    let place = usize::try_from(ordinal.or(digit).or(cardinal)?).ok()?;
    let only = said.all(|token| {
        is_helper(&token)
            || token.find(lexicon::ordinal).is_some()
            || token.find(lexicon::numeral).is_some()
            || token.kind == Kind::Digits
    });
    (only && (1..=count).contains(&place)).then(|| Found { value: place - 1, at: all(), sure: Sureness::Likely })
}
