// A token of the test's own making, as any of LiveKit's server SDKs would make it (JWT, HS256).
import { createHmac } from "node:crypto";

const { LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret } = process.env;

export function sign({ room, identity, ...claims }) {
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: key, sub: identity, nbf: now, exp: now + 600, video: { roomJoin: true, room }, ...claims };
  const [head, body] = [{ alg: "HS256", typ: "JWT" }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return `${head}.${body}.${createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url")}`;
}
