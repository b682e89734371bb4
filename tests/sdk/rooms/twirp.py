"""LiveKit's server API without a library: any body, any header, any token."""

from typing import Any

import aiohttp
from livekit import api

import box

ROOMS, DISPATCH = "livekit.RoomService", "livekit.AgentDispatchService"
JSON, PROTOBUF = "application/json", "application/protobuf"
ALL = api.VideoGrants(room_create=True, room_list=True)


def admin(room: str, **more: Any) -> api.VideoGrants:
    return api.VideoGrants(room_admin=True, room=room, **more)


async def post(
    method: str,
    body: Any = None,
    *,
    grants: api.VideoGrants | None = ALL,
    bearer: str | None = None,
    kind: str = JSON,
    service: str = ROOMS,
) -> tuple[int, Any]:
    """Status and answer; with `grants`, with another `bearer`, or with neither. JSON goes in and comes out as a value."""
    bearer = bearer or (box.token("server", grants) if grants else None)
    headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    content = {"json": body} if kind == JSON and not isinstance(body, bytes) else {"data": body}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{box.HTTP}/twirp/{service}/{method}", headers=headers, **content) as answer,
    ):
        is_json = answer.content_type == JSON
        return answer.status, await answer.json() if is_json else await answer.read()


async def error(status: int, code: str, method: str, body: Any = None, **how: Any) -> str:
    """Makes sure that this is refused so; gives the message."""
    got, answer = await post(method, body, **how)
    assert got == status and isinstance(answer, dict) and answer["code"] == code, f"{method}: {got} {answer}"
    message: str = answer["msg"]
    assert message, answer
    return message
