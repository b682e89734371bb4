//! What is said in a conversation, and by whom.

use std::fmt;

/// Which of a conversation's turns a piece of work belongs to. A result that carries an older id than the present one
/// is stale, and ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

impl TurnId {
    /// The turn after this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Who says a [`Message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions to the model; nobody hears them.
    System,
    /// The caller.
    User,
    /// The agent.
    Assistant,
}

impl Role {
    /// The role's name in chat templates and chat APIs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One utterance in the form that a language model reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// The words. Personal data: not for logs.
    pub text: String,
}

impl Message {
    /// A message of `role`.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into() }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [{} bytes]", self.role.as_str(), self.text.len())
    }
}
