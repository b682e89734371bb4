// Calls: what the day has brought, calls found and judged, and one that is followed while it goes on. Run by
// tests/black_box/browser/desk.rs, which has kept three calls of two turns.
//
//   CALLSTEAD_GREETING  what the agent says first
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser, PATIENT, SCREENS } from "./browser.mjs";
import { Caller } from "./caller.mjs";
import { another, ask, atDesk, press, take } from "./desk.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_GREETING: greeting } = process.env;
const PATH = "/desk/calls";
const LINE = "Somebody from our team will call you tomorrow.";

const rows = (page) => page.locator("#list tbody tr");
const open = (page, name) => page.locator("#list").getByRole("link", { name }).click();

test("calls are found by name, day and end", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    assert.equal(await rows(page).count(), 3);
    await take(page, "desk-calls");
    await page.fill("#q", "amanda");
    await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 1);
    await page.fill("#q", "");
    await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 3);
    await page.fill("[name=since]", new Date(Date.now() + 24 * 3_600_000).toISOString().slice(0, 10));
    await page.getByText("Nothing fits what you look for.").waitFor();
    await page.fill("[name=since]", "");
    await page.selectOption("[name=endReason]", "caller_left");
    await page.waitForURL("**endReason=caller_left**");
    assert.equal(await rows(page).count(), 3);
    const csv = await page.evaluate(async (address) => (await fetch(address)).text(), await page.getByRole("link", { name: "Export as CSV" }).getAttribute("href"));
    assert.equal(csv.trim().split("\n").length, 4, csv);
  });
});

test("a call shows what was said and how long it took, and is judged", PATIENT, async () => {
  await atDesk({ path: PATH, expected: ["status of 422"] }, async (page) => {
    await open(page, "Amanda Brown");
    await page.locator(".turns-whole li").nth(1).getByText("First sound").waitFor();
    const how = await page.locator(".how").innerText();
    assert.match(how, /530 ms[\s\S]*local\/llama:starter-llm[\s\S]*210 tokens read/);
    const other = await another(page, new URL(page.url()).pathname);
    await page.fill("#field-outcome", "promised");
    await press(page, "Save", "The outcome is saved.");
    await take(page, "desk-call");
    await other.fill("#field-outcome", "wrong number");
    await press(other, "Save", "Somebody else has changed this");
    assert.match(await other.locator("#about-outcome").innerText(), /promised/);
    await other.close();
    await page.goto(`${url}${PATH}?outcome=promised`);
    assert.equal(await rows(page).count(), 1);
  });
});

test("a call is deleted, after a question", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await open(page, "browser-1");
    await page.getByRole("button", { name: "Delete" }).click();
    await page.locator("#ask").getByRole("button", { name: "Yes" }).click();
    await page.locator("main .notice", { hasText: "The call is deleted." }).waitFor();
    assert.equal(await rows(page).count(), 2);
  });
});

test("the first page says how the day goes, in both languages", PATIENT, async () => {
  for (const [language, screen, colours] of [["en-US", "desktop", "light"], ["en-US", "phone", "dark"], ["ar", "desktop", "dark"], ["ar", "phone", "light"]]) {
    await atDesk({ path: "/desk", language, screen: SCREENS[screen], colours }, async (page) => {
      await page.locator(".chart canvas").waitFor();
      assert.equal(await page.locator("#waiting tbody tr").count() > 0, true);
      await take(page, `desk-today-${language.slice(0, 2)}-${screen}-${colours}`);
      await page.goto(`${url}${PATH}`);
      await take(page, `desk-calls-${language.slice(0, 2)}-${screen}-${colours}`);
      await open(page, "Amanda Brown");
      await page.locator(".turns-whole").waitFor();
      await take(page, `desk-call-${language.slice(0, 2)}-${screen}-${colours}`);
    });
  }
});

test("a call is followed, helped and ended", PATIENT, async () => {
  await atDesk({ path: "/desk" }, async (page) => {
    await page.getByText("Nobody is calling.").waitFor();
    const lead = await ask(page, "POST", "/api/admin/leads", { name: "Omar Nasser", phone: "+442079460958", language: "en" });
    const { joinUrl } = await ask(page, "POST", `/api/admin/leads/${lead.id}/call`, {});
    const { page: theirs, close } = await openBrowser({ screen: SCREENS.phone });
    try {
      const caller = new Caller(theirs, url);
      await theirs.goto(joinUrl);
      await theirs.click("#start");
      await theirs.waitForSelector("#live-call:not([hidden])");
      // The page hears of the call by itself.
      await page.locator(".calls-now").getByRole("link", { name: "Omar Nasser" }).click();
      const scene = page.locator("#scene");
      await scene.getByText(greeting).waitFor();
      await caller.waitForTurns("agent");
      await page.fill("#field-text", LINE);
      await press(page, "Say it", "The agent will say it.");
      await scene.getByText(LINE).waitFor();
      await caller.waitForTurns("agent", 2);
      await take(page, "desk-call-live");
      await page.getByRole("button", { name: "End the call" }).click();
      await page.locator("#ask").getByRole("button", { name: "Yes" }).click();
      await theirs.waitForSelector("#over:not([hidden])");
    } finally {
      await close();
    }
    // The page becomes that of a call which is over.
    await page.getByText("Ended by staff").waitFor();
    await page.locator(".turns-whole").getByText(LINE).waitFor();
    await page.goto(`${url}/desk`);
    await page.getByText("Nobody is calling.").waitFor();
  });
});
