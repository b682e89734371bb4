//! The caller's side of a conversation: what is being said, and how much may be typed.

use std::time::Duration;

use super::io::{Take, Words};
use crate::domain::MediaTime;

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
    pub(super) take: Option<Take>,
    pub(super) text: Text,
    /// Some of it stands in the transcript.
    pub(super) shown: bool,
}

/// What is known of an utterance's words.
#[derive(Debug)]
pub(super) enum Text {
    Unknown,
    Known(Words),
    Failed,
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
