//! Failures, silence, and the end.

use super::{Step::*, *};

// ---- failures ----

#[test]
fn an_engine_that_fails_is_apologized_for_and_the_call_goes_on() {
    let apology = "say 3 in en: I am sorry, something went wrong.";
    check(
        &[Typed("Do you ship?"), Broken, Clause("Sorry.", 500), Made, Done, Typed("Well?")],
        &[
            "caller! Do you ship?",
            "answer 2 in en: Do you ship?",
            apology,
            "agent~ Sorry.",
            "agent= Sorry.",
            "agent! Sorry.",
            "caller! Well?",
            "answer 4 in en: Well?",
        ],
        &["user: Do you ship?", "assistant: Sorry.", "user: Well?"],
    );
    // What was said before it broke off is heard to its end first.
    check(
        &[Typed("Do you ship?"), Clause("Yes,", 500), Broken, Sent(300), Done],
        &["caller! Do you ship?", "answer 2 in en: Do you ship?", "agent~ Yes,", "agent= Yes,", "agent! Yes,", apology],
        &["user: Do you ship?", "assistant: Yes,"],
    );
    check(
        &[Starts, Pass(640), Pauses, Unheard, Ends],
        &["text? 1", "say 2 in en: I am sorry, something went wrong."],
        &[],
    );
}

#[test]
fn an_engine_that_keeps_failing_ends_the_call() {
    let mut simulation = Simulation::greeted();
    for _ in 0..3 {
        simulation.play(&[Typed("Hello?"), Broken, Clause("Sorry.", 500), Made, Sent(900), Done]);
    }
    assert!(simulation.log.iter().any(|line| line.contains("out of service")));
    assert_eq!(simulation.log.last().unwrap(), "hang up");
}

// ---- silence and the end ----

#[test]
fn a_silent_caller_is_asked_once_and_then_left() {
    check(
        &[Pass(30_016), Clause("Are you there?", 500), Made, Sent(900), Done, Pass(120_000)],
        &[
            "say 2 in en: Are you still there?",
            "agent~ Are you there?",
            "agent= Are you there?",
            "agent! Are you there?",
        ],
        &[],
    );
}

#[test]
fn a_muted_caller_is_not_asked_but_left_all_the_same() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Muted, Pass(299_000)]);
    assert_eq!(simulation.log, [""; 0]);
    simulation.play(&[Pass(2000), Clause("Goodbye.", 500), Made, Sent(900), Done]);
    assert_eq!(simulation.log.first().unwrap(), "say 2 in en: I am ending this call now.");
    assert_eq!(simulation.log.last().unwrap(), "hang up");
}

#[test]
fn a_caller_who_talks_for_hours_is_left() {
    let mut simulation = Simulation::greeted();
    for turns in 1..=144 {
        simulation.play(&CUT);
        simulation.play(&[Text("And then"), Clause("I see.", 500), Made, Sent(900), Done]);
        let ended = simulation.dialogue.phase() == Phase::Ended(EndReason::TooLong);
        assert_eq!(ended, turns == 144, "{turns}");
    }
}

#[test]
fn music_is_left_as_silence_is() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Starts]);
    for take in 1..=6 {
        simulation.play(&[Pass(50_016), Ends, Starts, Late(take, "")]);
    }
    let others: Vec<_> = simulation.log.iter().filter(|line| !line.starts_with("text?")).collect();
    assert_eq!(others, ["say 2 in en: I am ending this call now."]);
}

#[test]
fn when_the_caller_leaves_what_was_heard_is_kept() {
    check_asked(
        &[Sent(1500), Leaves, Sent(1600), Typed("Hello?"), Starts, Leaves],
        &["cancel 2", "agent= Yes,", "agent! (interrupted) Yes,", "hang up"],
        &["assistant: Yes,"],
    );
}
