//! Days by their numbers: "the fifteenth of May 2026", "15/5", "May 15", "the 15th", "يوم 15", "الخامس عشر من أيار".

use jiff::civil::Date;

use super::{
    super::super::{
        Context,
        Sureness::{self, Certain, Likely},
        lexicon::{self, Numeral},
        numerals,
        phrases::{Phrases, Words, phrases},
        tokens::{Kind, Token},
    },
    Day, Named,
};

/// A day of a month, as far as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    day: i8,
    month: Month,
    year: Option<i16>,
    sure: Sureness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Month {
    /// Not said.
    Any,
    Named(i8),
    /// So many months after this one.
    Ahead(i8),
}

/// In days.
const JUST_OVER: i32 = 90;

impl Numbers {
    /// The day that was meant; on that weekday, if one was said. `None` when there is no such day.
    pub(super) fn resolve(&self, weekday: Option<i8>, cx: &Context) -> Option<(Date, Sureness)> {
        let on_weekday = |date: &Date| weekday.is_none_or(|wanted| date.weekday().to_monday_one_offset() == wanted);
        let today = cx.today;
        if let (Some(year), Month::Named(month)) = (self.year, self.month) {
            return Date::new(year, month, self.day).ok().filter(on_weekday).map(|date| (date, self.sure));
        }
        let mut days = self.days(today);
        let next = days.iter().position(|date| *date >= today)?;
        let coming = days.split_off(next);
        let skips = self.month == Month::Any && self.day > 28;
        if let Some(date) = coming.iter().take(if weekday.is_some() { 2 } else { 1 }).find(|date| on_weekday(date)) {
            // "The sixth of May" a week later may still be this year's.
            let just_over =
                days.last().and_then(|last| last.until(today).ok()).is_some_and(|ago| ago.get_days() < JUST_OVER);
            let skips = skips || (just_over && matches!(self.month, Month::Named(_)));
            let is_next = coming.first() == Some(date) && *date > today && !skips;
            let sure = if is_next || (weekday.is_some() && coming.first() == Some(date)) { self.sure } else { Likely };
            return Some((*date, sure));
        }
        days.last().filter(|date| on_weekday(date)).map(|date| (*date, Likely))
    }

    /// The days of these numbers around a day, in order.
    fn days(&self, today: Date) -> Vec<Date> {
        let months = i32::from(today.year()) * 12 + i32::from(today.month()) - 1;
        // Leap days are up to eight years apart.
        let nearby = match self.month {
            Month::Ahead(ahead) => months + i32::from(ahead)..=months + i32::from(ahead),
            _ => months - 12..=months + 100,
        };
        let date = |months: i32| {
            let year = i16::try_from(months.div_euclid(12)).ok()?;
            let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
            let is_meant = !matches!(self.month, Month::Named(named) if named != month);
            is_meant.then(|| Date::new(year, month, self.day).ok())?
        };
        nearby.filter_map(date).collect()
    }
}

pub(super) fn read(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    if is_continued(tokens, at) {
        return None;
    }
    let named = |(numbers, end): (Numbers, usize)| Named { day: Day::Calendar(numbers), end };
    let found = in_digits(tokens, at, cx)
        .or_else(|| month_first(tokens, at))
        .or_else(|| day_first(tokens, words, at))
        .or_else(|| day_only(tokens, words, at))
        .map(named)?;
    let is_after = at > 0
        && (tokens[at - 1].is_any(&["after", "بعد", "every", "كل"])
            || (tokens[at - 1].is("the") && at > 1 && tokens[at - 2].is("after")));
    Some(if is_after { Named { day: Day::Vague, ..found } } else { found })
}

/// Digits in the middle of a longer number.
fn is_continued(tokens: &[Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|at| tokens.get(at)) else { return false };
    tokens[at].glued && (before.kind == Kind::Digits || before.is_mark(&['/', '.', ',', ':', '£', '$', '€']))
}

// ---- digits ----

/// "2026-05-15", "15/5/2026", "15/5": the month first only in the United States.
fn in_digits(tokens: &[Token], at: usize, cx: &Context) -> Option<(Numbers, usize)> {
    let digits = |at: usize| tokens.get(at).filter(|token| token.kind == Kind::Digits);
    let first = digits(at)?;
    let mark = tokens.get(at + 1).filter(|mark| mark.glued && mark.is_mark(&['/', '-', '.']))?;
    let second = digits(at + 2).filter(|second| second.glued)?;
    let third = tokens
        .get(at + 3)
        .filter(|next| next.glued && next.text == mark.text)
        .and_then(|_| digits(at + 4))
        .filter(|third| third.glued);
    let number = |token: &Token| token.text.parse::<i16>().ok();
    let (first_number, second_number) = (number(first)?, number(second)?);
    if first.text.len() == 4 {
        let numbers = Numbers {
            day: i8::try_from(number(third?)?).ok()?,
            month: Month::Named(i8::try_from(second_number).ok()?),
            year: Some(first_number),
            sure: Certain,
        };
        return Some((numbers, at + 5));
    }
    if third.is_none() && !mark.is("/") {
        return None;
    }
    let month_first = cx.country.is_some_and(|country| country.code() == "US");
    let is_other_order = if month_first { first_number > 12 } else { second_number > 12 };
    let (day, month) =
        if month_first != is_other_order { (second_number, first_number) } else { (first_number, second_number) };
    let ambiguous = day <= 12 && month <= 12 && day != month;
    let year = match third.map(|third| (third.text.len(), number(third))) {
        None => None,
        Some((2, Some(short))) => Some(if short < 70 { 2000 + short } else { 1900 + short }),
        Some((4, Some(year))) => Some(year),
        Some(_) => return None,
    };
    let (day, month) = (i8::try_from(day).ok()?, i8::try_from(month).ok().filter(|month| (1..=12).contains(month))?);
    let sure = if ambiguous && (cx.country.is_none() || year.is_none()) { Likely } else { Certain };
    Some((Numbers { day, month: Month::Named(month), year, sure }, if third.is_some() { at + 5 } else { at + 3 }))
}

/// "خمسة خمسة": day and month, as numbers.
pub(super) fn two_numbers(tokens: &[Token], at: usize) -> Option<(Numbers, usize)> {
    let (day, _, end) = day(tokens, at)?;
    let next = end + usize::from(tokens.get(end).is_some_and(|token| token.is_any(&["علي", "slash", "of"])));
    let month = numerals::small(tokens, next).filter(|month| (1..=12).contains(&month.value))?;
    let arabic = tokens[at].is_arabic() || next > end;
    let numbers = Numbers { day, month: Month::Named(i8::try_from(month.value).ok()?), year: None, sure: Likely };
    arabic.then_some((numbers, month.end))
}

/// "Sixth", "السادس".
pub(super) fn bare_ordinal(tokens: &[Token], at: usize) -> Option<(Numbers, usize)> {
    let (day, end) = ordinal(tokens, at)?;
    Some((Numbers { day, month: Month::Any, year: None, sure: Likely }, end))
}

// ---- words ----

/// "May 15", "May the fifteenth, 2026".
fn month_first(tokens: &[Token], at: usize) -> Option<(Numbers, usize)> {
    let (month, end) = month(tokens, at)?;
    let the = usize::from(tokens.get(end).is_some_and(|token| token.is("the")));
    let (day, _, end) = day(tokens, end + the)?;
    // "May 5 pounds", "March 3 pm" are something else.
    let is_other =
        tokens.get(end).is_some_and(|token| token.find(lexicon::coin).is_some() || token.find(lexicon::unit).is_some());
    let (year, end) = year(tokens, end);
    (!is_other).then_some((Numbers { day, month: Month::Named(month), year, sure: Certain }, end))
}

/// "The fifteenth of May", "15 May 2026", "خمسطعش شهر خمسة".
fn day_first(tokens: &[Token], words: &Words<'_>, at: usize) -> Option<(Numbers, usize)> {
    let (day, _, end) = day(tokens, at)?;
    let of = usize::from(tokens.get(end).is_some_and(|token| token.is_any(&["of", "من", "في", "ل", "in"])));
    let numbers = |month, year, sure| Numbers { day, month, year, sure };
    if let Some((month, end)) = month(tokens, end + of) {
        let (year, end) = year(tokens, end);
        return Some((numbers(Month::Named(month), year, Certain), end));
    }
    static MONTHS: [(i8, &Phrases); 7] = [
        (0, phrases!["of? this month"]),
        (1, phrases!["of? the? next|following|coming month"]),
        (1, phrases!["من? الشهر القادم|الجاي|المقبل"]),
        (1, phrases!["شهر الجاي|القادم"]),
        (0, phrases!["من? هدا|هاد|هالشهر الشهر?"]),
        (0, phrases!["من|ب? الشهر|بالشهر|هالشهر الحالي|هدا|هاد?"]),
        (0, phrases!["of the month"]),
    ];
    if let Some((ahead, end)) = MONTHS.iter().find_map(|(ahead, phrases)| Some((*ahead, words.end_at(phrases, end)?))) {
        let month = if ahead == 0 { Month::Any } else { Month::Ahead(ahead) };
        return Some((numbers(month, None, Certain), end));
    }
    // "The fifth of the sixth."
    let the = tokens.get(end + 1).is_some_and(|token| of == 1 && token.is("the"));
    let number = ordinal(tokens, end + 2).filter(|(month, _)| the && (1..=12).contains(month));
    number.map(|(month, end)| (numbers(Month::Named(month), None, Likely), end))
}

/// "The 15th", "on the fifteenth", "يوم 15", "الخامس عشر".
fn day_only(tokens: &[Token], words: &Words<'_>, at: usize) -> Option<(Numbers, usize)> {
    let led = words.end_at(phrases!["يوم|ليوم|بيوم|تاريخ|بتاريخ"], at).filter(|_| tokens[at].is_arabic());
    let the = words
        .end_at(phrases!["on|by|for? the"], at)
        .filter(|end| tokens.get(end - 1).is_some_and(|token| token.is("the")));
    let start = led.or(the).unwrap_or(at);
    let is_weekday = tokens.get(start).is_some_and(|token| token.find(lexicon::weekday).is_some());
    if led.is_some() && is_weekday {
        return None;
    }
    let (day, is_ordinal, end) = day(tokens, start)?;
    let numbers = Numbers { day, month: Month::Any, year: None, sure: Certain };
    let glued = tokens.get(end).is_some_and(|next| next.glued && !next.is_mark(&['.', ',', '?', '!', '،', '؟']));
    let digits_follow = tokens.get(end).is_some_and(|next| next.kind == Kind::Digits || next.is_mark(&['%']));
    if glued || digits_follow || !may_follow(tokens, end) {
        return None;
    }
    let is_written = tokens[end - 1].kind == Kind::Word && tokens[end - 1].is_any(&["st", "nd", "rd", "th"]);
    let from_ten = day > 10 && is_ordinal;
    let arabic_ordinal = is_ordinal && tokens[start].is_arabic() && day > 10;
    let is_day = if the.is_some() {
        is_ordinal || tokens[start].kind == Kind::Digits
    } else {
        led.is_some() || is_written || from_ten || arabic_ordinal
    };
    is_day.then_some((numbers, end))
}

/// Whether a day of the month may end before this token: not in "the first time".
fn may_follow(tokens: &[Token], at: usize) -> bool {
    const FOLLOWING: &str = "at in by please if is works would will and or but should this around then before after for i ill when \
        because maybe no yes not to sounds it thats with once inshallah as morning ok okay thanks";
    let Some(next) = tokens.get(at) else { return true };
    let is_word = |next: &Token| {
        next.is_in(FOLLOWING)
            || lexicon::is_filler(&next.text)
            || next.find(lexicon::weekday).is_some()
            || next.find(lexicon::period).is_some()
    };
    let counts = next.find(lexicon::coin).is_some() || (next.find(lexicon::unit).is_some() && !next.has_article());
    next.kind == Kind::Mark || is_word(next) || (next.is_arabic() && !counts)
}

// ---- parts ----

/// 1 to 31, whether it is an ordinal, and the token after it.
fn day(tokens: &[Token], at: usize) -> Option<(i8, bool, usize)> {
    if let Some((day, end)) = ordinal(tokens, at) {
        return Some((day, true, end));
    }
    let number = numerals::small(tokens, at)?;
    let day = i8::try_from(number.value).ok().filter(|day| (1..=31).contains(day))?;
    let suffix = tokens
        .get(number.end)
        .is_some_and(|token| token.is_any(&["st", "nd", "rd", "th"]) && tokens[at].kind == Kind::Digits);
    Some((day, suffix, number.end + usize::from(suffix)))
}

/// "Twenty first", "الخامس عشر", "الحادي والعشرين".
fn ordinal(tokens: &[Token], at: usize) -> Option<(i8, usize)> {
    let token = tokens.get(at)?;
    let small = |day: i64| i8::try_from(day).ok().filter(|day| (1..=31).contains(day));
    if let Some(Numeral::Tens(tens)) = numerals::numeral(tokens, at) {
        let unit = tokens.get(at + 1).and_then(|next| lexicon::ordinal(&next.text)).filter(|unit| *unit < 10);
        return unit.filter(|_| !token.is_arabic()).and_then(|unit| Some((small(tens + unit)?, at + 2)));
    }
    let arabic_tens = |at: usize| match tokens.get(at)?.find(lexicon::numeral)? {
        Numeral::Tens(tens) if tokens[at].has_article() => Some(tens),
        _ => None,
    };
    if let Some(tens) = arabic_tens(at).filter(|_| token.is_arabic()) {
        return Some((small(tens)?, at + 1));
    }
    let unit = token.find(lexicon::ordinal)?;
    if !token.is_arabic() {
        return Some((small(unit)?, at + 1));
    }
    // Hours are of the other gender than days.
    if !token.has_article() || token.text.ends_with('ه') {
        return None;
    }
    if tokens.get(at + 1).is_some_and(|next| next.is_any(&["عشر", "عشره"])) {
        return Some((small(unit + 10)?, at + 2));
    }
    if numerals::is_and(tokens, at + 1)
        && let Some(tens) = arabic_tens(at + 2)
    {
        return Some((small(unit + tens)?, at + 3));
    }
    Some((small(unit)?, at + 1))
}

/// The name of a month, and the token after it.
pub(super) fn month(tokens: &[Token], at: usize) -> Option<(i8, usize)> {
    let token = tokens.get(at)?;
    let second = tokens.get(at + 1);
    let is_second = |words: &[&str]| second.is_some_and(|second| second.is_any(words));
    let pair = match token.text.as_str() {
        "كانون" => Some((12, 1)),
        "تشرين" => Some((10, 11)),
        _ => None,
    };
    if let Some((first_of_two, second_of_two)) = pair {
        if is_second(&["الاول", "اول"]) {
            return Some((first_of_two, at + 2));
        }
        return is_second(&["التاني", "تاني"]).then_some((second_of_two, at + 2));
    }
    if token.is_any(&["شهر", "بشهر"]) {
        if let Some(month) = tokens.get(at + 1).and_then(|name| name.find(lexicon::month)) {
            return Some((month, at + 2));
        }
        let number = numerals::small(tokens, at + 1).filter(|month| (1..=12).contains(&month.value))?;
        return Some((i8::try_from(number.value).ok()?, number.end));
    }
    token.find(lexicon::month).map(|month| (month, at + 1))
}

/// The first day of the month of that number that is not over.
pub(super) fn coming_month(month: i8, today: Date) -> Option<Date> {
    let year = if month < today.month() { today.year().checked_add(1)? } else { today.year() };
    Date::new(year, month, 1).ok()
}

/// "2026", "twenty twenty six", "ألفين وستة وعشرين"; and the token after it.
fn year(tokens: &[Token], at: usize) -> (Option<i16>, usize) {
    let skipped = tokens
        .get(at)
        .is_some_and(|token| token.is_mark(&[',', '،']) || token.is_any(&["سنه", "عام", "in", "of", "لسنه", "لعام"]));
    let start = at + usize::from(skipped);
    let plausible = |value: i64| i16::try_from(value).ok().filter(|year| (1900..2100).contains(year));
    let pair = || {
        let century = numerals::small(tokens, start).filter(|number| matches!(number.value, 19 | 20))?;
        let nought = usize::from(tokens.get(century.end).is_some_and(|token| token.is_any(&["oh", "o"])));
        let rest = numerals::small(tokens, century.end + nought)?;
        let fits = if nought == 1 { (1..10).contains(&rest.value) } else { (10..100).contains(&rest.value) };
        let is_word = tokens[rest.end - 1].kind == Kind::Word;
        Some((plausible(century.value * 100 + rest.value).filter(|_| fits && is_word)?, rest.end))
    };
    let single = || numerals::cardinal(tokens, start).and_then(|number| Some((plausible(number.value)?, number.end)));
    match pair().or_else(single) {
        Some((year, end)) => (Some(year), end),
        None => (None, at),
    }
}
