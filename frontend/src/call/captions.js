// Words of either side as LiveKit's agents send them: text streams of the topic `lk.transcription`, or the older
// transcription events where there are no streams; and what others type (`lk.chat`).
import { RoomEvent } from "livekit-client";

const TRANSCRIPTION = "lk.transcription";
export const CHAT = "lk.chat";

/**
 * Call it before the room is joined, or the first words are missed.
 * @param {import("livekit-client").Room} room
 * @param {(caption: {id: string, identity: string, text: string, isFinal: boolean, version: number, typed?: boolean}) => void} tell
 */
export function followCaptions(room, tell) {
  // Streams of one utterance follow each other; how they arrive is their order.
  let version = 0;
  let hasStreams = false;

  room.registerTextStreamHandler(TRANSCRIPTION, async (reader, sender) => {
    hasStreams = true;
    version += 1;
    const mine = version;
    const attribute = (name) => reader.info.attributes?.[`lk.${name}`];
    const id = attribute("segment_id") ?? reader.info.id;
    // The agent sends the caller's words too: the track tells whose they are.
    const identity = ownerOf(room, attribute("transcribed_track_id")) ?? sender.identity;
    let text = "";
    try {
      for await (const piece of reader) {
        text += piece;
        tell({ id, identity, text, isFinal: false, version: mine });
      }
    } catch {
      // Its sender is gone: what came stands.
    }
    tell({ id, identity, text, isFinal: attribute("transcription_final") !== "false", version: mine });
  });

  room.registerTextStreamHandler(CHAT, async (reader, sender) => {
    const text = await reader.readAll().catch(() => "");
    version += 1;
    tell({ id: reader.info.id, identity: sender.identity, text, isFinal: true, version, typed: true });
  });

  room.on(RoomEvent.TranscriptionReceived, (segments, participant) => {
    if (hasStreams) return;
    for (const { id, text, final } of segments) {
      version += 1;
      tell({ id, identity: participant?.identity ?? "", text, isFinal: final, version });
    }
  });
}

function ownerOf(room, trackSid) {
  if (!trackSid) return undefined;
  const everybody = [room.localParticipant, ...room.remoteParticipants.values()];
  return everybody.find((it) => it.trackPublications.has(trackSid))?.identity;
}
