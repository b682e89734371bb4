//! Dispatches: with the room or later, to whoever is there, and taken back.

use std::collections::BTreeSet;

use livekit_protocol as proto;
use proto::{DisconnectReason, JobStatus, JobType, participant_info::Kind, worker_message::Message as WorkerMessage};

use super::world::{OWN, World};
use crate::{
    rooms::RoomChange,
    workers::{
        DispatchError,
        registry::{ConnectionId, Input, Ticket},
    },
};

#[test]
fn a_dispatch_goes_to_an_open_room_and_to_all_who_are_there() {
    let mut world = World::new();
    for (worker, kind) in [JobType::JtRoom, JobType::JtPublisher, JobType::JtParticipant].into_iter().enumerate() {
        world.worker(worker as u64, "echo", kind);
    }
    world.open("call", &["unknown"]);
    world.join("call", "amanda", Kind::Standard);
    world.join("call", "bob", Kind::Standard);
    world.publish("call", "bob", Kind::Standard);
    world.join("call", "machine", Kind::Agent);
    assert_eq!(world.offers(), []);
    world.pass(5);
    world.create("call", "echo");
    let dispatch = world.answers.pop().unwrap().unwrap();
    assert!(dispatch.id.starts_with("AD_"));
    assert_eq!((dispatch.agent_name.as_str(), dispatch.room.as_str()), ("echo", "call"));
    let created = proto::AgentDispatchState { created_at: 5_000_000_000, ..Default::default() };
    assert_eq!(dispatch.state, Some(created), "answered without waiting for workers");
    let offers = world.offers();
    let whom = |job: &proto::Job| job.participant.as_ref().map(|participant| participant.identity.clone());
    let offered: BTreeSet<_> = offers.iter().map(|(worker, job)| (*worker, whom(job))).collect();
    let [amanda, bob] = ["amanda", "bob"].map(|name| Some(name.to_owned()));
    assert_eq!(offered, BTreeSet::from([(0, None), (1, bob.clone()), (2, amanda), (2, bob)]));
    assert!(offers.iter().all(|(_, job)| job.metadata == "Her name is Amanda." && job.dispatch_id == dispatch.id));
}

#[test]
fn a_room_is_opened_for_a_dispatch() {
    let mut world = World::new();
    world.worker(1, "echo", JobType::JtRoom);
    world.create("call", "echo");
    assert_eq!((world.answers.len(), world.opening.pop().unwrap().as_str()), (0, "call"));
    world.open("call", &[]);
    let dispatch = world.answers.pop().unwrap().unwrap();
    assert_eq!(world.offer().1.dispatch_id, dispatch.id);
    let names: Vec<_> = world.registry.list("call", "").unwrap().into_iter().map(|it| it.agent_name).collect();
    assert_eq!(names, ["", "echo"], "the room's own is there too");

    world.create("never", "echo");
    world.pass(3);
    world.create("refused", "echo");
    world.handle(Input::NotOpened("refused".parse().unwrap()));
    assert_eq!(world.answers, [Err(DispatchError::NoRoom), Err(DispatchError::NoRoom)]);
}

#[test]
fn dispatches_are_checked() {
    let mut world = World::new();
    world.open("call", &[]);
    let request = || proto::CreateAgentDispatchRequest { room: "call".to_owned(), ..Default::default() };
    for (request, expect) in [
        (
            proto::CreateAgentDispatchRequest { room: String::new(), ..request() },
            DispatchError::Room(crate::domain::BadName::Empty),
        ),
        (proto::CreateAgentDispatchRequest { agent_name: "x".repeat(257), ..request() }, DispatchError::LongName),
        (proto::CreateAgentDispatchRequest { deployment: "a_b".to_owned(), ..request() }, DispatchError::Deployment),
        (
            proto::CreateAgentDispatchRequest { metadata: "x".repeat(512 * 1024 + 1), ..request() },
            DispatchError::Metadata,
        ),
        (
            proto::CreateAgentDispatchRequest {
                attributes: [("k".to_owned(), "x".repeat(64 * 1024))].into(),
                ..request()
            },
            DispatchError::Attributes,
        ),
    ] {
        world.handle(Input::Create(Ticket(0), request));
        assert_eq!(world.answers.pop(), Some(Err(expect)));
    }
    (0..100).for_each(|_| world.create("call", "echo"));
    let made = world.answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!((made, world.answers.last()), (31, Some(&Err(DispatchError::TooMany))));
    assert_eq!(world.registry.list("call", "").unwrap().len(), 32);
    assert_eq!(world.registry.list("call", "AD_unknown"), Ok(vec![]));
    assert_eq!(world.registry.list("elsewhere", ""), Err(DispatchError::NoRoom));
}

#[test]
fn a_deleted_dispatch_takes_its_jobs_with_it() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.worker(2, "", JobType::JtParticipant);
    world.open("call", &[]);
    let (_, job) = world.take();
    let identity = format!("agent-{job}");
    world.join("call", &identity, Kind::Agent);
    world.join("call", "amanda", Kind::Standard);
    let (asked, offered) = world.offer();

    let before = world.dispatch("call");
    assert_eq!(world.delete("elsewhere", &before.id), Err(DispatchError::NoRoom));
    assert_eq!(world.delete("call", &before.id), Ok(before.clone()));
    assert_eq!(world.delete("call", &before.id), Err(DispatchError::NoDispatch));
    assert_eq!(world.registry.list("call", ""), Ok(vec![]));
    assert_eq!(world.terminations(), [(1, job.clone())]);
    world.answer(asked, &offered.id, true);
    assert_eq!(world.assignments(), [], "who was only asked hears nothing more");
    world.pass(2);
    assert!(world.removed.is_empty(), "the agent has time to leave");
    world.pass(1);
    assert_eq!(world.removed, [identity]);
    world.join("call", "bob", Kind::Standard);
    assert_eq!(world.offers(), []);
}

#[test]
fn an_agent_that_leaves_in_time_is_not_shown_the_door() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.open("call", &[]);
    let (_, job) = world.take();
    let identity = format!("agent-{job}");
    world.join("call", &identity, Kind::Agent);
    let id = world.dispatch("call").id;
    world.delete("call", &id).unwrap();
    world.leave("call", &identity, DisconnectReason::ClientInitiated);
    world.pass(60);
    assert!(world.removed.is_empty());
    assert_eq!(world.terminations().len(), 1);
}

#[test]
fn the_own_agent_is_dispatched_by_its_name() {
    for (outcome, expect) in [
        (Ok("agent-7"), (JobStatus::JsRunning, "")),
        (Err("metadata is too long"), (JobStatus::JsFailed, "metadata is too long")),
    ] {
        let mut world = World::new();
        world.worker(1, "", JobType::JtRoom);
        world.open("call", &[OWN]);
        assert_eq!(world.offers(), [], "outside workers are not asked");
        assert_eq!(world.states("call"), [(JobStatus::JsPending, String::new())]);
        world.own_sent(outcome);
        assert_eq!(world.states("call"), [(expect.0, expect.1.to_owned())]);
        world.join("call", "amanda", Kind::Standard);
        world.publish("call", "amanda", Kind::Standard);
        assert!(world.own.is_empty(), "it comes once");
    }
}

#[test]
fn the_own_agent_leaves_when_its_dispatch_is_deleted() {
    let mut world = World::new();
    world.open("call", &["unknown"]);
    for is_early in [false, true] {
        world.create("call", OWN);
        let id = world.answers.pop().unwrap().unwrap().id;
        assert_eq!(world.own[0].1, "Her name is Amanda.");
        if is_early {
            world.delete("call", &id).unwrap();
            world.own_sent(Ok("agent-7"));
        } else {
            world.own_sent(Ok("agent-7"));
            world.delete("call", &id).unwrap();
        }
        assert_eq!(std::mem::take(&mut world.removed), ["agent-7"], "{is_early}");
    }
    world.create("call", OWN);
    world.own_sent(Ok("agent-8"));
    world.join("call", "agent-8", Kind::Agent);
    world.leave("call", "agent-8", DisconnectReason::ClientInitiated);
    let id = world.answers.pop().unwrap().unwrap().id;
    let jobs = world.registry.list("call", &id).unwrap().remove(0).state.unwrap().jobs;
    assert_eq!(jobs[0].state.as_ref().unwrap().status(), JobStatus::JsSuccess);
}

#[test]
fn jobs_of_a_dispatch_do_not_pile_up() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtParticipant);
    world.open("call", &[]);
    for nth in 0..600 {
        world.join("call", &format!("caller-{nth}"), Kind::Standard);
        let (_, job) = world.take();
        world.report(1, &job, JobStatus::JsSuccess, "");
        world.leave("call", &format!("caller-{nth}"), DisconnectReason::ClientInitiated);
    }
    assert_eq!(world.states("call").len(), 256);
    world.room("call", RoomChange::Closed);
    world.handle(Input::Disconnected(ConnectionId(1)));
    assert_eq!(world.registry.next_timeout(), None);
}

#[test]
fn jobs_that_have_ended_make_room_for_those_of_other_rooms() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    let rooms: Vec<_> = (0..300).map(|nth| format!("call-{nth}")).collect();
    for room in &rooms {
        world.open(room, &[""; 32]);
        let offers = world.offers();
        assert_eq!(offers.len(), 32, "{room}");
        for (_, job) in offers {
            let done = proto::AvailabilityResponse { job_id: job.id, terminate: true, ..Default::default() };
            world.say(1, WorkerMessage::Availability(done));
        }
        world.pass(1);
    }
    let [oldest, newest] = [&rooms[0], &rooms[299]].map(|room| {
        let dispatches = world.registry.list(room, "").unwrap().into_iter();
        dispatches.map(|dispatch| dispatch.state.unwrap().jobs.len()).sum::<usize>()
    });
    assert_eq!((oldest, newest), (0, 32));
}
