//! Who may do what, and how a refusal is told.

use livekit_protocol::{
    self as proto, TrackSource, TrackType, data_packet::Value, request_response::Reason,
    signal_request::Message as Request, signal_response::Message,
};

use super::world::{World, claims, join_request};
use crate::rooms::{
    SignalVersion::{V0, V1},
    token::Grants,
};

pub(super) fn refusal(world: &World, nth: usize) -> Option<Reason> {
    world.clients[nth].told.iter().rev().find_map(|message| match message {
        Message::RequestResponse(response) => Some(response.reason()),
        _ => None,
    })
}

fn join_as(world: &mut World, identity: &str, grants: Grants) -> usize {
    let claims = crate::rooms::Claims { grants, ..claims(identity) };
    world.join_with(V0, claims, join_request())
}

#[test]
fn only_what_is_granted_is_published() {
    let sources = vec!["microphone".to_owned()];
    let microphone_only = Grants { can_publish_sources: sources, ..Grants::default() };
    let listener = Grants { can_publish: false, ..Grants::default() };
    for (grants, source, kind, expect) in [
        (Grants::default(), TrackSource::Microphone, TrackType::Audio, None),
        (microphone_only.clone(), TrackSource::Microphone, TrackType::Audio, None),
        (microphone_only, TrackSource::ScreenShareAudio, TrackType::Audio, Some(Reason::NotAllowed)),
        (listener, TrackSource::Microphone, TrackType::Audio, Some(Reason::NotAllowed)),
        (Grants::default(), TrackSource::Camera, TrackType::Video, None),
        (Grants::default(), TrackSource::Unknown, TrackType::Data, Some(Reason::UnsupportedType)),
    ] {
        let mut world = World::new();
        let nth = join_as(&mut world, "ann", grants.clone());
        let cid = "cid".to_owned();
        let (source, r#type) = (source.into(), kind.into());
        world.say(nth, Request::AddTrack(proto::AddTrackRequest { cid, source, r#type, ..Default::default() }));
        assert_eq!(refusal(&world, nth), expect, "{grants:?}");
    }
}

#[test]
fn announced_tracks_are_limited_and_forgotten() {
    let mut world = World::new();
    world.join(V0, "ann");
    let add =
        |nth: usize| Request::AddTrack(proto::AddTrackRequest { cid: format!("cid-{nth}"), ..Default::default() });
    (0..8).for_each(|nth| world.say(0, add(nth)));
    assert_eq!(refusal(&world, 0), None);
    world.say(0, add(8));
    assert_eq!(refusal(&world, 0), Some(Reason::LimitExceeded));
    world.run_ms(31_000);
    world.clients[0].told.clear();
    world.say(0, add(9));
    assert_eq!(refusal(&world, 0), None);
}

#[test]
fn a_track_is_matched_by_its_name_or_by_being_the_only_one() {
    for (announced, offered) in [("mic", "mic"), ("mic", "made-up-by-the-browser")] {
        let mut world = World::new();
        world.join(V0, "ann");
        world.join(V0, "bob");
        world.say(0, Request::AddTrack(proto::AddTrackRequest { cid: announced.to_owned(), ..Default::default() }));
        assert!(world.sees(1, "ann").unwrap().tracks.is_empty(), "not before its media is offered");
        world.offer_microphone(0, offered);
        world.run_ms(100);
        assert_eq!(world.sees(1, "ann").unwrap().tracks.len(), 1);
    }
}

#[test]
fn a_track_may_be_offered_before_it_is_announced() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V0, "bob");
    world.offer_microphone(0, "mic");
    world.say(0, Request::AddTrack(proto::AddTrackRequest { cid: "mic".to_owned(), ..Default::default() }));
    world.run_ms(100);
    assert_eq!(world.sees(1, "ann").unwrap().tracks.len(), 1);
}

#[test]
fn hidden_ones_hear_and_are_not_seen() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.publish(0);
    let spy = join_as(&mut world, "spy", Grants { hidden: true, ..Grants::default() });
    world.join(V1, "bob");
    world.speak(0, 10);
    assert_eq!(world.heard(spy).len(), 10);
    assert_eq!(world.sees(0, "spy"), None);
    assert_eq!(world.sees(2, "spy"), None);
    assert_eq!(world.joined(2).room.as_ref().unwrap().num_participants, 2);
    assert!(world.sees(spy, "bob").is_some() && world.sees(spy, "spy").is_some());
    world.say(spy, Request::Leave(proto::LeaveRequest::default()));
    assert_eq!(world.sees(0, "spy"), None);
}

#[test]
fn who_may_not_subscribe_hears_nothing() {
    let mut world = World::new();
    world.join(V0, "ann");
    let sid = world.publish(0).unwrap();
    let deaf = join_as(&mut world, "bob", Grants { can_subscribe: false, ..Grants::default() });
    let track_sids = vec![sid];
    let subscription = proto::UpdateSubscription { track_sids, subscribe: true, ..Default::default() };
    world.say(deaf, Request::Subscription(subscription));
    world.run_ms(100);
    world.speak(0, 10);
    assert!(world.heard(deaf).is_empty());
}

#[test]
fn a_client_may_choose_what_it_receives() {
    let mut world = World::new();
    world.join(V0, "ann");
    let sid = world.publish(0).unwrap();
    let settings = proto::ConnectionSettings { auto_subscribe: false, ..Default::default() };
    let request = proto::JoinRequest { connection_settings: Some(settings), ..Default::default() };
    let chooser = world.join_with(V1, claims("bob"), request);
    world.speak(0, 10);
    assert!(world.heard(chooser).is_empty());
    let participant_sid = world.sid(0);
    let participant_tracks = vec![proto::ParticipantTracks { participant_sid, track_sids: vec![sid] }];
    let subscription = proto::UpdateSubscription { subscribe: true, participant_tracks, ..Default::default() };
    world.say(chooser, Request::Subscription(subscription));
    world.run_ms(100);
    world.speak(0, 10);
    assert_eq!(world.heard(chooser).len(), 10);
}

#[test]
fn a_publisher_permits_who_hears_it() {
    let mut world = World::new();
    for (nth, version) in [V0, V0, V1].into_iter().enumerate() {
        world.join(version, ["ann", "bob", "eve"][nth]);
    }
    let sid = world.publish(0).unwrap();
    let only_eve =
        proto::TrackPermission { participant_identity: "eve".to_owned(), track_sids: vec![sid], ..Default::default() };
    for (all_participants, permissions, expect) in
        [(false, vec![only_eve], [0, 10]), (false, Vec::new(), [0, 0]), (true, Vec::new(), [10, 10])]
    {
        let permission = proto::SubscriptionPermission { all_participants, track_permissions: permissions };
        world.say(0, Request::SubscriptionPermission(permission));
        world.run_ms(200);
        world.speak(0, 10);
        assert_eq!([1, 2].map(|nth| world.heard(nth).len()), expect);
    }
    let told = world.clients[1].told.iter().filter_map(|message| match message {
        Message::SubscriptionPermissionUpdate(update) => Some(update.allowed),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn own_metadata_changes_with_the_right_to() {
    let attributes = [("mood".to_owned(), "good".to_owned())].into();
    let update = |metadata: String| proto::UpdateParticipantMetadata {
        metadata,
        attributes,
        name: "Ann".to_owned(),
        request_id: 5,
    };
    let update = update("{}".to_owned());
    let large = proto::UpdateParticipantMetadata { metadata: "x".repeat(512 * 1024 + 1), ..update.clone() };
    for (can_update_own_metadata, update, expect) in
        [(true, update.clone(), Reason::Ok), (false, update, Reason::NotAllowed), (true, large, Reason::LimitExceeded)]
    {
        let mut world = World::new();
        world.join(V0, "bob");
        let ann = join_as(&mut world, "ann", Grants { can_update_own_metadata, ..Grants::default() });
        world.say(ann, Request::UpdateMetadata(update));
        assert_eq!(refusal(&world, ann), Some(expect));
        let seen = world.sees(0, "ann").unwrap();
        let expect_attributes = usize::from(expect == Reason::Ok);
        assert_eq!((seen.attributes.len(), seen.name == "Ann"), (expect_attributes, expect == Reason::Ok));
    }
}

#[test]
fn versions_of_what_is_told_grow() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V0, "bob");
    world.publish(1);
    let versions = world.clients[0].told.iter().filter_map(|message| match message {
        Message::Update(update) => update.participants.iter().find(|info| info.identity == "bob"),
        _ => None,
    });
    let versions: Vec<u32> = versions.map(|info| info.version).collect();
    assert!(versions.len() >= 3 && versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

#[test]
fn hidden_ones_are_not_heard_either() {
    let mut world = World::new();
    world.join(V0, "ann");
    world.join(V1, "bob");
    // Even where their token lets them publish.
    let spy = join_as(&mut world, "spy", Grants { hidden: true, ..Grants::default() });
    let sid = world.sid(spy);
    world.publish(spy);
    world.speak(spy, 60);
    let user = proto::UserPacket { payload: b"psst".to_vec(), ..Default::default() };
    world.send_data(spy, &proto::DataPacket { value: Some(Value::User(user)), ..Default::default() });
    for nth in [0, 1] {
        assert!(world.heard(nth).is_empty());
        assert_eq!(world.joined(nth).other_participants.iter().filter(|info| info.identity == "spy").count(), 0);
        let names_them = |message: &Message| format!("{message:?}").contains(&sid);
        assert!(!world.clients[nth].told.iter().any(names_them), "{:?}", world.clients[nth].told);
        let senders: Vec<_> =
            world.received(nth).into_iter().map(|it| (it.participant_sid, it.participant_identity)).collect();
        assert_eq!(senders, [(String::new(), String::new())], "who sends is not told");
    }
}
