// What is done to many rows at once, and taken back: rows that are ticked, all that fit, a file of them; and what the next page
// offers to undo. Run by tests/black_box/browser/desk.rs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { SCREENS } from "./browser.mjs";
import { another, atDesk, press, take } from "./desk.mjs";

const PATH = "/desk/leads";
/** More than a page has. */
const MANY = 60;

const rows = (page) => page.locator("#list tbody tr");
const total = (page) => page.locator(".pages p").innerText();
const act = (page, value) => page.locator("#bulk select").selectOption(value);
const says = (page, words) => page.locator("main .notice", { hasText: words }).first().waitFor();

/** What is asked before something is done; with `answer`, it is answered. */
async function asked(page, answer) {
  const words = await page.locator("#ask-words").innerText();
  await page.locator("#ask").getByRole("button", { name: answer }).click();
  return words;
}

async function goTo(page, path) {
  await page.goto(new URL(path, page.url()).href);
}

/** Leads from a file: the ones of the even lines have a number. */
async function fill(page) {
  const lines = Array.from({ length: MANY }, (_, at) => `Lead ${at},${at % 2 ? "" : `+4420794600${String(at).padStart(2, "0")}`},Fair`);
  await goTo(page, `${PATH}/import`);
  await page.setInputFiles("#file", { name: "l.csv", mimeType: "text/csv", buffer: Buffer.from(`Name,Phone,Source\n${lines.join("\n")}\n`) });
  await press(page, "See what it does");
  await page.getByRole("button", { name: "Import it" }).click();
  await says(page, "The file is imported.");
}

test("who was deleted by mistake comes back", { timeout: 60_000 }, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await fill(page);
    await page.fill("#q", "Lead 7");
    await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 1);
    await page.getByRole("link", { name: "Lead 7", exact: true }).click();
    await page.waitForSelector("#side");
    await press(page, "Delete");
    assert.match(await asked(page, "Yes"), /undo/);
    await says(page, "Deleted.");
    await assertAccessible(page, "a notice with a way back");
    await take(page, "desk-undo");
    await press(page, "Undo", "It is as it was.");
    assert.equal(await page.getByRole("button", { name: "Undo" }).count(), 0);
    await page.fill("#q", "Lead 7");
    await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 1);
  });
});

test("all that fit are changed together, with their number in the question", { timeout: 90_000 }, async () => {
  await atDesk({ path: `${PATH}?q=lead` }, async (page) => {
    await page.getByLabel("Choose all on this page").check();
    await page.locator("#bulk [name=all]").check();
    assert.match(await page.locator("[data-count]").innerText(), /60/);
    await assertAccessible(page, "rows that are chosen");
    await take(page, "desk-bulk");
    await act(page, "status:won");
    await press(page, "Apply");
    assert.match(await asked(page, "Yes"), /60/);
    await says(page, /60\W* leads are changed/);
    assert.match(page.url(), /q=lead/, "what was searched for stays");
    assert.equal(await page.locator("tbody .tag.is-won").count(), 50);

    await page.getByLabel("Choose all on this page").check();
    await page.locator("#bulk [name=all]").check();
    await act(page, "delete");
    await press(page, "Apply");
    assert.match(await asked(page, "Yes"), /60/);
    await says(page, /60\W* leads are deleted/);
    assert.equal(await rows(page).count(), 0);
    await press(page, "Undo", /60\W* are as they were/);
    assert.match(await total(page), /60/);
    assert.equal(await page.locator("tbody .tag.is-won").count(), 50, "as they were");
  });
});

test("who was changed meanwhile is left alone, and it is said why", { timeout: 60_000 }, async () => {
  await atDesk({ path: `${PATH}?q=lead+1&sort=name` }, async (page) => {
    await page.getByLabel("Lead 1", { exact: true }).check();
    await page.getByLabel("Lead 10", { exact: true }).check();
    await page.getByLabel("Lead 11", { exact: true }).check();
    const other = await another(page, `${PATH}?q=lead+11`);
    await other.getByRole("link", { name: "Lead 11", exact: true }).click();
    await other.fill("#field-company", "Ace Plumbing");
    await press(other, "Save", "Your changes are saved.");
    await act(page, "block");
    await press(page, "Apply");
    assert.match(await asked(page, "Yes"), /3/);
    // An odd one has no number; what somebody else has changed in it does not matter to the number it has not.
    await says(page, /1\W* number is on the do-not-call list now/);
    await says(page, /2\W* have no telephone number/);
    await press(page, "Undo", "It is as it was.");
    await page.getByLabel("Lead 1", { exact: true }).check();
    await page.getByLabel("Lead 12", { exact: true }).check();
    await goTo(other, `${PATH}?q=lead+12`);
    await other.getByRole("link", { name: "Lead 12", exact: true }).click();
    await other.fill("#field-company", "Best Bikes");
    await press(other, "Save", "Your changes are saved.");
    await act(page, "status:lost");
    await press(page, "Apply", /1\W* lead is changed/);
    await says(page, /1\W* was changed by somebody else/);
    await take(page, "desk-bulk-some");
  });
});

test("the rows that are chosen are taken out as a file", { timeout: 60_000 }, async () => {
  await atDesk({ path: `${PATH}?q=lead+2` }, async (page) => {
    await page.getByLabel("Lead 20", { exact: true }).check();
    await page.getByLabel("Lead 21", { exact: true }).check();
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Export")]);
    const file = await readFile(await download.path(), "utf8");
    assert.equal(file.trim().split("\r\n").length, 3);
    assert.match(file, /Lead 20.*won/);
    assert.equal(await page.locator("#bulk").count(), 1, "the page stays");
  });
});

test("a number that was taken off the list, a promise and a rule come back", { timeout: 90_000 }, async () => {
  await atDesk({ path: "/desk/do-not-call" }, async (page) => {
    await page.fill("#list ~ form #field-phone", "+442079469999");
    await page.fill("#list ~ form #field-reason", "Asked by letter");
    await press(page, "Put on the list", "The number is on the list.");
    await rows(page).filter({ hasText: "Asked by letter" }).getByRole("link", { name: "Take off the list" }).click();
    await page.fill("#field-reason", "The wrong one");
    await press(page, "Take off the list", "The number is off the list.");
    await press(page, "Undo", "It is as it was.");
    await rows(page).filter({ hasText: "Asked by letter" }).waitFor();

    await goTo(page, `${PATH}?q=lead+30`);
    await page.getByRole("link", { name: "Lead 30", exact: true }).click();
    const side = page.locator("#side");
    await side.getByRole("link", { name: "Promise to pay" }).click();
    await page.fill("#field-amount", "200");
    await page.fill("#field-dueOn", "2030-01-31");
    await side.getByRole("button", { name: "Save the promise" }).click();
    await side.locator(".notice", { hasText: "The promise is saved." }).waitFor();
    await goTo(page, "/desk/promises");
    await press(page, "It was kept", "Noted.");
    await press(page, "Undo", "It is as it was.");
    assert.match(await rows(page).first().innerText(), /Lead 30/);

    await goTo(page, "/desk/rules/new");
    await page.fill("#field-pattern", "night-*");
    await press(page, "Save", "The rule is saved.");
    await page.getByRole("link", { name: "night-*" }).click();
    await press(page, "Delete");
    await asked(page, "Yes");
    await says(page, "The rule is deleted.");
    await press(page, "Undo", "It is as it was.");
    await page.getByRole("link", { name: "night-*" }).waitFor();
  });
});

test("beside a lead, what was done is taken back and what was typed stays", { timeout: 60_000 }, async () => {
  await atDesk({ path: `${PATH}?q=lead+40` }, async (page) => {
    await page.getByRole("link", { name: "Lead 40", exact: true }).click();
    const side = page.locator("#side");
    await side.getByRole("link", { name: "Do not call", exact: true }).click();
    await side.getByRole("button", { name: "Put on the list" }).click();
    await side.locator(".notice", { hasText: "on the do-not-call list" }).first().waitFor();
    await page.fill("#field-company", "Half typed");
    await side.getByRole("link", { name: "Take off the list" }).click();
    await page.fill("#side #field-reason", "A mistake");
    await side.getByRole("button", { name: "Take off the list" }).click();
    await side.getByRole("button", { name: "Undo" }).click();
    await side.locator(".notice", { hasText: "It is as it was." }).waitFor();
    assert.equal(await page.inputValue("#field-company"), "Half typed");
  });
});

test("columns are chosen, and wrong rows are taken away to be mended", { timeout: 60_000 }, async () => {
  await atDesk({ path: `${PATH}/import` }, async (page) => {
    const file = Buffer.from("Wer;Nummer\nPia;nonsense\nQuin;+442079460777\n");
    await page.setInputFiles("#file", { name: "l.csv", mimeType: "text/csv", buffer: file });
    await press(page, "See what it does", "Nothing can be imported while rows are wrong");
    await page.getByLabel("Wer").selectOption({ label: "Name" });
    await page.getByLabel("Nummer").selectOption({ label: "Telephone" });
    await press(page, "Look again with these columns");
    await page.locator(".tag", { hasText: /Wrong: \W*1/ }).waitFor();
    assert.equal(await page.getByLabel("Nummer").evaluate((it) => it.selectedOptions[0].label), "Telephone");
    await assertAccessible(page, "the columns of a file");
    await take(page, "desk-import-columns");
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Download the wrong rows, to mend them")]);
    const wrong = await readFile(await download.path(), "utf8");
    assert.match(wrong, /2,.*not a telephone number.*Pia,nonsense/);
    await page.selectOption("#on-wrong", "leave");
    await press(page, "Look again with these columns");
    await page.getByRole("button", { name: "Import it" }).click();
    await says(page, "The file is imported.");
    await goTo(page, `${PATH}?q=quin`);
    assert.equal(await rows(page).count(), 1);
  });
});

test("Arabic, dark, on a phone", { timeout: 60_000 }, async () => {
  await atDesk({ path: `${PATH}?q=lead`, language: "ar", screen: SCREENS.phone, colours: "dark" }, async (page) => {
    await page.locator("[data-all]").check();
    await page.locator("#bulk [name=all]").check();
    await take(page, "desk-bulk-arabic-phone-dark");
    await act(page, "status:contacted");
    await page.locator("#bulk button").first().click();
    await asked(page, "نعم");
    await says(page, "عُدّل");
    await assertAccessible(page, "a notice in Arabic");
    await take(page, "desk-undo-arabic-phone-dark");
    await page.getByRole("button", { name: "تراجع" }).click();
    await says(page, "كما كان");
  });
});
