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

/// The latest turn is made, and heard to its end.
const HEARD: [Step; 4] = [Clause("Yes.", 500), Made, Sent(900), Done];

#[test]
fn a_silent_caller_is_asked_twice_and_then_left() {
    let mut simulation = Simulation::greeted();
    for said in ["Are you still there?", "I cannot hear you.", "I still cannot hear you, so I am ending this call."] {
        simulation.log.clear();
        simulation.play(&[Pass(29_984)]);
        assert_eq!(simulation.log, [""; 0]);
        simulation.play(&[Pass(64)]);
        assert!(simulation.log[0].ends_with(said), "{:?}", simulation.log);
        simulation.play(&HEARD);
    }
    assert_eq!(simulation.dialogue.phase(), Phase::Ended(EndReason::Silence));
    assert_eq!(simulation.incidents, ["silence"]);
}

#[test]
fn how_long_a_silence_may_be_is_set() {
    let patience = Patience { silence: Duration::from_secs(5), ..Patience::default() };
    let mut simulation = Simulation::greeted_with(Setup { patience, ..setup() });
    simulation.play(&[Pass(5024)]);
    assert_eq!(simulation.log, ["say 2 in en: Are you still there?"]);
    // Words count, noise does not, and whoever was muted has just come back.
    simulation.play(&HEARD);
    simulation.play(&[Starts, Pass(640), Pauses, Text(""), Ends, Pass(5024)]);
    assert_eq!(simulation.log.last().unwrap(), "say 3 in en: I cannot hear you.");
    simulation.play(&HEARD);
    simulation.play(&[Starts, Pass(640), Pauses, Text("One moment."), Ends]);
    simulation.play(&HEARD);
    simulation.play(&[Muted, Pass(16_000), Unmuted, Pass(4992)]);
    assert_eq!(simulation.dialogue.phase(), Phase::Listening);
    simulation.play(&[Pass(64)]);
    assert_eq!(simulation.log.last().unwrap(), "say 5 in en: Are you still there?");
}

#[test]
fn a_long_call_is_ended_after_a_warning() {
    let patience = Patience { longest: Duration::from_secs(120), silence: Duration::from_secs(600) };
    let mut simulation = Simulation::greeted_with(Setup { patience, ..setup() });
    simulation.play(&[Pass(60_032)]);
    simulation.play(&HEARD);
    assert_eq!(simulation.log[0], "say 2 in en: Just so that you know: this call will end in about a minute.");
    // Not in the midst of what the caller says; but an answer does not keep it from ending.
    simulation.play(&[
        Pass(58_016),
        Starts,
        Pass(640),
        Pauses,
        Text("Do you ship?"),
        Ends,
        Clause("Yes,", 9000),
        Pass(2016),
    ]);
    simulation.play(&HEARD);
    assert_eq!(simulation.dialogue.phase(), Phase::Ended(EndReason::TooLong));
    assert_eq!(simulation.incidents, ["too_long"]);
}

#[test]
fn a_muted_caller_is_not_asked_but_left_all_the_same() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Muted, Pass(299_000)]);
    assert_eq!(simulation.log, [""; 0]);
    simulation.play(&[Pass(2000), Clause("Goodbye.", 500), Made, Sent(900), Done]);
    assert_eq!(simulation.log.first().unwrap(), "say 2 in en: I still cannot hear you, so I am ending this call.");
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
        simulation.play(&[Pass(50_016), Ends, Starts, Late(take, ""), Pass(64)]);
        if simulation.dialogue.phase() == Phase::Thinking(TurnId(2)) {
            simulation.play(&HEARD);
        }
    }
    let said: Vec<_> = simulation.log.iter().filter(|line| line.starts_with("say")).collect();
    let expected = [
        "say 2 in en: I am sorry, I did not catch that.",
        "say 3 in en: I still cannot hear you, so I am ending this call.",
    ];
    assert_eq!(said, expected);
    assert!(simulation.incidents.contains(&"endless") && simulation.incidents.contains(&"wordless"));
}

#[test]
fn who_is_not_understood_is_told_once() {
    let wordless = [Starts, Pass(640), Pauses, Text(" "), Ends, Pass(640)];
    let mut simulation = Simulation::greeted();
    let cough = [Starts, Pass(256), Pauses, Text(""), Ends, Pass(640)];
    (0..5).for_each(|_| simulation.play(&cough));
    simulation.log.clear();
    simulation.play(&wordless);
    assert_eq!(simulation.log, ["text? 6"], "it may be noise");
    simulation.play(&wordless);
    assert_eq!(simulation.log.last().unwrap(), "say 2 in en: I am sorry, I did not catch that.");
    simulation.play(&HEARD);
    simulation.log.clear();
    (0..4).for_each(|_| simulation.play(&wordless));
    assert!(simulation.log.iter().all(|line| line.starts_with("text?")), "{:?}", simulation.log);
    // Words begin it anew.
    simulation.play(&[Starts, Pass(640), Pauses, Text("Hello?"), Ends]);
    simulation.play(&HEARD);
    (0..2).for_each(|_| simulation.play(&wordless));
    assert!(simulation.log.last().unwrap().contains("did not catch"));
}

#[test]
fn a_model_that_never_answers_is_given_up_and_so_is_the_call_at_last() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Typed("Do you ship?"), Pass(14_976)]);
    assert_eq!(simulation.log.len(), 2, "{:?}", simulation.log);
    simulation.play(&[Pass(64)]);
    assert_eq!(simulation.log[2..], ["cancel 2", "say 3 in en: I am sorry, something went wrong."]);
    simulation.play(&HEARD);
    // It may also begin, and then say no more.
    simulation.play(&[Typed("Well?"), Clause("We", 500), Sent(600), Pass(15_040)]);
    simulation.play(&HEARD);
    assert!(simulation.history().contains(&"assistant: We Yes.".to_owned()), "{:?}", simulation.history());
    simulation.play(&[Typed("Well?"), Pass(15_040)]);
    simulation.play(&HEARD);
    assert_eq!(simulation.dialogue.phase(), Phase::Ended(EndReason::OutOfService));
    assert_eq!(simulation.incidents, ["answer_stalled", "answer_stalled", "answer_stalled", "given_up"]);
}

// ---- taking leave ----

#[test]
fn the_agent_takes_its_leave_when_the_caller_does() {
    let mut simulation = Simulation::greeted_with(Setup { speculates: true, ..setup() });
    let bye = [Starts, Pass(640), Pauses, Text("Thanks, bye."), Ends];
    simulation.play(&bye);
    assert_eq!(simulation.log.last().unwrap(), "answer 2 in en: Thanks, bye.", "not as the first words");
    simulation.play(&HEARD);
    simulation.play(&bye);
    assert_eq!(simulation.log.last().unwrap(), "say 3 in en: Thank you for the call.");
    // "Bye" again is nothing to wait for.
    simulation.play(&[Clause("Goodbye.", 1000), Made, Starts, Pass(320), Pauses, Text("Bye!"), Ends, Sent(1000), Done]);
    assert_eq!(simulation.dialogue.phase(), Phase::Ended(EndReason::Completed));
    assert_eq!(simulation.log.last().unwrap(), "hang up");
}

#[test]
fn who_has_something_to_add_after_the_goodbye_is_not_hung_up_on() {
    let mut simulation = Simulation::greeted_with(Setup { speculates: true, ..setup() });
    simulation.play(&[Typed("Hello.")]);
    simulation.play(&HEARD);
    simulation.play(&[Typed("Bye.")]);
    assert_eq!(simulation.log.last().unwrap(), "say 3 in en: Thank you for the call.");
    simulation.play(&[
        Clause("Goodbye.", 1000),
        Made,
        Starts,
        Pass(640),
        Pauses,
        Text("Do you ship?"),
        Ends,
        Sent(1000),
    ]);
    simulation.play(&[Done]);
    assert_eq!(simulation.log.last().unwrap(), "answer 4 in en: Do you ship?");
}

#[test]
fn when_the_caller_leaves_what_was_heard_is_kept() {
    check_asked(
        &[Sent(1500), Leaves, Sent(1600), Typed("Hello?"), Starts, Leaves],
        &["cancel 2", "agent= Yes,", "agent! (interrupted) Yes,", "hang up"],
        &["assistant: Yes,"],
    );
}
