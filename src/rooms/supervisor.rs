//! Members of staff in a caller's room. Who listens in is seen by nobody and can send nothing; who takes a call over is a
//! participant like others, whom the caller hears. Neither is ever taken for a caller: their tokens say who they are ([`ROLE`]).

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use livekit_protocol as proto;

use super::token::{Claims, Grants};
use crate::domain::{Identity, Pii, RoomName};

/// The attribute of a participant that says for what they are in the room.
pub const ROLE: &str = "callstead.role";
/// As a member of staff.
pub const SUPERVISOR: &str = "supervisor";

/// What a member of staff does in a caller's room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Hears what is said.
    Listen,
    /// Talks with the caller in the agent's place.
    TakeOver,
}

/// Lets a member of staff, whom others see as `name` if at all, into `room`, from `now` on for `lifetime`.
pub fn claims(
    duty: Duty,
    identity: Identity,
    name: &Pii<String>,
    room: RoomName,
    now: SystemTime,
    lifetime: Duration,
) -> Claims {
    let speaks = duty == Duty::TakeOver;
    Claims {
        name: name.reveal().clone(),
        attributes: BTreeMap::from([(ROLE.to_owned(), SUPERVISOR.to_owned())]),
        grants: Grants {
            can_publish: speaks,
            can_publish_sources: vec!["microphone".to_owned()],
            can_publish_data: speaks,
            can_update_own_metadata: false,
            hidden: !speaks,
            ..Grants::default()
        },
        ..Claims::new(identity, room, now, lifetime)
    }
}

/// Whether this participant is a member of staff by their token.
pub(super) fn is_supervisor(info: &proto::ParticipantInfo) -> bool {
    info.attributes.get(ROLE).is_some_and(|role| role == SUPERVISOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::token::{self, Keys};

    #[test]
    fn who_listens_in_can_do_nothing_else() {
        let keys = Keys { api_key: "APItest".to_owned(), api_secret: "a-secret-of-thirty-two-characters".into() };
        let now = SystemTime::now();
        for (duty, speaks) in [(Duty::Listen, false), (Duty::TakeOver, true)] {
            let (identity, room) = ("staff-1".parse().unwrap(), "call-7".parse().unwrap());
            let made = claims(duty, identity, &Pii::new("Nadia".to_owned()), room, now, Duration::from_secs(60));
            let read = token::verify(&keys, &token::mint(&keys, &made), now).unwrap();
            assert_eq!(read, made);
            let Grants { can_publish, can_publish_data, can_subscribe, hidden, can_update_own_metadata, .. } =
                read.grants;
            assert_eq!((can_publish, can_publish_data, hidden), (speaks, speaks, !speaks), "{duty:?}");
            assert!(can_subscribe && !can_update_own_metadata);
        }
    }
}
