"""Pictures that are easily told apart after any codec: grey, brighter and darker by turns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from livekit import rtc

import box
from guest import Guest

I420 = rtc.VideoBufferType.I420
FRAME_S = 1 / 15
# Luma of the two pictures, and how many frames each is shown.
DARK, BRIGHT, EACH = 60, 190, 4
# What is left of the difference after a codec.
CONTRAST = 80


@asynccontextmanager
async def film(
    guest: Guest,
    width: int = 320,
    height: int = 180,
    codec: int = rtc.VideoCodec.VP8,
    *,
    simulcast: bool = False,
    screen: bool = False,
) -> AsyncIterator[rtc.LocalTrackPublication]:
    """Somebody's camera, or screen."""
    source = rtc.VideoSource(width, height, is_screencast=screen)
    track = rtc.LocalVideoTrack.create_video_track("film", source)
    kind = rtc.TrackSource.SOURCE_SCREENSHARE if screen else rtc.TrackSource.SOURCE_CAMERA
    options = rtc.TrackPublishOptions(source=kind, video_codec=codec, simulcast=simulcast)
    showing = asyncio.create_task(_show(source, width, height))
    try:
        yield await guest.me.publish_track(track, options)
    finally:
        showing.cancel()


async def _show(source: rtc.VideoSource, width: int, height: int) -> None:
    chroma = np.full(width * height // 2, 128, np.uint8)
    pictures = [
        rtc.VideoFrame(width, height, I420, np.concatenate([np.full(width * height, luma, np.uint8), chroma]).tobytes())
        for luma in (DARK, BRIGHT)
    ]
    nth = 0
    while True:
        source.capture_frame(pictures[nth // EACH % 2])
        nth += 1
        await asyncio.sleep(FRAME_S)


async def watch(track: rtc.Track, width: int, height: int, *, within: float = 20) -> None:
    """Watches until pictures of this size, dark and bright ones, were seen."""
    seen: dict[tuple[int, int], tuple[float, float]] = {}
    stream = rtc.VideoStream(track, format=I420)
    try:
        async with asyncio.timeout(within):
            async for event in stream:
                frame = event.frame
                size = (frame.width, frame.height)
                luma = float(np.frombuffer(frame.data, np.uint8, frame.width * frame.height).mean())
                darkest, brightest = seen.get(size, (luma, luma))
                seen[size] = min(darkest, luma), max(brightest, luma)
                darkest, brightest = seen[size]
                if size == (width, height) and brightest - darkest > CONTRAST:
                    return
    except TimeoutError:
        raise AssertionError(f"waited {within} s for {width}x{height} and saw {seen}") from None
    finally:
        await stream.aclose()


async def sees_nothing(track: rtc.Track, *, during: float = 3) -> None:
    """Makes sure that no picture can be seen for so long."""
    stream = rtc.VideoStream(track, format=I420)
    try:
        async with asyncio.timeout(during):
            async for event in stream:
                raise AssertionError(f"saw a picture of {event.frame.width}x{event.frame.height}")
    except TimeoutError:
        pass
    finally:
        await stream.aclose()


async def subscribed(guest: Guest, kind: int, *, to: str = "ann", within: float = box.SOON_S) -> rtc.Track:
    (track, *_) = await guest.see(
        "track_subscribed", lambda track, _, who: track.kind == kind and who.identity == to, within=within
    )
    return track
