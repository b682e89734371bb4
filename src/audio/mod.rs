//! Audio as data: frames, clips, files, resampling, Opus; a caller's packets on the media clock ([`jitter`]), the agent's
//! frames as packets ([`mouth`]), and the [`mod@line`] between telephony and conversation. Nothing here knows of calls,
//! engines or sockets.
//!
//! Two rates matter: engines hear [`ENGINE_HZ`], lines carry [`LINE_HZ`]. Everything is mono.

mod file;
mod frame;
pub mod jitter;
pub mod line;
pub mod mouth;
pub mod opus;
pub mod red;
mod resample;

pub use file::{AudioError, Limit, read, read_stream, write_wav, write_wav_to};
pub use frame::{Clip, FRAME_MS, FRAME_SAMPLES, Frame, Framer};
pub use resample::{Resampler, resample};

/// What whisper, Silero and Smart Turn hear, in Hz.
pub const ENGINE_HZ: u32 = 16_000;
/// What a line carries (Opus, WebRTC), in Hz.
pub const LINE_HZ: u32 = 48_000;
