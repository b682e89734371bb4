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
import { openBrowser, SCREENS } from "./browser.mjs";
import { Caller, level } from "./caller.mjs";
import { codeOf, presentStep } from "./totp.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_WELCOME: welcome, CALLSTEAD_GREETING: greeting, CALLSTEAD_SHOTS: shots } = process.env;
const AUDIBLE = 200;

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
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, `${name} is too wide`);
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

const problem = (page) => page.locator("main [role=alert]").innerText();
const notice = (page) => page.locator("main [role=status]").innerText();

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

test("the first administrator sets a password and logs in", { timeout: 60_000 }, async () => {
  await inBrowser({ screen: SCREENS.phone }, async (page) => {
    await page.goto(welcome);
    await page.getByLabel("E-mail address").fill(nadia.email);
    await page.getByLabel("Your name").fill("Nadia");
    await page.getByLabel("Password", { exact: true }).fill(nadia.password);
    await page.getByLabel("Password again").fill("correct horse");
    await take(page, "phone-welcome");
    await press(page, "Set password");
    assert.match(await problem(page), /not the same/);
    assert.equal(await page.getByLabel("Your name").inputValue(), "Nadia");
    assert.equal(await page.getByLabel("E-mail address").inputValue(), nadia.email);
    await take(page, "phone-welcome-problem");
    await page.getByLabel("Password", { exact: true }).fill(nadia.password);
    await page.getByLabel("Password again").fill(nadia.password);
    await press(page, "Set password");
    assert.match(await notice(page), /Your password is set/);
    await take(page, "phone-login-after-welcome");

    await fillLogIn(page, { ...nadia, password: "wrong, quite wrong" });
    assert.match(await problem(page), /password is wrong/);
    assert.equal(await page.getByLabel("E-mail address").inputValue(), nadia.email);
    await take(page, "phone-login-wrong");
    await fillLogIn(page, nadia);
    await page.waitForURL("**/desk");
    await page.goto(`${url}/account`);
    await take(page, "phone-account");

    assert.equal((await page.goto(welcome)).status(), 409, "a link counts once");
    await take(page, "phone-link-over");
  }, ["401", "409", "422"]);
});

test("whoever is invited sets a password", { timeout: 60_000 }, async () => {
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

test("a second factor is turned on, asked for and turned off", { timeout: 90_000 }, async () => {
  await inBrowser({}, async (page) => {
    await logIn(page, omar);
    const factor = page.getByRole("region", { name: "Second factor" });
    await factor.getByLabel("Password").fill("not this one");
    await press(page, "Set it up");
    assert.match(await problem(page), /password is wrong/);
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
    assert.match(await notice(page), /log in with a code/);
    await take(page, "desktop-account-with-factor");
    await press(page, "Log out");
    assert.match(await notice(page), /You are logged out/);

    await page.goto(`${url}/account?x=1`);
    await fillLogIn(page, omar);
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await take(page, "desktop-login-code");
    await page.getByLabel("Code").fill(codeOf(secret, step));
    await press(page, "Log in");
    assert.match(await problem(page), /used already/);
    await page.getByLabel("Code").fill(codeOf(secret, step + 1));
    await press(page, "Log in");
    await page.waitForURL("**/account?x=1");
    await factor.getByLabel("Password").fill(omar.password);
    await press(page, "Turn it off");
    assert.match(await notice(page), /without a code/);
  }, ["401", "422"]);
});

test("a password is changed, and other sessions are over", { timeout: 90_000 }, async () => {
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
      assert.match(await problem(page), /password is wrong/);
      await change(omar.password, changed.password, "something else");
      await page.locator("main [role=alert]", { hasText: "not the same" }).waitFor();
      await take(page, "phone-account-problem");
      await change(omar.password, changed.password);
      assert.match(await notice(page), /Your password is changed/);
      await page.reload();
      await take(page, "phone-account-changed");
    }, ["422"]);
    // What was asked for there is asked for again after the log-in.
    await elsewhere.reload();
    assert.equal(new URL(elsewhere.url()).pathname, "/login");
    assert.match(await notice(elsewhere), /not logged in any more/);
    await take(elsewhere, "phone-dark-login");
    await fillLogIn(elsewhere, changed);
    await elsewhere.waitForURL("**/account");
    await press(elsewhere, "Log out everywhere");
    assert.match(await notice(elsewhere), /You are logged out/);
    await elsewhere.goto(`${url}/account`);
    assert.equal(new URL(elsewhere.url()).pathname, "/login");
  });
});

test("a session that the server has ended leads to the log-in and back", { timeout: 60_000 }, async () => {
  await inBrowser({}, async (page) => {
    await logIn(page, nadia);
    await page.goto(`${url}/account?done=session`);
    assert.match(await notice(page), /That session is ended/);
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
    await page.locator("#log-in[open]").waitFor();
    assert.match(await page.locator("#log-in").innerText(), /Nothing was changed/);
    await take(page, "desktop-session-over");
    await page.goto(`${url}/account`);
    await page.waitForURL("**/login**");
    await fillLogIn(page, nadia);
    await page.waitForURL("**/account");
    assert.equal(await page.locator("main [role=status]").count(), 0);
  }, ["401"]);
});

test("a lead opens the link of an invitation and is greeted", { timeout: 120_000 }, async () => {
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
    await page.click("#start");
    await page.waitForSelector("#live-call:not([hidden])");
    await caller.record("agent");
    const [words] = await caller.waitForTurns("agent");
    assert.equal(words, greeting);
    await caller.waitForText("#agent-state", "Listening");
    assert.ok(level(await caller.recorded()) > AUDIBLE);
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
