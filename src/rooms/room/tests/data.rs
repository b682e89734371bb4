//! Data messages.

use std::time::Duration;

use livekit_protocol::{self as proto, data_packet::Value, leave_request::Action};

use super::world::{World, claims, join_request, settings};
use crate::rooms::{
    Claims,
    SignalVersion::{V0, V1},
    settings::{Limits, Settings},
    token::Grants,
};

fn message(payload: &str, receivers: &[&str]) -> proto::DataPacket {
    let topic = Some("lk.chat".to_owned());
    let user = proto::UserPacket { payload: payload.into(), topic, ..Default::default() };
    proto::DataPacket {
        destination_identities: receivers.iter().map(|identity| (*identity).to_owned()).collect(),
        value: Some(Value::User(user)),
        // Whatever a client says of itself does not count.
        participant_identity: "somebody else".to_owned(),
        participant_sid: "PA_x".to_owned(),
        ..Default::default()
    }
}

fn three() -> World {
    let mut world = World::new();
    for (version, identity) in [(V0, "ann"), (V1, "bob"), (V0, "eve")] {
        world.join(version, identity);
    }
    world
}

/// How many messages each has received.
fn counts(world: &mut World) -> [usize; 3] {
    [0, 1, 2].map(|nth| world.received(nth).len())
}

#[test]
fn messages_go_to_those_whom_they_name() {
    for (receivers, expect) in [
        (&[][..], [0, 1, 1]),
        (&["bob"], [0, 1, 0]),
        (&["bob", "eve", "nobody"], [0, 1, 1]),
        (&["nobody"], [0, 0, 0]),
        (&["ann"], [0, 0, 0]),
    ] {
        let mut world = three();
        world.send_data(0, &message("hi", receivers));
        assert_eq!(counts(&mut world), expect, "{receivers:?}");
    }
    let mut world = three();
    world.send_data(0, &message("hi", &["bob"; 300]));
    assert_eq!(counts(&mut world), [0, 0, 0], "nobody knows so many");
}

#[test]
fn the_sender_is_written_on_a_message() {
    let mut world = three();
    let ann = world.sid(0);
    world.send_data(0, &proto::DataPacket { sequence: 7, ..message("hi", &["bob"]) });
    let received = world.received(1).remove(0);
    assert_eq!((received.participant_identity.as_str(), &received.participant_sid), ("ann", &ann));
    assert_eq!((received.sequence, received.destination_identities), (7, vec!["bob".to_owned()]));
    let Some(Value::User(user)) = received.value else { panic!("another message") };
    assert_eq!((user.payload, user.topic.as_deref()), (b"hi".to_vec(), Some("lk.chat")));
}

#[test]
fn a_repeated_message_is_not_delivered_again() {
    let mut world = three();
    for (sequence, expect) in [(1, 1), (2, 1), (2, 0), (1, 0), (3, 1), (0, 1)] {
        world.send_data(1, &proto::DataPacket { sequence, ..message("hi", &["ann"]) });
        assert_eq!(world.received(0).len(), expect, "{sequence}");
    }
}

#[test]
fn who_may_not_send_is_not_heard() {
    let mut world = World::new();
    world.join(V0, "ann");
    let grants = Grants { can_publish_data: false, ..Grants::default() };
    let mute = world.join_with(V1, Claims { grants, ..claims("bob") }, join_request());
    world.send_data(mute, &message("hi", &[]));
    assert!(world.received(0).is_empty());
}

#[test]
fn rpc_and_streams_pass_and_strangers_do_not() {
    let header = proto::data_stream::Header { topic: "lk.chat".to_owned(), ..Default::default() };
    for (value, expect) in [
        (Some(Value::RpcRequest(proto::RpcRequest { method: "sum".to_owned(), ..Default::default() })), 1),
        (Some(Value::RpcAck(proto::RpcAck::default())), 1),
        (Some(Value::RpcResponse(proto::RpcResponse::default())), 1),
        (Some(Value::StreamHeader(header)), 1),
        (Some(Value::StreamChunk(proto::data_stream::Chunk::default())), 1),
        (Some(Value::StreamTrailer(proto::data_stream::Trailer::default())), 1),
        (Some(Value::Transcription(proto::Transcription::default())), 0),
        (Some(Value::Metrics(proto::MetricsBatch::default())), 0),
        (None, 0),
    ] {
        let mut world = World::new();
        world.join(V0, "ann");
        world.join(V0, "bob");
        world.send_data(0, &proto::DataPacket { value: value.clone(), ..Default::default() });
        assert_eq!(world.received(1).len(), expect, "{value:?}");
    }
}

#[test]
fn an_agent_speaks_in_the_name_of_another_and_nobody_else_does() {
    let text = proto::data_stream::TextHeader::default();
    let content_header = Some(proto::data_stream::header::ContentHeader::TextHeader(text));
    let header = proto::data_stream::Header { content_header, ..Default::default() };
    for (agent, expect) in [(true, "ann"), (false, "helper")] {
        let mut world = World::new();
        world.join(V0, "ann");
        let grants = Grants { agent, ..Grants::default() };
        let helper = world.join_with(V0, Claims { grants, ..claims("helper") }, join_request());
        let packet = proto::DataPacket {
            participant_identity: "ann".to_owned(),
            value: Some(Value::StreamHeader(header.clone())),
            ..Default::default()
        };
        world.send_data(helper, &packet);
        assert_eq!(world.received(0)[0].participant_identity, expect);
    }
}

#[test]
fn a_flood_is_dammed_and_nothing_of_it_lost() {
    let limits = Limits { data_rate: 100_000, ..Limits::default() };
    let mut world = World::with(Settings { limits, ..settings() });
    world.join(V1, "ann");
    world.join(V0, "bob");
    // Twice what may be sent at once; then time pays.
    let sent: Vec<u32> = (1..=40).collect();
    for sequence in &sent {
        let packet = proto::DataPacket { sequence: *sequence, ..message(&"x".repeat(20_000), &[]) };
        while !world.try_send_data(0, &packet) {
            world.run_ms(100);
        }
    }
    let (at_once, begun) = (world.received(1), world.now);
    assert!((20..40).contains(&at_once.len()), "{}", at_once.len());
    let mut received = at_once;
    while received.len() < sent.len() && world.now < begun + Duration::from_secs(60) {
        world.run_ms(100);
        received.extend(world.received(1));
    }
    let numbers: Vec<u32> = received.iter().map(|packet| packet.sequence).collect();
    assert_eq!(numbers, sent);
}

#[test]
fn too_large_a_message_goes_nowhere() {
    let mut world = three();
    world.send_data(1, &message(&"x".repeat(66_000), &[]));
    assert_eq!(counts(&mut world), [0, 0, 0]);
}

#[test]
fn who_does_not_keep_up_is_dropped() {
    let limits = Limits { backlog: 400_000, ..Limits::default() };
    let mut world = World::with(Settings { limits, ..settings() });
    for identity in ["ann", "bob", "eve"] {
        world.join(V1, identity);
    }
    world.unreachable = Some(2);
    let large = message(&"x".repeat(30_000), &[]);
    let send = |world: &mut World, count| {
        for _ in 0..count {
            while !world.try_send_data(0, &large) {
                world.run_ms(100);
            }
        }
    };
    send(&mut world, 10);
    world.run_ms(2000);
    assert_eq!(world.left(2), None);
    // First who sends is held back for it.
    let begun = world.now;
    send(&mut world, 20);
    assert!(world.now - begun > Duration::from_secs(5), "{:?}", world.now - begun);
    world.run_ms(30_000);
    assert_eq!(world.left(2).map(proto::LeaveRequest::action), Some(Action::Reconnect));
    assert_eq!((world.received(1).len(), world.left(1)), (30, None));
}
