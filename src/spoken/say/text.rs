//! Numbers in running text: amounts, dates, times, telephone numbers and the rest, each as it is said.
//!
//! A text is cut into tokens; at each number the first rule that knows what it is takes it, and what is between is copied.

use std::ops::Range;

use jiff::civil::{Date, Time};

use super::{
    super::{
        lexicon, numerals,
        tokens::{Kind, Token, all_tokens, plain},
    },
    currency::{self, Names},
    date, digits, number,
};
use crate::domain::{Language, Money};

/// Numbers of so many digits are read out digit by digit.
const LONG: usize = 7;
/// Telephone numbers have so many, written in groups.
const PHONE: Range<usize> = 7..16;

pub(super) fn normalized(text: &str, language: Language) -> String {
    let tokens = all_tokens(text);
    let reader = Reader { text, tokens: &tokens, language };
    let mut said = String::with_capacity(text.len() * 2);
    let mut copied = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Some((words, end)) = reader.read(at).filter(|(_, end)| *end > at) else {
            at += 1;
            continue;
        };
        let before = &text[copied..token.span.start];
        said.push_str(before);
        if said.ends_with(char::is_alphanumeric) {
            said.push(' ');
        }
        said.push_str(&words);
        copied = tokens[end - 1].span.end;
        if text[copied..].starts_with(|c: char| c.is_alphanumeric() || c == '+') {
            said.push(' ');
        }
        at = end;
    }
    said.push_str(&text[copied..]);
    said
}

/// What is said, and the token after it.
type Said = Option<(String, usize)>;

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    language: Language,
}

impl Reader<'_> {
    fn read(&self, at: usize) -> Said {
        let token = self.tokens.get(at)?;
        let is_number = token.kind == Kind::Digits;
        let begins = is_number
            || token.is_mark(&['+', '£', '$', '€', '₪', '₹', '•', '*'])
            || token.find(lexicon::month).is_some();
        if !begins && !(token.kind == Kind::Word && self.follows_digits(at)) || self.is_address(at) {
            return None;
        }
        self.money(at)
            .or_else(|| self.phone(at))
            .or_else(|| self.card(at))
            .or_else(|| self.date(at))
            .or_else(|| self.clock(at))
            .or_else(|| self.plain_number(at).filter(|_| is_number))
    }

    fn is_arabic(&self) -> bool {
        self.language == Language::ARABIC
    }

    fn either(&self, english: &str, arabic: &str) -> String {
        if self.is_arabic() { arabic.to_owned() } else { english.to_owned() }
    }

    fn follows_digits(&self, at: usize) -> bool {
        self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Digits)
    }

    fn digits(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at).filter(|token| token.kind == Kind::Digits)
    }

    fn glued_digits(&self, at: usize) -> Option<&Token> {
        self.digits(at).filter(|token| token.glued)
    }

    fn glued_mark(&self, at: usize, marks: &[char]) -> bool {
        self.tokens.get(at).is_some_and(|token| token.glued && token.is_mark(marks))
    }

    /// Whether the token stands in an e-mail address or a link, which are read as they are.
    fn is_address(&self, at: usize) -> bool {
        let span = &self.tokens[at].span;
        let start = self.text[..span.start].rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        let end = self.text[span.end..].find(char::is_whitespace).map_or(self.text.len(), |blank| span.end + blank);
        let word = &self.text[start.min(span.start)..end];
        word.contains('@') || word.contains("://") || word.starts_with("www.")
    }

    // ---- numbers ----

    /// Digits with separators and a fraction, as an amount.
    fn written(&self, at: usize) -> Option<(Money, usize)> {
        let whole = numerals::literal(self.tokens, at)?;
        let fraction = self
            .glued_digits(whole.end + 1)
            .filter(|_| self.glued_mark(whole.end, &['.', '٫']))
            .filter(|fraction| fraction.text.len() <= 3);
        let end = if fraction.is_some() { whole.end + 2 } else { whole.end };
        let goes_on = self.glued_mark(end, &['.', ',', '/', ':', '-']) && self.glued_digits(end + 1).is_some();
        let thousandths = fraction.map_or(Some(0), |it| format!("{:0<3}", it.text).parse::<i64>().ok())?;
        let money = Money::from_thousandths(whole.value.checked_mul(1000)?.checked_add(thousandths)?).ok()?;
        (!goes_on).then_some((money, end))
    }

    fn plain_number(&self, at: usize) -> Said {
        if let Some(ordinal) = self.ordinal(at).or_else(|| self.year(at)) {
            return Some(ordinal);
        }
        let token = self.tokens.get(at)?;
        let is_code =
            at > 0 && (self.tokens[at - 1].is_any(&["code", "reference", "ref", "pin", "#", "الرمز", "رمز", "المرجع"]));
        let is_long = token.text.len() >= LONG || (token.text.len() > 1 && token.text.starts_with('0')) || is_code;
        if let Some((money, end)) = self.written(at).filter(|(_, end)| !is_long || *end > at + 1) {
            let percent = self.tokens.get(end).is_some_and(|next| next.is_mark(&['%', '٪']));
            let number = self.decimal(money);
            let percent_word = self.either("percent", "بالمئة");
            return Some(if percent {
                (format!("{number} {percent_word}"), end + 1)
            } else {
                (self.before_range(number, end), end + self.range_mark(end))
            });
        }
        let words =
            if is_long { digits::grouped(&token.text, self.language) } else { self.decimal(small_money(&token.text)?) };
        Some((self.before_range(words, at + 1), at + 1 + self.range_mark(at + 1)))
    }

    fn decimal(&self, money: Money) -> String {
        let (whole, fraction) = (money.thousandths() / 1000, money.thousandths() % 1000);
        let words = number::signed(whole, self.language);
        if fraction == 0 {
            return words;
        }
        let places = format!("{fraction:03}");
        let point = self.either("point", "فاصلة");
        format!("{words} {point} {}", digits::one_by_one(places.trim_end_matches('0'), self.language))
    }

    /// "5-7" is from five to seven.
    fn range_mark(&self, at: usize) -> usize {
        usize::from(self.glued_mark(at, &['-', '–', '/', ':', '.']) && self.glued_digits(at + 1).is_some())
    }

    fn before_range(&self, words: String, at: usize) -> String {
        match self.tokens.get(at).filter(|_| self.range_mark(at) > 0).map(|mark| mark.text.as_str()) {
            Some("-" | "–") => format!("{words} {}", self.either("to", "إلى")),
            Some("." | "٫") => format!("{words} {}", self.either("point", "فاصلة")),
            _ => words,
        }
    }

    /// "15th".
    fn ordinal(&self, at: usize) -> Said {
        let suffix = self.tokens.get(at + 1).filter(|next| next.glued && next.is_any(&["st", "nd", "rd", "th"]))?;
        let value: u64 = self.tokens[at].text.parse().ok().filter(|value| *value < 1_000_000)?;
        (!self.is_arabic() && !suffix.text.is_empty()).then(|| (number::english_ordinal(value), at + 2))
    }

    /// "in 2026".
    fn year(&self, at: usize) -> Said {
        let year = self.plausible_year(at)?;
        let before = self.tokens.get(at.checked_sub(1)?)?;
        let is_year =
            before.is_any(&["in", "since", "until", "year"]) && !self.glued_mark(at + 1, &['.', ',', '-', '/', '٬']);
        (is_year && !self.is_arabic()).then(|| (date::english_year(year), at + 1))
    }

    fn plausible_year(&self, at: usize) -> Option<i16> {
        let token = self.digits(at).filter(|token| token.text.len() == 4)?;
        token.text.parse().ok().filter(|year| (1900..2100).contains(year))
    }

    // ---- money ----

    fn money(&self, at: usize) -> Said {
        if let Some(names) =
            self.tokens[at].kind.eq(&Kind::Mark).then(|| currency::by_sign(&self.tokens[at].text)).flatten()
        {
            return self.priced(at + 1, names).map(|(words, end)| (words, self.without_code(end, names)));
        }
        if let Some(names) = self.code(at) {
            return self.priced(at + 1, names);
        }
        let (_, end) = self.written(at).filter(|_| self.tokens[at].kind == Kind::Digits)?;
        let unit = self.tokens.get(end)?;
        let sign = if unit.kind == Kind::Mark { currency::by_sign(&unit.text) } else { None };
        let names = sign.or_else(|| self.code(end)).or_else(|| self.arabic_unit(end))?;
        self.priced(at, names).map(|(words, _)| (words, end + 1))
    }

    /// A currency's code in capitals.
    fn code(&self, at: usize) -> Option<&'static Names> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word)?;
        let written = self.text.get(token.span.clone())?;
        currency::by_code(written).filter(|names| names.code == written)
    }

    /// An Arabic noun must agree with its number.
    fn arabic_unit(&self, at: usize) -> Option<&'static Names> {
        let token = self.tokens.get(at).filter(|token| self.is_arabic() && token.kind == Kind::Word)?;
        currency::by_arabic_name(&token.text, plain)
    }

    fn priced(&self, at: usize, names: &'static Names) -> Said {
        let (money, end) = self.written(at)?;
        let scale = self.tokens.get(end).filter(|next| next.is_any(&["thousand", "million", "billion"]));
        if let Some(scale) = scale.filter(|_| !self.is_arabic()) {
            return Some((format!("{} {} {}", self.decimal(money), scale.text, names.english.more), end + 1));
        }
        Some((super::named_amount(money, names, self.language), end))
    }

    /// "$5 USD" names its currency twice.
    fn without_code(&self, end: usize, names: &Names) -> usize {
        end + usize::from(self.code(end).is_some_and(|code| code.code == names.code))
    }

    // ---- telephones and cards ----

    fn phone(&self, at: usize) -> Said {
        let plus = usize::from(self.tokens[at].is("+"));
        let mut end = at + plus;
        let mut last = end;
        let mut count = 0;
        while let Some(token) = self.tokens.get(end) {
            let is_digits = token.kind == Kind::Digits && (end == at + plus || !token.text.is_empty());
            let joins = token.is_mark(&['-', '(', ')']) && end > at + plus;
            if !(is_digits || joins) || (end > at + plus && !joins && self.is_apart(end)) {
                break;
            }
            end += 1;
            if is_digits {
                count += token.text.len();
                last = end;
            }
        }
        let first = self.digits(at + plus)?;
        let groups = last - at - plus;
        let is_phone = plus == 1
            || (first.text.starts_with('0') && first.text.len() > 1)
            || (groups == 1 && first.text.len() >= 10);
        let written = &self.text[self.tokens[at].span.start..self.tokens[last.checked_sub(1)?].span.end];
        (is_phone && PHONE.contains(&count)).then(|| (digits::grouped(written, self.language), last))
    }

    /// Whether more than a blank stands before the token.
    fn is_apart(&self, at: usize) -> bool {
        let between = &self.text[self.tokens[at - 1].span.end..self.tokens[at].span.start];
        between.contains('\n') || between.chars().count() > 1
    }

    /// "•••• 4421", "ending in 4421".
    fn card(&self, at: usize) -> Said {
        let masks = self.tokens[at..].iter().take_while(|token| token.is_mark(&['•', '*', '-'])).count();
        let token = self.digits(at + masks).filter(|token| (2..=8).contains(&token.text.len()))?;
        let near = &self.tokens[at.saturating_sub(5)..at];
        let is_ending = near
            .iter()
            .any(|token| token.is_any(&["ending", "ends", "ended", "المنتهيه", "تنتهي", "ينتهي", "المنتهي", "تنتهى"]))
            && near.iter().all(|token| token.kind == Kind::Word);
        let is_masked = masks >= 2;
        (is_masked || (masks == 0 && is_ending))
            .then(|| (digits::one_by_one(&token.text, self.language), at + masks + 1))
    }

    // ---- dates and times ----

    fn date(&self, at: usize) -> Said {
        let (day, with_year, end) = self.numeric_date(at).or_else(|| self.named_date(at))?;
        let after_the = at > 0 && self.tokens[at - 1].is("the");
        let words = if self.is_arabic() { date::arabic_day(day) } else { date::english_day(day) };
        let words = if after_the { words.trim_start_matches("the ").to_owned() } else { words };
        let year = || {
            if self.is_arabic() {
                number::arabic(u64::from(day.year().unsigned_abs()), number::Gender::Masculine)
            } else {
                date::english_year(day.year())
            }
        };
        Some((if with_year { format!("{words} {}", year()) } else { words }, end))
    }

    /// "2026-05-15", "15/5/2026": the day, whether with a year, and the token after it.
    fn numeric_date(&self, at: usize) -> Option<(Date, bool, usize)> {
        let mark = self.tokens.get(at + 1).filter(|_| self.glued_mark(at + 1, &['-', '/', '.']))?;
        let same = self.tokens.get(at + 3).is_some_and(|other| other.glued && other.text == mark.text);
        let (first, second, third) =
            (self.digits(at)?, self.glued_digits(at + 2)?, self.glued_digits(at + 4).filter(|_| same)?);
        let goes_on = self.glued_mark(at + 5, &['-', '/', '.']) && self.glued_digits(at + 6).is_some();
        let (year, month, day) = if first.text.len() == 4 { (first, second, third) } else { (third, second, first) };
        let is_whole = year.text.len() == 4 && !goes_on;
        let day = Date::new(year.text.parse().ok()?, month.text.parse().ok()?, day.text.parse().ok()?).ok()?;
        is_whole.then_some((day, true, at + 5))
    }

    /// "15 May 2026", "May 15th".
    fn named_date(&self, at: usize) -> Option<(Date, bool, usize)> {
        let month = |at: usize| {
            let token =
                self.tokens.get(at).filter(|token| token.kind == Kind::Word && token.text.chars().count() > 2)?;
            lexicon::month(&token.text)
        };
        let suffix = |at: usize| {
            usize::from(self.tokens.get(at).is_some_and(|next| next.glued && next.is_any(&["st", "nd", "rd", "th"])))
        };
        let day = |at: usize| self.digits(at).filter(|day| day.text.len() <= 2)?.text.parse::<i8>().ok();
        let (day, month, end) = match month(at) {
            Some(month) => (day(at + 1)?, month, at + 2 + suffix(at + 2)),
            None => {
                let next = at + 1 + suffix(at + 1);
                let of = usize::from(self.tokens.get(next).is_some_and(|token| token.is_any(&["of", "من"])));
                (day(at)?, month(next + of)?, next + of + 1)
            }
        };
        let comma = usize::from(self.tokens.get(end).is_some_and(|token| token.is_mark(&[',', '،'])));
        let year = self.plausible_year(end + comma);
        let end = year.map_or(end, |_| end + comma + 1);
        // Any leap year will do to check the day.
        let date = Date::new(year.unwrap_or(2028), month, day).ok()?;
        let goes_on = self.glued_mark(end, &['.', ':', '/', ',']) && self.glued_digits(end + 1).is_some();
        (!goes_on).then_some((date, year.is_some(), end))
    }

    /// "17:30", "5:30 pm".
    fn clock(&self, at: usize) -> Said {
        let (hour, minute) = (self.digits(at)?, self.glued_digits(at + 2).filter(|minute| minute.text.len() == 2)?);
        let goes_on = self.glued_mark(at + 3, &[':', '.']) && self.glued_digits(at + 4).is_some();
        if !self.glued_mark(at + 1, &[':']) || goes_on {
            return None;
        }
        let (hour, minute) = (hour.text.parse::<i8>().ok()?, minute.text.parse::<i8>().ok()?);
        let half = self.tokens.get(at + 3).and_then(|next| match next.text.as_str() {
            "am" | "ص" | "صباحا" => Some(0),
            "pm" | "م" | "مسا" => Some(12),
            _ => None,
        });
        let hour = match half {
            Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
            _ => hour,
        };
        let time = Time::new(hour, minute, 0, 0).ok()?;
        let words = if self.is_arabic() { date::arabic_time(time) } else { date::english_time(time) };
        let after_hour = at > 0 && self.tokens[at - 1].is("الساعه");
        let words = if after_hour { words.trim_start_matches("الساعة ").to_owned() } else { words };
        Some((words, at + 3 + usize::from(half.is_some())))
    }
}

fn small_money(digits: &str) -> Option<Money> {
    Money::from_thousandths(digits.parse::<i64>().ok()?.checked_mul(1000)?).ok()
}
