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
/// Of 10. A frame of speech then takes about 0.3 ms of one core; 10 takes 0.4 ms, 2 takes 0.24 ms, and all make copies of the
/// same packets. Decoding takes up to 0.1 ms.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audio::{Clip, ENGINE_HZ, FRAME_SAMPLES, Framer, LINE_HZ, resample};

    /// Fills the place of a lost packet; it is given the next one.
    type Fill<'a> = &'a dyn Fn(&mut Decoder, &[u8], &mut Vec<i16>);

    fn speech() -> Vec<Frame> {
        let recording = Clip { rate_hz: ENGINE_HZ, samples: crate::testing::recording("utt01.wav") };
        let mut frames = Vec::new();
        Framer::default().push(&resample(&recording, LINE_HZ).samples, |frame| frames.push(frame));
        frames
    }

    fn packets() -> Vec<Arc<[u8]>> {
        let mut encoder = Encoder::new();
        speech().iter().map(|frame| encoder.encode(frame).unwrap()).collect()
    }

    /// A tone in packets of so many samples, from a peer with settings of its own.
    fn foreign(channels: Channels, samples: usize, count: usize) -> Vec<Vec<u8>> {
        let mut encoder = opus_codec::Encoder::new(SampleRate::Hz48000, channels, Application::Audio).unwrap();
        let width = channels.as_usize();
        let tone = |n: usize| (8_000.0 * (std::f64::consts::TAU * 300.0 * n as f64 / 48_000.0).sin()) as i16;
        let encode = |packet: usize| {
            let samples: Vec<i16> = (0..samples * width).map(|n| tone(packet * samples + n / width)).collect();
            let mut bytes = vec![0; 4_000];
            let length = encoder.encode(&samples, &mut bytes).unwrap();
            bytes[..length].to_vec()
        };
        (0..count).map(encode).collect()
    }

    fn energy(samples: impl Iterator<Item = i32>) -> f64 {
        samples.map(|sample| f64::from(sample).powi(2)).sum()
    }

    #[test]
    fn speech_survives_in_little_space() {
        let (packets, mut decoder, mut heard) = (packets(), Decoder::new(), Vec::new());
        for packet in &packets {
            assert_eq!(decoder.decode(packet, &mut heard), Ok(FRAME_SAMPLES));
        }
        let said = energy(speech().iter().flat_map(|frame| frame.samples).map(i32::from));
        let heard = energy(heard.into_iter().map(i32::from));
        assert!((0.7..1.4).contains(&(heard / said)), "{heard} of {said}");
        let bits = packets.iter().map(|packet| packet.len() * 8 * 50).sum::<usize>() / packets.len();
        assert!(bits < 36_000, "{bits} bit/s");
    }

    #[test]
    fn a_copy_is_better_than_a_guess_which_is_better_than_silence() {
        let packets = packets();
        let (mut whole, mut decoder) = (Vec::new(), Decoder::new());
        packets.iter().for_each(|packet| assert!(decoder.decode(packet, &mut whole).is_ok()));
        // Every fourth packet is lost; the error is that of all samples, for a bad guess spoils what follows, too.
        let error = |fill: Fill<'_>| {
            let (mut heard, mut decoder) = (Vec::new(), Decoder::new());
            for (n, packet) in packets.iter().enumerate() {
                match packets.get(n + 1) {
                    Some(next) if n % 4 == 3 => fill(&mut decoder, next, &mut heard),
                    _ => assert!(decoder.decode(packet, &mut heard).is_ok()),
                }
            }
            energy(heard.iter().zip(&whole).map(|(a, b)| i32::from(*a) - i32::from(*b)))
        };
        let silence = error(&|_, _, heard| heard.resize(heard.len() + FRAME_SAMPLES, 0));
        let guess = error(&|decoder, _, heard| decoder.conceal(FRAME_SAMPLES, heard));
        let copy = error(&|decoder, next, heard| decoder.recover(next, FRAME_SAMPLES, heard));
        assert!(packets.iter().filter(|packet| has_copy(packet)).count() * 2 > packets.len());
        assert!(
            guess < silence * 0.9 && copy < guess * 0.7,
            "silence {silence:.2e}, guess {guess:.2e}, copy {copy:.2e}"
        );
    }

    #[test]
    fn packets_of_any_length_and_of_both_kinds_are_heard() {
        for channels in [Channels::Mono, Channels::Stereo] {
            for samples in [120, 240, 480, 960, 1_920, 2_880, 5_760] {
                let (mut decoder, mut heard) = (Decoder::new(), Vec::new());
                for packet in foreign(channels, samples, 48_000 / samples) {
                    assert_eq!(packet_samples(&packet), Some(samples));
                    assert_eq!(decoder.decode(&packet, &mut heard), Ok(samples));
                }
                let level =
                    (energy(heard[24_000..].iter().copied().map(i32::from)) / (heard.len() - 24_000) as f64).sqrt();
                assert!((5_000.0..6_300.0).contains(&level), "{channels:?}, {samples}: {level}");
            }
        }
    }

    #[test]
    fn what_is_lost_has_the_length_asked_for() {
        for samples in [120, 960, 5_760] {
            let (mut decoder, mut heard) = (Decoder::new(), Vec::new());
            decoder.conceal(samples, &mut heard);
            decoder.recover(&packets()[10], samples, &mut heard);
            decoder.recover(b"no Opus at all", samples, &mut heard);
            assert_eq!(heard.len(), 3 * samples);
        }
    }

    #[test]
    fn after_a_reset_a_decoder_is_like_new() {
        let packets = packets();
        let mut decoder = Decoder::new();
        let decode = |decoder: &mut Decoder| {
            let mut heard = Vec::new();
            packets.iter().take(20).for_each(|packet| assert!(decoder.decode(packet, &mut heard).is_ok()));
            heard
        };
        let first = decode(&mut decoder);
        decoder.reset();
        assert_eq!(decode(&mut decoder), first);
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_or_sound(garbage in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (mut decoder, mut heard) = (Decoder::new(), Vec::new());
            match decoder.decode(&garbage, &mut heard) {
                Ok(samples) => prop_assert_eq!((Some(samples), heard.len()), (packet_samples(&garbage), samples)),
                Err(_) => prop_assert!(heard.is_empty()),
            }
            has_copy(&garbage);
            decoder.recover(&garbage, FRAME_SAMPLES, &mut heard);
        }
    }
}
