//! Which answers a language model may give: a grammar in llama.cpp's GBNF, checked before an engine sees it.
//!
//! GBNF: <https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md>, here without rules over tokens. The check
//! is stricter than llama.cpp's, which reports on standard error, misses some of the recursions that it cannot run, and
//! takes grammars that no answer ever satisfies.

use std::{collections::HashMap, fmt, sync::Arc};

/// The rule that an answer has to follow.
pub(crate) const ROOT: &str = "root";
/// The longest grammar, in bytes.
const LONGEST: usize = 16 << 10;
/// Symbols at most once repetitions are written out, as llama.cpp does.
const MOST_SYMBOLS: usize = 16 << 10;
/// The largest number in `{…}`.
const MOST_REPETITIONS: usize = 256;
/// Groups within groups.
const DEEPEST: usize = 16;
/// Ways to the first characters at most: llama.cpp follows each of them.
const MOST_BEGINNINGS: usize = 4096;

/// A grammar that every engine can run and some answer satisfies. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Grammar {
    source: Arc<str>,
}

/// Why a text is no grammar that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the grammar's line {line}: {what}")]
pub struct GrammarError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Grammar {
    /// Checks `source`, whose rule `root` is what an answer has to follow.
    ///
    /// # Errors
    /// [`GrammarError`] naming the line: not GBNF, a rule that is missing, that begins with itself or never ends, or more
    /// than an engine should have to follow.
    pub fn new(source: &str) -> Result<Self, GrammarError> {
        let mut parser = Parser { source, rest: source, rules: Vec::new(), names: HashMap::new(), symbols: 0 };
        if source.len() > LONGEST {
            return Err(GrammarError { line: 1, what: format!("it is longer than {} kB", LONGEST >> 10) });
        }
        parser.grammar()?;
        check(&parser.rules)?;
        Ok(Self { source: source.into() })
    }

    /// The grammar as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grammar {{ {} bytes }}", self.source.len())
    }
}

/// What a rule is made of.
#[derive(Clone, Copy, Debug)]
enum Symbol {
    /// One or more characters.
    Text,
    /// What the rule of that number stands for.
    Rule(usize),
}

/// A rule of the grammar, or one that stands for a group or a repetition in it.
#[derive(Debug)]
struct Rule {
    name: String,
    line: usize,
    /// `None` until it is defined.
    alternates: Option<Vec<Vec<Symbol>>>,
}

/// How often something comes.
#[derive(Clone, Copy, Debug)]
struct Times {
    least: usize,
    /// `None`: any number.
    most: Option<usize>,
}

struct Parser<'s> {
    source: &'s str,
    rest: &'s str,
    rules: Vec<Rule>,
    names: HashMap<&'s str, usize>,
    symbols: usize,
}

impl<'s> Parser<'s> {
    fn grammar(&mut self) -> Result<(), GrammarError> {
        let root = self.rule_named(ROOT);
        self.space(true);
        while !self.rest.is_empty() {
            self.rule()?;
        }
        debug_assert_eq!(root, 0, "the first rule is the root");
        Ok(())
    }

    fn rule(&mut self) -> Result<(), GrammarError> {
        let line = self.line();
        let name = self.name().ok_or_else(|| self.error("a rule begins with its name"))?;
        self.space(false);
        if !self.take("::=") {
            return Err(self.error("a rule's name is followed by ::="));
        }
        self.space(true);
        let rule = self.rule_named(name);
        if self.rules[rule].alternates.is_some() {
            return Err(self.error(format!("{name} is defined twice")));
        }
        let alternates = self.alternates(0)?;
        if !self.rest.is_empty() && !self.rest.starts_with(['\n', '\r']) {
            return Err(self.error("this is no symbol of a rule"));
        }
        (self.rules[rule].line, self.rules[rule].alternates) = (line, Some(alternates));
        self.space(true);
        Ok(())
    }

    fn alternates(&mut self, depth: usize) -> Result<Vec<Vec<Symbol>>, GrammarError> {
        let mut alternates = vec![self.sequence(depth)?];
        while self.take("|") {
            self.space(true);
            alternates.push(self.sequence(depth)?);
        }
        Ok(alternates)
    }

    fn sequence(&mut self, depth: usize) -> Result<Vec<Symbol>, GrammarError> {
        let mut sequence = Vec::new();
        loop {
            let before = self.symbols;
            let symbol = match self.rest.chars().next() {
                Some('"') => self.literal()?,
                Some('[') => Some(self.class()?),
                Some('.') => {
                    self.rest = &self.rest[1..];
                    Some(Symbol::Text)
                }
                Some('(') => Some(self.group(depth)?),
                _ => match self.name() {
                    Some(name) => Some(Symbol::Rule(self.rule_named(name))),
                    None => return Ok(sequence),
                },
            };
            self.count(1)?;
            self.space(depth > 0);
            sequence.extend(symbol);
            while let Some(times) = self.times()? {
                let Some(repeated) = symbol.and_then(|_| sequence.pop()) else {
                    return Err(self.error("an empty text cannot be repeated"));
                };
                let copies = times.most.unwrap_or(times.least).max(1);
                self.count((self.symbols - before).saturating_mul(copies - 1))?;
                self.repeat(repeated, times, &mut sequence);
                self.space(depth > 0);
            }
        }
    }

    /// Writes a repetition as rules. For what is looked at here, two times are as good as many.
    fn repeat(&mut self, symbol: Symbol, times: Times, sequence: &mut Vec<Symbol>) {
        let line = self.line();
        let number = self.rules.len();
        // So that what may be empty is found wherever it is repeated, by what begins with itself.
        let again = if times.most == Some(1) { vec![symbol] } else { vec![symbol, Symbol::Rule(number)] };
        if times.least > 0 {
            sequence.push(symbol);
        }
        if times.most != Some(times.least) {
            let alternates = Some(vec![again, Vec::new()]);
            self.rules.push(Rule { name: "a repetition".to_owned(), line, alternates });
            sequence.push(Symbol::Rule(number));
        }
    }

    fn times(&mut self) -> Result<Option<Times>, GrammarError> {
        let (least, most) = match self.rest.chars().next() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted_times().map(Some),
            _ => return Ok(None),
        };
        self.rest = &self.rest[1..];
        Ok(Some(Times { least, most }))
    }

    /// `{2}`, `{2,}`, `{2,3}`.
    fn counted_times(&mut self) -> Result<Times, GrammarError> {
        let mistaken = || format!("a repetition is {{2}}, {{2,}} or {{2,3}}, with numbers up to {MOST_REPETITIONS}");
        let inside = self.rest[1..].split_once('}').filter(|(inside, _)| inside.len() < 32);
        let (inside, rest) = inside.ok_or_else(|| self.error(mistaken()))?;
        let number = |text: &str| text.trim().parse().ok().filter(|count| *count <= MOST_REPETITIONS);
        let times = match inside.split_once(',') {
            None => number(inside).map(|count| Times { least: count, most: Some(count) }),
            Some((least, most)) if most.trim().is_empty() => number(least).map(|least| Times { least, most: None }),
            Some((least, most)) => {
                number(least).zip(number(most)).map(|(least, most)| Times { least, most: Some(most) })
            }
        };
        let possible = |times: &Times| times.most.is_none_or(|most| most > 0 && most >= times.least);
        let times = times.filter(possible).ok_or_else(|| self.error(mistaken()))?;
        self.rest = rest;
        Ok(times)
    }

    fn group(&mut self, depth: usize) -> Result<Symbol, GrammarError> {
        if depth >= DEEPEST {
            return Err(self.error("too many groups within groups"));
        }
        let line = self.line();
        self.rest = &self.rest[1..];
        self.space(true);
        let alternates = self.alternates(depth + 1)?;
        if !self.take(")") {
            return Err(self.error("a group ends with )"));
        }
        self.rules.push(Rule { name: "a group".to_owned(), line, alternates: Some(alternates) });
        Ok(Symbol::Rule(self.rules.len() - 1))
    }

    /// A text in quotation marks; `None` when it is empty.
    fn literal(&mut self) -> Result<Option<Symbol>, GrammarError> {
        self.rest = &self.rest[1..];
        let mut symbol = None;
        while !self.take("\"") {
            self.character()?;
            self.count(1)?;
            symbol = Some(Symbol::Text);
        }
        Ok(symbol)
    }

    /// One character of several: `[a-z]`, `[^"]`.
    fn class(&mut self) -> Result<Symbol, GrammarError> {
        self.rest = &self.rest[1..];
        self.take("^");
        let mut is_empty = true;
        while !self.take("]") {
            let low = self.character()?;
            self.count(1)?;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.rest = &self.rest[1..];
                if self.character()? < low {
                    return Err(self.error("a range begins with its lower character"));
                }
            }
            is_empty = false;
        }
        if is_empty { Err(self.error("a choice of no characters")) } else { Ok(Symbol::Text) }
    }

    /// A character of a text or a class, as itself or escaped.
    fn character(&mut self) -> Result<char, GrammarError> {
        let mut characters = self.rest.chars();
        let (character, rest) = match characters.next() {
            None | Some('\n' | '\r') => return Err(self.error("a text or a choice is not closed")),
            Some('\\') => {
                let hexadecimal = |digits: usize| {
                    let digits = self.rest.get(2..2 + digits)?;
                    let code = digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)?;
                    let character = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
                    Some((character, &self.rest[2 + digits.len()..]))
                };
                let escaped = match characters.next() {
                    Some('x') => hexadecimal(2),
                    Some('u') => hexadecimal(4),
                    Some('U') => hexadecimal(8),
                    Some('t') => Some(('\t', characters.as_str())),
                    Some('r') => Some(('\r', characters.as_str())),
                    Some('n') => Some(('\n', characters.as_str())),
                    Some(same @ ('\\' | '"' | '[' | ']' | '-')) => Some((same, characters.as_str())),
                    _ => None,
                };
                escaped.ok_or_else(|| self.error("this character cannot be escaped"))?
            }
            Some(character) => (character, characters.as_str()),
        };
        if character == '\0' {
            return Err(self.error("no text has the character 0"));
        }
        self.rest = rest;
        Ok(character)
    }

    fn name(&mut self) -> Option<&'s str> {
        let is_in_name = |character: char| character.is_ascii_alphanumeric() || character == '-';
        let end = self.rest.find(|character| !is_in_name(character)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }

    fn rule_named(&mut self, name: &'s str) -> usize {
        let (next, line) = (self.rules.len(), self.line());
        let number = *self.names.entry(name).or_insert(next);
        if number == next {
            self.rules.push(Rule { name: name.to_owned(), line, alternates: None });
        }
        number
    }

    fn count(&mut self, symbols: usize) -> Result<(), GrammarError> {
        self.symbols = self.symbols.saturating_add(symbols);
        if self.symbols > MOST_SYMBOLS {
            return Err(self.error(format!("more than {MOST_SYMBOLS} symbols, repetitions written out")));
        }
        Ok(())
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Skips space and comments; the ends of lines too, or not.
    fn space(&mut self, with_lines: bool) {
        let is_space =
            |character: char| matches!(character, ' ' | '\t') || with_lines && matches!(character, '\n' | '\r');
        loop {
            self.rest = self.rest.trim_start_matches(is_space);
            if !self.rest.starts_with('#') {
                return;
            }
            self.rest = self.rest.find(['\n', '\r']).map_or("", |end| &self.rest[end..]);
        }
    }

    fn line(&self) -> usize {
        let passed = &self.source.as_bytes()[..self.source.len() - self.rest.len()];
        passed.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn error(&self, what: impl Into<String>) -> GrammarError {
        GrammarError { line: self.line(), what: what.into() }
    }
}

/// Checks that an engine can follow `rules`, of which the first is the root.
fn check(rules: &[Rule]) -> Result<(), GrammarError> {
    let error = |rule: &Rule, what: String| Err(GrammarError { line: rule.line, what });
    if let Some(rule) = rules.iter().find(|rule| rule.alternates.is_none()) {
        return error(rule, format!("there is no rule {}", rule.name));
    }
    let rules: Vec<(&Rule, &[Vec<Symbol>])> =
        rules.iter().map(|rule| (rule, rule.alternates.as_deref().unwrap_or_default())).collect();
    let is_known = |symbol: &Symbol, known: &[bool]| matches!(symbol, Symbol::Rule(rule) if known[*rule]);
    let may_be_empty = known_of(&rules, |alternates, known| {
        alternates.iter().any(|sequence| sequence.iter().all(|symbol| is_known(symbol, known)))
    });
    let ends = known_of(&rules, |alternates, known| {
        let ends = |symbol: &Symbol| matches!(symbol, Symbol::Text) || is_known(symbol, known);
        alternates.iter().any(|sequence| sequence.iter().all(ends))
    });
    if let Some((rule, _)) = rules.iter().zip(&ends).find(|(_, ends)| !**ends).map(|(rule, _)| rule) {
        return error(rule, format!("{} never comes to an end", rule.name));
    }
    // The rules that a sequence may begin with: those behind others that may be empty are among them.
    let beginnings = |sequence: &[Symbol]| {
        let first = sequence.iter().take_while(|symbol| is_known(symbol, &may_be_empty)).count();
        let rules = sequence.iter().take(first + 1);
        rules.filter_map(|symbol| if let Symbol::Rule(rule) = symbol { Some(*rule) } else { None }).collect::<Vec<_>>()
    };
    let mut ways = vec![0_usize; rules.len()];
    // A rule is known once all those that it may begin with are: what begins with itself never is.
    while let Some(next) = (0..rules.len()).find(|rule| {
        ways[*rule] == 0
            && rules[*rule].1.iter().all(|sequence| beginnings(sequence).iter().all(|rule| ways[*rule] > 0))
    }) {
        let add = |ways_so_far: usize, rule: usize| ways_so_far.saturating_add(ways[rule]);
        ways[next] = rules[next].1.iter().flat_map(|sequence| beginnings(sequence)).fold(rules[next].1.len(), add);
    }
    for ((rule, _), ways) in rules.iter().zip(ways) {
        match ways {
            0 => return error(rule, format!("{} begins with itself, or repeats what may be empty", rule.name)),
            1..=MOST_BEGINNINGS => {}
            _ => return error(rule, format!("{} can begin in more than {MOST_BEGINNINGS} ways", rule.name)),
        }
    }
    Ok(())
}

/// For which rules something holds that follows from its holding for others.
fn known_of(rules: &[(&Rule, &[Vec<Symbol>])], holds: impl Fn(&[Vec<Symbol>], &[bool]) -> bool) -> Vec<bool> {
    let mut known = vec![false; rules.len()];
    loop {
        let next: Vec<bool> = rules.iter().map(|(_, alternates)| holds(alternates, &known)).collect();
        if next == known {
            return known;
        }
        known = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grammars_that_can_be_used_are_taken() {
        for source in [
            r#"root ::= "yes" | "no""#,
            "# an amount\nroot ::= \"{\\\"amount\\\":\" number \"}\"\nnumber ::= [1-9] [0-9]{0,6} (\".\" [0-9]{2})?\n",
            "root ::= word (\" \" word)*\r\nword ::= [a-z]+ |\n  [\\u0621-\\u064A]+ # Arabic\n",
            "root::=(\n  \"a\" |\n \"b\"\n){2,} .",
            "root ::= \"\" \"-\" [a-] [^\\]\\\\] [^^]",
            "root ::= list\nlist ::= \"[\" (list (\",\" list)*)? \"]\"",
            "root ::= \"a\"? \"b\"{3} \"c\"{2,4}?",
        ] {
            assert_eq!(Grammar::new(source).map(drop), Ok(()), "{source}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (source, line, part) in [
            ("", 1, "no rule root"),
            ("answer ::= \"a\"", 1, "no rule root"),
            ("root ::= \"a\"\n\nroot ::= \"b\"", 3, "defined twice"),
            ("root ::= yes\n", 1, "no rule yes"),
            ("root = \"a\"", 1, "::="),
            ("root ::= \"a\n", 1, "not closed"),
            ("root ::= [a", 1, "not closed"),
            ("root ::= []", 1, "no characters"),
            ("root ::= [z-a]", 1, "lower"),
            ("root ::= \"\\q\"", 1, "escaped"),
            ("root ::= \"\\xZ0\"", 1, "escaped"),
            ("root ::= \"\\x00\"", 1, "character 0"),
            ("root ::=\n (\"a\"", 2, ")"),
            ("root ::= \"a\")", 1, "no symbol"),
            ("root ::= <[7]>", 1, "no symbol"),
            ("root ::= *", 1, "no symbol"),
            ("root ::= \"\"*", 1, "empty"),
            ("root ::= \"a\"{3,2}", 1, "repetition"),
            ("root ::= \"a\"{0}", 1, "repetition"),
            ("root ::= \"a\"{99999999999999999999}", 1, "repetition"),
            ("root ::= \"a\"{", 1, "repetition"),
            ("root ::= root \"a\" | \"b\"", 1, "begins with itself"),
            ("root ::= a\na ::= b? c\nb ::= \"b\"\nc ::= a \"c\" | \"d\"", 1, "begins with itself"),
            ("root ::= (\"a\"?)*", 1, "may be empty"),
            ("root ::= (\"a\"?){2,3}", 1, "may be empty"),
            ("root ::= \"a\" more\nmore ::= \"b\" more", 1, "never comes to an end"),
            ("root ::= ((((((((((((((((((\"a\"))))))))))))))))))", 1, "groups"),
            ("root ::= (((\"a\"{200}){200}){200})", 1, "symbols"),
        ] {
            let error = Grammar::new(source).unwrap_err();
            assert!(error.line == line && error.what.contains(part), "{source:?}: {error}");
        }
        let long = format!("root ::= \"{}\"", "a".repeat(LONGEST));
        assert!(Grammar::new(&long).unwrap_err().to_string().contains("longer than"));
    }

    #[test]
    fn what_can_begin_in_very_many_ways_is_refused() {
        let doubling = |depth: usize| {
            let rules = (0..depth).map(|rule| format!("r{rule} ::= r{0} \"a\" | r{0} \"b\"\n", rule + 1));
            format!("root ::= r0\n{}r{depth} ::= \"c\"\n", rules.collect::<String>())
        };
        assert!(Grammar::new(&doubling(6)).is_ok());
        let error = Grammar::new(&doubling(40)).unwrap_err();
        assert!(error.what.contains("ways"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_check(source in "(root|a|b|::=|[|]|[(]|[)]|[*]|[{]2,3[}]|\"x\"|\"|\\[a-z\\]|\\\\|\n|[ ]|é){0,40}") {
            drop(Grammar::new(&source));
        }
    }
}
