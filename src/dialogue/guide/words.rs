//! Lines as they are said: values in the places of variables, as people say them.

use std::collections::BTreeMap;

use super::Setup;
use crate::{
    domain::{Currency, Language, Money},
    script::{Aside, Line, Value},
    spoken::say,
};

/// A line that can be said.
pub(super) struct Rendered {
    pub(super) text: String,
    /// Has no values in it.
    pub(super) is_fixed: bool,
    /// The variable without a value, because of which other words are said.
    pub(super) missing: Option<String>,
}

/// The words of a line, or the name of the variable that is missing.
pub(super) fn line(line: &Line, values: &BTreeMap<String, Value>, setup: &Setup) -> Result<Rendered, String> {
    let text = line.text.render(|name| values.get(name).map(|value| spoken(value, setup)));
    match (text, &line.without) {
        (Ok(text), _) => Ok(Rendered { text, is_fixed: line.text.variables().next().is_none(), missing: None }),
        (Err(name), Some(without)) => {
            Ok(Rendered { text: without.to_string(), is_fixed: true, missing: Some(name.to_owned()) })
        }
        (Err(name), None) => Err(name.to_owned()),
    }
}

/// The words for an occasion, with the value that they speak of. The usual words where a value for the script's own is
/// missing.
pub(super) fn aside(aside: Aside, special: &str, values: &BTreeMap<String, Value>, setup: &Setup) -> String {
    let value = |name: &str| match aside.value() {
        Some(own) if own == name => Some(special.to_owned()),
        _ => values.get(name).map(|value| spoken(value, setup)),
    };
    let own = setup.script.asides.own(aside).and_then(|words| words.render(value).ok());
    own.unwrap_or_else(|| {
        let usual = aside.usual(setup.script.language);
        aside.value().map_or_else(|| usual.to_owned(), |name| usual.replace(&format!("{{{{{name}}}}}"), special))
    })
}

/// A value as people say it.
pub(super) fn spoken(value: &Value, setup: &Setup) -> String {
    let language = setup.script.language;
    match value {
        Value::Text(text) => text.clone(),
        Value::Money(money) => amount(*money, setup.currency, language),
        Value::Date(date) => say::date(*date, language),
        Value::Time(time) => say::time(*time, language),
        Value::DateTime(moment) => {
            let (date, time) = (say::date(moment.date(), language), say::time(moment.time(), language));
            if language == Language::ARABIC { format!("{date}، {time}") } else { format!("{date} at {time}") }
        }
        Value::Phone(phone) => say::phone(phone, language),
        Value::Card(ending) => say::card_ending(ending, language),
        Value::Digits(digits) => say::digits(digits, language),
        Value::Number(number) => say::number(*number, language),
        Value::YesNo(yes) => match (*yes, language == Language::ARABIC) {
            (true, false) => "yes".to_owned(),
            (false, false) => "no".to_owned(),
            (true, true) => "نعم".to_owned(),
            (false, true) => "لا".to_owned(),
        },
    }
}

/// An amount as people say it.
pub(super) fn amount(money: Money, currency: Option<Currency>, language: Language) -> String {
    let currency = currency.map(|currency| currency.to_string());
    say::amount(money, currency.as_deref(), language)
}
