//! Events on their way to the conversation, which may be slow.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::audio::{
    Frame,
    line::{Hangup, LineEvent},
};

/// Places in the line's queue that audio leaves free for all else.
const RESERVED: usize = 32;
/// What waits here when the queue is full even so; audio never does.
const MOST: usize = 32;

/// Sends without waiting: audio that nobody takes is dropped and counted, other events wait a while, and for the end of the
/// call there is always a place.
#[derive(Debug)]
pub(super) struct Outbox {
    events: mpsc::Sender<LineEvent>,
    /// The place of the end, which comes right before the room lets go of all this; `None` when it is taken.
    last: Option<mpsc::OwnedPermit<LineEvent>>,
    waiting: VecDeque<LineEvent>,
    lost: u32,
}

impl Outbox {
    pub(super) fn new(events: mpsc::Sender<LineEvent>) -> Self {
        // Fails when the conversation has ended before it began: then nobody is to be told of the end.
        let last = events.clone().try_reserve_owned().ok();
        Self { events, last, waiting: VecDeque::new(), lost: 0 }
    }

    /// Whether the conversation is over.
    pub(super) fn is_closed(&self) -> bool {
        self.events.is_closed()
    }

    /// The caller's next 20 ms.
    pub(super) fn audio(&mut self, frame: Frame) {
        self.flush();
        if !self.waiting.is_empty() || self.events.capacity() <= RESERVED + 1 {
            return self.lost(1);
        }
        self.tell_lost();
        self.tell(LineEvent::Audio(Box::new(frame)));
    }

    /// So many frames are missing.
    pub(super) const fn lost(&mut self, frames: u32) {
        self.lost = self.lost.saturating_add(frames);
    }

    /// Anything but audio and the end. Of what nobody takes for long, the oldest is dropped.
    pub(super) fn tell(&mut self, event: LineEvent) {
        if let (Some(LineEvent::Played { turn: before, .. }), LineEvent::Played { turn, .. }) =
            (self.waiting.back(), &event)
            && before == turn
        {
            self.waiting.pop_back();
        }
        if self.waiting.len() >= MOST {
            tracing::warn!("the conversation does not keep up: an event is dropped");
            self.waiting.pop_front();
        }
        self.waiting.push_back(event);
        self.flush();
    }

    /// The end of the call, after what can be sent before it.
    pub(super) fn hang_up(&mut self, reason: Hangup) {
        self.flush();
        self.waiting.clear();
        if let Some(place) = self.last.take() {
            place.send(LineEvent::Hangup(reason));
        }
    }

    /// Sends what can be sent now.
    pub(super) fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => return self.waiting.push_front(event),
                Err(mpsc::error::TrySendError::Closed(_)) => return self.waiting.clear(),
            }
        }
    }

    fn tell_lost(&mut self) {
        if self.lost > 0 {
            let lost = std::mem::take(&mut self.lost);
            self.tell(LineEvent::Lost(lost));
        }
    }
}
