//! How much a message from outside may hold, counted before it is decoded: an element of a list that takes two bytes on the
//! wire takes hundreds in memory.

use prost::{
    DecodeError,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

/// Fields and list elements of one message, of those inside it too. A client that resumes in a full room names all tracks.
pub(crate) const MOST_FIELDS: usize = 4096;

/// The fields of a message that are messages with lists or maps in them (livekit_rtc.proto, livekit_models.proto,
/// livekit_agent.proto).
pub(crate) struct Shape(&'static [(u32, &'static Self)]);

const PLAIN: Shape = Shape(&[]);
const ADD_TRACK: Shape = Shape(&[(simulcast_codecs::OF_REQUEST, &PLAIN)]);
const SUBSCRIPTION: Shape = Shape(&[(3, &PLAIN)]);
const TRACK_INFO: Shape = Shape(&[(simulcast_codecs::OF_INFO, &PLAIN)]);
const PUBLISHED: Shape = Shape(&[(2, &TRACK_INFO)]);
const SYNC: Shape = Shape(&[(1, &PLAIN), (2, &SUBSCRIPTION), (3, &PUBLISHED), (5, &PLAIN), (8, &PLAIN), (9, &PLAIN)]);
const PERMISSION: Shape = Shape(&[(2, &PLAIN)]);
const LEAVE: Shape = Shape(&[(4, &PLAIN)]);
const PARTICIPANT: Shape = Shape(&[(4, &TRACK_INFO), (11, &PLAIN), (19, &PLAIN)]);
const REGISTER: Shape = Shape(&[(7, &PLAIN), (10, &PLAIN)]);
const SIMULATE: Shape = Shape(&[(2, &PLAIN), (3, &PARTICIPANT)]);

/// `JoinRequest`.
pub(super) const JOIN: Shape = Shape(&[(1, &PLAIN), (5, &ADD_TRACK), (6, &PLAIN), (10, &SYNC)]);
/// `SignalRequest`.
pub(super) const SIGNAL: Shape = Shape(&[
    (field::OFFER, &PLAIN),
    (field::ANSWER, &PLAIN),
    (4, &ADD_TRACK),
    (6, &SUBSCRIPTION),
    (7, &PLAIN),
    (8, &LEAVE),
    (10, &PLAIN),
    (11, &PERMISSION),
    (field::SYNC_STATE, &SYNC),
    (field::UPDATE_METADATA, &PLAIN),
    (17, &PLAIN),
    (21, &PLAIN),
]);

/// `WorkerMessage`.
pub(crate) const WORKER: Shape = Shape(&[(1, &REGISTER), (2, &PLAIN), (6, &SIMULATE), (7, &PLAIN)]);

mod simulcast_codecs {
    pub(super) const OF_REQUEST: u32 = 10;
    pub(super) const OF_INFO: u32 = 13;
}

/// Numbers of `SignalRequest`'s fields that may be long.
pub(super) mod field {
    pub(in crate::rooms) const OFFER: u32 = 1;
    pub(in crate::rooms) const ANSWER: u32 = 2;
    pub(in crate::rooms) const SYNC_STATE: u32 = 12;
    pub(in crate::rooms) const UPDATE_METADATA: u32 = 15;
}

/// A message holds more than it may, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    TooMany,
    Malformed,
}

impl From<DecodeError> for Refused {
    fn from(_: DecodeError) -> Self {
        Self::Malformed
    }
}

/// Bytes of attributes, names and values together.
pub(crate) fn attribute_bytes<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a String)>) -> usize {
    attributes.into_iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// Counts what a message holds.
///
/// # Errors
/// When that is more than [`MOST_FIELDS`], or not a message.
pub(crate) fn check(bytes: &[u8], shape: &Shape) -> Result<(), Refused> {
    count(bytes, shape, MOST_FIELDS).map(drop)
}

/// How many fields are still free afterwards. No deeper than shapes are.
fn count(bytes: &[u8], shape: &Shape, mut left: usize) -> Result<usize, Refused> {
    let mut rest = bytes;
    while !rest.is_empty() {
        left = left.checked_sub(1).ok_or(Refused::TooMany)?;
        let field = next_field(&mut rest)?;
        let inner = shape.0.iter().find(|(number, _)| *number == field.number);
        if let (Some((_, inner)), Some(content)) = (inner, field.content) {
            left = count(content, inner, left)?;
        }
    }
    Ok(left)
}

/// One field of a message.
pub(super) struct Field<'a> {
    pub(super) number: u32,
    /// Of a text, bytes, a message or a packed list.
    content: Option<&'a [u8]>,
    /// On the wire, with all that belongs to it.
    pub(super) size: usize,
}

/// Takes the next field off `rest`, which is not empty.
///
/// # Errors
/// When there is none.
pub(super) fn next_field<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, Refused> {
    let before = rest.len();
    let (number, wire) = decode_key(rest)?;
    let content = if wire == WireType::LengthDelimited {
        let length = usize::try_from(decode_varint(rest)?).unwrap_or(usize::MAX);
        let (content, after) = rest.split_at_checked(length).ok_or(Refused::Malformed)?;
        *rest = after;
        Some(content)
    } else {
        skip_field(wire, number, rest, DecodeContext::default())?;
        None
    };
    Ok(Field { number, content, size: before - rest.len() })
}

#[cfg(test)]
mod tests {
    use livekit_protocol::{self as proto, signal_request::Message as Request};
    use prost::Message as _;

    use super::*;

    fn many<T: Clone + Default>() -> Vec<T> {
        vec![T::default(); MOST_FIELDS + 1]
    }

    fn texts() -> std::collections::HashMap<String, String> {
        (0..=MOST_FIELDS).map(|number| (number.to_string(), String::new())).collect()
    }

    /// Each list and map that a stranger can fill is counted, wherever it stands.
    #[test]
    fn no_list_of_a_request_is_without_end() {
        let description = proto::SessionDescription { mid_to_track_id: texts(), ..Default::default() };
        let codec = proto::SimulcastCodec { layers: many(), ..Default::default() };
        let of_participant = proto::ParticipantTracks { track_sids: many(), ..Default::default() };
        let permission = proto::TrackPermission { track_sids: many(), ..Default::default() };
        let subscription = proto::UpdateSubscription { track_sids: many(), ..Default::default() };
        let regions = Some(proto::RegionSettings { regions: many() });
        for request in [
            Request::Offer(description.clone()),
            Request::Answer(description),
            Request::AddTrack(proto::AddTrackRequest { layers: many(), ..Default::default() }),
            Request::AddTrack(proto::AddTrackRequest { simulcast_codecs: vec![codec], ..Default::default() }),
            Request::Subscription(subscription.clone()),
            Request::Subscription(proto::UpdateSubscription {
                participant_tracks: vec![of_participant],
                ..Default::default()
            }),
            Request::TrackSetting(proto::UpdateTrackSettings { track_sids: many(), ..Default::default() }),
            Request::Leave(proto::LeaveRequest { regions, ..Default::default() }),
            Request::SubscriptionPermission(proto::SubscriptionPermission {
                track_permissions: vec![permission],
                ..Default::default()
            }),
            Request::SyncState(proto::SyncState { publish_tracks: many(), ..Default::default() }),
            Request::SyncState(proto::SyncState { subscription: Some(subscription), ..Default::default() }),
            Request::UpdateMetadata(proto::UpdateParticipantMetadata { attributes: texts(), ..Default::default() }),
            Request::UpdateDataSubscription(proto::UpdateDataSubscription { updates: many() }),
        ] {
            let bytes = proto::SignalRequest { message: Some(request.clone()) }.encode_to_vec();
            assert_eq!(check(&bytes, &SIGNAL), Err(Refused::TooMany), "{:.60}", format!("{request:?}"));
        }
    }

    #[test]
    fn no_list_of_a_join_request_is_without_end() {
        let codecs = vec![proto::SimulcastCodecInfo { layers: many(), ..Default::default() }];
        let track = Some(proto::TrackInfo { codecs, ..Default::default() });
        let published = proto::TrackPublishedResponse { track, ..Default::default() };
        let sync = |sync_state| proto::JoinRequest { sync_state: Some(sync_state), ..Default::default() };
        for request in [
            proto::JoinRequest { add_track_requests: many(), ..Default::default() },
            proto::JoinRequest { participant_attributes: texts(), ..Default::default() },
            sync(proto::SyncState { publish_tracks: many(), ..Default::default() }),
            sync(proto::SyncState { publish_tracks: vec![published], ..Default::default() }),
            sync(proto::SyncState { track_sids_disabled: many(), ..Default::default() }),
        ] {
            assert_eq!(check(&request.encode_to_vec(), &JOIN), Err(Refused::TooMany));
        }
    }

    #[test]
    fn what_clients_send_passes() {
        let sids: Vec<String> = (0..1600).map(|nth| format!("TR_{nth:012}")).collect();
        let subscription = Some(proto::UpdateSubscription { track_sids: sids, ..Default::default() });
        let publish_tracks =
            vec![proto::TrackPublishedResponse { track: Some(Default::default()), ..Default::default() }; 16];
        let state = proto::SyncState { subscription, publish_tracks, ..Default::default() };
        let join = proto::JoinRequest { sync_state: Some(state.clone()), ..Default::default() };
        assert_eq!(check(&join.encode_to_vec(), &JOIN), Ok(()));
        let request = proto::SignalRequest { message: Some(Request::SyncState(state)) };
        assert_eq!(check(&request.encode_to_vec(), &SIGNAL), Ok(()));
        let text = proto::UpdateParticipantMetadata { metadata: "\u{1}".repeat(100_000), ..Default::default() };
        let request = proto::SignalRequest { message: Some(Request::UpdateMetadata(text)) };
        assert_eq!(check(&request.encode_to_vec(), &SIGNAL), Ok(()), "a text is one field, whatever is in it");
    }
}
