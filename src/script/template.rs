//! Text with variables in it: `Hello {{userName}}.`

use std::fmt;

use super::{fault::quoted, problem::Problem};

/// Longest name of a variable, a step or an answer, in characters.
pub(super) const LONGEST_NAME: usize = 40;

/// A text with places for values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// The value of the variable with this name.
    Variable(String),
}

impl Template {
    /// Parses a text. Line ends and runs of blanks become one blank: a voice reads over them.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (mut rest, mut parts) = (text.as_str(), Vec::new());
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or(Problem::OpenVariable {})?;
            let name = name.trim();
            if !is_name(name) {
                return Err(Problem::BadVariable { name: quoted(name) });
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The names of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with what `value` says in the places of variables, or the name of the first variable without a value.
    ///
    /// # Errors
    /// The name of a variable for which `value` has nothing.
    pub fn render(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, &str> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(name) => text.push_str(&value(name).ok_or(name.as_str())?),
            }
        }
        Ok(text)
    }

    /// Its pieces in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// As it was written, up to blanks.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Variable(name) => write!(f, "{{{{{name}}}}}"),
        })
    }
}

/// Names of variables: letters of any script, digits, `_`; a letter first.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.chars().count() <= LONGEST_NAME
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Ids of steps, answers and outcomes: as names, `-` too.
pub(super) fn is_id(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.chars().count() <= LONGEST_NAME
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_in_double_braces() {
        let template = Template::parse("Hello {{ userName }},\n  you owe {{amountDue}}.").unwrap();
        assert_eq!(template.to_string(), "Hello {{userName}}, you owe {{amountDue}}.");
        assert_eq!(template.variables().collect::<Vec<_>>(), ["userName", "amountDue"]);
        let known = |name: &str| (name == "userName").then(|| "Amal".to_owned());
        assert_eq!(template.render(known), Err("amountDue"));
        assert_eq!(template.render(|name| Some(name.len().to_string())).unwrap(), "Hello 8, you owe 9.");
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for text in ["{{", "a {{b", "{{}}", "{{a b}}", "{{1}}", "{{a{{b}}}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
        for text in ["", "{a}", "}}", "مرحبا {{الاسم}}"] {
            assert_eq!(Template::parse(text).map(|it| it.to_string()), Ok(text.to_owned()));
        }
    }
}
