//! What people say, as values ("inverse text normalization"). `None` means: ask again.

use jiff::civil::{Date, DateTime, Time};

use super::{Choice, Context, Intent, Understood};
use crate::domain::{Money, PhoneNumber};

/// Yes or no: "yeah", "of course not", "أيوة", "لا والله".
pub fn yes_no(_text: &str, _cx: &Context) -> Option<Understood<bool>> {
    None
}

/// A whole number: "twenty five", "خمسة وعشرين", "25".
pub fn number(_text: &str, _cx: &Context) -> Option<Understood<i64>> {
    None
}

/// An amount of money: "250 pounds", "two fifty", "مئتين وخمسين". "Half of it" is none.
pub fn amount(_text: &str, _cx: &Context) -> Option<Understood<Money>> {
    None
}

/// A day: "next Friday", "the fifteenth", "بعد بكرة".
pub fn date(_text: &str, _cx: &Context) -> Option<Understood<Date>> {
    None
}

/// A time of day: "half past five", "الساعة خمسة ونص".
pub fn time(_text: &str, _cx: &Context) -> Option<Understood<Time>> {
    None
}

/// A day with a time: "tomorrow at five", "in two hours".
pub fn moment(_text: &str, _cx: &Context) -> Option<Understood<DateTime>> {
    None
}

/// Digits read out: "four double two one", "خمسة خمسة صفر".
pub fn digits(_text: &str, _cx: &Context) -> Option<Understood<String>> {
    None
}

/// A telephone number, in digits or words.
pub fn phone(_text: &str, _cx: &Context) -> Option<Understood<PhoneNumber>> {
    None
}

/// Somebody's name: "my name is Sara Ali", "معك أحمد".
pub fn name(_text: &str, _cx: &Context) -> Option<Understood<String>> {
    None
}

/// Which of `options` was meant, by its place.
pub fn choice(_text: &str, _cx: &Context, _options: &[Choice<'_>]) -> Option<Understood<usize>> {
    None
}

/// What a caller wants apart from answering.
pub fn intent(_text: &str, _cx: &Context) -> Option<Understood<Intent>> {
    None
}
