//! Media passes through: from a publisher's section to the sections of all who receive it, and to agents' ears.
//!
//! Payloads are shared, never copied. A place left clear: for video a subscription also chooses a layer here, and asks the
//! publisher for a key frame when it begins.

use std::{sync::Arc, time::Instant};

use super::{
    Key, PeerId, Room, TrackId,
    client::Client,
    participant::Seat,
    publication::Publication,
    rewrite::Position,
    subscription::{Stage, Subscription},
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
        let track = publication.id;
        self.forward(now, track, packet);
    }

    fn forward(&mut self, now: Instant, track: TrackId, packet: &Packet) {
        for (key, participant) in &mut self.participants {
            match &mut participant.seat {
                Seat::Client(client) => client.forward(now, track, packet, &mut self.touched),
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
    fn forward(&mut self, now: Instant, track: TrackId, packet: &Packet, touched: &mut Vec<PeerId>) {
        let Some(subscription) = self.subscriptions.get_mut(&track) else { return };
        let Subscription { stage: Stage::Live(mid), is_paused: false, rewriter, .. } = subscription else { return };
        let Some(place) = rewriter.place(now, Position { seq: packet.seq, time: packet.time }) else { return };
        let mid = *mid;
        let packet = Packet { payload: Arc::clone(&packet.payload), seq: place.seq, time: place.time, ..*packet };
        let receiver = self.receiver_mut();
        receiver.peer.send(now, mid, &packet);
        receiver.touch(touched);
    }
}
