// Customers, and what is done with them and with leads: notes, messages, callbacks, promises, numbers that nobody calls,
// imports, the dialog of a call with the agent. Run by tests/black_box/browser/desk.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENT, SCREENS } from "./browser.mjs";
import { atDesk, press, take } from "./desk.mjs";

const PATH = "/desk/customers";
const REFUSED = "status of 422";
const PHONE = "+442079460958";

const rows = (page) => page.locator("#list tbody tr");
const side = (page) => page.locator("#side");

/** Opens the page of whom the table names so. */
async function open(page, name) {
  await page.getByRole("link", { name, exact: true }).click();
  await page.waitForSelector("#side");
}

/** Opens the form of something that can be done. */
async function begin(page, act) {
  await side(page).getByRole("link", { name: act, exact: true }).click();
  await page.locator("#side form.act").waitFor();
}

/** Sends that form, and waits for what the page says then. */
async function finish(page, button, says) {
  await side(page).getByRole("button", { name: button, exact: true }).click();
  await side(page).locator(".notice", { hasText: says }).first().waitFor();
}

async function goTo(page, path) {
  await page.goto(new URL(path, page.url()).href);
}

test("a customer is made, and found by what is owed", PATIENT, async () => {
  await atDesk({ path: PATH, expected: [REFUSED] }, async (page) => {
    await page.getByText("There are no customers yet.").waitFor();
    await take(page, "desk-customers-empty");
    for (const [name, amount, overdue] of [["Amanda Brown", "1500.50", "45"], ["Bruno Costa", "90", "3"]]) {
      await goTo(page, `${PATH}/new`);
      await page.fill("#field-userName", name);
      await page.fill("#field-amountDue", "much");
      await press(page, "Save", "This is not saved yet");
      assert.match(await page.locator("#about-amountDue .wrong").innerText(), /must be a number/);
      await page.fill("#field-amountDue", amount);
      await page.fill("#field-overduePeriodInDays", overdue);
      if (name === "Amanda Brown") await page.fill("#field-userPhone", PHONE);
      await page.fill("#field-creditCardNumber", "4111 1111 1111 1111");
      await press(page, "Save", "Saved.");
      assert.match(await page.inputValue("#field-creditCardNumber"), /^4111 11\D+1111$/, "the card is masked");
    }
    await goTo(page, PATH);
    await page.getByRole("link", { name: "Amount due" }).click();
    await page.waitForURL("**sort=amountDue");
    assert.match(await rows(page).first().innerText(), /Bruno/);
    await page.fill("[name=overdueDaysFrom]", "30");
    await page.press("[name=overdueDaysFrom]", "Tab");
    await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 1);
    assert.match(await rows(page).first().innerText(), /Amanda.*1500\.50/s);
    await take(page, "desk-customers");
  });
});

test("notes, callbacks and promises are kept, and what is typed beside them stays", PATIENT, async () => {
  await atDesk({ path: PATH, expected: [REFUSED] }, async (page) => {
    await open(page, "Amanda Brown");
    await page.fill("#field-bank", "Not saved yet");
    await begin(page, "Note");
    await page.fill("#field-text", "Prefers mornings.");
    await finish(page, "Save the note", "The note is saved.");
    assert.match(await page.locator("#timeline").innerText(), /Prefers mornings\./);
    await begin(page, "Callback");
    await page.fill("#field-dueAt", "2020-01-02T10:00");
    await page.fill("#field-reason", "Asked for it");
    await finish(page, "Save the callback", "The callback is saved.");
    await begin(page, "Promise to pay");
    await page.fill("#field-amount", "-5");
    await page.fill("#field-dueOn", "2099-12-31");
    await finish(page, "Save the promise", "This is not saved yet");
    assert.match(await page.locator("#about-amount .wrong").innerText(), /must not be negative/);
    await page.fill("#field-amount", "200");
    await finish(page, "Save the promise", "The promise is saved.");
    assert.equal(await page.inputValue("#field-bank"), "Not saved yet");
    await take(page, "desk-customer");
  });
});

test("older communications come on demand", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await open(page, "Bruno Costa");
    const id = new URL(page.url()).pathname.split("/").pop();
    await page.evaluate(async (id) => {
      for (let number = 1; number <= 25; number += 1) {
        const body = JSON.stringify({ text: `Note ${number}.` });
        await fetch(`/api/admin/customers/${id}/notes`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      }
    }, id);
    await page.reload();
    assert.equal(await page.locator("#timeline > li:not(#more)").count(), 20);
    await side(page).getByRole("link", { name: "Show older" }).click();
    await page.waitForFunction(() => document.querySelectorAll("#timeline > li:not(#more)").length === 25);
    assert.equal(await page.locator("#more").count(), 0);
  });
});

test("nobody writes to or calls a number on the list, until a leader takes it off", PATIENT, async () => {
  await atDesk({ path: PATH, expected: [REFUSED] }, async (page) => {
    await open(page, "Amanda Brown");
    await begin(page, "Text message");
    await page.fill("#field-message", "Please call us back.");
    await finish(page, "Send", "The message is kept");
    await begin(page, "Do not call");
    await page.fill("#field-reason", "Asked on the telephone");
    await finish(page, "Put on the list", "This number is on the do-not-call list.");
    assert.equal(await side(page).getByRole("button", { name: "Invite to a call" }).count(), 0);
    await begin(page, "Text message");
    await page.fill("#field-message", "Once more.");
    await finish(page, "Send", "nothing is sent to it");
    assert.equal(await page.inputValue("#field-message"), "Once more.");
    await take(page, "desk-customer-blocked");
    await goTo(page, "/desk/do-not-call");
    assert.match(await rows(page).first().innerText(), /Asked on the telephone/);
    await page.fill("#list ~ form #field-phone", PHONE.replace("+44", "+4 4 "));
    await press(page, "Put on the list", "The number is on the list.");
    assert.equal(await rows(page).count(), 1);
    await take(page, "desk-do-not-call");
    await rows(page).first().getByRole("link", { name: "Take off the list" }).click();
    await page.fill("#field-reason", "A mistake");
    await press(page, "Take off the list", "The number is off the list.");
    await goTo(page, "/desk/sms?state=held");
    await page.getByText("This server has no transport").waitFor();
    await take(page, "desk-sms");
    await rows(page).first().getByRole("button", { name: "Take back" }).click();
    await page.locator("#ask").getByRole("button", { name: "Yes" }).click();
    await page.locator("main .notice", { hasText: "The message is taken back." }).waitFor();
  });
});

test("what is due is seen first, and what became of it is noted", PATIENT, async () => {
  await atDesk({ path: "/desk/callbacks" }, async (page) => {
    assert.match(await rows(page).first().innerText(), /overdue/);
    await rows(page).first().getByRole("link", { name: "Amanda Brown" }).waitFor();
    await take(page, "desk-callbacks");
    await press(page, "Done", "Noted.");
    await page.getByText("No callback is open.").waitFor();
    await goTo(page, "/desk/promises");
    assert.match(await rows(page).first().innerText(), /Amanda Brown.*200/s);
    await page.getByRole("link", { name: "Due today or before" }).click();
    await page.getByText("Nothing fits").waitFor();
    await goTo(page, "/desk/promises");
    await press(page, "It was kept", "Noted.");
    await page.selectOption("[name=state]", "kept");
    await rows(page).first().getByRole("button", { name: "Open again" }).waitFor();
    await take(page, "desk-promises");
  });
});

test("a file is looked at before it is imported", PATIENT, async () => {
  const choose = (page, rows) =>
    page.setInputFiles("#file", { name: "leads.csv", mimeType: "text/csv", buffer: Buffer.from(`Name,Phone,Shoe size\n${rows}`) });
  await atDesk({ path: "/desk/leads/import", expected: [REFUSED] }, async (page) => {
    await page.setInputFiles("#file", { name: "x.csv", mimeType: "text/csv", buffer: Buffer.from("Colour\nred\n") });
    await press(page, "See what it does", "Nothing can be imported while rows are wrong");
    await choose(page, "Dina,nonsense,38\nElif,+442079460123,39\n");
    await press(page, "See what it does", "Nothing can be imported while rows are wrong");
    assert.match(await page.locator("tbody tr").first().innerText(), /not a telephone number/);
    await page.getByText("“Shoe size”").waitFor();
    await take(page, "desk-import-wrong");
    await choose(page, "Dina,+442079460124,38\nElif,+442079460123,39\n");
    await press(page, "See what it does");
    await page.locator(".tag", { hasText: /New: \W*2/ }).waitFor();
    await take(page, "desk-import");
    await press(page, "Import it", "The file is imported.");
    assert.equal(await rows(page).count(), 2);
  });
});

test("whoever is invited gets a link", PATIENT, async () => {
  await atDesk({ path: "/desk/leads" }, async (page) => {
    await open(page, "Elif");
    await side(page).getByRole("button", { name: "Invite to a call" }).click();
    await page.locator(".invitation code").waitFor();
    const link = await page.locator(".invitation code").innerText();
    assert.match(link, /#join=/);
    assert.ok((await page.inputValue("#field-message")).includes(link), "it can be sent at once");
    await take(page, "desk-lead-invited");
  });
});

test("the agent is called in a dialog, which says first what it will know", PATIENT, async () => {
  // Where there is no model, nobody comes when the page asks for an agent.
  await atDesk({ path: PATH, expected: ["status of 503"] }, async (page) => {
    const loaded = [];
    page.on("request", (request) => loaded.push(request.url()));
    await rows(page).filter({ hasText: "Amanda Brown" }).getByRole("link", { name: "Agent call" }).click();
    const dialog = page.locator("#dialog");
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /Amanda Brown.*1500\.50/s);
    assert.ok(!loaded.some((url) => url.endsWith("agent-call.js")), "what makes the call is not needed yet");
    await take(page, "desk-agent-call");
    await dialog.getByRole("button", { name: "Start call" }).click();
    await dialog.getByRole("button", { name: "End call" }).waitFor();
    await dialog.getByText("Connected").waitFor();
    await dialog.getByRole("button", { name: "Mute" }).click();
    await dialog.getByRole("button", { name: "Unmute" }).waitFor();
    await page.waitForFunction(() => document.querySelector("[data-part=timer]").textContent !== "0:00");
    await take(page, "desk-agent-call-live");
    await dialog.getByRole("button", { name: "End call" }).click();
    await dialog.getByRole("button", { name: "Start call" }).waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "hidden" });
  });
});

test("Arabic pages run from right to left, also on a phone", PATIENT, async () => {
  const { phone, desktop } = SCREENS;
  for (const [screen, colours, name] of [[phone, "dark", "phone-dark"], [desktop, "light", "desktop"]]) {
    await atDesk({ path: PATH, language: "ar", screen, colours }, async (page) => {
      assert.equal(await page.$eval("html", ({ dir }) => dir), "rtl");
      await take(page, `desk-customers-arabic-${name}`);
      await open(page, "Amanda Brown");
      await take(page, `desk-customer-arabic-${name}`);
      for (const path of ["promises?state=any", "callbacks?state=any", "do-not-call", "sms", "customers/import"]) {
        await goTo(page, `/desk/${path}`);
        await take(page, `desk-${path.split(/[?/]/)[0]}-${path.includes("import") ? "import-" : ""}arabic-${name}`);
      }
    });
  }
});
