//! Callers who speak over the agent, do not stop speaking, or type.

use super::{Step::*, *};

// ---- typed words ----

#[test]
fn typed_words_are_a_turn() {
    check(
        &[Typed("Do you ship?"), Typed("  "), Clause("Yes.", 500), Made, Sent(900), Done],
        &["caller! Do you ship?", "answer 2 in en: Do you ship?", "agent~ Yes.", "agent= Yes.", "agent! Yes."],
        &["user: Do you ship?", "assistant: Yes."],
    );
}

#[test]
fn typed_words_interrupt() {
    check_asked(
        &[Sent(1500), Typed("To Utah?")],
        &["cancel 2", "agent= Yes,", "agent! (interrupted) Yes,", "caller! To Utah?", "answer 3 in en: To Utah?"],
        &["assistant: Yes,", "user: To Utah?"],
    );
}

#[test]
fn who_types_too_fast_is_not_answered_each_time() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Typed("Hello?"); 100]);
    assert_eq!(simulation.log.iter().filter(|line| line.starts_with("answer")).count(), 10);
    simulation.log.clear();
    simulation.play(&[Pass(1600), Typed("Hello?"), Typed("Hello?")]);
    assert_eq!(simulation.log.iter().filter(|line| line.starts_with("answer")).count(), 1);
    let long = "x".repeat(5000).leak();
    simulation.play(&[Pass(32_000), Typed(long)]);
    assert!(simulation.history().last().unwrap().len() < 2300);
}

#[test]
fn typed_words_do_not_wait_for_speech_that_does_not_end() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Starts, Pass(1600), Typed("Do you ship?"), Pass(4992)]);
    assert_eq!(simulation.log, ["caller! Do you ship?"], "perhaps the caller finishes");
    simulation.play(&[Pass(32)]);
    assert_eq!(simulation.log.last().unwrap(), "answer 2 in en: Do you ship?");
    // What went on all the while does not interrupt the answer, not even where it is cut.
    simulation.play(&[Clause("Yes.", 1000), Pass(960), Ends, Starts, Pass(960), Late(1, ""), Made, Sent(1500), Done]);
    let expected = ["text? 1", "agent= Yes.", "agent! Yes."];
    assert_eq!(simulation.log[3..], expected);
}

#[test]
fn who_talks_without_end_is_answered_after_a_minute() {
    let mut simulation = Simulation::greeted();
    simulation.play(&CUT);
    simulation.play(&[Starts, Text("Once upon a time"), Pass(9920)]);
    assert_eq!(simulation.log.last().unwrap(), "caller! Once upon a time");
    simulation.play(&[Pass(64)]);
    assert_eq!(simulation.log.last().unwrap(), "answer 2 in en: Once upon a time");
}

#[test]
fn an_answer_that_music_stopped_is_gone_on_with() {
    let mut simulation = Simulation::greeted();
    simulation.play(&ASKED);
    simulation.play(&[Clause("to Texas.", 1000), Made, Sent(1500)]);
    simulation.play(&CUT);
    simulation.play(&[Starts, Text(""), Pass(9920)]);
    assert_eq!(simulation.log.last().unwrap(), "text? 2");
    simulation.play(&[Pass(64)]);
    assert_eq!(simulation.log.last().unwrap(), "resume 3 from 1");
}

// ---- interruptions ----

#[test]
fn speech_that_goes_on_interrupts() {
    check_asked(
        &[Sent(1500), Starts, Pass(960), Pauses, Text("Not there."), Ends],
        &[
            "duck",
            "hold 2",
            "restore",
            "agent= Yes,",
            "agent! (interrupted) Yes,",
            "text? 2",
            "caller= Not there.",
            "cancel 2",
            "caller! Not there.",
            "answer 3 in en: Not there.",
        ],
        &["assistant: Yes,", "user: Not there."],
    );
}

#[test]
fn a_backchannel_lets_the_agent_go_on() {
    check_asked(
        &[Sent(900), Starts, Pass(320), Pauses, Partial("Mm"), Text("Mm-hm."), Ends, Pass(320), Sent(2000), Done],
        &["duck", "text? 2", "restore", "agent= Yes, to Texas.", "agent! Yes, to Texas."],
        &["assistant: Yes, to Texas."],
    );
}

#[test]
fn a_short_word_that_wants_something_interrupts() {
    check_asked(
        &[Sent(1100), Starts, Pass(320), Pauses, Text("Stop."), Ends],
        &[
            "duck",
            "text? 2",
            "cancel 2",
            "restore",
            "agent= Yes,",
            "agent! (interrupted) Yes,",
            "caller= Stop.",
            "caller! Stop.",
            "answer 3 in en: Stop.",
        ],
        &["assistant: Yes,", "user: Stop."],
    );
}

#[test]
fn what_comes_for_an_interrupted_turn_is_ignored() {
    check_asked(
        &[Sent(1500), Typed("To Utah?"), DoneOf(2), Late(1, "Do you ship?"), Clause("No.", 500), DoneOf(2), Made],
        &[
            "cancel 2",
            "agent= Yes,",
            "agent! (interrupted) Yes,",
            "caller! To Utah?",
            "answer 3 in en: To Utah?",
            "agent~ No.",
        ],
        &["assistant: Yes,", "user: To Utah?"],
    );
}

#[test]
fn after_noise_the_agent_goes_on_with_the_clause_that_was_cut() {
    check_asked(
        &[Sent(1500), Starts, Pass(960), Pauses, Text(" "), Ends, Clause("to Texas.", 1000), Made, Sent(1000), Done],
        &[
            "duck",
            "hold 2",
            "restore",
            "agent= Yes,",
            "agent! (interrupted) Yes,",
            "text? 2",
            "resume 3 from 1",
            "agent~ to Texas.",
            "agent= to Texas.",
            "agent! to Texas.",
        ],
        &["assistant: Yes, to Texas."],
    );
}

#[test]
fn noise_may_come_again_and_words_after_it_end_the_answer() {
    let noise = [Starts, Pass(960), Pauses, Text(""), Ends, Pass(224)];
    let mut simulation = Simulation::greeted();
    simulation.play(&ASKED);
    simulation.play(&[Sent(500)]);
    simulation.play(&noise);
    assert_eq!(simulation.log.last().unwrap(), "resume 3 from 0", "not even the first clause was heard");
    simulation.play(&[Clause("Yes,", 1000), Clause("to Texas", 1000), Clause("and Utah.", 1000), Sent(2100)]);
    simulation.play(&noise);
    assert_eq!(simulation.log.last().unwrap(), "resume 4 from 2");
    simulation.play(&[Clause("and Utah.", 1000), Sent(500), Starts, Pass(960)]);
    assert_eq!(simulation.dialogue.phase(), Phase::Hearing { since: simulation.now - Duration::from_millis(960) });
    simulation.play(&[Pauses, Text("To Utah?"), Ends]);
    let expected = [
        "hold 4",
        "restore",
        "agent=",
        "text? 4",
        "caller= To Utah?",
        "cancel 4",
        "caller! To Utah?",
        "answer 5 in en: To Utah?",
    ];
    assert_eq!(simulation.log[simulation.log.len() - expected.len()..], expected);
    assert_eq!(simulation.history()[1..], ["user: Do you ship?", "assistant: Yes, to Texas", "user: To Utah?"]);
}

#[test]
fn what_was_held_is_let_go_when_it_is_not_wanted_any_more() {
    let held = [Sent(1500), Starts, Pass(960)];
    let stopped = ["duck", "hold 2", "restore", "agent= Yes,", "agent! (interrupted) Yes,"];
    let check = |script: &[Step], expected: &[&str], history: &[&str]| {
        let (script, expected) = ([&held, script].concat(), [&stopped, expected].concat());
        check_asked(&script, &expected, &[&["assistant: Yes,"], history].concat());
    };
    check(&[Leaves], &["cancel 2", "hang up"], &[]);
    check(&[Pauses, Unheard, Ends], &["text? 2", "cancel 2", "say 3 in en: I am sorry, something went wrong."], &[]);
    check(
        &[Pauses, Typed("To Utah?"), Text(""), Ends],
        &["text? 2", "cancel 2", "caller! To Utah?", "answer 3 in en: To Utah?"],
        &["user: To Utah?"],
    );
}

#[test]
fn a_caller_who_goes_on_before_the_agent_has_begun_takes_the_turn_back() {
    check(
        &[
            Starts,
            Pass(640),
            Pauses,
            Text("Do you"),
            Ends,
            Pass(224),
            Starts,
            Pass(960),
            Pauses,
            Text("ship to Texas?"),
            Ends,
        ],
        &[
            "text? 1",
            "caller= Do you",
            "caller! Do you",
            "answer 2 in en: Do you",
            "duck",
            "cancel 2",
            "restore",
            "text? 2",
            "caller= ship to Texas?",
            "caller! ship to Texas?",
            "answer 3 in en: Do you ship to Texas?",
        ],
        &["user: Do you ship to Texas?"],
    );
}

#[test]
fn speech_that_outlasts_the_agent_is_a_turn() {
    check_asked(
        &[Sent(1900), Starts, Pass(320), Sent(2000), Done, Pauses, Text("Yes."), Ends],
        &[
            "duck",
            "restore",
            "agent= Yes, to Texas.",
            "agent! Yes, to Texas.",
            "text? 2",
            "caller= Yes.",
            "caller! Yes.",
            "answer 3 in en: Yes.",
        ],
        &["assistant: Yes, to Texas.", "user: Yes."],
    );
}

#[test]
fn a_listener_who_goes_on_and_on_is_no_interruption() {
    check_asked(
        &[
            Sent(1500),
            Starts,
            Pass(960),
            Pauses,
            Text("Yeah, okay, right."),
            Ends,
            Clause("to Texas.", 1000),
            Made,
            Done,
        ],
        &[
            "duck",
            "hold 2",
            "restore",
            "agent= Yes,",
            "agent! (interrupted) Yes,",
            "text? 2",
            "resume 3 from 1",
            "agent~ to Texas.",
            "agent= to Texas.",
            "agent! to Texas.",
        ],
        &["assistant: Yes, to Texas."],
    );
}

#[test]
fn yes_to_a_question_is_an_answer_also_before_its_last_sound() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Typed("Hello."), Clause("Fine.", 1000), Clause("Do you agree?", 1000), Made]);
    simulation.log.clear();
    simulation.play(&[Sent(500), Starts, Pass(320), Pauses, Text("Yes."), Ends]);
    assert_eq!(simulation.log, ["duck", "text? 1", "restore"], "that was to what came before");
    simulation.play(&[Sent(1700), Pass(320), Starts, Pass(320), Pauses, Text("Yes."), Ends]);
    assert_eq!(simulation.log[3..], ["duck", "text? 2", "restore", "caller= Yes.", "caller! Yes."]);
    simulation.play(&[Sent(2000), Done]);
    assert_eq!(simulation.log.last().unwrap(), "answer 3 in en: Yes.");
    assert_eq!(simulation.history()[2..], ["assistant: Fine. Do you agree?", "user: Yes."]);
}

/// The agent says this, of which so much has been sent, on a line without an echo canceller.
fn says_at_length() -> Simulation {
    let mut simulation = Simulation::greeted_with(Setup { drafts: true, ..setup() });
    simulation.play(&[Typed("Do you ship?"), Clause("We ship to Texas and to Utah,", 2000)]);
    simulation.play(&[Clause("on every day of the week.", 2000), Made, Pass(320), Sent(320)]);
    simulation.log.clear();
    simulation
}

#[test]
fn the_agents_own_echo_does_not_interrupt_it() {
    let mut simulation = says_at_length();
    simulation.play(&[Starts, Pass(480), Sent(800), Pauses, Text("ship to Texas and"), Ends, Pass(960)]);
    assert_eq!(simulation.log, ["duck", "text? 1", "restore"]);
    assert_eq!(simulation.incidents, ["echo"]);
    // The line is known for it: from now on speech alone does not stop the agent.
    simulation.log.clear();
    simulation.play(&[
        Sent(4000),
        Done,
        Typed("And?"),
        Clause("We ship to Ohio and to Iowa,", 3000),
        Pass(320),
        Sent(320),
    ]);
    simulation.log.clear();
    simulation.play(&[Starts, Pass(1504), Sent(1800), Partial("we ship to Ohio"), Pass(480), Sent(2300)]);
    assert_eq!(simulation.log, ["duck", "draft? 2"]);
    simulation.play(&[Partial("we ship to Ohio no wait please stop that")]);
    assert_eq!(simulation.log[2..4], ["cancel 3", "restore"]);
}

#[test]
fn an_echo_that_stopped_the_agent_lets_it_go_on() {
    let mut simulation = says_at_length();
    simulation.play(&[Starts, Pass(480), Sent(800), Pass(224), Pauses, Text("we ship to Texas and"), Ends]);
    assert_eq!(simulation.log[1], "hold 2");
    assert_eq!(simulation.log.last().unwrap(), "resume 3 from 0");
}

#[test]
fn who_answers_in_the_agents_words_is_heard() {
    let mut simulation = says_at_length();
    simulation.play(&[Pass(3520), Sent(3840), Starts, Pass(160), Sent(4000), Done, Pass(1120), Pauses]);
    simulation.play(&[Text("On every day of the week."), Ends]);
    assert_eq!(simulation.log.last().unwrap(), "answer 3 in en: On every day of the week.");
}

// ---- words ----

/// As `ASKED`, but with a second clause whose words are known, and of which so much has been sent.
fn says_word_by_word(sent: u64) -> Simulation {
    let mut simulation = Simulation::greeted();
    simulation.play(&ASKED);
    simulation.play(&[Begun("we ship to all of Texas.", &[0, 200, 500, 600, 800, 900]), Sent(sent)]);
    simulation.log.clear();
    simulation
}

const NOISE: [Step; 5] = [Starts, Pass(960), Pauses, Text(""), Ends];

#[test]
fn after_noise_the_agent_goes_on_with_the_word_that_was_cut() {
    let mut simulation = says_word_by_word(1750);
    simulation.play(&NOISE);
    let expected = ["duck", "hold 2", "restore", "agent= Yes, we ship to", "agent! (interrupted) Yes, we ship to"];
    assert_eq!(simulation.log[..5], expected);
    assert_eq!(simulation.log[6..], ["resume 3 from 1:11"]);
    // What was left of the clause is cut again.
    simulation.play(&[Pass(320), Begun("all of Texas.", &[0, 200, 300]), Sent(450)]);
    simulation.play(&NOISE);
    assert_eq!(simulation.log.last().unwrap(), "resume 4 from 1:18");
    simulation.play(&[Pass(320), Begun("Texas.", &[0]), Whole(500), Made, Sent(500), Done]);
    assert_eq!(simulation.history()[1..], ["user: Do you ship?", "assistant: Yes, we ship to all of Texas."]);
}

#[test]
fn the_history_has_the_words_that_were_heard() {
    let mut simulation = says_word_by_word(1350);
    simulation.play(&[Typed("To Utah?")]);
    let expected =
        ["cancel 2", "agent= Yes, we", "agent! (interrupted) Yes, we", "caller! To Utah?", "answer 3 in en: To Utah?"];
    assert_eq!(simulation.log, expected);
    assert_eq!(simulation.history()[1..], ["user: Do you ship?", "assistant: Yes, we", "user: To Utah?"]);
}

#[test]
fn an_answer_whose_first_word_was_cut_is_still_owed() {
    let mut simulation = Simulation::greeted();
    simulation.play(&ASKED[..6]);
    simulation.play(&[Begun("We ship to Texas.", &[0, 200, 500, 600]), Sent(250), Starts, Pass(960)]);
    simulation.play(&[Pauses, Text("Hello?"), Ends]);
    assert_eq!(simulation.history()[1..], ["user: Do you ship? Hello?"]);
}
