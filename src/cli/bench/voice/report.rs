//! What was measured, for people and for programs.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

use crate::{cli::bench::spread::Spread, store::turns::Stages};

/// One utterance and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// From 1.
    pub(super) call: usize,
    /// From 1, interruptions included.
    pub(super) turn: usize,
    pub(super) recording: String,
    /// It was said while the agent spoke.
    pub(super) interrupts: bool,
    /// From the end of the caller's speech to the first sound of the answer, both as they are at the client.
    pub(super) answer_ms: Option<u64>,
    pub(super) cut_off: bool,
    pub(super) duck_ms: Option<u64>,
    pub(super) stop_ms: Option<u64>,
    /// What of `answer_ms` the server's stages do not account for: the way there until the voice detector knows that the
    /// caller is silent, and the way back from the first sample of the answer.
    pub(super) way_ms: Option<u64>,
    /// Of that, the jitter buffer of the client.
    pub(super) buffer_ms: Option<u64>,
    /// By the server's clock.
    pub(super) stages_ms: Option<Stages>,
}

/// A call that did not go as it should.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Failure {
    /// From 1.
    pub(super) call: usize,
    pub(super) reason: String,
}

/// Of one core, in hundredths.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Processor {
    pub(super) callers: Option<f64>,
    pub(super) server: Option<f64>,
}

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) cores: usize,
    /// Processes that wanted to run before the first call, mean of a minute.
    pub(super) load_before: Option<f64>,
    pub(super) calls: usize,
    pub(super) seconds: f64,
    pub(super) failures: Vec<Failure>,
    pub(super) figures_ms: Figures,
    /// Utterances that the agent cut off.
    pub(super) cut_offs: usize,
    /// Utterances that were not answered.
    pub(super) unanswered: usize,
    pub(super) processor_percent: Processor,
    pub(super) turns: Vec<Row>,
}

/// The figures over all turns.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Figures {
    /// At the client.
    pub(super) answer: Option<Spread>,
    /// At the client.
    pub(super) duck: Option<Spread>,
    /// At the client.
    pub(super) stop: Option<Spread>,
    /// See [`Row::way_ms`].
    pub(super) way: Option<Spread>,
    /// See [`Row::buffer_ms`].
    pub(super) buffer: Option<Spread>,
    /// By the server's clock, as all that follow.
    pub(super) end_of_turn: Option<Spread>,
    pub(super) stt: Option<Spread>,
    pub(super) llm_first_words: Option<Spread>,
    pub(super) llm_first_clause: Option<Spread>,
    pub(super) tts_first_audio: Option<Spread>,
    /// How late the clients' own ticks were: what is measured is no better than that.
    pub(super) client_late: Option<Spread>,
}

impl Figures {
    pub(super) fn of(rows: &[Row], lateness: &[Duration]) -> Self {
        let of = |value: fn(&Row) -> Option<u64>| Spread::of(rows.iter().filter_map(value));
        // Interruptions are answered, too, but by another way.
        let plain = || rows.iter().filter(|row| !row.interrupts);
        let stage = |value: fn(&Stages) -> Option<u32>| {
            Spread::of(plain().filter_map(|row| value(row.stages_ms.as_ref()?)).map(u64::from))
        };
        Self {
            answer: Spread::of(plain().filter_map(|row| row.answer_ms)),
            duck: of(|row| row.duck_ms),
            stop: of(|row| row.stop_ms),
            way: Spread::of(plain().filter_map(|row| row.way_ms)),
            buffer: Spread::of(plain().filter_map(|row| row.buffer_ms)),
            end_of_turn: stage(|stages| stages.end_of_turn),
            stt: stage(|stages| stages.stt),
            llm_first_words: stage(|stages| stages.llm_first_words),
            llm_first_clause: stage(|stages| stages.llm_first_clause),
            tts_first_audio: stage(|stages| stages.tts_first_audio),
            client_late: Spread::of(lateness.iter().map(|late| millis(*late))),
        }
    }

    fn lines(&self) -> [(&'static str, Option<Spread>); 11] {
        [
            ("end of speech to first sound", self.answer),
            ("  end of turn (server)", self.end_of_turn),
            ("  STT (server)", self.stt),
            ("  LLM, first words (server)", self.llm_first_words),
            ("  LLM, first clause (server)", self.llm_first_clause),
            ("  TTS, first audio (server)", self.tts_first_audio),
            ("  there and back", self.way),
            ("    of that, client's buffer", self.buffer),
            ("interruption to ducked", self.duck),
            ("interruption to silence", self.stop),
            ("clients' ticks late", self.client_late),
        ]
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// For people.
pub(super) fn as_text(report: &Report) -> String {
    let mut text = format!(
        "{} calls in {:.0} s, {} utterances: {} cut off, {} not answered",
        report.calls,
        report.seconds,
        report.turns.len(),
        report.cut_offs,
        report.unanswered
    );
    let percent = |percent: Option<f64>| percent.map_or_else(|| "not known".to_owned(), |of| format!("{of:.1} %"));
    let Processor { callers, server } = report.processor_percent;
    let _ = write!(
        text,
        "\nprocessor, of one core ({} there): callers {}, server {}; load before: {}",
        report.cores,
        percent(callers),
        percent(server),
        report.load_before.map_or_else(|| "not known".to_owned(), |load| format!("{load:.1}"))
    );
    let _ = write!(text, "\n\n{:32} {:>5} {:>7} {:>7} {:>7}", "MILLISECONDS", "COUNT", "P50", "P95", "MAX");
    for (name, spread) in report.figures_ms.lines() {
        if let Some(Spread { count, p50, p95, max }) = spread {
            let _ = write!(text, "\n{name:32} {count:>5} {p50:>7} {p95:>7} {max:>7}");
        }
    }
    let _ = write!(
        text,
        "\n\n{:>4} {:>4} {:20} {:>7} {:>5} {:>5} | {:>6} {:>5} {:>5} {:>6} {:>5} {:>5}",
        "CALL", "TURN", "RECORDING", "ANSWER", "DUCK", "STOP", "TURN", "STT", "WORDS", "CLAUSE", "AUDIO", "WAY"
    );
    for row in &report.turns {
        text.push_str(&line(row));
    }
    for failure in &report.failures {
        let _ = write!(text, "\ncall {}: {}", failure.call, failure.reason);
    }
    text
}

fn line(row: &Row) -> String {
    let or_dash = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let answer = if row.cut_off { "cut off".to_owned() } else { or_dash(row.answer_ms) };
    let stages = row.stages_ms.unwrap_or_default();
    let stage = |value: Option<u32>| or_dash(value.map(u64::from));
    format!(
        "\n{:>4} {:>4} {:20} {answer:>7} {:>5} {:>5} | {:>6} {:>5} {:>5} {:>6} {:>5} {:>5}",
        row.call,
        row.turn,
        row.recording,
        or_dash(row.duck_ms),
        or_dash(row.stop_ms),
        stage(stages.end_of_turn),
        stage(stages.stt),
        stage(stages.llm_first_words),
        stage(stages.llm_first_clause),
        stage(stages.tts_first_audio),
        or_dash(row.way_ms),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interruptions_are_not_among_the_answers() {
        let row = |interrupts, answer_ms| Row {
            call: 1,
            turn: 1,
            recording: "a.wav".to_owned(),
            interrupts,
            answer_ms: Some(answer_ms),
            cut_off: false,
            duck_ms: interrupts.then_some(150),
            stop_ms: None,
            way_ms: None,
            buffer_ms: None,
            stages_ms: Some(Stages { end_of_turn: Some(300), ..Stages::default() }),
        };
        let rows = [row(false, 500), row(true, 9000)];
        let figures = Figures::of(&rows, &[Duration::from_millis(2)]);
        assert_eq!(figures.answer.map(|spread| (spread.count, spread.max)), Some((1, 500)));
        assert_eq!(figures.duck.map(|spread| spread.p50), Some(150));
        assert_eq!(figures.end_of_turn.map(|spread| spread.count), Some(1));
        assert_eq!((figures.stop, figures.stt), (None, None));
        assert_eq!(figures.client_late.map(|spread| spread.max), Some(2));
    }

    #[test]
    fn a_table_names_what_is_not_known_by_a_dash() {
        let row = Row {
            call: 2,
            turn: 1,
            recording: "a.wav".to_owned(),
            interrupts: false,
            answer_ms: None,
            cut_off: false,
            duck_ms: None,
            stop_ms: None,
            way_ms: None,
            buffer_ms: None,
            stages_ms: None,
        };
        assert_eq!(line(&row).split_whitespace().filter(|word| *word == "-").count(), 9);
        assert!(line(&Row { cut_off: true, ..row }).contains("cut off"));
    }
}
