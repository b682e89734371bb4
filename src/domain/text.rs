//! Text as it is spoken: what of it can be said, and where it falls into clauses.
//!
//! A [`ClauseSplitter`] takes text in any pieces (a language model's tokens, a file) and gives clauses as soon as they are
//! whole: short at first, so that the voice can begin, longer afterwards, never longer than [`Limits`] say. It drops what
//! no voice can say (control characters, emoji, direction marks) and collapses white space. English and Arabic
//! punctuation end a clause; the points inside numbers, times, addresses and abbreviations do not.

/// How long clauses are, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The first clause may end at a comma once it has so many.
    pub first_min: usize,
    /// A later clause may end at a comma once it has so many.
    pub min: usize,
    /// The first clause never has more.
    pub first_max: usize,
    /// No clause has more.
    pub max: usize,
}

impl Limits {
    /// For a person who waits: the first clause comes early.
    pub const LIVE: Self = Self { first_min: 12, min: 40, first_max: 100, max: 200 };
    /// Whole sentences, cut only where they are too long.
    pub const SENTENCES: Self = Self { first_min: usize::MAX, min: usize::MAX, first_max: 200, max: 200 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::LIVE
    }
}

/// Any capital letter: a sentence may begin with it, and no abbreviation goes on with it.
const NEW_SENTENCE: char = 'A';

/// Cuts a stream of text into clauses.
#[derive(Clone, Debug, Default)]
pub struct ClauseSplitter {
    limits: Limits,
    /// The clause so far: no leading space, no two spaces in a row.
    pending: Vec<char>,
    started: bool,
}

impl ClauseSplitter {
    /// A splitter that makes clauses of a certain length.
    pub fn new(limits: Limits) -> Self {
        Self { limits, pending: Vec::new(), started: false }
    }

    /// Takes more text; gives the clauses that are whole now. A clause is known to be whole only when the word after it
    /// begins, or a line ends.
    pub fn push(&mut self, text: &str) -> Vec<String> {
        let mut whole = Vec::new();
        for c in text.chars() {
            match Spoken::from(c) {
                Spoken::Nothing => {}
                Spoken::LineEnd => self.cut(self.pending.len(), &mut whole),
                Spoken::Space if self.pending.last().is_none_or(|last| *last == ' ') => {}
                Spoken::Space => self.pending.push(' '),
                Spoken::Character => self.take(c, &mut whole),
            }
        }
        whole
    }

    /// Whoever gives the text says that a clause is whole here, so there is no need to see how the next word begins:
    /// gives the clause if it is long enough.
    pub fn settle(&mut self) -> Option<String> {
        self.pending.push(' ');
        let ends = break_between(&self.pending, NEW_SENTENCE);
        self.pending.pop();
        let mut whole = Vec::new();
        match ends {
            Break::Clause if self.pending.len() < self.min() => {}
            Break::Sentence | Break::Clause => self.cut(self.pending.len(), &mut whole),
            Break::None => {}
        }
        whole.pop()
    }

    /// The text is over: gives the last clause, if there is something to say in it. The next text begins anew.
    pub fn finish(&mut self) -> Option<String> {
        let mut whole = Vec::new();
        self.cut(self.pending.len(), &mut whole);
        self.started = false;
        whole.pop()
    }

    fn take(&mut self, next: char, whole: &mut Vec<String>) {
        match break_between(&self.pending, next) {
            Break::Sentence => self.cut(self.pending.len(), whole),
            Break::Clause if self.pending.len() >= self.min() => self.cut(self.pending.len(), whole),
            Break::Clause | Break::None => {}
        }
        self.pending.push(next);
        let max = if self.started { self.limits.max } else { self.limits.first_max };
        if self.pending.len() > max {
            self.cut(best_cut(&self.pending, max), whole);
        }
    }

    /// So many characters a clause must have to end at a comma.
    fn min(&self) -> usize {
        if self.started { self.limits.min } else { self.limits.first_min }
    }

    /// Ends the clause after `count` characters; a clause with nothing to say in it vanishes.
    fn cut(&mut self, count: usize, whole: &mut Vec<String>) {
        let clause: String = self.pending.drain(..count).collect();
        let clause = clause.trim();
        if is_speakable(clause) {
            whole.push(clause.to_owned());
            self.started = true;
        }
    }
}

/// All clauses of a text that is already whole.
pub fn clauses(text: &str, limits: Limits) -> Vec<String> {
    let mut splitter = ClauseSplitter::new(limits);
    let mut clauses = splitter.push(text);
    clauses.extend(splitter.finish());
    clauses
}

/// Whether this is a letter that is written from right to left: Hebrew, Arabic and their neighbours (Unicode's blocks with the
/// bidirectional classes R and AL).
pub fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Whether a voice finds anything to say in `text`: a letter, a digit, or a sign that has a name.
pub fn is_speakable(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_alphanumeric() || matches!(c, '$' | '%' | '&' | '+' | '@' | '=' | '€' | '£' | '¥' | '#' | '°'))
}

/// Which letters a stretch of text is written in, as far as the choice of a voice depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Arabic letters or Arabic-Indic digits.
    Arabic,
    /// Everything else.
    Other,
}

/// Cuts `text` where the script changes. Spaces, digits and punctuation stay with the letters before them.
pub fn script_runs(text: &str) -> Vec<(Script, &str)> {
    let mut runs = Vec::new();
    let (mut start, mut current) = (0, None);
    for (at, c) in text.char_indices() {
        let script = script_of(c);
        if let (Some(before), Some(now)) = (current, script)
            && before != now
        {
            runs.push((before, &text[start..at]));
            start = at;
        }
        current = script.or(current);
    }
    if start < text.len() {
        runs.push((current.unwrap_or(Script::Other), &text[start..]));
    }
    runs
}

fn script_of(c: char) -> Option<Script> {
    match c {
        '،' | '؛' | '؟' => None,
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' => Some(Script::Arabic),
        '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => Some(Script::Arabic),
        _ if c.is_alphabetic() => Some(Script::Other),
        _ => None,
    }
}

/// What a voice makes of one character.
enum Spoken {
    Character,
    Space,
    LineEnd,
    Nothing,
}

impl From<char> for Spoken {
    fn from(c: char) -> Self {
        match c {
            '\n' | '\u{2028}' | '\u{2029}' => Self::LineEnd,
            _ if c.is_whitespace() => Self::Space,
            _ if c.is_control() || is_invisible(c) || is_pictogram(c) => Self::Nothing,
            // Emphasis in Markdown, as language models write it.
            '*' | '`' => Self::Nothing,
            _ => Self::Character,
        }
    }
}

/// Soft hyphen, Arabic tatweel, direction marks, joiners, tags, private use, no characters at all.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}'
        | '\u{e0000}'..='\u{10ffff}')
}

/// Emoji, arrows, dingbats and other small pictures (blocks of the Unicode standard).
fn is_pictogram(c: char) -> bool {
    matches!(c,
        '\u{2022}' | '\u{20e3}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2500}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// What ends between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    None,
    Clause,
    Sentence,
}

/// Titles and the like: another word follows, whatever its case.
const NEVER_LAST: [&str; 18] = [
    "mr", "mrs", "ms", "dr", "prof", "gen", "rev", "hon", "capt", "sgt", "lt", "mt", "vs", "cf", "ca", "approx", "e.g",
    "i.e",
];
/// Abbreviations only before a number; `no` is a whole answer otherwise.
const BEFORE_NUMBER: [&str; 7] = ["no", "nos", "fig", "vol", "p", "pp", "ext"];
/// These may close a sentence: they do when the next word begins with a capital letter.
const PERHAPS_LAST: [&str; 14] =
    ["etc", "inc", "ltd", "co", "corp", "jr", "sr", "st", "ave", "rd", "blvd", "dept", "est", "min"];

/// Decides whether something ends between `before` (which may end in a space) and the character after it.
fn break_between(before: &[char], next: char) -> Break {
    let unspaced = trim_end(before, |c| c == ' ');
    let is_spaced = unspaced.len() < before.len();
    let body = trim_end(unspaced, is_closing);
    let Some((&mark, stem)) = body.split_last() else { return Break::None };
    let goes_on = is_mark(next) || (!is_spaced && is_closing(next));
    let inside_number = !is_spaced && next.is_numeric() && stem.last().is_some_and(|c| c.is_numeric());
    if goes_on || inside_number || !(is_spaced || needs_no_space(mark)) {
        return Break::None;
    }
    match mark {
        '.' if is_abbreviation(stem, next) => Break::None,
        '.' | '…' if next.is_lowercase() => Break::Clause,
        '.' | '…' | '!' | '?' | '؟' | '۔' | '。' | '！' | '？' => Break::Sentence,
        ',' | ';' | ':' | '،' | '؛' | '—' | '–' | '、' | '，' | '；' | '：' => Break::Clause,
        _ => Break::None,
    }
}

fn trim_end(text: &[char], unwanted: impl Fn(char) -> bool) -> &[char] {
    let kept = text.iter().rposition(|c| !unwanted(*c)).map_or(0, |last| last + 1);
    &text[..kept]
}

fn is_mark(c: char) -> bool {
    matches!(c, '.' | '…' | '!' | '?' | ',' | ';' | ':' | '؟' | '۔' | '،' | '؛') || needs_no_space(c)
}

/// Marks that are never part of a word, a number or an address.
fn needs_no_space(c: char) -> bool {
    matches!(c, '؟' | '۔' | '،' | '؛' | '—' | '。' | '！' | '？' | '、' | '，' | '；' | '：')
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '}' | '”' | '’' | '»' | '』' | '」')
}

/// Whether the point after `stem` belongs to its last word.
fn is_abbreviation(stem: &[char], next: char) -> bool {
    let start = stem.iter().rposition(|c| matches!(c, ' ' | '(' | '[' | '"' | '“' | '\'')).map_or(0, |space| space + 1);
    let word = &stem[start..];
    let numbers_a_list = start == 0 && !word.is_empty() && word.iter().all(|c| c.is_numeric());
    let is_initial = matches!(word, [letter] if *letter != 'I' && (letter.is_uppercase() || script_of(*letter) == Some(Script::Arabic)));
    if numbers_a_list || is_initial {
        return true;
    }
    let word: String = word.iter().flat_map(|c| c.to_lowercase()).collect();
    let has_inner_point = word.contains('.') && word.split('.').all(|part| part.chars().count() == 1);
    NEVER_LAST.contains(&word.as_str())
        || (next.is_numeric() && BEFORE_NUMBER.contains(&word.as_str()))
        || (!next.is_uppercase() && (PERHAPS_LAST.contains(&word.as_str()) || has_inner_point))
}

/// Where to cut a clause that has become longer than `max`: after the last mark if it is not too far back, else after
/// the last word, else after `max` characters.
fn best_cut(pending: &[char], max: usize) -> usize {
    let furthest = (max + 1).min(pending.len() - 1);
    let after_space = |at: &usize| pending[at - 1] == ' ';
    let after_mark = |at: &usize| after_space(at) && break_between(&pending[..*at], pending[*at]) != Break::None;
    (max / 3..=furthest)
        .rev()
        .filter(|at| *at > 0)
        .find(after_mark)
        .or_else(|| (1..=furthest).rev().find(after_space))
        .unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(clauses(text, Limits::LIVE), expected, "{text:?} at once");
        let mut splitter = ClauseSplitter::default();
        let mut by_characters: Vec<_> = text.chars().flat_map(|c| splitter.push(&c.to_string())).collect();
        by_characters.extend(splitter.finish());
        assert_eq!(by_characters, expected, "{text:?} by characters");
    }

    #[test]
    fn sentences_end_at_marks_and_lines() {
        check("Hello. How are you?", &["Hello.", "How are you?"]);
        check("Really?! Yes... \"Sure.\" Fine", &["Really?!", "Yes...", "\"Sure.\"", "Fine"]);
        check("Two things:\n- milk\n- bread\n\n", &["Two things:", "- milk", "- bread"]);
        check("مرحبا. كيف حالك؟ أنا بخير!", &["مرحبا.", "كيف حالك؟", "أنا بخير!"]);
        check("كيف حالك؟أنا بخير", &["كيف حالك؟", "أنا بخير"]);
    }

    #[test]
    fn a_clause_that_is_known_to_be_whole_need_not_wait_for_the_next_word() {
        for (text, settled) in [
            ("Hello there.", Some("Hello there.")),
            ("Hello there. ", Some("Hello there.")),
            ("Thank you, Amanda,", Some("Thank you, Amanda,")),
            ("Yes,", None),
            ("This is Mr.", None),
            ("Hello", None),
            ("كيف حالك؟", Some("كيف حالك؟")),
        ] {
            let mut splitter = ClauseSplitter::default();
            assert_eq!(splitter.push(text), [""; 0]);
            assert_eq!(splitter.settle().as_deref(), settled, "{text}");
            let rest = splitter.finish();
            assert_eq!(rest.is_none(), settled.is_some(), "{text}");
        }
    }

    #[test]
    fn points_inside_words_and_numbers_do_not_end_anything() {
        for text in [
            "It is $3.50 or 1,000.25 at 3:30",
            "Mr. Smith and Dr. J. R. Jones met at No. 5",
            "Fruit e.g. apples i.e. food",
            "Write to amanda.lee@example.com or see https://example.com/a?b=c.d",
            "It opens at 9 a.m. every day",
            "1. First",
            "Version 2.0.1 costs ١٬٠٠٠٫٥٠ or ١،٥",
            "د. سامي هنا",
        ] {
            check(text, &[text]);
        }
        check("We close at 5 p.m. Come soon", &["We close at 5 p.m.", "Come soon"]);
        check("No. I said no. Really", &["No.", "I said no.", "Really"]);
        check("It was I. He knew", &["It was I.", "He knew"]);
    }

    #[test]
    fn the_first_clause_is_short_and_later_ones_longer() {
        check(
            "Thank you, Amanda, for calling us, and for waiting, because all our lines were busy, as you know.",
            &[
                "Thank you, Amanda,",
                "for calling us, and for waiting, because all our lines were busy,",
                "as you know.",
            ],
        );
        check("Yes, I can. Good", &["Yes, I can.", "Good"]);
        check("شكرا جزيلا لك، سأتحقق من ذلك الآن", &["شكرا جزيلا لك،", "سأتحقق من ذلك الآن"]);
        check("One moment please—here it is", &["One moment please—", "here it is"]);
    }

    #[test]
    fn what_cannot_be_said_is_dropped() {
        check("a", &["a"]);
        check("", &[]);
        check(" \n\t ", &[]);
        check("😀👍🏽 🇯🇴 ❤️", &[]);
        check("?! ... —", &[]);
        check("**Good**  \u{200e}news 🎉!", &["Good news !"]);
        check("\u{0}be\u{7}ll\u{1b}\r\n", &["bell"]);
        check("مـــرحبا\u{202b}", &["مرحبا"]);
        check("1️⃣ %", &["1 %"]);
    }

    #[test]
    fn long_clauses_are_cut_at_marks_then_words_then_anywhere() {
        let words = "word ".repeat(100);
        let lengths: Vec<_> = clauses(&words, Limits::LIVE).iter().map(|clause| clause.len()).collect();
        assert_eq!(lengths, [99, 199, 199]);
        let lengths: Vec<_> = clauses(&"x".repeat(450), Limits::LIVE).iter().map(String::len).collect();
        assert_eq!(lengths, [100, 200, 150]);
        let text = format!("{}, {}", "word ".repeat(30).trim_end(), "word ".repeat(30));
        assert_eq!(clauses(&text, Limits::SENTENCES)[0], format!("{},", "word ".repeat(30).trim_end()));
    }

    #[test]
    fn scripts_are_told_apart() {
        use Script::{Arabic, Other};
        let check = |text: &str, expected: &[(Script, &str)]| assert_eq!(script_runs(text), expected);
        check("Say مرحبا، now 45", &[(Other, "Say "), (Arabic, "مرحبا، "), (Other, "now 45")]);
        check("12 مرحبا ٤٥ (ok)", &[(Arabic, "12 مرحبا ٤٥ ("), (Other, "ok)")]);
        check("...", &[(Other, "...")]);
        check("", &[]);
    }

    fn letters(text: &str) -> String {
        text.chars().filter(|c| c.is_alphanumeric() && matches!(Spoken::from(*c), Spoken::Character)).collect()
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(
            pieces in prop::collection::vec("(\\PC{0,40}|[a-z. ,?!\n]{0,60}|[ا-ي ،؟.]{0,60}|[A-Za-z0-9]{0,250})", 0..12),
        ) {
            let mut splitter = ClauseSplitter::default();
            let mut clauses: Vec<_> = pieces.iter().flat_map(|piece| splitter.push(piece)).collect();
            clauses.extend(splitter.finish());
            prop_assert_eq!(letters(&clauses.concat()), letters(&pieces.concat()));
            for (number, clause) in clauses.iter().enumerate() {
                let max = if number == 0 { Limits::LIVE.first_max } else { Limits::LIVE.max };
                prop_assert!(clause.chars().count() <= max, "{clause:?}");
                prop_assert!(is_speakable(clause) && clause.trim() == clause, "{clause:?}");
            }
        }
    }
}
