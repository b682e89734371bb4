//! `[agent]`: what the agent is told, who answers (profiles), and in which rooms (rules).

use std::{path::PathBuf, time::Duration};

use super::{
    ConfigError, Speech,
    layers::{Settings, Table},
    values::{self, LANGUAGE, SPEED, Value, set, within, words},
};
use crate::domain::{Language, ScriptId};

const DEFAULT_PROMPT: &str = "You are a friendly agent on the telephone. Answer in one or two short spoken sentences, \
    without lists or symbols. If you do not know something, say so.";
/// The profile that always exists.
const DEFAULT_PROFILE: &str = "default";
/// What the names of scripts that come with the program begin with.
const BUILTIN: &str = "builtin:";
const SCRIPT: &str = "builtin:NAME, or the path of a file";
/// In a rule, in a profile's place: nobody answers.
const NOBODY: &str = "none";

/// `[agent]`
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// `prompt`: what the agent is told about its task.
    pub prompt: String,
    /// `max_tokens`: the longest answer.
    pub max_tokens: usize,
    /// `silence_seconds`: after so much silence the agent asks whether the caller is still there; twice, and then it hangs up.
    pub silence: Duration,
    /// `max_minutes`: no call is longer; the caller is told a minute before.
    pub longest: Duration,
    /// `max_calls`: how many callers are served at a time; by the number of cores unless set.
    pub max_calls: Option<usize>,
    /// `[[agent.profiles]]`: who answers. The first, `default`, is made of the settings above and of `[speech]`.
    pub profiles: Vec<Profile>,
    /// `[[agent.rules]]`: the first whose pattern fits a room's name decides; none fits: no agent unless dispatched.
    pub rules: Vec<Rule>,
}

/// `[[agent.profiles]]`: how the agent presents itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// `name`: what rules and dispatches call it.
    pub name: String,
    /// `language`: spoken first, and assumed of the caller; `None`: recognised, English first.
    pub language: Option<Language>,
    /// `voice`: the voice's id, or none for the language's usual one.
    pub voice: Option<String>,
    /// `speed`: 0.5 to 2.0.
    pub speed: f32,
    /// `prompt`: what the agent is told about its task.
    pub prompt: String,
    /// `greeting_en`, `greeting_ar`, …: said first; must say that an automated agent speaks and that the call is transcribed.
    pub greetings: Vec<(Language, String)>,
    /// `script`: what leads the calls, or what the agent goes by.
    pub script: Option<ScriptSource>,
    /// `silence_seconds`: as above; `None`: as there.
    pub silence: Option<Duration>,
    /// `max_minutes`: no call with it is longer; `None`: as above.
    pub longest: Option<Duration>,
    /// Which of these it leaves to others.
    pub open: Open,
}

/// What a profile does not say itself: there the desk's settings stand before `[speech]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// `language`, or it is `auto`.
    pub language: bool,
    /// `voice`
    pub voice: bool,
}

impl Open {
    /// It says nothing of either.
    pub const ALL: Self = Self { language: true, voice: true };
}

/// Where a profile's script is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptSource {
    /// `builtin:NAME`: one that comes with the program.
    Builtin(String),
    /// A file.
    File(PathBuf),
    /// One of the desk's own: its live version.
    Kept(ScriptId),
}

impl ScriptSource {
    /// As the configuration names one.
    fn parse(value: &Value) -> Option<Self> {
        let text = words(value)?;
        Some(match text.strip_prefix(BUILTIN) {
            Some(name) => Self::Builtin(name.to_owned()),
            None => Self::File(text.into()),
        })
    }
}

/// `[[agent.rules]]`: which rooms get an agent by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `rooms`: a pattern for the room's name; `*` stands for anything (`call-*`).
    pub rooms: String,
    /// `profile`: who answers; `None` (`profile = "none"`): nobody, unless dispatched by name.
    pub profile: Option<String>,
}

impl Agent {
    pub(super) fn defaults() -> Self {
        let default_profile = Profile {
            name: DEFAULT_PROFILE.to_owned(),
            language: None,
            voice: None,
            speed: 1.0,
            prompt: DEFAULT_PROMPT.to_owned(),
            greetings: Vec::new(),
            script: None,
            silence: None,
            longest: None,
            open: Open::ALL,
        };
        Self {
            prompt: DEFAULT_PROMPT.to_owned(),
            max_tokens: 128,
            silence: Duration::from_secs(30),
            longest: Duration::from_mins(120),
            max_calls: None,
            profiles: vec![default_profile],
            rules: vec![Rule { rooms: "*".to_owned(), profile: Some(DEFAULT_PROFILE.to_owned()) }],
        }
    }

    /// `speech` is what applies to profiles that do not say otherwise.
    pub(super) fn apply(&mut self, written: &Settings, speech: &Speech) -> Result<(), ConfigError> {
        set(&mut self.prompt, written.read("agent.prompt", TEXT, words)?);
        set(&mut self.max_tokens, written.read("agent.max_tokens", "from 1 to 4096", within(1, 4096))?);
        set(&mut self.silence, written.read("agent.silence_seconds", SILENCE, silence)?);
        let minutes = written.read("agent.max_minutes", "from 2 to 1440", within(2, 1440))?;
        set(&mut self.longest, minutes.map(Duration::from_mins));
        self.max_calls = written.read("agent.max_calls", "from 1 to 10000", within(1, 10_000))?;
        self.profiles = self.read_profiles(written, speech)?;
        if let Some(rules) = written.tables("agent.rules") {
            self.rules = rules.iter().map(|table| self.read_rule(table)).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// Those that are written, and `default`, which comes first.
    fn read_profiles(&self, written: &Settings, speech: &Speech) -> Result<Vec<Profile>, ConfigError> {
        let usual = Profile {
            name: DEFAULT_PROFILE.to_owned(),
            language: speech.language,
            voice: speech.voice.clone(),
            speed: speech.speed,
            prompt: self.prompt.clone(),
            greetings: Vec::new(),
            script: written.read("agent.script", SCRIPT, ScriptSource::parse)?,
            silence: None,
            longest: None,
            open: Open::ALL,
        };
        let mut profiles: Vec<Profile> = Vec::new();
        for table in written.tables("agent.profiles").unwrap_or_default() {
            let profile = Profile::read(table, &usual)?;
            if profiles.iter().any(|it| it.name == profile.name) {
                return Err(table.invalid("name", "a name that no other profile has"));
            }
            profiles.push(profile);
        }
        match profiles.iter().position(|it| it.name == DEFAULT_PROFILE) {
            Some(place) => profiles[..=place].rotate_right(1),
            None => profiles.insert(0, usual),
        }
        Ok(profiles)
    }

    fn read_rule(&self, table: &Table) -> Result<Rule, ConfigError> {
        let rooms = table.need("rooms", "a pattern for names of rooms, such as call-*", words)?;
        let profile = table.read("profile", "the name of a profile, or none", words)?;
        let profile = profile.unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        if profile == NOBODY {
            return Ok(Rule { rooms, profile: None });
        }
        if !self.profiles.iter().any(|it| it.name == profile) {
            let known: Vec<_> = self.profiles.iter().map(|it| it.name.as_str()).collect();
            return Err(table.invalid("profile", &format!("the name of a profile ({}), or none", known.join(", "))));
        }
        Ok(Rule { rooms, profile: Some(profile) })
    }
}

const TEXT: &str = "a text that is not empty";
const SILENCE: &str = "from 5 to 600";

fn silence(value: &Value) -> Option<Duration> {
    within(5, 600)(value).map(Duration::from_secs)
}

impl Profile {
    /// What is not written is as in `usual`; but a voice goes with its language.
    fn read(table: &Table, usual: &Self) -> Result<Self, ConfigError> {
        let name = table.need("name", "a name that is not empty, and not none", |value| {
            words(value).filter(|name| name != NOBODY)
        })?;
        let language = table.read("language", LANGUAGE, values::language)?;
        // A script has a language of its own: it is not for all.
        let usual_script = || usual.script.clone().filter(|_| name == usual.name);
        let script = table.read("script", SCRIPT, ScriptSource::parse)?.or_else(usual_script);
        let usual_voice = || usual.voice.clone().filter(|_| language.is_none_or(|it| it == usual.language));
        let voice = table.read("voice", "the id of a voice", words)?;
        let open = Open { language: language.flatten().is_none(), voice: voice.is_none() };
        Ok(Self {
            name,
            language: language.unwrap_or(usual.language),
            voice: voice.or_else(usual_voice),
            speed: table.read("speed", SPEED, values::speed)?.unwrap_or(usual.speed),
            prompt: table.read("prompt", TEXT, words)?.unwrap_or_else(|| usual.prompt.clone()),
            greetings: table
                .keys()
                .filter_map(|key| Some((key, greeting_language(key)?)))
                .map(|(key, language)| Ok((language, table.need(key, TEXT, words)?)))
                .collect::<Result<_, _>>()?,
            script,
            silence: table.read("silence_seconds", SILENCE, silence)?,
            longest: table.read("max_minutes", "from 1 to 720", within(1, 720))?.map(Duration::from_mins),
            open,
        })
    }
}

/// `greeting_en` is in English; only codes count, not names.
pub(super) fn greeting_language(key: &str) -> Option<Language> {
    let code = key.strip_prefix("greeting_")?;
    code.parse().ok().filter(|language: &Language| language.code() == code)
}
