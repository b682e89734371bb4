// Agent profiles and room rules. Run by tests/black_box/browser/desk.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENT, SCREENS } from "./browser.mjs";
import { another, atDesk, press, take } from "./desk.mjs";

const REFUSED = "status of 422";
const main = (page) => page.locator("main");
const sure = (page) => page.locator("#ask").getByRole("button", { name: "Yes" }).click();

test("profiles of the file are looked at, and copied", PATIENT, async () => {
  await atDesk({ path: "/desk/profiles" }, async (page) => {
    await take(page, "desk-profiles");
    await main(page).getByRole("link", { name: "default" }).click();
    await page.getByText("This profile stands in the configuration file").waitFor();
    assert.ok(await page.locator("#field-prompt").isDisabled());
    await take(page, "desk-profile-of-file");
    await page.getByRole("link", { name: "Make a copy here" }).click();
    await page.waitForURL("**/new?from=default");
    assert.equal(await page.inputValue("#field-name"), "default");
    await press(page, "Save", "The profile is saved.");
    await page.goto(new URL("/desk/profiles", page.url()).href);
    await page.getByText("Replaced").waitFor();
  });
});

test("a profile is made, refused with the reason, and changed by two people", PATIENT, async () => {
  await atDesk({ path: "/desk/profiles/new" , expected: [REFUSED] }, async (page) => {
    await page.fill("#field-name", "default");
    await page.fill("#field-silenceSeconds", "2");
    await page.fill("#field-greeting-en", "Hello, an automated agent speaks, and the call is transcribed.");
    await press(page, "Save", "This is not saved yet");
    assert.match(await page.locator("#about-silenceSeconds .wrong").innerText(), /from 5 to 600/);
    await take(page, "desk-profile-refused");
    await page.fill("#field-silenceSeconds", "20");
    await press(page, "Save", "another profile is called 'default'".replace("another", "Another"));
    await page.fill("#field-name", "sales");
    await page.selectOption("#field-language", "en");
    await page.selectOption("#field-speed", "1.1");
    await press(page, "Save", "The profile is saved.");
    assert.match(await page.inputValue("#field-greeting-en"), /automated agent/);
    const other = await another(page, new URL(page.url()).pathname);
    await other.fill("#field-maxMinutes", "30");
    await press(other, "Save", "The profile is saved.");
    await page.fill("#field-maxMinutes", "15");
    await press(page, "Save", "Somebody else has changed this");
    assert.match(await page.locator("#about-maxMinutes .theirs").innerText(), /30/);
    await press(page, "Save", "The profile is saved.");
    assert.equal(await page.inputValue("#field-maxMinutes"), "15");
  });
});

test("a voice is listened to", PATIENT, async () => {
  // The engines may not be there yet: then the page says so.
  await atDesk({ path: "/desk/profiles/new", expected: ["status of 503"] }, async (page) => {
    await page.selectOption("#field-voice", "espeak");
    await page.selectOption("#field-language", "ar");
    for (let status = 503; status === 503;) {
      const answered = page.waitForResponse((response) => response.url().includes("/desk/voice-sample"));
      await page.getByRole("button", { name: "Listen to the voice" }).click();
      status = (await answered).status();
      if (status === 503) await page.locator(".toast").last().waitFor();
      else assert.equal(status, 200);
      await page.waitForFunction(() => document.querySelector("[data-listen]").ariaBusy === "false");
    }
  });
});

test("rules are made, put in order and deleted", PATIENT, async () => {
  await atDesk({ path: "/desk/rules" }, async (page) => {
    const make = async (pattern, profile) => {
      await main(page).getByRole("link", { name: "New rule" }).click();
      await page.fill("#field-pattern", pattern);
      await page.selectOption("#field-profile", profile);
      await press(page, "Save", "The rule is saved.");
    };
    const patterns = () => page.locator("tbody tr th").allInnerTexts();
    await make("sales-*", "sales");
    await make("quiet-*", "");
    assert.deepEqual(await patterns(), ["sales-*", "quiet-*", "*"]);
    await page.getByRole("button", { name: "Ask “quiet-*” earlier" }).click();
    await page.locator(".notice", { hasText: "The order is changed." }).waitFor();
    assert.deepEqual(await patterns(), ["quiet-*", "sales-*", "*"]);
    await take(page, "desk-rules");
    // A profile that a rule sends cannot be deleted.
    await page.goto(new URL("/desk/profiles", page.url()).href);
    await main(page).getByRole("link", { name: "sales", exact: true }).click();
    await page.getByText("Rules send this profile").waitFor();
    assert.equal(await main(page).getByRole("button", { name: "Delete" }).count(), 0);
    await page.goto(new URL("/desk/rules", page.url()).href);
    await main(page).getByRole("link", { name: "sales-*" }).click();
    await page.waitForSelector("#field-pattern");
    await press(page, "Delete");
    await sure(page);
    await page.locator(".notice", { hasText: "The rule is deleted." }).waitFor();
    assert.deepEqual(await patterns(), ["quiet-*", "*"]);
  });
});

test("Arabic, dark, on a phone", PATIENT, async () => {
  for (const [path, name] of [["/desk/profiles/new", "profile"], ["/desk/rules", "rules"]]) {
    await atDesk({ path, language: "ar", screen: SCREENS.phone, colours: "dark" }, async (page) => {
      assert.equal(await page.$eval("html", ({ dir }) => dir), "rtl");
      await take(page, `desk-${name}-arabic-phone-dark`);
    });
  }
});
