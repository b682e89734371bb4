// A call from Chromium: spoken, typed, muted, cut off, with two people. Run by tests/black_box/browser/mod.rs, which starts the
// server and says where it is:
//
//   CALLSTEAD_URL     the server's address, with --dev
//   CALLSTEAD_CALLER  a WAV file: silence while the agent greets, then a caller's words
//   CALLSTEAD_CHATTER a WAV file: words from the beginning to the end
//   CALLSTEAD_OUT     where to put what was heard: agent.wav
//   CALLSTEAD_SHOTS   where to put screenshots
//   LIVEKIT_API_KEY, LIVEKIT_API_SECRET  what the server's tokens are signed with
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { beside, openBrowser, PATIENT, SCREENS } from "./browser.mjs";
import { Caller, wav } from "./caller.mjs";
import { cuttable } from "./cuttable.mjs";
import { giveMicrophone, say, standStill } from "./microphone.mjs";
import { sign } from "./token.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_OUT: out, CALLSTEAD_SHOTS: shots } = process.env;
const { CALLSTEAD_CALLER: recording, CALLSTEAD_CHATTER: chatter } = process.env;

/** In ms: as long as a page may well have no time, or a microphone to be changed takes. */
const STOOD_STILL = 1_000;
/** What the chatter ends with. */
const LAST_OF_CHATTER = "Washington";

const take = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) });

/** A browser for one test, and the caller before it. */
async function withCaller(options, act, base = url) {
  const browser = await openBrowser(options);
  try {
    await act(new Caller(browser.page, base), browser);
  } catch (error) {
    await take(browser.page, `failed-${Date.now()}`).catch(() => {});
    error.message += `\nthe page says: ${JSON.stringify(browser.faults)}`;
    throw error;
  } finally {
    await browser.close();
  }
}

test("a caller speaks and is answered", PATIENT, async () => {
  await withCaller({ says: recording }, async (caller, { page, faults }) => {
    await caller.open();
    await take(page, "desktop-light-before");
    await caller.record("agent");
    await caller.start("Amanda");
    await page.waitForSelector("#live-call:not([hidden])");

    await caller.waitForTurns("agent");
    const [words] = await caller.waitForTurns("you");
    assert.match(words, /\p{L}{2}/u);
    const answers = await caller.waitForTurns("agent", 2);
    await caller.waitForText("#agent-state", "Listening");
    await take(page, "desktop-light-call");

    await caller.waitForSound();
    await caller.waitForSilence();
    await writeFile(join(out, "agent.wav"), wav(await caller.recorded()));
    await writeFile(join(out, "said.json"), JSON.stringify({ caller: words, agent: answers }));

    await page.click("#mute");
    await caller.waitForText("#people", "muted");
    await page.click("#mute");
    await page.waitForFunction(() => !document.querySelector("#people").textContent.includes("muted"));

    const marks = await page.evaluate(() => performance.getEntriesByType("mark").map(({ name }) => name));
    assert.deepEqual(marks.filter((name) => name.startsWith("call:")).sort(), ["call:connected", "call:first-packet", "call:start"]);

    await caller.end();
    assert.match(await caller.text("#over-reason"), /You have ended the call\. It lasted \d+:\d\d\./);
    await take(page, "desktop-light-after");
    assert.deepEqual(faults, []);
  });
});

test("a caller whose browser stood still is heard", PATIENT, async () => {
  await withCaller({}, async (caller, { page }) => {
    await giveMicrophone(page);
    await caller.call();
    await caller.waitForTurns("agent");
    await caller.waitForText("#agent-state", "Listening");
    const said = say(page, await readFile(chatter));
    await page.waitForTimeout(STOOD_STILL);
    await standStill(page, STOOD_STILL);
    await said;
    await caller.waitForText("#turns", LAST_OF_CHATTER);
    await caller.end();
  });
});

test("a caller chooses Arabic", PATIENT, async () => {
  await withCaller({ screen: SCREENS.phone }, async (caller, { page, faults }) => {
    await caller.open();
    assert.deepEqual(await page.$$eval("#language option", (options) => options.map((it) => it.textContent)), ["English", "العربية"]);
    await Promise.all([page.waitForURL("**/*lang=ar"), page.selectOption("#language", "ar")]);
    assert.equal(await page.inputValue("#language"), "ar");
    assert.deepEqual(await page.$eval("html", ({ lang, dir }) => [lang, dir]), ["ar", "rtl"]);
    await take(page, "phone-arabic-before");
    await caller.start("أماندا");
    await page.waitForSelector("#live-call:not([hidden])");
    const [greeting] = await caller.waitForTurns("agent");
    assert.match(greeting, /\p{Script=Arabic}{2}/u);
    await caller.waitForText("#people", "أنت");
    assert.equal(await beside(page), 0);
    await take(page, "phone-arabic-call");
    await caller.end();
    assert.deepEqual(faults, []);
  });
});

test("the browser's language is the first choice", async () => {
  await withCaller({ language: "ar-JO", colours: "dark" }, async (caller, { page }) => {
    await caller.open();
    assert.equal(await page.inputValue("#language"), "ar");
    assert.equal(await caller.text("h1"), "تحدّث مع الوكيل");
    await take(page, "desktop-dark-arabic-before");
  });
});

test("what the agent cannot do is said on the page", PATIENT, async () => {
  const room = `notice-${process.pid}`;
  // A page that waits for an agent asks for one after a while: no other is to come than that of this test.
  const isLeftAlone = (page) => page.route("**/api/dispatch-agent", (route) => route.abort());
  await withCaller({ screen: SCREENS.phone }, async (caller, { page }) => {
    await isLeftAlone(page);
    await caller.call({ query: `?room=${room}` });
    await withCaller({}, async (agent, browser) => {
      await isLeftAlone(browser.page);
      const token = sign({ room, identity: "agent-test", kind: "agent", attributes: { "callstead.notice": "busy" } });
      const json = { token, url: url.replace("http", "ws"), room_name: room, user_name: "" };
      await browser.page.route("**/api/room/token", (route) => route.fulfill({ json }));
      await agent.call();
      await caller.waitForText("#notice", "All lines are busy");
      await take(page, "phone-light-busy");
      await agent.end();
    });
    await page.waitForSelector("#over:not([hidden])");
    assert.match(await caller.text("#notice"), /All lines are busy/);
    await take(page, "phone-light-busy-after");
  });
});

test("a call waits for a server that is still starting", PATIENT, async () => {
  await withCaller({}, async (caller, { page }) => {
    await caller.open();
    await page.route("**/api/health", (route) => route.fulfill({ status: 503, json: { status: "starting" } }));
    await page.route("**/api/room/token", (route) => route.fulfill({ status: 503, json: {} }));
    await caller.start();
    await caller.waitForText("#problem", "The server is still starting.");
    await take(page, "desktop-light-starting");
    await page.click("#problem-action");
    await page.waitForSelector("#start:enabled");
    await caller.start();
    await caller.waitForText("#problem", "The server is still starting.");
    await page.unroute("**/api/room/token");
    await page.unroute("**/api/health");
    await page.waitForSelector("#live-call:not([hidden])");
    await page.waitForSelector("#problem", { state: "hidden" });
    await caller.end();
  });
});

test("without a microphone one types", PATIENT, async () => {
  await withCaller({ microphone: "none", colours: "dark", screen: SCREENS.phone }, async (caller, { page }) => {
    await caller.open();
    await take(page, "phone-dark-before");
    await caller.start();
    await caller.waitForText("#problem", "No microphone was found.");
    await take(page, "phone-dark-no-microphone");
    await page.click("#problem-action");
    await page.waitForSelector("#live-call:not([hidden])");
    assert.equal(await page.isVisible("#mute"), false);
    await caller.waitForTurns("agent");
    await caller.type("What are your opening hours?");
    await caller.waitForTurns("agent", 2);
    assert.deepEqual(await caller.waitForTurns("you"), ["What are your opening hours?"]);
    assert.equal(await beside(page), 0);
    await take(page, "phone-dark-call");
    await caller.end();
  });
});

test("a call survives that its signal connection is cut", PATIENT, async () => {
  const wire = await cuttable(url);
  try {
    await withCaller({ colours: "dark" }, async (caller, { page }) => {
      await caller.call();
      await caller.waitForTurns("agent");
      const people = await caller.people();
      wire.cut();
      await caller.waitForText("#connection", "reconnecting");
      await take(page, "desktop-dark-reconnecting");
      wire.mend();
      await caller.waitForText("#connection", "Connected");
      await caller.waitForPeople(people);
      await caller.type("Are you still there?");
      await caller.waitForTurns("agent", 2);
      await caller.end();
    }, wire.url);
  } finally {
    wire.close();
  }
});

test("two people in one room hear each other", PATIENT, async () => {
  const query = `?room=pair-${process.pid}`;
  const talks = { says: chatter, again: true };
  await withCaller(talks, async (amanda) => {
    await withCaller(talks, async (bruno) => {
      await amanda.call({ query, name: "Amanda" });
      await bruno.call({ query, name: "Bruno" });
      await amanda.waitForText("#people", "Bruno");
      await bruno.waitForText("#people", "Amanda");
      for (const [listener, other] of [[amanda, "Bruno"], [bruno, "Amanda"]]) {
        await listener.waitForText("#people", `${other} speaking`);
        await listener.record("guest");
        await listener.waitForSound();
      }
      await bruno.end();
      await amanda.page.waitForFunction(() => !document.querySelector("#people").textContent.includes("Bruno"));
      await amanda.end();
    });
  });
});

test("a refused microphone is said", async () => {
  await withCaller({ microphone: "refused" }, async (caller, { page }) => {
    await caller.open();
    for (const button of ["#check", "#start"]) {
      await page.click(button);
      await caller.waitForText("#problem", "The microphone is not allowed.");
    }
    await page.waitForSelector("#start:enabled");
    await take(page, "desktop-light-refused");
  });
});

describe("what goes wrong is said", () => {
  let browser;
  let caller;
  before(async () => {
    browser = await openBrowser();
    caller = new Caller(browser.page, url);
  });
  after(() => browser.close());

  const answers = [
    [503, undefined, "All lines are busy."],
    [503, "busy", "All lines are busy."],
    [503, "late", "No agent has come yet."],
    [503, "stopping", "The server is being restarted."],
    [429, undefined, "Too many calls were begun from here."],
    [401, undefined, "This call is not allowed."],
    [500, undefined, "The call did not work."],
  ];
  for (const [status, code, words] of answers) {
    test(`the server answers ${status} ${code ?? ""}`, async () => {
      const problem = { type: code && `urn:callstead:problem:${code}`, status };
      await browser.page.route("**/api/room/token", (route) => route.fulfill({ status, json: problem }));
      await caller.open();
      await caller.start();
      await caller.waitForText("#problem", words);
      if (code === "busy") await take(browser.page, "desktop-light-full");
      await browser.page.unroute("**/api/room/token");
    });
  }

  test("the server is away", async () => {
    await caller.open();
    await browser.page.route("**/api/room/token", (route) => route.abort());
    await caller.start();
    await caller.waitForText("#problem", "The server does not answer.");
    await browser.page.unroute("**/api/room/token");
  });

  test("the origin is not secure", async () => {
    await browser.page.addInitScript(() => {
      Object.defineProperty(window, "isSecureContext", { value: false });
      Object.defineProperty(navigator, "mediaDevices", { value: undefined });
    });
    await caller.open();
    await caller.waitForText("#problem", "The microphone needs a secure connection.");
    await take(browser.page, "desktop-light-insecure");
  });
});
