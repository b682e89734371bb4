// What was said, as bubbles in a list that follows its end.
import { strings } from "./strings.js";

/** Within so many pixels of its end the list follows what is said. */
const NEAR_THE_END = 48;

export class Turns {
  #turns = new Map();
  #scroller;
  #list;

  /**
   * @param {HTMLElement} scroller what scrolls
   * @param {HTMLElement} list in it
   */
  constructor(scroller, list) {
    this.#scroller = scroller;
    this.#list = list;
  }

  get isEmpty() {
    return this.#turns.size === 0;
  }

  /** @param {{entry: object, dropped: string | undefined}} change as `Transcript.put` tells it */
  show({ entry, dropped }) {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
    if (dropped !== undefined) this.#remove(dropped);
    if (entry.text.trim() === "") {
      this.#remove(entry.id);
      return;
    }
    if (!this.#turns.has(entry.id)) this.#add(entry);
    const turn = this.#turns.get(entry.id);
    turn.querySelector(".words").textContent = entry.text;
    turn.classList.toggle("is-growing", !entry.isFinal);
    if (isAtEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  clear() {
    this.#turns.clear();
    this.#list.replaceChildren();
  }

  #add({ id, speaker, typed }) {
    const turn = document.createElement("li");
    turn.className = `turn is-${speaker.role}`;
    const who = document.createElement("p");
    who.className = "who";
    const name = document.createElement("bdi");
    name.textContent = nameOf(speaker);
    who.append(name, typed ? ` · ${strings.typed}` : "");
    const words = document.createElement("p");
    words.className = "words";
    words.dir = "auto";
    // The bubble's corner belongs to the page's direction, the words have their own.
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.append(words);
    turn.append(who, bubble);
    this.#turns.set(id, turn);
    this.#list.append(turn);
  }

  #remove(id) {
    this.#turns.get(id)?.remove();
    this.#turns.delete(id);
  }
}

/** What somebody in the call is called on the page. */
export function nameOf({ role, name }) {
  if (role === "you") return strings.you;
  return name || (role === "agent" ? strings.agent : strings.guest);
}
