// The server that the suite meets: where it is, tokens for it, LiveKit's own clients of its API.
//
//   ROOMS_URL       ws://127.0.0.1:PORT
//   ROOMS_KEY, ROOMS_SECRET  its key pair
//   ROOMS_PEER      livekit (the real server) or callstead
//   ROOMS_WEBHOOKS  the port of this machine to which it sends webhooks
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { RoomConfiguration } from "@livekit/protocol";
import { AccessToken, AgentDispatchClient, RoomServiceClient } from "livekit-server-sdk";

export const { ROOMS_URL: url, ROOMS_KEY: key, ROOMS_SECRET: secret, ROOMS_WEBHOOKS: webhooksPort } = process.env;
assert.match(url ?? "", /^ws:/, "ROOMS_URL says where the rooms are: run `make rooms`");
assert.match(process.env.ROOMS_PEER ?? "", /^(livekit|callstead)$/, "ROOMS_PEER is livekit or callstead");

/** The same server for HTTP. */
export const api = url.replace("ws", "http");

/** What Callstead does otherwise on purpose, and why; docs/livekit.md ("Compatibility") has the same list for people. */
const DIFFERENCES = {
  "a token for nobody is no token": "the open-source server takes it for a faulty request (400)",
  "a refreshed token lives no longer": "the open-source server makes every refreshed token good for ten minutes at least",
  "who migrates stays the same": "the open-source server has no other node, and forgets who is to migrate",
  "participants can be moved": "the open-source server leaves MoveParticipant unimplemented",
  "removed people stay out": "the open-source server lets the same token in again",
  "nobody is not found": "the open-source server waits for who may know that participant, and then says unavailable",
};

/** Whether the peer does here what Callstead does on purpose, rather than what the real server does. */
export function differs(how) {
  assert.ok(how in DIFFERENCES, `${how} is not in the list of differences`);
  return process.env.ROOMS_PEER === "callstead";
}

/** A name that no other test has. */
export const unique = (what) => `${what}-${randomBytes(4).toString("hex")}`;

/**
 * A token, made by LiveKit's server SDK.
 * @param {object} wanted
 * @param {string} [wanted.identity]
 * @param {object} [wanted.grants] beside the room and `roomJoin`
 * @param {object} [wanted.options] of the AccessToken: name, ttl, metadata, attributes
 * @param {object} [wanted.roomConfig] a RoomConfiguration as JSON
 */
export function sign({ room, identity, grants = {}, options = {}, roomConfig, by = secret }) {
  const token = new AccessToken(key, by, { identity, ttl: "10m", ...options });
  token.addGrant({ room, roomJoin: true, canUpdateOwnMetadata: true, ...grants });
  if (roomConfig) token.roomConfig = RoomConfiguration.fromJson(roomConfig);
  return token.toJwt();
}

/** A token of these claims, right or wrong, as no SDK would make it. */
export function forge(claims, by = secret) {
  const now = Math.floor(Date.now() / 1000);
  const [head, body] = [{ alg: "HS256", typ: "JWT" }, { iss: key, nbf: now - 5, exp: now + 600, ...claims }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return `${head}.${body}.${createHmac("sha256", by).update(`${head}.${body}`).digest("base64url")}`;
}

export const rooms = new RoomServiceClient(api, key, secret);
export const dispatches = new AgentDispatchClient(api, key, secret);

/** Holds that the API refuses: with this Twirp code, HTTP status, and words. */
export async function refused(promise, code, status, words) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.code, error.status], [code, status], `${error.code} ${error.status}: ${error.message}`);
    if (words) assert.match(error.message, words);
    return true;
  });
}
