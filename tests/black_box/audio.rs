//! Recordings as users have them: every common format, and every way in which a file can be bad.

use std::{
    f32::consts::TAU,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use callstead::audio::{AudioError, Clip, Limit, read, read_stream, write_wav, write_wav_to};
use hound::{SampleFormat, WavSpec, WavWriter};

use crate::{
    containers,
    support::{self, PROGRAM, repository},
};

const TONE_HZ: f32 = 440.0;
/// A fixture of each format.
const FORMATS: [&str; 7] = ["opus.webm", "tone.flac", "tone.mp3", "tone.ogg", "tone.m4a", "tone.mka", "alaw.wav"];

fn fixture(name: &str) -> PathBuf {
    repository("tests/fixtures/audio").join(name)
}

/// `seconds` of the tone, half of full scale.
fn tone(rate_hz: u32, seconds: f32) -> Vec<f32> {
    (0..(rate_hz as f32 * seconds) as u32).map(|n| 0.5 * (TAU * TONE_HZ * n as f32 / rate_hz as f32).sin()).collect()
}

/// The tone as WAV, the same on every channel.
fn wav(rate_hz: u32, channels: u16, bits: u16, format: SampleFormat) -> Vec<u8> {
    support::wav(&tone(rate_hz, 0.5), rate_hz, channels, bits, format)
}

fn read_bytes(bytes: &[u8]) -> Result<Clip, AudioError> {
    read_stream(bytes, "test", &Limit::FILE)
}

/// The tone's frequency in Hz by counting rising zero crossings, and its root mean square.
fn measure(clip: &Clip) -> (f32, f32) {
    // Encoders fade in and out at the ends.
    let middle = &clip.samples[clip.samples.len() / 5..clip.samples.len() * 4 / 5];
    let rising = middle.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    let seconds = middle.len() as f32 / clip.rate_hz as f32;
    let power = middle.iter().map(|sample| sample * sample).sum::<f32>() / middle.len() as f32;
    (rising as f32 / seconds, power.sqrt())
}

#[test]
fn wav_of_every_depth_rate_and_channel_count_is_read() {
    use SampleFormat::{Float, Int};
    for rate_hz in [8_000, 16_000, 44_100, 96_000] {
        for (channels, bits, format) in
            [(1, 8, Int), (1, 16, Int), (2, 16, Int), (6, 24, Int), (1, 32, Int), (2, 32, Float)]
        {
            let clip = read_bytes(&wav(rate_hz, channels, bits, format)).unwrap();
            assert_eq!(clip.rate_hz, rate_hz);
            assert_eq!(clip.samples.len(), rate_hz as usize / 2);
            let worst = clip.samples.iter().zip(tone(rate_hz, 0.5)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let step = if bits == 8 { 1.0 / 64.0 } else { 1.0 / 16_384.0 };
            assert!(worst <= step, "{rate_hz} Hz, {channels} × {bits} bits: off by {worst}");
        }
    }
}

#[test]
fn compressed_formats_are_read() {
    for (file, rate_hz) in [
        ("tone.flac", 44_100),
        ("tone.mp3", 22_050),
        ("tone.ogg", 44_100),
        ("tone.m4a", 44_100),
        ("tone.mka", 44_100),
        ("alaw.wav", 8_000),
        ("mulaw.wav", 8_000),
    ] {
        for clip in [read(&fixture(file)), read_bytes(&fs::read(fixture(file)).unwrap())] {
            let clip = clip.unwrap();
            let (frequency, level) = measure(&clip);
            assert_eq!(clip.rate_hz, rate_hz, "{file}");
            assert!((clip.duration().as_secs_f32() - 0.5).abs() < 0.15, "{file}: {:?}", clip.duration());
            assert!((frequency - TONE_HZ).abs() < 8.0, "{file}: {frequency} Hz");
            assert!((level - 0.125 / 2_f32.sqrt()).abs() < 0.015, "{file}: level {level}");
        }
    }
}

#[test]
fn opus_is_read_as_long_as_it_plays() {
    let tone = Clip { rate_hz: 48_000, samples: tone(48_000, 2.0) };
    for (what, bytes, samples) in [
        ("Ogg", containers::ogg(&tone, 700), 96_000 - 700 - 312),
        ("one page of Ogg", containers::ogg(&Clip { samples: tone.samples[..9_600].to_vec(), ..tone }, 0), 9_600 - 312),
        ("WebM", containers::webm(&tone, None), 96_000 - 312),
        ("WebM with a gap", containers::webm(&tone, Some(60)), 96_000 - 312 + 48_000),
    ] {
        let clip = read_bytes(&bytes).unwrap();
        assert_eq!((clip.rate_hz, clip.samples.len()), (48_000, samples), "{what}");
        let (frequency, _) = measure(&Clip { samples: clip.samples[..9_000].to_vec(), ..clip });
        assert!((frequency - TONE_HZ).abs() < 8.0, "{what}: {frequency} Hz");
    }
    let fixture = read(&fixture("opus.webm")).unwrap();
    let (frequency, level) = measure(&fixture);
    assert!((fixture.duration().as_secs_f32() - 0.5).abs() < 0.05, "{:?}", fixture.duration());
    assert!(
        (frequency - TONE_HZ).abs() < 8.0 && (level - 0.125 / 2_f32.sqrt()).abs() < 0.03,
        "{frequency} Hz, {level}"
    );
    let tone = containers::ogg(&tone, 0);
    let limit = Limit { duration: std::time::Duration::from_secs(1), samples: 1 << 20 };
    assert!(matches!(read_stream(&*tone, "test", &limit), Err(AudioError::TooLong { .. })));
}

#[test]
fn channels_are_mixed_to_their_mean() {
    let spec = WavSpec { channels: 2, sample_rate: 16_000, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    for sample in [0.5, -0.25, 1.0, 1.0, 3.0, 2.0, f32::NAN, 0.5, f32::INFINITY, 0.0] {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    assert_eq!(read_bytes(bytes.get_ref()).unwrap().samples, [0.125, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_header_written_into_a_pipe_is_understood() {
    let whole = wav(16_000, 1, 16, SampleFormat::Int);
    for (riff, data) in [(u32::MAX, u32::MAX), (0, 0), (36, 0), (0x7FFF_FFFF, 0x7FFF_FFDB), (u32::MAX, 0x7FFF_F000)] {
        let mut piped = whole.clone();
        piped[4..8].copy_from_slice(&riff.to_le_bytes());
        piped[40..44].copy_from_slice(&data.to_le_bytes());
        assert_eq!(read_bytes(&piped).unwrap().samples.len(), 8_000, "lengths {riff:#x}, {data:#x}");
    }
}

#[test]
fn chunks_before_and_after_the_samples_are_no_sound() {
    let plain = wav(16_000, 1, 16, SampleFormat::Int);
    let mut decorated = plain[..36].to_vec();
    decorated.extend(b"note\x03\0\0\0abc\0");
    decorated.extend(&plain[36..]);
    decorated.extend(b"LIST\x04\0\0\0INFO");
    assert_eq!(read_bytes(&decorated).unwrap(), read_bytes(&plain).unwrap());
}

#[test]
fn a_bad_file_is_refused_in_one_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = wav(16_000, 1, 16, SampleFormat::Int);
    let flac = fs::read(fixture("tone.flac")).unwrap();
    let mp4 = fs::read(fixture("tone.m4a")).unwrap();
    let mut slow = whole.clone();
    slow[24..28].copy_from_slice(&1_u32.to_le_bytes());
    let cases: [(&str, &[u8], &str); 11] = [
        ("empty.wav", b"", "is empty"),
        ("binary.wav", &fs::read(PROGRAM).unwrap()[..100_000], "is not a recording"),
        ("text.wav", b"these are words and no samples at all, however long one looks", "is not a recording"),
        ("header.wav", &whole[..44], "is cut short after 0.0 s"),
        ("half-header.wav", &whole[..30], "is cut short"),
        ("half.wav", &whole[..44 + 8_000], "is cut short after 0.2 s"),
        ("nearly.wav", &whole[..whole.len() - 2], "is cut short"),
        ("half.flac", &flac[..flac.len() / 2], "is cut short"),
        ("half.m4a", &mp4[..mp4.len() / 2], "half.m4a"),
        ("slow.wav", &slow, "1 samples a second"),
        ("adpcm.wav", &fs::read(fixture("adpcm.wav")).unwrap(), "ADPCM"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains(name), "{name}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        read_bytes(bytes).unwrap_err();
    }
    for (path, expected) in [(folder.path().join("missing.wav"), "No such file"), (folder.path().into(), "directory")] {
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains(expected) && message.lines().count() == 1, "{message}");
    }
}

#[test]
fn a_wav_without_samples_holds_no_audio() {
    let mut none = wav(16_000, 1, 16, SampleFormat::Int);
    none.truncate(44);
    none[40..44].fill(0);
    assert!(matches!(read_bytes(&none), Err(AudioError::NoAudio { .. })));
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reply.wav");
    fs::write(&path, "something older").unwrap();
    let clip = Clip { rate_hz: 22_050, samples: vec![0.0, 0.5, -0.5, 1.0, -1.0, 7.0, f32::NAN] };
    write_wav(&path, &clip).unwrap();
    let mut streamed = Vec::new();
    write_wav_to(&mut streamed, "test", &clip).unwrap();
    assert_eq!(fs::read(&path).unwrap(), streamed);

    let back = read(&path).unwrap();
    assert_eq!(back.rate_hz, 22_050);
    for (got, expected) in back.samples.iter().zip([0.0, 0.5, -0.5, 1.0, -1.0, 1.0, 0.0]) {
        assert!((got - expected).abs() < 1e-4, "{got} instead of {expected}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the recording");
}

#[test]
fn a_recording_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let clip = Clip { rate_hz: 16_000, samples: vec![0.0; 160_000] };
    let missing = folder.path().join("missing/reply.wav");
    for (path, expected) in [
        (missing.as_path(), "No such file"),
        (Path::new("/dev/full"), "the disk is full"),
        (folder.path(), "directory"),
    ] {
        let message = write_wav(path, &clip).unwrap_err().to_string();
        assert!(message.starts_with("cannot write") && message.lines().count() == 1, "{message}");
        assert!(message.to_lowercase().contains(&expected.to_lowercase()), "{message}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    write_wav(Path::new("/dev/null"), &clip).unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file(), "a device is written to, not replaced");
}

proptest::proptest! {
    /// Headers come from strangers: a damaged one gives an answer or an error, never a panic.
    #[test]
    fn damage_anywhere_in_a_header_is_survived(
        file in 0..FORMATS.len(),
        damage in proptest::collection::vec((0..200_usize, proptest::num::u8::ANY), 1..6),
    ) {
        let mut bytes = fs::read(fixture(FORMATS[file])).unwrap();
        for (place, byte) in damage {
            bytes[place] = byte;
        }
        if let Ok(clip) = read_bytes(&bytes) {
            assert!(clip.samples.iter().all(|sample| sample.abs() <= 1.0));
        }
    }
}
