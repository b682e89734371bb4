// A page of Debian's Chromium in which guests with livekit-client meet in a room of their own (`page/stage.mjs`).
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { sign, unique, url } from "./peer.mjs";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection",
];

/** Longer than anything takes on a busy machine that is not broken, in ms. */
const PATIENT = { timeout: 180_000 };

const CLIENT = "node_modules/livekit-client/dist/livekit-client";
const FILES = {
  "/": "page/index.html",
  "/stage.mjs": "page/stage.mjs",
  "/guest.mjs": "page/guest.mjs",
  "/livekit-client.mjs": `${CLIENT}.esm.mjs`,
  "/e2ee.worker.mjs": `${CLIENT}.e2ee.worker.mjs`,
};
const TYPES = { ".html": "text/html", ".mjs": "text/javascript" };

const open = { browser: undefined, server: undefined, profile: undefined };

/** One browser for the tests of a file, started by the first. */
async function browser() {
  open.browser ??= (async () => {
    open.profile = await mkdtemp(join(tmpdir(), "callstead-rooms-"));
    const executablePath = process.env.CALLSTEAD_CHROMIUM ?? "/usr/bin/chromium";
    return chromium.launchPersistentContext(open.profile, { executablePath, headless: true, args: FLAGS });
  })();
  return open.browser;
}

/** Serves the page; gives its address. */
async function served() {
  open.server ??= (async () => {
    const server = createServer(async ({ url }, answer) => {
      const file = FILES[url];
      if (!file) return answer.writeHead(404).end();
      answer.setHeader("Content-Type", TYPES[extname(file)]);
      return answer.end(await readFile(fileURLToPath(new URL(file, import.meta.url))));
    });
    await new Promise((resume) => server.listen(0, "127.0.0.1", resume));
    return server;
  })();
  return `http://127.0.0.1:${(await open.server).address().port}/`;
}

after(async () => {
  await (await open.browser)?.close();
  (await open.server)?.close();
  if (open.profile) await rm(open.profile, { recursive: true, force: true });
});

class Stage {
  /** The name of this test's room. */
  room = unique("room");
  #page;
  #complaints = [];

  async open() {
    this.#page = await (await browser()).newPage();
    this.#page.on("pageerror", (error) => this.#complaints.push(String(error)));
    await this.#page.exposeFunction("tokenFor", (wanted) => sign({ room: this.room, ...wanted }));
    await this.#page.goto(await served());
    await this.#page.waitForFunction(() => "stage" in window);
    await this.#page.evaluate((url) => { window.stage.url = url; }, url);
  }

  /** Runs a function in the page, with `page/stage.mjs` and a value; it cannot use what stands around it here. */
  run = (act, value) => this.#page.evaluate(`(${act})(window.stage, ${JSON.stringify(value)})`);

  /** What happened so far, for who has to find out why a test failed. */
  async story() {
    const seen = await this.#page.evaluate(() => window.stage.story()).catch(String);
    return [...this.#complaints, seen].join("\n");
  }

  async close() {
    await this.#page?.close();
  }
}

/** A test in a room and a page of its own. */
export function scene(name, act, { skip = false } = {}) {
  test(name, { ...PATIENT, skip }, async () => {
    const stage = new Stage();
    try {
      await stage.open();
      await act(stage);
    } catch (error) {
      error.message += `\n${await stage.story()}`;
      throw error;
    } finally {
      await stage.close();
    }
  });
}

/** A client's two ways to connect: `/rtc/v1` and `/rtc`. */
export const WAYS = [
  { way: "one connection", single: true },
  { way: "two connections", single: false },
];
