//! Simulated callers whose words a language model makes: a persona's manner is what it is told, and the script's language is
//! what it is to speak. What such a caller says is as good as the model; calls end after a bounded number of turns.

use crate::{
    dialogue::guide::simulate::Spoken,
    domain::{Language, Message, Role},
    script::Persona,
    speech::{Chunk, Priority, Prompt, Responder, Sampling, Served, SpeechError},
};

/// So often such a caller speaks in one call.
pub(super) const MOST_ROUNDS: usize = 30;
/// The longest answer, in tokens, and of that in characters.
const MOST_TOKENS: usize = 32;
const LONGEST: usize = 200;
/// What stands in the conversation where nobody said anything.
const NOTHING: &str = "...";

/// A caller in one call.
pub(super) struct Improvised<'a> {
    responder: &'a dyn Responder,
    persona: Persona,
    language: Language,
    /// Of this call; also its number, for the model's cache.
    seed: u32,
    /// Why the caller fell silent.
    failure: Option<SpeechError>,
}

impl<'a> Improvised<'a> {
    pub(super) fn new(responder: &'a dyn Responder, persona: Persona, language: Language, seed: u32) -> Self {
        Self { responder, persona, language, seed, failure: None }
    }

    /// What the caller says next; `None` is silence.
    pub(super) fn reply(&mut self, spoken: &[Spoken]) -> Option<String> {
        if self.persona == Persona::Silent || self.failure.is_some() {
            return None;
        }
        let prompt = self.prompt(spoken)?;
        let text = self.answer(prompt).map_err(|error| self.failure = Some(error)).ok()?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        let line = &line[..line.floor_char_boundary(LONGEST)];
        Some(line.trim_matches('"').to_owned()).filter(|line| !line.is_empty())
    }

    /// # Errors
    /// Why the model did not answer, if it did not.
    pub(super) fn check(self) -> Result<(), SpeechError> {
        self.failure.map_or(Ok(()), Err)
    }

    /// `None` where the agent has said nothing to answer.
    fn prompt(&self, spoken: &[Spoken]) -> Option<Prompt> {
        let mut messages = vec![Message::new(Role::System, self.instructions())];
        for turn in spoken.chunk_by(|one, other| role(one) == role(other)) {
            let words: Vec<_> = turn.iter().map(words).collect();
            messages.push(Message::new(role(&turn[0]), words.join(" ")));
        }
        (role(spoken.last()?) == Role::User).then_some(())?;
        let turn = u32::try_from(spoken.len()).unwrap_or(u32::MAX);
        Some(Prompt {
            messages,
            conversation: u64::from(self.seed),
            max_tokens: MOST_TOKENS,
            sampling: Sampling { temperature: 0.8, seed: self.seed.wrapping_add(turn), ..Sampling::default() },
            grammar: None,
            priority: Priority::Batch.into(),
            served: Served::default(),
        })
    }

    fn instructions(&self) -> String {
        let manner = match self.persona {
            Persona::Cooperative => "You are friendly, and answer each question directly.",
            Persona::Terse => "You answer in one to three words.",
            Persona::Rambling => "You talk a lot, and wander from the subject before you answer.",
            Persona::Refusing => "You do not want to answer questions, and say so.",
            Persona::Silent => "You say nothing.",
            Persona::Hostile => "You are angry. You insult whoever calls, and give them orders.",
        };
        let language = self.language.name();
        format!("A company has called you on the telephone. {manner} Answer in {language}, in one short sentence.")
    }

    fn answer(&self, prompt: Prompt) -> Result<String, SpeechError> {
        let mut chunks = self.responder.respond(prompt);
        let mut text = String::new();
        while let Some(chunk) = chunks.blocking_recv() {
            match chunk? {
                Chunk::Text(more) => text.push_str(&more),
                Chunk::Done(_) => return Ok(text),
            }
        }
        Err(SpeechError::Failed { engine: "language model", reason: "its answer broke off".to_owned() })
    }
}

/// The model plays the caller.
fn role(spoken: &Spoken) -> Role {
    match spoken {
        Spoken::Agent { .. } | Spoken::Model => Role::User,
        Spoken::Caller(_) => Role::Assistant,
    }
}

fn words(spoken: &Spoken) -> &str {
    match spoken {
        Spoken::Agent { text, .. } | Spoken::Caller(Some(text)) => text,
        Spoken::Caller(None) | Spoken::Model => NOTHING,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;
    use crate::speech::{Results, Usage};

    /// Says the same to everybody, and remembers what it was told.
    struct StandIn {
        says: Result<&'static str, SpeechError>,
        told: Mutex<Vec<Vec<Message>>>,
    }

    impl Responder for StandIn {
        fn respond(&self, prompt: Prompt) -> Results<Chunk> {
            self.told.lock().unwrap().push(prompt.messages);
            let (sender, chunks) = mpsc::channel(2);
            match self.says.clone() {
                Ok(text) => {
                    sender.try_send(Ok(Chunk::Text(text.to_owned()))).unwrap();
                    sender.try_send(Ok(Chunk::Done(Usage::default()))).unwrap();
                }
                Err(error) => sender.try_send(Err(error)).unwrap(),
            }
            chunks
        }
    }

    fn agent(text: &str) -> Spoken {
        Spoken::Agent { text: text.to_owned(), verbatim: None }
    }

    fn caller(text: &str) -> Spoken {
        Spoken::Caller(Some(text.to_owned()))
    }

    #[test]
    fn a_line_of_the_models_is_what_the_caller_says() {
        for (says, expected) in [
            ("\"Yes, speaking.\"\nAgent: Good.", Some("Yes, speaking.")),
            ("\n\n Tomorrow \n", Some("Tomorrow")),
            ("", None),
            ("\"\"", None),
            ("  \n ", None),
        ] {
            let stand_in = StandIn { says: Ok(says), told: Mutex::default() };
            let mut improvised = Improvised::new(&stand_in, Persona::Terse, Language::ENGLISH, 1);
            assert_eq!(improvised.reply(&[agent("Hello?")]).as_deref(), expected, "{says:?}");
            assert_eq!(improvised.check(), Ok(()));
        }
    }

    #[test]
    fn the_model_is_told_the_manner_and_what_was_said() {
        let stand_in = StandIn { says: Ok("نعم"), told: Mutex::default() };
        let spoken = [agent("One."), agent("Two?"), caller("Three."), Spoken::Caller(None), agent("Four?")];
        let mut improvised = Improvised::new(&stand_in, Persona::Hostile, Language::ARABIC, 1);
        assert_eq!(improvised.reply(&spoken).as_deref(), Some("نعم"));
        assert_eq!(improvised.reply(&spoken[..3]), None, "it is not the caller's turn");
        assert_eq!(improvised.reply(&[]), None);
        let told = stand_in.told.lock().unwrap();
        assert_eq!(told.len(), 1);
        let lines: Vec<_> = told[0].iter().map(|message| (message.role, message.text.as_str())).collect();
        assert!(lines[0].1.contains("angry") && lines[0].1.contains("arabic"), "{lines:?}");
        let rest = [(Role::User, "One. Two?"), (Role::Assistant, "Three. ..."), (Role::User, "Four?")];
        assert_eq!(lines[1..], rest);
    }

    #[test]
    fn a_model_that_fails_leaves_silence_and_says_why() {
        let stand_in = StandIn { says: Err(SpeechError::Overloaded("test")), told: Mutex::default() };
        let mut improvised = Improvised::new(&stand_in, Persona::Cooperative, Language::ENGLISH, 1);
        assert_eq!(improvised.reply(&[agent("Hello?")]), None);
        assert_eq!(improvised.check(), Err(SpeechError::Overloaded("test")));
        let silent = StandIn { says: Ok("Hello"), told: Mutex::default() };
        assert_eq!(Improvised::new(&silent, Persona::Silent, Language::ENGLISH, 1).reply(&[agent("Hello?")]), None);
    }
}
