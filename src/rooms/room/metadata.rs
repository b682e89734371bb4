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
use crate::rooms::settings::Limits;

impl Profile {
    /// Changes what `update` names: an empty text leaves a name or metadata as they are, and takes an attribute away.
    /// Nothing changes when the result would be too large.
    fn change(&mut self, update: &proto::UpdateParticipantMetadata, limits: &Limits) -> Result<bool, &'static str> {
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
        if attributes_size(&changed.attributes) > limits.attributes {
            return Err("exceeds attributes size limit");
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
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let changed = match participant.grants.can_update_own_metadata {
            true => participant.profile.change(update, &limits).map_err(|message| (Reason::LimitExceeded, message)),
            false => Err((Reason::NotAllowed, "does not have permission to update own metadata")),
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
                    self.announce(key);
                }
            }
            Err(refusal) => self.refuse(key, update.request_id, refusal, what),
        }
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
pub(super) fn at_joining(token: Profile, request: &proto::JoinRequest, limits: &Limits) -> Profile {
    let update = proto::UpdateParticipantMetadata {
        metadata: request.metadata.clone(),
        attributes: request.participant_attributes.clone(),
        ..Default::default()
    };
    let mut profile = token.clone();
    match profile.change(&update, limits) {
        Ok(_) => profile,
        Err(_) => token,
    }
}

fn merged(attributes: &BTreeMap<String, String>, update: &HashMap<String, String>) -> BTreeMap<String, String> {
    let mut merged = attributes.clone();
    merged.extend(update.iter().map(|(name, value)| (name.clone(), value.clone())));
    merged.retain(|_, value| !value.is_empty());
    merged
}

fn attributes_size(attributes: &BTreeMap<String, String>) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
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
        assert_eq!(profile.change(&update("", "{}", &[("mood", "good"), ("seat", "3")]), &limits), Ok(true));
        assert_eq!(profile.change(&update("", "", &[("mood", "")]), &limits), Ok(true));
        assert_eq!(profile.change(&update("Ann", "{}", &[]), &limits), Ok(false));
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
            assert!(profile.change(&update, &limits).is_err(), "{update:?}");
            assert_eq!(profile, before);
        }
    }
}
