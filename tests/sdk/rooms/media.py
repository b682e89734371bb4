"""Sound and pictures from one to another, and who decides whether they go."""

from collections.abc import Awaitable, Callable
from functools import partial

from livekit import api, rtc

import box
from people import pair, visit
from pictures import film, sees_nothing, subscribed, watch

AUDIO, VIDEO = rtc.TrackKind.KIND_AUDIO, rtc.TrackKind.KIND_VIDEO
ANN_HERTZ, BOB_HERTZ = 440, 620


async def voices_are_heard(single: bool) -> None:
    async with pair(box.fresh("voices"), single=single) as (ann, bob):
        await ann.publish_tone(ANN_HERTZ)
        await bob.publish_tone(BOB_HERTZ)
        await bob.hear(await subscribed(bob, AUDIO), ANN_HERTZ)
        await ann.hear(await subscribed(ann, AUDIO, to="bob"), BOB_HERTZ)


async def pictures_are_seen(codec: str, single: bool = False) -> None:
    async with pair(box.fresh("pictures"), single=single) as (ann, bob), film(ann, codec=rtc.VideoCodec.Value(codec)):
        track = await subscribed(bob, VIDEO)
        await watch(track, 320, 180)
        [publication] = bob.of("ann").track_publications.values()
        assert publication.mime_type.lower() == f"video/{codec}".lower(), publication.mime_type
        assert publication.source == rtc.TrackSource.SOURCE_CAMERA and not publication.simulcasted


async def each_sees_the_size_that_is_asked_for() -> None:
    room = box.fresh("sizes")
    async with pair(room) as (ann, bob), film(ann, 960, 540, simulcast=True):
        track = await subscribed(bob, VIDEO)
        [publication] = bob.of("ann").track_publications.values()
        assert publication.simulcasted and (publication.width, publication.height) == (960, 540), publication
        await watch(track, 960, 540)
        publication.set_video_quality(rtc.VideoQuality.VIDEO_QUALITY_LOW)
        await watch(track, 320, 180)
        async with visit(room, "eve") as eve:
            await watch(await subscribed(eve, VIDEO), 960, 540)
        publication.set_video_quality(rtc.VideoQuality.VIDEO_QUALITY_HIGH)
        await watch(track, 960, 540)


async def a_screen_is_shared() -> None:
    async with pair(box.fresh("screen")) as (ann, bob), film(ann, 640, 360, screen=True):
        await watch(await subscribed(bob, VIDEO), 640, 360)
        [publication] = bob.of("ann").track_publications.values()
        assert publication.source == rtc.TrackSource.SOURCE_SCREENSHARE


async def who_comes_late_sees_too() -> None:
    room = box.fresh("late-picture")
    async with pair(room) as (ann, bob), film(ann) as published:
        await watch(await subscribed(bob, VIDEO), 320, 180)
        async with visit(room, "eve") as eve:
            track = await subscribed(eve, VIDEO)
            await watch(track, 320, 180)
            published.track.mute()
            await eve.see("track_muted", lambda who, what: what.sid == published.sid)
            published.track.unmute()
            await eve.see("track_unmuted")
            await watch(track, 320, 180)
        async with visit(room, "eve", options={"auto_subscribe": False}) as eve:
            [publication] = eve.of("ann").track_publications.values()
            assert not publication.subscribed
            publication.set_subscribed(True)
            await watch(await subscribed(eve, VIDEO), 320, 180)


async def who_publishes_says_who_may_subscribe() -> None:
    room = box.fresh("chosen")
    async with pair(room) as (ann, bob), visit(room, "eve") as eve:
        permit = ann.me.set_track_subscription_permissions
        only_eve = rtc.ParticipantTrackPermission(participant_identity="eve", allow_all=True)
        permit(allow_all_participants=False, participant_permissions=[only_eve])
        await ann.publish_tone(ANN_HERTZ)
        await eve.hear(await subscribed(eve, AUDIO), ANN_HERTZ)
        assert not bob.saw("track_subscribed")
        permit(allow_all_participants=True)
        track = await subscribed(bob, AUDIO)
        await bob.hear(track, ANN_HERTZ)
        permit(allow_all_participants=False)
        await bob.hear_nothing(track)


async def what_is_encrypted_goes_through() -> None:
    room = box.fresh("secret")

    def key(secret: bytes) -> dict[str, rtc.E2EEOptions]:
        provider = rtc.KeyProviderOptions(shared_key=secret)
        return {"encryption": rtc.E2EEOptions(key_provider_options=provider)}

    async with (
        pair(room, options=key(b"known to both")) as (ann, bob),
        visit(room, "eve", options=key(b"not known")) as eve,
        film(ann),
    ):
        await ann.publish_tone(ANN_HERTZ)
        track = await subscribed(bob, VIDEO)
        await watch(track, 320, 180)
        await bob.hear(await subscribed(bob, AUDIO), ANN_HERTZ)
        for publication in bob.of("ann").track_publications.values():
            assert publication.encryption_type == rtc.EncryptionType.GCM, publication
        await sees_nothing(await subscribed(eve, VIDEO))
        await ann.me.publish_data(b"also secret")
        await bob.see("data_received", lambda packet: packet.data == b"also secret")


async def a_server_mutes() -> None:
    async with box.server() as server, pair(room := box.fresh("mutes")) as (ann, bob):
        published = await ann.publish_tone(ANN_HERTZ)
        await bob.hear(await subscribed(bob, AUDIO), ANN_HERTZ)
        mute = partial(api.MuteRoomTrackRequest, room=room, identity="ann", track_sid=published.sid)
        muted = await server.room.mute_published_track(mute(muted=True))
        assert muted.track.sid == published.sid and muted.track.muted, muted
        await bob.see("track_muted", lambda who, what: what.sid == published.sid)
        await ann.see("track_muted", lambda who, what: what.sid == published.sid)
        await box.refused("failed_precondition", 412, server.room.mute_published_track(mute(muted=False)))
        published.track.unmute()
        await bob.see("track_unmuted")


async def a_server_subscribes() -> None:
    async with box.server() as server, pair(room := box.fresh("subscribes")) as (ann, bob):
        published = await ann.publish_tone(ANN_HERTZ)
        track = await subscribed(bob, AUDIO)
        await bob.hear(track, ANN_HERTZ)

        async def change(subscribe: bool) -> None:
            request = {"room": room, "identity": "bob", "track_sids": [published.sid], "subscribe": subscribe}
            await server.room.update_subscriptions(api.UpdateSubscriptionsRequest(**request))

        await change(False)
        await bob.hear_nothing(track)
        await change(True)
        await bob.hear(track, ANN_HERTZ)


def named(name: str, test: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    test.__name__ = name  # type: ignore[attr-defined]
    return test


TESTS: tuple[Callable[[], Awaitable[None]], ...] = (
    named("voices_are_heard_over_two_connections", partial(voices_are_heard, False)),
    named("voices_are_heard_over_one_connection", partial(voices_are_heard, True)),
    *(named(f"pictures_are_seen_in_{it}", partial(pictures_are_seen, it)) for it in ("VP8", "H264", "VP9", "AV1")),
    named("pictures_are_seen_over_one_connection", partial(pictures_are_seen, "VP8", True)),
    each_sees_the_size_that_is_asked_for,
    a_screen_is_shared,
    who_comes_late_sees_too,
    who_publishes_says_who_may_subscribe,
    what_is_encrypted_goes_through,
    a_server_mutes,
    a_server_subscribes,
)
