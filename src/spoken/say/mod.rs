//! Values as people say them, for a voice ("text normalization").
//!
//! English is British, as the Arabic is Modern Standard with the names of months that Egypt and the Gulf use, which all
//! understand, and numbers end as they are heard to end on the telephone: "مئتين وخمسين", not "مئتان وخمسون". What is said
//! here is understood by [`super::read`]. Other languages get digits.

mod currency;
mod date;
mod digits;
mod number;
mod text;

use jiff::civil::{Date, Time};
use number::Gender;

use self::currency::Names;
use crate::domain::{Language, Money, PhoneNumber};

/// "two hundred and fifty", "مئتين وخمسين".
pub fn number(number: i64, language: Language) -> String {
    if is_known(language) { number::signed(number, language) } else { number.to_string() }
}

/// "fifteenth", "الخامس عشر".
pub fn ordinal(number: u32, language: Language) -> String {
    match language {
        Language::ENGLISH => number::english_ordinal(u64::from(number)),
        Language::ARABIC => number::arabic_ordinal(u64::from(number), Gender::Masculine),
        _ => number.to_string(),
    }
}

/// "two hundred pounds and fifty pence", "مئتي دينار وخمسين فلسًا". `currency` is an ISO 4217 code; one that is not known is
/// said letter by letter, and without one the amount is a mere number.
pub fn amount(amount: Money, currency: Option<&str>, language: Language) -> String {
    if !is_known(language) {
        return currency.map_or(amount.to_string(), |code| format!("{amount} {code}"));
    }
    match currency.map(|code| (currency::by_code(code), code)) {
        Some((Some(names), _)) => named_amount(amount, names, language),
        Some((None, code)) => format!("{} {}", decimal(amount, language), spaced(code)),
        None => decimal(amount, language),
    }
}

/// "Friday the fifteenth of May", "الجمعة، الخامس عشر من مايو": without the year, which people leave out.
pub fn date(date: Date, language: Language) -> String {
    match language {
        Language::ENGLISH => date::english(date),
        Language::ARABIC => date::arabic(date),
        _ => date.to_string(),
    }
}

/// "half past five in the afternoon", "الساعة الخامسة والنصف بعد الظهر". Seconds are left out.
pub fn time(time: Time, language: Language) -> String {
    match language {
        Language::ENGLISH => date::english_time(time),
        Language::ARABIC => date::arabic_time(time),
        _ => time.strftime("%H:%M").to_string(),
    }
}

/// Digit by digit, the country's code first: "plus four four, two zero seven, nine four six, …".
pub fn phone(phone: &PhoneNumber, language: Language) -> String {
    let national = phone.national();
    let country = phone.as_str().strip_suffix(national.as_str()).filter(|code| code.len() > 1).unwrap_or_default();
    let national = &phone.as_str()[country.len()..];
    let country = digits(country, language);
    let rest = digits(national, language);
    if country.is_empty() { rest } else { format!("{country}, {rest}") }
}

/// Digit by digit, in the groups that they are written in, else in such as people make. Letters are spelt.
pub fn digits(digits: &str, language: Language) -> String {
    if is_known(language) { digits::grouped(digits, language) } else { digits.to_owned() }
}

/// The last digits of a card, one by one, without a pause.
pub fn card_ending(digits: &str, language: Language) -> String {
    if is_known(language) { digits::one_by_one(digits, language) } else { digits.to_owned() }
}

/// Everything in running text that a voice would read wrongly: digits, amounts, dates, telephone numbers, card endings.
pub fn text(text: &str, language: Language) -> String {
    if is_known(language) { text::normalized(text, language) } else { text.to_owned() }
}

fn is_known(language: Language) -> bool {
    matches!(language, Language::ENGLISH | Language::ARABIC)
}

fn named_amount(amount: Money, names: &Names, language: Language) -> String {
    let (whole, fraction) = (amount.thousandths() / 1000, amount.thousandths() % 1000);
    let parts = fraction / names.part;
    if fraction % names.part != 0 {
        let unit = if language == Language::ARABIC { names.arabic.one } else { names.english.more };
        return format!("{} {unit}", decimal(amount, language));
    }
    let (whole, parts) = (whole.unsigned_abs(), parts.unsigned_abs());
    let (major, minor, and) = match language {
        Language::ARABIC => (number::counted(whole, &names.arabic), number::counted(parts, &names.arabic_part), " و"),
        _ => {
            let counted =
                |count, forms: currency::Forms| format!("{} {}", number::english(count), forms.of(count == 1));
            (counted(whole, names.english), counted(parts, names.english_part), " and ")
        }
    };
    match (whole, parts) {
        (_, 0) => major,
        (0, _) => minor,
        _ => format!("{major}{and}{minor}"),
    }
}

/// "two point five zero".
fn decimal(amount: Money, language: Language) -> String {
    let text = amount.to_string();
    let (_, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = number(amount.thousandths() / 1000, language);
    if fraction.is_empty() || !text.contains('.') {
        return whole;
    }
    let point = if language == Language::ARABIC { "فاصلة" } else { "point" };
    format!("{whole} {point} {}", digits::one_by_one(fraction, language))
}

fn spaced(letters: &str) -> String {
    letters.chars().map(String::from).collect::<Vec<_>>().join(" ")
}
