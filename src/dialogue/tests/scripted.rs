//! Conversations that a script leads: what it says is told clause by clause, and it is told from what to go on.

use super::{Step::*, *};

/// The script's first words, which were heard, and after which a short answer is expected.
const ASKED: [Step; 6] = [
    Firm("This call is transcribed.", 1000),
    Clause("Please say yes or no.", 1000),
    Then(Manner { expects: Expectation::Short, is_last: false }),
    Made,
    Sent(2100),
    Done,
];
const YES: [Step; 5] = [Starts, Pass(320), Pauses, Text("Yes."), Ends];

fn scripted() -> Setup {
    Setup { lead: Lead::Script, speculates: true, ..setup() }
}

fn begun() -> Simulation {
    let mut simulation = Simulation::new(scripted());
    assert_eq!(simulation.log, ["lead 1: Begin"]);
    simulation.log.clear();
    simulation
}

fn asked() -> Simulation {
    let mut simulation = begun();
    simulation.play(&ASKED);
    assert_eq!(simulation.heard, (TurnId(1), 2));
    simulation.log.clear();
    simulation
}

#[test]
fn the_script_begins_and_is_told_what_the_caller_says() {
    let mut simulation = asked();
    simulation.play(&YES);
    assert_eq!(simulation.log, ["text? 1", "caller= Yes.", "caller! Yes.", "lead 2: Yes."], "nothing is speculated");
    simulation.play(&[
        Clause("How much?", 500),
        Made,
        Sent(600),
        Done,
        Typed("Ten."),
        Clause("Fine.", 500),
        Typed("No, five."),
    ]);
    assert_eq!(simulation.log.last().unwrap(), "lead 4: No, five.", "only what is new");
    assert_eq!(simulation.heard, (TurnId(3), 0));
}

#[test]
fn a_clause_that_may_not_be_interrupted_is_said_to_its_end() {
    let mut simulation = begun();
    simulation.play(&ASKED[..4]);
    simulation.log.clear();
    simulation.play(&[Starts, Pass(640), Pauses, Text("Who is this?"), Ends]);
    assert_eq!(simulation.log, ["text? 1", "caller= Who is this?", "caller! Who is this?"]);
    // What comes after it may be interrupted.
    simulation.play(&[Sent(1200), Starts, Pass(640), Pauses, Text("Stop."), Ends]);
    assert_eq!(simulation.log.last().unwrap(), "lead 2: Who is this? Stop.");
    assert_eq!(simulation.heard, (TurnId(1), 1));
    assert_eq!(simulation.history()[..2], ["assistant: This call is transcribed.", "user: Who is this? Stop."]);
}

#[test]
fn what_is_expected_is_told_to_the_endpointer() {
    let mut simulation = asked();
    // Of a turn that is not the present one nothing is expected.
    let digits = Manner { expects: Expectation::Digits, ..Manner::default() };
    simulation.dialogue.handle(simulation.now, Input::Manner { turn: TurnId(7), manner: digits });
    simulation.play(&YES);
    simulation.play(&[Then(digits), Clause("Your number?", 500), Made, Sent(900), Done]);
    let expected = [Expectation::Short, Expectation::Anything, Expectation::Digits].map(endpointing::Input::Expect);
    simulation.told.retain(|told| matches!(told, endpointing::Input::Expect(_)));
    assert_eq!(simulation.told, expected);
}

#[test]
fn yes_before_a_short_answer_is_no_sign_of_listening() {
    let mut simulation = begun();
    simulation.play(&ASKED[..4]);
    simulation.play(&[Sent(1500)]);
    simulation.play(&YES);
    simulation.play(&[Sent(2100), Done]);
    assert_eq!(simulation.log.last().unwrap(), "lead 2: Yes.");
}

#[test]
fn who_interrupts_is_answered_and_what_follows_is_told_of_the_held_turn_too() {
    let mut simulation = begun();
    simulation.play(&[Clause("One.", 1000), Clause("Two?", 1000), Sent(1200), Starts, Pass(1600)]);
    assert_eq!(simulation.log.last().unwrap(), "agent! (interrupted) One.");
    assert_eq!(simulation.heard, (TurnId(1), 1));
    // While it is held the script has decided what it expects.
    let short = Manner { expects: Expectation::Short, ..Manner::default() };
    simulation.dialogue.handle(simulation.now, Input::Manner { turn: TurnId(1), manner: short });
    simulation.play(&[Pauses, Text(""), Ends]);
    assert_eq!(simulation.log.last().unwrap(), "resume 2 from 1");
    simulation.play(&[Clause("Two?", 1000), Made, Sent(1100), Done]);
    assert_eq!(simulation.heard, (TurnId(2), 2), "counted since the beginning");
    assert_eq!(simulation.told.last(), Some(&endpointing::Input::Expect(Expectation::Short)));
}

#[test]
fn the_script_decides_about_silence() {
    let mut simulation = asked();
    simulation.play(&[Pass(29_984)]);
    assert!(simulation.log.is_empty());
    simulation.play(&[Pass(64)]);
    assert_eq!(simulation.log, ["lead 2: Silence"]);
    simulation.play(&[Clause("Hello?", 500), Made, Sent(600), Done, Pass(30_016)]);
    assert_eq!(simulation.log.last().unwrap(), "lead 3: Silence");
}

#[test]
fn what_broke_off_is_said_again() {
    let mut simulation = asked();
    simulation.play(&YES);
    simulation.play(&[Clause("How", 200), Broken, Sent(200), Done]);
    assert!(simulation.log.last().unwrap().starts_with("say 3 in en:"), "{:?}", simulation.log);
    simulation.play(&[Clause("Sorry.", 500), Made, Sent(600), Done]);
    assert_eq!(simulation.log.last().unwrap(), "lead 4: Again");
    // So is what was asked of somebody whose words could not be made out.
    simulation.play(&[Clause("How much?", 500), Made, Sent(600), Done, Starts, Pass(640), Pauses, Unheard, Ends]);
    assert!(simulation.log.last().unwrap().starts_with("say 5 in en:"), "{:?}", simulation.log);
    simulation.play(&[Clause("Sorry.", 500), Made, Sent(600), Done]);
    assert_eq!(simulation.log.last().unwrap(), "lead 6: Again");
}

#[test]
fn the_script_says_when_it_is_over() {
    let last = Manner { is_last: true, ..Manner::default() };
    let mut simulation = asked();
    simulation.play(&[Typed("Bye.")]);
    assert_eq!(simulation.log.last().unwrap(), "lead 2: Bye.", "whoever says so");
    simulation.play(&[Clause("Goodbye.", 1000), Then(last), Made, Sent(900)]);
    // Who has something to add is listened to, and the script may have nothing to say to that.
    simulation.play(&[Typed("One thing.")]);
    assert_eq!(simulation.log.last().unwrap(), "lead 3: One thing.");
    simulation.play(&[Then(last), Made]);
    assert_eq!(simulation.dialogue.phase(), Phase::Ended(EndReason::Completed));
}

#[test]
fn who_cannot_be_heard_is_told_after_the_first_words() {
    let mut simulation = Simulation::new(Setup { hears: false, ..scripted() });
    assert_eq!(simulation.log, ["notice TypedOnly", "lead 1: Begin"]);
    simulation.play(&ASKED);
    assert!(simulation.log.last().unwrap().starts_with("say 2 in en:"), "{:?}", simulation.log);
}

#[test]
fn who_cannot_be_served_hears_no_script() {
    let simulation = Simulation::new(Setup { refusal: Some(EndReason::Busy), ..scripted() });
    assert!(simulation.log.last().unwrap().starts_with("say 1 in en:"), "{:?}", simulation.log);
}
