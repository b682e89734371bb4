//! Which room gets an agent, and which: rules, dispatches, and the rooms there are. Sans-IO.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use wildmatch::WildMatch;

use super::{Dispatch, DispatchError, Dispatched};
use crate::{
    audio::line::Hangup,
    call::{Facts, actor::Assignment, bookings::Known, profiles::Book},
    config::{self, Profile},
    domain::{Language, RoomName},
};

/// A dispatch to a room that nobody opens, or a caller who does not come, is forgotten after so long.
const PENDING_FOR: Duration = Duration::from_secs(5 * 60);
/// So many dispatches may wait for their rooms.
const MOST_PENDING: usize = 1000;
/// Of so many callers who are about to open a room it is known which language they speak.
const MOST_EXPECTED: usize = 1000;

/// The rooms there are, and who is sent into them.
#[derive(Debug)]
pub(super) struct Roster {
    profiles: Vec<Arc<Profile>>,
    /// The first that fits decides; no profile: nobody goes there by itself.
    rules: Vec<(WildMatch, Option<Arc<Profile>>)>,
    /// What is spoken where a profile leaves it to the caller, first the first; none: all that the engines speak.
    languages: Arc<[Language]>,
    /// Rooms that are open, and the agent in each.
    open: HashMap<RoomName, Option<Assignment>>,
    /// Dispatches to rooms that are not open yet.
    pending: HashMap<RoomName, (Instant, Assignment)>,
    /// What will be spoken in rooms that are not open yet.
    expected: HashMap<RoomName, (Instant, Language)>,
}

impl Roster {
    pub(super) fn new(agent: &config::Agent) -> Self {
        let Book { profiles, rules, languages, voices: _ } = Book::configured(agent);
        let (open, pending, expected) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { profiles, rules, languages, open, pending, expected }
    }

    /// From now on these profiles and rules are in force. Who was sent before stays as they are.
    pub(super) fn follow(&mut self, book: Book) {
        (self.profiles, self.rules, self.languages) = (book.profiles, book.rules, book.languages);
    }

    /// What is spoken where a profile leaves it to the caller.
    pub(super) fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// The profiles in force.
    pub(super) fn profiles(&self) -> &[Arc<Profile>] {
        &self.profiles
    }

    /// Somebody opened a room of which this is known: the agent to send there, if any.
    pub(super) fn opened(&mut self, now: Instant, room: &RoomName, known: Option<Arc<Known>>) -> Option<Assignment> {
        self.forget(now);
        if let Some(Some(present)) = self.open.get(room) {
            tracing::debug!(job = present.job, "a room was opened again");
            return None;
        }
        let dispatched = self.pending.remove(room).map(|(_, assignment)| assignment);
        let expected = self.expected.remove(room).map(|(_, language)| language);
        let expected = expected.or(known.as_ref().and_then(|known| known.language));
        let booked = known.as_ref().filter(|known| known.is_booked).and_then(|known| self.booked(room, known));
        let by_rule = || match (self.by_rule(room)?, expected) {
            (assignment, Some(language)) => Some(assignment.in_language(language, &self.profiles)),
            (assignment, None) => Some(assignment),
        };
        let assignment = dispatched.or(booked).or_else(by_rule).map(|assignment| Assignment { known, ..assignment });
        self.open.insert(room.clone(), assignment.clone());
        assignment
    }

    /// Somebody who speaks `language` will open `room`, if it is not open: whom a rule sends there will speak it too.
    pub(super) fn expect(&mut self, now: Instant, room: RoomName, language: Language) {
        self.forget(now);
        let is_known = self.expected.contains_key(&room);
        if !self.open.contains_key(&room) && (is_known || self.expected.len() < MOST_EXPECTED) {
            self.expected.insert(room, (now, language));
        }
    }

    pub(super) fn closed(&mut self, room: &RoomName) {
        self.open.remove(room);
    }

    /// An agent has left its room. When the caller left first and may come back, because the room is still open, an agent is
    /// sent to wait there.
    pub(super) fn left(&mut self, room: &RoomName, job: &str, hangup: Hangup) -> Option<Assignment> {
        let present = self.open.get_mut(room)?;
        // The room may have been opened anew since, with another agent in it.
        if present.as_ref().is_none_or(|present| present.job != job) {
            return None;
        }
        let before = present.take();
        if hangup != Hangup::CallerLeft {
            return None;
        }
        *present = before.map(|before| Assignment { job: new_job(), ..before });
        present.clone()
    }

    /// Somebody asks for an agent: what was decided, and the agent to send at once, if any.
    pub(super) fn dispatch(
        &mut self,
        now: Instant,
        dispatch: Dispatch,
        known: Option<Arc<Known>>,
    ) -> Result<(Dispatched, Option<Assignment>), DispatchError> {
        self.forget(now);
        let by_itself = self.by_rule(&dispatch.room).is_some();
        let answer = |assignment: &Assignment| Dispatched {
            job_id: assignment.job.clone(),
            joins_by_itself: by_itself,
            language: assignment.language.or(assignment.profile.language),
        };
        let profile = self.profile(&dispatch)?;
        if let Some(Some(present)) = self.open.get(&dispatch.room) {
            return Ok((answer(present), None));
        }
        let mut assignment = Assignment {
            room: dispatch.room.clone(),
            job: new_job(),
            profile,
            language: dispatch.language.or(known.as_ref().and_then(|known| known.language)),
            languages: Arc::clone(&self.languages),
            user_name: dispatch.user_name.clone(),
            facts: dispatch.facts.clone(),
            known,
        };
        if let Some(present) = self.open.get_mut(&dispatch.room) {
            *present = Some(assignment.clone());
            return Ok((answer(&assignment), Some(assignment)));
        }
        match self.pending.get(&dispatch.room) {
            Some((_, before)) => assignment.job.clone_from(&before.job),
            None if self.pending.len() >= MOST_PENDING => return Err(DispatchError::TooMany),
            None => {}
        }
        let dispatched = answer(&assignment);
        self.pending.insert(dispatch.room, (now, assignment));
        Ok((dispatched, None))
    }

    /// The one asked for, else the rule's, else the first.
    fn profile(&self, dispatch: &Dispatch) -> Result<Arc<Profile>, DispatchError> {
        let Some(name) = &dispatch.profile else {
            return self.usual(&dispatch.room).ok_or(DispatchError::Stopped);
        };
        let known = || self.profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
        self.named(name).ok_or_else(|| DispatchError::UnknownProfile { name: name.clone(), known: known() })
    }

    fn named(&self, name: &str) -> Option<Arc<Profile>> {
        self.profiles.iter().find(|profile| profile.name == name).cloned()
    }

    /// The rule's, else the first.
    fn usual(&self, room: &RoomName) -> Option<Arc<Profile>> {
        let by_rule = self.rule(room).and_then(|(_, profile)| profile.clone());
        by_rule.or_else(|| self.profiles.first().cloned())
    }

    /// Whom a room that was made for somebody gets, whatever the rules say; a profile that is gone gives way to the usual one.
    fn booked(&self, room: &RoomName, known: &Known) -> Option<Assignment> {
        let named = known.profile.as_deref().and_then(|name| self.named(name));
        let assignment = self.assign(room, named.or_else(|| self.usual(room))?);
        Some(match known.language {
            Some(language) => assignment.in_language(language, &self.profiles),
            None => assignment,
        })
    }

    fn rule(&self, room: &RoomName) -> Option<&(WildMatch, Option<Arc<Profile>>)> {
        self.rules.iter().find(|(pattern, _)| pattern.matches(room.as_str()))
    }

    fn by_rule(&self, room: &RoomName) -> Option<Assignment> {
        let (_, profile) = self.rule(room)?;
        Some(self.assign(room, profile.clone()?))
    }

    /// To a room, everything else as it is set.
    fn assign(&self, room: &RoomName, profile: Arc<Profile>) -> Assignment {
        Assignment {
            room: room.clone(),
            job: new_job(),
            profile,
            language: None,
            languages: Arc::clone(&self.languages),
            user_name: None,
            facts: Facts::default(),
            known: None,
        }
    }

    fn forget(&mut self, now: Instant) {
        let is_fresh = |since: &Instant| now.saturating_duration_since(*since) < PENDING_FOR;
        self.pending.retain(|_, (since, _)| is_fresh(since));
        self.expected.retain(|_, (since, _)| is_fresh(since));
    }
}

impl Assignment {
    /// The same in `language`: a profile of another one gives way to one of that language, if there is one.
    fn in_language(self, language: Language, profiles: &[Arc<Profile>]) -> Self {
        let speaks = |profile: &Profile| profile.language == Some(language);
        let is_other = self.profile.language.is_some() && !speaks(&self.profile);
        let better = profiles.iter().find(|profile| is_other && speaks(profile)).cloned();
        Self { profile: better.unwrap_or(self.profile), language: Some(language), ..self }
    }
}

fn new_job() -> String {
    format!("job-{:08x}", rand::random::<u32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Rule,
        domain::{Language, Pii},
        store::calls::{About, Direction},
    };

    fn room(name: &str) -> RoomName {
        name.parse().unwrap()
    }

    fn roster(rules: &[(&str, Option<&str>)]) -> Roster {
        let mut agent = config::Config::defaults(std::path::Path::new("data")).agent;
        let sales = Profile { name: "sales".to_owned(), ..agent.profiles[0].clone() };
        agent.profiles.push(sales);
        let rule = |&(rooms, profile): &(&str, Option<&str>)| Rule {
            rooms: rooms.to_owned(),
            profile: profile.map(str::to_owned),
        };
        agent.rules = rules.iter().map(rule).collect();
        Roster::new(&agent)
    }

    fn dispatch(name: &str, profile: Option<&str>) -> Dispatch {
        Dispatch { profile: profile.map(str::to_owned), ..Dispatch::to(room(name)) }
    }

    fn profile_of(assignment: Option<Assignment>) -> Option<String> {
        assignment.map(|assignment| assignment.profile.name.clone())
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let mut roster = roster(&[("sales-*", Some("sales")), ("private-*", None), ("*", Some("default"))]);
        for (name, expected) in
            [("sales-7", Some("sales")), ("private-7", None), ("call-7", Some("default")), ("sales", Some("default"))]
        {
            assert_eq!(profile_of(roster.opened(Instant::now(), &room(name), None)).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_dispatch_goes_where_no_rule_sends_anybody() {
        let (mut roster, now) = (roster(&[("*", None)]), Instant::now());
        assert_eq!(profile_of(roster.opened(now, &room("a"), None)), None);
        let (first, sent) = roster.dispatch(now, dispatch("a", Some("sales")), None).unwrap();
        assert_eq!((first.joins_by_itself, profile_of(sent)), (false, Some("sales".to_owned())));
        let (again, sent) = roster.dispatch(now, dispatch("a", None), None).unwrap();
        assert_eq!((again.job_id, sent.is_none()), (first.job_id, true), "there is an agent already");
        let unknown = roster.dispatch(now, dispatch("a", Some("support")), None).unwrap_err().to_string();
        assert!(unknown.contains("support") && unknown.contains("default, sales"), "{unknown}");
    }

    #[test]
    fn a_dispatch_waits_for_its_room_but_not_for_ever() {
        let (mut roster, now) = (roster(&[("*", Some("default"))]), Instant::now());
        let facts = Facts::parse("Her name is Amanda.").unwrap();
        let known = Dispatch { facts: facts.clone(), ..dispatch("a", Some("sales")) };
        roster.dispatch(now, known.clone(), None).unwrap();
        assert_eq!(roster.opened(now, &room("a"), None).unwrap().facts, facts);
        roster.closed(&room("a"));
        let arabic = Dispatch { language: Some(Language::ARABIC), ..known };
        let (dispatched, sent) = roster.dispatch(now, arabic, None).unwrap();
        assert!(dispatched.joins_by_itself && sent.is_none());
        let again = roster.dispatch(now, dispatch("a", Some("sales")), None).unwrap().0;
        assert_eq!(again, Dispatched { language: None, ..dispatched.clone() });
        let joins = roster.opened(now + PENDING_FOR / 2, &room("a"), None).unwrap();
        assert_eq!((joins.job, joins.profile.name.as_str()), (dispatched.job_id, "sales"));

        roster.dispatch(now, dispatch("b", Some("sales")), None).unwrap();
        assert_eq!(profile_of(roster.opened(now + PENDING_FOR, &room("b"), None)).as_deref(), Some("default"));
    }

    #[test]
    fn who_joins_by_rule_speaks_the_callers_language() {
        let mut roster = roster(&[("private", None), ("*", Some("default"))]);
        let arabic = Profile { language: Some(Language::ARABIC), ..(*roster.profiles[1]).clone() };
        let english = Profile { language: Some(Language::ENGLISH), ..(*roster.profiles[0]).clone() };
        let now = Instant::now();
        let joins = |roster: &mut Roster, name: &str, spoken: Option<Language>| {
            if let Some(language) = spoken {
                roster.expect(now, room(name), language);
            }
            roster.opened(now, &room(name), None).map(|it| (it.profile.name.clone(), it.language))
        };
        let (default, sales) = ("default".to_owned(), "sales".to_owned());
        let ar = Some(Language::ARABIC);
        assert_eq!(joins(&mut roster, "a", ar), Some((default.clone(), ar)));
        assert_eq!(joins(&mut roster, "b", None), Some((default.clone(), None)));
        assert_eq!(joins(&mut roster, "private", ar), None, "nobody is sent where no rule sends anybody");

        // A profile of another language gives way to one of the caller's, if there is one.
        roster.rules[1].1 = Some(Arc::new(english.clone()));
        roster.profiles = vec![Arc::new(english), Arc::new(arabic)];
        assert_eq!(joins(&mut roster, "c", ar), Some((sales, ar)));
        let french = "fr".parse().ok();
        assert_eq!(joins(&mut roster, "d", french), Some((default, french)));
        let spoken = |profile| roster.dispatch(now, dispatch("e", Some(profile)), None).unwrap().0.language;
        assert_eq!(
            ["default", "sales"].map(spoken),
            [Some(Language::ENGLISH), ar],
            "where nobody says it, the profile does"
        );
        roster.expect(now, room("d"), Language::ARABIC);
        assert!(roster.expected.is_empty(), "what is spoken in an open room is no longer asked");
    }

    #[test]
    fn a_room_that_was_made_for_somebody_gets_an_agent_whatever_the_rules_say() {
        let mut roster = roster(&[("*", None)]);
        let known = |is_booked, profile: Option<&str>| {
            let about = About::default();
            Some(Arc::new(Known {
                is_booked,
                profile: profile.map(str::to_owned),
                language: Some(Language::ARABIC),
                caller_name: Pii::default(),
                direction: Direction::Outbound,
                about,
                facts: Facts::default(),
                script: Pii::default(),
                record: Pii::default(),
            }))
        };
        let now = Instant::now();
        assert_eq!(profile_of(roster.opened(now, &room("a"), known(false, Some("sales")))), None);
        for (name, profile, expected) in
            [("b", Some("sales"), "sales"), ("c", Some("gone"), "default"), ("d", None, "default")]
        {
            let known = known(true, profile);
            let joins = roster.opened(now, &room(name), known.clone()).unwrap();
            assert_eq!((joins.profile.name.as_str(), joins.language), (expected, Some(Language::ARABIC)));
            assert_eq!(joins.known, known);
        }
        let (dispatched, sent) = roster.dispatch(now, dispatch("a", None), known(true, None)).unwrap();
        assert!(sent.unwrap().known.is_some());
        assert_eq!(dispatched.language, Some(Language::ARABIC));
    }

    #[test]
    fn callers_who_do_not_come_are_forgotten() {
        let (mut roster, now) = (roster(&[("*", Some("default"))]), Instant::now());
        for number in 0..=MOST_EXPECTED {
            roster.expect(now, room(&number.to_string()), Language::ARABIC);
        }
        assert_eq!(roster.expected.len(), MOST_EXPECTED);
        let joins = roster.opened(now + PENDING_FOR, &room("0"), None).unwrap();
        assert_eq!((joins.language, roster.expected.len()), (None, 0));
    }

    #[test]
    fn dispatches_are_bounded() {
        let (mut roster, now) = (roster(&[]), Instant::now());
        for number in 0..MOST_PENDING {
            roster.dispatch(now, dispatch(&number.to_string(), None), None).unwrap();
        }
        assert_eq!(roster.dispatch(now, dispatch("more", None), None).unwrap_err(), DispatchError::TooMany);
        assert!(roster.dispatch(now, dispatch("1", None), None).is_ok());
        assert!(roster.dispatch(now + PENDING_FOR, dispatch("more", None), None).is_ok());
    }

    #[test]
    fn a_caller_who_comes_back_finds_an_agent() {
        let (mut roster, now) = (roster(&[("*", Some("default"))]), Instant::now());
        let first = roster.opened(now, &room("a"), None).unwrap();
        assert!(roster.opened(now, &room("a"), None).is_none());
        let second = roster.left(&room("a"), &first.job, Hangup::CallerLeft).unwrap();
        assert_ne!(first.job, second.job);
        assert!(roster.left(&room("a"), &second.job, Hangup::NobodyCame).is_none());
        assert!(roster.left(&room("a"), &second.job, Hangup::CallerLeft).is_none());
        roster.closed(&room("a"));
        assert!(roster.left(&room("a"), &second.job, Hangup::CallerLeft).is_none());
        assert!(roster.opened(now, &room("a"), None).is_some());
    }

    #[test]
    fn an_agent_of_a_room_that_was_opened_anew_leaves_its_successor_alone() {
        let (mut roster, now) = (roster(&[("*", Some("default"))]), Instant::now());
        let before = roster.opened(now, &room("a"), None).unwrap();
        roster.closed(&room("a"));
        let present = roster.opened(now, &room("a"), None).unwrap();
        assert!(roster.left(&room("a"), &before.job, Hangup::CallerLeft).is_none());
        assert_eq!(roster.dispatch(now, dispatch("a", None), None).unwrap().0.job_id, present.job);
    }
}
