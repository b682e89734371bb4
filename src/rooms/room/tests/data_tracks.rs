//! Data tracks.

use std::collections::BTreeMap;

use livekit_protocol::{
    self as proto, data_track_frame_encoding as encoding, request_response::Reason, signal_request::Message as Request,
    signal_response::Message, update_data_subscription::Update,
};

use super::world::{World, claims, join_request};
use crate::{
    rooms::{
        SignalVersion::{V0, V1},
        room::{Control, Input},
        settings::Limits,
        token::Grants,
    },
    rtc::peer::Channel,
};

/// Publishes a track; its sid.
fn publish(world: &mut World, nth: usize, pub_handle: u32, name: &str) -> Result<String, Reason> {
    let request = proto::PublishDataTrackRequest { pub_handle, name: name.to_owned(), ..Default::default() };
    answered(world, nth, request)
}

fn answered(world: &mut World, nth: usize, request: proto::PublishDataTrackRequest) -> Result<String, Reason> {
    world.say(nth, Request::PublishDataTrackRequest(request));
    let mut told = world.clients[nth].told.iter().rev();
    let answer = told.find_map(|message| match message {
        Message::PublishDataTrackResponse(response) => Some(Ok(response.info.clone().unwrap().sid)),
        Message::RequestResponse(response) => Some(Err(response.reason())),
        _ => None,
    });
    answer.expect("an answer")
}

fn subscribe(world: &mut World, nth: usize, sid: &str, subscribe: bool) {
    let update = Update { track_sid: sid.to_owned(), subscribe, options: None };
    world.say(nth, Request::UpdateDataSubscription(proto::UpdateDataSubscription { updates: vec![update] }));
}

/// What the handles of a client stand for, as it was told last: tracks' sids.
fn handles(world: &World, nth: usize) -> Option<BTreeMap<u32, String>> {
    world.clients[nth].told.iter().rev().find_map(|message| match message {
        Message::DataTrackSubscriberHandles(handles) => {
            Some(handles.sub_handles.iter().map(|(handle, track)| (*handle, track.track_sid.clone())).collect())
        }
        _ => None,
    })
}

/// Sends a packet by this handle, of this frame.
fn send(world: &mut World, nth: usize, handle: u16, frame: u8) {
    world.open_channels(nth);
    let [high, low] = handle.to_be_bytes();
    let packet = [0b0001_1000, 0, high, low, 0, frame, 0, frame, 0, 0, 0, 0, b'f', frame];
    world.clients[nth].publisher.peer.send_data(Channel::DataTrack, &packet).unwrap();
    world.run_ms(100);
}

/// Handle and frame of each packet that came since the last time.
fn seen(world: &mut World, nth: usize) -> Vec<(u32, u8)> {
    let frames = world.frames(nth);
    frames.iter().map(|packet| (u16::from_be_bytes([packet[2], packet[3]]).into(), packet[13])).collect()
}

fn three() -> World {
    let mut world = World::new();
    for (version, identity) in [(V0, "ann"), (V1, "bob"), (V0, "eve")] {
        world.join(version, identity);
        world.open_channels(world.clients.len() - 1);
    }
    world
}

#[test]
fn frames_go_to_those_who_ask_for_them_by_handles_of_their_own() {
    let mut world = three();
    let (heat, light) = (publish(&mut world, 0, 7, "heat").unwrap(), publish(&mut world, 0, 9, "light").unwrap());
    let info = world.sees(1, "ann").unwrap();
    assert_eq!(info.data_tracks.iter().map(|track| track.name.as_str()).collect::<Vec<_>>(), ["heat", "light"]);
    assert!(info.is_publisher && info.data_tracks[0].sid == heat && heat.starts_with("DTR_"));

    subscribe(&mut world, 1, &light, true);
    subscribe(&mut world, 1, &heat, true);
    subscribe(&mut world, 2, &heat, true);
    let [bobs, eves] = [1, 2].map(|nth| handles(&world, nth).unwrap());
    let of = |handles: &BTreeMap<u32, String>, sid: &str| *handles.iter().find(|(_, track)| *track == sid).unwrap().0;
    send(&mut world, 0, 7, 1);
    send(&mut world, 0, 9, 2);
    send(&mut world, 0, 8, 3);
    assert_eq!(seen(&mut world, 1), [(of(&bobs, &heat), 1), (of(&bobs, &light), 2)]);
    assert_eq!(seen(&mut world, 2), [(of(&eves, &heat), 1)]);
    assert_eq!(seen(&mut world, 0), []);

    subscribe(&mut world, 1, &heat, false);
    send(&mut world, 0, 7, 4);
    assert_eq!(seen(&mut world, 1), []);
    assert_eq!(handles(&world, 1).unwrap().into_values().collect::<Vec<_>>(), [light]);

    world.say(0, Request::UnpublishDataTrackRequest(proto::UnpublishDataTrackRequest { pub_handle: 7 }));
    send(&mut world, 0, 7, 5);
    assert_eq!((seen(&mut world, 2), handles(&world, 2)), (vec![(of(&eves, &heat), 4)], Some(BTreeMap::new())));
    assert_eq!(world.sees(2, "ann").unwrap().data_tracks.len(), 1);
}

#[test]
fn whoever_takes_all_is_told_of_each_and_a_publisher_who_goes_takes_its_tracks_along() {
    let mut world = three();
    let heat = publish(&mut world, 0, 1, "heat").unwrap();
    let mut request = join_request();
    request.connection_settings.as_mut().unwrap().auto_subscribe_data_track = Some(true);
    let all = world.join_with(V1, claims("zoe"), request);
    assert_eq!(handles(&world, all).unwrap().into_values().collect::<Vec<_>>(), [heat]);
    publish(&mut world, 2, 1, "light").unwrap();
    assert_eq!(handles(&world, all).unwrap().len(), 2);
    assert_eq!(handles(&world, 1), None, "others take what they ask for");
    world.say(0, Request::Leave(proto::LeaveRequest::default()));
    assert_eq!(handles(&world, all).unwrap().len(), 1);
    let sid = world.sid(all);
    world.resume(all, claims("zoe"), &sid);
    assert_eq!(handles(&world, all).unwrap().len(), 1, "what was said meanwhile may be lost");
}

#[test]
fn tracks_that_cannot_be_are_refused() {
    let mut world = three();
    publish(&mut world, 0, 1, "heat").unwrap();
    for (handle, name, expect) in [
        (0, "light", Reason::InvalidHandle),
        (65_536, "light", Reason::InvalidHandle),
        (2, "", Reason::InvalidName),
        (2, &*"x".repeat(257), Reason::InvalidName),
        (1, "light", Reason::DuplicateHandle),
        (2, "heat", Reason::DuplicateName),
    ] {
        assert_eq!(publish(&mut world, 0, handle, name), Err(expect), "{handle} {name}");
    }
    let value = Some(encoding::Value::Custom(String::new()));
    let frame_encoding = Some(proto::DataTrackFrameEncoding { value });
    let request =
        proto::PublishDataTrackRequest { pub_handle: 2, name: "x".to_owned(), frame_encoding, ..Default::default() };
    assert_eq!(answered(&mut world, 0, request), Err(Reason::InvalidRequest));
    let most = u32::try_from(Limits::default().tracks).unwrap();
    for handle in 2..=most {
        publish(&mut world, 0, handle, &handle.to_string()).unwrap();
    }
    assert_eq!(publish(&mut world, 0, most + 1, "one more"), Err(Reason::LimitExceeded));
    let grants = Grants { can_publish_data: false, ..Grants::default() };
    let silent = world.join_with(V1, crate::rooms::Claims { grants, ..claims("zoe") }, join_request());
    assert_eq!(publish(&mut world, silent, 1, "heat"), Err(Reason::NotAllowed));
}

#[test]
fn publishers_permit_and_rights_can_be_taken() {
    let mut world = three();
    let heat = publish(&mut world, 0, 1, "heat").unwrap();
    let permit = |names: &[&str]| {
        let track_permissions = names.iter().map(|name| proto::TrackPermission {
            participant_identity: (*name).to_owned(),
            all_tracks: true,
            ..Default::default()
        });
        let track_permissions = track_permissions.collect();
        Request::SubscriptionPermission(proto::SubscriptionPermission { all_participants: false, track_permissions })
    };
    world.say(0, permit(&["eve"]));
    for nth in [1, 2] {
        subscribe(&mut world, nth, &heat, true);
    }
    assert_eq!([1, 2].map(|nth| handles(&world, nth).unwrap().len()), [0, 1]);
    world.say(0, permit(&["bob"]));
    assert_eq!([1, 2].map(|nth| handles(&world, nth).unwrap().len()), [1, 0]);
    send(&mut world, 0, 1, 1);
    assert_eq!([1, 2].map(|nth| seen(&mut world, nth).len()), [1, 0]);

    let permission = proto::ParticipantPermission { can_subscribe: true, can_publish: true, ..Default::default() };
    let request = Box::new(proto::UpdateParticipantRequest {
        identity: "ann".to_owned(),
        permission: Some(permission),
        ..Default::default()
    });
    let (answer, mut answered) = tokio::sync::oneshot::channel();
    world.handle(Input::Control(Box::new(Control::UpdateParticipant { request, answer })));
    assert!(answered.try_recv().unwrap().unwrap().data_tracks.is_empty());
    assert_eq!(handles(&world, 1), Some(BTreeMap::new()));
    assert!(world.sees(1, "ann").unwrap().data_tracks.is_empty());
}
