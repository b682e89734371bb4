//! Whether a text is surely not the end of what somebody has to say: a third opinion for endpointing, beside silence and
//! the sound of the voice.

use super::{
    lexicon,
    numerals::is_and,
    phrases::{Phrases, Words, phrases},
    read::digits::{Run, runs},
    tokens::{Kind, Token, tokens},
};
use crate::domain::Language;

/// So many bytes at the end of a text decide.
const TAIL: usize = 300;
/// The digits of the shortest telephone numbers that are dictated, and of a payment card.
const PHONE_DIGITS: usize = 10;
const CARD_DIGITS: usize = 16;
/// What banks ask for: the last four digits of a card.
const ENDING_DIGITS: usize = 4;

/// Whether more is to be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hanging {
    /// It may well be whole.
    No,
    /// Nothing to tell by.
    Unsure,
    /// It ends in the middle of something: "and", "my number is", a filler.
    Yes,
    /// A number is being read out, and is not whole yet.
    Dictating,
}

/// More follows when these come last.
const OPEN: &str = "and but or because cause if when which who whose the a an my your our their his to of for with from at by about \
    into than as is are was were am be been i we they will would can could should may might must have has had im ill \
    id ive its youre theyre theres very really some any every until till before after between without although \
    though unless while since wanna gonna lets in on plus um uh er erm hmm uhm و او لكن لان علشان عشان مشان منشان في \
    من الي عن مع ان انه انو اللي الا ادا لو لما رقمي اسمي يعني قبل حتي كل غير بين بدي ابي ابغي عايز عاوز اريد رح راح \
    حابب لازم كان امم ام اا ولكن الدي التي بسبب عندما سوف ع بعد بس هو انا ممكن";
/// What comes last in a text that means: wait.
static WAITS: &Phrases = phrases![
    "hold on",
    "wait",
    "one|a|just second|moment|sec|minute",
    "let me see|check|think|look|find",
    "i mean",
    "you know",
    "i want|need|think",
    "would|id like",
    "number|name|address is",
    "لحضه|لحضات|تانيه|تانيه|دقيقه",
    "استني|استنا|اصبر|انتضر|نطر",
    "خليني|خلني اشوف|افكر|شوف|اتاكد",
];
/// Whole answers that end like an unfinished one.
static WHOLE: &Phrases = phrases![
    "it|that|he|she|this is",
    "i am|do|can|will|have",
    "we|they are|do|can|will|have|were",
    "so|too|here|come|go|am i|in|on|are",
    "think|guess|hope|suppose so",
    "who it is",
    "please|thanks|bye|goodbye",
    "thank you",
    "لو سمحت",
    "من فضلك",
    "شكرا|سلامه|باي",
];

/// Tells by the words alone whether `text`, final or partial, is the end of what somebody has to say. English and Arabic words
/// count in both languages; of others it knows nothing.
pub fn hangs(text: &str, language: Language) -> Hanging {
    if !matches!(language, Language::ENGLISH | Language::ARABIC) {
        return Hanging::Unsure;
    }
    let tail = text.ceil_char_boundary(text.len().saturating_sub(TAIL));
    let tokens = tokens(&text[tail..]);
    let Some(last) = tokens.iter().rposition(|token| token.kind != Kind::Mark) else { return Hanging::Unsure };
    let (said, marks) = tokens.split_at(last + 1);
    if let Some(hanging) = dictated(said) {
        return hanging;
    }
    let words = Words::of(said);
    if is_whole(&words) {
        return Hanging::No;
    }
    let trails_off = marks.iter().any(|mark| mark.is_mark(&['…', ',', '،', '-', '–', '—', ':'])) || marks.len() > 2;
    let is_open = said[last].is_in(OPEN) && !is_hour(said);
    if trails_off || is_open || is_preposition(&text[tail..], &said[last]) || ends(&words, WAITS) {
        return Hanging::Yes;
    }
    let is_closed = marks.iter().any(|mark| mark.is_mark(&['.', '?', '!', '؟', '۔']));
    if is_closed || ends(&words, WHOLE) || ends_in_value(&said[last]) { Hanging::No } else { Hanging::Unsure }
}

/// "على", which the tables spell as the name "علي".
fn is_preposition(text: &str, token: &Token) -> bool {
    token.is("علي") && text.get(token.span.clone()).is_some_and(|word| word.ends_with('ى'))
}

/// "11:30 AM", "eight am": not "I am".
fn is_hour(said: &[Token]) -> bool {
    matches!(said, [.., before, last] if last.is("am") && is_number(before))
}

fn is_number(token: &Token) -> bool {
    token.kind == Kind::Digits || token.find(lexicon::numeral).is_some()
}

/// Answers of a word or two that are whole whatever comes.
fn is_whole(words: &Words<'_>) -> bool {
    static ANSWERS: &Phrases = phrases![
        "yes|yeah|yep|no|nope|correct|exactly|sure|okay|ok|absolutely|definitely|hello|hi|goodbye|bye|never|speaking|right",
        "نعم|لا|ايوه|ايوا|اه|اكيد|صح|صحيح|تمام|طيب|طبعا|الو|مرحبا|موافق|كلا",
    ];
    let is_short = words.len() <= 3;
    is_short && (ends(words, ANSWERS) || (words.len() > 1 && ends(words, WHOLE)))
        || (words.len() == 1 && ends(words, phrases!["انا|هو|ممكن|بس"]))
}

/// Whether one of the patterns matches up to the last word.
fn ends(words: &Words<'_>, phrases: &Phrases) -> bool {
    words.find_all(phrases).any(|found| found.end == words.len())
}

/// A currency, a day, a part of the day: what amounts, dates and times end in.
fn ends_in_value(token: &Token) -> bool {
    token.find(lexicon::coin).is_some()
        || token.find(lexicon::weekday).is_some_and(|(_, unmistakable)| unmistakable)
        || token.find(lexicon::period).is_some()
        || token.is_any(&["tomorrow", "today", "oclock", "بكره", "اليوم", "غدا"])
}

/// `None` where the text does not end in digits that are read out.
fn dictated(said: &[Token]) -> Option<Hanging> {
    let last = said.last()?;
    let before = said.len().checked_sub(2).and_then(|at| said.get(at));
    let goes_on = last.is_any(&["double", "triple", "treble", "plus", "دبل", "تربل", "زايد"]);
    let joins = is_and(said, said.len() - 1) || last.is_any(&["point", "dash", "فاصله", "شرطه"]);
    if goes_on || (joins && before.is_some_and(is_number)) {
        return Some(Hanging::Dictating);
    }
    let run = runs(said).pop().filter(|run| run.at.end == said.len())?;
    Some(of_run(&run, said)).filter(|hanging| *hanging != Hanging::Unsure || run.pieces > 2)
}

fn of_run(run: &Run, said: &[Token]) -> Hanging {
    let count = run.digits.len();
    let with_plus = run.at.start.checked_sub(1).is_some_and(|at| said[at].is_any(&["+", "plus", "زايد"]));
    let like_phone = run.digits.starts_with('0') || with_plus;
    let one_by_one = run.pieces > 2 || (run.pieces == 2 && count > ENDING_DIGITS);
    match count {
        CARD_DIGITS.. => Hanging::No,
        PHONE_DIGITS.. => Hanging::Unsure,
        2.. if like_phone => Hanging::Dictating,
        ENDING_DIGITS => Hanging::Unsure,
        3.. if one_by_one => Hanging::Dictating,
        _ => Hanging::Unsure,
    }
}
