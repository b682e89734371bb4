"""An agent without models: it plays back what it hears, answers packets, and says of itself what its job says. Run by
`agents.py` in an environment of its own (agents.txt); `ECHO_NAME`, `ECHO_KIND` (room or publisher) and `ECHO_LOAD` choose."""

import asyncio
import os

from livekit import rtc
from livekit.agents import AgentServer, JobContext, JobExecutorType, JobRequest, cli
from livekit.agents.worker import ServerType
from livekit.protocol import agent as proto

RATE = 48_000
LOAD = float(os.environ.get("ECHO_LOAD", "0"))

# One thread for each job, and the load as told: a busy machine is not to be judged here.
server = AgentServer(
    job_executor_type=JobExecutorType.THREAD, load_fnc=lambda: LOAD, num_idle_processes=1, host="127.0.0.1", port=0
)


async def request(wanted: JobRequest) -> None:
    match wanted.job.metadata:
        case "not me":
            await wanted.reject(terminate=False)
        case "nobody":
            await wanted.reject(terminate=True)
        case _:
            await wanted.accept(name="Echo", attributes={"job": wanted.id})


@server.rtc_session(
    agent_name=os.environ.get("ECHO_NAME", ""),
    type=ServerType[os.environ.get("ECHO_KIND", "room").upper()],
    on_request=request,
)
async def echo(job: JobContext) -> None:
    room, tasks = job.room, set()

    def begin(work: object) -> None:
        task = asyncio.create_task(work)  # type: ignore[arg-type]
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    source = rtc.AudioSource(RATE, 1, queue_size_ms=200)

    async def play_back(track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1):
            await source.capture_frame(event.frame)

    async def answer(packet: rtc.DataPacket) -> None:
        await room.local_participant.publish_data(b"echo: " + packet.data, topic=packet.topic or "")

    def heard(track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            begin(play_back(track))

    async def over(reason: str) -> None:
        print(f"over {job.job.id} {reason}", flush=True)

    room.on("track_subscribed", heard)
    room.on("data_received", lambda packet: begin(answer(packet)))
    job.add_shutdown_callback(over)
    await job.connect()
    voice = rtc.LocalAudioTrack.create_audio_track("echo", source)
    await room.local_participant.publish_track(voice, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
    about = {"kind": proto.JobType.Name(job.job.type), "for": job.job.participant.identity, "metadata": job.job.metadata}
    await room.local_participant.set_attributes(about | dict(job.job.attributes))


if __name__ == "__main__":
    cli.run_app(server)
