"""Those who may less than others, and those who are made to."""

import asyncio
from collections.abc import Awaitable, Callable

from livekit import api, rtc

import box
from guest import Guest
from people import pair, visit
from twirp import admin, error, post

AUDIO = rtc.TrackKind.KIND_AUDIO


async def who_is_hidden_is_not_seen() -> None:
    room = box.fresh("hidden")
    async with box.server() as server, pair(room) as (ann, bob), visit(room, "eve", hidden=True, can_publish=False) as eve:
        assert {"ann", "bob"} <= set(eve.room.remote_participants)
        await ann.publish_tone(440)
        (track, *_) = await eve.see("track_subscribed")
        await eve.hear(track, 440)
        async with visit(room, "late") as late:
            assert set(late.room.remote_participants) == {"ann", "bob"}, late.room.remote_participants
        for guest in (ann, bob):
            assert not guest.saw("participant_connected", lambda who: who.identity == "eve")
        listed = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
        assert {it.identity for it in listed if it.permission.hidden} == {"eve"}, listed


async def a_token_says_what_one_may() -> None:
    room = box.fresh("grants")
    async with (
        visit(room, "ann") as ann,
        visit(room, "listener", can_publish=False, can_publish_data=False) as listener,
        visit(room, "speaker", can_subscribe=False, can_publish_sources=["camera"]) as speaker,
    ):
        await ann.publish_tone(440)
        (track, *_) = await listener.see("track_subscribed")
        await listener.hear(track, 440)
        # The real server does not answer such a wish; the client waits for ten seconds.
        refused = await asyncio.gather(*(cannot_speak(guest) for guest in (listener, speaker)))
        assert all(refused), refused
        await listener.me.publish_data(b"not mine to send")
        await speaker.me.publish_data(b"mine to send")
        await ann.see("data_received", lambda packet: packet.data == b"mine to send")
        assert not ann.saw("data_received", lambda packet: packet.data == b"not mine to send")
        assert not speaker.saw("track_subscribed")
        assert listener.room.local_participant.permissions.can_publish is False
        assert ann.of("speaker").permissions.can_subscribe is False, ann.of("speaker").permissions


async def cannot_speak(guest: Guest) -> bool:
    try:
        await guest.publish_tone(620)
    except rtc.participant.PublishTrackError:
        return True
    return False


async def what_one_may_changes_live() -> None:
    room = box.fresh("changes")
    async with box.server() as server, pair(room) as (ann, bob):
        published = await ann.publish_tone(440)
        await bob.publish_tone(620)
        await bob.see("track_subscribed")
        (track, *_) = await ann.see("track_subscribed")
        await ann.hear(track, 620)

        async def permit(publish: bool, subscribe: bool, data: bool) -> None:
            permission = api.ParticipantPermission(can_publish=publish, can_subscribe=subscribe, can_publish_data=data)
            request = api.UpdateParticipantRequest(room=room, identity="ann", permission=permission)
            changed = await server.room.update_participant(request)
            assert changed.permission.can_publish is publish and changed.permission.can_subscribe is subscribe, changed

        await permit(False, True, True)
        await bob.see("track_unpublished", lambda publication, who: publication.sid == published.sid)
        await ann.see("participant_permissions_changed", lambda who, *_: who.identity == "ann")
        await permit(False, False, True)
        await ann.hear_nothing(track)
        await permit(True, True, False)
        bob.forget()
        await ann.me.publish_data(b"not any more")
        await ann.publish_tone(440)
        await bob.see("track_subscribed")
        assert not bob.saw("data_received")


async def who_is_removed_is_out() -> None:
    room = box.fresh("removed")
    async with box.server() as server, pair(room) as (ann, bob):
        await server.room.remove_participant(api.RoomParticipantIdentity(room=room, identity="bob"))
        (reason,) = await bob.see("disconnected")
        assert reason == rtc.DisconnectReason.PARTICIPANT_REMOVED, reason
        await ann.see("participant_disconnected", lambda who: who.identity == "bob")


async def what_is_said_of_somebody_is_told() -> None:
    room = box.fresh("told-of")
    async with box.server() as server, pair(room) as (ann, bob):

        async def change(**what: object) -> None:
            await server.room.update_participant(api.UpdateParticipantRequest(room=room, identity="ann", **what))

        await change(name="Anna", metadata="about ann", attributes={"desk": "7", "mood": "good"})
        await bob.see("participant_name_changed", lambda who, *_: who.identity == "ann")
        await bob.see("participant_metadata_changed", lambda who, before, after: after == "about ann")
        await bob.see("participant_attributes_changed", lambda changed, who: changed == {"desk": "7", "mood": "good"})
        await ann.see("participant_attributes_changed")
        assert bob.of("ann").name == "Anna"
        await change(attributes={"mood": ""})
        await bob.see("participant_attributes_changed", lambda changed, who: changed == {"mood": ""})
        assert bob.of("ann").attributes == {"desk": "7"} and bob.of("ann").metadata == "about ann"


async def who_is_moved_is_elsewhere() -> None:
    """The real server has this in the cloud only."""
    here, there = box.fresh("here"), box.fresh("there")
    async with box.server() as server, pair(here) as (ann, bob), visit(there, "eve") as eve:
        request = api.MoveParticipantRequest(room=here, identity="ann", destination_room=there)
        if not box.differs("participants can be moved"):
            await box.refused("unknown", 500, server.room.move_participant(request))
            return
        await ann.publish_tone(440)
        await bob.see("track_subscribed")
        await server.room.move_participant(request)
        await ann.see("moved")
        await bob.see("participant_disconnected", lambda who: who.identity == "ann")
        await eve.see("participant_connected", lambda who: who.identity == "ann")
        (track, *_) = await eve.see("track_subscribed", lambda track, _, who: who.identity == "ann")
        await eve.hear(track, 440)
        assert ann.room.name == there


async def who_cannot_be_moved_stays() -> None:
    room = box.fresh("stays")
    async with visit(room, "ann"):
        same = {"room": room, "identity": "ann", "destination_room": room}
        for method in ("MoveParticipant", "ForwardParticipant"):
            await error(400, "invalid_argument", method, same, grants=admin(room, destination_room=room))
        there = box.fresh("there")
        forward = same | {"destination_room": there}
        status, _ = await post("ForwardParticipant", forward, grants=admin(room, destination_room=there))
        assert status >= 500, status


async def a_room_may_be_full() -> None:
    room = box.fresh("full")
    async with box.server() as server:
        await server.room.create_room(api.CreateRoomRequest(name=room, max_participants=1))
        async with visit(room, "ann"):
            try:
                async with visit(room, "bob"):
                    raise AssertionError("let in")
            except rtc.ConnectError:
                pass


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    who_is_hidden_is_not_seen,
    a_token_says_what_one_may,
    what_one_may_changes_live,
    who_is_removed_is_out,
    what_is_said_of_somebody_is_told,
    who_is_moved_is_elsewhere,
    who_cannot_be_moved_stays,
    a_room_may_be_full,
)
