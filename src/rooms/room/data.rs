//! Data messages: who sent them is written on them here, and they go to those whom they name, else to all.
//!
//! Chat, RPC, text streams and whatever else clients agree on pass unread.
//!
//! Who sends more than they may, or than a receiver takes, is held back as a full network holds back: datagrams with data
//! are dropped before they are read, and SCTP sends them again, more slowly. So nothing reliable is lost.

use std::time::{Duration, Instant};

use livekit_protocol::{self as proto, data_packet::Value, data_stream::header::ContentHeader};
use prost::Message as _;

use super::{
    Key, PeerId, Room, Target,
    client::Client,
    link::{Link, Reach},
    participant::{Participant, Seat},
};
use crate::rtc::peer::Channel;

/// A receiver who takes less than [`LEAST_TAKEN`] in so much time while others are held back for it is dropped.
const PATIENCE: Duration = Duration::from_secs(5);
/// In bytes.
const LEAST_TAKEN: u64 = 160 * 1024;
/// While a sender is held back one of its datagrams passes in so much time.
const TRICKLE: Duration = Duration::from_millis(50);
/// Receivers that a message may name: more than a room takes.
const MOST_NAMED: usize = 256;

/// A sender waits for a receiver.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    by: Key,
    /// Since when the receiver has not taken enough.
    since: Instant,
    /// What it had taken of all that waited for it until then, in bytes.
    taken: u64,
}

impl Held {
    /// The receiver has taken so much by now. `None`: it is hopeless.
    fn look(self, now: Instant, taken: u64) -> Option<Self> {
        if taken >= self.taken + LEAST_TAKEN {
            return Some(Self { since: now, taken, ..self });
        }
        (now.saturating_duration_since(self.since) <= PATIENCE).then_some(self)
    }
}

impl Room {
    /// A message from a client.
    pub(super) fn handle_data(&mut self, now: Instant, peer: PeerId, channel: Channel, message: &[u8]) {
        let key = peer.participant();
        let most = self.settings.limits.message;
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let may = participant.grants.can_publish_data && peer.target() == Target::Publisher;
        let Some(client) = participant.client_mut() else { return };
        if !may || message.len() > most {
            return;
        }
        client.data.charge(now, message.len());
        let Ok(packet) = proto::DataPacket::decode(message) else { return };
        // After a reconnection a client sends again what it does not know to have arrived.
        if channel == Channel::Reliable && packet.sequence > 0 {
            if packet.sequence <= client.newest_message {
                return;
            }
            client.newest_message = packet.sequence;
        }
        self.route(now, key, channel, packet);
    }

    /// Sends a packet on, with its sender on it.
    pub(super) fn route(&mut self, now: Instant, from: Key, channel: Channel, mut packet: proto::DataPacket) {
        let Some(sender) = self.participants.get(&from) else { return };
        if !stamp(&mut packet, sender, channel) || self.take_rpc_answer(from, &packet) {
            return;
        }
        self.spread(now, Some(from), channel, &packet);
    }

    /// Sends a packet to those whom it names, but for its sender; the server API's comes from nobody here.
    pub(super) fn spread(&mut self, now: Instant, from: Option<Key>, channel: Channel, packet: &proto::DataPacket) {
        let named = |participant: &Participant| is_named(packet, participant);
        let receivers = self.participants.iter().filter(|(key, participant)| Some(**key) != from && named(participant));
        let receivers: Vec<Key> = receivers.map(|(key, _)| *key).collect();
        let message = packet.encode_to_vec();
        if let Some(client) = from.and_then(|from| self.client_mut(from)) {
            client.caused.charge(now, message.len().saturating_mul(receivers.len()));
        }
        for key in receivers {
            let slow = self.deliver(now, key, channel, packet, &message);
            if let (Some(taken), Some(sender)) = (slow, from.and_then(|from| self.client_mut(from))) {
                sender.held_by.get_or_insert(Held { by: key, since: now, taken });
            }
        }
    }

    /// Whether what a client sends is to be dropped for now. A little of it always passes: SCTP waits twice as long after
    /// each loss, and would stand still long after the way is free.
    pub(super) fn is_dammed(&mut self, now: Instant, peer: PeerId) -> bool {
        if !self.is_too_fast(now, peer) {
            return false;
        }
        let Some(client) = self.client_mut(peer.participant()) else { return false };
        let is_closed = now < client.trickles_at;
        if !is_closed {
            client.trickles_at = now + TRICKLE;
        }
        is_closed
    }

    fn is_too_fast(&mut self, now: Instant, peer: PeerId) -> bool {
        let key = peer.participant();
        let most = self.settings.limits.backlog;
        let Some(client) = self.client(key).filter(|_| peer.target() == Target::Publisher) else { return false };
        // A handshake is no message.
        if client.publisher.reach != Reach::Connected {
            return false;
        }
        if !client.data.is_open(now) || !client.caused.is_open(now) {
            return true;
        }
        let Some(held) = client.held_by else { return false };
        let slow = self.client(held.by).map(Client::receiver).filter(|slow| slow.is_congested(most));
        let taken = slow.map(Link::taken);
        let still = taken.and_then(|taken| held.look(now, taken));
        if let Some(client) = self.client_mut(key) {
            client.held_by = still;
        }
        if taken.is_some() && still.is_none() {
            self.drop_slow(now, held.by);
        }
        still.is_some()
    }

    /// What the receiver has taken so far, when it does not keep up with what is sent to it.
    fn deliver(
        &mut self,
        now: Instant,
        key: Key,
        channel: Channel,
        packet: &proto::DataPacket,
        message: &[u8],
    ) -> Option<u64> {
        let most = self.settings.limits.backlog;
        let participant = self.participants.get_mut(&key)?;
        match &mut participant.seat {
            Seat::Agent(agent) => {
                agent.local.handle_data(now, packet);
                self.woken.push(key);
                None
            }
            Seat::Client(client) => {
                let link = client.receiver_mut();
                let sent = link.send_data(channel, message, most);
                let slow = link.is_congested(most).then(|| link.taken());
                link.touch(&mut self.touched);
                if sent.is_err() {
                    self.drop_slow(now, key);
                }
                slow
            }
        }
    }

    /// Sends what waits for a channel that was closed or full.
    pub(super) fn flush(&mut self, peer: PeerId) {
        if let Some(link) = self.link_mut(peer)
            && link.flush()
        {
            self.touch(peer);
        }
    }
}

/// Whether a message is for `participant`; one that names nobody is for all. Who has not arrived yet gets nothing.
#[expect(deprecated, reason = "older clients name receivers in the user packet")]
fn is_named(packet: &proto::DataPacket, participant: &Participant) -> bool {
    let sids = match &packet.value {
        Some(Value::User(user)) => &user.destination_sids[..],
        _ => &[],
    };
    let identities = &packet.destination_identities;
    if sids.len() + identities.len() > MOST_NAMED {
        return false;
    }
    let is_for_all = sids.is_empty() && identities.is_empty();
    let by_sid = || sids.iter().any(|sid| sid == participant.sid.as_str());
    let by_identity = || identities.iter().any(|identity| identity == participant.identity.as_str());
    participant.is_active() && (is_for_all || by_sid() || by_identity())
}

/// Writes the sender on a packet, and how it came. Whether it may be sent at all.
#[expect(deprecated, reason = "older clients look into the user packet, and at the kind")]
fn stamp(packet: &mut proto::DataPacket, sender: &Participant, channel: Channel) -> bool {
    let own_identity = sender.identity.as_str();
    let is_for_another =
        sender.is_agent() && !packet.participant_identity.is_empty() && packet.participant_identity != own_identity;
    let (sid, identity) = if sender.grants.hidden { ("", "") } else { (sender.sid.as_str(), own_identity) };
    let mut keeps_identity = false;
    match &mut packet.value {
        None | Some(Value::Speaker(_) | Value::Metrics(_)) => return false,
        Some(Value::User(user)) => {
            sid.clone_into(&mut user.participant_sid);
            identity.clone_into(&mut user.participant_identity);
            if packet.destination_identities.is_empty() {
                packet.destination_identities.clone_from(&user.destination_identities);
            } else {
                user.destination_identities.clone_from(&packet.destination_identities);
            }
        }
        // Only an agent writes down what others say, in their name.
        Some(Value::Transcription(_)) if !sender.is_agent() => return false,
        Some(Value::ChatMessage(chat)) if is_for_another => {
            chat.generated = true;
            keeps_identity = true;
        }
        Some(Value::StreamHeader(header)) if is_for_another => {
            if let Some(ContentHeader::TextHeader(text)) = &mut header.content_header {
                text.generated = true;
                keeps_identity = true;
            }
        }
        Some(_) => {}
    }
    if !keeps_identity {
        identity.clone_into(&mut packet.participant_identity);
    }
    sid.clone_into(&mut packet.participant_sid);
    packet.kind = match channel {
        Channel::Reliable => proto::data_packet::Kind::Reliable,
        Channel::Lossy | Channel::DataTrack => proto::data_packet::Kind::Lossy,
    }
    .into();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_waited_for_as_long_as_it_takes_enough() {
        let (begun, half) = (Instant::now(), PATIENCE / 2);
        let held = Held { by: Key(1), since: begun, taken: 1_000 };
        let after = |halves: u32| begun + half * halves;
        let slower = held.look(after(2), 100_000).unwrap();
        assert!(slower.look(after(3), 160_000).is_none(), "160,000 bytes in more than five seconds");
        let quicker = held.look(after(2), 200_000).unwrap();
        assert!(quicker.look(after(4), 200_000).is_some() && quicker.look(after(5), 200_000).is_none());
    }
}
