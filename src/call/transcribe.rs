//! A recording as text.

use std::{sync::Arc, time::Duration};

use super::CallError;
use crate::{
    audio::{Clip, ENGINE_HZ, resample},
    domain::Language,
    speech::{
        Priority, Speech, Transcript,
        engines::Engines,
        local::vad::{VAD_WINDOW, Vad},
    },
};

/// Probability from which on a piece of 32 ms holds speech.
const SPEECH: f32 = 0.5;
/// Pauses shorter than this (512 ms) are within an utterance.
const PAUSE: usize = 16 * VAD_WINDOW;
/// How often it is asked whether to go on: every few milliseconds of work.
const WINDOWS_BETWEEN_LOOKS: usize = 64;
/// Kept before and after an utterance (320 ms): the detector is sure of speech late, and leaves it early.
const MARGIN: usize = 10 * VAD_WINDOW;

/// Transcribes `recording`; `progress` is told how much of it is done, 0.0 to 1.0, and ends the work by `false`.
///
/// With a voice activity detector each utterance is transcribed by itself, and silence and noise not at all; without one,
/// the whole recording is.
///
/// # Errors
/// When no speech-to-text model is installed, it does not know `language`, or `progress` ended the work.
pub async fn transcribe(
    engines: &Engines,
    recording: &Clip,
    language: Option<Language>,
    mut progress: impl FnMut(f64) -> bool,
) -> Result<Transcript, CallError> {
    let transcriber = engines.transcriber()?;
    let samples = resample(recording, ENGINE_HZ).samples;
    let utterances = match engines.vad() {
        Ok(vad) => utterances(vad, &samples, &mut progress)?,
        Err(_) => vec![(0, samples.len())],
    };
    let mut whole = Transcript::empty(language.unwrap_or(Language::ENGLISH));
    for (start, end) in utterances {
        let mut results = transcriber.transcribe(Speech {
            samples: Arc::from(&samples[start..end]),
            language,
            timestamps: true,
            priority: Priority::Batch,
        });
        let mut heard = None;
        while let Some(result) = results.recv().await {
            heard = Some(result?);
            if !progress(start as f64 / samples.len() as f64) {
                return Err(CallError::Interrupted);
            }
        }
        match heard {
            Some(heard) if heard.is_final => {
                let offset = Duration::from_secs_f64(start as f64 / f64::from(ENGINE_HZ));
                whole.append(heard.language, heard.segments, offset);
            }
            _ => return Err(super::no_final_transcript().into()),
        }
        if !progress(end as f64 / samples.len() as f64) {
            return Err(CallError::Interrupted);
        }
    }
    whole.is_final = true;
    Ok(whole)
}

/// Where somebody speaks: sample ranges in order that do not overlap.
fn utterances(
    vad: &Vad,
    samples: &[f32],
    progress: &mut impl FnMut(f64) -> bool,
) -> Result<Vec<(usize, usize)>, CallError> {
    let mut stream = vad.stream();
    let mut utterances: Vec<(usize, usize)> = Vec::new();
    for (index, chunk) in samples.chunks(VAD_WINDOW).enumerate() {
        if index % WINDOWS_BETWEEN_LOOKS == 0 && !progress(0.0) {
            return Err(CallError::Interrupted);
        }
        let mut padded = [0.0; VAD_WINDOW];
        padded[..chunk.len()].copy_from_slice(chunk);
        if stream.push(&padded)? < SPEECH {
            continue;
        }
        let (start, end) = (index * VAD_WINDOW, index * VAD_WINDOW + chunk.len());
        match utterances.last_mut() {
            Some((_, last_end)) if start - *last_end < PAUSE => *last_end = end,
            _ => utterances.push((start, end)),
        }
    }
    // PAUSE is shorter than two margins: what would overlap is shared out.
    let mut free_from = 0;
    for index in 0..utterances.len() {
        let free_to = match utterances.get(index + 1) {
            Some((next, _)) => (utterances[index].1 + next) / 2,
            None => samples.len(),
        };
        let (start, end) = utterances[index];
        utterances[index] = (start.saturating_sub(MARGIN).max(free_from), (end + MARGIN).min(free_to));
        free_from = utterances[index].1;
    }
    Ok(utterances)
}
