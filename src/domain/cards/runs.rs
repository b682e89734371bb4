//! Finds the digits in a text, and which of them belong together.

use super::numerals::{self, Word};

/// Digits that belong together.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) numbers: Vec<Number>,
    /// Nothing but pauses stands before it.
    pub(super) at_start: bool,
    /// Nothing but pauses stands behind it.
    pub(super) at_end: bool,
}

impl Run {
    pub(super) fn digits(&self) -> usize {
        self.numbers.iter().map(|number| number.digits).sum()
    }
}

/// A numeral, or words that are one number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// So many digits it has.
    pub(super) digits: usize,
}

/// What is in a text.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) runs: Vec<Run>,
    /// There is no word in it but pauses, and no run.
    pub(super) only_pauses: bool,
}

/// The runs of `text`; `continues` when one may have begun before it.
pub(super) fn find(text: &str, continues: bool) -> Found {
    let tokens = tokens(text);
    let mut found = Found { runs: Vec::new(), only_pauses: true };
    let mut run = Run { at_start: true, ..Run::default() };
    // Words that sound like digits, and are digits if another one follows.
    let mut perhaps: Vec<Number> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let (digits, next) = match token.kind {
            Kind::Other => {
                perhaps.clear();
                found.only_pauses = false;
                close(&mut found.runs, std::mem::take(&mut run));
                at += 1;
                continue;
            }
            Kind::Word(Word::Pause) => {
                at += 1;
                continue;
            }
            Kind::Word(Word::Perhaps) => {
                if !run.numbers.is_empty() || (continues && run.at_start) {
                    perhaps.push(Number { start: token.start, end: token.end, digits: 1 });
                } else {
                    run.at_start = false;
                }
                found.only_pauses = false;
                at += 1;
                continue;
            }
            Kind::Numeral => (1, at + 1),
            Kind::Word(_) => number(&tokens, at),
        };
        // "Double" with no digit behind it has none.
        if digits > 0 {
            run.numbers.append(&mut perhaps);
            run.numbers.push(Number { start: token.start, end: tokens[next - 1].end, digits });
            found.only_pauses = false;
        }
        at = next;
    }
    // At the end it may still become one.
    run.numbers.append(&mut perhaps);
    run.at_end = true;
    close(&mut found.runs, run);
    found
}

fn close(runs: &mut Vec<Run>, run: Run) {
    if !run.numbers.is_empty() {
        runs.push(run);
    }
}

#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
    /// Only blanks and hyphens stand between it and the token before.
    joined: bool,
    /// The Arabic "and" is written together with it.
    and: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One digit of any script.
    Numeral,
    Word(Word),
    /// A word that is no number.
    Other,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut joined = true;
    let mut characters = text.char_indices().peekable();
    while let Some((start, c)) = characters.next() {
        if c.is_numeric() {
            tokens.push(Token { kind: Kind::Numeral, start, end: start + c.len_utf8(), joined, and: false });
        } else if c.is_alphabetic() {
            let mut end = start + c.len_utf8();
            while let Some((at, c)) = characters.next_if(|(_, c)| is_in_word(*c)) {
                end = at + c.len_utf8();
            }
            let meaning = numerals::meaning(&text[start..end]);
            let (kind, and) = meaning.map_or((Kind::Other, false), |(word, and)| (Kind::Word(word), and));
            tokens.push(Token { kind, start, end, joined, and });
        } else {
            joined &= c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}');
            continue;
        }
        joined = true;
    }
    tokens
}

/// Letters, Arabic vowel marks, and what stands inside words such as "it's".
fn is_in_word(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '\u{64b}'..='\u{65f}' | '\u{670}' | '\'' | '’')
}

// ---- numbers in words ----

/// The number that begins at `at`, a word of digits: how many digits it has, and the token after it.
fn number(tokens: &[Token], at: usize) -> (usize, usize) {
    let (mut digits, mut next) = below_thousand(tokens, at);
    // Each part takes the place of zeros of the part before: "two thousand" and "nineteen".
    let mut room = trailing_zeros(tokens, at, next);
    if let Some(zeros) = scale(tokens, next).filter(|zeros| *zeros >= 3) {
        digits += zeros;
        room = zeros;
        next += 1;
    }
    while room > 0 {
        let Some(part) = after_and(tokens, next) else { break };
        let (part_digits, mut end) = below_thousand(tokens, part);
        let zeros = scale(tokens, end).filter(|zeros| *zeros >= 3).unwrap_or(0);
        if part_digits + zeros > room {
            break;
        }
        end += usize::from(zeros > 0);
        room = zeros;
        next = end;
    }
    (digits, next)
}

/// As [`number`], without thousands.
fn below_thousand(tokens: &[Token], at: usize) -> (usize, usize) {
    let (mut digits, mut next) = match tokens[at].kind {
        Kind::Word(Word::Scale(zeros)) => return (zeros + 1, at + 1),
        Kind::Word(Word::Round { digits, .. }) => (digits, at + 1),
        _ => below_hundred(tokens, at),
    };
    let mut has_hundreds = matches!(tokens[at].kind, Kind::Word(Word::Round { zeros: 2, .. }));
    if digits <= 2 && scale(tokens, next) == Some(2) {
        (digits, next) = (digits + 2, next + 1);
        has_hundreds = true;
    }
    if has_hundreds && let Some(part) = after_and(tokens, next) {
        let (part_digits, end) = below_hundred(tokens, part);
        if part_digits <= 2 && end > part && scale(tokens, end) != Some(2) {
            next = end;
        }
    }
    (digits, next)
}

/// As [`number`], below a hundred; a repeated digit counts as it is written.
fn below_hundred(tokens: &[Token], at: usize) -> (usize, usize) {
    let follows = |at: usize, wanted: Word| matches!(joined_word(tokens, at), Some(word) if word == wanted);
    match tokens[at].kind {
        Kind::Word(Word::Repeat(times)) => match tokens.get(at + 1).map(|token| token.kind) {
            Some(Kind::Numeral | Kind::Word(Word::Digit)) => (times, at + 2),
            _ => (0, at + 1),
        },
        Kind::Word(Word::Tens) if follows(at + 1, Word::Digit) && !tokens[at + 1].and => (2, at + 2),
        Kind::Word(Word::Digit) if follows(at + 1, Word::ArabicTen) && !tokens[at + 1].and => (2, at + 2),
        // In Arabic the ones come first: "two and forty".
        Kind::Word(Word::Digit) if follows(at + 1, Word::Tens) && tokens[at + 1].and => (2, at + 2),
        Kind::Word(Word::Tens | Word::Teen | Word::ArabicTen) => (2, at + 1),
        _ => (1, at + 1),
    }
}

/// The zeros at the end of the number that stands from `at` to `next` and has no thousands.
fn trailing_zeros(tokens: &[Token], at: usize, next: usize) -> usize {
    match tokens[at].kind {
        Kind::Word(Word::Scale(zeros) | Word::Round { zeros, .. }) if next == at + 1 && zeros >= 3 => zeros,
        _ => 0,
    }
}

fn joined_word(tokens: &[Token], at: usize) -> Option<Word> {
    match tokens.get(at)? {
        Token { kind: Kind::Word(word), joined: true, .. } => Some(*word),
        _ => None,
    }
}

fn scale(tokens: &[Token], at: usize) -> Option<usize> {
    match joined_word(tokens, at)? {
        Word::Scale(zeros) => Some(zeros),
        _ => None,
    }
}

/// Where a number goes on at `at`, maybe after an "and"; `None` when no number stands there.
fn after_and(tokens: &[Token], at: usize) -> Option<usize> {
    let is_number = |word| matches!(word, Word::Digit | Word::Teen | Word::ArabicTen | Word::Tens | Word::Round { .. });
    match joined_word(tokens, at)? {
        Word::Pause if joined_word(tokens, at + 1).is_some_and(is_number) => Some(at + 1),
        word if is_number(word) => Some(at),
        _ => None,
    }
}
