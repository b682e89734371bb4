// One call: joins the room, keeps track of who is there, joins again when the connection is lost for good. It tells of
// everything through one function; what is shown is not its business.
//
// Events: connection {state}, quality {quality}, agent {state}, notice {kind}, agentLate, people {people}, caption {…},
// sound {isBlocked}, ended {reason}.
import { ConnectionQuality, ConnectionState, DisconnectReason, ParticipantKind, Room, RoomEvent, Track } from "livekit-client";
import { askForAgent, askForToken, askToJoin, explained } from "./access.js";
import { CHAT, followCaptions } from "./captions.js";
import { markConnected, markFirstPacket, markStart } from "./marks.js";
import { problemOfConnection } from "./problem.js";

/** livekit-client itself tries for about half a minute before a connection counts as lost; then these come. */
const REJOIN_AFTER_MS = [500, 2_000, 5_000, 10_000];
/** Rules send an agent within two seconds; where they do not, it is asked for. */
const ASK_FOR_AGENT_AFTER_MS = 4_000;
const AGENT_IS_LATE_AFTER_MS = 15_000;

/** The agent's attribute that says what it cannot do: a key of `strings.notices`. */
const NOTICE = "callstead.notice";
/** The attribute of somebody who talks in the agent's place. */
const ROLE = "callstead.role";

/** Of those that livekit-client goes through by itself; who joins tells the others. */
const STATES = {
  [ConnectionState.Connected]: "connected",
  [ConnectionState.Reconnecting]: "reconnecting",
  [ConnectionState.SignalReconnecting]: "reconnecting",
};

/** Ends that are meant; anything else is a connection that was lost. */
const ENDS = {
  [DisconnectReason.CLIENT_INITIATED]: "you",
  [DisconnectReason.DUPLICATE_IDENTITY]: "elsewhere",
  [DisconnectReason.PARTICIPANT_REMOVED]: "removed",
  [DisconnectReason.ROOM_DELETED]: "room",
  [DisconnectReason.ROOM_CLOSED]: "room",
};

export class Session {
  #tell;
  #sounds;
  /** @type {Room | undefined} */
  #room;
  /** Of this call, for joining again: `{url, token, roomName}`. */
  #way;
  /** That the caller has chosen. */
  #language;
  #track;
  #isMuted = false;
  /** Timers that wait for an agent. */
  #waiting = [];
  #hadAgent = false;
  /** Set by `end`, so that nothing joins again behind the caller's back. */
  #isOver = false;

  /**
   * @param {HTMLElement} sounds where the others' audio elements live
   * @param {(event: {type: string}) => void} tell
   */
  constructor(sounds, tell) {
    this.#sounds = sounds;
    this.#tell = tell;
  }

  get canRejoin() {
    return this.#way !== undefined;
  }

  /**
   * @param {object} call
   * @param {string} [call.name]
   * @param {string} [call.roomName] where there is neither a link nor a way
   * @param {string} [call.link] of an invitation, which goes before name and room
   * @param {{url: string, token: string, roomName: string}} [call.way] into a room that was made already
   * @param {string} [call.language] to be spoken
   * @param {Promise<import("livekit-client").LocalAudioTrack>} call.track may still be waiting for the caller's permission
   * @param {boolean} call.isMuted from the beginning
   * @throws {import("./problem.js").Problem}
   */
  async start({ name, roomName, link, way, language, track, isMuted }) {
    markStart();
    this.#language = language;
    this.#isOver = this.#hadAgent = false;
    this.#isMuted = isMuted;
    this.#tell({ type: "connection", state: "connecting" });
    try {
      // The microphone and the room do not wait for each other.
      const joined = (async () => {
        this.#way = way ?? await (link ? askToJoin(link) : askForToken(roomName, name, language));
        await this.#join();
      })();
      [this.#track] = await Promise.all([track, joined]);
      await this.#publish();
    } catch (error) {
      await this.end();
      throw await explained(problemOfConnection(error));
    }
  }

  /** Takes up a call whose connection was lost. @throws {import("./problem.js").Problem} */
  async rejoin(track) {
    this.#isOver = false;
    this.#track = track;
    this.#tell({ type: "connection", state: "rejoining" });
    try {
      await this.#join();
      await this.#publish();
    } catch (error) {
      await this.#leave();
      throw await explained(problemOfConnection(error));
    }
  }

  async mute(isMuted) {
    this.#isMuted = isMuted;
    await (isMuted ? this.#track?.mute() : this.#track?.unmute());
  }

  /** Sends what the caller typed. @returns {Promise<string>} its id */
  async type(text) {
    const { id } = await this.#room.localParticipant.sendText(text, { topic: CHAT });
    return id;
  }

  /** To be called from a click: browsers allow sound only then. */
  async turnOnSound() {
    await this.#room?.startAudio();
  }

  async end() {
    this.#isOver = true;
    this.#way = undefined;
    await this.#leave();
  }

  async #join() {
    if (this.#isOver) return;
    const room = new Room({
      adaptiveStream: true,
      dynacast: true,
      // The track is the microphone's: it outlives a lost connection.
      stopLocalTrackOnUnpublish: false,
    });
    this.#room = room;
    followCaptions(room, (caption) => this.#tell({ type: "caption", ...caption, speaker: this.#speakerOf(caption.identity) }));
    this.#follow(room);
    await room.connect(this.#way.url, this.#way.token);
    // Only now: before, whoever joins is told by an error.
    room.on(RoomEvent.Disconnected, (reason) => void this.#disconnected(reason));
    markConnected();
    void room.startAudio().catch(() => {});
    this.#tellPeople();
    this.#waitForAgent();
  }

  async #publish() {
    // The call may have been ended meanwhile.
    if (this.#room?.state !== ConnectionState.Connected) return;
    await this.#room.localParticipant.publishTrack(this.#track, { source: Track.Source.Microphone });
    if (this.#isMuted) await this.#track.mute();
  }

  async #leave() {
    this.#waiting.forEach(clearTimeout);
    const room = this.#room;
    this.#room = undefined;
    room?.removeAllListeners();
    await room?.disconnect(false);
    this.#sounds.replaceChildren();
  }

  #follow(room) {
    const people = () => this.#tellPeople();
    room
      .on(RoomEvent.ConnectionStateChanged, (state) => {
        if (STATES[state]) this.#tell({ type: "connection", state: STATES[state] });
      })
      .on(RoomEvent.TrackSubscribed, (track, _, participant) => this.#hear(track, participant))
      .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()))
      .on(RoomEvent.AudioPlaybackStatusChanged, () => this.#tell({ type: "sound", isBlocked: !room.canPlaybackAudio }))
      .on(RoomEvent.ConnectionQualityChanged, (quality, participant) => {
        if (participant.isLocal) this.#tell({ type: "quality", quality: WEAK[quality] });
      })
      .on(RoomEvent.ParticipantConnected, people)
      .on(RoomEvent.ParticipantDisconnected, (participant) => this.#left(participant))
      .on(RoomEvent.ParticipantNameChanged, people)
      .on(RoomEvent.ParticipantAttributesChanged, people)
      .on(RoomEvent.ActiveSpeakersChanged, people)
      .on(RoomEvent.LocalTrackPublished, people)
      .on(RoomEvent.TrackMuted, people)
      .on(RoomEvent.TrackUnmuted, people);
  }

  #hear(track, participant) {
    if (track.kind !== Track.Kind.Audio) return;
    if (performance.getEntriesByName("call:first-packet").length === 0) void markFirstPacket(track);
    const element = track.attach();
    element.dataset.role = this.#roleOf(participant);
    element.dataset.identity = participant.identity;
    this.#sounds.append(element);
  }

  #left(participant) {
    this.#tellPeople();
    for (const element of [...this.#sounds.children]) {
      if (element.dataset.identity === participant.identity) element.remove();
    }
    // A call with nobody left to talk to is over; people among themselves may go on.
    if (isAgent(participant) && this.#room?.remoteParticipants.size === 0) {
      void this.end();
      this.#tell({ type: "ended", reason: "agent" });
    }
  }

  async #disconnected(reason) {
    if (ENDS[reason]) {
      await this.end();
      this.#tell({ type: "ended", reason: ENDS[reason] });
      return;
    }
    for (const delay of REJOIN_AFTER_MS) {
      this.#tell({ type: "connection", state: "rejoining" });
      await this.#leave();
      await new Promise((resume) => setTimeout(resume, delay));
      if (this.#isOver) return;
      try {
        await this.#join();
        await this.#publish();
        return;
      } catch {
        // The next one may succeed; after the last the caller is asked.
      }
    }
    await this.#leave();
    this.#tell({ type: "ended", reason: "lost" });
  }

  #waitForAgent() {
    this.#waiting.forEach(clearTimeout);
    if (this.#hadAgent || this.#agent()) return;
    const { roomName } = this.#way;
    // Callers without a key may not ask: then only the rules send an agent, and the other timer tells of it.
    const ask = () => askForAgent(roomName, this.#language).catch(() => {});
    this.#waiting = [
      setTimeout(() => void ask(), ASK_FOR_AGENT_AFTER_MS),
      setTimeout(() => this.#tell({ type: "agentLate" }), AGENT_IS_LATE_AFTER_MS),
    ];
  }

  #agent() {
    return [...(this.#room?.remoteParticipants.values() ?? [])].find(isAgent);
  }

  #tellPeople() {
    const room = this.#room;
    if (!room) return;
    const agent = this.#agent();
    if (agent) {
      this.#hadAgent = true;
      this.#waiting.forEach(clearTimeout);
      const hasColleague = [...room.remoteParticipants.values()].some((it) => it.attributes[ROLE] === "supervisor");
      this.#tell({ type: "notice", kind: hasColleague ? "colleague" : agent.attributes[NOTICE] });
    }
    const none = this.#hadAgent ? "gone" : "absent";
    this.#tell({ type: "agent", state: agent ? agent.attributes["lk.agent.state"] || "here" : none });
    const people = [room.localParticipant, ...room.remoteParticipants.values()].map((it) => ({
      identity: it.identity,
      name: it.name ?? "",
      role: this.#roleOf(it),
      isSpeaking: it.isSpeaking,
      isMuted: isMuted(it),
    }));
    this.#tell({ type: "people", people });
  }

  #roleOf(participant) {
    if (participant.isLocal) return "you";
    return isAgent(participant) ? "agent" : "guest";
  }

  /** Who spoke a caption: `you`, `agent`, or another one by name. */
  #speakerOf(identity) {
    const participant = this.#room?.getParticipantByIdentity(identity);
    // An agent may have left while its last words were on their way.
    if (!participant) return { role: "agent", name: "" };
    return { role: this.#roleOf(participant), name: participant.name ?? "" };
  }
}

const WEAK = { [ConnectionQuality.Poor]: "poor", [ConnectionQuality.Lost]: "lost" };

function isAgent(participant) {
  return participant.kind === ParticipantKind.AGENT;
}

function isMuted(participant) {
  const publication = participant.getTrackPublication(Track.Source.Microphone);
  return publication?.isMuted ?? false;
}
