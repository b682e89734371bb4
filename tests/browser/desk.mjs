// What tests of the desk's pages have in common: a browser that is logged in, pictures, and where the server is.
//
//   CALLSTEAD_URL       the server's address
//   CALLSTEAD_EMAIL, CALLSTEAD_PASSWORD  its administrator
//   CALLSTEAD_SHOTS     where to put screenshots
import assert from "node:assert/strict";
import { join } from "node:path";
import { beside, openBrowser } from "./browser.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_EMAIL: email, CALLSTEAD_PASSWORD: password, CALLSTEAD_SHOTS: shots } = process.env;

/** Logs in, and comes to a page of the desk. */
export async function logIn(page, path = "/desk") {
  await page.goto(`${url}/login?next=${encodeURIComponent(path)}`);
  await page.fill("input[name=email]", email);
  await page.fill("input[name=password]", password);
  await Promise.all([page.waitForURL(`**${path}`), page.click("button[type=submit]")]);
}

/**
 * A browser for one test, logged in and at a page. What its page complains about has to be expected: a refused form is an error
 * to Chromium.
 */
export async function atDesk({ path, expected = [], ...options }, act) {
  const browser = await openBrowser(options);
  const { page, faults } = browser;
  try {
    await logIn(page, path);
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
export async function take(page, name) {
  assert.equal(await beside(page), 0, `${name} is too wide`);
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

/** Another page of the same session. */
export async function another(page, path) {
  const other = await page.context().newPage();
  await other.goto(url + path);
  return other;
}

/** The API, asked by a page of ours in its user's name. */
export function ask(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const response = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }, [method, path, body]);
}

/** Presses a button of the page's content, and waits for what the page says about it. */
export async function press(page, name, says) {
  await page.locator("main").getByRole("button", { name, exact: true }).click();
  if (says) await page.locator("main .notice", { hasText: says }).first().waitFor();
}
