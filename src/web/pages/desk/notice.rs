//! What was done just now, said by the page that comes next: it travels in that page's address. Of many things that were chosen
//! together it says how many were changed and why others were not. What can be taken back has a button ([`super::undo`]).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    locale::Locale,
    store::{Refusal, StoreError},
};

/// The parameter of an address that says what was done; those that say more begin with it and a dash.
const DONE: &str = "done";
/// How many were changed.
const COUNT: &str = "done-n";
/// When it was done, where it can be taken back: milliseconds since 1970, as the audit log has it.
const UNDO: &str = "done-undo";
/// So long something can be taken back.
pub(super) const UNDO_WITHIN: SignedDuration = SignedDuration::from_mins(60);

/// Whether a parameter of an address belongs to a notice, and not to the page.
pub(super) fn is_parameter(name: &str) -> bool {
    name.strip_prefix(DONE).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Why one that was chosen was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// It was so already.
    Same,
    /// It is not there any more.
    Gone,
    /// Somebody else has changed it.
    Stale,
    /// There is no telephone number.
    Numberless,
    /// Something else stands against it.
    Refused,
}

impl Why {
    const ALL: [Self; 5] = [Self::Same, Self::Gone, Self::Stale, Self::Numberless, Self::Refused];

    /// The parameter with how many there are, and the key of the words: `done-not-same`.
    const fn key(self) -> &'static str {
        match self {
            Self::Same => "done-not-same",
            Self::Gone => "done-not-gone",
            Self::Stale => "done-not-stale",
            Self::Numberless => "done-not-numberless",
            Self::Refused => "done-not-refused",
        }
    }
}

/// How many of those that were chosen were changed, and how many were not.
#[derive(Debug, Default)]
pub(super) struct Tally {
    changed: u32,
    not: BTreeMap<Why, u32>,
    /// Why the last one was not that was refused.
    refusal: Option<Refusal>,
}

impl Tally {
    /// Counts what became of one.
    ///
    /// # Errors
    /// That of the database: then it is not known what became of it.
    pub(super) fn count(&mut self, became: Result<Option<Why>, Refusal>) -> Result<(), StoreError> {
        let why = match became {
            Ok(None) => {
                self.changed += 1;
                return Ok(());
            }
            Ok(Some(why)) => why,
            Err(Refusal::Store(error)) => return Err(error),
            Err(refusal) => {
                let why = match refusal {
                    Refusal::Missing(_) => Why::Gone,
                    Refusal::Stale => Why::Stale,
                    _ => Why::Refused,
                };
                self.refusal = Some(refusal);
                why
            }
        };
        *self.not.entry(why).or_default() += 1;
        Ok(())
    }

    pub(super) fn add(&mut self, other: Self) {
        self.changed += other.changed;
        for (why, count) in other.not {
            *self.not.entry(why).or_default() += count;
        }
        self.refusal = other.refusal.or(self.refusal.take());
    }

    /// Whether anything was changed.
    pub(super) const fn has_changed(&self) -> bool {
        self.changed > 0
    }

    /// Why, where only one was chosen and it was refused.
    pub(super) fn only_refusal(&mut self) -> Option<Refusal> {
        if self.changed == 0 && self.not.values().sum::<u32>() == 1 { self.refusal.take() } else { None }
    }
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done<'a> {
    /// Its words are under `done-…`.
    pub(super) word: &'a str,
    /// Of many, how many.
    pub(super) tally: Option<&'a Tally>,
    /// When, where it can be taken back.
    pub(super) undo: Option<Timestamp>,
}

impl Done<'_> {
    /// The address of the page that says it.
    pub(super) fn at(&self, path: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair(DONE, self.word);
        if let Some(tally) = self.tally {
            query.append_pair(COUNT, &tally.changed.to_string());
            for (why, count) in &tally.not {
                query.append_pair(why.key(), &count.to_string());
            }
        }
        let mark = if path.contains('?') { '&' } else { '?' };
        undo_at(format!("{path}{mark}{}", query.finish()), self.undo)
    }
}

/// An address with parameters, and when what it says was done where that can be taken back.
pub(super) fn undo_at(address: String, undo: Option<Timestamp>) -> String {
    match undo {
        Some(undo) => format!("{address}&{UNDO}={}", undo.as_millisecond()),
        None => address,
    }
}

/// What an address says was done. Whoever made the address: it holds a word of ours, numbers, or nothing.
#[derive(Debug, Default)]
pub(super) struct Notice {
    word: Option<String>,
    changed: Option<u32>,
    not: BTreeMap<Why, u32>,
    undo: Option<Timestamp>,
}

impl Notice {
    pub(super) fn read(query: &str) -> Self {
        let mut notice = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                DONE => notice.word = Some(value.into_owned()),
                COUNT => notice.changed = value.parse().ok(),
                UNDO => notice.undo = value.parse().ok().and_then(|at| Timestamp::from_millisecond(at).ok()),
                name => {
                    if let (Some(why), Ok(count)) = (Why::ALL.iter().find(|why| why.key() == name), value.parse()) {
                        notice.not.insert(*why, count);
                    }
                }
            }
        }
        notice
    }

    /// Whether this is what was done.
    pub(super) fn says(&self, what: &str) -> bool {
        self.word.as_deref() == Some(what)
    }

    /// In words.
    pub(super) fn words(&self, words: &'static Locale) -> Option<String> {
        let key = format!("{DONE}-{}", self.word.as_deref()?);
        if !words.has(&key) {
            return None;
        }
        let first = match self.changed {
            Some(0) => words.text("done-nothing-changed"),
            count => words.count(&key, count.unwrap_or(1)),
        };
        let others = self.not.iter().map(|(why, count)| words.count(why.key(), *count));
        Some([first].into_iter().chain(others).collect::<Vec<_>>().join(" "))
    }

    /// What takes it back, while that can be done.
    pub(super) fn undo(&self, now: Timestamp) -> Option<i64> {
        let at = self.undo.filter(|at| now.duration_since(*at) <= UNDO_WITHIN)?;
        Some(at.as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_by_the_next_page() {
        let (mut tally, at) = (Tally::default(), Timestamp::from_millisecond(1_000).unwrap());
        for became in [
            Ok(None),
            Ok(None),
            Ok(Some(Why::Same)),
            Err(Refusal::Missing("lead")),
            Err(Refusal::Stale),
            Err(Refusal::Field("name", "is missing")),
        ] {
            tally.count(became).unwrap();
        }
        assert!(tally.count(Err(Refusal::Store(StoreError::Stopped))).is_err());
        assert!(tally.only_refusal().is_none());
        let address = Done { word: "leads-changed", tally: Some(&tally), undo: Some(at) }.at("/desk/leads?q=a");
        assert!(address.starts_with("/desk/leads?q=a&done=leads-changed&done-n=2&done-not-same=1&"), "{address}");
        let notice = Notice::read(address.split_once('?').unwrap().1);
        for words in Locale::all() {
            let said = notice.words(words).unwrap();
            assert_eq!(said.matches('.').count(), 5, "a sentence for each: {said}");
        }
        assert_eq!(notice.undo(at), Some(1_000));
        assert_eq!(notice.undo(at + UNDO_WITHIN + SignedDuration::from_secs(1)), None);
    }

    #[test]
    fn one_that_was_refused_says_why() {
        let mut tally = Tally::default();
        tally.count(Err(Refusal::Stale)).unwrap();
        assert!(matches!(tally.only_refusal(), Some(Refusal::Stale)));
    }

    #[test]
    fn an_address_of_somebody_elses_says_nothing() {
        for query in ["", "done=", "done=no-such-word", "done-n=3", "undone=lead-deleted"] {
            assert_eq!(Notice::read(query).words(&Locale::all()[0]), None, "{query}");
        }
        for (name, is_notice) in [("done", true), ("done-n", true), ("done-undo", true), ("donex", false), ("q", false)]
        {
            assert_eq!(is_parameter(name), is_notice, "{name}");
        }
        assert!(Notice::read("done-undo=99999999999999999999").undo(Timestamp::UNIX_EPOCH).is_none());
    }
}
