//! The handle and its shards, with real sockets on loopback; what rooms do is tried beside them.

use std::time::SystemTime;

use livekit_protocol::{DisconnectReason, signal_request, signal_response::Message};

use super::{outgoing::MOST_MESSAGES, *};

fn start() -> (Rooms, RoomEvents, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::defaults(folder.path());
    config.server.rtc_port = 0;
    let keys = Keys::open(&config.livekit, folder.path()).unwrap();
    let (rooms, [events]) = Rooms::start(&config, &keys, true, [Interest::Rooms]).unwrap();
    (rooms, events, folder)
}

async fn join(rooms: &Rooms, identity: &str) -> Result<Connection, JoinError> {
    let (identity, room) = (identity.parse().unwrap(), "call".parse().unwrap());
    let claims = Claims::new(identity, room, SystemTime::now(), Duration::from_secs(60));
    rooms.join(claims, SignalVersion::V0, proto::JoinRequest::default()).await
}

async fn next(connection: &mut Connection) -> Option<Message> {
    let response = timeout(PATIENCE, connection.outgoing.recv()).await.expect("the room says something in time");
    response.and_then(|response| response.message())
}

/// The rest of what a connection is told, until it is closed.
async fn rest(connection: &mut Connection) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Some(message) = next(connection).await {
        messages.push(message);
    }
    messages
}

#[tokio::test]
async fn whoever_joins_is_greeted_first_and_told_when_the_server_stops() {
    let (rooms, mut events, _folder) = start();
    let mut ann = join(&rooms, "ann").await.unwrap();
    assert!(matches!(next(&mut ann).await, Some(Message::Join(_))));
    assert!(
        matches!(events.recv().await, Some(event) if matches!(event.change, RoomChange::Opened { .. }) && event.room.name == "call")
    );
    rooms.stop().await;
    let Some(Message::Leave(leave)) = rest(&mut ann).await.pop() else { panic!("no good-bye") };
    assert_eq!(leave.reason(), DisconnectReason::ServerShutdown);
    assert!(matches!(events.recv().await, Some(event) if event.change == RoomChange::Closed));
    assert!(events.recv().await.is_none(), "nobody is left who could say more");
    assert_eq!(join(&rooms, "bob").await.unwrap_err(), JoinError::Unavailable);
}

#[tokio::test]
async fn who_does_not_read_is_dropped_and_may_come_back() {
    let (rooms, _events, _folder) = start();
    let mut ann = join(&rooms, "ann").await.unwrap();
    let mut bob = join(&rooms, "bob").await.unwrap();
    let ping = proto::SignalRequest { message: Some(signal_request::Message::Ping(1)) };
    for _ in 0..2 * MOST_MESSAGES {
        ann.handle(ping.clone()).await.unwrap();
        // Somebody else's messages are not in the way of anybody's.
        bob.handle(ping.clone()).await.unwrap();
        while bob.outgoing.try_recv().is_some() {}
    }
    let told = rest(&mut ann).await;
    assert!(told.len() <= MOST_MESSAGES, "{}", told.len());
    let Some(Message::Join(joined)) = told.into_iter().next() else { panic!("not greeted") };
    let claims = Claims::new("ann".parse().unwrap(), "call".parse().unwrap(), SystemTime::now(), PATIENCE);
    let participant_sid = joined.participant.unwrap().sid;
    let request = proto::JoinRequest { reconnect: true, participant_sid, ..Default::default() };
    let mut again = rooms.join(claims, SignalVersion::V0, request).await.unwrap();
    assert!(matches!(next(&mut again).await, Some(Message::Reconnect(_))));
    rooms.stop().await;
}

#[tokio::test]
async fn agents_go_where_there_is_a_room() {
    let (rooms, _events, _folder) = start();
    let agent = || Agent { identity: "agent".parse().unwrap(), name: "Agent".to_owned() };
    let call: RoomName = "call".parse().unwrap();
    assert_eq!(rooms.join_agent(&call, agent()).await.unwrap_err(), JoinError::NoRoom);
    assert!(!rooms.remove(&call, &"bob".parse().unwrap()).await);
    assert_eq!(join(&rooms, "bob").await.unwrap_err(), JoinError::Removed, "no room is needed to be remembered");
    let mut ann = join(&rooms, "ann").await.unwrap();
    let line = rooms.join_agent(&call, agent()).await.unwrap();
    assert_eq!(join(&rooms, "agent").await.unwrap_err(), JoinError::Taken);
    assert!(rooms.remove(&call, &"ann".parse().unwrap()).await);
    let Some(Message::Leave(leave)) = rest(&mut ann).await.pop() else { panic!("no good-bye") };
    assert_eq!(leave.reason(), DisconnectReason::ParticipantRemoved);
    rooms.stop().await;
    assert!(line.say.is_closed(), "the line ends with its room");
}

/// As a client lives it: with signed tokens, whoever made them.
#[tokio::test]
async fn who_was_removed_comes_back_with_a_token_made_later() {
    let (rooms, mut events, folder) = start();
    let keys = Keys::open(&Config::defaults(folder.path()).livekit, folder.path()).unwrap();
    let call: RoomName = "call".parse().unwrap();
    let token = |made: SystemTime| {
        token::mint(&keys, &Claims::new("ann".parse().unwrap(), call.clone(), made, Duration::from_secs(60)))
    };
    let enter = async |token: &str| {
        let claims = token::verify(&keys, token, SystemTime::now()).unwrap();
        rooms.join(claims, SignalVersion::V1, proto::JoinRequest::default()).await
    };
    let old = token(SystemTime::now());
    let mut ann = enter(&old).await.unwrap();
    assert!(matches!(events.recv().await, Some(event) if matches!(event.change, RoomChange::Opened { .. })));
    let mut refreshed = None;
    assert!(rooms.remove(&call, &"ann".parse().unwrap()).await);
    for message in rest(&mut ann).await {
        match message {
            Message::RefreshToken(token) => refreshed = Some(token),
            Message::Leave(leave) => assert_eq!(leave.reason(), DisconnectReason::ParticipantRemoved),
            _ => {}
        }
    }
    for token in [Some(old.clone()), refreshed].into_iter().flatten() {
        assert_eq!(enter(&token).await.unwrap_err(), JoinError::Removed);
    }
    let mut back = enter(&token(SystemTime::now() + Duration::from_secs(2))).await.unwrap();
    assert!(matches!(next(&mut back).await, Some(Message::Join(_))));
    drop(back);
    assert_eq!(enter(&old).await.unwrap_err(), JoinError::Removed, "for as long as the old one lives");
    rooms.stop().await;
}

#[tokio::test]
async fn rooms_are_opened_and_closed_from_outside() {
    let (rooms, mut events, _folder) = start();
    let call: RoomName = "call".parse().unwrap();
    assert_eq!(rooms.delete_room(&call).await, Err(ControlError::NoRoom));
    assert_eq!(rooms.list_participants(&call).await, Err(ControlError::NoRoom));
    let agents = vec![proto::RoomAgentDispatch { agent_name: "helper".to_owned(), ..Default::default() }];
    let request = proto::CreateRoomRequest { metadata: "m".to_owned(), agents, ..Default::default() };
    let room = rooms.create_room(&call, request.clone()).await.unwrap();
    assert_eq!((room.name.as_str(), room.metadata.as_str()), ("call", "m"));
    let again = proto::CreateRoomRequest { metadata: "other".to_owned(), ..Default::default() };
    assert_eq!(rooms.create_room(&call, again).await.unwrap(), room, "it stays as it is");
    let event = events.recv().await.unwrap();
    let RoomChange::Opened { agents } = &event.change else { panic!("{event:?}") };
    assert_eq!((agents[0].agent_name.as_str(), &event.room), ("helper", &room));
    let other: RoomName = "other".parse().unwrap();
    rooms.create_room(&other, proto::CreateRoomRequest::default()).await.unwrap();
    for (names, expect) in [(vec![], 2), (vec!["call".to_owned()], 1), (vec!["none".to_owned()], 0)] {
        assert_eq!(rooms.list_rooms(&names).await.unwrap().len(), expect, "{names:?}");
    }
    let mut ann = join(&rooms, "ann").await.unwrap();
    assert_eq!(rooms.list_participants(&call).await.unwrap().len(), 1);
    assert_eq!(rooms.delete_room(&call).await, Ok(()));
    let Some(Message::Leave(leave)) = rest(&mut ann).await.pop() else { panic!("no good-bye") };
    assert_eq!(leave.reason(), DisconnectReason::RoomDeleted);
    assert_eq!(rooms.list_rooms(&[]).await.unwrap().len(), 1);
    let too_long = proto::CreateRoomRequest { metadata: "x".repeat(512 * 1024 + 1), ..Default::default() };
    let refused = rooms.create_room(&call, too_long).await.unwrap_err();
    assert_eq!(refused, ControlError::Options(OptionsError::Metadata));
    rooms.stop().await;
    assert_eq!(rooms.list_rooms(&[]).await, Err(ControlError::Unavailable));
}

#[tokio::test]
async fn a_token_says_how_its_room_is_opened() {
    let (rooms, mut events, _folder) = start();
    let enter = async |identity: &str, config: proto::RoomConfiguration| {
        let (identity, room) = (identity.parse().unwrap(), "call".parse().unwrap());
        let claims = Claims::new(identity, room, SystemTime::now(), Duration::from_secs(60));
        let claims = Claims { room_config: Some(Box::new(config)), ..claims };
        rooms.join(claims, SignalVersion::V0, proto::JoinRequest::default()).await
    };
    let long = proto::RoomConfiguration { metadata: "x".repeat(512 * 1024 + 1), ..Default::default() };
    assert_eq!(enter("ann", long.clone()).await.unwrap_err(), JoinError::Config(OptionsError::Metadata));
    let config = proto::RoomConfiguration { metadata: "m".to_owned(), max_participants: 2, ..Default::default() };
    let mut ann = enter("ann", config).await.unwrap();
    assert_eq!(events.recv().await.unwrap().room.metadata, "m");
    let Some(Message::Join(joined)) = next(&mut ann).await else { panic!("not greeted") };
    assert_eq!(joined.room.unwrap().max_participants, 2);
    let _bob = enter("bob", long).await.expect("it is open already: the token has no say");
    assert_eq!(enter("carl", proto::RoomConfiguration::default()).await.unwrap_err(), JoinError::Full);
    rooms.stop().await;
}
