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

/// Without these a call does not even begin, or cannot be refused.
const FIRST: [Phrase; 3] = [Phrase::Busy, Phrase::Greeting, Phrase::Apology];

/// The sentences of all profiles, the most important first; some may be there twice.
pub(super) fn sentences(profiles: &[Arc<Profile>]) -> Vec<Sentence> {
    let others = Phrase::ALL.into_iter().filter(|phrase| !FIRST.contains(phrase));
    let phrases = FIRST.into_iter().chain(others);
    phrases.flat_map(|phrase| profiles.iter().flat_map(move |profile| spoken(phrase, profile))).collect()
}

/// One phrase as a profile says it, in its language, or in all where the caller's decides.
fn spoken(phrase: Phrase, profile: &Profile) -> impl Iterator<Item = Sentence> {
    let languages = profile.language.map_or_else(|| Phrase::LANGUAGES.to_vec(), |language| vec![language]);
    languages.into_iter().flat_map(move |language| {
        let own = profile.greetings.iter().find(|(of, _)| *of == language && phrase == Phrase::Greeting);
        let (language, text) = own.map_or_else(|| phrase.spoken(language), |(of, text)| (*of, text.as_str()));
        clauses(text, Limits::SENTENCES).into_iter().map(move |clause| sentence(profile, language, clause))
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
        let sentences = sentences(&[Arc::new(Profile { language: None, ..usual }), Arc::new(own)]);
        let place =
            |language: Language, text: &str| sentences.iter().position(|it| it.language == language && it.text == text);
        assert_eq!(place(Language::ENGLISH, "All our lines are busy at the moment."), Some(0));
        assert!(place(Language::ARABIC, "هل ما زلت معي؟") > place(Language::ENGLISH, "Hello!"));
        assert!(place(german, "Hallo!").is_some() && place(german, "Ich bin ein Automat.").is_some());
        let english = |it: &&Sentence| it.text == "Are you still there?";
        let voices: Vec<_> = sentences.iter().filter(english).map(|it| it.voice.as_deref()).collect();
        assert_eq!(voices, [None, Some("thorsten")], "what has no words in German is said in English");
    }
}
