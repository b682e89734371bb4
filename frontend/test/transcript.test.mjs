import assert from "node:assert/strict";
import { test } from "node:test";
import { Transcript } from "../src/call/transcript.js";

const version = (id, text, number, isFinal = false) => ({ id, speaker: "you", text, version: number, isFinal });

test("an utterance grows in place and stays final", () => {
  const transcript = new Transcript();
  for (const [given, shown] of [
    [version("a", " ", 1), undefined],
    [version("a", "I have", 2), ["I have", true]],
    [version("b", "Yes", 3), ["Yes", true]],
    [version("a", "I have a question", 5), ["I have a question", false]],
    [version("a", "I have a", 4), undefined],
    [version("a", "I have a question.", 6, true), ["I have a question.", false]],
    [version("a", "I have", 7), undefined],
    [version("b", "", 8), undefined],
    [version("a", "", 9, true), ["", false]],
  ]) {
    const change = transcript.put(given);
    assert.deepEqual(change && [change.entry.text, change.isNew], shown, JSON.stringify(given));
  }
});

test("what is oldest makes room", () => {
  const transcript = new Transcript();
  const dropped = [];
  for (let number = 0; number < 1002; number += 1) {
    const change = transcript.put(version(`${number}`, "word", number));
    if (change.dropped !== undefined) dropped.push(change.dropped);
  }
  assert.deepEqual(dropped, ["0", "1"]);
});
