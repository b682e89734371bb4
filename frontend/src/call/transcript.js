// What was said, in the order in which each utterance began. Pure: knows neither the page nor the network.

/** More than an hour of talk; what is older makes room. */
const MOST_ENTRIES = 1000;

export class Transcript {
  /** @type {Map<string, {id: string, speaker: string, text: string, isFinal: boolean, version: number}>} */
  #entries = new Map();

  /**
   * Takes a version of an utterance: all of its words so far. One that is older than what is known is ignored. An empty
   * one counts only as the last word on an utterance that is known: it was nothing after all.
   * @returns {{entry: object, isNew: boolean, dropped: string | undefined} | undefined} what has changed
   */
  put({ id, speaker, text, isFinal, version, typed = false }) {
    const known = this.#entries.get(id);
    if (known && (version < known.version || (known.isFinal && !isFinal))) return undefined;
    if (text.trim() === "" && !(known && isFinal)) return undefined;
    const entry = { id, speaker, text, isFinal, version, typed };
    this.#entries.set(id, entry);
    let dropped;
    if (this.#entries.size > MOST_ENTRIES) {
      dropped = this.#entries.keys().next().value;
      this.#entries.delete(dropped);
    }
    return { entry, isNew: !known, dropped };
  }

  clear() {
    this.#entries.clear();
  }
}
