//! From the model's bytes to words that can be spoken: whole characters, whole clauses, no role markers, no loops.
//!
//! Text is let go clause by clause. A voice needs whole clauses anyway, so nothing is lost by waiting; and what has not
//! been let go can still be taken back: half a clause when the answer must end, `User:` when a small model goes on with
//! the caller's part, a clause that was said already.

use std::mem;

/// A model that writes these as plain text has lost its way; the answer ends before them.
const SPELLED_OUT_TOKENS: [&str; 12] = [
    "<|im_end|>",
    "<|im_start|>",
    "<|eot_id|>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<|endoftext|>",
    "<end_of_turn>",
    "<start_of_turn>",
    "</s>",
    "[INST]",
    "[/INST]",
];
/// The same for one of these as a clause of its own.
const OTHERS_TURN: [&str; 8] =
    ["User:", "Human:", "Caller:", "Customer:", "System:", "المستخدم:", "المتصل:", "العميل:"];
/// As the first clause one of these is left out; later it means that a new turn begins.
const OWN_TURN: [&str; 5] = ["Assistant:", "AI:", "Agent:", "المساعد:", "الوكيل:"];

/// Bytes that are held back at most; longer clauses are let go at a space.
const LONGEST_HELD: usize = 200;
/// A clause of so many words is not said twice.
const WORDS_NOT_REPEATED: usize = 4;
/// A shorter one may come so often in a row ("no, no, no").
const SHORT_REPEATS: usize = 3;
/// Tokens of a loop without clauses: so many at least, in a block that comes three times.
const SHORTEST_TOKEN_LOOP: usize = 12;
const LONGEST_TOKEN_PERIOD: usize = 24;

/// The text of one answer while it is made.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// The beginning of a character.
    bytes: Vec<u8>,
    /// Whole characters that are not let go yet.
    held: String,
    /// The beginning of the clause in `held` was let go already.
    mid_clause: bool,
    /// The clauses so far, as [`plain`] words.
    clauses: Vec<String>,
    /// Something was let go.
    begun: bool,
    /// Nothing more comes.
    ended: bool,
    /// Nothing is held back, and nothing left out.
    is_verbatim: bool,
}

impl Reply {
    /// An answer that comes as it is made: a grammar has seen to what it is.
    pub(super) fn verbatim() -> Self {
        Self { is_verbatim: true, ..Self::default() }
    }

    /// Takes a token's bytes; gives the text that can be let go now, empty for none.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        self.decode(bytes);
        if self.is_verbatim {
            return mem::take(&mut self.held);
        }
        let mut free = String::new();
        while !self.ended {
            if self.cut_at_spelled_out_token() {
                self.ended = true;
                self.let_go(self.held.len(), &mut free);
            } else if let Some(end) = clause_end(&self.held) {
                self.let_go(end, &mut free);
            } else if self.held.len() > LONGEST_HELD && self.held.trim_start().contains(char::is_whitespace) {
                let end = self.held.rfind(char::is_whitespace).unwrap_or(self.held.len());
                self.let_go_mid_clause(end, &mut free);
            } else {
                break;
            }
        }
        free
    }

    /// The answer is over; gives the rest of its text. When it was `cut` short, half a clause is dropped, unless
    /// nothing else was said.
    pub(super) fn finish(&mut self, cut: bool) -> String {
        if self.is_verbatim {
            return mem::take(&mut self.held);
        }
        let mut free = String::new();
        if !self.ended && (!cut || !self.begun || looks_whole(&self.held)) {
            self.held.truncate(self.held.trim_end().len());
            self.let_go(self.held.len(), &mut free);
        }
        self.ended = true;
        free.truncate(free.trim_end().len());
        free
    }

    /// Whether the answer has come to an end by itself: another's turn began, or it repeats itself.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Appends whole characters to what is held; drops bytes that can never become one.
    fn decode(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let bytes = mem::take(&mut self.bytes);
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.held.push_str(chunk.valid());
            let is_begun = chunks.peek().is_none()
                && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            if is_begun {
                self.bytes = chunk.invalid().to_vec();
            }
        }
    }

    fn cut_at_spelled_out_token(&mut self) -> bool {
        let at = SPELLED_OUT_TOKENS.iter().filter_map(|token| self.held.find(token)).min();
        at.inspect(|at| self.held.truncate(*at)).is_some()
    }

    /// Lets the clause that ends at `end` go, unless it is one that ends the answer.
    fn let_go(&mut self, end: usize, free: &mut String) {
        let rest = self.held.split_off(end);
        let clause = mem::replace(&mut self.held, rest);
        let words = clause.trim();
        if !mem::take(&mut self.mid_clause) {
            if OWN_TURN.contains(&words) && !self.begun {
                return;
            }
            if OTHERS_TURN.contains(&words) || OWN_TURN.contains(&words) || self.repeats(words) {
                self.ended = true;
                return;
            }
        }
        self.append(&clause, free);
    }

    fn let_go_mid_clause(&mut self, end: usize, free: &mut String) {
        let rest = self.held.split_off(end);
        let part = mem::replace(&mut self.held, rest);
        self.mid_clause = true;
        self.append(&part, free);
    }

    fn append(&mut self, text: &str, free: &mut String) {
        let text = if self.begun { text } else { text.trim_start() };
        self.begun |= !text.is_empty();
        free.push_str(text);
    }

    /// Whether the clause was said before, as often as it may be; notes it if not.
    fn repeats(&mut self, clause: &str) -> bool {
        let plain = plain(clause);
        if plain.is_empty() {
            return false;
        }
        let repeats = if plain.split(' ').count() >= WORDS_NOT_REPEATED {
            self.clauses.contains(&plain)
        } else {
            self.clauses.iter().rev().take_while(|earlier| **earlier == plain).count() >= SHORT_REPEATS
        };
        self.clauses.push(plain);
        repeats
    }
}

/// The words alone: lower case, no punctuation, single spaces.
fn plain(clause: &str) -> String {
    let letters: String = clause
        .chars()
        .flat_map(char::to_lowercase)
        .map(|character| if character.is_alphanumeric() { character } else { ' ' })
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the first clause of `text` ends, behind its punctuation. Marks that also stand inside numbers and names
/// (`3.5`, `10:30`) count once a space follows.
fn clause_end(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let ends = match character {
            '.' | ',' | ':' | ';' | '،' | '؛' => next.is_some_and(char::is_whitespace),
            '!' | '?' | '…' | '؟' | '\n' | '。' | '！' | '？' | '，' | '、' => true,
            _ => false,
        };
        if ends {
            return Some(at + character.len_utf8());
        }
    }
    None
}

/// Whether `text` ends as a clause does. A digit before the mark may be the beginning of a longer number.
fn looks_whole(text: &str) -> bool {
    let mut characters = text.trim_end().chars().rev();
    match characters.next() {
        Some('.' | ',' | ':' | '،') => characters.next().is_some_and(|before| !before.is_numeric()),
        Some(mark) => matches!(mark, '!' | '?' | ';' | '…' | '؟' | '؛' | '。' | '！' | '？'),
        None => false,
    }
}

/// Whether the tokens end in one block that comes three times in a row.
pub(super) fn ends_in_a_loop<T: PartialEq>(tokens: &[T]) -> bool {
    (1..=LONGEST_TOKEN_PERIOD).any(|period| {
        let length = (3 * period).max(SHORTEST_TOKEN_LOOP);
        tokens.len() >= length && {
            let tail = &tokens[tokens.len() - length..];
            tail.iter().zip(&tail[period..]).all(|(earlier, later)| earlier == later)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives `text` in pieces of `size` bytes; what was let go on the way, and at the end.
    fn reply(text: &str, size: usize, cut: bool) -> (Vec<String>, String) {
        let mut reply = Reply::default();
        let mut pieces = Vec::new();
        for bytes in text.as_bytes().chunks(size) {
            pieces.push(reply.push(bytes));
            if reply.ended() {
                break;
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        let rest = reply.finish(cut);
        (pieces, rest)
    }

    fn whole(text: &str, cut: bool) -> String {
        let (pieces, rest) = reply(text, 3, cut);
        pieces.concat() + &rest
    }

    #[test]
    fn text_is_let_go_clause_by_clause() {
        let (pieces, rest) = reply(" Well, it costs 3.50 a day. Shall we? Yes", 1, false);
        assert_eq!(pieces, ["Well,", " it costs 3.50 a day.", " Shall we?"]);
        assert_eq!(rest, " Yes");
        let (pieces, rest) = reply("مرحبا، كيف حالك؟ بخير", 1, false);
        assert_eq!(pieces, ["مرحبا،", " كيف حالك؟"]);
        assert_eq!(rest, " بخير");
    }

    #[test]
    fn a_long_clause_is_let_go_between_words() {
        let text = "and so on ".repeat(40) + "User: hello";
        let (pieces, rest) = reply(&text, 4, false);
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= LONGEST_HELD + 4), "{pieces:?}");
        assert_eq!(pieces.concat() + &rest, text);
    }

    #[test]
    fn what_is_cut_short_ends_with_a_clause() {
        for (text, expected) in [
            ("I can help you, and I", "I can help you,"),
            ("That is 20 dollars. It costs 3.", "That is 20 dollars."),
            ("That is 20 dollars. It is cheap.", "That is 20 dollars. It is cheap."),
            ("Nothing is whole here", "Nothing is whole here"),
            ("", ""),
        ] {
            assert_eq!(whole(text, true), expected, "{text}");
        }
    }

    #[test]
    fn markers_end_the_answer() {
        for (text, expected) in [
            ("Hello!\nUser: and you?", "Hello!"),
            ("Hello there. User: and you?", "Hello there."),
            ("Hello there.\n\nAssistant: I am", "Hello there."),
            ("Assistant: Hello there.", "Hello there."),
            ("Good day<|im_end|>\n<|im_start|>user", "Good day"),
            ("أهلا وسهلا.\nالمستخدم: نعم", "أهلا وسهلا."),
            ("Dear User: welcome.", "Dear User: welcome."),
            ("1 < 2, [in short] true.", "1 < 2, [in short] true."),
        ] {
            assert_eq!(whole(text, false).trim_end(), expected, "{text}");
        }
    }

    #[test]
    fn repetition_ends_the_answer() {
        for (text, expected) in [
            ("I am glad to help. Really. I am glad to help. Really.", "I am glad to help. Really."),
            ("No, no, no, stop.", "No, no, no, stop."),
            ("Yes, yes, yes, yes, yes, yes, and so on", "Yes, yes, yes,"),
        ] {
            assert_eq!(whole(text, false), expected, "{text}");
        }
        for (tokens, expected) in [
            (&b"abcabcabcabc"[..], true),
            (b"xyzaaaaaaaaaaaa", true),
            (b"aaa", false),
            (b"abcabcabcabd", false),
            (b"the quick brown fox and the quick", false),
        ] {
            assert_eq!(ends_in_a_loop(tokens), expected, "{tokens:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_left_out() {
        let mut reply = Reply::default();
        let text = reply.push(b"a\xff\xc3") + &reply.push(b"\xa9 b\xe2\x82! ") + &reply.finish(false);
        assert_eq!(text, "a\u{e9} b!");
    }

    #[test]
    fn what_follows_a_grammar_comes_as_it_is() {
        let mut reply = Reply::verbatim();
        let text = "{\"said\": \" User: no, no, no, no, no, no\"} ";
        let pieces: Vec<String> = text.as_bytes().chunks(3).map(|bytes| reply.push(bytes)).collect();
        assert_eq!(pieces.concat() + &reply.finish(true), text);
        assert!(!reply.ended());
    }

    proptest! {
        #[test]
        fn pieces_do_not_depend_on_where_tokens_end(text in "[a-zA-Zé✓م ]{0,60}([,.!?؟] [a-zé✓م ]{0,40}){0,4}", size in 1_usize..7) {
            let (pieces, rest) = reply(&text, size, false);
            let (at_once, last) = reply(&text, usize::MAX, false);
            prop_assert_eq!(pieces.concat() + &rest, at_once.concat() + &last);
        }
    }
}
