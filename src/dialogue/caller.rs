//! The caller's side of a conversation: what is being said, and how much may be typed.

use std::time::Duration;

use super::{
    endpointing::{BRIEF, PauseId},
    io::{Take, Words},
};
use crate::domain::MediaTime;

/// Speech of so long is worth a first look.
const FIRST_DRAFT: Duration = Duration::from_millis(1500);
/// Whoever types waits for an answer; what is heard meanwhile is let finish for so long.
const TYPED_PATIENCE: Duration = Duration::from_secs(5);
/// A talk that goes on for longer does not keep the agent from speaking: an utterance is cut after 50 s, and then there is
/// time to find out whether it had words in it.
const LONGEST_TALK: Duration = Duration::from_secs(60);
/// The longest typed message, in characters; the rest is left out.
pub(super) const LONGEST_TYPED: usize = 2000;
/// So many typed messages may come at once …
const TYPED_AT_ONCE: u32 = 10;
/// … and afterwards one in so much time; more are ignored.
const TYPED_EVERY: Duration = Duration::from_secs(1);

/// The caller's side.
#[derive(Debug)]
pub(super) enum Caller {
    Silent,
    Speaking(Utterance),
}

/// Whether the caller can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    Works,
    /// Not any more, and the caller has yet to be told.
    Lost,
    /// The caller knows that only typed words count.
    None,
}

/// A stretch of the caller's speech.
#[derive(Debug)]
pub(super) struct Utterance {
    /// The transcript's line.
    pub(super) line: u64,
    pub(super) began: MediaTime,
    pub(super) ended: MediaTime,
    /// The attempt at its words up to the present pause, or its end; none while the caller is speaking.
    pub(super) take: Option<Take>,
    /// Which pause that is.
    pub(super) pause: Option<PauseId>,
    pub(super) draft: Draft,
    pub(super) text: Text,
    /// Since when it has been known that its words hang at the present pause, until they are answered all the same.
    pub(super) hanging_since: Option<MediaTime>,
    /// Some of it stands in the transcript.
    pub(super) shown: bool,
}

impl Utterance {
    pub(super) fn new(line: u64, began: MediaTime) -> Self {
        let draft = Draft { take: None, due: began + FIRST_DRAFT };
        let text = Text::Unknown;
        Self { line, began, ended: began, take: None, pause: None, draft, text, hanging_since: None, shown: false }
    }

    /// Both of its attempts.
    pub(super) fn is_of(&self, take: Take) -> bool {
        self.take == Some(take) || self.draft.take == Some(take)
    }
}

/// An attempt at the words so far, in the midst of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft {
    pub(super) take: Option<Take>,
    /// When the next one is to be made.
    due: MediaTime,
}

impl Draft {
    /// Whether one is to be made at `now`, of an utterance that began then. Each is half as long again as the one before, so
    /// that all together cost no more than three times the last.
    pub(super) fn is_due(&mut self, now: MediaTime, began: MediaTime) -> bool {
        let is_due = self.take.is_none() && now >= self.due;
        if is_due {
            self.due = now + now.since(began) / 2;
        }
        is_due
    }
}

/// What is known of an utterance's words.
#[derive(Debug)]
pub(super) enum Text {
    Unknown,
    Known(Words),
    Failed,
}

/// What the caller said that has not been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    Nothing,
    /// An answer to what was spoken.
    ToSpeech,
    /// An answer to what was typed then, and perhaps to speech too.
    ToTyping {
        since: MediaTime,
    },
    /// The caller took their leave.
    Farewell,
}

impl Owed {
    /// Whether something was said that wants an answer, and is no mere goodbye.
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::ToSpeech | Self::ToTyping { .. })
    }
}

/// The caller's latest talk: utterances that follow each other without a pause, as they do when they are cut because they
/// are long. It may be no caller at all but music, and never end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    began: MediaTime,
    /// The end of its last utterance, if that is over.
    ended: Option<MediaTime>,
}

impl Talk {
    /// Nobody has said anything yet.
    pub(super) fn none(now: MediaTime) -> Self {
        Self { began: now, ended: None }
    }

    /// An utterance begins: whether it is the first of a talk.
    pub(super) fn starts(&mut self, at: MediaTime) -> bool {
        let goes_on = self.ended.take().is_some_and(|ended| at.since(ended) < BRIEF);
        if !goes_on {
            self.began = at;
        }
        !goes_on
    }

    /// An utterance is over.
    pub(super) fn ends(&mut self, at: MediaTime) {
        self.ended = Some(at);
    }

    /// Whether there is no use in waiting for its end: `owed` is to be said over it.
    pub(super) fn is_endless(&self, now: MediaTime, owed: Owed) -> bool {
        match owed {
            Owed::ToTyping { since } => now.since(since) >= TYPED_PATIENCE,
            Owed::Nothing | Owed::ToSpeech | Owed::Farewell => now.since(self.began) >= LONGEST_TALK,
        }
    }
}

/// How many typed messages may still come: a bucket that fills with time.
#[derive(Debug)]
pub(super) struct Allowance {
    left: u32,
    since: MediaTime,
}

impl Allowance {
    pub(super) fn new(now: MediaTime) -> Self {
        Self { left: TYPED_AT_ONCE, since: now }
    }

    /// A message comes at `now`: whether it counts.
    pub(super) fn take(&mut self, now: MediaTime) -> bool {
        while self.left < TYPED_AT_ONCE && now.since(self.since) >= TYPED_EVERY {
            self.left += 1;
            self.since = self.since + TYPED_EVERY;
        }
        if self.left == TYPED_AT_ONCE {
            self.since = now;
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}
