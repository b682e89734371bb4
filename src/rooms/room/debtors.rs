//! Who left before time had paid for what they caused: to leave and come back does not pay for it either.

use std::{collections::BTreeMap, time::Instant};

use crate::domain::Identity;

/// Of more, the one who is free soonest is forgotten.
const MOST: usize = 256;

/// By identity, until when they stay away.
#[derive(Debug, Default)]
pub(super) struct Debtors(BTreeMap<Identity, Instant>);

impl Debtors {
    /// Somebody leaves, and has paid at `until`.
    pub(super) fn note(&mut self, now: Instant, identity: &Identity, until: Instant) {
        if until <= now {
            return;
        }
        self.0.retain(|_, until| *until > now);
        self.0.insert(identity.clone(), until);
        if self.0.len() > MOST
            && let Some(soonest) = self.0.iter().min_by_key(|(_, until)| **until).map(|(identity, _)| identity.clone())
        {
            self.0.remove(&soonest);
        }
    }

    /// Whether somebody who wants to come still owes.
    pub(super) fn owes(&self, now: Instant, identity: &Identity) -> bool {
        self.0.get(identity).is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn debts_are_remembered_and_have_an_end() {
        let now = Instant::now();
        let mut debtors = Debtors::default();
        let name = |nth: u64| format!("somebody {nth}").parse().unwrap();
        let after = |seconds| now + Duration::from_secs(seconds);
        debtors.note(now, &name(0), now);
        assert!(debtors.0.is_empty(), "nothing is owed");
        (1..=MOST as u64 + 1).for_each(|nth| debtors.note(now, &name(nth), after(nth)));
        assert_eq!(debtors.0.len(), MOST);
        assert!(!debtors.owes(now, &name(1)) && debtors.owes(now, &name(2)));
        assert!(!debtors.owes(after(2), &name(2)), "time pays");
        debtors.note(after(1000), &name(1), after(1001));
        assert_eq!(debtors.0.len(), 1);
    }
}
