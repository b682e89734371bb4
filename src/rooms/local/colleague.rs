//! Whether the one who talks with the caller in the agent's place is in the room.

use livekit_protocol::{self as proto, participant_info::State};

use crate::domain::Identity;

/// See the module. Nobody, unless said otherwise.
#[derive(Debug, Default)]
pub(super) struct Colleague {
    identity: Option<Identity>,
    is_here: bool,
}

impl Colleague {
    /// Who is to be looked for, and is not here as far as known.
    fn new(identity: Option<Identity>) -> Self {
        Self { identity, is_here: false }
    }

    /// Somebody else is to be looked for from now on, or nobody; who it was until then.
    pub(super) fn replace(&mut self, identity: Option<Identity>) -> Option<Identity> {
        let before = std::mem::replace(self, Self::new(identity)).identity;
        before.filter(|before| self.identity.as_ref() != Some(before))
    }

    /// Whether they are among these, when that is news.
    pub(super) fn look(&mut self, others: &[proto::ParticipantInfo]) -> Option<bool> {
        let wanted = self.identity.as_ref()?;
        let is_them =
            |info: &proto::ParticipantInfo| info.identity == wanted.as_str() && info.state() != State::Disconnected;
        let is_here = others.iter().any(is_them);
        (std::mem::replace(&mut self.is_here, is_here) != is_here).then_some(is_here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_of_the_one_who_is_looked_for_are_told() {
        let info = |identity: &str, state: State| proto::ParticipantInfo {
            identity: identity.to_owned(),
            state: state.into(),
            ..Default::default()
        };
        let mut nobody = Colleague::default();
        assert_eq!(nobody.look(&[info("nadia", State::Active)]), None);
        let mut nadia = Colleague::new(Some("nadia".parse().unwrap()));
        for (others, expected) in [
            (vec![], None),
            (vec![info("amanda", State::Active)], None),
            (vec![info("amanda", State::Active), info("nadia", State::Joined)], Some(true)),
            (vec![info("nadia", State::Active)], None),
            (vec![info("nadia", State::Disconnected)], Some(false)),
            (vec![], None),
        ] {
            assert_eq!(nadia.look(&others), expected, "{others:?}");
        }
    }
}
