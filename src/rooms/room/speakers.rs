//! Who speaks: told to all when somebody begins, ends, or becomes much louder or softer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use livekit_protocol::{self as proto, signal_response::Message};

use super::{Key, Room, level, participant::Participant};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Speakers {
    /// When to look next; `None`: nobody speaks, and nothing came that might be speech.
    due: Option<Instant>,
    /// How loud they were said to be.
    told: BTreeMap<Key, f32>,
    /// Clients that try out how they show speakers, and until when.
    simulated: BTreeMap<Key, Instant>,
}

impl Speakers {
    pub(super) fn due(&self) -> Option<Instant> {
        self.simulated.values().copied().chain(self.due).min()
    }

    /// Something came that may be speech.
    pub(super) fn wake(&mut self, now: Instant) {
        self.due.get_or_insert(now + level::INTERVAL);
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.told.remove(&key);
        self.simulated.remove(&key);
    }

    /// Takes in how loud they are now; gives who has changed.
    fn change(&mut self, now: BTreeMap<Key, f32>) -> Vec<(Key, f32)> {
        let stopped = self.told.keys().filter(|key| !now.contains_key(key)).map(|key| (*key, 0.0));
        let other =
            now.iter().filter(|(key, level)| self.told.get(key) != Some(level)).map(|(key, level)| (*key, *level));
        let mut changed: Vec<(Key, f32)> = other.chain(stopped).collect();
        changed.sort_by(|a, b| b.1.total_cmp(&a.1));
        self.told = now;
        changed
    }
}

impl Room {
    /// Looks who speaks, when it is time.
    pub(super) fn tell_speakers(&mut self, now: Instant) {
        self.end_simulations(now);
        if self.speakers.due.is_none_or(|due| now < due) {
            return;
        }
        let mut levels = BTreeMap::new();
        for (key, participant) in self.participants.iter().filter(|(_, participant)| !participant.grants.hidden) {
            levels.extend(level_of(now, participant).map(|level| (*key, level)));
        }
        let is_silent = levels.is_empty();
        let changed = self.speakers.change(levels);
        self.speakers.due = (!is_silent).then(|| now + level::INTERVAL);
        let info = |(key, level): (Key, f32)| {
            let sid = self.participants.get(&key)?.sid.to_string();
            Some(proto::SpeakerInfo { sid, level, active: level > 0.0 })
        };
        let speakers: Vec<proto::SpeakerInfo> = changed.into_iter().filter_map(info).collect();
        if !speakers.is_empty() {
            self.broadcast(changed_message(speakers));
        }
    }

    /// A client tries out how it shows speakers: it is told that it speaks, and later that it does not.
    pub(super) fn simulate_speech(&mut self, now: Instant, key: Key, duration: Duration) {
        const LEVEL: f32 = 0.9;
        self.speakers.simulated.insert(key, now + duration);
        self.tell_own_level(key, LEVEL);
    }

    fn end_simulations(&mut self, now: Instant) {
        let over = self.speakers.simulated.iter().filter(|(_, until)| **until <= now);
        let over: Vec<Key> = over.map(|(key, _)| *key).collect();
        for key in over {
            self.speakers.simulated.remove(&key);
            self.tell_own_level(key, self.speakers.told.get(&key).copied().unwrap_or_default());
        }
    }

    fn tell_own_level(&mut self, key: Key, level: f32) {
        let Some(participant) = self.participants.get(&key) else { return };
        let speaker = proto::SpeakerInfo { sid: participant.sid.to_string(), level, active: level > 0.0 };
        self.send(key, changed_message(vec![speaker]));
    }
}

fn level_of(now: Instant, participant: &Participant) -> Option<f32> {
    let levels = participant.publications.iter().filter_map(|publication| publication.level.active(now));
    levels.max_by(f32::total_cmp)
}

fn changed_message(speakers: Vec<proto::SpeakerInfo>) -> Message {
    Message::SpeakersChanged(proto::SpeakersChanged { speakers })
}
