// A supervisor listens in on a call, takes it over, and gives it back. Run by tests/black_box/browser/desk.rs, where a call can be made.
//
//   CALLSTEAD_GREETING  what the agent says first
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { openBrowser, PATIENT, SCREENS } from "./browser.mjs";
import { Caller } from "./caller.mjs";
import { ask, atDesk, take } from "./desk.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_GREETING: greeting } = process.env;
/** Each caller has a name and a number of their own. */
let called = 50;
const WORDS = {
  "en-US": { listen: "Listen in", takeOver: "Take over", giveBack: "Give back", mute: "Mute", unmute: "Unmute", talking: "The caller hears you.", muted: "You are muted", listening: "You are listening in.", returned: "The agent talks with the caller again." },
  ar: { listen: "استماع", takeOver: "تولّي المكالمة", giveBack: "إعادتها إلى الوكيل", mute: "كتم الميكروفون", unmute: "تشغيل الميكروفون", talking: "المتصل يسمعك.", muted: "ميكروفونك مكتوم", listening: "أنت تستمع.", returned: "الوكيل يتحدث إلى المتصل من جديد." },
};

/** A caller who has been greeted, and the page of their call. Each test has a caller of its own. */
async function withCall(options, act) {
  await atDesk({ path: "/desk", ...options }, async (page) => {
    called += 1;
    const name = `Omar ${called}`;
    const lead = await ask(page, "POST", "/api/admin/leads", { name, phone: `+4420794609${called}`, language: "en" });
    const { joinUrl } = await ask(page, "POST", `/api/admin/leads/${lead.id}/call`, {});
    const { page: theirs, close } = await openBrowser({ screen: SCREENS.phone });
    try {
      const caller = new Caller(theirs, url);
      await theirs.goto(joinUrl);
      await theirs.click("#start");
      await caller.waitForTurns("agent");
      await page.locator(".calls-now").getByRole("link", { name }).click();
      await page.locator("#scene").getByText(greeting).waitFor();
      await act(page, theirs, caller);
    } finally {
      await close();
    }
  });
}

const button = (page, name) => page.locator("main").getByRole("button", { name, exact: true });
/** The supervisor, as a caller's page lists them. */
const guest = (theirs) => theirs.locator("#people bdi", { hasText: "Nadia" });
const focused = (page) => page.evaluate(() => document.activeElement?.dataset.act);
const state = (page, words) => page.locator("#supervision [data-part=state]", { hasText: words }).waitFor();

/** What the API says of the call of this page. */
const callOf = (page) => page.evaluate(async () => (await fetch(document.getElementById("supervision").dataset.address)).json());

for (const [language, screen] of [["en-US", SCREENS.desktop], ["ar", SCREENS.phone]]) {
  test(`a supervisor listens in, takes over and gives back (${language})`, PATIENT, async () => {
    const words = WORDS[language];
    await withCall({ language, screen }, async (page, theirs, caller) => {
      await button(page, words.listen).click();
      await state(page, words.listening);
      assert.equal(await guest(theirs).count(), 0, "nobody hears or sees who listens in");
      assert.equal(await focused(page), "take-over");
      await assertAccessible(page, "listening in");
      await take(page, `desk-listening-${language.slice(0, 2)}`);

      await button(page, words.takeOver).click();
      await state(page, words.talking);
      assert.equal(await focused(page), "mute");
      await guest(theirs).waitFor({ state: "attached" });
      await theirs.locator("audio[data-role=guest]").waitFor({ state: "attached" });
      await theirs.getByText("A member of staff is talking with you now.").waitFor();
      await page.locator("#scene .handover").waitFor();
      assert.equal((await callOf(page)).takenOver.by, "Nadia");
      await button(page, words.mute).click();
      await state(page, words.muted);
      await button(page, words.unmute).click();
      await state(page, words.talking);
      await assertAccessible(page, "a call that was taken over");
      await take(page, `desk-taken-over-${language.slice(0, 2)}`);

      await button(page, words.giveBack).click();
      await state(page, words.returned);
      await guest(theirs).waitFor({ state: "detached" });
      await theirs.locator("audio[data-role=guest]").waitFor({ state: "detached" });
      await theirs.locator("#notice").waitFor({ state: "hidden" });
      await caller.waitForTurns("agent", 2);
      const { takenOver, handovers } = await callOf(page);
      assert.deepEqual([takenOver, handovers.length, handovers[0].how], [null, 1, "given_back"]);
      assert.equal(await button(page, words.listen).isVisible(), true);
    });
  });
}

test("a page that is left gives the call back, and one may help while listening", PATIENT, async () => {
  await withCall({}, async (page, theirs, caller) => {
    await button(page, "Listen in").click();
    await state(page, "You are listening in.");
    await page.fill("#field-text", "We open at nine.");
    await button(page, "Say it").click();
    await caller.waitForTurns("agent", 2);
    await state(page, "You are listening in.");
    await button(page, "Stop listening").click();
    await button(page, "Take over").click();
    await state(page, "The caller hears you.");
    const address = page.url();
    await page.goto(`${url}/desk`);
    await caller.waitForTurns("agent", 3);
    await page.goto(address);
    assert.equal(await page.locator("#scene .handover").count(), 0);
    assert.equal((await callOf(page)).handovers[0].how, "colleague_gone");
  });
});
