//! Who of those in a room the caller is, and which track of theirs is listened to.

use livekit_protocol::{
    self as proto, TrackInfo, TrackSource, TrackType, encryption,
    participant_info::{Kind, State},
};

use crate::{
    audio::line::Caller,
    domain::{Identity, Pii},
    rooms::supervisor,
};

/// The caller as the room knows them.
#[derive(Clone, Debug)]
pub(super) struct Present {
    pub(super) identity: Identity,
    /// The track with their voice, if they publish one now.
    pub(super) track: Option<Track>,
}

/// A track that can be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) sid: String,
    pub(super) muted: bool,
}

/// The first of `others` who is a person and publishes audio.
pub(super) fn first(others: &[proto::ParticipantInfo]) -> Option<(Caller, Present)> {
    others.iter().filter(|info| voice(info).is_some()).find_map(accept)
}

/// Takes this participant for the caller; `None` when it is no person.
pub(super) fn accept(info: &proto::ParticipantInfo) -> Option<(Caller, Present)> {
    if !is_person(info) {
        return None;
    }
    let present = present(info)?;
    let caller = Caller {
        identity: present.identity.clone(),
        name: Pii::new(info.name.clone()),
        metadata: Pii::new(info.metadata.clone()),
    };
    Some((caller, present))
}

/// Somebody who is in the room.
pub(super) fn present(info: &proto::ParticipantInfo) -> Option<Present> {
    let identity = info.identity.parse().ok()?;
    Some(Present { identity, track: voice(info) })
}

/// Who talks with an agent: those that LiveKit's own agents listen to, but for members of staff.
pub(super) fn is_person(info: &proto::ParticipantInfo) -> bool {
    let is_gone = info.state() == State::Disconnected;
    let is_caller =
        matches!(info.kind(), Kind::Standard | Kind::Sip | Kind::Connector) && !supervisor::is_supervisor(info);
    !is_gone && is_caller
}

/// The track with a participant's voice: the microphone, or else audio of unknown source.
fn voice(info: &proto::ParticipantInfo) -> Option<Track> {
    if !is_person(info) {
        return None;
    }
    let of = |source| info.tracks.iter().find(|track| is_audible(track) && track.source() == source);
    let track = of(TrackSource::Microphone).or_else(|| of(TrackSource::Unknown))?;
    Some(Track { sid: track.sid.clone(), muted: track.muted })
}

/// Nobody but its receivers can hear an encrypted track.
fn is_audible(track: &TrackInfo) -> bool {
    track.r#type() == TrackType::Audio && track.encryption() == encryption::Type::None && !track.sid.is_empty()
}
