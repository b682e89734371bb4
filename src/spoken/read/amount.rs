//! Amounts of money, and whole numbers.

use super::{
    super::{
        Context, Sureness, Understood,
        lexicon::{self, Coin, Numeral},
        numerals::{self, Quantity},
        tokens::{Found, Kind, Token, tokens},
    },
    pick::pick,
};
use crate::domain::Money;

pub(super) fn number(text: &str) -> Option<Understood<i64>> {
    let tokens = tokens(text);
    let numbers = find(&tokens, |tokens, at| {
        let quantity = numerals::quantity(tokens, at)?;
        // A fraction that is no whole number is taken whole all the same, so that "2.5" is not read as 2 and 5.
        let value = (quantity.thousandths % 1000 == 0).then_some(quantity.thousandths / 1000);
        let value = value.map(|value| if is_negative(tokens, at) { -value } else { value });
        Some(Amount { value, end: quantity.end, guessed: quantity.guessed, money: false })
    });
    let whole = numbers.into_iter().map(|found| Some(Found { value: found.value?, at: found.at, sure: found.sure }));
    pick(&tokens, whole.collect::<Option<_>>()?)
}

pub(super) fn amount(text: &str, _cx: &Context) -> Option<Understood<Money>> {
    let tokens = tokens(text);
    let found = find(&tokens, money);
    // With a currency it is about money; what has none beside it is about something else.
    let has_coins = found.iter().any(|found| found.money);
    let amounts = found.into_iter().filter(|found| found.money || !has_coins);
    let valid = |found: Spotted<i64>| {
        let value = Money::from_thousandths(found.value?).ok()?;
        Some(Found { value, at: found.at, sure: found.sure })
    };
    pick(&tokens, amounts.map(valid).collect::<Option<_>>()?)
}

fn is_negative(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|sign| sign.is_any(&["minus", "سالب", "ناقص", "-"]))
}

/// A value among tokens, `None` where one stands that is no such value.
struct Amount {
    value: Option<i64>,
    end: usize,
    guessed: bool,
    /// It names a currency.
    money: bool,
}

struct Spotted<T> {
    value: Option<T>,
    at: std::ops::Range<usize>,
    sure: Sureness,
    money: bool,
}

/// All amounts in a text, each with its sureness.
fn find(tokens: &[Token], read: impl Fn(&[Token], usize) -> Option<Amount>) -> Vec<Spotted<i64>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(amount) = read(tokens, at) else {
            at += 1;
            continue;
        };
        let end = amount.end.max(at + 1);
        let here = at..end;
        at = end;
        if !amount.money && is_something_else(tokens, &here) {
            continue;
        }
        let vague = is_vague(tokens, &here);
        if vague == Vague::Count {
            return vec![Spotted { value: None, at: here, sure: Sureness::Likely, money: true }];
        }
        let certain = !amount.guessed && vague == Vague::No && (amount.money || stands_alone(tokens, &here));
        let sure = if certain { Sureness::Certain } else { Sureness::Likely };
        found.push(Spotted { value: amount.value, at: here, sure, money: amount.money });
    }
    found
}

// ---- money ----

fn money(tokens: &[Token], at: usize) -> Option<Amount> {
    let is_sign = tokens.get(at)?.is_mark(&['£', '$', '€', '¥', '₪', '﷼', '₹']);
    let is_coin = |at: usize| matches!(coin(tokens, at), Some(Coin::Major));
    let before = is_sign || (is_coin(at) && tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Digits));
    let start = at + usize::from(before);
    if !before && let Some(dual) = dual(tokens, at) {
        return sum(tokens, dual);
    }
    let quantity = numerals::quantity(tokens, start)?;
    if is_negative(tokens, at) {
        return Some(Amount { value: None, end: quantity.end, guessed: true, money: true });
    }
    let quantity = joined(tokens, start, quantity);
    let amount = |value, end, money| Amount { value: Some(value), end, guessed: quantity.guessed, money };
    match coin(tokens, quantity.end) {
        _ if before => Some(amount(quantity.thousandths, quantity.end, true)),
        Some(Coin::Major) => sum(tokens, amount(quantity.thousandths, quantity.end + 1, true)),
        Some(Coin::Minor(worth)) => Some(amount(minor(quantity, worth)?, quantity.end + 1, true)),
        // Which part of what fils are, only the unit beside them tells.
        Some(Coin::Fils(_)) => Some(Amount { guessed: true, ..amount(minor(quantity, 1)?, quantity.end + 1, true) }),
        _ => Some(amount(quantity.thousandths, quantity.end, false)),
    }
}

fn coin(tokens: &[Token], at: usize) -> Option<Coin> {
    let token = tokens.get(at)?;
    if token.is_mark(&['£', '$', '€', '﷼']) {
        return Some(Coin::Major);
    }
    token.find(lexicon::coin)
}

fn minor(quantity: Quantity, worth: i64) -> Option<i64> {
    (quantity.thousandths % 1000 == 0).then(|| (quantity.thousandths / 1000).checked_mul(worth))?
}

/// "2 50" as some recognisers write "two fifty".
fn joined(tokens: &[Token], at: usize, quantity: Quantity) -> Quantity {
    let one_digit = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Digits && token.text.len() == 1);
    let two_digits = tokens.get(at + 1).filter(|token| token.kind == Kind::Digits && token.text.len() == 2);
    let apart =
        tokens.get(at + 2).is_none_or(|token| token.kind == Kind::Word && token.find(lexicon::numeral).is_none());
    match two_digits.and_then(|token| token.text.parse::<i64>().ok()) {
        Some(rest) if one_digit(at) && quantity.end == at + 1 && apart && quantity.thousandths > 0 => {
            Quantity { thousandths: quantity.thousandths * 100 + rest * 1000, end: at + 2, guessed: true }
        }
        _ => quantity,
    }
}

/// "دينارين", "دينار واحد", "دينار ونص", "a pound".
fn dual(tokens: &[Token], at: usize) -> Option<Amount> {
    let amount = |value, end| Some(Amount { value: Some(value), end, guessed: false, money: true });
    let one = |at: usize| tokens.get(at).is_some_and(|token| token.is_any(&["واحد", "واحده"]));
    match coin(tokens, at)? {
        Coin::TwoMajor => amount(2000, at + 1),
        Coin::Major if one(at + 1) => amount(1000, at + 2),
        Coin::Major if tokens[at].is_arabic() && numerals::and_fraction(tokens, at + 1).is_some() => {
            amount(1000, at + 1)
        }
        Coin::TwoMinor(worth) => amount(2 * worth, at + 1),
        Coin::Minor(worth) if one(at + 1) => amount(worth, at + 2),
        _ => None,
    }
}

/// What comes after the unit: "and fifty pence", "fifty", "ونص", "وديناران", "وخمسين قرش".
fn sum(tokens: &[Token], major: Amount) -> Option<Amount> {
    let whole = major.value?;
    let with = |more: i64, end: usize, guessed: bool| {
        Some(Amount { value: Some(whole + more), end, guessed: major.guessed || guessed, money: true })
    };
    let has_and = numerals::is_and(tokens, major.end);
    let next = major.end + usize::from(has_and);
    if let Some((fraction, end)) = numerals::and_fraction(tokens, major.end) {
        return with(fraction, end, false);
    }
    let one = |at: usize| tokens.get(at).is_some_and(|token| token.is_any(&["واحد", "واحده"]));
    match coin(tokens, next) {
        // "مئة دينار وديناران": what comes after a hundred has its own noun.
        Some(Coin::TwoMajor) if has_and && whole >= 100_000 => return sum(tokens, with(2000, next + 1, false)?),
        Some(Coin::Major) if has_and && whole >= 100_000 => {
            return sum(tokens, with(1000, next + 1 + usize::from(one(next + 1)), false)?);
        }
        Some(Coin::TwoMinor(worth)) => return with(2 * worth, next + 1, false),
        Some(Coin::Minor(worth)) if one(next + 1) => return with(worth, next + 2, false),
        Some(Coin::Fils(1)) if one(next + 1) => return with(fils(tokens, major.end, 1), next + 2, false),
        Some(Coin::Fils(2)) => return with(fils(tokens, major.end, 2), next + 1, false),
        _ => {}
    }
    let Some(more) = numerals::quantity(tokens, next) else { return Some(major) };
    match coin(tokens, more.end) {
        Some(Coin::Minor(worth)) => with(minor(more, worth)?, more.end + 1, false),
        Some(Coin::Fils(1)) if more.thousandths % 1000 == 0 && more.thousandths < 1_000_000 => {
            with(fils(tokens, major.end, more.thousandths / 1000), more.end + 1, false)
        }
        Some(_) => Some(major),
        // "Two pounds fifty": hundredths.
        None if !has_and && (10_000..100_000).contains(&more.thousandths) && !is_other(tokens, more.end) => {
            with(more.thousandths / 100, more.end, false)
        }
        None => Some(major),
    }
}

/// So many fils in thousandths: dinars have a thousand of them, dirhams a hundred.
fn fils(tokens: &[Token], unit_end: usize, count: i64) -> i64 {
    let is_dirham = |token: &Token| ["dirham", "aed", "درهم", "دراهم"].iter().any(|word| token.text.contains(word));
    let near = &tokens[unit_end.saturating_sub(2)..unit_end];
    if near.iter().any(is_dirham) { count * 10 } else { count }
}

// ---- what numbers are not amounts ----

/// Days, hours, percents, ordinals, dates, times, telephone numbers.
fn is_something_else(tokens: &[Token], at: &std::ops::Range<usize>) -> bool {
    let before = at.start.checked_sub(1).and_then(|at| tokens.get(at));
    let is_pronoun = at.len() == 1
        && tokens[at.start].is_any(&["one", "واحد", "واحده", "وحده", "احد", "حادي"])
        && tokens.len() > 1
        && before.is_some_and(|token| {
            (!lexicon::is_filler(&token.text) && !is_negative(tokens, at.start)) || token.is_any(&["the", "that"])
        });
    let is_dial = tokens[at.start].kind == Kind::Digits && tokens[at.start].text.len() >= 9;
    let glued_before = tokens[at.start].glued
        && before
            .is_some_and(|token| (token.kind == Kind::Word && !token.is("و")) || token.is_mark(&['/', ':', '.', '-']));
    let is_dialled =
        before.is_some_and(|token| token.kind == Kind::Digits && token.text.len() > 1 && token.text.starts_with('0'));
    let of_time = before.is_some_and(|token| {
        token.is_any(&["ساعه", "الساعه", "عالساعه", "يوم", "بعد", "رقم", "number", "ending", "day", "شهر"])
            || is_month(tokens, at.start.wrapping_sub(1))
    });
    is_pronoun || is_dial || is_dialled || glued_before || of_time || is_other(tokens, at.end)
}

/// Whether the name of a month stands there; "I may" is none.
fn is_month(tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at) else { return false };
    let is_verb = token.is("may")
        && at
            .checked_sub(1)
            .and_then(|at| tokens.get(at))
            .is_some_and(|subject| subject.is_any(&["i", "you", "we", "they", "he", "she", "it", "that"]));
    token.find(lexicon::month).is_some() && !is_verb
}

/// Whether what stands here makes something else of the number before.
fn is_other(tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at) else { return false };
    let after_per = at > 0 && token.is_any(&["a", "per", "في", "ب"]);
    let ordinal = token.glued && token.is_any(&["st", "nd", "rd", "th"]);
    let date = token.glued && token.is_mark(&['/', ':']) || token.is_mark(&['%', '٪']);
    let joined_digits = token.glued
        && token.is_mark(&['.', '-', ',', '٫'])
        && tokens.get(at + 1).is_some_and(|next| next.glued && next.kind == Kind::Digits);
    let words = token.is_any(&[
        "oclock",
        "am",
        "pm",
        "percent",
        "times",
        "year",
        "kids",
        "children",
        "people",
        "persons",
        "old",
        "installments",
        "payments",
        "weekly",
        "مرات",
        "مره",
        "بالميه",
        "بالمايه",
        "اطفال",
        "اولاد",
        "اقساط",
        "دفعات",
        "اشخاص",
        "صباحا",
        "مسا",
        "الصبح",
        "العصر",
        "المسا",
        "الضهر",
    ]);
    let of_time = token.find(lexicon::unit).is_some() || is_month(tokens, at);
    let ordinal_follows = token.find(lexicon::ordinal).is_some() && !token.is_arabic();
    !after_per && (ordinal || date || joined_digits || words || of_time || ordinal_follows)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vague {
    No,
    /// "About 200", "at least 200", "50 a month", "to fifty".
    About,
    /// "A couple of hundred", "half of 200": no amount at all.
    Count,
}

fn is_vague(tokens: &[Token], at: &std::ops::Range<usize>) -> Vague {
    let near = &tokens[at.start.saturating_sub(3)..at.start];
    let last = near.last();
    let fraction_of = near.iter().rev().take(2).any(|token| token.find(lexicon::fraction).is_some())
        && last.is_some_and(|token| token.is_any(&["of", "من", "ال"]));
    let counts = ["couple", "few", "several", "some", "كم", "بضع", "عده", "كدا"];
    let starts_scaled = matches!(numerals::numeral(tokens, at.start), Some(Numeral::Hundred | Numeral::Scale(_)));
    let counted = near.iter().rev().take(2).any(|token| token.is_any(&counts))
        && (starts_scaled || last.is_some_and(|token| token.is("of")));
    let plural = tokens[at.end - 1].is_any(&["hundreds", "thousands", "millions"]) && at.len() == 1;
    let between = |token: Option<&Token>| token.is_some_and(|token| token.is_any(&["between", "بين"]));
    if fraction_of || counted || plural || between(last) {
        return Vague::Count;
    }
    let approximate = [
        "about",
        "around",
        "roughly",
        "approximately",
        "almost",
        "nearly",
        "least",
        "most",
        "than",
        "up",
        "over",
        "under",
        "maybe",
        "perhaps",
        "possibly",
        "تقريبا",
        "حوالي",
        "حدود",
        "بحدود",
        "قريب",
        "اقل",
        "اكتر",
        "يمكن",
        "ازيد",
    ];
    let sounds_like = last.is_some_and(|token| lexicon::sounds_like(&token.text).is_some());
    let after = tokens.get(at.end);
    let rate = after.is_some_and(|token| {
        token.is_any(&[
            "a",
            "per",
            "each",
            "every",
            "weekly",
            "monthly",
            "ish",
            "something",
            "odd",
            "or",
            "كل",
            "شهريا",
            "تقريبا",
            "او",
        ])
    });
    if near.iter().any(|token| token.is_any(&approximate)) || sounds_like || rate { Vague::About } else { Vague::No }
}

/// Whether nothing is said beside the number but what people say when they name one.
fn stands_alone(tokens: &[Token], at: &std::ops::Range<usize>) -> bool {
    const CARRIERS: &[&str] = &[
        "i",
        "can",
        "could",
        "will",
        "would",
        "ill",
        "id",
        "pay",
        "do",
        "give",
        "send",
        "manage",
        "afford",
        "you",
        "me",
        "the",
        "amount",
        "total",
        "sum",
        "and",
        "today",
        "tomorrow",
        "now",
        "for",
        "to",
        "have",
        "got",
        "ive",
        "only",
        "about",
        "in",
        "cash",
        "بقدر",
        "اقدر",
        "ادفع",
        "بدفع",
        "سادفع",
        "ساقوم",
        "حدفع",
        "هدفع",
        "رح",
        "راح",
        "المبلغ",
        "مبلغ",
        "انا",
        "عندي",
        "معي",
        "معايا",
        "بس",
        "فقط",
        "اليوم",
        "بكره",
        "استطيع",
        "استطاعتي",
        "بامكاني",
        "و",
        "كاش",
        "نقدا",
        "حاليا",
        "الحين",
        "دلوقتي",
        "my",
        "no",
        "minus",
        "سالب",
        "ناقص",
    ];
    let others = tokens[..at.start].iter().chain(&tokens[at.end..]).filter(|token| token.kind == Kind::Word);
    let unknown = others.filter(|token| !lexicon::is_filler(&token.text) && !token.is_any(CARRIERS));
    unknown.count() == 0
}
