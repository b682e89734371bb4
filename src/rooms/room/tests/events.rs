//! What outside listeners are told, and when.

use livekit_protocol::{self as proto, DisconnectReason, participant_info::State, signal_request::Message as Request};

use super::world::{World, claims, join_request};
use crate::rooms::{
    Claims, RoomChange,
    SignalVersion::{V0, V1},
    token::Grants,
};

/// What happened, in words: whom it is about, whether they were active, and the track's name or why they left.
fn words(events: &[RoomChange]) -> Vec<String> {
    let active = |info: &proto::ParticipantInfo| info.state() == State::Active;
    let one = |change: &RoomChange| match change {
        RoomChange::Opened { .. } => "opened".to_owned(),
        RoomChange::Closed => "closed".to_owned(),
        RoomChange::ParticipantJoined(info) => format!("{} joined {}", info.identity, active(info)),
        RoomChange::ParticipantLeft(info) => {
            format!("{} left {}", info.identity, info.disconnect_reason().as_str_name())
        }
        RoomChange::ConnectionAborted(info) => {
            format!("{} aborted {}", info.identity, info.disconnect_reason().as_str_name())
        }
        RoomChange::TrackPublished(info, track) => {
            format!("{} published {}", info.identity, track.source().as_str_name())
        }
        RoomChange::TrackUnpublished(info, track) => {
            format!("{} unpublished {}", info.identity, track.source().as_str_name())
        }
    };
    events.iter().map(one).collect()
}

#[test]
fn a_visit_is_told_in_order() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(version, "ann");
        let sid = world.publish(0).unwrap();
        world.unpublish(0);
        world.run_ms(100);
        world.publish(0);
        world.say(0, Request::Leave(proto::LeaveRequest::default()));
        let expect = [
            "ann joined true",
            "ann published MICROPHONE",
            "ann unpublished MICROPHONE",
            "ann published MICROPHONE",
            "ann unpublished MICROPHONE",
            "ann left CLIENT_INITIATED",
        ];
        assert_eq!(words(&world.events), expect, "{version:?}");
        let RoomChange::TrackUnpublished(info, track) = &world.events[2] else { panic!() };
        assert_eq!((track.sid.as_str(), info.sid.is_empty()), (sid.as_str(), false));
    }
}

#[test]
fn who_never_connects_has_not_joined() {
    let mut world = World::new();
    world.unreachable = Some(0);
    world.join(V0, "ann");
    world.run_ms(20_000);
    let RoomChange::ConnectionAborted(info) = &world.events[0] else { panic!("{:?}", words(&world.events)) };
    assert_eq!((info.state(), info.disconnect_reason()), (State::Disconnected, DisconnectReason::JoinFailure));
    assert_eq!(world.events.len(), 1);
}

#[test]
fn hidden_ones_are_told_of_as_such() {
    let mut world = World::new();
    let grants = Grants { hidden: true, ..Grants::default() };
    world.join_with(V0, Claims { grants, ..claims("eve") }, join_request());
    let RoomChange::ParticipantJoined(info) = &world.events[0] else { panic!("{:?}", words(&world.events)) };
    assert!(info.permission.as_ref().is_some_and(|permission| permission.hidden));
}
