//! What the model's key-value cache holds for which conversation: bookkeeping alone, the engine moves the data.
//!
//! A conversation has a slot (a llama.cpp sequence). Its next prompt mostly begins with what the slot holds already, so
//! only the rest is computed. A new conversation starts from the slot that shares the longest beginning with it: the
//! agent's instructions, as a rule. Tokens are compared, so nothing is shared that is not the same in both.

/// How many tokens two sequences have in common at their beginnings.
fn common_prefix<T: PartialEq>(left: &[T], right: &[T]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

/// One conversation's place.
#[derive(Debug)]
pub(super) struct Slot<T> {
    owner: Option<u64>,
    /// The tokens whose keys and values are in the cache, position by position.
    pub(super) tokens: Vec<T>,
    /// How many of the conversation's turns were left out last time, so that the next prompt begins at the same one.
    pub(super) dropped_turns: usize,
    last_used: u64,
}

/// What the engine must do before a prompt can be computed in a slot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The slot, and the sequence's number.
    pub(super) slot: usize,
    /// So many of the prompt's first tokens are there; everything behind them must go.
    pub(super) kept: usize,
    /// They are another slot's, and must be copied first, over whatever this slot held.
    pub(super) copied_from: Option<usize>,
}

/// All the slots.
#[derive(Debug)]
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    clock: u64,
}

impl<T: Copy + PartialEq> Slots<T> {
    /// `count` empty slots.
    pub(super) fn new(count: usize) -> Self {
        let slot = || Slot { owner: None, tokens: Vec::new(), dropped_turns: 0, last_used: 0 };
        Self { slots: (0..count.max(1)).map(|_| slot()).collect(), clock: 0 }
    }

    /// The slot for `conversation`'s next `prompt`: its own, or else the one unused for longest. The slot then holds
    /// what was kept. At least the prompt's last token is never kept: computing it is what gives the next one.
    pub(super) fn claim(&mut self, conversation: u64, prompt: &[T], can_share: bool) -> Claim {
        let reusable = &prompt[..prompt.len().saturating_sub(1)];
        let own = self.find(conversation);
        let slot = own.unwrap_or_else(|| self.least_recently_used());
        let in_place = common_prefix(&self.slots[slot].tokens, reusable);
        let elsewhere = (0..self.slots.len())
            .filter(|other| can_share && *other != slot)
            .map(|other| (common_prefix(&self.slots[other].tokens, reusable), other))
            .max()
            .filter(|(kept, _)| *kept > in_place);
        let (kept, copied_from) = elsewhere.map_or((in_place, None), |(kept, other)| (kept, Some(other)));
        self.clock += 1;
        let claimed = &mut self.slots[slot];
        claimed.last_used = self.clock;
        claimed.owner = Some(conversation);
        if own.is_none() {
            claimed.dropped_turns = 0;
        }
        claimed.tokens.clear();
        claimed.tokens.extend_from_slice(&prompt[..kept]);
        Claim { slot, kept, copied_from }
    }

    /// How many turns `conversation` left out last time.
    pub(super) fn dropped_turns(&self, conversation: u64) -> usize {
        self.find(conversation).map_or(0, |slot| self.slots[slot].dropped_turns)
    }

    /// A slot's contents.
    pub(super) fn slot_mut(&mut self, slot: usize) -> &mut Slot<T> {
        &mut self.slots[slot]
    }

    /// Empties the slot with anything in it that was unused for longest, `except` aside; `None` when there is none.
    pub(super) fn evict(&mut self, except: usize) -> Option<usize> {
        let slot = (0..self.slots.len())
            .filter(|slot| *slot != except && !self.slots[*slot].tokens.is_empty())
            .min_by_key(|slot| self.slots[*slot].last_used)?;
        self.empty(slot);
        Some(slot)
    }

    /// Forgets what a slot holds.
    pub(super) fn empty(&mut self, slot: usize) {
        let slot = &mut self.slots[slot];
        (slot.owner, slot.dropped_turns) = (None, 0);
        slot.tokens.clear();
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        (0..self.slots.len()).for_each(|slot| self.empty(slot));
    }

    fn find(&self, conversation: u64) -> Option<usize> {
        self.slots.iter().position(|slot| slot.owner == Some(conversation))
    }

    fn least_recently_used(&self) -> usize {
        let by_age = |slot: &usize| (self.slots[*slot].owner.is_some(), self.slots[*slot].last_used);
        (0..self.slots.len()).min_by_key(by_age).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Claims a slot for the prompt and pretends to compute the rest of it.
    fn turn(slots: &mut Slots<u8>, conversation: u64, prompt: &[u8]) -> Claim {
        let claim = slots.claim(conversation, prompt, true);
        let rest = &prompt[claim.kept..];
        slots.slot_mut(claim.slot).tokens.extend_from_slice(rest);
        claim
    }

    fn claim(slot: usize, kept: usize, copied_from: Option<usize>) -> Claim {
        Claim { slot, kept, copied_from }
    }

    #[test]
    fn a_conversation_goes_on_where_it_was() {
        let mut slots = Slots::new(2);
        assert_eq!(turn(&mut slots, 7, b"system hello"), claim(0, 0, None));
        assert_eq!(turn(&mut slots, 7, b"system hello more"), claim(0, 12, None));
        assert_eq!(turn(&mut slots, 7, b"system other"), claim(0, 7, None), "the history was changed");
        assert_eq!(turn(&mut slots, 7, b"system other"), claim(0, 11, None), "the last token is always computed");
    }

    #[test]
    fn a_new_conversation_starts_from_the_longest_common_beginning() {
        let mut slots = Slots::new(3);
        turn(&mut slots, 1, b"system A hello");
        turn(&mut slots, 2, b"system B hello");
        assert_eq!(turn(&mut slots, 3, b"system B bye"), claim(2, 9, Some(1)));
        assert_eq!(turn(&mut slots, 1, b"system B bye!"), claim(0, 12, Some(2)), "another's is better than one's own");
    }

    #[test]
    fn models_that_cannot_share_do_not() {
        let mut slots = Slots::new(2);
        turn(&mut slots, 1, b"system hello");
        assert_eq!(slots.claim(2, b"system hello", false), claim(1, 0, None));
    }

    #[test]
    fn the_conversation_unused_for_longest_makes_room() {
        let mut slots = Slots::new(2);
        turn(&mut slots, 1, b"one");
        turn(&mut slots, 2, b"two");
        turn(&mut slots, 1, b"one more");
        assert_eq!(turn(&mut slots, 3, b"three").slot, 1);
        assert_eq!(slots.evict(1), Some(0));
        assert_eq!(slots.evict(1), None, "only the excepted one is left");
        assert_eq!(turn(&mut slots, 1, b"one").kept, 0, "what was evicted is gone");
    }

    #[test]
    fn left_out_turns_are_remembered_by_conversation() {
        let mut slots = Slots::new(1);
        let first = turn(&mut slots, 1, b"one");
        slots.slot_mut(first.slot).dropped_turns = 4;
        assert_eq!((slots.dropped_turns(1), slots.dropped_turns(2)), (4, 0));
        turn(&mut slots, 2, b"two");
        assert_eq!((slots.dropped_turns(1), slots.dropped_turns(2)), (0, 0));
    }
}
