// The page on which the API can be tried out, in Chromium. Run by tests/black_box/browser/mod.rs, which starts the server and
// says where it is:
//
//   CALLSTEAD_URL     the server's address, with --dev
//   CALLSTEAD_SHOTS   where to put screenshots
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openBrowser, PATIENT } from "./browser.mjs";

const { CALLSTEAD_URL: url, CALLSTEAD_SHOTS: shots } = process.env;

test("a request is tried out, and nothing is loaded from elsewhere", PATIENT, async () => {
  const { page, faults, close } = await openBrowser();
  try {
    const elsewhere = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:")) elsewhere.push(request.url());
    });
    await page.goto(`${url}/api/docs`);
    const operation = page.locator("[id='operations-tokens-post_api_room_token']");
    await operation.locator("button.opblock-summary-control").click();
    await operation.getByRole("button", { name: "Try it out" }).click();
    await operation.getByRole("button", { name: "Execute" }).click();
    const status = operation.locator(".live-responses-table tbody .response-col_status");
    await status.waitFor();
    assert.match(await status.innerText(), /^200/);
    await page.screenshot({ path: join(shots, "api.png") });
    assert.deepEqual({ faults, elsewhere }, { faults: [], elsewhere: [] });
  } finally {
    await close();
  }
});
