// What members of staff see of their own account, and how a lead gets into a call: in Chromium. Run by
// tests/black_box/browser/mod.rs, which starts the server and says where it is:
//
//   CALLSTEAD_URL      the server's address, without --dev, with the starter models
//   CALLSTEAD_WELCOME  a one-time link that makes the first administrator
//   CALLSTEAD_GREETING what the agent says first
//   CALLSTEAD_SHOTS    where to put screenshots
//
// The tests go on from each other: the box gets its first administrator, who logs in and invites others.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { beside, openBrowser, PATIENT, SCREENS } from "./browser.mjs";
import { Caller } from "./caller.mjs";
import { codeOf, presentStep } from "./totp.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_WELCOME: welcome, CALLSTEAD_GREETING: greeting, CALLSTEAD_SHOTS: shots } = process.env;

const nadia = { email: "nadia@example.com", password: "correct horse battery" };
const omar = { email: "omar@example.com", password: "a few plain words" };

/** A browser for one test; what its page complained about is told when the test fails, and must be what was expected. */
async function inBrowser(options, act, expected = []) {
  const browser = await openBrowser(options);
  const { page, faults } = browser;
  try {
    await act(page);
    assert.deepEqual(faults.filter((fault) => !expected.some((it) => fault.includes(it))), []);
  } catch (error) {
    await page.screenshot({ path: join(shots, `failed-${Date.now()}.png`) }).catch(() => {});
    error.message += `\nat ${page.url()}, where the page says: ${JSON.stringify(faults)}`;
    throw error;
  } finally {
    await browser.close();
  }
}

/** A picture of the whole page; and nothing on it is wider than the screen. */
async function take(page, name) {
  assert.equal(await beside(page), 0, `${name} is too wide`);
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function fillLogIn(page, { email, password }) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await press(page, "Log in");
}

async function logIn(page, who) {
  await page.goto(`${url}/account`);
  await fillLogIn(page, who);
  await page.waitForURL("**/account");
}

// What the page said before may stand there until the answer has come.
const says = (page, role, words) => page.locator(`main [role=${role}]`, { hasText: words }).first().waitFor();
const problem = (page, words) => says(page, "alert", words);
const notice = (page, words) => says(page, "status", words);

/** The API, asked by a page of ours in its user's name. */
async function ask(page, method, path, body) {
  const [status, answer] = await page.evaluate(async ([method, path, body]) => {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return [response.status, response.status === 204 ? undefined : await response.json()];
  }, [method, path, body]);
  assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer;
}

test("the first administrator sets a password and logs in", PATIENT, async () => {
  await inBrowser({ screen: SCREENS.phone }, async (page) => {
    await page.goto(welcome);
    await page.getByLabel("E-mail address").fill(nadia.email);
    await page.getByLabel("Your name").fill("Nadia");
    await page.getByLabel("Password", { exact: true }).fill(nadia.password);
    await page.getByLabel("Password again").fill("correct horse");
    await take(page, "phone-welcome");
    await press(page, "Set password");
    await problem(page, /not the same/);
    assert.equal(await page.getByLabel("Your name").inputValue(), "Nadia");
    assert.equal(await page.getByLabel("E-mail address").inputValue(), nadia.email);
    await take(page, "phone-welcome-problem");
    await page.getByLabel("Password", { exact: true }).fill(nadia.password);
    await page.getByLabel("Password again").fill(nadia.password);
    await press(page, "Set password");
    await notice(page, /Your password is set/);
    await take(page, "phone-login-after-welcome");

    await fillLogIn(page, { ...nadia, password: "wrong, quite wrong" });
    await problem(page, /password is wrong/);
    assert.equal(await page.getByLabel("E-mail address").inputValue(), nadia.email);
    await take(page, "phone-login-wrong");
    await fillLogIn(page, nadia);
    await page.waitForURL("**/desk/setup");
    await page.goto(`${url}/account`);
    await take(page, "phone-account");

    assert.equal((await page.goto(welcome)).status(), 409, "a link counts once");
    await take(page, "phone-link-over");
  }, ["401", "409", "422"]);
});

test("whoever is invited sets a password", PATIENT, async () => {
  let link;
  await inBrowser({}, async (page) => {
    await logIn(page, nadia);
    ({ link } = await ask(page, "POST", "/api/admin/users", { email: omar.email, name: "عمر", role: "agent" }));
  });
  await inBrowser({ colours: "dark" }, async (page) => {
    await page.goto(link);
    assert.match(await page.getByText("you can log in as").innerText(), /omar@example\.com/);
    assert.equal(await page.getByLabel("Your name").inputValue(), "عمر");
    await take(page, "desktop-dark-welcome");
    await page.getByLabel("Password", { exact: true }).fill(omar.password);
    await page.getByLabel("Password again").fill(omar.password);
    await press(page, "Set password");
    await fillLogIn(page, omar);
    await page.waitForURL("**/desk");
    await page.goto(`${url}/account`);
    assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "عمر");
    await take(page, "desktop-dark-account");
  });
});

test("a second factor is turned on, asked for and turned off", PATIENT, async () => {
  await inBrowser({}, async (page) => {
    await logIn(page, omar);
    const factor = page.getByRole("region", { name: "Second factor" });
    await factor.getByLabel("Password").fill("not this one");
    await press(page, "Set it up");
    await problem(page, /password is wrong/);
    await factor.getByLabel("Password").fill(omar.password);
    await press(page, "Set it up");
    const secret = await factor.locator("code").innerText();
    await take(page, "desktop-factor");
    await factor.getByLabel("Code").fill("12345x");
    await press(page, "Turn it on");
    await problem(page);
    assert.equal(await factor.locator("code").innerText(), secret, "one need not begin anew");
    await take(page, "desktop-factor-wrong");
    const step = presentStep();
    await factor.getByLabel("Code").fill(codeOf(secret, step));
    await press(page, "Turn it on");
    await notice(page, /log in with a code/);
    await take(page, "desktop-account-with-factor");
    await press(page, "Log out");
    await notice(page, /You are logged out/);

    await page.goto(`${url}/account?x=1`);
    await fillLogIn(page, omar);
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await take(page, "desktop-login-code");
    await page.getByLabel("Code").fill(codeOf(secret, step));
    await press(page, "Log in");
    await problem(page, /used already/);
    await page.getByLabel("Code").fill(codeOf(secret, step + 1));
    await press(page, "Log in");
    await page.waitForURL("**/account?x=1");
    await factor.getByLabel("Password").fill(omar.password);
    await press(page, "Turn it off");
    await notice(page, /without a code/);
  }, ["401", "422"]);
});

test("a password is changed, and other sessions are over", PATIENT, async () => {
  const changed = { ...omar, password: "other plain words" };
  await inBrowser({ screen: SCREENS.phone, colours: "dark" }, async (elsewhere) => {
    await logIn(elsewhere, omar);
    await inBrowser({ screen: SCREENS.phone }, async (page) => {
      await logIn(page, omar);
      const password = page.getByRole("region", { name: "Password", exact: true });
      const change = async (current, next, again = next) => {
        await password.getByLabel("Current password").fill(current);
        await password.getByLabel("New password", { exact: true }).fill(next);
        await password.getByLabel("New password again").fill(again);
        await press(page, "Change password");
      };
      await change("not this one", changed.password);
      await problem(page, /password is wrong/);
      await change(omar.password, changed.password, "something else");
      await problem(page, /not the same/);
      await take(page, "phone-account-problem");
      await change(omar.password, changed.password);
      await notice(page, /Your password is changed/);
      await page.reload();
      await take(page, "phone-account-changed");
    }, ["422"]);
    // What was asked for there is asked for again after the log-in.
    await elsewhere.reload();
    assert.equal(new URL(elsewhere.url()).pathname, "/login");
    await notice(elsewhere, /not logged in any more/);
    await take(elsewhere, "phone-dark-login");
    await fillLogIn(elsewhere, changed);
    await elsewhere.waitForURL("**/account");
    await press(elsewhere, "Log out everywhere");
    await notice(elsewhere, /You are logged out/);
    await elsewhere.goto(`${url}/account`);
    assert.equal(new URL(elsewhere.url()).pathname, "/login");
  });
});

test("a session that the server has ended leads to the log-in and back", PATIENT, async () => {
  await inBrowser({}, async (page) => {
    await logIn(page, nadia);
    await page.goto(`${url}/account?done=session`);
    await notice(page, /That session is ended/);
    await inBrowser({}, async (other) => {
      await logIn(other, nadia);
      const { items } = await ask(other, "GET", "/api/account/sessions");
      for (const { id } of items.filter(({ current }) => !current)) await ask(other, "DELETE", `/api/account/sessions/${id}`);
    });
    // A form that is sent too late changes nothing, and costs nothing.
    const password = page.getByRole("region", { name: "Password", exact: true });
    await password.getByLabel("Current password").fill(nadia.password);
    await password.getByLabel("New password", { exact: true }).fill("never comes about");
    await password.getByLabel("New password again").fill("never comes about");
    await press(page, "Change password");
    await page.locator("#log-in[open]", { hasText: "Nothing was changed" }).waitFor();
    await take(page, "desktop-session-over");
    await page.goto(`${url}/account`);
    await page.waitForURL("**/login**");
    await fillLogIn(page, nadia);
    await page.waitForURL("**/account");
    assert.equal(await page.locator("main [role=status]").count(), 0);
  }, ["401"]);
});

test("a lead opens the link of an invitation and is greeted", PATIENT, async () => {
  let joinUrl;
  await inBrowser({}, async (page) => {
    await logIn(page, nadia);
    const lead = await ask(page, "POST", "/api/admin/leads", { name: "Amanda", phone: "+442079460958", language: "en" });
    ({ joinUrl } = await ask(page, "POST", `/api/admin/leads/${lead.id}/call`, { context: { plan: "gold" } }));
  });
  await inBrowser({ screen: SCREENS.phone }, async (page) => {
    const caller = new Caller(page, url);
    await page.goto(joinUrl);
    assert.equal(await page.isVisible("#name"), false, "the desk knows the name");
    await take(page, "phone-invited");
    await caller.record("agent");
    await page.click("#start");
    await page.waitForSelector("#live-call:not([hidden])");
    const [words] = await caller.waitForTurns("agent");
    assert.equal(words, greeting);
    await caller.waitForText("#agent-state", "Listening");
    await caller.waitForSound();
    await take(page, "phone-invited-call");
    await caller.end();
  });
  await inBrowser({ colours: "dark" }, async (page) => {
    await page.goto(`${joinUrl.replace(/lang=\w+/, "lang=ar").slice(0, -1)}x`);
    await page.click("#start");
    await page.waitForSelector("#problem:not([hidden])");
    await take(page, "desktop-dark-arabic-invitation-over");
  }, ["404"]);
});
