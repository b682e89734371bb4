"""The agent protocol at its edge, message by message: who is let in, what comes first, what ends a connection."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import aiohttp
from livekit import api
from livekit.protocol import agent as proto
from livekit.protocol import models
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import box
from raw_worker import PUBLISHER, ROOM, RawWorker, bearer, door

HELLO = proto.RegisterWorkerRequest(agent_name="edge", version="1.0")
# Who does not say who it is has to go after this.
REGISTER_S = 10
# A server may look at its clocks now and then only.
SLACK_S = 6


def message(**fields: object) -> bytes:
    return proto.WorkerMessage(**fields).SerializeToString()


async def only_workers_are_let_in() -> None:
    bad = {
        "no worker's": bearer(agent=False),
        "somebody else's": box.token("", api.VideoGrants(agent=True), secret="x" * 32),
        "of yesterday": box.token("", api.VideoGrants(agent=True), ttl_s=-86_400),
        "garbage": "garbage",
    }
    for what, token in bad.items():
        try:
            async with door(token):
                raise AssertionError(f"let in with a token that is {what}")
        except InvalidStatus as error:
            assert error.response.status_code == 401 and error.response.body, (what, error.response)
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{box.HTTP}/agent", headers={"Authorization": f"Bearer {bearer()}"}) as answer:
            assert answer.status == 404, "only WebSockets"


async def a_token_may_be_in_the_address() -> None:
    async with connect(f"{box.URL}/agent?protocol=1&access_token={bearer()}") as socket:
        await socket.send(message(register=HELLO))
        first = proto.ServerMessage.FromString(await asyncio.wait_for(socket.recv(), box.SOON_S))
        assert first.WhichOneof("message") == "register", first


async def who_registers_is_told_who_it_is() -> None:
    async with RawWorker.registered() as worker, RawWorker.registered() as other:
        assert worker.id.startswith("AW_") and other.id.startswith("AW_") and worker.id != other.id
        info = worker.server_info
        assert info.version and info.protocol >= 16 and info.agent_protocol == 1, info
        before = int(time.time() * 1000)
        pong = await worker.ping()
        assert pong.last_timestamp == 7 and abs(pong.timestamp - before) < 5_000, pong


async def json_is_answered_in_json() -> None:
    for name in ("agentName", "agent_name"):
        async with door() as socket:
            await socket.send(json.dumps({"register": {name: "edge", "type": "JT_ROOM", "new": 1}}))
            await socket.send(json.dumps({"ping": {"timestamp": "5"}}))
            first, second = [json.loads(await asyncio.wait_for(socket.recv(), box.SOON_S)) for _ in range(2)]
            assert first["register"]["workerId"].startswith("AW_"), first
            assert first["register"]["serverInfo"]["agentProtocol"] == 1, first
            assert second["pong"]["lastTimestamp"] == "5", second


async def ends(socket: ClientConnection, *, within: float = box.SOON_S) -> list[str | None]:
    """Waits until the server ends the connection; gives what it said before."""
    told: list[str | None] = []
    try:
        async with asyncio.timeout(within):
            while True:
                told.append(proto.ServerMessage.FromString(await socket.recv()).WhichOneof("message"))
    except ConnectionClosed:
        return told


async def what_is_no_worker_ends() -> None:
    hello = message(register=HELLO)
    for what, said, told in (
        ("not who it is", [message(update_worker=proto.UpdateWorkerStatus())], []),
        ("nothing", [b""], []),
        ("garbage", [b"\xff" * 20], []),
        ("a kind of job that there is not", [message(register=proto.RegisterWorkerRequest(type=9))], []),
        ("a deployment that cannot be", [message(register=proto.RegisterWorkerRequest(deployment="a_b"))], []),
        ("who it is, twice", [hello, hello], ["register"]),
        ("nothing, later", [hello, b""], ["register"]),
        ("garbage, later", [hello, b"\xff" * 20], ["register"]),
    ):
        async with door() as socket:
            heard = []
            for nth, part in enumerate(said):
                if nth:
                    # What is said of the first must not be lost with the connection.
                    heard.append(proto.ServerMessage.FromString(await socket.recv()).WhichOneof("message"))
                await socket.send(part)
            try:
                assert heard + await ends(socket) == told, what
            except TimeoutError:
                raise AssertionError(f"still there after saying {what}") from None


async def who_does_not_register_is_shown_out() -> None:
    """Pings do not count."""

    async def silent() -> None:
        async with door() as socket:
            assert await ends(socket, within=REGISTER_S + SLACK_S) == []

    async def polite() -> None:
        async with door() as socket:
            await socket.send(message(ping=proto.WorkerPing(timestamp=1)))
            assert await ends(socket, within=REGISTER_S + SLACK_S) == ["pong"]

    await asyncio.gather(silent(), polite())


async def what_is_not_known_is_ignored() -> None:
    async with RawWorker.registered() as worker:
        await worker.send(update_job=proto.UpdateJobStatus(job_id="AJ_unknown", status=proto.JS_SUCCESS))
        await worker.send(availability=proto.AvailabilityResponse(job_id="AJ_unknown", available=True))
        await worker.send(migrate_job=proto.MigrateJobRequest(job_ids=["AJ_unknown"]))
        await worker.ping()


async def a_worker_may_try_a_job() -> None:
    async with RawWorker.registered("tries") as worker:
        room = models.Room(name=box.fresh("tried"))
        await worker.send(simulate_job=proto.SimulateJobRequest(type=ROOM, room=room))
        assignment = await worker.takes_job()
        assert assignment.job.type == ROOM and assignment.job.room.name == room.name, assignment
        guest = models.ParticipantInfo(identity="guest")
        await worker.send(simulate_job=proto.SimulateJobRequest(room=room, participant=guest))
        job = (await worker.takes_job()).job
        assert job.type == PUBLISHER and job.participant.identity == "guest", job


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    only_workers_are_let_in,
    a_token_may_be_in_the_address,
    who_registers_is_told_who_it_is,
    json_is_answered_in_json,
    what_is_no_worker_ends,
    what_is_not_known_is_ignored,
    a_worker_may_try_a_job,
    who_does_not_register_is_shown_out,
)
