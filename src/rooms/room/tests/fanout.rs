//! What one participant makes the room tell others: bounded in bytes, for each receiver.

use livekit_protocol::{
    self as proto, leave_request::Action, request_response::Reason, signal_request::Message as Request,
    signal_response::Message,
};

use super::{
    rights::refusal,
    world::{World, claims, join_request, settings},
};
use crate::rooms::{
    Claims, JoinError,
    SignalVersion::{V0, V1},
    settings::{Limits, Settings},
    token::Grants,
};

/// Ann, who may change her metadata, Bob and Eve. What ten small changes cause is free, a large one is a long debt.
fn three() -> World {
    let limits = Limits { fanout: 20_000, ..Limits::default() };
    let mut world = World::with(Settings { limits, ..settings() });
    let grants = Grants { can_update_own_metadata: true, ..Grants::default() };
    world.join_with(V0, Claims { grants, ..claims("ann") }, join_request());
    world.join(V1, "bob");
    world.join(V0, "eve");
    world
}

fn metadata(bytes: usize) -> Request {
    let metadata = "x".repeat(bytes);
    Request::UpdateMetadata(proto::UpdateParticipantMetadata { metadata, request_id: 1, ..Default::default() })
}

fn mute(sid: &str, muted: bool) -> Request {
    Request::Mute(proto::MuteTrackRequest { sid: sid.to_owned(), muted })
}

/// Of all that a client was told, in bytes.
fn told_bytes(world: &World, nth: usize) -> usize {
    world.clients[nth].told.iter().map(Message::encoded_len).sum()
}

#[test]
fn large_changes_are_refused_until_time_has_paid() {
    let mut world = three();
    world.say(0, metadata(100_000));
    assert_eq!(refusal(&world, 0), Some(Reason::Ok));
    let before = told_bytes(&world, 1);
    for bytes in 100_001..100_006 {
        world.say(0, metadata(bytes));
        assert_eq!(refusal(&world, 0), Some(Reason::LimitExceeded));
        world.run_ms(500);
    }
    assert!(told_bytes(&world, 1) < before + 1000, "nobody else hears of it");
    world.run_ms(16_000);
    world.say(0, metadata(10));
    assert_eq!(refusal(&world, 0), Some(Reason::Ok));
    assert_eq!(world.sees(1, "ann").unwrap().metadata.len(), 10);
}

#[test]
fn who_mutes_is_silent_at_once_and_shown_so_later() {
    let mut world = three();
    let sid = world.publish(0).unwrap();
    world.say(0, metadata(100_000));
    world.say(0, mute(&sid, true));
    world.speak(0, 10);
    assert!(world.heard(1).is_empty());
    assert!(!world.sees(1, "ann").unwrap().tracks[0].muted);
    world.run_ms(16_000);
    assert!(world.sees(1, "ann").unwrap().tracks[0].muted);
    let versions = world.clients[1].told.iter().filter_map(|message| match message {
        Message::Update(update) => update.participants.iter().find(|info| info.identity == "ann"),
        _ => None,
    });
    let versions: Vec<u32> = versions.map(|info| info.version).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

#[test]
fn neither_tracks_nor_messages_are_free() {
    let mut world = three();
    world.say(0, metadata(100_000));
    world.say(0, Request::AddTrack(proto::AddTrackRequest { cid: "mic".to_owned(), ..Default::default() }));
    assert_eq!(refusal(&world, 0), Some(Reason::LimitExceeded));

    let mut world = three();
    let user = proto::UserPacket { payload: vec![0; 10_000], ..Default::default() };
    let packet = proto::DataPacket { value: Some(proto::data_packet::Value::User(user)), ..Default::default() };
    (0..20).for_each(|_| world.send_data(0, &packet));
    let received = world.received(1).len();
    assert!((4..10).contains(&received), "80 kB at once and 20 kB a second, to two: {received}");
}

#[test]
fn who_goes_on_changing_who_hears_it_is_dropped() {
    let mut world = three();
    world.publish(0).unwrap();
    for all_participants in [false, true].repeat(10) {
        if world.left(0).is_some() {
            break;
        }
        let track_permissions = Vec::new();
        let permission = proto::SubscriptionPermission { all_participants, track_permissions };
        world.say(0, Request::SubscriptionPermission(permission));
        world.run_ms(20);
    }
    assert_eq!(world.left(0).map(proto::LeaveRequest::action), Some(Action::Reconnect));
    assert_eq!((world.left(1), world.left(2)), (None, None));
}

#[test]
fn to_come_back_pays_no_debt() {
    let mut world = three();
    world.say(0, metadata(100_000));
    let again = world.join(V0, "ann");
    assert_eq!(world.clients[again].refused, Some(JoinError::TooOften));
    assert_eq!(world.left(0), None);
    world.say(0, Request::Leave(proto::LeaveRequest::default()));
    let again = world.join(V0, "ann");
    assert_eq!(world.clients[again].refused, Some(JoinError::TooOften));
    assert_eq!(world.sees(1, "ann").unwrap().metadata, "", "good-byes are short");
    world.run_ms(16_000);
    let again = world.join(V0, "ann");
    assert_eq!(world.clients[again].refused, None);
}

#[test]
fn what_changes_nothing_is_told_to_nobody() {
    let mut world = three();
    let sid = world.publish(0).unwrap();
    let features = |features: &[i32]| {
        let features = features.to_vec();
        Request::UpdateAudioTrack(proto::UpdateLocalAudioTrack { track_sid: sid.clone(), features })
    };
    for (request, expect) in [
        (mute(&sid, true), 1),
        (mute(&sid, true), 0),
        (features(&[2, 1]), 1),
        (features(&[1, 2, 2, 99]), 0),
        (features(&[]), 1),
        (features(&[]), 0),
        (metadata(10), 1),
        (metadata(10), 0),
    ] {
        let before = world.clients[1].told.len();
        world.say(0, request.clone());
        assert_eq!(world.clients[1].told.len() - before, expect, "{request:?}");
    }
}

#[test]
fn a_simulated_speaker_is_shown_to_who_asked() {
    let mut world = three();
    let scenario = Some(proto::simulate_scenario::Scenario::SpeakerUpdate(3));
    world.say(0, Request::Simulate(proto::SimulateScenario { scenario }));
    world.run_ms(5000);
    let shown = |world: &World, nth: usize| {
        let shown = world.clients[nth].told.iter().filter_map(|message| match message {
            Message::SpeakersChanged(change) => Some(change.speakers[0].active),
            _ => None,
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!([0, 1, 2].map(|nth| shown(&world, nth)), [vec![true, false], Vec::new(), Vec::new()]);
}

#[test]
fn a_room_has_room_for_so_much() {
    let limits = Limits { profiles: 1000, agents: 1, ..Limits::default() };
    let mut world = World::with(Settings { limits, ..settings() });
    let joins = |world: &mut World, identity: &str, bytes: usize, agent: bool| {
        let grants = Grants { agent, ..Grants::default() };
        let claims = Claims { metadata: "x".repeat(bytes), grants, ..claims(identity) };
        let nth = world.join_with(V0, claims, join_request());
        world.clients[nth].refused
    };
    assert_eq!(joins(&mut world, "ann", 600, false), None);
    assert_eq!(joins(&mut world, "bob", 600, false), Some(JoinError::Full));
    assert_eq!(joins(&mut world, "ann", 900, false), None, "in her own place");
    assert_eq!(joins(&mut world, "helper", 0, true), None);
    assert_eq!(joins(&mut world, "another", 0, true), Some(JoinError::Full));
}
