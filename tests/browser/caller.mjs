// A caller's eyes, ears and hands on the page.

const PATH = "/callcenter/call-with-audio";
/** Root mean square, of 1: a voice is well above, comfort noise well below. */
const AUDIBLE = 0.006;

export class Caller {
  constructor(page, base) {
    this.page = page;
    this.base = base;
  }

  async open(query = "") {
    await this.page.goto(this.base + PATH + query);
  }

  async start(name = "") {
    await this.page.fill("#name", name);
    await this.page.click("#start");
  }

  /** Presses Start and waits until the call stands. */
  async call({ query = "", name = "Amanda" } = {}) {
    await this.open(query);
    await this.start(name);
    await this.page.waitForSelector("#live-call:not([hidden])");
  }

  async end() {
    await this.page.click("#end");
    await this.page.waitForSelector("#over:not([hidden])");
  }

  /** What one side said so far: `you`, `agent` or `guest`. */
  async said(role) {
    return this.page.$$eval(`.turn.is-${role} .words`, (turns) => turns.map((turn) => turn.textContent));
  }

  /** Waits until one side has said something that is complete, `count` times. */
  async waitForTurns(role, count = 1) {
    const complete = ([selector, wanted]) => document.querySelectorAll(selector).length >= wanted;
    await this.page.waitForFunction(complete, [`.turn.is-${role}:not(.is-growing)`, count]);
    return this.said(role);
  }

  /** Waits until the agent has said more than `turns` turns and listens, or the call is over; whether it is. */
  async waitForAnswer(turns) {
    const complete = (turns) => {
      if (!document.querySelector("#over").hidden) return "over";
      const said = document.querySelectorAll(".turn.is-agent:not(.is-growing)").length > turns;
      return said && document.querySelector("#orb").dataset.state === "listening" && "listening";
    };
    const state = await this.page.waitForFunction(complete, turns);
    return (await state.jsonValue()) === "over";
  }

  async type(words) {
    await this.page.fill("#text", words);
    await this.page.press("#text", "Enter");
  }

  /** Waits until a text is there, where people see it. */
  async waitForText(selector, text) {
    const contains = ([where, words]) => {
      const element = document.querySelector(where);
      return element && !element.closest("[hidden]") && element.textContent.includes(words);
    };
    await this.page.waitForFunction(contains, [selector, text]);
  }

  text(selector) {
    return this.page.$eval(selector, (element) => element.textContent.trim());
  }

  /** Who is in the call, by name. */
  people() {
    return this.page.$$eval("#people bdi", (names) => names.map((name) => name.textContent));
  }

  /** Waits until these people are in the call, whether they speak or not. */
  async waitForPeople(wanted) {
    const are = (wanted) => {
      const names = [...document.querySelectorAll("#people bdi")].map((name) => name.textContent);
      return names.length === wanted.length && names.every((name, index) => name === wanted[index]);
    };
    await this.page.waitForFunction(are, wanted);
  }

  /** Records from now on what the page plays of an `agent` or a `guest`, also of one who comes later. */
  async record(role) {
    await this.page.evaluate((role) => {
      const pieces = [];
      const heard = new Set();
      let recorder;
      // Made once there is a sound: Start has been pressed then, without which browsers play nothing.
      const listen = () => {
        const context = new AudioContext({ sampleRate: 48_000 });
        // Deprecated, but needs no script of its own: the page's policy forbids one from a blob.
        recorder = context.createScriptProcessor(4096, 1, 1);
        recorder.onaudioprocess = ({ inputBuffer }) => pieces.push(inputBuffer.getChannelData(0).slice());
        recorder.connect(context.destination);
      };
      const hear = () => {
        for (const element of document.querySelectorAll(`#sounds audio[data-role="${role}"]`)) {
          if (heard.has(element)) continue;
          heard.add(element);
          if (!recorder) listen();
          recorder.context.createMediaStreamSource(element.srcObject).connect(recorder);
        }
      };
      new MutationObserver(hear).observe(document.querySelector("#sounds"), { childList: true });
      hear();
      window.recorded = () => pieces;
    }, role);
  }

  /** Waits until a voice has been recorded: sound is later than what the page shows. */
  async waitForSound() {
    await this.page.waitForFunction((audible) => {
      const power = (piece) => piece.reduce((sum, sample) => sum + sample * sample, 0) / piece.length;
      return window.recorded().some((piece) => Math.sqrt(power(piece)) > audible);
    }, AUDIBLE);
  }

  /** Waits until what is recorded has been silent for half a second: sound is later than what the page shows. */
  async waitForSilence() {
    await this.page.waitForFunction(() => {
      const latest = window.recorded().slice(-6);
      return latest.length === 6 && latest.every((piece) => piece.every((sample) => Math.abs(sample) < 0.01));
    });
  }

  /** How much was recorded so far, in samples. */
  position() {
    return this.page.evaluate(() => window.recorded().reduce((sum, piece) => sum + piece.length, 0));
  }

  /** What was recorded so far, as mono samples at 48 kHz. */
  async recorded() {
    const base64 = await this.page.evaluate(async () => {
      const samples = Int16Array.from(window.recorded().flatMap((piece) => [...piece]), (it) => Math.max(-1, Math.min(1, it)) * 32_767);
      const reader = new FileReader();
      const done = new Promise((resume) => { reader.onload = resume; });
      reader.readAsDataURL(new Blob([samples]));
      await done;
      return reader.result.slice(reader.result.indexOf(",") + 1);
    });
    const bytes = Buffer.from(base64, "base64");
    return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  }
}

/** 16-bit mono samples at 48 kHz as a WAV file. */
export function wav(samples) {
  const head = Buffer.alloc(44);
  const size = samples.length * 2;
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + size, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(48_000, 24);
  head.writeUInt32LE(96_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(size, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, size)]);
}
