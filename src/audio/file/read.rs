//! Any recording to mono samples, by symphonia.

use std::{
    fs::File,
    io::{Cursor, ErrorKind, Read, Seek},
    path::Path,
    time::Duration,
};

use symphonia::core::{
    codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known as codec},
    errors::Error,
    formats::{
        FormatId, FormatOptions, FormatReader, TrackType,
        probe::Hint,
        well_known::{FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_WAVE},
    },
    io::{MediaSource, MediaSourceStream, ReadOnlySource},
    meta::MetadataOptions,
    packet::Packet,
    units::TimeBase,
};

use super::{AudioError, Limit, name, opus::OpusStream, riff};
use crate::audio::{Clip, LINE_HZ};

/// Rates in Hz that speech is recorded at; beyond them a header is damaged.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// A stream that is no WAV is kept in memory, since some formats have to be read from the end: at most so many bytes.
const MAX_STREAM_BYTES: u64 = 1 << 30;

/// Reads a recording: WAV (8 to 32 bits, float, A-law, µ-law), FLAC, MP3, Ogg (Opus, Vorbis), AAC (M4A), Matroska and WebM
/// (Opus and others). It keeps its rate; its channels are mixed to one; samples beyond full scale are clipped, those that are no number are zero.
///
/// # Errors
/// Any of [`AudioError`] but `Write`.
pub fn read(path: &Path) -> Result<Clip, AudioError> {
    let failed = |reason| AudioError::Read { path: name(path), reason };
    let mut file = File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return read_stream(file, &name(path), &Limit::FILE);
    }
    let recording = match riff::start(&mut file).map_err(failed)? {
        riff::Start::Wave { header, has_length } => Recording::wave(header, has_length, file),
        riff::Start::Other(bytes) if bytes.is_empty() => return Err(AudioError::Empty { path: name(path) }),
        riff::Start::Other(_) => {
            file.rewind().map_err(failed)?;
            Recording { source: Box::new(file), has_length: true }
        }
    };
    recording.decode(&name(path), &Limit::FILE)
}

/// Reads a recording from a stream, such as standard input or an upload, as [`read`] does; `name` stands for it in messages.
///
/// # Errors
/// Any of [`AudioError`] but `Write`.
pub fn read_stream(mut stream: impl Read + Send + Sync, name: &str, limit: &Limit) -> Result<Clip, AudioError> {
    let failed = |reason| AudioError::Read { path: name.to_owned(), reason };
    let recording = match riff::start(&mut stream).map_err(failed)? {
        riff::Start::Wave { header, has_length } => Recording::wave(header, has_length, stream),
        riff::Start::Other(mut bytes) => {
            stream.take(MAX_STREAM_BYTES).read_to_end(&mut bytes).map_err(failed)?;
            if bytes.is_empty() {
                return Err(AudioError::Empty { path: name.to_owned() });
            }
            if bytes.len() as u64 >= MAX_STREAM_BYTES {
                return Err(AudioError::TooLong { path: name.to_owned(), most: limit.duration });
            }
            Recording { source: Box::new(Cursor::new(bytes)), has_length: true }
        }
    };
    recording.decode(name, limit)
}

/// An opened recording, not yet looked into.
struct Recording<'s> {
    source: Box<dyn MediaSource + 's>,
    /// Whether the number of samples in the header, if there is one, can be believed.
    has_length: bool,
}

impl<'s> Recording<'s> {
    /// A WAV file whose header has been read already.
    fn wave(header: Vec<u8>, has_length: bool, rest: impl Read + Send + Sync + 's) -> Self {
        Self { source: Box::new(ReadOnlySource::new(Cursor::new(header).chain(rest))), has_length }
    }

    fn decode(self, name: &str, limit: &Limit) -> Result<Clip, AudioError> {
        let stream = MediaSourceStream::new(self.source, Default::default());
        let mut format = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| cannot_probe(error, name))?;
        let kind = format.format_info().format;
        let no_audio = || AudioError::NoAudio { path: name.to_owned() };
        let track = format.default_track(TrackType::Audio).ok_or_else(no_audio)?;
        let (track_id, frames) = (track.id, track.num_frames);
        let params = track.codec_params.as_ref().and_then(|params| params.audio()).ok_or_else(no_audio)?;
        let mut decoder = Decoder::new(params, track.time_base, name)?;

        let mut mono = Mono::new(limit);
        let ended_early = decode_packets(format.as_mut(), track_id, &mut decoder, &mut mono, name)?;
        // Only these two count their samples exactly; others round to packets or guess.
        let counted = matches!(kind, FORMAT_ID_WAVE | FORMAT_ID_FLAC);
        let truncated = match frames.filter(|_| counted && self.has_length) {
            Some(frames) => (mono.samples.len() as u64) < frames,
            None => ended_early && knows_its_end(kind),
        };
        mono.finish(truncated, name)
    }
}

/// Whether a format says where it ends. The others are plain rows of packets, and whole wherever they stop.
fn knows_its_end(kind: FormatId) -> bool {
    matches!(kind, FORMAT_ID_ISOMP4 | FORMAT_ID_MKV)
}

fn cannot_probe(error: Error, name: &str) -> AudioError {
    let path = name.to_owned();
    match error {
        Error::IoError(reason) if reason.kind() != ErrorKind::UnexpectedEof => AudioError::Read { path, reason },
        Error::IoError(_) => AudioError::Truncated { path, held: Duration::ZERO },
        Error::Unsupported(what) if !what.contains("no suitable format") => {
            AudioError::Unsupported { path, what: what.to_owned() }
        }
        _ => AudioError::NotAudio { path },
    }
}

/// What makes samples of packets.
enum Decoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(OpusStream),
}

impl Decoder {
    fn new(params: &AudioCodecParameters, time_base: Option<TimeBase>, name: &str) -> Result<Self, AudioError> {
        let unsupported = |what: String| AudioError::Unsupported { path: name.to_owned(), what };
        if params.codec == codec::CODEC_ID_OPUS {
            let stream = OpusStream::new(params.extra_data.as_deref(), time_base);
            return stream.map(Self::Opus).map_err(|what| unsupported(what.to_owned()));
        }
        let decoder = symphonia::default::get_codecs().make_audio_decoder(params, &AudioDecoderOptions::default());
        decoder.map(Self::Symphonia).map_err(|error| match codec_name(params.codec) {
            Some(codec) => unsupported(format!("the {codec} codec is not supported")),
            // Bytes of any kind look like one of MPEG's older layers here and there.
            None if matches!(params.codec, codec::CODEC_ID_MP1 | codec::CODEC_ID_MP2) => {
                AudioError::NotAudio { path: name.to_owned() }
            }
            None => unsupported(error.to_string()),
        })
    }

    /// Mixes what is in a packet into `mono`; false when it is damaged.
    fn decode(&mut self, packet: &Packet, mono: &mut Mono, name: &str) -> Result<bool, AudioError> {
        let (rate_hz, channels) = match self {
            Self::Opus(stream) => match stream.decode(packet, mono.most + 1, &mut mono.interleaved) {
                Ok(()) => (LINE_HZ, 1),
                Err(_) => return Ok(false),
            },
            Self::Symphonia(decoder) => match decoder.decode(packet) {
                Ok(decoded) => {
                    mono.interleaved.clear();
                    decoded.copy_to_vec_interleaved(&mut mono.interleaved);
                    (decoded.spec().rate(), decoded.spec().channels().count())
                }
                Err(Error::DecodeError(_) | Error::IoError(_)) => return Ok(false),
                Err(error) => {
                    return Err(AudioError::Unsupported { path: name.to_owned(), what: error.to_string() });
                }
            },
        };
        mono.push(rate_hz, channels, name)?;
        Ok(true)
    }
}

/// The names of codecs that people meet and symphonia does not decode.
fn codec_name(id: AudioCodecId) -> Option<&'static str> {
    match id {
        codec::CODEC_ID_ALAC => Some("ALAC"),
        codec::CODEC_ID_AC3 => Some("AC-3"),
        codec::CODEC_ID_ADPCM_MS | codec::CODEC_ID_ADPCM_IMA_WAV => Some("ADPCM"),
        _ => None,
    }
}

/// Decodes all of one track; true when the file ended inside a packet.
fn decode_packets(
    format: &mut dyn FormatReader,
    track_id: u32,
    decoder: &mut Decoder,
    mono: &mut Mono,
    name: &str,
) -> Result<bool, AudioError> {
    let unsupported = |what: String| AudioError::Unsupported { path: name.to_owned(), what };
    let mut damaged = 0_usize;
    let ended_early = loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) if packet.track_id != track_id => continue,
            Ok(Some(packet)) if packet.data.is_empty() => break false,
            Ok(Some(packet)) => packet,
            Ok(None) => break false,
            Err(Error::IoError(reason)) if reason.kind() == ErrorKind::UnexpectedEof => break true,
            Err(Error::IoError(reason)) => return Err(AudioError::Read { path: name.to_owned(), reason }),
            Err(Error::ResetRequired) => return Err(unsupported("several recordings in one file".to_owned())),
            Err(error) => return Err(unsupported(error.to_string())),
        };
        // One damaged packet is a click; the codecs find their way back in the next one.
        if !decoder.decode(&packet, mono, name)? {
            damaged += 1;
        }
    };
    if damaged > 0 {
        tracing::warn!(packets = damaged, file = name, "left out damaged pieces of a recording");
    }
    Ok(ended_early)
}

/// The recording as far as it is decoded.
struct Mono<'l> {
    limit: &'l Limit,
    rate_hz: u32,
    /// It may have so many samples.
    most: usize,
    samples: Vec<f32>,
    /// The latest packet as it was decoded, all channels.
    interleaved: Vec<f32>,
}

impl<'l> Mono<'l> {
    fn new(limit: &'l Limit) -> Self {
        Self { limit, rate_hz: 0, most: limit.samples, samples: Vec::new(), interleaved: Vec::new() }
    }

    /// Mixes the latest packet in.
    fn push(&mut self, rate_hz: u32, channels: usize, name: &str) -> Result<(), AudioError> {
        let unsupported = |what: String| Err(AudioError::Unsupported { path: name.to_owned(), what });
        if self.samples.is_empty() {
            self.rate_hz = rate_hz;
            let most = self.limit.duration.as_secs().saturating_mul(rate_hz.into());
            self.most = usize::try_from(most).unwrap_or(usize::MAX).min(self.limit.samples);
        }
        if !RATES_HZ.contains(&rate_hz) {
            return unsupported(format!("{rate_hz} samples a second"));
        }
        if rate_hz != self.rate_hz {
            return unsupported(format!("its rate changes from {} to {rate_hz} Hz", self.rate_hz));
        }
        self.samples.extend(self.interleaved.chunks_exact(channels.max(1)).map(|frame| {
            let mean = frame.iter().sum::<f32>() / frame.len() as f32;
            if mean.is_finite() { mean.clamp(-1.0, 1.0) } else { 0.0 }
        }));
        if self.samples.len() > self.most {
            return Err(AudioError::TooLong { path: name.to_owned(), most: self.limit.duration });
        }
        Ok(())
    }

    fn finish(self, truncated: bool, name: &str) -> Result<Clip, AudioError> {
        let path = name.to_owned();
        let clip = Clip { rate_hz: self.rate_hz.max(*RATES_HZ.start()), samples: self.samples };
        if truncated {
            return Err(AudioError::Truncated { path, held: clip.duration() });
        }
        if clip.samples.is_empty() {
            return Err(AudioError::NoAudio { path });
        }
        Ok(clip)
    }
}
