"""An agent that hands its caller over to a person, as LiveKit's library does it (`WarmTransferTask`), with one change: the
person is not telephoned but joins. Run by `transfer.py` in an environment of its own (agents.txt)."""

import asyncio
import os
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobExecutorType, cli, utils
from livekit.agents.beta.workflows import WarmTransferTask

server = AgentServer(
    job_executor_type=JobExecutorType.THREAD, load_fnc=lambda: 0.0, num_idle_processes=1, host="127.0.0.1", port=0
)


class Handover(WarmTransferTask):
    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def on_enter(self) -> None:
        await super().on_enter()
        self.reached.set()

    def _setup_origination(self, **_: Any) -> None:
        """There is no telephone."""

    async def _originate_human_agent(self, *, room_name: str, identity: str, room: rtc.Room) -> None:
        assert self._caller_room
        await self._caller_room.local_participant.set_attributes({"room": room_name, "identity": identity})
        await utils.wait_for_participant(room, identity=identity)


class Receptionist(Agent):
    def __init__(self, job: JobContext) -> None:
        super().__init__(instructions="Hand over to a person.")
        self._job = job

    async def on_enter(self) -> None:
        task = Handover()

        async def connect(_: rtc.RpcInvocationData) -> str:
            """What a language model would decide."""
            await task.reached.wait()
            try:
                await task.connect_to_caller()
            except Exception as problem:
                raise rtc.RpcError(1, repr(problem)) from None
            return "connected"

        self._job.room.local_participant.register_rpc_method("connect", connect)
        result = await task
        await self._job.room.local_participant.set_attributes({"result": result.human_agent_identity})


@server.rtc_session(agent_name=os.environ["ECHO_NAME"])
async def receive(job: JobContext) -> None:
    await job.connect()
    await AgentSession().start(agent=Receptionist(job), room=job.room)


if __name__ == "__main__":
    cli.run_app(server)
