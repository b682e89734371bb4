// Leads: made, found, changed by two people at once, changed together, deleted. Run by tests/black_box/browser/desk.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENT, SCREENS } from "./browser.mjs";
import { another, atDesk, press, take } from "./desk.mjs";

const PATH = "/desk/leads";
const REFUSED = "status of 422";

const rows = (page) => page.locator("#list tbody tr");
const nameOf = (page) => page.inputValue("#field-name");

/** Makes a lead, from the table on. */
async function make(page, fields) {
  await page.locator("main").getByRole("link", { name: "New lead" }).first().click();
  await page.waitForSelector("#field-name");
  for (const [name, value] of Object.entries(fields)) await page.fill(`#field-${name}`, value);
  await press(page, "Save", "Saved.");
}

test("an empty desk says what to do, and a lead is made", PATIENT, async () => {
  await atDesk({ path: PATH, expected: [REFUSED] }, async (page) => {
    await page.getByText("There are no leads yet.").waitFor();
    await take(page, "desk-leads-empty");
    await page.locator("main").getByRole("link", { name: "New lead" }).first().click();
    await page.fill("#field-name", "Amanda Brown");
    await page.fill("#field-phone", "nonsense");
    await press(page, "Save", "This is not saved yet");
    assert.equal(await nameOf(page), "Amanda Brown", "what was typed stays");
    assert.match(await page.locator("#about-phone .wrong").innerText(), /not a telephone number/);
    await take(page, "desk-lead-refused");
    await page.fill("#field-phone", "+442079460958");
    await press(page, "Save", "Saved.");
    assert.match(page.url(), /\/desk\/leads\/LE_/);
  });
});

test("leads are found while one types, and sorted", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    for (const name of ["Zaid Haddad", "Bruno Costa"]) {
      await page.goto(new URL(PATH, page.url()).href);
      await make(page, { name, company: name === "Zaid Haddad" ? "Ace Plumbing" : "Best Bikes" });
    }
    await page.goto(new URL(PATH, page.url()).href);
    assert.equal(await rows(page).count(), 3);
    await page.getByRole("link", { name: "Name", exact: true }).click();
    await page.waitForURL("**sort=name");
    assert.match(await rows(page).first().innerText(), /Amanda/);
    await page.fill("#q", "ace");
    await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 1);
    assert.match(await rows(page).first().innerText(), /Zaid/);
    assert.match(page.url(), /q=ace/);
    await page.fill("#q", "nobody at all");
    await page.getByText("Nothing fits what you look for.").waitFor();
  });
});

test("who is slower is asked, and loses nothing", PATIENT, async () => {
  await atDesk({ path: PATH, expected: [REFUSED] }, async (page) => {
    await page.getByRole("link", { name: "Amanda Brown" }).click();
    await page.waitForSelector("#field-name");
    const other = await another(page, new URL(page.url()).pathname);
    await other.fill("#field-company", "Ace Plumbing");
    await press(other, "Save", "Your changes are saved.");
    await page.fill("#field-company", "Best Bikes");
    await page.fill("#field-notes", "Prefers mornings.");
    await press(page, "Save", "Somebody else has changed this");
    assert.equal(await page.inputValue("#field-notes"), "Prefers mornings.");
    assert.match(await page.locator("#about-company .theirs").innerText(), /Ace Plumbing/);
    await take(page, "desk-lead-overtaken");
    await page.getByRole("button", { name: "Take that" }).first().click();
    assert.equal(await page.inputValue("#field-company"), "Ace Plumbing");
    await press(page, "Save", "Your changes are saved.");
    assert.equal(await page.inputValue("#field-notes"), "Prefers mornings.");
  });
});

test("what cannot be sent stays on the page", PATIENT, async () => {
  await atDesk({ path: `${PATH}/new`, expected: ["ERR_INTERNET_DISCONNECTED", "htmx", "Failed to fetch"] }, async (page) => {
    await page.fill("#field-name", "Dina");
    await page.context().setOffline(true);
    await press(page, "Save");
    await page.locator("#toasts", { hasText: "The server cannot be reached." }).waitFor();
    assert.equal(await nameOf(page), "Dina");
    await page.context().setOffline(false);
    await press(page, "Save", "Saved.");
  });
});

test("a session that ends amid a form is taken up again on the page", PATIENT, async () => {
  await atDesk({ path: `${PATH}/new`, expected: ["status of 401"] }, async (page) => {
    await page.fill("#field-name", "Elif");
    await page.context().clearCookies();
    await press(page, "Save");
    const dialog = page.locator("#log-in");
    await dialog.waitFor();
    await take(page, "desk-log-in-again");
    await dialog.locator("[name=email]").fill(process.env.CALLSTEAD_EMAIL);
    await dialog.locator("[name=password]").fill("wrong");
    await dialog.getByRole("button", { name: "Log in" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.locator("[name=password]").fill(process.env.CALLSTEAD_PASSWORD);
    await dialog.getByRole("button", { name: "Log in" }).click();
    await dialog.waitFor({ state: "hidden" });
    assert.equal(await nameOf(page), "Elif");
    await press(page, "Save", "Saved.");
  });
});

test("rows are changed together, and deleted when one is sure", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await page.getByLabel("Zaid Haddad").check();
    await page.getByLabel("Bruno Costa").check();
    await page.locator("#bulk select").selectOption("status:won");
    await press(page, "Apply", /2\W* leads are changed/);
    assert.equal(await page.locator("tbody .tag.is-won").count(), 2);
    await page.getByLabel("Bruno Costa").check();
    await page.locator("#bulk select").selectOption("delete");
    await press(page, "Apply");
    await page.locator("#ask").getByRole("button", { name: "Cancel" }).click();
    assert.equal(await page.getByRole("link", { name: "Bruno Costa" }).count(), 1);
    await press(page, "Apply");
    await page.locator("#ask").getByRole("button", { name: "Yes" }).click();
    await page.locator(".notice", { hasText: /1\W* lead is deleted/ }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Bruno Costa" }).count(), 0);
    await take(page, "desk-leads");
  });
});

test("Arabic runs from right to left, also on a phone", PATIENT, async () => {
  await atDesk({ path: PATH, language: "ar", screen: SCREENS.phone, colours: "dark" }, async (page) => {
    assert.deepEqual(await page.$eval("html", ({ lang, dir }) => [lang, dir]), ["ar", "rtl"]);
    await take(page, "desk-leads-arabic-phone-dark");
    await page.locator(".languages button").click();
    await page.waitForFunction(() => document.documentElement?.lang === "en");
    assert.equal(new URL(page.url()).pathname, PATH);
  });
});
