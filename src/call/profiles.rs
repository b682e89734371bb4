//! Who answers, and where: the profiles and rules that are kept in the database, before those of the configuration; and what
//! the desk's settings say where a profile says nothing.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use wildmatch::WildMatch;

use crate::{
    config::{self, Open, Profile, ScriptSource},
    dialogue::phrases::Phrase,
    domain::Language,
    store::{
        Store, StoreError, profiles, rules,
        settings::{self, UsualVoices},
    },
};

/// Callers wait for what is read here: if that takes longer, what was read before is in force.
const PATIENCE: Duration = Duration::from_secs(1);

/// The profiles and rules in force.
#[derive(Clone, Debug)]
pub(super) struct Book {
    /// The first is for those who name none.
    pub(super) profiles: Vec<Arc<Profile>>,
    /// The first that fits decides; no profile: nobody goes there by itself.
    pub(super) rules: Vec<(WildMatch, Option<Arc<Profile>>)>,
    /// What is spoken where a profile leaves it to the caller, first the first; none: all that the engines speak.
    pub(super) languages: Arc<[Language]>,
    /// Who speaks where a profile names no voice; for languages that are not here, the engines know.
    pub(super) voices: Vec<(Language, String)>,
}

/// What is kept in the database.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stored {
    profiles: Vec<profiles::Profile>,
    rules: Vec<rules::Rule>,
    languages: Vec<Language>,
    voices: UsualVoices,
}

impl Book {
    /// Those of the configuration only.
    pub(super) fn configured(agent: &config::Agent) -> Self {
        Self::of(agent, &Stored::default())
    }

    fn of(agent: &config::Agent, stored: &Stored) -> Self {
        let mut profiles = agent.profiles.clone();
        for kept in &stored.profiles {
            let kept = profile(kept, agent);
            match profiles.iter_mut().find(|profile| profile.name == kept.name) {
                Some(configured) => *configured = kept,
                None => profiles.push(kept),
            }
        }
        profiles.iter_mut().for_each(|profile| stored.fill(profile));
        let profiles: Vec<_> = profiles.into_iter().map(Arc::new).collect();
        let named = |name: &String| profiles.iter().find(|profile| profile.name == *name).cloned();
        let kept = stored.rules.iter().map(|rule| (&rule.pattern, &rule.profile));
        let configured = agent.rules.iter().map(|rule| (&rule.rooms, &rule.profile));
        let rules = kept.chain(configured);
        let rules = rules.map(|(rooms, profile)| (WildMatch::new(rooms), profile.as_ref().and_then(named))).collect();
        Self { profiles, rules, languages: stored.languages.clone().into(), voices: stored.voices(agent) }
    }
}

impl Stored {
    /// What a profile does not say is as the desk's settings have it, where they say something.
    fn fill(&self, profile: &mut Profile) {
        match &*self.languages {
            [] => {}
            [only] if profile.open.language => profile.language = Some(*only),
            _ if profile.open.language => profile.language = None,
            _ => {}
        }
        if profile.open.voice && self.voices != UsualVoices::default() {
            profile.voice = None;
        }
    }

    /// The usual voices; beside those that are set, the one that the configuration has for all.
    fn voices(&self, agent: &config::Agent) -> Vec<(Language, String)> {
        let mut voices: Vec<_> = self.voices.all().map(|(language, voice)| (language, voice.clone())).collect();
        let configured = agent.profiles.iter().filter(|profile| profile.open.voice);
        if let (Some(voice), false) = (configured.filter_map(|it| it.voice.clone()).next(), voices.is_empty()) {
            let others = Phrase::LANGUAGES.into_iter().filter(|it| self.voices.all().all(|(set, _)| set != *it));
            voices.extend(others.map(|language| (language, voice.clone())));
        }
        voices
    }
}

fn profile(kept: &profiles::Profile, agent: &config::Agent) -> Profile {
    let script = kept.script.clone().map(ScriptSource::Kept);
    let kept = &kept.content;
    let greetings = kept.greetings.iter();
    Profile {
        name: kept.name.clone(),
        language: kept.language,
        voice: kept.voice.clone(),
        speed: kept.speed,
        prompt: if kept.prompt.is_empty() { agent.prompt.clone() } else { kept.prompt.clone() },
        greetings: greetings.filter_map(|(code, text)| Some((code.parse().ok()?, text.clone()))).collect(),
        script,
        silence: kept.silence_seconds.map(|seconds| Duration::from_secs(seconds.into())),
        longest: kept.max_minutes.map(|minutes| Duration::from_mins(minutes.into())),
        open: Open { language: kept.language.is_none(), voice: kept.voice.is_none() },
    }
}

/// Looks up what is in force.
#[derive(Debug)]
pub(super) struct Directory {
    agent: config::Agent,
    store: Store,
    seen: Stored,
}

impl Directory {
    pub(super) fn new(agent: config::Agent, store: Store) -> Self {
        Self { agent, store, seen: Stored::default() }
    }

    /// What is in force now, if it has changed since this was last asked, or for the first time if it is not just the
    /// configuration.
    pub(super) async fn changed(&mut self) -> Option<Book> {
        let stored = timeout(PATIENCE, read(&self.store)).await;
        let stored = match stored {
            Ok(Ok(stored)) => stored,
            Ok(Err(error)) => {
                tracing::error!(%error, "reading profiles and rules: those before stay in force");
                return None;
            }
            Err(_) => {
                tracing::error!("reading profiles and rules takes too long: those before stay in force");
                return None;
            }
        };
        if stored == self.seen {
            return None;
        }
        self.seen = stored;
        Some(Book::of(&self.agent, &self.seen))
    }
}

async fn read(store: &Store) -> Result<Stored, StoreError> {
    let read = |connection: &_| {
        let settings = settings::read(connection)?;
        Ok(Stored {
            profiles: profiles::list(connection)?,
            rules: rules::list(connection)?,
            languages: settings.languages,
            voices: settings.voices,
        })
    };
    store.read(read).await
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use jiff::Timestamp;

    use super::*;
    use crate::{
        config::Config,
        domain::Language,
        store::{Change, audit::Actor, profiles::Content},
    };

    fn content(name: &str, prompt: &str) -> Content {
        Content {
            name: name.to_owned(),
            language: Some(Language::ARABIC),
            voice: None,
            speed: 1.5,
            prompt: prompt.to_owned(),
            greetings: BTreeMap::from([("ar".to_owned(), "مرحبا".to_owned()), ("xx".to_owned(), "?".to_owned())]),
            silence_seconds: Some(12),
            max_minutes: None,
        }
    }

    fn names(book: &Book) -> Vec<&str> {
        book.profiles.iter().map(|profile| profile.name.as_str()).collect()
    }

    async fn change(store: &Store, work: impl FnOnce(&Change<'_>) -> Result<(), StoreError> + Send + 'static) {
        store.change(Actor::console(), Timestamp::UNIX_EPOCH, work).await.unwrap();
    }

    #[tokio::test]
    async fn settings_say_what_profiles_leave_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut agent = Config::defaults(Path::new("data")).agent;
        (agent.profiles[0].language, agent.profiles[0].voice) = (Some(Language::ENGLISH), Some("amy".to_owned()));
        let own = Profile {
            name: "own".to_owned(),
            open: Open { language: false, voice: false },
            ..agent.profiles[0].clone()
        };
        agent.profiles.push(own);
        change(&store, |change| {
            let open = Content { language: None, ..content("open", "") };
            profiles::create(change, &open, None)?;
            profiles::create(change, &content("arabic", ""), None).map(drop)
        })
        .await;
        let mut directory = Directory::new(agent, store.clone());
        let (en, ar) = (Language::ENGLISH, Language::ARABIC);
        // default, own, arabic, open
        for (languages, voice, spoken, named, voices) in [
            (vec![], None, [Some(en), Some(en), Some(ar), None], [Some("amy"), Some("amy"), None, None], vec![]),
            (vec![ar], None, [Some(ar), Some(en), Some(ar), Some(ar)], [Some("amy"), Some("amy"), None, None], vec![]),
            (
                vec![ar, en],
                Some("kareem"),
                [None, Some(en), Some(ar), None],
                [None, Some("amy"), None, None],
                vec![(ar, "kareem"), (en, "amy")],
            ),
        ] {
            let ar = voice.map(str::to_owned);
            let set = settings::Settings {
                languages: languages.clone(),
                voices: UsualVoices { en: None, ar },
                ..settings::Settings::default()
            };
            change(&store, move |change| settings::replace(change, &set).map(drop)).await;
            let book = directory.changed().await.unwrap();
            assert_eq!(book.profiles.iter().map(|it| it.language).collect::<Vec<_>>(), spoken, "{languages:?}");
            assert_eq!(book.profiles.iter().map(|it| it.voice.as_deref()).collect::<Vec<_>>(), named, "{languages:?}");
            assert_eq!(book.voices.iter().map(|(of, id)| (*of, id.as_str())).collect::<Vec<_>>(), voices);
            assert_eq!(*book.languages, *languages);
        }
    }

    #[tokio::test]
    async fn what_is_stored_goes_before_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let agent = Config::defaults(Path::new("data")).agent;
        let mut directory = Directory::new(agent.clone(), store.clone());
        assert!(directory.changed().await.is_none(), "nothing is stored");
        change(&store, |change| {
            profiles::create(change, &content("sales", ""), None)?;
            rules::create(change, "private-*", None, None)?;
            rules::create(change, "sales-*", Some("sales"), None)?;
            rules::create(change, "gone-*", Some("nobody"), None)?;
            Ok(())
        })
        .await;
        let book = directory.changed().await.unwrap();
        assert_eq!(names(&book), ["default", "sales"]);
        let sales = &book.profiles[1];
        assert_eq!((&sales.prompt, sales.speed, sales.language), (&agent.prompt, 1.5, Some(Language::ARABIC)));
        assert_eq!((sales.silence, sales.longest), (Some(Duration::from_secs(12)), None));
        assert_eq!(sales.greetings, [(Language::ARABIC, "مرحبا".to_owned())]);
        let sent = |room: &str| {
            let (_, profile) = book.rules.iter().find(|(pattern, _)| pattern.matches(room))?;
            profile.as_ref().map(|profile| profile.name.as_str())
        };
        assert_eq!(
            ["private-1", "sales-1", "gone-1", "call-1"].map(sent),
            [None, Some("sales"), None, Some("default")]
        );
        assert!(directory.changed().await.is_none());

        change(&store, |change| profiles::create(change, &content("default", "Be brief."), None).map(drop)).await;
        let book = directory.changed().await.unwrap();
        assert_eq!((names(&book), book.profiles[0].prompt.as_str()), (vec!["default", "sales"], "Be brief."));
    }
}
