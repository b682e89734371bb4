//! How a room is opened: by whoever creates it with the server API, or by the token of whoever comes first.

use std::time::Duration;

use livekit_protocol as proto;

use super::{bounds::attribute_bytes, settings::Limits};

/// Agents that may be asked for at once.
const MOST_AGENTS: usize = 16;

/// What differs from the usual. A value that is absent leaves it as [`Settings`](super::settings::Settings) has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoomOptions {
    /// How long the room waits for the first to come.
    pub empty_timeout: Option<Duration>,
    /// How long the room waits for somebody to come after the last one has left.
    pub departure_timeout: Option<Duration>,
    /// How many may be in it, agents not counted; never more than a room of this server takes.
    pub max_participants: Option<usize>,
    /// About the room, for all in it.
    pub metadata: String,
    /// The agents that are to come.
    pub agents: Vec<proto::RoomAgentDispatch>,
}

/// Why a room cannot be opened so. The texts are livekit-server's where it has the same limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// Of the room or of an agent.
    #[error("metadata size exceeds limits")]
    Metadata,
    /// Of an agent.
    #[error("attribute size exceeds limits")]
    Attributes,
    /// More than a room takes.
    #[error("too many agents: at most {MOST_AGENTS}")]
    Agents,
}

impl RoomOptions {
    /// As a token's `roomConfig` says; recordings, tags and delays are passed over, for there are none here.
    ///
    /// # Errors
    /// When something is too large.
    pub fn of_token(config: &proto::RoomConfiguration, limits: &Limits) -> Result<Self, OptionsError> {
        Self {
            empty_timeout: seconds(config.empty_timeout),
            departure_timeout: seconds(config.departure_timeout),
            max_participants: count(config.max_participants),
            metadata: config.metadata.clone(),
            agents: config.agents.clone(),
        }
        .checked(limits)
    }

    /// As a request of the server API says.
    ///
    /// # Errors
    /// When something is too large.
    pub fn of_request(request: proto::CreateRoomRequest, limits: &Limits) -> Result<Self, OptionsError> {
        Self {
            empty_timeout: seconds(request.empty_timeout),
            departure_timeout: seconds(request.departure_timeout),
            max_participants: count(request.max_participants),
            metadata: request.metadata,
            agents: request.agents,
        }
        .checked(limits)
    }

    fn checked(self, limits: &Limits) -> Result<Self, OptionsError> {
        let is_long = |metadata: &String| metadata.len() > limits.metadata;
        if is_long(&self.metadata) || self.agents.iter().any(|agent| is_long(&agent.metadata)) {
            Err(OptionsError::Metadata)
        } else if self.agents.iter().any(|agent| attribute_bytes(&agent.attributes) > limits.attributes) {
            Err(OptionsError::Attributes)
        } else if self.agents.len() > MOST_AGENTS {
            Err(OptionsError::Agents)
        } else {
            Ok(self)
        }
    }
}

fn seconds(number: u32) -> Option<Duration> {
    (number > 0).then(|| Duration::from_secs(number.into()))
}

fn count(number: u32) -> Option<usize> {
    (number > 0).then(|| usize::try_from(number).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_means_as_usual() {
        let options = RoomOptions::of_token(&proto::RoomConfiguration::default(), &Limits::default());
        assert_eq!(options, Ok(RoomOptions::default()));
        let config = proto::RoomConfiguration { empty_timeout: 7, max_participants: 2, ..Default::default() };
        let options = RoomOptions::of_token(&config, &Limits::default()).unwrap();
        assert_eq!((options.empty_timeout, options.departure_timeout), (Some(Duration::from_secs(7)), None));
        assert_eq!(options.max_participants, Some(2));
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let limits = Limits { metadata: 3, attributes: 3, ..Limits::default() };
        let agent = |metadata: &str, value: &str| proto::RoomAgentDispatch {
            metadata: metadata.to_owned(),
            attributes: [("a".to_owned(), value.to_owned())].into(),
            ..Default::default()
        };
        for (metadata, agents, expect) in [
            ("abc", vec![agent("abc", "bc")], None),
            ("abcd", vec![], Some(OptionsError::Metadata)),
            ("", vec![agent("abcd", "")], Some(OptionsError::Metadata)),
            ("", vec![agent("", "bcd")], Some(OptionsError::Attributes)),
            ("", vec![agent("", ""); MOST_AGENTS + 1], Some(OptionsError::Agents)),
        ] {
            let request = proto::CreateRoomRequest { metadata: metadata.to_owned(), agents, ..Default::default() };
            assert_eq!(RoomOptions::of_request(request, &limits).err(), expect, "{metadata}");
        }
    }
}
