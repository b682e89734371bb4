//! Who receives which track: by default everybody all that they may; a client chooses otherwise, a publisher permits.

use std::{collections::BTreeMap, time::Instant};

use livekit_protocol::{
    self as proto, DisconnectReason, VideoQuality, leave_request::Action, signal_response::Message,
};

use super::{
    Key, PeerId, Room, Target, TrackId,
    client::{Client, Mode},
    link::Reach,
    participant::Participant,
    publication::{NEGOTIATION, Publication},
    rewrite::Rewriter,
    video::{Choice, quality_for},
};
use crate::rtc::peer::{Kind, Mid, Msid};

/// Of one message; the rest is ignored.
const MOST_NAMED: usize = 256;

/// What a client receives, or will.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) publisher: Key,
    /// Under which names the client sees it.
    pub(super) msid: Msid,
    pub(super) stage: Stage,
    /// Switched off by the client for now (`track_setting`).
    pub(super) is_paused: bool,
    pub(super) rewriter: Rewriter,
    /// Where it is video.
    pub(super) video: Option<Choice>,
}

impl Subscription {
    pub(super) fn kind(&self) -> Kind {
        if self.video.is_some() { Kind::Video } else { Kind::Audio }
    }

    /// Whether it lacks a section of this kind.
    pub(super) fn waits_for(&self, kind: Kind) -> bool {
        self.kind() == kind && self.stage == Stage::Waiting
    }

    /// What comes next does not follow what came before.
    pub(super) fn interrupt(&mut self) {
        self.rewriter.interrupt();
        if let Some(choice) = &mut self.video {
            choice.interrupt();
        }
    }
}

/// How far a subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its publisher does not permit it (yet).
    Denied,
    /// For a section.
    Waiting,
    /// In an offer that has not been answered.
    Offered(Mid),
    Live(Mid),
}

impl Stage {
    pub(super) fn mid(self) -> Option<Mid> {
        match self {
            Self::Offered(mid) | Self::Live(mid) => Some(mid),
            Self::Denied | Self::Waiting => None,
        }
    }
}

/// A section that carries no track at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resting {
    /// The client does not know yet: another track here would be the old one to it.
    Untold,
    /// It may be used again.
    Told,
}

/// Whom a publisher lets receive its tracks.
#[derive(Debug, Default)]
pub(super) enum Audience {
    #[default]
    All,
    /// By identity.
    Only(BTreeMap<String, Permitted>),
}

/// What one of the audience may receive.
#[derive(Debug)]
pub(super) enum Permitted {
    AllTracks,
    Tracks(Vec<String>),
}

impl Audience {
    pub(super) fn permits(&self, identity: &str, track_sid: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(permitted) => match permitted.get(identity) {
                None => false,
                Some(Permitted::AllTracks) => true,
                Some(Permitted::Tracks(sids)) => sids.iter().any(|sid| sid == track_sid),
            },
        }
    }
}

impl Room {
    /// A new track: to all who take whatever there is.
    pub(super) fn offer_to_all(&mut self, now: Instant, publisher: Key, track: TrackId) {
        let takes_all = |participant: &Participant| participant.client().is_some_and(|client| client.auto_subscribe);
        let takers = self.participants.iter().filter(|(_, participant)| takes_all(participant));
        let takers: Vec<Key> = takers.map(|(key, _)| *key).collect();
        for subscriber in takers {
            self.subscribe(subscriber, publisher, track);
            self.negotiate(now, subscriber);
        }
    }

    /// All tracks that there are, for somebody new.
    pub(super) fn subscribe_to_all(&mut self, subscriber: Key) {
        let all = self
            .participants
            .iter()
            .flat_map(|(key, participant)| participant.publications.iter().map(|publication| (*key, publication.id)));
        let all: Vec<(Key, TrackId)> = all.collect();
        for (publisher, track) in all {
            self.subscribe(subscriber, publisher, track);
        }
    }

    /// [`negotiate`](Self::negotiate) afterwards.
    fn subscribe(&mut self, subscriber: Key, publisher: Key, track: TrackId) {
        let most = self.settings.limits.subscriptions;
        let Some((msid, is_permitted)) = self.receivable(subscriber, publisher, track) else { return };
        let publication = self.participants.get(&publisher).and_then(|participant| participant.publication(track));
        let is_video = publication.is_some_and(|publication| publication.video.is_some());
        let Some(client) = self.client_mut(subscriber) else { return };
        if client.subscriptions.len() >= most || client.subscriptions.contains_key(&track) {
            return;
        }
        let stage = if is_permitted { Stage::Waiting } else { Stage::Denied };
        let (rewriter, video) =
            if is_video { (Rewriter::video(), Some(Choice::default())) } else { (Rewriter::audio(), None) };
        client.subscriptions.insert(track, Subscription { publisher, msid, stage, is_paused: false, rewriter, video });
        if !is_permitted {
            self.tell_permission(subscriber, publisher, track, false);
        }
    }

    /// What a track would be called for `subscriber`, and whether its publisher permits it. `None`: it is not for them.
    pub(super) fn receivable(&self, subscriber: Key, publisher: Key, track: TrackId) -> Option<(Msid, bool)> {
        let (receiver, sender) = (self.participants.get(&subscriber)?, self.participants.get(&publisher)?);
        if subscriber == publisher || sender.grants.hidden || !receiver.grants.can_subscribe {
            return None;
        }
        let sid = sender.track_sid(track)?;
        let msid = Msid { stream: format!("{}|{sid}", sender.sid), track: sid.to_owned() };
        Some((msid, sender.audience.permits(receiver.identity.as_str(), sid)))
    }

    pub(super) fn unsubscribe(&mut self, subscriber: Key, track: TrackId) {
        if let Some(client) = self.client_mut(subscriber)
            && let Some(subscription) = client.subscriptions.remove(&track)
        {
            client.release(subscription.stage);
        }
    }

    /// Tracks that are no more.
    pub(super) fn drop_tracks(&mut self, now: Instant, tracks: &[TrackId]) {
        let receives = |participant: &Participant| {
            let client = participant.client();
            client.is_some_and(|client| tracks.iter().any(|track| client.subscriptions.contains_key(track)))
        };
        let receivers = self.participants.iter().filter(|(_, participant)| receives(participant));
        let receivers: Vec<Key> = receivers.map(|(key, _)| *key).collect();
        for subscriber in receivers {
            tracks.iter().for_each(|track| self.unsubscribe(subscriber, *track));
            self.negotiate(now, subscriber);
        }
    }

    /// The client wants to receive tracks, or no longer.
    pub(super) fn handle_subscription(&mut self, now: Instant, key: Key, request: &proto::UpdateSubscription) {
        let of_participants = request.participant_tracks.iter().flat_map(|tracks| &tracks.track_sids);
        for sid in request.track_sids.iter().chain(of_participants).take(MOST_NAMED) {
            match self.find_track(sid) {
                Some((publisher, track)) if request.subscribe => self.subscribe(key, publisher, track),
                Some((_, track)) => self.unsubscribe(key, track),
                None if request.subscribe => self.tell_unknown(key, sid),
                None => {}
            }
        }
        self.negotiate(now, key);
    }

    pub(super) fn find_track(&self, sid: &str) -> Option<(Key, TrackId)> {
        self.participants.iter().find_map(|(key, participant)| {
            let publication = participant.publications.iter().find(|publication| publication.info.sid == sid)?;
            Some((*key, publication.id))
        })
    }

    pub(super) fn tell_unknown(&mut self, key: Key, sid: &str) {
        if sid.len() <= self.settings.limits.name {
            let err = proto::SubscriptionError::SeTrackNotfound.into();
            let response = proto::SubscriptionResponse { track_sid: sid.to_owned(), err };
            self.send(key, Message::SubscriptionResponse(response));
        }
    }

    /// The client switches tracks off and on again, and says how large it shows pictures.
    pub(super) fn handle_track_setting(&mut self, now: Instant, key: Key, request: &proto::UpdateTrackSettings) {
        let is_paused = request.disabled || request.quality() == VideoQuality::Off;
        for sid in request.track_sids.iter().take(MOST_NAMED) {
            let Some((publisher, track)) = self.find_track(sid) else { continue };
            let publication = self.participants.get(&publisher).and_then(|publisher| publisher.publication(track));
            let quality = match (publication, request.width, request.height) {
                (None, ..) | (_, 0, _) | (_, _, 0) => request.quality(),
                (Some(publication), width, height) => quality_for(publication.layers(), width, height),
            };
            let client = self.client_mut(key);
            let Some(subscription) = client.and_then(|client| client.subscriptions.get_mut(&track)) else { continue };
            if subscription.is_paused != is_paused {
                subscription.is_paused = is_paused;
                subscription.interrupt();
            }
            if let Some(choice) = subscription.video.as_mut().filter(|_| !is_paused) {
                choice.want(quality);
                choice.priority = request.priority;
            }
        }
        self.look_at_video(now);
    }

    /// A publisher says who may receive its tracks.
    pub(super) fn handle_permission(&mut self, now: Instant, key: Key, request: &proto::SubscriptionPermission) {
        let Some(audience) = self.audience(request) else { return };
        let Some(participant) = self.participants.get_mut(&key) else { return };
        participant.audience = audience;
        let tracks: Vec<TrackId> = participant.publications.iter().map(|publication| publication.id).collect();
        let others: Vec<Key> = self.participants.keys().copied().filter(|other| *other != key).collect();
        let mut changes = self.permit_data(key);
        for subscriber in others {
            let changed = tracks.iter().filter(|track| self.permit(subscriber, key, **track)).count();
            if changed > 0 {
                self.negotiate(now, subscriber);
            }
            changes = changes.saturating_add(changed);
        }
        let Some(client) = self.client_mut(key) else { return };
        if changes > 0 && !client.caused.spend(now, changes.saturating_mul(NEGOTIATION)) {
            tracing::info!("a client that changes without end who may hear it is dropped");
            self.remove(now, key, DisconnectReason::UnknownReason, Some(Action::Reconnect));
        }
    }

    /// `None`: it names nobody in one of its entries, and is left alone as a whole.
    fn audience(&self, request: &proto::SubscriptionPermission) -> Option<Audience> {
        if request.all_participants {
            return Some(Audience::All);
        }
        let (mut permitted, mut left) = (BTreeMap::new(), MOST_NAMED);
        for permission in request.track_permissions.iter().take(MOST_NAMED) {
            let identity = match (&*permission.participant_identity, &*permission.participant_sid) {
                ("", "") => return None,
                ("", sid) => match self.find_sid(sid).and_then(|key| self.participants.get(&key)) {
                    Some(participant) => participant.identity.to_string(),
                    None => continue,
                },
                (identity, _) => identity.to_owned(),
            };
            let what = if permission.all_tracks {
                Permitted::AllTracks
            } else {
                let sids = permission.track_sids.iter().take(left).cloned().collect::<Vec<_>>();
                left -= sids.len();
                Permitted::Tracks(sids)
            };
            permitted.insert(identity, what);
        }
        Some(Audience::Only(permitted))
    }

    /// Applies a publisher's permission to one subscription; whether that changed anything.
    fn permit(&mut self, subscriber: Key, publisher: Key, track: TrackId) -> bool {
        let Some((_, is_permitted)) = self.receivable(subscriber, publisher, track) else { return false };
        let Some(client) = self.client_mut(subscriber) else { return false };
        let Some(subscription) = client.subscriptions.get_mut(&track) else { return false };
        let before = subscription.stage;
        if is_permitted == (before != Stage::Denied) {
            return false;
        }
        subscription.stage = if is_permitted { Stage::Waiting } else { Stage::Denied };
        client.release(before);
        self.tell_permission(subscriber, publisher, track, is_permitted);
        true
    }

    pub(super) fn tell_permission(&mut self, subscriber: Key, publisher: Key, track: TrackId, allowed: bool) {
        let Some(participant) = self.participants.get(&publisher) else { return };
        let Some(track_sid) = participant.track_sid(track) else { return };
        let update = proto::SubscriptionPermissionUpdate {
            participant_sid: participant.sid.to_string(),
            track_sid: track_sid.to_owned(),
            allowed,
        };
        self.send(subscriber, Message::SubscriptionPermissionUpdate(update));
    }

    /// What comes next of a track does not follow what came before.
    pub(super) fn interrupt(&mut self, track: TrackId) {
        let clients = self.participants.values_mut().filter_map(Participant::client_mut);
        clients.filter_map(|client| client.subscriptions.get_mut(&track)).for_each(Subscription::interrupt);
    }

    /// Tells publishers of tracks that `subscriber` receives now that somebody does, once.
    pub(super) fn notice_subscribers(&mut self, now: Instant, subscriber: Key) {
        let Some(client) = self.client(subscriber) else { return };
        let live = client.subscriptions.iter().filter(|(_, one)| matches!(one.stage, Stage::Live(_)));
        let live: Vec<(TrackId, Key)> = live.map(|(track, one)| (*track, one.publisher)).collect();
        self.look_at_video(now);
        for (track, publisher) in live {
            let participant = self.participants.get_mut(&publisher);
            let publication = participant.and_then(|participant| participant.publication_mut(track));
            if let Some(Publication { noticed: noticed @ false, info, .. }) = publication {
                *noticed = true;
                let track_sid = info.sid.clone();
                self.send(publisher, Message::TrackSubscribed(proto::TrackSubscribed { track_sid }));
            }
        }
    }

    /// By which connection a client receives.
    pub(super) fn receiving_peer(&self, key: Key) -> Option<PeerId> {
        let target = match self.client(key)?.mode {
            Mode::Dual { .. } => Target::Subscriber,
            Mode::Single { .. } => Target::Publisher,
        };
        Some(PeerId::new(key, target))
    }
}

impl Client {
    /// Whether it will receive the track soon, but does not yet.
    pub(super) fn is_about_to_receive(&self, track: TrackId) -> bool {
        match self.subscriptions.get(&track).map(|subscription| subscription.stage) {
            None | Some(Stage::Denied) => false,
            Some(Stage::Waiting | Stage::Offered(_)) => true,
            Some(Stage::Live(_)) => self.receiver().reach != Reach::Connected,
        }
    }

    /// Frees the section of a subscription that was at this stage.
    fn release(&mut self, stage: Stage) {
        let Some(mid) = stage.mid() else { return };
        self.receiver_mut().peer.release(mid);
        if let Mode::Single { released, .. } = &mut self.mode {
            *released = true;
            self.resting.insert(mid, Resting::Untold);
        }
    }
}
