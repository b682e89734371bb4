//! What is searched for, as the index of words (SQLite's FTS5) is asked, and what stands in that index.
//!
//! What lists are filtered by stands there too, as one word for each value, behind a character that nobody types: the index
//! intersects such words with those that are searched for without reading a single row.

use crate::domain::{PhoneNumber, fold};

/// Most words that are looked for.
const MOST_WORDS: usize = 8;
/// Longest part of a word that is looked for, in characters.
const LONGEST_WORD: usize = 64;
/// So many digits may be a telephone number, or its beginning.
const PHONE_DIGITS: usize = 5;
/// Characters of Unicode's private use area: FTS5 takes them for letters.
const OURS: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{e0ff}';
/// Takes the place of what is neither letter nor digit in a facet.
const BLANK: char = '\u{e0fe}';
/// Stands in no index.
const NOWHERE: &str = "\"\u{e0ff}\"";

/// What a list can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facet {
    /// Where a lead stands.
    Status,
    /// The language that is spoken.
    Language,
    /// Where a lead came from.
    Source,
    /// A customer's bank.
    Bank,
}

impl Facet {
    /// The one word for this value: upper and lower case and Arabic spellings are as when searching.
    fn word(self, value: &str) -> String {
        let mark = match self {
            Self::Status => '\u{e000}',
            Self::Language => '\u{e001}',
            Self::Source => '\u{e002}',
            Self::Bank => '\u{e003}',
        };
        let letters = fold(value).chars().map(|c| if c.is_alphanumeric() { c } else { BLANK }).collect::<String>();
        format!("{mark}{letters}")
    }
}

/// What an entity is sorted and found by, made of what people have written.
#[derive(Debug)]
pub struct Words {
    /// The name, folded.
    pub(in crate::store) name_key: String,
    /// See [`Searchable`].
    pub(in crate::store) search: String,
}

/// Collects what of an entity can be found.
#[derive(Debug, Default)]
pub(in crate::store) struct Searchable(String);

impl Searchable {
    /// Words of people.
    pub(in crate::store) fn text(mut self, text: &str) -> Self {
        self.push(&fold(&text.replace(|c| OURS.contains(&c), " ")));
        self
    }

    /// Found by its digits with the country's code, and without.
    pub(in crate::store) fn phone(mut self, phone: Option<&PhoneNumber>) -> Self {
        if let Some(phone) = phone {
            self.push(phone.as_str().trim_start_matches('+'));
            self.push(&phone.national());
        }
        self
    }

    /// What it is filtered by.
    pub(in crate::store) fn facet(mut self, facet: Facet, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.push(&facet.word(value));
        }
        self
    }

    fn push(&mut self, words: &str) {
        if !words.is_empty() {
            if !self.0.is_empty() {
                self.0.push('\n');
            }
            self.0.push_str(words);
        }
    }

    /// For the column that is indexed.
    pub(in crate::store) fn into_text(self) -> String {
        self.0
    }
}

/// What has to be found; by default nothing has to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search(Vec<String>);

impl Search {
    /// Words or their beginnings, all of them; a telephone number, or its beginning, however it is written. Text without a
    /// letter or digit is found nowhere.
    pub fn words(mut self, text: &str) -> Self {
        let folded = fold(text);
        if let Some(digits) = phone_digits(&folded) {
            self.0.push(beginning(&digits));
            return self;
        }
        let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let before = self.0.len();
        self.0.extend(words.take(MOST_WORDS).map(word_or_number));
        if self.0.len() == before && !folded.is_empty() {
            self.0.push(NOWHERE.to_owned());
        }
        self
    }

    /// Only where this is so.
    pub fn facet(mut self, facet: Facet, value: &str) -> Self {
        self.0.push(format!("\"{}\"", facet.word(value)));
        self
    }

    /// The question to FTS5; `None` when everything fits.
    pub(super) fn expression(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(" AND "))
    }
}

/// Letters and digits only: nothing in them means something to FTS5 within quotes.
fn beginning(word: &str) -> String {
    format!("\"{}\"*", word.chars().take(LONGEST_WORD).collect::<String>())
}

/// Zeros before a national number are dialled, and are no part of it.
fn word_or_number(word: &str) -> String {
    let is_number = word.len() >= PHONE_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    match word.trim_start_matches('0') {
        rest if is_number && rest.len() < word.len() && !rest.is_empty() => {
            format!("({} OR {})", beginning(word), beginning(rest))
        }
        _ => beginning(word),
    }
}

/// The digits of what is nothing but a telephone number, without what is dialled before it (`+`, `00`, `0`).
fn phone_digits(folded: &str) -> Option<String> {
    let is_phone = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '(' | ')' | '.' | '/');
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    let has_marks = digits.len() < folded.len();
    let fits = has_marks && digits.len() >= PHONE_DIGITS && folded.chars().all(is_phone);
    let digits = digits.trim_start_matches('0');
    (fits && !digits.is_empty()).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_a_beginning() {
        for (text, expression) in [
            ("", None),
            ("  ", None),
            ("Sara", Some(r#""sara"*"#)),
            ("أحمد على", Some(r#""احمد"* AND "علي"*"#)),
            (r#"o'neil" OR (x*"#, Some(r#""o"* AND "neil"* AND "or"* AND "x"*"#)),
            ("?!", Some(NOWHERE)),
            ("+44 20 7946", Some(r#""44207946"*"#)),
            ("(0100) 123-4567", Some(r#""1001234567"*"#)),
            ("٠١٠٠١٢٣", Some(r#"("0100123"* OR "100123"*)"#)),
            ("00000", Some(r#""00000"*"#)),
            ("2026", Some(r#""2026"*"#)),
            ("\u{e000}new", Some(r#""new"*"#)),
        ] {
            assert_eq!(Search::default().words(text).expression().as_deref(), expression, "{text}");
        }
        let many = Search::default().words(&"word ".repeat(1000)).expression().unwrap();
        assert_eq!(many.matches("word").count(), MOST_WORDS);
        assert!(Search::default().words(&"x".repeat(1000)).expression().unwrap().len() < 70);
    }

    #[test]
    fn nobody_types_a_facet() {
        let typed = Searchable::default().text("\u{e000}won أحمد").into_text();
        assert_eq!(typed, "won احمد");
        let facet = Searchable::default().facet(Facet::Source, Some("Web site/Ads")).into_text();
        assert_eq!(facet, "\u{e002}web\u{e0fe}site\u{e0fe}ads");
        let asked = Search::default().words("sara").facet(Facet::Source, "web SITE-ads").expression();
        assert_eq!(asked.unwrap(), format!("\"sara\"* AND \"{facet}\""));
    }
}
