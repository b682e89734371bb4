//! Audio between participants.

use livekit_protocol::{self as proto, signal_request::Message as Request, signal_response::Message};

use super::world::World;
use crate::{
    rooms::SignalVersion::{self, V0, V1},
    rtc::sim::Weather,
};

/// All ways for two to meet.
const PAIRS: [(SignalVersion, SignalVersion); 4] = [(V0, V0), (V0, V1), (V1, V0), (V1, V1)];

fn two(versions: (SignalVersion, SignalVersion)) -> (World, String) {
    let mut world = World::new();
    world.join(versions.0, "ann");
    world.join(versions.1, "bob");
    let sid = world.publish(0).expect("ann may publish");
    (world, sid)
}

fn subscription(sid: &str, subscribe: bool) -> Request {
    let track_sids = vec![sid.to_owned()];
    Request::Subscription(proto::UpdateSubscription { track_sids, subscribe, participant_tracks: Vec::new() })
}

#[test]
fn two_hear_each_other() {
    for versions in PAIRS {
        let (mut world, sid) = two(versions);
        let other = world.publish(1).unwrap();
        world.speak(0, 50);
        world.speak(1, 50);
        for (nth, sid) in [(1, &sid), (0, &other)] {
            let heard = world.heard(nth);
            assert_eq!(heard.len(), 50, "{versions:?}");
            assert!(heard.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1 && pair[1].time == pair[0].time + 960));
            assert!(heard.iter().all(|packet| packet.level.is_some()));
            assert!(world.clients[nth].carries.values().any(|carried| carried == sid), "{versions:?}");
        }
        let noticed = |message: &Message| matches!(message, Message::TrackSubscribed(track) if track.track_sid == sid);
        assert_eq!(world.clients[0].told.iter().filter(|message| noticed(message)).count(), 1, "{versions:?}");
    }
}

#[test]
fn who_comes_later_hears_at_once() {
    for version in [V0, V1] {
        let mut world = World::new();
        world.join(V0, "ann");
        world.publish(0);
        world.join(version, "bob");
        let offers = |message: &&Message| matches!(message, Message::Offer(_) | Message::Answer(_));
        let count = world.clients[1].told.iter().filter(offers).count();
        assert_eq!(count, 1, "the first description carries the track");
        world.speak(0, 10);
        assert_eq!(world.heard(1).len(), 10, "{version:?}");
    }
}

#[test]
fn more_tracks_than_sections_find_new_ones() {
    let mut world = World::new();
    for nth in 0..6 {
        world.join(V0, &format!("speaker-{nth}"));
        world.publish(nth);
    }
    let listener = world.join(V1, "listener");
    for nth in 0..6 {
        world.speak(nth, 5);
    }
    assert_eq!(world.heard(listener).len(), 30);
}

#[test]
fn a_storm_leaves_gaps_and_no_more() {
    let (mut world, _) = two((V1, V0));
    world.network.weather = Weather::STORM;
    world.speak(0, 200);
    world.run_ms(200);
    let mut seqs: Vec<u64> = world.heard(1).iter().map(|packet| packet.seq).collect();
    assert!(seqs.len() > 140, "{}", seqs.len());
    seqs.sort_unstable();
    let count = seqs.len();
    seqs.dedup();
    assert_eq!(seqs.len(), count, "no packet twice");
    assert!(seqs.last().unwrap() - seqs[0] < 200);
}

#[test]
fn muted_is_silent_and_goes_on_without_a_gap() {
    for versions in PAIRS {
        let (mut world, sid) = two(versions);
        world.speak(0, 10);
        world.say(0, Request::Mute(proto::MuteTrackRequest { sid: sid.clone(), muted: true }));
        world.run_ms(50);
        assert!(world.sees(1, "ann").unwrap().tracks[0].muted);
        world.speak(0, 50);
        let before = world.heard(1);
        assert_eq!(before.len(), 10, "what a muted client sends goes nowhere");
        world.say(0, Request::Mute(proto::MuteTrackRequest { sid, muted: false }));
        world.speak(0, 10);
        let after = world.heard(1);
        assert_eq!(after.len(), 10);
        assert_eq!(after[0].seq, before[9].seq + 1);
        let passed = after[0].time - before[9].time;
        assert!((48_000..52_000).contains(&passed), "a second has passed: {passed}");
    }
}

#[test]
fn who_unsubscribes_hears_nothing_until_it_subscribes() {
    for versions in PAIRS {
        let (mut world, sid) = two(versions);
        world.say(1, subscription(&sid, false));
        world.run_ms(100);
        world.speak(0, 10);
        assert!(world.heard(1).is_empty(), "{versions:?}");
        world.say(1, subscription(&sid, true));
        world.run_ms(100);
        world.speak(0, 10);
        assert_eq!(world.heard(1).len(), 10, "{versions:?}");
    }
}

#[test]
fn sections_are_used_again() {
    for versions in PAIRS {
        let (mut world, _) = two(versions);
        for _ in 0..20 {
            world.unpublish(0);
            world.run_ms(50);
            assert!(world.sees(1, "ann").unwrap().tracks.is_empty());
            world.publish(0).unwrap();
        }
        world.speak(0, 10);
        assert_eq!(world.heard(1).len(), 10, "{versions:?}");
        let carries = &world.clients[1].carries;
        assert!(carries.len() <= 2, "{versions:?}: {carries:?}");
    }
}

#[test]
fn a_paused_track_is_not_sent() {
    let (mut world, sid) = two((V0, V0));
    for (disabled, expect) in [(true, 0), (false, 10)] {
        let track_sids = vec![sid.clone()];
        let setting = proto::UpdateTrackSettings { track_sids, disabled, ..Default::default() };
        world.say(1, Request::TrackSetting(setting));
        world.speak(0, 10);
        assert_eq!(world.heard(1).len(), expect);
    }
}

#[test]
fn a_speaker_is_shown_and_then_no_longer() {
    let (mut world, _) = two((V0, V1));
    let ann = world.sid(0);
    world.speak(0, 100);
    world.run_ms(2000);
    let changes = world.clients[1].told.iter().filter_map(|message| match message {
        Message::SpeakersChanged(change) => Some(change.speakers.clone()),
        _ => None,
    });
    let changes: Vec<proto::SpeakerInfo> = changes.flatten().collect();
    assert!(changes.iter().all(|speaker| speaker.sid == ann));
    let (first, last) = (changes.first().unwrap(), changes.last().unwrap());
    assert!(first.active && first.level > 0.0 && !last.active && last.level == 0.0, "{changes:?}");
    assert!(changes.len() < 8, "only changes are told: {changes:?}");
}

#[test]
fn quality_is_told_and_falls_with_loss() {
    let (mut world, _) = two((V0, V0));
    let quality = |world: &World| {
        world.clients[0].told.iter().rev().find_map(|message| match message {
            Message::ConnectionQuality(update) => Some(update.updates[0].quality()),
            _ => None,
        })
    };
    world.run_ms(6000);
    assert_eq!(quality(&world), Some(proto::ConnectionQuality::Excellent));
    world.network.weather = Weather { loss: 0.3, ..Weather::FAIR };
    world.speak(0, 900);
    assert!(matches!(quality(&world), Some(proto::ConnectionQuality::Good | proto::ConnectionQuality::Poor)));
}
