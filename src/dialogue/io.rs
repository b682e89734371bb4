//! What a [`Dialogue`](super::Dialogue) is told, and what it decides.

use std::{ops::Range, time::Duration};

use super::endpointing::{self, Expectation, PauseId};
use crate::{
    domain::{Language, MediaTime, Message, Pii, TurnId, WordStart},
    spoken::Hanging,
};

/// How a conversation is to be held.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What the language model is told about its task.
    pub instructions: String,
    /// Spoken first.
    pub language: Language,
    /// Whether to answer in the language that the caller was recognised to speak.
    pub follows_caller: bool,
    /// The first words, in `language`; the usual ones unless given.
    pub greeting: Option<String>,
    /// Whether the caller can be heard. Otherwise the agent asks for typed words.
    pub hears: bool,
    /// Why the call cannot be served: the agent says so instead of greeting, and ends it.
    pub refusal: Option<EndReason>,
    /// Who leads.
    pub lead: Lead,
    /// Whether a model's answers are begun before it is sure that the caller is done. It takes cores.
    pub speculates: bool,
    /// Whether a long utterance is transcribed while it goes on, too. It takes cores.
    pub drafts: bool,
    /// Tells by the words alone whether somebody has more to say: [`spoken::hangs`](crate::spoken::hangs).
    pub text_rule: fn(&str, Language) -> Hanging,
    /// How long the agent bears with a caller.
    pub patience: Patience,
}

/// Who decides what the agent says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// A language model answers as it likes ([`Output::Answer`]), and the agent takes its leave when the caller does.
    Model,
    /// A script ([`Output::Lead`]): from the first words to the last, also about silence.
    Script,
}

/// What a script goes on from.
#[derive(Clone, Debug)]
pub enum Cue {
    /// The call begins.
    Begin,
    /// What the caller has said since the last cue.
    Words(Pii<String>),
    /// The caller has said nothing for as long as they may.
    Silence,
    /// What was said last was not heard, or broke off.
    Again,
}

/// How long the agent waits, and stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// After so much silence the agent asks whether the caller is still there, then again, and then takes its leave.
    pub silence: Duration,
    /// No conversation is longer. A minute before its end the agent says so.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_secs(30), longest: Duration::from_secs(2 * 60 * 60) }
    }
}

/// What comes after a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// What the caller is to say then.
    pub expects: Expectation,
    /// With it the conversation is over, unless the caller says something more.
    pub is_last: bool,
}

/// One attempt at turning an utterance into text. A result that names an older attempt is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Take(pub u64);

/// What was understood of an utterance, so far or finally.
#[derive(Clone, Debug)]
pub struct Words {
    /// Empty: nobody spoke.
    pub text: Pii<String>,
    /// The language recognised, if there is a voice for it.
    pub language: Option<Language>,
    /// No more follow for this take.
    pub is_final: bool,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed: once for every 20 to 32 ms, and after what was heard in them.
    Tick,
    /// What was noticed of the caller's speech.
    Heard(endpointing::Output),
    /// An answer to [`Output::Transcribe`].
    Transcribed {
        /// Of which attempt.
        take: Take,
        /// The words, or nothing when the attempt failed.
        words: Option<Words>,
    },
    /// The caller typed this.
    Typed(Pii<String>),
    /// The microphone was muted, or is no longer.
    Muted(bool),
    /// The caller cannot be heard any more.
    Deaf,
    /// What comes after a turn. Comes before the turn is complete, or not at all: then the usual.
    Manner {
        /// Which turn.
        turn: TurnId,
        /// What.
        manner: Manner,
    },
    /// The agent begins to say this clause of a turn.
    Clause {
        /// Which turn.
        turn: TurnId,
        /// The words.
        text: Pii<String>,
        /// The caller does not interrupt it; what they say meanwhile is answered after the turn.
        uninterruptible: bool,
    },
    /// When words of the turn's last clause begin, in its audio; those that follow ones told of before.
    WordStarts {
        /// Which turn.
        turn: TurnId,
        /// In order, and in good time: before the word can be heard.
        words: Vec<WordStart>,
    },
    /// The audio of the turn's last clause is complete.
    ClauseMade {
        /// Which turn.
        turn: TurnId,
        /// How long that clause's audio is; zero when it is only to be read.
        audio: Duration,
    },
    /// The turn is complete: no more clauses.
    TurnMade {
        /// Which turn.
        turn: TurnId,
        /// It broke off.
        failed: bool,
    },
    /// So much of a turn's audio has been sent to the caller.
    Played {
        /// Which turn.
        turn: TurnId,
        /// Since its beginning.
        sent: Duration,
        /// All of it.
        done: bool,
    },
    /// Somebody of the desk has the agent say this, as soon as nobody else speaks.
    Interject(Pii<String>),
    /// Somebody of the desk ends the conversation.
    EndedByStaff,
    /// A colleague takes the conversation over: the agent falls silent, and goes on listening.
    TakenOver,
    /// Whether the colleague who has the conversation is there. One who is not gives it back after a while, without a word.
    Colleague {
        /// They are.
        is_here: bool,
    },
    /// The colleague gives the conversation back.
    GivenBack {
        /// What the agent says then: that it is back, unless given; nothing, if empty.
        words: Option<Pii<String>>,
    },
    /// The caller has gone.
    Left,
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Turn the utterance so far into text; earlier takes of the same utterance are not needed any more.
    Transcribe {
        /// To be named in the result.
        take: Take,
        /// The take that this one replaces.
        instead_of: Option<Take>,
        /// The caller is still speaking: only to be done if there is nothing better to do.
        is_draft: bool,
    },
    /// Stop working on this take.
    Forget(Take),
    /// Ask the turn detector about this pause.
    Judge(PauseId),
    /// Tell the endpointer.
    Endpoint(endpointing::Input),
    /// Ask the language model, and say what it answers.
    Answer {
        /// Of what is said.
        turn: TurnId,
        /// The conversation.
        messages: Vec<Message>,
        /// The language to speak.
        language: Language,
        /// The caller may not be done: nothing of it is to be heard before [`Output::Commit`], and [`Output::Cancel`] may come
        /// instead.
        is_speculative: bool,
    },
    /// Let the script go on, and say what it says.
    Lead {
        /// Of what is said.
        turn: TurnId,
        /// From what.
        cue: Cue,
    },
    /// The agent's turn is over, for now at least. So many of its clauses were heard to their end, as best known, counted since
    /// its beginning under whichever name.
    Ended {
        /// Which turn.
        turn: TurnId,
        /// How many clauses.
        heard: usize,
    },
    /// Say what was made so far of this speculative answer, and the rest as it comes.
    Commit(TurnId),
    /// Say these words.
    Say {
        /// Of what is said.
        turn: TurnId,
        /// The words.
        text: String,
        /// The language they are in.
        language: Language,
        /// They are the same in every conversation, and their sound is worth keeping.
        is_fixed: bool,
    },
    /// Stop making this turn, and drop what of it has not been played.
    Cancel(TurnId),
    /// Stop saying this turn, and drop what of it has not been played; but go on making it: it may be resumed.
    Hold(TurnId),
    /// Go on with the turn that was held, under another name.
    Resume {
        /// Of what is said from now on.
        turn: TurnId,
        /// Whence to say it. The first clause is told of as what is left of it.
        from: Place,
    },
    /// Softer, or as usual.
    Duck(bool),
    /// A line of the transcript, as far as it is known.
    Transcript(Line),
    /// Something said is complete.
    Record(Spoken),
    /// The call is not served as usual.
    Notice(Notice),
    /// Something went otherwise than it should: to be counted and logged.
    Noted(Incident),
    /// The agent has the conversation again that a colleague had.
    Returned(Return),
    /// The conversation is over: leave.
    HangUp,
}

/// Up to where a turn was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// So many whole clauses were, since the turn's beginning.
    pub clause: usize,
    /// And so many bytes of the next one: up to the beginning of a word. 0 when the voice does not tell of words.
    pub letter: usize,
}

/// Why a call is not served as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// As many calls as may be are under way.
    Busy,
    /// The caller cannot be heard, or not any more.
    TypedOnly,
    /// Nobody can answer.
    Unavailable,
}

/// How the agent got a conversation back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// The colleague gave it.
    GivenBack,
    /// The colleague was gone, or never came.
    ColleagueGone,
}

/// Something that a conversation had to be saved from, or was ended by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// Speech without words: noise, or too soft.
    Wordless,
    /// Speech that could not be made into text.
    NotUnderstood,
    /// Speech that did not end.
    Endless,
    /// The caller said nothing but "mm-hm".
    Backchannel,
    /// The agent heard itself.
    Echo,
    /// An answer broke off, or there was none.
    AnswerFailed,
    /// An answer was waited for too long.
    AnswerStalled,
    /// Nobody could answer any more.
    GivenUp,
    /// The caller was silent.
    Silence,
    /// It took too long.
    TooLong,
}

impl Incident {
    /// For metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wordless => "wordless",
            Self::NotUnderstood => "not_understood",
            Self::Endless => "endless",
            Self::Backchannel => "backchannel",
            Self::Echo => "echo",
            Self::AnswerFailed => "answer_failed",
            Self::AnswerStalled => "answer_stalled",
            Self::GivenUp => "given_up",
            Self::Silence => "silence",
            Self::TooLong => "too_long",
        }
    }
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who calls.
    Caller,
    /// Who answers.
    Agent,
}

/// A line of the transcript as it grows. Card numbers are masked.
#[derive(Clone, Debug)]
pub struct Line {
    /// Whose.
    pub side: Side,
    /// The same for all versions of a line; unique among that side's.
    pub number: u64,
    /// All its words so far; empty when a line that was shown is withdrawn.
    pub text: Pii<String>,
    /// Whether it stays so.
    pub is_final: bool,
}

/// What one side said. Card numbers are masked.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// Who.
    pub side: Side,
    /// What: of the agent's words those that were heard.
    pub text: Pii<String>,
    /// When, on the caller's media clock.
    pub at: Range<MediaTime>,
    /// The words' language.
    pub language: Language,
    /// Of the agent's words: which turn, and how much of its audio was sent.
    pub played: Option<(TurnId, Duration)>,
    /// The caller interrupted it.
    pub interrupted: bool,
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody speaks.
    Listening,
    /// The caller speaks.
    Hearing {
        /// Since when.
        since: MediaTime,
    },
    /// The caller has finished, the agent has yet to begin this turn.
    Thinking(TurnId),
    /// The agent speaks; the caller perhaps too.
    Speaking(TurnId),
    /// It is over.
    Ended(EndReason),
}

/// Why a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The caller left.
    CallerLeft,
    /// The caller was silent for too long.
    Silence,
    /// It took too long.
    TooLong,
    /// Everything was said.
    Completed,
    /// Somebody of the desk ended it.
    EndedByStaff,
    /// Nobody could answer.
    OutOfService,
    /// As many calls as may be were under way.
    Busy,
}
