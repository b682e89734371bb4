//! The office as its handles see it; what it decides is tested with the registry.

use std::{sync::Arc, time::SystemTime};

use livekit_protocol as proto;
use proto::{server_message::Message as ServerMessage, worker_message::Message as WorkerMessage};
use tokio::sync::mpsc;

use super::*;
use crate::{
    domain::{Identity, RoomName},
    rooms::{RoomChange, RoomEvent},
};

/// Opens rooms by telling that they are open.
struct Doorkeeper(mpsc::WeakSender<Arc<RoomEvent>>);

impl House for Doorkeeper {
    async fn open(&self, room: RoomName) -> bool {
        let Some(events) = self.0.upgrade() else { return false };
        events.send(event(room, RoomChange::Opened { agents: Vec::new() })).await.is_ok()
    }

    async fn send_own(&self, _: RoomName, metadata: String) -> Result<Identity, String> {
        metadata.parse().map_err(|error| format!("{error}"))
    }

    async fn remove(&self, _: RoomName, _: Identity) {}
}

fn event(name: RoomName, change: RoomChange) -> Arc<RoomEvent> {
    Arc::new(RoomEvent { name, room: proto::Room::default(), at: SystemTime::now(), change })
}

/// Workers with an office at work, for as long as the sender lives.
fn start() -> (Workers, mpsc::Sender<Arc<RoomEvent>>) {
    let (events, rooms) = mpsc::channel(8);
    let keys = Keys { api_key: "APItest".to_owned(), api_secret: "x".repeat(32).into() };
    let (workers, office) = Workers::new("desk".to_owned(), keys, Doorkeeper(events.downgrade()), rooms);
    tokio::spawn(office.run());
    (workers, events)
}

fn wanted(room: &str, agent_name: &str, metadata: &str) -> proto::CreateAgentDispatchRequest {
    let (room, agent_name, metadata) = (room.to_owned(), agent_name.to_owned(), metadata.to_owned());
    proto::CreateAgentDispatchRequest { room, agent_name, metadata, ..Default::default() }
}

async fn said(worker: &mut Connection) -> ServerMessage {
    match worker.next().await {
        Some(Outgoing::Message(message)) => message.message.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_worker_gets_the_job_of_a_dispatch() {
    let (workers, _events) = start();
    let mut worker = workers.connect().await.unwrap();
    let register = proto::RegisterWorkerRequest { agent_name: "echo".to_owned(), ..Default::default() };
    worker.handle(WorkerMessage::Register(register)).await.unwrap();
    assert!(matches!(said(&mut worker).await, ServerMessage::Register(_)));
    let dispatch = workers.create_dispatch(wanted("call", "echo", "")).await.unwrap();
    let ServerMessage::Availability(offer) = said(&mut worker).await else { panic!() };
    let job = offer.job.unwrap();
    assert_eq!(job.dispatch_id, dispatch.id);
    let answer = proto::AvailabilityResponse { job_id: job.id.clone(), available: true, ..Default::default() };
    worker.handle(WorkerMessage::Availability(answer)).await.unwrap();
    let ServerMessage::Assignment(assignment) = said(&mut worker).await else { panic!() };
    assert_eq!(assignment.token.split('.').count(), 3);

    let list = proto::ListAgentDispatchRequest { room: "call".to_owned(), dispatch_id: dispatch.id.clone() };
    let listed = workers.list_dispatch(list).await.unwrap().agent_dispatches.remove(0);
    assert_eq!(listed.state.unwrap().jobs[0].id, job.id);
    let delete = proto::DeleteAgentDispatchRequest { room: "call".to_owned(), dispatch_id: dispatch.id };
    workers.delete_dispatch(delete).await.unwrap();
    assert!(matches!(said(&mut worker).await, ServerMessage::Termination(_)));
}

#[tokio::test]
async fn the_last_word_of_a_worker_counts() {
    let (workers, _events) = start();
    let mut worker = workers.connect().await.unwrap();
    worker.handle(WorkerMessage::Register(proto::RegisterWorkerRequest::default())).await.unwrap();
    assert!(matches!(said(&mut worker).await, ServerMessage::Register(_)));
    let dispatch = workers.create_dispatch(wanted("call", "unknown", "")).await.unwrap();
    let ServerMessage::Availability(offer) = said(&mut worker).await else { panic!() };
    let job = offer.job.unwrap();
    assert_ne!(job.dispatch_id, dispatch.id, "the room's own");
    let done = proto::AvailabilityResponse { job_id: job.id.clone(), terminate: true, ..Default::default() };
    worker.handle(WorkerMessage::Availability(done)).await.unwrap();
    drop(worker);
    let list = proto::ListAgentDispatchRequest { room: "call".to_owned(), dispatch_id: job.dispatch_id };
    let listed = workers.list_dispatch(list).await.unwrap().agent_dispatches.remove(0);
    assert_eq!(listed.state.unwrap().jobs[0].state.as_ref().unwrap().status(), proto::JobStatus::JsSuccess);
}

#[tokio::test]
async fn the_own_agent_is_asked_for() {
    let (workers, _events) = start();
    for (metadata, expect) in [("agent-7", proto::JobStatus::JsRunning), ("", proto::JobStatus::JsFailed)] {
        let dispatch = workers.create_dispatch(wanted("call", "desk", metadata)).await.unwrap();
        let status = loop {
            let list = proto::ListAgentDispatchRequest { room: "call".to_owned(), dispatch_id: dispatch.id.clone() };
            let listed = workers.list_dispatch(list).await.unwrap().agent_dispatches.remove(0);
            let status = listed.state.unwrap().jobs[0].state.as_ref().unwrap().status();
            if status != proto::JobStatus::JsPending {
                break status;
            }
        };
        assert_eq!(status, expect);
    }
}

#[tokio::test]
async fn a_worker_that_is_refused_is_told_why() {
    let (workers, _events) = start();
    let mut worker = workers.connect().await.unwrap();
    worker.handle(WorkerMessage::UpdateWorker(proto::UpdateWorkerStatus::default())).await.unwrap();
    let Some(Outgoing::Close(why)) = worker.next().await else { panic!() };
    assert_eq!(why, "the first message must be the registration");
    assert!(worker.next().await.is_none());
}

#[tokio::test]
async fn a_worker_that_does_not_read_is_dropped() {
    let (workers, _events) = start();
    let mut worker = workers.connect().await.unwrap();
    for _ in 0..=MOST_MESSAGES {
        worker.handle(WorkerMessage::Ping(proto::WorkerPing::default())).await.unwrap();
    }
    // The office has handled all of that when it answers.
    drop(workers.list_dispatch(proto::ListAgentDispatchRequest::default()).await);
    let mut heard = 0;
    while worker.next().await.is_some() {
        heard += 1;
    }
    assert_eq!(heard, MOST_MESSAGES);
}

#[tokio::test]
async fn workers_are_bounded() {
    let (workers, events) = start();
    let mut all = Vec::new();
    while let Ok(worker) = workers.connect().await {
        all.push(worker);
    }
    assert_eq!(all.len(), MOST_WORKERS);
    let mut loud = all.remove(0);
    drop(all);
    assert!(workers.connect().await.is_ok());
    let ping = || WorkerMessage::Ping(proto::WorkerPing::default());
    let error = loop {
        match loud.handle(ping()).await {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error, ConnectError::TooOften);
    drop(events);
    while loud.next().await.is_some() {}
    assert_eq!(
        workers.create_dispatch(wanted("call", "echo", "")).await,
        Err(DispatchError::Unavailable),
        "the office ends with the rooms"
    );
}
