//! Who computes in the next step: decisions alone.
//!
//! All answers share each step. The more urgent go first and alone: a guess or a recording's summary has time while
//! nobody waits for a reply. Among equals, those that are being said get their next token, and what is left of the step
//! goes to the prompts, in the order in which they came: each token of a prompt delays the others by about 2 ms, which
//! speech, at some four tokens a second, does not notice, and the first words of who waits do.

use std::cmp::Reverse;

use super::cache::common_prefix;
use crate::speech::Priority;

/// Whoever waits for another to compute what both begin with saves at least so many tokens.
const WORTH_WAITING: usize = 16;

/// What is to be known of somebody's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) priority: Priority,
    /// When it came: the lower, the earlier.
    pub(super) order: u64,
    /// Tokens to compute before it goes on; 0 when it waits for something else, a slow reader perhaps.
    pub(super) pending: usize,
    /// It has a place in the cache.
    pub(super) is_seated: bool,
}

impl Work {
    /// The most urgent first, then the earliest.
    fn rank(&self) -> (Reverse<Priority>, u64) {
        (Reverse(self.priority), self.order)
    }
}

/// How many of somebody's pending tokens are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Whose, by its place in the list.
    pub(super) work: usize,
    pub(super) tokens: usize,
}

/// The next step, of at most `budget` tokens; nothing when nobody who has a place can go on.
pub(super) fn step(works: &[Work], mut budget: usize) -> Vec<Share> {
    let ready = |work: &Work| work.is_seated && work.pending > 0;
    let Some(priority) = works.iter().filter(|work| ready(work)).map(|work| work.priority).max() else {
        return Vec::new();
    };
    let mut next: Vec<usize> =
        (0..works.len()).filter(|at| ready(&works[*at]) && works[*at].priority == priority).collect();
    next.sort_by_key(|at| (works[*at].pending > 1, works[*at].order));
    let mut shares = Vec::new();
    for work in next {
        let tokens = works[work].pending.min(budget);
        if tokens == 0 {
            break;
        }
        budget -= tokens;
        shares.push(Share { work, tokens });
    }
    shares
}

/// Who gets a place in the cache next: those without one, in their order.
pub(super) fn queue(works: &[Work]) -> Vec<usize> {
    let mut queue: Vec<usize> = (0..works.len()).filter(|at| !works[*at].is_seated && works[*at].pending > 0).collect();
    queue.sort_by_key(|at| works[*at].rank());
    queue
}

/// Who gives up their place for `newcomer`: the last among those who are less urgent.
pub(super) fn gives_way_to(works: &[Work], newcomer: usize) -> Option<usize> {
    let others = (0..works.len()).filter(|at| works[*at].is_seated && works[*at].priority < works[newcomer].priority);
    others.max_by_key(|at| works[*at].rank())
}

/// Whether somebody who is as urgent is computing so much of what `newcomer` begins with that it should wait for that.
/// `known` of its tokens are in the cache already.
pub(super) fn waits_for_another<'t, T: PartialEq + 't>(
    works: &[Work],
    newcomer: usize,
    known: usize,
    tokens_of: impl Fn(usize) -> &'t [T],
) -> bool {
    let reusable = tokens_of(newcomer).split_last().map_or(&[][..], |(_, rest)| rest);
    (0..works.len())
        .filter(|at| works[*at].is_seated && works[*at].pending > 1 && works[*at].priority >= works[newcomer].priority)
        .any(|at| common_prefix(tokens_of(at), reusable) >= known + WORTH_WAITING)
}

#[cfg(test)]
mod tests {
    use super::*;

    use Priority::{Batch, Reply, Speculation};

    /// Seated work in the order in which it came.
    fn works<const N: usize>(list: [(Priority, usize); N]) -> Vec<Work> {
        let work = |(order, (priority, pending))| Work { priority, order, pending, is_seated: true };
        (0..).zip(list).map(work).collect()
    }

    fn shares<const N: usize>(list: [(Priority, usize); N]) -> Vec<(usize, usize)> {
        step(&works(list), 64).into_iter().map(|share| (share.work, share.tokens)).collect()
    }

    #[test]
    fn every_answer_gets_its_token_and_the_prompts_what_is_left() {
        assert_eq!(shares([(Reply, 100), (Reply, 1), (Reply, 30), (Reply, 1)]), [(1, 1), (3, 1), (0, 62)]);
        assert_eq!(shares([(Reply, 40), (Reply, 30)]), [(0, 40), (1, 24)]);
        assert_eq!(shares([]), []);
        assert_eq!(shares([(Reply, 0)]), [], "it waits for its reader");
    }

    #[test]
    fn the_less_urgent_wait() {
        assert_eq!(shares([(Batch, 1), (Speculation, 10), (Reply, 1)]), [(2, 1)]);
        assert_eq!(shares([(Batch, 1), (Speculation, 10), (Reply, 0)]), [(1, 10)]);
        let mut list = works([(Speculation, 10), (Reply, 10)]);
        list[1].is_seated = false;
        assert_eq!(step(&list, 64).len(), 1, "who has no place does not keep others from theirs");
        assert_eq!(queue(&list), [1]);
    }

    #[test]
    fn a_step_is_never_longer_than_its_budget() {
        let list = works([(Reply, 1); 70]);
        assert_eq!(step(&list, 64).len(), 64);
        assert_eq!(step(&works([(Reply, 9), (Reply, 9)]), 3).iter().map(|share| share.tokens).sum::<usize>(), 3);
    }

    #[test]
    fn places_go_to_the_most_urgent_and_are_taken_from_the_least() {
        let mut list = works([(Batch, 5), (Reply, 1), (Batch, 5), (Reply, 5), (Speculation, 5)]);
        for newcomer in [3, 4] {
            list[newcomer].is_seated = false;
        }
        assert_eq!(queue(&list), [3, 4]);
        assert_eq!(gives_way_to(&list, 3), Some(2), "the later of two");
        list[0].is_seated = false;
        list[2].is_seated = false;
        assert_eq!(gives_way_to(&list, 4), None, "replies do not give way to guesses");
    }

    #[test]
    fn what_another_computes_is_waited_for() {
        let instructions = "what every conversation begins with: ".repeat(2);
        let texts = [format!("{instructions}hello"), format!("{instructions}good morning")];
        let tokens_of = |at: usize| texts[at].as_bytes();
        let mut list = works([(Reply, texts[0].len()), (Reply, texts[1].len())]);
        list[1].is_seated = false;
        assert!(waits_for_another(&list, 1, 0, tokens_of));
        assert!(!waits_for_another(&list, 1, instructions.len() - 5, tokens_of), "most of it is there");
        list[1].priority = Priority::Speech;
        assert!(!waits_for_another(&list, 1, 0, tokens_of), "the other may have to wait itself");
        list[1].priority = Reply;
        list[0].pending = 1;
        assert!(!waits_for_another(&list, 1, 0, tokens_of), "its prompt is computed");
    }
}
