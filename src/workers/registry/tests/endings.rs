//! How jobs end, and that nothing remains of them.

use livekit_protocol as proto;
use proto::{DisconnectReason, JobStatus, JobType, participant_info::Kind, worker_message::Message as WorkerMessage};

use super::world::World;
use crate::{
    rooms::RoomChange,
    workers::registry::{ConnectionId, Input},
};

/// A job that runs in `call`: the worker's number is 1.
fn running() -> (World, String) {
    let mut world = World::new();
    world.worker(1, "", JobType::JtRoom);
    world.open("call", &[]);
    let (_, job) = world.take();
    (world, job)
}

fn agent(job: &str) -> String {
    format!("agent-{job}")
}

#[test]
fn a_worker_tells_how_its_job_goes() {
    for (status, error, expect) in [
        (JobStatus::JsRunning, "", (JobStatus::JsRunning, "")),
        (JobStatus::JsSuccess, "", (JobStatus::JsSuccess, "")),
        (JobStatus::JsFailed, "no voice", (JobStatus::JsFailed, "no voice")),
    ] {
        let (mut world, job) = running();
        world.worker(2, "", JobType::JtRoom);
        world.report(2, &job, JobStatus::JsFailed, "not mine");
        world.pass(5);
        world.report(1, &job, status, error);
        assert_eq!(world.states("call"), [(expect.0, expect.1.to_owned())]);
        let ended = world.dispatch("call").state.unwrap().jobs[0].state.as_ref().unwrap().ended_at;
        assert_eq!(ended, if status == JobStatus::JsRunning { 0 } else { 5_000_000_000 });
        world.join("call", &agent(&job), Kind::Agent);
        world.leave("call", &agent(&job), DisconnectReason::ClientInitiated);
        let told = world.terminations().len();
        assert_eq!(told, usize::from(status == JobStatus::JsRunning), "what is over is not terminated");
    }
}

#[test]
fn a_job_ends_with_its_agents_visit() {
    for (reason, expect) in [
        (DisconnectReason::ClientInitiated, (JobStatus::JsSuccess, "")),
        (DisconnectReason::ParticipantRemoved, (JobStatus::JsFailed, "agent worker left the room")),
        (DisconnectReason::ConnectionTimeout, (JobStatus::JsFailed, "agent worker left the room")),
    ] {
        let (mut world, job) = running();
        world.join("call", &agent(&job), Kind::Agent);
        world.leave("call", "amanda", DisconnectReason::ClientInitiated);
        assert_eq!(world.terminations(), []);
        world.leave("call", &agent(&job), reason);
        assert_eq!(world.terminations(), [(1, job.clone())]);
        assert_eq!(world.states("call"), [(expect.0, expect.1.to_owned())]);
        world.report(1, &job, JobStatus::JsRunning, "");
        assert_eq!(world.states("call")[0].0, expect.0, "what is over stays so");
    }
}

#[test]
fn a_room_takes_its_jobs_with_it() {
    let (mut world, job) = running();
    world.worker(2, "", JobType::JtParticipant);
    world.join("call", "amanda", Kind::Standard);
    let (asked, offered) = world.offer();
    world.room("call", RoomChange::Closed);
    assert_eq!(world.terminations(), [(1, job)]);
    world.answer(asked, &offered.id, true);
    assert_eq!(world.assignments(), [], "an offer for a room that is no more");
    assert!(world.registry.list("call", "").is_err());
    assert_eq!(world.registry.next_timeout(), None, "nothing remains");
}

#[test]
fn a_worker_that_is_lost_may_come_back_for_its_jobs() {
    let (mut world, job) = running();
    world.handle(Input::Disconnected(ConnectionId(1)));
    assert_eq!(world.states("call")[0].0, JobStatus::JsRunning);
    let claim = |job: &str| WorkerMessage::MigrateJob(proto::MigrateJobRequest { job_ids: vec![job.to_owned()] });
    world.worker(2, "echo", JobType::JtRoom);
    world.say(2, claim(&job));
    world.report(2, &job, JobStatus::JsFailed, "not mine");
    assert_eq!(world.states("call")[0].0, JobStatus::JsRunning, "workers of another name have no claim");
    world.worker(3, "", JobType::JtRoom);
    world.say(3, claim(&job));
    world.pass(3600);
    world.join("call", &agent(&job), Kind::Agent);
    world.leave("call", &agent(&job), DisconnectReason::ClientInitiated);
    assert_eq!(world.terminations(), [(3, job)]);
    assert_eq!(world.offers(), [], "no job is given to another by itself");
}

#[test]
fn a_job_goes_on_as_long_as_its_agent() {
    for has_joined in [false, true] {
        let (mut world, job) = running();
        if has_joined {
            world.join("call", &agent(&job), Kind::Agent);
        }
        world.handle(Input::Disconnected(ConnectionId(1)));
        world.pass(59);
        assert_eq!(world.states("call")[0].0, JobStatus::JsRunning);
        world.pass(600);
        if has_joined {
            assert_eq!(world.states("call")[0].0, JobStatus::JsRunning);
            world.leave("call", &agent(&job), DisconnectReason::ConnectionTimeout);
        }
        assert_eq!(world.states("call")[0].0, JobStatus::JsFailed);
        assert_eq!(world.registry.next_timeout(), None);
    }
}
