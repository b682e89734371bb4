//! Which languages a caller may choose before a call.

use std::sync::Arc;

use crate::{config::Profile, domain::Language, speech::engines::Engines};

/// Those of the profiles; where one of them leaves it to the caller, also those that the desk answers in, which are `wanted`, or
/// all if there are none, as far as the engines hear and speak them. No engines are there yet, or will ever be: then only what
/// the profiles say is known.
pub(super) fn offered(profiles: &[Arc<Profile>], wanted: &[Language], engines: Option<&Engines>) -> Vec<Language> {
    let is_open = profiles.iter().any(|profile| profile.language.is_none());
    let in_profile = |language| profiles.iter().any(|profile| profile.language == Some(language));
    let is_wanted = |language| wanted.is_empty() || wanted.contains(&language);
    let of_engines =
        |language| is_open && is_wanted(language) && engines.is_some_and(|engines| serve(engines, language));
    Language::all().filter(|language| in_profile(*language) || of_engines(*language)).collect()
}

/// Without a model that hears, callers type: then any language goes that is spoken.
fn serve(engines: &Engines, language: Language) -> bool {
    let hears = engines.transcriber().is_err() || engines.hears(language);
    hears && engines.synthesizer().is_ok_and(|voices| voices.speaks(language))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn what_profiles_speak_is_offered_before_there_are_engines() {
        let usual = Config::defaults(Path::new("/data")).agent.profiles.remove(0);
        let profile = |language| Arc::new(Profile { language, ..usual.clone() });
        let (en, ar) = (Language::ENGLISH, Language::ARABIC);
        for (profiles, languages) in [
            (vec![profile(None)], vec![]),
            (vec![profile(Some(en))], vec![en]),
            (vec![profile(Some(ar)), profile(None), profile(Some(en)), profile(Some(ar))], vec![en, ar]),
        ] {
            assert_eq!(offered(&profiles, &[], None), languages);
        }
    }
}
