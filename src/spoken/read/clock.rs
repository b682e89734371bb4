//! Times of day among tokens: "half past five", "5:30 pm", "الساعة خمسة إلا ربع".
//!
//! Without a word such as "pm" a time is in the hours when people are called: 1 to 7 after noon, 8 to 12 before.

use std::ops::Range;

use jiff::civil::Time;

use super::super::{
    Sureness::{self, Certain, Likely},
    lexicon::{self, Numeral, Period},
    numerals,
    phrases::{Phrases, Words, phrases},
    tokens::{Found, Kind, Token},
};

/// Who names more times at once does not name one.
const MOST: usize = 10;

/// A time on a clock's face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    hour: i64,
    minute: i64,
    /// The token after it.
    end: usize,
    /// It cannot be anything but a time.
    marked: bool,
    sure: Sureness,
}

/// All times among tokens, and whether each says which half of the day it means.
pub(super) fn find(tokens: &[Token]) -> Vec<(Found<Time>, bool)> {
    let words = Words::of(tokens);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() && found.len() <= MOST {
        let start = at;
        at += 1;
        if let Some((time, end)) = by_name(&words, start) {
            found.push((Found { value: time, at: start..end, sure: Certain }, true));
            at = end;
            continue;
        }
        let is_other = found.last().is_some_and(|(last, _): &(Found<Time>, bool)| last.at.end == start);
        let led = lead(tokens, start).or((is_other && tokens[start].is_any(&["or", "او"])).then_some(start + 1));
        let Some(clock) = clock(tokens, &words, led.unwrap_or(start)) else { continue };
        let period = period_after(tokens, &words, clock.end);
        let end = period.map_or(clock.end, |(_, end)| end);
        if !(clock.marked || led.is_some() || period.is_some() || is_alone(tokens, start, end))
            || is_counted(tokens, end)
        {
            continue;
        }
        let period = period.map(|(period, _)| period).or_else(|| only_period(tokens, &(start..end)));
        if let Some((time, said)) = resolve(clock, period) {
            let near = &tokens[start.saturating_sub(2)..=led.map_or(start, |led| led - 1)];
            let about = near.iter().any(|token| {
                token.is_any(&["around", "about", "by", "before", "after", "حوالي", "قبل", "بعد", "تقريبا", "say"])
            });
            let sure = if said && !about { clock.sure } else { Likely };
            found.push((Found { value: time, at: start..end, sure }, said));
        }
        at = end.max(at);
    }
    found
}

/// "Noon", "midnight".
fn by_name(words: &Words<'_>, at: usize) -> Option<(Time, usize)> {
    static NAMES: [(i8, &Phrases); 4] = [
        (12, phrases!["noon|midday"]),
        (12, phrases!["منتصف|نص النهار"]),
        (0, phrases!["midnight"]),
        (0, phrases!["منتصف|نص|بمنتصف|بنص الليل"]),
    ];
    let (hour, end) = NAMES.iter().find_map(|(hour, phrases)| Some((*hour, words.end_at(phrases, at)?)))?;
    Some((Time::new(hour, 0, 0, 0).ok()?, end))
}

/// After "at", "around", "الساعة".
fn lead(tokens: &[Token], at: usize) -> Option<usize> {
    let is_lead = tokens[at].is_any(&[
        "at",
        "around",
        "about",
        "by",
        "after",
        "before",
        "ساعه",
        "الساعه",
        "عالساعه",
        "بالساعه",
        "للساعه",
        "hour",
        "ع",
    ]);
    is_lead.then_some(at + 1)
}

fn clock(tokens: &[Token], words: &Words<'_>, at: usize) -> Option<Clock> {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let is_inside =
        tokens.get(at)?.glued && before.is_some_and(|before| before.kind == Kind::Digits || before.kind == Kind::Mark);
    if is_inside {
        return None;
    }
    in_digits(tokens, at).or_else(|| around_the_hour(tokens, words, at)).or_else(|| hour_first(tokens, words, at))
}

/// "17:30", "5.30".
fn in_digits(tokens: &[Token], at: usize) -> Option<Clock> {
    let [hour, mark, minute] = tokens.get(at..at + 3)? else { return None };
    let is_clock = hour.kind == Kind::Digits
        && minute.kind == Kind::Digits
        && minute.text.len() == 2
        && mark.glued
        && minute.glued;
    if !is_clock || !mark.is_mark(&[':', '.', '٫']) || hour.text.len() > 2 {
        return None;
    }
    let is_longer = tokens.get(at + 3).is_some_and(|next| {
        next.glued && next.is_mark(&[':', '.', '/']) && tokens.get(at + 4).is_some_and(|more| more.glued)
    });
    let marked = mark.is(":");
    let sure = if hour.text.starts_with('0') || marked { Certain } else { Likely };
    (!is_longer).then_some(Clock {
        hour: hour.text.parse().ok()?,
        minute: minute.text.parse().ok()?,
        end: at + 3,
        marked,
        sure,
    })
}

/// "Half past five", "ten minutes to six", "half five".
fn around_the_hour(tokens: &[Token], words: &Words<'_>, at: usize) -> Option<Clock> {
    let article = usize::from(tokens.get(at)?.is("a"));
    let (minutes, end) =
        match tokens.get(at + article)?.find(lexicon::fraction).filter(|_| !tokens[at + article].is_arabic()) {
            Some(fraction) => (fraction * 60 / 1000, at + article + 1),
            None => {
                let number = numerals::small(tokens, at).filter(|number| (1..60).contains(&number.value))?;
                (number.value, words.end_at(phrases!["minutes|minute|mins"], number.end).unwrap_or(number.end))
            }
        };
    let is_fraction = matches!(minutes, 15 | 30) && tokens[at + article].find(lexicon::fraction).is_some();
    let is = |words: &[&str]| tokens.get(end).is_some_and(|token| token.is_any(words));
    let (before, after) = (is(&["to", "before", "till", "til", "of"]), is(&["past", "after"]));
    let next = end + usize::from(before || after);
    let (hour, end, _) = hour(tokens, next)?;
    let whole = |hour: i64, minute: i64, sure: Sureness| Some(Clock { hour, minute, end, marked: true, sure });
    match minutes {
        // "Five to six" may be a range, "three to five" surely is.
        5 | 10 | 20 | 25 if before => whole(earlier(hour), 60 - minutes, if minutes == 5 { Likely } else { Certain }),
        15 if before && is_fraction => whole(earlier(hour), 45, Certain),
        _ if after => whole(hour, minutes, Certain),
        30 if is_fraction && !before => whole(hour, 30, Likely),
        _ => None,
    }
}

/// The hour before, as a clock's face shows it.
fn earlier(hour: i64) -> i64 {
    if hour == 1 { 12 } else { hour - 1 }
}

/// "Five", "five thirty", "five o'clock", "خمسة ونص", "الخامسة إلا ربع".
fn hour_first(tokens: &[Token], words: &Words<'_>, at: usize) -> Option<Clock> {
    let (hour, end, is_ordinal) = hour(tokens, at)?;
    if let Some(end) = words.end_at(phrases!["oclock", "o clock"], end) {
        return Some(Clock { hour, minute: 0, end, marked: true, sure: Certain });
    }
    let clock = |hour, minute, end| Some(Clock { hour, minute, end, marked: is_ordinal, sure: Certain });
    let is_arabic = tokens[at].is_arabic() || tokens.get(end).is_some_and(Token::is_arabic);
    if is_arabic {
        let (minute, end) = minutes(tokens, end);
        return if minute < 0 { clock(earlier(hour), 60 + minute, end) } else { clock(hour, minute, end) };
    }
    let nought = usize::from(tokens.get(end).is_some_and(|token| token.is_any(&["oh", "o", "zero"])));
    let minute = numerals::small(tokens, end + nought).filter(|minute| {
        let fits = if nought == 1 { (1..10).contains(&minute.value) } else { (10..60).contains(&minute.value) };
        let same = tokens[minute.end - 1].kind == tokens[end - 1].kind;
        fits && same
    });
    match minute {
        Some(minute) => Some(Clock { hour, minute: minute.value, end: minute.end, marked: false, sure: Certain }),
        None => clock(hour, 0, end),
    }
}

/// An hour, the token after it, and whether it is an ordinal as in "الساعة الخامسة".
fn hour(tokens: &[Token], at: usize) -> Option<(i64, usize, bool)> {
    let token = tokens.get(at)?;
    if token.is_arabic() {
        if token.has_article()
            && let Some(hour) = token.find(lexicon::ordinal).or_else(|| one(token))
        {
            let teen = tokens.get(at + 1).is_some_and(|next| next.is_any(&["عشر", "عشره"]));
            return Some((hour + if teen { 10 } else { 0 }, at + 1 + usize::from(teen), true));
        }
        // Without its minutes: in "خمسة وعشرين" they are twenty.
        let hour = match token.find(lexicon::numeral)? {
            Numeral::Unit(unit) => unit,
            Numeral::Teen(teen) => teen,
            _ => return None,
        };
        let teen = hour < 10 && numerals::numeral(tokens, at + 1) == Some(Numeral::Teen(10));
        let hour = if teen { hour + 10 } else { hour };
        return (1..=12).contains(&hour).then_some((hour, at + 1 + usize::from(teen), false));
    }
    let number = numerals::small(tokens, at)?;
    let is_bare = token.kind == Kind::Word || token.text.len() <= 2;
    (is_bare && (0..=24).contains(&number.value)).then_some((number.value, number.end, false))
}

fn one(token: &Token) -> Option<i64> {
    token.is_any(&["الواحده", "بالواحده", "للواحده", "عالواحده"]).then_some(1)
}

/// Arabic minutes after the hour: "ونص", "إلا خمسة", "ونص وخمسة", "وعشرين دقيقة"; nought if there are none.
fn minutes(tokens: &[Token], at: usize) -> (i64, usize) {
    let mut total = 0;
    let mut end = at;
    loop {
        let without = tokens.get(end).is_some_and(|token| token.is("الا"));
        if !without && !numerals::is_and(tokens, end) {
            return (total, end);
        }
        let Some(token) = tokens.get(end + 1) else { return (total, end) };
        let third = token.is_any(&["تلت", "التلت", "تلتا"]).then_some(20);
        let fraction =
            token.find(|word| lexicon::fraction(word.trim_end_matches('ا'))).map(|fraction| fraction * 60 / 1000);
        let (minutes, next) = match third.or(fraction) {
            Some(minutes) => (minutes, end + 2),
            None => match minute_count(tokens, end + 1) {
                Some(counted) => counted,
                None => return (total, end),
            },
        };
        if (total != 0 && minutes > 20) || minutes >= 60 {
            return (total, end);
        }
        total += if without { -minutes } else { minutes };
        end = next;
    }
}

fn minute_count(tokens: &[Token], at: usize) -> Option<(i64, usize)> {
    if let Some((lexicon::Unit::Minute, count)) = tokens.get(at)?.find(lexicon::unit) {
        let one = tokens.get(at + 1).is_some_and(|token| token.is_any(&["واحد", "واحده"]));
        return Some((count, at + 1 + usize::from(one)));
    }
    let number = numerals::small(tokens, at)?;
    let is_minute = |at: usize| {
        tokens.get(at).is_some_and(|token| matches!(token.find(lexicon::unit), Some((lexicon::Unit::Minute, _))))
    };
    Some((number.value, number.end + usize::from(is_minute(number.end))))
}

// ---- which half of the day ----

/// "pm", "in the morning", "بعد الظهر"; and the token after it.
fn period_after(tokens: &[Token], words: &Words<'_>, at: usize) -> Option<(Period, usize)> {
    static PHRASES: [(Period, &Phrases); 8] = [
        (Period::Morning, phrases!["a m"]),
        (Period::Evening, phrases!["p m"]),
        (Period::Afternoon, phrases!["بعد الضهر|ضهر"]),
        (Period::Morning, phrases!["قبل الضهر|ضهر"]),
        (Period::Night, phrases!["at night"]),
        (Period::Night, phrases!["بعد منتصف|نص الليل"]),
        (Period::Night, phrases!["in the middle of the night"]),
        (Period::Evening, phrases!["sharp pm"]),
    ];
    if let Some((period, end)) =
        PHRASES.iter().find_map(|(period, phrases)| Some((*period, words.end_at(phrases, at)?)))
    {
        return Some((period, end));
    }
    let skipped =
        words.end_at(phrases!["in|on the|this"], at).or_else(|| words.end_at(phrases!["this|في|ب"], at)).unwrap_or(at);
    let period = tokens.get(skipped)?.find(lexicon::period)?;
    // "p.m." has its points.
    Some((period, skipped + 1))
}

/// The one part of the day that is named anywhere else: "tomorrow morning at nine".
fn only_period(tokens: &[Token], clock: &Range<usize>) -> Option<Period> {
    let others = tokens.iter().enumerate().filter(|(at, _)| !clock.contains(at));
    let mut periods = others.filter_map(|(at, token)| {
        let period = token.find(lexicon::period)?;
        let after_noon = period == Period::Noon && at > 0 && tokens[at - 1].is("بعد");
        Some(if after_noon { Period::Afternoon } else { period })
    });
    let first = periods.next()?;
    periods.all(|period| period == first).then_some(first)
}

/// The time, and whether the half of the day was said.
fn resolve(clock: Clock, period: Option<Period>) -> Option<(Time, bool)> {
    let Clock { hour, minute, .. } = clock;
    let (hour, said) = match (hour, period) {
        (24, _) => (0, true),
        (0 | 13..=23, _) => (hour, true),
        (12, Some(Period::Morning | Period::Night)) => (0, true),
        (12, Some(_)) => (12, true),
        (_, Some(Period::Morning)) => (hour, true),
        (10 | 11, Some(Period::Noon)) => (hour, true),
        (1..=4, Some(Period::Night)) => (hour, true),
        (_, Some(_)) => (hour + 12, true),
        (1..=7, None) => (hour + 12, false),
        (_, None) => (hour, false),
    };
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()?;
    Some((time, said))
}

/// Whether the hour is the number of something: days, pounds, people.
fn is_counted(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| {
        let suffix = token.glued && token.is_any(&["st", "nd", "rd", "th", "k", "p"]);
        let counts = token.find(lexicon::unit).is_some() || token.find(lexicon::coin).is_some();
        let number = token.kind == Kind::Digits
            || token.find(lexicon::numeral).is_some()
            || token.is_mark(&['%', '/', '$', '£', '€']);
        suffix || counts || number || token.find(lexicon::month).is_some()
    })
}

/// Whether nothing but fillers stands beside it.
fn is_alone(tokens: &[Token], start: usize, end: usize) -> bool {
    let others = tokens[..start].iter().chain(tokens.get(end..).unwrap_or_default());
    others.filter(|token| token.kind != Kind::Mark).all(|token| {
        lexicon::is_filler(&token.text) || token.is_any(&["make", "do", "pm", "am", "or", "to", "sharp", "ish"])
    })
}
