"""Somebody in a room: LiveKit's own client, its events as they come, and a socket between that can be cut."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from livekit import rtc

from tokens import token

RATE = 48_000
FRAME = RATE // 100
# Of 32767; a sine's root mean square is 0.707 of this.
AMPLITUDE = 8_000
# Of 32767: what comfort noise stays below.
SILENCE = 200
# Of the frequency: on a busy machine a client plays late frames slower, or faster.
STRETCHED = 0.06
EVENTS = (
    "active_speakers_changed",
    "connection_quality_changed",
    "data_received",
    "disconnected",
    "e2ee_state_changed",
    "local_track_unpublished",
    "moved",
    "participant_active",
    "participant_attributes_changed",
    "participant_connected",
    "participant_disconnected",
    "participant_metadata_changed",
    "participant_name_changed",
    "participant_permissions_changed",
    "reconnected",
    "room_metadata_changed",
    "token_refreshed",
    "track_muted",
    "track_published",
    "track_subscribed",
    "track_subscription_failed",
    "track_unmuted",
    "track_unpublished",
    "track_unsubscribed",
)


class Guest:
    """A participant that remembers what happened to it, so that nothing is missed between two waits."""

    def __init__(self, identity: str, room: str, single: bool) -> None:
        self.identity = identity
        self.room = rtc.Room()
        self._name = room
        self._single = single
        self._seen: list[tuple[str, tuple[Any, ...]]] = []
        self._news = asyncio.Event()
        self._tone: asyncio.Task[None] | None = None
        for event in EVENTS:
            self.room.on(event, lambda *arguments, event=event: self._note(event, arguments))

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        self._seen.append((event, arguments))
        self._news.set()

    async def join(self, url: str, bearer: str | None = None, **more: Any) -> "Guest":
        """With a token of its own, or with `bearer`; `more` goes into the room's options."""
        options = rtc.RoomOptions(single_peer_connection=self._single, **more)
        await self.room.connect(url, bearer or token(self.identity, self._name), options)
        return self

    async def leave(self) -> None:
        if self._tone:
            self._tone.cancel()
        await self.room.disconnect()

    @property
    def me(self) -> rtc.LocalParticipant:
        return self.room.local_participant

    def of(self, identity: str) -> rtc.RemoteParticipant:
        return self.room.remote_participants[identity]

    def forget(self) -> None:
        """What happened until now is no answer to what follows."""
        self._seen.clear()

    def saw(self, event: str, fits: Callable[..., bool] = lambda *_: True) -> tuple[Any, ...] | None:
        return next((arguments for name, arguments in self._seen if name == event and fits(*arguments)), None)

    def all(self, event: str) -> list[tuple[Any, ...]]:
        """The arguments of each that happened."""
        return [arguments for name, arguments in self._seen if name == event]

    async def see(
        self, event: str, fits: Callable[..., bool] = lambda *_: True, *, within: float = 10
    ) -> tuple[Any, ...]:
        """Waits for an event; gives its arguments."""
        try:
            async with asyncio.timeout(within):
                while (arguments := self.saw(event, fits)) is None:
                    self._news.clear()
                    await self._news.wait()
                return arguments
        except TimeoutError:
            seen = [name for name, _ in self._seen]
            raise AssertionError(f"{self.identity} waited {within} s for {event} and saw {seen}") from None

    async def publish_tone(self, hertz: float) -> rtc.LocalTrackPublication:
        source = rtc.AudioSource(RATE, 1, queue_size_ms=100)
        track = rtc.LocalAudioTrack.create_audio_track(f"{hertz} Hz", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await self.me.publish_track(track, options)
        if self._tone:
            self._tone.cancel()
        self._tone = asyncio.create_task(_play(source, hertz))
        return publication

    async def hear(self, track: rtc.Track, hertz: float, *, within: float = 10) -> None:
        """Listens until one second of the tone was heard, about at the level at which it was played."""
        heard: list[str] = []
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1)
        try:
            async with asyncio.timeout(within):
                buffer = np.zeros(0, np.float64)
                async for event in stream:
                    buffer = np.append(buffer, np.frombuffer(event.frame.data, np.int16))
                    if len(buffer) >= RATE:
                        frequency, level = _measure(buffer[:RATE])
                        heard.append(f"{frequency:.0f} Hz at {level:.0f}")
                        if abs(frequency / hertz - 1) < STRETCHED and 0.5 < level / (AMPLITUDE * 0.707) < 2:
                            return
                        buffer = np.zeros(0, np.float64)
        except TimeoutError:
            raise AssertionError(f"{self.identity} waited for {hertz} Hz and heard {heard}") from None
        finally:
            await stream.aclose()

    async def hear_nothing(self, track: rtc.Track, *, within: float = 10) -> None:
        """Listens until a second went by without a sound, or without anything."""
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1)
        last_sound = time.monotonic()
        try:
            async with asyncio.timeout(within):
                while time.monotonic() < last_sound + 1:
                    try:
                        frame = (await asyncio.wait_for(anext(stream), 1)).frame
                    except (TimeoutError, StopAsyncIteration):
                        return
                    if np.abs(np.frombuffer(frame.data, np.int16).astype(int)).max() > SILENCE:
                        last_sound = time.monotonic()
        except TimeoutError:
            raise AssertionError(f"{self.identity} still hears something after {within} s") from None
        finally:
            await stream.aclose()


async def _play(source: rtc.AudioSource, hertz: float) -> None:
    at = 0
    while True:
        phase = 2 * np.pi * hertz * (at + np.arange(FRAME)) / RATE
        samples = (AMPLITUDE * np.sin(phase)).astype(np.int16)
        await source.capture_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, FRAME))
        at += FRAME


def _measure(samples: np.ndarray) -> tuple[float, float]:
    """The strongest frequency in Hz (one second of samples: one bin for each), and the root mean square."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax()), float(np.sqrt(np.mean(samples**2)))


class Cable:
    """Passes TCP connections on to a server, and can be cut."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Cable":
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Ends all connections, as a network that goes away does: without a word."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._server)
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
