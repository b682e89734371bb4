"""Those who come in and then do not do their part, while two people talk: `silent.py ws://HOST:PORT`. Each is dropped when its
time is up, and the call goes on.

The key pair is in LIVEKIT_API_KEY and LIVEKIT_API_SECRET."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

from livekit import rtc
from livekit.protocol import rtc as proto
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from guest import Guest
from raw import Raw
from tokens import token

ROOM = "silent"
# A server waits 15 s for media and for signs of life, and looks every 5 s.
PATIENCE_S = 25
PING_S = 3
# More than the system buffers for a connection that nobody reads, and as fast as one may write.
LETTERS, LETTER_BYTES, LETTER_S = 8, 256 * 1024, 1.5


async def never_answers(url: str) -> None:
    """Is polite in all but one: the server's offer stays without an answer."""
    address = f"{url}/rtc?access_token={token('mute', ROOM)}&protocol=16&auto_subscribe=1"
    async with connect(address, max_size=None) as socket:

        async def ping() -> None:
            while True:
                await socket.send(proto.SignalRequest(ping_req=proto.Ping(timestamp=1)).SerializeToString())
                await asyncio.sleep(PING_S)

        pinging = asyncio.create_task(ping())
        seen: dict[str | None, proto.SignalResponse] = {}
        try:
            while True:
                response = proto.SignalResponse.FromString(await socket.recv())
                seen[response.WhichOneof("message")] = response
        except ConnectionClosed as end:
            assert end.rcvd and end.rcvd.code == 1000, end
        finally:
            pinging.cancel()
        assert "offer" in seen and "pong_resp" in seen, seen.keys()
        assert seen["leave"].leave.reason == rtc.DisconnectReason.JOIN_FAILURE, seen["leave"]


async def never_sends(url: str) -> None:
    """Reads, and says nothing."""
    await (await _let_in(url, "shy")).end()


async def never_reads(url: str, gone: Callable[[], Awaitable[object]]) -> None:
    """Lets everything lie that it is sent, until the others see that it is gone."""
    connection = await _let_in(url, "buried")
    await gone()
    await connection.end()


async def never_asks(url: str) -> None:
    """Opens a connection, and does not even ask to be let in."""
    await (await Raw.connect(url)).end()


async def _let_in(url: str, name: str) -> Raw:
    connection = await Raw.connect(url)
    status = await connection.knock("/rtc", token(name, ROOM))
    assert status == 101, status
    return connection


async def write_much(guest: Guest) -> None:
    """Everybody in the room is sent all of this."""
    for nth in range(LETTERS):
        await guest.me.set_metadata(str(nth) * LETTER_BYTES)
        await asyncio.sleep(LETTER_S)


async def main(url: str) -> None:
    async with asyncio.timeout(60):
        ann, bob = [await Guest(name, ROOM, False).join(url) for name in ("ann", "bob")]
        await ann.publish_tone(440)
        track: rtc.Track
        (track, *_) = await bob.see("track_subscribed")

        def gone(name: str) -> Callable[[], Awaitable[object]]:
            return partial(ann.see, "participant_disconnected", lambda who: who.identity == name, within=PATIENCE_S)

        async def dropped(what: Callable[..., Awaitable[None]], *arguments: object) -> None:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await what(url, *arguments)
            except TimeoutError:
                raise AssertionError(f"{what.__name__}: still there") from None
            print(f"ok {what.__name__} ({time.monotonic() - began:.1f} s)", flush=True)

        began = time.monotonic()
        await asyncio.gather(
            write_much(bob),
            dropped(never_answers),
            dropped(never_sends),
            dropped(never_reads, gone("buried")),
            dropped(never_asks),
        )
        await asyncio.gather(gone("mute")(), gone("shy")())
        await bob.hear(track, 440)
        assert not ann.saw("disconnected") and not bob.saw("disconnected")
        print("ok the call goes on")
        await ann.leave()
        await bob.leave()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
