// A microphone that says recordings one after the other, each when it is told to: Chromium's own takes a single file, and
// cannot wait for what the agent says. Between them it sends nothing, and goes on where it was: most microphones send silence.

/** Puts it in the place of the page's microphone; to be called before the page is opened. */
export async function giveMicrophone(page) {
  await page.addInitScript(recordedMicrophone);
}

/** Says a recording, a Buffer with a WAV file; comes back when it is over. */
export async function say(page, recording) {
  await page.evaluate((base64) => window.sayRecording(base64), recording.toString("base64"));
}

/** The browser has no time to make sound for so long; then it goes on where it was. */
export async function standStill(page, milliseconds) {
  await page.evaluate((milliseconds) => window.standStill(milliseconds), milliseconds);
}

function recordedMicrophone() {
  let context;
  let destination;
  navigator.mediaDevices.getUserMedia = async () => {
    // The page stops the track of a call that is over.
    context = new AudioContext({ sampleRate: 48_000 });
    await context.resume();
    destination = context.createMediaStreamDestination();
    return destination.stream;
  };
  window.standStill = async (milliseconds) => {
    await context.suspend();
    await new Promise((resume) => setTimeout(resume, milliseconds));
    await context.resume();
  };
  window.sayRecording = async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (it) => it.charCodeAt(0));
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(bytes.buffer);
    source.connect(destination);
    const over = new Promise((resume) => { source.onended = resume; });
    source.start();
    await over;
  };
}
