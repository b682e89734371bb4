//! What a worker has to say first, and what ends its connection.

use livekit_protocol as proto;
use proto::{JobType, server_message::Message as ServerMessage, worker_message::Message as WorkerMessage};

use super::world::{OWN, World};
use crate::workers::registry::{ConnectionId, Input, Refusal};

const PING: WorkerMessage = WorkerMessage::Ping(proto::WorkerPing { timestamp: 7 });

#[test]
fn a_worker_registers_first() {
    let mut world = World::new();
    world.handle(Input::Connected(ConnectionId(1)));
    world.pass(2);
    world.say(1, PING);
    let pong = proto::WorkerPong { last_timestamp: 7, timestamp: 2000 };
    assert_eq!(world.said, [(ConnectionId(1), ServerMessage::Pong(pong))], "a ping is answered at any time");
    world.said.clear();

    world.say(1, WorkerMessage::Register(proto::RegisterWorkerRequest::default()));
    let [(_, ServerMessage::Register(response))] = world.said.as_slice() else { panic!("{:?}", world.said) };
    assert!(response.worker_id.starts_with("AW_"));
    let server = response.server_info.as_ref().unwrap();
    assert_eq!((server.version.as_str(), server.protocol, server.agent_protocol), ("1.13.5", 17, 1));
    assert_eq!(world.registry.workers(), 1);
    world.pass(3600);
    assert_eq!(world.closed, []);
    world.handle(Input::Disconnected(ConnectionId(1)));
    assert_eq!(world.registry.workers(), 0);
}

#[test]
fn who_does_not_register_is_sent_away() {
    let mut world = World::new();
    world.handle(Input::Connected(ConnectionId(1)));
    world.pass(9);
    world.say(1, PING);
    assert_eq!(world.closed, []);
    world.pass(1);
    assert_eq!(world.closed, [(ConnectionId(1), Refusal::Late)], "pings do not extend it");
}

#[test]
fn messages_out_of_place_end_the_connection() {
    let register = || WorkerMessage::Register(proto::RegisterWorkerRequest::default());
    let update = || WorkerMessage::UpdateWorker(proto::UpdateWorkerStatus::default());
    let named = |agent_name: &str| {
        let agent_name = agent_name.to_owned();
        WorkerMessage::Register(proto::RegisterWorkerRequest { agent_name, ..Default::default() })
    };
    for (messages, expect) in [
        (vec![update()], Refusal::NotRegistered),
        (vec![WorkerMessage::Availability(Default::default())], Refusal::NotRegistered),
        (vec![register(), register()], Refusal::RegisteredAlready),
        (vec![named(OWN)], Refusal::OwnName),
    ] {
        let mut world = World::new();
        world.handle(Input::Connected(ConnectionId(1)));
        messages.into_iter().for_each(|message| world.say(1, message));
        assert_eq!(world.closed, [(ConnectionId(1), expect)]);
        world.say(1, PING);
        assert!(!world.said.iter().any(|(_, message)| matches!(message, ServerMessage::Pong(_))), "it is gone");
    }
}

#[test]
fn what_is_said_of_unknown_jobs_is_passed_over() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.said.clear();
    for job in ["", "AJ_unknown", "AJ_222222222222"] {
        world.answer(1, job, true);
        world.report(1, job, proto::JobStatus::JsSuccess, "");
        world.say(1, WorkerMessage::MigrateJob(proto::MigrateJobRequest { job_ids: vec![job.to_owned()] }));
    }
    assert_eq!((world.said, world.closed), (vec![], vec![]));
}
