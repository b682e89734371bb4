import assert from "node:assert/strict";
import { test } from "node:test";
import { strings as ar } from "../src/call/strings/ar.js";
import { strings as en } from "../src/call/strings/en.js";

/** What there is, without the words: names, and which of them are functions; an action is a name too. */
function shape(value, name) {
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, shape(it, key)]));
  return name === "action" ? value : typeof value;
}

test("every language says the same things", () => {
  assert.deepEqual(shape(ar), shape(en));
});

test("what a message's button does has a name", () => {
  for (const { action } of Object.values(en.problems)) assert.ok(action === undefined || en.actions[action], action);
});
