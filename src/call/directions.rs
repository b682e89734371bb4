//! What an agent goes by in a call: words for a language model, or a script that leads.

use std::{fs, sync::Arc, time::Duration};

use jiff::Zoned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::{Facts, bookings::Known};
use crate::{
    config::{Profile, ScriptSource},
    dialogue::guide,
    domain::{Host, Language, Pii, ScriptId},
    script::{self, Script, builtin},
    store::{Connection, Store, StoreError, scripts, settings},
};

/// The caller waits: without an answer of the database by then, the call cannot be led.
const PATIENCE: Duration = Duration::from_secs(2);
/// A script is no longer, in bytes: of a file more is not read.
const LONGEST: u64 = 1 << 20;

/// What an agent goes by.
#[derive(Clone, Debug)]
pub(super) struct Directions {
    /// The script and its version, where it is one of the desk's own.
    pub(super) version: Option<(ScriptId, u32)>,
    pub(super) way: Way,
}

/// Who leads, and to where.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// A language model, which is told this; it may be empty.
    Told(Pii<String>),
    /// A script.
    Led(Box<Led>),
    /// A script that cannot be run. Nobody improvises what was to be said word for word.
    Broken,
}

/// A script that leads.
#[derive(Clone, Debug)]
pub(super) struct Led {
    pub(super) setup: guide::Setup,
    /// The SHA-256 of its document.
    pub(super) document: [u8; 32],
    /// Whom it may ask.
    pub(super) hosts: Vec<Host>,
}

/// A script as text, and which of the desk's own it is.
struct Found {
    text: String,
    version: Option<(ScriptId, u32)>,
}

impl Directions {
    /// What is said in a call that is known so: the script of whoever is called, else the profile's.
    pub(super) async fn of(store: &Store, profile: &Profile, known: Option<&Known>, facts: &Facts) -> Self {
        match timeout(PATIENCE, Self::find(store, profile, known, facts)).await {
            Ok(Ok(directions)) => directions,
            Ok(Err(error)) => Self::broken(&error.to_string()),
            Err(_) => Self::broken("the database does not answer in time"),
        }
    }

    async fn find(store: &Store, profile: &Profile, known: Option<&Known>, facts: &Facts) -> Result<Self, FindError> {
        let own = known.filter(|known| !known.script.reveal().trim().is_empty());
        let found = match (own, &profile.script) {
            (Some(known), _) => Found { text: known.script.reveal().clone(), version: known.about.script.clone() },
            (None, Some(source)) => of_profile(store, source.clone()).await?,
            (None, None) => Found { text: String::new(), version: None },
        };
        let Found { text, version } = found;
        if !script::is_guided(&text) {
            return Ok(Self { version, way: Way::Told(Pii::new(text)) });
        }
        let settings = store.read(settings::read).await?;
        let script = Script::parse(&text)
            .map_err(|faults| FindError::Faulty(faults.first().map(ToString::to_string).unwrap_or_default()))?;
        let (known_facts, record) =
            known.map_or((facts.clone(), Value::Null), |known| (known.facts.and(facts), known.record.reveal().clone()));
        let country = settings.country;
        let mut values = script.values(&Value::Object(known_facts.named()), country);
        // The desk's own records go before what others claim.
        values.extend(script.values(&record, country));
        let now = Zoned::now();
        let setup = guide::Setup {
            script: Arc::new(script),
            values,
            today: now.date(),
            now: now.time(),
            currency: settings.currency,
            country,
            talks: false,
            understands: false,
        };
        let led = Led { setup, document: Sha256::digest(&text).into(), hosts: settings.script_hosts };
        Ok(Self { version, way: Way::Led(Box::new(led)) })
    }

    /// What is spoken, where a script says so.
    pub(super) fn language(&self) -> Option<Language> {
        match &self.way {
            Way::Led(led) => Some(led.setup.script.language),
            Way::Told(_) | Way::Broken => None,
        }
    }

    fn broken(reason: &str) -> Self {
        tracing::error!(reason, "a call cannot be led by its script");
        Self { version: None, way: Way::Broken }
    }
}

/// Why there is no script where one is named.
#[derive(Debug, thiserror::Error)]
enum FindError {
    #[error("there is no script `builtin:{0}`: see callstead script list")]
    NoBuiltin(String),
    #[error("the profile's script {0} has no live version, or was deleted")]
    NotLive(ScriptId),
    #[error("cannot read the profile's script: {0}")]
    File(#[from] std::io::Error),
    #[error("the script has faults, see callstead script check: {0}")]
    Faulty(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

async fn of_profile(store: &Store, source: ScriptSource) -> Result<Found, FindError> {
    match source {
        ScriptSource::Builtin(name) => match builtin::find(&name) {
            Some(text) => Ok(Found { text: text.to_owned(), version: None }),
            None => Err(FindError::NoBuiltin(name)),
        },
        ScriptSource::File(path) => {
            let read = tokio::task::spawn_blocking(move || {
                use std::io::Read;
                let mut text = String::new();
                fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
                Ok::<_, std::io::Error>(text)
            });
            let text = read.await.map_err(std::io::Error::other)??;
            Ok(Found { text, version: None })
        }
        ScriptSource::Kept(id) => {
            let wanted = id.clone();
            let live = store.read(move |connection: &Connection| scripts::live(connection, &wanted)).await?;
            let version = live.ok_or_else(|| FindError::NotLive(id.clone()))?;
            Ok(Found { text: version.content, version: Some((id, version.number)) })
        }
    }
}
