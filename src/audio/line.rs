//! The one seam between telephony and conversation: a caller's audio and events in, the agent's audio and signs out.
//!
//! A room in this process, a LiveKit server, a recording: each provides a [`Line`], and whoever holds it cannot tell which.
//! The other half is the [`LineEnd`]. Everything is bounded: a caller's frame that nobody takes is dropped and told of
//! ([`LineEvent::Lost`]); the agent's frames wait at the sender until the line has played enough.

use std::time::Duration;

use tokio::sync::mpsc;

use super::Frame;
use crate::domain::{Identity, Pii, TurnId};

/// The agent's frames that wait to be played: 400 ms. Enough to bridge a busy moment, little enough to be flushed.
pub const PLAYOUT_FRAMES: usize = 20;
/// What a caller has said that nobody has taken yet, in events; frames are nearly all of them (5 s).
const HEARD: usize = 250;
/// Commands that wait for the line's next 20 ms.
const COMMANDS: usize = 64;

/// What happens on a line, in order.
#[derive(Clone, Debug)]
pub enum LineEvent {
    /// The caller is there: whom this line listens to.
    Caller(Caller),
    /// The caller's next 20 ms on the media clock: one comes every 20 ms from [`LineEvent::Caller`] on, whatever the network
    /// does (concealed when lost, silence when the caller sends none or is muted).
    Audio(Box<Frame>),
    /// So many frames were dropped here, because nobody took them.
    Lost(u32),
    /// The caller's microphone was muted, or is no longer.
    Muted(bool),
    /// The caller typed this.
    Typed(Pii<String>),
    /// Of this turn so much has been sent, as silence is not counted; `done` when all of it has. What the caller has heard
    /// is an estimate: this, less half the round trip and the client's jitter buffer (about 100 ms).
    Played {
        /// Which turn.
        turn: TurnId,
        /// Of its audio, since its beginning.
        sent: Duration,
        /// [`Say::End`] was reached.
        done: bool,
    },
    /// The one who talks with the caller in the agent's place ([`LineCommand::Colleague`]) is there, or not any more.
    Colleague {
        /// They are.
        is_here: bool,
    },
    /// The caller has left, or the line itself has ended: the last event.
    Hangup(Hangup),
}

/// Whom a line listens to.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// Unique in the room.
    pub identity: Identity,
    /// The display name; may be empty.
    pub name: Pii<String>,
    /// What the token said of the caller; may be empty.
    pub metadata: Pii<String>,
}

/// Why a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// The caller left or was lost.
    CallerLeft,
    /// Nobody came.
    NobodyCame,
    /// The room was closed, or the agent was removed from it.
    RoomClosed,
    /// The server stops.
    ServerStopped,
}

/// What the agent says, in order.
#[derive(Clone, Debug)]
pub enum Say {
    /// The next 20 ms of a turn.
    Audio(TurnId, Box<Frame>),
    /// The turn's audio is complete.
    End(TurnId),
}

/// What the agent does beside speaking. Takes effect within 20 ms, before any audio that still waits.
#[derive(Clone, Debug)]
pub enum LineCommand {
    /// Drops all audio of this turn and of those before it, what waits and what still comes.
    Flush(TurnId),
    /// Softer (about -15 dB, within one frame), or as usual.
    Duck(bool),
    /// What the agent does now; others see it as `lk.agent.state`.
    State(AgentState),
    /// Why the agent does not serve as usual; others see it as `callstead.notice`.
    Notice(Notice),
    /// Words of either side, for those who read along; card numbers are masked already.
    Transcript(TranscriptLine),
    /// Who talks with the caller in the agent's place; nobody: the agent itself does.
    Colleague(Option<Identity>),
    /// The agent leaves once what waits has been played.
    Leave,
}

/// LiveKit's agent states (`lk.agent.state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Not yet able to answer.
    Initializing,
    /// Waiting for the caller to speak, or hearing.
    Listening,
    /// Working on an answer.
    Thinking,
    /// Answering.
    Speaking,
}

impl AgentState {
    /// As LiveKit's clients know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Listening => "listening",
            Self::Thinking => "thinking",
            Self::Speaking => "speaking",
        }
    }
}

/// Why the agent does not serve as usual (`callstead.notice`): what it says then too, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// All lines are busy: the agent says so and leaves.
    Busy,
    /// The caller cannot be heard: typed words count.
    TypedOnly,
    /// Nobody can answer: the agent says so and leaves.
    Unavailable,
}

impl Notice {
    /// As front ends know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::TypedOnly => "typed-only",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A line of the transcript as it grows (`lk.transcription`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptLine {
    /// The same for all versions of one utterance (`lk.segment_id`).
    pub segment: String,
    /// Whose words.
    pub speaker: Speaker,
    /// All the words so far, not only the new ones.
    pub text: Pii<String>,
    /// Whether no more follow (`lk.transcription_final`).
    pub is_final: bool,
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Who calls.
    Caller,
    /// Who answers.
    Agent,
}

/// The conversation's half.
#[derive(Debug)]
pub struct Line {
    /// What happens; ends after [`LineEvent::Hangup`].
    pub events: mpsc::Receiver<LineEvent>,
    /// What to say: waits while enough is buffered.
    pub say: mpsc::Sender<Say>,
    /// What to do.
    pub commands: mpsc::Sender<LineCommand>,
}

/// The line's own half, held by whoever carries the audio. Nothing here blocks: it is asked every 20 ms.
#[derive(Debug)]
pub struct LineEnd {
    /// To the conversation; full when it does not keep up.
    pub events: mpsc::Sender<LineEvent>,
    /// One [`Say::Audio`] is taken every 20 ms.
    pub say: mpsc::Receiver<Say>,
    /// All are taken every 20 ms.
    pub commands: mpsc::Receiver<LineCommand>,
}

/// Both halves of a line.
pub fn line() -> (Line, LineEnd) {
    let (heard, events) = mpsc::channel(HEARD);
    let (say, said) = mpsc::channel(PLAYOUT_FRAMES);
    let (commands, commanded) = mpsc::channel(COMMANDS);
    (Line { events, say, commands }, LineEnd { events: heard, say: said, commands: commanded })
}
