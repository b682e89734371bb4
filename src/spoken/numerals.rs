//! The grammar of numbers: one for both languages, for they differ in the order of tens and units only. English: "two
//! hundred and fifty five"; Arabic: "ميتين وخمسة وخمسين". Digits may stand in place of words.

use super::{
    lexicon::{self, Numeral},
    tokens::{Kind, Token},
};

/// More is a misunderstanding.
const MOST: i64 = 1_000_000_000_000;

/// A number and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: i64,
    /// The token after it.
    pub(super) end: usize,
    /// There is another meaning: "two fifty".
    pub(super) guessed: bool,
}

impl Number {
    fn sure(value: i64, end: usize) -> Option<Self> {
        Some(Self { value, end, guessed: false })
    }
}

/// The meaning of a word that a number may begin with: "for five" is one word in Arabic.
fn first(tokens: &[Token], at: usize) -> Option<Numeral> {
    tokens.get(at)?.find(lexicon::numeral)
}

/// The meaning of a word as it stands.
pub(super) fn numeral(tokens: &[Token], at: usize) -> Option<Numeral> {
    tokens.get(at).and_then(|token| lexicon::numeral(&token.text))
}

pub(super) fn is_and(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.is_any(&["and", "و"]))
}

/// The cardinal number that begins at a token.
pub(super) fn cardinal(tokens: &[Token], at: usize) -> Option<Number> {
    let mut total = part(tokens, at, MOST)?;
    let mut number = Number { value: total.value, end: total.end, guessed: total.guessed };
    while total.scale > 1 {
        let next = number.end + usize::from(is_and(tokens, number.end));
        let Some(more) = part(tokens, next, total.scale) else { break };
        number = Number {
            value: number.value.checked_add(more.value)?,
            end: more.end,
            guessed: number.guessed || more.guessed,
        };
        total = more;
    }
    (number.value <= MOST).then_some(number)
}

/// A number below a thousand, times a scale.
struct Part {
    value: i64,
    scale: i64,
    end: usize,
    guessed: bool,
}

/// A part that is smaller than `limit`.
fn part(tokens: &[Token], at: usize, limit: i64) -> Option<Part> {
    let part = match (first(tokens, at), literal(tokens, at)) {
        (Some(Numeral::Scale(scale)), _) => Part { value: scale, scale, end: at + 1, guessed: false },
        (Some(Numeral::TwoOf(scale)), _) => Part { value: 2 * scale, scale, end: at + 1, guessed: false },
        _ => {
            let number = below_thousand(tokens, at)?;
            let (scale, end) = match numeral(tokens, number.end) {
                Some(Numeral::Scale(scale)) => (scale, number.end + 1),
                // After a number this is no dual: "خمسة عشر ألفًا".
                Some(Numeral::TwoOf(scale)) if tokens[number.end].text.ends_with('ا') => (scale, number.end + 1),
                _ => (1, number.end),
            };
            Part { value: number.value.checked_mul(scale)?, scale, end, guessed: number.guessed }
        }
    };
    (part.value < limit).then_some(part)
}

/// Digits with separators of thousands; those that begin with 0 are no number but 0 itself.
pub(super) fn literal(tokens: &[Token], at: usize) -> Option<Number> {
    let head = tokens.get(at).filter(|token| token.kind == Kind::Digits)?;
    let mut digits = head.text.clone();
    let mut end = at + 1;
    while let Some([mark, group]) = tokens.get(end..end + 2) {
        let is_group = mark.is_mark(&[',', '٬', '،']) && group.kind == Kind::Digits && group.text.len() == 3;
        if !(is_group && mark.glued && group.glued && digits.len() <= 12 && head.text.len() <= 3) {
            break;
        }
        digits.push_str(&group.text);
        end += 2;
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Number::sure(digits.parse().ok().filter(|value| *value <= MOST)?, end)
}

/// A number below a thousand, or digits of any size that stand alone.
fn below_thousand(tokens: &[Token], at: usize) -> Option<Number> {
    let leading = match first(tokens, at) {
        Some(Numeral::Hundreds(value)) => return tail(tokens, Number { value, end: at + 1, guessed: false }),
        Some(Numeral::Hundred) => return tail(tokens, Number { value: 100, end: at + 1, guessed: false }),
        _ if is_one(tokens, at) => Number { value: 1, end: at + 1, guessed: false },
        _ => small(tokens, at)?,
    };
    if (1..100).contains(&leading.value) && numeral(tokens, leading.end) == Some(Numeral::Hundred) {
        return tail(tokens, Number { value: leading.value * 100, end: leading.end + 1, ..leading });
    }
    if leading.value > 0 && leading.value % 100 == 0 {
        return tail(tokens, leading);
    }
    Some(juxtaposed(tokens, leading).unwrap_or(leading))
}

/// "A hundred", "a thousand".
fn is_one(tokens: &[Token], at: usize) -> bool {
    let scaled = matches!(numeral(tokens, at + 1), Some(Numeral::Hundred | Numeral::Scale(_)));
    scaled && tokens.get(at).is_some_and(|token| token.is_any(&["a", "an"]))
}

/// Tens and units after hundreds.
fn tail(tokens: &[Token], hundreds: Number) -> Option<Number> {
    let has_and = is_and(tokens, hundreds.end);
    let more = small(tokens, hundreds.end + usize::from(has_and)).filter(|more| {
        let is_word = tokens[more.end - 1].kind == Kind::Word;
        let own_hundreds = numeral(tokens, more.end) == Some(Numeral::Hundred);
        (1..100).contains(&more.value) && !own_hundreds && (has_and || is_word)
    });
    let Some(more) = more else { return Some(hundreds) };
    Some(Number { value: hundreds.value + more.value, end: more.end, guessed: hundreds.guessed || more.guessed })
}

/// Below a hundred in words; or digits.
pub(super) fn small(tokens: &[Token], at: usize) -> Option<Number> {
    if let Some(number) = literal(tokens, at) {
        return Some(number);
    }
    let arabic = |at: usize| tokens.get(at).is_some_and(Token::is_arabic);
    match first(tokens, at)? {
        Numeral::Tens(tens) => match numeral(tokens, at + 1) {
            Some(Numeral::Unit(unit @ 1..)) if !arabic(at) && !arabic(at + 1) => Number::sure(tens + unit, at + 2),
            _ => Number::sure(tens, at + 1),
        },
        Numeral::Teen(teen) => Number::sure(teen, at + 1),
        Numeral::Unit(unit) if arabic(at) && unit > 0 => {
            let joined = is_and(tokens, at + 1);
            match numeral(tokens, at + 1 + usize::from(joined)) {
                Some(Numeral::Teen(10)) if !joined && arabic(at + 1) => Number::sure(unit + 10, at + 2),
                Some(Numeral::Tens(tens)) if joined && arabic(at + 2) => Number::sure(unit + tens, at + 3),
                Some(Numeral::Tens(tens)) if !joined && arabic(at + 1) => {
                    Some(Number { value: unit + tens, end: at + 2, guessed: true })
                }
                _ => Number::sure(unit, at + 1),
            }
        }
        Numeral::Unit(unit) => Number::sure(unit, at + 1),
        _ => None,
    }
}

/// "Two fifty", "one oh five", "twelve fifty": hundreds whose name is left out, most likely.
fn juxtaposed(tokens: &[Token], hundreds: Number) -> Option<Number> {
    let spoken = tokens[hundreds.end - 1].kind == Kind::Word && !tokens[hundreds.end - 1].is_arabic();
    let may_be_hundreds = matches!(hundreds.value, 1..=9 | 11..=19);
    if !spoken || !may_be_hundreds {
        return None;
    }
    let nought = tokens.get(hundreds.end).is_some_and(|token| token.is_any(&["oh", "o", "zero"]));
    let second = small(tokens, hundreds.end + usize::from(nought))?;
    let fits = if nought { (1..10).contains(&second.value) } else { (11..100).contains(&second.value) };
    let own_scale = matches!(numeral(tokens, second.end), Some(Numeral::Hundred | Numeral::Unit(_)));
    let is_word = tokens[second.end - 1].kind == Kind::Word;
    (fits && is_word && !own_scale).then(|| Number {
        value: hundreds.value * 100 + second.value,
        end: second.end,
        guessed: true,
    })
}

/// A number that may have a fraction, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantity {
    pub(super) thousandths: i64,
    pub(super) end: usize,
    pub(super) guessed: bool,
}

/// "2.5", "two point five million", "five and a half", "خمسة إلا ربع", "half a million".
pub(super) fn quantity(tokens: &[Token], at: usize) -> Option<Quantity> {
    if let Some(half) = part_of_scale(tokens, at) {
        return Some(half);
    }
    let number = cardinal(tokens, at).or_else(|| zero_point(tokens, at))?;
    let whole = Quantity { thousandths: number.value.checked_mul(1000)?, end: number.end, guessed: number.guessed };
    let scaled = matches!(first(tokens, number.end.wrapping_sub(1)), Some(Numeral::Scale(_) | Numeral::TwoOf(_)));
    if !scaled && let Some((thousandths, end)) = decimals(tokens, number.end) {
        return times_scale(tokens, Quantity { thousandths: whole.thousandths + thousandths, end, ..whole });
    }
    let Some((fraction, end)) = and_fraction(tokens, number.end) else { return Some(whole) };
    if let Some(Numeral::Scale(scale) | Numeral::TwoOf(scale)) = first(tokens, number.end.wrapping_sub(1)) {
        // "الف ونص": most likely half of a thousand more.
        let thousandths = whole.thousandths.checked_add(fraction.checked_mul(scale)?)?;
        return Some(Quantity { thousandths, end, guessed: true });
    }
    times_scale(tokens, Quantity { thousandths: whole.thousandths + fraction, end, ..whole })
}

/// "0.5", which [`cardinal`] takes for 0 and "05" for nothing.
fn zero_point(tokens: &[Token], at: usize) -> Option<Number> {
    tokens.get(at).filter(|token| token.is("point"))?;
    Number::sure(0, at)
}

fn times_scale(tokens: &[Token], quantity: Quantity) -> Option<Quantity> {
    let scale = match numeral(tokens, quantity.end) {
        Some(Numeral::Scale(scale)) => scale,
        Some(Numeral::Hundred) => 100,
        _ => return Some(quantity),
    };
    let thousandths = quantity.thousandths.checked_mul(scale).filter(|value| *value <= MOST)?;
    Some(Quantity { thousandths, end: quantity.end + 1, ..quantity })
}

/// "Half a million", "نص مليون", "ربع مليون".
fn part_of_scale(tokens: &[Token], at: usize) -> Option<Quantity> {
    let fraction = tokens.get(at)?.find(lexicon::fraction)?;
    let article = tokens.get(at + 1).is_some_and(|token| token.is_any(&["a", "of"]));
    let next = at + 1 + usize::from(article);
    let Some(Numeral::Scale(scale)) = numeral(tokens, next) else { return None };
    Some(Quantity { thousandths: fraction.checked_mul(scale)?, end: next + 1, guessed: false })
}

/// Digits after a point, in thousandths: ".5", "point five", "point two five", "فاصلة خمسة وعشرين".
fn decimals(tokens: &[Token], at: usize) -> Option<(i64, usize)> {
    let [point, digit] = tokens.get(at..at + 2)? else { return None };
    let written = point.is_mark(&['.', '٫', ',']) && point.glued && digit.glued && digit.kind == Kind::Digits;
    let mut digits = String::new();
    let mut end = at + 1;
    if written {
        digits.push_str(&digit.text);
        end += 1;
    } else if point.is_any(&["point", "فاصله", "نقطه", "فاصل"]) {
        while let Some(number) = small(tokens, end).filter(|number| number.value < 1000) {
            digits.push_str(&number.value.to_string());
            end = number.end;
        }
    }
    let fraction: i64 = digits.parse().ok()?;
    let places = u32::try_from(digits.len()).ok().filter(|places| *places <= 3)?;
    Some((fraction * 10_i64.pow(3 - places), end))
}

/// "And a half", "and three quarters", "ونص", "إلا ربع" in thousandths.
pub(super) fn and_fraction(tokens: &[Token], at: usize) -> Option<(i64, usize)> {
    let without = tokens.get(at)?.is("الا");
    if !without && !is_and(tokens, at) {
        return None;
    }
    if tokens.get(at + 1)?.is("three") && tokens.get(at + 2)?.is("quarters") {
        return Some((750, at + 3));
    }
    let article = usize::from(tokens.get(at + 1)?.is("a"));
    let fraction = tokens.get(at + 1 + article)?.find(lexicon::fraction)?;
    Some((if without { -fraction } else { fraction }, at + 2 + article))
}
