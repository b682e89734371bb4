// The caller's microphone: opened once, for the check before the call and for the call itself; how loud it is; which
// others there are.
import { createLocalAudioTrack, LocalAudioTrack, Room, TrackEvent } from "livekit-client";
import { Problem, problemOfDevice } from "./problem.js";

const QUIET_DB = -60;
const LOUD_DB = -10;

export class Microphone {
  /** @type {import("livekit-client").LocalAudioTrack | undefined} */
  #track;
  /** @type {{context: AudioContext, source?: MediaStreamAudioSourceNode, analyser: AnalyserNode, samples: Float32Array} | undefined} */
  #meter;
  /** What makes silence, in a microphone's place. */
  #silence;
  /** Opening is asked for twice when Start is pressed during the check: it happens once. */
  #opening;

  get track() {
    return this.#track;
  }

  get deviceId() {
    return this.#track?.mediaStreamTrack.getSettings().deviceId;
  }

  /** @throws {Problem} */
  async open() {
    if (this.#track?.mediaStreamTrack.readyState === "live") return this.#track;
    this.#opening ??= this.#create().finally(() => { this.#opening = undefined; });
    return this.#opening;
  }

  async #create() {
    // Without a secure origin browsers do not have this at all.
    if (!navigator.mediaDevices?.getUserMedia) throw new Problem("insecure");
    try {
      this.#track = await createLocalAudioTrack({ echoCancellation: true, noiseSuppression: true, autoGainControl: true });
    } catch (error) {
      throw problemOfDevice(error);
    }
    this.#track.on(TrackEvent.Restarted, () => this.#listen());
    this.#listen();
    return this.#track;
  }

  /** In a microphone's place, for who has none: agents turn to who publishes audio. */
  async openSilence() {
    const context = new AudioContext();
    const [track] = context.createMediaStreamDestination().stream.getAudioTracks();
    this.#silence = context;
    this.#track = new LocalAudioTrack(track, undefined, true, context);
    return this.#track;
  }

  /** Every microphone, by name as far as the browser tells. */
  async devices() {
    return (await Room.getLocalDevices("audioinput", false)).filter((device) => device.deviceId !== "");
  }

  /** @throws {Problem} */
  async choose(deviceId) {
    try {
      await this.#track?.setDeviceId({ exact: deviceId });
    } catch (error) {
      throw problemOfDevice(error);
    }
  }

  /** How loud it is now: 0 (silence) to 1. */
  level() {
    if (!this.#meter) return 0;
    const { analyser, samples } = this.#meter;
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const db = 10 * Math.log10(power + 1e-12);
    return Math.min(1, Math.max(0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
  }

  #listen() {
    if (!this.#meter) {
      const context = new AudioContext();
      const analyser = new AnalyserNode(context, { fftSize: 1024 });
      this.#meter = { context, analyser, samples: new Float32Array(analyser.fftSize) };
    }
    const { context, analyser } = this.#meter;
    this.#meter.source?.disconnect();
    this.#meter.source = context.createMediaStreamSource(new MediaStream([this.#track.mediaStreamTrack]));
    this.#meter.source.connect(analyser);
    // A context that was made before anybody touched the page sleeps.
    void context.resume();
  }

  /** Lets go of the device, so that the browser's sign of a recording goes out. */
  close() {
    this.#track?.stop();
    this.#track = undefined;
    void this.#meter?.context.close();
    void this.#silence?.close();
    this.#meter = this.#silence = undefined;
  }
}
