"""The server that is judged, and what everybody needs to talk to it. Chosen by environment: `ROOMS_URL` (ws://HOST:PORT),
`ROOMS_KEY`, `ROOMS_SECRET`, and `ROOMS_PEER`, which says whose it is: `livekit` or `callstead`."""

import asyncio
import datetime
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from livekit import api
from livekit.protocol import models

URL = os.environ.get("ROOMS_URL", "ws://127.0.0.1:7880")
HTTP = URL.replace("ws", "http", 1)
KEY = os.environ.get("ROOMS_KEY", "devkey")
SECRET = os.environ.get("ROOMS_SECRET", "secretsecretsecretsecretsecretsecret")
PEER = os.environ.get("ROOMS_PEER", "livekit")
assert PEER in ("livekit", "callstead"), f"ROOMS_PEER={PEER}: `livekit` or `callstead`"

# How long is waited for what should come at once, on a busy machine.
SOON_S = 10
# How often is asked for what nobody tells of.
ASK_S = 0.1

_names = iter(range(1_000_000))


def fresh(what: str) -> str:
    """A name that no other test has, in this run or in an earlier one."""
    return f"{what}-{time.time_ns():x}-{next(_names)}"


def grants(room: str, **more: Any) -> api.VideoGrants:
    return api.VideoGrants(room_join=True, room=room, **more)


def token(
    identity: str,
    video: api.VideoGrants,
    *,
    attributes: dict[str, str] | None = None,
    config: api.RoomConfiguration | None = None,
    metadata: str = "",
    name: str = "",
    ttl_s: int = 600,
    secret: str = SECRET,
) -> str:
    made = api.AccessToken(KEY, secret).with_identity(identity).with_grants(video)
    made = made.with_name(name or identity.title()).with_metadata(metadata).with_ttl(datetime.timedelta(seconds=ttl_s))
    if attributes:
        made = made.with_attributes(attributes)
    return (made.with_room_config(config) if config else made).to_jwt()


def differs(why: str) -> bool:
    """Whether ours is judged, which does on purpose as `why` says. docs/livekit.md lists these."""
    return bool(why) and PEER == "callstead"


def server() -> api.LiveKitAPI:
    """The server's API for somebody who has its keys, as a context manager."""
    return api.LiveKitAPI(HTTP, KEY, SECRET)


async def delete(rooms: api.LiveKitAPI, room: str) -> None:
    await rooms.room.delete_room(api.DeleteRoomRequest(room=room))


async def tracks(rooms: api.LiveKitAPI, room: str, identity: str) -> list[models.TrackInfo]:
    """What somebody publishes, as the server knows it."""
    who = await rooms.room.get_participant(api.RoomParticipantIdentity(room=room, identity=identity))
    return list(who.tracks)


async def refused(code: str, status: int, call: Awaitable[Any]) -> str:
    """Makes sure that the call fails in this way; gives the message."""
    try:
        answer = await call
    except api.ServerError as error:
        assert (error.code, error.status) == (code, status) and error.message, f"{code} {status}: {error}"
        return error.message
    raise AssertionError(f"not {code} but {answer!r}")


async def until(what: str, ask: Callable[[], Awaitable[Any]], *, within: float = SOON_S) -> Any:
    """Asks again and again, until what is answered is true; gives it."""
    try:
        async with asyncio.timeout(within):
            while not (answer := await ask()):
                await asyncio.sleep(ASK_S)
            return answer
    except TimeoutError:
        raise AssertionError(f"waited {within} s: {what}") from None
