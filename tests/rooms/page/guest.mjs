// Somebody in a room: livekit-client's Room, and what was seen of it.
import { RoomEvent, Track, VideoPresets } from "/livekit-client.mjs";

/** Longer than anything takes on a busy machine that is not broken, in ms. */
const PATIENCE = 45_000;
/** What livekit-client tells often, and no test asks for. */
const NOISE = new Set([RoomEvent.MediaDevicesChanged, RoomEvent.MetricsReceived]);

/** Waits until something is true that no event tells of, such as a statistic; gives what it is. */
export async function until(check, what) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resume) => { setTimeout(resume, 100); });
  }
}

export class Guest {
  #seen = [];
  #waiting = new Set();

  constructor(identity, room) {
    this.identity = identity;
    this.room = room;
    for (const event of Object.values(RoomEvent)) {
      if (!NOISE.has(event)) room.on(event, (...what) => this.#note({ event, what }));
    }
  }

  #note(entry) {
    this.#seen.push(entry);
    for (const look of this.#waiting) look(entry);
  }

  get me() {
    return this.room.localParticipant;
  }

  /** Waits for an event that fits, if it has not come already; gives what it tells. */
  see(event, fits = () => true) {
    const wanted = (entry) => entry.event === event && fits(...entry.what);
    const found = this.#seen.find(wanted);
    if (found) return Promise.resolve(found.what);
    return new Promise((resolve, reject) => {
      const look = (entry) => {
        if (wanted(entry)) done(() => resolve(entry.what));
      };
      const done = (end) => {
        clearTimeout(late);
        this.#waiting.delete(look);
        end();
      };
      const late = setTimeout(() => done(() => reject(new Error(`${this.identity} never saw ${event}`))), PATIENCE);
      this.#waiting.add(look);
    });
  }

  saw(event, fits = () => true) {
    return this.#seen.some((entry) => entry.event === event && fits(...entry.what));
  }

  /** Only what comes from now on is seen. */
  forget() {
    this.#seen = [];
  }

  story() {
    return this.#seen.map(({ event }) => event).join(" ");
  }

  other(identity) {
    return this.room.remoteParticipants.get(identity);
  }

  /** What somebody else publishes from this source; waits for it. */
  publication(identity, source = Track.Source.Camera) {
    return until(() => this.other(identity)?.getTrackPublication(source), `${this.identity} sees ${source} of ${identity}`);
  }

  /** The same, once it is received. */
  async subscribed(identity, source) {
    const publication = await this.publication(identity, source);
    await until(() => publication.track, `${this.identity} receives ${source} of ${identity}`);
    return publication;
  }

  /** Publishes a tone as a microphone. */
  async publishTone(hertz, options = {}) {
    const context = new AudioContext();
    const destination = context.createMediaStreamDestination();
    const oscillator = new OscillatorNode(context, { frequency: hertz });
    oscillator.connect(destination);
    oscillator.start();
    return this.me.publishTrack(destination.stream.getAudioTracks()[0], { source: Track.Source.Microphone, dtx: false, ...options });
  }

  /**
   * Turns the (fake) camera on, with two layers where the codec has simulcast. On a machine that is too slow for it Chromium
   * sends fewer pictures then, not smaller ones: sizes are what the server chooses.
   */
  async publishCamera(options = {}) {
    const resolution = { width: 640, height: 360, frameRate: 15 };
    return this.me.setCameraEnabled(true, { resolution }, {
      videoCodec: "vp8", backupCodec: false, videoSimulcastLayers: [VideoPresets.h180],
      degradationPreference: "maintain-resolution", ...options,
    });
  }

  /** Whether each layer of the camera is sent, the lowest first. */
  async layers() {
    const { sender } = this.me.getTrackPublication(Track.Source.Camera).track;
    return sender.getParameters().encodings.map(({ active }) => active);
  }

  /** The statistics of somebody's camera as it is received, with the codec's name. */
  async received(identity, source) {
    const { track } = await this.publication(identity, source);
    const stats = [...((await track?.receiver.getStats()) ?? new Map()).values()];
    const inbound = stats.find(({ type }) => type === "inbound-rtp");
    return inbound && { ...inbound, codec: stats.find(({ id }) => id === inbound.codecId)?.mimeType };
  }

  /** Waits until this tone, and no other, is what is heard of somebody. */
  async hear(identity, hertz) {
    const { track } = await this.subscribed(identity, Track.Source.Microphone);
    // Chromium gives remote sound to Web Audio only while an element plays it.
    const element = track.attach();
    element.volume = 0;
    const context = new AudioContext();
    try {
      const analyser = new AnalyserNode(context, { fftSize: 8192 });
      context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack])).connect(analyser);
      const bins = new Float32Array(analyser.frequencyBinCount);
      const step = context.sampleRate / analyser.fftSize;
      await until(() => {
        analyser.getFloatFrequencyData(bins);
        const loudest = bins.indexOf(Math.max(...bins));
        return bins[loudest] > -60 && Math.abs(loudest * step - hertz) < 2 * step;
      }, `${this.identity} hears ${hertz} Hz of ${identity}`);
    } finally {
      await context.close();
      track.detach(element);
    }
  }

  /** Shows what somebody publishes from this source, in an element of the page. */
  async watch(identity, source) {
    const { track } = await this.subscribed(identity, source);
    const video = track.attach();
    document.body.append(video);
    return video;
  }

  /** Says something to somebody and waits until they have read it: data goes through. */
  async tell(other, text) {
    await this.me.publishData(new TextEncoder().encode(text), { reliable: true });
    await other.see(RoomEvent.DataReceived, (data, from) => from?.identity === this.identity && new TextDecoder().decode(data) === text);
  }

  /** Says something until somebody has read it: the real server loses what is said while a client comes back. */
  async reach(other) {
    const text = `again ${performance.now()}`;
    await until(async () => {
      if (other.saw(RoomEvent.DataReceived, (data) => new TextDecoder().decode(data) === text)) return true;
      await this.me.publishData(new TextEncoder().encode(text), { reliable: true });
    }, `${other.identity} reads`);
  }
}

/** Waits for a picture that fits; gives its `VideoFrameCallbackMetadata`. */
export function picture(video, fits = () => true, what = "a picture") {
  return new Promise((resolve, reject) => {
    let latest = "none";
    const late = setTimeout(() => reject(new Error(`never: ${what}; the latest was ${latest}`)), PATIENCE);
    const look = (_, frame) => {
      latest = `${frame.width}x${frame.height}`;
      if (!fits(frame)) return video.requestVideoFrameCallback(look);
      clearTimeout(late);
      return resolve(frame);
    };
    video.requestVideoFrameCallback(look);
  });
}
