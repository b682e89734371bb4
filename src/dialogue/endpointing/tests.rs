use proptest::prelude::*;

use super::*;

/// A step of a simulated call.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Windows of a probability, for so many milliseconds (a multiple of 32).
    Heard(f32, u64),
    /// A verdict on the pause with this number.
    Judged(u64, f32),
    /// What the text rule says of the words up to that pause.
    Read(u64, Hanging),
    /// What it says of the words so far, in the midst of them.
    Overheard(Hanging),
    Expected(Expectation),
}
use Step::{Expected, Heard, Judged, Overheard, Read};

const LOUD: f32 = 0.9;
const QUIET: f32 = 0.05;
/// Between the two thresholds.
const UNSURE: f32 = 0.42;

/// What is decided, and at which millisecond: `+` speech, `?` pause, `>` resumed, `.` end of turn with its speech. What may be
/// speech is left out.
fn decisions(script: &[Step]) -> Vec<String> {
    let (mut endpointer, mut now, mut log) = (Endpointer::default(), MediaTime::ZERO, Vec::new());
    let mut tell = |now: MediaTime, input| {
        endpointer.handle(now, input);
        while let Some(output) = endpointer.poll() {
            let what = match output {
                Output::Stirred | Output::Settled | Output::Stopped { .. } => continue,
                Output::SpeechStarted { at } => format!("+{}", at.as_millis()),
                Output::Pause { id, at } => format!("?{} {}", id.0, at.as_millis()),
                Output::SpeechResumed => ">".to_owned(),
                Output::EndOfTurn { speech } => {
                    format!(".{}-{}", speech.start.as_millis(), speech.end.as_millis())
                }
            };
            log.push(format!("{} {what}", now.as_millis()));
        }
    };
    for step in script {
        match *step {
            Heard(probability, millis) => {
                for _ in 0..millis / 32 {
                    now = now + WINDOW;
                    tell(now, Input::Voice(probability));
                }
            }
            Judged(pause, complete) => tell(now, Input::Verdict { pause: PauseId(pause), complete }),
            Read(pause, hanging) => tell(now, Input::Words { pause: Some(PauseId(pause)), hanging }),
            Overheard(hanging) => tell(now, Input::Words { pause: None, hanging }),
            Expected(expected) => tell(now, Input::Expect(expected)),
        }
    }
    log
}

#[track_caller]
fn check(script: &[Step], expected: &[&str]) {
    assert_eq!(decisions(script), expected);
}

#[test]
fn silence_and_clicks_are_no_speech() {
    check(&[Heard(QUIET, 3200)], &[]);
    check(&[Heard(QUIET, 320), Heard(LOUD, 64), Heard(QUIET, 3200)], &[]);
    check(&[Heard(UNSURE, 3200)], &[]);
}

#[test]
fn without_a_verdict_a_middling_silence_ends_the_turn() {
    check(&[Heard(QUIET, 320), Heard(LOUD, 640), Heard(QUIET, 3200)], &["416 +320", "1024 ?0 960", "1664 .320-960"]);
}

#[test]
fn a_complete_turn_ends_with_the_verdict() {
    check(
        &[Heard(LOUD, 640), Heard(QUIET, 320), Judged(0, 0.97), Heard(QUIET, 3200)],
        &["96 +0", "704 ?0 640", "960 .0-640"],
    );
}

#[test]
fn a_short_answer_to_a_question_that_has_some_is_taken_sooner() {
    let answer = [Heard(LOUD, 320), Heard(QUIET, 96), Read(0, Hanging::No), Judged(0, 0.5), Heard(QUIET, 3200)];
    check(&answer, &["96 +0", "384 ?0 320", "800 .0-320"]);
    check(&[&[Expected(Expectation::Short)], &answer[..]].concat(), &["96 +0", "384 ?0 320", "544 .0-320"]);
    // "Yes, and" is no answer yet.
    let hanging = [Heard(LOUD, 320), Heard(QUIET, 96), Read(0, Hanging::Yes), Heard(QUIET, 3200)];
    check(&[&[Expected(Expectation::Short)], &hanging[..]].concat(), &["96 +0", "384 ?0 320", "1536 .0-320"]);
}

#[test]
fn an_unfinished_turn_is_given_time() {
    check(
        &[Heard(LOUD, 640), Heard(QUIET, 320), Judged(0, 0.02), Heard(QUIET, 3200)],
        &["96 +0", "704 ?0 640", "1856 .0-640"],
    );
}

#[test]
fn a_caller_who_goes_on_is_not_interrupted() {
    check(
        &[
            Heard(LOUD, 640),
            Heard(QUIET, 320),
            Judged(0, 0.02),
            Heard(QUIET, 640),
            Heard(LOUD, 320),
            Heard(QUIET, 288),
            Judged(1, 0.9),
        ],
        &["96 +0", "704 ?0 640", "1632 >", "1984 ?1 1920", "2208 .0-1920"],
    );
}

#[test]
fn a_verdict_that_comes_too_late_changes_nothing() {
    let stale = [Heard(LOUD, 640), Heard(QUIET, 256), Heard(LOUD, 320), Heard(QUIET, 256), Judged(0, 0.99)];
    check(&stale, &["96 +0", "704 ?0 640", "928 >", "1280 ?1 1216"]);
    check(&[Judged(0, 0.99), Heard(LOUD, 320), Judged(0, 0.99)], &["96 +0"]);
    check(
        &[Heard(LOUD, 320), Heard(QUIET, 960), Judged(0, 0.99), Judged(0, 0.01)],
        &["96 +0", "384 ?0 320", "1024 .0-320"],
    );
}

#[test]
fn a_verdict_counts_from_the_moment_on_that_the_voice_has_stopped() {
    let end = |before: &[Step]| decisions(&[before, &[Heard(QUIET, 3200)]].concat()).pop().unwrap();
    let stopped = [Heard(LOUD, 640), Heard(QUIET, 32)];
    assert_eq!(end(&[&stopped[..], &[Judged(0, 0.97)]].concat()), "928 .0-640");
    // One on a gap within a word says nothing of the pause that follows.
    let gap = [&stopped[..], &[Heard(LOUD, 320), Heard(QUIET, 32), Judged(0, 0.97)]].concat();
    assert_eq!(end(&gap), "1696 .0-992");
}

#[test]
fn the_voice_that_stops_is_told_of_at_once_and_a_pause_when_it_is_one() {
    let mut endpointer = Endpointer::default();
    let (mut now, mut told) = (MediaTime::ZERO, Vec::new());
    for probability in [LOUD, LOUD, LOUD, QUIET, LOUD, QUIET, QUIET] {
        now = now + WINDOW;
        endpointer.handle(now, Input::Voice(probability));
        told.extend(std::iter::from_fn(|| endpointer.poll()).map(|output| (now.as_millis() / 32, output)));
    }
    let [at, stopped_at] = [0, 5].map(|window| MediaTime::from_millis(window * 32));
    let expected = [
        (1, Output::Stirred),
        (3, Output::SpeechStarted { at }),
        (4, Output::Stopped { id: PauseId(0) }),
        (6, Output::Stopped { id: PauseId(1) }),
        (7, Output::Pause { id: PauseId(1), at: stopped_at }),
    ];
    assert_eq!((told, endpointer.stopped_at()), (expected.to_vec(), Some(stopped_at)));
}

#[test]
fn the_first_sound_is_told_of_at_once_and_taken_back_when_it_was_none() {
    let mut endpointer = Endpointer::default();
    let (mut now, mut told) = (MediaTime::ZERO, Vec::new());
    for probability in [QUIET, LOUD, UNSURE, QUIET, LOUD, LOUD, LOUD, UNSURE, LOUD] {
        now = now + WINDOW;
        endpointer.handle(now, Input::Voice(probability));
        told.extend(std::iter::from_fn(|| endpointer.poll()).map(|output| (now.as_millis() / 32, output)));
    }
    let started = Output::SpeechStarted { at: MediaTime::from_millis(4 * 32) };
    assert_eq!(told, [(2, Output::Stirred), (4, Output::Settled), (5, Output::Stirred), (7, started)]);
}

#[test]
fn gaps_within_words_are_no_pauses() {
    check(&[Heard(LOUD, 320), Heard(QUIET, 32), Heard(LOUD, 320), Heard(UNSURE, 960)], &["96 +0"]);
}

#[test]
fn an_unsure_window_neither_ends_silence_nor_speech() {
    check(&[Heard(LOUD, 320), Heard(QUIET, 32), Heard(UNSURE, 960)], &["96 +0", "384 ?0 320", "1024 .0-320"]);
}

#[test]
fn turns_follow_each_other() {
    let turn = || [Heard(LOUD, 320), Heard(QUIET, 960)];
    let script: Vec<Step> = turn().into_iter().chain(turn()).collect();
    check(&script, &["96 +0", "384 ?0 320", "1024 .0-320", "1376 +1280", "1664 ?1 1600", "2304 .1280-1600"]);
}

#[test]
fn a_turn_that_is_long_ends_at_the_next_gap_and_an_endless_one_in_the_midst_of_it() {
    check(
        &[Heard(LOUD, 45_056), Heard(QUIET, 32), Heard(LOUD, 960), Heard(QUIET, 960)],
        &["96 +0", "45088 .0-45056", "45184 +45088", "46112 ?1 46048", "46752 .45088-46048"],
    );
    check(
        &[Heard(LOUD, 44_800), Heard(QUIET, 256), Heard(LOUD, 320)],
        &["96 +0", "44864 ?0 44800", "45024 .0-44800", "45152 +45056"],
    );
    check(&[Heard(LOUD, 100_096)], &["96 +0", "50016 .0-50016", "50112 +50016", "100032 .50016-100032"]);
}

#[test]
fn a_probability_that_is_no_number_is_ignored() {
    check(&[Heard(f32::NAN, 320), Heard(LOUD, 320), Heard(f32::NAN, 320)], &["416 +320"]);
}

#[test]
fn words_that_hang_are_waited_for_and_others_are_not() {
    let read = |hanging| [Heard(LOUD, 640), Heard(QUIET, 320), Read(0, hanging), Heard(QUIET, 3200)];
    check(&read(Hanging::Yes), &["96 +0", "704 ?0 640", "1856 .0-640"]);
    check(&read(Hanging::Unsure), &["96 +0", "704 ?0 640", "1344 .0-640"]);
    check(&read(Hanging::No), &["96 +0", "704 ?0 640", "1120 .0-640"]);
    // Both opinions count, in either order.
    let both = [Heard(LOUD, 640), Heard(QUIET, 320), Read(0, Hanging::Yes), Judged(0, 0.9), Heard(QUIET, 3200)];
    check(&both, &["96 +0", "704 ?0 640", "1536 .0-640"]);
    // An opinion on an older pause is none.
    let late = [Heard(LOUD, 640), Heard(QUIET, 320), Heard(LOUD, 320), Heard(QUIET, 288), Read(0, Hanging::Yes)];
    check(&[&late[..], &[Judged(1, 0.9)]].concat(), &["96 +0", "704 ?0 640", "992 >", "1344 ?1 1280", "1568 .0-1280"]);
}

#[test]
fn digits_that_are_read_out_are_not_cut() {
    // "four one one one" (1.3 s) "one one one one": the detector takes each group for a whole.
    let group = |pause, before| [Heard(LOUD, 640), Heard(QUIET, 320), Judged(pause, before), Heard(QUIET, 960)];
    let dictated = [&[Expected(Expectation::Digits)][..], &group(0, 0.95), &group(1, 0.95), &group(2, 0.95)].concat();
    let log = decisions(&dictated);
    assert_eq!(log.iter().filter(|line| line.contains(" .")).count(), 0, "{log:?}");
    let over = decisions(&[&dictated[..], &[Heard(QUIET, 960)]].concat());
    assert!(over.last().unwrap().contains(" ."), "{over:?}");
    // The same when the words tell, once they have; those of an earlier part of the utterance do, too.
    let read = [Heard(LOUD, 640), Overheard(Hanging::Dictating), Heard(QUIET, 320), Judged(0, 0.95), Heard(QUIET, 960)];
    assert_eq!(decisions(&read), ["96 +0", "704 ?0 640"]);
    let no_more = [&read[..3], &[Read(0, Hanging::No), Judged(0, 0.95)]].concat();
    assert_eq!(decisions(&no_more).last().unwrap(), "960 .0-640");
}

#[test]
fn a_caller_who_was_cut_is_given_more_time_from_then_on() {
    let cut = || [Heard(LOUD, 640), Heard(QUIET, 992)];
    let calm: Vec<Step> = (0..5).flat_map(|_| cut()).collect();
    let waits: Vec<u64> = decisions(&calm)
        .iter()
        .filter_map(|line| {
            let (at, speech) = line.split_once(" .")?;
            let (_, end) = speech.split_once('-')?;
            Some(at.parse::<u64>().unwrap() - end.parse::<u64>().unwrap())
        })
        .collect();
    assert_eq!(waits, [704, 704, 704], "then the pauses are not taken for ends any more");
}

fn any_step() -> impl Strategy<Value = Step> {
    let hanging = prop_oneof![Just(Hanging::No), Just(Hanging::Unsure), Just(Hanging::Yes), Just(Hanging::Dictating)];
    prop_oneof![
        4 => (prop_oneof![Just(LOUD), Just(QUIET), Just(UNSURE)], 1_u64..40).prop_map(|(p, n)| Heard(p, n * 32)),
        2 => (0_u64..6, 0.0_f32..=1.0).prop_map(|(pause, complete)| Judged(pause, complete)),
        1 => (0_u64..6, hanging.clone()).prop_map(|(pause, hanging)| Read(pause, hanging)),
        1 => hanging.prop_map(Overheard),
        1 => prop_oneof![Just(Expectation::Anything), Just(Expectation::Short), Just(Expectation::Digits)].prop_map(Expected),
    ]
}

proptest! {
    /// Whatever is heard and said of it: turns begin, pause, go on and end in that order, none ends within 288 ms of speech
    /// (200 where short answers are expected; but where it is too long), and none outlasts two seconds of silence.
    #[test]
    fn turns_are_whole(steps in prop::collection::vec(any_step(), 0..60)) {
        let is_short = |step: &Step| matches!(step, Expected(Expectation::Short));
        let least = if steps.iter().any(is_short) { 200 } else { 288 };
        let mut speaking = false;
        let mut paused = false;
        for line in decisions(&steps) {
            let (at, what) = line.split_once(' ').unwrap();
            let at: u64 = at.parse().unwrap();
            match what.as_bytes()[0] {
                b'+' => prop_assert!(!std::mem::replace(&mut speaking, true)),
                b'?' => prop_assert!(speaking && !std::mem::replace(&mut paused, true)),
                b'>' => prop_assert!(speaking && std::mem::replace(&mut paused, false)),
                _ => {
                    prop_assert!(speaking);
                    let (start, end) = what[1..].split_once('-').unwrap();
                    let (start, end): (u64, u64) = (start.parse().unwrap(), end.parse().unwrap());
                    prop_assert!(at - end >= least || at - start >= 45_000, "{line}");
                    prop_assert!(at - end <= 2032, "{line}");
                    (speaking, paused) = (false, false);
                }
            }
        }
        let silent = decisions(&[&steps[..], &[Heard(QUIET, 2560)]].concat());
        let count = |mark: &str| silent.iter().filter(|line| line.contains(mark)).count();
        prop_assert_eq!(count(" +"), count(" ."));
    }
}
