"""Who is in a room: LiveKit's own client (`guest.py`), with a token of any kind, gone when a test is over."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from livekit import api

import box
from guest import Guest


@asynccontextmanager
async def visit(
    room: str,
    identity: str = "caller",
    *,
    bearer: str | None = None,
    config: api.RoomConfiguration | None = None,
    options: dict[str, Any] | None = None,
    single: bool = False,
    **grants: Any,
) -> AsyncIterator[Guest]:
    """Somebody in the room, with these grants, or with that token."""
    guest = Guest(identity, room, single)
    bearer = bearer or box.token(identity, box.grants(room, **grants), config=config)
    await guest.join(box.URL, bearer, **options or {})
    try:
        yield guest
    finally:
        await guest.leave()


@asynccontextmanager
async def pair(room: str, **same: Any) -> AsyncIterator[tuple[Guest, Guest]]:
    """Ann and Bob, each of whom sees the other."""
    async with AsyncExitStack() as stack:
        ann, bob = [await stack.enter_async_context(visit(room, name, **same)) for name in ("ann", "bob")]
        await ann.see("participant_connected", lambda who: who.identity == "bob")
        yield ann, bob
