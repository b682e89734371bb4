"""How jobs end: what the worker is told, and what becomes of its agent."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from livekit import api, rtc
from livekit.protocol import agent as proto

import box
from guest import Guest
from people import visit
from raw_worker import RawWorker, written_down


@asynccontextmanager
async def at_work(**room: object) -> AsyncIterator[tuple[RawWorker, proto.Job, Guest, api.LiveKitAPI]]:
    """A worker with a job, its agent in the job's room, and the server's API."""
    name, where = box.fresh("work"), box.fresh("work")
    async with RawWorker.registered(name) as worker, box.server() as server:
        agents = [api.RoomAgentDispatch(agent_name=name)]
        await server.room.create_room(api.CreateRoomRequest(name=where, agents=agents, **room))
        assignment = await worker.takes_job(where)
        job = assignment.job
        await written_down(server, where, job)
        async with visit(where, job.state.participant_identity, bearer=assignment.token) as agent:
            yield worker, job, agent, server


async def is_over(worker: RawWorker, job: proto.Job) -> None:
    assert (await worker.told("termination")).job_id == job.id


async def the_agent_leaves() -> None:
    async with at_work() as (worker, job, agent, _):
        await agent.leave()
        await is_over(worker, job)


async def the_agent_is_removed() -> None:
    async with at_work() as (worker, job, agent, server):
        await server.room.remove_participant(api.RoomParticipantIdentity(room=job.room.name, identity=agent.identity))
        await is_over(worker, job)
        (reason,) = await agent.see("disconnected")
        assert reason == rtc.DisconnectReason.PARTICIPANT_REMOVED, reason


async def the_room_is_deleted() -> None:
    async with at_work() as (worker, job, agent, server):
        await box.delete(server, job.room.name)
        await is_over(worker, job)
        (reason,) = await agent.see("disconnected")
        assert reason == rtc.DisconnectReason.ROOM_DELETED, reason


async def the_others_have_left() -> None:
    """An agent does not keep a room open."""
    async with at_work(departure_timeout=1) as (worker, job, agent, _):
        async with visit(job.room.name):
            await agent.see("participant_connected")
        await is_over(worker, job)
        (reason,) = await agent.see("disconnected")
        assert reason == rtc.DisconnectReason.ROOM_CLOSED, reason


async def the_dispatch_is_deleted() -> None:
    """Its agent may go by itself; if it stays, it is removed."""
    async with at_work() as (worker, job, agent, server):
        deleted = await server.agent_dispatch.delete_dispatch(job.dispatch_id, job.room.name)
        assert deleted.id == job.dispatch_id and [it.id for it in deleted.state.jobs] == [job.id], deleted
        await is_over(worker, job)
        assert not await server.agent_dispatch.list_dispatch(job.room.name)
        (reason,) = await agent.see("disconnected")
        assert reason == rtc.DisconnectReason.PARTICIPANT_REMOVED, reason
        await box.refused("not_found", 404, server.agent_dispatch.delete_dispatch(job.dispatch_id, job.room.name))


async def the_worker_says_that_it_is_done() -> None:
    for error in ("", "it broke"):
        async with at_work() as (worker, job, agent, server):
            await worker.finishes(job, error=error)
            await agent.leave()
            await box.delete(server, job.room.name)
            await worker.told_nothing()


async def the_worker_goes() -> None:
    """Its agent may go on: media does not need the worker. The job is nobody else's."""
    async with at_work() as (worker, job, agent, server), RawWorker.registered(job.agent_name) as other:
        await worker.leave()
        await other.told_nothing()
        async with visit(job.room.name) as caller:
            assert agent.identity in caller.room.remote_participants
        await other.told_nothing()


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    the_agent_leaves,
    the_agent_is_removed,
    the_room_is_deleted,
    the_others_have_left,
    the_dispatch_is_deleted,
    the_worker_says_that_it_is_done,
    the_worker_goes,
)
