"""A caller is handed over to a person by LiveKit's own task for that (`transfer_agent.py`)."""

from collections.abc import Awaitable, Callable

from livekit import rtc

import box
from agents import AGENT, PYTHON, echo
from guest import Guest
from people import visit
from raw_worker import dispatch


async def a_person_takes_over() -> None:
    name, room = box.fresh("transfer"), box.fresh("transfer")
    async with echo(name, script="transfer_agent.py"), visit(room) as caller, box.server() as server:
        await dispatch(server, name, room)
        # Music while one waits.
        await caller.see("track_subscribed", within=20)
        agent = await box.until("where the person is wanted", lambda: _inviting(caller), within=20)
        wanted = agent.attributes
        async with visit(wanted["room"], wanted["identity"]) as person:
            await person.publish_tone(620)
            call = caller.me.perform_rpc
            connect = call(destination_identity=agent.identity, method="connect", payload="", response_timeout=20)
            if not box.differs("participants can be moved"):
                try:
                    answer = await connect
                except rtc.RpcError as error:
                    assert "not implemented" in error.message, (error.code, error.message)
                    return
                raise AssertionError(answer)
            caller.forget()
            assert await connect == "connected"
            await person.see("moved")
            (track, *_) = await caller.see("track_subscribed", lambda track, _, who: who.identity == person.identity)
            await caller.hear(track, 620)


async def _inviting(guest: Guest) -> rtc.RemoteParticipant | None:
    people = guest.room.remote_participants.values()
    return next((it for it in people if it.kind == AGENT and "room" in it.attributes), None)


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (a_person_takes_over,) if PYTHON else ()
