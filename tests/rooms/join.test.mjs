// Coming into a room and leaving it: both of a client's ways, tokens, what is told of the server, the room and the others.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { api, differs, forge, key, rooms, secret, sign, unique } from "./peer.mjs";
import { scene, WAYS } from "./stage.mjs";

for (const { way, single } of WAYS) {
  describe(way, { concurrency: 3 }, () => {
    scene("two people meet and part", async ({ room, run }) => {
      const ann = await run(async ({ join, livekit }, single) => {
        const { room, me } = await join("ann", { single, options: { name: "Ann", metadata: "of ann", attributes: { desk: "7" } } });
        const { sid, identity, metadata, attributes, permissions } = me;
        return {
          name: room.name, roomSid: await room.getSid(), sid, identity, metadata, attributes, serverInfo: room.serverInfo,
          canPublish: permissions.canPublish, canSubscribe: permissions.canSubscribe, canPublishData: permissions.canPublishData,
          connected: room.state === livekit.ConnectionState.Connected,
        };
      }, single);
      assert.equal(ann.name, room);
      assert.match(ann.roomSid, /^RM_\w{12}$/);
      assert.match(ann.sid, /^PA_\w{12}$/);
      assert.deepEqual([ann.identity, ann.metadata, ann.attributes], ["ann", "of ann", { desk: "7" }]);
      assert.ok(ann.connected && ann.canPublish && ann.canSubscribe && ann.canPublishData);
      assert.match(ann.serverInfo.version, /^\d+\.\d+\.\d+/);
      assert.ok(ann.serverInfo.protocol >= 16 && ann.serverInfo.nodeId.startsWith("ND_"), JSON.stringify(ann.serverInfo));

      const met = await run(async ({ join, guests: { ann } }, single) => {
        const bob = await join("bob", { single });
        const [seen] = await ann.see("participantConnected", (who) => who.identity === "bob");
        const { name, metadata, attributes, sid } = bob.other("ann");
        await bob.room.disconnect();
        const [left] = await ann.see("participantDisconnected");
        return { name, metadata, attributes, isSame: sid === ann.me.sid, seen: seen.sid === bob.me.sid, left: left.identity, over: (await bob.see("disconnected"))[0] };
      }, single);
      assert.deepEqual(met, { name: "Ann", metadata: "of ann", attributes: { desk: "7" }, isSame: true, seen: true, left: "bob", over: 1 });
    });

    scene("who joins again as the same takes the place", async ({ run }) => {
      const reason = await run(async ({ join, livekit }, single) => {
        const first = await join("ann", { single });
        const bob = await join("bob", { single });
        const second = await join("ann", { single });
        const [reason] = await first.see("disconnected");
        await second.tell(bob, "the new one");
        return livekit.DisconnectReason[reason];
      }, single);
      assert.equal(reason, "DUPLICATE_IDENTITY");
    });

    scene("a token is refreshed as soon as it is used", async ({ run }) => {
      const { first, then } = await run(async ({ join, until }, single) => {
        const first = await window.tokenFor({ identity: "ann", options: { ttl: "1m" } });
        window.tokenFor = async () => first;
        const { room } = await join("ann", { single });
        return { first, then: await until(() => room.engine.token !== first && room.engine.token, "a new token") };
      }, single);
      const [before, after] = [first, then].map((token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")));
      assert.deepEqual([after.sub, after.iss, after.video.room], [before.sub, before.iss, before.video.room]);
      const lives = after.exp - Date.now() / 1000;
      const most = differs("a refreshed token lives no longer") ? 65 : 605;
      assert.ok(after.exp >= before.exp && lives < most && lives > most - 60, `for ${lives} s`);
    });
  });
}

describe("tokens", { concurrency: 4 }, () => {
  const room = unique("room");
  const cases = [
    ["good", () => sign({ room, identity: "ann" }), 200, /^success$/],
    ["none", () => undefined, 401, /permission|authoriz/i],
    ["no token at all", () => "nonsense", 401, /invalid/i],
    ["expired", () => sign({ room, identity: "ann", options: { ttl: "-5m" } }), 401, /invalid token|expired/i],
    ["another secret", () => sign({ room, identity: "ann", by: `${secret}!` }), 401, /invalid token|signature|error/i],
    ["another key", () => forge({ iss: `${key}X`, sub: "ann", video: { room, roomJoin: true } }), 401, /invalid/i],
    ["no right to join", () => sign({ room, identity: "ann", grants: { roomJoin: false } }), 401, /permission|does not allow/i],
    ["nobody", () => forge({ video: { room, roomJoin: true } }), differs("a token for nobody is no token") ? 401 : 400, /identity/i],
  ];
  for (const path of ["/rtc/validate", "/rtc/v1/validate"]) {
    for (const [what, make, status, words] of cases) {
      test(`${path}: ${what}`, async () => {
        // A `WrappedJoinRequest` that is not compressed, and has nothing in it.
        const query = new URLSearchParams(path.includes("v1") ? { join_request: "CAA=" } : {});
        const token = await make();
        if (token) query.set("access_token", token);
        const answer = await fetch(`${api}${path}?${query}`, { headers: { Origin: "https://elsewhere.example" } });
        assert.equal(answer.status, status, await answer.clone().text());
        assert.match(await answer.text(), words);
        assert.equal(answer.headers.get("access-control-allow-origin"), "*");
      });
    }
  }

  scene("a client is told why it may not come in", async ({ run }) => {
    const refused = await run(async ({ join, refusal, livekit }) => {
      const { name, reason, status } = await refusal(join("ann", { by: "another-secret-that-is-as-long-as-it-must-be" }));
      return { name, reason: livekit.ConnectionErrorReason[reason], status };
    });
    assert.deepEqual(refused, { name: "ConnectionError", reason: "NotAllowed", status: 401 });
  });
});

describe("what is told of the room and of people", { concurrency: 4 }, () => {
  scene("a room's metadata, from before and while people are there", async ({ room, run }) => {
    await rooms.createRoom({ name: room, metadata: "before" });
    const first = await run(async ({ join }) => (await join("ann")).room.metadata);
    assert.equal(first, "before");
    await rooms.updateRoomMetadata(room, "after");
    assert.equal(await run(async ({ guests: { ann } }) => (await ann.see("roomMetadataChanged"))[0]), "after");
  });

  scene("people change what is told of them", async ({ run }) => {
    const seen = await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      await ann.me.setName("Annabel");
      await ann.me.setMetadata("new");
      await ann.me.setAttributes({ desk: "7", language: "de" });
      await bob.see("participantNameChanged", (name) => name === "Annabel");
      await bob.see("participantMetadataChanged", () => bob.other("ann").metadata === "new");
      await bob.see("participantAttributesChanged", ({ desk, language }) => desk === "7" && language === "de");
      await ann.me.setAttributes({ desk: "" });
      await bob.see("participantAttributesChanged", ({ desk }) => desk === "");
      return bob.other("ann").attributes;
    });
    assert.deepEqual(seen, { language: "de" });
  });

  scene("who may not change it is told", async ({ run }) => {
    const errors = await run(async ({ join, refusal }) => {
      const { me } = await join("ann", { grants: { canUpdateOwnMetadata: false } });
      return [await refusal(me.setName("x")), await refusal(me.setAttributes({ a: "b" }))];
    });
    for (const { name, message, reason } of errors) {
      assert.equal(name, "SignalRequestError");
      assert.match(message, /does not have permission/);
      assert.equal(reason, 2);
    }
  });

  scene("who is told and counted", async ({ run, room }) => {
    await run(async ({ pair, until }) => {
      const { ann } = await pair();
      await until(() => ann.room.numParticipants === 2, "two participants");
    });
    const [{ numParticipants, sid }] = await rooms.listRooms([room]);
    assert.equal(numParticipants, 2);
    assert.match(sid, /^RM_/);
  });
});
