//! The values of variables, and their kinds.

use std::{fmt, str::FromStr};

use jiff::civil::{Date, DateTime, Time};

use crate::domain::{Country, Money, PhoneNumber, fold};

/// Longest text that a variable holds, in characters: names, notes, what a caller said. The rest is cut off.
pub const LONGEST_VALUE: usize = 200;

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A person's name.
    Name,
    /// An amount in the desk's currency.
    Money,
    /// A day: `2026-05-15`.
    Date,
    /// A time of day: `17:30`.
    Time,
    /// A day and a time: `2026-05-15T17:30`.
    DateTime,
    /// A telephone number.
    Phone,
    /// A card's number, of which the last four digits are ever said.
    Card,
    /// Digits that are said one by one.
    Digits,
    /// A whole number.
    Number,
    /// Yes or no.
    YesNo,
}

/// Names of kinds in documents.
pub(super) const KINDS: [(&str, Kind); 11] = [
    ("text", Kind::Text),
    ("name", Kind::Name),
    ("money", Kind::Money),
    ("date", Kind::Date),
    ("time", Kind::Time),
    ("date-time", Kind::DateTime),
    ("phone", Kind::Phone),
    ("card", Kind::Card),
    ("digits", Kind::Digits),
    ("number", Kind::Number),
    ("yes-no", Kind::YesNo),
];

impl Kind {
    /// The names that documents use.
    pub fn names() -> Vec<&'static str> {
        KINDS.iter().map(|(name, _)| *name).collect()
    }

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("text", |(name, _)| name)
    }

    /// Whether one is more or less than another.
    pub(super) const fn is_ordered(self) -> bool {
        matches!(self, Self::Money | Self::Date | Self::Time | Self::DateTime | Self::Number)
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind).ok_or(())
    }
}

/// The value of a variable. It is personal: `Debug` shows its kind only.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Text`] and [`Kind::Name`].
    Text(String),
    /// Of [`Kind::Money`].
    Money(Money),
    /// Of [`Kind::Date`].
    Date(Date),
    /// Of [`Kind::Time`].
    Time(Time),
    /// Of [`Kind::DateTime`].
    DateTime(DateTime),
    /// Of [`Kind::Phone`].
    Phone(PhoneNumber),
    /// Of [`Kind::Card`]: its last four digits.
    Card(String),
    /// Of [`Kind::Digits`].
    Digits(String),
    /// Of [`Kind::Number`].
    Number(i64),
    /// Of [`Kind::YesNo`].
    YesNo(bool),
}

impl Value {
    /// A value of this kind, as records and forms write it; `None` when `text` is none.
    pub fn parse(kind: Kind, text: &str, country: Option<Country>) -> Option<Self> {
        let text = text.trim();
        let plain = fold(text);
        match kind {
            Kind::Text | Kind::Name => Self::text(text),
            Kind::Money => text.parse().ok().map(Self::Money),
            Kind::Date => plain.parse().ok().map(Self::Date),
            Kind::Time => plain.parse().ok().map(Self::Time),
            Kind::DateTime => plain.to_uppercase().parse().ok().map(Self::DateTime),
            Kind::Phone => PhoneNumber::parse(text, country).ok().map(Self::Phone),
            Kind::Card => card_ending(&plain).map(Self::Card),
            Kind::Digits => digits(&plain).map(Self::Digits),
            Kind::Number => plain.parse().ok().map(Self::Number),
            Kind::YesNo => match plain.as_str() {
                "yes" | "true" => Some(Self::YesNo(true)),
                "no" | "false" => Some(Self::YesNo(false)),
                _ => None,
            },
        }
    }

    /// A value of this kind in the JSON of a record or of another program's answer.
    pub fn of_json(kind: Kind, value: &serde_json::Value, country: Option<Country>) -> Option<Self> {
        match value {
            serde_json::Value::String(text) => Self::parse(kind, text, country),
            serde_json::Value::Number(number) => Self::parse(kind, &number.to_string(), country),
            serde_json::Value::Bool(yes) => Self::parse(kind, if *yes { "yes" } else { "no" }, country),
            _ => None,
        }
    }

    /// Words in one line, without what could be taken for a variable, cut at [`LONGEST_VALUE`]; `None` when none are left.
    pub fn text(text: &str) -> Option<Self> {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '{' | '}'));
        let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let line: String = line.chars().take(LONGEST_VALUE).collect();
        (!line.is_empty()).then_some(Self::Text(line))
    }

    /// Its kind; that of a name is [`Kind::Text`].
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Money(_) => Kind::Money,
            Self::Date(_) => Kind::Date,
            Self::Time(_) => Kind::Time,
            Self::DateTime(_) => Kind::DateTime,
            Self::Phone(_) => Kind::Phone,
            Self::Card(_) => Kind::Card,
            Self::Digits(_) => Kind::Digits,
            Self::Number(_) => Kind::Number,
            Self::YesNo(_) => Kind::YesNo,
        }
    }

    /// As records write it, for requests and comparisons; how it is spoken is another matter.
    pub fn written(&self) -> String {
        match self {
            Self::Text(text) | Self::Card(text) | Self::Digits(text) => text.clone(),
            Self::Money(money) => money.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Time(time) => time.strftime("%H:%M").to_string(),
            Self::DateTime(moment) => moment.strftime("%Y-%m-%dT%H:%M").to_string(),
            Self::Phone(phone) => phone.as_str().to_owned(),
            Self::Number(number) => number.to_string(),
            Self::YesNo(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[redacted {}]", self.kind().name())
    }
}

/// The last four digits of a number that may be masked.
fn card_ending(text: &str) -> Option<String> {
    let kept: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let ends_in_digits = text.chars().rev().filter(|c| !c.is_whitespace()).take(4).all(|c| c.is_ascii_digit());
    (kept.len() >= 4 && ends_in_digits).then(|| kept[kept.len() - 4..].iter().collect())
}

fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let fits = (1..=LONGEST_VALUE).contains(&digits.len());
    (fits && digits.bytes().all(|digit| digit.is_ascii_digit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_records_write() {
        for (kind, text, written) in [
            (Kind::Text, " two\n words {{x}} ", Some("two words x")),
            (Kind::Name, "نادية", Some("نادية")),
            (Kind::Text, " {}", None),
            (Kind::Money, "١٢٫٥", Some("12.50")),
            (Kind::Money, "much", None),
            (Kind::Date, "2026-05-15", Some("2026-05-15")),
            (Kind::Date, "15.5.2026", None),
            (Kind::Time, "17:30", Some("17:30")),
            (Kind::DateTime, "2026-05-15T17:30", Some("2026-05-15T17:30")),
            (Kind::Phone, "+44 20 7946 0958", Some("+442079460958")),
            (Kind::Card, "411111******1234", Some("1234")),
            (Kind::Card, "411111**********", None),
            (Kind::Digits, "12 34-5", Some("12345")),
            (Kind::Number, "٣٠", Some("30")),
            (Kind::YesNo, "Yes", Some("yes")),
            (Kind::YesNo, "maybe", None),
        ] {
            let value = Value::parse(kind, text, None);
            assert_eq!(value.as_ref().map(Value::written).as_deref(), written, "{text}");
        }
    }

    #[test]
    fn values_are_not_for_logs() {
        assert_eq!(format!("{:?}", Value::text("Nadia")), "Some([redacted text])");
    }
}
