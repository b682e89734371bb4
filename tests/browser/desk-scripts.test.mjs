// Scripts: begun with one of ours, checked while one types, tried, saved by two people at once, compared, taken live and back, copied,
// deleted. Run by tests/black_box/browser/desk.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENT, SCREENS } from "./browser.mjs";
import { another, atDesk, press, take } from "./desk.mjs";

const PATH = "/desk/scripts";
const REFUSED = "status of 422";
const TEXT = "#field-content";

const main = (page) => page.locator("main");
const open = async (page, name) => {
  await main(page).getByRole("link", { name }).first().click();
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.waitForSelector(TEXT);
};
const sure = (page) => page.locator("#ask").getByRole("button", { name: "Yes" }).click();
const version = (page, number) => page.locator("tbody tr", { hasText: `Version ${number}` });

/** Changes the text as somebody who types would, and waits until it was checked. */
async function write(page, change) {
  const text = await page.inputValue(TEXT);
  const checked = page.waitForResponse((response) => response.url().endsWith("/desk/scripts/check"));
  await page.fill(TEXT, change(text));
  await checked;
}

test("an empty desk begins with one of ours, and a fault is told by its line", PATIENT, async () => {
  await atDesk({ path: PATH, expected: [REFUSED] }, async (page) => {
    await page.getByText("There are no scripts yet.").waitFor();
    await take(page, "desk-scripts-empty");
    await main(page).getByRole("link", { name: "New script" }).first().click();
    await page.waitForURL("**/begin");
    await take(page, "desk-scripts-begin");
    await open(page, "Appointment reminder");
    assert.equal(await page.inputValue("#field-name"), "Appointment reminder");
    await page.locator("#faults", { hasText: "No faults." }).waitFor();
    assert.equal(await page.locator("#drawing svg .step").count(), 10);
    const drawn = await page.locator("#drawing").innerHTML();

    await write(page, (text) => text.replace('on.keep = "kept"', 'on.keep = "nowhere"'));
    await page.locator("#faults", { hasText: "nowhere" }).waitFor();
    const line = (await page.inputValue(TEXT)).split("\n").findIndex((it) => it.includes("nowhere")) + 1;
    assert.equal(await page.locator(".lines b").innerText(), String(line), "the line is marked");
    assert.equal(await page.locator("#drawing").innerHTML(), drawn, "the last good drawing stays");
    await page.locator("#faults").getByRole("button", { name: `line ${line}` }).click();
    const at = await page.$eval(TEXT, (text) => text.value.slice(0, text.selectionStart).split("\n").length);
    assert.equal(at, line, "its link leads there");
    await take(page, "desk-script-faulty");

    await press(page, "Save", "This is not saved yet");
    assert.match(await page.inputValue(TEXT), /nowhere/, "what was typed stays");
    await write(page, (text) => text.replace("nowhere", "kept"));
    await page.locator("#faults", { hasText: "No faults." }).waitFor();
    await press(page, "Save", "The script is saved.");
    assert.match(page.url(), /\/desk\/scripts\/SC_/);
    assert.match(await version(page, 1).innerText(), /Live/);
  });
});

test("a script is talked with before a caller hears it", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await open(page, "Appointment reminder");
    const chat = page.locator("#chat");
    const say = async (words) => {
      await chat.locator("[name=words]").fill(words);
      await chat.getByRole("button", { name: "Send" }).click();
      await chat.locator(".is-caller", { hasText: words }).waitFor();
    };
    await chat.getByRole("button", { name: "Try it" }).click();
    assert.equal(await chat.locator("[name=value-userName]").inputValue(), "Sam Carter");
    await chat.locator("[name=value-userName]").fill("Amanda");
    await chat.getByRole("button", { name: "Begin" }).click();
    await chat.locator(".is-agent", { hasText: "Amanda" }).waitFor();
    await say("can we move it");
    await chat.locator(".at", { hasText: "when" }).waitFor();
    assert.match(await page.locator("#drawing .here .id").textContent(), /^when/);
    // The text is changed amid the chat, and the chat goes on with it.
    await write(page, (text) => text.replace("I have noted your wish", "I have written your wish down"));
    await say("tomorrow at ten in the morning");
    await chat.locator(".is-agent", { hasText: "Is that right?" }).waitFor();
    await say("yes");
    await chat.locator(".is-agent", { hasText: "written your wish down" }).waitFor();
    await chat.locator(".is-act", { hasText: "Call back on" }).waitFor();
    await chat.locator(".at", { hasText: "moved" }).waitFor();
    await take(page, "desk-script-chat");
    await chat.getByRole("button", { name: "From the beginning" }).click();
    await chat.locator("[name=words]").waitFor();
    assert.equal(await chat.locator("li").count(), 1);
    await chat.getByRole("button", { name: "Say nothing" }).click();
    await chat.locator(".is-caller", { hasText: "says nothing" }).waitFor();
  });
});

test("its tests and callers of each manner are simulated", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await open(page, "Appointment reminder");
    const simulated = page.locator("#simulated");
    await simulated.getByRole("button", { name: "Run" }).click();
    await simulated.getByText("All 5 tests passed.").waitFor();
    assert.equal(await simulated.locator("tbody tr").count(), 5 + 6);
    await write(page, (text) => text.replace('expect = { outcome = "confirmed" }', 'expect = { outcome = "moved" }'));
    await simulated.getByRole("button", { name: "Run" }).click();
    await simulated.getByText("1 of 5 tests failed.").waitFor();
    await simulated.getByText("the outcome is confirmed, not moved").waitFor();
    await simulated.locator("summary").first().click();
    await take(page, "desk-script-simulated");
  });
});

test("who is slower sees both texts, and chooses", PATIENT, async () => {
  await atDesk({ path: PATH, expected: [REFUSED] }, async (page) => {
    await open(page, "Appointment reminder");
    const other = await another(page, new URL(page.url()).pathname);
    await write(other, (text) => text.replace("I cannot hear you.", "I cannot hear you at all."));
    await press(other, "Save as version 2", "The script is saved.");
    await write(page, (text) => text.replace("I have cancelled it.", "It is cancelled."));
    await press(page, "Save as version 2", "Somebody else has changed this");
    assert.match(await page.inputValue(TEXT), /It is cancelled\./, "what was typed stays");
    await page.locator(".merge .is-old", { hasText: "at all" }).waitFor();
    await take(page, "desk-script-merge");
    await page.getByRole("button", { name: "Take what is stored" }).click();
    assert.match(await page.inputValue(TEXT), /at all/);
    await write(page, (text) => text.replace("I have cancelled it.", "It is cancelled."));
    await press(page, "Save as version 3", "The script is saved.");
  });
});

test("versions are compared, taken live and back", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await open(page, "Appointment reminder");
    // A draft with a fault is saved, but does not go live.
    await write(page, (text) => text.replace('on.keep = "kept"', 'on.keep = "nowhere"'));
    await page.getByLabel("New calls run this version").uncheck();
    await press(page, "Save as version 4", "The script is saved.");
    await version(page, 4).getByRole("button", { name: "Take version 4 live" }).click();
    await page.locator(".notice", { hasText: "cannot go live" }).waitFor();
    assert.match(await version(page, 3).innerText(), /Live/);
    await version(page, 1).getByRole("button", { name: "Take version 1 live" }).click();
    await page.locator(".notice", { hasText: "New calls run this version now." }).waitFor();
    assert.match(await version(page, 1).innerText(), /Live/);

    await version(page, 3).getByRole("link", { name: "Version 3" }).click();
    await page.locator(".diff .is-new", { hasText: "It is cancelled." }).waitFor();
    await page.getByLabel("Compare with").selectOption("1");
    await press(page, "Compare");
    await page.locator(".diff .is-new", { hasText: "at all" }).waitFor();
    await take(page, "desk-script-version");
    await main(page).getByRole("link", { name: "Edit this text" }).click();
    await page.locator(".notice", { hasText: "The editor holds version 3" }).waitFor();
    await press(page, "Save as version 5", "The script is saved.");
    await press(page, "Take off");
    await sure(page);
    await page.locator(".notice", { hasText: "No version is live now." }).waitFor();
  });
});

test("what is not saved is not left without asking", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await open(page, "Appointment reminder");
    await write(page, (text) => `# mine\n${text}`);
    await page.getByRole("link", { name: "Leads", exact: true }).click();
    await page.locator("#ask").getByRole("button", { name: "Cancel" }).click();
    assert.match(await page.inputValue(TEXT), /^# mine/);
    await page.getByRole("link", { name: "Leads", exact: true }).click();
    await sure(page);
    await page.waitForURL("**/desk/leads");
  });
});

test("a script is copied, and deleted when one is sure", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await open(page, "Appointment reminder");
    await press(page, "Duplicate", "This is the copy.");
    assert.equal(await page.inputValue("#field-name"), "Appointment reminder (copy)");
    await press(page, "Delete");
    await sure(page);
    await page.locator(".notice", { hasText: "The script is deleted." }).waitFor();
    assert.equal(await page.locator("#list tbody tr").count(), 1);
    await take(page, "desk-scripts");
  });
});

test("Arabic scripts on an Arabic phone", PATIENT, async () => {
  await atDesk({ path: `${PATH}/new?from=payment-ar`, language: "ar", screen: SCREENS.phone, colours: "dark" }, async (page) => {
    assert.deepEqual(await page.$eval("html", ({ lang, dir }) => [lang, dir]), ["ar", "rtl"]);
    await page.locator("#faults", { hasText: "لا أخطاء" }).waitFor();
    const chat = page.locator("#chat");
    await chat.getByRole("button", { name: "جرّبه" }).click();
    await chat.getByRole("button", { name: "ابدأ" }).click();
    await chat.locator(".is-agent").first().waitFor();
    await take(page, "desk-script-arabic-phone-dark");
  });
});
