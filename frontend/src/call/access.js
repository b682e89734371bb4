// The server's part before the room: a token, and an agent when none comes by itself.
import { Problem, problemOfRefusal } from "./problem.js";

const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 2_000;
// Neither look-alikes nor signs that an address would have to escape.
const ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz";

/** A room's name that nobody can guess. */
export function unguessableRoom() {
  const random = crypto.getRandomValues(new Uint8Array(20));
  return "call-" + Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/**
 * Asks for a way into a room; the server may choose another one.
 * @param {string | undefined} language that the caller has chosen
 * @returns {Promise<{url: string, token: string, roomName: string}>}
 * @throws {Problem}
 */
export async function askForToken(roomName, userName, language) {
  const answer = await post("/api/room/token", { room_name: roomName, user_name: userName, language });
  return { url: answer.url, token: answer.token, roomName: answer.room_name };
}

/** Asks for the way into the room that somebody was invited to. @throws {Problem} */
export async function askToJoin(link) {
  const answer = await post("/api/room/join", { link });
  return { url: answer.url, token: answer.token, roomName: answer.room_name };
}

/** Asks for an agent; for rooms that none joins by itself. @throws {Problem} */
export async function askForAgent(roomName, language) {
  await post("/api/dispatch-agent", { roomName, language });
}

/** The same problem, or what is behind it when the server only said that it cannot serve now. */
export async function explained(problem) {
  if (problem.kind !== "unavailable") return problem;
  const health = await askForHealth();
  if (!health) return new Problem("away", problem);
  return new Problem(health.status === "starting" ? "starting" : "full", problem);
}

/**
 * Waits until the server has started.
 * @param {AbortSignal} [signal] ends the waiting
 * @returns {Promise<boolean>} whether the server has started
 */
export async function serverIsReady(signal) {
  while (!signal?.aborted) {
    await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
    const health = await askForHealth();
    if (health && health.status !== "starting") return !signal?.aborted;
  }
  return false;
}

/** @returns {Promise<{status: string} | undefined>} nothing when the server does not answer */
async function askForHealth() {
  try {
    const answer = await fetch("/api/health", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return await answer.json();
  } catch {
    return undefined;
  }
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
  if (!answer.ok) throw problemOfRefusal(answer.status, await codeOf(answer));
  try {
    return await answer.json();
  } catch (error) {
    throw new Problem("failed", error);
  }
}

/** The word that says why a request was refused (the end of a problem's type, RFC 9457); a proxy in front knows none. */
async function codeOf(answer) {
  const problem = await answer.json().catch(() => undefined);
  return problem?.type?.split(":").pop();
}
