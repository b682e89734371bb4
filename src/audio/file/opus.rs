//! Opus in recordings: in Ogg (RFC 7845) and in Matroska and WebM, whose packets are the same. symphonia takes the
//! containers apart, libopus decodes.
//!
//! Heard is what the recording says is to be heard: without the encoder's delay at the beginning and, in Ogg, without what
//! fills the last packet. Where the packets' clock leaps, nothing was recorded: there is silence.

use symphonia::core::{
    packet::Packet,
    units::{TimeBase, Timestamp},
};

use crate::audio::{
    LINE_HZ,
    opus::{Decoder, OpusError},
};

/// What an identification header begins with (RFC 7845, section 5.1), and how long it is at least.
const MAGIC: &[u8] = b"OpusHead";
const HEAD_BYTES: usize = 19;
/// A leap of the clock that counts, in samples (40 ms): Matroska's clock is rounded to milliseconds.
const LEAP: i128 = 1_920;

/// A stream of packets on its way to samples at 48 kHz, mixed to mono.
pub(super) struct OpusStream {
    decoder: Decoder,
    /// Samples that are still to be left out.
    skip: usize,
    /// Makes all of it louder or softer.
    gain: f32,
    time_base: TimeBase,
    /// When the first packet is due: what was recorded live does not begin at zero.
    origin: Option<Timestamp>,
    /// Samples so far, with those left out and the silence between.
    made: u64,
    pcm: Vec<i16>,
}

impl OpusStream {
    /// For the identification header of a stream, which Matroska keeps too.
    ///
    /// # Errors
    /// What is not supported.
    pub(super) fn new(head: Option<&[u8]>, time_base: Option<TimeBase>) -> Result<Self, &'static str> {
        let head = head.filter(|head| head.len() >= HEAD_BYTES && head.starts_with(MAGIC));
        let head = head.ok_or("Opus without its header")?;
        if head[18] != 0 {
            return Err("Opus with more than two channels");
        }
        let gain_db = f32::from(i16::from_le_bytes([head[16], head[17]])) / 256.0;
        Ok(Self {
            decoder: Decoder::new(),
            skip: usize::from(u16::from_le_bytes([head[10], head[11]])),
            gain: 10_f32.powf(gain_db / 20.0) / f32::from(i16::MAX),
            time_base: time_base.or(TimeBase::try_from_recip(LINE_HZ)).unwrap_or_default(),
            origin: None,
            made: 0,
            pcm: Vec::new(),
        })
    }

    /// Puts what is to be heard of a packet into `samples`; of silence before it not more than `most` samples.
    ///
    /// # Errors
    /// When it is no Opus.
    pub(super) fn decode(&mut self, packet: &Packet, most: usize, samples: &mut Vec<f32>) -> Result<(), OpusError> {
        samples.clear();
        let origin = *self.origin.get_or_insert(packet.pts);
        let due = self.in_samples(i128::from(packet.pts.get()) - i128::from(origin.get()));
        let silence = due - i128::from(self.made);
        if silence > LEAP {
            let silence = usize::try_from(silence).map_or(most, |silence| silence.min(most));
            samples.resize(silence, 0.0);
            self.made += silence as u64;
        }
        self.pcm.clear();
        self.made += self.decoder.decode(&packet.data, &mut self.pcm)? as u64;
        let filling = self.in_samples(i128::from(packet.trim_end.get()));
        let end = self.pcm.len().saturating_sub(usize::try_from(filling).unwrap_or(usize::MAX));
        let start = self.skip.min(end);
        self.skip -= start;
        samples.extend(self.pcm[start..end].iter().map(|sample| f32::from(*sample) * self.gain));
        Ok(())
    }

    fn in_samples(&self, ticks: i128) -> i128 {
        let TimeBase { numer, denom } = self.time_base;
        ticks * i128::from(numer.get()) * i128::from(LINE_HZ) / i128::from(denom.get())
    }
}

#[cfg(test)]
mod tests {
    use symphonia::core::units::Duration;

    use super::*;
    use crate::audio::{Frame, opus::Encoder};

    fn head(pre_skip: u16, gain: i16, family: u8) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.extend([1, 1]);
        head.extend(pre_skip.to_le_bytes());
        head.extend(48_000_u32.to_le_bytes());
        head.extend(gain.to_le_bytes());
        head.push(family);
        head
    }

    fn packet(encoder: &mut Encoder, pts: i64) -> Packet {
        let mut frame = Frame::SILENCE;
        for (n, sample) in frame.samples.iter_mut().enumerate() {
            *sample = if n % 100 < 50 { 8_000 } else { -8_000 };
        }
        Packet::new(0, Timestamp::new(pts), Duration::new(960), encoder.encode(&frame).unwrap().to_vec())
    }

    /// How many samples come of packets that are due then.
    fn heard(pre_skip: u16, due: &[i64], trim_end: u64) -> Vec<usize> {
        let mut stream = OpusStream::new(Some(&head(pre_skip, 0, 0)), None).unwrap();
        let (mut encoder, mut samples) = (Encoder::new(), Vec::new());
        let count = |(index, pts): (usize, &i64)| {
            let mut packet = packet(&mut encoder, *pts);
            if index + 1 == due.len() {
                packet.trim_end = Duration::new(trim_end);
            }
            stream.decode(&packet, 10_000, &mut samples).unwrap();
            samples.len()
        };
        due.iter().enumerate().map(count).collect()
    }

    #[test]
    fn delay_filling_and_leaps_are_heeded() {
        assert_eq!(heard(312, &[0, 960, 1_920], 700), [648, 960, 260]);
        assert_eq!(heard(1_000, &[0, 960], 0), [0, 920]);
        assert_eq!(heard(0, &[48_000, 48_960], 0), [960, 960], "a live recording begins anywhere");
        assert_eq!(heard(0, &[0, 960, 6_000, 6_960], 0), [960, 960, 5_040, 960]);
        assert_eq!(heard(0, &[0, 2_000, 0], 0), [960, 960, 960], "rounded, and turned back");
        assert_eq!(heard(0, &[0, i64::MAX], 5_000), [960, 10_000], "silence is bounded");
    }

    #[test]
    fn gain_is_applied() {
        let loudest = |gain| {
            let mut stream = OpusStream::new(Some(&head(0, gain, 0)), None).unwrap();
            let (mut encoder, mut samples, mut loudest) = (Encoder::new(), Vec::new(), 0.0_f32);
            for n in 0..10 {
                stream.decode(&packet(&mut encoder, n * 960), 0, &mut samples).unwrap();
                loudest = samples.iter().fold(loudest, |loudest, sample| loudest.max(sample.abs()));
            }
            loudest
        };
        let ratio = loudest(-6 * 256) / loudest(0);
        assert!((0.49..0.52).contains(&ratio), "{ratio}");
    }

    #[test]
    fn what_is_no_header_of_ours_is_refused() {
        for bad in [None, Some(vec![]), Some(vec![0; 40]), Some(head(0, 0, 0)[..18].to_vec()), Some(head(0, 0, 1))] {
            assert!(OpusStream::new(bad.as_deref(), None).is_err());
        }
    }
}
