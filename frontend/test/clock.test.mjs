import assert from "node:assert/strict";
import { test } from "node:test";
import { lasted } from "../src/call/clock.js";

test("a call's length is shown as a clock shows it", () => {
  for (const [milliseconds, shown] of [[0, "0:00"], [999, "0:00"], [67_500, "1:07"], [3_599_000, "59:59"], [3_847_000, "1:04:07"]]) {
    assert.equal(lasted(milliseconds), shown);
  }
});
