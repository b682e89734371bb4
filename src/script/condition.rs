//! Conditions of `branch` steps: `amountDue > 1000 and isCustomer = yes`, `promisedDate is missing`.

use std::{cmp::Ordering, collections::BTreeMap};

use super::{
    Kind, Value,
    fault::{hint, quoted},
    problem::Problem,
};

/// So many comparisons at most.
const MOST_COMPARISONS: usize = 8;

/// All of its comparisons have to hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: String,
    all: Vec<Comparison>,
}

#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    variable: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Known(bool),
    Is { operator: Operator, value: Value },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Condition {
    /// Parses a condition over `variables`.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(super) fn parse(text: &str, variables: &BTreeMap<String, Kind>) -> Result<Self, Problem> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let comparisons: Vec<_> = words.split(|word| *word == "and").collect();
        if comparisons.len() > MOST_COMPARISONS {
            return Err(Problem::TooManyComparisons { most: MOST_COMPARISONS });
        }
        let all = comparisons.into_iter().map(|words| Comparison::parse(words, variables));
        Ok(Self { text: words.join(" "), all: all.collect::<Result<_, _>>()? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variables that it looks at.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|comparison| comparison.variable.as_str())
    }

    /// Whether it holds. What is missing is equal to nothing, and neither less nor more.
    pub fn holds(&self, values: &BTreeMap<String, Value>) -> bool {
        self.all.iter().all(|comparison| comparison.holds(values.get(&comparison.variable)))
    }
}

impl Comparison {
    fn parse(words: &[&str], variables: &BTreeMap<String, Kind>) -> Result<Self, Problem> {
        let [name, operator, rest @ ..] = words else { return Err(Problem::NoCondition {}) };
        let Some(kind) = variables.get(*name) else {
            let names: Vec<_> = variables.keys().map(String::as_str).collect();
            return Err(Problem::NotCompared { name: quoted(name), hint: hint(name, &names) });
        };
        let test = match (*operator, rest) {
            ("is", ["known"]) => Test::Known(true),
            ("is", ["missing"]) => Test::Known(false),
            (operator, rest) => {
                let operator =
                    Operator::parse(operator).ok_or_else(|| Problem::BadOperator { name: quoted(operator) })?;
                let text = rest.join(" ");
                let text = text.trim_matches(['"', '\'']);
                let (written, kind_name) = (quoted(text), kind.name());
                let value = Value::parse(*kind, text, None).ok_or_else(|| Problem::NotComparable {
                    written,
                    name: (*name).to_owned(),
                    kind: kind_name,
                })?;
                if operator.orders() && !kind.is_ordered() {
                    return Err(Problem::NotOrdered { name: (*name).to_owned(), kind: kind_name });
                }
                Test::Is { operator, value }
            }
        };
        Ok(Self { variable: (*name).to_owned(), test })
    }

    fn holds(&self, value: Option<&Value>) -> bool {
        match (&self.test, value) {
            (Test::Known(known), value) => *known == value.is_some(),
            (Test::Is { operator, .. }, None) => *operator == Operator::Different,
            (Test::Is { operator, value: other }, Some(value)) => operator.holds(value, other),
        }
    }
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" | "==" => Self::Equal,
            "!=" | "≠" => Self::Different,
            "<" => Self::Less,
            "<=" | "≤" => Self::AtMost,
            ">" => Self::More,
            ">=" | "≥" => Self::AtLeast,
            _ => return None,
        })
    }

    const fn orders(self) -> bool {
        !matches!(self, Self::Equal | Self::Different)
    }

    fn holds(self, one: &Value, other: &Value) -> bool {
        let order = compare(one, other);
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::Different => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::More => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// How two values of one kind stand to each other. Texts are the same whatever their case and accents.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    use crate::domain::fold;
    match (one, other) {
        (Value::Money(one), Value::Money(other)) => Some(one.cmp(other)),
        (Value::Date(one), Value::Date(other)) => Some(one.cmp(other)),
        (Value::Time(one), Value::Time(other)) => Some(one.cmp(other)),
        (Value::DateTime(one), Value::DateTime(other)) => Some(one.cmp(other)),
        (Value::Number(one), Value::Number(other)) => Some(one.cmp(other)),
        (Value::Text(one), Value::Text(other)) => Some(fold(one).cmp(&fold(other))),
        _ if one.kind() == other.kind() => Some(one.written().cmp(&other.written())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> BTreeMap<String, Kind> {
        [("due", Kind::Money), ("days", Kind::Number), ("plan", Kind::Text), ("day", Kind::Date), ("ok", Kind::YesNo)]
            .map(|(name, kind)| (name.to_owned(), kind))
            .into()
    }

    #[test]
    fn conditions_compare_values_of_one_kind() {
        let values: BTreeMap<_, _> = [
            ("due", Value::Money("250.50".parse().unwrap())),
            ("plan", Value::text("Gold Plus").unwrap()),
            ("day", Value::Date("2026-05-15".parse().unwrap())),
            ("ok", Value::YesNo(true)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (text, holds) in [
            ("due > 250", true),
            ("due >= 250.50", true),
            ("due < 250.5", false),
            ("due <= 1000 and ok = yes", true),
            ("due <= 1000 and ok = no", false),
            ("plan = gold plus", true),
            ("plan = \"gold plus\"", true),
            ("plan != silver", true),
            ("day < 2026-05-16", true),
            ("days is known", false),
            ("days is missing", true),
            ("days > 3", false),
            ("days != 3", true),
            ("ok is known", true),
        ] {
            assert_eq!(Condition::parse(text, &variables()).map(|it| it.holds(&values)), Ok(holds), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        for (text, why) in [
            ("", "no condition"),
            ("due", "no condition"),
            ("due >", "cannot be compared"),
            ("due > much", "cannot be compared with `due`, which is of kind money"),
            ("plan > gold", "knows no less or more"),
            ("dues = 3", "did you mean `due`"),
            ("due is nice", "compares nothing"),
            ("due = 1 and", "no condition"),
            (&["due = 1"; 9].join(" and "), "more than 8"),
        ] {
            let error = Condition::parse(text, &variables()).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
