// The same page with other rooms behind it: passes everything on to a running Callstead, but gives tokens for a LiveKit
// server. With it the page is compared with the real server, and tried while our rooms are being changed.
//
//   node tests/browser/other-rooms.mjs http://127.0.0.1:8080 ws://127.0.0.1:7880 devkey SECRET [PORT]
import { createHmac, randomBytes } from "node:crypto";
import { createServer, request } from "node:http";
import { fileURLToPath } from "node:url";

const TOKEN_PATH = "/api/room/token";

/** A LiveKit token that lets somebody into a room for an hour. */
export function token({ key, secret, room, identity, name = "", more = {} }) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: key, sub: identity, name, nbf: now - 10, exp: now + 3600, video: { room, roomJoin: true, canUpdateOwnMetadata: true }, ...more };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** @returns {Promise<string>} its address, once it listens; `close()` ends it */
export async function otherRooms({ callstead, livekit, key, secret, port = 0 }) {
  const server = createServer(async (asked, answer) => {
    if (asked.method === "POST" && asked.url === TOKEN_PATH) {
      const { room_name: room, user_name: name } = JSON.parse(await text(asked));
      const identity = `caller-${randomBytes(4).toString("hex")}`;
      answer.setHeader("Content-Type", "application/json");
      answer.end(JSON.stringify({ token: token({ key, secret, room, identity, name }), room_name: room, url: livekit, user_name: name }));
      return;
    }
    const headers = { ...asked.headers, host: new URL(callstead).host };
    delete headers.origin;
    const passed = request(new URL(asked.url, callstead), { method: asked.method, headers }, (theirs) => {
      // The policy allows connections to the page's own server only.
      delete theirs.headers["content-security-policy"];
      answer.writeHead(theirs.statusCode, theirs.headers);
      theirs.pipe(answer);
    });
    passed.on("error", () => answer.writeHead(502).end());
    asked.pipe(passed);
  });
  await new Promise((resume) => server.listen(port, "127.0.0.1", resume));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function text(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [callstead, livekit, key, secret, port] = process.argv.slice(2);
  const { url } = await otherRooms({ callstead, livekit, key, secret, port: Number(port ?? 0) });
  process.stdout.write(`${url}/callcenter/call-with-audio\n`);
}
