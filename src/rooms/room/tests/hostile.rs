//! Whatever strangers send: nothing panics, nothing grows, nobody else is harmed.

use livekit_protocol::{
    self as proto, leave_request::Action, signal_request::Message as Request, signal_response::Message,
};
use proptest::prelude::*;
use prost::Message as _;

use super::world::{World, claims, join_request};
use crate::rooms::{
    SignalVersion::{V0, V1},
    room::Input,
};

/// Texts as they may stand in any field.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("TR_unknown".to_owned()),
        Just("mic-0".to_owned()),
        Just("ann".to_owned()),
        Just("{\"candidate\":\"candidate:1 1 udp 1 203.0.113.9 9 typ host\"}".to_owned()),
        Just("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n".to_owned()),
        ".{0,40}",
        Just("x".repeat(3000)),
    ]
}

fn add_track() -> impl Strategy<Value = proto::AddTrackRequest> {
    (text(), text(), -1..6i32, -1..9i32, any::<bool>(), prop::collection::vec(any::<i32>(), 0..3)).prop_map(
        |(cid, name, r#type, source, muted, audio_features)| proto::AddTrackRequest {
            cid,
            name,
            r#type,
            source,
            muted,
            audio_features,
            ..Default::default()
        },
    )
}

fn description() -> impl Strategy<Value = proto::SessionDescription> {
    (text(), any::<u32>()).prop_map(|(sdp, id)| proto::SessionDescription { sdp, id, ..Default::default() })
}

/// Messages of the right shape with anything in them; those that end the connection are left out.
fn request() -> impl Strategy<Value = Request> {
    let texts = || prop::collection::vec(text(), 0..4);
    prop_oneof![
        description().prop_map(Request::Answer),
        (text(), -1..3i32).prop_map(|(candidate_init, target)| {
            Request::Trickle(proto::TrickleRequest { candidate_init, target, r#final: false })
        }),
        add_track().prop_map(Request::AddTrack),
        (text(), any::<bool>()).prop_map(|(sid, muted)| Request::Mute(proto::MuteTrackRequest { sid, muted })),
        (texts(), any::<bool>()).prop_map(|(track_sids, subscribe)| {
            Request::Subscription(proto::UpdateSubscription { track_sids, subscribe, ..Default::default() })
        }),
        (texts(), any::<bool>()).prop_map(|(track_sids, disabled)| {
            Request::TrackSetting(proto::UpdateTrackSettings { track_sids, disabled, ..Default::default() })
        }),
        (text(), text(), texts()).prop_map(|(participant_sid, participant_identity, track_sids)| {
            let permission =
                proto::TrackPermission { participant_sid, participant_identity, track_sids, ..Default::default() };
            let track_permissions = vec![permission];
            Request::SubscriptionPermission(proto::SubscriptionPermission {
                track_permissions,
                all_participants: false,
            })
        }),
        (text(), text(), text(), any::<u32>()).prop_map(|(name, metadata, value, request_id)| {
            let attributes = [(name.clone(), value)].into();
            Request::UpdateMetadata(proto::UpdateParticipantMetadata { name, metadata, attributes, request_id })
        }),
        (any::<i64>(), any::<i64>()).prop_map(|(timestamp, rtt)| Request::PingReq(proto::Ping { timestamp, rtt })),
        (text(), prop::collection::vec(any::<i32>(), 0..3)).prop_map(|(track_sid, features)| {
            Request::UpdateAudioTrack(proto::UpdateLocalAudioTrack { track_sid, features })
        }),
        Just(Request::SyncState(proto::SyncState::default())),
        any::<i32>().prop_map(|seconds| {
            let scenario = Some(proto::simulate_scenario::Scenario::SpeakerUpdate(seconds));
            Request::Simulate(proto::SimulateScenario { scenario })
        }),
        Just(Request::Simulate(proto::SimulateScenario::default())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_messages_are_borne(requests in prop::collection::vec(request(), 1..60)) {
        let mut world = World::new();
        world.join(V0, "ann");
        world.join(V1, "bob");
        let mut told = world.clients[1].told.len();
        for request in requests {
            let connection = world.clients[0].connection;
            let request = Box::new(proto::SignalRequest { message: Some(request) });
            world.handle(Input::Signal { connection, request });
            // Nothing that one sends makes many messages for another.
            let now_told = world.clients[1].told.len();
            prop_assert!(now_told <= told + 2);
            told = now_told;
        }
        world.run_ms(100);
        prop_assert_eq!(world.left(1), None);
    }

    #[test]
    fn any_bytes_that_decode_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(request) = proto::SignalRequest::decode(&bytes[..]) {
            let mut world = World::new();
            world.join(V0, "ann");
            let connection = world.clients[0].connection;
            world.handle(Input::Signal { connection, request: Box::new(request) });
            world.run_ms(100);
        }
    }

    #[test]
    fn any_join_request_is_borne(
        sdp in text(), tracks in prop::collection::vec(add_track(), 0..20), capabilities in prop::collection::vec(any::<i32>(), 0..40),
    ) {
        for version in [V0, V1] {
            let mut world = World::new();
            world.join(V0, "ann");
            let client_info = proto::ClientInfo { capabilities: capabilities.clone(), protocol: i32::MIN, ..Default::default() };
            let request = proto::JoinRequest {
                client_info: Some(client_info),
                add_track_requests: tracks.clone(),
                publisher_offer: (version == V0)
                    .then(|| proto::SessionDescription { sdp: sdp.clone(), ..Default::default() }),
                ..join_request()
            };
            world.join_with(version, super::world::claims("eve"), request);
            prop_assert_eq!(world.left(0), None);
        }
    }

    #[test]
    fn any_data_is_borne(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut world = World::new();
        world.join(V1, "ann");
        world.join(V0, "bob");
        let _ = world.clients[0].publisher.peer.send_data(crate::rtc::peer::Channel::Reliable, &bytes);
        world.run_ms(100);
        prop_assert_eq!((world.left(0), world.left(1)), (None, None));
    }
}

#[test]
fn a_description_that_cannot_be_used_is_answered() {
    let sections = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\n".repeat(1000);
    for sdp in [String::new(), "nonsense".to_owned(), format!("v=0\r\n{sections}"), "x".repeat(300_000)] {
        let mut world = World::new();
        world.join(V0, "ann");
        world.join(V0, "bob");
        world.say(0, Request::Offer(proto::SessionDescription { sdp, ..Default::default() }));
        assert_eq!(world.left(0).unwrap().action(), Action::Disconnect);
        assert_eq!(world.left(1), None);
    }
}

#[test]
fn a_flood_of_requests_ends_its_connection_only() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V0, "bob");
    let connection = world.clients[0].connection;
    for _ in 0..1000 {
        let request = Box::new(proto::SignalRequest { message: Some(Request::Ping(1)) });
        world.handle(Input::Signal { connection, request });
    }
    assert!(world.left(0).is_some() && world.clients[0].is_closed);
    assert_eq!(world.left(1), None);
    assert!(world.clients[0].told.iter().filter(|message| matches!(message, Message::Pong(_))).count() <= 200);
}

#[test]
fn what_comes_from_nobody_is_ignored() {
    let mut world = World::new();
    let connection = crate::rooms::room::ConnectionId(99);
    world.handle(Input::Signal { connection, request: Box::new(proto::SignalRequest::default()) });
    world.handle(Input::SignalClosed { connection });
    assert_eq!(world.room.len(), 0);
}

#[test]
fn numbers_that_nobody_knows_are_told_to_nobody() {
    let mut world = World::new();
    world.join(V0, "bob");
    let capabilities = vec![1, 99, -3];
    let client_info = Some(proto::ClientInfo { capabilities, ..Default::default() });
    let ann = world.join_with(V1, claims("ann"), proto::JoinRequest { client_info, ..join_request() });
    let layers = [7, 0].map(|quality| proto::VideoLayer { quality, ..Default::default() });
    let request = proto::AddTrackRequest {
        cid: "cam".to_owned(),
        r#type: proto::TrackType::Video.into(),
        source: 77,
        encryption: 78,
        backup_codec_policy: 79,
        layers: layers.into(),
        ..Default::default()
    };
    world.say(ann, Request::AddTrack(request));
    let told = world.clients[ann].told.iter().rev();
    let mut tracks = told.filter_map(|message| match message {
        Message::TrackPublished(published) => published.track.clone(),
        _ => None,
    });
    let track = tracks.next().unwrap();
    assert!(serde_json::to_string(&track).is_ok(), "{track:?}");
    let info = world.sees(0, "ann").unwrap();
    assert_eq!(info.capabilities, [1]);
    assert!(serde_json::to_string(&info).is_ok(), "{info:?}");
}
