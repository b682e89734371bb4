//! Seeds of what programs of the owner's send: back ends by the server API, and outside workers.

use livekit_protocol::{self as proto, worker_message::Message as Said};
use prost::Message;

use super::seeds::{Seeds, frame, framed, seeds};

// ---- the server API ----

/// The method's number, then the request: `Asked::read`. `*` is the stranger's track.
pub(super) fn controls() -> Seeds {
    let (stranger, room) = (|| "stranger".to_owned(), || "call-1".to_owned());
    let named =
        || proto::RoomParticipantIdentity { room: room(), identity: stranger(), ..Default::default() }.encode_to_vec();
    let permission = proto::ParticipantPermission {
        can_subscribe: true,
        can_publish_sources: vec![1, 99],
        hidden: true,
        ..Default::default()
    };
    let update = proto::UpdateParticipantRequest {
        room: room(),
        identity: stranger(),
        metadata: "about".to_owned(),
        permission: Some(permission),
        name: "Ann".to_owned(),
        attributes: [("desk".to_owned(), "7".to_owned())].into(),
    };
    let mute =
        proto::MuteRoomTrackRequest { room: room(), identity: stranger(), track_sid: "*".to_owned(), muted: true };
    let tracks = proto::ParticipantTracks { participant_sid: "PA_x".to_owned(), track_sids: vec!["TR_x".to_owned()] };
    let subscriptions = proto::UpdateSubscriptionsRequest {
        room: room(),
        identity: "listener".to_owned(),
        track_sids: vec!["*".to_owned()],
        subscribe: false,
        participant_tracks: vec![tracks],
    };
    let data = proto::SendDataRequest {
        room: room(),
        data: b"hello".to_vec(),
        destination_identities: vec![stranger()],
        topic: Some("lk.chat".to_owned()),
        nonce: vec![7; 16],
        ..Default::default()
    };
    let metadata = proto::UpdateRoomMetadataRequest { room: room(), metadata: "about".to_owned() };
    let rpc = proto::PerformRpcRequest {
        room: room(),
        destination_identity: stranger(),
        method: "greet".to_owned(),
        payload: "hello".to_owned(),
        response_timeout_ms: 1000,
    };
    let moved =
        proto::MoveParticipantRequest { room: room(), identity: stranger(), destination_room: "call-2".to_owned() };
    let of = |method: u8, request: Vec<u8>| [vec![method], request].concat();
    seeds([
        ("list", of(0, proto::ListParticipantsRequest { room: room() }.encode_to_vec())),
        ("get", of(1, named())),
        ("remove", of(2, named())),
        ("update", of(3, update.encode_to_vec())),
        ("mute", of(4, mute.encode_to_vec())),
        ("subscriptions", of(5, subscriptions.encode_to_vec())),
        ("data", of(6, data.encode_to_vec())),
        ("metadata", of(7, metadata.encode_to_vec())),
        ("rpc", of(8, rpc.encode_to_vec())),
        ("move", of(9, moved.encode_to_vec())),
        ("delete", of(10, proto::DeleteRoomRequest { room: room() }.encode_to_vec())),
        ("empty", Vec::new()),
    ])
}

// ---- workers ----

/// Each message alone, and some in the order in which a worker says them: `Office::hear`. `*` is the job that was offered to it, `+`
/// somebody else's; nothing is silence.
pub(super) fn worker_messages() -> Seeds {
    let said = |message| proto::WorkerMessage { message: Some(message) }.encode_to_vec();
    let register = |kind: proto::JobType, agent_name: &str| {
        let agent_name = agent_name.to_owned();
        said(Said::Register(proto::RegisterWorkerRequest { r#type: kind.into(), agent_name, ..Default::default() }))
    };
    let answer = |job: &str, available: bool| {
        said(Said::Availability(proto::AvailabilityResponse {
            job_id: job.to_owned(),
            available,
            participant_name: "Echo".to_owned(),
            participant_identity: "echo-1".to_owned(),
            participant_attributes: [("a".to_owned(), "b".to_owned())].into(),
            ..Default::default()
        }))
    };
    let update = |job: &str, status: proto::JobStatus| {
        let (job_id, error) = (job.to_owned(), "told".to_owned());
        said(Said::UpdateJob(proto::UpdateJobStatus { job_id, status: status.into(), error }))
    };
    let busy = proto::UpdateWorkerStatus { status: Some(1), load: 0.9, job_count: 3, ..Default::default() };
    let playground = proto::Room { name: "playground".to_owned(), ..Default::default() };
    let participant = proto::ParticipantInfo { identity: "amanda".to_owned(), ..Default::default() };
    let simulate = said(Said::SimulateJob(proto::SimulateJobRequest {
        room: Some(playground),
        participant: Some(participant),
        ..Default::default()
    }));
    let migrate = said(Said::MigrateJob(proto::MigrateJobRequest { job_ids: vec!["*".to_owned(), "+".to_owned()] }));
    let text = |json: &str| json.as_bytes().to_vec();
    let (running, success) = (proto::JobStatus::JsRunning, proto::JobStatus::JsSuccess);
    let (room, each) = (proto::JobType::JtRoom, proto::JobType::JtParticipant);
    let register_text = || {
        text(r#"{"register": {"type": "JT_PUBLISHER", "agentName": "", "allowedPermissions": {"canPublish": true}}}"#)
    };
    let alone = seeds([
        ("register", register(room, "echo")),
        ("register_own", register(room, "desk")),
        ("register_text", register_text()),
        ("answer", answer("*", true)),
        ("update_job", update("+", success)),
        ("update_worker", said(Said::UpdateWorker(busy))),
        ("simulate", simulate.clone()),
        ("migrate", migrate.clone()),
        ("ping", said(Said::Ping(proto::WorkerPing { timestamp: 7 }))),
        ("ping_text", text(r#"{"ping": {"timestamp": "7"}}"#)),
        ("garbage", vec![0xff; 3]),
        ("silence", Vec::new()),
    ]);
    let lives = [
        (
            "rival",
            vec![register(room, "echo"), text("."), register(room, "echo"), update("+", success), migrate.clone()],
        ),
        (
            "for_each",
            vec![
                register(each, ""),
                update("+", running),
                simulate.clone(),
                answer("+", true),
                answer("*", true),
                update("*", running),
                update("*", success),
            ],
        ),
        ("refuses", vec![register(room, ""), simulate.clone(), answer("*", false), simulate.clone(), Vec::new()]),
        // It is lost, and comes back.
        (
            "comes_back",
            vec![
                register(room, "echo"),
                simulate.clone(),
                answer("*", true),
                vec![0xff],
                register(room, "echo"),
                migrate,
            ],
        ),
        (
            "in_words",
            vec![
                register_text(),
                text(r#"{"simulateJob": {"room": {"name": "call-1"}}}"#),
                text(r#"{"availability": {"jobId": "*", "available": true}}"#),
                text(r#"{"updateJob": {"jobId": "*", "status": "JS_FAILED", "error": "x"}}"#),
                text(r#"{"updateWorker": {"load": "NaN"}}"#),
            ],
        ),
    ];
    let mut all = framed(alone);
    all.extend(lives.map(|(name, messages)| {
        (name.to_owned(), messages.iter().flat_map(|bytes| frame(bytes)).collect::<Vec<u8>>())
    }));
    all
}
