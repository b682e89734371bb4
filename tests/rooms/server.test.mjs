// The server's API (Twirp): each method by LiveKit's server SDK, in JSON and in protobuf, and what it refuses.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CreateRoomRequest, DataPacket_Kind, ListRoomsRequest, ListRoomsResponse, ParticipantInfo_State, PerformRpcRequest, Room, TrackSource,
} from "@livekit/protocol";
import { RoomAgentDispatch, RoomServiceClient } from "livekit-server-sdk";
import { api, differs, dispatches, forge, key, refused, rooms, secret, unique } from "./peer.mjs";
import { scene } from "./stage.mjs";

const ADMIN = { roomCreate: true, roomList: true };

/** Calls a method without an SDK; gives status, type and body of the answer. */
async function twirp(method, { body, type = "application/json", token = forge({ video: ADMIN }), verb = "POST", service = "RoomService" }) {
  const headers = { "Content-Type": type, ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${api}/twirp/livekit.${service}/${method}`, { method: verb, headers, body });
  return { status: answer.status, type: answer.headers.get("content-type"), body: Buffer.from(await answer.arrayBuffer()) };
}

describe("rooms", { concurrency: 4 }, () => {
  test("are made, listed, changed and ended", async () => {
    const name = unique("made");
    const made = await rooms.createRoom({ name, metadata: "of the room", emptyTimeout: 77, departureTimeout: 7, maxParticipants: 3 });
    assert.match(made.sid, /^RM_/);
    assert.deepEqual([made.name, made.metadata, made.emptyTimeout, made.departureTimeout, made.maxParticipants, made.numParticipants],
      [name, "of the room", 77, 7, 3, 0]);
    assert.ok(made.creationTime > 0n && made.enabledCodecs.some(({ mime }) => /opus/i.test(mime)));
    const again = await rooms.createRoom({ name });
    assert.equal(again.sid, made.sid);
    const other = await rooms.createRoom({ name: unique("other") });
    assert.deepEqual((await rooms.listRooms([name])).map(({ sid }) => sid), [made.sid]);
    assert.ok((await rooms.listRooms()).some(({ sid }) => sid === other.sid));
    assert.deepEqual(await rooms.listRooms([unique("nothing")]), []);
    await rooms.deleteRoom(name);
    assert.deepEqual(await rooms.listRooms([name]), []);
    await refused(rooms.deleteRoom(name), "not_found", 404, /room does not exist/);
    await rooms.deleteRoom(other.name);
  });

  test("are named within bounds", async () => {
    await refused(rooms.createRoom({ name: "x".repeat(257) }), "invalid_argument", 400, /room name length exceeds limits/);
    await refused(rooms.createRoom({ name: unique("big"), metadata: "x".repeat(512 * 1024 + 1) }), "invalid_argument", 400, /metadata size exceeds limits/);
    await refused(rooms.updateRoomMetadata(unique("nothing"), "x"), "not_found", 404, /room does not exist/);
  });

  scene("send people away when they end", async ({ room, run }) => {
    await run(({ join }) => join("ann").then(() => {}));
    await rooms.deleteRoom(room);
    const reason = await run(async ({ guests: { ann }, livekit }) => livekit.DisconnectReason[(await ann.see("disconnected"))[0]]);
    assert.equal(reason, "ROOM_DELETED");
  });

  scene("are as the token of the first says", async ({ room, run }) => {
    const metadata = await run(async ({ join }) => {
      const agents = [{ agentName: "helper", metadata: "of the job" }];
      const roomConfig = { metadata: "of the token", emptyTimeout: 55, departureTimeout: 5, maxParticipants: 2, agents };
      return (await join("ann", { roomConfig })).room.metadata;
    });
    const [made] = await rooms.listRooms([room]);
    assert.deepEqual([metadata, made.metadata, made.emptyTimeout, made.departureTimeout, made.maxParticipants],
      ["of the token", "of the token", 55, 5, 2]);
    assert.deepEqual((await dispatches.listDispatch(room)).map(({ agentName, metadata }) => [agentName, metadata]), [["helper", "of the job"]]);
  });

  scene("take no more people than they may", async ({ room, run }) => {
    await rooms.createRoom({ name: room, maxParticipants: 1 });
    const { message } = await run(async ({ join, refusal }) => {
      await join("ann");
      return refusal(join("bob"));
    });
    assert.ok(message, message);
    assert.deepEqual((await rooms.listParticipants(room)).map(({ identity }) => identity), ["ann"]);
  });
});

describe("participants", { concurrency: 4 }, () => {
  scene("are listed with what they publish", async ({ room, run }) => {
    await run(async ({ pair }) => {
      const { ann, bob } = await pair({ options: { name: "A name", metadata: "m", attributes: { a: "b" } } });
      await Promise.all([ann.publishTone(440), ann.publishCamera()]);
      await bob.watch("ann");
    });
    const listed = await rooms.listParticipants(room);
    assert.deepEqual(listed.map(({ identity }) => identity).sort(), ["ann", "bob"]);
    const ann = await rooms.getParticipant(room, "ann");
    assert.deepEqual([ann.name, ann.metadata, ann.attributes, ann.state], ["A name", "m", { a: "b" }, ParticipantInfo_State.ACTIVE]);
    assert.ok(ann.joinedAt > 0n && ann.permission.canPublish && ann.isPublisher);
    const sources = Object.fromEntries(ann.tracks.map((track) => [TrackSource[track.source], track]));
    assert.deepEqual(Object.keys(sources).sort(), ["CAMERA", "MICROPHONE"]);
    assert.equal(sources.CAMERA.mimeType.toLowerCase(), "video/vp8");
    assert.deepEqual([sources.CAMERA.width, sources.CAMERA.height, sources.CAMERA.simulcast, sources.CAMERA.layers.length], [640, 360, true, 2]);
    assert.match(sources.CAMERA.sid, /^TR_VC/);
    assert.match(sources.MICROPHONE.sid, /^TR_AM/);
  });

  test("who are not there are not found", async () => {
    const room = unique("empty");
    assert.deepEqual(await rooms.listParticipants(room), []);
    await refused(rooms.getParticipant(room, "ann"), "not_found", 404);
    await refused(rooms.removeParticipant(room, "ann"), "not_found", 404, /participant does not exist/);
    await refused(rooms.updateParticipant(room, "ann", { name: "x" }), "not_found", 404, /participant does not exist/);
  });

  scene("are given a name, metadata and attributes", async ({ room, run }) => {
    await run(({ pair }) => pair().then(() => {}));
    const answer = await rooms.updateParticipant(room, "ann", { name: "Annabel", metadata: "new", attributes: { a: "1", b: "2" } });
    assert.deepEqual([answer.name, answer.metadata, answer.attributes], ["Annabel", "new", { a: "1", b: "2" }]);
    await rooms.updateParticipant(room, "ann", { attributes: { a: "" } });
    const seen = await run(async ({ guests: { ann, bob } }) => {
      await bob.see("participantAttributesChanged", ({ a }) => a === "");
      await ann.see("participantAttributesChanged", ({ a }) => a === "");
      const { name, metadata, attributes } = bob.other("ann");
      return { name, metadata, attributes, own: ann.me.name };
    });
    assert.deepEqual(seen, { name: "Annabel", metadata: "new", attributes: { b: "2" }, own: "Annabel" });
    await refused(rooms.updateParticipant(room, "ann", { metadata: "x".repeat(512 * 1024 + 1) }), "invalid_argument", 400, /metadata size/);
    await refused(rooms.updateParticipant(room, "ann", { attributes: { a: "x".repeat(64 * 1024) } }), "invalid_argument", 400, /attribute size/);
  });

  scene("are moved to another room", async ({ room, run }) => {
    await run(({ join }) => join("ann").then(() => {}));
    const elsewhere = unique("elsewhere");
    if (!differs("participants can be moved")) {
      await refused(rooms.moveParticipant(room, "ann", elsewhere), "unknown", 500, /not implemented/);
      return;
    }
    await rooms.createRoom({ name: elsewhere });
    await rooms.moveParticipant(room, "ann", elsewhere);
    const moved = await run(async ({ guests: { ann } }) => {
      await ann.see("moved");
      const { name } = ann.room;
      await ann.see("reconnected");
      return name;
    });
    assert.equal(moved, elsewhere);
    assert.deepEqual((await rooms.listParticipants(elsewhere)).map(({ identity }) => identity), ["ann"]);
  });

  scene("are not moved to where they are", async ({ room }) => {
    await refused(rooms.moveParticipant(room, "ann", room), "invalid_argument", 400, /destination room cannot be the same/);
  });
});

describe("data and calls from the server", { concurrency: 4 }, () => {
  scene("data to all, to some, and with a topic", async ({ room, run }) => {
    await run(({ pair }) => pair().then(() => {}));
    const send = (text, options) => rooms.sendData(room, new TextEncoder().encode(text), DataPacket_Kind.RELIABLE, options);
    await send("to all", { topic: "news" });
    await send("to bob", { destinationIdentities: ["bob"] });
    await send("after", {});
    const seen = await run(async ({ guests: { ann, bob } }) => {
      const is = (wanted) => (data) => new TextDecoder().decode(data) === wanted;
      const [, from, , topic] = await ann.see("dataReceived", is("to all"));
      await bob.see("dataReceived", is("to bob"));
      await ann.see("dataReceived", is("after"));
      return { topic, isFromNobody: from === undefined, leaked: ann.saw("dataReceived", is("to bob")) };
    });
    assert.deepEqual(seen, { topic: "news", isFromNobody: true, leaked: false });
  });

  scene("a procedure is called", async ({ room, run }) => {
    await run(async ({ join }) => {
      const { room } = await join("ann");
      room.registerRpcMethod("greet", async ({ payload, callerIdentity }) => `${callerIdentity || "the server"} said ${payload}`);
    });
    const token = forge({ video: { roomAdmin: true, room } });
    const call = (wanted) => twirp("PerformRpc", { token, body: JSON.stringify({ room, responseTimeoutMs: 8_000, ...wanted }) });
    const { status, body } = await call({ destinationIdentity: "ann", method: "greet", payload: "hello" });
    assert.equal(status, 200, body.toString());
    assert.match(JSON.parse(body).payload, / said hello$/);
    const nobody = await call({ destinationIdentity: "", method: "greet" });
    assert.deepEqual([nobody.status, JSON.parse(nobody.body).code], [400, "invalid_argument"]);
    const wrong = await call({ destinationIdentity: "ann", method: "nothing" });
    assert.notEqual(wrong.status, 200);
    const binary = new PerformRpcRequest({ room, destinationIdentity: "ann", method: "greet", payload: "hello", responseTimeoutMs: 8_000 }).toBinary();
    assert.equal((await twirp("PerformRpc", { token, type: "application/protobuf", body: binary })).status, 200);
  });
});

describe("agents are dispatched", { concurrency: 4 }, () => {
  scene("by name, listed and taken back", async ({ room, run }) => {
    await run(({ join }) => join("ann").then(() => {}));
    const made = await dispatches.createDispatch(room, "helper", { metadata: "of the job" });
    assert.match(made.id, /^AD_/);
    assert.deepEqual([made.agentName, made.room, made.metadata], ["helper", room, "of the job"]);
    // A room that names no agents has a dispatch without a name, of every worker that takes those.
    const listed = async () => (await dispatches.listDispatch(room)).filter(({ agentName }) => agentName).map(({ id }) => id);
    assert.deepEqual(await listed(), [made.id]);
    assert.equal((await dispatches.getDispatch(made.id, room)).agentName, "helper");
    await dispatches.deleteDispatch(made.id, room);
    assert.deepEqual(await listed(), []);
    await refused(dispatches.deleteDispatch("AD_nothing", room), "not_found", 404);
  });

  test("with a room that is made", async () => {
    const name = unique("agents");
    await rooms.createRoom({ name, agents: [new RoomAgentDispatch({ agentName: "helper", metadata: "m" })] });
    const listed = await dispatches.listDispatch(name);
    assert.deepEqual(listed.map(({ agentName, metadata }) => [agentName, metadata]), [["helper", "m"]]);
    await rooms.deleteRoom(name);
  });
});

describe("who may not is refused", () => {
  const other = new RoomServiceClient(api, key, "another-secret-that-is-as-long-as-it-must-be");
  const room = unique("forbidden");
  const cases = [
    ["CreateRoom", { name: room }, { roomList: true }],
    ["ListRooms", {}, { roomCreate: true }],
    ["DeleteRoom", { room }, { roomList: true }],
    ["ListParticipants", { room }, { roomAdmin: true, room: "another" }],
    ["GetParticipant", { room, identity: "a" }, { roomJoin: true, room }],
    ["RemoveParticipant", { room, identity: "a" }, ADMIN],
    ["MutePublishedTrack", { room, identity: "a" }, ADMIN],
    ["UpdateParticipant", { room, identity: "a" }, ADMIN],
    ["UpdateSubscriptions", { room, identity: "a" }, ADMIN],
    ["SendData", { room }, ADMIN],
    ["UpdateRoomMetadata", { room }, ADMIN],
    ["PerformRpc", { room, destinationIdentity: "a" }, ADMIN],
    ["MoveParticipant", { room, identity: "a", destinationRoom: "b" }, { roomAdmin: true, room }],
  ];
  for (const [method, body, video] of cases) {
    test(method, async () => {
      const answer = await twirp(method, { body: JSON.stringify(body), token: forge({ video }) });
      const { code, msg } = JSON.parse(answer.body);
      assert.deepEqual([answer.status, code, msg], [401, "unauthenticated", "permissions denied"]);
      assert.equal((await twirp(method, { body: JSON.stringify(body), token: "" })).status, 401);
    });
  }

  test("with another secret", async () => {
    await assert.rejects(other.listRooms(), ({ status }) => status === 401);
  });
});

describe("Twirp", () => {
  test("takes protobuf and answers with it", async () => {
    const name = unique("binary");
    const type = "application/protobuf";
    const made = await twirp("CreateRoom", { type, body: new CreateRoomRequest({ name, metadata: "é" }).toBinary() });
    assert.deepEqual([made.status, made.type], [200, type]);
    assert.equal(Room.fromBinary(made.body).metadata, "é");
    const listed = await twirp("ListRooms", { type, body: new ListRoomsRequest({ names: [name] }).toBinary() });
    assert.equal(ListRoomsResponse.fromBinary(listed.body).rooms[0].name, name);
    await rooms.deleteRoom(name);
  });

  test("JSON has snake case, or camel case, and unknown fields are let be", async () => {
    const name = unique("json");
    const made = await twirp("CreateRoom", { body: JSON.stringify({ name, empty_timeout: 11, departureTimeout: 12, colour: "red" }) });
    assert.deepEqual([made.status, made.type], [200, "application/json"]);
    const room = JSON.parse(made.body);
    assert.deepEqual([room.name, room.empty_timeout, room.departure_timeout], [name, 11, 12]);
    await rooms.deleteRoom(name);
  });

  const wrong = [
    ["a method that is not there", "Nothing", {}, 404, "bad_route"],
    ["a service that is not there", "CreateRoom", { service: "Nothing" }, 404, undefined],
    ["GET", "ListRooms", { verb: "GET" }, 404, "bad_route"],
    ["another type", "ListRooms", { type: "text/plain", body: "{}" }, 404, "bad_route"],
    ["no JSON", "ListRooms", { body: "{" }, 400, "malformed"],
    ["a field of another type", "ListRooms", { body: '{"names": 1}' }, 400, "malformed"],
    ["no protobuf", "ListRooms", { type: "application/protobuf", body: new Uint8Array([10, 200]) }, 400, "malformed"],
  ];
  for (const [what, method, wanted, status, code] of wrong) {
    test(`refuses ${what}`, async () => {
      const answer = await twirp(method, wanted);
      assert.equal(answer.status, status, answer.body.toString());
      if (code) assert.equal(JSON.parse(answer.body).code, code);
    });
  }
});
