// The guided set-up in Chromium: from the first administrator's one-time link to a call with the agent; and the settings that say what
// is spoken, by whom, and who may call. Run by tests/black_box/browser/desk.rs, which starts a server without models and without
// anybody who could log in. desk.mjs says what it needs; and:
//
//   CALLSTEAD_WELCOME      the first administrator's link
//   CALLSTEAD_MODEL_FILES  the test models, as a JSON array of paths
//   CALLSTEAD_MODELS       the folder where the server looks for models
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { openBrowser, PATIENT, SCREENS } from "./browser.mjs";
import { another, atDesk, logIn, press, take } from "./desk.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_EMAIL: email, CALLSTEAD_PASSWORD: password, CALLSTEAD_WELCOME: welcome } = process.env;
const PATH = "/desk/setup";

const step = (page, name) => page.locator(`#setup-${name}`);
const state = (page, name) => step(page, name).locator(".tag").first().innerText();
const progress = (page) => page.locator(".page-head .hint").innerText();

/** A picture; and axe-core finds nothing serious. */
async function look(page, name) {
  await take(page, name);
  await assertAccessible(page, name);
}

/** The models come as they do without a network: somebody copies them. */
async function installModels() {
  await mkdir(process.env.CALLSTEAD_MODELS, { recursive: true });
  for (const file of JSON.parse(process.env.CALLSTEAD_MODEL_FILES)) {
    await symlink(file, join(process.env.CALLSTEAD_MODELS, basename(file)));
  }
}

/** Who asks for a token as the caller's page does, without a key. */
async function strangerIsLetIn() {
  const body = JSON.stringify({ room_name: "call-7", user_name: "Amanda" });
  const answer = await fetch(`${url}/api/room/token`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  assert.ok([200, 401].includes(answer.status), `${answer.status}`);
  return answer.status === 200;
}

test("the first administrator is led from the link to what is missing", PATIENT, async () => {
  const { page, faults, close } = await openBrowser();
  try {
    await page.goto(welcome);
    await page.fill("input[name=email]", email);
    await page.fill("input[name=name]", "Nadia");
    await page.fill("input[name=password]", password);
    await page.fill("input[name=again]", password);
    await page.locator("main button[type=submit], main .button").last().click();
    await page.fill("input[name=email]", email);
    await page.fill("input[name=password]", password);
    await page.click("button[type=submit]");
    await page.waitForURL(`**${PATH}`);
    assert.match(await progress(page), /1.* of .*5/);
    await look(page, "desk-setup-begin");

    await page.fill("#field-deskName", "Wardour Collections");
    await page.fill("#field-country", "Egypt");
    await page.fill("#field-currency", "EGP");
    await page.selectOption("#field-languages", "ar en");
    await press(page, "Save");
    await page.locator("#about-country .wrong").waitFor();
    assert.equal(await page.inputValue("#field-deskName"), "Wardour Collections");
    await page.fill("#field-country", "EG");
    await press(page, "Save", "in force");
    assert.equal(await state(page, "desk"), "Done");

    assert.match(await step(page, "reach").innerText(), /this machine only/);
    await press(page, "Skip for now: Reachable securely");
    await step(page, "models").locator(".wrong", { hasText: "no speech recognition model is installed" }).waitFor();
    assert.equal(await state(page, "reach"), "Left for later");
    await press(page, "Skip for now: Models");
    await step(page, "call").getByText("cannot answer yet").waitFor();
    await look(page, "desk-setup-skipped");
    await page.goto(`${url}/desk`);
    assert.match(await page.locator("[aria-labelledby=setup-title] h2").innerText(), /2.* of .*5/);
    await look(page, "desk-dashboard-setup");
    assert.deepEqual(faults.filter((fault) => !fault.includes("422")), []);
  } finally {
    await close();
  }
});

test("models are used without a restart, and the agent is called from the page", PATIENT, async () => {
  await atDesk({ path: PATH }, async (page) => {
    await installModels();
    await step(page, "models").locator("summary").click();
    await press(page, "Use what is here now");
    // Engines may be there before the page comes.
    await page.locator("#engines", { hasText: "All that a call needs is loaded" }).waitFor();
    await page.goto(url + PATH);
    assert.equal(await state(page, "models"), "Done");
    const call = page.locator("#agent-call");
    await call.getByRole("button", { name: "Without a microphone" }).click();
    await call.locator("[data-part=turns] li").first().waitFor();
    assert.match(await call.locator("[data-part=turns]").innerText(), /[\u0600-\u06ff]/, "the desk's first language is Arabic");
    await page.waitForFunction(() => document.querySelector("[data-part=timer]").textContent !== "0:00");
    await look(page, "desk-setup-call");
    await call.getByRole("button", { name: "End call" }).click();
    await call.getByRole("button", { name: "Start call" }).waitFor();
    await page.reload();
    assert.equal(await state(page, "call"), "Done");
    assert.match(await progress(page), /4.* of .*5/);
    await press(page, "Finish the set-up", "finished");
    await page.getByRole("link", { name: "Import leads" }).waitFor();
    await look(page, "desk-setup-finished");
    await page.goto(`${url}/desk`);
    assert.equal(await page.locator("[aria-labelledby=setup-title]").count(), 0);
  });
});

test("voices are listened to and chosen, and two people are asked what holds", PATIENT, async () => {
  await atDesk({ path: "/desk/settings", expected: ["422"] }, async (page) => {
    const heard = page.waitForResponse((response) => response.url().includes("/desk/voice-sample"));
    await page.selectOption("#field-voices\\.ar", "espeak");
    await page.getByRole("button", { name: "Listen: Voice in Arabic" }).click();
    const answer = await heard;
    assert.equal(answer.status(), 200);
    assert.match(answer.url(), /voice=espeak&language=ar/);
    const other = await another(page, "/desk/settings");
    await other.selectOption("#field-languages", "en");
    await press(other, "Save", "in force");
    await press(page, "Save");
    await page.locator("#about-languages .theirs", { hasText: /English.* only/ }).waitFor();
    await look(page, "desk-settings-overtaken");
    await page.locator("[data-take=field-languages]").click();
    await press(page, "Save", "in force");
    assert.deepEqual(
      [await page.inputValue("#field-languages"), await page.inputValue("#field-voices\\.ar")], ["en", "espeak"]);
  });
});

test("whoever opens the caller's page may call while that is set", PATIENT, async () => {
  await atDesk({ path: "/desk/settings" }, async (page) => {
    assert.equal(await strangerIsLetIn(), false);
    await page.check("#field-publicCalls");
    await press(page, "Save", "in force");
    assert.equal(await strangerIsLetIn(), true);
    assert.equal((await fetch(`${url}/callcenter/call-with-audio`)).status, 200);
    await page.uncheck("#field-publicCalls");
    await press(page, "Save", "in force");
    assert.equal(await strangerIsLetIn(), false);
  });
});

test("a language that was chosen once is known in every browser", PATIENT, async () => {
  await atDesk({}, async (page) => {
    assert.equal(await page.getAttribute("html", "lang"), "en");
    await page.getByRole("button", { name: "العربية" }).click();
    await page.locator("html[lang=ar]").waitFor();
  });
  await atDesk({}, async (page) => {
    assert.equal(await page.getAttribute("html", "lang"), "ar", "this browser asks for English and has no cookie");
    await page.getByRole("button", { name: "English" }).click();
    await page.locator("html[lang=en]").waitFor();
  });
});

test("the set-up and the settings can be read in every way", PATIENT, async () => {
  for (const language of ["en-US", "ar-EG"]) {
    for (const colours of ["light", "dark"]) {
      for (const [name, screen] of Object.entries(SCREENS)) {
        const { page, close } = await openBrowser({ language, colours, screen });
        try {
          await logIn(page, PATH);
          // As chosen with the account, unless this browser says otherwise.
          await page.context().addCookies([{ name: "callstead-language", value: language.slice(0, 2), url }]);
          for (const path of [PATH, "/desk/settings", "/desk/models"]) {
            await page.goto(url + path);
            await page.evaluate(() => document.querySelectorAll(".set-up details").forEach((it) => { it.open = true; }));
            await look(page, `${path.slice(1).replace("/", "-")}-all-${language.slice(0, 2)}-${colours}-${name}`);
          }
        } finally {
          await close();
        }
      }
    }
  }
});
