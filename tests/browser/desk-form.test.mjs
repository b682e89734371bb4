// Scripts as a form: made and changed by somebody who knows no TOML, with the text beside it. Run by tests/black_box/browser/desk.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { SCREENS } from "./browser.mjs";
import { another, atDesk, press, take } from "./desk.mjs";

const NEW = "/desk/scripts/new";
const TEXT = "#field-content";
const FORM = "#sheet [data-step-form]";

const card = (page, id) => page.locator("#sheet li.step-card", { has: page.locator("h2 bdi", { hasText: new RegExp(`^${id}$`) }) });
const ids = (page) => page.locator("#sheet li.step-card h2 bdi").allInnerTexts();
const text = (page) => page.inputValue(TEXT);
const field = (page, name) => page.locator(`${FORM} [name="f-${name}"]`);

/** Does something that the server answers with a new form. */
async function answered(page, act) {
  const answer = page.waitForResponse((response) => response.url().endsWith("/desk/scripts/form"));
  const shown = await page.locator("#sheet [data-script-text]").elementHandle();
  await act();
  assert.equal((await answer).status(), 200);
  await page.waitForFunction((old) => !old.isConnected, shown);
}

const button = (page, within, name) => answered(page, () => within.getByRole("button", { name, exact: true }).click());
const apply = (page, name = "Apply") => button(page, page.locator(FORM), name);

/** Adds a step of a kind below another one; its form opens. */
async function addBelow(page, id, kind, { open = "Add a step below", add = "Add" } = {}) {
  await card(page, id).getByText(open, { exact: true }).click();
  await card(page, id).locator("select[name=kind]").selectOption(kind);
  await button(page, card(page, id), add);
  await page.locator(FORM).waitFor();
}

/** Makes a script of the blank one: a greeting, a question with two answers that lead to two steps. */
async function make(page) {
  await page.locator("#field-name").fill("Survey");
  await button(page, card(page, "hello"), "Edit");
  await field(page, "ask").fill("Good morning {{userName}}, this is an automated call. Do you have a minute?");
  await apply(page);
  assert.match(await card(page, "hello").locator(".says").innerText(), /^Good morning/);

  await addBelow(page, "hello", "ask");
  await field(page, "id").fill("happy");
  await field(page, "ask").fill("How was our visit?");
  await field(page, "expect").selectOption("choice");
  const part = (at) => page.locator(`${FORM} [data-parts]`, { has: page.locator('[name="f-answers"]') }).locator("[data-part]").nth(at);
  for (const [at, name, to, says] of [[0, "good", "thanks", "very good\nfine"], [1, "bad", "bye", "not good"]]) {
    await part(at).getByLabel("Answer, in one word").fill(name);
    await part(at).getByLabel("leads to").selectOption(to);
    await part(at).getByLabel("What callers say").fill(says);
  }
  await take(page, "desk-form-open");
  await assertAccessible(page, "an open step");
  await apply(page);

  await button(page, card(page, "hello"), "Edit");
  await page.locator(`${FORM} [name="f-answers-0-value"]`).selectOption("happy");
  await apply(page);
}

test("a script is made by form alone, and goes live", { timeout: 120_000 }, async () => {
  await atDesk({ path: NEW }, async (page) => {
    assert.deepEqual(await ids(page), ["hello", "thanks", "bye"]);
    assert.equal(await page.locator(TEXT).isVisible(), false, "the form comes first");
    await assertAccessible(page, "the form of a script");
    await make(page);
    await page.locator("#faults", { hasText: "No faults." }).waitFor();
    assert.deepEqual(await ids(page), ["hello", "happy", "thanks", "bye"]);
    assert.deepEqual((await card(page, "happy").locator(".ways li").allInnerTexts()).map((it) => it.split(/\s+/)), [["good", "thanks"], ["bad", "bye"]]);
    await take(page, "desk-form");

    await button(page, card(page, "thanks"), "Delete");
    assert.deepEqual(await ids(page), ["hello", "happy", "bye"]);
    await page.locator("#sheet .notice", { hasText: "happy" }).waitFor();
    await card(page, "happy").locator(".faults", { hasText: "`thanks` does not exist" }).waitFor();
    await take(page, "desk-form-deleted");
    await answered(page, () => page.getByRole("button", { name: "Undo", exact: true }).click());
    assert.deepEqual(await ids(page), ["hello", "happy", "thanks", "bye"]);
    await page.locator("#faults", { hasText: "No faults." }).waitFor();
    assert.equal(await page.locator("#drawing svg .step").count(), 4);

    await page.getByRole("button", { name: "Text", exact: true }).click();
    assert.match(await text(page), /\[\[step\]\]\nid = "happy"\nask = "How was our visit\?"\nexpect = "choice"\n/);
    assert.match(await text(page), /answers\.good = \["very good", "fine"\]\nanswers\.bad = \["not good"\]\non\.good = "thanks"\non\.bad = "bye"\n/);
    assert.match(await text(page), /without = "Hello\. /, "what was not touched stays");
    await page.getByRole("button", { name: "Form", exact: true }).click();
    await press(page, "Save", "The script is saved.");
    assert.match(page.url(), /\/desk\/scripts\/SC_/);
    assert.match(await page.locator("tbody tr").first().innerText(), /Live/);
    assert.deepEqual(await ids(page), ["hello", "happy", "thanks", "bye"]);
  });
});

test("a name is followed, steps are moved, and what cannot be is said", { timeout: 120_000 }, async () => {
  await atDesk({ path: NEW }, async (page) => {
    await button(page, card(page, "bye"), "Edit");
    await field(page, "id").fill("thanks");
    await apply(page);
    await page.locator("#sheet .notice", { hasText: "Another step has this name." }).waitFor();
    assert.equal(await field(page, "id").inputValue(), "thanks", "what was typed stays");
    await field(page, "id").fill("farewell");
    await apply(page);
    assert.deepEqual(await ids(page), ["hello", "thanks", "farewell"]);
    assert.match(await text(page), /on\.no = "farewell"/);
    await button(page, card(page, "farewell"), "Move up");
    assert.deepEqual(await ids(page), ["hello", "farewell", "thanks"]);
    assert.equal(await page.evaluate(() => document.activeElement.id), "step-1", "the moved step is where one goes on");
    await button(page, page.locator("#step-head"), "Change");
    await page.locator(`${FORM} [name="f-variables-0-name"]`).fill("customer");
    await page.getByRole("button", { name: "One more" }).first().click();
    await page.keyboard.type("amountDue");
    await page.locator(`${FORM} [name^="f-variables-"][name$="-value"]`).last().selectOption("money");
    await apply(page);
    assert.match(await text(page), /\[variables\]\ncustomer = "name"\namountDue = "money"\n/);
    await card(page, "hello").locator(".faults").waitFor();
    for (let undone = 0; undone < 3; undone += 1) await answered(page, () => page.getByRole("button", { name: "Undo", exact: true }).click());
    assert.deepEqual(await ids(page), ["hello", "thanks", "bye"]);
    assert.equal(await page.getByRole("button", { name: "Undo", exact: true }).isVisible(), false);
    assert.equal(await text(page), await page.$eval(TEXT, (it) => it.defaultValue), "all is as it was");
  });
});

test("the text is the one truth, and nothing that was typed is lost", { timeout: 120_000 }, async () => {
  await atDesk({ path: NEW }, async (page) => {
    // Typed into the text, and there in the form.
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await page.fill(TEXT, (await text(page)).replace("Thank you.", "Thanks a lot. # no comment"));
    await answered(page, () => page.getByRole("button", { name: "Form", exact: true }).click());
    assert.equal(await card(page, "thanks").locator(".says").innerText(), "Thanks a lot. # no comment");
    // A text that is none leads to its line.
    await page.getByRole("button", { name: "Text", exact: true }).click();
    const good = await text(page);
    await page.fill(TEXT, good.replace('say = "Goodbye."', 'say = "Goodbye.'));
    await answered(page, () => page.getByRole("button", { name: "Form", exact: true }).click());
    const line = good.split("\n").indexOf('say = "Goodbye."') + 1;
    await page.locator("#sheet").getByRole("button", { name: /^line/ }).click();
    assert.equal(await page.locator(TEXT).isVisible(), true);
    assert.equal(await page.$eval(TEXT, (it) => it.value.slice(0, it.selectionStart).split("\n").length), line);
    await page.fill(TEXT, good);
    await answered(page, () => page.getByRole("button", { name: "Form", exact: true }).click());
    // An open step is finished before the script is saved, and not left without asking.
    await button(page, card(page, "bye"), "Edit");
    await field(page, "say").fill("Until then.");
    await page.fill("#field-name", "Survey");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.locator(".toast", { hasText: "A step is still open" }).waitFor();
    await page.getByRole("link", { name: "Leads", exact: true }).click();
    await page.locator("#ask").getByRole("button", { name: "Cancel" }).click();
    assert.equal(await field(page, "say").inputValue(), "Until then.");
    await apply(page);
    await page.getByRole("link", { name: "Leads", exact: true }).click();
    await page.locator("#ask").getByRole("button", { name: "Yes" }).click();
    await page.waitForURL("**/desk/leads");
    // The choice of view is kept.
    const other = await another(page, NEW);
    await other.getByRole("button", { name: "Text", exact: true }).click();
    await other.reload();
    assert.equal(await other.locator(TEXT).isVisible(), true);
  });
});

test("every kind of step has its form", { timeout: 120_000 }, async () => {
  await atDesk({ path: `${NEW}?from=payment-en` }, async (page) => {
    const before = await text(page);
    const open = async (id, name) => {
      await button(page, card(page, id), "Edit");
      await page.locator(`${FORM} summary`).click();
      await field(page, name).first().waitFor();
      await assertAccessible(page, `the form of ${id}`);
      await apply(page);
      assert.equal(await text(page), before, `${id} is as it was`);
    };
    await open("amount", "at_least");
    await open("all", "set-0-name");
    await open("promise", "amount");
    await open("dispute-end", "transfer");
    await open("thanks", "end");
    for (const kind of ["converse", "branch", "tool"]) {
      await addBelow(page, "thanks", kind);
      await page.locator(`${FORM} summary`).click();
      await take(page, `desk-form-${kind}`);
      await assertAccessible(page, `the form of a new step: ${kind}`);
      await apply(page);
    }
    await take(page, "desk-form-payment");
  });
});

test("on a phone", { timeout: 120_000 }, async () => {
  await atDesk({ path: NEW, screen: SCREENS.phone, colours: "dark" }, async (page) => {
    await make(page);
    await page.locator("#faults", { hasText: "No faults." }).waitFor();
    await take(page, "desk-form-phone-dark");
    await assertAccessible(page, "the form on a phone");
    await press(page, "Save", "The script is saved.");
  });
});

test("in Arabic, on a desk and on a phone", { timeout: 120_000 }, async () => {
  for (const [screen, colours] of [[SCREENS.desktop, "light"], [SCREENS.phone, "dark"]]) {
    await atDesk({ path: NEW, language: "ar", screen, colours }, async (page) => {
      await button(page, card(page, "hello"), "تعديل");
      await field(page, "ask").fill("صباح الخير. هذه مكالمة آلية ويجري تدوينها. هل لديك دقيقة؟");
      await take(page, `desk-form-arabic-open-${colours}`);
      await assertAccessible(page, "an open step in Arabic");
      await apply(page, "تطبيق");
      await addBelow(page, "thanks", "say", { open: "إضافة خطوة بعدها", add: "إضافة" });
      await field(page, "id").fill("وداع");
      await field(page, "say").fill("سررنا بك.");
      await apply(page, "تطبيق");
      await page.locator("#faults", { hasText: "لا أخطاء" }).waitFor();
      assert.match(await text(page), /صباح الخير/);
      assert.match(await text(page), /id = "وداع"\nsay = "سررنا بك\."/);
      await take(page, `desk-form-arabic-${colours}`);
      await assertAccessible(page, "the form in Arabic");
    });
  }
});
