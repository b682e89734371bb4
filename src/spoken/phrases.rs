//! A little language for the phrases that mean something, over words in the spelling of [`super::tokens::plain`].
//!
//! A pattern is words: `dont|never call me?` matches "never call" and "dont call me". `*` is up to three words of any kind,
//! `^` the beginning and `$` the end of what was said, without fillers there. The Arabic "and" before a word is overlooked.
//! Patterns are taken apart when they are first looked for ([`phrases!`]), and not for every text.

use std::{ops::Range, sync::OnceLock};

use super::{
    lexicon,
    tokens::{Kind, Token},
};

/// So many words are looked at.
const MOST_WORDS: usize = 150;
/// So many words a `*` stands for.
const WIDEST: usize = 3;

/// Patterns of which any will do.
pub(super) struct Phrases {
    sources: &'static [&'static str],
    compiled: OnceLock<Vec<Vec<Element>>>,
}

/// A part of a pattern.
enum Element {
    Beginning,
    End,
    Gap,
    Word { one_of: Vec<&'static str>, is_optional: bool },
}

impl Phrases {
    pub(super) const fn new(sources: &'static [&'static str]) -> Self {
        Self { sources, compiled: OnceLock::new() }
    }

    fn patterns(&self) -> &[Vec<Element>] {
        let compile = |source: &&'static str| source.split(' ').map(Element::new).collect();
        self.compiled.get_or_init(|| self.sources.iter().map(compile).collect())
    }
}

impl Element {
    fn new(source: &'static str) -> Self {
        match source {
            "^" => Self::Beginning,
            "$" => Self::End,
            "*" => Self::Gap,
            _ => {
                let optional = source.strip_suffix('?');
                let one_of = optional.unwrap_or(source).split('|').collect();
                Self::Word { one_of, is_optional: optional.is_some() }
            }
        }
    }
}

/// The [`Phrases`] of these patterns, in a place of their own where they stay compiled.
macro_rules! phrases {
    ($($pattern:literal),+ $(,)?) => {{
        static PHRASES: $crate::spoken::phrases::Phrases = $crate::spoken::phrases::Phrases::new(&[$($pattern),+]);
        &PHRASES
    }};
}
pub(super) use phrases;

/// The words of a text, without marks.
pub(super) struct Words<'a> {
    tokens: &'a [Token],
    /// Which tokens they are.
    at: Vec<usize>,
    /// Without fillers at both ends.
    inner: Range<usize>,
}

impl<'a> Words<'a> {
    pub(super) fn of(tokens: &'a [Token]) -> Self {
        let words = tokens.iter().enumerate().filter(|(_, token)| token.kind != Kind::Mark);
        let at: Vec<usize> = words.map(|(at, _)| at).take(MOST_WORDS).collect();
        let says = |at: &usize| !lexicon::is_filler(&tokens[*at].text);
        let start = at.iter().position(says).unwrap_or(0);
        let end = at.iter().rposition(says).map_or(at.len(), |last| last + 1);
        Self { tokens, at, inner: start..end }
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn get(&self, word: usize) -> Option<&'a Token> {
        self.at.get(word).and_then(|at| self.tokens.get(*at))
    }

    /// The tokens of a range of words.
    pub(super) fn tokens(&self, words: &Range<usize>) -> Range<usize> {
        let first = self.at.get(words.start).copied().unwrap_or_default();
        let end = self.at.get(words.end.wrapping_sub(1)).map_or(first, |last| last + 1);
        first..end
    }

    /// Where a pattern matches first at or after a word.
    fn find_from(&self, pattern: &[Element], from: usize) -> Option<Range<usize>> {
        (from..self.len()).find_map(|start| {
            let end = self.match_at(pattern, start)?;
            (end > start).then_some(start..end)
        })
    }

    /// Wherever one of these patterns matches; none overlaps with itself.
    pub(super) fn find_all(&self, phrases: &Phrases) -> impl Iterator<Item = Range<usize>> {
        phrases.patterns().iter().flat_map(move |pattern| {
            let mut from = 0;
            std::iter::from_fn(move || {
                let found = self.find_from(pattern, from)?;
                from = found.end;
                Some(found)
            })
        })
    }

    /// Where the first of these patterns that matches does.
    pub(super) fn find(&self, phrases: &Phrases) -> Option<Range<usize>> {
        phrases.patterns().iter().find_map(|pattern| self.find_from(pattern, 0))
    }

    /// The token after the first of these patterns that matches at this token.
    pub(super) fn end_at(&self, phrases: &Phrases, token: usize) -> Option<usize> {
        let start = self.at.binary_search(&token).ok()?;
        let end = |pattern: &Vec<Element>| self.match_at(pattern, start).filter(|end| *end > start);
        phrases.patterns().iter().find_map(end).map(|end| self.tokens(&(start..end)).end)
    }

    fn match_at(&self, pattern: &[Element], at: usize) -> Option<usize> {
        let Some((element, rest)) = pattern.split_first() else { return Some(at) };
        match element {
            Element::Beginning => (at == 0 || at == self.inner.start).then(|| self.match_at(rest, at))?,
            Element::End => (at >= self.inner.end).then(|| self.match_at(rest, at))?,
            Element::Gap => (at..=at + WIDEST).find_map(|at| self.match_at(rest, at)),
            Element::Word { one_of, is_optional } => {
                let matches = self.get(at).is_some_and(|token| is_one_of(token, one_of));
                let taken = if matches { self.match_at(rest, at + 1) } else { None };
                taken.or_else(|| is_optional.then(|| self.match_at(rest, at))?)
            }
        }
    }
}

fn is_one_of(token: &Token, words: &[&str]) -> bool {
    let bare = if token.is_arabic() { token.text.strip_prefix('و') } else { None };
    words.iter().any(|word| token.text == *word || bare == Some(*word))
}

#[cfg(test)]
mod tests {
    use super::{super::tokens::tokens, *};

    #[test]
    fn patterns_match_words() {
        for (text, phrases, found) in [
            ("please don't call me again", phrases!("dont|never call me?"), Some(1..4)),
            ("never, ever call", phrases!("never * call"), Some(0..3)),
            ("never", phrases!("never * call"), None),
            ("um no please", phrases!("^ no $"), Some(1..2)),
            ("oh no it is not", phrases!("^ no $"), None),
            ("oh no it is not", phrases!("is it", "not", "it is"), Some(4..5)),
            ("وانا ما بعرف", phrases!("انا ما بعرف"), Some(0..3)),
            ("", phrases!("a?"), None),
        ] {
            let tokens = tokens(text);
            assert_eq!(Words::of(&tokens).find(phrases), found, "{text}: {:?}", phrases.sources);
        }
    }

    #[test]
    fn all_matches_are_found() {
        let tokens = tokens("no no yes no");
        let found: Vec<_> = Words::of(&tokens).find_all(phrases!("yes", "no", "no no?")).collect();
        assert_eq!(found, [2..3, 0..1, 1..2, 3..4, 0..2, 3..4]);
        assert_eq!(Words::of(&tokens).end_at(phrases!("yes no", "yes"), 2), Some(4));
    }
}
