// Data between people: packets, text and byte streams, remote procedure calls.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { differs } from "./peer.mjs";
import { scene, WAYS } from "./stage.mjs";

describe("packets", { concurrency: 4 }, () => {
  for (const { way, single } of WAYS) {
    scene(`reliable and lossy, with a topic, to all and to some (${way})`, async ({ run }) => {
      const seen = await run(async ({ pair, join, until }, single) => {
        const { ann, bob } = await pair({ single });
        const eve = await join("eve", { single });
        await until(() => ann.other("eve") && bob.other("eve"), "eve is known");
        const send = (text, options) => ann.me.publishData(new TextEncoder().encode(text), options);
        const read = (guest, text) => guest.see("dataReceived", (data) => new TextDecoder().decode(data) === text);
        await send("to all", { reliable: true, topic: "news" });
        const [, from, , topic] = (await Promise.all([read(bob, "to all"), read(eve, "to all")]))[0];
        // What is lossy may be lost: not all of many, here.
        const hasRead = (guest, text) => guest.saw("dataReceived", (data) => new TextDecoder().decode(data) === text);
        await until(async () => hasRead(bob, "lossy") || void (await send("lossy", { reliable: false })), "a lossy packet");
        await send("to bob", { reliable: true, destinationIdentities: ["bob"] });
        await read(bob, "to bob");
        await send("after", { reliable: true });
        await read(eve, "after");
        return { from: from.identity, topic, leaked: hasRead(eve, "to bob"), echoed: ann.saw("dataReceived") };
      }, single);
      assert.deepEqual(seen, { from: "ann", topic: "news", leaked: false, echoed: false });
    });
  }

  scene("many reliable ones arrive, whole and in order", async ({ run }) => {
    const order = await run(async ({ pair, until }) => {
      const { ann, bob } = await pair();
      const [count, size] = [600, 12_000];
      const numbers = [];
      bob.room.on("dataReceived", (data) => {
        if (data.length === size) numbers.push(new DataView(data.buffer, data.byteOffset).getUint32(0));
      });
      const data = new Uint8Array(size);
      for (let number = 0; number < count; number += 1) {
        new DataView(data.buffer).setUint32(0, number);
        await ann.me.publishData(data, { reliable: true });
      }
      await until(() => numbers.length === count, `${count} packets`);
      return numbers.every((number, index) => number === index);
    });
    assert.equal(order, true);
  });

  scene("chat and telephone keys", async ({ run }) => {
    const seen = await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      await ann.me.sendChatMessage("hello");
      await ann.me.publishDtmf(5, "5");
      const [{ message }, from] = await bob.see("chatMessage");
      const [{ code, digit }, who] = await bob.see("sipDTMFReceived");
      return [message, from.identity, code, digit, who.identity];
    });
    assert.deepEqual(seen, ["hello", "ann", 5, "5", "ann"]);
  });

  scene("who may not publish data reaches nobody", async ({ run }) => {
    const leaked = await run(async ({ join, until }) => {
      const ann = await join("ann", { grants: { canPublishData: false } });
      const bob = await join("bob");
      const eve = await join("eve");
      await ann.me.publishData(new TextEncoder().encode("hush"), { reliable: true }).catch(() => {});
      await until(() => bob.other("eve"), "eve is known");
      await eve.reach(bob);
      return bob.saw("dataReceived", (data) => new TextDecoder().decode(data) === "hush");
    });
    assert.equal(leaked, false);
  });
});

describe("streams", { concurrency: 3 }, () => {
  scene("a text, short and long, and one that is written bit by bit", async ({ run }) => {
    const read = await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      const long = "Guten Tag, مرحبا, 你好. ".repeat(4_000);
      const texts = [];
      const all = new Promise((resolve) => {
        bob.room.registerTextStreamHandler("talk", async (reader, { identity }) => {
          texts.push([identity, reader.info.attributes, await reader.readAll()]);
          if (texts.length === 3) resolve();
        });
      });
      await ann.me.sendText("short", { topic: "talk", attributes: { tone: "kind" } });
      await ann.me.sendText(long, { topic: "talk" });
      const writer = await ann.me.streamText({ topic: "talk", destinationIdentities: ["bob"] });
      for (const word of ["one ", "two ", "three"]) await writer.write(word);
      await writer.close();
      await all;
      const find = (text) => texts.find((it) => it[2] === text);
      return { short: find("short"), long: find(long)?.[0], bits: find("one two three")?.[0] };
    });
    assert.deepEqual(read, { short: ["ann", { tone: "kind" }, "short"], long: "ann", bits: "ann" });
  });

  scene("a file", async ({ run }) => {
    const read = await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      const received = new Promise((resolve) => {
        bob.room.registerByteStreamHandler("files", async (reader) => resolve([reader.info, await reader.readAll()]));
      });
      const progress = [];
      await ann.me.sendFile(new File([new Uint8Array(200_000).fill(7)], "seven.bin", { type: "application/x-seven" }), {
        topic: "files", mimeType: "application/x-seven", onProgress: (part) => progress.push(part),
      });
      const [{ name, mimeType, size }, pieces] = await received;
      const blob = new Uint8Array(await new Blob(pieces).arrayBuffer());
      return { name, mimeType, size, length: blob.length, isWhole: blob.every((it) => it === 7), last: progress.at(-1) };
    });
    assert.deepEqual(read, { name: "seven.bin", mimeType: "application/x-seven", size: 200_000, length: 200_000, isWhole: true, last: 1 });
  });

  scene("5 MB of bytes", async ({ run }) => {
    const read = await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      const bytes = new Uint8Array(5_000_000);
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = (at * 31) >> 5;
      const hash = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data)).join();
      const received = new Promise((resolve) => {
        bob.room.registerByteStreamHandler("bulk", async (reader) => resolve(new Blob(await reader.readAll()).arrayBuffer()));
      });
      const writer = await ann.me.streamBytes({ topic: "bulk", name: "bulk", totalSize: bytes.length });
      for (let at = 0; at < bytes.length; at += 100_000) await writer.write(bytes.subarray(at, at + 100_000));
      await writer.close();
      const data = await received;
      return { length: data.byteLength, isSame: (await hash(data)) === (await hash(bytes)) };
    });
    assert.deepEqual(read, { length: 5_000_000, isSame: true });
  });
});

describe("data tracks", { concurrency: 2 }, () => {
  for (const { way, single } of WAYS) {
    scene(`frames, short and longer than a packet (${way})`, async ({ run }) => {
      const seen = await run(async ({ pair, until }, single) => {
        const { ann, bob } = await pair({ single });
        const local = await ann.me.publishDataTrack({ name: "sensor" });
        const [remote] = await bob.see("dataTrackPublished");
        const lengths = new Set();
        const reader = remote.subscribe().getReader();
        const read = async () => {
          for (;;) {
            const { done, value } = await reader.read();
            if (done) return;
            if (value.payload.every((it) => it === 7)) lengths.add(value.payload.length);
          }
        };
        const over = read();
        await until(() => {
          for (const length of [10, 4_000]) local.tryPush({ payload: new Uint8Array(length).fill(7) });
          return lengths.size === 2;
        }, "both frames");
        await local.unpublish();
        await bob.see("dataTrackUnpublished");
        await over.catch(() => {});
        return { name: remote.info.name, from: remote.publisherIdentity, lengths: [...lengths].sort((one, other) => one - other) };
      }, single);
      assert.deepEqual(seen, { name: "sensor", from: "ann", lengths: [10, 4_000] });
    });
  }
});

describe("remote procedure calls", { concurrency: 4 }, () => {
  for (const { way, single } of WAYS) {
    scene(`answers and errors (${way})`, async ({ run }) => {
      const { answer, errors } = await run(async ({ pair, refusal, livekit }, single) => {
        const { ann, bob } = await pair({ single });
        bob.room.registerRpcMethod("greet", async ({ callerIdentity, payload }) => `${callerIdentity} said ${payload}`);
        bob.room.registerRpcMethod("fail", async () => { throw new livekit.RpcError(1234, "as asked", "more"); });
        bob.room.registerRpcMethod("crash", async () => { throw new Error("a fault"); });
        const call = (method, payload = "") => ann.me.performRpc({ destinationIdentity: "bob", method, payload });
        const answer = await call("greet", "hello");
        const errors = {};
        for (const method of ["fail", "crash", "nothing"]) errors[method] = (await refusal(call(method))).code;
        return { answer, errors };
      }, single);
      assert.equal(answer, "ann said hello");
      assert.deepEqual(errors, { fail: 1234, crash: 1500, nothing: 1400 });
    });
  }

  /** Clients of the first version (`clientProtocol` 0) get packets of 15 kB at most; later ones streams. */
  scene("payloads about 15 kB, in both versions", async ({ run }) => {
    const seen = await run(async ({ pair, refusal }) => {
      const { ann, bob } = await pair();
      bob.room.registerRpcMethod("echo", async ({ payload }) => payload);
      bob.room.registerRpcMethod("long", async () => "x".repeat(15_361));
      const call = (method, payload = "") => ann.me.performRpc({ destinationIdentity: "bob", method, payload });
      const lengths = async () => [(await call("echo", "x".repeat(15_360))).length];
      const later = [...(await lengths()), (await call("echo", "x".repeat(15_361))).length, (await call("echo", "é".repeat(100_000))).length];
      ann.other("bob").clientProtocol = 0;
      bob.other("ann").clientProtocol = 0;
      const first = [...(await lengths()), (await refusal(call("echo", "x".repeat(15_361)))).code, (await refusal(call("long"))).code];
      return { later, first };
    });
    assert.deepEqual(seen, { later: [15_360, 15_361, 100_000], first: [15_360, 1402, 1504] });
  });

  scene("who does not answer, is not there, or leaves meanwhile", async ({ run }) => {
    const codes = await run(async ({ pair, refusal }) => {
      const { ann, bob } = await pair();
      let called;
      const isCalled = new Promise((resolve) => { called = resolve; });
      bob.room.registerRpcMethod("sleep", () => new Promise(() => {}));
      bob.room.registerRpcMethod("wait", () => new Promise(() => { called(); }));
      const call = (destinationIdentity, method, responseTimeout) => refusal(ann.me.performRpc({ destinationIdentity, method, payload: "", responseTimeout }));
      const [late, nobody] = await Promise.all([call("bob", "sleep", 1_000), call("nobody", "sleep", 10_000)]);
      const left = call("bob", "wait", 20_000);
      await isCalled;
      await bob.room.disconnect();
      return [late.code, nobody.code, (await left).code];
    });
    assert.deepEqual(codes, [1502, 1501, 1503]);
  });
});
