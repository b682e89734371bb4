// Calls that a script leads, with a caller who answers each of the agent's questions by voice or by typing. Run by
// tests/black_box/browser, which starts the server, makes the recordings, and judges what was heard:
//
//   CALLSTEAD_CALLS      a JSON file: [{ name, url, language, answers: [{ asked, says, types }] }]. `asked` is a part of the
//                        agent's words; `says` names WAV files beside that file, `types` lists words. Asked the same again, the
//                        caller gives the next of them, at the end the last.
//   CALLSTEAD_AT_A_TIME  how many calls there may be at once
//   CALLSTEAD_OUT        where to put for each call NAME.wav, all of the agent's sound, and NAME.json:
//                        { lines: [{ text, from, to }], caller: [words], over }, from and to in samples
//   CALLSTEAD_SHOTS      where to put screenshots
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { beside, openBrowser, PATIENT, SCREENS } from "./browser.mjs";
import { Caller, wav } from "./caller.mjs";
import { giveMicrophone, say } from "./microphone.mjs";

const { CALLSTEAD_CALLS: file, CALLSTEAD_OUT: out, CALLSTEAD_SHOTS: shots, CALLSTEAD_AT_A_TIME: concurrency = "1" } = process.env;

/** Whoever is asked the same more often than that is not understood. */
const MOST_ANSWERS = 4;

/** What one caller answers. */
class Answers {
  #answers;

  constructor(answers) {
    this.#answers = answers.map((answer) => ({ ...answer, given: 0 }));
  }

  /** To these words of the agent; nothing where they ask nothing, such as a goodbye. */
  to(words) {
    const answer = this.#answers.find(({ asked }) => words.includes(asked));
    if (!answer) return undefined;
    assert.ok(answer.given < MOST_ANSWERS, `${answer.asked} was asked ${MOST_ANSWERS} times, and now: ${words}`);
    const nth = (list) => list?.[Math.min(answer.given, list.length - 1)];
    const [says, types] = [nth(answer.says), nth(answer.types)];
    answer.given += 1;
    return { says, types };
  }
}

/** A picture of the page amid a call: all that people need is on a phone's screen. */
async function look(page, name) {
  await page.screenshot({ path: join(shots, `guided-${name}-amid.png`) });
  const below = await page.$eval("#text", (text) => text.getBoundingClientRect().bottom - window.innerHeight);
  const beyond = [await beside(page), below];
  assert.ok(beyond.every((pixels) => pixels <= 0), `beyond the screen by ${beyond} pixels`);
}

/** What happened in a call, until it was over; `amid` is called when the agent has spoken and listens for the first time. */
async function converse(caller, answers, amid) {
  const lines = [];
  for (let from = 0, turns = 0; ;) {
    const isOver = await caller.waitForAnswer(turns);
    await caller.waitForSilence();
    const said = await caller.said("agent");
    const to = await caller.position();
    if (said.length > turns) lines.push({ text: said.slice(turns).join(" "), from, to });
    if (isOver) return lines;
    if (turns === 0) await amid();
    turns = said.length;
    const answer = answers.to(lines.at(-1).text);
    if (answer?.types) await caller.type(answer.types);
    else if (answer) await say(caller.page, await readFile(join(dirname(file), answer.says)));
    from = await caller.position();
  }
}

describe("a script leads a call", { concurrency: Number(concurrency) }, async () => {
  for (const { name, url, language, answers } of JSON.parse(await readFile(file, "utf8"))) {
    test(name, PATIENT, async () => {
      const { page, faults, close } = await openBrowser({ language, screen: SCREENS.phone });
      const caller = new Caller(page, "");
      try {
        await giveMicrophone(page);
        await page.goto(url);
        await caller.record("agent");
        await page.click("#start");
        const lines = await converse(caller, new Answers(answers), () => look(page, name));
        await page.screenshot({ path: join(shots, `guided-${name}.png`), fullPage: true });
        await writeFile(join(out, `${name}.wav`), wav(await caller.recorded()));
        const over = await caller.text("#over-reason");
        await writeFile(join(out, `${name}.json`), JSON.stringify({ lines, caller: await caller.said("you"), over }));
        assert.deepEqual(faults, []);
      } catch (error) {
        const said = await page.$$eval(".turn", (turns) => turns.map((turn) => turn.textContent)).catch(() => []);
        error.message += `\nsaid: ${JSON.stringify(said)}\nthe page says: ${JSON.stringify(faults)}`;
        await page.screenshot({ path: join(shots, `failed-guided-${name}.png`) }).catch(() => {});
        throw error;
      } finally {
        await close();
      }
    });
  }
});
