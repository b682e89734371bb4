//! What the model's key-value cache holds for which conversation: bookkeeping alone, the engine moves the data.
//!
//! A conversation has a slot (a llama.cpp sequence). Its next prompt mostly begins with what the slot holds already, so
//! only the rest is computed. A new conversation starts from the slot that shares the longest beginning with it: the
//! agent's instructions and script, as a rule. What two conversations have in common is kept in a slot of its own, which
//! outlives both, so that it is computed once for all calls. Tokens are compared, so nothing is shared that is not the
//! same in both.
//!
//! A slot that is being computed in is held: nobody else gets it, and there is always room for what its holder may still
//! need.

use super::cells::{Cell, Cells};

/// Common beginnings that are kept.
const BEGINNINGS: usize = 4;
/// A shorter one is computed as fast as it is looked after.
const SHORTEST_BEGINNING: usize = 16;

/// How many tokens two sequences have in common at their beginnings.
pub(super) fn common_prefix<T: PartialEq>(left: &[T], right: &[T]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

/// One sequence's place.
#[derive(Debug)]
struct Slot<T> {
    owner: Option<u64>,
    /// The tokens whose keys and values are in the cache, position by position.
    tokens: Vec<T>,
    /// Where they are.
    cells: Vec<Cell>,
    /// How many of the conversation's turns were left out last time, so that the next prompt begins at the same one.
    dropped_turns: usize,
    last_used: u64,
    /// Somebody computes in it, and may go on until it has so many tokens.
    held_until: Option<usize>,
}

/// What is to be computed in a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand<'t, T> {
    pub(super) conversation: u64,
    /// All tokens that are known.
    pub(super) tokens: &'t [T],
    /// So many it may become.
    pub(super) until: usize,
    /// How many of the conversation's turns are left out of it.
    pub(super) dropped_turns: usize,
}

/// What the engine must do before a prompt can be computed in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The slot, and the sequence's number.
    pub(super) slot: usize,
    /// So many of the prompt's first tokens are there; everything behind them must go.
    pub(super) kept: usize,
    /// They are another slot's, and must be copied first, over whatever this slot held.
    pub(super) copied_from: Option<usize>,
    /// And to this slot, too: they are kept for others.
    pub(super) kept_in: Option<usize>,
}

/// All the slots. Those of beginnings come first.
#[derive(Debug)]
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    cells: Cells,
    clock: u64,
    /// Whether a part of a sequence can be taken over at all.
    can_share: bool,
}

impl<T: Copy + PartialEq> Slots<T> {
    /// So many slots there are for so many conversations.
    pub(super) const fn count(conversations: usize) -> usize {
        BEGINNINGS + conversations
    }

    /// Empty slots for `conversations`, and room for `capacity` tokens in all of them together.
    pub(super) fn new(conversations: usize, capacity: u32, can_share: bool) -> Self {
        let slot = || Slot {
            owner: None,
            tokens: Vec::new(),
            cells: Vec::new(),
            dropped_turns: 0,
            last_used: 0,
            held_until: None,
        };
        let slots = (0..Self::count(conversations)).map(|_| slot()).collect();
        Self { slots, cells: Cells::new(capacity), clock: 0, can_share }
    }

    /// A slot for `demand`, held until it is released: the conversation's own, or else the one unused for longest. It
    /// then holds what was kept. At least the last token is never kept: computing it is what gives the next one.
    ///
    /// `None` when those who hold slots leave none, or not enough room.
    pub(super) fn claim(&mut self, demand: Demand<'_, T>) -> Option<Claim> {
        let slot = self.slot_for(&demand)?;
        let reusable = &demand.tokens[..demand.tokens.len().saturating_sub(1)];
        let in_place = common_prefix(&self.slots[slot].tokens, reusable);
        let elsewhere = self.longest_beginning(reusable, slot).filter(|(kept, _)| *kept > in_place);
        let (kept, source) = elsewhere.unwrap_or((in_place, slot));
        if !self.has_room_for(&demand, &self.slots[source].cells[..kept]) {
            return None;
        }
        let copied_from = (source != slot).then_some(source);
        let kept_in = copied_from.and_then(|source| self.keep_beginning(demand.conversation, source, kept));
        if let Some(source) = copied_from {
            self.copy(source, slot, kept);
        } else {
            self.truncate(slot, kept);
        }
        let used = self.tick();
        if let Some(source) = copied_from {
            self.slots[source].last_used = used;
        }
        let claimed = &mut self.slots[slot];
        (claimed.last_used, claimed.owner) = (used, Some(demand.conversation));
        (claimed.dropped_turns, claimed.held_until) = (demand.dropped_turns, Some(demand.until));
        Some(Claim { slot, kept, copied_from, kept_in })
    }

    /// How many of `tokens` would not have to be computed if they were asked for now.
    pub(super) fn known(&self, tokens: &[T]) -> usize {
        self.longest_beginning(tokens, usize::MAX).map_or(0, |(kept, _)| kept)
    }

    /// Nobody computes in the slot any more; what it holds stays for the conversation's next prompt.
    pub(super) fn release(&mut self, slot: usize) {
        self.slots[slot].held_until = None;
    }

    /// How many turns `conversation` left out last time.
    pub(super) fn dropped_turns(&self, conversation: u64) -> usize {
        let own = self.slots.iter().filter(|slot| slot.owner == Some(conversation));
        own.max_by_key(|slot| slot.last_used).map_or(0, |slot| slot.dropped_turns)
    }

    /// How many tokens a slot holds.
    pub(super) fn len(&self, slot: usize) -> usize {
        self.slots[slot].tokens.len()
    }

    /// Makes room for `tokens` more: gives a slot that was emptied for that, the one unused for longest that nobody
    /// holds, until there is room.
    pub(super) fn evict_for(&mut self, tokens: usize) -> Option<usize> {
        if self.cells.free() >= tokens { None } else { self.evict() }
    }

    /// Empties the slot with anything in it that nobody holds and that was unused for longest.
    pub(super) fn evict(&mut self) -> Option<usize> {
        let idle = |slot: &usize| self.slots[*slot].held_until.is_none() && !self.slots[*slot].tokens.is_empty();
        let slot = (0..self.slots.len()).filter(idle).min_by_key(|slot| self.slots[*slot].last_used)?;
        self.empty(slot);
        Some(slot)
    }

    /// `tokens` have been computed at the slot's end.
    pub(super) fn append(&mut self, slot: usize, tokens: &[T]) {
        let slot = &mut self.slots[slot];
        // There is always a place: whoever computes has made room before.
        let cells = (0..tokens.len()).map_while(|_| self.cells.take());
        slot.cells.extend(cells);
        slot.tokens.extend_from_slice(&tokens[..slot.cells.len() - slot.tokens.len()]);
    }

    /// Forgets what a slot holds behind its first `kept` tokens.
    pub(super) fn truncate(&mut self, slot: usize, kept: usize) {
        let slot = &mut self.slots[slot];
        slot.tokens.truncate(kept);
        self.cells.give_back(slot.cells.drain(kept.min(slot.cells.len())..));
    }

    /// Forgets what a slot holds, and whose it was.
    pub(super) fn empty(&mut self, slot: usize) {
        self.truncate(slot, 0);
        (self.slots[slot].owner, self.slots[slot].dropped_turns) = (None, 0);
    }

    /// Forgets everything; nobody holds anything.
    pub(super) fn clear(&mut self) {
        for slot in 0..self.slots.len() {
            self.empty(slot);
            self.release(slot);
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The conversation's own slot that suits best, or the one unused for longest; none that is held.
    fn slot_for(&self, demand: &Demand<'_, T>) -> Option<usize> {
        let idle = (BEGINNINGS..self.slots.len()).filter(|slot| self.slots[*slot].held_until.is_none());
        let own = idle.clone().filter(|slot| self.slots[*slot].owner == Some(demand.conversation));
        let suits = |slot: &usize| common_prefix(&self.slots[*slot].tokens, demand.tokens);
        let by_age = |slot: &usize| (self.slots[*slot].owner.is_some(), self.slots[*slot].last_used);
        own.max_by_key(suits).or_else(|| idle.min_by_key(by_age))
    }

    /// The slot but for `except` that shares the longest beginning with `tokens`, and how long it is. Of equals, one
    /// that is kept for this.
    fn longest_beginning(&self, tokens: &[T], except: usize) -> Option<(usize, usize)> {
        let others = (0..self.slots.len()).filter(|slot| self.can_share && *slot != except);
        let shared = others.map(|slot| (common_prefix(&self.slots[slot].tokens, tokens), slot));
        shared.max_by_key(|(kept, slot)| (*kept, *slot < BEGINNINGS))
    }

    /// Whether everything that is held, and may yet be computed by those who hold it, leaves room for `demand`, which
    /// starts from `kept`.
    fn has_room_for(&self, demand: &Demand<'_, T>, kept: &[Cell]) -> bool {
        let held = || self.slots.iter().filter_map(|slot| slot.held_until.map(|until| (slot, until)));
        let taken = self.cells.distinct(held().flat_map(|(slot, _)| &slot.cells).chain(kept));
        let to_come: usize = held().map(|(slot, until)| until.saturating_sub(slot.cells.len())).sum();
        taken + to_come + demand.until.saturating_sub(kept.len()) <= self.cells.count()
    }

    /// What another conversation's slot has in common with this one's prompt is kept for all: gives the slot for it.
    fn keep_beginning(&mut self, conversation: u64, source: usize, length: usize) -> Option<usize> {
        let owner = self.slots[source].owner;
        if length < SHORTEST_BEGINNING || source < BEGINNINGS || owner == Some(conversation) {
            return None;
        }
        let slot = (0..BEGINNINGS).min_by_key(|slot| self.slots[*slot].last_used)?;
        self.copy(source, slot, length);
        self.slots[slot].last_used = self.tick();
        Some(slot)
    }

    /// Lets a slot hold the first `length` tokens of another, and nothing else.
    fn copy(&mut self, from: usize, to: usize, length: usize) {
        self.truncate(to, 0);
        let (tokens, cells) = (self.slots[from].tokens[..length].to_vec(), self.slots[from].cells[..length].to_vec());
        self.cells.share(&cells);
        (self.slots[to].tokens, self.slots[to].cells) = (tokens, cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first slot of a conversation.
    const FIRST: usize = BEGINNINGS;

    /// Claims a slot for the prompt, and pretends to compute the rest of it and to answer nothing.
    fn turn(slots: &mut Slots<u8>, conversation: u64, prompt: &[u8]) -> Option<Claim> {
        let claim = held(slots, conversation, prompt)?;
        slots.release(claim.slot);
        Some(claim)
    }

    /// The same without an end.
    fn held(slots: &mut Slots<u8>, conversation: u64, prompt: &[u8]) -> Option<Claim> {
        let demand = Demand { conversation, tokens: prompt, until: prompt.len(), dropped_turns: 0 };
        let claim = slots.claim(demand)?;
        while slots.evict_for(prompt.len() - claim.kept).is_some() {}
        slots.append(claim.slot, &prompt[claim.kept..]);
        assert_eq!(slots.len(claim.slot), prompt.len());
        Some(claim)
    }

    fn claim(slot: usize, kept: usize, copied_from: Option<usize>, kept_in: Option<usize>) -> Option<Claim> {
        Some(Claim { slot, kept, copied_from, kept_in })
    }

    #[test]
    fn a_conversation_goes_on_where_it_was() {
        let mut slots = Slots::new(2, 100, true);
        assert_eq!(turn(&mut slots, 7, b"system hello"), claim(FIRST, 0, None, None));
        assert_eq!(turn(&mut slots, 7, b"system hello more"), claim(FIRST, 12, None, None));
        assert_eq!(turn(&mut slots, 7, b"system other"), claim(FIRST, 7, None, None), "the history was changed");
        assert_eq!(turn(&mut slots, 7, b"system other"), claim(FIRST, 11, None, None), "the last is always computed");
        assert_eq!((slots.known(b"system none"), slots.known(b"other")), (7, 0));
    }

    #[test]
    fn a_new_conversation_starts_from_the_longest_common_beginning() {
        let mut slots = Slots::new(3, 100, true);
        turn(&mut slots, 1, b"system A hello");
        turn(&mut slots, 2, b"system B hello");
        assert_eq!(turn(&mut slots, 3, b"system B bye"), claim(FIRST + 2, 9, Some(FIRST + 1), None));
        assert_eq!(
            turn(&mut slots, 1, b"system B bye!"),
            claim(FIRST, 12, Some(FIRST + 2), None),
            "another's is better than one's own"
        );
    }

    #[test]
    fn what_two_have_in_common_outlives_both() {
        let mut slots = Slots::new(2, 100, true);
        turn(&mut slots, 1, b"the instructions: hello");
        assert_eq!(turn(&mut slots, 2, b"the instructions: bye"), claim(FIRST + 1, 18, Some(FIRST), Some(0)));
        turn(&mut slots, 3, b"something else");
        turn(&mut slots, 4, b"and yet another thing");
        assert_eq!(turn(&mut slots, 5, b"the instructions: yes"), claim(FIRST, 18, Some(0), None));
        let free = slots.cells.free();
        turn(&mut slots, 4, b"the instructions: no!");
        assert_eq!(slots.cells.free() - free, 18, "it takes its place once");
    }

    #[test]
    fn models_that_cannot_share_do_not() {
        let mut slots = Slots::new(2, 100, false);
        turn(&mut slots, 1, b"system hello");
        assert_eq!(turn(&mut slots, 2, b"system hello"), claim(FIRST + 1, 0, None, None));
    }

    #[test]
    fn the_conversation_unused_for_longest_makes_room() {
        let mut slots = Slots::new(2, 100, true);
        turn(&mut slots, 1, b"one");
        turn(&mut slots, 2, b"two");
        turn(&mut slots, 1, b"one more");
        assert_eq!(turn(&mut slots, 3, b"three").map(|claim| claim.slot), Some(FIRST + 1));
        assert_eq!((slots.evict(), slots.evict(), slots.evict()), (Some(FIRST), Some(FIRST + 1), None));
        assert_eq!(turn(&mut slots, 1, b"one").map(|claim| claim.kept), Some(0), "what was evicted is gone");
        assert_eq!(slots.evict_for(97), None, "there is room");
        assert_eq!(slots.evict_for(98), Some(FIRST));
    }

    #[test]
    fn what_is_held_is_left_alone() {
        let mut slots = Slots::new(2, 40, true);
        let first = held(&mut slots, 1, b"a conversation").unwrap();
        assert_eq!(held(&mut slots, 1, b"a conversation").map(|claim| claim.slot), Some(FIRST + 1), "its own is held");
        assert_eq!(held(&mut slots, 2, b"another"), None, "no slot is left");
        slots.release(first.slot);
        assert_eq!(turn(&mut slots, 2, b"another").map(|claim| claim.slot), Some(FIRST));
        assert_eq!(slots.evict(), Some(FIRST), "the other is still held");
        assert_eq!(slots.evict(), None);
    }

    #[test]
    fn nobody_starts_what_may_find_no_room() {
        let mut slots = Slots::new(3, 40, true);
        let until =
            |conversation, tokens: &'static [u8], until| Demand { conversation, tokens, until, dropped_turns: 0 };
        let first = slots.claim(until(1, b"ten tokens", 25)).unwrap();
        slots.append(first.slot, b"ten tokens");
        assert_eq!(slots.claim(until(2, b"other words", 16)), None, "the first may yet need 25 of the 40");
        let second = slots.claim(until(2, b"ten tokens!", 25)).unwrap();
        assert_eq!((second.kept, second.copied_from), (10, Some(first.slot)), "what is shared is counted once");
        slots.release(first.slot);
        slots.release(second.slot);
        assert!(slots.claim(until(3, b"other words", 40)).is_some(), "idle slots make room");
    }

    #[test]
    fn left_out_turns_are_remembered_by_conversation() {
        let mut slots = Slots::new(1, 100, true);
        let first = slots.claim(Demand { conversation: 1, tokens: b"one", until: 3, dropped_turns: 4 }).unwrap();
        slots.release(first.slot);
        assert_eq!((slots.dropped_turns(1), slots.dropped_turns(2)), (4, 0));
        turn(&mut slots, 2, b"two");
        assert_eq!((slots.dropped_turns(1), slots.dropped_turns(2)), (0, 0));
    }
}
