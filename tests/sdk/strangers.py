"""What strangers try, while two people talk: `strangers.py ws://HOST:PORT`. Each gets a clear answer, and the call goes on.

The key pair is in LIVEKIT_API_KEY and LIVEKIT_API_SECRET."""

import asyncio
import base64
import gzip
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from livekit import rtc
from livekit.protocol import rtc as proto
from livekit.rtc._proto import stats_pb2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from guest import Guest
from idle import resident_kb
from tokens import token

ROOM = "strangers"
MEBIBYTE = 1024 * 1024
ATTEMPTS = 10_000
# Those who were let in last stay for half a minute: some megabytes. With 10 kB for each attempt it were a hundred.
MOST_GROWTH_KB = 8 * 1024
# Of the packets and the samples: this machine is busy with the crowd itself, too.
MOST_LOST, MOST_CONCEALED = 0.01, 0.1


def get(url: str, path: str, bearer: str | None = None, **parameters: str) -> tuple[int, str]:
    address = f"{url.replace('ws', 'http', 1)}{path}?{urlencode(parameters)}"
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def join_request(request: proto.JoinRequest, *, compress: bool = False) -> str:
    plain = request.SerializeToString()
    packed = gzip.compress(plain) if compress else plain
    wrapped = proto.WrappedJoinRequest(join_request=packed, compression=int(compress))
    return base64.urlsafe_b64encode(wrapped.SerializeToString()).decode()


@asynccontextmanager
async def signal(url: str, identity: str, path: str = "/rtc", **parameters: str) -> AsyncIterator[ClientConnection]:
    """A signal connection that has been let in."""
    query = urlencode({"access_token": token(identity, ROOM), "protocol": "16"} | parameters)
    async with connect(f"{url}{path}?{query}", max_size=None, open_timeout=5) as socket:
        first = proto.SignalResponse.FromString(await asyncio.wait_for(socket.recv(), 5))
        assert first.WhichOneof("message") == "join", first
        yield socket


async def closes(socket: ClientConnection, *codes: int) -> None:
    """Waits until the server closes the connection, and with one of these codes."""
    try:
        async with asyncio.timeout(5):
            while True:
                await socket.recv()
    except ConnectionClosed as end:
        assert end.rcvd and end.rcvd.code in codes, end
        assert end.rcvd.reason, "no reason was given"


async def refused(url: str, bearer: str, status: int) -> None:
    try:
        async with connect(f"{url}/rtc?access_token={bearer}", open_timeout=5):
            raise AssertionError("let in")
    except InvalidStatus as error:
        answer = error.response
        assert answer.status_code == status and answer.body, answer


async def tokens(url: str) -> None:
    now = int(time.time())
    bad = {
        "expired": token("x", ROOM, exp=now - 60),
        "of tomorrow": token("x", ROOM, nbf=now + 86_400),
        "endless": token("x", ROOM, exp=None),
        "signed by somebody else": token("x", ROOM, secret="0" * 32),
        "of another key": token("x", ROOM, iss="APIsomebody"),
        "not signed": token("x", ROOM, algorithm="none"),
        "for somebody else": token("x", ROOM, aud="another server"),
        "without a room": token("x", ROOM, video={"roomJoin": True}),
        "not for joining": token("x", ROOM, video={"room": ROOM}),
        "for nobody": token("", ROOM),
        "for a room of 10 KB": token("x", "r" * 10_240),
        "garbage": "garbage",
    }
    for what, bearer in bad.items():
        for path in ("/rtc/validate", "/rtc/v1/validate"):
            status, text = get(url, path, bearer)
            assert status == 401 and text, f"{what}: {status} {text}"
        await refused(url, bearer, 401)
    assert get(url, "/rtc/validate")[0] == 401
    good = token("x", ROOM)
    assert get(url, "/rtc/validate", good) == (200, "success")
    assert get(url, "/rtc/validate/", access_token=good) == (200, "success")
    assert get(url, "/rtc/v1/validate", good)[0] == 400
    wanted = join_request(proto.JoinRequest(), compress=True)
    assert get(url, "/rtc/v1/validate", good, join_request=wanted) == (200, "success")
    assert get(url, "/rtc", good)[0] == 404


async def join_requests(url: str) -> None:
    good = token("x", ROOM)
    bomb = base64.urlsafe_b64encode(
        proto.WrappedJoinRequest(join_request=gzip.compress(bytes(32 * MEBIBYTE)), compression=1).SerializeToString()
    ).decode()
    for wanted in ("%", "AAAA", base64.urlsafe_b64encode(b"\xff" * 100).decode(), bomb):
        status, text = get(url, "/rtc/v1/validate", good, join_request=wanted)
        assert status == 400 and text, f"{status} {text}"
    async with signal(url, "neat", "/rtc/v1", join_request=join_request(proto.JoinRequest(), compress=True)):
        pass


async def messages(url: str) -> None:
    for what, message, codes in (
        ("garbage", b"\xff" * 100, [1007]),
        ("3 MiB", bytes(3 * MEBIBYTE), [1009]),
        ("3 MiB of metadata", _request(update_metadata=proto.UpdateParticipantMetadata(metadata="m" * 3 * MEBIBYTE)), [1009]),
        ("a list of 100,000", _request(subscription=proto.UpdateSubscription(track_sids=[""] * 100_000)), [1009]),
        ("text", "hello", [1003]),
    ):
        async with signal(url, "rude") as socket:
            await socket.send(message)
            try:
                await closes(socket, *codes)
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"{what}: {error!r}") from None


async def empty_messages(url: str) -> None:
    """Each request there is, with nothing in it. Who sends it is shown out, or goes on and gets an answer to a ping."""
    for field in proto.SignalRequest.DESCRIPTOR.fields:
        async with signal(url, "empty") as socket:
            request = proto.SignalRequest()
            if field.message_type:
                getattr(request, field.name).SetInParent()
            else:
                setattr(request, field.name, 0)
            try:
                await socket.send(request.SerializeToString())
                await pong(socket)
            except ConnectionClosed as end:
                assert end.rcvd and end.rcvd.code == 1000, f"{field.name}: {end}"


async def pong(socket: ClientConnection) -> None:
    await socket.send(_request(ping_req=proto.Ping(timestamp=7)))
    async with asyncio.timeout(5):
        while True:
            response = proto.SignalResponse.FromString(await socket.recv())
            if response.WhichOneof("message") == "pong_resp" and response.pong_resp.last_ping_timestamp == 7:
                return


async def thousand_sections(url: str) -> None:
    """A description that is too long for any call; whatever the server says of it, it says something."""
    head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE " + " ".join(map(str, range(1000)))
    section = (
        "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx"
        "\r\na=fingerprint:sha-256 " + ":".join(["00"] * 32) + "\r\na=setup:actpass\r\na=mid:{}\r\na=recvonly"
        "\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2"
    )
    sdp = head + "".join(section.format(mid) for mid in range(1000)) + "\r\n"
    async with signal(url, "wordy") as socket:
        await socket.send(_request(offer=proto.SessionDescription(type="offer", sdp=sdp, id=1)))
        try:
            async with asyncio.timeout(5):
                while True:
                    response = proto.SignalResponse.FromString(await socket.recv())
                    if response.WhichOneof("message") in ("answer", "leave", "request_response"):
                        return
        except ConnectionClosed:
            return


async def crowd(url: str, attempts: int) -> dict[str, dict[str, int]]:
    """Lets so many try; each gets an answer, and who brings a bad token gets that one."""
    arguments = [str(Path(__file__).with_name("crowd.py")), url, ROOM, str(attempts)]
    process = await asyncio.create_subprocess_exec(sys.executable, "-B", *arguments, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    assert process.returncode == 0, process.returncode
    statuses: dict[str, dict[str, int]] = json.loads(told)
    assert sum(sum(counts.values()) for counts in statuses.values()) == attempts, statuses
    for kind in ("none", "garbage", "expired", "foreign"):
        assert set(statuses[kind]) == {"401"}, statuses
    for kind in ("good", "elsewhere"):
        assert "101" in statuses[kind] and set(statuses[kind]) <= {"101", "429", "503"}, statuses
    return statuses


async def many_attempts(url: str, listener: Guest, track: rtc.Track) -> None:
    """A crowd at the door: those inside go on talking, and nothing is left of it in memory."""
    server = os.environ["SERVER_PID"]
    # What is made once, such as the rooms that the crowd opens, is not counted.
    await crowd(url, ATTEMPTS // 5)
    memory, before = resident_kb(server), await _reception(track)
    trying = asyncio.create_task(crowd(url, ATTEMPTS))
    seconds = 0
    while not trying.done():
        await listener.hear(track, 440)
        seconds += 1
    statuses, after = await trying, await _reception(track)
    growth = resident_kb(server) - memory
    lost = after.received.packets_lost - before.received.packets_lost
    packets = after.received.packets_received - before.received.packets_received
    samples = after.inbound.total_samples_received - before.inbound.total_samples_received
    concealed = after.inbound.concealed_samples - before.inbound.concealed_samples
    print(f"{statuses}: {seconds} s heard, {lost} of {packets} packets lost, {concealed} of {samples} samples concealed, {growth} kB more")
    assert growth < MOST_GROWTH_KB, f"{growth} kB more than before"
    assert lost <= packets * MOST_LOST, f"{lost} of {packets} packets lost"
    assert concealed < samples * MOST_CONCEALED, f"{concealed} of {samples} samples concealed"


async def _reception(track: rtc.Track) -> stats_pb2.RtcStats.InboundRtp:
    [inbound] = [entry.inbound_rtp for entry in await track.get_stats() if entry.HasField("inbound_rtp")]
    return inbound


def _request(**message: object) -> bytes:
    return proto.SignalRequest(**message).SerializeToString()


async def main(url: str) -> None:
    async with asyncio.timeout(90):
        ann, bob = [await Guest(name, "call", False).join(url) for name in ("ann", "bob")]
        await ann.publish_tone(440)
        (track, *_) = await bob.see("track_subscribed")
        steps = (tokens, join_requests, messages, empty_messages, thousand_sections)
        for what in (*steps, partial(many_attempts, listener=bob, track=track)):
            began = time.monotonic()
            await what(url)
            what = getattr(what, "func", what)
            print(f"ok {what.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        await bob.hear(track, 440)
        assert not ann.saw("disconnected") and not bob.saw("disconnected")
        print("ok the call goes on")
        await ann.leave()
        await bob.leave()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
