//! A colleague takes a call over, and gives it back.

use super::{Step::*, *};
use crate::domain::Message;

/// The caller speaks to whoever has the call, and is understood.
const SPOKEN: [Step; 5] = [Starts, Pass(960), Pauses, Text("Do you ship?"), Ends];
/// The agent says that it is back.
const BACK: [Step; 4] = [Clause("Again.", 500), Made, Sent(600), Done];
const BACK_LOG: [&str; 4] =
    ["say 2 in en: You are talking to the automated agent again.", "agent~ Again.", "agent= Again.", "agent! Again."];

fn said(simulation: &Simulation) -> usize {
    let speaks = |line: &&String| ["say", "answer", "lead", "resume"].iter().any(|word| line.starts_with(word));
    simulation.log.iter().filter(speaks).count()
}

#[test]
fn who_has_the_call_is_written_down_and_not_answered() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[TakesOver, IsHere]);
    simulation.play(&SPOKEN);
    simulation.play(&[Typed("To Texas."), Pass(200_000)]);
    let expected =
        ["text? 1", "caller= Do you ship?", "caller! Do you ship?", "caller! To Texas."].map(str::to_owned).to_vec();
    assert_eq!(simulation.log, expected);
    assert_eq!(simulation.dialogue.phase(), Phase::Listening);
    simulation.play(&[GivesBack]);
    simulation.play(&BACK);
    let back: Vec<_> = expected.iter().map(String::as_str).chain(["returned GivenBack"]).chain(BACK_LOG).collect();
    assert_eq!(simulation.log, back, "what was said to the colleague is not answered");
    simulation.play(&[Typed("Goodbye then, and thanks."), Pass(320)]);
    let Some(Message { text, .. }) = simulation.dialogue.history().messages().first() else {
        panic!("no instructions")
    };
    assert!(text.starts_with("Be kind.") && text.contains("A colleague of yours"), "{text}");
    assert!(simulation.history().contains(&"user: Do you ship? To Texas.".to_owned()), "{:?}", simulation.history());
}

#[test]
fn the_agent_stops_where_it_may_be_interrupted() {
    // In the midst of an answer.
    check_asked(
        &[Sent(1200), TakesOver, Sent(1500), Done],
        &["cancel 2", "agent= Yes,", "agent! (interrupted) Yes,"],
        &["assistant: Yes,"],
    );
    // Before it.
    let mut thinking = Simulation::greeted();
    thinking.play(&SPOKEN);
    thinking.play(&[Pass(320), TakesOver, Pass(320)]);
    assert_eq!(thinking.log.last().unwrap(), "cancel 2");
    // About to take its leave.
    let mut leaving = Simulation::greeted();
    leaving.play(&[EndsIt, Clause("Goodbye!", 900), TakesOver, IsHere, Made, Sent(900), Done]);
    assert_eq!(leaving.dialogue.phase(), Phase::Listening, "{:?}", leaving.log);
}

#[test]
fn what_may_not_be_cut_is_said_to_its_end_and_nothing_after_it() {
    let mut greeting = Simulation::new(setup());
    greeting.play(&[Clause("Hello!", 500), TakesOver, IsHere, Pass(320), Made, Sent(600), Done, Pass(60_000)]);
    assert_eq!(greeting.log, ["say 1 in en: Hello!", "agent~ Hello!", "agent= Hello!", "agent! Hello!"]);
    let mut firm = Simulation::new(Setup { lead: Lead::Script, ..setup() });
    firm.play(&[Firm("This call is transcribed.", 1000), Clause("Yes or no?", 1000), Made, TakesOver, Pass(320)]);
    assert!(!firm.log.iter().any(|line| line.starts_with("cancel")), "{:?}", firm.log);
    firm.play(&[Sent(1200), Pass(320)]);
    assert!(firm.log.contains(&"cancel 1".to_owned()), "{:?}", firm.log);
    let mut broken = Simulation::new(setup());
    broken.play(&[Clause("Hello!", 500), TakesOver, Broken, Sent(600), Done, Pass(320)]);
    assert_eq!(said(&broken), 1, "no apology: {:?}", broken.log);
}

#[test]
fn a_caller_is_not_left_alone() {
    for (script, expected) in [
        (&[TakesOver, Pass(9_984)][..], 0),
        (&[TakesOver, Pass(10_016)], 1),
        (&[TakesOver, Pass(5_024), IsHere, Pass(60_000)], 0),
        (&[TakesOver, IsHere, IsAway, Pass(9_024), IsHere, Pass(60_000)], 0),
        (&[TakesOver, IsHere, IsAway, Pass(5_024), IsAway, Pass(5_024)], 1),
        (&[TakesOver, Pass(5_024), TakesOver, Pass(5_024)], 0),
        (&[IsAway, GivesBack, Pass(10_016)], 0),
    ] {
        let mut simulation = Simulation::greeted();
        simulation.play(script);
        let returned = simulation.log.iter().filter(|line| *line == "returned ColleagueGone").count();
        assert_eq!((returned, said(&simulation)), (expected, expected), "{script:?}: {:?}", simulation.log);
    }
}

#[test]
fn time_rests_while_a_colleague_has_the_call() {
    let longest = Duration::from_secs(120);
    let patience = Patience { longest, ..Patience::default() };
    let mut simulation = Simulation::greeted_with(Setup { patience, ..setup() });
    simulation.play(&[TakesOver, IsHere, Pass(300_000), GivesBack]);
    simulation.play(&BACK);
    assert_eq!(simulation.log.last().unwrap(), "agent! Again.", "{:?}", simulation.log);
    simulation.play(&[Pass(30_016)]);
    assert_eq!(simulation.log.last().unwrap(), "say 3 in en: Are you still there?");
}

#[test]
fn who_gives_back_may_say_what_the_agent_says() {
    for (words, expected) in [("  ", 0), ("I am here again.", 1)] {
        let mut simulation = Simulation::greeted();
        simulation.play(&[TakesOver, IsHere, Interjects("We open at nine."), GivesBackWith(words), Pass(320)]);
        assert_eq!(said(&simulation), expected, "{:?}", simulation.log);
        assert!(!format!("{:?}", simulation.log).contains("nine"), "{:?}", simulation.log);
    }
    // A caller who is speaking is let finish.
    let mut simulation = Simulation::greeted();
    simulation.play(&[TakesOver, IsHere, Starts, Pass(960), GivesBack, Pass(320)]);
    assert_eq!(said(&simulation), 0);
    simulation.play(&[Pauses, Ends, Text("Fine.")]);
    assert_eq!(said(&simulation), 1, "{:?}", simulation.log);
}

#[test]
fn a_script_asks_again_what_it_asked() {
    let mut simulation = Simulation::new(Setup { lead: Lead::Script, ..setup() });
    simulation.play(&[Clause("Yes or no?", 1000), Made, Sent(1100), Done, TakesOver, IsHere]);
    simulation.play(&SPOKEN);
    simulation.log.clear();
    simulation.play(&[GivesBack]);
    simulation.play(&BACK);
    assert_eq!(simulation.log[1..], [&BACK_LOG[..], &["lead 3: Again"]].concat());
}

#[test]
fn the_desk_ends_a_call_that_a_colleague_has() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[TakesOver, IsHere, EndsIt, Clause("Goodbye!", 500), Made, Sent(600), Done]);
    assert_eq!(simulation.dialogue.phase(), Phase::Ended(EndReason::EndedByStaff), "{:?}", simulation.log);
    let mut left = Simulation::greeted();
    left.play(&[TakesOver, IsHere, Leaves]);
    assert_eq!(left.dialogue.phase(), Phase::Ended(EndReason::CallerLeft));
}
