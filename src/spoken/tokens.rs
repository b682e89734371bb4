//! Text cut into words, digits and marks, in the one spelling that the tables of [`super::lexicon`] are written in.

use std::ops::Range;

use super::{Sureness, Understood, lexicon};
use crate::domain::fold;

/// So many bytes of a text are looked at: nobody says more in one turn.
const LONGEST: usize = 2000;

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters.
    Word,
    /// Digits, in ASCII.
    Digits,
    /// One character that is neither.
    Mark,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// As [`plain`] spells it.
    pub(super) text: String,
    /// Its bytes in the text.
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
    /// No blank stands before it.
    pub(super) glued: bool,
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        self.text == word
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.contains(&self.text.as_str())
    }

    pub(super) fn is_mark(&self, marks: &[char]) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(marks)
    }

    /// Whether it is written in Arabic letters.
    pub(super) fn is_arabic(&self) -> bool {
        self.text.starts_with(is_arabic)
    }

    /// What the word means, as it stands or without what Arabic writes together with it: "the", "for", "in", "this".
    pub(super) fn find<T>(&self, meaning: impl Fn(&str) -> Option<T>) -> Option<T> {
        if self.kind != Kind::Word {
            return None;
        }
        meaning(&self.text).or_else(|| stems(&self.text).find_map(meaning))
    }

    /// Whether "the" (`ال`) is written together with it.
    pub(super) fn has_article(&self) -> bool {
        ["ال", "لل", "بال", "هال", "عال", "وال"].iter().any(|article| self.text.starts_with(article))
    }
}

/// What is left of an Arabic word without its clitics: و and ف before all, then ب, ل, ك, ع, ه, then ال.
fn stems(word: &str) -> impl Iterator<Item = &str> {
    let is_whole = !word.starts_with(is_arabic) || lexicon::is_opaque(word);
    let enough = move |stem: &&str| !is_whole && stem.chars().count() >= 2;
    let prefixes =
        ["ال", "لل", "بال", "هال", "عال", "كال", "ب", "ل", "ف", "و", "وال", "فال", "وبال", "ولل", "ول", "وب"];
    prefixes.into_iter().filter_map(|prefix| word.strip_prefix(prefix)).filter(enough)
}

fn is_arabic(c: char) -> bool {
    ('\u{620}'..='\u{64a}').contains(&c)
}

/// The spelling of the tables: folded, without apostrophes, and with one letter for those that dialects and recognisers mix
/// up (ث ت, ذ د, ظ ض); hamza alone is left out.
pub(super) fn plain(word: &str) -> String {
    let alike = |c| match c {
        '\'' | '’' | '‘' | 'ء' => None,
        'ث' => Some('ت'),
        'ذ' => Some('د'),
        'ظ' => Some('ض'),
        c => Some(c),
    };
    fold(word).chars().filter_map(alike).collect()
}

/// The tokens of the beginning of a text, as far as anybody speaks in one turn.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    all_tokens(&text[..text.floor_char_boundary(LONGEST)])
}

/// The tokens of a text. The Arabic "and" is a token of its own where it is written together with a word of the tables.
pub(super) fn all_tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut characters = text.char_indices().peekable();
    let mut glued = false;
    while let Some((start, c)) = characters.next() {
        let kind = match c {
            _ if c.is_whitespace() => {
                glued = false;
                continue;
            }
            _ if c.is_numeric() => Kind::Digits,
            _ if c.is_alphabetic() => Kind::Word,
            _ => Kind::Mark,
        };
        let mut end = start + c.len_utf8();
        while let Some((at, c)) = characters.next_if(|(_, c)| goes_on(kind, *c)) {
            end = at + c.len_utf8();
        }
        let spelt = plain(&text[start..end]);
        // What folds to nothing cannot be seen; hyphens join words as blanks do.
        let joins = kind == Kind::Mark && matches!(c, '-' | '‐' | '‑') && glued && {
            let before = tokens.last().is_some_and(|token: &Token| token.kind == Kind::Word);
            before && characters.peek().is_some_and(|(_, next)| next.is_alphabetic())
        };
        if !spelt.is_empty() && !joins {
            push(&mut tokens, Token { text: spelt, span: start..end, kind, glued });
        }
        glued = !joins;
    }
    tokens
}

fn goes_on(kind: Kind, c: char) -> bool {
    match kind {
        Kind::Word => {
            c.is_alphabetic() || matches!(c, '\'' | '’' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}')
        }
        Kind::Digits => c.is_numeric(),
        Kind::Mark => false,
    }
}

fn push(tokens: &mut Vec<Token>, token: Token) {
    let rest = token.text.strip_prefix('و').filter(|rest| lexicon::is_value(rest) && !lexicon::is_value(&token.text));
    let Some(rest) = rest.map(str::to_owned) else { return tokens.push(token) };
    let middle = token.span.start + 'و'.len_utf8();
    tokens.push(Token { text: "و".to_owned(), span: token.span.start..middle, ..token });
    tokens.push(Token { text: rest, span: middle..token.span.end, kind: Kind::Word, glued: true });
}

/// The bytes of a range of tokens.
pub(super) fn span(tokens: &[Token], range: &Range<usize>) -> Range<usize> {
    let (Some(first), Some(last)) = (tokens.get(range.start), tokens.get(range.end.wrapping_sub(1))) else {
        return 0..0;
    };
    first.span.start..last.span.end
}

/// A value that stands somewhere among tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) value: T,
    /// The tokens that say it.
    pub(super) at: Range<usize>,
    pub(super) sure: Sureness,
}

impl<T> Found<T> {
    pub(super) fn understood(self, tokens: &[Token]) -> Understood<T> {
        Understood { value: self.value, sure: self.sure, span: span(tokens, &self.at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn a_text_falls_into_words_digits_and_marks() {
        for (text, expected) in [
            ("I'll pay £250.50", "ill pay £ 250 . 50"),
            ("twenty-five 5-6", "twenty five 5 - 6"),
            ("the 15th, 5pm", "the 15 th , 5 pm"),
            ("مئتين وخمسين دينار", "ميتين و خمسين دينار"),
            ("واحد والله", "واحد والله"),
            ("الثُّلاثاء", "التلاتا"),
            ("١٥ ظهراً", "15 ضهرا"),
            ("", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn spans_are_those_of_the_text() {
        let text = "ادفع وخمسين، ok";
        let cut: Vec<_> = tokens(text).into_iter().map(|token| &text[token.span]).collect();
        assert_eq!(cut, ["ادفع", "و", "خمسين", "،", "ok"]);
    }

    #[test]
    fn endless_text_is_cut() {
        assert!(tokens(&"ا".repeat(100_000)).iter().all(|token| token.span.end <= LONGEST));
        assert!(tokens(&"5 ".repeat(100_000)).len() <= LONGEST);
    }
}
