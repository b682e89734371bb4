//! Amounts of money, exactly: thousandths of the currency's unit, which is fine enough for every currency in use (dinars
//! have a thousand fils). Which currency it is, the desk's settings say.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const SCALE: i64 = 1000;
const DECIMALS: usize = 3;
/// A million millions: more is a typing error.
const MOST: i64 = 1_000_000_000_000 * SCALE;

/// An amount of money, at least nought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Why something is no amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMoney {
    /// Letters, two points, nothing at all.
    #[error("must be a number such as 1500 or 1500.50")]
    NotANumber,
    /// Less than nought.
    #[error("must not be negative")]
    Negative,
    /// More digits after the point than any currency has.
    #[error("has more than three digits after the point")]
    TooFine,
    /// Surely a typing error.
    #[error("is too large")]
    TooLarge,
}

impl Money {
    /// From what is stored.
    ///
    /// # Errors
    /// When it is negative or too large.
    pub const fn from_thousandths(thousandths: i64) -> Result<Self, BadMoney> {
        match thousandths {
            ..0 => Err(BadMoney::Negative),
            0..=MOST => Ok(Self(thousandths)),
            _ => Err(BadMoney::TooLarge),
        }
    }

    /// What is stored.
    pub const fn thousandths(self) -> i64 {
        self.0
    }
}

impl FromStr for Money {
    type Err = BadMoney;

    /// `1500`, `1500.5`, `1,500.50`; digits of any script that [`super::fold()`] knows. Nothing is rounded.
    fn from_str(text: &str) -> Result<Self, BadMoney> {
        let text = super::fold(text).replace([',', '٬', ' '], "").replace('٫', ".");
        if let Some(rest) = text.strip_prefix(['-', '−']) {
            return Err(if rest.starts_with(|c: char| c.is_ascii_digit()) {
                BadMoney::Negative
            } else {
                BadMoney::NotANumber
            });
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) || text.ends_with('.') {
            return Err(BadMoney::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(BadMoney::TooFine);
        }
        let digits = format!("{whole}{fraction:0<DECIMALS$}");
        Self::from_thousandths(digits.parse().map_err(|_| BadMoney::TooLarge)?)
    }
}

impl fmt::Display for Money {
    /// `1500`, `1500.50`, `0.125`: two digits after the point, or none, or three where they are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / SCALE, self.0 % SCALE);
        match fraction {
            0 => write!(f, "{whole}"),
            _ if fraction % 10 == 0 => write!(f, "{whole}.{:02}", fraction / 10),
            _ => write!(f, "{whole}.{fraction:03}"),
        }
    }
}

impl Serialize for Money {
    /// A number. All amounts up to a million millions are exact in the 53 bits that JSON's readers keep.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % SCALE == 0 {
            serializer.serialize_i64(self.0 / SCALE)
        } else {
            serializer.serialize_f64(self.0 as f64 / SCALE as f64)
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    /// A number, or a text with one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(serde_json::Number),
            Text(String),
        }
        let text = match Written::deserialize(deserializer) {
            Ok(Written::Number(number)) => number.to_string(),
            Ok(Written::Text(text)) => text,
            Err(_) => return Err(de::Error::custom(BadMoney::NotANumber)),
        };
        text.parse().map_err(de::Error::custom)
    }
}

/// A currency's three capital letters (ISO 4217): `GBP`, `EGP`. That there is such a currency is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency([u8; 3]);

/// A text that names no currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a currency's three letters, such as GBP or EGP")]
pub struct UnknownCurrency;

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let letters: [u8; 3] = text.trim().to_ascii_uppercase().as_bytes().try_into().map_err(|_| UnknownCurrency)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(UnknownCurrency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, shown) in [
            ("0", "0"),
            ("1500", "1500"),
            ("1500.5", "1500.50"),
            ("1,500.50", "1500.50"),
            (" 0.125 ", "0.125"),
            ("١٢٫٥", "12.50"),
            ("1.100000", "1.10"),
            ("1000000000000", "1000000000000"),
        ] {
            assert_eq!(text.parse::<Money>().map(|it| it.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for (text, why) in [
            ("", BadMoney::NotANumber),
            ("1.", BadMoney::NotANumber),
            (".5", BadMoney::NotANumber),
            ("1.2.3", BadMoney::NotANumber),
            ("1e5", BadMoney::NotANumber),
            ("much", BadMoney::NotANumber),
            ("-", BadMoney::NotANumber),
            ("-1", BadMoney::Negative),
            ("1.0001", BadMoney::TooFine),
            ("1000000000000.001", BadMoney::TooLarge),
            (&"9".repeat(400), BadMoney::TooLarge),
        ] {
            assert_eq!(text.parse::<Money>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_currency_is_three_letters() {
        assert_eq!(" egp ".parse::<Currency>().unwrap().to_string(), "EGP");
        assert_eq!(serde_json::from_str::<Currency>("\"kwd\"").unwrap(), "KWD".parse().unwrap());
        for bad in ["", "EG", "EURO", "E1P", "€", "ج.م"] {
            assert_eq!(bad.parse::<Currency>(), Err(UnknownCurrency), "{bad}");
        }
    }

    #[test]
    fn json_has_numbers_and_may_bring_text() {
        for (json, shown) in [("1500.5", "1500.5"), ("\"1,500\"", "1500"), ("7", "7")] {
            let money: Money = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&money).unwrap(), shown);
        }
        for json in ["null", "[]", "-3", "true", "1e300"] {
            assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
        }
    }
}
