//! Offers and answers: who sends in which section, data channels, ICE restarts.

use std::time::Instant;

use str0m::{
    Rtc,
    change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, Reliability},
    media::Direction,
};
use tracing::debug;

use super::{
    Channel, Kind, Mid, Msid, Peer, PeerError, Section,
    media::Sender,
    sdp::{Credentials, Description, MOST_SECTIONS, parse_candidate},
};

/// Candidates that the other side may name outside of its descriptions, between two ICE restarts.
const MOST_TRICKLED: usize = 64;

/// What was agreed on, and what is under way.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    /// The other side's latest.
    sections: Vec<Section>,
    remote: Option<Credentials>,
    /// The number of the header extension in which the other side names a packet's section.
    mid_extension: Option<u8>,
    /// New sections and channels for the next offer.
    staged: Option<SdpPendingOffer>,
    offered: Option<Offered>,
    /// Our sections that the other side sends in.
    receivers: Vec<Mid>,
    /// Sections where the other side is asked for a codec.
    preferred: Vec<(Mid, String)>,
    channels: Channels,
    trickled: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Channels {
    #[default]
    Unwanted,
    /// The next offer opens them.
    Wanted,
    Offered,
}

impl Negotiation {
    pub(super) fn mid_extension(&self) -> Option<u8> {
        self.mid_extension
    }

    #[cfg(test)]
    pub(super) fn trickled(&self) -> usize {
        self.trickled
    }
}

/// An offer that waits for its answer.
#[derive(Debug)]
struct Offered {
    pending: SdpPendingOffer,
    /// It restarts ICE with these.
    restart: Option<Credentials>,
    sections: usize,
}

impl Peer {
    /// The sections of an offer, before it is accepted: where tracks can be [assigned](Self::assign).
    ///
    /// # Errors
    /// When it cannot be read or asks for too much.
    pub fn read_offer(sdp: &str) -> Result<Vec<Section>, PeerError> {
        Ok(Description::parse(sdp)?.sections())
    }

    /// Takes the other side's offer and gives the answer. Sections that the other side wants to receive in and that no
    /// [`assign`](Self::assign) names are answered inactive; assigned ones sendonly with their msid.
    ///
    /// # Errors
    /// When the offer cannot be read or asks for too much.
    pub fn accept_offer(&mut self, now: Instant, sdp: &str) -> Result<String, PeerError> {
        self.advance(now);
        let mut offer = Description::parse(sdp)?;
        let sections = offer.sections();
        let mid_extension = offer.mid_extension();
        for section in sections.iter().filter(|section| section.receives && !self.is_assigned(section.mid)) {
            offer.refuse_to_send(section.mid);
        }
        offer.prune_candidates();
        let remote = offer.credentials();
        let restarts = self.negotiation.remote.is_some() && self.negotiation.remote != remote;
        let offer =
            SdpOffer::from_sdp_string(&offer.to_string()).map_err(|error| PeerError::Description(error.to_string()))?;
        // What was offered at the same time loses; it is offered again later.
        if let Some(offered) = self.negotiation.offered.take() {
            self.stage(|api| api.merge(offered.pending));
        }
        let answer = self.described(|api| api.accept_offer(offer).map(|answer| answer.to_sdp_string()))?;
        self.forget_sections(&sections);
        self.negotiation.sections = sections;
        self.negotiation.mid_extension = mid_extension;
        self.voices.clear();
        self.forget_numbers();
        self.negotiation.remote = remote;
        if restarts {
            let credentials = self.identity.restarted();
            self.adopt(credentials);
        }
        self.expect_connection();
        self.settle();
        Ok(self.written(&answer, self.identity.current())?.to_string())
    }

    /// The sections of the other side's latest description.
    pub fn sections(&self) -> &[Section] {
        &self.negotiation.sections
    }

    /// Sends a track in a section that the other side opened for receiving; takes effect with the next answer.
    pub fn assign(&mut self, mid: Mid, kind: Kind, msid: Msid) {
        match self.senders.iter_mut().find(|sender| sender.mid == mid) {
            Some(sender) => {
                let rested = sender.msid.is_none();
                sender.carry(Some(msid));
                if rested {
                    self.renew(mid);
                }
            }
            None => self.senders.push(Sender::new(mid, kind, Some(msid), false)),
        }
    }

    /// A section of ours that sends a track, a new one or one that was [released](Self::release); takes effect with the
    /// next offer. `None` while an offer waits for its answer (ask again after that), when there are as many as a
    /// description takes, and when the connection is over.
    pub fn add_sender(&mut self, kind: Kind, msid: Msid) -> Option<Mid> {
        if self.negotiation.offered.is_some() {
            return None;
        }
        let is_free = |sender: &&mut Sender| sender.is_ours && sender.kind == kind && sender.msid.is_none();
        if let Some(sender) = self.senders.iter_mut().find(is_free) {
            sender.carry(Some(msid));
            let mid = sender.mid;
            self.renew(mid);
            return Some(mid);
        }
        if self.is_full() {
            return None;
        }
        let (stream, track) = (msid.stream.clone(), msid.track.clone());
        let mid = self.stage_section(|api| {
            api.add_media(kind, Direction::SendOnly, Some(stream.clone()), Some(track.clone()), None)
        })?;
        self.senders.push(Sender::new(mid, kind, Some(msid), true));
        Some(mid)
    }

    /// A track in a section that carried another one is another stream, with an SSRC of its own: libwebrtc gives those who
    /// tap a track's audio nothing of a stream that it has once seen end.
    fn renew(&mut self, mid: Mid) {
        let renewed = self.with(|rtc| {
            let mut api = rtc.direct_api();
            let (old, rtx) = api.stream_tx_by_mid(mid, None).map(|stream| (stream.ssrc(), stream.rtx()))?;
            // Not `reset_stream_tx`: str0m 0.24 then still looks the stream up by its old SSRC.
            api.remove_stream_tx(old);
            let (ssrc, rtx) = (api.new_ssrc(), rtx.map(|_| api.new_ssrc()));
            api.declare_stream_tx(ssrc, rtx, mid, None);
            Some(())
        });
        let sender = self.senders.iter_mut().find(|sender| sender.mid == mid);
        if let Some(sender) = sender.filter(|_| renewed.flatten().is_some()) {
            sender.begin_anew();
        }
    }

    /// A new section of ours for the other side to send in, with the next offer. `None` as for
    /// [`add_sender`](Self::add_sender).
    pub fn add_receiver(&mut self, kind: Kind) -> Option<Mid> {
        if self.negotiation.offered.is_some() || self.is_full() {
            return None;
        }
        let mid = self.stage_section(|api| api.add_media(kind, Direction::RecvOnly, None, None, None))?;
        self.negotiation.receivers.push(mid);
        Some(mid)
    }

    /// Sends nothing more in this section; it may be assigned or used again.
    pub fn release(&mut self, mid: Mid) {
        if let Some(sender) = self.senders.iter_mut().find(|sender| sender.mid == mid) {
            sender.carry(None);
        }
    }

    /// Asks the other side, with the next answer, to send this codec (`red`, `vp8`; in any case) in a section, where it
    /// offers that.
    pub fn prefer(&mut self, mid: Mid, codec: &str) {
        self.negotiation.preferred.retain(|(other, _)| *other != mid);
        self.negotiation.preferred.push((mid, codec.to_owned()));
    }

    /// Opens LiveKit's data channels with the next offer (a server's subscriber connection, a client's publisher
    /// connection).
    pub fn add_channels(&mut self) {
        if self.negotiation.channels == Channels::Unwanted {
            self.negotiation.channels = Channels::Wanted;
        }
    }

    /// An offer of what has changed since the last one; `None` when nothing has, or while one waits for its answer.
    pub fn offer(&mut self, now: Instant) -> Option<String> {
        if self.negotiation.offered.is_some() {
            return None;
        }
        self.make_offer(now, None)
    }

    /// Like [`offer`](Self::offer), with new ICE credentials, even when nothing else has changed. An offer that waits for
    /// its answer is taken back: an answer to it counts no more.
    pub fn restart_ice(&mut self, now: Instant) -> Option<String> {
        let restart = self.identity.restarted();
        self.make_offer(now, Some(restart))
    }

    fn make_offer(&mut self, now: Instant, restart: Option<Credentials>) -> Option<String> {
        self.advance(now);
        let directions: Vec<_> = self.wanted_directions().collect();
        let earlier = self.negotiation.offered.take();
        // str0m keeps each restart that it was asked for until one is answered.
        let restarts = restart.is_some() && earlier.as_ref().is_none_or(|earlier| earlier.restart.is_none());
        let staged = self.negotiation.staged.take();
        let opens = self.negotiation.channels == Channels::Wanted;
        let taken = self.own_mids();
        let made = self.with(|rtc| {
            let channels = if opens { Some(open_channels(rtc, &taken)?) } else { None };
            let mut api = rtc.sdp_api();
            if let Some(channels) = channels {
                api.merge(channels);
            }
            for (mid, direction) in directions {
                api.set_direction(mid, direction);
            }
            if restarts {
                api.ice_restart(true);
            }
            for pending in staged.into_iter().chain(earlier.map(|earlier| earlier.pending)) {
                api.merge(pending);
            }
            api.apply().map(|(offer, pending)| (offer.to_sdp_string(), pending))
        });
        if opens {
            self.negotiation.channels = Channels::Offered;
        }
        let (offer, pending) = made.flatten()?;
        let credentials = restart.clone().unwrap_or_else(|| self.identity.current().clone());
        match self.written(&offer, &credentials) {
            Ok(description) => {
                let sections = description.size();
                self.negotiation.offered = Some(Offered { pending, restart, sections });
                self.settle();
                Some(description.to_string())
            }
            Err(error) => {
                debug!(%error, "an offer cannot be written");
                self.negotiation.staged = Some(pending);
                None
            }
        }
    }

    /// The other side's answer to our latest offer.
    ///
    /// # Errors
    /// [`PeerError::NoOffer`] when none waits; else when the answer cannot be read (another may come), or does not fit
    /// the offer ([`Event::Disconnected`](super::Event::Disconnected) follows).
    pub fn accept_answer(&mut self, now: Instant, sdp: &str) -> Result<(), PeerError> {
        self.advance(now);
        let mut answer = Description::parse(sdp)?;
        let offered = self.negotiation.offered.take().ok_or(PeerError::NoOffer)?;
        if answer.size() != offered.sections {
            self.negotiation.offered = Some(offered);
            return Err(PeerError::Description("it has not as many sections as the offer".to_owned()));
        }
        answer.prune_candidates();
        let (sections, remote, mid_extension) = (answer.sections(), answer.credentials(), answer.mid_extension());
        let answer = match SdpAnswer::from_sdp_string(&answer.to_string()) {
            Ok(answer) => answer,
            Err(error) => {
                self.negotiation.offered = Some(offered);
                return Err(PeerError::Description(error.to_string()));
            }
        };
        // What was offered is lost with a wrong answer.
        self.described(|api| api.accept_answer(offered.pending, answer)).inspect_err(|_| self.fail())?;
        self.negotiation.sections = sections;
        self.negotiation.mid_extension = mid_extension;
        self.voices.clear();
        self.forget_numbers();
        self.negotiation.remote = remote;
        if let Some(credentials) = offered.restart {
            self.adopt(credentials);
        }
        self.expect_connection();
        self.settle();
        Ok(())
    }

    /// A candidate of the other side (`candidate:…`). Those that cannot be used (`.local` names) are ignored.
    pub fn add_candidate(&mut self, candidate: &str) {
        if self.negotiation.trickled >= MOST_TRICKLED {
            return;
        }
        if let Some(candidate) = parse_candidate(candidate) {
            self.negotiation.trickled += 1;
            self.with(|rtc| rtc.add_remote_candidate(candidate));
            self.settle();
        }
    }

    /// Whether an offer takes no further section; one is the data channels'.
    fn is_full(&self) -> bool {
        self.senders.len() + self.negotiation.receivers.len() + 1 >= MOST_SECTIONS
    }

    /// What the other side no longer has of its own: a section may take another's place, under another name.
    fn forget_sections(&mut self, sections: &[Section]) {
        let is_there = |mid: Mid| sections.iter().any(|section| section.mid == mid);
        self.senders.retain(|sender| sender.is_ours || is_there(sender.mid));
        self.negotiation.preferred.retain(|(mid, _)| is_there(*mid));
    }

    fn is_assigned(&self, mid: Mid) -> bool {
        self.senders.iter().any(|sender| sender.mid == mid && sender.msid.is_some())
    }

    /// Which of our own sections send, and which receive. An answer that left one inactive has set it so here too.
    fn wanted_directions(&self) -> impl Iterator<Item = (Mid, Direction)> {
        let sending =
            self.senders.iter().filter(|sender| sender.is_ours).map(|sender| {
                (sender.mid, if sender.msid.is_some() { Direction::SendOnly } else { Direction::Inactive })
            });
        sending.chain(self.negotiation.receivers.iter().map(|mid| (*mid, Direction::RecvOnly)))
    }

    /// Sections that we have made, those of the next offer too.
    fn own_mids(&self) -> Vec<Mid> {
        let senders = self.senders.iter().map(|sender| sender.mid);
        senders.chain(self.negotiation.receivers.iter().copied()).collect()
    }

    /// Keeps a new section for the next offer. Its mid has three random letters; str0m sees to it that no section in use has
    /// the same, and we, that none of the next offer has.
    fn stage_section(&mut self, add: impl Fn(&mut SdpApi<'_>) -> Mid) -> Option<Mid> {
        let taken = self.own_mids();
        let staged = self.negotiation.staged.take();
        let (mid, staged) = self.with(|rtc| {
            loop {
                let mut api = rtc.sdp_api();
                let mid = add(&mut api);
                if taken.contains(&mid) {
                    continue;
                }
                if let Some(staged) = staged {
                    api.merge(staged);
                }
                return (mid, api.apply().map(|(_, pending)| pending));
            }
        })?;
        self.negotiation.staged = staged;
        Some(mid)
    }

    /// Keeps changes for the next offer.
    fn stage<T>(&mut self, change: impl FnOnce(&mut SdpApi<'_>) -> T) -> Option<T> {
        let staged = self.negotiation.staged.take();
        let (made, staged) = self.with(|rtc| {
            let mut api = rtc.sdp_api();
            let made = change(&mut api);
            if let Some(staged) = staged {
                api.merge(staged);
            }
            (made, api.apply().map(|(_, pending)| pending))
        })?;
        self.negotiation.staged = staged;
        Some(made)
    }

    /// Lets str0m take a description.
    fn described<T>(&mut self, take: impl FnOnce(SdpApi<'_>) -> Result<T, str0m::RtcError>) -> Result<T, PeerError> {
        let mut refusal = None;
        let taken = self.guarded(|rtc| match take(rtc.sdp_api()) {
            Ok(taken) => Ok(Some(taken)),
            Err(error) => {
                refusal = Some(error.to_string());
                Ok(None)
            }
        });
        taken.flatten().ok_or_else(|| PeerError::Description(refusal.unwrap_or_else(|| "it cannot be used".to_owned())))
    }

    fn adopt(&mut self, credentials: Credentials) {
        let credentials = self.identity.adopt(credentials);
        self.with(|rtc| rtc.direct_api().set_local_ice_credentials(credentials));
        self.sources.clear();
        self.negotiation.trickled = 0;
    }

    /// Lets time act on what was changed, and takes what comes of it.
    fn settle(&mut self) {
        self.step();
        self.drain();
    }

    /// A description of str0m's, with our tracks and credentials.
    fn written(&self, sdp: &str, credentials: &Credentials) -> Result<Description, PeerError> {
        let mut description = Description::parse(sdp)?;
        description.set_credentials(credentials);
        description.strip_candidate_ufrags();
        for section in description.sections() {
            let sender = self.senders.iter().find(|sender| sender.mid == section.mid);
            match sender.and_then(|sender| sender.msid.as_ref()).filter(|_| section.sends) {
                Some(msid) => description.announce(section.mid, msid),
                None => description.announce_nothing(section.mid),
            }
        }
        for (mid, codec) in &self.negotiation.preferred {
            description.prefer(*mid, codec);
        }
        Ok(description)
    }
}

/// LiveKit's data channels, to be merged into an offer; in a section whose mid none of `taken` is. `None` when str0m has
/// nothing to offer for them.
fn open_channels(rtc: &mut Rtc, taken: &[Mid]) -> Option<SdpPendingOffer> {
    loop {
        let mut api = rtc.sdp_api();
        for channel in Channel::ALL {
            api.add_channel_with_config(config(channel));
        }
        let (offer, pending) = api.apply()?;
        if !taken.iter().any(|mid| has_application(&offer.to_sdp_string(), *mid)) {
            return Some(pending);
        }
    }
}

/// Whether a description has its data channels in this section.
fn has_application(sdp: &str, mid: Mid) -> bool {
    let section = sdp.split_once("m=application").map(|(_, section)| section);
    let named = section.and_then(|section| section.lines().find_map(|line| line.strip_prefix("a=mid:")));
    named.is_some_and(|named| named.trim_end() == &*mid)
}

fn config(channel: Channel) -> ChannelConfig {
    let (ordered, reliability) = match channel {
        Channel::Reliable => (true, Reliability::Reliable),
        Channel::Lossy | Channel::DataTrack => (false, Reliability::MaxRetransmits { retransmits: 0 }),
    };
    ChannelConfig { label: channel.label().to_owned(), ordered, reliability, ..ChannelConfig::default() }
}
