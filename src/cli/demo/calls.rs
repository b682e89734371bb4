//! The calls of the demo desk: who said what, how long answers took, and what came of each.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Time};
use serde::Deserialize;

use super::{Calendar, People};
use crate::{
    domain::{CallId, Identity, Language, Pii, Provider, RoomName},
    store::{
        Change, Store, StoreError,
        audit::Actor,
        callbacks,
        calls::{self, About, Direction, EndReason, Ended, Medium, NewCall},
        communications::Contact,
        promises,
        turns::{self, NewTurn, Providers, Timings, Tokens, Who},
    },
};

/// How long a letter takes to be said.
const LETTER: Duration = Duration::from_millis(62);
/// Before the first word.
const BEGINNING: Duration = Duration::from_millis(1200);
/// How long callers think.
const THOUGHT: Duration = Duration::from_millis(900);

/// When a call was.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Begun {
    Lately { hours_ago: i64 },
    Earlier { days: i64, at: String },
}

#[derive(Debug, Deserialize)]
pub(super) struct CallData {
    with: String,
    #[serde(flatten)]
    begun: Begun,
    outcome: String,
    /// As [`EndReason`] calls it; unless given, the agent has said everything.
    reason: Option<String>,
    /// What was said: the agent begins, and the two take turns.
    turns: Vec<String>,
    promise: Option<PromiseData>,
    callback: Option<CallbackData>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PromiseData {
    amount: String,
    in_days: i64,
    #[serde(default)]
    kept: bool,
    #[serde(default)]
    broken: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallbackData {
    in_days: i64,
    at: String,
    reason: String,
    #[serde(default)]
    done: bool,
}

/// Writes a call down with all that came of it, as if it had just ended. `number` makes calls differ.
pub(super) async fn bring(
    store: &Store,
    calendar: &Calendar,
    number: usize,
    data: &CallData,
    people: &People,
) -> anyhow::Result<()> {
    let (contact, language, script) =
        people.get(&data.with).cloned().ok_or_else(|| anyhow::anyhow!("nobody is called {}", data.with))?;
    let started_at = match &data.begun {
        Begun::Lately { hours_ago } => calendar.now - hours_ago.hours(),
        Begun::Earlier { days, at } => calendar.past(-days, at.parse()?)?,
    };
    let call = NewCall {
        id: CallId::random(),
        room: format!("call-demo-{}", number + 1).parse::<RoomName>()?,
        caller: format!("caller-{}", number + 1).parse::<Identity>()?,
        caller_name: Pii::new(data.with.clone()),
        language: Some(language),
        profile: "default".to_owned(),
        direction: Direction::Outbound,
        started_at,
        about: About { medium: Medium::Voice, party: Some(contact.clone()), script: script.map(|id| (id, 1)) },
    };
    let turns = said(number, language, &data.turns);
    let length = turns.last().map_or(Duration::ZERO, |turn| turn.ended);
    let ended_at = started_at.checked_add(SignedDuration::try_from(length)?)?;
    let reason = data.reason.as_deref().map_or(Ok(EndReason::Completed), str::parse)?;
    let promise = data.promise.as_ref().map(|it| it.terms(calendar)).transpose()?;
    let callback = data.callback.as_ref().map(|it| it.terms(calendar)).transpose()?;
    let outcome = data.outcome.clone();
    let write = move |change: &Change<'_>| {
        begin(change, &call, &turns)?;
        if let Some(kept) = calls::find(change.transaction, &call.id)? {
            calls::set_outcome(change, &kept, Some(outcome))?;
        }
        calls::end_with_note(change.transaction, &call, Ended { at: ended_at, reason })?;
        came_of(change, &contact, &call.id, promise.as_ref(), callback.as_ref())
    };
    store.change(Actor::system(), ended_at.min(calendar.now), write).await?;
    Ok(())
}

fn begin(change: &Change<'_>, call: &NewCall, turns: &[NewTurn]) -> Result<(), StoreError> {
    calls::start(change.transaction, call)?;
    calls::answer(change.transaction, &call.id, call.started_at)?;
    for turn in turns {
        turns::add(change.transaction, &call.id, turn)?;
    }
    Ok(())
}

fn came_of(
    change: &Change<'_>,
    contact: &Contact,
    call: &CallId,
    promise: Option<&promises::Terms>,
    callback: Option<&callbacks::Terms>,
) -> Result<(), StoreError> {
    if let Some(terms) = promise {
        promises::create(change, contact, Some(call), terms)?;
    }
    if let Some(terms) = callback {
        callbacks::create(change, contact, Some(call), terms)?;
    }
    Ok(())
}

impl PromiseData {
    fn terms(&self, calendar: &Calendar) -> anyhow::Result<promises::Terms> {
        let day = calendar.at(self.in_days, Time::midnight())?.to_zoned(calendar.zone.clone()).date();
        let state = match (self.kept, self.broken) {
            (true, _) => promises::State::Kept,
            (false, true) => promises::State::Broken,
            (false, false) => promises::State::Open,
        };
        Ok(promises::Terms { amount: self.amount.parse()?, due_on: day, state, note: Pii::new(String::new()) })
    }
}

impl CallbackData {
    fn terms(&self, calendar: &Calendar) -> anyhow::Result<callbacks::Terms> {
        let due_at: Timestamp = calendar.at(self.in_days, self.at.parse()?)?;
        let state = if self.done { callbacks::State::Done } else { callbacks::State::Open };
        Ok(callbacks::Terms { due_at, reason: Pii::new(self.reason.clone()), state })
    }
}

/// Turns as long as it takes to say them, and answers that came about as they do on two cores.
fn said(number: usize, language: Language, lines: &[String]) -> Vec<NewTurn> {
    let mut now = BEGINNING;
    let turn = |(index, line): (usize, &String)| {
        let is_agent = index % 2 == 0;
        let letters = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
        let (started, ended) = (now, now + LETTER.saturating_mul(letters));
        let timings =
            if is_agent && index > 0 { answered(number + index, ended - started) } else { Timings::default() };
        now = ended + if is_agent { THOUGHT } else { Duration::from_millis(980) };
        NewTurn {
            who: if is_agent { Who::Agent } else { Who::Caller },
            text: Pii::new(line.clone()),
            started,
            ended,
            heard: is_agent.then_some(ended - started),
            interrupted: false,
            timings,
            providers: providers(is_agent, language),
            tokens: (is_agent && index > 0).then(|| Tokens {
                prompt: 240 + 35 * letters,
                cached: 210,
                generated: 12 + letters / 4,
            }),
        }
    };
    lines.iter().enumerate().map(turn).collect()
}

/// How an answer came about. No two are the same.
fn answered(seed: usize, length: Duration) -> Timings {
    let some = |most: usize| u32::try_from(seed.wrapping_mul(37) % most).unwrap_or(0);
    let end_of_turn = 310 + some(180);
    let transcript = end_of_turn + 20 + some(90);
    let first_words = transcript + 190 + some(240);
    let first_clause = first_words + 90 + some(110);
    let first_audio = first_clause + 60 + some(70);
    let total = first_audio.saturating_add(u32::try_from(length.as_millis()).unwrap_or(u32::MAX));
    Timings {
        end_of_turn: Some(end_of_turn),
        transcript: Some(transcript),
        first_words: Some(first_words),
        first_clause: Some(first_clause),
        first_audio: Some(first_audio),
        total: Some(total),
    }
}

fn providers(is_agent: bool, language: Language) -> Providers {
    let (stt, voice) = if language == Language::ARABIC {
        ("whisper-base", "ar_JO-kareem-medium")
    } else {
        ("whisper-base.en", "en_US-ljspeech-medium")
    };
    if is_agent {
        let (llm, tts) = (Provider::local("llama", "qwen2.5-0.5b"), Provider::local("piper", voice));
        Providers { stt: None, llm: Some(llm), tts: Some(tts) }
    } else {
        Providers { stt: Some(Provider::local("whisper", stt)), llm: None, tts: None }
    }
}
