//! Conversations in writing only, with the same model and the same records as calls. Each belongs to whoever began it.
//!
//! A conversation lives in memory, where its history is; every answer is in the store before it is given. It ends when
//! nothing was said in it for half an hour, and with the process.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};

use super::{
    Brief, CallError, EnginesReceiver, Facts, NotReady,
    answer::{Marks, think},
    bookings::{self, Known},
    directions::{Directions, Way},
    ready,
};
use crate::{
    config::{self, Profile},
    dialogue::history::History,
    domain::{
        CallId, Identity, Language, Pii,
        cards::{self, CardGuard},
        ids::random_name,
    },
    store::{
        Store, StoreError,
        calls::{self, About, Call, Direction, EndReason, Ended, Medium, NewCall},
        turns::{self, NewTurn, Timings, Who},
    },
};

/// So long nothing is said, and a conversation is over.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How often that is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Conversations at a time.
const MOST_OPEN: usize = 1000;
/// Answers that are being made or wait; a call goes before them.
const MOST_ANSWERS: usize = 4;
/// How long a message waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an answer may take, from then on.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
/// Conversations in writing are numbered apart from calls, for the language model's cache.
const FIRST_NUMBER: u64 = 1 << 32;

/// Why a message was not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WrittenError {
    /// There is no such conversation, or it is somebody else's.
    #[error("there is no conversation with this id")]
    Unknown,
    /// It is over.
    #[error("this conversation is over: begin another")]
    Over,
    /// There are too many, or too much is asked at a time.
    #[error("too much is asked at a time: try again in a moment")]
    Busy,
    /// There are no engines, or none yet.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The answer took too long.
    #[error("the answer took too long: try again in a moment")]
    Late,
    /// The engines cannot answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a conversation begins.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// What is written; `None`: by the profile.
    pub language: Option<Language>,
    /// What whoever begins it knows.
    pub facts: Facts,
    /// What the desk's records know.
    pub known: Option<Known>,
    /// What was said before, card numbers and all.
    pub history: Vec<(Who, Pii<String>)>,
}

/// The conversations. Clones share them.
#[derive(Clone)]
pub struct Written {
    shared: Arc<Shared>,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").finish_non_exhaustive()
    }
}

struct Shared {
    store: Store,
    engines: EnginesReceiver,
    profile: Profile,
    max_tokens: usize,
    answers: Semaphore,
    next_number: AtomicU64,
    open: Mutex<HashMap<CallId, Arc<Conversation>>>,
}

/// One conversation.
#[derive(Debug)]
struct Conversation {
    call: NewCall,
    number: u64,
    began: Instant,
    last: Mutex<Instant>,
    /// One message after the other.
    talk: tokio::sync::Mutex<Talk>,
}

#[derive(Debug)]
struct Talk {
    history: History,
    cards: CardGuard,
    is_over: bool,
}

impl Written {
    /// With the agent of the first profile.
    pub fn new(agent: &config::Agent, engines: EnginesReceiver, store: Store) -> Self {
        let profile = agent.profiles.first().cloned().expect("there is always a first profile");
        let shared = Shared {
            store,
            engines,
            profile,
            max_tokens: agent.max_tokens,
            answers: Semaphore::new(MOST_ANSWERS),
            next_number: AtomicU64::new(FIRST_NUMBER),
            open: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Begins a conversation that belongs to `owner`.
    ///
    /// # Errors
    /// [`WrittenError::Busy`] or [`WrittenError::Store`].
    pub async fn begin(&self, owner: Identity, opening: Opening) -> Result<CallId, WrittenError> {
        let Shared { profile, store, .. } = &*self.shared;
        let known = opening.known.as_ref();
        let directions = Directions::of(store, profile, known, &opening.facts).await;
        let script = match &directions.way {
            Way::Told(script) => script.reveal().as_str(),
            // Led and said word for word it is in calls only.
            Way::Led(_) | Way::Broken => "",
        };
        let instructions = bookings::instructions(&profile.prompt, script, known, &opening.facts);
        let (mut history, mut cards) = (History::new(instructions), CardGuard::new());
        let mut said = Vec::new();
        for (who, text) in opening.history {
            let text = match who {
                Who::Caller => cards.finish(text.reveal()),
                Who::Agent => cards::mask(text.reveal()),
            };
            remember(&mut history, who, &text);
            said.push(turn(who, text, Duration::ZERO, Duration::ZERO));
        }
        let call = NewCall {
            id: CallId::random(),
            room: random_name("text-", 12).parse().expect("letters and digits are a name"),
            caller: owner,
            caller_name: known.map(|known| known.caller_name.clone()).unwrap_or_default(),
            language: opening.language.or(known.and_then(|known| known.language)).or(profile.language),
            profile: profile.name.clone(),
            direction: Direction::Inbound,
            started_at: Timestamp::now(),
            about: About { medium: Medium::Text, ..known.map(|known| known.about.clone()).unwrap_or_default() },
        };
        let conversation = Conversation {
            call: call.clone(),
            number: self.shared.next_number.fetch_add(1, Ordering::Relaxed),
            began: Instant::now(),
            last: Mutex::new(Instant::now()),
            talk: tokio::sync::Mutex::new(Talk { history, cards, is_over: false }),
        };
        if self.open().len() >= MOST_OPEN {
            return Err(WrittenError::Busy);
        }
        let id = call.id.clone();
        let write = store.write(move |transaction| {
            calls::start(transaction, &call)?;
            said.iter().try_for_each(|turn| turns::add(transaction, &call.id, turn).map(drop))
        });
        write.await?;
        self.open().insert(id.clone(), Arc::new(conversation));
        Ok(id)
    }

    /// Whether there is anybody to answer.
    ///
    /// # Errors
    /// See [`WrittenError`].
    pub fn can_answer(&self) -> Result<(), WrittenError> {
        ready(&self.shared.engines)?.responder().map_err(CallError::from)?;
        Ok(())
    }

    /// Says `text` in a conversation of `owner`'s (`None`: whosever it is), and gives the answer.
    ///
    /// # Errors
    /// See [`WrittenError`].
    pub async fn say(
        &self,
        id: &CallId,
        owner: Option<&Identity>,
        text: &Pii<String>,
    ) -> Result<Pii<String>, WrittenError> {
        let is_own = |caller: &Identity| owner.is_none_or(|owner| owner == caller);
        let open = self.open().get(id).cloned();
        let Some(conversation) = open else { return Err(self.why_not(id, is_own).await?) };
        if !is_own(&conversation.call.caller) {
            return Err(WrittenError::Unknown);
        }
        *conversation.last() = Instant::now();
        let turn = timeout(PATIENCE, async {
            let talk = conversation.talk.lock().await;
            // Nobody closes it.
            let permit = self.shared.answers.acquire().await.ok();
            (talk, permit)
        });
        let (mut talk, _permit) = turn.await.map_err(|_| WrittenError::Busy)?;
        if talk.is_over {
            return Err(WrittenError::Over);
        }
        let answer = timeout(LONGEST_ANSWER, self.answer(&conversation, &mut talk, text)).await;
        *conversation.last() = Instant::now();
        answer.map_err(|_| WrittenError::Late)?
    }

    /// What was not answered was not said: it may be said again.
    async fn answer(
        &self,
        conversation: &Conversation,
        talk: &mut Talk,
        text: &Pii<String>,
    ) -> Result<Pii<String>, WrittenError> {
        let Shared { store, max_tokens, .. } = &*self.shared;
        let asked = conversation.began.elapsed();
        let engines = ready(&self.shared.engines)?;
        let (mut history, mut cards) = (talk.history.clone(), talk.cards.clone());
        let heard = cards.finish(text.reveal());
        remember(&mut history, Who::Caller, &heard);
        let language = conversation.call.language.unwrap_or(Language::ENGLISH);
        let brief = Brief::in_writing(language, *max_tokens, conversation.number);
        // Nobody speaks the clauses.
        let (clauses, _) = mpsc::channel(1);
        let marks = Marks::default();
        let thought = think(&engines, history.messages(), &brief, &marks, None, clauses).await?;
        let reply = cards::mask(thought.text.trim());
        remember(&mut history, Who::Agent, &reply);
        let answered = conversation.began.elapsed();
        let total = u32::try_from((answered - asked).as_millis()).unwrap_or(u32::MAX);
        let mut spoken = turn(Who::Agent, reply.clone(), asked, answered);
        spoken.timings = Timings { total: Some(total), ..Timings::default() };
        (spoken.providers, spoken.tokens) = (marks.providers(), marks.tokens());
        let (id, said) = (conversation.call.id.clone(), [turn(Who::Caller, heard, asked, asked), spoken]);
        let write = store.write(move |transaction| {
            calls::answer(transaction, &id, Timestamp::now())?;
            said.iter().try_for_each(|turn| turns::add(transaction, &id, turn).map(drop))
        });
        write.await?;
        (talk.history, talk.cards) = (history, cards);
        Ok(Pii::new(reply))
    }

    /// Why there is no such conversation in memory.
    async fn why_not(&self, id: &CallId, is_own: impl Fn(&Identity) -> bool) -> Result<WrittenError, StoreError> {
        let id = id.clone();
        let kept = self.shared.store.read(move |connection| calls::find(connection, &id)).await?;
        Ok(match kept {
            Some(Call { medium: Medium::Text, caller, .. }) if is_own(&caller) => WrittenError::Over,
            Some(Call { medium: Medium::Voice, ended: Some(_), .. }) => WrittenError::Over,
            _ => WrittenError::Unknown,
        })
    }

    /// Ends those in which nothing was said for long, as long as it is polled.
    pub async fn end_idle(&self) -> Infallible {
        loop {
            sleep(LOOK_AGAIN).await;
            let now = Instant::now();
            let is_idle = |conversation: &Conversation| now.saturating_duration_since(*conversation.last()) >= IDLE;
            self.end(is_idle, EndReason::CallerLeft).await;
        }
    }

    /// Ends all: the server stops.
    pub async fn stop(&self) {
        self.end(|_| true, EndReason::Stopped).await;
    }

    /// Where the database fails, the next start ends their records.
    async fn end(&self, is_over: impl Fn(&Conversation) -> bool, reason: EndReason) {
        let over: Vec<_> = self.open().extract_if(|_, conversation| is_over(conversation)).collect();
        for (id, conversation) in over {
            conversation.talk.lock().await.is_over = true;
            let ended = Ended { at: Timestamp::now(), reason };
            let call = conversation.call.clone();
            let write = self.shared.store.write(move |transaction| calls::end_with_note(transaction, &call, ended));
            if let Err(error) = write.await {
                tracing::error!(call = %id, %error, "ending a conversation's record");
            }
        }
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn open(&self) -> MutexGuard<'_, HashMap<CallId, Arc<Conversation>>> {
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Conversation {
    fn last(&self) -> MutexGuard<'_, Instant> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(history: &mut History, who: Who, text: &str) {
    match who {
        Who::Caller => history.heard(text),
        Who::Agent => history.said(text),
    }
}

fn turn(who: Who, text: String, started: Duration, ended: Duration) -> NewTurn {
    let (timings, providers) = Default::default();
    let text = Pii::new(text);
    NewTurn { who, text, started, ended, heard: None, interrupted: false, timings, providers, tokens: None }
}
