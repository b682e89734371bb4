//! What is tried before a caller hears it: a guided script in writing or with simulated callers, and a voice.
//!
//! Nothing of it is kept here. A chat is what has happened in it so far ([`Event`]); whoever tries the script brings that along
//! each time, and the script is gone through again from its beginning: it decides equally each time, and what a language model
//! has answered is among what happened. So a chat outlives a restart, and goes on with the text as it has been changed since.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Semaphore, SemaphorePermit, mpsc},
    task::{spawn_blocking, yield_now},
    time::timeout,
};

pub use crate::dialogue::guide::{Act, Trouble};
use crate::{
    audio::{Clip, write_wav_to},
    dialogue::guide::{
        Guard, Guide, Input, Output, RequestId, Setup,
        simulate::{self, Run, Scene, Spoken},
    },
    domain::{Country, Currency, Language, Message, Pii, Role},
    script::{Persona, Script, Value},
    speech::{Priority, Sampling, Sentence, engines::Engines},
};

use super::{
    CallError, EnginesReceiver, NotReady, SpeechError,
    answer::{Brief, CLAUSES, Marks, think},
    meaning, ready,
};

/// A chat is no longer, in events.
const MOST_EVENTS: usize = 400;
/// More of what is said at once is not looked at, in characters.
const LONGEST_WORDS: usize = 500;
/// The longest free answer, in tokens.
const MOST_TOKENS: usize = 80;
/// The number of all rehearsals for the language model's cache: there is one at a time.
const CONVERSATION: u64 = 1 << 33;
/// How long one waits for another that is going on.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a free answer, or a sample of a voice, may take.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);
/// So much of a voice is a sample: 15 s in frames of 20 ms.
const MOST_FRAMES: usize = 750;

/// Why something could not be tried.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RehearsalError {
    /// Others are trying something.
    #[error("somebody else is trying something at this moment: try again")]
    Busy,
    /// There are no engines, or none yet.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The voice took too long.
    #[error("the voice took too long: try again in a moment")]
    Late,
    /// The engines cannot do it.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Something that happened in a chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It began at this moment where the desk is (`2026-05-11T10:00:00`), with a language model or without one.
    Began(String, bool),
    /// Whoever tries the script said this.
    Said(String),
    /// They said nothing.
    Silent,
    /// What a language model made of their words: the probability of each choice.
    Scored(Vec<f32>),
    /// The value that it found in them.
    Filled(Option<String>),
    /// What it said freely, and whether that was a good answer.
    Thought(String, bool),
}

/// What a script is tried with.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The script.
    pub script: Arc<Script>,
    /// What is known of the caller.
    pub values: BTreeMap<String, Value>,
    /// In which amounts are.
    pub currency: Option<Currency>,
    /// Where telephone numbers are from.
    pub country: Option<Country>,
}

/// A chat, as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// What was said and done.
    pub lines: Vec<Line>,
    /// The step that the script is at: its id, and its line in the document.
    pub at: (String, usize),
    /// How it ended, if it has.
    pub outcome: Option<String>,
    /// What happened, to be brought along.
    pub events: Vec<Event>,
}

/// Something said or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// By the agent.
    Agent(String),
    /// By the caller; `None`: silence.
    Caller(Option<String>),
    /// Here a language model would talk.
    Free,
    /// Written down for the desk.
    Act(Act),
}

/// A simulated call, and what came of it.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The test's name and its line in the document; `None`: a caller of this manner who is no test.
    pub test: Option<(String, usize)>,
    /// How the caller behaves where the test does not say.
    pub persona: Persona,
    /// How it ended; `None`: it did not.
    pub outcome: Option<String>,
    /// What was expected of a test and did not come.
    pub unmet: Vec<String>,
    /// How often the caller spoke.
    pub turns: usize,
    /// What was said and done.
    pub lines: Vec<Line>,
}

/// Tries things out, one at a time. Clones share the turns.
#[derive(Clone)]
pub struct Rehearsals {
    engines: EnginesReceiver,
    turns: Arc<Semaphore>,
}

impl fmt::Debug for Rehearsals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearsals").finish_non_exhaustive()
    }
}

impl Rehearsals {
    /// With these engines, as soon as they are there.
    pub fn new(engines: EnginesReceiver) -> Self {
        Self { engines, turns: Arc::new(Semaphore::new(1)) }
    }

    /// Goes through a chat in which this has happened, and on to where the caller speaks next. `now` is the moment where the
    /// desk is, for a chat that begins.
    ///
    /// # Errors
    /// [`RehearsalError::Busy`].
    pub async fn chat(&self, rehearsal: Rehearsal, events: Vec<Event>, now: DateTime) -> Result<Chat, RehearsalError> {
        let _turn = self.turn().await?;
        let engines = ready(&self.engines).ok().filter(|engines| engines.responder().is_ok());
        Ok(Talk::new(rehearsal, events, engines, now).go_on().await)
    }

    /// Simulates the script's own tests, and then a caller of each manner.
    ///
    /// # Errors
    /// [`RehearsalError::Busy`].
    pub async fn simulate(&self, rehearsal: Rehearsal, now: DateTime) -> Result<Vec<Simulated>, RehearsalError> {
        let _turn = self.turn().await?;
        let simulated = spawn_blocking(move || simulated(&rehearsal, now)).await;
        simulated.map_err(|_| RehearsalError::Busy)
    }

    /// A few words by a voice, as a WAV file.
    ///
    /// # Errors
    /// When there is no such voice, or it fails; see [`RehearsalError`].
    pub async fn sample(
        &self,
        text: &str,
        language: Language,
        voice: Option<String>,
        speed: f32,
    ) -> Result<Vec<u8>, RehearsalError> {
        let _turn = self.turn().await?;
        let engines = ready(&self.engines)?;
        // No caller waits for it.
        let urgency = Priority::Batch;
        let sentence = Sentence { voice, speed, priority: urgency, ..Sentence::new(text, language) };
        let spoken = timeout(LONGEST_ANSWER, spoken(&engines, sentence)).await;
        let clip = spoken.map_err(|_| RehearsalError::Late)??;
        let mut wav = Vec::new();
        let written = write_wav_to(&mut wav, "a sample", &clip);
        let failed =
            |error: crate::audio::AudioError| SpeechError::Failed { engine: "voice", reason: error.to_string() };
        written.map_err(|error| CallError::from(failed(error)))?;
        Ok(wav)
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, RehearsalError> {
        let turn = timeout(PATIENCE, self.turns.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(RehearsalError::Busy)
    }
}

async fn spoken(engines: &Engines, sentence: Sentence) -> Result<Clip, CallError> {
    let mut frames = engines.synthesizer()?.speak(sentence);
    let mut sound = Vec::new();
    while let Some(voiced) = frames.recv().await {
        sound.push(voiced?.frame);
        if sound.len() >= MOST_FRAMES {
            break;
        }
    }
    Ok(Clip::from_frames(&sound))
}

/// A chat while it is gone through.
struct Talk {
    guide: Guide,
    script: Arc<Script>,
    engines: Option<Arc<Engines>>,
    now: DateTime,
    /// What has happened already.
    past: std::vec::IntoIter<Event>,
    /// For free answers.
    messages: Vec<Message>,
    chat: Chat,
}

impl Talk {
    fn new(rehearsal: Rehearsal, mut events: Vec<Event>, engines: Option<Arc<Engines>>, now: DateTime) -> Self {
        events.truncate(MOST_EVENTS);
        let mut past = events.into_iter();
        let (now, has_model) = match past.next() {
            Some(Event::Began(at, has_model)) => (at.parse().unwrap_or(now), has_model),
            _ => (now, engines.is_some()),
        };
        let Rehearsal { script, values, currency, country } = rehearsal;
        let guide = Guide::new(Setup {
            script: Arc::clone(&script),
            values,
            today: now.date(),
            now: now.time(),
            currency,
            country,
            talks: has_model,
            understands: has_model,
        });
        let chat = Chat { events: vec![Event::Began(now.to_string(), has_model)], ..Chat::default() };
        Self { guide, script, engines, now, past, messages: Vec::new(), chat }
    }

    async fn go_on(mut self) -> Chat {
        self.guide.handle(Input::Begin);
        while let Some(output) = self.guide.poll() {
            match output {
                Output::Say(say) => self.agent(say.text.into_inner()),
                Output::Act(act) => self.chat.lines.push(Line::Act(act)),
                Output::HangUp { outcome } => {
                    self.chat.outcome = Some(outcome);
                    break;
                }
                Output::Listen(_) => {
                    let Some(input) = self.heard() else { break };
                    self.guide.handle(input);
                }
                Output::Think { request, instructions, guard } => {
                    let input = self.think(request, instructions, &guard).await;
                    self.guide.handle(input);
                }
                Output::Score { request, asked, choices } => {
                    let shares = match self.known(|event| matches!(event, Event::Scored(_))) {
                        Known::Event(Event::Scored(shares)) => shares,
                        Known::New(engines) => {
                            let (language, urgency) = (self.script.language, Priority::Reply.into());
                            meaning::score(&engines, &asked, &choices, language, CONVERSATION, urgency).await
                        }
                        _ => Vec::new(),
                    };
                    self.chat.events.push(Event::Scored(shares.clone()));
                    self.guide.handle(Input::Scored { request, shares });
                }
                Output::Fill { request, asked, slot } => {
                    let text = match self.known(|event| matches!(event, Event::Filled(_))) {
                        Known::Event(Event::Filled(text)) => text,
                        Known::New(engines) => {
                            let urgency = Priority::Reply.into();
                            let filled = meaning::fill(&engines, &asked, slot, self.now, CONVERSATION, urgency).await;
                            filled.map(Pii::into_inner)
                        }
                        _ => None,
                    };
                    self.chat.events.push(Event::Filled(text.clone()));
                    self.guide.handle(Input::Filled { request, text: text.map(Pii::new) });
                }
                // Nobody is asked for somebody who is not there.
                Output::Tool { request, .. } => self.guide.handle(Input::Answered { request, answer: None }),
            }
            // What has happened may be long.
            yield_now().await;
        }
        let step = self.script.step(self.guide.at());
        self.chat.at = (step.id.clone(), step.line);
        self.chat
    }

    fn agent(&mut self, text: String) {
        self.messages.push(Message::new(Role::Assistant, &*text));
        self.chat.lines.push(Line::Agent(text));
    }

    /// What the caller has said at this point; `None`: they have not spoken yet.
    fn heard(&mut self) -> Option<Input> {
        let event = self.past.find(|event| matches!(event, Event::Said(_) | Event::Silent))?;
        let input = match &event {
            Event::Said(words) => {
                let words: String = words.chars().take(LONGEST_WORDS).collect();
                self.messages.push(Message::new(Role::User, &*words));
                self.chat.lines.push(Line::Caller(Some(words.clone())));
                Input::Words(Pii::new(words))
            }
            _ => {
                self.chat.lines.push(Line::Caller(None));
                Input::Silence
            }
        };
        self.chat.events.push(event);
        Some(input)
    }

    /// What a language model has answered at this point, or who is to be asked now.
    fn known(&mut self, fits: impl Fn(&Event) -> bool) -> Known {
        match self.past.as_slice().first() {
            Some(event) if fits(event) => self.past.next().map_or(Known::Nothing, Known::Event),
            // The text has been changed since: nobody is asked about what was said long ago.
            Some(_) => Known::Nothing,
            None => self.engines.clone().map_or(Known::Nothing, Known::New),
        }
    }

    async fn think(&mut self, request: RequestId, instructions: Pii<String>, guard: &Guard) -> Input {
        let (text, is_good) = match self.known(|event| matches!(event, Event::Thought(..))) {
            Known::Event(Event::Thought(text, is_good)) => (text, is_good),
            Known::New(engines) => {
                let mut messages = vec![Message::new(Role::System, instructions.into_inner())];
                messages.extend(self.messages.iter().cloned());
                within(free_answer(&engines, &messages, self.script.language, guard)).await
            }
            _ => (String::new(), false),
        };
        self.chat.events.push(Event::Thought(text.clone(), is_good));
        if !text.is_empty() {
            self.agent(text);
        }
        Input::Thought { request, is_good }
    }
}

/// What is known of an answer.
enum Known {
    Event(Event),
    New(Arc<Engines>),
    Nothing,
}

async fn within(answer: impl Future<Output = (String, bool)>) -> (String, bool) {
    timeout(LONGEST_ANSWER, answer).await.unwrap_or_default()
}

/// As much of the model's answer as may be said, and whether that is all of it.
async fn free_answer(engines: &Engines, messages: &[Message], language: Language, guard: &Guard) -> (String, bool) {
    let brief = Brief {
        language,
        voice: None,
        speed: 1.0,
        max_tokens: MOST_TOKENS,
        sampling: Sampling::default(),
        conversation: CONVERSATION,
        urgency: Priority::Reply.into(),
    };
    let (clauses, mut permitted) = mpsc::channel(CLAUSES);
    let marks = Marks::default();
    let gather = async {
        let mut said: Vec<String> = Vec::new();
        while let Some(clause) = permitted.recv().await {
            said.push(clause);
        }
        said
    };
    let (thought, said) = tokio::join!(think(engines, messages, &brief, &marks, Some(guard), clauses), gather);
    let is_good = thought.is_ok_and(|thought| !thought.is_held_back) && !said.is_empty();
    (said.join(" "), is_good)
}

/// A value of each variable, as far as the script's tests have one.
pub fn examples(script: &Script) -> BTreeMap<String, Value> {
    let mut examples = BTreeMap::new();
    for (name, value) in script.tests.iter().flat_map(|test| &test.values) {
        examples.entry(name.clone()).or_insert_with(|| value.clone());
    }
    examples
}

/// Blocks, for some milliseconds a call.
fn simulated(rehearsal: &Rehearsal, now: DateTime) -> Vec<Simulated> {
    let Rehearsal { script, values, currency, country } = rehearsal;
    let (currency, country) = (*currency, *country);
    let tests = script.tests.iter().map(|test| {
        let run = simulate::run(script, &Scene { currency, country, ..Scene::of(test) });
        let unmet = simulate::unmet(script, test, &run);
        Simulated { unmet, ..told(run, Some((test.name.clone(), test.line)), test.persona) }
    });
    let callers = Persona::ALL.into_iter().map(|(_, persona)| {
        let scene = Scene {
            persona,
            says: Vec::new(),
            answers: BTreeMap::new(),
            values: values.clone(),
            tools: BTreeMap::new(),
            today: now.date(),
            now: now.time(),
            currency,
            country,
            seed: 1,
        };
        told(simulate::run(script, &scene), None, persona)
    });
    tests.chain(callers).collect()
}

fn told(run: Run, test: Option<(String, usize)>, persona: Persona) -> Simulated {
    let spoken = run.transcript.into_iter().map(|spoken| match spoken {
        Spoken::Agent { text, .. } => Line::Agent(text),
        Spoken::Caller(words) => Line::Caller(words),
        Spoken::Model => Line::Free,
    });
    let lines = spoken.chain(run.acts.into_iter().map(Line::Act)).collect();
    Simulated { test, persona, outcome: run.outcome, unmet: Vec::new(), turns: run.rounds, lines }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;
    use crate::script::builtin;

    fn rehearsals() -> Rehearsals {
        Rehearsals::new(watch::channel(None).1)
    }

    fn rehearsal(name: &str) -> Rehearsal {
        let script = Arc::new(Script::parse(builtin::find(name).unwrap()).unwrap());
        Rehearsal { values: examples(&script), script, currency: None, country: None }
    }

    fn now() -> DateTime {
        jiff::civil::date(2026, 5, 11).at(10, 0, 0, 0)
    }

    #[tokio::test]
    async fn a_chat_goes_on_from_what_it_was() {
        let rehearsals = rehearsals();
        let begun = rehearsals.chat(rehearsal("appointment-en"), Vec::new(), now()).await.unwrap();
        assert_eq!((begun.at.0.as_str(), begun.lines.len(), begun.outcome.as_deref()), ("remind", 1, None));
        let mut events = begun.events.clone();
        events.push(Event::Said("can we move it".to_owned()));
        let moved = rehearsals.chat(rehearsal("appointment-en"), events, now()).await.unwrap();
        assert_eq!(moved.at.0, "when");
        assert_eq!(moved.lines[..1], begun.lines[..], "what was said stays said");
        let mut events = moved.events.clone();
        events.push(Event::Said("tomorrow at ten in the morning".to_owned()));
        let mut over = rehearsals.chat(rehearsal("appointment-en"), events, now()).await.unwrap();
        if over.outcome.is_none() {
            over.events.push(Event::Said("yes".to_owned()));
            over = rehearsals.chat(rehearsal("appointment-en"), over.events, now()).await.unwrap();
        }
        assert_eq!(over.outcome.as_deref(), Some("moved"));
        assert!(over.lines.iter().any(|line| matches!(line, Line::Act(Act::Callback { at: Some(_), .. }))));
    }

    #[tokio::test]
    async fn what_happened_is_bounded_and_may_be_nonsense() {
        let mut events = vec![Event::Scored(vec![0.5]), Event::Began(now().to_string(), true), Event::Filled(None)];
        events.extend(vec![Event::Thought("x".repeat(10_000), true); 3]);
        events.extend(vec![Event::Silent; 2 * MOST_EVENTS]);
        let chat = rehearsals().chat(rehearsal("appointment-en"), events, now()).await.unwrap();
        assert!(chat.outcome.is_some() && chat.events.len() <= MOST_EVENTS);
    }

    #[tokio::test]
    async fn events_come_back_as_they_went() {
        let events = [
            Event::Began(now().to_string(), true),
            Event::Said("yes".to_owned()),
            Event::Silent,
            Event::Scored(vec![0.25, 0.75]),
            Event::Filled(Some("250".to_owned())),
            Event::Thought("Gladly.".to_owned(), true),
        ];
        let text = serde_json::to_string(&events).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Event>>(&text).unwrap(), events);
    }

    #[tokio::test]
    async fn tests_and_callers_of_each_manner_are_simulated() {
        for (name, _) in builtin::ALL {
            let rehearsal = rehearsal(name);
            let tests = rehearsal.script.tests.len();
            let simulated = rehearsals().simulate(rehearsal, now()).await.unwrap();
            assert_eq!(simulated.len(), tests + Persona::ALL.len(), "{name}");
            assert!(simulated.iter().all(|it| it.unmet.is_empty() && it.outcome.is_some()), "{name}");
        }
    }

    #[tokio::test]
    async fn a_voice_that_is_not_there_yet_is_said_to_be() {
        let sample = rehearsals().sample("Hello.", Language::ENGLISH, None, 1.0).await;
        assert!(matches!(sample, Err(RehearsalError::NotReady(_))));
    }
}
