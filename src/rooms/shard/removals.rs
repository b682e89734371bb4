//! Who was removed from rooms that are closed by now: a room's end must not let them in again.

use std::collections::HashMap;

use crate::{
    domain::RoomName,
    rooms::{Claims, room::Removed},
};

/// Closed rooms that are remembered. Of more than these the one whose last removal is oldest is forgotten.
const MOST_ROOMS: usize = 1_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Removals(HashMap<RoomName, Removed>);

impl Removals {
    /// A room has closed.
    pub(super) fn keep(&mut self, room: RoomName, removed: Removed) {
        if removed.latest().is_none() {
            return;
        }
        self.0.insert(room, removed);
        if self.0.len() > MOST_ROOMS
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, removed)| removed.latest()).map(|(room, _)| room.clone())
        {
            self.0.remove(&oldest);
        }
    }

    /// Whether somebody was removed from a room that is closed by now.
    pub(super) fn refuses(&self, claims: &Claims) -> bool {
        self.0.get(&claims.room).is_some_and(|removed| removed.refuses(claims))
    }

    /// A room of that name opens.
    pub(super) fn take(&mut self, room: &RoomName) -> Removed {
        self.0.remove(room).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn removed(second: u64) -> Removed {
        let mut removed = Removed::default();
        removed.add("somebody".parse().unwrap(), UNIX_EPOCH + Duration::from_secs(second), 10);
        removed
    }

    #[test]
    fn rooms_that_nobody_was_removed_from_need_no_memory() {
        let mut removals = Removals::default();
        removals.keep("a".parse().unwrap(), Removed::default());
        assert!(removals.0.is_empty());
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut removals = Removals::default();
        for second in 0..=MOST_ROOMS as u64 {
            removals.keep(format!("room {second}").parse().unwrap(), removed(second + 1));
        }
        assert_eq!(removals.0.len(), MOST_ROOMS);
        assert_eq!(removals.take(&"room 0".parse().unwrap()).latest(), None);
        assert_eq!(removals.take(&"room 1".parse().unwrap()).latest(), Some(2));
    }
}
