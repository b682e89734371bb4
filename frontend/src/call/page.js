// The page of a call: joins the caller's hands (view), the microphone and the call itself (session).
import { serverIsReady, unguessableRoom } from "./access.js";
import { lasted } from "./clock.js";
import { Microphone } from "./microphone.js";
import { Session } from "./session.js";
import { strings } from "./strings.js";
import { Transcript } from "./transcript.js";
import { View } from "./view.js";

/** A level that a voice reaches and a quiet room does not. */
const HEARD_LEVEL = 0.35;
/** A level that even a quiet room exceeds; below it the microphone is off. */
const DEAD_LEVEL = 0.02;
/** Between two words one is still heard. */
const PAUSE_MS = 2_000;
const SILENT_AFTER_MS = 6_000;

export class Page {
  #view = new View();
  #microphone = new Microphone();
  #transcript = new Transcript();
  #session = new Session(this.#view.elements.sounds, (event) => this.#take(event));

  /** Ends the waiting for a server that starts. */
  #waiting = new AbortController();
  #withMicrophone = true;
  #isMuted = false;
  #connection = "connecting";
  #weakness;
  #agentState;
  /** When the call was connected for the first time, by `performance.now()`. */
  #since;
  #timer;
  /** When a voice was heard last; at first: when listening began, less a pause. */
  #heardAt = 0;

  start() {
    const { elements } = this.#view;
    elements.startForm.addEventListener("submit", (event) => this.#byHand(event, () => this.#callWith(true)));
    elements.check.addEventListener("click", (event) => this.#byHand(event, () => this.#check()));
    elements.settings.addEventListener("click", (event) => this.#byHand(event, () => this.#toggleMicrophone()));
    elements.mute.addEventListener("click", (event) => this.#byHand(event, () => this.#mute()));
    elements.end.addEventListener("click", (event) => this.#byHand(event, () => this.#end()));
    elements.rejoin.addEventListener("click", (event) => this.#byHand(event, () => this.#rejoin()));
    elements.again.addEventListener("click", (event) => this.#byHand(event, () => this.#again()));
    elements.typing.addEventListener("submit", (event) => this.#byHand(event, () => this.#type()));
    elements.device.addEventListener("change", (event) => this.#byHand(event, () => this.#chooseDevice()));
    elements.language?.addEventListener("change", () => this.#changeLanguage());
    elements.problemAction.addEventListener("click", (event) => this.#byHand(event, () => this.#solve()));
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#showDevices());
    // livekit-client leaves the room by itself; the device has to be let go of too.
    window.addEventListener("pagehide", () => this.#microphone.close());
    if (this.#link()) this.#view.hideName();
    if (!window.isSecureContext) this.#view.showProblem("insecure");
    if (this.#view.isGettingReady) void serverIsReady().then(() => this.#view.showReady());
  }

  /** The page comes anew, in that language too. */
  #changeLanguage() {
    const address = new URL(location.href);
    address.searchParams.set("lang", this.#view.elements.language.value);
    location.replace(address);
  }

  /** Runs what a click asks for; what goes wrong is shown. */
  #byHand(event, act) {
    event.preventDefault();
    act().catch((error) => this.#view.showProblem(error.kind ?? "failed"));
  }

  // ---- before the call ----

  async #check() {
    if (this.#view.isMicrophoneShown) {
      this.#view.showMicrophone(false);
      return;
    }
    this.#view.showProblem();
    await this.#microphone.open();
    await this.#showMicrophone();
  }

  #callWith(microphone) {
    this.#withMicrophone = microphone;
    return this.#call();
  }

  async #call() {
    const view = this.#view;
    view.showProblem();
    view.showSetup({ isStarting: true });
    view.showNotice();
    view.clearTurns();
    this.#transcript.clear();
    this.#since = undefined;
    this.#isMuted = false;
    view.showMuted(false);
    view.offerMicrophone(this.#withMicrophone);
    try {
      await this.#session.start({
        name: view.elements.name.value.trim() || strings.guest,
        roomName: this.#roomName(),
        link: this.#link(),
        language: view.elements.language?.value,
        track: this.#openTrack(),
        isMuted: !this.#withMicrophone,
      });
    } catch (problem) {
      clearInterval(this.#timer);
      if (problem.kind === "starting" || problem.kind === "stopping") return this.#callLater(problem.kind);
      view.showSetup();
      // A button that is disabled loses the keyboard's focus.
      view.elements.start.focus({ preventScroll: true });
      throw problem;
    }
    view.showCall();
  }

  /** The server is on its way: the call begins when it is there, unless the caller no longer wants it. */
  async #callLater(kind) {
    this.#view.showProblem(kind);
    this.#waiting = new AbortController();
    if (await serverIsReady(this.#waiting.signal)) await this.#call();
  }

  #doNotWait() {
    this.#waiting.abort();
    this.#microphone.close();
    this.#view.showProblem();
    this.#view.showSetup();
  }

  #openTrack() {
    return this.#withMicrophone ? this.#microphone.open() : this.#microphone.openSilence();
  }

  /** In development a link may say which room. */
  #roomName() {
    const asked = this.#view.isDev && new URLSearchParams(location.search).get("room");
    return asked || unguessableRoom();
  }

  /** Of an invitation. It stands behind `#`, which browsers send to nobody. */
  #link() {
    return new URLSearchParams(location.hash.slice(1)).get("join") ?? undefined;
  }

  // ---- during the call ----

  async #mute() {
    this.#isMuted = !this.#isMuted;
    this.#view.showMuted(this.#isMuted);
    this.#view.announce(this.#isMuted ? strings.nowMuted : strings.nowUnmuted);
    await this.#session.mute(this.#isMuted);
  }

  async #type() {
    const { text } = this.#view.elements;
    const words = text.value.trim();
    if (words === "") return;
    try {
      const id = await this.#session.type(words);
      this.#put({ id, speaker: { role: "you", name: "" }, text: words, isFinal: true, version: 0, typed: true });
      text.value = "";
      if (this.#view.problem === "unsent") this.#view.showProblem();
    } catch {
      this.#view.showProblem("unsent");
    }
    text.focus();
  }

  async #end() {
    const lasted = this.#lasted();
    await this.#session.end();
    this.#over("you", lasted, false);
  }

  // ---- after the call ----

  async #rejoin() {
    this.#view.showProblem();
    this.#view.showCall();
    try {
      await this.#session.rejoin(await this.#openTrack());
    } catch (problem) {
      this.#over("lost", this.#lasted(), true);
      throw problem;
    }
  }

  async #again() {
    this.#view.showProblem();
    this.#view.showSetup();
    await this.#call();
  }

  #over(reason, lasted, canRejoin) {
    clearInterval(this.#timer);
    this.#microphone.close();
    this.#view.showProblem();
    this.#view.showEnd(reason, lasted, canRejoin);
  }

  // ---- what the call tells ----

  #take(event) {
    switch (event.type) {
      case "connection": return this.#takeConnection(event.state);
      case "quality":
        this.#weakness = event.quality;
        return this.#view.showConnection(this.#connection, this.#weakness);
      case "agent": return this.#takeAgent(event.state);
      case "notice": return this.#view.showNotice(event.kind);
      case "agentLate": return this.#view.showProblem("nobody");
      case "people": return this.#view.showPeople(event.people);
      case "caption": return this.#put(event);
      case "sound": return this.#toggleProblem("silent", event.isBlocked);
      case "ended": return this.#over(event.reason, this.#lasted(), this.#session.canRejoin);
    }
  }

  #takeConnection(state) {
    this.#connection = state;
    this.#view.showConnection(state, this.#weakness);
    if (state !== "connected") return;
    this.#since ??= performance.now();
    this.#view.showTime(this.#lasted());
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#view.showTime(this.#lasted()), 500);
  }

  #takeAgent(state) {
    if (state !== "absent") this.#toggleProblem("nobody", false);
    if (state === this.#agentState) return;
    this.#agentState = state;
    this.#view.showAgent(state);
  }

  #put(caption) {
    const change = this.#transcript.put(caption);
    if (change) this.#view.showTurn(change);
  }

  #toggleProblem(kind, isThere) {
    if (isThere) this.#view.showProblem(kind);
    else if (this.#view.problem === kind) this.#view.showProblem();
  }

  #lasted() {
    if (this.#since === undefined) return "";
    return lasted(performance.now() - this.#since);
  }

  // ---- the microphone, before and during the call ----

  async #toggleMicrophone() {
    if (this.#view.isMicrophoneShown) this.#view.showMicrophone(false);
    else await this.#showMicrophone();
  }

  async #showMicrophone() {
    this.#view.showMicrophone(true);
    await this.#showDevices();
    this.#heardAt = performance.now() - PAUSE_MS;
    this.#view.showLevel(0, strings.levelWaiting);
    this.#followLevel(0);
  }

  async #showDevices() {
    if (this.#view.isMicrophoneShown) this.#view.showDevices(await this.#microphone.devices(), this.#microphone.deviceId);
  }

  async #chooseDevice() {
    await this.#microphone.choose(this.#view.elements.device.value);
    await this.#showDevices();
  }

  /** @param {number} loudest of the last moments, which falls slowly so that it can be read */
  #followLevel(loudest) {
    if (!this.#view.isMicrophoneShown) return;
    const level = Math.max(this.#microphone.level(), loudest * 0.93);
    if (level > HEARD_LEVEL) this.#heardAt = performance.now();
    this.#view.showLevel(level, this.#levelHint(level));
    requestAnimationFrame(() => this.#followLevel(level));
  }

  #levelHint(level) {
    const quietFor = performance.now() - this.#heardAt;
    if (this.#isMuted) return strings.levelMuted;
    if (quietFor < PAUSE_MS) return strings.levelHeard;
    return quietFor > SILENT_AFTER_MS && level < DEAD_LEVEL ? strings.levelSilent : strings.levelWaiting;
  }

  // ---- what a message's button does ----

  async #solve() {
    switch (strings.problems[this.#view.problem]?.action) {
      case "withoutMicrophone":
        return this.#callWith(false);
      case "cancel":
        return this.#doNotWait();
      case "sound":
        return this.#session.turnOnSound();
      case "retry":
        return this.#again();
    }
  }
}
