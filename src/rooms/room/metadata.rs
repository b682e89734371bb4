//! What participants say about themselves: name, metadata, attributes.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use livekit_protocol::{
    self as proto,
    request_response::{Reason, Request},
    signal_response::Message,
};

use super::{Key, Room, participant::Profile};
use crate::rooms::{bounds::attribute_bytes, settings::Limits};

/// What attributes begin with that only tokens and the server API give.
const RESERVED: &str = "callstead.";
/// Each takes memory beside its bytes.
const MOST_ATTRIBUTES: usize = 256;

impl Profile {
    /// Changes what `update` names: an empty text leaves a name or metadata as they are, and takes an attribute away.
    /// Nothing changes when the result would be too large, by itself or with the `others` bytes of all others in the room.
    pub(super) fn change(
        &mut self,
        update: &proto::UpdateParticipantMetadata,
        limits: &Limits,
        others: usize,
    ) -> Result<bool, &'static str> {
        if update.name.len() > limits.name {
            return Err("exceeds name length limit");
        }
        if update.metadata.len() > limits.metadata {
            return Err("exceeds metadata size limit");
        }
        let changed = Self {
            name: if update.name.is_empty() { self.name.clone() } else { update.name.clone() },
            metadata: if update.metadata.is_empty() { self.metadata.clone() } else { update.metadata.clone() },
            attributes: merged(&self.attributes, &update.attributes),
        };
        if attribute_bytes(&changed.attributes) > limits.attributes || changed.attributes.len() > MOST_ATTRIBUTES {
            return Err("exceeds attributes size limit");
        }
        if changed.bytes() > self.bytes() && others + changed.bytes() > limits.profiles {
            return Err("exceeds metadata size limit of the room");
        }
        let is_changed = *self != changed;
        *self = changed;
        Ok(is_changed)
    }
}

impl Room {
    /// The client changes what is said about it.
    pub(super) fn handle_metadata(&mut self, now: Instant, key: Key, update: &proto::UpdateParticipantMetadata) {
        let limits = self.settings.limits;
        let others = self.profiles_but(key);
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let is_open = participant.client().is_some_and(|client| client.caused.is_open(now));
        let changed = match (participant.grants.can_update_own_metadata, is_open) {
            (false, _) => Err((Reason::NotAllowed, "does not have permission to update own metadata")),
            (true, false) => Err((Reason::LimitExceeded, "too many changes: try again in a moment")),
            (true, true) if update.attributes.keys().any(|name| is_reserved(name)) => {
                Err((Reason::NotAllowed, "attributes that begin with callstead. are the server's"))
            }
            (true, true) => {
                let changed = participant.profile.change(update, &limits, others);
                changed.map_err(|message| (Reason::LimitExceeded, message))
            }
        };
        let what = Request::UpdateMetadata(proto::UpdateParticipantMetadata {
            request_id: update.request_id,
            ..Default::default()
        });
        match changed {
            Ok(is_changed) => {
                self.respond(key, update.request_id, (Reason::Ok, ""), what);
                if is_changed {
                    // The next token says it too.
                    self.refresh_soon(now, key);
                    self.announce(now, key);
                }
            }
            Err(refusal) => self.refuse(key, update.request_id, refusal, what),
        }
    }

    /// What all but `key` say about themselves, in bytes.
    pub(super) fn profiles_but(&self, key: Key) -> usize {
        let others = self.participants.iter().filter(|(other, _)| **other != key);
        others.map(|(_, participant)| participant.profile.bytes()).sum()
    }

    pub(super) fn refuse(&mut self, key: Key, request_id: u32, refusal: (Reason, &str), request: Request) {
        tracing::debug!(rooms.reason = ?refusal.0, "a client's request is refused");
        self.respond(key, request_id, refusal, request);
    }

    fn respond(&mut self, key: Key, request_id: u32, (reason, message): (Reason, &str), request: Request) {
        let response = proto::RequestResponse {
            request_id,
            reason: reason.into(),
            message: message.to_owned(),
            request: Some(request),
        };
        self.send(key, Message::RequestResponse(response));
    }
}

/// What a joining client says about itself, over what its token says; only if it may, and within limits.
pub(super) fn at_joining(token: Profile, request: &proto::JoinRequest, limits: &Limits, others: usize) -> Profile {
    let mut update = proto::UpdateParticipantMetadata {
        metadata: request.metadata.clone(),
        attributes: request.participant_attributes.clone(),
        ..Default::default()
    };
    update.attributes.retain(|name, _| !is_reserved(name));
    let mut profile = token.clone();
    match profile.change(&update, limits, others) {
        Ok(_) => profile,
        Err(_) => token,
    }
}

/// Whether only a token may say this of somebody ([`supervisor`](crate::rooms::supervisor)).
fn is_reserved(attribute: &str) -> bool {
    attribute.starts_with(RESERVED)
}

fn merged(attributes: &BTreeMap<String, String>, update: &HashMap<String, String>) -> BTreeMap<String, String> {
    let mut merged = attributes.clone();
    for (name, value) in update {
        // One that was empty from the beginning, as a token may have it, stays.
        match value.is_empty() {
            true => merged.remove(name),
            false => merged.insert(name.clone(), value.clone()),
        };
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(name: &str, metadata: &str, attributes: &[(&str, &str)]) -> proto::UpdateParticipantMetadata {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        proto::UpdateParticipantMetadata {
            name: name.to_owned(),
            metadata: metadata.to_owned(),
            attributes,
            request_id: 1,
        }
    }

    #[test]
    fn only_what_is_named_changes() {
        let limits = Limits::default();
        let mut profile = Profile { name: "Ann".to_owned(), ..Profile::default() };
        assert_eq!(profile.change(&update("", "{}", &[("mood", "good"), ("seat", "3")]), &limits, 0), Ok(true));
        assert_eq!(profile.change(&update("", "", &[("mood", "")]), &limits, 0), Ok(true));
        assert_eq!(profile.change(&update("Ann", "{}", &[]), &limits, 0), Ok(false));
        let attributes = BTreeMap::from([("seat".to_owned(), "3".to_owned())]);
        assert_eq!(profile, Profile { name: "Ann".to_owned(), metadata: "{}".to_owned(), attributes });
    }

    #[test]
    fn what_is_too_large_changes_nothing() {
        let limits = Limits { name: 3, metadata: 5, attributes: 10, ..Limits::default() };
        let before =
            Profile { attributes: BTreeMap::from([("a".to_owned(), "12345".to_owned())]), ..Profile::default() };
        for update in [update("Anne", "", &[]), update("", "123456", &[]), update("Ann", "", &[("b", "1234")])] {
            let mut profile = before.clone();
            assert!(profile.change(&update, &limits, 0).is_err(), "{update:?}");
            assert_eq!(profile, before);
        }
    }

    #[test]
    fn a_room_holds_so_much_and_no_more() {
        let limits = Limits { profiles: 100, ..Limits::default() };
        let mut profile = Profile::default();
        assert_eq!(profile.change(&update("", "12345", &[]), &limits, 95), Ok(true));
        assert!(profile.change(&update("", "123456", &[]), &limits, 95).is_err());
        assert_eq!(profile.change(&update("", "1234", &[]), &limits, 200), Ok(true), "less is always taken");
        let many = (0..=MOST_ATTRIBUTES).map(|nth| (nth.to_string(), "x".to_owned())).collect();
        let many = proto::UpdateParticipantMetadata { attributes: many, ..Default::default() };
        assert!(profile.change(&many, &Limits::default(), 0).is_err());
    }
}
