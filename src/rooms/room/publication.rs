//! Tracks that participants publish: announced by the client, published when its offer has a section for them.

use std::time::{Duration, Instant};

use livekit_protocol::{
    self as proto, TrackSource, TrackType, VideoQuality,
    request_response::{Reason, Request},
    signal_response::Message,
};

use super::{Key, Room, TrackId, client::Client, level::Level, participant::may_publish, video::VideoTrack};
use crate::{
    rooms::{ids::track_sid, settings::Limits},
    rtc::peer::{Kind, Mid, Section},
};

/// Announced and never published: forgotten, so that another can be announced.
const PENDING: Duration = Duration::from_secs(30);
/// What it costs to negotiate a track with one receiver: a description there and back, in bytes.
pub(super) const NEGOTIATION: usize = 8 * 1024;
const OPUS: &str = "audio/opus";
const RED: &str = "audio/red";
/// Passed through as they come.
const PICTURES: [&str; 4] = ["video/VP8", "video/H264", "video/VP9", "video/AV1"];
/// Of simulcast, in one track.
const MOST_LAYERS: usize = 3;
/// Of a layer's name, in bytes.
const LONGEST_RID: usize = 24;
/// A track has its codec, and one for those who do not know that.
const MOST_CODECS: usize = 2;
/// Of a client's id for a track, when it is repeated to it, in characters.
const LONGEST_CID: usize = 64;
/// LiveKit groups a person's camera and microphone, and their screen and its sound.
const PERSON_STREAM: &str = "camera";
const SCREEN_STREAM: &str = "screen_share";

/// A published track.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) id: TrackId,
    /// How clients see it.
    pub(super) info: proto::TrackInfo,
    /// The section that it comes in; an agent's comes in none.
    pub(super) mid: Option<Mid>,
    pub(super) level: Level,
    /// Where it is video.
    pub(super) video: Option<VideoTrack>,
    /// Whether its publisher knows that somebody receives it.
    pub(super) noticed: bool,
}

/// Announced, and not in an offer yet.
#[derive(Debug)]
pub(super) struct Pending {
    cid: String,
    info: proto::TrackInfo,
    /// The client has said which codec it will send.
    has_chosen: bool,
    since: Instant,
}

impl Client {
    /// Tracks that it has announced and not published yet.
    pub(super) fn announced(&self) -> impl Iterator<Item = &proto::TrackInfo> {
        self.pending.iter().map(|pending| &pending.info)
    }

    /// Forgets the others of those.
    pub(super) fn retain_announced(&mut self, stays: impl Fn(&proto::TrackInfo) -> bool) {
        self.pending.retain(|pending| stays(&pending.info));
    }
}

impl Pending {
    fn kind(&self) -> Kind {
        if self.info.r#type() == TrackType::Video { Kind::Video } else { Kind::Audio }
    }

    /// What a client that has not said so would rather send.
    fn choose_codec(&mut self, section: &Section) {
        let offered = section.codec.as_deref().and_then(picture_codec);
        if let Some(mime) = offered.filter(|_| self.kind() == Kind::Video && !self.has_chosen) {
            mime.clone_into(&mut self.info.mime_type);
        }
    }

    /// What its section shall bring, where that can be chosen.
    fn preferred_codec(&self) -> Option<&str> {
        match self.kind() {
            Kind::Video => Some(bare(&self.info.mime_type)),
            Kind::Audio if self.info.disable_red => None,
            Kind::Audio => Some("red"),
        }
    }
}

impl Publication {
    /// The sizes of its pictures, as its publisher says.
    #[expect(deprecated, reason = "the layers of each codec, where there is one")]
    pub(super) fn layers(&self) -> &[proto::VideoLayer] {
        &self.info.layers
    }

    /// The one track of an agent in this process.
    pub(super) fn of_agent(id: TrackId) -> Self {
        let info = proto::TrackInfo {
            sid: track_sid(TrackType::Audio, TrackSource::Microphone),
            name: "agent".to_owned(),
            source: TrackSource::Microphone.into(),
            mime_type: OPUS.to_owned(),
            disable_red: true,
            stream: PERSON_STREAM.to_owned(),
            ..Default::default()
        };
        Self { id, info, mid: None, level: Level::default(), video: None, noticed: false }
    }
}

/// What may be published.
pub(super) fn codecs() -> Vec<proto::Codec> {
    let all = [OPUS, RED].into_iter().chain(PICTURES);
    all.map(|mime| proto::Codec { mime: mime.to_owned(), ..Default::default() }).collect()
}

impl Room {
    /// The client wants to publish a track, and says how its offer will name it.
    pub(super) fn handle_add_track(&mut self, now: Instant, key: Key, request: proto::AddTrackRequest) {
        let limits = self.settings.limits;
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let published = participant.publications.len();
        let is_allowed = may_publish(&participant.grants, request.source);
        let Some(client) = participant.client_mut() else { return };
        client.pending.retain(|pending| now.saturating_duration_since(pending.since) < PENDING);
        let is_full =
            client.pending.len() >= limits.pending_tracks || client.pending.len() + published >= limits.tracks;
        let is_too_much = is_full || !client.caused.is_open(now);
        if let Err((reason, message)) = check(&request, &limits, is_allowed, is_too_much) {
            self.refuse(key, 0, (reason, message), Request::AddTrack(short(request)));
            return;
        }
        let info = track_info(&request);
        let has_chosen = !request.simulcast_codecs.is_empty();
        client.pending.push(Pending { cid: request.cid.clone(), info: info.clone(), has_chosen, since: now });
        let sections = client.publisher.peer.sections();
        let is_offered = sections.iter().any(|section| section.sends && cid(section) == Some(&request.cid));
        let offered = is_offered.then(|| sections.to_vec());
        let response = proto::TrackPublishedResponse { cid: request.cid, track: Some(info) };
        self.send(key, Message::TrackPublished(response));
        // Its section may have been offered before it was announced. One that does not name it may be that of a track which the
        // client has not taken out of its offer yet.
        if let Some(sections) = offered {
            self.match_sections(now, key, &sections);
        }
    }

    /// Publishes and unpublishes what the sections of the client's offer say.
    pub(super) fn match_sections(&mut self, now: Instant, key: Key, sections: &[Section]) {
        let before = self.tracks_of(key);
        let gone = self.unpublished(key, sections);
        let published = self.newly_published(key, sections);
        if gone.is_empty() && published.is_empty() {
            return;
        }
        let changes = self.participants.len().saturating_mul(gone.len() + published.len());
        if let Some(client) = self.client_mut(key) {
            client.caused.charge(now, changes.saturating_mul(NEGOTIATION));
        }
        self.drop_tracks(now, &gone);
        self.note_count(now);
        self.announce(now, key);
        self.tell_tracks(key, &before);
        for track in published {
            self.offer_to_all(now, key, track);
        }
    }

    /// Takes out tracks whose section does not send any more, or sends another one.
    fn unpublished(&mut self, key: Key, sections: &[Section]) -> Vec<TrackId> {
        let Some(participant) = self.participants.get_mut(&key) else { return Vec::new() };
        let pending: Vec<String> = participant
            .client()
            .map(|client| client.pending.iter().map(|pending| pending.cid.clone()).collect())
            .unwrap_or_default();
        let goes_on = |publication: &Publication| {
            let mid = publication.mid;
            let section = sections.iter().find(|section| Some(section.mid) == mid && section.sends);
            section.is_some_and(|section| !cid(section).is_some_and(|cid| pending.iter().any(|one| one == cid)))
        };
        let gone = participant.publications.iter().filter(|publication| !goes_on(publication));
        let gone: Vec<TrackId> = gone.map(|publication| publication.id).collect();
        participant.publications.retain(|publication| !gone.contains(&publication.id));
        gone
    }

    fn newly_published(&mut self, key: Key, sections: &[Section]) -> Vec<TrackId> {
        let mut published = Vec::new();
        for section in sections.iter().filter(|section| section.sends) {
            let id = self.new_track();
            let Some(participant) = self.participants.get_mut(&key) else { return published };
            if participant.publications.iter().any(|publication| publication.mid == Some(section.mid)) {
                continue;
            }
            let Some(client) = participant.client_mut() else { return published };
            let Some(mut pending) = take_pending(&mut client.pending, section, sections) else { continue };
            pending.choose_codec(section);
            if let Some(codec) = pending.preferred_codec() {
                client.publisher.peer.prefer(section.mid, codec);
            }
            let video = (section.kind == Kind::Video).then(|| VideoTrack::new(section));
            let info = proto::TrackInfo { mid: section.mid.to_string(), ..pending.info };
            let mid = Some(section.mid);
            participant.publications.push(Publication {
                id,
                info,
                mid,
                level: Level::default(),
                video,
                noticed: false,
            });
            published.push(id);
        }
        published
    }

    /// The client mutes one of its tracks, or unmutes it.
    pub(super) fn handle_mute(&mut self, now: Instant, key: Key, request: proto::MuteTrackRequest) {
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let pending = participant.client_mut().into_iter().flat_map(|client| &mut client.pending);
        if let Some(pending) = pending.into_iter().find(|pending| pending.info.sid == request.sid) {
            pending.info.muted = request.muted;
            return;
        }
        let publication = participant.publications.iter_mut().find(|publication| publication.info.sid == request.sid);
        let Some(publication) = publication else {
            let request = proto::MuteTrackRequest { sid: String::new(), ..request };
            return self.refuse(key, 0, (Reason::NotFound, "no such track"), Request::Mute(request));
        };
        if publication.info.muted == request.muted {
            return;
        }
        publication.info.muted = request.muted;
        publication.level.silence();
        let track = publication.id;
        self.interrupt(track);
        self.look_at_video(now);
        self.announce(now, key);
    }

    /// The client says how large its pictures are now.
    pub(super) fn handle_video_size(&mut self, now: Instant, key: Key, request: &proto::UpdateLocalVideoTrack) {
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let mut publications = participant.publications.iter_mut().filter(|publication| publication.video.is_some());
        if let Some(publication) = publications.find(|publication| publication.info.sid == request.track_sid)
            && (publication.info.width, publication.info.height) != (request.width, request.height)
        {
            (publication.info.width, publication.info.height) = (request.width, request.height);
            self.announce(now, key);
        }
    }

    /// The client says what its microphone does to the sound.
    pub(super) fn handle_audio_features(&mut self, now: Instant, key: Key, request: &proto::UpdateLocalAudioTrack) {
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let mut publications = participant.publications.iter_mut();
        let features = features(&request.features);
        if let Some(publication) = publications.find(|publication| publication.info.sid == request.track_sid)
            && publication.info.audio_features != features
        {
            publication.info.audio_features = features;
            self.announce(now, key);
        }
    }
}

fn check(
    request: &proto::AddTrackRequest,
    limits: &Limits,
    is_allowed: bool,
    is_full: bool,
) -> Result<(), (Reason, &'static str)> {
    let too_long = [&request.cid, &request.name, &request.stream].into_iter().any(|text| text.len() > limits.name);
    match request.r#type() {
        _ if !is_allowed => Err((Reason::NotAllowed, "not allowed to publish this source")),
        // Data tracks have a request of their own.
        TrackType::Data => Err((Reason::UnsupportedType, "only audio and video are supported")),
        TrackType::Audio | TrackType::Video if is_full => Err((Reason::LimitExceeded, "too many tracks")),
        TrackType::Audio | TrackType::Video if too_long => Err((Reason::LimitExceeded, "a name is too long")),
        TrackType::Audio | TrackType::Video => Ok(()),
    }
}

/// What a client needs to recognise its request, and no more.
fn short(request: proto::AddTrackRequest) -> proto::AddTrackRequest {
    proto::AddTrackRequest {
        cid: request.cid.chars().take(LONGEST_CID).collect(),
        r#type: request.r#type,
        source: request.source,
        ..Default::default()
    }
}

/// What others are told: of enumerations only numbers that somebody knows, for the rest cannot be written as JSON.
#[expect(deprecated, reason = "clients older than audio features look at the flags")]
fn track_info(request: &proto::AddTrackRequest) -> proto::TrackInfo {
    let is_screen = [TrackSource::ScreenShare, TrackSource::ScreenShareAudio].contains(&request.source());
    let usual_stream = if is_screen { SCREEN_STREAM } else { PERSON_STREAM };
    let stream = if request.stream.is_empty() { usual_stream } else { &request.stream };
    let is_video = request.r#type() == TrackType::Video;
    let layers = layers(request);
    proto::TrackInfo {
        sid: track_sid(request.r#type(), request.source()),
        r#type: request.r#type().into(),
        name: request.name.clone(),
        muted: request.muted,
        source: request.source().into(),
        mime_type: mime_type(request).to_owned(),
        width: request.width,
        height: request.height,
        simulcast: layers.len() > 1,
        codecs: codecs_of(request, &layers),
        layers,
        backup_codec_policy: request.backup_codec_policy().into(),
        disable_red: request.disable_red || is_video,
        disable_dtx: request.disable_dtx,
        stereo: request.stereo,
        encryption: request.encryption().into(),
        stream: stream.to_owned(),
        audio_features: features(&request.audio_features),
        ..Default::default()
    }
}

/// What the client says of the pictures' sizes, the first codec's.
fn layers(request: &proto::AddTrackRequest) -> Vec<proto::VideoLayer> {
    let of_codec = request.simulcast_codecs.first().map(|codec| &codec.layers).filter(|layers| !layers.is_empty());
    let layers = of_codec.unwrap_or(&request.layers).iter().take(MOST_LAYERS);
    let is_known = |layer: &&proto::VideoLayer| VideoQuality::try_from(layer.quality).is_ok();
    let layers = layers.filter(is_known);
    let named = |layer: &&proto::VideoLayer| layer.rid.len() <= LONGEST_RID;
    layers.filter(named).filter(|_| request.r#type() == TrackType::Video).cloned().collect()
}

fn mime_type(request: &proto::AddTrackRequest) -> &'static str {
    let wanted = request.simulcast_codecs.first().map(|codec| codec.codec.as_str()).unwrap_or_default();
    match request.r#type() {
        TrackType::Video => picture_codec(wanted).unwrap_or(PICTURES[0]),
        TrackType::Audio | TrackType::Data => OPUS,
    }
}

/// A codec that is known, by its name.
fn picture_codec(name: &str) -> Option<&'static str> {
    let is_it = |mime: &&str| mime.split_once('/').is_some_and(|(_, known)| known.eq_ignore_ascii_case(bare(name)));
    PICTURES.into_iter().find(is_it)
}

/// A codec's name without its kind of media, which some clients put before it.
pub(super) fn bare(codec: &str) -> &str {
    codec.rsplit('/').next().unwrap_or(codec)
}

fn codecs_of(request: &proto::AddTrackRequest, layers: &[proto::VideoLayer]) -> Vec<proto::SimulcastCodecInfo> {
    let known = request.simulcast_codecs.iter().filter_map(|codec| Some((picture_codec(&codec.codec)?, codec)));
    let codecs = known.take(MOST_CODECS).enumerate();
    let info = |(nth, (mime, codec)): (usize, (&str, &proto::SimulcastCodec))| proto::SimulcastCodecInfo {
        mime_type: mime.to_owned(),
        cid: codec.cid.chars().take(LONGEST_CID).collect(),
        layers: if nth == 0 { layers.to_vec() } else { Vec::new() },
        video_layer_mode: codec.video_layer_mode,
        ..Default::default()
    };
    codecs.filter(|_| request.r#type() == TrackType::Video).map(info).collect()
}

/// Those that exist, each once.
fn features(numbers: &[i32]) -> Vec<i32> {
    let mut known: Vec<i32> =
        numbers.iter().copied().filter(|number| proto::AudioTrackFeature::try_from(*number).is_ok()).collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// The client's id for the track that a section announces.
fn cid(section: &Section) -> Option<&str> {
    section.msid.as_ref().map(|msid| msid.track.as_str())
}

/// The announced track that a section is for: the one that it names, else (some browsers make the name up) the first that no
/// section names.
fn take_pending(pending: &mut Vec<Pending>, section: &Section, sections: &[Section]) -> Option<Pending> {
    let fits = |pending: &Pending| pending.kind() == section.kind;
    let is_named = |pending: &Pending| sections.iter().any(|section| cid(section) == Some(&pending.cid));
    let named = pending.iter().position(|pending| fits(pending) && cid(section) == Some(&pending.cid));
    let nth = named.or_else(|| pending.iter().position(|pending| fits(pending) && !is_named(pending)))?;
    Some(pending.remove(nth))
}
