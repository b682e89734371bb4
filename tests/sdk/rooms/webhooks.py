"""What a server tells by webhook. It has to be configured to tell http://127.0.0.1:PORT/, signed with `ROOMS_KEY`;
`ROOMS_WEBHOOKS` is that port. Where it is not set, there is nothing to judge."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from livekit import api
from livekit.protocol.models import DisconnectReason

import box
from people import visit

PORT = os.environ.get("ROOMS_WEBHOOKS")
# The real server tries again after a second or two.
AGAIN_S = 20


class Receiver:
    """Takes what comes, if it is signed; keeps it."""

    def __init__(self) -> None:
        self._verifier = api.WebhookReceiver(api.TokenVerifier(box.KEY, box.SECRET))
        self.events: list[api.WebhookEvent] = []
        self.problems: list[str] = []
        self._news = asyncio.Event()
        # What is refused once, as by somebody who is just starting.
        self.refuse: Callable[[api.WebhookEvent], bool] = lambda event: False
        self.refused: list[api.WebhookEvent] = []

    async def take(self, request: web.Request) -> web.Response:
        try:
            assert request.content_type == "application/webhook+json", request.content_type
            event = self._verifier.receive(await request.text(), request.headers["Authorization"])
        except Exception as problem:
            self.problems.append(repr(problem))
            return web.Response(status=401)
        if self.refuse(event) and event.id not in {it.id for it in self.refused}:
            self.refused.append(event)
            return web.Response(status=500)
        self.events.append(event)
        self._news.set()
        return web.Response()

    async def told(self, room: str, *names: str, within: float = box.SOON_S) -> list[api.WebhookEvent]:
        """Waits until the last of these events was told of the room; all of its events have to be these, in this order."""
        try:
            async with asyncio.timeout(within):
                while names[-1] not in (it.event for it in self.of(room)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        told = [it.event for it in self.of(room)]
        assert told == list(names) and not self.problems, f"{told} {self.problems}"
        return self.of(room)

    def of(self, room: str) -> list[api.WebhookEvent]:
        return [it for it in self.events if it.room.name == room]


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    assert PORT
    keeper = Receiver()
    app = web.Application()
    app.router.add_post("/", keeper.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(PORT)).start()
    try:
        yield keeper
    finally:
        await runner.cleanup()


async def a_visit_is_told_from_beginning_to_end() -> None:
    room = box.fresh("told")
    async with receiver() as keeper, box.server() as server:
        async with visit(room, "ann") as ann:
            published = await ann.publish_tone(440)
            await keeper.told(room, "room_started", "participant_joined", "track_published")
            await ann.me.unpublish_track(published.sid)
            await keeper.told(room, "room_started", "participant_joined", "track_published", "track_unpublished")
        await box.until("ann has gone", lambda: _empty(server, room))
        await box.delete(server, room)
        names = ("room_started", "participant_joined", "track_published", "track_unpublished", "participant_left")
        started, joined, came, went, left, finished = await keeper.told(room, *names, "room_finished")
        ids = {it.id for it in keeper.of(room)}
        assert len(ids) == 6 and all(it.startswith("EV_") for it in ids), ids
        assert started.room.sid == finished.room.sid and started.room.sid.startswith("RM_"), finished
        assert all(it.created_at for it in keeper.of(room)), keeper.of(room)
        assert joined.participant.identity == "ann" and joined.participant.state == api.ParticipantInfo.ACTIVE, joined
        assert came.track.sid == went.track.sid == published.sid and came.participant.identity == "ann", came
        assert left.participant.sid == joined.participant.sid, left
        assert left.participant.disconnect_reason == DisconnectReason.CLIENT_INITIATED, left


async def _empty(server: api.LiveKitAPI, room: str) -> bool:
    return not (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants


async def what_was_refused_comes_again() -> None:
    """In its place: what came after it waits."""
    room = box.fresh("again")
    async with receiver() as keeper, box.server() as server:
        keeper.refuse = lambda event: event.room.name == room and event.event == "room_started"
        async with visit(room, "ann"):
            await keeper.told(room, "room_started", "participant_joined", within=AGAIN_S)
        [refused] = keeper.refused
        assert refused.id == keeper.of(room)[0].id, keeper.events
        await box.delete(server, room)


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    (a_visit_is_told_from_beginning_to_end, what_was_refused_comes_again) if PORT else ()
)
