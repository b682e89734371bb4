"""What people in a room send each other besides media: packets, streams of text and bytes, calls."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from livekit import api, rtc

import box
from people import pair, visit
from twirp import admin, error, post

# A packet of a data channel carries this much; a call's payload has the same limit in the client's first version of calls.
PACKET_BYTES = 15 * 1024
STREAM_BYTES = 2 * 1024 * 1024
PACKETS = 100


async def packets_reach_whom_they_are_for() -> None:
    room = box.fresh("packets")
    async with pair(room) as (ann, bob), visit(room, "eve") as eve:
        await ann.me.publish_data(b"to all", topic="t")
        for guest in (bob, eve):
            (packet,) = await guest.see("data_received", lambda packet: packet.data == b"to all")
            assert packet.topic == "t" and packet.participant.identity == "ann", packet
            assert packet.kind == rtc.DataPacketKind.KIND_RELIABLE, packet
        # Some may be lost; on loopback not all.
        for _ in range(10):
            await ann.me.publish_data(b"lossy", reliable=False)
        (packet,) = await bob.see("data_received", lambda packet: packet.data == b"lossy")
        assert packet.kind == rtc.DataPacketKind.KIND_LOSSY, packet
        for nobody in ([], ["nobody"]):
            await ann.me.publish_data(b"to " + str(nobody).encode(), destination_identities=nobody)
        await ann.me.publish_data(b"to bob", destination_identities=["bob", "nobody"])
        await ann.me.publish_data(b"after")
        await bob.see("data_received", lambda packet: packet.data == b"to bob")
        await eve.see("data_received", lambda packet: packet.data == b"after")
        heard = {packet.data for (packet,) in eve.all("data_received")}
        assert heard == {b"to all", b"lossy", b"to []", b"after"}, heard
        assert not ann.saw("data_received"), "nobody hears herself"


async def many_packets_come_in_order() -> None:
    async with pair(box.fresh("many")) as (ann, bob):
        for nth in range(PACKETS):
            await ann.me.publish_data(nth.to_bytes(4, "big") * (PACKET_BYTES // 4))
        await bob.see("data_received", lambda packet: packet.data[:4] == (PACKETS - 1).to_bytes(4, "big"), within=60)
        told = [int.from_bytes(packet.data[:4], "big") for (packet,) in bob.all("data_received")]
        assert told == list(range(PACKETS)), told


async def servers_send_packets_too() -> None:
    room = box.fresh("server-data")
    async with box.server() as server, pair(room) as (ann, bob):

        async def send(data: bytes, **more: object) -> None:
            request = api.SendDataRequest(room=room, data=data, nonce=os.urandom(16), topic="t", **more)
            await server.room.send_data(request)

        await send(b"to all", kind=rtc.DataPacketKind.KIND_RELIABLE)
        for guest in (ann, bob):
            (packet,) = await guest.see("data_received", lambda packet: packet.data == b"to all")
            assert packet.participant is None and packet.topic == "t", packet
        await send(b"to bob", destination_identities=["bob"])
        await send(b"to ann", destination_sids=[ann.me.sid])
        await bob.see("data_received", lambda packet: packet.data == b"to bob")
        await ann.see("data_received", lambda packet: packet.data == b"to ann")
        assert not ann.saw("data_received", lambda packet: packet.data == b"to bob")
        assert not bob.saw("data_received", lambda packet: packet.data == b"to ann")
        short = {"room": room, "data": "aGVsbG8=", "nonce": "aGVsbG8="}
        await error(400, "invalid_argument", "SendData", short, grants=admin(room))


async def texts_arrive_whole() -> None:
    async with pair(box.fresh("texts")) as (ann, bob):
        read: asyncio.Queue[tuple[str, rtc.TextStreamInfo, str]] = asyncio.Queue()

        async def take(reader: rtc.TextStreamReader, sender: str) -> None:
            await read.put((sender, reader.info, await reader.read_all()))

        tasks: list[asyncio.Task[None]] = []
        bob.room.register_text_stream_handler("chat", lambda *stream: tasks.append(asyncio.create_task(take(*stream))))
        for text in ("short", "", "Guten Tag, مرحبا, 你好. " * 10_000):
            sent = await ann.me.send_text(text, topic="chat", attributes={"kind": "test"})
            sender, info, told = await asyncio.wait_for(read.get(), box.SOON_S)
            assert (sender, told) == ("ann", text) and info.stream_id == sent.stream_id, (sender, told[:100], info)
            assert info.attributes == {"kind": "test"} and info.topic == "chat", info
        writer = await ann.me.stream_text(topic="chat", destination_identities=["bob"])
        for part in ("bit ", "by ", "bit"):
            await writer.write(part)
        await writer.aclose()
        assert (await asyncio.wait_for(read.get(), box.SOON_S))[2] == "bit by bit"


async def bytes_arrive_whole() -> None:
    payload = os.urandom(STREAM_BYTES)
    async with pair(box.fresh("bytes")) as (ann, bob):
        read: asyncio.Queue[tuple[rtc.ByteStreamInfo, bytes]] = asyncio.Queue()

        async def take(reader: rtc.ByteStreamReader) -> None:
            await read.put((reader.info, b"".join([chunk async for chunk in reader])))

        tasks: list[asyncio.Task[None]] = []
        bob.room.register_byte_stream_handler("file", lambda reader, _: tasks.append(asyncio.create_task(take(reader))))
        writer = await ann.me.stream_bytes("noise.bin", total_size=len(payload), topic="file")
        await writer.write(payload)
        await writer.aclose()
        info, told = await asyncio.wait_for(read.get(), 60)
        assert told == payload and info.name == "noise.bin" and info.size == len(payload), info


async def calls_are_answered() -> None:
    async with pair(box.fresh("calls")) as (ann, bob):

        async def answer(call: rtc.RpcInvocationData) -> str:
            if call.payload == "fail":
                raise rtc.RpcError(1234, "as asked", data="more")
            if call.payload == "sleep":
                await asyncio.sleep(box.SOON_S)
            return f"{call.caller_identity}: {call.payload}"

        bob.me.register_rpc_method("greet", answer)

        async def call(payload: str, *, method: str = "greet", to: str = "bob", within: float = box.SOON_S) -> str:
            return await ann.me.perform_rpc(destination_identity=to, method=method, payload=payload, response_timeout=within)

        assert await call("hello") == "ann: hello"
        # At the limit of a packet, and over it, for which new clients have streams.
        for size in (PACKET_BYTES - 8, PACKET_BYTES + 1, 10 * PACKET_BYTES):
            assert await call("x" * size) == "ann: " + "x" * size, size
        await fails(call("fail"), 1234, "as asked", "more")
        await fails(call("", method="nothing"), rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD)
        await fails(call("sleep", within=2), rtc.RpcError.ErrorCode.RESPONSE_TIMEOUT)
        nobody = (rtc.RpcError.ErrorCode.RECIPIENT_NOT_FOUND, rtc.RpcError.ErrorCode.CONNECTION_TIMEOUT)
        await fails(call("hello", to="nobody"), *nobody)


async def fails(call: Awaitable[str], *expected: object) -> None:
    """Either all of (code, message, data) as far as given, or one of several codes."""
    try:
        answer = await call
    except rtc.RpcError as error:
        told = (error.code, error.message, error.data)
        assert told[: len(expected)] == expected or error.code in expected, told
    else:
        raise AssertionError(f"answered {answer[:100]}")


async def servers_call_people() -> None:
    room = box.fresh("server-calls")
    async with pair(room) as (ann, _):

        async def answer(call: rtc.RpcInvocationData) -> str:
            if call.payload == "fail":
                raise rtc.RpcError(1234, "as asked")
            return f"heard {call.payload}"

        ann.me.register_rpc_method("greet", answer)

        def ask(payload: str, **more: object) -> dict[str, object]:
            return {"room": room, "destination_identity": "ann", "method": "greet", "payload": payload} | more

        status, told = await post("PerformRpc", ask("hello"), grants=admin(room))
        assert (status, told) == (200, {"payload": "heard hello"}), (status, told)
        missing = (404, "not_found") if box.differs("who is not there is not there") else (503, "unavailable")
        for body, status, code, words in (
            (ask("fail"), 500, "internal", "1234: as asked"),
            (ask("hello", method="nothing"), 400, "invalid_argument", "1400: "),
            (ask("hello", destination_identity="nobody"), *missing, ""),
        ):
            assert words in await error(status, code, "PerformRpc", body, grants=admin(room)), body
        await error(400, "invalid_argument", "PerformRpc", ask("hello", destination_identity=""), grants=admin(room))


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    packets_reach_whom_they_are_for,
    many_packets_come_in_order,
    servers_send_packets_too,
    texts_arrive_whole,
    bytes_arrive_whole,
    calls_are_answered,
    servers_call_people,
)
