//! The server API over HTTP: who may call what, in both encodings, and what stands in no table.

use std::time::{Duration, SystemTime};

use actix_web::{
    App,
    http::{StatusCode, header},
    test::{TestRequest, call_service, init_service, read_body},
    web::Data,
};
use livekit_protocol as proto;
use prost::Message as _;
use serde_json::{Value, json};

use crate::{
    rooms::{
        Claims,
        token::{self, ApiGrants},
    },
    web::{State, endpoint, routes, tests::in_an_application},
};

/// A token for the room `call`.
fn token(state: &State, api: ApiGrants) -> String {
    let (identity, room) = ("backend".parse().unwrap(), "call".parse().unwrap());
    let claims = Claims::new(identity, room, SystemTime::now(), Duration::from_secs(60));
    token::mint(&state.keys, &Claims { api, ..claims })
}

/// Posts; what comes back, and its status.
async fn post(
    state: &State,
    path: &str,
    media_type: &str,
    token: Option<&str>,
    body: Vec<u8>,
) -> (StatusCode, Vec<u8>) {
    let application = App::new().app_data(Data::new(state.clone())).configure(|config| routes(config, state));
    let service = init_service(application).await;
    let mut request = TestRequest::post().uri(path).insert_header((header::CONTENT_TYPE, media_type));
    if let Some(token) = token {
        request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
    }
    let response = call_service(&service, request.set_payload(body).to_request()).await;
    let status = response.status();
    (status, read_body(response).await.to_vec())
}

async fn json(state: &State, method: &str, token: Option<&str>, body: Value) -> (u16, Value) {
    let path = format!("/twirp/livekit.RoomService/{method}");
    let (status, body) = post(state, &path, "application/json", token, body.to_string().into_bytes()).await;
    (status.as_u16(), serde_json::from_slice(&body).unwrap())
}

#[test]
fn rooms_are_opened_listed_and_closed_in_both_encodings() {
    in_an_application(
        |_| (),
        |state| async move {
            let all = token(&state, ApiGrants { room_create: true, room_list: true, ..ApiGrants::default() });
            let (status, room) =
                json(&state, "CreateRoom", Some(&all), json!({ "name": "call", "emptyTimeout": 7 })).await;
            assert_eq!((status, &room["name"], &room["empty_timeout"]), (200, &"call".into(), &7.into()));
            let request = proto::ListRoomsRequest { names: vec!["call".to_owned()] }.encode_to_vec();
            let path = "//twirp/livekit.RoomService/ListRooms";
            let (status, body) = post(&state, path, "application/protobuf", Some(&all), request).await;
            let listed = proto::ListRoomsResponse::decode(body.as_slice()).unwrap().rooms;
            assert_eq!((status, listed.len()), (StatusCode::OK, 1));
            assert_eq!(room["sid"], listed[0].sid);
            assert_eq!(json(&state, "DeleteRoom", Some(&all), json!({ "room": "call" })).await, (200, json!({})));
            let (status, gone) = json(&state, "DeleteRoom", Some(&all), json!({ "room": "call" })).await;
            assert_eq!((status, &gone["code"]), (404, &"not_found".into()));
        },
    );
}

#[test]
fn each_method_asks_for_its_grant() {
    in_an_application(
        |_| (),
        |state| async move {
            let room =
                json!({ "room": "call", "identity": "ann", "destinationIdentity": "ann", "destinationRoom": "other" });
            let (none, admin) = (ApiGrants::default(), ApiGrants { room_admin: true, ..ApiGrants::default() });
            let create = ApiGrants { room_create: true, ..ApiGrants::default() };
            let list = ApiGrants { room_list: true, ..ApiGrants::default() };
            let moves = ApiGrants { destination_room: "other".to_owned(), ..admin.clone() };
            for (method, grants, body, expect) in [
                ("CreateRoom", &create, json!({ "name": "" }), 400),
                ("ListRooms", &list, json!({}), 200),
                ("DeleteRoom", &create, room.clone(), 404),
                ("ListParticipants", &admin, room.clone(), 200),
                ("GetParticipant", &admin, room.clone(), 404),
                ("RemoveParticipant", &admin, room.clone(), 404),
                ("MutePublishedTrack", &admin, room.clone(), 404),
                ("UpdateParticipant", &admin, room.clone(), 404),
                ("UpdateSubscriptions", &admin, room.clone(), 404),
                ("SendData", &admin, room.clone(), 404),
                ("UpdateRoomMetadata", &admin, room.clone(), 404),
                ("PerformRpc", &admin, room.clone(), 404),
                ("MoveParticipant", &moves, room.clone(), 404),
                ("ForwardParticipant", &moves, room.clone(), 501),
            ] {
                let (status, _) = json(&state, method, Some(&token(&state, grants.clone())), body.clone()).await;
                assert_eq!(status, expect, "{method}");
                for token in [None, Some(token(&state, none.clone()))] {
                    let (status, error) = json(&state, method, token.as_deref(), body.clone()).await;
                    assert_eq!((status, &error["code"]), (401, &"unauthenticated".into()), "{method}");
                }
            }
            let (status, _) =
                json(&state, "ListParticipants", Some(&token(&state, admin)), json!({ "room": "b" })).await;
            assert_eq!(status, 401, "a token is for one room");
        },
    );
}

#[test]
fn what_is_no_request_is_refused_as_twirp_says() {
    in_an_application(
        |_| (),
        |state| async move {
            let all = token(&state, ApiGrants { room_create: true, room_list: true, ..ApiGrants::default() });
            let none = token(&state, ApiGrants::default());
            let list = "/twirp/livekit.RoomService/ListRooms";
            let get = "/twirp/livekit.RoomService/GetParticipant";
            for (path, media_type, token, body, code, status) in [
                ("/twirp/livekit.RoomService/Nothing", "application/json", Some(&*all), "{}", "bad_route", 404),
                ("/twirp/livekit.Nothing/ListRooms", "application/json", Some(&*all), "{}", "bad_route", 404),
                ("/twirp/x", "application/json", Some(&*all), "{}", "bad_route", 404),
                (list, "text/plain", Some(&*all), "{}", "bad_route", 404),
                (list, "application/json", Some(&*all), "[", "malformed", 400),
                (list, "application/protobuf", Some(&*all), "\u{a}\u{7f}", "malformed", 400),
                (list, "application/json; charset=utf-8", Some("x.y.z"), "{}", "unauthenticated", 401),
                (get, "application/json", Some(&*none), "[", "unauthenticated", 401),
            ] {
                let (told, body) = post(&state, path, media_type, token, body.as_bytes().to_vec()).await;
                let error: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!((told.as_u16(), &error["code"]), (status, &code.into()), "{path} {media_type}");
            }
            let long = vec![b' '; super::MAX_BODY + 1];
            let (status, _) = post(&state, list, "application/json", Some(&all), long).await;
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        },
    );
}

#[test]
fn agents_are_dispatched() {
    in_an_application(
        |_| (),
        |state| async move {
            let admin = token(&state, ApiGrants { room_admin: true, ..ApiGrants::default() });
            let ask = async |token: &str, method: &str, body: Value| {
                let path = format!("/twirp/livekit.AgentDispatchService/{method}");
                let body = body.to_string().into_bytes();
                let (status, body) = post(&state, &path, "application/json", Some(token), body).await;
                (status.as_u16(), serde_json::from_slice::<Value>(&body).unwrap())
            };
            let nobody = token(&state, ApiGrants::default());
            for method in ["CreateDispatch", "DeleteDispatch", "ListDispatch"] {
                let (status, error) = ask(&nobody, method, json!({ "room": "call" })).await;
                assert_eq!((status, &error["code"]), (401, &"unauthenticated".into()), "{method}");
            }
            let (status, error) = ask(&admin, "ListDispatch", json!({ "room": "call" })).await;
            assert_eq!((status, &error["code"]), (404, &"not_found".into()));
            let wanted = json!({ "room": "call", "agentName": "echo", "deployment": "a_b" });
            assert_eq!(ask(&admin, "CreateDispatch", wanted).await.0, 400);

            let wanted = json!({ "room": "call", "agentName": "echo", "metadata": "m" });
            let (status, made) = ask(&admin, "CreateDispatch", wanted).await;
            assert_eq!((status, &made["agent_name"], &made["metadata"]), (200, &"echo".into(), &"m".into()));
            let one = json!({ "room": "call", "dispatchId": made["id"] });
            let (_, listed) = ask(&admin, "ListDispatch", one.clone()).await;
            assert_eq!(listed["agent_dispatches"][0]["id"], made["id"]);
            assert_eq!(ask(&admin, "DeleteDispatch", one.clone()).await.0, 200);
            assert_eq!(ask(&admin, "DeleteDispatch", one).await.0, 404);
        },
    );
}

/// What the table does not have is the server API's and the signal connections' alone.
#[test]
fn the_table_has_nothing_below_twirp() {
    assert!(endpoint::all().all(|endpoint| !endpoint.path.starts_with("/twirp") && !endpoint.path.starts_with("/rtc")));
}
