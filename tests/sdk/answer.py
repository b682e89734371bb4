"""How long a caller waits for the agent, as the caller hears it: from the end of the words in a recording to the first
sound of the answer that arrives.

LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… $(scripts/sdk-python) tests/sdk/answer.py URL RECORDING.wav …
"""

import asyncio
import sys
import time
import wave

import numpy as np
from livekit import rtc

from tokens import token

FRAME_S = 0.01
# Of 32767. Between these a recording's words end, and an answer begins.
LOUD = 600
GREETING_S = 12
PATIENCE_S = 15


async def play(source: rtc.AudioSource, samples: np.ndarray, rate: int) -> float:
    """Plays the recording at its own pace; gives the moment at which its last loud frame was handed over."""
    step = int(rate * FRAME_S)
    loud_until, began = 0.0, time.monotonic()
    for number in range(len(samples) // step):
        frame = samples[number * step : (number + 1) * step]
        due = began + number * FRAME_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await source.capture_frame(rtc.AudioFrame(frame.tobytes(), rate, 1, step))
        if np.abs(frame.astype(int)).max() > LOUD:
            loud_until = due + FRAME_S
    return loud_until


async def call(url: str, path: str) -> float:
    with wave.open(path) as file:
        rate = file.getframerate()
        words = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    name = f"answer-{time.time_ns()}"
    room, heard = rtc.Room(), []

    async def listen(track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=48_000, num_channels=1):
            if np.abs(np.frombuffer(event.frame.data, np.int16).astype(int)).max() > LOUD:
                heard.append(time.monotonic())

    tasks = []
    room.on("track_subscribed", lambda track, *_: tasks.append(asyncio.create_task(listen(track))))
    await room.connect(url, token("caller", name))
    source = rtc.AudioSource(rate, 1, queue_size_ms=20)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    await room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
    silence = np.zeros(rate * GREETING_S, np.int16)
    await play(source, silence, rate)
    patience = asyncio.create_task(play(source, np.concatenate([words, np.zeros(rate * PATIENCE_S, np.int16)]), rate))
    ended = await patience
    await room.disconnect()
    for task in tasks:
        task.cancel()
    later = [moment for moment in heard if moment > ended]
    if not later:
        raise SystemExit(f"{path}: nobody answered")
    return later[0] - ended


async def main(url: str, paths: list[str]) -> None:
    for path in paths:
        print(f"{path}: {await call(url, path) * 1000:.0f} ms", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
