// Debian's Chromium, driven by playwright-core: a fresh profile each time, a recording for a microphone.
import { mkdtemp, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
];

// Chromium leaves loopback out of a call, even where it is all that there is.
const hasNetwork = Object.values(networkInterfaces()).flat().some(({ internal }) => !internal);
if (!hasNetwork) FLAGS.push("--allow-loopback-in-peer-connection");

/** Longer than anything takes on a busy machine that is not broken, in ms: one thing that is waited for, and a whole test. */
const PATIENCE = 90_000;
export const PATIENT = { timeout: 300_000 };

/** What people have in front of them. */
export const SCREENS = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

/**
 * A browser with one window; `close()` ends both and removes the profile.
 * @param {object} wanted
 * @param {string} [wanted.says] a WAV file that the microphone hears, from the moment it is opened
 * @param {boolean} [wanted.again] whether that begins anew at its end
 * @param {"granted" | "refused" | "none"} [wanted.microphone] what happens when the page asks for it
 * @param {"light" | "dark"} [wanted.colours]
 * @param {object} [wanted.screen] one of SCREENS
 * @param {string} [wanted.language] that the browser asks pages for
 */
export async function openBrowser({ says, again = false, microphone = "granted", colours = "light", screen = SCREENS.desktop, language = "en-US" } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "callstead-browser-"));
  const args = [...FLAGS];
  if (microphone !== "refused") args.push("--use-fake-ui-for-media-stream");
  if (microphone === "refused") args.push("--deny-permission-prompts");
  if (says) args.push(`--use-file-for-fake-audio-capture=${says}${again ? "" : "%noloop"}`);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CALLSTEAD_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args,
    // Chromium would otherwise be told to mute what is to be recorded.
    ignoreDefaultArgs: ["--mute-audio"],
    colorScheme: colours,
    reducedMotion: "reduce",
    locale: language,
    ...screen,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = context.pages()[0] ?? await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // Refused by the content security policy, or a request that failed.
    if (message.type() === "error") faults.push(message.text());
  });
  if (microphone === "none") await page.addInitScript(withoutMicrophone);
  return {
    page,
    context,
    /** What the page complained about. */
    faults,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

function withoutMicrophone() {
  const refuse = () => Promise.reject(new DOMException("Requested device not found", "NotFoundError"));
  navigator.mediaDevices.getUserMedia = refuse;
}

/**
 * How many pixels of the page are beside the screen. (A phone's window, as scripts see it, is as wide as what is in it: it cannot
 * be asked.)
 */
export async function beside(page) {
  return (await page.evaluate(() => document.documentElement.scrollWidth)) - page.viewportSize().width;
}
