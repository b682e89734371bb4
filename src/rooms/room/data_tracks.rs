//! Data tracks: frames of an application's own data, for those who ask for them. They are to be there soon rather than whole:
//! a packet that a receiver cannot take at once is lost, and holds nobody back.
//!
//! A packet names its track by a handle: the publisher chooses one for each of its tracks, a subscriber is told which handle
//! stands for which track on its own connection (`livekit_rtc.proto`, `DataTrackSubscriberHandles`).

use std::{collections::BTreeMap, ops::Range, time::Instant};

use livekit_protocol::{
    self as proto,
    data_track_frame_encoding::{self as frame_encoding, WellKnownFrameEncoding},
    data_track_schema_encoding::{self as schema_encoding, WellKnownSchemaEncoding},
    data_track_subscriber_handles::PublishedDataTrack,
    request_response::{Reason, Request},
    signal_response::Message,
};
use prost::Message as _;

use super::{Key, PeerId, Room, Target, TrackId, participant::Participant};
use crate::{domain::ids, rtc::peer::Channel};

/// Of a data track's name, in bytes.
const LONGEST_NAME: usize = 256;
/// Of what a publisher calls an encoding that LiveKit has no name for, in bytes.
const LONGEST_ENCODING: usize = 32;
/// Of one message; the rest is ignored.
const MOST_NAMED: usize = 256;

// A packet, as livekit-server's `pkg/rtc/datatrack` has it: version (three bits), start and end of a frame, whether there are
// extensions, ten reserved bits; handle, number of the packet, number of the frame (16 bits each), time (32 bits).
const HEADER: usize = 12;
const HAS_EXTENSIONS: u8 = 1 << 2;
const HANDLE: Range<usize> = 2..4;
const EXTENSIONS: Range<usize> = HEADER..HEADER + 2;

/// A published data track.
#[derive(Debug)]
pub(super) struct DataTrack {
    pub(super) id: TrackId,
    /// How clients see it.
    pub(super) info: proto::DataTrackInfo,
}

/// The data tracks that a client wants.
#[derive(Debug, Default)]
pub(super) struct DataSubscriptions {
    /// All that there are, unasked.
    takes_all: bool,
    wanted: BTreeMap<TrackId, Wanted>,
    newest: u16,
}

#[derive(Debug)]
struct Wanted {
    publisher: Key,
    handle: u16,
    is_permitted: bool,
}

impl DataSubscriptions {
    pub(super) fn new(settings: Option<&proto::ConnectionSettings>) -> Self {
        let takes_all = settings.is_some_and(|settings| settings.auto_subscribe_data_track());
        Self { takes_all, ..Self::default() }
    }

    /// What stands for a track that the client receives.
    fn handle(&self, track: TrackId) -> Option<u16> {
        self.wanted.get(&track).filter(|wanted| wanted.is_permitted).map(|wanted| wanted.handle)
    }

    /// A handle that no track has: zero is none.
    fn new_handle(&mut self) -> u16 {
        loop {
            self.newest = self.newest.wrapping_add(1);
            if self.newest != 0 && self.wanted.values().all(|wanted| wanted.handle != self.newest) {
                return self.newest;
            }
        }
    }
}

impl Room {
    /// The client publishes a data track.
    pub(super) fn handle_publish_data_track(
        &mut self,
        now: Instant,
        key: Key,
        request: proto::PublishDataTrackRequest,
    ) {
        let Some(participant) = self.participants.get(&key) else { return };
        let is_full = participant.data_tracks.len() >= self.settings.limits.tracks
            || participant.client().is_some_and(|client| !client.caused.is_open(now));
        if let Err(refusal) = check(participant, &request, is_full) {
            let named = proto::PublishDataTrackRequest { pub_handle: request.pub_handle, ..Default::default() };
            return self.refuse(key, 0, refusal, Request::PublishDataTrack(named));
        }
        let proto::PublishDataTrackRequest { pub_handle, name, encryption, frame_encoding, schema } = request;
        let sid = ids::random("DTR_");
        let info = proto::DataTrackInfo { pub_handle, sid, name, encryption, frame_encoding, schema };
        let id = self.new_track();
        let Some(participant) = self.participants.get_mut(&key) else { return };
        participant.data_tracks.push(DataTrack { id, info: info.clone() });
        self.send(key, Message::PublishDataTrackResponse(proto::PublishDataTrackResponse { info: Some(info) }));
        self.announce(now, key);
        self.offer_data_to_all(now, key, id);
    }

    /// The client ends one of its data tracks.
    pub(super) fn handle_unpublish_data_track(
        &mut self,
        now: Instant,
        key: Key,
        request: proto::UnpublishDataTrackRequest,
    ) {
        match self.unpublish_data(key, |track| track.info.pub_handle == request.pub_handle) {
            true => self.announce(now, key),
            false => self.refuse(key, 0, (Reason::NotFound, ""), Request::UnpublishDataTrack(request)),
        }
    }

    /// Ends the data tracks of `key` that are `gone`; whether there were any. [`announce`](Self::announce) afterwards.
    pub(super) fn unpublish_data(&mut self, key: Key, gone: impl Fn(&DataTrack) -> bool) -> bool {
        let Some(participant) = self.participants.get_mut(&key) else { return false };
        let gone: Vec<DataTrack> = participant.data_tracks.extract_if(.., |track| gone(track)).collect();
        if gone.is_empty() {
            return false;
        }
        let tracks: Vec<TrackId> = gone.iter().map(|track| track.id).collect();
        for DataTrack { info, .. } in gone {
            let response = proto::UnpublishDataTrackResponse { info: Some(info) };
            self.send(key, Message::UnpublishDataTrackResponse(response));
        }
        self.drop_data_tracks(&tracks);
        true
    }

    /// A new data track, to those who take whatever there is.
    pub(super) fn offer_data_to_all(&mut self, now: Instant, publisher: Key, track: TrackId) {
        let takers = self.clients_with(|of| of.takes_all);
        let mut told = 0_usize;
        for subscriber in takers {
            self.subscribe_to_data(subscriber, publisher, track);
            told += self.tell_handles(subscriber);
        }
        if let Some(client) = self.client_mut(publisher) {
            client.caused.charge(now, told);
        }
    }

    /// All data tracks that there are, for somebody who takes all.
    pub(super) fn subscribe_to_all_data(&mut self, subscriber: Key) {
        if !self.client(subscriber).is_some_and(|client| client.data_subscriptions.takes_all) {
            return;
        }
        let all = self.participants.iter();
        let all = all.flat_map(|(key, participant)| participant.data_tracks.iter().map(|track| (*key, track.id)));
        let all: Vec<(Key, TrackId)> = all.collect();
        for (publisher, track) in all {
            self.subscribe_to_data(subscriber, publisher, track);
        }
        self.tell_handles_again(subscriber);
    }

    /// The client wants to receive data tracks, or no longer.
    pub(super) fn handle_data_subscription(&mut self, key: Key, request: &proto::UpdateDataSubscription) {
        for update in request.updates.iter().take(MOST_NAMED) {
            match self.find_data_track(&update.track_sid) {
                Some((publisher, track)) if update.subscribe => self.subscribe_to_data(key, publisher, track),
                Some((_, track)) => {
                    if let Some(client) = self.client_mut(key) {
                        client.data_subscriptions.wanted.remove(&track);
                    }
                }
                None if update.subscribe => self.tell_unknown(key, &update.track_sid),
                None => {}
            }
        }
        self.tell_handles(key);
    }

    /// Blobs are off, as they are in livekit-server unless it is told otherwise.
    pub(super) fn refuse_data_blob(&mut self, key: Key, request_id: u32) {
        let response = proto::RequestResponse {
            request_id,
            reason: Reason::NotAllowed.into(),
            message: "data blob not enabled".to_owned(),
            ..Default::default()
        };
        self.send(key, Message::RequestResponse(response));
    }

    fn find_data_track(&self, sid: &str) -> Option<(Key, TrackId)> {
        self.participants.iter().find_map(|(key, participant)| {
            let track = participant.data_tracks.iter().find(|track| track.info.sid == sid)?;
            Some((*key, track.id))
        })
    }

    /// [`tell_handles`](Self::tell_handles) afterwards.
    fn subscribe_to_data(&mut self, subscriber: Key, publisher: Key, track: TrackId) {
        let most = self.settings.limits.subscriptions;
        let Some((_, is_permitted)) = self.receivable(subscriber, publisher, track) else { return };
        let Some(client) = self.client_mut(subscriber) else { return };
        let subscriptions = &mut client.data_subscriptions;
        if subscriptions.wanted.len() >= most || subscriptions.wanted.contains_key(&track) {
            return;
        }
        let handle = subscriptions.new_handle();
        subscriptions.wanted.insert(track, Wanted { publisher, handle, is_permitted });
        if !is_permitted {
            self.tell_permission(subscriber, publisher, track, false);
        }
    }

    /// Data tracks that are no more.
    pub(super) fn drop_data_tracks(&mut self, tracks: &[TrackId]) {
        let receivers = self.clients_with(|of| tracks.iter().any(|track| of.wanted.contains_key(track)));
        for subscriber in receivers {
            if let Some(client) = self.client_mut(subscriber) {
                client.data_subscriptions.wanted.retain(|track, _| !tracks.contains(track));
            }
            self.tell_handles(subscriber);
        }
    }

    /// `subscriber` may receive nothing more.
    pub(super) fn end_data_subscriptions(&mut self, subscriber: Key) {
        let Some(client) = self.client_mut(subscriber) else { return };
        if !client.data_subscriptions.wanted.is_empty() {
            client.data_subscriptions.wanted.clear();
            self.tell_handles(subscriber);
        }
    }

    /// Applies what `publisher` permits; how many subscriptions that changed.
    pub(super) fn permit_data(&mut self, publisher: Key) -> usize {
        let mut changes = 0;
        for subscriber in self.clients_with(|of| of.wanted.values().any(|wanted| wanted.publisher == publisher)) {
            let Some(client) = self.client(subscriber) else { continue };
            let wanted = client.data_subscriptions.wanted.iter().filter(|(_, wanted)| wanted.publisher == publisher);
            let wanted: Vec<(TrackId, bool)> = wanted.map(|(track, wanted)| (*track, wanted.is_permitted)).collect();
            let before = changes;
            for (track, was_permitted) in wanted {
                let Some((_, is_permitted)) = self.receivable(subscriber, publisher, track) else { continue };
                let Some(client) = self.client_mut(subscriber).filter(|_| is_permitted != was_permitted) else {
                    continue;
                };
                if let Some(wanted) = client.data_subscriptions.wanted.get_mut(&track) {
                    wanted.is_permitted = is_permitted;
                    changes += 1;
                }
                self.tell_permission(subscriber, publisher, track, is_permitted);
            }
            if changes > before {
                self.tell_handles(subscriber);
            }
        }
        changes
    }

    fn clients_with(&self, fits: impl Fn(&DataSubscriptions) -> bool) -> Vec<Key> {
        let fits =
            |participant: &Participant| participant.client().is_some_and(|client| fits(&client.data_subscriptions));
        self.participants.iter().filter(|(_, participant)| fits(participant)).map(|(key, _)| *key).collect()
    }

    /// Tells a client who may not know it any more what its handles stand for, if it has some.
    pub(super) fn tell_handles_again(&mut self, key: Key) {
        if self.client(key).is_some_and(|client| !client.data_subscriptions.wanted.is_empty()) {
            self.tell_handles(key);
        }
    }

    /// Tells a client what its handles stand for; how many bytes that was.
    fn tell_handles(&mut self, key: Key) -> usize {
        let Some(client) = self.client(key) else { return 0 };
        let wanted = client.data_subscriptions.wanted.iter().filter(|(_, wanted)| wanted.is_permitted);
        let named = wanted.filter_map(|(track, wanted)| {
            let publisher = self.participants.get(&wanted.publisher)?;
            let track = PublishedDataTrack {
                publisher_identity: publisher.identity.to_string(),
                publisher_sid: publisher.sid.to_string(),
                track_sid: publisher.track_sid(*track)?.to_owned(),
            };
            Some((u32::from(wanted.handle), track))
        });
        let handles = proto::DataTrackSubscriberHandles { sub_handles: named.collect() };
        let bytes = handles.encoded_len();
        self.send(key, Message::DataTrackSubscriberHandles(handles));
        bytes
    }

    /// A packet of a data track, from a client to all who receive that.
    pub(super) fn handle_data_track(&mut self, now: Instant, peer: PeerId, mut packet: Vec<u8>) {
        let (key, limits) = (peer.participant(), self.settings.limits);
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let may = participant.grants.can_publish_data && peer.target() == Target::Publisher;
        let Some(client) = participant.client_mut() else { return };
        if !may || packet.len() > limits.message {
            return;
        }
        client.data.charge(now, packet.len());
        let Some(handle) = handle(&packet).map(u32::from) else { return };
        let track = participant.data_tracks.iter().find(|track| track.info.pub_handle == handle);
        let Some(track) = track.map(|track| track.id) else { return };
        let mut receivers = 0_usize;
        for client in self.participants.values_mut().filter_map(Participant::client_mut) {
            let Some(handle) = client.data_subscriptions.handle(track) else { continue };
            packet[HANDLE].copy_from_slice(&handle.to_be_bytes());
            let link = client.receiver_mut();
            // What is not reliable does not wait, and so cannot be too much.
            let _ = link.send_data(Channel::DataTrack, &packet, limits.backlog);
            link.touch(&mut self.touched);
            receivers += 1;
        }
        if let Some(client) = self.client_mut(key) {
            client.caused.charge(now, packet.len().saturating_mul(receivers));
        }
    }
}

/// The publisher's handle in a packet; `None`: it is no packet.
fn handle(packet: &[u8]) -> Option<u16> {
    let number = |at: Range<usize>| Some(u16::from_be_bytes(packet.get(at)?.try_into().ok()?));
    let words = if packet.first()? & HAS_EXTENSIONS == 0 { 0 } else { usize::from(number(EXTENSIONS)?) + 1 };
    (packet.len() >= HEADER + 4 * words).then(|| number(HANDLE)).flatten()
}

fn check(
    participant: &Participant,
    request: &proto::PublishDataTrackRequest,
    is_full: bool,
) -> Result<(), (Reason, &'static str)> {
    let published = || participant.data_tracks.iter().map(|track| &track.info);
    let is_named = |name: &str| !name.is_empty() && name.len() <= LONGEST_ENCODING;
    let frame = match request.frame_encoding.as_ref().and_then(|encoding| encoding.value.as_ref()) {
        Some(frame_encoding::Value::Custom(name)) => is_named(name),
        Some(frame_encoding::Value::WellKnown(number)) => WellKnownFrameEncoding::try_from(*number).is_ok(),
        None => true,
    };
    let encoding = request.schema.as_ref().and_then(|schema| schema.encoding.as_ref()?.value.as_ref());
    let schema = match encoding {
        Some(schema_encoding::Value::Custom(name)) => is_named(name),
        Some(schema_encoding::Value::WellKnown(number)) => WellKnownSchemaEncoding::try_from(*number).is_ok(),
        None => true,
    };
    let is_encrypted_as_known = proto::encryption::Type::try_from(request.encryption).is_ok();
    let schema_name = request.schema.as_ref().is_none_or(|schema| schema.name.len() <= LONGEST_NAME);
    match request {
        _ if !participant.grants.can_publish_data => {
            Err((Reason::NotAllowed, "does not have permission to publish data"))
        }
        request if !(1..=u32::from(u16::MAX)).contains(&request.pub_handle) => {
            Err((Reason::InvalidHandle, "handle should be > 0 AND < 65536"))
        }
        request if request.name.is_empty() || request.name.len() > LONGEST_NAME => {
            Err((Reason::InvalidName, "name should not be empty and should not exceed 256 characters"))
        }
        _ if !is_encrypted_as_known => Err((Reason::InvalidRequest, "encryption is not known")),
        _ if !(frame && schema && schema_name) => {
            Err((Reason::InvalidRequest, "encoding identifier is empty, not known or exceeds the maximum length"))
        }
        request if published().any(|info| info.pub_handle == request.pub_handle) => {
            Err((Reason::DuplicateHandle, "a data track with same handle already exists"))
        }
        request if published().any(|info| info.name == request.name) => {
            Err((Reason::DuplicateName, "a data track with same name already exists"))
        }
        _ if is_full => Err((Reason::LimitExceeded, "too many data tracks")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_name_their_track() {
        let packet = |first: u8, rest: &[u8]| {
            let mut packet = vec![first, 0, 0x12, 0x34, 0, 1, 0, 1, 0, 0, 0, 9];
            packet.extend(rest);
            packet
        };
        for (packet, expect, why) in [
            (packet(0b0001_1000, b"frame"), Some(0x1234), "a frame in one packet"),
            (packet(0b0001_1000, b""), Some(0x1234), "an empty frame"),
            (packet(0b0001_1100, &[0, 0, 1, 0, 7]), Some(0x1234), "an empty extension of four bytes"),
            (packet(0b0001_1100, &[0, 1, 1, 4, 7, 7]), None, "extensions that are cut off"),
            (packet(0b0001_1100, &[0xff]), None, "half a length"),
            (packet(0, b"")[..11].to_vec(), None, "half a header"),
            (Vec::new(), None, "nothing"),
        ] {
            assert_eq!(handle(&packet), expect, "{why}");
        }
    }

    #[test]
    fn handles_are_never_zero_and_never_given_twice() {
        let mut subscriptions = DataSubscriptions { newest: u16::MAX - 1, ..DataSubscriptions::default() };
        for (track, expect) in [(1, u16::MAX), (2, 1)] {
            let handle = subscriptions.new_handle();
            assert_eq!(handle, expect);
            subscriptions.wanted.insert(TrackId(track), Wanted { publisher: Key(1), handle, is_permitted: true });
        }
        subscriptions.newest = u16::MAX - 1;
        assert_eq!(subscriptions.new_handle(), 2, "the others are in use");
    }
}
