// Connections that break: livekit-client's own scenarios, and whether sound and data go both ways afterwards.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { differs } from "./peer.mjs";
import { scene, WAYS } from "./stage.mjs";

const [ANN_HZ, BOB_HZ] = [440, 660];

/** Scenario, what its victim sees on the way to `reconnected`, and whether it comes back as somebody new. */
const SCENARIOS = [
  ["signal-reconnect", "signalReconnecting", false],
  ["disconnect-signal-on-resume", "signalReconnecting", false],
  ["disconnect-signal-on-resume-no-messages", "signalReconnecting", false],
  ["resume-reconnect", "signalReconnecting", true],
  ["full-reconnect", "reconnecting", true],
  ["migration", "signalReconnecting", !differs("who migrates stays the same")],
  ["node-failure", "signalReconnecting", true],
  ["force-tcp", "reconnecting", true],
];

/** What carries ann's media, as far as there is a connection. */
async function protocols({ guests: { ann } }) {
  const used = new Set();
  const { publisher, subscriber } = ann.room.engine.pcManager;
  for (const transport of [publisher, subscriber]) {
    const stats = [...((await transport?.getStats()) ?? new Map()).values()];
    for (const { selectedCandidatePairId } of stats.filter(({ type }) => type === "transport")) {
      const pair = stats.find(({ id }) => id === selectedCandidatePairId);
      if (pair) used.add(stats.find(({ id }) => id === pair.localCandidateId).protocol);
    }
  }
  return [...used];
}

for (const { way, single } of WAYS) {
  describe(way, { concurrency: 5 }, () => {
    for (const [scenario, seen, isNew] of SCENARIOS) {
      scene(scenario, async ({ run }) => {
        const before = await run(async ({ pair }, { single, ANN_HZ, BOB_HZ }) => {
          const { ann, bob } = await pair({ single });
          await Promise.all([ann.publishTone(ANN_HZ), bob.publishTone(BOB_HZ)]);
          await Promise.all([ann.hear("bob", BOB_HZ), bob.hear("ann", ANN_HZ)]);
          ann.forget();
          bob.forget();
          return ann.me.sid;
        }, { single, ANN_HZ, BOB_HZ });
        await run(async ({ guests: { ann } }, { scenario, seen }) => {
          await ann.room.simulateScenario(scenario);
          await ann.see(seen);
          await ann.see("reconnected");
        }, { scenario, seen });
        const { after, left } = await run(async ({ until, guests: { ann, bob } }, { ANN_HZ, BOB_HZ }) => {
          await until(() => bob.other("ann")?.sid === ann.me.sid, "bob knows who ann is now");
          await Promise.all([ann.hear("bob", BOB_HZ), bob.hear("ann", ANN_HZ)]);
          await Promise.all([ann.reach(bob), bob.reach(ann)]);
          return { after: ann.me.sid, left: bob.saw("participantDisconnected") };
        }, { ANN_HZ, BOB_HZ });
        assert.equal(after !== before, isNew);
        assert.ok(isNew || !left, "somebody saw ann leave");
        if (scenario === "force-tcp") assert.deepEqual(await run(protocols), ["tcp"]);
      });
    }

    scene("server-leave", async ({ run }) => {
      const ended = await run(async ({ pair, livekit }, single) => {
        const { ann, bob } = await pair({ single });
        await ann.room.simulateScenario("server-leave");
        const [reason] = await ann.see("disconnected");
        await bob.see("participantDisconnected");
        return livekit.DisconnectReason[reason];
      }, single);
      assert.equal(ended, "SERVER_SHUTDOWN");
    });

    scene("speaker", async ({ run }) => {
      const told = await run(async ({ pair }, single) => {
        const { ann } = await pair({ single });
        await ann.room.simulateScenario("speaker");
        const [[speaker]] = await ann.see("activeSpeakersChanged", ([who]) => who?.identity === "ann");
        const level = speaker.audioLevel;
        await ann.see("activeSpeakersChanged", (speakers) => speakers.length === 0);
        return level;
      }, single);
      assert.ok(told > 0.5, told);
    });
  });
}
