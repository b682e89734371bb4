//! What is said in every call word for word, so that it can be made into sound beforehand.

use std::sync::Arc;

use crate::{
    config::Profile,
    dialogue::phrases::Phrase,
    domain::{
        Language,
        text::{Limits, clauses},
    },
    speech::Sentence,
};

/// What a call begins with, or is refused with.
const FIRST: [Phrase; 3] = [Phrase::Greeting, Phrase::Busy, Phrase::Apology];

/// The sentences of all profiles, the most important first; some may be there twice. `open`: the languages of those that leave
/// it to the caller; none: all.
pub(super) fn sentences(profiles: &[Arc<Profile>], open: &[Language]) -> Vec<Sentence> {
    let open = if open.is_empty() { &Phrase::LANGUAGES } else { open };
    let others = Phrase::ALL.into_iter().filter(|phrase| !FIRST.contains(phrase));
    let phrases = FIRST.into_iter().chain(others);
    let all = phrases.flat_map(|phrase| profiles.iter().flat_map(move |profile| spoken(phrase, profile, open)));
    let mut ranked: Vec<_> = all.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, sentence)| sentence).collect()
}

/// One phrase as a profile says it, in its language, or in all where the caller's decides. Such a call begins in the first of
/// them, unless somebody chose another: what is said later ranks after that of the first language.
fn spoken(phrase: Phrase, profile: &Profile, open: &[Language]) -> impl Iterator<Item = (usize, Sentence)> {
    let languages = profile.language.map_or_else(|| open.to_vec(), |language| vec![language]);
    languages.into_iter().enumerate().flat_map(move |(nth, language)| {
        let own = profile.greetings.iter().find(|(of, _)| *of == language && phrase == Phrase::Greeting);
        let (language, text) = own.map_or_else(|| phrase.spoken(language), |(of, text)| (*of, text.as_str()));
        let rank = if FIRST.contains(&phrase) { 0 } else { nth };
        clauses(text, Limits::SENTENCES).into_iter().map(move |clause| (rank, sentence(profile, language, clause)))
    })
}

fn sentence(profile: &Profile, language: Language, clause: String) -> Sentence {
    Sentence { voice: profile.voice.clone(), speed: profile.speed, ..Sentence::new(clause, language) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn all_that_profiles_say_word_for_word_is_there() {
        let usual = Config::defaults(Path::new("/data")).agent.profiles.remove(0);
        let german: Language = "de".parse().unwrap();
        let own = Profile {
            language: Some(german),
            voice: Some("thorsten".to_owned()),
            greetings: vec![(german, "Hallo! Ich bin ein Automat.".to_owned())],
            ..usual.clone()
        };
        let sentences = sentences(&[Arc::new(Profile { language: None, ..usual.clone() }), Arc::new(own)], &[]);
        let place =
            |language: Language, text: &str| sentences.iter().position(|it| it.language == language && it.text == text);
        assert_eq!(place(Language::ENGLISH, "Hello!"), Some(0));
        let order = [
            place(Language::ARABIC, "مرحبا!"),
            place(Language::ENGLISH, "All our lines are busy at the moment."),
            place(Language::ENGLISH, "Are you still there?"),
            place(Language::ARABIC, "هل ما زلت معي؟"),
        ];
        assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}");
        assert!(place(german, "Hallo!").is_some() && place(german, "Ich bin ein Automat.").is_some());
        let english = |it: &&Sentence| it.text == "Are you still there?";
        let voices: Vec<_> = sentences.iter().filter(english).map(|it| it.voice.as_deref()).collect();
        assert_eq!(voices, [None, Some("thorsten")], "what has no words in German is said in English");

        let arabic = super::sentences(&[Arc::new(Profile { language: None, ..usual })], &[Language::ARABIC]);
        assert!(arabic.iter().all(|it| it.language == Language::ARABIC) && arabic[0].text == "مرحبا!");
    }
}
