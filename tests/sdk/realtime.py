"""What `POST /api/voice/realtime` gives, as a front end of somebody's own uses it: `realtime.py ws://HOST:PORT`, a server in
development mode with one line."""

import asyncio
import json
import sys
import urllib.request
from typing import Any

import numpy as np
from livekit import rtc

PATH = "/api/voice/realtime"
CONTEXT = {"plan": "gold", "city": "Manchester", "dog": "a beagle called Biscuit", "since": "March 2019"}
RATE = 48_000
# Of 32767: a voice is well above, comfort noise well below.
LOUD = 600
PATIENCE_S = 30


async def ask(server: str, body: dict[str, Any]) -> dict[str, Any]:
    address = server.replace("ws", "http", 1) + PATH
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def send() -> dict[str, Any]:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return await asyncio.to_thread(send)


class Visit:
    """Somebody in the room that the server has made, who reads and hears the agent."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._heard = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.room.register_text_stream_handler("lk.transcription", lambda *stream: self._begin(self._read(*stream)))
        self.room.on("track_subscribed", lambda track, *_: self._begin(self._listen(track)))

    def _begin(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        words = await reader.read_all()
        is_final = reader.info.attributes["lk.transcription_final"] == "true"
        if is_final and identity != self.room.local_participant.identity:
            self._said.put_nowait(words)

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1):
            if np.abs(np.frombuffer(event.frame.data, np.int16).astype(int)).max() > LOUD:
                self._heard.set()

    async def join(self, url: str, token: str) -> None:
        await self.room.connect(url, token)
        source = rtc.AudioSource(RATE, 1, queue_size_ms=100)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self.room.local_participant.publish_track(track, options)
        self._begin(_keep_silent(source))

    async def agent_says(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return await self._said.get()

    async def agent_is_heard(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._heard.wait()

    async def agent_listens(self) -> None:
        """Waits until the agent has said all that it wanted to say."""
        async with asyncio.timeout(PATIENCE_S):
            while "listening" not in (it.attributes.get("lk.agent.state") for it in self.room.remote_participants.values()):
                await asyncio.sleep(0.1)

    async def leave(self) -> None:
        await self.room.disconnect()
        for task in self._tasks:
            task.cancel()


async def _keep_silent(source: rtc.AudioSource) -> None:
    while True:
        await source.capture_frame(rtc.AudioFrame.create(RATE, 1, RATE // 100))


async def visit(server: str, **wanted: Any) -> Visit:
    way = await ask(server, wanted)
    assert way["success"] and way["agent_available"] and "conversationId" not in way, way
    assert way["url"] == way["serverUrl"] == server and way["roomName"].startswith("voice-support-"), way
    guest = Visit()
    await guest.join(way["url"], way["token"])
    assert guest.room.name == way["roomName"] and guest.room.local_participant.name == wanted["userName"]
    greeting = await guest.agent_says()
    assert "automated" in greeting, greeting
    await guest.agent_is_heard()
    # What is typed into a greeting cuts it short, and its words come once more.
    await guest.agent_listens()
    await guest.room.local_participant.send_text("Hello, who are you?", topic="lk.chat")
    assert await guest.agent_says()
    return guest


async def free(server: str) -> None:
    """Waits until the line is free again: who leaves may come back within three seconds."""
    async with asyncio.timeout(PATIENCE_S):
        while not (await ask(server, {}))["agent_available"]:
            await asyncio.sleep(0.5)


async def main(server: str) -> None:
    amanda = await visit(server, userName="Amanda", context=CONTEXT, language="en")
    print("ok the answer's url and token lead to an agent who greets, is heard, and answers")
    way = await ask(server, {"userName": "Chen", "context": CONTEXT})
    assert way["success"] and not way["agent_available"] and way["message"] and way["conversationId"], way
    print("ok while the line is busy, a conversation in writing is offered")
    await amanda.leave()
    await free(server)
    print("ok the line is free again")
    bilal = await visit(server, userName="Bilal", language="en")
    await bilal.leave()
    print("ok somebody of whom nothing is known is answered, too")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
