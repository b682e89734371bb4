//! Digits that are read out, and telephone numbers: "oh seven nine, double four", "خمسة خمسة صفر".

use std::ops::{Range, RangeInclusive};

use super::{
    super::{
        Context,
        Sureness::{Certain, Likely},
        Understood,
        lexicon::{self, Numeral},
        numerals,
        tokens::{Found, Kind, Token, tokens},
    },
    pick::pick,
};
use crate::domain::PhoneNumber;

/// Longer than anything that is read out: a card has 19 digits.
const MOST_DIGITS: usize = 40;
/// Who says more numbers than these reads out something else.
const MOST_RUNS: usize = 12;
/// The fewest and the most digits of a telephone number.
const PHONE: RangeInclusive<usize> = 7..=15;

pub(super) fn digits(text: &str) -> Option<Understood<String>> {
    let tokens = tokens(text);
    let mut runs = runs(&tokens);
    if runs.iter().any(|run| run.digits.len() > 2) {
        // Beside a longer one these count something: "my code is 1234, the second one".
        runs.retain(|run| run.digits.len() > 2);
    }
    if runs.len() > MOST_RUNS {
        return None;
    }
    runs.retain(|run| !counts(&tokens, run));
    let alone = |run: &Run| {
        let others = tokens[..run.at.start].iter().chain(&tokens[run.at.end..]);
        others.filter(|token| token.kind == Kind::Word).all(|token| lexicon::is_filler(&token.text))
    };
    let is_pronoun =
        |run: &Run| run.at.len() == 1 && tokens[run.at.start].is_any(&["one", "واحد", "واحده"]) && !alone(run);
    let found = runs.into_iter().filter(|run| !is_pronoun(run)).map(|run| {
        let sure = if run.guessed { Likely } else { Certain };
        Found { value: run.digits, at: run.at, sure }
    });
    pick(&tokens, found.collect())
}

/// Whether a number says how many there are of something: "the four digits", "seventy five years", "at five o'clock".
fn counts(tokens: &[Token], run: &Run) -> bool {
    const COUNTED: &str = "digit digits number numbers figure figures letters characters times old oclock رقم ارقام خانه خانات \
        ارقام مره مرات";
    let is_counted = |token: &Token| {
        token.is_in(COUNTED) || token.find(lexicon::unit).is_some() || token.find(lexicon::coin).is_some()
    };
    run.pieces == 1 && tokens.get(run.at.end).is_some_and(is_counted)
}

pub(super) fn phone(text: &str, cx: &Context) -> Option<Understood<PhoneNumber>> {
    let tokens = tokens(text);
    let long = runs(&tokens).into_iter().filter(|run| PHONE.contains(&run.digits.len()));
    let found = long.map(|run| {
        let plus = run.at.start.checked_sub(1).is_some_and(|at| is_plus(&tokens[at]));
        let sign = if plus { "+" } else { "" };
        let value = PhoneNumber::parse(&format!("{sign}{}", run.digits), cx.country).ok()?;
        let sure = if run.guessed || !value.may_exist() { Likely } else { Certain };
        Some(Found { value, at: run.at.start - usize::from(plus)..run.at.end, sure })
    });
    pick(&tokens, found.collect::<Option<_>>()?)
}

fn is_plus(token: &Token) -> bool {
    token.is_any(&["+", "plus", "زايد", "بلس"])
}

/// Digits in a row.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) digits: String,
    pub(crate) at: Range<usize>,
    /// There is another way to hear it.
    pub(crate) guessed: bool,
    /// So many words or groups of digits it is made of.
    pub(crate) pieces: usize,
}

/// All digits in a text; what people say while they read a number out does not end a run.
pub(crate) fn runs(tokens: &[Token]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::default();
    let mut at = 0;
    while at < tokens.len() {
        let goes_on = !run.digits.is_empty() || (sounds(tokens, at) && sounds(tokens, at + 1));
        if let Some(piece) = piece(tokens, at, goes_on).filter(|_| run.digits.len() < MOST_DIGITS) {
            if run.digits.is_empty() {
                run.at.start = at;
                // "For two one" may be three digits.
                run.guessed = at > 0 && sounds(tokens, at - 1);
            }
            run.digits.push_str(&piece.digits);
            run.guessed |= piece.guessed;
            run.pieces += 1;
            run.at.end = piece.end;
            at = piece.end;
        } else {
            if !run.digits.is_empty() && !is_pause(&tokens[at]) {
                runs.push(std::mem::take(&mut run));
            }
            at += 1;
        }
    }
    if !run.digits.is_empty() {
        runs.push(run);
    }
    runs
}

fn is_pause(token: &Token) -> bool {
    const PAUSES: &str = "uh um er erm ah hm hmm then and a dash hyphen space dot okay ok yeah yes right so و بعدين وبعدين بعدها يعني \
        اه ايوه طيب شرطه داش فراغ مسافه ام امم تم";
    token.is_mark(&['-', '.', ',', '(', ')', '،', '–', '—', '/', '…']) || token.is_in(PAUSES)
}

struct Piece {
    digits: String,
    end: usize,
    guessed: bool,
}

/// The digits of one word, of several that are one number, or of digits as they are.
fn piece(tokens: &[Token], at: usize, goes_on: bool) -> Option<Piece> {
    let token = tokens.get(at)?;
    let some = |digits: String, end: usize, guessed: bool| Some(Piece { digits, end, guessed });
    if token.kind == Kind::Digits {
        return some(token.text.clone(), at + 1, false);
    }
    if let Some(times) = repeats(&token.text) {
        let digit = single(tokens, at + 1)?;
        return some(digit.to_string().repeat(times), at + 2, false);
    }
    if let Some((digit, times)) = plural(tokens, at) {
        return some(digit.to_string().repeat(times), at + 2, false);
    }
    if token.is_any(&["oh", "o"]) {
        let number_follows = single(tokens, at + 1).is_some()
            || tokens.get(at + 1).is_some_and(|next| next.is_any(&["oh", "o"]) || repeats(&next.text).is_some());
        return (goes_on || number_follows).then(|| Piece { digits: "0".to_owned(), end: at + 1, guessed: false });
    }
    if token.is_any(&["صفرين"]) {
        return some("00".to_owned(), at + 1, false);
    }
    if let Some(number) = number(tokens, at) {
        return Some(number);
    }
    let sound = lexicon::sounds_like(&token.text).filter(|_| goes_on)?;
    let stands_between = at + 1 == tokens.len() || single(tokens, at + 1).is_some() || sound_follows(tokens, at + 1);
    stands_between.then(|| Piece { digits: sound.to_string(), end: at + 1, guessed: true })
}

fn sounds(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| lexicon::sounds_like(&token.text).is_some())
}

/// Whether words that sound like digits lead to one.
fn sound_follows(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| lexicon::sounds_like(&token.text).is_some())
        && (at + 1 == tokens.len() || single(tokens, at + 1).is_some())
}

fn repeats(word: &str) -> Option<usize> {
    match word {
        "double" | "دبل" | "دوبل" => Some(2),
        "triple" | "treble" | "تربل" | "تريبل" => Some(3),
        "quadruple" => Some(4),
        _ => None,
    }
}

fn single(tokens: &[Token], at: usize) -> Option<i64> {
    let token = tokens.get(at)?;
    match lexicon::numeral(&token.text) {
        Some(Numeral::Unit(unit)) => Some(unit),
        _ if token.is_any(&["oh", "o"]) => Some(0),
        _ => token.text.parse().ok().filter(|digit| *digit < 10 && token.kind == Kind::Digits),
    }
}

/// "Three zeros", "two fives", "تلات اصفار".
fn plural(tokens: &[Token], at: usize) -> Option<(i64, usize)> {
    let times = usize::try_from(single(tokens, at)?).ok().filter(|times| *times > 1)?;
    let name = tokens.get(at + 1)?;
    if name.is_any(&["اصفار", "صفار", "zeroes", "ohs", "os"]) {
        return Some((0, times));
    }
    if name.is("sixes") {
        return Some((6, times));
    }
    let Some(Numeral::Unit(digit)) = name.text.strip_suffix('s').and_then(lexicon::numeral) else { return None };
    Some((digit, times))
}

/// "Forty two", "five hundred", "خمسة وعشرين".
fn number(tokens: &[Token], at: usize) -> Option<Piece> {
    let scaled = |at: usize| matches!(numerals::numeral(tokens, at), Some(Numeral::Hundred | Numeral::Scale(_)));
    let is_large = matches!(
        tokens[at].find(lexicon::numeral),
        Some(Numeral::Hundreds(_) | Numeral::Hundred | Numeral::Scale(_) | Numeral::TwoOf(_))
    );
    let small = numerals::small(tokens, at);
    if is_large || small.is_some_and(|small| scaled(small.end)) {
        let number = numerals::cardinal(tokens, at)?;
        return Some(Piece { digits: number.value.to_string(), end: number.end, guessed: true });
    }
    small.map(|small| Piece { digits: small.value.to_string(), end: small.end, guessed: small.guessed })
}
