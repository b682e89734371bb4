//! What the server API does to a room and to those in it.

use std::time::Duration;

use livekit_protocol::{
    self as proto, DisconnectReason, TrackSource, data_packet::Value, participant_info::State, rpc_response,
    signal_request::Message as Request, signal_response::Message,
};
use tokio::sync::oneshot;

use super::{
    rights::refusal,
    world::{World, claims, join_request, settings},
};
use crate::rooms::{
    Claims, ControlError, JoinError, RoomChange, RoomOptions,
    SignalVersion::{V0, V1},
    room::{Answer, Control, Input},
    settings::Settings,
    token::Grants,
};

/// Asks the room; the answer comes now or later.
fn ask<T>(world: &mut World, control: impl FnOnce(Answer<T>) -> Control) -> oneshot::Receiver<Result<T, ControlError>> {
    let (answer, answered) = oneshot::channel();
    world.handle(Input::Control(Box::new(control(answer))));
    answered
}

/// The same, where the answer comes at once.
fn asked<T>(world: &mut World, control: impl FnOnce(Answer<T>) -> Control) -> Result<T, ControlError> {
    ask(world, control).try_recv().expect("an answer at once")
}

fn update(world: &mut World, request: proto::UpdateParticipantRequest) -> Result<proto::ParticipantInfo, ControlError> {
    let request = Box::new(request);
    asked(world, |answer| Control::UpdateParticipant { request, answer })
}

fn permit(world: &mut World, identity: &str, permission: proto::ParticipantPermission) {
    let (identity, permission) = (identity.to_owned(), Some(permission));
    update(world, proto::UpdateParticipantRequest { identity, permission, ..Default::default() }).unwrap();
}

fn all() -> proto::ParticipantPermission {
    proto::ParticipantPermission {
        can_subscribe: true,
        can_publish: true,
        can_publish_data: true,
        ..Default::default()
    }
}

/// The tracks that a client receives.
fn received(world: &World, nth: usize) -> usize {
    world.clients[nth].carries.values().filter(|track| !track.is_empty()).count()
}

#[test]
fn all_are_listed_and_one_is_found() {
    let mut world = World::new();
    world.join(V0, "ann");
    let grants = Grants { hidden: true, ..Grants::default() };
    world.join_with(V1, Claims { grants, ..claims("eve") }, join_request());
    let listed = asked(&mut world, |answer| Control::ListParticipants { answer }).unwrap();
    assert_eq!(listed.iter().map(|info| info.identity.as_str()).collect::<Vec<_>>(), ["ann", "eve"]);
    let one = |world: &mut World, identity: &str| {
        asked(world, |answer| Control::GetParticipant { identity: identity.to_owned(), answer })
    };
    assert_eq!(one(&mut world, "eve").unwrap().state(), State::Active);
    assert_eq!(one(&mut world, "bob"), Err(ControlError::NoParticipant));
}

#[test]
fn who_is_removed_is_gone_and_a_deleted_room_sends_all_away() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V1, "bob");
    let remove = |world: &mut World, identity: &str| {
        asked(world, |answer| Control::RemoveParticipant { identity: identity.to_owned(), answer })
    };
    assert_eq!(remove(&mut world, "carl"), Err(ControlError::NoParticipant));
    assert_eq!(remove(&mut world, "bob"), Ok(()));
    assert_eq!(world.left(1).unwrap().reason(), DisconnectReason::ParticipantRemoved);
    assert_eq!(asked(&mut world, |answer| Control::DeleteRoom { answer }), Ok(()));
    assert_eq!(world.left(0).unwrap().reason(), DisconnectReason::RoomDeleted);
    assert!(world.is_closed && world.room.is_empty());
}

#[test]
fn what_is_said_about_somebody_changes_for_all_and_within_limits() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V1, "bob");
    let said = |metadata: String| proto::UpdateParticipantRequest {
        identity: "ann".to_owned(),
        metadata,
        name: "Ann".to_owned(),
        attributes: [("seat".to_owned(), "3".to_owned())].into(),
        ..Default::default()
    };
    let info = update(&mut world, said("{}".to_owned())).unwrap();
    assert_eq!((info.name.as_str(), info.metadata.as_str(), info.attributes["seat"].as_str()), ("Ann", "{}", "3"));
    for nth in [0, 1] {
        assert_eq!(world.sees(nth, "ann").unwrap().metadata, "{}");
    }
    let too_long = "x".repeat(512 * 1024 + 1);
    assert!(matches!(update(&mut world, said(too_long)), Err(ControlError::TooLarge(_))));
    assert_eq!(world.sees(1, "ann").unwrap().metadata, "{}");
}

#[test]
fn a_right_that_is_taken_away_ends_what_it_allowed() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(version, "ann");
        world.join(V0, "bob");
        let sid = world.publish(0).unwrap();
        assert_eq!(received(&world, 1), 1);
        let sources = vec![TrackSource::Camera.into()];
        permit(&mut world, "ann", proto::ParticipantPermission { can_publish_sources: sources, ..all() });
        world.run_ms(500);
        let unpublished = world.clients[0]
            .told
            .iter()
            .any(|message| matches!(message, Message::TrackUnpublished(gone) if gone.track_sid == sid));
        assert!(unpublished, "its client is told");
        assert!(world.sees(1, "ann").unwrap().tracks.is_empty());
        assert!(matches!(world.events.last(), Some(RoomChange::TrackUnpublished(_, track)) if track.sid == sid));
        world.say(
            0,
            Request::AddTrack(proto::AddTrackRequest {
                cid: "again".to_owned(),
                source: TrackSource::Microphone.into(),
                ..Default::default()
            }),
        );
        assert!(refusal(&world, 0).is_some());
    }
}

#[test]
fn a_source_that_does_not_exist_allows_no_other() {
    let mut world = World::new();
    world.join(V0, "ann");
    permit(&mut world, "ann", proto::ParticipantPermission { can_publish_sources: vec![99], ..all() });
    assert_eq!(world.publish(0), None);
}

#[test]
fn who_may_not_subscribe_receives_nothing_until_they_may_again() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(V0, "ann");
        world.join(version, "bob");
        world.publish(0).unwrap();
        permit(&mut world, "bob", proto::ParticipantPermission { can_subscribe: false, ..all() });
        world.run_ms(500);
        world.clients[1].carries.clear();
        assert!(!world.sees(0, "bob").unwrap().permission.unwrap().can_subscribe, "all are told");
        permit(&mut world, "bob", all());
        world.run_ms(500);
        assert_eq!(received(&world, 1), 1, "{version:?}");
    }
}

#[test]
fn who_is_hidden_later_is_gone_for_others_and_may_come_back() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V0, "bob");
    world.publish(0).unwrap();
    permit(&mut world, "ann", proto::ParticipantPermission { hidden: true, ..all() });
    assert_eq!(world.sees(1, "ann").unwrap().state(), State::Disconnected);
    assert_eq!(world.sees(0, "ann").unwrap().state(), State::Active, "but not for itself");
    permit(&mut world, "ann", all());
    let ann = world.sees(1, "ann").unwrap();
    assert_eq!((ann.state(), ann.tracks.len()), (State::Active, 1));
}

#[test]
fn a_new_right_is_in_the_next_token() {
    let mut settings = settings();
    let told = |claims: &Claims| format!("{} {}", claims.grants.can_publish, claims.metadata);
    settings.token_refresh = Some(std::sync::Arc::new(told));
    let mut world = World::with(settings);
    world.join(V0, "ann");
    permit(&mut world, "ann", proto::ParticipantPermission { can_publish: false, ..all() });
    world.run_ms(100);
    let tokens = world.clients[0].told.iter().rev().find_map(|message| match message {
        Message::RefreshToken(token) => Some(token.clone()),
        _ => None,
    });
    assert_eq!(tokens.as_deref(), Some("false "));
}

#[test]
fn tracks_are_muted_from_outside_and_unmuted_where_that_is_allowed() {
    for remote_unmute in [false, true] {
        let mut world = World::with(Settings { remote_unmute, ..settings() });
        world.join(V0, "ann");
        world.join(V0, "bob");
        let sid = world.publish(0).unwrap();
        let mute = |world: &mut World, track_sid: &str, muted: bool| {
            let (identity, track_sid) = ("ann".to_owned(), track_sid.to_owned());
            let request = Box::new(proto::MuteRoomTrackRequest { identity, track_sid, muted, ..Default::default() });
            asked(world, |answer| Control::MutePublishedTrack { request, answer })
        };
        assert!(mute(&mut world, &sid, true).unwrap().unwrap().muted);
        assert!(world.sees(1, "ann").unwrap().tracks[0].muted);
        let told = world.clients[0].told.iter().any(|message| matches!(message, Message::Mute(mute) if mute.muted));
        assert!(told, "its client stops sending");
        assert_eq!(mute(&mut world, "TR_other", true), Ok(None));
        match mute(&mut world, &sid, false) {
            Ok(track) => assert!(remote_unmute && !track.unwrap().muted),
            Err(error) => assert_eq!((error, remote_unmute), (ControlError::NoRemoteUnmute, false)),
        }
    }
}

#[test]
fn data_reaches_those_whom_it_names_and_comes_from_nobody() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V1, "bob");
    let send = |world: &mut World, data: usize, to: &[&str]| {
        let destination_identities = to.iter().map(|identity| (*identity).to_owned()).collect();
        let request = Box::new(proto::SendDataRequest {
            data: vec![7; data],
            destination_identities,
            topic: Some("t".to_owned()),
            ..Default::default()
        });
        asked(world, |answer| Control::SendData { request, answer })
    };
    for (to, expect) in [(&[][..], [1, 1]), (&["bob"], [0, 1]), (&["carl"], [0, 0])] {
        assert_eq!(send(&mut world, 3, to), Ok(()));
        world.run_ms(300);
        let heard = [world.received(0), world.received(1)];
        for packet in heard.iter().flatten() {
            let Some(Value::User(user)) = &packet.value else { panic!("{packet:?}") };
            assert_eq!((user.payload.as_slice(), user.topic.as_deref()), (&[7; 3][..], Some("t")));
            assert!(packet.participant_sid.is_empty() && packet.participant_identity.is_empty());
        }
        assert_eq!(heard.map(|packets| packets.len()), expect, "{to:?}");
    }
    assert!(matches!(send(&mut world, 64 * 1024 + 1, &[]), Err(ControlError::TooLarge(_))));
}

#[test]
fn what_is_said_about_the_room_is_told_to_all_and_to_who_comes_later() {
    let mut world = World::new();
    world.join(V0, "ann");
    let change =
        |world: &mut World, metadata: String| asked(world, |answer| Control::UpdateRoomMetadata { metadata, answer });
    assert_eq!(change(&mut world, "m".to_owned()).unwrap().metadata, "m");
    let told = world.clients[0].told.iter().any(|message| match message {
        Message::RoomUpdate(update) => update.room.as_ref().is_some_and(|room| room.metadata == "m"),
        _ => false,
    });
    assert!(told);
    world.join(V1, "bob");
    assert_eq!(world.joined(1).room.as_ref().unwrap().metadata, "m");
    assert!(matches!(change(&mut world, "x".repeat(512 * 1024 + 1)), Err(ControlError::TooLarge(_))));
}

/// Asks a client for a call, and gives its request as the client has it.
fn call(
    world: &mut World,
    payload: usize,
) -> (oneshot::Receiver<Result<String, ControlError>>, Option<proto::RpcRequest>) {
    let request = Box::new(proto::PerformRpcRequest {
        destination_identity: "ann".to_owned(),
        method: "greet".to_owned(),
        payload: "x".repeat(payload),
        response_timeout_ms: 5000,
        ..Default::default()
    });
    let answered = ask(world, |answer| Control::PerformRpc { request, answer });
    world.run_ms(200);
    let asked = world.received(0).into_iter().find_map(|packet| match packet.value {
        Some(Value::RpcRequest(request)) => Some(request),
        _ => None,
    });
    (answered, asked)
}

fn say(world: &mut World, nth: usize, value: Value) {
    let packet = proto::DataPacket { value: Some(value), ..Default::default() };
    world.send_data(nth, &packet);
    world.run_ms(200);
}

#[test]
fn a_method_of_a_client_is_called() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(version, "ann");
        world.join(V0, "bob");
        let (mut answered, request) = call(&mut world, 3);
        let request = request.expect("the client is asked");
        assert_eq!((request.method.as_str(), request.payload.as_str(), request.version), ("greet", "xxx", 1));
        let response = |payload: &str| {
            let value = Some(rpc_response::Value::Payload(payload.to_owned()));
            Value::RpcResponse(proto::RpcResponse { request_id: request.id.clone(), value })
        };
        say(&mut world, 1, response("forged"));
        assert!(answered.try_recv().is_err(), "only who was asked answers");
        say(&mut world, 0, Value::RpcAck(proto::RpcAck { request_id: request.id.clone() }));
        world.run_ms(3000);
        say(&mut world, 0, response("hello"));
        assert_eq!(answered.try_recv().unwrap(), Ok("hello".to_owned()));
        assert!(world.received(1).is_empty(), "it is nobody else's");
    }
}

#[test]
fn a_call_that_fails_says_how() {
    let code = |answered: &mut oneshot::Receiver<Result<String, ControlError>>| match answered.try_recv().unwrap() {
        Err(ControlError::Rpc(error)) => error.code,
        other => panic!("{other:?}"),
    };
    let mut world = World::new();
    world.join(V0, "ann");
    assert_eq!(code(&mut call(&mut world, 15 * 1024 + 1).0), 1402);
    let (mut silent, _) = call(&mut world, 1);
    world.run_ms(2000);
    assert_eq!(code(&mut silent), 1501, "it does not say that it has the request");
    let (mut slow, request) = call(&mut world, 1);
    say(&mut world, 0, Value::RpcAck(proto::RpcAck { request_id: request.unwrap().id }));
    world.run_ms(5000);
    assert_eq!(code(&mut slow), 1502);
    let (mut refused, request) = call(&mut world, 1);
    let error = proto::RpcError { code: 101, message: "no".to_owned(), ..Default::default() };
    let value = Some(rpc_response::Value::Error(error));
    say(&mut world, 0, Value::RpcResponse(proto::RpcResponse { request_id: request.unwrap().id, value }));
    assert_eq!(code(&mut refused), 101);
    let (mut left, _) = call(&mut world, 1);
    world.say(0, Request::Leave(proto::LeaveRequest::default()));
    assert_eq!(code(&mut left), 1503);
    let (mut nobody, _) = call(&mut world, 1);
    assert_eq!(nobody.try_recv().unwrap(), Err(ControlError::NoParticipant));
}

#[test]
fn a_room_is_opened_as_it_is_asked_for() {
    let options = RoomOptions {
        empty_timeout: Some(Duration::from_secs(7)),
        departure_timeout: Some(Duration::from_secs(3)),
        max_participants: Some(1),
        metadata: "m".to_owned(),
        ..RoomOptions::default()
    };
    let mut world = World::opened(settings(), options);
    let info = world.room.info();
    assert_eq!((info.empty_timeout, info.departure_timeout, info.max_participants), (7, 3, 1));
    world.run_ms(6000);
    world.join(V0, "ann");
    let late = world.join(V0, "bob");
    assert_eq!(world.clients[late].refused, Some(JoinError::Full));
    world.say(0, Request::Leave(proto::LeaveRequest::default()));
    world.run_ms(2000);
    assert!(!world.is_closed);
    world.run_ms(2000);
    assert!(world.is_closed);
}
