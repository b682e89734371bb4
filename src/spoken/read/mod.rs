//! What people say, as values ("inverse text normalization"). `None` means: ask again.
//!
//! Each function looks for its value anywhere in the text, takes what is denied away ("not 250, 200"), keeps the last of what
//! was corrected ("250, no, sorry, 200"), and refuses where two values are left. In languages other than English and Arabic
//! only digits are understood.

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
use crate::domain::{Language, Money, PhoneNumber};

/// Yes or no: "yeah", "of course not", "أيوة", "لا والله".
pub fn yes_no(text: &str, cx: &Context) -> Option<Understood<bool>> {
    understands(text, cx).then(|| yes_no::yes_no(text))?
}

/// A whole number: "twenty five", "خمسة وعشرين", "25".
pub fn number(text: &str, cx: &Context) -> Option<Understood<i64>> {
    understands(text, cx).then(|| amount::number(text))?
}

/// An amount of money: "250 pounds", "two fifty", "مئتين وخمسين". "Half of it" is none.
pub fn amount(text: &str, cx: &Context) -> Option<Understood<Money>> {
    understands(text, cx).then(|| amount::amount(text))?
}

/// A day: "next Friday", "the fifteenth", "بعد بكرة".
pub fn date(text: &str, cx: &Context) -> Option<Understood<Date>> {
    understands(text, cx).then(|| date::date(text, cx))?
}

/// A time of day: "half past five", "الساعة خمسة ونص".
pub fn time(text: &str, cx: &Context) -> Option<Understood<Time>> {
    understands(text, cx).then(|| moment::time(text, cx))?
}

/// A day with a time: "tomorrow at five", "in two hours".
pub fn moment(text: &str, cx: &Context) -> Option<Understood<DateTime>> {
    understands(text, cx).then(|| moment::moment(text, cx))?
}

/// Digits read out: "four double two one", "خمسة خمسة صفر".
pub fn digits(text: &str, cx: &Context) -> Option<Understood<String>> {
    understands(text, cx).then(|| digits::digits(text))?
}

/// A telephone number, in digits or words.
pub fn phone(text: &str, cx: &Context) -> Option<Understood<PhoneNumber>> {
    understands(text, cx).then(|| digits::phone(text, cx))?
}

/// Somebody's name: "my name is Sara Ali", "معك أحمد".
pub fn name(text: &str, cx: &Context) -> Option<Understood<String>> {
    understands(text, cx).then(|| name::name(text))?
}

/// Which of `options` was meant, by its place.
pub fn choice(text: &str, cx: &Context, options: &[Choice<'_>]) -> Option<Understood<usize>> {
    understands(text, cx).then(|| choice::choice(text, options))?
}

/// What a caller wants apart from answering.
pub fn intent(text: &str, cx: &Context) -> Option<Understood<Intent>> {
    understands(text, cx).then(|| intent::intent(text))?
}

/// Whether the words of the tables mean in this text what they mean in English or Arabic.
fn understands(text: &str, cx: &Context) -> bool {
    matches!(cx.language, Language::ENGLISH | Language::ARABIC) || !text.contains(char::is_alphabetic)
}
