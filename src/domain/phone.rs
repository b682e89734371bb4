//! Telephone numbers, parsed at the edge into the one form that can be compared, kept and dialled: E.164 (ITU-T).

use std::{fmt, str::FromStr};

use phonenumber::{Mode, country};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longer than any telephone number with its blanks and brackets.
const LONGEST: usize = 40;

/// Where numbers without a country's code are from: two letters (ISO 3166-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(country::Id);

/// Two letters that are no country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a country's two letters, such as GB or EG")]
pub struct UnknownCountry;

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, UnknownCountry> {
        text.trim().to_ascii_uppercase().parse().map(Self).map_err(|_| UnknownCountry)
    }
}

impl Country {
    /// Two capital letters.
    pub fn code(&self) -> &str {
        self.0.as_ref()
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A telephone number: `+` and 7 to 15 digits. It is personal data: keep it in a [`super::Pii`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Why something is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPhone {
    /// Not made of digits, or too many or too few.
    #[error("is not a telephone number: give one such as +44 20 7946 0958")]
    NotANumber,
    /// It could be anywhere.
    #[error("has no country's code: begin it with + and the code, or set the desk's country")]
    NoCountry,
}

impl PhoneNumber {
    /// Reads a number as people write it: with blanks, dashes, brackets, `00` or `+`, in digits of any script. Without a
    /// country's code it is one of `home`. Whether it is in use nobody knows before it is dialled.
    ///
    /// # Errors
    /// See [`BadPhone`].
    pub fn parse(text: &str, home: Option<Country>) -> Result<Self, BadPhone> {
        let text = super::fold(text);
        if text.len() > LONGEST || text.chars().any(char::is_alphabetic) {
            return Err(BadPhone::NotANumber);
        }
        // In most countries 00 goes before a number of another one; where it does not, no number begins with it.
        let text = text.strip_prefix("00").map_or(text.clone(), |rest| format!("+{rest}"));
        if home.is_none() && !text.starts_with('+') {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            return Err(if digits >= 5 { BadPhone::NoCountry } else { BadPhone::NotANumber });
        }
        let number = phonenumber::parse(home.map(|country| country.0), &text).map_err(|_| BadPhone::NotANumber)?;
        number.format().mode(Mode::E164).to_string().parse()
    }

    /// `+442079460958`
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether numbers like it are given to anybody: its length and its first digits fit the plan of its country.
    pub fn may_exist(&self) -> bool {
        phonenumber::parse(None, &self.0).is_ok_and(|number| number.is_valid())
    }

    /// The digits after the country's code: `2079460958`. Empty where no country has such numbers.
    pub fn national(&self) -> String {
        let parsed = phonenumber::parse(None, &self.0);
        parsed.map(|number| number.national().value().to_string()).unwrap_or_default()
    }
}

impl FromStr for PhoneNumber {
    type Err = BadPhone;

    /// Only what [`PhoneNumber::as_str`] gives.
    fn from_str(text: &str) -> Result<Self, BadPhone> {
        let digits = text.strip_prefix('+').ok_or(BadPhone::NotANumber)?;
        let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(BadPhone::NotANumber) }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, home: &str) -> Result<String, BadPhone> {
        PhoneNumber::parse(text, home.parse().ok()).map(|number| number.to_string())
    }

    #[test]
    fn some_numbers_are_given_to_nobody() {
        for (number, may_exist) in [("+442079460958", true), ("+201001234567", true), ("+44123", false), ("+9991234567", false)] {
            assert_eq!(PhoneNumber(number.to_owned()).may_exist(), may_exist, "{number}");
        }
    }

    #[test]
    fn numbers_are_written_in_many_ways() {
        for (text, home, number) in [
            ("+44 20 7946 0958", "", "+442079460958"),
            ("020 7946 0958", "GB", "+442079460958"),
            ("(0044) 20-7946-0958", "EG", "+442079460958"),
            ("0100 123 4567", "EG", "+201001234567"),
            ("٠١٠٠١٢٣٤٥٦٧", "EG", "+201001234567"),
            ("+٩٦٥ ٢٢٢٢ ١١١١", "", "+96522221111"),
            ("\u{202a}+1 (650) 253-0000\u{202c}", "", "+16502530000"),
        ] {
            assert_eq!(parse(text, home), Ok(number.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (text, home, why) in [
            ("", "GB", BadPhone::NotANumber),
            ("call me", "GB", BadPhone::NotANumber),
            ("12", "GB", BadPhone::NotANumber),
            ("+44", "", BadPhone::NotANumber),
            ("020 7946 0958", "", BadPhone::NoCountry),
            (&"1".repeat(41), "GB", BadPhone::NotANumber),
            ("+4420794609581234567", "", BadPhone::NotANumber),
        ] {
            assert_eq!(parse(text, home), Err(why), "{text}");
        }
        assert_eq!("+201001234567".parse::<PhoneNumber>().unwrap().national(), "1001234567");
        assert_eq!("XX".parse::<Country>(), Err(UnknownCountry));
        assert_eq!("gb".parse::<Country>().unwrap().code(), "GB");
    }
}
