// Every page of a desk that is in use, in each way in which it is looked at: pictures of all of them, nothing wider than the screen,
// nothing that keeps somebody with a keyboard or a screen reader out, and no more to load than a page may weigh. Run by
// tests/black_box/browser/desk.rs, which fills the desk; desk.mjs says what it needs.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { PATIENT, SCREENS } from "./browser.mjs";
import { atDesk, take } from "./desk.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_SHOTS: shots } = process.env;

/** What a page may weigh with all that it loads, in bytes as they are sent. */
const MOST = 150_000;

const WAYS = ["en-US", "ar-EG"].flatMap((language) =>
  ["light", "dark"].flatMap((colours) => Object.keys(SCREENS).map((screen) => ({ language, colours, screen }))));

/** Pages that no menu names. */
const BESIDES = [
  "/account", "/desk/setup", "/desk/leads/new", "/desk/leads/import", "/desk/customers/new", "/desk/scripts/begin",
  "/desk/scripts/new?from=payment-en", "/desk/profiles/new", "/desk/rules/new", "/desk/team/new", "/desk/keys/new",
];

/** Tables whose first row leads to a page. */
const TABLES = ["leads", "customers", "calls", "scripts", "profiles", "team"];

/** The paths of all pages, and what their pictures are called. */
async function pagesOf(page) {
  const menu = await page.locator(".menu a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  assert.ok(menu.length >= 16, "an administrator sees all of the menu");
  const pages = [...menu, ...BESIDES].map((path) => [path, path.replace(/^\/(desk\/?)?/, "").replaceAll(/[/?=]/g, "-") || "dashboard"]);
  for (const table of TABLES) {
    await page.goto(`${url}/desk/${table}`);
    const path = await page.locator("tbody th a").first().getAttribute("href");
    pages.push([path, `${table}-one`]);
  }
  return pages;
}

for (const { language, colours, screen } of WAYS) {
  const way = `${language.slice(0, 2)}-${colours}-${screen}`;
  test(`every page can be read: ${way}`, PATIENT, async () => {
    await atDesk({ language, colours, screen: SCREENS[screen] }, async (page) => {
      for (const [path, name] of await pagesOf(page)) {
        const answer = await page.goto(url + path);
        assert.equal(answer.status(), 200, path);
        await take(page, `desk-${name}-${way}`);
        await assertAccessible(page, name);
      }
    });
  });
}

/** What the browser has got for the page that it shows: bytes of the page, and of all of it; ms until the page had come. */
const got = (page) => page.evaluate(() => {
  const [itself] = performance.getEntriesByType("navigation");
  const others = performance.getEntriesByType("resource").map(({ encodedBodySize }) => encodedBodySize);
  return {
    page: itself.encodedBodySize,
    all: others.reduce((sum, size) => sum + size, itself.encodedBodySize),
    time: itself.responseEnd - itself.requestStart,
  };
});

test("no page weighs too much", PATIENT, async () => {
  await atDesk({}, async (page) => {
    const pages = await pagesOf(page);
    const browser = await page.context().newCDPSession(page);
    await browser.send("Network.setCacheDisabled", { cacheDisabled: true });
    const rows = ["| page | HTML, kB | with all it loads, kB | answered in, ms |", "|---|---|---|---|"];
    for (const [path, name] of pages) {
      await page.goto(url + path, { waitUntil: "load" });
      if (await page.locator("[data-needs]").count()) await page.waitForSelector("[data-needs] .uplot");
      const { page: html, all, time } = await got(page);
      assert.ok(html > 0 && all <= MOST, `${name} weighs ${all} bytes`);
      rows.push(`| ${name} | ${(html / 1000).toFixed(1)} | ${(all / 1000).toFixed(1)} | ${time.toFixed(1)} |`);
    }
    await writeFile(join(shots, "weights.md"), `${rows.join("\n")}\n`);
  });
});
