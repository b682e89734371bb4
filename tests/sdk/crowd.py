"""A crowd at the door, in a process of its own so that it takes no time from those who talk: `crowd.py URL ROOM ATTEMPTS`.

Most come with tokens that are no good, some with good ones for that room, under a few names, and for rooms of their own. Prints
how often each status was the answer, by the kind of token."""

import asyncio
import json
import sys
import time
from collections import Counter

from raw import Raw
from tokens import token

AT_ONCE = 50
ROOMS = 10
NAMES = 5


def bearers(room: str) -> dict[str, list[str | None]]:
    """Made before, for signing costs more than knocking."""
    now = int(time.time())
    names = [f"pushy-{nth}" for nth in range(NAMES)]
    return {
        "none": [None],
        "garbage": ["garbage"],
        "expired": [token(name, room, exp=now - 60) for name in names],
        "foreign": [token(name, room, secret="0" * 32) for name in names],
        "good": [token(name, room) for name in names],
        "elsewhere": [token(name, f"crowd-{nth}") for nth in range(ROOMS) for name in names],
    }


async def main(url: str, room: str, attempts: int) -> None:
    kinds = list(bearers(room).items())
    gate = asyncio.Semaphore(AT_ONCE)
    statuses: dict[str, Counter[int]] = {kind: Counter() for kind, _ in kinds}

    async def attempt(at: int) -> None:
        kind, choice = kinds[at % len(kinds)]
        async with gate:
            connection = await Raw.connect(url)
            try:
                statuses[kind][await connection.knock("/rtc", choice[at // len(kinds) % len(choice)])] += 1
            finally:
                connection.close()

    await asyncio.gather(*(attempt(at) for at in range(attempts)))
    print(json.dumps(statuses))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
