// What the desk's pages load when one of them enters a room: livekit-client and who needs it.
//
// Here: a call with the agent in a dialog of the desk, as the agent would call somebody. The dialog's parts are in
// templates/desk/agent-call.html; the call itself is the caller's page's (call/session.js).
import { setLogLevel } from "livekit-client";
import { lasted } from "./call/clock.js";
import { Microphone } from "./call/microphone.js";
import { Problem, problemOfRefusal } from "./call/problem.js";
import { Session } from "./call/session.js";
import { strings } from "./call/strings.js";
import { Transcript } from "./call/transcript.js";
import { Turns } from "./call/turns.js";

export { Supervision } from "./supervision.js";

// Its logs name rooms and people.
setLogLevel("warn");

export class AgentCall {
  #section;
  #microphone = new Microphone();
  #transcript = new Transcript();
  #turns;
  #session;
  #isMuted = false;
  /** When the call was connected, by `performance.now()`. */
  #since;
  #timer;
  /** Takes the listeners away again: the section may see another call. */
  #over = new AbortController();

  /** @param {HTMLElement} section `#agent-call` */
  constructor(section) {
    this.#section = section;
    this.#turns = new Turns(this.#part("scroller"), this.#part("turns"));
    this.#session = new Session(this.#part("sounds"), (event) => this.#take(event));
    const { signal } = this.#over;
    this.#act("mute").addEventListener("click", () => void this.#mute(), { signal });
    this.#act("end").addEventListener("click", () => void this.end(), { signal });
    this.#part("typing").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#type(event.target.querySelector("input"));
    }, { signal });
  }

  /** What goes wrong is shown. */
  async start(withMicrophone) {
    this.#showProblem();
    this.#showNotice("");
    this.#turns.clear();
    this.#part("timer").textContent = lasted(0);
    try {
      const track = withMicrophone ? this.#microphone.open() : this.#microphone.openSilence();
      // It is awaited below, when the room is known; its failure is not unheard of until then.
      track.catch(() => {});
      const way = await this.#askForRoom();
      this.#act("mute").hidden = !withMicrophone;
      this.#showMuted(false);
      await this.#session.start({ way, track, isMuted: !withMicrophone });
      this.#showLive(true);
      this.#act("end").focus();
    } catch (problem) {
      await this.end();
      this.#showProblem(problem.kind ?? "failed");
    }
  }

  async end() {
    clearInterval(this.#timer);
    this.#over.abort();
    this.#microphone.close();
    this.#showLive(false);
    await this.#session.end();
  }

  /** A room for the call with this lead or customer, and the way into it. @throws {Problem} */
  async #askForRoom() {
    let answer;
    try {
      const headers = { "Content-Type": "application/json" };
      answer = await fetch(this.#section.dataset.address, { method: "POST", headers, body: "{}" });
    } catch (error) {
      throw new Problem("away", error);
    }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw problemOfRefusal(answer.status, said.type?.split(":").pop());
    return { url: said.url, token: said.token, roomName: said.roomName };
  }

  async #mute() {
    this.#isMuted = !this.#isMuted;
    this.#showMuted(this.#isMuted);
    await this.#session.mute(this.#isMuted);
  }

  async #type(field) {
    const text = field.value.trim();
    if (text === "") return;
    try {
      const id = await this.#session.type(text);
      this.#put({ id, speaker: { role: "you", name: "" }, text, isFinal: true, version: 0, typed: true });
      field.value = "";
    } catch {
      this.#showProblem("unsent");
    }
  }

  #take(event) {
    switch (event.type) {
      case "connection": return this.#takeConnection(event.state);
      case "agent": return this.#takeAgent(event.state);
      case "notice": return this.#showNotice(strings.notices[event.kind] ?? "");
      case "agentLate": return this.#showProblem("nobody");
      case "caption": return this.#put(event);
      case "sound": return event.isBlocked ? void this.#session.turnOnSound() : undefined;
      case "ended":
        void this.end();
        return this.#showNotice(strings.ended[event.reason] ?? "");
    }
  }

  #takeConnection(state) {
    this.#part("connection").textContent = strings.connection[state] ?? "";
    this.#part("connection").classList.toggle("is-good", state === "connected");
    if (state !== "connected") return;
    this.#since ??= performance.now();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      this.#part("timer").textContent = lasted(performance.now() - this.#since);
    }, 500);
  }

  #takeAgent(state) {
    if (state !== "absent") this.#showProblem();
    const words = strings.agentState[state] ?? strings.agentState.here;
    const element = this.#part("agent-state");
    // A screen reader would say it again.
    if (element.textContent !== words) element.textContent = words;
    this.#part("orb").dataset.state = state;
  }

  #put(caption) {
    const change = this.#transcript.put(caption);
    if (change) this.#turns.show(change);
  }

  #showLive(isLive) {
    this.#part("begin").hidden = isLive;
    this.#part("live").hidden = !isLive;
    this.#part("typing").hidden = !isLive;
    this.#part("scroller").hidden = !isLive && this.#turns.isEmpty;
  }

  #showMuted(isMuted) {
    const { mute, unmute } = this.#act("mute").dataset;
    this.#act("mute").textContent = isMuted ? unmute : mute;
    this.#act("mute").classList.toggle("is-muted", isMuted);
  }

  #showNotice(words) {
    this.#part("notice").hidden = words === "";
    this.#part("notice").textContent = words;
  }

  #showProblem(kind) {
    const words = strings.problems[kind];
    this.#part("problem").hidden = !words;
    this.#part("problem-title").textContent = words?.title ?? "";
    this.#part("problem-advice").textContent = words?.advice ?? "";
  }

  #part(name) {
    return this.#section.querySelector(`[data-part="${name}"]`);
  }

  #act(name) {
    return this.#section.querySelector(`[data-act="${name}"]`);
  }
}
