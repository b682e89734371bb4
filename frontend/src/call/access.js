// The server's part before the room: a token, and an agent when none comes by itself.
import { Problem, problemOfStatus } from "./problem.js";

const PATIENCE_MS = 10_000;
// Neither look-alikes nor signs that an address would have to escape.
const ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz";

/** A room's name that nobody can guess. */
export function unguessableRoom() {
  const random = crypto.getRandomValues(new Uint8Array(20));
  return "call-" + Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/**
 * Asks for a way into a room; the server may choose another one.
 * @returns {Promise<{url: string, token: string, roomName: string}>}
 * @throws {Problem}
 */
export async function askForToken(roomName, userName) {
  const answer = await post("/api/room/token", { room_name: roomName, user_name: userName });
  return { url: answer.url, token: answer.token, roomName: answer.room_name };
}

/** Asks for an agent; for rooms that none joins by itself. */
export async function askForAgent(roomName) {
  await post("/api/dispatch-agent", { roomName });
}

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    throw new Problem("away", error);
  }
  if (!answer.ok) throw problemOfStatus(answer.status);
  try {
    return await answer.json();
  } catch (error) {
    throw new Problem("failed", error);
  }
}
