//! Whole conversations, simulated.

use std::time::Duration;

use super::{
    Dialogue, EndReason, Input, Output, Phase, Setup, Side, Take, Words,
    endpointing::{self, PauseId, WINDOW},
};
use crate::domain::{Language, MediaTime, Pii, Role, TurnId};

/// A step of a simulated call. What is told of "the turn" or "the take" is told of the latest one.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The caller begins to speak, pauses, goes on, has finished.
    Starts,
    Pauses,
    Resumes,
    Ends,
    /// So many milliseconds pass.
    Pass(u64),
    /// The latest take as text, so far or finally.
    Partial(&'static str),
    Text(&'static str),
    /// As `Text`, in Arabic.
    Arabic(&'static str),
    /// An earlier take's text comes.
    Late(u64, &'static str),
    /// The latest take comes to nothing.
    Unheard,
    Typed(&'static str),
    Muted,
    Deaf,
    /// A clause of the latest turn, with so many milliseconds of audio.
    Clause(&'static str, u64),
    /// The latest turn is complete, or broke off.
    Made,
    Broken,
    /// So many milliseconds of the latest turn were sent; all of it was.
    Sent(u64),
    Done,
    /// The same of the turn with this number.
    DoneOf(u64),
    Leaves,
}
use Step::*;

/// A conversation and what it decided.
struct Simulation {
    dialogue: Dialogue,
    now: MediaTime,
    take: Take,
    turn: TurnId,
    log: Vec<String>,
}

impl Simulation {
    fn new(setup: Setup) -> Self {
        let dialogue = Dialogue::new(MediaTime::ZERO, setup);
        let mut simulation = Self { dialogue, now: MediaTime::ZERO, take: Take(0), turn: TurnId(0), log: Vec::new() };
        simulation.note();
        simulation
    }

    /// The greeting was heard, and the caller has answered nothing yet.
    fn greeted() -> Self {
        let mut simulation = Self::new(setup());
        simulation.play(&[Clause("Hello!", 500), Made, Sent(500), Done]);
        simulation.log.clear();
        simulation
    }

    fn play(&mut self, script: &[Step]) {
        for step in script {
            let input = match *step {
                Starts => Input::Heard(endpointing::Output::SpeechStarted { at: self.now }),
                Pauses => Input::Heard(endpointing::Output::Pause { id: PauseId::default(), at: self.now }),
                Resumes => Input::Heard(endpointing::Output::SpeechResumed),
                Ends => Input::Heard(endpointing::Output::EndOfTurn { speech: self.now..self.now }),
                Pass(millis) => {
                    for _ in 0..millis / 32 {
                        self.now = self.now + WINDOW;
                        self.tell(Input::Tick);
                    }
                    continue;
                }
                Partial(text) => self.words(self.take, text, Language::ENGLISH, false),
                Text(text) => self.words(self.take, text, Language::ENGLISH, true),
                Arabic(text) => self.words(self.take, text, Language::ARABIC, true),
                Late(take, text) => self.words(Take(take), text, Language::ENGLISH, true),
                Unheard => Input::Transcribed { take: self.take, words: None },
                Typed(text) => Input::Typed(Pii::new(text.to_owned())),
                Muted => Input::Muted(true),
                Deaf => Input::Deaf,
                Clause(text, millis) => {
                    self.tell(Input::Clause { turn: self.turn, text: Pii::new(text.to_owned()) });
                    Input::ClauseMade { turn: self.turn, audio: Duration::from_millis(millis) }
                }
                Made => Input::TurnMade { turn: self.turn, failed: false },
                Broken => Input::TurnMade { turn: self.turn, failed: true },
                Sent(millis) => Input::Played { turn: self.turn, sent: Duration::from_millis(millis), done: false },
                Done => Input::Played { turn: self.turn, sent: Duration::ZERO, done: true },
                DoneOf(turn) => Input::Played { turn: TurnId(turn), sent: Duration::ZERO, done: true },
                Leaves => Input::Left,
            };
            self.tell(input);
        }
    }

    fn words(&self, take: Take, text: &str, language: Language, is_final: bool) -> Input {
        let words = Words { text: Pii::new(text.to_owned()), language: Some(language), is_final };
        Input::Transcribed { take, words: Some(words) }
    }

    fn tell(&mut self, input: Input) {
        self.dialogue.handle(self.now, input);
        self.note();
    }

    /// `text?` takes, `~` lines that may still change, `=` final ones, `!` records.
    fn note(&mut self) {
        while let Some(output) = self.dialogue.poll() {
            let name = |side| if side == Side::Caller { "caller" } else { "agent" };
            self.log.push(match output {
                Output::Transcribe { take, instead_of } => {
                    self.take = take;
                    match instead_of {
                        Some(old) => format!("text? {} for {}", take.0, old.0),
                        None => format!("text? {}", take.0),
                    }
                }
                Output::Forget(take) => format!("forget {}", take.0),
                Output::Judge(_) => continue,
                Output::Answer { turn, messages, language } => {
                    self.turn = turn;
                    let asked = messages.last().filter(|last| last.role == Role::User).unwrap();
                    format!("answer {} in {language}: {}", turn.0, asked.text)
                }
                Output::Say { turn, text, language } => {
                    self.turn = turn;
                    let first = text.split_inclusive(['.', '!', '?']).next().unwrap_or_default();
                    format!("say {} in {language}: {first}", turn.0)
                }
                Output::Cancel(turn) => format!("cancel {}", turn.0),
                Output::Duck(duck) => if duck { "duck" } else { "restore" }.to_owned(),
                Output::Transcript(line) => {
                    let mark = if line.is_final { '=' } else { '~' };
                    format!("{}{mark} {}", name(line.side), line.text.reveal()).trim_end().to_owned()
                }
                Output::Record(spoken) => {
                    let how = if spoken.interrupted { " (interrupted)" } else { "" };
                    format!("{}!{how} {}", name(spoken.side), spoken.text.reveal())
                }
                Output::HangUp => "hang up".to_owned(),
            });
        }
    }

    fn history(&self) -> Vec<String> {
        let messages = &self.dialogue.history().messages()[1..];
        messages.iter().map(|message| format!("{}: {}", message.role.as_str(), message.text)).collect()
    }
}

fn setup() -> Setup {
    Setup {
        instructions: "Be kind.".to_owned(),
        language: Language::ENGLISH,
        follows_caller: true,
        greeting: None,
        hears: true,
        refusal: None,
    }
}

/// What is decided after the greeting, and what the language model would read.
#[track_caller]
fn check(script: &[Step], expected: &[&str], history: &[&str]) {
    let mut simulation = Simulation::greeted();
    simulation.play(script);
    assert_eq!(simulation.log, expected);
    let after_the_greeting = simulation.history().split_off(1);
    assert_eq!(after_the_greeting, history);
}

/// A caller's turn, answered by two clauses of a second each.
const ASKED: [Step; 6] = [Starts, Pass(960), Pauses, Text("Do you ship?"), Ends, Clause("Yes,", 1000)];
const ASKED_LOG: [&str; 5] =
    ["text? 1", "caller= Do you ship?", "caller! Do you ship?", "answer 2 in en: Do you ship?", "agent~ Yes,"];

#[track_caller]
fn check_asked(script: &[Step], expected: &[&str], history: &[&str]) {
    let script: Vec<_> = ASKED.iter().chain(&[Clause("to Texas.", 1000), Made]).chain(script).copied().collect();
    let log: Vec<_> = ASKED_LOG.iter().chain(&["agent~ Yes, to Texas."]).chain(expected).copied().collect();
    let history: Vec<_> = ["user: Do you ship?"].iter().chain(history).copied().collect();
    check(&script, &log, &history);
}

// ---- the greeting ----

#[test]
fn the_agent_greets_first() {
    let mut simulation = Simulation::new(setup());
    assert_eq!(simulation.log, ["say 1 in en: Hello!"]);
    assert_eq!(simulation.dialogue.phase(), Phase::Thinking(TurnId(1)));
    simulation.play(&[Clause("Hello!", 500)]);
    assert_eq!(simulation.dialogue.phase(), Phase::Speaking(TurnId(1)));
    simulation.play(&[Made, Done]);
    assert_eq!(simulation.dialogue.phase(), Phase::Listening);
    let own = Setup { greeting: Some("Ahlan.".to_owned()), language: Language::ARABIC, ..setup() };
    assert_eq!(Simulation::new(own).log, ["say 1 in ar: Ahlan."]);
}

#[test]
fn what_is_said_over_the_greeting_is_answered_after_it() {
    let mut simulation = Simulation::new(setup());
    simulation.play(&[Clause("Hello!", 3000), Made, Starts, Pass(1600), Pauses, Text("Do you ship?"), Ends, Pass(320)]);
    simulation.play(&[Sent(3000), Done]);
    let expected = [
        "say 1 in en: Hello!",
        "agent~ Hello!",
        "text? 1",
        "caller= Do you ship?",
        "caller! Do you ship?",
        "agent= Hello!",
        "agent! Hello!",
        "answer 2 in en: Do you ship?",
    ];
    assert_eq!(simulation.log, expected);
}

#[test]
fn a_box_that_cannot_hear_or_think_says_so() {
    let mut deaf = Simulation::new(Setup { hears: false, ..setup() });
    deaf.play(&[Clause("Hello!", 500), Made, Done, Pass(40_000), Typed("Do you ship?")]);
    assert_eq!(deaf.log.last().unwrap(), "answer 2 in en: Do you ship?");
    for (reason, words) in
        [(EndReason::OutOfService, "I am sorry, this line"), (EndReason::Busy, "All our lines are busy")]
    {
        let mut refused = Simulation::new(Setup { refusal: Some(reason), ..setup() });
        assert!(refused.log[0].contains(words), "{:?}", refused.log);
        refused.play(&[Typed("Please!"), Starts, Pass(960), Clause("Sorry.", 500), Made, Done]);
        assert_eq!(refused.log.last().unwrap(), "hang up");
        assert_eq!(refused.dialogue.phase(), Phase::Ended(reason));
    }
    check(
        &[Starts, Deaf, Clause("I cannot hear you.", 500), Made, Done, Deaf],
        &[
            "say 2 in en: I cannot hear you on this line.",
            "agent~ I cannot hear you.",
            "agent= I cannot hear you.",
            "agent! I cannot hear you.",
        ],
        &[],
    );
}

// ---- turns ----

#[test]
fn a_turn_is_heard_answered_and_kept() {
    check_asked(
        &[Sent(2000), Done],
        &["agent= Yes, to Texas.", "agent! Yes, to Texas."],
        &["assistant: Yes, to Texas."],
    );
}

#[test]
fn the_text_may_come_after_the_end_of_the_turn() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Starts]);
    assert!(matches!(simulation.dialogue.phase(), Phase::Hearing { .. }));
    simulation.play(&[Pass(640), Pauses, Ends]);
    assert_eq!(simulation.dialogue.phase(), Phase::Thinking(TurnId(2)));
    simulation.play(&[Partial("Do you"), Text("Do you ship?")]);
    let expected =
        ["text? 1", "caller~ Do you", "caller= Do you ship?", "caller! Do you ship?", "answer 2 in en: Do you ship?"];
    assert_eq!(simulation.log, expected);
}

#[test]
fn a_caller_who_goes_on_is_transcribed_anew() {
    check(
        &[
            Starts,
            Pass(640),
            Pauses,
            Text("Do you"),
            Resumes,
            Pass(640),
            Pauses,
            Late(1, "Do you"),
            Text("Do you ship?"),
            Ends,
        ],
        &[
            "text? 1",
            "forget 1",
            "text? 2",
            "caller= Do you ship?",
            "caller! Do you ship?",
            "answer 2 in en: Do you ship?",
        ],
        &["user: Do you ship?"],
    );
}

#[test]
fn noise_is_not_answered() {
    check(&[Starts, Pass(640), Pauses, Ends, Partial("Th"), Text(" ")], &["text? 1", "caller~ Th", "caller="], &[]);
}

#[test]
fn two_turns_in_a_row_are_answered_together() {
    check(
        &[Starts, Pass(640), Pauses, Ends, Starts, Late(1, "Wait,"), Pass(640), Pauses, Ends, Text("do you ship?")],
        &[
            "text? 1",
            "caller= Wait,",
            "caller! Wait,",
            "text? 2",
            "caller= do you ship?",
            "caller! do you ship?",
            "answer 2 in en: Wait, do you ship?",
        ],
        &["user: Wait, do you ship?"],
    );
}

#[test]
fn the_answer_is_in_the_callers_language() {
    let mut simulation = Simulation::greeted();
    simulation.play(&[Starts, Pass(640), Pauses, Arabic("هل توصلون؟"), Ends]);
    assert_eq!(simulation.log.last().unwrap(), "answer 2 in ar: هل توصلون؟");
}

#[test]
fn card_numbers_reach_nobody() {
    let card = "It is 4111111111111111.";
    let mut simulation = Simulation::greeted();
    simulation.play(&[
        Starts,
        Pass(640),
        Pauses,
        Ends,
        Partial(card),
        Text(card),
        Clause(card, 500),
        Made,
        Sent(900),
        Done,
    ]);
    simulation.play(&[Typed(card)]);
    let all = format!("{:?} {:?}", simulation.log, simulation.history());
    assert!(!all.contains("4111111111111111"), "{all}");
}

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

// ---- interruptions ----

#[test]
fn speech_that_goes_on_interrupts() {
    check_asked(
        &[Sent(1500), Starts, Pass(960), Pauses, Text("Not there."), Ends],
        &[
            "duck",
            "cancel 2",
            "agent= Yes,",
            "agent! (interrupted) Yes,",
            "text? 2",
            "caller= Not there.",
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
            "restore",
            "cancel 2",
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
fn a_caller_who_goes_on_before_the_agent_has_begun_takes_the_turn_back() {
    check(
        &[Starts, Pass(640), Pauses, Text("Do you"), Ends, Starts, Pass(960), Pauses, Text("ship to Texas?"), Ends],
        &[
            "text? 1",
            "caller= Do you",
            "caller! Do you",
            "answer 2 in en: Do you",
            "duck",
            "cancel 2",
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
    simulation.play(&[Starts, Pass(2 * 60 * 60 * 1000 + 64)]);
    assert_eq!(simulation.log, ["say 2 in en: I am ending this call now."]);
}

#[test]
fn when_the_caller_leaves_what_was_heard_is_kept() {
    check_asked(
        &[Sent(1500), Leaves, Sent(1600), Typed("Hello?"), Starts, Leaves],
        &["cancel 2", "agent= Yes,", "agent! (interrupted) Yes,", "hang up"],
        &["assistant: Yes,"],
    );
}
