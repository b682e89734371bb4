//! Recordings on disk: any common format in, 16-bit mono WAV out.
//!
//! Reading keeps the recording's own rate and mixes its channels to one. A recording that is cut short is refused, not
//! read as far as it goes: the end of a call is where the answer is. Writing goes through a temporary file, so that the
//! target appears whole or not at all.

mod opus;
mod read;
mod riff;
mod write;

use std::{io, path::Path, time::Duration};

pub use read::{read, read_stream};
pub use write::{write_wav, write_wav_to};

/// How much of a recording is read into memory, where each sample takes four bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// It may play so long, …
    pub duration: Duration,
    /// … and have so many samples: at a high rate it may play shorter.
    pub samples: usize,
}

impl Limit {
    /// For files of whoever runs the program: four hours at 24 kHz, which is 1.4 GB.
    pub const FILE: Self = Self { duration: Duration::from_secs(4 * 3600), samples: 4 * 3600 * 24_000 };
}

/// Why a recording cannot be read or written. Each message is one line that names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// Which file.
        path: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}: {}", in_words(.reason))]
    Write {
        /// Which file.
        path: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The file has no bytes.
    #[error("{path} is empty: record it again")]
    Empty {
        /// Which file.
        path: String,
    },
    /// The file is in no format that is known.
    #[error("{path} is not a recording: use WAV, FLAC, MP3, Ogg, WebM, M4A or Matroska")]
    NotAudio {
        /// Which file.
        path: String,
    },
    /// The file is well-formed and holds no sample.
    #[error("{path} holds no audio: record it again")]
    NoAudio {
        /// Which file.
        path: String,
    },
    /// The file ends before its header says.
    #[error("{path} is cut short after {:.1} s: copy or record it again", held.as_secs_f64())]
    Truncated {
        /// Which file.
        path: String,
        /// How much is there.
        held: Duration,
    },
    /// The recording plays longer than may be, or has more samples.
    #[error("{path} is longer than {}: cut it into shorter recordings", length(*most))]
    TooLong {
        /// Which file.
        path: String,
        /// How long it may play.
        most: Duration,
    },
    /// The file's format is known, what it holds is not.
    #[error("{path} cannot be read ({what}): convert it to WAV, for example with ffmpeg")]
    Unsupported {
        /// Which file.
        path: String,
        /// What is not supported.
        what: String,
    },
}

/// In whole hours, or minutes.
fn length(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    if minutes.is_multiple_of(60) { format!("{} hours", minutes / 60) } else { format!("{minutes} minutes") }
}

/// How a path is named in messages.
fn name(path: &Path) -> String {
    path.display().to_string()
}

/// What went wrong, without the name of a temporary file, which tells nobody anything.
fn in_words(reason: &io::Error) -> String {
    match reason.kind() {
        io::ErrorKind::StorageFull => "the disk is full: free some space, or choose another folder".to_owned(),
        io::ErrorKind::NotFound => "No such file or directory".to_owned(),
        _ => reason.to_string(),
    }
}
