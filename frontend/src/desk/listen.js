// A voice to be listened to: the button's form says which one, or the button itself (`data-language`), or which field does
// (`data-voice-field`); the server makes the sample.
import { toast } from "./dialogs.js";

let playing;

async function listen(button) {
  const { dataset, form } = button;
  const wanted = (name) => dataset[name] ?? form.elements[dataset[`${name}Field`] ?? name]?.value ?? "";
  const query = new URLSearchParams(["voice", "language", "speed"].map((name) => [name, wanted(name)]));
  const headers = { accept: "text/html, audio/wav", "hx-request": "true" };
  const answer = await fetch(`${button.dataset.listen}?${query}`, { headers });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? button.dataset.failed);
  playing?.close();
  playing = new AudioContext();
  const sound = playing.createBufferSource();
  sound.buffer = await playing.decodeAudioData(await answer.arrayBuffer());
  sound.connect(playing.destination);
  sound.start();
}

/** Follows all buttons with `data-listen`, also those that come later. */
export function follow() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-listen]");
    if (!button || button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await listen(button);
    } catch (error) {
      toast(error instanceof TypeError ? document.body.dataset.offline : error.message);
    } finally {
      button.ariaBusy = "false";
    }
  });
}
