//! Which jobs there are, who is asked, and what an agent joins with.

use std::collections::BTreeSet;

use livekit_protocol as proto;
use proto::{
    DisconnectReason, JobStatus, JobType, WorkerStatus, participant_info::Kind,
    worker_message::Message as WorkerMessage,
};

use super::world::{World, info};
use crate::{
    rooms::RoomChange,
    workers::registry::{ConnectionId, Input},
};

#[test]
fn a_room_that_opens_is_a_job() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.pass(5);
    world.open("call", &[]);
    let (_, job) = world.offer();
    assert!(job.id.starts_with("AJ_") && job.dispatch_id.starts_with("AD_"));
    assert_eq!((job.r#type(), job.room.as_ref().unwrap().name.as_str()), (JobType::JtRoom, "call"));
    let state = job.state.clone().unwrap();
    assert_eq!(
        (state.status(), state.started_at, state.updated_at),
        (JobStatus::JsRunning, 5_000_000_000, 5_000_000_000)
    );
    assert!(state.worker_id.starts_with("AW_"));
    assert_eq!(world.states("call"), [], "who was only asked is not listed");

    world.answer(1, &job.id, true);
    let [assignment] = world.assignments().try_into().unwrap();
    assert_eq!(assignment.url, None);
    assert_eq!(
        assignment.token,
        format!("agent-{0} call AGENT ++++ hidden=false agent=true 3600s   {{\"lk.agent_name\": \"\"}}", job.id)
    );
    let assigned = assignment.job.unwrap();
    assert_eq!(assigned.state.as_ref().unwrap().participant_identity, format!("agent-{}", job.id));
    assert_eq!(world.dispatch("call").state.unwrap().jobs, [assigned]);
}

#[test]
fn an_agent_is_what_its_worker_says() {
    let mut world = World::new();
    let permissions = proto::ParticipantPermission { can_subscribe: true, hidden: true, ..Default::default() };
    let request = proto::RegisterWorkerRequest {
        agent_name: "echo".to_owned(),
        allowed_permissions: Some(permissions),
        ..Default::default()
    };
    world.register(1, request);
    for (identity, expect) in [("echo-1", Some("echo-1")), ("", None), ("two\nlines", Some(""))] {
        world.open("call", &["echo"]);
        let (_, job) = world.offer();
        let answer = proto::AvailabilityResponse {
            job_id: job.id.clone(),
            available: true,
            participant_identity: identity.to_owned(),
            participant_name: "Echo".to_owned(),
            participant_metadata: "m".to_owned(),
            participant_attributes: [("k".to_owned(), "v".to_owned())].into(),
            ..Default::default()
        };
        world.say(1, WorkerMessage::Availability(answer));
        let tokens: Vec<String> = world.assignments().into_iter().map(|assignment| assignment.token).collect();
        let expect = expect.map_or_else(|| format!("agent-{}", job.id), str::to_owned);
        let rest = "call AGENT -+-- hidden=true agent=true 3600s Echo m {\"k\": \"v\", \"lk.agent_name\": \"echo\"}";
        let expect = (!expect.is_empty()).then(|| format!("{expect} {rest}"));
        assert_eq!(tokens, Vec::from_iter(expect), "{identity:?}");
    }
}

#[test]
fn participants_and_publishers_are_jobs_of_their_own() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.worker(2, "", JobType::JtPublisher);
    world.worker(3, "", JobType::JtParticipant);
    world.open("call", &[]);
    assert_eq!(world.offer().0, 1);
    let whom = |world: &mut World| {
        let offers = world.offers().into_iter();
        offers.map(|(worker, job)| (worker, job.r#type(), job.participant.unwrap().identity)).collect::<Vec<_>>()
    };
    for kind in [Kind::Agent, Kind::Egress] {
        world.join("call", "agent", kind);
        world.publish("call", "agent", kind);
        assert_eq!(whom(&mut world), [], "nobody is sent for {kind:?}");
    }
    for kind in [Kind::Standard, Kind::Sip] {
        world.publish("call", "amanda", kind);
        assert_eq!(whom(&mut world), [(2, JobType::JtPublisher, "amanda".to_owned())]);
        world.join("call", "amanda", kind);
        assert_eq!(whom(&mut world), [(3, JobType::JtParticipant, "amanda".to_owned())]);
        world.publish("call", "amanda", kind);
        world.join("call", "amanda", kind);
        assert_eq!(whom(&mut world), [], "a second track is no second job");
        world.leave("call", "amanda", DisconnectReason::ClientInitiated);
    }
    world.publish("call", "bob", Kind::Standard);
    world.room("call", RoomChange::ConnectionAborted(info("bob", Kind::Standard)));
    world.publish("call", "bob", Kind::Standard);
    assert_eq!(world.offers().len(), 2, "who comes again begins anew");
    world.join("elsewhere", "amanda", Kind::Standard);
    assert_eq!(world.offers(), [], "a room that nobody has heard of");
}

#[test]
fn jobs_go_to_the_workers_of_their_name() {
    let deployed = |name: &str, namespace: Option<&str>, deployment: &str| proto::RegisterWorkerRequest {
        agent_name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        deployment: deployment.to_owned(),
        ..Default::default()
    };
    let mut world = World::new();
    for (worker, request) in [
        deployed("", None, ""),
        deployed("", Some("a"), ""),
        deployed("echo", None, ""),
        deployed("echo", None, "blue"),
        deployed("echo", Some("a"), ""),
        deployed("echo", Some("a"), ""),
    ]
    .into_iter()
    .enumerate()
    {
        world.register(worker as u64, request);
    }
    let asked = |world: &mut World, agents: &[&str]| {
        world.open("call", agents);
        // Of two in one pool either may be asked.
        world.offers().into_iter().map(|(worker, _)| worker.min(4)).collect::<BTreeSet<_>>()
    };
    for (agents, expect) in [
        (vec![], vec![0, 1]),
        (vec!["echo"], vec![2, 4]),
        (vec!["echo", ""], vec![0, 1, 2, 4]),
        (vec!["unknown"], vec![]),
    ] {
        assert_eq!(asked(&mut world, &agents), expect.iter().copied().collect(), "{agents:?}");
        assert_eq!(world.registry.list("call", "").unwrap().len(), agents.len().max(1), "all are listed");
    }
    let blue =
        proto::RoomAgentDispatch { agent_name: "echo".to_owned(), deployment: "blue".to_owned(), ..Default::default() };
    world.room("call", RoomChange::Opened { agents: vec![blue] });
    assert_eq!(world.offer().0, 3);
}

#[test]
fn who_says_no_is_not_asked_again() {
    let mut world = World::new();
    (1..=3).for_each(|worker| world.worker(worker, "", JobType::JtRoom));
    world.open("call", &[]);
    let mut asked = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for _ in 0..3 {
        let (worker, job) = world.offer();
        asked.insert(worker);
        world.answer(worker, &job.id, false);
        ids.insert(job.id);
    }
    assert_eq!((asked, ids.len()), (BTreeSet::from([1, 2, 3]), 1), "each is asked once, for the same job");
    assert_eq!((world.offers(), world.states("call")), (vec![], vec![]), "then it is given up");
    world.worker(4, "", JobType::JtRoom);
    assert_eq!(world.offers(), [], "who comes later is not asked");
}

#[test]
fn an_offer_that_nobody_answers_goes_to_the_next() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.worker(2, "", JobType::JtRoom);
    world.open("call", &[]);
    let (silent, job) = world.offer();
    world.pass(2);
    assert_eq!(world.offers(), []);
    world.pass(1);
    let (next, again) = world.offer();
    assert_eq!((next, again.id.as_str()), (3 - silent, job.id.as_str()));
    world.answer(silent, &job.id, true);
    assert_eq!(world.assignments(), [], "too late");
    world.handle(Input::Disconnected(ConnectionId(next)));
    assert_eq!(world.offers(), [], "nobody is left");
    assert_eq!(world.states("call"), []);
}

#[test]
fn a_worker_that_goes_while_it_is_asked_makes_room_for_the_next() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.worker(2, "", JobType::JtRoom);
    world.open("call", &[]);
    let (gone, job) = world.offer();
    world.handle(Input::Disconnected(ConnectionId(gone)));
    assert_eq!(world.take(), (3 - gone, job.id));
}

#[test]
fn who_is_full_or_drains_is_not_asked() {
    let mut world = World::new();
    (1..=4).for_each(|worker| world.worker(worker, "", JobType::JtRoom));
    world.load(1, 1.0);
    world.load(2, f32::NAN);
    let status = Some(WorkerStatus::WsFull.into());
    world.say(3, WorkerMessage::UpdateWorker(proto::UpdateWorkerStatus { status, ..Default::default() }));
    for nth in 0..20 {
        world.open(&format!("call-{nth}"), &[]);
        assert_eq!(world.offer().0, 4);
    }
    world.load(4, 1.0);
    world.open("call", &[]);
    assert_eq!(world.offers(), [], "there is no waiting list");
}

#[test]
fn a_worker_may_take_a_job_for_done() {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.open("call", &[]);
    let (_, job) = world.offer();
    let answer = proto::AvailabilityResponse { job_id: job.id, terminate: true, available: true, ..Default::default() };
    world.say(1, WorkerMessage::Availability(answer));
    assert_eq!(world.assignments(), []);
    assert_eq!(world.states("call"), [(JobStatus::JsSuccess, String::new())]);
}

#[test]
fn a_worker_may_try_itself_out() {
    let mut world = World::new();
    world.worker(1, "echo", JobType::JtRoom);
    world.worker(2, "echo", JobType::JtRoom);
    let room = |name: &str| Some(proto::Room { name: name.to_owned(), ..Default::default() });
    let simulate = |room, participant| {
        WorkerMessage::SimulateJob(proto::SimulateJobRequest { room, participant, ..Default::default() })
    };
    for refused in [None, room(""), room("\n")] {
        world.say(1, simulate(refused, None));
        assert_eq!(world.offers(), []);
    }
    for (participant, kind) in [(None, JobType::JtRoom), (Some(*info("amanda", Kind::Standard)), JobType::JtPublisher)]
    {
        world.say(1, simulate(room("playground"), participant));
        let (worker, job) = world.offer();
        assert_eq!((worker, job.r#type(), job.dispatch_id.as_str()), (1, kind, ""));
        world.answer(1, &job.id, true);
        assert!(world.assignments()[0].token.contains(" playground AGENT "));
    }
    world.say(1, simulate(room("playground"), None));
    let (_, job) = world.offer();
    world.answer(1, &job.id, false);
    assert_eq!(world.offers(), [], "it is nobody else's");
}
