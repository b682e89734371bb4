//! Media passes through: from a publisher's section to the sections of all who receive it, and to agents' ears.
//!
//! Payloads are shared, not copied. Of a track with several streams each subscriber gets the one that was chosen for it
//! (`video`), from a key frame on.

use std::{sync::Arc, time::Instant};

use super::{
    Key, PeerId, Room, TrackId,
    client::Client,
    link::Reach,
    participant::Seat,
    publication::Publication,
    rewrite::Position,
    subscription::{Stage, Subscription},
    video::{Origin, Pass},
};
use crate::rtc::peer::{Mid, Packet};

impl Room {
    /// A packet from a client. What comes in a section without a track is not for anybody.
    pub(super) fn handle_media(&mut self, now: Instant, key: Key, mid: Mid, packet: &Packet) {
        self.publish(now, key, packet, |publication| publication.mid == Some(mid));
    }

    /// A packet of the publication that fits, to all who receive it.
    pub(super) fn publish(&mut self, now: Instant, key: Key, packet: &Packet, fits: impl Fn(&Publication) -> bool) {
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let Some(publication) = participant.publications.iter_mut().find(|one| fits(one)) else { return };
        // Who muted a track relies on it, whatever the client still sends.
        if publication.info.muted {
            return;
        }
        if let Some(level) = packet.level {
            publication.level.observe(packet, level);
            self.speakers.wake(now);
        }
        let id = publication.id;
        let mut from = Origin { stream: 0, place: None };
        if let (Some(track), Some(video)) = (&mut publication.video, &packet.video) {
            let Some((origin, woke)) = track.source.observe(now, packet, video) else { return };
            from = origin;
            // What a client has not said, or has changed.
            let is_another = publication.info.mime_type != video.mime_type();
            if is_another {
                video.mime_type().clone_into(&mut publication.info.mime_type);
                self.announce(now, key);
            }
            if woke {
                self.look_at_video(now);
            }
        }
        self.forward(now, (id, from), packet);
    }

    fn forward(&mut self, now: Instant, from: (TrackId, Origin), packet: &Packet) {
        let (track, _) = from;
        for (key, participant) in &mut self.participants {
            match &mut participant.seat {
                Seat::Client(client) => client.forward(now, from, packet, &mut self.touched),
                Seat::Agent(agent) if agent.hears(track) => {
                    agent.local.handle_media(now, packet);
                    self.woken.push(*key);
                }
                Seat::Agent(_) => {}
            }
        }
    }
}

impl Client {
    /// Sends a packet of a track on, in the subscription's own numbers.
    fn forward(&mut self, now: Instant, from: (TrackId, Origin), packet: &Packet, touched: &mut Vec<PeerId>) {
        let (track, from) = from;
        if self.receiver().reach != Reach::Connected {
            return;
        }
        let Some(subscription) = self.subscriptions.get_mut(&track) else { return };
        let Subscription { stage: Stage::Live(mid), is_paused: false, rewriter, video: choice, .. } = subscription
        else {
            return;
        };
        let mut marker = packet.marker;
        if let (Some(choice), Some(video)) = (choice, &packet.video) {
            match choice.pass(from, video.begins_key_frame) {
                Pass::No => return,
                Pass::Skip => return rewriter.skip(packet.seq),
                Pass::On => {}
                Pass::Last => marker = true,
                Pass::Switch => rewriter.interrupt(),
            }
        }
        let numbers = packet.video.as_ref().map(|video| video.numbers).unwrap_or_default();
        let source = Position { seq: packet.seq, time: packet.time, numbers };
        let Some((place, shift)) = rewriter.place(now, source) else { return };
        let video = packet.video.as_ref().map(|video| video.shifted(shift));
        let mid = *mid;
        let payload = Arc::clone(&packet.payload);
        let packet = Packet { payload, seq: place.seq, time: place.time, marker, video, ..*packet };
        let receiver = self.receiver_mut();
        receiver.peer.send(now, mid, &packet);
        receiver.touch(touched);
    }
}
