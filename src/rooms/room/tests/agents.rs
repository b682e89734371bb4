//! An agent of this process in the room.

use livekit_protocol::{self as proto, participant_info::Kind, signal_request::Message as Request};

use super::world::World;
use crate::{
    audio::{
        Framer, LINE_HZ,
        line::{Hangup, Line, LineEvent, Say, line},
    },
    domain::{Identity, TurnId},
    rooms::{
        Agent,
        SignalVersion::{V0, V1},
        room::Input,
    },
};

fn identity() -> Identity {
    "agent-1".parse().unwrap()
}

fn agent_joins(world: &mut World) -> Line {
    let (line, end) = line();
    world.handle(Input::JoinAgent { agent: Agent { identity: identity(), name: "Callstead".to_owned() }, line: end });
    line
}

/// The agent says a tone of 200 ms: ten frames.
fn say_a_tone(line: &Line) {
    let tone: Vec<f32> = (0..LINE_HZ / 5).map(|sample| (sample as f32 * 0.05).sin() * 0.5).collect();
    Framer::default().push(&tone, |frame| line.say.try_send(Say::Audio(TurnId(1), Box::new(frame))).unwrap());
}

fn events(line: &mut Line) -> Vec<LineEvent> {
    std::iter::from_fn(|| line.events.try_recv().ok()).collect()
}

#[test]
fn a_caller_and_an_agent_hear_each_other() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(version, "ann");
        let mut line = agent_joins(&mut world);
        world.run_ms(200);
        let agent = world.sees(0, "agent-1").unwrap();
        assert_eq!((agent.kind(), agent.name.as_str(), agent.tracks.len()), (Kind::Agent, "Callstead", 1));
        assert!(agent.attributes.contains_key("lk.agent.state"));

        world.publish(0).unwrap();
        world.speak(0, 25);
        let heard = events(&mut line);
        assert!(
            heard.iter().any(|event| matches!(event, LineEvent::Caller(caller) if caller.identity.as_str() == "ann"))
        );
        assert!(heard.iter().filter(|event| matches!(event, LineEvent::Audio(_))).count() >= 25);

        world.heard(0);
        say_a_tone(&line);
        world.run_ms(400);
        let heard = world.heard(0);
        assert!(heard.len() >= 10, "{version:?}: {}", heard.len());
        assert!(heard.iter().any(|packet| packet.payload.len() > 20), "a tone is more than silence");
    }
}

#[test]
fn the_first_words_are_heard_from_their_beginning() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(version, "ann");
        let line = agent_joins(&mut world);
        say_a_tone(&line);
        world.publish(0).unwrap();
        world.run_ms(2_000);
        let voiced = world.heard(0).iter().filter(|packet| packet.level.is_some_and(|level| level.voice)).count();
        assert_eq!(voiced, 10, "{version:?}");
    }
}

#[test]
fn who_receives_nothing_is_not_waited_for() {
    let mut world = World::new();
    world.join(V0, "ann");
    let mut line = agent_joins(&mut world);
    world.run_ms(200);
    let track_sids = vec![world.sees(0, "agent-1").unwrap().tracks[0].sid.clone()];
    let update = proto::UpdateSubscription { track_sids, subscribe: false, participant_tracks: Vec::new() };
    world.say(0, Request::Subscription(update));
    world.publish(0).unwrap();
    line.say.try_send(Say::End(TurnId(1))).unwrap();
    world.run_ms(400);
    let is_played = |event: &LineEvent| matches!(event, LineEvent::Played { done: true, .. });
    assert!(events(&mut line).iter().any(is_played));
}

/// The agent has its caller, who is silent, and hears when that ends.
#[test]
fn a_microphone_may_be_muted_from_the_start() {
    let mut world = World::new();
    world.join(V0, "ann");
    let mut line = agent_joins(&mut world);
    let sid = world.publish_as(0, true).unwrap();
    assert!(world.sees(0, "ann").unwrap().tracks[0].muted);
    // A client that goes on sending is muted all the same.
    world.speak(0, 50);
    let is_heard =
        |event: &LineEvent| matches!(event, LineEvent::Audio(frame) if frame.samples.iter().any(|it| *it != 0));
    let heard = events(&mut line);
    assert!(heard.iter().any(|event| matches!(event, LineEvent::Caller(_))));
    assert!(!heard.iter().any(is_heard));

    world.say(0, Request::Mute(proto::MuteTrackRequest { sid, muted: false }));
    assert!(!world.sees(0, "ann").unwrap().tracks[0].muted);
    world.speak(0, 50);
    assert!(events(&mut line).iter().any(is_heard));
}

#[test]
fn agents_alone_do_not_keep_a_room() {
    let mut world = World::new();
    world.join(V0, "ann");
    let mut line = agent_joins(&mut world);
    world.publish(0);
    world.speak(0, 10);
    world.say(0, Request::Leave(proto::LeaveRequest::default()));
    world.run_ms(25_000);
    assert!(world.is_closed);
    assert!(matches!(events(&mut line).last(), Some(LineEvent::Hangup(_))));
}

#[test]
fn a_removed_agent_hangs_up() {
    let mut world = World::new();
    world.join(V0, "ann");
    let mut line = agent_joins(&mut world);
    world.handle(Input::Remove { identity: identity() });
    assert!(matches!(events(&mut line).last(), Some(LineEvent::Hangup(Hangup::RoomClosed))));
    assert_eq!(world.room.len(), 1);
}

#[test]
fn an_agent_hears_that_the_server_stops() {
    let mut world = World::new();
    world.join(V0, "ann");
    let mut line = agent_joins(&mut world);
    world.handle(Input::Close);
    assert!(matches!(events(&mut line).last(), Some(LineEvent::Hangup(Hangup::ServerStopped))));
}
