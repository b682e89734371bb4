//! Where results go: lines for people or JSON for programs on stdout; progress, notes and errors on stderr.

use std::{
    fmt::{self, Display},
    io::{self, IsTerminal, Write},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use serde::Serialize;

/// How a command prints. Clones share one screen.
#[derive(Clone, Debug)]
pub struct Output {
    /// `--json` was given.
    pub json: bool,
    bars: MultiProgress,
}

/// Why a result could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Nobody reads any more (`| head`): the command ends, and that is no failure.
    #[error("nobody reads the output")]
    Closed,
    /// For example a full disk.
    #[error("cannot write the output: {0}")]
    Failed(io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Failed(error) }
    }
}

impl Output {
    /// Prints for programs if `json`, for people otherwise.
    pub fn new(json: bool) -> Self {
        Self { json, bars: MultiProgress::new() }
    }

    /// One line of a result.
    ///
    /// # Errors
    /// When stdout is closed or full; so do all that print here.
    pub fn line(&self, text: impl Display) -> Result<(), OutputError> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// A piece of a line, shown at once: words of an answer as they come.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub fn fragment(&self, text: impl Display) -> Result<(), OutputError> {
        self.bytes(text.to_string().as_bytes())
    }

    /// Bytes as they are: sound, a page of the manual.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), OutputError> {
        self.bars.suspend(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes)?;
            stdout.flush()?;
            Ok(())
        })
    }

    /// A value as one line of JSON.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub fn json(&self, value: &impl Serialize) -> Result<(), OutputError> {
        let line = serde_json::to_string(value).map_err(|error| OutputError::Failed(error.into()))?;
        self.line(line)
    }

    /// A whole result: JSON with `--json`, otherwise what `text` says of it.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub fn result<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), OutputError> {
        if self.json { self.json(value) } else { self.line(text(value)) }
    }

    /// A line for the person at the terminal that is not part of the result. Nobody to read it is no failure.
    pub fn note(&self, text: impl Display) {
        self.bars.suspend(|| {
            let _ = writeln!(io::stderr(), "{text}");
        });
    }

    /// Shows how far work on bytes is: a bar on a terminal, some plain lines elsewhere, nothing with `--json`.
    pub fn progress(&self, label: impl Into<String>, total_bytes: Option<u64>) -> Progress {
        self.show(label.into(), Unit::Bytes, total_bytes)
    }

    /// Shows in the same way how far work on a recording is that plays for `length`.
    pub fn progress_through(&self, label: impl Into<String>, length: Duration) -> Progress {
        self.show(label.into(), Unit::Millis, Some(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)))
    }

    fn show(&self, label: String, unit: Unit, total: Option<u64>) -> Progress {
        let shown = match (self.json, io::stderr().is_terminal()) {
            (true, _) => Shown::Not,
            (false, true) => Shown::Bar(self.bars.add(bar(&label, unit, total))),
            (false, false) => Shown::Lines,
        };
        if matches!(shown, Shown::Lines) {
            self.note(format_args!("{label} …"));
        }
        Progress { output: self.clone(), label, unit, total, done: AtomicU64::new(0), shown }
    }
}

/// What a [`Progress`] counts.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Bytes,
    /// Milliseconds of sound.
    Millis,
}

impl Unit {
    /// So many of it, for people.
    fn show(self, amount: u64) -> String {
        match self {
            Self::Bytes => HumanBytes(amount).to_string(),
            Self::Millis => format!("{}:{:02}", amount / 60_000, amount / 1000 % 60),
        }
    }
}

fn bar(label: &str, unit: Unit, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match (unit, total) {
        (Unit::Bytes, Some(total)) => {
            (ProgressBar::new(total), "{msg:30!} {wide_bar} {done:>11}/{whole} {bytes_per_sec} {eta}")
        }
        (Unit::Millis, Some(total)) => (ProgressBar::new(total), "{msg:30!} {wide_bar} {done:>7}/{whole} {eta}"),
        (_, None) => (ProgressBar::new_spinner(), "{msg:30!} {spinner} {done:>11} {bytes_per_sec}"),
    };
    let amount = move |part: fn(&ProgressState) -> u64| {
        move |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A line of the terminal that cannot be composed is not worth more.
            let _ = out.write_str(&unit.show(part(state)));
        }
    };
    let style = ProgressStyle::with_template(template)
        .expect("the templates above are right")
        .with_key("done", amount(ProgressState::pos))
        .with_key("whole", amount(|state| state.len().unwrap_or(0)));
    bar.set_style(style);
    bar.set_message(label.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// How far a piece of long work is. May be shared between threads.
#[derive(Debug)]
pub struct Progress {
    output: Output,
    label: String,
    unit: Unit,
    total: Option<u64>,
    done: AtomicU64,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Not,
    Bar(ProgressBar),
    Lines,
}

impl Progress {
    /// So many bytes more are done.
    pub fn inc(&self, bytes: u64) {
        let before = self.done.fetch_add(bytes, Ordering::Relaxed);
        self.moved(before, before + bytes);
    }

    /// So much of the whole is done, 0.0 to 1.0. It does not go back.
    pub fn reach(&self, share: f64) {
        let after = (self.total.unwrap_or(0) as f64 * share) as u64;
        let before = self.done.fetch_max(after, Ordering::Relaxed);
        if before < after {
            self.moved(before, after);
        }
    }

    fn moved(&self, before: u64, after: u64) {
        match &self.shown {
            Shown::Not => {}
            Shown::Bar(bar) => bar.set_position(after),
            Shown::Lines => {
                if let Some(line) = self.total.and_then(|total| milestone(self.unit, before, after, total)) {
                    self.output.note(format_args!("{}: {line}", self.label));
                }
            }
        }
    }

    /// All is done: the bar goes.
    pub fn finish(&self) {
        match &self.shown {
            Shown::Not => {}
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Lines => self.output.note(format_args!("{}: done", self.label)),
        }
    }
}

impl Drop for Progress {
    /// Work that failed leaves no bar behind.
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// What to say when work goes from `before` to `after` of `total`: a line at each fifth.
fn milestone(unit: Unit, before: u64, after: u64, total: u64) -> Option<String> {
    let fifths = |amount: u64| (amount.min(total) * 5).checked_div(total).unwrap_or(5);
    let reached = fifths(after);
    (fifths(before) < reached && reached < 5).then(|| format!("{} % of {}", reached * 20, unit.show(total)))
}

/// A length of time as programs want it: seconds, to the millisecond.
pub(super) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_progress_is_four_lines_at_most() {
        let lines: Vec<_> = (0..1000).filter_map(|byte| milestone(Unit::Bytes, byte, byte + 1, 1000)).collect();
        assert_eq!(lines, ["20 % of 1000 B", "40 % of 1000 B", "60 % of 1000 B", "80 % of 1000 B"]);
        assert_eq!(milestone(Unit::Bytes, 0, 900, 1000).as_deref(), Some("80 % of 1000 B"));
        assert_eq!(milestone(Unit::Bytes, 0, 5, 0), None);
        assert_eq!(milestone(Unit::Millis, 0, 30_000, 125_000).as_deref(), Some("20 % of 2:05"));
    }

    #[test]
    fn progress_through_a_recording_does_not_go_back() {
        let progress = Output::new(true).progress_through("listening", Duration::from_secs(10));
        let mut reached = Vec::new();
        for share in [0.0, 0.25, 0.1, f64::NAN, 1.0] {
            progress.reach(share);
            reached.push(progress.done.load(Ordering::Relaxed));
        }
        assert_eq!(reached, [0, 2500, 2500, 2500, 10_000]);
    }

    #[test]
    fn a_closed_pipe_is_told_from_a_full_disk() {
        assert!(matches!(OutputError::from(io::Error::from(io::ErrorKind::BrokenPipe)), OutputError::Closed));
        assert!(matches!(OutputError::from(io::Error::from(io::ErrorKind::StorageFull)), OutputError::Failed(_)));
    }
}
