//! Days by their distance: "tomorrow", "in two weeks", "end of the month", "بعد يومين".

use jiff::{Span, ToSpan, civil::Date};

use super::{
    super::super::{
        Context,
        Sureness::{self, Certain, Likely},
        lexicon::{self, Unit},
        numerals,
        phrases::Words,
        tokens::Token,
    },
    Day, Named,
};

/// Days from today.
const DAYS: [(i64, &str); 11] = [
    (2, "day after tomorrow"),
    (2, "بعد بكره|بكرا|غد|الغد|غدا|باكر"),
    (2, "عقب باكر|بكره"),
    (-2, "day before yesterday"),
    (-2, "اول امبارح|امس|مبارح|البارح"),
    (1, "tomorrow|tomorow|tommorow|tomorrows|tmrw"),
    (1, "بكره|بكرا|غدا|غد|الغد|باكر|لبكره|لبكرا|لغد"),
    (0, "today|tonight"),
    (0, "this morning|afternoon|evening"),
    (0, "اليوم|النهارده|النهاردا|انهارده|انهاردا|هاليوم|الليله|لليوم"),
    (-1, "yesterday|امبارح|مبارح|امس|البارح|البارحه"),
];

/// No promise and no callback is farther away.
const FARTHEST_DAYS: i32 = 3660;

pub(super) fn read(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    by_name(tokens, words, at, cx).or_else(|| by_month(words, at, cx)).or_else(|| by_count(tokens, words, at, cx))
}

fn by_name(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    let (days, end) = DAYS.iter().find_map(|(days, pattern)| Some((*days, words.end_at(pattern, at)?)))?;
    let is_after = at > 0 && tokens[at - 1].is_any(&["after", "بعد"]);
    let is_week = tokens.get(end).is_some_and(|token| token.is("week"));
    let date = cx.today.checked_add((days + if is_week { 7 } else { 0 }).days()).ok()?;
    let day = if is_after { Day::Vague } else { Day::Settled(date, Certain) };
    Some(Named { day, end: end + usize::from(is_week) })
}

// ---- beginning and end of months ----

/// Where in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Middle,
    Last,
}

/// Place in the month, months from this one, and how people say it. Without "this" or "next" a first that is over is that
/// of the month to come.
const MONTHS: [(Place, i64, &str); 15] = [
    (Place::Last, 1, "end|last of the? next|coming|following month"),
    (Place::Last, 0, "end|last of the|this? month"),
    (Place::Last, 0, "last day of the|this? month"),
    (Place::Last, 1, "last day of next month"),
    (Place::Last, 0, "months|month end"),
    (Place::First, 1, "first|beginning|start|1st of the? next|coming|following month"),
    (Place::First, 0, "first|beginning|start|1st of the|this? month"),
    (Place::Middle, 1, "middle|mid of the? next month"),
    (Place::Middle, 0, "middle|mid of the|this? month"),
    (Place::Last, 1, "اخر|نهايه|باخر|بنهايه|لاخر|اواخر|لنهايه الشهر القادم|الجاي|المقبل"),
    (Place::Last, 0, "اخر|نهايه|باخر|بنهايه|لاخر|اواخر|لنهايه|باواخر الشهر|شهر|هالشهر"),
    (Place::First, 1, "اول|بدايه|باول|ببدايه|مطلع|اوايل|لاول الشهر القادم|الجاي|المقبل"),
    (Place::First, 0, "اول|بدايه|باول|ببدايه|مطلع|اوايل|لاول الشهر|شهر"),
    (Place::Middle, 1, "نص|منتصف|بنص|بمنتصف|نصف الشهر القادم|الجاي|المقبل"),
    (Place::Middle, 0, "نص|منتصف|بنص|بمنتصف|نصف الشهر"),
];

fn by_month(words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    let longest =
        MONTHS.iter().filter_map(|(place, months, pattern)| Some((words.end_at(pattern, at)?, *place, *months)));
    let (end, place, months) = longest.max_by_key(|(end, ..)| *end)?;
    let month = |months: i64| cx.today.first_of_month().checked_add(months.months()).ok();
    let day = |months: i64| {
        let first = month(months)?;
        match place {
            Place::First => Some(first),
            Place::Middle => first.checked_add(14.days()).ok(),
            Place::Last => Some(first.last_of_month()),
        }
    };
    let date = day(months).filter(|date| *date >= cx.today).or_else(|| day(months + 1))?;
    Some(Named { day: Day::Settled(date, if place == Place::Middle { Likely } else { Certain }), end })
}

// ---- so many days, weeks, months ----

/// A length of time that is counted, such as "two weeks" or "أسبوعين".
pub(crate) struct Counted {
    pub(crate) count: i64,
    pub(crate) unit: Unit,
    pub(crate) end: usize,
    pub(crate) sure: Sureness,
}

pub(crate) fn counted(tokens: &[Token], at: usize) -> Option<Counted> {
    let unit_at = |at: usize| tokens.get(at)?.find(lexicon::unit);
    if let Some((unit, count)) = unit_at(at) {
        // A bare unit counts where the language says one or two with it.
        let says = tokens[at].is_arabic() || count > 1;
        let one = tokens.get(at + 1).is_some_and(|token| token.is_any(&["واحد", "واحده"]));
        return says.then_some(Counted { count, unit, end: at + 1 + usize::from(one), sure: Certain });
    }
    let couple = ["couple", "cuple"];
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is_any(words));
    let (count, next, sure) = if is(at, &["a", "an"]) && !is(at + 1, &couple) {
        (1, at + 1, Certain)
    } else if is(at + usize::from(is(at, &["a"])), &couple) {
        let next = at + 1 + usize::from(is(at, &["a"]));
        (2, next + usize::from(is(next, &["of"])), Likely)
    } else {
        let number = numerals::cardinal(tokens, at)?;
        (number.value, number.end, if number.guessed { Likely } else { Certain })
    };
    let (unit, times) = unit_at(next)?;
    Some(Counted { count: count.checked_mul(times)?, unit, end: next + 1, sure })
}

fn by_count(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    let is_ahead = tokens[at].is_any(&["in", "after", "within", "بعد", "كمان", "عقب", "خلال", "في", "حين"]);
    let is_back = tokens[at].is_any(&["قبل", "من"]);
    let Counted { count, unit, end, sure } = counted(tokens, at + usize::from(is_ahead || is_back))?;
    let after = |pattern: &str| words.end_at(pattern, end);
    let from =
        after("from now|today").or_else(|| after("later|hence|time")).or_else(|| after("من اليوم|الان|هلا|دلوقتي"));
    let from_tomorrow = after("from tomorrow").or_else(|| after("من بكره|بكرا|غدا"));
    let ago = after("ago|back");
    let fractional = numerals::and_fraction(tokens, end).is_some();
    let base = i64::from(from_tomorrow.is_some());
    let sign = if ago.is_some() || (is_back && tokens[at].is("قبل")) { -1 } else { 1 };
    let is_anchored = (is_ahead && !tokens[at].is("في"))
        || from.is_some()
        || from_tomorrow.is_some()
        || ago.is_some()
        || (is_back && tokens[at].is("قبل"));
    if !is_anchored || fractional || matches!(unit, Unit::Minute | Unit::Hour) {
        return None;
    }
    let limit = tokens[at].is_any(&["within", "خلال"]);
    let date = shift(cx.today.checked_add(base.days()).ok()?, unit, count.checked_mul(sign)?)?;
    let sure = if limit || matches!(unit, Unit::Month | Unit::Year) { Likely } else { sure };
    let end = ago.or(from_tomorrow).or(from).unwrap_or(end);
    Some(Named { day: Day::Settled(date, sure), end })
}

fn shift(date: Date, unit: Unit, count: i64) -> Option<Date> {
    let span = match unit {
        Unit::Day => Span::new().try_days(count),
        Unit::Week => Span::new().try_weeks(count),
        Unit::Month => Span::new().try_months(count),
        Unit::Year => Span::new().try_years(count),
        Unit::Minute | Unit::Hour => return None,
    };
    let shifted = date.checked_add(span.ok()?).ok()?;
    let days = date.until(shifted).ok()?.get_days();
    (days.abs() <= FARTHEST_DAYS).then_some(shifted)
}
