//! A little language for the phrases that mean something, over words in the spelling of [`super::tokens::plain`].
//!
//! A pattern is words: `dont|never call me?` matches "never call" and "dont call me". `*` is up to three words of any kind,
//! `^` the beginning and `$` the end of what was said, without fillers there. The Arabic "and" before a word is overlooked.

use std::ops::Range;

use super::{
    lexicon,
    tokens::{Kind, Token},
};

/// So many words are looked at.
const MOST_WORDS: usize = 150;
/// So many words a `*` stands for.
const WIDEST: usize = 3;

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

    /// Where the pattern matches first at or after a word.
    fn find_from(&self, pattern: &str, from: usize) -> Option<Range<usize>> {
        let elements: Vec<&str> = pattern.split(' ').collect();
        (from..self.len()).find_map(|start| {
            let end = self.match_at(&elements, start)?;
            (end > start).then_some(start..end)
        })
    }

    /// Wherever the pattern matches, without overlaps.
    pub(super) fn find_all(&self, pattern: &str) -> Vec<Range<usize>> {
        let mut from = 0;
        let next = || {
            let found = self.find_from(pattern, from)?;
            from = found.end;
            Some(found)
        };
        std::iter::from_fn(next).collect()
    }

    /// Where the pattern matches first.
    pub(super) fn find(&self, pattern: &str) -> Option<Range<usize>> {
        self.find_from(pattern, 0)
    }

    /// Where the first of these patterns that matches does.
    pub(super) fn any(&self, patterns: &[&str]) -> Option<Range<usize>> {
        patterns.iter().find_map(|pattern| self.find(pattern))
    }

    /// The token after the pattern, if that matches at this token.
    pub(super) fn end_at(&self, pattern: &str, token: usize) -> Option<usize> {
        let start = self.at.binary_search(&token).ok()?;
        let end = self.match_at(&pattern.split(' ').collect::<Vec<_>>(), start)?;
        (end > start).then(|| self.tokens(&(start..end)).end)
    }

    fn match_at(&self, elements: &[&str], at: usize) -> Option<usize> {
        let Some((element, rest)) = elements.split_first() else { return Some(at) };
        match *element {
            "^" => (at == 0 || at == self.inner.start).then(|| self.match_at(rest, at))?,
            "$" => (at >= self.inner.end).then(|| self.match_at(rest, at))?,
            "*" => (at..=at + WIDEST).find_map(|at| self.match_at(rest, at)),
            _ => {
                let optional = element.strip_suffix('?');
                let matches = self.get(at).is_some_and(|token| is_one_of(token, optional.unwrap_or(element)));
                let taken = if matches { self.match_at(rest, at + 1) } else { None };
                taken.or_else(|| optional.and_then(|_| self.match_at(rest, at)))
            }
        }
    }
}

fn is_one_of(token: &Token, words: &str) -> bool {
    let bare = if token.is_arabic() { token.text.strip_prefix('و') } else { None };
    words.split('|').any(|word| token.text == word || bare == Some(word))
}

#[cfg(test)]
mod tests {
    use super::{super::tokens::tokens, *};

    #[test]
    fn patterns_match_words() {
        for (text, pattern, found) in [
            ("please don't call me again", "dont|never call me?", Some(1..4)),
            ("never, ever call", "never * call", Some(0..3)),
            ("never", "never * call", None),
            ("um no please", "^ no $", Some(1..2)),
            ("oh no it is not", "^ no $", None),
            ("وانا ما بعرف", "انا ما بعرف", Some(0..3)),
            ("", "a?", None),
        ] {
            let tokens = tokens(text);
            assert_eq!(Words::of(&tokens).find(pattern), found, "{text}: {pattern}");
        }
    }
}
