//! Weekdays: "Friday", "next Friday", "Friday week", "الجمعة الجاية".

use jiff::{ToSpan, civil::Date};

use super::{
    super::super::{
        Context,
        Sureness::{self, Certain, Likely},
        lexicon,
        tokens::Token,
    },
    Day, Named,
};

/// Which one of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Plain,
    This,
    /// English: of the next week.
    Next,
    /// Arabic: the one that comes.
    Coming,
    Last,
    /// A week after the coming one.
    WeekLater,
    AfterNext,
    Every,
}

pub(super) fn read(tokens: &[Token], at: usize, cx: &Context) -> Option<Named> {
    let token = tokens.get(at)?;
    let (weekday, unmistakable) = token.find(lexicon::weekday)?;
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let is_led = before.is_some_and(|token| {
        token.is_any(&["on", "this", "next", "last", "by", "before", "coming", "يوم", "ليوم", "بيوم", "هاد", "هدا"])
    });
    if !(unmistakable || is_led || (token.is_arabic() && token.has_article())) {
        return None;
    }
    let (which, end) = which(tokens, at);
    let led_by = before.filter(|token| !token.is("يوم")).or_else(|| at.checked_sub(2).and_then(|at| tokens.get(at)));
    let is_limit = led_by.is_some_and(|token| token.is_any(&["first", "second", "third", "fourth", "after", "بعد"]));
    if which == Which::Every || is_limit {
        return Some(Named { day: Day::Vague, end });
    }
    let (date, sure) = resolve(weekday, which, cx.today)?;
    Some(Named { day: Day::Weekday(weekday, date, sure), end })
}

/// Says which one, and the token after all that says it.
fn which(tokens: &[Token], at: usize) -> (Which, usize) {
    let back = |steps: usize| at.checked_sub(steps).and_then(|at| tokens.get(at));
    let is = |token: Option<&Token>, words: &[&str]| token.is_some_and(|token| token.is_any(words));
    let next = tokens.get(at + 1);
    let far = tokens.get(at + 2);
    let before = |words: &[&str]| is(back(1), words) || (is(back(1), &["يوم"]) && is(back(2), words));
    if before(&["every", "each", "كل"]) {
        return (Which::Every, at + 1);
    }
    if is(next, &["after"]) && is(far, &["next"]) {
        return (Which::AfterNext, at + 3);
    }
    if is(back(1), &["on", "from"]) && is(back(2), &["week"]) {
        return (Which::WeekLater, at + 1);
    }
    if is(next, &["week"]) {
        return (Which::WeekLater, at + 2);
    }
    if is(next, &["next"]) && is(far, &["week"]) {
        return (Which::Next, at + 3);
    }
    if is(next, &["اللي", "الي", "يلي"]) && is(far, &["بعده", "بعدها", "بعد"]) {
        return (Which::WeekLater, at + 3);
    }
    let relative = usize::from(is(next, &["اللي", "الي", "يلي"]));
    let adjective = tokens.get(at + 1 + relative);
    if is(
        adjective,
        &["الجاي", "الجايه", "القادم", "القادمه", "المقبل", "المقبله", "جاي", "جايه", "الياي", "اليايه", "الجي"],
    ) {
        return (Which::Coming, at + 2 + relative);
    }
    if is(adjective, &["الماضي", "الماضيه", "الفايت", "الفايته", "فات", "فاتت", "راح", "راحت"])
    {
        return (Which::Last, at + 2 + relative);
    }
    if is(back(1), &["next"]) {
        return (Which::Next, at + 1);
    }
    if is(back(1), &["last"]) {
        return (Which::Last, at + 1);
    }
    let this = is(back(1), &["this", "coming", "هاد", "هاي", "هده", "هدا"]) || tokens[at].text.starts_with("هال");
    (if this { Which::This } else { Which::Plain }, at + 1)
}

fn resolve(weekday: i8, which: Which, today: Date) -> Option<(Date, Sureness)> {
    let here = today.weekday().to_monday_one_offset();
    let ahead = (weekday - here).rem_euclid(7);
    // Said on a Friday, "Friday" is hardly today, or one would say so.
    let coming = if ahead == 0 { 7 } else { ahead };
    let (days, sure) = match which {
        Which::Plain => (coming, if ahead == 0 { Likely } else { Certain }),
        Which::This => (ahead, if ahead == 0 { Likely } else { Certain }),
        Which::Coming => (coming, Certain),
        Which::Next => {
            let of_next_week = 7 - here + weekday;
            (of_next_week, if of_next_week == coming { Certain } else { Likely })
        }
        Which::AfterNext => (14 - here + weekday, Likely),
        Which::WeekLater => (coming + 7, Likely),
        Which::Last => (ahead - 7, Certain),
        Which::Every => return None,
    };
    Some((today.checked_add(i64::from(days).days()).ok()?, sure))
}
