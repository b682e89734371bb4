"""Joining, losing the connection, and being found again; what a room is told when it is opened."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from livekit import api, rtc
from livekit.rtc._proto import room_pb2

import box
from guest import Guest
from media import named
from people import pair, visit
from pictures import subscribed

AUDIO = rtc.TrackKind.KIND_AUDIO
RECONNECT_S = 25


async def found_again_after(scenario: str, single: bool = False) -> None:
    """Whatever happened: both hear each other again, and packets go both ways."""
    async with pair(box.fresh("again"), single=single) as (ann, bob):
        await ann.publish_tone(440)
        await bob.publish_tone(620)
        await bob.hear(await subscribed(bob, AUDIO), 440)
        ann.forget()
        bob.forget()
        await ann.room.simulate_scenario(room_pb2.SimulateScenarioKind.Value(f"SIMULATE_{scenario}"))
        await ann.see("reconnected", within=RECONNECT_S)
        for one, other, hertz in ((ann, bob, 440), (bob, ann, 620)):
            await other.hear(await box.until("a track", partial(_heard, other, one.identity)), hertz)
            await one.me.publish_data(b"there again")
            await other.see("data_received", lambda packet: packet.data == b"there again")


async def _heard(guest: Guest, identity: str) -> rtc.Track | None:
    person = guest.room.remote_participants.get(identity)
    publications = person.track_publications.values() if person else ()
    return next((it.track for it in publications if it.track), None)


async def who_is_told_to_leave_leaves() -> None:
    async with pair(box.fresh("leaves")) as (ann, bob):
        await ann.room.simulate_scenario(room_pb2.SIMULATE_SERVER_LEAVE)
        await ann.see("disconnected")
        await bob.see("participant_disconnected", lambda who: who.identity == "ann")


async def quality_is_told() -> None:
    async with pair(box.fresh("quality")) as (ann, bob):
        await bob.publish_tone(620)

        def excellent(who: rtc.Participant, what: int) -> bool:
            return who.identity == "bob" and what == rtc.ConnectionQuality.QUALITY_EXCELLENT

        await asyncio.gather(*(guest.see("connection_quality_changed", excellent, within=15) for guest in (ann, bob)))


async def a_token_may_configure_the_room() -> None:
    room = box.fresh("configured")
    config = api.RoomConfiguration(
        name="not this", empty_timeout=7, departure_timeout=1, max_participants=2, metadata="from the token"
    )
    async with box.server() as server:
        async with visit(room, "ann", config=config) as ann:
            assert ann.room.metadata == "from the token" and ann.room.name == room, ann.room.metadata
            [known] = (await server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms
            assert (known.empty_timeout, known.departure_timeout, known.max_participants) == (7, 1, 2), known

        async def gone() -> bool:
            return not (await server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms

        await box.until("the room closes a second after the last has left", gone)


async def a_room_that_is_deleted_is_left_by_all() -> None:
    async with box.server() as server, pair(room := box.fresh("deleted")) as people:
        await box.delete(server, room)
        for guest in people:
            (reason,) = await guest.see("disconnected")
            assert reason == rtc.DisconnectReason.ROOM_DELETED, reason
        async with visit(room, "ann") as ann:
            assert not ann.room.remote_participants


async def a_token_is_renewed_when_it_says_less_than_one_may() -> None:
    async with box.server() as server, visit(room := box.fresh("renewed"), "ann") as ann:
        # Each gets a fresh token when it has joined.
        await ann.see("token_refreshed")
        ann.forget()
        permission = api.ParticipantPermission(can_publish=False, can_subscribe=True)
        request = api.UpdateParticipantRequest(room=room, identity="ann", permission=permission)
        await server.room.update_participant(request)
        await ann.see("token_refreshed")


SCENARIOS = (
    "SIGNAL_RECONNECT",
    "DISCONNECT_SIGNAL_ON_RESUME",
    "FULL_RECONNECT",
    "NODE_FAILURE",
    "MIGRATION",
    "FORCE_TCP",
)
TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    *(named(f"found_again_after_{it}", partial(found_again_after, it)) for it in SCENARIOS),
    named("found_again_after_SIGNAL_RECONNECT_over_one_connection", partial(found_again_after, SCENARIOS[0], True)),
    who_is_told_to_leave_leaves,
    quality_is_told,
    a_token_may_configure_the_room,
    a_room_that_is_deleted_is_left_by_all,
    a_token_is_renewed_when_it_says_less_than_one_may,
)
