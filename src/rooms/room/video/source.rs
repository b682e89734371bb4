//! What comes in of a video track: one stream, one for each layer of simulcast, or one whose pictures have layers
//! (scalable video coding); which of them flow at present, and how much each is.

use std::time::{Duration, Instant};

use livekit_protocol::{self as proto, VideoQuality};

use super::QUALITIES;
use crate::rtc::peer::{Packet, Place, Rid, Section, Templates, Video};

/// A stream of which nothing has come for so long is not sent any more: a camera's slowest pictures are closer together,
/// a still screen's need not be.
const SILENCE: Duration = Duration::from_secs(2);
/// What a stream's rate is measured over.
const WINDOW: Duration = Duration::from_secs(1);
/// Between two requests for a key frame of one stream, at the least: one takes a while to come, and costs the publisher
/// much.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(500);
/// LiveKit's names of layers, from the smallest picture on.
const NAMES: [&str; 3] = ["q", "h", "f"];

/// See the module.
#[derive(Debug)]
pub(in crate::rooms::room) struct Source {
    /// From the smallest picture on; at least one. Of scalable video a layer is one.
    streams: Vec<Stream>,
    templates: Option<Templates>,
}

/// Where a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rooms::room) struct Origin {
    /// Which of the streams it is of.
    pub(in crate::rooms::room) stream: usize,
    /// Of scalable video, where each layer needs those below it.
    pub(in crate::rooms::room) place: Option<Place>,
}

#[derive(Debug)]
struct Stream {
    rid: Option<Rid>,
    quality: VideoQuality,
    /// When something came of it last.
    heard: Option<Instant>,
    /// When a key frame was asked for last.
    asked: Option<Instant>,
    rate: Rate,
}

/// How much comes, over windows of time.
#[derive(Debug, Default)]
struct Rate {
    window: Option<Instant>,
    bytes: u64,
    bits_per_second: u64,
}

/// A stream as those who choose among them see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rooms::room) struct View {
    pub(super) quality: VideoQuality,
    pub(super) flows: bool,
    pub(super) bits_per_second: u64,
    /// It is a layer on those before it.
    pub(super) is_layered: bool,
}

impl Source {
    /// What a section will bring.
    pub(in crate::rooms::room) fn new(section: &Section) -> Self {
        let mut named: Vec<(usize, Rid)> =
            section.rids.iter().enumerate().map(|(nth, rid)| (rank(rid).unwrap_or(nth), *rid)).collect();
        named.sort_by_key(|(rank, _)| *rank);
        let stream = |rid, quality| Stream { rid, quality, heard: None, asked: None, rate: Rate::default() };
        let quality = |rank: usize| QUALITIES.get(rank).copied().unwrap_or(VideoQuality::High);
        let mut streams: Vec<Stream> = named.into_iter().map(|(rank, rid)| stream(Some(rid), quality(rank))).collect();
        if streams.is_empty() {
            // It serves all, whatever its picture's size.
            streams.push(stream(None, VideoQuality::Low));
        }
        Self { streams, templates: None }
    }

    /// Takes note of a packet; where it comes from, and whether that flows only now. `None`: it is of no stream.
    pub(in crate::rooms::room) fn observe(
        &mut self,
        now: Instant,
        packet: &Packet,
        video: &Video,
    ) -> Option<(Origin, bool)> {
        // Streams of simulcast that have layers, too, are chosen as a whole.
        let place = video.place(&mut self.templates).filter(|_| video.rid.is_none());
        let nth = match place {
            Some(place) => self.layer(place)?,
            None => self.streams.iter().position(|stream| stream.rid == video.rid)?,
        };
        let stream = self.streams.get_mut(nth)?;
        let woke = !stream.flows(now);
        stream.heard = Some(now);
        stream.rate.add(now, packet.payload.len());
        Some((Origin { stream: nth, place }, woke))
    }

    /// A layer's number among the streams; a new layer becomes one.
    fn layer(&mut self, place: Place) -> Option<usize> {
        let nth = usize::from(place.spatial);
        let quality = *QUALITIES.get(nth)?;
        if nth == self.streams.len() {
            self.streams.push(Stream { rid: None, quality, heard: None, asked: None, rate: Rate::default() });
        }
        (nth < self.streams.len()).then_some(nth)
    }

    fn is_layered(&self) -> bool {
        self.streams.len() > 1 && self.streams.iter().all(|stream| stream.rid.is_none())
    }

    /// Whether a key frame of this stream may be asked for now, and by which name.
    pub(in crate::rooms::room) fn ask(&mut self, now: Instant, nth: usize) -> Option<Option<Rid>> {
        let stream = self.streams.get_mut(nth)?;
        if stream.asked.is_some_and(|asked| now.saturating_duration_since(asked) < BETWEEN_REQUESTS) {
            return None;
        }
        stream.asked = Some(now);
        Some(stream.rid)
    }

    pub(in crate::rooms::room) fn views(&self, now: Instant) -> Vec<View> {
        let (is_layered, mut below) = (self.is_layered(), 0);
        let view = |stream: &Stream| {
            let flows = stream.flows(now);
            let own = if flows { stream.rate.bits_per_second } else { 0 };
            let bits_per_second = if is_layered { own + below } else { own };
            below = bits_per_second;
            View { quality: stream.quality, flows, bits_per_second, is_layered }
        };
        self.streams.iter().map(view).collect()
    }
}

impl Stream {
    fn flows(&self, now: Instant) -> bool {
        self.heard.is_some_and(|heard| now.saturating_duration_since(heard) < SILENCE)
    }
}

impl Rate {
    fn add(&mut self, now: Instant, bytes: usize) {
        let since = *self.window.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed >= WINDOW {
            let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
            self.bits_per_second = self.bytes.saturating_mul(8 * 1000) / millis;
            (self.window, self.bytes) = (Some(now), 0);
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

/// A layer's place, by LiveKit's names.
fn rank(rid: &Rid) -> Option<usize> {
    NAMES.iter().position(|name| **rid == **name)
}

/// The smallest picture that is as large as somebody shows it, of what a publisher says it sends; the largest if none is,
/// or if nobody says anything of sizes (livekit-server's `GetVideoQualityForDimension`).
pub(in crate::rooms::room) fn quality_for(layers: &[proto::VideoLayer], width: u32, height: u32) -> VideoQuality {
    let short_side = |width: u32, height: u32| width.min(height);
    let wanted = short_side(width, height);
    let mut sized: Vec<(u32, VideoQuality)> = layers
        .iter()
        .filter(|layer| layer.quality() != VideoQuality::Off)
        .map(|layer| (short_side(layer.width, layer.height), layer.quality()))
        .filter(|(size, _)| *size > 0)
        .collect();
    sized.sort_unstable_by_key(|(size, _)| *size);
    let fits = sized.iter().find(|(size, _)| *size >= wanted).or(sized.last());
    fits.filter(|_| wanted > 0).map_or(VideoQuality::High, |(_, quality)| *quality)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtc::peer::{Kind, Mid};

    fn section(rids: &[&str]) -> Section {
        let rids = rids.iter().map(|rid| Rid::from(*rid)).collect();
        Section { mid: Mid::from("1"), kind: Kind::Video, sends: true, receives: false, msid: None, rids, codec: None }
    }

    #[test]
    fn orders_layers_by_size() {
        use VideoQuality::{High, Low, Medium};
        for (rids, expect) in [
            (&[][..], &[(None, Low)][..]),
            (&["f", "h", "q"], &[(Some("q"), Low), (Some("h"), Medium), (Some("f"), High)]),
            (&["q", "h"], &[(Some("q"), Low), (Some("h"), Medium)]),
            (&["a", "b"], &[(Some("a"), Low), (Some("b"), Medium)]),
        ] {
            let source = Source::new(&section(rids));
            let got: Vec<_> = source.streams.iter().map(|stream| (stream.rid, stream.quality)).collect();
            let expect: Vec<_> = expect.iter().map(|(rid, quality)| (rid.map(Rid::from), *quality)).collect();
            assert_eq!(got, expect, "{rids:?}");
        }
    }

    #[test]
    fn asks_for_a_key_frame_now_and_then() {
        let now = Instant::now();
        let mut source = Source::new(&section(&["q", "h"]));
        assert_eq!(source.ask(now, 1), Some(Some(Rid::from("h"))));
        assert_eq!(source.ask(now + Duration::from_millis(499), 1), None);
        assert_eq!(source.ask(now, 0), Some(Some(Rid::from("q"))));
        assert_eq!(source.ask(now + Duration::from_millis(500), 1), Some(Some(Rid::from("h"))));
        assert_eq!(source.ask(now, 2), None);
    }

    #[test]
    fn measures_what_comes() {
        let begin = Instant::now();
        let mut rate = Rate::default();
        for ms in (0..=2000).step_by(10) {
            rate.add(begin + Duration::from_millis(ms), 125);
        }
        assert_eq!(rate.bits_per_second, 100_000);
    }

    #[test]
    fn finds_the_smallest_picture_that_is_large_enough() {
        use VideoQuality::{High, Low, Medium};
        let layer = |quality: VideoQuality, width, height| proto::VideoLayer {
            quality: quality.into(),
            width,
            height,
            ..Default::default()
        };
        let layers = [layer(High, 1280, 720), layer(Low, 320, 180), layer(Medium, 640, 360)];
        for (width, height, expect) in
            [(100, 100, Low), (320, 180, Low), (180, 320, Low), (641, 361, High), (4000, 3000, High), (0, 0, High)]
        {
            assert_eq!(quality_for(&layers, width, height), expect, "{width}x{height}");
        }
        assert_eq!(quality_for(&[], 10, 10), High);
    }
}
