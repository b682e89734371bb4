//! Video between participants: key frames, numbers, who need not send.

use livekit_protocol::{self as proto, signal_request::Message as Request, signal_response::Message};

use super::world::{World, claims};
use crate::{
    rooms::{
        SignalVersion::{V0, V1},
        room::Input,
    },
    rtc::{peer::Packet, sim::Weather},
};

fn settings(sid: &str, disabled: bool) -> Request {
    let quality = proto::VideoQuality::High.into();
    Request::TrackSetting(proto::UpdateTrackSettings {
        track_sids: vec![sid.to_owned()],
        disabled,
        quality,
        ..Default::default()
    })
}

fn begins_key_frame(packet: &Packet) -> bool {
    packet.video.as_ref().is_some_and(|video| video.begins_key_frame)
}

/// Whether the qualities were wanted that a publisher was last told of.
fn wanted(world: &World, nth: usize) -> Option<Vec<bool>> {
    let mut told = world.clients[nth].told.iter().rev();
    told.find_map(|message| match message {
        Message::SubscribedQualityUpdate(update) => {
            let qualities = &update.subscribed_codecs[0].qualities;
            Some(qualities.iter().map(|quality| quality.enabled).collect())
        }
        _ => None,
    })
}

#[test]
fn a_picture_begins_with_a_key_frame_that_is_asked_for() {
    for (publisher, viewer) in [(V0, V0), (V0, V1), (V1, V0), (V1, V1)] {
        let mut world = World::new();
        world.join(publisher, "ann");
        world.join(viewer, "bob");
        world.show(0);
        world.film(0, 60);
        let seen = world.heard(1);
        assert!(seen.len() > 40, "{publisher:?} {viewer:?}: {}", seen.len());
        assert!(begins_key_frame(&seen[0]) && seen[0].marker);
        assert!(seen.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1 && pair[1].time == pair[0].time + 3000));
        assert_eq!(wanted(&world, 0), Some(vec![true; 3]), "{publisher:?} {viewer:?}");
    }
}

#[test]
fn who_comes_later_sees_soon() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(V1, "ann");
        world.show(0);
        world.join(V0, "bob");
        world.film(0, 60);
        world.join(version, "carl");
        world.heard(1);
        world.film(0, 30);
        let seen = world.heard(2);
        assert!(seen.len() > 15 && begins_key_frame(&seen[0]), "{version:?}: {}", seen.len());
        assert_eq!(world.heard(1).len(), 30, "the others go on");
    }
}

#[test]
fn what_is_lost_is_sent_again() {
    let mut world = World::new();
    world.join(V1, "ann");
    world.join(V1, "bob");
    world.show(0);
    world.film(0, 30);
    world.heard(1);
    world.network.weather = Weather { loss: 0.05, ..Weather::FAIR };
    world.film(0, 300);
    world.network.weather = Weather::FAIR;
    world.film(0, 30);
    let mut seen: Vec<u64> = world.heard(1).iter().map(|packet| packet.seq).collect();
    seen.sort_unstable();
    let complete = seen.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
    assert!(complete + 10 > seen.len() && seen.len() > 320, "{complete} of {}", seen.len());
}

#[test]
fn who_looks_away_costs_nothing_and_sees_at_once_again() {
    let mut world = World::new();
    world.join(V1, "ann");
    world.join(V1, "bob");
    let sid = world.show(0);
    world.film(0, 60);
    world.heard(1);
    world.say(1, settings(&sid, true));
    world.film(0, 30);
    assert_eq!(world.heard(1).len(), 0);
    assert_eq!(wanted(&world, 0), Some(vec![true; 3]), "it may be for a moment");
    world.film(0, 200);
    assert_eq!(wanted(&world, 0), Some(vec![false; 3]));
    world.say(1, settings(&sid, false));
    world.run_ms(300);
    assert_eq!(wanted(&world, 0), Some(vec![true; 3]));
    world.film(0, 30);
    let seen = world.heard(1);
    assert!(seen.len() > 20 && begins_key_frame(&seen[0]), "{}", seen.len());
}

#[test]
fn who_comes_back_is_told_again_what_is_wanted() {
    let mut world = World::new();
    world.join(V1, "ann");
    world.join(V1, "bob");
    world.show(0);
    world.film(0, 60);
    let sid = world.sid(0);
    world.handle(Input::SignalClosed { connection: world.clients[0].connection });
    world.resume(0, claims("ann"), &sid);
    assert_eq!(wanted(&world, 0), Some(vec![true; 3]));
}

#[test]
fn a_muted_camera_shows_nothing() {
    let mut world = World::new();
    world.join(V1, "ann");
    world.join(V1, "bob");
    let sid = world.show(0);
    world.film(0, 30);
    world.heard(1);
    let mute = |muted| Request::Mute(proto::MuteTrackRequest { sid: sid.clone(), muted });
    world.say(0, mute(true));
    world.film(0, 30);
    assert_eq!(world.heard(1).len(), 0);
    world.say(0, mute(false));
    world.film(0, 40);
    let seen = world.heard(1);
    assert!(seen.len() > 20 && begins_key_frame(&seen[0]), "{}", seen.len());
}

#[test]
fn sound_and_pictures_have_sections_of_their_own() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(V1, "ann");
        world.join(version, "bob");
        let (camera, microphone) = (world.show(0), world.publish(0).unwrap());
        world.film(0, 60);
        world.heard(1);
        world.speak(0, 20);
        assert_eq!(world.heard(1).iter().filter(|packet| packet.video.is_none()).count(), 20, "{version:?}");
        let carried: Vec<&String> = world.clients[1].carries.values().collect();
        assert!(carried.contains(&&camera) && carried.contains(&&microphone), "{version:?}");
    }
}
