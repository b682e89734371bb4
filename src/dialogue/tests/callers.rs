//! Whole callers: what they say, with their pauses, goes through the endpointer and the dialogue, as windows of 32 ms with a
//! turn detector and a transcriber beside them. No caller is answered before they are done.

use proptest::prelude::*;

use super::*;
use crate::dialogue::endpointing::Endpointer;

/// So long a turn detector takes on two cores, and whisper.
const VERDICT_TAKES: u64 = 160;
const TEXT_TAKES: u64 = 320;
/// Before the caller's first sound.
const SILENCE_BEFORE: u64 = 320;

/// A part of what a caller says, and the pause after it.
#[derive(Clone, Copy, Debug)]
struct Part {
    words: &'static str,
    millis: u64,
    /// What the turn detector says of the pause.
    sound: Option<f32>,
    pause: u64,
}

const fn part(words: &'static str, millis: u64, sound: f32, pause: u64) -> Part {
    Part { words, millis, sound: Some(sound), pause }
}

/// One caller's call, window by window.
struct Conversation {
    simulation: Simulation,
    endpointer: Endpointer,
    now: MediaTime,
    /// What the turn detector and the transcriber will say, and when.
    coming: Vec<(MediaTime, Coming)>,
    /// What has been said so far in this utterance.
    said: String,
    sound: Option<f32>,
    /// When the agent decided to answer.
    answers: Vec<MediaTime>,
    ducked: Vec<MediaTime>,
}

#[derive(Clone, Debug)]
enum Coming {
    Verdict(PauseId, f32),
    Text(Take, String),
}

impl Conversation {
    fn new(setup: Setup) -> Self {
        let simulation = Simulation::greeted_with(setup);
        let (endpointer, coming) = (Endpointer::default(), Vec::new());
        let (answers, ducked) = (Vec::new(), Vec::new());
        let now = MediaTime::ZERO;
        Self { simulation, endpointer, now, coming, said: String::new(), sound: None, answers, ducked }
    }

    /// A turn of the caller's; then silence until it is answered, for two seconds and a half at most. Gives when the last word
    /// was said.
    fn turn(&mut self, parts: &[Part]) -> MediaTime {
        self.said.clear();
        let mut end = self.now;
        for part in parts {
            self.said = format!("{} {}", self.said, part.words).trim().to_owned();
            self.sound = part.sound;
            self.hear(0.9, part.millis);
            end = self.now;
            self.hear(0.02, part.pause);
        }
        self.hear(0.02, 2496);
        end
    }

    fn hear(&mut self, voice: f32, millis: u64) {
        for _ in 0..millis / 32 {
            self.now = self.now + WINDOW;
            self.simulation.now = self.now;
            self.endpoint(endpointing::Input::Voice(voice));
            let (due, later) = std::mem::take(&mut self.coming).into_iter().partition(|(at, _)| *at <= self.now);
            self.coming = later;
            let due: Vec<(MediaTime, Coming)> = due;
            for (_, coming) in due {
                match coming {
                    Coming::Verdict(pause, complete) => self.endpoint(endpointing::Input::Verdict { pause, complete }),
                    Coming::Text(take, text) => {
                        let words = self.simulation.words(take, &text, Language::ENGLISH, true);
                        self.tell(words);
                    }
                }
            }
            self.tell(Input::Tick);
        }
    }

    fn endpoint(&mut self, input: endpointing::Input) {
        self.endpointer.handle(self.now, input);
        while let Some(output) = self.endpointer.poll() {
            if let (endpointing::Output::Stopped { id }, Some(sound)) = (&output, self.sound) {
                self.coming.push((self.now + Duration::from_millis(VERDICT_TAKES), Coming::Verdict(*id, sound)));
            }
            if matches!(output, endpointing::Output::SpeechStarted { .. }) {
                // What was said before this utterance is no part of it.
                self.said = self.said.rsplit('|').next().unwrap_or_default().trim().to_owned();
            }
            let ends = matches!(output, endpointing::Output::EndOfTurn { .. });
            self.tell(Input::Heard(output));
            if ends {
                self.said.push('|');
            }
        }
    }

    fn tell(&mut self, input: Input) {
        self.simulation.log.clear();
        self.simulation.dialogue.handle(self.now, input);
        self.simulation.note();
        for line in std::mem::take(&mut self.simulation.log) {
            if line.starts_with("text?") {
                let text = self.said.rsplit('|').next().unwrap_or_default().trim().to_owned();
                let at = self.now + Duration::from_millis(TEXT_TAKES);
                self.coming.push((at, Coming::Text(self.simulation.take, text)));
            } else if line.starts_with("answer ") || line.starts_with("commit") {
                self.answers.push(self.now);
            } else if line == "duck" {
                self.ducked.push(self.now);
            }
        }
        for input in std::mem::take(&mut self.simulation.told) {
            self.endpoint(input);
        }
    }

    /// The agent says what it has to say, and is done.
    fn let_the_agent_speak(&mut self) {
        self.simulation.play(&[Clause("I see.", 500), Made, Sent(900), Done]);
        self.simulation.log.clear();
    }
}

/// Callers, and how long they may be kept waiting for the decision to answer, in milliseconds.
const CALLERS: [(&str, &[Part], u64); 11] = [
    ("who is clear", &[part("Do you ship to Texas?", 1600, 0.97, 0)], 544),
    ("who is brief", &[part("Yes.", 256, 0.9, 0)], 544),
    ("who thinks", &[part("I would like", 640, 0.1, 800), part("two large pizzas.", 960, 0.98, 0)], 544),
    (
        "who breathes between sentences",
        &[part("I called yesterday.", 960, 0.6, 352), part("Nobody answered.", 960, 0.96, 0)],
        544,
    ),
    (
        "whose voice falls before the number",
        &[part("You can reach me, my number is", 1600, 0.95, 832), part("on the invoice.", 800, 0.97, 0)],
        544,
    ),
    (
        "who goes on with 'and'",
        &[part("I want the red one and", 1600, 0.9, 640), part("the blue one.", 640, 0.95, 0)],
        544,
    ),
    (
        "who reads a telephone number",
        &[
            part("It is 555", 960, 0.8, 896),
            part("0 1", 640, 0.95, 1152),
            part("0 0", 640, 0.95, 640),
            part("that is all.", 640, 0.98, 0),
        ],
        544,
    ),
    ("who says no more after a number", &[part("It is 555 0100", 1600, 0.97, 0)], 1536),
    ("who breaks off", &[part("I wanted to", 960, 0.02, 0)], 1248),
    ("who trails off", &[part("Well, you know and", 960, 0.3, 0)], 1248),
    ("whom no detector hears", &[Part { words: "Do you ship?", millis: 960, sound: None, pause: 0 }], 544),
];

#[test]
fn no_caller_is_cut_and_none_waits_for_long() {
    for speculates in [false, true] {
        for (who, parts, most) in CALLERS {
            let mut conversation = Conversation::new(Setup { speculates, ..setup() });
            conversation.hear(0.02, SILENCE_BEFORE);
            let end = conversation.turn(parts);
            assert_eq!(conversation.answers.len(), 1, "a caller {who}: {:?}", conversation.answers);
            assert!(conversation.answers[0] > end, "a caller {who} was cut");
            let waited = conversation.answers[0].since(end);
            assert!(waited <= Duration::from_millis(most), "a caller {who} waited for {waited:?}");
        }
    }
}

#[test]
fn a_slow_caller_is_learnt() {
    // Half-done by the sound of it, and pauses that are longer than that is waited for.
    let slow = [part("I would like", 960, 0.5, 768), part("two large pizzas.", 960, 0.95, 0)];
    let cuts = |conversation: &mut Conversation| {
        let before = conversation.answers.len();
        let end = conversation.turn(&slow);
        let cut = conversation.answers[before..].iter().any(|answer| *answer < end);
        conversation.let_the_agent_speak();
        cut
    };
    let mut conversation = Conversation::new(setup());
    let turns: Vec<bool> = (0..8).map(|_| cuts(&mut conversation)).collect();
    assert_eq!(turns.iter().position(|cut| !cut), Some(3), "{turns:?}");
    assert!(turns[3..].iter().all(|cut| !cut), "{turns:?}");
}

#[test]
fn the_agent_is_softer_within_a_fifth_of_a_second() {
    // Whatever part of a window the first sound falls into: at most one more window.
    let mut conversation = Conversation::new(setup());
    conversation.simulation.play(&[Typed("Hello."), Clause("Good morning, how are you?", 5000), Made, Sent(500)]);
    conversation.hear(0.02, SILENCE_BEFORE);
    let onset = conversation.now;
    conversation.hear(0.9, 640);
    let ducked = conversation.ducked[0].since(onset) + WINDOW;
    assert!(ducked <= Duration::from_millis(200), "{ducked:?}");
}

proptest! {
    /// Whoever pauses within a turn for no longer than 200 ms is not cut, however sure the turn detector is; nor, for up to a
    /// second, where the detector says that the sentence hangs.
    #[test]
    fn short_pauses_and_hanging_sentences_are_no_ends(
        parts in prop::collection::vec((4_u64..60, 1_u64..32, 0.0_f32..=1.0), 1..12),
    ) {
        let mut turn: Vec<Part> = parts
            .iter()
            .map(|(words, pause, sound)| {
                let (pause, sound) = if *pause <= 6 { (pause * 32, *sound) } else { (pause * 32, sound * 0.05) };
                part("I would like", words * 32, sound, pause)
            })
            .collect();
        turn.push(part("two large pizzas.", 960, 0.97, 0));
        let mut conversation = Conversation::new(setup());
        conversation.hear(0.02, SILENCE_BEFORE);
        let end = conversation.turn(&turn);
        prop_assert_eq!(conversation.answers.len(), 1);
        prop_assert!(conversation.answers[0] > end);
    }
}
