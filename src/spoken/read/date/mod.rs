//! Days: "tomorrow", "next Friday", "the fifteenth of May", "بعد بكرة", "15/5".
//!
//! A day without a month is the next one of that number, a day without a year the next of that name; with a weekday beside
//! it, it must be one.

mod calendar;
mod relative;
mod weekday;

use std::ops::Range;

use jiff::civil::Date;
pub(super) use relative::counted;

use super::{
    super::{
        Context, Sureness, Understood, lexicon,
        phrases::{Phrases, Words, phrases},
        tokens::{Found, Kind, Token, tokens},
    },
    pick::pick,
};

pub(super) fn date(text: &str, cx: &Context) -> Option<Understood<Date>> {
    let tokens = tokens(text);
    let found = find(&tokens, cx)?;
    if found.is_empty() {
        return alone(&tokens, cx).map(|found| found.understood(&tokens));
    }
    pick(&tokens, found)
}

/// A day that is named at a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    day: Day,
    /// The token after it.
    end: usize,
}

/// What names a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// It is settled.
    Settled(Date, Sureness),
    /// A weekday from 1 (Monday), and which day it is if nothing else is said.
    Weekday(i8, Date, Sureness),
    /// A day of the month, of the year.
    Calendar(calendar::Numbers),
    /// A day that repeats, or that is only a limit: "every Friday", "after the 15th".
    Vague,
}

impl Day {
    /// The day, if nothing else is said.
    fn resolve(&self, cx: &Context) -> Option<(Date, Sureness)> {
        match self {
            Self::Settled(date, sure) | Self::Weekday(_, date, sure) => Some((*date, *sure)),
            Self::Calendar(numbers) => numbers.resolve(None, cx),
            Self::Vague => None,
        }
    }
}

/// All days among tokens; `None` where one of them is vague or does not exist.
pub(super) fn find(tokens: &[Token], cx: &Context) -> Option<Vec<Found<Date>>> {
    join(tokens, &named(tokens, cx), cx)
}

/// The tokens that name days, even such as do not exist.
pub(super) fn spans(tokens: &[Token], cx: &Context) -> Vec<Range<usize>> {
    named(tokens, cx).into_iter().map(|(_, range)| range).collect()
}

fn named(tokens: &[Token], cx: &Context) -> Vec<(Day, Range<usize>)> {
    let words = Words::of(tokens);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let named = relative::read(tokens, &words, at, cx)
            .or_else(|| calendar::read(tokens, &words, at, cx))
            .or_else(|| weekday::read(tokens, at, cx));
        let end = named.map_or(at, |named| named.end).max(at + 1);
        found.extend(named.map(|named| (named.day, at..end)));
        at = end;
    }
    found
}

/// Makes one day of a weekday and the date beside it.
fn join(tokens: &[Token], found: &[(Day, Range<usize>)], cx: &Context) -> Option<Vec<Found<Date>>> {
    let mut days = Vec::new();
    let mut at = 0;
    while let Some((day, range)) = found.get(at) {
        let beside = found.get(at + 1).filter(|(_, next)| are_beside(tokens, range.end, next.start));
        let both = beside.and_then(|(other, next)| Some((one(day, other, cx)?, range.start..next.end)));
        at += if both.is_some() { 2 } else { 1 };
        let (resolved, span) = both.unwrap_or_else(|| (day.resolve(cx), range.clone()));
        let (value, sure) = resolved?;
        let goes_on = tokens.get(span.end).is_some_and(|next| next.is_any(&["or", "او"]));
        let sure = if goes_on || is_limit(tokens, span.start) { Sureness::Likely } else { sure };
        days.push(Found { value, at: span, sure });
    }
    Some(days)
}

/// What two names of one day mean together, `None` inside where they contradict each other; `None` where they are names of
/// two days.
#[expect(clippy::option_option, reason = "that two names do not belong together differs from that they contradict")]
fn one(day: &Day, other: &Day, cx: &Context) -> Option<Option<(Date, Sureness)>> {
    Some(match (day, other) {
        (Day::Weekday(weekday, ..), Day::Calendar(numbers)) | (Day::Calendar(numbers), Day::Weekday(weekday, ..)) => {
            numbers.resolve(Some(*weekday), cx)
        }
        (Day::Settled(date, _), Day::Weekday(weekday, ..)) | (Day::Weekday(weekday, ..), Day::Settled(date, _)) => {
            (date.weekday().to_monday_one_offset() == *weekday).then_some((*date, Sureness::Certain))
        }
        (Day::Settled(date, sure), Day::Calendar(numbers)) => {
            numbers.resolve(None, cx).filter(|(other, _)| other == date).map(|_| (*date, *sure))
        }
        _ => return None,
    })
}

/// Whether nothing stands between two tokens but what joins a weekday with its date.
fn are_beside(tokens: &[Token], end: usize, start: usize) -> bool {
    tokens.get(end..start).is_some_and(|between| {
        between.len() <= 3
            && between.iter().all(|token| {
                token.is_mark(&[',', '،', '-', '–'])
                    || token.is_any(&["the", "on", "of", "يوم", "الموافق", "بتاريخ", "تاريخ", "thats", "which", "is"])
            })
    })
}

/// "By Friday", "before the 15th": that day at the latest.
fn is_limit(tokens: &[Token], start: usize) -> bool {
    let near = &tokens[start.saturating_sub(2)..start];
    near.iter().any(|token| token.is_in("by before until till around about قبل لغايه حوالي لحد حد maybe يمكن"))
}

/// What names a day only where nothing else does: "now", "خمسة خمسة" for the fifth of May.
fn alone(tokens: &[Token], cx: &Context) -> Option<Found<Date>> {
    static NOW: &Phrases =
        phrases!["right away|now", "now|immediately|asap", "الان|الحين|دلوقتي|هلق|هلا|حالا|هسا|هلقيت", "علي الفور"];
    let words = Words::of(tokens);
    if let Some(now) = words.find(NOW) {
        let found = Found { value: cx.today, at: words.tokens(&now), sure: Sureness::Likely };
        return pick(tokens, vec![found]).map(|it| Found { value: it.value, at: words.tokens(&now), sure: it.sure });
    }
    let start = tokens.iter().position(|token| !lexicon::is_filler(&token.text))?;
    let (numbers, end) = calendar::two_numbers(tokens, start).or_else(|| calendar::bare_ordinal(tokens, start))?;
    let ends = tokens[end..].iter().all(|token| token.kind == Kind::Mark || lexicon::is_filler(&token.text));
    let (value, _) = numbers.resolve(None, cx)?;
    ends.then_some(Found { value, at: start..end, sure: Sureness::Likely })
}
