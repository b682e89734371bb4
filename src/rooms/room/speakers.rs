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
    /// Clients that try out how they show speakers.
    simulated: BTreeMap<Key, Instant>,
}

impl Speakers {
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something came that may be speech.
    pub(super) fn wake(&mut self, now: Instant) {
        self.due.get_or_insert(now + level::INTERVAL);
    }

    /// `key` is said to speak for so long.
    pub(super) fn simulate(&mut self, now: Instant, key: Key, duration: Duration) {
        self.simulated.insert(key, now + duration);
        self.due = Some(now);
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.told.remove(&key);
        self.simulated.remove(&key);
    }

    fn level(&mut self, now: Instant, key: Key, participant: &Participant) -> Option<f32> {
        const SIMULATED: f32 = 0.9;
        match self.simulated.get(&key) {
            Some(until) if now < *until => return Some(SIMULATED),
            Some(_) => drop(self.simulated.remove(&key)),
            None => {}
        }
        let levels = participant.publications.iter().filter_map(|publication| publication.level.active(now));
        levels.max_by(f32::total_cmp)
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
        if self.speakers.due.is_none_or(|due| now < due) {
            return;
        }
        let mut levels = BTreeMap::new();
        for (key, participant) in self.participants.iter().filter(|(_, participant)| !participant.grants.hidden) {
            levels.extend(self.speakers.level(now, *key, participant).map(|level| (*key, level)));
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
            self.broadcast(None, &Message::SpeakersChanged(proto::SpeakersChanged { speakers }));
        }
    }
}
