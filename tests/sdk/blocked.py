"""A call from where no UDP passes: `blocked.py ws://HOST:PORT`. Media takes TCP instead, both ways.

The key pair is in LIVEKIT_API_KEY and LIVEKIT_API_SECRET."""

import asyncio
import sys

from livekit import rtc

from guest import Guest
from rooms import ANN_HERTZ, BOB_HERTZ, audio


async def transports(track: rtc.Track) -> set[str]:
    """By which the pairs of addresses are tried that have carried anything."""
    stats = await track.get_stats()
    local = [entry.local_candidate for entry in stats if entry.HasField("local_candidate")]
    candidates = {entry.rtc.id: entry.candidate for entry in local}
    pairs = [entry.candidate_pair.candidate_pair for entry in stats if entry.HasField("candidate_pair")]
    return {candidates[pair.local_candidate_id].protocol for pair in pairs if pair.bytes_received}


async def main(url: str) -> None:
    async with asyncio.timeout(60):
        for single in (False, True):
            ann, bob = [await Guest(name, f"blocked-{single}", single).join(url) for name in ("ann", "bob")]
            await audio(ann, bob)
            print(f"ok heard with {'one connection' if single else 'two connections'}")
            for guest, hertz in ((ann, BOB_HERTZ), (bob, ANN_HERTZ)):
                (track, *_) = await guest.see("track_subscribed")
                used = await transports(track)
                assert used == {"tcp"}, f"{guest.identity} hears {hertz} Hz over {used}"
            print("ok over TCP")
            await ann.leave()
            await bob.leave()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
