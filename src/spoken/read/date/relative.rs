//! Days by their distance: "tomorrow", "in two weeks", "end of the month", "بعد يومين".

use jiff::{Span, ToSpan, civil::Date};

use super::{
    super::super::{
        Context,
        Sureness::{self, Certain, Likely},
        lexicon::{self, Unit},
        numerals,
        phrases::{Phrases, Words, phrases},
        tokens::Token,
    },
    Day, Named, calendar,
};

/// Days from today.
static DAYS: [(i64, &Phrases); 11] = [
    (2, phrases!["day after tomorrow"]),
    (2, phrases!["بعد بكره|بكرا|غد|الغد|غدا|باكر"]),
    (2, phrases!["عقب باكر|بكره"]),
    (-2, phrases!["day before yesterday"]),
    (-2, phrases!["اول امبارح|امس|مبارح|البارح"]),
    (1, phrases!["tomorrow|tomorow|tommorow|tomorrows|tmrw"]),
    (1, phrases!["بكره|بكرا|غدا|غد|الغد|باكر|لبكره|لبكرا|لغد"]),
    (0, phrases!["today|tonight"]),
    (0, phrases!["this morning|afternoon|evening"]),
    (0, phrases!["اليوم|النهارده|النهاردا|انهارده|انهاردا|هاليوم|الليله|لليوم"]),
    (-1, phrases!["yesterday|امبارح|مبارح|امس|البارح|البارحه"]),
];

/// No promise and no callback is farther away.
const FARTHEST_DAYS: i32 = 3660;

pub(super) fn read(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    by_name(tokens, words, at, cx)
        .or_else(|| by_month(tokens, words, at, cx))
        .or_else(|| by_count(tokens, words, at, cx))
}

fn by_name(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    let (days, end) = DAYS.iter().find_map(|(days, phrases)| Some((*days, words.end_at(phrases, at)?)))?;
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
static MONTHS: [(Place, i64, &Phrases); 17] = [
    (Place::Last, 1, phrases!["end|last of the? next|coming|following month"]),
    (Place::Last, 0, phrases!["end|last of the|this? month"]),
    (Place::Last, 0, phrases!["last day of the|this? month"]),
    (Place::Last, 1, phrases!["last day of next month"]),
    (Place::Last, 0, phrases!["months|month end"]),
    (Place::First, 1, phrases!["first|beginning|start|1st of the? next|coming|following month"]),
    (Place::First, 0, phrases!["first|beginning|start|1st of the|this? month"]),
    (Place::Middle, 1, phrases!["middle|mid of the? next month"]),
    (Place::Middle, 0, phrases!["middle|mid of the|this? month"]),
    (Place::Last, 1, phrases!["اخر|نهايه|باخر|بنهايه|لاخر|اواخر|لنهايه الشهر القادم|الجاي|المقبل"]),
    (Place::Last, 0, phrases!["اخر|نهايه|باخر|بنهايه|لاخر|اواخر|لنهايه|باواخر الشهر|شهر|هالشهر"]),
    (Place::Last, 0, phrases!["اخر يوم في|من? الشهر|بالشهر"]),
    (Place::First, 0, phrases!["راس الشهر"]),
    (Place::First, 1, phrases!["اول|بدايه|باول|ببدايه|مطلع|اوايل|لاول الشهر القادم|الجاي|المقبل"]),
    (Place::First, 0, phrases!["اول|بدايه|باول|ببدايه|مطلع|اوايل|لاول الشهر|شهر"]),
    (Place::Middle, 1, phrases!["نص|منتصف|بنص|بمنتصف|نصف الشهر القادم|الجاي|المقبل"]),
    (Place::Middle, 0, phrases!["نص|منتصف|بنص|بمنتصف|نصف الشهر"]),
];

fn by_month(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    if let Some(named) = of_named_month(tokens, words, at, cx) {
        return Some(named);
    }
    let longest =
        MONTHS.iter().filter_map(|(place, months, phrases)| Some((words.end_at(phrases, at)?, *place, *months)));
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

/// "The end of May", "mid June", "نهاية شهر يونيو".
fn of_named_month(tokens: &[Token], words: &Words<'_>, at: usize, cx: &Context) -> Option<Named> {
    static PLACES: [(Place, &Phrases); 6] = [
        (Place::Last, phrases!["last day of?"]),
        (Place::Last, phrases!["end|last of?"]),
        (Place::First, phrases!["beginning|start of?"]),
        (Place::Middle, phrases!["middle|mid of?"]),
        (Place::Last, phrases!["اخر|نهايه|باخر|بنهايه|لاخر|اواخر|لنهايه|باواخر يوم? في|من?"]),
        (Place::First, phrases!["اول|بدايه|باول|ببدايه|مطلع|اوايل|لاول يوم? في|من?"]),
    ];
    let middle = || Some((Place::Middle, words.end_at(phrases!["نص|منتصف|بنص|بمنتصف|نصف"], at)?));
    let place = PLACES.iter().find_map(|(place, phrases)| Some((*place, words.end_at(phrases, at)?))).or_else(middle);
    let (place, next) = place?;
    let (month, end) = calendar::month(tokens, next)?;
    let first = calendar::coming_month(month, cx.today)?;
    let date = match place {
        Place::First => first,
        Place::Middle => first.checked_add(14.days()).ok()?,
        Place::Last => first.last_of_month(),
    };
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
        // "بعد الساعة خمسة" is no length of time.
        let says = says && !tokens[at].has_article();
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
    let after = |phrases: &Phrases| words.end_at(phrases, end);
    let from = after(phrases!["from now|today"])
        .or_else(|| after(phrases!["today"]).filter(|_| unit == Unit::Week))
        .or_else(|| after(phrases!["later|hence|time"]))
        .or_else(|| after(phrases!["من اليوم|الان|هلا|دلوقتي"]));
    let from_tomorrow = after(phrases!["from tomorrow"])
        .or_else(|| after(phrases!["tomorrow"]).filter(|_| unit == Unit::Week))
        .or_else(|| after(phrases!["من بكره|بكرا|غدا"]));
    let ago = after(phrases!["ago|back"]);
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
    // "A day or two", "يومين تلاتة".
    let limit = tokens[at].is_any(&["within", "خلال"])
        || tokens.get(end).is_some_and(|token| token.is_any(&["or", "او"]) || token.find(lexicon::numeral).is_some());
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
