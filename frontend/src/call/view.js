// The page's elements: shows what it is told, and decides nothing.
import { strings } from "./strings.js";
import { nameOf, Turns } from "./turns.js";

const part = (id) => document.getElementById(id);

export class View {
  #turns = new Turns(part("scroller"), part("turns"));
  #problem;

  elements = {
    startForm: part("start-form"), name: part("name"), start: part("start"), check: part("check"),
    mute: part("mute"), settings: part("settings"), end: part("end"), rejoin: part("rejoin"), again: part("again"),
    device: part("device"), typing: part("typing"), text: part("text"), sounds: part("sounds"),
    problemAction: part("problem-action"),
    /** Not there when there is nothing to choose. */
    language: part("language"),
  };

  constructor() {
    // Each language by its own name.
    for (const option of this.elements.language?.options ?? []) {
      option.textContent = new Intl.DisplayNames([option.value], { type: "language" }).of(option.value);
    }
  }

  get isDev() {
    return "dev" in part("call").dataset;
  }

  /** Whoever is invited is known by name. */
  hideName() {
    this.elements.name.closest("label").hidden = true;
  }

  // ---- the three phases: before, during and after the call ----

  showSetup({ isStarting = false } = {}) {
    this.#show("setup");
    const { start, check, name, language } = this.elements;
    for (const element of [start, check, name, language]) element?.toggleAttribute("disabled", isStarting);
    part("start-label").textContent = isStarting ? strings.starting : strings.start;
    start.classList.toggle("is-busy", isStarting);
  }

  showCall() {
    this.#show("live-call");
    part("transcript").hidden = false;
    this.elements.typing.hidden = false;
    this.showMicrophone(false);
    part("live-title").focus({ preventScroll: true });
  }

  showEnd(reason, lasted, canRejoin) {
    this.#show("over");
    this.showMicrophone(false);
    this.elements.typing.hidden = true;
    part("transcript").hidden = this.#turns.isEmpty;
    part("over-reason").textContent = [strings.ended[reason], lasted && strings.lasted(lasted)].filter(Boolean).join(" ");
    this.elements.rejoin.hidden = !canRejoin;
    this.elements.again.classList.toggle("is-quiet", canRejoin);
    part("over-title").focus({ preventScroll: true });
  }

  #show(id) {
    for (const phase of ["setup", "live-call", "over"]) part(phase).hidden = phase !== id;
  }

  // ---- problems, and what is told to those who do not look ----

  /** @param {string | undefined} kind a key of `strings.problems`; nothing takes the message away */
  showProblem(kind) {
    this.#problem = kind;
    const words = strings.problems[kind];
    part("problem").hidden = !words;
    if (!words) return;
    part("problem-title").textContent = words.title;
    part("problem-advice").textContent = words.advice;
    this.elements.problemAction.hidden = !words.action;
    this.elements.problemAction.textContent = strings.actions[words.action] ?? "";
  }

  /** @param {string | undefined} kind a key of `strings.notices`; it stays until there is another, or none */
  showNotice(kind) {
    // The page has said so from the beginning.
    const isKnown = kind === "typed-only" && part("cannot-hear");
    const words = isKnown ? "" : strings.notices[kind] ?? "";
    const element = part("notice");
    if (element.textContent === words) return;
    element.hidden = words === "";
    element.textContent = words;
  }

  /** Whether the engines were still being loaded when the page was made. */
  get isGettingReady() {
    return part("getting-ready") !== null;
  }

  showReady() {
    part("getting-ready").hidden = true;
  }

  get problem() {
    return this.#problem;
  }

  announce(words) {
    part("announcer").textContent = words;
  }

  // ---- the call ----

  showConnection(state, weakness) {
    const words = state === "connected" && weakness ? strings.quality[weakness] : strings.connection[state];
    const element = part("connection");
    if (element.textContent === words) return;
    element.textContent = words;
    element.classList.toggle("is-good", state === "connected" && !weakness);
    this.announce(words);
  }

  showAgent(state) {
    part("agent-state").textContent = strings.agentState[state] ?? strings.agentState.here;
    part("orb").dataset.state = state;
  }

  showPeople(people) {
    part("people").replaceChildren(...people.map((person) => {
      const item = document.createElement("li");
      item.className = person.isSpeaking ? "person is-speaking" : "person";
      const name = document.createElement("bdi");
      name.textContent = nameOf(person);
      item.append(name);
      if (person.isMuted || person.isSpeaking) {
        const state = document.createElement("span");
        state.textContent = person.isMuted ? strings.muted : strings.speaking;
        item.append(" ", state);
      }
      return item;
    }));
  }

  showMuted(isMuted) {
    // Its words say what it does; a pressed state beside them would say the opposite.
    this.elements.mute.classList.toggle("is-muted", isMuted);
    part("mute-label").textContent = isMuted ? strings.unmute : strings.mute;
  }

  showTime(words) {
    part("timer").textContent = words;
  }

  // ---- the microphone ----

  get isMicrophoneShown() {
    return !part("microphone").hidden;
  }

  showMicrophone(isShown) {
    part("microphone").hidden = !isShown;
    for (const button of [this.elements.check, this.elements.settings]) button.setAttribute("aria-expanded", String(isShown));
  }

  offerMicrophone(isOffered) {
    this.elements.mute.hidden = this.elements.settings.hidden = !isOffered;
  }

  showDevices(devices, chosen) {
    this.elements.device.replaceChildren(...devices.map((device, index) => {
      const label = device.label || strings.device(index + 1);
      return new Option(label, device.deviceId, false, device.deviceId === chosen);
    }));
  }

  showLevel(level, hint) {
    part("level").value = level;
    if (part("level-hint").textContent !== hint) part("level-hint").textContent = hint;
  }

  // ---- the transcript ----

  showTurn(change) {
    this.#turns.show(change);
    part("empty").hidden = !this.#turns.isEmpty;
  }

  clearTurns() {
    this.#turns.clear();
    part("empty").hidden = false;
  }
}
