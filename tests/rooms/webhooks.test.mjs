// What happens in rooms is told to a web server of ours: signed, in order, again where that fails.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { WebhookReceiver } from "livekit-server-sdk";
import { key, rooms, secret, unique, webhooksPort } from "./peer.mjs";
import { scene } from "./stage.mjs";

const PATIENCE = 60_000;

/** Takes webhooks, verifies each by LiveKit's SDK, keeps them. */
class Receiver {
  /** Each with its event, headers, body, and whether it was answered with 200. */
  taken = [];
  #verifier = new WebhookReceiver(key, secret);
  #watchers = new Set();
  /** Says of an event whether it is taken. */
  takes = () => true;
  #server = createServer(async (asked, answer) => {
    const pieces = [];
    for await (const piece of asked) pieces.push(piece);
    const body = Buffer.concat(pieces).toString();
    const event = await this.#verifier.receive(body, asked.headers.authorization).catch((error) => ({ error }));
    const taken = { event, body, headers: asked.headers, ok: this.takes(event) };
    this.taken.push(taken);
    answer.writeHead(taken.ok ? 200 : 500).end();
    for (const watch of this.#watchers) watch();
  });

  async open() {
    await new Promise((resume) => this.#server.listen(Number(webhooksPort), "127.0.0.1", resume));
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** What was told of a room, and what nobody signed. */
  of = (room) => this.taken.filter(({ event }) => event.error || event.room?.name === room);

  /** Waits until what was told of a room is enough. */
  until(room, isEnough, what) {
    return new Promise((resolve, reject) => {
      const names = () => this.of(room).map(({ event }) => event.error ?? event.event).join(" ");
      const late = setTimeout(() => reject(new Error(`never: ${what}; there were: ${names()}`)), PATIENCE);
      const watch = () => {
        if (!isEnough(this.of(room))) return;
        clearTimeout(late);
        this.#watchers.delete(watch);
        resolve(this.of(room));
      };
      this.#watchers.add(watch);
      watch();
    });
  }
}

const receiver = new Receiver();
before(() => receiver.open());
after(() => receiver.close());

const has = (name) => (taken) => taken.some(({ event }) => event.event === name);

describe("webhooks", { concurrency: 3 }, () => {
  scene("tell of a room's life, signed and in order", async ({ room, run }) => {
    await rooms.createRoom({ name: room, departureTimeout: 1, metadata: "of the room" });
    await run(async ({ join }) => {
      const ann = await join("ann", { options: { name: "Ann", attributes: { a: "b" } } });
      const bob = await join("bob");
      const { track } = await ann.publishTone(440);
      await bob.hear("ann", 440);
      await ann.me.unpublishTrack(track);
      await bob.see("trackUnpublished");
      await ann.room.disconnect();
      await bob.see("participantDisconnected");
      await bob.room.disconnect();
    });
    const taken = await receiver.until(room, has("room_finished"), "room_finished");
    for (const { event, headers } of taken) {
      assert.equal(event.error, undefined);
      assert.match(event.id, /^EV_/);
      assert.match(headers["content-type"], /^application\/webhook\+json/);
      assert.ok(Math.abs(Number(event.createdAt) - Date.now() / 1000) < 120, event.createdAt);
      assert.match(event.room.sid, /^RM_/);
    }
    const told = taken.map(({ event }) => [event.event, event.participant?.identity, event.track?.type].filter((it) => it !== undefined).join(" "));
    assert.deepEqual(told, [
      "room_started", "participant_joined ann", "participant_joined bob", "track_published ann 0", "track_unpublished ann 0",
      "participant_left ann", "participant_left bob", "room_finished",
    ]);
    const of = (name) => taken.find(({ event }) => event.event === name).event;
    assert.equal(of("room_started").room.metadata, "of the room");
    assert.deepEqual([of("participant_joined").participant.name, of("participant_joined").participant.attributes], ["Ann", { a: "b" }]);
    assert.match(of("track_published").track.sid, /^TR_AM/);
    assert.equal(new Set(taken.map(({ event }) => event.id)).size, taken.length);
  });

  scene("are sent again when they were not taken", async ({ room, run }) => {
    let refused = 0;
    const before = receiver.takes;
    receiver.takes = (event) => event.room?.name !== room || event.event !== "room_started" || (refused += 1) > 1;
    await run(({ join }) => join("ann").then(() => {}));
    const taken = await receiver.until(room, has("participant_joined"), "participant_joined");
    receiver.takes = before;
    const started = taken.filter(({ event }) => event.event === "room_started");
    assert.deepEqual(started.map(({ ok }) => ok), [false, true]);
    assert.equal(started[0].event.id, started[1].event.id);
    assert.equal(taken.at(-1).event.event, "participant_joined");
  });

  scene("say why somebody left", async ({ room, run }) => {
    await run(({ join }) => join("ann").then(() => {}));
    await rooms.removeParticipant(room, "ann");
    const taken = await receiver.until(room, has("participant_left"), "participant_left");
    assert.equal(taken.find(({ event }) => event.event === "participant_left").event.participant.disconnectReason, 4);
  });

  test("are told for a room that is made and never used", async () => {
    const name = unique("unused");
    await rooms.createRoom({ name, emptyTimeout: 1 });
    await receiver.until(name, has("room_started"), "room_started");
    await rooms.deleteRoom(name);
    await receiver.until(name, has("room_finished"), "room_finished");
  });
});
