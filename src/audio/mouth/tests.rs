use super::*;
use crate::audio::opus::Decoder;

const TURN: TurnId = TurnId(1);

/// A mouth and what it is fed with.
struct Bench {
    mouth: Mouth,
    say: mpsc::Sender<Say>,
    waiting: mpsc::Receiver<Say>,
    phase: usize,
}

impl Bench {
    fn new() -> Self {
        let (say, waiting) = mpsc::channel(200);
        Self { mouth: Mouth::new(), say, waiting, phase: 0 }
    }

    /// Lets `frames` of a 440 Hz tone wait.
    fn tone(&mut self, turn: TurnId, frames: usize) {
        for _ in 0..frames {
            let mut frame = Frame::SILENCE;
            for sample in &mut frame.samples {
                *sample = (10_000.0 * (std::f64::consts::TAU * 440.0 * self.phase as f64 / 48_000.0).sin()) as i16;
                self.phase += 1;
            }
            self.say.try_send(Say::Audio(turn, Box::new(frame))).unwrap();
        }
    }

    fn end(&self, turn: TurnId) {
        self.say.try_send(Say::End(turn)).unwrap();
    }

    fn ticks(&mut self, count: usize) -> Vec<Option<Spoken>> {
        (0..count).map(|_| self.mouth.tick(&mut self.waiting)).collect()
    }

    fn played(&mut self) -> Vec<(u64, u128, bool)> {
        self.mouth.take_played().map(|played| (played.turn.0, played.sent.as_millis(), played.done)).collect()
    }
}

/// What a receiver hears, 20 ms for each tick; silence where nothing was sent.
fn hear(ticks: &[Option<Spoken>]) -> Vec<i16> {
    let (mut decoder, mut heard) = (Decoder::new(), Vec::new());
    for tick in ticks {
        match tick {
            Some(spoken) => assert_eq!(decoder.decode(&spoken.payload, &mut heard), Ok(FRAME_SAMPLES)),
            None => heard.resize(heard.len() + FRAME_SAMPLES, 0),
        }
    }
    heard
}

fn loudest(samples: &[i16]) -> u16 {
    samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
}

#[test]
fn a_turn_is_sent_with_a_tail_and_then_nothing() {
    let mut bench = Bench::new();
    assert!(bench.ticks(3).iter().all(Option::is_none), "nothing before the first word");
    bench.tone(TURN, 7);
    bench.end(TURN);
    let ticks = bench.ticks(30);
    let sent: Vec<_> = ticks.iter().flatten().collect();
    assert_eq!(sent.len(), 7 + TAIL as usize);
    assert!(ticks[..sent.len()].iter().all(Option::is_some), "without a gap");
    assert_eq!(sent.iter().map(|spoken| spoken.marker).filter(|marker| *marker).count(), 1);
    assert!(sent[0].marker);
    assert_eq!(sent.iter().filter(|spoken| spoken.voice).count(), 7);
    for pair in sent.windows(2) {
        assert_eq!((pair[1].seq, pair[1].time), (pair[0].seq + 1, pair[0].time + 960));
    }
    assert_eq!(bench.played(), [(1, 100, false), (1, 140, true)]);
    assert!(bench.mouth.is_silent());
}

#[test]
fn time_goes_on_in_pauses_and_when_ticks_are_missed() {
    let mut bench = Bench::new();
    bench.tone(TURN, 1);
    let first = bench.ticks(100)[0].clone().unwrap();
    bench.tone(TURN, 1);
    let second = bench.ticks(1)[0].clone().unwrap();
    assert_eq!((second.time - first.time, second.seq - first.seq), (100 * 960, 1 + u64::from(TAIL)));
    assert!(second.marker, "a new talk spurt");
    bench.mouth.skip(4);
    bench.tone(TURN, 1);
    let third = bench.ticks(1)[0].clone().unwrap();
    assert_eq!((third.time - second.time, third.seq - second.seq), (5 * 960, 1), "left out, not made up for");
}

#[test]
fn a_flush_ends_the_sound_and_spares_the_next_turn() {
    let mut bench = Bench::new();
    bench.tone(TURN, 10);
    bench.end(TURN);
    let mut ticks = bench.ticks(4);
    bench.mouth.flush(TURN);
    ticks.extend(bench.ticks(6));
    bench.tone(TURN, 3);
    bench.tone(TURN.next(), 2);
    bench.end(TURN.next());
    ticks.extend(bench.ticks(6));
    assert_eq!(bench.played(), [(1, 80, false), (2, 40, true)]);
    let heard = hear(&ticks);
    // The codec delays by 6.5 ms and rings a little.
    let cut = 4 * FRAME_SAMPLES + FADE + 312;
    assert!(loudest(&heard[..4 * FRAME_SAMPLES]) > 8_000);
    assert!(loudest(&heard[cut + 480..10 * FRAME_SAMPLES]) < 500, "{}", loudest(&heard[cut + 480..10 * FRAME_SAMPLES]));
    assert!(loudest(&heard[10 * FRAME_SAMPLES..12 * FRAME_SAMPLES]) > 8_000, "the next turn is heard at once");
}

#[test]
fn late_audio_of_a_flushed_turn_is_never_heard() {
    let mut bench = Bench::new();
    bench.mouth.flush(TurnId(5));
    for turn in [1, 4, 5] {
        bench.tone(TurnId(turn), 2);
        bench.end(TurnId(turn));
    }
    assert!(bench.ticks(3).iter().all(Option::is_none));
    bench.mouth.flush(TurnId(3));
    bench.tone(TurnId(5), 1);
    assert!(bench.ticks(2).iter().all(Option::is_none), "an older flush takes nothing back");
    assert_eq!(bench.played(), []);
    bench.tone(TurnId(6), 1);
    assert!(bench.ticks(1)[0].is_some());
}

#[test]
fn ducking_is_soft_and_has_the_right_depth() {
    let mut bench = Bench::new();
    bench.tone(TURN, 30);
    let mut ticks = bench.ticks(10);
    bench.mouth.duck(true);
    ticks.extend(bench.ticks(10));
    bench.mouth.duck(false);
    ticks.extend(bench.ticks(10));
    let levels: Vec<_> = ticks.iter().flatten().map(|spoken| spoken.dbov).collect();
    assert!((levels[5] - levels[15] - 15).abs() <= 1, "{levels:?}");
    assert_eq!(levels[5], levels[25]);
    let heard = hear(&ticks);
    let steepest = |samples: &[i16]| samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0);
    let usual = steepest(&heard[4 * FRAME_SAMPLES..9 * FRAME_SAMPLES]);
    assert!(steepest(&heard[9 * FRAME_SAMPLES..]) < usual * 3 / 2, "no clicks");
}

#[test]
fn sound_that_stops_in_the_middle_does_not_click() {
    let mut bench = Bench::new();
    bench.say.try_send(Say::Audio(TURN, Box::new(Frame { samples: [9_000; FRAME_SAMPLES] }))).unwrap();
    bench.mouth.tick(&mut bench.waiting);
    let frame = bench.mouth.release();
    assert!((8_900..=9_000).contains(&frame.samples[0]));
    assert_eq!(frame.samples[RELEASE], 0);
    assert!(frame.samples.windows(2).all(|pair| pair[0] >= pair[1]));
}

#[test]
fn a_turn_without_audio_is_done_at_once() {
    let mut bench = Bench::new();
    bench.end(TURN);
    assert!(bench.ticks(1)[0].is_none());
    assert_eq!(bench.played(), [(1, 0, true)]);
}

#[test]
fn the_level_is_that_of_the_standard() {
    for (level, expected) in [(0, -127), (32_767, 0), (3_276, -20), (33, -60)] {
        assert_eq!(dbov(&Frame { samples: [level; FRAME_SAMPLES] }), expected);
    }
}
