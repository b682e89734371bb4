//! Who gets the cores: the decisions alone, without threads or locks.

use std::num::NonZeroUsize;

/// How urgent a piece of work is; later variants go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A recording to transcribe, a model to warm: whenever there is time.
    Batch,
    /// Work that may turn out to be for nothing: a transcript before the turn is over.
    Speculation,
    /// Words of an answer: needed soon, ahead of the voice that says them.
    Reply,
    /// A person waits for exactly this: the final transcript, the next clause's sound.
    Speech,
}

impl Priority {
    /// All of them, the least urgent first.
    pub(super) const ALL: [Self; 4] = [Self::Batch, Self::Speculation, Self::Reply, Self::Speech];
}

/// How many cores a piece of work can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// It cannot run on fewer.
    pub min: NonZeroUsize,
    /// More would not help.
    pub max: NonZeroUsize,
}

impl Width {
    /// Exactly one core.
    pub const ONE: Self = Self { min: NonZeroUsize::MIN, max: NonZeroUsize::MIN };

    /// Any number of cores up to `max`.
    pub const fn up_to(max: NonZeroUsize) -> Self {
        Self { min: NonZeroUsize::MIN, max }
    }

    /// Exactly `count` cores.
    pub const fn exactly(count: NonZeroUsize) -> Self {
        Self { min: count, max: count }
    }
}

/// One piece of work's place in the queue. Kept when work steps aside, so that it does not lose its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    number: u64,
    priority: Priority,
    width: Width,
}

impl Ticket {
    pub(super) fn priority(self) -> Priority {
        self.priority
    }
}

/// The cores and those who wait for them. Grants never exceed the cores, and a wide piece of work at the head of the
/// queue is never overtaken by narrower ones behind it.
#[derive(Debug)]
pub(super) struct Cores {
    total: NonZeroUsize,
    free: usize,
    next_number: u64,
    waiting: Vec<Ticket>,
}

impl Cores {
    pub(super) fn new(total: NonZeroUsize) -> Self {
        Self { total, free: total.get(), next_number: 0, waiting: Vec::new() }
    }

    /// Joins the queue. A width beyond the machine is cut to the machine.
    pub(super) fn request(&mut self, priority: Priority, width: Width) -> Ticket {
        let width = Width { min: width.min.min(self.total), max: width.max.min(self.total) };
        let ticket = Ticket { number: self.next_number, priority, width };
        self.next_number += 1;
        self.waiting.push(ticket);
        ticket
    }

    /// Work that waits has become more or less urgent.
    pub(super) fn reconsider(&mut self, ticket: &mut Ticket, priority: Priority) {
        ticket.priority = priority;
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.number == ticket.number) {
            waiting.priority = priority;
        }
    }

    /// Takes `granted` cores back, and puts their holder in the queue again at its old place.
    pub(super) fn step_aside(&mut self, ticket: Ticket, granted: usize) {
        self.release(granted);
        self.waiting.push(ticket);
    }

    /// Takes `granted` cores back.
    pub(super) fn release(&mut self, granted: usize) {
        self.free += granted;
        debug_assert!(self.free <= self.total.get(), "more cores came back than were lent");
    }

    /// The cores that `ticket` may have now, taken; `None` while it must wait.
    pub(super) fn try_grant(&mut self, ticket: Ticket) -> Option<usize> {
        let head = self.head()?;
        if head.number != ticket.number || self.free < ticket.width.min.get() {
            return None;
        }
        self.waiting.retain(|other| other.number != ticket.number);
        // Leave a core each to those of the same urgency that wait as well.
        let equals = self.waiting.iter().filter(|other| other.priority >= ticket.priority).count();
        let share = self.free.saturating_sub(equals).max(ticket.width.min.get());
        let granted = share.min(ticket.width.max.get());
        self.free -= granted;
        Some(granted)
    }

    /// Whether work of `priority` should step aside for something more urgent.
    pub(super) fn should_step_aside(&self, priority: Priority) -> bool {
        self.waiting.iter().any(|other| other.priority > priority)
    }

    fn head(&self) -> Option<Ticket> {
        self.waiting.iter().copied().max_by_key(|ticket| (ticket.priority, std::cmp::Reverse(ticket.number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores(count: usize) -> Cores {
        Cores::new(NonZeroUsize::new(count).unwrap())
    }

    fn up_to(count: usize) -> Width {
        Width::up_to(NonZeroUsize::new(count).unwrap())
    }

    #[test]
    fn the_more_urgent_goes_first_then_the_earlier() {
        let mut cores = cores(1);
        let batch = cores.request(Priority::Batch, Width::ONE);
        let early = cores.request(Priority::Speech, Width::ONE);
        let late = cores.request(Priority::Speech, Width::ONE);
        assert_eq!((cores.try_grant(batch), cores.try_grant(late)), (None, None));
        assert_eq!(cores.try_grant(early), Some(1));
        assert_eq!(cores.try_grant(late), None);
        cores.release(1);
        assert_eq!(cores.try_grant(batch), None);
        assert_eq!(cores.try_grant(late), Some(1));
    }

    #[test]
    fn a_lone_job_gets_all_it_can_use_and_equals_share() {
        let mut cores = cores(8);
        let first = cores.request(Priority::Reply, up_to(4));
        assert_eq!(cores.try_grant(first), Some(4));
        let second = cores.request(Priority::Reply, up_to(8));
        let third = cores.request(Priority::Reply, up_to(8));
        assert_eq!(cores.try_grant(second), Some(3));
        assert_eq!(cores.try_grant(third), Some(1));
    }

    #[test]
    fn a_wide_job_is_not_starved_by_narrow_ones_behind_it() {
        let mut cores = cores(2);
        let narrow = cores.request(Priority::Reply, Width::ONE);
        assert_eq!(cores.try_grant(narrow), Some(1));
        let wide = cores.request(Priority::Reply, Width::exactly(NonZeroUsize::new(2).unwrap()));
        let behind = cores.request(Priority::Reply, Width::ONE);
        assert_eq!((cores.try_grant(wide), cores.try_grant(behind)), (None, None));
        cores.release(1);
        assert_eq!(cores.try_grant(wide), Some(2));
    }

    #[test]
    fn stepping_aside_keeps_the_place() {
        let mut cores = cores(2);
        let batch = cores.request(Priority::Batch, up_to(2));
        let granted = cores.try_grant(batch).unwrap();
        assert!(!cores.should_step_aside(Priority::Batch));
        let other_batch = cores.request(Priority::Batch, up_to(2));
        assert!(!cores.should_step_aside(Priority::Batch), "an equal does not displace");
        let speech = cores.request(Priority::Speech, up_to(2));
        assert!(cores.should_step_aside(Priority::Batch));
        cores.step_aside(batch, granted);
        assert_eq!(cores.try_grant(batch), None);
        assert_eq!(cores.try_grant(speech), Some(2));
        cores.release(2);
        assert_eq!(cores.try_grant(other_batch), None);
        assert!(cores.try_grant(batch).is_some());
    }

    #[test]
    fn what_has_become_more_urgent_goes_first() {
        let mut cores = cores(1);
        let mut guess = cores.request(Priority::Speculation, Width::ONE);
        let reply = cores.request(Priority::Reply, Width::ONE);
        cores.reconsider(&mut guess, Priority::Speech);
        assert_eq!((cores.try_grant(reply), cores.try_grant(guess)), (None, Some(1)));
    }

    #[test]
    fn a_width_beyond_the_machine_is_cut_to_it() {
        let mut cores = cores(1);
        let wide = cores.request(Priority::Speech, Width::exactly(NonZeroUsize::new(16).unwrap()));
        assert_eq!(cores.try_grant(wide), Some(1));
    }
}
