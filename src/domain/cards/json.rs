//! The same in JSON that travels with a caller.

use serde_json::{Map, Number, Value};

use super::{HEAD, HIDDEN, SHORTEST, TAIL, mask};

/// The field of a card's number, however it is spelt (`credit_card_number`).
const FIELD: &str = "creditcardnumber";

/// Masks every field `creditCardNumber`, at any depth, and every card-like number in other strings, names and numbers. A
/// number of thirteen digits that begins with 1 is left: it is a moment in milliseconds, and no card's.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask(text),
        Value::Number(number) => {
            if let Some(masked) = masked_number(number) {
                *value = Value::String(masked);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(fields) => {
            *fields = std::mem::take(fields).into_iter().map(|(name, value)| field(name, value)).collect::<Map<_, _>>();
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn field(name: String, mut value: Value) -> (String, Value) {
    let spelt: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if spelt == FIELD {
        mask_card(&mut value)
    } else {
        mask_json(&mut value)
    }
    (mask(&name), value)
}

/// Masks what is known to be a card's number, or a part of one.
fn mask_card(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask_number(text),
        Value::Number(number) => *value = Value::String(mask_number(&digits(number))),
        Value::Array(items) => items.iter_mut().for_each(mask_card),
        Value::Object(fields) => {
            let masked = std::mem::take(fields).into_iter().map(|(name, mut value)| {
                mask_card(&mut value);
                (mask(&name), value)
            });
            *fields = masked.collect();
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Masks a text that is known to be a card's number, or a part of one: a short number is no year here, so of fewer than
/// twelve digits only the last four are shown, unless it is masked already.
pub fn mask_number(text: &str) -> String {
    let masked = mask(text);
    let digits = masked.chars().filter(|c| c.is_numeric()).count();
    let is_masked = masked.chars().any(|c| matches!(c, HIDDEN | '*' | 'x' | 'X' | '#'));
    if digits <= TAIL || (is_masked && digits <= HEAD + TAIL) {
        return masked;
    }
    let mut place = 0;
    let hide = |c: char| {
        place += usize::from(c.is_numeric());
        if c.is_numeric() && place <= digits - TAIL { HIDDEN } else { c }
    };
    masked.chars().map(hide).collect()
}

fn masked_number(number: &Number) -> Option<String> {
    let digits = digits(number);
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let is_moment = count == 13 && digits.starts_with('1');
    let is_whole = digits.bytes().all(|c| c.is_ascii_digit() || c == b'-');
    (is_whole && count >= SHORTEST && !is_moment).then(|| mask(&digits))
}

/// A number in plain digits; 4.1e15 too.
fn digits(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}
