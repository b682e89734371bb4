"""Which jobs there are, and who gets them; with workers that speak by hand, so that each step is seen."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import jwt
from livekit import api, rtc
from livekit.protocol import agent as proto
from livekit.protocol import models

import box
from people import visit
from raw_worker import PARTICIPANT, PUBLISHER, ROOM, RawWorker, dispatch, first_asked, jobs_of

# Of these jobs a worker with a quarter of the load should get three quarters; this many it gets nearly for certain.
SHARED, FAIR_SHARE = 40, 22
# The real server gives up a worker that says nothing after three seconds, whatever its source says.
PATIENCE_S = 3


async def each_room_has_a_job_for_workers_without_a_name() -> None:
    room = box.fresh("automatic")
    async with RawWorker.registered() as worker, visit(room) as caller, box.server() as server:
        about = {"participant_name": "Agent", "participant_metadata": "about it", "participant_attributes": {"mood": "good"}}
        assignment = await worker.takes_job(room, **about)
        job = assignment.job
        assert job.id.startswith("AJ_") and job.dispatch_id.startswith("AD_"), job
        assert job.type == ROOM and job.agent_name == "" and not job.HasField("participant"), job
        assert job.room.sid.startswith("RM_") and job.room.name == room and job.room.creation_time, job
        state = job.state
        assert state.status == proto.JS_RUNNING and state.worker_id == worker.id and state.started_at, job
        assert state.participant_identity == f"agent-{job.id}", job
        assert not assignment.HasField("url"), assignment

        claims = jwt.decode(assignment.token, box.SECRET, ["HS256"])
        lifetime = claims.pop("exp") - claims.pop("nbf")
        assert 3_500 < lifetime <= 3_660, lifetime
        claims.pop("iat", None)
        # What says nothing new may be left out.
        assert claims.pop("identity", claims["sub"]) == claims["sub"], claims
        assert claims["video"].pop("canSubscribeMetrics", False) is False, claims
        assert claims == {
            "iss": box.KEY,
            "sub": f"agent-{job.id}",
            "name": "Agent",
            "kind": "agent",
            "metadata": "about it",
            "attributes": {"mood": "good", "lk.agent_name": ""},
            "video": {
                "roomJoin": True,
                "room": room,
                "agent": True,
                "canPublish": True,
                "canSubscribe": True,
                "canPublishData": True,
                "canUpdateOwnMetadata": True,
            },
        }, claims

        async with visit(room, state.participant_identity, bearer=assignment.token):
            (seen,) = await caller.see("participant_connected")
            assert seen.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT and seen.name == "Agent", seen
            assert seen.attributes == {"mood": "good", "lk.agent_name": ""} and seen.metadata == "about it", seen
            known = api.RoomParticipantIdentity(room=room, identity=seen.identity)
            info = await server.room.get_participant(known)
            assert info.permission.agent and info.kind == models.ParticipantInfo.AGENT, info


async def a_worker_says_what_its_agents_may() -> None:
    name, room = box.fresh("shy"), box.fresh("shy")
    permission = models.ParticipantPermission(can_subscribe=True, hidden=True)
    async with RawWorker.registered(name, allowed_permissions=permission) as worker, box.server() as server:
        await dispatch(server, name, room)
        claims = jwt.decode((await worker.takes_job(room)).token, box.SECRET, ["HS256"])
        expected = {"roomJoin": True, "room": room, "agent": True, "hidden": True, "canSubscribe": True}
        granted = {grant: value for grant, value in claims["video"].items() if value}
        assert granted == expected, granted
        assert claims["video"]["canPublish"] is False and claims["video"]["canPublishData"] is False, claims


async def a_dispatch_reaches_who_it_names() -> None:
    name, room = box.fresh("named"), box.fresh("named")
    async with RawWorker.registered(name) as worker, RawWorker.registered(name + "-other") as other:
        async with box.server() as server:
            made = await dispatch(server, name, room, metadata="about the call", attributes={"queue": "one"})
            assert made.id.startswith("AD_") and made.agent_name == name and made.room == room, made
            assert made.metadata == "about the call" and made.state.created_at and not made.state.jobs, made
            job = (await worker.takes_job(room)).job
            assert job.dispatch_id == made.id and job.agent_name == name and job.metadata == "about the call", job
            assert dict(job.attributes) == {"queue": "one"}, job
            rooms = await server.room.list_rooms(api.ListRoomsRequest(names=[room]))
            assert len(rooms.rooms) == 1, "a dispatch makes the room that it is for"
        await other.told_nothing()


async def a_room_may_bring_its_agents() -> None:
    """In the token of who opens it, or when it is made. Then nobody else is sent."""
    name, by_token, by_call = box.fresh("brought"), box.fresh("by-token"), box.fresh("by-call")
    config = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=name, metadata="from the token")])
    late = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=name, metadata="too late")])
    async with RawWorker.registered(name) as worker, RawWorker.registered() as automatic, box.server() as server:
        async with visit(by_token, config=config), visit(by_token, "second", config=late):
            assert (await worker.takes_job(by_token)).job.metadata == "from the token"
        agents = [api.RoomAgentDispatch(agent_name=name, metadata="from the call")]
        await server.room.create_room(api.CreateRoomRequest(name=by_call, agents=agents))
        async with visit(by_call, config=late):
            assert (await worker.takes_job(by_call)).job.metadata == "from the call"
            await worker.told_nothing()
            await automatic.told_nothing()
            [listed] = await server.agent_dispatch.list_dispatch(by_call)
            assert listed.agent_name == name, listed


async def who_joins_and_who_publishes_may_have_an_agent() -> None:
    name, room = box.fresh("kinds"), box.fresh("kinds")
    config = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=name)])
    async with (
        RawWorker.registered(name, PARTICIPANT) as for_each,
        RawWorker.registered(name, PUBLISHER) as for_publishers,
    ):
        async with visit(room, "ann", config=config) as ann:
            job = (await for_each.takes_job(room)).job
            assert job.type == PARTICIPANT and job.participant.identity == "ann" and job.participant.sid, job
            await ann.publish_tone(440)
            job = (await for_publishers.takes_job(room)).job
            assert job.type == PUBLISHER and job.participant.identity == "ann" and job.participant.tracks, job
            await ann.publish_tone(620)
            async with visit(room, "hidden", hidden=True):
                assert (await for_each.takes_job(room)).job.participant.identity == "hidden"
            async with visit(room, "another agent", agent=True) as another:
                await another.publish_tone(440)
        # A second track, and what agents do, would have been told before this.
        async with visit(room, "ann") as ann:
            assert (await for_each.takes_job(room)).job.participant.identity == "ann"
            await ann.publish_tone(440)
            assert (await for_publishers.takes_job(room)).job.participant.identity == "ann"


async def a_dispatch_is_for_those_who_are_there() -> None:
    name, room = box.fresh("those-there"), box.fresh("those-there")
    async with AsyncExitStack() as stack:
        workers = {
            kind: await stack.enter_async_context(RawWorker.registered(name, kind)) for kind in (ROOM, PUBLISHER, PARTICIPANT)
        }
        ann, _, server = [
            await stack.enter_async_context(it) for it in (visit(room, "ann"), visit(room, "bob"), box.server())
        ]
        await ann.publish_tone(440)
        await box.until("ann's track", lambda: box.tracks(server, room, "ann"))
        await dispatch(server, name, room)
        assert (await workers[ROOM].takes_job(room)).job.type == ROOM
        assert (await workers[PUBLISHER].takes_job(room)).job.participant.identity == "ann"
        seen = {(await workers[PARTICIPANT].asked(room)).participant.identity for _ in range(2)}
        assert seen == {"ann", "bob"}, seen


async def who_comes_late_gets_what_comes_later() -> None:
    name, room = box.fresh("late"), box.fresh("late")
    async with box.server() as server:
        await dispatch(server, name, room)
        async with RawWorker.registered(name) as for_rooms, RawWorker.registered(name, PARTICIPANT) as for_each:
            async with visit(room, "ann"):
                assert (await for_each.takes_job(room)).job.participant.identity == "ann"
            await for_rooms.told_nothing()


async def who_says_no_is_asked_once_and_then_the_next() -> None:
    name, room = box.fresh("no"), box.fresh("no")
    async with RawWorker.registered(name) as ann, RawWorker.registered(name) as bob, box.server() as server:
        await dispatch(server, name, room)
        first, job = await first_asked(ann, bob)
        await first.answer(job, available=False)
        second = ann if first is bob else bob
        assert (await second.asked(room)).id == job.id
        await second.answer(job, available=False)
        async with visit(room):
            await ann.told_nothing()
            await bob.told_nothing()
        assert not await jobs_of(server, room)


async def who_goes_when_asked_leaves_it_to_the_next() -> None:
    name, room = box.fresh("goes"), box.fresh("goes")
    async with RawWorker.registered(name) as ann, RawWorker.registered(name) as bob, box.server() as server:
        await dispatch(server, name, room)
        first, job = await first_asked(ann, bob)
        await first.leave()
        second = ann if first is bob else bob
        assert (await second.takes_job(room)).job.id == job.id


async def a_worker_may_end_a_job_before_it_begins() -> None:
    name, room = box.fresh("ends"), box.fresh("ends")
    async with RawWorker.registered(name) as ann, RawWorker.registered(name) as bob, box.server() as server:
        await dispatch(server, name, room)
        first, job = await first_asked(ann, bob)
        await first.answer(job, available=False, terminate=True)
        await ann.told_nothing()
        await bob.told_nothing()


async def who_does_not_answer_gets_nothing() -> None:
    name, room = box.fresh("silent"), box.fresh("silent")
    async with RawWorker.registered(name) as ann, RawWorker.registered(name) as bob, box.server() as server:
        await dispatch(server, name, room)
        first, job = await first_asked(ann, bob)
        second = ann if first is bob else bob
        if box.differs("who does not answer is given up like who says no, and the next is asked"):
            assert (await second.takes_job(room, within=30)).job.id == job.id
        else:
            await asyncio.sleep(PATIENCE_S + 1)
            await second.told_nothing()
        await first.answer(job, participant_identity="too late")
        await first.told_nothing()


async def who_is_busy_is_not_asked() -> None:
    name = box.fresh("busy")
    async with RawWorker.registered(name) as full, RawWorker.registered(name) as loaded, box.server() as server:
        await full.reports(load=0.1, full=True)
        await loaded.reports(load=1.0)
        async with RawWorker.registered(name) as idle:
            for _ in range(4):
                room = box.fresh("busy")
                await dispatch(server, name, room)
                await idle.takes_job(room)
        room = box.fresh("busy")
        await dispatch(server, name, room)
        async with visit(room):
            await full.told_nothing()
            await loaded.told_nothing()
        # A job is not kept for later.
        await full.reports(load=0.1)
        await full.told_nothing()
        await dispatch(server, name, box.fresh("busy"))
        await full.asked()


async def workers_share_by_load() -> None:
    name = box.fresh("share")
    async with RawWorker.registered(name) as light, RawWorker.registered(name) as heavy, box.server() as server:
        await light.reports(load=0.25)
        await heavy.reports(load=0.75)
        shares = {light.id: 0, heavy.id: 0}
        for _ in range(SHARED):
            room = box.fresh("share")
            await dispatch(server, name, room)
            worker, job = await first_asked(light, heavy)
            shares[worker.id] += 1
            await worker.answer(job, available=False, terminate=True)
            await box.delete(server, room)
        assert shares[light.id] >= FAIR_SHARE and shares[heavy.id], shares


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    each_room_has_a_job_for_workers_without_a_name,
    a_worker_says_what_its_agents_may,
    a_dispatch_reaches_who_it_names,
    a_room_may_bring_its_agents,
    who_joins_and_who_publishes_may_have_an_agent,
    a_dispatch_is_for_those_who_are_there,
    who_comes_late_gets_what_comes_later,
    who_says_no_is_asked_once_and_then_the_next,
    who_goes_when_asked_leaves_it_to_the_next,
    a_worker_may_end_a_job_before_it_begins,
    who_does_not_answer_gets_nothing,
    who_is_busy_is_not_asked,
    workers_share_by_load,
)
