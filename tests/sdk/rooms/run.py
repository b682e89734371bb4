"""Runs the tests of rooms whose names begin so: `run.py [media.voices] …`; without a name all. Where, `box.py` says.

    ROOMS_URL=ws://127.0.0.1:7880 ROOMS_PEER=livekit AGENTS_PYTHON=$(scripts/sdk-python agents) \\
        $(scripts/sdk-python) -B tests/sdk/rooms/run.py worker_

Each test has rooms of its own. One that went well is a line that begins with `ok`; the others say why not, and the exit code
is 1."""

import asyncio
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import box

# What tests/sdk has, and what it asks for.
sys.path.append(str(Path(__file__).parent.parent))
os.environ |= {"LIVEKIT_URL": box.URL, "LIVEKIT_API_KEY": box.KEY, "LIVEKIT_API_SECRET": box.SECRET}

import agents  # noqa: E402
import data  # noqa: E402
import media  # noqa: E402
import moderation  # noqa: E402
import server_api  # noqa: E402
import sessions  # noqa: E402
import transfer  # noqa: E402
import webhooks  # noqa: E402
import worker_ends  # noqa: E402
import worker_jobs  # noqa: E402
import worker_protocol  # noqa: E402

Test = Callable[[], Awaitable[None]]
MODULES = (server_api, webhooks, sessions, data, media, moderation, worker_protocol, worker_jobs, worker_ends, agents, transfer)
# Those that mostly wait, and may do so together.
TOGETHER = (worker_ends,)
PATIENCE_S = 120


async def judge(name: str, test: Test) -> bool:
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await test()
    except Exception:
        print(f"FAILED {name} ({time.monotonic() - began:.1f} s)\n{traceback.format_exc()}", flush=True)
        return False
    print(f"ok {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return True


async def run(wanted: list[str]) -> bool:
    verdicts: list[bool] = []
    for module in MODULES:
        named = {f"{module.__name__}.{test.__name__}": test for test in module.TESTS}
        chosen = [(name, test) for name, test in named.items() if not wanted or any(map(name.startswith, wanted))]
        if module in TOGETHER:
            verdicts += await asyncio.gather(*(judge(name, test) for name, test in chosen))
        else:
            verdicts += [await judge(name, test) for name, test in chosen]
    if not verdicts:
        raise SystemExit(f"no test's name begins with {' or '.join(wanted)}")
    return all(verdicts)


if __name__ == "__main__":
    sys.exit(not asyncio.run(run(sys.argv[1:])))
