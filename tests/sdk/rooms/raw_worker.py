"""A worker by hand: LiveKit's agent protocol over a WebSocket, message by message, for what no library would do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from livekit import api
from livekit.protocol import agent as proto
from livekit.protocol import models
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

import box

ROOM, PUBLISHER, PARTICIPANT = proto.JT_ROOM, proto.JT_PUBLISHER, proto.JT_PARTICIPANT
# The real server asks workers a fifth of a second after what makes a job.
QUIET_S = 0.7
# It also counts its workers for five seconds after one with a new name has come: a job that is given meanwhile is written down
# only afterwards.
COUNTS_WORKERS_S = 5


def bearer(**changed: Any) -> str:
    """What a worker shows at the door."""
    return box.token("", api.VideoGrants(**({"agent": True} | changed)))


@asynccontextmanager
async def door(token: str | None = None, query: str = "") -> AsyncIterator[ClientConnection]:
    """A connection that has been let in, and has not said who it is."""
    headers = {"Authorization": f"Bearer {token or bearer()}"}
    async with connect(f"{box.URL}/agent{query}", additional_headers=headers, open_timeout=box.SOON_S) as socket:
        yield socket


class RawWorker:
    """Keeps what it is told until somebody asks for it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._inbox: asyncio.Queue[proto.ServerMessage] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.id = ""
        self.server_info = models.ServerInfo()

    @classmethod
    @asynccontextmanager
    async def registered(cls, name: str = "", kind: int = ROOM, **more: Any) -> AsyncIterator[Self]:
        """Registers under `name` for jobs of that kind; is gone afterwards."""
        async with door() as socket:
            worker = cls(socket)
            reading = asyncio.create_task(worker._read())
            try:
                await worker.send(register=proto.RegisterWorkerRequest(agent_name=name, type=kind, version="1.0", **more))
                told = await worker.told("register")
                worker.id, worker.server_info = told.worker_id, told.server_info
                yield worker
            finally:
                reading.cancel()

    async def _read(self) -> None:
        try:
            while True:
                self._inbox.put_nowait(proto.ServerMessage.FromString(await self._socket.recv()))
        except ConnectionClosed:
            self.closed.set()

    async def leave(self) -> None:
        await self._socket.close()

    async def send(self, **message: Any) -> None:
        await self._socket.send(proto.WorkerMessage(**message).SerializeToString())

    async def told(self, kind: str, *, within: float = box.SOON_S) -> Any:
        """The next message, which has to be of this kind."""
        try:
            async with asyncio.timeout(within):
                message = await self._inbox.get()
        except TimeoutError:
            raise AssertionError(f"{self.id} waited {within} s for {kind}") from None
        assert message.WhichOneof("message") == kind, f"{kind}: {message}"
        return getattr(message, kind)

    async def told_nothing(self) -> None:
        """Makes sure that nothing came before the server's answer to a ping, after a time in which it would have."""
        await asyncio.sleep(QUIET_S)
        await self.ping()

    async def ping(self) -> proto.WorkerPong:
        await self.send(ping=proto.WorkerPing(timestamp=7))
        return await self.told("pong")

    async def asked(self, room: str | None = None, *, within: float = box.SOON_S) -> proto.Job:
        """Waits until it is asked whether it can take a job, which has to be in that room."""
        job: proto.Job = (await self.told("availability", within=within)).job
        assert room in (None, job.room.name), f"{room}: {job}"
        return job

    async def answer(self, job: proto.Job, *, available: bool = True, **more: Any) -> None:
        answer = proto.AvailabilityResponse(job_id=job.id, available=available, **more)
        await self.send(availability=answer)

    async def takes_job(self, room: str | None = None, *, within: float = box.SOON_S, **more: Any) -> proto.JobAssignment:
        """Says yes to the next job, as `agent-ID`."""
        job = await self.asked(room, within=within)
        await self.answer(job, **({"participant_identity": f"agent-{job.id}"} | more))
        assignment: proto.JobAssignment = await self.told("assignment")
        assert assignment.job.id == job.id, assignment
        return assignment

    async def reports(self, *, load: float, full: bool = False, jobs: int = 0) -> None:
        """Its load, known to the server when this returns."""
        status = proto.WS_FULL if full else proto.WS_AVAILABLE
        await self.send(update_worker=proto.UpdateWorkerStatus(status=status, load=load, job_count=jobs))
        await self.ping()

    async def finishes(self, job: proto.Job, *, error: str = "") -> None:
        status = proto.JS_FAILED if error else proto.JS_SUCCESS
        await self.send(update_job=proto.UpdateJobStatus(job_id=job.id, status=status, error=error))
        await self.ping()


async def first_asked(*workers: RawWorker) -> tuple[RawWorker, proto.Job]:
    """Waits until one of them is asked whether it can take a job."""
    waiting = {asyncio.create_task(worker.asked()): worker for worker in workers}
    done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    [task] = done
    return waiting[task], task.result()


async def dispatch(server: api.LiveKitAPI, name: str, room: str, **more: Any) -> api.AgentDispatch:
    return await server.agent_dispatch.create_dispatch(api.CreateAgentDispatchRequest(agent_name=name, room=room, **more))


async def jobs_of(server: api.LiveKitAPI, room: str) -> list[proto.Job]:
    return [job for one in await server.agent_dispatch.list_dispatch(room) for job in one.state.jobs]


async def written_down(server: api.LiveKitAPI, room: str, job: proto.Job) -> proto.Job:
    """Waits until the list of dispatches shows the job."""

    async def listed() -> proto.Job | None:
        return next((it for it in await jobs_of(server, room) if it.id == job.id), None)

    found: proto.Job = await box.until(f"job {job.id} in the list", listed, within=COUNTS_WORKERS_S + box.SOON_S)
    return found
