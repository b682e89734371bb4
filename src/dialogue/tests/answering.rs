//! Answers that are begun before the caller's turn is over.

use super::{Step::*, *};

fn free() -> Setup {
    Setup { speculates: true, ..setup() }
}

#[track_caller]
fn check_free(script: &[Step], expected: &[&str], history: &[&str]) {
    let mut simulation = Simulation::greeted_with(free());
    simulation.play(script);
    assert_eq!(simulation.log, expected);
    assert_eq!(simulation.history()[1..], *history);
}

#[test]
fn an_answer_is_begun_at_the_pause_and_said_when_the_turn_is_over() {
    check_free(
        &[Starts, Pass(640), Pauses, Text("Do you ship?"), Pass(320), Ends, Clause("Yes.", 500), Made, Sent(900), Done],
        &[
            "text? 1",
            "answer? 2 in en: Do you ship?",
            "caller= Do you ship?",
            "caller! Do you ship?",
            "commit 2",
            "agent~ Yes.",
            "agent= Yes.",
            "agent! Yes.",
        ],
        &["user: Do you ship?", "assistant: Yes."],
    );
}

#[test]
fn words_that_hang_are_answered_in_advance_only_when_nothing_follows_for_long() {
    let hangs = [Starts, Pass(640), Pauses, Text("I want the red one and"), Pass(480)];
    check_free(&hangs, &["text? 1"], &[]);
    check_free(
        &[&hangs[..], &[Pass(320), Ends, Pass(1216)]].concat(),
        &[
            "text? 1",
            "answer? 2 in en: I want the red one and",
            "caller= I want the red one and",
            "caller! I want the red one and",
            "commit 2",
        ],
        &["user: I want the red one and"],
    );
    // Who goes on is not thought for.
    check_free(&[&hangs[..], &[Resumes, Pass(640)]].concat(), &["text? 1", "forget 1"], &[]);
}

#[test]
fn a_caller_who_says_more_is_answered_anew() {
    check_free(
        &[
            Starts,
            Pass(640),
            Pauses,
            Text("Do you ship?"),
            Resumes,
            Pass(640),
            Pauses,
            Text("Do you ship to Utah?"),
            Ends,
        ],
        &[
            "text? 1",
            "answer? 2 in en: Do you ship?",
            "forget 1",
            "text? 2",
            "cancel 2",
            "answer? 3 in en: Do you ship to Utah?",
            "caller= Do you ship to Utah?",
            "caller! Do you ship to Utah?",
            "commit 3",
        ],
        &["user: Do you ship to Utah?"],
    );
}

#[test]
fn a_breath_after_the_last_word_changes_nothing() {
    check_free(
        &[Starts, Pass(640), Pauses, Text("Do you ship?"), Resumes, Pass(96), Pauses, Text("do you ship"), Ends],
        &[
            "text? 1",
            "answer? 2 in en: Do you ship?",
            "forget 1",
            "text? 2",
            "caller= do you ship",
            "caller! do you ship",
            "commit 2",
        ],
        &["user: do you ship"],
    );
}

#[test]
fn what_was_begun_is_dropped_when_it_is_not_wanted_any_more() {
    let begun = [Starts, Pass(640), Pauses, Text("Do you ship?")];
    let after = |script: &[Step]| {
        let mut simulation = Simulation::greeted_with(free());
        simulation.play(&begun);
        simulation.log.clear();
        simulation.play(script);
        simulation.log
    };
    assert_eq!(after(&[Leaves]), ["cancel 2", "hang up"]);
    // Another language is another answer.
    let translated = after(&[Resumes, Pass(320), Pauses, Arabic("هل توصلون؟"), Ends]);
    assert_eq!(translated[2..4], ["cancel 2", "answer? 3 in ar: هل توصلون؟"]);
    let typed = after(&[Typed("To Utah?"), Ends]);
    assert_eq!(
        typed[1..],
        ["caller= Do you ship?", "caller! Do you ship?", "cancel 2", "answer 3 in en: To Utah? Do you ship?"]
    );
    // Later the text fails: what was said is not known.
    let failed = after(&[Resumes, Pass(320), Pauses, Unheard, Ends]);
    assert_eq!(failed[2..], ["cancel 2", "say 3 in en: I am sorry, something went wrong."]);
}

#[test]
fn what_is_no_end_is_not_answered_early() {
    for words in ["I would like two and", "my number is", "555 01", "", "Bye."] {
        let mut simulation = Simulation::greeted_with(free());
        simulation.play(&[Starts, Pass(640), Pauses, Text(words)]);
        assert_eq!(simulation.log, ["text? 1"], "{words}");
    }
    // Neither is what is said over the agent, or while something else is still to be answered.
    let mut simulation = Simulation::new(free());
    simulation.play(&[Clause("Hello!", 3000), Starts, Pass(640), Pauses, Text("Do you ship?")]);
    assert_eq!(simulation.log.last().unwrap(), "text? 1");
}

#[test]
fn a_card_number_reaches_no_early_answer_either() {
    let mut simulation = Simulation::greeted_with(free());
    simulation.play(&[Starts, Pass(640), Pauses, Text("It is 4111111111111111, thanks.")]);
    assert_eq!(simulation.log.last().unwrap(), "answer? 2 in en: It is 411111••••••1111, thanks.");
}

#[test]
fn long_speech_is_read_while_it_goes_on() {
    let mut simulation = Simulation::greeted_with(Setup { drafts: true, ..free() });
    simulation.play(&[Starts, Pass(1504)]);
    assert_eq!(simulation.log, ["draft? 1"]);
    simulation.play(&[Pass(3200), Text("My number is 555")]);
    assert_eq!(simulation.log[1..], ["caller~ My number is 555"], "one at a time, and nothing of it is final");
    let told = |simulation: &Simulation| simulation.told.last().copied();
    let words = |pause, hanging| Some(endpointing::Input::Words { pause, hanging });
    assert_eq!(told(&simulation), words(None, Hanging::Dictating));
    simulation.play(&[Pass(32)]);
    assert_eq!(simulation.log.last().unwrap(), "draft? 2");
    simulation.play(&[Unheard, Pass(3200)]);
    assert_eq!(simulation.log.last().unwrap(), "draft? 3");
    simulation.play(&[Pauses, Late(3, "My number is 555"), Text("My number is 555 0100, thanks."), Ends]);
    assert_eq!(told(&simulation), words(Some(PauseId::default()), Hanging::No));
    assert_eq!(simulation.log[4], "text? 4 for 3");
    assert_eq!(simulation.log.last().unwrap(), "commit 2");
}

#[test]
fn words_that_hang_are_not_answered_at_once() {
    let mut simulation = Simulation::greeted();
    // Whatever the turn detector thought of it.
    simulation.play(&[Starts, Pass(640), Pauses, Ends, Pass(320), Text("my number is"), Pass(832)]);
    assert_eq!(simulation.log.last().unwrap(), "caller! my number is");
    simulation.play(&[Starts, Pass(960), Pauses, Text("nine, thanks."), Ends]);
    assert_eq!(simulation.log.last().unwrap(), "answer 2 in en: my number is nine, thanks.");
    // Who says no more is answered all the same.
    let mut simulation = Simulation::greeted();
    simulation.play(&[Starts, Pass(640), Pauses, Text("my number is"), Ends, Pass(1184)]);
    assert_eq!(simulation.log.last().unwrap(), "caller! my number is");
    simulation.play(&[Pass(32)]);
    assert_eq!(simulation.log.last().unwrap(), "answer 2 in en: my number is");
}
