// Those who lead a room: people are removed, muted, allowed and forbidden, and watched by who is hidden.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { differs, refused, rooms } from "./peer.mjs";
import { scene } from "./stage.mjs";

/** What the API says of somebody who is not there. */
const NOT_THERE = differs("nobody is not found") ? ["not_found", 404] : ["unavailable", 503];
const MAY = { canSubscribe: true, canPublish: true, canPublishData: true };

describe("moderation", { concurrency: 4 }, () => {
  scene("somebody is removed, and comes again with the same token", async ({ room, run }) => {
    await run(async ({ pair }) => {
      const token = await window.tokenFor({ identity: "ann" });
      const make = window.tokenFor;
      window.tokenFor = async (wanted) => (wanted.identity === "ann" && !wanted.grants ? token : make(wanted));
      await pair();
    });
    await rooms.removeParticipant(room, "ann");
    const reason = await run(async ({ guests: { ann, bob }, livekit }) => {
      await bob.see("participantDisconnected", ({ identity }) => identity === "ann");
      return livekit.DisconnectReason[(await ann.see("disconnected"))[0]];
    });
    assert.equal(reason, "PARTICIPANT_REMOVED");
    const again = await run(({ join }) => join("ann").then(() => "in", ({ status }) => status));
    assert.equal(again, differs("removed people stay out") ? 401 : "in");
  });

  scene("a microphone is muted, and only its owner opens it again", async ({ room, run }) => {
    const sid = await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      const { trackSid } = await ann.publishTone(440);
      await bob.hear("ann", 440);
      return trackSid;
    });
    const track = await rooms.mutePublishedTrack(room, "ann", sid, true);
    assert.deepEqual([track.sid, track.muted], [sid, true]);
    await run(async ({ guests: { ann, bob } }) => {
      await Promise.all([ann.see("trackMuted"), bob.see("trackMuted")]);
    });
    await refused(rooms.mutePublishedTrack(room, "ann", sid, false), "failed_precondition", 412, /remote unmute not enabled/);
    await run(async ({ guests: { ann, bob } }) => {
      await ann.me.setMicrophoneEnabled(true);
      await bob.see("trackUnmuted");
    });
    await refused(rooms.mutePublishedTrack(room, "nobody", sid, true), ...NOT_THERE);
  });

  scene("who may not publish any more is heard no more", async ({ room, run }) => {
    await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      await ann.publishTone(440);
      await bob.hear("ann", 440);
    });
    const answer = await rooms.updateParticipant(room, "ann", { permission: { ...MAY, canPublish: false } });
    assert.equal(answer.permission.canPublish, false);
    const error = await run(async ({ guests: { ann, bob }, refusal }) => {
      await ann.see("participantPermissionsChanged", () => !ann.me.permissions.canPublish);
      await bob.see("trackUnpublished");
      await bob.see("participantPermissionsChanged", (before, who) => who.identity === "ann");
      return (await refusal(ann.publishTone(440))).name;
    });
    assert.equal(error, "PublishTrackError");
    await rooms.updateParticipant(room, "ann", { permission: MAY });
    await run(async ({ guests: { ann, bob } }) => {
      await ann.see("participantPermissionsChanged", () => ann.me.permissions.canPublish);
      await ann.publishTone(550);
      await bob.hear("ann", 550);
    });
  });

  scene("only a camera may be published, by token", async ({ run }) => {
    const error = await run(async ({ join, refusal, picture }) => {
      const ann = await join("ann", { grants: { canPublishSources: [1] } });
      const bob = await join("bob");
      const { name } = await refusal(ann.publishTone(440));
      await ann.publishCamera();
      await picture(await bob.watch("ann"));
      return name;
    });
    assert.equal(error, "PublishTrackError");
  });

  scene("who may not subscribe any more hears nobody, and then somebody again", async ({ room, run }) => {
    await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      await ann.publishTone(440);
      await bob.hear("ann", 440);
    });
    await rooms.updateParticipant(room, "bob", { permission: { ...MAY, canSubscribe: false } });
    await run(async ({ guests: { bob } }) => {
      await bob.see("trackUnsubscribed");
      bob.forget();
    });
    await rooms.updateParticipant(room, "bob", { permission: MAY });
    await run(async ({ guests: { bob } }) => {
      await bob.see("trackSubscribed");
      await bob.hear("ann", 440);
    });
  });

  scene("subscriptions are changed by the server", async ({ room, run }) => {
    const sid = await run(async ({ pair }) => {
      const { ann, bob } = await pair();
      const { trackSid } = await ann.publishTone(440);
      await bob.hear("ann", 440);
      return trackSid;
    });
    await rooms.updateSubscriptions(room, "bob", [sid], false);
    await run(async ({ guests: { bob } }) => {
      await bob.see("trackUnsubscribed");
      bob.forget();
    });
    await rooms.updateSubscriptions(room, "bob", [sid], true);
    await run(async ({ guests: { bob } }) => {
      await bob.see("trackSubscribed");
      await bob.hear("ann", 440);
    });
    await refused(rooms.updateSubscriptions(room, "nobody", [sid], true), ...NOT_THERE);
  });

  scene("who is hidden hears all, and is seen by nobody but the server", async ({ room, run }) => {
    const seen = await run(async ({ pair, join }) => {
      const { ann, bob } = await pair();
      const spy = await join("spy", { grants: { hidden: true, canPublish: false } });
      await ann.publishTone(440);
      await Promise.all([spy.hear("ann", 440), bob.hear("ann", 440)]);
      await ann.reach(spy);
      const knows = (guest) => Boolean(guest.other("spy")) || guest.saw("participantConnected", ({ identity }) => identity === "spy");
      return { ann: knows(ann), bob: knows(bob), knows: [...spy.room.remoteParticipants.keys()].sort() };
    });
    assert.deepEqual(seen, { ann: false, bob: false, knows: ["ann", "bob"] });
    const listed = await rooms.listParticipants(room);
    assert.deepEqual(listed.map(({ identity }) => identity).sort(), ["ann", "bob", "spy"]);
    assert.equal(listed.find(({ identity }) => identity === "spy").permission.hidden, true);
  });
});
