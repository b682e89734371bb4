"""LiveKit's agents, as their library makes them: an echo (`echo.py`) that is sent to callers. `AGENTS_PYTHON` is the
interpreter that has the library; where that is not set, there is nothing to judge. So it is with the library for Node.js where
`npm ci` has not been run in `tests/sdk/node-agent`."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from livekit import api, rtc

import box
from guest import Cable, Guest
from people import visit
from raw_worker import dispatch

PYTHON = os.environ.get("AGENTS_PYTHON")
NODE_AGENT = Path(__file__).parent.parent / "node-agent"
# The library takes seconds to begin, on a busy machine many.
BEGIN_S = 80
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Echo:
    """A worker's process, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.said.append(line.decode().rstrip())
            self._news.set()

    async def says(self, words: str, *, times: int = 1, within: float = box.SOON_S) -> None:
        try:
            async with asyncio.timeout(within):
                while sum(words in line for line in self.said) < times:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited {within} s for {words!r}:\n" + "\n".join(self.said[-30:])) from None

    def drain(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def end(self, *, within: float = box.SOON_S) -> int:
        """Waits until it has ended by itself; gives its exit code."""
        async with asyncio.timeout(within):
            return await self.process.wait()


@asynccontextmanager
async def echo(
    name: str = "", *, kind: str = "room", load: float = 0, url: str = box.URL, script: str = "echo.py"
) -> AsyncIterator[Echo]:
    """A worker of LiveKit's library for Python that has registered; gone afterwards."""
    assert PYTHON
    variables = {"ECHO_NAME": name, "ECHO_KIND": kind, "ECHO_LOAD": str(load), "LIVEKIT_URL": url}
    async with worker([PYTHON, "-B", str(Path(__file__).with_name(script))], variables) as running:
        yield running


@asynccontextmanager
async def worker(command: list[str], variables: dict[str, str]) -> AsyncIterator[Echo]:
    process = await asyncio.create_subprocess_exec(
        *command,
        "start",
        env=os.environ | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    running = Echo(process)
    try:
        await running.says("registered worker", within=BEGIN_S)
        yield running
    finally:
        # It may have processes of its own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def agent_in(guest: Guest, *, within: float = 2 * box.SOON_S) -> rtc.RemoteParticipant:
    """The agent, when it is there and has said what its job is."""

    async def there() -> rtc.RemoteParticipant | None:
        people = guest.room.remote_participants.values()
        return next((it for it in people if it.kind == AGENT and "kind" in it.attributes), None)

    found: rtc.RemoteParticipant = await box.until("an agent in the room", there, within=within)
    return found


async def a_caller_hears_the_own_voice() -> None:
    """Automatic dispatch; frequency and level come back as they went."""
    async with echo(), visit(box.fresh("echo")) as caller:
        agent = await agent_in(caller)
        assert agent.name == "Echo" and agent.identity == f"agent-{agent.attributes['job']}", agent
        assert agent.attributes["kind"] == "JT_ROOM" and agent.attributes["lk.agent_name"] == "", agent.attributes
        await caller.publish_tone(440)
        (track, *_) = await caller.see("track_subscribed", lambda track, _, who: who.identity == agent.identity)
        await caller.hear(track, 440, within=20)
        await caller.me.publish_data(b"hello", topic="chat")
        (packet,) = await caller.see("data_received")
        assert packet.data == b"echo: hello" and packet.participant.identity == agent.identity, packet


async def agents_are_called_by_name() -> None:
    """By the API, and by what the token says of the room; what is said of the job reaches it."""
    name, by_api, by_token = box.fresh("echo"), box.fresh("by-api"), box.fresh("by-token")
    config = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=name, metadata="of the token")])
    async with echo(name) as worker, box.server() as server:
        async with visit(by_api) as caller:
            await dispatch(server, name, by_api, metadata="of the call", attributes={"queue": "one"})
            agent = await agent_in(caller)
            assert agent.attributes["metadata"] == "of the call" and agent.attributes["queue"] == "one", agent
            assert agent.attributes["lk.agent_name"] == name, agent.attributes
        async with visit(by_token, config=config) as caller:
            assert (await agent_in(caller)).attributes["metadata"] == "of the token"
        # It says no, and there is no other.
        for answer in ("not me", "nobody"):
            await dispatch(server, name, by_token, metadata=answer)
        await worker.says("received job request", times=4)
        async with visit(by_token) as caller:
            # The one of the token may still be there.
            there = [who.identity for who in caller.room.remote_participants.values()]
            assert len(there) <= 1, there


async def publishers_have_agents_of_their_own() -> None:
    name, room = box.fresh("publishers"), box.fresh("publishers")
    config = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=name)])
    async with echo(name, kind="publisher"), visit(room, "ann", config=config) as ann, visit(room, "bob") as bob:
        await bob.publish_tone(620)
        agent = await agent_in(ann)
        assert agent.attributes["kind"] == "JT_PUBLISHER" and agent.attributes["for"] == "bob", agent.attributes


async def an_agent_goes_when_its_room_goes() -> None:
    name = box.fresh("ends")
    async with echo(name) as worker, box.server() as server:
        room = box.fresh("deleted")
        async with visit(room) as caller:
            await dispatch(server, name, room)
            job = (await agent_in(caller)).attributes["job"]
            await box.delete(server, room)
            await worker.says(f"over {job}", within=20)
        room = box.fresh("dispatch-deleted")
        async with visit(room) as caller:
            made = await dispatch(server, name, room)
            agent = await agent_in(caller)
            await server.agent_dispatch.delete_dispatch(made.id, room)
            await worker.says(f"over {agent.attributes['job']}", within=20)
            await caller.see("participant_disconnected", lambda who: who.identity == agent.identity)
        room = box.fresh("caller-left")
        await server.room.create_room(api.CreateRoomRequest(name=room, departure_timeout=1))
        async with visit(room) as caller:
            await dispatch(server, name, room)
            job = (await agent_in(caller)).attributes["job"]
        await worker.says(f"over {job}", within=20)


async def a_worker_that_drains_ends_after_its_job() -> None:
    name, first, second = box.fresh("drains"), box.fresh("first"), box.fresh("second")
    async with echo(name) as old, box.server() as server:
        async with visit(first) as caller:
            await dispatch(server, name, first)
            agent = await agent_in(caller)
            old.drain()
            await old.says("draining worker")
            async with echo(name) as new, visit(second) as other:
                await dispatch(server, name, second)
                assert (await agent_in(other)).attributes["job"] != agent.attributes["job"]
                await new.says("received job request")
                await caller.me.publish_data(b"still there?")
                await caller.see("data_received", lambda packet: packet.data == b"echo: still there?")
                assert old.process.returncode is None
        await box.delete(server, first)
        assert await old.end(within=30) == 0, "\n".join(old.said)


async def workers_share_by_load() -> None:
    """Who is over its threshold (0.7) gets nothing."""
    name = box.fresh("shares")
    async with echo(name, load=0.9) as busy, echo(name, load=0.1) as idle, box.server() as server:
        for nth in range(3):
            room = box.fresh("shares")
            async with visit(room) as caller:
                await dispatch(server, name, room)
                await agent_in(caller)
            await idle.says("received job request", times=nth + 1)
        assert not any("received job request" in line for line in busy.said), busy.said


async def a_worker_comes_back() -> None:
    """Its connection is cut: its agent goes on, and it gets jobs again."""
    name, first, second = box.fresh("back"), box.fresh("first"), box.fresh("second")
    async with Cable(box.URL) as cable, echo(name, url=cable.url) as worker, box.server() as server:
        async with visit(first) as caller:
            await dispatch(server, name, first)
            agent = await agent_in(caller)
            cable.cut()
            await worker.says("registered worker", times=2, within=20)
            async with visit(second) as other:
                await dispatch(server, name, second)
                await agent_in(other)
            await caller.me.publish_data(b"still there?")
            await caller.see("data_received", lambda packet: packet.data == b"echo: still there?", within=20)
            assert agent.identity in caller.room.remote_participants


async def an_agent_in_node_answers() -> None:
    name, room = box.fresh("node"), box.fresh("node")
    async with (
        worker(["node", str(NODE_AGENT / "agent.mjs")], {"ECHO_NAME": name}),
        visit(room) as caller,
        box.server() as server,
    ):
        await dispatch(server, name, room, metadata="of the call")
        agent = await agent_in(caller, within=40)
        assert agent.attributes["metadata"] == "of the call" and agent.attributes["lk.agent_name"] == name, agent.attributes
        await caller.me.publish_data(b"hello")
        await caller.see("data_received", lambda packet: packet.data == b"echo: hello")


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    (
        a_caller_hears_the_own_voice,
        agents_are_called_by_name,
        publishers_have_agents_of_their_own,
        an_agent_goes_when_its_room_goes,
        a_worker_that_drains_ends_after_its_job,
        workers_share_by_load,
        a_worker_comes_back,
    )
    if PYTHON
    else ()
) + ((an_agent_in_node_answers,) if (NODE_AGENT / "node_modules").is_dir() else ())
