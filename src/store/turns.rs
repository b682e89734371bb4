//! Turns: what was said in a call, by whom, how much of it was heard, how long each step took, and who did it.

use std::{sync::Arc, time::Duration};

use rusqlite::{Connection, Row, Transaction, named_params};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    StoreError,
    rows::{millis, parsed, span, span_if_any, words},
};
use crate::domain::{CallId, Pii, Provider};

words! {
    /// Who speaks.
    Who {
        /// Who calls.
        Caller = "caller",
        /// Who answers.
        Agent = "agent",
    }
}

/// A turn that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTurn {
    /// Who spoke.
    pub who: Who,
    /// The words, with card numbers masked already.
    pub text: Pii<String>,
    /// When it began, since the call's start.
    pub started: Duration,
    /// When it ended, since the call's start.
    pub ended: Duration,
    /// Of an agent's turn: so much of it was heard.
    pub heard: Option<Duration>,
    /// The other side began to speak before it was over.
    pub interrupted: bool,
    /// How the answer came about; of an agent's turn.
    pub timings: Timings,
    /// Who served it.
    pub providers: Providers,
    /// What the answer cost, if a language model gave it and came to its end.
    pub tokens: Option<Tokens>,
}

/// Time since the caller's last word, in milliseconds; `None` where there was no such step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// The turn was known to be over.
    pub end_of_turn: Option<u32>,
    /// The transcript was there.
    pub transcript: Option<u32>,
    /// The language model's first words.
    pub first_words: Option<u32>,
    /// The first clause that could be said.
    pub first_clause: Option<u32>,
    /// The first sample of the answer.
    pub first_audio: Option<u32>,
    /// The last sample of the answer.
    pub total: Option<u32>,
}

/// A step of an answer, as a bar of a waterfall: in milliseconds since the caller's last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Which step: `end_of_turn`, `transcript`, `first_words`, `first_clause`, `first_audio` or `all_audio`.
    pub step: &'static str,
    /// When the step before it was done.
    pub from: u32,
    /// When it was done.
    pub until: u32,
}

impl Timings {
    /// The steps that there were, in their order. One that was done before the step before it takes no time.
    pub fn bars(&self) -> Vec<Bar> {
        let steps = [
            ("end_of_turn", self.end_of_turn),
            ("transcript", self.transcript),
            ("first_words", self.first_words),
            ("first_clause", self.first_clause),
            ("first_audio", self.first_audio),
            ("all_audio", self.total),
        ];
        let mut before = 0;
        let known = steps.into_iter().filter_map(|(step, until)| Some((step, until?)));
        known.map(|(step, until)| Bar { step, from: std::mem::replace(&mut before, until).min(until), until }).collect()
    }
}

/// How long each stage of an answer took by itself, in milliseconds; `None` where there was no such stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stages {
    /// From the caller's last word to the decision that the turn is over.
    pub end_of_turn: Option<u32>,
    /// From there to the transcript; 0 when it was there before.
    pub stt: Option<u32>,
    /// To the language model's first words.
    pub llm_first_words: Option<u32>,
    /// To the first clause that can be said.
    pub llm_first_clause: Option<u32>,
    /// To its first sound.
    pub tts_first_audio: Option<u32>,
}

impl Stages {
    /// All of them together, in milliseconds.
    pub fn total(&self) -> u32 {
        let Self { end_of_turn, stt, llm_first_words, llm_first_clause, tts_first_audio } = *self;
        let stages = [end_of_turn, stt, llm_first_words, llm_first_clause, tts_first_audio];
        stages.into_iter().flatten().fold(0, u32::saturating_add)
    }
}

impl From<&Timings> for Stages {
    fn from(timings: &Timings) -> Self {
        let mut done = 0;
        let mut stage = |until: Option<u32>| {
            let took = until?.saturating_sub(done);
            done = done.max(until?);
            Some(took)
        };
        Self {
            end_of_turn: stage(timings.end_of_turn),
            stt: stage(timings.transcript),
            llm_first_words: stage(timings.first_words),
            llm_first_clause: stage(timings.first_clause),
            tts_first_audio: stage(timings.first_audio),
        }
    }
}

/// A turn as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its place in the call, from 1.
    pub seq: u32,
    /// What it is.
    pub turn: NewTurn,
}

/// Who served each stage of a turn (`local/whisper:starter-stt`); `None` where there was no such stage, or it was not noted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Providers {
    /// Speech to text.
    #[schema(value_type = Option<String>)]
    pub stt: Option<Provider>,
    /// The language model.
    #[schema(value_type = Option<String>)]
    pub llm: Option<Provider>,
    /// Text to speech; of a turn in several voices the first.
    #[schema(value_type = Option<String>)]
    pub tts: Option<Provider>,
}

/// What an answer cost its language model, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tokens {
    /// In the prompt.
    pub prompt: u32,
    /// Of those, found in the model's cache.
    pub cached: u32,
    /// Made.
    pub generated: u32,
}

/// Keeps the next turn of a call; gives its place, from 1.
///
/// # Errors
/// When the database fails; there must be such a call.
pub fn add(transaction: &Transaction<'_>, call: &CallId, turn: &NewTurn) -> Result<u32, StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO turns (call, seq, who, text, started_ms, ended_ms, heard_ms, interrupted, end_of_turn_ms,
             transcript_ms, first_words_ms, first_clause_ms, first_audio_ms, total_ms, stt_provider, stt_model,
             llm_provider, llm_model, tts_provider, tts_voice, prompt_tokens, cached_tokens, generated_tokens)
         VALUES (:call, 1 + coalesce((SELECT max(seq) FROM turns WHERE call = :call), 0), :who, :text, :started, :ended,
             :heard, :interrupted, :end_of_turn, :transcript, :first_words, :first_clause, :first_audio, :total,
             :stt, :stt_model, :llm, :llm_model, :tts, :tts_voice, :prompt, :cached, :generated)
         RETURNING seq",
    )?;
    let NewTurn { timings, providers: Providers { stt, llm, tts }, tokens, .. } = turn;
    let seq = statement.query_row(
        named_params! {
            ":call": call.as_str(),
            ":who": turn.who.as_str(),
            ":text": turn.text.reveal(),
            ":started": millis(turn.started),
            ":ended": millis(turn.ended),
            ":heard": turn.heard.map(millis),
            ":interrupted": turn.interrupted,
            ":end_of_turn": timings.end_of_turn,
            ":transcript": timings.transcript,
            ":first_words": timings.first_words,
            ":first_clause": timings.first_clause,
            ":first_audio": timings.first_audio,
            ":total": timings.total,
            ":stt": stt.as_ref().map(|by| &by.name),
            ":stt_model": stt.as_ref().map(|by| &by.model),
            ":llm": llm.as_ref().map(|by| &by.name),
            ":llm_model": llm.as_ref().map(|by| &by.model),
            ":tts": tts.as_ref().map(|by| &by.name),
            ":tts_voice": tts.as_ref().map(|by| &by.model),
            ":prompt": tokens.map(|tokens| tokens.prompt),
            ":cached": tokens.map(|tokens| tokens.cached),
            ":generated": tokens.map(|tokens| tokens.generated),
        },
        |row| row.get(0),
    )?;
    Ok(seq)
}

/// A call's turns, in order.
///
/// # Errors
/// When the database fails.
pub fn of_call(connection: &Connection, call: &CallId) -> Result<Vec<Turn>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM turns WHERE call = ?1 ORDER BY seq")?;
    let turns = statement.query_map([call.as_str()], turn)?;
    Ok(turns.collect::<Result<_, _>>()?)
}

fn turn(row: &Row<'_>) -> rusqlite::Result<Turn> {
    let timings = Timings {
        end_of_turn: row.get("end_of_turn_ms")?,
        transcript: row.get("transcript_ms")?,
        first_words: row.get("first_words_ms")?,
        first_clause: row.get("first_clause_ms")?,
        first_audio: row.get("first_audio_ms")?,
        total: row.get("total_ms")?,
    };
    let providers = Providers {
        stt: provider(row, "stt_provider", "stt_model")?,
        llm: provider(row, "llm_provider", "llm_model")?,
        tts: provider(row, "tts_provider", "tts_voice")?,
    };
    let turn = NewTurn {
        who: parsed(row, "who")?,
        text: Pii::new(row.get("text")?),
        started: span(row, "started_ms")?,
        ended: span(row, "ended_ms")?,
        heard: span_if_any(row, "heard_ms")?,
        interrupted: row.get("interrupted")?,
        timings,
        providers,
        tokens: tokens(row)?,
    };
    Ok(Turn { seq: row.get("seq")?, turn })
}

fn provider(row: &Row<'_>, name: &str, model: &str) -> rusqlite::Result<Option<Provider>> {
    let name: Option<Arc<str>> = row.get(name)?;
    name.map(|name| Ok(Provider { name, model: row.get(model)? })).transpose()
}

fn tokens(row: &Row<'_>) -> rusqlite::Result<Option<Tokens>> {
    let prompt: Option<u32> = row.get("prompt_tokens")?;
    let with =
        |prompt| Ok(Tokens { prompt, cached: row.get("cached_tokens")?, generated: row.get("generated_tokens")? });
    prompt.map(with).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_follow_one_another() {
        let timings = Timings {
            end_of_turn: Some(300),
            transcript: Some(250),
            first_words: Some(350),
            first_clause: Some(380),
            first_audio: Some(400),
            total: Some(900),
        };
        let stages = Stages::from(&timings);
        assert_eq!((stages.end_of_turn, stages.stt, stages.llm_first_words), (Some(300), Some(0), Some(50)));
        assert_eq!((stages.llm_first_clause, stages.tts_first_audio), (Some(30), Some(20)));
        // What was typed has no end of turn, and what is prepared no words of the model.
        let typed = Stages::from(&Timings { first_audio: Some(40), ..Timings::default() });
        assert_eq!(typed, Stages { tts_first_audio: Some(40), ..Stages::default() });
    }
}
