//! What happens in rooms, told to whoever asked for it when the rooms were started: the desk, webhooks, outside workers.
//!
//! Listeners do not slow rooms down. Each has a bounded queue; who does not keep up loses events, which is logged and counted.

use std::{array, sync::Arc, time::SystemTime};

use livekit_protocol as proto;
use tokio::sync::mpsc;

use super::bounds::attribute_bytes;
use crate::domain::RoomName;

/// Events that wait for one listener.
const MOST_EVENTS: usize = 1024;
/// What a participant or a room says about itself is in events up to so many bytes: events wait, and strangers cause them.
const LONGEST_ACCOUNT: usize = 32 * 1024;

/// Where a listener hears of events, in the order in which they happened in each room. Ends when the rooms have stopped.
pub type RoomEvents = mpsc::Receiver<Arc<RoomEvent>>;

/// Something that happened in a room.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomEvent {
    /// Which room.
    pub name: RoomName,
    /// The room just afterwards, as clients see it; without its metadata where that is longer than 32 KiB.
    pub room: proto::Room,
    /// When, by the system's clock.
    pub at: SystemTime,
    /// What.
    pub change: RoomChange,
}

/// What happened. Participants are told of without metadata and attributes where these are longer than 32 KiB. Hidden ones
/// are told of like others, as livekit-server does: `permission.hidden` says so.
#[derive(Clone, Debug, PartialEq)]
pub enum RoomChange {
    /// The room is there. Nothing precedes this.
    Opened {
        /// The agents that the token or request which opened it asked for.
        agents: Vec<proto::RoomAgentDispatch>,
    },
    /// The room is no more. Nothing follows.
    Closed,
    /// A participant can send and receive media (`ACTIVE`).
    ParticipantJoined(Box<proto::ParticipantInfo>),
    /// A participant who had joined has left; `disconnect_reason` says why.
    ParticipantLeft(Box<proto::ParticipantInfo>),
    /// A participant went who never became active.
    ConnectionAborted(Box<proto::ParticipantInfo>),
    /// A participant publishes a track.
    TrackPublished(Box<proto::ParticipantInfo>, Box<proto::TrackInfo>),
    /// A participant publishes a track no longer, or has left.
    TrackUnpublished(Box<proto::ParticipantInfo>, Box<proto::TrackInfo>),
}

/// What a listener wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Openings and closings.
    Rooms,
    /// All that happens.
    Everything,
}

impl Interest {
    const fn wants(self, change: &RoomChange) -> bool {
        match self {
            Self::Rooms => matches!(change, RoomChange::Opened { .. } | RoomChange::Closed),
            Self::Everything => true,
        }
    }
}

impl RoomEvent {
    /// What is said about themselves by those in it is cut to what may wait.
    pub(super) fn new(name: RoomName, room: proto::Room, at: SystemTime, change: RoomChange) -> Self {
        let mut event = Self { name, room, at, change };
        if event.room.metadata.len() > LONGEST_ACCOUNT {
            event.room.metadata.clear();
        }
        match &mut event.change {
            RoomChange::Opened { .. } | RoomChange::Closed => {}
            RoomChange::ParticipantJoined(info)
            | RoomChange::ParticipantLeft(info)
            | RoomChange::ConnectionAborted(info)
            | RoomChange::TrackPublished(info, _)
            | RoomChange::TrackUnpublished(info, _) => shorten(info),
        }
        event
    }
}

fn shorten(info: &mut proto::ParticipantInfo) {
    if info.metadata.len() + attribute_bytes(&info.attributes) > LONGEST_ACCOUNT {
        info.metadata.clear();
        info.attributes.clear();
    }
}

/// All who listen. Clones tell the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners(Vec<(Interest, mpsc::Sender<Arc<RoomEvent>>)>);

impl Listeners {
    /// One listener for each interest.
    pub(super) fn new<const N: usize>(interests: [Interest; N]) -> (Self, [RoomEvents; N]) {
        let mut listeners = Vec::with_capacity(N);
        let heard = array::from_fn(|nth| {
            let (sender, receiver) = mpsc::channel(MOST_EVENTS);
            listeners.push((interests[nth], sender));
            receiver
        });
        (Self(listeners), heard)
    }

    /// Tells those who are interested. Never waits.
    pub(super) fn tell(&self, event: RoomEvent) {
        let event = Arc::new(event);
        for (_, listener) in self.0.iter().filter(|(interest, _)| interest.wants(&event.change)) {
            // One that is gone does not listen any more.
            if let Err(mpsc::error::TrySendError::Full(_)) = listener.try_send(event.clone()) {
                metrics::counter!("callstead_room_events_lost_total").increment(1);
                tracing::warn!("what happened in a room went unheard: too much at a time");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(change: RoomChange) -> RoomEvent {
        RoomEvent::new("call".parse().unwrap(), proto::Room::default(), SystemTime::UNIX_EPOCH, change)
    }

    fn joined(metadata: usize, attributes: usize) -> RoomChange {
        let attributes = [("a".to_owned(), "x".repeat(attributes))].into();
        let metadata = "x".repeat(metadata);
        RoomChange::ParticipantJoined(Box::new(proto::ParticipantInfo { metadata, attributes, ..Default::default() }))
    }

    #[test]
    fn each_hears_what_it_wants() {
        let (listeners, [mut rooms, mut everything]) = Listeners::new([Interest::Rooms, Interest::Everything]);
        for change in [RoomChange::Opened { agents: Vec::new() }, joined(1, 1), RoomChange::Closed] {
            listeners.tell(event(change));
        }
        drop(listeners);
        let heard = |one: &mut RoomEvents| std::iter::from_fn(|| one.try_recv().ok()).count();
        assert_eq!((heard(&mut rooms), heard(&mut everything)), (2, 3));
    }

    #[test]
    fn who_does_not_listen_loses_events_and_stops_nobody() {
        let (listeners, [mut lazy, mut eager]) = Listeners::new([Interest::Everything; 2]);
        let mut heard = 0;
        for _ in 0..2 * MOST_EVENTS {
            listeners.tell(event(RoomChange::Closed));
            heard += usize::from(eager.try_recv().is_ok());
        }
        assert_eq!(heard, 2 * MOST_EVENTS);
        assert_eq!(std::iter::from_fn(|| lazy.try_recv().ok()).count(), MOST_EVENTS);
    }

    #[test]
    fn what_waits_is_short() {
        for (metadata, attributes, expect) in
            [(10, 10, 10), (LONGEST_ACCOUNT, 0, 0), (LONGEST_ACCOUNT / 2, LONGEST_ACCOUNT, 0)]
        {
            let RoomChange::ParticipantJoined(info) = event(joined(metadata, attributes)).change else { panic!() };
            assert_eq!(info.metadata.len(), expect, "{metadata} {attributes}");
        }
    }
}
