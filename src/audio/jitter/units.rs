//! Packets that wait for their time, in order.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// So many wait at most: 2.5 s of 20 ms each, more than any delay needs.
const MOST: usize = 128;

/// One packet's worth of Opus.
#[derive(Debug)]
pub(super) struct Unit {
    /// The RTP payload that holds it …
    pub(super) payload: Arc<[u8]>,
    /// … and where.
    pub(super) range: Range<usize>,
    pub(super) seq: u64,
    /// How long it plays.
    pub(super) samples: usize,
    /// A copy, as far as is known not as good as the packet itself.
    pub(super) is_redundant: bool,
}

impl Unit {
    pub(super) fn block(&self) -> &[u8] {
        &self.payload[self.range.clone()]
    }

    /// Whether the sender only says that it is silent (DTX, RFC 7587): such packets have no more than two bytes.
    pub(super) fn is_silence(&self) -> bool {
        self.range.len() <= 2
    }
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    Kept,
    Known,
    Full,
}

/// The units by their RTP time.
#[derive(Debug)]
pub(super) struct Units {
    by_time: BTreeMap<u64, Unit>,
}

impl Units {
    pub(super) const fn new() -> Self {
        Self { by_time: BTreeMap::new() }
    }

    pub(super) fn clear(&mut self) {
        self.by_time.clear();
    }

    /// Keeps a unit. A packet takes the place of its copy; when there are too many, the ones farthest ahead go.
    pub(super) fn add(&mut self, time: u64, unit: Unit) -> Added {
        if let Some(known) = self.by_time.get_mut(&time) {
            if !known.is_redundant || unit.is_redundant {
                return Added::Known;
            }
            *known = unit;
            return Added::Kept;
        }
        if self.by_time.len() >= MOST {
            if self.by_time.last_key_value().is_some_and(|(last, _)| *last < time) {
                return Added::Full;
            }
            self.by_time.pop_last();
        }
        self.by_time.insert(time, unit);
        Added::Kept
    }

    pub(super) fn first(&self) -> Option<(u64, &Unit)> {
        self.by_time.first_key_value().map(|(time, unit)| (*time, unit))
    }

    /// Where the last one ends.
    pub(super) fn end(&self) -> Option<u64> {
        self.by_time.last_key_value().map(|(time, unit)| time.wrapping_add(unit.samples as u64))
    }

    pub(super) fn take_first(&mut self) -> Option<(u64, Unit)> {
        self.by_time.pop_first()
    }

    pub(super) fn drop_first(&mut self) {
        self.by_time.pop_first();
    }
}
