//! Somebody of the desk has the agent say something, or ends the call.

use super::{Step::*, *};

const WORDS: &str = "We open at nine.";

#[test]
fn what_the_desk_has_to_say_is_said_once_nobody_speaks() {
    check(
        &[Interjects(WORDS), Clause(WORDS, 900), Made, Sent(900), Done],
        &[
            "say 2 in en: We open at nine.",
            "agent~ We open at nine.",
            "agent= We open at nine.",
            "agent! We open at nine.",
        ],
        &[],
    );
    // The agent finishes first what it is saying.
    check_asked(
        &[Interjects(WORDS), Sent(2000), Done, Clause(WORDS, 900), Made, Sent(900), Done],
        &[
            "agent= Yes, to Texas.",
            "agent! Yes, to Texas.",
            "say 3 in en: We open at nine.",
            "agent~ We open at nine.",
            "agent= We open at nine.",
            "agent! We open at nine.",
        ],
        &["assistant: Yes, to Texas. We open at nine."],
    );
}

#[test]
fn what_the_desk_has_to_say_is_not_interrupted() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[
        Interjects(WORDS),
        Clause(WORDS, 3000),
        Made,
        Starts,
        Pass(1600),
        Pauses,
        Text("Do you ship?"),
        Ends,
    ]);
    assert!(
        !simulation.log.iter().any(|line| line.starts_with("hold") || line.starts_with("cancel")),
        "{:?}",
        simulation.log
    );
    simulation.play(&[Pass(320), Sent(3000), Done]);
    simulation.play(&[Pass(500)]);
    assert_eq!(simulation.log.last().unwrap(), "answer 3 in en: Do you ship?", "{:?}", simulation.log);
}

#[test]
fn not_more_waits_to_be_said_than_anybody_would_bear() {
    let mut simulation = Simulation::new(setup());
    simulation.play(&[Interjects(WORDS); 20]);
    simulation.play(&[Clause("Hello!", 500), Made, Sent(500), Done]);
    for _ in 0..20 {
        simulation.play(&[Clause(WORDS, 500), Made, Sent(500), Done]);
    }
    assert_eq!(simulation.log.iter().filter(|line| line.starts_with("say")).count(), 1 + 8);
}

#[test]
fn the_desk_ends_a_call_with_a_goodbye() {
    let mut simulation = Simulation::greeted();
    simulation.play(&ASKED);
    simulation.log.clear();
    simulation.play(&[EndsIt, EndsIt]);
    assert_eq!(simulation.log.iter().filter(|line| line.starts_with("say")).count(), 1, "{:?}", simulation.log);
    assert!(simulation.log.contains(&"cancel 2".to_owned()), "{:?}", simulation.log);
    simulation.play(&[Clause("Goodbye!", 500), Made, Sent(500), Done]);
    assert_eq!(simulation.log.last().unwrap(), "hang up");
    assert_eq!(simulation.dialogue.phase(), Phase::Ended(EndReason::EndedByStaff));
}
