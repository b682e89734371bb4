//! Opus (RFC 6716) for lines: 48 kHz mono, in packets of 20 ms on the way out, of any length on the way in.
//!
//! What a caller sends is not trusted: bytes that are no Opus are an error, never more.

use std::{fmt, sync::Arc};

use opus_codec::{
    Application, Bitrate, Channels, Complexity, SampleRate, Signal,
    packet::{packet_has_lbrr, packet_sample_count},
};

use super::Frame;

/// The longest packet, 120 ms, in samples.
pub const MAX_PACKET_SAMPLES: usize = 5_760;
/// Packets, and what is concealed, are multiples of 2.5 ms: so many samples.
pub const PACKET_STEP: usize = 120;
/// Speech at full bandwidth is transparent from about here on, copies for lost packets included.
const BITRATE: i32 = 32_000;
/// Of 10.
const COMPLEXITY: Complexity = Complexity::new(5);
/// Makes the encoder put a copy of each packet, coarser, into the next one.
const EXPECTED_LOSS_PERCENT: i32 = 10;
/// More than 20 ms take at any bit rate.
const MAX_PACKET_BYTES: usize = 1_276;

/// libopus refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not usable Opus audio: {0}")]
pub struct OpusError(#[from] opus_codec::Error);

/// From frames to packets.
pub struct Encoder {
    inner: opus_codec::Encoder,
    packet: [u8; MAX_PACKET_BYTES],
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder for speech.
    pub fn new() -> Self {
        let inner = encoder(COMPLEXITY, BITRATE).expect("the settings are constants that libopus knows");
        Self { inner, packet: [0; MAX_PACKET_BYTES] }
    }

    /// The packet of the next 20 ms.
    ///
    /// # Errors
    /// When libopus fails, which no samples make it do.
    pub fn encode(&mut self, frame: &Frame) -> Result<Arc<[u8]>, OpusError> {
        let length = self.inner.encode(&frame.samples, &mut self.packet)?;
        Ok(Arc::from(&self.packet[..length]))
    }
}

fn encoder(complexity: Complexity, bitrate: i32) -> opus_codec::error::Result<opus_codec::Encoder> {
    let mut encoder = opus_codec::Encoder::new(SampleRate::Hz48000, Channels::Mono, Application::Voip)?;
    encoder.set_signal(Signal::Voice)?;
    encoder.set_bitrate(Bitrate::Custom(bitrate))?;
    encoder.set_complexity(complexity)?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(EXPECTED_LOSS_PERCENT)?;
    Ok(encoder)
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

/// From packets to samples. What was encoded in stereo comes out mixed to mono.
pub struct Decoder {
    inner: opus_codec::Decoder,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a packet plays, in samples: 120 (2.5 ms) to 5,760 (120 ms). `None` when it is no Opus.
pub fn packet_samples(packet: &[u8]) -> Option<usize> {
    packet_sample_count(packet, SampleRate::Hz48000)
        .ok()
        .filter(|samples| (PACKET_STEP..=MAX_PACKET_SAMPLES).contains(samples))
}

/// Whether a packet carries a copy of the one before it.
pub fn has_copy(packet: &[u8]) -> bool {
    packet_has_lbrr(packet).unwrap_or(false)
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Self {
        let inner = opus_codec::Decoder::new(SampleRate::Hz48000, Channels::Mono).expect("48 kHz mono is possible");
        Self { inner }
    }

    /// Appends what `packet` holds; returns how many samples that are.
    ///
    /// # Errors
    /// When it is no Opus; nothing is appended.
    pub fn decode(&mut self, packet: &[u8], output: &mut Vec<i16>) -> Result<usize, OpusError> {
        let samples = packet_samples(packet).ok_or(opus_codec::Error::InvalidPacket)?;
        self.append(packet, false, samples, output)
    }

    /// Appends what may have been in a packet that is lost: a guess from what came before, fading when it goes on.
    /// `samples` is a multiple of [`PACKET_STEP`], at most [`MAX_PACKET_SAMPLES`].
    pub fn conceal(&mut self, samples: usize, output: &mut Vec<i16>) {
        self.fill(&[], samples, output);
    }

    /// Like [`conceal`](Self::conceal), with the copy of the lost packet that the `next` one may carry. `next` still has to
    /// be decoded itself.
    pub fn recover(&mut self, next: &[u8], samples: usize, output: &mut Vec<i16>) {
        self.fill(next, samples, output);
    }

    /// Forgets what came before.
    pub fn reset(&mut self) {
        if self.inner.reset().is_err() {
            *self = Self::new();
        }
    }

    fn fill(&mut self, next: &[u8], samples: usize, output: &mut Vec<i16>) {
        debug_assert!(samples.is_multiple_of(PACKET_STEP) && samples <= MAX_PACKET_SAMPLES, "{samples}");
        let end = output.len() + samples;
        if self.append(next, true, samples, output).is_err() {
            tracing::debug!(samples, "nothing could be concealed");
        }
        output.resize(end, 0);
    }

    fn append(&mut self, packet: &[u8], lost: bool, samples: usize, output: &mut Vec<i16>) -> Result<usize, OpusError> {
        let start = output.len();
        output.resize(start + samples, 0);
        let decoded = self.inner.decode(packet, &mut output[start..], lost);
        output.truncate(start + decoded.as_ref().copied().unwrap_or(0));
        Ok(decoded?)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}
