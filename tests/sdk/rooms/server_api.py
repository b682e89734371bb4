"""What LiveKit's server API answers: to its own library, to JSON by hand, and to those who may not or who ask for what is not."""

from collections.abc import Awaitable, Callable

import aiohttp
from livekit import api

import box
from people import pair, visit
from twirp import ALL, DISPATCH, JSON, PROTOBUF, admin, error, post

KIBIBYTE = 1024


async def rooms_are_made_listed_and_deleted() -> None:
    name, other = box.fresh("made"), box.fresh("made")
    async with box.server() as server:
        wanted = api.CreateRoomRequest(name=name, empty_timeout=60, departure_timeout=5, max_participants=3, metadata="m")
        made = await server.room.create_room(wanted)
        assert made.sid.startswith("RM_") and made.name == name and made.metadata == "m", made
        assert (made.empty_timeout, made.departure_timeout, made.max_participants) == (60, 5, 3), made
        assert made.creation_time and made.num_participants == 0, made
        again = await server.room.create_room(api.CreateRoomRequest(name=name))
        assert again.sid == made.sid, again
        await server.room.create_room(api.CreateRoomRequest(name=other))
        every = await server.room.list_rooms(api.ListRoomsRequest())
        assert {name, other} <= {room.name for room in every.rooms}
        some = await server.room.list_rooms(api.ListRoomsRequest(names=[name, "not there"]))
        assert [room.sid for room in some.rooms] == [made.sid], some
        await box.delete(server, name)
        some = await server.room.list_rooms(api.ListRoomsRequest(names=[name, other]))
        assert [room.name for room in some.rooms] == [other], some
        await box.refused("not_found", 404, box.delete(server, name))
        await box.delete(server, other)


async def a_room_tells_what_is_said_of_it() -> None:
    async with box.server() as server, pair(room := box.fresh("metadata")) as (ann, bob):
        changed = await server.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=room, metadata="new"))
        assert changed.metadata == "new", changed
        for guest in (ann, bob):
            await guest.see("room_metadata_changed", lambda before, after: after == "new")
        async with visit(room, "eve") as eve:
            assert eve.room.metadata == "new"
            [listed] = (await server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms
            assert listed.metadata == "new", listed
        nowhere = api.UpdateRoomMetadataRequest(room=box.fresh("nowhere"), metadata="new")
        await box.refused("not_found", 404, server.room.update_room_metadata(nowhere))


async def participants_are_listed() -> None:
    async with box.server() as server, pair(room := box.fresh("listed")) as (ann, _):
        await ann.publish_tone(440)
        await box.until("ann's track", lambda: box.tracks(server, room, "ann"))
        listed = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
        assert {it.identity for it in listed} == {"ann", "bob"}, listed
        known = await server.room.get_participant(api.RoomParticipantIdentity(room=room, identity="ann"))
        assert known.sid == ann.me.sid and known.name == "Ann" and known.state == api.ParticipantInfo.ACTIVE, known
        assert known.is_publisher and known.permission.can_publish and known.joined_at, known
        [track] = known.tracks
        assert track.sid in ann.me.track_publications and track.name == "440 Hz" and not track.muted, track
        for identity in ("nobody", ""):
            missing = api.RoomParticipantIdentity(room=room, identity=identity)
            await box.refused("not_found", 404, server.room.get_participant(missing))
            await box.refused("not_found", 404, server.room.remove_participant(missing))
            change = api.UpdateParticipantRequest(room=room, identity=identity, metadata="m")
            await box.refused("not_found", 404, server.room.update_participant(change))
        nowhere = await server.room.list_participants(api.ListParticipantsRequest(room=box.fresh("nowhere")))
        assert not nowhere.participants, nowhere


async def json_and_protobuf_are_the_same() -> None:
    name = box.fresh("json")
    status, made = await post("CreateRoom", {"name": name, "empty_timeout": 60, "maxParticipants": 3, "unheard_of": 1})
    assert status == 200 and made["empty_timeout"] == 60 and made["max_participants"] == 3, made
    # Numbers of 64 bits are strings, and names are those of the protocol's files.
    assert made["sid"].startswith("RM_") and isinstance(made["creation_time"], str), made
    unset = {"metadata": "", "num_participants": 0, "active_recording": False}
    leaves_out = box.differs("JSON leaves out what is not set")
    assert all(made.get(key, value if leaves_out else None) == value for key, value in unset.items()), made
    request = api.ListRoomsRequest(names=[name]).SerializeToString()
    status, answer = await post("ListRooms", request, kind=PROTOBUF)
    [listed] = api.ListRoomsResponse.FromString(answer).rooms
    assert status == 200 and listed.sid == made["sid"], listed
    status, answer = await post("ListParticipants", {"room": name}, grants=admin(name))
    assert (status, answer) == (200, {} if leaves_out else {"participants": []}), answer
    status, answer = await post("DeleteRoom", {"room": name})
    assert (status, answer) == (200, {}), answer


async def what_is_no_request_is_refused() -> None:
    await error(400, "malformed", "CreateRoom", b"{")
    await error(400, "malformed", "CreateRoom", b"\xff" * 9, kind=PROTOBUF)
    await error(404, "bad_route", "CreateRoom", b"name", kind="text/plain")
    await error(404, "bad_route", "MakeRoom", {})
    assert (await post("CreateRoom", {}, service="livekit.NoService"))[0] == 404
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {box.token('', ALL)}", "Content-Type": JSON}
        async with http.get(f"{box.HTTP}/twirp/livekit.RoomService/ListRooms", headers=headers) as answer:
            assert answer.status == 404 and (await answer.json())["code"] == "bad_route", answer


async def who_may_not_is_told() -> None:
    """Each method with a token for something else, and with none."""
    room = box.fresh("mine")
    other = admin(box.fresh("not-mine"))
    for_room = [
        "ListParticipants",
        "GetParticipant",
        "RemoveParticipant",
        "UpdateParticipant",
        "MutePublishedTrack",
        "UpdateSubscriptions",
        "SendData",
        "UpdateRoomMetadata",
        "PerformRpc",
        "ForwardParticipant",
        "MoveParticipant",
    ]
    for method in for_room:
        for grants in (other, ALL, box.grants(room)):
            await error(401, "unauthenticated", method, {"room": room}, grants=grants)
    for method in ("CreateDispatch", "ListDispatch", "DeleteDispatch"):
        for grants in (other, ALL, None):
            await error(401, "unauthenticated", method, {"room": room}, grants=grants, service=DISPATCH)
    for method in ("CreateRoom", "DeleteRoom", "ListRooms"):
        await error(401, "unauthenticated", method, {"name": room}, grants=admin(room))
        await error(401, "unauthenticated", method, {"name": room}, grants=None)
    for method in ("ForwardParticipant", "MoveParticipant"):
        body = {"room": room, "destination_room": "there"}
        await error(401, "unauthenticated", method, body, grants=admin(room))
        await error(401, "unauthenticated", method, body, grants=admin(room, destination_room="elsewhere"))


async def a_bad_token_is_no_token() -> None:
    """It is refused before anybody looks for a service."""
    for bearer in ("garbage", box.token("", ALL, secret="x" * 32), box.token("", ALL, ttl_s=-86_400)):
        status, answer = await post("ListRooms", {}, bearer=bearer)
        assert status == 401 and answer, (status, answer)


async def too_much_is_refused() -> None:
    room, long = box.fresh("much"), "m" * 600 * KIBIBYTE
    async with box.server() as server:
        await box.refused("invalid_argument", 400, server.room.create_room(api.CreateRoomRequest(name=room, metadata=long)))
        await box.refused("invalid_argument", 400, server.room.create_room(api.CreateRoomRequest(name="r" * 300)))
        async with visit(room, "ann"):
            about_room = api.UpdateRoomMetadataRequest(room=room, metadata=long)
            await box.refused("invalid_argument", 400, server.room.update_room_metadata(about_room))
            for much in ({"metadata": long}, {"name": "n" * 300}, {"attributes": {"a": long}}):
                change = api.UpdateParticipantRequest(room=room, identity="ann", **much)
                await box.refused("invalid_argument", 400, server.room.update_participant(change))


async def dispatches_are_made_listed_and_deleted() -> None:
    room, name = box.fresh("dispatched"), box.fresh("nobody")
    async with box.server() as server:
        dispatches = server.agent_dispatch
        made = await dispatches.create_dispatch(api.CreateAgentDispatchRequest(agent_name=name, room=room, metadata="m"))
        assert made.id.startswith("AD_") and made.agent_name == name and made.metadata == "m", made
        listed = await dispatches.list_dispatch(room)
        # A room that nobody has configured has one for agents without a name.
        assert {it.agent_name for it in listed} == {"", name}, listed
        found = await dispatches.get_dispatch(made.id, room)
        assert found and found.id == made.id and not found.state.jobs, found
        assert await dispatches.get_dispatch("AD_unknown", room) is None
        await dispatches.delete_dispatch(made.id, room)
        assert [it.agent_name for it in await dispatches.list_dispatch(room)] == [""]
        await box.refused("not_found", 404, dispatches.delete_dispatch(made.id, room))
        for deployment in ("a_b", "a b", "d" * 65):
            bad = api.CreateAgentDispatchRequest(agent_name=name, room=room, deployment=deployment)
            await box.refused("invalid_argument", 400, dispatches.create_dispatch(bad))
        much = api.CreateAgentDispatchRequest(agent_name=name, room=room, metadata="m" * 600 * KIBIBYTE)
        await box.refused("invalid_argument", 400, dispatches.create_dispatch(much))
        code, status = ("not_found", 404) if box.differs("a room that is not there is not there") else ("unavailable", 503)
        nowhere = box.fresh("nowhere")
        await box.refused(code, status, dispatches.list_dispatch(nowhere))
        await box.refused(code, status, dispatches.delete_dispatch(made.id, nowhere))


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    rooms_are_made_listed_and_deleted,
    a_room_tells_what_is_said_of_it,
    participants_are_listed,
    json_and_protobuf_are_the_same,
    what_is_no_request_is_refused,
    who_may_not_is_told,
    a_bad_token_is_no_token,
    too_much_is_refused,
    dispatches_are_made_listed_and_deleted,
)
