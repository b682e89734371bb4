//! The fields of a form for a script: which keys of a document they stand for, and what a reader sees there.

/// A field of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The key of the document, and the field's name in a form.
    pub name: &'static str,
    /// How it is filled in.
    pub shape: Shape,
    /// Of a question or a record: it is there only where what is expected or recorded is one of these; anywhere, when there are none.
    pub only: &'static [&'static str],
    /// Few need it.
    pub is_seldom: bool,
}

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The name of a step.
    Id,
    /// Words, to be said or read by people.
    Words,
    /// What machines read, in one line.
    Code,
    /// Words, one text a line.
    Many,
    /// A whole number.
    Number,
    /// An amount, or the name of a variable that holds one.
    Limit,
    /// How many digits: `6`, or `4-6`.
    Length,
    /// Yes or no; yes is `true`.
    Check,
    /// One of these names, or nothing.
    Choice(&'static [&'static str]),
    /// A step, or nothing.
    Step,
    /// The name of a variable.
    Variable,
    /// How an answer is read back: as usual (nothing), `true`, `false`, or in these words.
    Confirm,
    /// Named answers: what callers say, and the step that each leads to.
    Answers,
    /// Conditions, and the step that each leads to.
    Cases,
    /// The variables that records bring, with their kinds.
    Variables,
    /// Values that variables get.
    Values,
    /// Names of the writer's choice, with a text each.
    Pairs,
    /// The step for each of these ways.
    Ways(&'static [&'static str]),
    /// Words for each of these occasions.
    Lines(&'static [&'static str]),
}

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Of a field for one text; of [`Shape::Many`] with a text on each line.
    Text(String),
    /// Of a field with many parts.
    Rows(Vec<Row>),
    /// The document has something there that no form shows. It stays as it is.
    Other,
}

/// A part of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The name of an answer, a variable, a way or an occasion; a condition.
    pub name: String,
    /// Its step, kind, value or words.
    pub value: String,
    /// What callers say who mean an answer, one text a line.
    pub says: String,
}

impl Row {
    /// One without examples.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), says: String::new() }
    }
}

impl Shape {
    /// Whether it has many parts.
    pub const fn has_rows(self) -> bool {
        matches!(
            self,
            Self::Answers | Self::Cases | Self::Variables | Self::Values | Self::Pairs | Self::Ways(_) | Self::Lines(_)
        )
    }

    /// The names of its parts, where they are given.
    pub const fn names(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Ways(names) | Self::Lines(names) => Some(names),
            _ => None,
        }
    }

    /// As documents keep it: without blanks around words, and without parts that say nothing.
    pub(super) fn tidy(self, content: &Content) -> Content {
        match content {
            Content::Text(text) if self == Self::Many => Content::Text(lines(text)),
            Content::Text(text) => Content::Text(line(text)),
            Content::Rows(rows) => {
                let rows = rows.iter().map(|row| Row {
                    name: line(&row.name),
                    value: line(&row.value),
                    says: lines(&row.says),
                });
                Content::Rows(rows.filter(|row| self.says_something(row)).collect())
            }
            Content::Other => Content::Other,
        }
    }

    fn says_something(self, row: &Row) -> bool {
        // Yes and no are there unasked.
        let is_given = self.names().is_some() || (self == Self::Answers && matches!(&*row.name, "yes" | "no"));
        let is_filled = !is_given || !row.value.is_empty() || !row.says.is_empty();
        is_filled && !row.name.is_empty()
    }
}

/// In one line, as a voice reads over blanks and ends of lines.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lines(text: &str) -> String {
    text.lines().map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
