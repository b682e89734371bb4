//! Offers, answers and candidates.
//!
//! On `/rtc` (two connections) the client offers what it publishes and the server offers what the client receives. On
//! `/rtc/v1` (one connection) the client always offers: it opens sections to receive in, tracks are put into those, and it
//! is asked to offer again when they are too few or when something else has changed.

use std::{collections::HashMap, time::Instant};

use livekit_protocol::{self as proto, DisconnectReason, leave_request::Action, signal_response::Message};

use super::{
    Key, PeerId, Room, Target,
    client::{Client, Mode},
    subscription::{Resting, Stage},
};
use crate::rtc::{
    Peer,
    peer::{Kind, Mid, PeerError, Section},
};

const KINDS: [Kind; 2] = [Kind::Audio, Kind::Video];

impl Room {
    /// The client offers what it publishes and, on a single connection, where it receives.
    pub(super) fn handle_offer(&mut self, now: Instant, key: Key, offer: &proto::SessionDescription) {
        match self.answer(now, key, &offer.sdp) {
            Ok(sdp) => {
                let tracks = self.client(key).map(Client::tracks_by_section).unwrap_or_default();
                self.send(key, Message::Answer(description("answer", sdp, offer.id, tracks)));
                self.notice_subscribers(now, key);
                self.negotiate(now, key);
            }
            Err(error) => self.fail_negotiation(now, key, &error),
        }
        self.touch(PeerId::new(key, Target::Publisher));
    }

    fn answer(&mut self, now: Instant, key: Key, sdp: &str) -> Result<String, PeerError> {
        let sections = Peer::read_offer(sdp)?;
        self.match_sections(now, key, &sections);
        let Some(client) = self.client_mut(key) else { return Ok(String::new()) };
        if let Mode::Single { asked, released } = &mut client.mode {
            (*asked, *released) = (false, false);
            client.assign(&sections);
        }
        client.publisher.peer.accept_offer(now, sdp)
    }

    /// The client's answer to our offer of what it receives.
    pub(super) fn handle_answer(&mut self, now: Instant, key: Key, answer: &proto::SessionDescription) {
        let Some(client) = self.client_mut(key) else { return };
        let Mode::Dual { subscriber, offer } = &mut client.mode else { return };
        // An answer to an older offer was overtaken by a restart. Old clients number nothing.
        if answer.id != 0 && answer.id != *offer {
            return;
        }
        match subscriber.peer.accept_answer(now, &answer.sdp) {
            Ok(()) => {
                client.offered_are_live();
                self.notice_subscribers(now, key);
                self.negotiate(now, key);
            }
            Err(PeerError::NoOffer) => {}
            Err(error) => self.fail_negotiation(now, key, &error),
        }
        self.touch(PeerId::new(key, Target::Subscriber));
    }

    /// What the client is told of a description that cannot be used: nothing can come of this connection.
    fn fail_negotiation(&mut self, now: Instant, key: Key, error: &PeerError) {
        tracing::debug!(rooms.error = %error, "a client's session description is refused");
        self.remove(now, key, DisconnectReason::JoinFailure, Some(Action::Disconnect));
    }

    pub(super) fn handle_trickle(&mut self, key: Key, trickle: &proto::TrickleRequest) {
        let target = match trickle.target() {
            proto::SignalTarget::Publisher => Target::Publisher,
            proto::SignalTarget::Subscriber => Target::Subscriber,
        };
        let Some(link) = self.client_mut(key).and_then(|client| client.link_mut(target)) else { return };
        link.add_candidate(&trickle.candidate_init);
        self.touch(PeerId::new(key, target));
    }

    /// Brings what the client is sent closer to what it is subscribed to.
    pub(super) fn negotiate(&mut self, now: Instant, key: Key) {
        let Some(client) = self.client_mut(key) else { return };
        let message = match client.mode {
            Mode::Dual { .. } => client.offer(now),
            Mode::Single { .. } => client.ask_for_sections(),
        };
        if let Some(message) = message {
            self.send(key, message);
        }
        self.touch(PeerId::new(key, Target::Subscriber));
    }

    /// New ICE credentials for what the server offers; whatever was under way begins anew.
    pub(super) fn restart_ice(&mut self, now: Instant, key: Key) {
        let Some(client) = self.client_mut(key) else { return };
        let message = match &mut client.mode {
            Mode::Dual { subscriber, offer } => {
                *offer = offer.wrapping_add(1);
                let (sdp, id) = (subscriber.peer.restart_ice(now), *offer);
                let tracks = client.tracks_by_section();
                sdp.map(|sdp| Message::Offer(description("offer", sdp, id, tracks)))
            }
            // The client restarts it with its next offer.
            Mode::Single { asked, .. } => {
                *asked = false;
                client.ask_for_sections()
            }
        };
        if let Some(message) = message {
            self.send(key, message);
        }
        self.touch(PeerId::new(key, Target::Subscriber));
    }
}

impl Client {
    /// Puts tracks that wait for a section into the free ones of these.
    fn assign(&mut self, sections: &[Section]) {
        // Sections may come and go under other names.
        self.resting.retain(|mid, _| sections.iter().any(|section| section.mid == *mid));
        // What the client no longer wants to receive in a section has to find another.
        for subscription in self.subscriptions.values_mut() {
            if let Some(mid) = subscription.stage.mid()
                && !sections.iter().any(|section| section.mid == mid && section.receives)
            {
                self.publisher.peer.release(mid);
                self.resting.insert(mid, Resting::Untold);
                subscription.stage = Stage::Waiting;
            }
        }
        let used: Vec<Mid> = self.subscriptions.values().filter_map(|subscription| subscription.stage.mid()).collect();
        let rests = |section: &Section| self.resting.get(&section.mid) != Some(&Resting::Untold);
        for kind in KINDS {
            let is_free =
                |section: &&Section| is_receiving(section, kind) && !used.contains(&section.mid) && rests(section);
            let free: Vec<Mid> = sections.iter().filter(is_free).map(|section| section.mid).collect();
            let waiting = self.subscriptions.values_mut().filter(|subscription| subscription.waits_for(kind));
            for (mid, subscription) in free.into_iter().zip(waiting) {
                self.publisher.peer.assign(mid, kind, subscription.msid.clone());
                subscription.stage = Stage::Live(mid);
            }
        }
        let live: Vec<Mid> = self.subscriptions.values().filter_map(|subscription| subscription.stage.mid()).collect();
        self.resting.retain(|mid, _| !live.contains(mid));
        // By the answer that follows.
        self.resting.values_mut().for_each(|resting| *resting = Resting::Told);
    }

    /// Asks the client to offer as many sections as lack, or (none) to offer anew.
    fn ask_for_sections(&mut self) -> Option<Message> {
        let [num_audios, num_videos] = KINDS.map(|kind| u32::try_from(self.lacking(kind)).unwrap_or(u32::MAX));
        let waits = self.subscriptions.values().any(|subscription| matches!(subscription.stage, Stage::Waiting));
        let Mode::Single { asked, released } = &mut self.mode else { return None };
        if *asked || !(waits || *released) {
            return None;
        }
        *asked = true;
        Some(Message::MediaSectionsRequirement(proto::MediaSectionsRequirement { num_audios, num_videos }))
    }

    /// Offers sections for tracks that wait for one, and whatever else has changed.
    fn offer(&mut self, now: Instant) -> Option<Message> {
        let Mode::Dual { subscriber, offer } = &mut self.mode else { return None };
        for subscription in self.subscriptions.values_mut() {
            if matches!(subscription.stage, Stage::Waiting)
                && let Some(mid) = subscriber.peer.add_sender(subscription.kind(), subscription.msid.clone())
            {
                subscription.stage = Stage::Offered(mid);
            }
        }
        let sdp = subscriber.peer.offer(now)?;
        *offer = offer.wrapping_add(1);
        let id = *offer;
        Some(Message::Offer(description("offer", sdp, id, self.tracks_by_section())))
    }

    fn offered_are_live(&mut self) {
        for subscription in self.subscriptions.values_mut() {
            if let Stage::Offered(mid) = subscription.stage {
                subscription.stage = Stage::Live(mid);
            }
        }
    }

    /// How many sections there are too few for the tracks that wait for one.
    fn lacking(&self, kind: Kind) -> usize {
        let of_kind = || self.subscriptions.values().filter(|subscription| subscription.kind() == kind);
        let waiting = of_kind().filter(|subscription| subscription.waits_for(kind)).count();
        let used = of_kind().filter(|subscription| subscription.stage.mid().is_some()).count();
        let open = self.publisher.peer.sections().iter().filter(|section| is_receiving(section, kind)).count();
        waiting.saturating_sub(open.saturating_sub(used))
    }

    fn tracks_by_section(&self) -> HashMap<String, String> {
        let carried = |subscription: &super::subscription::Subscription| {
            Some((subscription.stage.mid()?.to_string(), subscription.msid.track.clone()))
        };
        self.subscriptions.values().filter_map(carried).collect()
    }
}

/// Whether the client wants to receive this kind of media in a section, and nothing else.
fn is_receiving(section: &Section, kind: Kind) -> bool {
    section.kind == kind && section.receives && !section.sends
}

fn description(
    kind: &str,
    sdp: String,
    id: u32,
    mid_to_track_id: HashMap<String, String>,
) -> proto::SessionDescription {
    proto::SessionDescription { r#type: kind.to_owned(), sdp, id, mid_to_track_id }
}
