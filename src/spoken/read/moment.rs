//! Times of day, and days with a time: "tomorrow at five", "in two hours", "بكرة الساعة خمسة العصر".

use jiff::{
    SignedDuration,
    civil::{DateTime, Time},
};

use super::{
    super::{
        Context, Sureness, Understood,
        lexicon::{self, Unit},
        numerals,
        phrases::{Phrases, Words, phrases},
        tokens::{Found, Token, tokens},
    },
    clock,
    date::{self, counted},
    pick::pick,
};

/// In minutes: longer waits have a day.
const LONGEST_WAIT: i64 = 48 * 60;

pub(super) fn time(text: &str, cx: &Context) -> Option<Understood<Time>> {
    let tokens = tokens(text);
    if let Some(found) = wait(&tokens, cx)? {
        let same_day = found.value.date() == cx.today;
        return same_day
            .then(|| Found { value: found.value.time(), at: found.at, sure: found.sure }.understood(&tokens));
    }
    let (rest, _) = without_dates(&tokens, cx);
    let found = clock::find(&rest).into_iter().map(|(found, _)| found).collect();
    pick(&rest, found)
}

pub(super) fn moment(text: &str, cx: &Context) -> Option<Understood<DateTime>> {
    let tokens = tokens(text);
    if let Some(found) = wait(&tokens, cx)? {
        return pick(&tokens, vec![found]);
    }
    let (rest, has_dates) = without_dates(&tokens, cx);
    let times = clock::find(&rest);
    let said = times.iter().all(|(_, said)| *said);
    let time = pick(&rest, times.into_iter().map(|(found, _)| found).collect())?;
    let date = if has_dates { Some(pick(&tokens, date::find(&tokens, cx)?)?) } else { None };
    let (value, sure) = match &date {
        Some(date) if date.value == cx.today => (today_at(time.value, said, cx)?, date.sure),
        Some(date) => (date.value.to_datetime(time.value), date.sure),
        None => (coming(time.value, said, cx)?, Sureness::Likely),
    };
    let span =
        date.map_or(time.span.clone(), |date| date.span.start.min(time.span.start)..date.span.end.max(time.span.end));
    Some(Understood { value, sure: sure.min(time.sure), span })
}

/// The tokens that are no part of a date, and whether there are dates. A part of the day stays: "tonight" is both.
fn without_dates(tokens: &[Token], cx: &Context) -> (Vec<Token>, bool) {
    let dates = date::spans(tokens, cx);
    let is_part = |at: usize| dates.iter().any(|date| date.contains(&at));
    let stays = |(at, token): &(usize, &Token)| !is_part(*at) || token.find(lexicon::period).is_some();
    (tokens.iter().enumerate().filter(stays).map(|(_, token)| token.clone()).collect(), !dates.is_empty())
}

/// At that time today; half a day later where it is over and could be meant so.
fn today_at(time: Time, said: bool, cx: &Context) -> Option<DateTime> {
    let moment = cx.today.to_datetime(time);
    let is_over = time <= cx.now;
    if is_over && !said && time.hour() < 12 {
        return moment.checked_add(SignedDuration::from_hours(12)).ok();
    }
    (!is_over).then_some(moment)
}

/// The next time that the clock shows it.
fn coming(time: Time, said: bool, cx: &Context) -> Option<DateTime> {
    today_at(time, said, cx).or_else(|| Some(cx.today.tomorrow().ok()?.to_datetime(time)))
}

/// "In two hours", "half an hour from now", "بعد ساعة ونص": from now. The outer `None` is for a wait that is too vague or too
/// long.
#[expect(clippy::option_option, reason = "no wait at all differs from one that is refused")]
fn wait(tokens: &[Token], cx: &Context) -> Option<Option<Found<DateTime>>> {
    let words = Words::of(tokens);
    for at in 0..tokens.len() {
        let is_ahead = tokens[at].is_any(&["in", "after", "within", "بعد", "كمان", "عقب", "خلال"]);
        let start = at + usize::from(is_ahead);
        let Some((minutes, end, sure)) = minutes(tokens, &words, start) else { continue };
        let later = words
            .end_at(phrases!["from now"], end)
            .or_else(|| words.end_at(phrases!["later|hence|time"], end))
            .or_else(|| words.end_at(phrases!["من الان|هلا|دلوقتي|الحين"], end));
        if !is_ahead && later.is_none() {
            continue;
        }
        if !(1..=LONGEST_WAIT).contains(&minutes) {
            return None;
        }
        let moment = cx.today.to_datetime(cx.now).checked_add(SignedDuration::from_mins(minutes)).ok()?;
        let about = tokens[at].is_any(&["within", "خلال", "after"]) && !tokens[start].is_arabic();
        let sure = if about { Sureness::Likely } else { sure };
        return Some(Some(Found { value: moment, at: at..later.unwrap_or(end), sure }));
    }
    Some(None)
}

/// So many minutes, the token after them, and how surely.
fn minutes(tokens: &[Token], words: &Words<'_>, at: usize) -> Option<(i64, usize, Sureness)> {
    static PARTS: [(i64, &Phrases); 7] = [
        (30, phrases!["half an? hour"]),
        (15, phrases!["a? quarter of an hour"]),
        (45, phrases!["three quarters of an hour"]),
        (30, phrases!["نص|نصف ساعه"]),
        (15, phrases!["ربع ساعه"]),
        (20, phrases!["تلت ساعه"]),
        (90, phrases!["an hour and a half"]),
    ];
    if let Some((minutes, end)) =
        PARTS.iter().find_map(|(minutes, phrases)| Some((*minutes, words.end_at(phrases, at)?)))
    {
        return Some((minutes, end, Sureness::Certain));
    }
    // "Two and a half hours."
    if let Some(quantity) = numerals::quantity(tokens, at)
        && quantity.thousandths % 1000 != 0
        && let Some((Unit::Hour, 1)) = tokens.get(quantity.end).and_then(|token| token.find(lexicon::unit))
    {
        return Some((quantity.thousandths.checked_mul(60)? / 1000, quantity.end + 1, Sureness::Certain));
    }
    let counted = counted(tokens, at)?;
    let minutes = match counted.unit {
        Unit::Minute => counted.count,
        Unit::Hour => counted.count.checked_mul(60)?,
        _ => return None,
    };
    let fraction = numerals::and_fraction(tokens, counted.end).filter(|_| counted.unit == Unit::Hour);
    let (more, end) = fraction.map_or((0, counted.end), |(thousandths, end)| (thousandths * 60 / 1000, end));
    Some((minutes.checked_add(more)?, end, counted.sure))
}
