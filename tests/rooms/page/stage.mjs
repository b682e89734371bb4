// What tests run in the page is given: `window.stage`.
import * as livekit from "/livekit-client.mjs";
import { Guest, picture, until } from "/guest.mjs";

livekit.setLogLevel("error");

const stage = {
  livekit,
  until,
  picture,
  /** Everybody who has joined, by identity. */
  guests: {},

  /**
   * Somebody joins the test's room.
   * @param {string} identity
   * @param {object} [how] what the token says (see `sign` in peer.mjs), and:
   * @param {boolean} [how.single] whether one peer connection is used (`/rtc/v1`)
   * @param {object} [how.roomOptions] of livekit-client
   * @param {object} [how.connectOptions] the same
   */
  async join(identity, { single = true, roomOptions = {}, connectOptions = {}, ...wanted } = {}) {
    const token = await window.tokenFor({ identity, ...wanted });
    const room = new livekit.Room({ singlePeerConnection: single, ...roomOptions });
    const guest = new Guest(identity, room);
    stage.guests[identity] = guest;
    if (roomOptions.encryption) await room.setE2EEEnabled(true);
    await room.connect(stage.url, token, { maxRetries: 0, ...connectOptions });
    return guest;
  },

  /** Two guests, each of whom knows of the other. */
  async pair(how) {
    const ann = await stage.join("ann", how);
    const bob = await stage.join("bob", how);
    await until(() => ann.room.remoteParticipants.has("bob"), "ann sees bob");
    return { ann, bob };
  },

  /** What makes a guest encrypt with a key that others know. */
  async encryption(secret) {
    const keyProvider = new livekit.ExternalE2EEKeyProvider();
    await keyProvider.setKey(secret);
    return { keyProvider, worker: new Worker("/e2ee.worker.mjs", { type: "module" }) };
  },

  /** Why a promise was rejected; fails when it was not. */
  async refusal(promise) {
    const error = await promise.then(() => undefined, (error) => error);
    if (!error) throw new Error("it was not refused");
    const { name, message, code, reason, status } = error;
    return { name, message, code, reason, status };
  },

  story() {
    return Object.values(stage.guests).map((guest) => `${guest.identity}: ${guest.story()}`).join("\n");
  },
};

window.stage = stage;
