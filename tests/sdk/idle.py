"""How much memory an idle participant costs: people join rooms of two, and the server's resident memory is read.

LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… $(scripts/sdk-python) tests/sdk/idle.py URL PID [PARTICIPANTS]
"""

import asyncio
import sys
from pathlib import Path

from guest import Guest

SETTLE_S = 5


def resident_kb(pid: str) -> int:
    """`VmRSS` of proc_pid_status(5)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


async def main(url: str, pid: str, count: int) -> None:
    # What is made once, for the first participants, is not counted.
    guests = [await Guest(f"first-{number}", "first", True).join(url) for number in range(2)]
    await asyncio.sleep(SETTLE_S)
    before = resident_kb(pid)
    for number in range(count):
        guests.append(await Guest(f"idle-{number}", f"idle-{number // 2}", True).join(url))
    await asyncio.sleep(SETTLE_S)
    after = resident_kb(pid)
    print(f"{count} participants: {before} to {after} kB, {(after - before) / count:.0f} kB each")
    await asyncio.gather(*(guest.leave() for guest in guests))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 100))
