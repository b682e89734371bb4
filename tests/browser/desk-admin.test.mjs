// Administration in Chromium: the team, keys, settings, models, the audit log, the language, and a session
// that ends in the middle of a form. Run by tests/black_box/browser/desk.rs, which starts the server and says where it is:
//
// desk.mjs says what it needs.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { openBrowser, PATIENT, SCREENS } from "./browser.mjs";
import { another, atDesk, take } from "./desk.mjs";
import { codeOf, presentStep } from "./totp.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_EMAIL: email, CALLSTEAD_PASSWORD: password, CALLSTEAD_SHOTS: shots } = process.env;

/** A picture; and axe-core finds nothing serious. */
async function look(page, name) {
  await take(page, name);
  await assertAccessible(page, name);
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const agree = async (page) => {
  await page.locator("#ask[open]").waitFor();
  await press(page, "Yes");
};

test("pages for everybody speak their reader's language, which can be chosen", PATIENT, async () => {
  const { page, faults, close } = await openBrowser({ language: "ar-EG", screen: SCREENS.phone });
  try {
    for (const [path, name] of [["/login?next=%2Fdesk%2Fteam", "login"], ["/", "start"], ["/nothing", "nothing"]]) {
      await page.goto(url + path, { waitUntil: "load" });
      assert.equal(await page.getAttribute("html", "dir"), "rtl");
      await page.screenshot({ path: join(shots, `phone-arabic-${name}.png`), fullPage: true });
      await assertAccessible(page, name);
    }
    await page.goto(`${url}/login?next=%2Fdesk%2Fteam`);
    await press(page, "English");
    assert.equal(await page.getAttribute("html", "lang"), "en");
    await page.fill("input[name=email]", email);
    await page.fill("input[name=password]", password);
    await press(page, "Log in");
    await page.waitForURL("**/desk/team");
    await page.goto(url);
    assert.equal(new URL(page.url()).pathname, "/desk", "who works at the desk is at home there");
    // Nothing was there, and the start page asked a box without models how it is.
    assert.deepEqual(faults.filter((fault) => !/ (404|503) /.test(fault)), []);
  } finally {
    await close();
  }
});

test("somebody is invited, given another role and deleted", PATIENT, async () => {
  await atDesk({ expected: ["422"] }, async (page) => {
    await page.click("a[href='/desk/team']");
    await page.getByRole("link", { name: "Invite somebody" }).click();
    await page.fill("#field-name", "Lina Haddad");
    await page.fill("#field-email", email);
    await press(page, "Invite");
    await page.locator("#about-email .wrong").waitFor();
    assert.equal(await page.inputValue("#field-name"), "Lina Haddad");
    await page.fill("#field-email", "lina@example.com");
    await press(page, "Invite");
    const link = await page.locator(".once code").innerText();
    assert.match(link, /\/welcome\//);
    assert.equal(await page.locator(".once [data-copy]").isVisible(), true);
    await look(page, "member-link");
    await page.getByRole("link", { name: "Done" }).click();
    await page.getByRole("link", { name: "Lina Haddad" }).click();
    await page.selectOption("#field-role", "supervisor");
    await press(page, "Save");
    await page.locator("main .notice").waitFor();
    assert.equal(await page.inputValue("#field-role"), "supervisor");
    await press(page, "Delete");
    await agree(page);
    await page.waitForURL("**/desk/team?done=member-deleted");
    assert.equal(await page.getByRole("link", { name: "Lina Haddad" }).count(), 0);

    await page.click("a[href='/desk/audit']");
    const entry = page.locator("tr", { hasText: "Changed: Member of staff" }).first();
    await entry.locator("summary").click();
    assert.match(await entry.locator(".changes").innerText(), /agent\s+supervisor/);
    await page.selectOption("select[name=action]", "delete");
    await page.waitForURL("**action=delete**");
    await page.locator("tbody tr", { hasNotText: "Deleted" }).first().waitFor({ state: "detached" });
    assert.ok(await page.locator("tbody tr").count() > 0);
  });
});

test("a key is shown once, used and revoked", PATIENT, async () => {
  await atDesk({ expected: ["422"] }, async (page) => {
    await page.goto(`${url}/desk/keys/new`);
    await page.fill("#field-name", "CRM");
    await press(page, "Make the key");
    await page.locator(".form .notice.is-warning").waitFor();
    await page.check("#field-read");
    await press(page, "Make the key");
    const key = await page.locator(".once code").innerText();
    await look(page, "key-made");
    const ask = () => fetch(`${url}/api/admin/leads`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await ask()).status, 200);
    await page.getByRole("link", { name: "Done" }).click();
    await page.getByRole("button", { name: "Revoke: CRM" }).click();
    await agree(page);
    await page.waitForURL("**/desk/keys?done=key-revoked");
    assert.equal((await ask()).status, 401);
  });
});

test("settings say what is wrong, and ask when somebody else was quicker", PATIENT, async () => {
  await atDesk({ expected: ["422"] }, async (page) => {
    await page.goto(`${url}/desk/settings`);
    await page.fill("#field-country", "Egypt");
    await press(page, "Save");
    await page.locator("#about-country .wrong").waitFor();
    await page.fill("#field-country", "EG");
    await page.fill("#field-scriptHosts", "crm.example.com\n127.0.0.1:8080");
    await press(page, "Save");
    await page.waitForURL("**/desk/settings?done=settings-saved");

    const other = await another(page, "/desk/settings");
    await other.fill("#field-deskName", "Theirs");
    await press(other, "Save");
    await other.waitForURL("**/desk/settings?done=settings-saved");
    await page.fill("#field-deskName", "Ours");
    await press(page, "Save");
    await page.locator(".theirs").waitFor();
    await look(page, "settings-overtaken");
    await page.locator("[data-take]").click();
    assert.equal(await page.inputValue("#field-deskName"), "Theirs");

    await page.fill("#field-provider", "twilio");
    await page.fill("#field-key", "a-secret-of-another-service");
    await press(page, "Put the key in");
    await page.waitForURL("**/desk/settings?done=key-put");
    assert.equal((await page.content()).includes("a-secret-of"), false);
  });
});

test("models are fetched as far as they can be had, and that can be stopped", PATIENT, async () => {
  await atDesk({}, async (page) => {
    await page.goto(`${url}/desk/models`);
    await page.selectOption("select[name=name]", "starter");
    await page.locator(".filters button").click();
    await page.waitForURL("**/desk/models?done=pull-begun");
    // Where nobody serves models, it ends by saying so; what is in the program itself is there afterwards.
    await page.locator("#pull .is-warning").waitFor();
    await look(page, "models-failed");
    await page.getByRole("link", { name: "Look at what is here now" }).click();
    await page.locator(".tag.is-installed").first().waitFor();
  });
});

test("a session that ends amid a form costs nothing that was typed", PATIENT, async () => {
  await atDesk({ expected: ["401"] }, async (page) => {
    const { secret } = await begin(page, password);
    const step = presentStep();
    await page.fill("input[name=code]", codeOf(secret, step));
    await press(page, "Turn it on");
    await page.locator("main .notice", { hasText: "with a code" }).waitFor();
    await page.goto(`${url}/desk/leads/new`);
    await page.fill("#field-name", "Typed for a long time");
    await page.context().clearCookies({ name: "callstead-session" });
    await press(page, "Save");
    const dialog = page.locator("#log-in[open]");
    await dialog.waitFor();
    await look(page, "log-in-again");
    await dialog.locator("input[name=email]").fill(email);
    await dialog.locator("input[name=password]").fill("not this one");
    await dialog.locator("button[type=submit]").click();
    await dialog.getByText("password is wrong").waitFor();
    await dialog.locator("input[name=password]").fill(password);
    await dialog.locator("button[type=submit]").click();
    await dialog.getByText("give its code too").waitFor();
    await dialog.locator("input[name=code]").fill(codeOf(secret, step + 1));
    await dialog.locator("button[type=submit]").click();
    await dialog.waitFor({ state: "hidden" });
    assert.equal(await page.inputValue("#field-name"), "Typed for a long time");
    await press(page, "Save");
    await page.waitForURL("**/desk/leads/LE_*");
    assert.match(await page.locator("main .notice").first().innerText(), /[Ss]aved/);
    await page.goto(`${url}/account`);
    await page.fill("form[action='/account/factor/end'] input[name=password]", password);
    await press(page, "Turn it off");
    await page.waitForURL("**/account?done=no-factor");
  });
});

/** Begins with a second factor. */
async function begin(page, password) {
  await page.goto(`${url}/account`);
  await page.fill("form[action='/account/factor'] input[name=password]", password);
  await press(page, "Set it up");
  return { secret: await page.locator("[aria-labelledby=factor-title] code").innerText() };
}

test("who loses the network is told, and keeps what was typed", PATIENT, async () => {
  await atDesk({ expected: ["ERR_INTERNET_DISCONNECTED", "htmx"] }, async (page) => {
    await page.goto(`${url}/desk/leads/new`);
    await page.fill("#field-name", "Written offline");
    await page.context().setOffline(true);
    await press(page, "Save");
    await page.locator(".toast").waitFor();
    assert.equal(await page.inputValue("#field-name"), "Written offline");
    await page.context().setOffline(false);
    await press(page, "Save");
    await page.waitForURL("**/desk/leads/LE_*");
  });
});
