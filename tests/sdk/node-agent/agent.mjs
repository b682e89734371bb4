// An agent of LiveKit's library for Node.js, without models: it answers packets. `ECHO_NAME` is what it is called by.

import { fileURLToPath } from "node:url";
import { ServerOptions, cli, defineAgent } from "@livekit/agents";
import { RoomEvent } from "@livekit/rtc-node";

const self = fileURLToPath(import.meta.url);

export default defineAgent({
  entry: async (job) => {
    const { room } = job;
    room.on(RoomEvent.DataReceived, (payload, _sender, _kind, topic) => {
      const answer = new TextEncoder().encode(`echo: ${new TextDecoder().decode(payload)}`);
      room.localParticipant.publishData(answer, { reliable: true, topic });
    });
    await job.connect();
    await room.localParticipant.setAttributes({ kind: "JT_ROOM", metadata: job.job.metadata });
  },
});

if (process.argv[1] === self) {
  // The load as told: a busy machine is not to be judged here.
  const load = async () => 0;
  cli.runApp(
    new ServerOptions({ agent: self, agentName: process.env.ECHO_NAME, loadFunc: load, numIdleProcesses: 1, host: "127.0.0.1", port: 0 }),
  );
}
