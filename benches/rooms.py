"""Rooms of ours beside rooms of livekit-server, in turns on one machine, with the same clients (`callstead bench rooms`):

    python3 benches/rooms.py CALLSTEAD LIVEKIT_SERVER [--rounds 3] [--rooms 20] [--seconds 10]
        [--kind sound|pictures|both] [--ladder]

`make livekit-server` compiles the other one, into ~/.cache/callstead/tools. Server and clients have a core each, where there
are two, so that what clients need is not taken for the server's. `--ladder` adds rooms until the first packet is lost.
Prints the median of the rounds for each server, and ours as a ratio to the other's.
"""

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

KEY, SECRET = "APIbench", "a-secret-of-benches-that-is-long-enough"
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENTS_CORE = CORES[-1], CORES[0]
LIVEKIT = """
port: {0}
bind_addresses: ["127.0.0.1"]
rtc:
  tcp_port: {1}
  udp_port: {2}
  use_external_ip: false
  node_ip: 127.0.0.1
  enable_loopback_candidate: true
  interfaces: {{ includes: ["lo"] }}
logging: {{ level: warn }}
"""
# Of both servers: name, how it is read from a report, unit.
FIGURES = [
    ("joining, p50", lambda report: report["join_ms"]["p50"], "ms"),
    ("processor for each track", lambda report: report["server"]["percent_per_track"], "% of a core"),
    ("memory for each participant", lambda report: report["server"]["memory_kb_per_participant"], "kB"),
    ("on the way, p50", lambda report: report["packets"]["way_us"]["p50"], "µs"),
    ("on the way, p95", lambda report: report["packets"]["way_us"]["p95"], "µs"),
    ("lost", lambda report: report["packets"]["lost"], "packets"),
]


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextlib.contextmanager
def running(command: list[str], variables: dict[str, str], port: int) -> Iterator[int]:
    """A server on its core, until the end; its process."""
    pinned = ["taskset", "--cpu-list", str(SERVER_CORE), *command]
    server = subprocess.Popen(pinned, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            if server.poll() is not None:
                sys.exit(f"{command[0]} does not start")
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.1)
        time.sleep(1)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def ours(callstead: str) -> Iterator[tuple[str, int]]:
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "callstead.toml")
        config.write_text("[agent]\nrules = []\n")
        command = [callstead, "serve", "--dev", "--listen", f"127.0.0.1:{port}", "--rtc-port", "0", "--data-dir", folder]
        command += ["--models-dir", folder, "--config", str(config)]
        with running(command, {"LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}, port) as pid:
            yield f"ws://127.0.0.1:{port}", pid


@contextlib.contextmanager
def theirs(livekit: str) -> Iterator[tuple[str, int]]:
    ports = free_ports(3)
    variables = {"LIVEKIT_CONFIG": LIVEKIT.format(*ports), "LIVEKIT_KEYS": f"{KEY}: {SECRET}"}
    with running([livekit], variables, ports[0]) as pid:
        yield f"ws://127.0.0.1:{ports[0]}", pid


def measure(callstead: str, server: tuple[str, int], rooms: int, seconds: int, video: bool) -> dict:
    url, pid = server
    command = ["taskset", "--cpu-list", str(CLIENTS_CORE), callstead, "--json", "bench", "rooms", "--url", url]
    command += ["--pid", str(pid), "--rooms", str(rooms), "--seconds", str(seconds)] + ["--video"] * video
    environment = os.environ | {"LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def compare(args: argparse.Namespace, video: bool) -> None:
    reports: dict[str, list[dict]] = {"callstead": [], "livekit-server": []}
    for _ in range(args.rounds):
        for name, start in (("callstead", ours(args.callstead)), ("livekit-server", theirs(args.livekit))):
            with start as server:
                reports[name].append(measure(args.callstead, server, args.rooms, args.seconds, video))
    kind = "pictures" if video else "sound"
    print(f"\n{args.rooms} rooms of two, {kind}, {args.rounds} rounds of {args.seconds} s, medians")
    print(f"{'':42} {'callstead':>10} {'livekit-server':>14} {'ratio':>7}")
    for name, read, unit in FIGURES:
        one, other = (statistics.median(read(report) for report in of) for of in reports.values())
        ratio = f"{one / other:7.2f}" if other else f"{'-':>7}"
        print(f"{name + ', ' + unit:42} {one:>10.2f} {other:>14.2f} {ratio}", flush=True)
    clients = statistics.median(report["clients_percent"] for of in reports.values() for report in of)
    print(f"clients, % of a core: {clients:.0f}")


def ladder(args: argparse.Namespace, video: bool) -> None:
    """Ten per cent more rooms each time; a new server each time."""
    kind = "pictures" if video else "sound"
    for name, start in (("callstead", lambda: ours(args.callstead)), ("livekit-server", lambda: theirs(args.livekit))):
        rooms, held = args.rooms, 0
        while True:
            with start() as server:
                report = measure(args.callstead, server, rooms, args.seconds, video)
            lost, clients, percent = report["packets"]["lost"], report["clients_percent"], report["server"]["percent"]
            if lost or report["failures"]:
                break
            held, rooms = rooms, rooms + max(1, rooms // 10)
        print(
            f"{name}, {kind}: {2 * held} participants without a loss; with {2 * rooms} {lost} packets of "
            f"{report['packets']['sent']} lost, {len(report['failures'])} participants failed "
            f"(server {percent} % of its core, clients {clients} %)",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("callstead")
    parser.add_argument("livekit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--kind", choices=["sound", "pictures", "both"], default="both")
    parser.add_argument("--ladder", action="store_true")
    args = parser.parse_args()
    for video in [False, True]:
        if args.kind in ("both", "pictures" if video else "sound"):
            (ladder if args.ladder else compare)(args, video)


if __name__ == "__main__":
    main()
