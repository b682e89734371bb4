//! Coming, going, coming back.

use std::time::{Duration, SystemTime};

use livekit_protocol::{
    self as proto, DisconnectReason, leave_request::Action, participant_info::State,
    signal_request::Message as Request, signal_response::Message,
};

use super::world::{World, claims, join_request, settings};
use crate::{
    rooms::{
        Claims, JoinError,
        SignalVersion::{V0, V1},
        room::Input,
        settings::{Limits, Settings},
        token::Grants,
    },
    rtc::sim::Weather,
};

#[test]
fn the_first_message_tells_all_that_there_is() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(V0, "ann");
        world.publish(0);
        world.join(version, "bob");
        let joined = world.joined(1);
        let (room, me) = (joined.room.as_ref().unwrap(), joined.participant.as_ref().unwrap());
        assert!(room.sid.starts_with("RM_") && me.sid.starts_with("PA_"));
        assert_eq!((room.name.as_str(), me.identity.as_str()), ("call-1", "bob"));
        assert_eq!(joined.other_participants.len(), 1);
        assert!(joined.other_participants[0].tracks[0].sid.starts_with("TR_"));
        assert_eq!(joined.server_info.as_ref().unwrap().protocol, 17);
        assert_eq!(joined.subscriber_primary, version == V0);
        assert_eq!((joined.ping_interval, joined.ping_timeout, joined.fast_publish), (5, 15, true));
        assert_eq!(world.sees(0, "bob").unwrap().state(), State::Active);
        assert_eq!(world.sees(1, "bob").unwrap().state(), State::Active, "one is told of oneself");
    }
}

#[test]
fn who_leaves_is_gone_for_the_others() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V1, "bob");
    world.publish(1);
    world.say(1, Request::Leave(proto::LeaveRequest::default()));
    world.run_ms(100);
    assert!(world.clients[1].is_closed);
    let bob = world.sees(0, "bob").unwrap();
    assert_eq!((bob.state(), bob.disconnect_reason()), (State::Disconnected, DisconnectReason::ClientInitiated));
    assert_eq!(world.room.len(), 1);
}

#[test]
fn the_second_of_an_identity_replaces_the_first() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V1, "ann");
    let leave = world.left(0).unwrap();
    assert_eq!((leave.reason(), leave.action()), (DisconnectReason::DuplicateIdentity, Action::Disconnect));
    assert!(world.clients[0].is_closed && !world.clients[1].is_closed);
    assert_eq!(world.room.len(), 1);
}

#[test]
fn a_lost_signal_connection_is_taken_up_again() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(version, "ann");
        world.join(V0, "bob");
        let track = world.publish(0).unwrap();
        let sid = world.sid(0);
        world.handle(Input::SignalClosed { connection: world.clients[0].connection });
        world.clients[0].is_deaf = true;
        world.run_ms(5000);
        assert_eq!(world.sees(1, "ann").unwrap().state(), State::Active, "nobody else notices");
        world.resume(0, claims("ann"), &sid);
        assert!(matches!(world.clients[0].told[0], Message::Reconnect(_)), "{:?}", world.clients[0].told[0]);
        let restart = world.clients[0].restart_ice(world.now);
        world.say(0, restart);
        world.run_ms(500);
        let publish_tracks = vec![proto::TrackPublishedResponse {
            cid: String::new(),
            track: Some(proto::TrackInfo { sid: track, ..Default::default() }),
        }];
        world.say(0, Request::SyncState(proto::SyncState { publish_tracks, ..Default::default() }));
        world.run_ms(40_000);
        assert_eq!((world.left(0), world.left(1)), (None, None));
        world.heard(1);
        world.speak(0, 10);
        assert_eq!(world.heard(1).len(), 10, "{version:?}");
    }
}

#[test]
fn only_the_same_identity_resumes() {
    let mut world = World::new();
    world.join(V0, "ann");
    let sid = world.sid(0);
    let thief = world.join(V0, "bob");
    for (nth, identity, wanted) in [(thief, "bob", sid.as_str()), (thief, "bob", "PA_unknown"), (thief, "bob", "")] {
        world.resume(nth, claims(identity), wanted);
        let leave = world.left(nth).unwrap();
        assert_eq!((leave.reason(), leave.action()), (DisconnectReason::StateMismatch, Action::Reconnect));
        assert!(world.clients[nth].is_closed);
    }
    assert!(!world.clients[0].is_closed);
}

#[test]
fn what_a_resumed_client_publishes_must_be_known() {
    let mut world = World::new();
    world.join(V0, "ann");
    let unknown = proto::TrackPublishedResponse::default();
    world.say(0, Request::SyncState(proto::SyncState { publish_tracks: vec![unknown], ..Default::default() }));
    assert_eq!(world.left(0).unwrap().action(), Action::Reconnect);
}

#[test]
fn who_does_not_come_back_is_given_up() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V0, "bob");
    world.handle(Input::SignalClosed { connection: world.clients[1].connection });
    world.clients[1].is_deaf = true;
    world.run_ms(29_000);
    assert_eq!(world.room.len(), 2);
    world.run_ms(2000);
    let bob = world.sees(0, "bob").unwrap();
    assert_eq!((bob.state(), bob.disconnect_reason()), (State::Disconnected, DisconnectReason::SignalClose));
}

#[test]
fn who_never_connects_is_given_up() {
    let mut world = World::new();
    world.network.weather = Weather::CUT;
    world.join(V0, "ann");
    world.run_ms(14_000);
    assert_eq!(world.left(0), None);
    world.run_ms(2000);
    assert_eq!(world.left(0).unwrap().reason(), DisconnectReason::JoinFailure);
    assert_eq!(world.room.len(), 0);
}

#[test]
fn whose_network_dies_may_come_back_and_else_begins_anew() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(version, "ann");
        let sid = world.sid(0);
        world.network.weather = Weather::CUT;
        world.run_ms(20_000);
        world.network.weather = Weather::FAIR;
        world.handle(Input::SignalClosed { connection: world.clients[0].connection });
        world.resume(0, claims("ann"), &sid);
        if version == V1 {
            let restart = world.clients[0].restart_ice(world.now);
            world.say(0, restart);
        }
        world.run_ms(30_000);
        assert_eq!(world.left(0), None, "{version:?}");
        world.network.weather = Weather::CUT;
        world.run_ms(31_000);
        let leave = world.left(0).unwrap();
        assert_eq!((leave.reason(), leave.action()), (DisconnectReason::ConnectionTimeout, Action::Reconnect));
    }
}

#[test]
fn when_the_server_stops_all_are_told() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V1, "bob");
    world.handle(Input::Close);
    for nth in [0, 1] {
        assert_eq!(world.left(nth).unwrap().reason(), DisconnectReason::ServerShutdown);
        assert!(world.clients[nth].is_closed);
    }
}

#[test]
fn a_room_closes_when_nobody_is_left() {
    let mut world = World::new();
    world.run_ms(299_000);
    assert!(!world.is_closed, "it waits five minutes for the first");
    world.join(V0, "ann");
    world.run_ms(600_000);
    assert!(!world.is_closed);
    world.say(0, Request::Leave(proto::LeaveRequest::default()));
    world.run_ms(19_000);
    assert!(!world.is_closed);
    world.run_ms(2000);
    assert!(world.is_closed);
    assert_eq!(world.room.next_timeout(), None, "nothing keeps it awake");
}

#[test]
fn an_unvisited_room_closes() {
    let mut world = World::new();
    world.run_ms(301_000);
    assert!(world.is_closed);
}

#[test]
fn who_was_removed_needs_a_newer_token() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.handle(Input::Remove { identity: "ann".parse().unwrap() });
    assert_eq!(world.left(0).unwrap().reason(), DisconnectReason::ParticipantRemoved);
    let old = world.join(V0, "ann");
    assert_eq!(world.clients[old].refused, Some(JoinError::Removed));
    let mut newer = claims("ann");
    newer.not_before = 2001;
    let back = world.join_with(V0, newer, join_request());
    assert_eq!(world.clients[back].refused, None);
    world.joined(back);
}

#[test]
fn a_full_room_takes_nobody_but_those_who_are_in_it() {
    let limits = Limits { participants: 2, ..Limits::default() };
    let mut world = World::with(Settings { limits, ..settings() });
    world.join(V0, "ann");
    world.join(V0, "bob");
    let third = world.join(V0, "eve");
    assert_eq!(world.clients[third].refused, Some(JoinError::Full));
    let again = world.join(V0, "ann");
    assert_eq!(world.clients[again].refused, None);
}

#[test]
fn tokens_are_refreshed() {
    let token_refresh = Some(std::sync::Arc::new(|claims: &Claims| claims.not_before.to_string()) as _);
    let mut world = World::with(Settings { token_refresh, ..settings() });
    world.join(V0, "ann");
    world.run_ms(Duration::from_mins(10).as_millis() as u64);
    assert_eq!(refreshed(&world, 0), ["2000", "2300", "2600"]);
}

/// The tokens that a client was sent.
fn refreshed(world: &World, nth: usize) -> Vec<String> {
    let tokens = world.clients[nth].told.iter().filter_map(|message| match message {
        Message::RefreshToken(token) => Some(token.clone()),
        _ => None,
    });
    tokens.collect()
}

#[test]
fn an_older_token_does_not_bring_back_rights() {
    let of_token = |not_before, can_publish| {
        let grants = Grants { can_publish, ..Grants::default() };
        Claims { not_before, grants, ..claims("ann") }
    };
    let sign = |claims: &Claims| format!("{} {}", claims.not_before, claims.grants.can_publish);
    for (resumed_with, expect) in
        [((1000, true), "false"), ((1500, true), "false"), ((3000, true), "true"), ((0, true), "false")]
    {
        let token_refresh = Some(std::sync::Arc::new(sign) as _);
        let mut world = World::with(Settings { token_refresh, ..settings() });
        world.join_with(V0, of_token(1500, false), join_request());
        let sid = world.sid(0);
        world.resume(0, of_token(resumed_with.0, resumed_with.1), &sid);
        world.run_ms(100);
        let token = refreshed(&world, 0).pop().unwrap();
        assert!(token.ends_with(expect), "{token} after {resumed_with:?}");
    }
}

/// Tokens, refreshed ones too, and removals go by one clock, and removal holds wherever somebody sets that.
#[test]
fn a_clock_that_is_set_lets_nobody_back_in() {
    let token_refresh = Some(std::sync::Arc::new(|claims: &Claims| claims.not_before.to_string()) as _);
    let hour = Duration::from_hours(1);
    let begin = SystemTime::UNIX_EPOCH + 10 * hour;
    for set_to in [begin - hour, begin, begin + hour] {
        let mut world = World::with(Settings { token_refresh: token_refresh.clone(), ..settings() });
        world.set_wall(begin);
        world.join(V0, "ann");
        world.set_wall(set_to);
        world.run_ms(301_000);
        let tokens = refreshed(&world, 0).into_iter().map(|token| token.parse::<u64>().unwrap());
        let tokens: Vec<u64> = tokens.collect();
        let now = world.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let last = *tokens.last().unwrap();
        assert!((now - 2..=now).contains(&last), "refreshed tokens go by the clock that checks them");

        // Set back in the moment before: what she holds seems to be of the future.
        world.set_wall(set_to - hour);
        world.handle(Input::Remove { identity: "ann".parse().unwrap() });
        let newest = *tokens.iter().max().unwrap();
        for (not_before, refused) in
            [(last, Some(JoinError::Removed)), (newest, Some(JoinError::Removed)), (newest + 1, None)]
        {
            let nth = world.join_with(V0, Claims { not_before, ..claims("ann") }, join_request());
            assert_eq!(world.clients[nth].refused, refused, "{not_before}");
        }
    }
}

#[test]
fn pings_are_answered() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.say(0, Request::PingReq(proto::Ping { timestamp: 77, rtt: 5 }));
    world.say(0, Request::Ping(78));
    let told = &world.clients[0].told;
    let pong = proto::Pong { last_ping_timestamp: 77, timestamp: 2_000_500 };
    assert_eq!(told[told.len() - 2..], [Message::PongResp(pong), Message::Pong(2_000_500)]);
}

#[test]
fn what_clients_simulate_befalls_them() {
    use proto::simulate_scenario::Scenario;
    let leave = |world: &World| world.left(0).map(|leave| (leave.action(), leave.reason()));
    for (scenario, left, closed, remains) in [
        (Scenario::ServerLeave(true), Some((Action::Disconnect, DisconnectReason::ServerShutdown)), true, 0),
        (
            Scenario::LeaveRequestFullReconnect(true),
            Some((Action::Reconnect, DisconnectReason::UnknownReason)),
            true,
            0,
        ),
        (Scenario::NodeFailure(true), None, true, 0),
        (Scenario::Migration(true), None, true, 1),
        (Scenario::SpeakerUpdate(i32::MAX), None, false, 1),
        (Scenario::SpeakerUpdate(i32::MIN), None, false, 1),
    ] {
        let mut world = World::new();
        world.join(V0, "ann");
        world.say(0, Request::Simulate(proto::SimulateScenario { scenario: Some(scenario) }));
        world.run_ms(100);
        let got = (leave(&world), world.clients[0].is_closed, world.room.len());
        assert_eq!(got, (left, closed, remains), "{scenario:?}");
    }
}
