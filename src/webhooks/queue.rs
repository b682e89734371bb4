//! What waits for one address. No clock and no network: [`Queue::next`] says what to post, [`Queue::answered`] hears what
//! came of it.
//!
//! As livekit-server does it: one request at a time for each room, so that order holds; five attempts, after 1, 2, 4 and 8
//! seconds; what has waited for 30 s before its turn comes is dropped.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, UNIX_EPOCH},
};

use livekit_protocol as proto;
use prost::Message as _;

use crate::{
    domain::ids,
    rooms::{RoomChange, RoomEvent},
};

/// Of one room.
const MOST_OF_ROOM: usize = 200;
/// Of all rooms, in bytes as protobuf has them.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Requests at a time.
const MOST_POSTS: usize = 8;
const MOST_ATTEMPTS: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// An event as receivers are told of it.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) room: String,
    event: proto::WebhookEvent,
    /// As protobuf has it.
    bytes: usize,
}

impl Notice {
    pub(super) fn of(event: &RoomEvent) -> Self {
        let (name, info, track) = match &event.change {
            RoomChange::Opened { .. } => ("room_started", None, None),
            RoomChange::Closed => ("room_finished", None, None),
            RoomChange::ParticipantJoined(info) => ("participant_joined", Some(info), None),
            RoomChange::ParticipantLeft(info) => ("participant_left", Some(info), None),
            RoomChange::ConnectionAborted(info) => ("participant_connection_aborted", Some(info), None),
            RoomChange::TrackPublished(info, track) => ("track_published", Some(info), Some(track)),
            RoomChange::TrackUnpublished(info, track) => ("track_unpublished", Some(info), Some(track)),
        };
        let (room, participant) = if track.is_some() {
            // By their names only, as livekit-server does it.
            let (sid, name) = (event.room.sid.clone(), event.room.name.clone());
            let named = info.map(|info| (info.sid.clone(), info.identity.clone()));
            let named = named.map(|(sid, identity)| proto::ParticipantInfo { sid, identity, ..Default::default() });
            (proto::Room { sid, name, ..Default::default() }, named)
        } else {
            (event.room.clone(), info.map(|info| (**info).clone()))
        };
        let created = event.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let told = proto::WebhookEvent {
            event: name.to_owned(),
            id: ids::random("EV_"),
            created_at: i64::try_from(created).unwrap_or(i64::MAX),
            room: Some(room),
            participant,
            track: track.map(|track| (**track).clone()),
            ..Default::default()
        };
        Self { room: event.name.to_string(), bytes: told.encoded_len(), event: told }
    }

    /// What happened (`room_started`).
    pub(super) fn name(&self) -> &str {
        &self.event.event
    }

    /// Proto3 JSON; `dropped` events of this address were lost before it.
    ///
    /// # Errors
    /// When an enumeration in it has a number that nobody knows.
    #[expect(deprecated, reason = "receivers that look at it are not told elsewhere")]
    pub(super) fn body(&self, dropped: u32) -> serde_json::Result<Vec<u8>> {
        let num_dropped = i32::try_from(dropped).unwrap_or(i32::MAX);
        let event = proto::WebhookEvent { num_dropped, ..self.event.clone() };
        serde_json::to_vec(&event)
    }
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It arrived.
    Taken,
    /// It may be taken later.
    Busy,
    /// It will never be taken.
    Refused,
}

/// A request to be made.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) notice: Arc<Notice>,
    /// Events of this address that were lost before it.
    pub(super) dropped: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Queue {
    rooms: BTreeMap<String, Line>,
    bytes: usize,
    posts: usize,
    /// Events that were lost since one arrived.
    dropped: u32,
}

/// One room's events, the oldest first.
#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    stage: Stage,
}

#[derive(Debug)]
struct Waiting {
    notice: Arc<Notice>,
    since: Instant,
}

/// How far the oldest event is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    New,
    /// Its request is under way; so many came before.
    Posting(u32),
    /// After so many attempts, until the next.
    Resting(u32, Instant),
}

impl Queue {
    /// Something has happened. It is lost where too much waits.
    pub(super) fn push(&mut self, now: Instant, notice: Arc<Notice>) {
        let line = self.rooms.entry(notice.room.clone()).or_default();
        if line.waiting.len() >= MOST_OF_ROOM || self.bytes.saturating_add(notice.bytes) > MOST_BYTES {
            return self.lose(&notice, "too much waits");
        }
        self.bytes += notice.bytes;
        line.waiting.push_back(Waiting { notice, since: now });
    }

    /// The next request to be made, of the room that has waited longest.
    pub(super) fn next(&mut self, now: Instant) -> Option<Post> {
        self.drop_old(now);
        if self.posts >= MOST_POSTS {
            return None;
        }
        let ready = self.rooms.values_mut().filter(|line| match line.stage {
            Stage::New => !line.waiting.is_empty(),
            Stage::Resting(_, until) => until <= now,
            Stage::Posting(_) => false,
        });
        let line = ready.min_by_key(|line| line.waiting.front().map(|waiting| waiting.since))?;
        let notice = Arc::clone(&line.waiting.front()?.notice);
        line.stage = match line.stage {
            Stage::Resting(attempts, _) => Stage::Posting(attempts),
            Stage::New | Stage::Posting(_) => Stage::Posting(0),
        };
        self.posts += 1;
        Some(Post { notice, dropped: self.dropped })
    }

    /// What came of the request for this room.
    pub(super) fn answered(&mut self, now: Instant, room: &str, outcome: Outcome) {
        let Some(line) = self.rooms.get_mut(room) else { return };
        let Stage::Posting(before) = line.stage else { return };
        self.posts = self.posts.saturating_sub(1);
        let attempts = before + 1;
        if outcome == Outcome::Busy && attempts < MOST_ATTEMPTS {
            line.stage = Stage::Resting(attempts, now + FIRST_DELAY * 2_u32.pow(before));
            return;
        }
        line.stage = Stage::New;
        let Some(done) = line.waiting.pop_front() else { return };
        if line.waiting.is_empty() {
            self.rooms.remove(room);
        }
        self.bytes = self.bytes.saturating_sub(done.notice.bytes);
        match outcome {
            Outcome::Taken => {
                self.dropped = 0;
                count("sent");
            }
            Outcome::Busy => self.lose(&done.notice, "the receiver does not answer"),
            Outcome::Refused => self.lose(&done.notice, "the receiver refuses it"),
        }
    }

    /// When a request may be made again, if nothing happens before.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.posts >= MOST_POSTS {
            return None;
        }
        let dues = self.rooms.values().filter_map(|line| match line.stage {
            Stage::Resting(_, until) => Some(until),
            Stage::New | Stage::Posting(_) => None,
        });
        dues.min()
    }

    /// Whether everything has been told.
    pub(super) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// What has waited for its turn for too long.
    fn drop_old(&mut self, now: Instant) {
        let mut old = Vec::new();
        self.rooms.retain(|_, line| {
            while line.stage == Stage::New
                && let Some(waiting) = line.waiting.front()
                && now.saturating_duration_since(waiting.since) > LONGEST_WAIT
            {
                old.extend(line.waiting.pop_front());
            }
            !line.waiting.is_empty()
        });
        for waiting in old {
            self.bytes = self.bytes.saturating_sub(waiting.notice.bytes);
            self.lose(&waiting.notice, "it has waited for too long");
        }
    }

    fn lose(&mut self, notice: &Notice, why: &'static str) {
        self.dropped = self.dropped.saturating_add(1);
        count("lost");
        tracing::warn!(webhook.event = notice.name(), why, "a webhook is lost");
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("callstead_webhooks_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn notice(room: &str, change: RoomChange) -> Arc<Notice> {
        let info =
            proto::Room { sid: "RM_1".to_owned(), name: room.to_owned(), num_participants: 3, ..Default::default() };
        let name = room.parse().unwrap();
        Arc::new(Notice::of(&RoomEvent { name, room: info, at: SystemTime::UNIX_EPOCH, change }))
    }

    fn queue(now: Instant, rooms: &[&str]) -> Queue {
        let mut queue = Queue::default();
        rooms.iter().for_each(|room| queue.push(now, notice(room, RoomChange::Closed)));
        queue
    }

    /// The rooms whose requests begin now.
    fn begun(queue: &mut Queue, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| queue.next(now)).map(|post| post.notice.room.clone()).collect()
    }

    #[test]
    fn one_request_at_a_time_for_each_room() {
        let now = Instant::now();
        let mut queue = queue(now, &["a", "a", "b"]);
        assert_eq!(begun(&mut queue, now), ["a", "b"]);
        queue.answered(now, "a", Outcome::Taken);
        assert_eq!(begun(&mut queue, now), ["a"]);
        queue.answered(now, "a", Outcome::Taken);
        queue.answered(now, "b", Outcome::Refused);
        assert!(queue.is_empty() && queue.bytes == 0 && queue.posts == 0);
    }

    #[test]
    fn a_busy_receiver_is_asked_again_less_and_less_often() {
        let (start, mut now) = (Instant::now(), Instant::now());
        let mut queue = queue(start, &["a", "a"]);
        let mut waits = Vec::new();
        for _ in 0..MOST_ATTEMPTS {
            assert_eq!(begun(&mut queue, now).len(), 1);
            queue.answered(now, "a", Outcome::Busy);
            let Some(due) = queue.due() else { break };
            assert!(queue.next(now).is_none());
            waits.push((due - now).as_secs());
            now = due;
        }
        assert_eq!(waits, [1, 2, 4, 8]);
        let next = queue.next(now).unwrap();
        assert_eq!(next.dropped, 1, "the receiver is told that it missed one");
        queue.answered(now, "a", Outcome::Taken);
        assert_eq!(queue.dropped, 0);
    }

    #[test]
    fn what_waits_is_bounded_and_has_an_end() {
        let now = Instant::now();
        let mut queue = queue(now, &["a"; MOST_OF_ROOM + 5]);
        assert_eq!((queue.rooms["a"].waiting.len(), queue.dropped), (MOST_OF_ROOM, 5));
        let later = now + LONGEST_WAIT + Duration::from_secs(1);
        assert!(queue.next(later).is_none());
        assert!(queue.is_empty() && queue.bytes == 0);
        let rooms: Vec<String> = (0..20).map(|nth| nth.to_string()).collect();
        rooms.iter().for_each(|room| queue.push(later, notice(room, RoomChange::Closed)));
        assert_eq!(begun(&mut queue, later).len(), MOST_POSTS);
    }

    #[test]
    fn events_are_told_as_livekit_tells_them() {
        let info = || {
            let identity = "ann".to_owned();
            Box::new(proto::ParticipantInfo { identity, metadata: "m".to_owned(), ..Default::default() })
        };
        let track = || Box::new(proto::TrackInfo { sid: "TR_1".to_owned(), ..Default::default() });
        for (change, name, says_more) in [
            (RoomChange::Opened { agents: Vec::new() }, "room_started", true),
            (RoomChange::Closed, "room_finished", true),
            (RoomChange::ParticipantJoined(info()), "participant_joined", true),
            (RoomChange::ParticipantLeft(info()), "participant_left", true),
            (RoomChange::ConnectionAborted(info()), "participant_connection_aborted", true),
            (RoomChange::TrackPublished(info(), track()), "track_published", false),
            (RoomChange::TrackUnpublished(info(), track()), "track_unpublished", false),
        ] {
            let body: serde_json::Value = serde_json::from_slice(&notice("call", change).body(2).unwrap()).unwrap();
            assert_eq!((&body["event"], &body["numDropped"]), (&name.into(), &2.into()));
            assert!(body["id"].as_str().is_some_and(|id| id.starts_with("EV_")));
            assert_eq!(body["room"]["numParticipants"].is_number(), says_more, "{name}");
            assert_eq!(body["track"].is_object(), name.starts_with("track"), "{name}");
            assert_eq!(body["participant"]["metadata"].is_string(), name.starts_with("participant"), "{name}");
        }
    }
}
