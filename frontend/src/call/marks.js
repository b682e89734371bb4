// Marks for who measures how soon a call is heard: `call:start`, `call:connected` and `call:first-packet` in the page's
// performance timeline.

const LOOK_EVERY_MS = 10;
const GIVE_UP_AFTER_MS = 30_000;

export function markStart() {
  for (const name of ["call:start", "call:connected", "call:first-packet"]) performance.clearMarks(name);
  performance.mark("call:start");
}

export function markConnected() {
  performance.mark("call:connected");
}

/** @param {import("livekit-client").RemoteTrack} track the first that others sent */
export async function markFirstPacket(track) {
  const deadline = performance.now() + GIVE_UP_AFTER_MS;
  while (performance.now() < deadline && track.mediaStreamTrack.readyState === "live") {
    const report = await track.receiver?.getStats();
    const arrived = [...(report?.values() ?? [])].some((it) => it.type === "inbound-rtp" && it.packetsReceived > 0);
    if (arrived) {
      performance.mark("call:first-packet");
      return;
    }
    await new Promise((resume) => setTimeout(resume, LOOK_EVERY_MS));
  }
}
