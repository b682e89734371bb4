"""What people do in a room, done with LiveKit's Python client: `rooms.py ws://HOST:PORT single|dual`.

The key pair is in LIVEKIT_API_KEY and LIVEKIT_API_SECRET. Works against livekit-server just as well: that is how this
script itself was checked."""

import asyncio
import sys
import time

from livekit import rtc
from livekit.rtc._proto import room_pb2

from guest import Cable, Guest

ANN_HERTZ, BOB_HERTZ = 440, 620
# Longer than one packet of a data channel.
LONG_TEXT = "Guten Tag, مرحبا, 你好. " * 2_000


async def audio(ann: Guest, bob: Guest) -> None:
    await ann.publish_tone(ANN_HERTZ)
    await bob.publish_tone(BOB_HERTZ)
    (from_ann, *_), (from_bob, *_) = await asyncio.gather(bob.see("track_subscribed"), ann.see("track_subscribed"))
    await asyncio.gather(bob.hear(from_ann, ANN_HERTZ), ann.hear(from_bob, BOB_HERTZ))


async def speakers(ann: Guest, bob: Guest) -> None:
    def both(people: list[rtc.Participant]) -> bool:
        return {person.identity for person in people} >= {"ann", "bob"}

    await ann.see("active_speakers_changed", both)
    await bob.see("active_speakers_changed", both)


async def quality(ann: Guest, bob: Guest) -> None:
    def excellent(who: rtc.Participant, what: int) -> bool:
        return who.identity == "bob" and what == rtc.ConnectionQuality.QUALITY_EXCELLENT

    await ann.see("connection_quality_changed", excellent)


async def late_comer(url: str, name: str, single: bool) -> Guest:
    """Who comes later sees and hears those who are there."""
    eve = await Guest("eve", name, single).join(url)
    assert {"ann", "bob"} <= set(eve.room.remote_participants), eve.room.remote_participants
    (from_ann, *_) = await eve.see("track_subscribed", lambda track, publication, who: who.identity == "ann")
    await eve.hear(from_ann, ANN_HERTZ)
    return eve


async def data(ann: Guest, bob: Guest, eve: Guest) -> None:
    await ann.me.publish_data(b"to all", reliable=True, topic="t")
    for guest in (bob, eve):
        (packet,) = await guest.see("data_received", lambda packet: packet.data == b"to all")
        assert packet.topic == "t" and packet.participant and packet.participant.identity == "ann"
    # Lossy messages may be lost; not all of ten on loopback.
    for _ in range(10):
        await bob.me.publish_data(b"lossy", reliable=False)
    await ann.see("data_received", lambda packet: packet.data == b"lossy")
    await ann.me.publish_data(b"to bob", destination_identities=["bob"])
    await ann.me.publish_data(b"after", reliable=True)
    await bob.see("data_received", lambda packet: packet.data == b"to bob")
    await eve.see("data_received", lambda packet: packet.data == b"after")
    assert not eve.saw("data_received", lambda packet: packet.data == b"to bob"), "eve read what was for bob"


async def rpc(ann: Guest, bob: Guest) -> None:
    async def answer(call: rtc.RpcInvocationData) -> str:
        if call.payload == "fail":
            raise rtc.RpcError(1234, "as asked")
        return f"{call.caller_identity} said {call.payload}"

    bob.me.register_rpc_method("greet", answer)
    call = ann.me.perform_rpc
    assert await call(destination_identity="bob", method="greet", payload="hello") == "ann said hello"
    for method, payload, code in (("greet", "fail", 1234), ("nothing", "", rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD)):
        try:
            await call(destination_identity="bob", method=method, payload=payload)
            raise AssertionError(f"{method} {payload} was answered")
        except rtc.RpcError as error:
            assert error.code == code, error


async def attributes(ann: Guest, bob: Guest) -> None:
    await ann.me.set_attributes({"desk": "7", "language": "de"})
    await bob.see("participant_attributes_changed", lambda changed, who: changed == {"desk": "7", "language": "de"})
    await ann.me.set_attributes({"desk": ""})
    await bob.see("participant_attributes_changed", lambda changed, who: "desk" in changed and "language" not in changed)
    assert bob.of("ann").attributes == {"language": "de"}, bob.of("ann").attributes
    await ann.me.set_metadata("about ann")
    await bob.see("participant_metadata_changed", lambda who, before, after: after == "about ann")


async def text_streams(ann: Guest, bob: Guest) -> None:
    read: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def opened(reader: rtc.TextStreamReader, sender: str) -> None:
        async def take() -> None:
            await read.put((sender, await reader.read_all()))

        tasks.append(asyncio.create_task(take()))

    tasks: list[asyncio.Task[None]] = []
    bob.room.register_text_stream_handler("lk.chat", opened)
    for text in ("short", LONG_TEXT):
        await ann.me.send_text(text, topic="lk.chat")
        assert await asyncio.wait_for(read.get(), 10) == ("ann", text)


async def mute(ann: Guest, bob: Guest) -> None:
    [publication] = ann.me.track_publications.values()
    track = publication.track
    assert isinstance(track, rtc.LocalAudioTrack)
    track.mute()
    await bob.see("track_muted", lambda who, muted: who.identity == "ann")
    track.unmute()
    await bob.see("track_unmuted", lambda who, muted: who.identity == "ann")
    await bob.hear(_track_of(bob, "ann"), ANN_HERTZ)


async def subscription(ann: Guest, bob: Guest, single: bool) -> None:
    [publication] = bob.of("ann").track_publications.values()
    bob.forget()
    publication.set_subscribed(False)
    await bob.see("track_unsubscribed")
    publication.set_subscribed(True)
    if single:
        (track, *_) = await bob.see("track_subscribed")
        await bob.hear(track, ANN_HERTZ)
    else:
        # With two connections this client does not tell of a track that comes back where it was, not even with
        # livekit-server. A new track is told of.
        [sid] = ann.me.track_publications
        await ann.me.unpublish_track(sid)
        await ann.publish_tone(ANN_HERTZ)
        (track, *_) = await bob.see("track_subscribed", within=10)
        await bob.hear(track, ANN_HERTZ)


async def resume(ann: Guest, bob: Guest, cable: Cable) -> None:
    """The signal connection is lost: the call goes on, and nobody sees anybody leave."""
    ann.forget()
    bob.forget()
    cable.cut()
    await ann.see("reconnected", within=20)
    assert not bob.saw("participant_disconnected")
    await _still_there(ann, bob, b"after the resume")


async def full_reconnect(ann: Guest, bob: Guest) -> None:
    """A client that gives everything up comes back as somebody new, with its track."""
    ann.forget()
    bob.forget()
    await ann.room.simulate_scenario(room_pb2.SIMULATE_FULL_RECONNECT)
    await ann.see("reconnected", within=20)
    await bob.see("participant_connected", lambda who: who.identity == "ann")
    await bob.see("track_subscribed", lambda track, publication, who: who.identity == "ann")
    await ann.see("track_subscribed", lambda track, publication, who: who.identity == "bob")
    await _still_there(ann, bob, b"after the reconnect")


async def _still_there(ann: Guest, bob: Guest, message: bytes) -> None:
    await asyncio.gather(bob.hear(_track_of(bob, "ann"), ANN_HERTZ), ann.hear(_track_of(ann, "bob"), BOB_HERTZ))
    await ann.me.publish_data(message)
    await bob.see("data_received", lambda packet: packet.data == message)
    await bob.me.publish_data(message)
    await ann.see("data_received", lambda packet: packet.data == message)


def _track_of(guest: Guest, identity: str) -> rtc.Track:
    [track] = [publication.track for publication in guest.of(identity).track_publications.values()]
    assert track
    return track


async def unpublish(ann: Guest, bob: Guest) -> None:
    [sid] = ann.me.track_publications
    await ann.me.unpublish_track(sid)
    await bob.see("track_unpublished", lambda publication, who: publication.sid == sid)


async def duplicate_identity(bob: Guest, eve: Guest, url: str, name: str, single: bool) -> None:
    again = await Guest("eve", name, single).join(url)
    (reason,) = await eve.see("disconnected")
    assert reason == rtc.DisconnectReason.DUPLICATE_IDENTITY, reason
    await again.me.publish_data(b"the new one")
    await bob.see("data_received", lambda packet: packet.data == b"the new one")
    await again.leave()


async def leaving(ann: Guest, bob: Guest) -> None:
    bob.forget()
    await ann.leave()
    await bob.see("participant_disconnected", lambda who: who.identity == "ann", within=5)
    await bob.leave()


async def main(url: str, mode: str) -> None:
    single, name = mode == "single", f"call/{mode} 🎧"

    async def step(what: str, doing: object) -> object:
        began = time.monotonic()
        result = await doing  # type: ignore[misc]
        print(f"ok {mode} {what} ({time.monotonic() - began:.1f} s)", flush=True)
        return result

    async with asyncio.timeout(90), Cable(url) as cable:
        ann = await Guest("ann", name, single).join(cable.url)
        bob = await Guest("bob", name, single).join(url)
        await step("audio", audio(ann, bob))
        await step("speakers", speakers(ann, bob))
        eve = await step("late comer", late_comer(url, name, single))
        await step("data", data(ann, bob, eve))
        await step("rpc", rpc(ann, bob))
        await step("attributes", attributes(ann, bob))
        await step("text streams", text_streams(ann, bob))
        await step("mute", mute(ann, bob))
        await step("subscription", subscription(ann, bob, single))
        await step("quality", quality(ann, bob))
        await step("resume", resume(ann, bob, cable))
        await step("full reconnect", full_reconnect(ann, bob))
        await step("duplicate identity", duplicate_identity(bob, eve, url, name, single))
        await step("unpublish", unpublish(ann, bob))
        await step("leaving", leaving(ann, bob))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
