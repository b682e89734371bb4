// From Start pressed to the first packet of somebody who speaks in the room already: the same page in the same Chromium, in
// turns before our rooms and before a real LiveKit server. Both must run, on this machine:
//
//   callstead serve --dev
//   livekit-server --config livekit.yaml
//   node tests/browser/first-packet.mjs http://127.0.0.1:8080 ws://127.0.0.1:7880 KEY SECRET [ROUNDS]
import { openBrowser } from "./browser.mjs";
import { Caller } from "./caller.mjs";
import { otherRooms } from "./other-rooms.mjs";

const [callstead, livekit, key, secret, rounds = "10"] = process.argv.slice(2);

const ROOM = `?room=bench-${Date.now()}`;

/** Somebody whose sound a newcomer receives; to be closed. */
async function host(url) {
  const browser = await openBrowser();
  await new Caller(browser.page, url).call({ query: ROOM, name: "Host" });
  return browser;
}

/** How long a newcomer waits, in milliseconds. */
async function once(url) {
  const browser = await openBrowser();
  try {
    await new Caller(browser.page, url).call({ query: ROOM });
    await browser.page.waitForFunction(() => performance.getEntriesByName("call:first-packet").length > 0);
    const at = (name) => browser.page.evaluate((name) => performance.getEntriesByName(name)[0].startTime, name);
    return (await at("call:first-packet")) - (await at("call:start"));
  } finally {
    await browser.close();
  }
}

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];

const others = await otherRooms({ callstead, livekit, key, secret });
const measured = { callstead: [], livekit: [] };
const hosts = [await host(callstead), await host(others.url)];
await once(callstead);
for (let round = 0; round < Number(rounds); round += 1) {
  measured.callstead.push(await once(callstead));
  measured.livekit.push(await once(others.url));
}
for (const browser of hosts) await browser.close();
others.close();
for (const [name, values] of Object.entries(measured)) {
  const sorted = [...values].sort((one, other) => one - other).map(Math.round);
  process.stdout.write(`${name}: median ${Math.round(median(values))} ms of ${sorted.join(", ")}\n`);
}
process.stdout.write(`ratio ${(median(measured.callstead) / median(measured.livekit)).toFixed(2)}\n`);
