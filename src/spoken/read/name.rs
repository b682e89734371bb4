//! Names of people: "my name is Sara Ali", "معك أحمد".

use std::ops::Range;

use super::super::{
    Sureness, Understood, lexicon,
    phrases::{Phrases, Words, phrases},
    tokens::{Kind, Token, span, tokens},
};

/// So many words a name has at most.
const LONGEST: usize = 5;

/// A name follows these, surely.
static INTRODUCTIONS: &Phrases = phrases![
    "my? name is",
    "my? names",
    "my name",
    "the? name is|its",
    "you|they|people can? call me",
    "i go by",
    "اسمي|اسمو هو?",
    "الاسم هو?",
];
/// A name may follow these.
static PERHAPS: &Phrases = phrases!["this is", "im|iam|its|thats", "i am|it is", "انا|معك|معاك|وياك|هدا|هدي|معكم"];
/// And it may stand before these.
static BEHIND: &Phrases = phrases!["speaking|here $", "is my name"];

pub(super) fn name(text: &str) -> Option<Understood<String>> {
    let tokens = tokens(text);
    let words = Words::of(&tokens);
    for (phrases, sure) in [(INTRODUCTIONS, Sureness::Certain), (PERHAPS, Sureness::Likely)] {
        if let Some(found) = last_of(&words, phrases) {
            let start = words.tokens(&found).end;
            return taken(text, &tokens, start, sure);
        }
    }
    let behind = words.find(BEHIND).map(|found| words.tokens(&found).start);
    let end = behind.unwrap_or(tokens.len());
    let start = tokens.iter().position(|token| !is_pause(token)).unwrap_or(0);
    let name = taken(text, tokens.get(..end)?, start, Sureness::Likely)?;
    // Beside a bare name nothing else is said.
    let rest = tokens.get(..end)?.iter().filter(|token| token.span.start >= name.span.end);
    rest.into_iter().all(is_pause).then_some(name)
}

fn last_of(words: &Words<'_>, phrases: &Phrases) -> Option<Range<usize>> {
    words.find_all(phrases).max_by_key(|found| found.end)
}

fn is_pause(token: &Token) -> bool {
    token.kind == Kind::Mark
        || (lexicon::is_filler(&token.text) && !token.is("علي"))
        || token.is_any(&["dr", "mr", "mrs", "ms", "miss", "doctor", "السيد", "الكامل", "السيده", "استاد", "دكتور"])
}

/// The name that begins at a token.
fn taken(text: &str, tokens: &[Token], start: usize, sure: Sureness) -> Option<Understood<String>> {
    let start = start + tokens.get(start..)?.iter().take_while(|token| is_pause(token)).count();
    let letters = tokens
        .get(start..)?
        .iter()
        .filter(|token| token.kind == Kind::Word)
        .take_while(|token| token.text.chars().count() == 1)
        .count();
    if letters >= 2 {
        return spelt(tokens, start, letters);
    }
    let is_part = |token: &&Token| token.kind == Kind::Word && !ends_name(token);
    let count = tokens[start..].iter().take_while(is_part).count();
    if count == 0 || count > LONGEST {
        return None;
    }
    let range = start..start + count;
    let parts: Vec<String> = tokens[range.clone()].iter().map(|token| capital(&text[token.span.clone()])).collect();
    Some(Understood { value: parts.join(" "), sure, span: span(tokens, &range) })
}

/// "S A R A": letters, one by one.
fn spelt(tokens: &[Token], start: usize, letters: usize) -> Option<Understood<String>> {
    let word: Vec<_> =
        tokens.iter().enumerate().skip(start).filter(|(_, token)| token.kind == Kind::Word).take(letters).collect();
    let range = start..word.last()?.0 + 1;
    let name: String = word.iter().map(|(_, token)| token.text.as_str()).collect();
    Some(Understood { value: capital(&name), sure: Sureness::Likely, span: span(tokens, &range) })
}

/// `sara` → `Sara`; names with capitals of their own are left as they are.
fn capital(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) if word.chars().all(char::is_lowercase) => first.to_uppercase().chain(characters).collect(),
        _ => word.to_owned(),
    }
}

/// Words that no name has in it. What is left may still be no name: a name of which nobody has heard looks like any word.
fn ends_name(token: &Token) -> bool {
    const OTHERS: &str = "اخو اخوه اخت اخته زوج زوجه زوجته زوجها مرت ابن ابنه بنت والد والده والدته صديق i im and but the a an is are was am not no nope yes yeah yep what who why how when where which you your he \
        she they we it its my his her hers him me this that there here calling speaking from for about with to of in \
        on at by so because if do dont does did have has had can cant could would will wont want need please thanks \
        thank hello hi hey sorry okay ok fine good busy sure well just right wrong number person speak talk call pay \
        know think mean say said repeat again maybe going looking interested afraid happy sick home work driving \
        later now today tomorrow money manager human agent none never nobody one someone husband wife customer \
        account bill first لا نعم ايوه ايوا اه مش مو ما مين من شو ايش ليش كيف وين متي هو هي انا انت احنا هدا هاد في \
        مع عن الي بس لكن او لو شكرا مرحبا الو اهلا السلام عليكم بعرف عارف بدي ابي ابغي عايز عاوز اريد رقم غلط مشغول \
        بعدين اليوم بكره الان هلا تمام موافق اسمي";
    let is_value = lexicon::is_value(&token.text)
        && !token.is_any(&["may", "april", "june", "august", "sun", "jan", "عام", "خميس"]);
    let bare = token.text.strip_prefix('و').filter(|_| token.is_arabic()).unwrap_or(&token.text);
    token.is_in(OTHERS)
        || lexicon::has_word(OTHERS, bare)
        || is_value
        || (lexicon::is_filler(&token.text) && !token.is("علي"))
}
