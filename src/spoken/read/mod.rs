//! What people say, as values ("inverse text normalization"). `None` means: ask again.

mod amount;
mod choice;
mod clock;
mod date;
pub(super) mod digits;
mod intent;
mod moment;
mod name;
mod pick;
mod yes_no;

use jiff::civil::{Date, DateTime, Time};

use super::{Choice, Context, Intent, Understood};
use crate::domain::{Money, PhoneNumber};

/// Yes or no: "yeah", "of course not", "أيوة", "لا والله".
pub fn yes_no(text: &str, _cx: &Context) -> Option<Understood<bool>> {
    yes_no::yes_no(text)
}

/// A whole number: "twenty five", "خمسة وعشرين", "25".
pub fn number(text: &str, _cx: &Context) -> Option<Understood<i64>> {
    amount::number(text)
}

/// An amount of money: "250 pounds", "two fifty", "مئتين وخمسين". "Half of it" is none.
pub fn amount(text: &str, cx: &Context) -> Option<Understood<Money>> {
    amount::amount(text, cx)
}

/// A day: "next Friday", "the fifteenth", "بعد بكرة".
pub fn date(text: &str, cx: &Context) -> Option<Understood<Date>> {
    date::date(text, cx)
}

/// A time of day: "half past five", "الساعة خمسة ونص".
pub fn time(text: &str, cx: &Context) -> Option<Understood<Time>> {
    moment::time(text, cx)
}

/// A day with a time: "tomorrow at five", "in two hours".
pub fn moment(text: &str, cx: &Context) -> Option<Understood<DateTime>> {
    moment::moment(text, cx)
}

/// Digits read out: "four double two one", "خمسة خمسة صفر".
pub fn digits(text: &str, _cx: &Context) -> Option<Understood<String>> {
    digits::digits(text)
}

/// A telephone number, in digits or words.
pub fn phone(text: &str, cx: &Context) -> Option<Understood<PhoneNumber>> {
    digits::phone(text, cx)
}

/// Somebody's name: "my name is Sara Ali", "معك أحمد".
pub fn name(text: &str, cx: &Context) -> Option<Understood<String>> {
    name::name(text, cx)
}

/// Which of `options` was meant, by its place.
pub fn choice(text: &str, _cx: &Context, options: &[Choice<'_>]) -> Option<Understood<usize>> {
    choice::choice(text, options)
}

/// What a caller wants apart from answering.
pub fn intent(text: &str, _cx: &Context) -> Option<Understood<Intent>> {
    intent::intent(text)
}
