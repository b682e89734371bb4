//! Pictures: which layer each subscriber gets ([`choice`]), which ones a publisher need not send because nobody wants them
//! (dynacast), and key frames, without which nobody can begin to look. All of it is looked at a few times a second, and at
//! once when something has changed. What comes in is [`source`]'s.

mod choice;
mod dynacast;
mod source;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use livekit_protocol::VideoQuality;

use self::{
    choice::{Candidate, share_out},
    dynacast::Dynacast,
    source::{Source, View},
};
pub(super) use self::{
    choice::{Choice, Pass},
    source::{Origin, quality_for},
};
use super::{
    Key, PeerId, Room, Target, TrackId,
    client::Client,
    link::Reach,
    publication::Publication,
    subscription::{Stage, Subscription},
};
use crate::rtc::peer::{Mid, Section};

/// How often is looked at who gets what.
const INTERVAL: Duration = Duration::from_millis(250);
/// A larger change of what is wanted, in percent, is worth telling the one who looks for bandwidth.
const NEWS: u64 = 10;
/// Beyond what is wanted, in percent: so far is bandwidth looked for.
const HEADROOM: u64 = 30;
/// From the smallest picture on.
const QUALITIES: [VideoQuality; 3] = [VideoQuality::Low, VideoQuality::Medium, VideoQuality::High];

/// What a publisher sends of a video track, and what it has been told of who looks.
#[derive(Debug)]
pub(super) struct VideoTrack {
    pub(super) source: Source,
    dynacast: Dynacast,
}

impl VideoTrack {
    /// What a section of an offer will bring.
    pub(super) fn new(section: &Section) -> Self {
        Self { source: Source::new(section), dynacast: Dynacast::default() }
    }
}

/// How much a client can be sent, and how much it has been told that there is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bandwidth {
    /// In bits per second; `None`: nothing is known.
    estimate: Option<u64>,
    /// Less than that, to try out how the client bears it.
    pub(super) simulated: Option<u64>,
    wanted: u64,
}

impl Bandwidth {
    fn known(&self) -> Option<u64> {
        self.simulated.into_iter().chain(self.estimate).min()
    }
}

/// What there is of a track.
struct Offered {
    publisher: Key,
    views: Vec<View>,
}

impl Room {
    /// When pictures are looked at again; `None`: there are none.
    pub(super) fn video_due(&self) -> Option<Instant> {
        let mut publications = self.participants.values().flat_map(|participant| &participant.publications);
        publications.any(|publication| publication.video.is_some()).then_some(self.video_due)
    }

    /// Something has changed.
    pub(super) fn look_at_video(&mut self, now: Instant) {
        self.video_due = now;
    }

    /// Chooses anew who gets what.
    pub(super) fn choose_video(&mut self, now: Instant) {
        if self.video_due().is_none_or(|due| now < due) {
            return;
        }
        self.video_due = now + INTERVAL;
        let offered = self.offered_video(now);
        let mut lacking: Vec<(TrackId, usize)> = Vec::new();
        let mut wanted: BTreeMap<TrackId, VideoQuality> = BTreeMap::new();
        for participant in self.participants.values_mut() {
            if let Some(client) = participant.client_mut() {
                client.choose(&offered, &mut lacking, &mut wanted);
            }
        }
        lacking.sort_unstable();
        lacking.dedup();
        for (track, stream) in lacking {
            self.ask_for_key_frame(now, track, stream);
        }
        for (track, Offered { publisher, .. }) in &offered {
            self.tell_wanted(now, *publisher, *track, wanted.get(track).copied());
        }
    }

    fn offered_video(&self, now: Instant) -> BTreeMap<TrackId, Offered> {
        let publications = self
            .participants
            .iter()
            .flat_map(|(key, participant)| participant.publications.iter().map(move |publication| (*key, publication)));
        let offered = publications.filter_map(|(publisher, publication)| {
            let views = publication.video.as_ref()?.source.views(now);
            Some((publication.id, Offered { publisher, views }))
        });
        offered.collect()
    }

    /// A receiver cannot go on without a key frame.
    pub(super) fn handle_key_frame_request(&mut self, now: Instant, key: Key, mid: Mid) {
        let Some(client) = self.client(key) else { return };
        let shown = client.subscriptions.iter().find(|(_, one)| one.stage == Stage::Live(mid));
        let shown = shown.and_then(|(track, one)| Some((*track, one.video.as_ref()?.shows()?)));
        if let Some((track, stream)) = shown {
            self.ask_for_key_frame(now, track, stream);
        }
    }

    fn ask_for_key_frame(&mut self, now: Instant, track: TrackId, stream: usize) {
        let owner = self.participants.iter_mut().find(|(_, participant)| participant.publication(track).is_some());
        let Some((key, participant)) = owner else { return };
        let peer = PeerId::new(*key, Target::Publisher);
        // Who muted a track sends no pictures of it.
        let Some(publication) = participant.publication_mut(track).filter(|one| !one.info.muted) else { return };
        let Publication { mid: Some(mid), video: Some(video), .. } = publication else { return };
        let Some(rid) = video.source.ask(now, stream) else { return };
        let mid = *mid;
        if let Some(client) = participant.client_mut() {
            client.publisher.peer.ask_for_key_frame(now, mid, rid);
        }
        self.touch(peer);
    }

    /// A receiver's connection carries so much.
    pub(super) fn handle_bandwidth(&mut self, key: Key, peer: PeerId, bits_per_second: u64) {
        if self.receiving_peer(key) == Some(peer)
            && let Some(client) = self.client_mut(key)
        {
            client.bandwidth.estimate = Some(bits_per_second);
        }
    }
}

impl Client {
    /// Aims at the streams that it is to get; adds those that it lacks a key frame of, and what it wants at the best.
    fn choose(
        &mut self,
        offered: &BTreeMap<TrackId, Offered>,
        lacking: &mut Vec<(TrackId, usize)>,
        wanted: &mut BTreeMap<TrackId, VideoQuality>,
    ) {
        let mut candidates: Vec<Candidate<'_>> = Vec::new();
        for (track, subscription) in &mut self.subscriptions {
            let Subscription { stage: Stage::Live(_), is_paused: false, video: Some(choice), .. } = subscription else {
                continue;
            };
            let Some(Offered { views, .. }) = offered.get(track) else { continue };
            let best = wanted.entry(*track).or_insert(VideoQuality::Low);
            *best = (*best).max(choice.wanted());
            candidates.push(Candidate { choice, views });
        }
        let there_is = share_out(&mut candidates, self.bandwidth.known());
        // A key frame that came before the connection would be lost.
        if self.receiver().reach == Reach::Connected {
            let live = self.subscriptions.iter();
            let live = live.filter(|(_, one)| matches!(one.stage, Stage::Live(_)) && !one.is_paused);
            lacking.extend(live.filter_map(|(track, one)| Some((*track, one.video.as_ref()?.needs()?))));
        }
        let aimed = there_is.saturating_mul(100 + HEADROOM) / 100;
        if aimed.abs_diff(self.bandwidth.wanted) > self.bandwidth.wanted / 100 * NEWS {
            self.bandwidth.wanted = aimed;
            self.receiver_mut().peer.want_bandwidth(aimed);
        }
    }
}
