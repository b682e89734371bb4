// A supervisor in a caller's room: hears all and is seen by nobody, or talks with the caller in the agent's place. The buttons and
// words are in templates/desk/call.html; what the agent does meanwhile the page hears from the server, in `#scene`.
import { DisconnectReason, Room, RoomEvent, Track } from "livekit-client";
import { Microphone } from "./call/microphone.js";
import { Problem, problemOfConnection, problemOfRefusal } from "./call/problem.js";
import { strings } from "./call/strings.js";

/** In which states which buttons can be pressed. */
const BUTTONS = { out: ["listen", "take-over"], listening: ["take-over", "leave"], talking: ["mute"] };

export class Supervision {
  /** Of the call, in the API. */
  address;
  #section;
  #microphone = new Microphone();
  /** @type {Room | undefined} */
  #room;
  /** @type {"out" | "listening" | "talking"} */
  #state = "out";
  #isMuted = false;
  /** Whom the server says to have the call: known once the page has shown them. */
  #identity;
  #wasSeen = false;
  /** What the section says is so. */
  #said = "";
  /** Aborted when the room is left: whoever was about to enter it then stays out. */
  #stay = new AbortController();
  /** Audio elements of a room; they sound without being on the page. @type {Map<Room, Set<HTMLMediaElement>>} */
  #sounds = new Map();

  /** @param {HTMLElement} section `#supervision` */
  constructor(section) {
    this.address = section.dataset.address;
    this.show(section);
  }

  /** Something of the page was swapped: `#scene`, or this section for another copy of itself. */
  show(section) {
    this.#section = section;
    this.#tell(this.#said);
    this.#look();
  }

  /** Does what a button says. What goes wrong is shown. */
  async act(name) {
    this.#showProblem();
    try {
      if (name === "listen") await this.#enter("listening", () => this.#ask("listen"));
      else if (name === "take-over") await this.#takeOver();
      else if (name === "mute") await this.#mute();
      else if (name === "give-back") await this.#giveBack();
      else if (name === "leave") this.leave();
    } catch (error) {
      this.leave();
      this.#showProblem(error);
    }
  }

  /** Leaves the room. Whoever had the call has given it back a few seconds later. */
  leave(words = "") {
    this.#stay.abort();
    this.#stay = new AbortController();
    this.#microphone.close();
    const room = this.#room;
    this.#room = undefined;
    this.#identity = undefined;
    this.#become("out", words);
    this.#close(room);
  }

  #close(room) {
    room?.removeAllListeners();
    for (const sound of this.#sounds.get(room) ?? []) sound.srcObject = null;
    this.#sounds.delete(room);
    void room?.disconnect();
  }

  /** The microphone comes first: nobody takes a call over who cannot talk. */
  async #takeOver() {
    const { signal } = this.#stay;
    const track = await this.#microphone.open();
    signal.throwIfAborted();
    this.#isMuted = false;
    await this.#enter("talking", () => this.#ask("take-over", { language: this.#section.dataset.language }));
    await this.#room?.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
  }

  /** @param {() => Promise<{url: string, token: string, identity: string}>} ask for the way in */
  async #enter(state, ask) {
    this.#tell(this.#section.dataset.joining);
    const { signal } = this.#stay;
    const { url, token, identity } = await ask();
    signal.throwIfAborted();
    this.#close(this.#room);
    [this.#identity, this.#wasSeen] = [state === "talking" ? identity : undefined, false];
    const room = new Room({ stopLocalTrackOnUnpublish: false });
    this.#room = room;
    this.#follow(room);
    await room.connect(url, token);
    void room.startAudio().catch(() => {});
    this.#become(state);
    this.#look();
  }

  async #giveBack() {
    await this.#ask("give-back", {});
    this.leave(this.#section.dataset.returned);
  }

  async #mute() {
    this.#isMuted = !this.#isMuted;
    await (this.#isMuted ? this.#microphone.track?.mute() : this.#microphone.track?.unmute());
    this.#become(this.#state);
  }

  #follow(room) {
    const sounds = new Set();
    this.#sounds.set(room, sounds);
    room
      .on(RoomEvent.TrackSubscribed, (track) => {
        if (track.kind === Track.Kind.Audio) sounds.add(track.attach());
      })
      .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((sound) => sounds.delete(sound)))
      .on(RoomEvent.Reconnecting, () => this.#tell(this.#section.dataset.reconnecting))
      .on(RoomEvent.Reconnected, () => this.#tell(this.#words()))
      .on(RoomEvent.Disconnected, (reason) => {
        const isOver = reason === DisconnectReason.ROOM_DELETED || reason === DisconnectReason.ROOM_CLOSED;
        this.leave(isOver ? "" : this.#section.dataset.cutOff);
      });
  }

  /** Somebody may have given the call back, or taken it over, without this page. */
  #look() {
    if (!this.#identity) return;
    const isHere = document.querySelector("#scene [data-colleague]")?.dataset.colleague === this.#identity;
    if (this.#wasSeen && !isHere) this.leave(this.#section.dataset.returned);
    this.#wasSeen ||= isHere;
  }

  /** Asks something of the call. @throws {Problem} */
  async #ask(what, body = {}) {
    let answer;
    try {
      const headers = { "Content-Type": "application/json" };
      answer = await fetch(`${this.address}/${what}`, { method: "POST", headers, body: JSON.stringify(body) });
    } catch (error) {
      throw new Problem("away", error);
    }
    if (answer.status === 409 || answer.status === 404) throw new Problem("refusedHere");
    if (!answer.ok) throw problemOfRefusal(answer.status);
    return answer.status === 204 ? {} : answer.json();
  }

  /** What is so now, in words. */
  #words() {
    const { listening, talking, muted } = this.#section.dataset;
    return { out: "", listening, talking: this.#isMuted ? muted : talking }[this.#state];
  }

  #become(state, words) {
    const focused = document.activeElement;
    this.#state = state;
    this.#tell(words ?? this.#words());
    // A button that is gone takes the focus with it.
    if (this.#section.contains(focused) && focused.hidden) this.#section.querySelector("[data-act]:not([hidden])")?.focus();
  }

  #tell(words) {
    this.#said = words;
    // A screen reader would say it again.
    if (this.#part("state").textContent !== words) this.#part("state").textContent = words;
    for (const button of this.#section.querySelectorAll("[data-act]")) {
      button.hidden = !BUTTONS[this.#state].includes(button.dataset.act);
    }
    const mute = this.#section.querySelector("[data-act=mute]");
    mute.textContent = this.#isMuted ? mute.dataset.unmute : mute.dataset.mute;
  }

  /** @param {Error} [error] nothing: there is no problem any more */
  #showProblem(error) {
    const { refused, failed } = this.#section.dataset;
    const kind = error && problemOfConnection(error).kind;
    const known = kind === "refusedHere" ? { title: refused, advice: "" } : strings.problems[kind];
    const words = known ?? { title: failed, advice: "" };
    this.#part("problem").hidden = !error;
    this.#part("problem-title").textContent = error ? words.title : "";
    this.#part("problem-advice").textContent = error ? words.advice : "";
  }

  #part(name) {
    return this.#section.querySelector(`[data-part="${name}"]`);
  }
}
