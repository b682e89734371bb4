//! Session descriptions as lines, for what str0m leaves to its user: which sections are ours to send in and whose track
//! each carries, which ICE credentials are told, and how much a description may hold.
//!
//! Nothing here understands codecs or transports: str0m reads and writes those.

use std::fmt;

use str0m::Candidate;

use super::{Kind, Mid, Msid, PeerError, Rid, Section};

const MOST_BYTES: usize = 256 * 1024;
/// A room's worth of tracks; each costs memory and a line in every later description.
pub(super) const MOST_SECTIONS: usize = 128;
const MOST_CANDIDATES: usize = 32;
const MID_EXTENSION: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// Of simulcast, in one section.
const MOST_LAYERS: usize = 8;

/// Who sends in a section, from the view of whoever wrote the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Both,
    Sends,
    Receives,
    Neither,
}

impl Direction {
    pub(super) fn sends(self) -> bool {
        matches!(self, Self::Both | Self::Sends)
    }

    pub(super) fn receives(self) -> bool {
        matches!(self, Self::Both | Self::Receives)
    }

    /// The same without receiving.
    fn deaf(self) -> Self {
        if self.sends() { Self::Sends } else { Self::Neither }
    }

    fn attribute(self) -> &'static str {
        match self {
            Self::Both => "a=sendrecv",
            Self::Sends => "a=sendonly",
            Self::Receives => "a=recvonly",
            Self::Neither => "a=inactive",
        }
    }

    fn parse(line: &str) -> Option<Self> {
        [Self::Both, Self::Sends, Self::Receives, Self::Neither].into_iter().find(|known| known.attribute() == line)
    }
}

/// `a=ice-ufrag` and `a=ice-pwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) ufrag: String,
    pub(super) password: String,
}

/// A description, line by line; `Display` writes it.
#[derive(Clone, Debug)]
pub(super) struct Description {
    session: Vec<String>,
    media: Vec<Media>,
}

/// One section, from its `m=` line on.
#[derive(Clone, Debug)]
struct Media {
    lines: Vec<String>,
}

impl Description {
    /// Reads what came from outside.
    ///
    /// # Errors
    /// When it is too long or has too many sections. What its lines mean is not looked at.
    pub(super) fn parse(text: &str) -> Result<Self, PeerError> {
        if text.len() > MOST_BYTES {
            return Err(PeerError::Description(format!("it is longer than {MOST_BYTES} bytes")));
        }
        if text.lines().filter(|line| line.starts_with("m=")).count() > MOST_SECTIONS {
            return Err(PeerError::Description(format!("it has more than {MOST_SECTIONS} sections")));
        }
        let mut description = Self { session: Vec::new(), media: Vec::new() };
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.starts_with("m=") {
                description.media.push(Media { lines: Vec::new() });
            }
            let lines = description.media.last_mut().map_or(&mut description.session, |media| &mut media.lines);
            lines.push(line.to_owned());
        }
        Ok(description)
    }

    /// The audio and video sections.
    pub(super) fn sections(&self) -> Vec<Section> {
        self.media.iter().filter_map(Media::section).collect()
    }

    /// The number of the header extension for sections' names, the same in all of a bundle (RFC 9143, 15).
    pub(super) fn mid_extension(&self) -> Option<u8> {
        let lines = self.media.iter().flat_map(|media| &media.lines).chain(&self.session);
        let named = |line: &String| {
            let (number, name) = line.strip_prefix("a=extmap:")?.split_once(' ')?;
            // 1/sendonly urn:…
            let number = number.split('/').next()?;
            (name.split(' ').next() == Some(MID_EXTENSION)).then(|| number.parse().ok())?
        };
        lines.into_iter().find_map(named)
    }

    /// How many sections there are, data channels' too.
    pub(super) fn size(&self) -> usize {
        self.media.len()
    }

    /// The credentials that the whole bundle uses.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        let lines = || self.media.iter().flat_map(|media| &media.lines).chain(&self.session);
        let value = |name: &str| lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Some(Credentials { ufrag: value("a=ice-ufrag:")?, password: value("a=ice-pwd:")? })
    }

    pub(super) fn set_credentials(&mut self, credentials: &Credentials) {
        for line in self.media.iter_mut().flat_map(|media| &mut media.lines).chain(&mut self.session) {
            if line.starts_with("a=ice-ufrag:") {
                *line = format!("a=ice-ufrag:{}", credentials.ufrag);
            } else if line.starts_with("a=ice-pwd:") {
                *line = format!("a=ice-pwd:{}", credentials.password);
            }
        }
    }

    /// Drops candidates that cannot be used, and those that are too many.
    pub(super) fn prune_candidates(&mut self) {
        let mut left = MOST_CANDIDATES;
        let mut keep = |line: &String| {
            let Some(candidate) = line.strip_prefix("a=candidate:") else { return true };
            let usable = left > 0 && parse_candidate(&format!("candidate:{candidate}")).is_some();
            left -= usize::from(usable);
            usable
        };
        self.session.retain(&mut keep);
        for media in &mut self.media {
            media.lines.retain(&mut keep);
        }
    }

    /// Takes the fragment out of candidates: it repeats the credentials, and goes stale with them.
    pub(super) fn strip_candidate_ufrags(&mut self) {
        for line in self.media.iter_mut().flat_map(|media| &mut media.lines) {
            if let Some(at) = line.find(" ufrag ").filter(|_| line.starts_with("a=candidate:")) {
                line.truncate(at);
            }
        }
    }

    /// The other side's wish to receive in a section is left unfulfilled.
    pub(super) fn refuse_to_send(&mut self, mid: Mid) {
        for media in self.named(mid) {
            media.set_direction(media.direction().deaf());
        }
    }

    /// Says whose track a section carries.
    pub(super) fn announce(&mut self, mid: Mid, msid: &Msid) {
        for media in self.named(mid) {
            for line in &mut media.lines {
                if line.starts_with("a=msid:") {
                    *line = format!("a=msid:{} {}", msid.stream, msid.track);
                } else if let Some(at) = line.find(" msid:").filter(|_| line.starts_with("a=ssrc:")) {
                    line.truncate(at);
                    line.push_str(&format!(" msid:{} {}", msid.stream, msid.track));
                }
            }
        }
    }

    /// Says nothing of a track in a section where none is sent.
    pub(super) fn announce_nothing(&mut self, mid: Mid) {
        for media in self.named(mid) {
            media.lines.retain(|line| !line.starts_with("a=msid:") && !line.starts_with("a=ssrc"));
        }
    }

    /// Puts a codec (`red`, `vp8`; in any case) before others: the other side sends the first one of our answer.
    pub(super) fn prefer(&mut self, mid: Mid, codec: &str) {
        for media in self.named(mid) {
            media.put_first(codec);
        }
    }

    fn named(&mut self, mid: Mid) -> impl Iterator<Item = &mut Media> {
        self.media.iter_mut().filter(move |media| media.mid() == Some(mid))
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.session.iter().chain(self.media.iter().flat_map(|media| &media.lines));
        lines.into_iter().try_for_each(|line| write!(f, "{line}\r\n"))
    }
}

impl Media {
    fn value<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.lines.iter().find_map(|line| line.strip_prefix(name))
    }

    fn mid(&self) -> Option<Mid> {
        self.value("a=mid:").map(Mid::from)
    }

    /// `sendrecv` when nothing is said (RFC 8866, 6.7).
    fn direction(&self) -> Direction {
        self.lines.iter().find_map(|line| Direction::parse(line)).unwrap_or(Direction::Both)
    }

    fn set_direction(&mut self, direction: Direction) {
        self.lines.retain(|line| Direction::parse(line).is_none());
        self.lines.push(direction.attribute().to_owned());
    }

    fn kind(&self) -> Option<Kind> {
        let line = self.lines.first()?;
        match line.strip_prefix("m=")?.split(' ').next()? {
            "audio" => Some(Kind::Audio),
            "video" => Some(Kind::Video),
            _ => None,
        }
    }

    fn section(&self) -> Option<Section> {
        let direction = self.direction();
        let msid = self.value("a=msid:").and_then(|value| value.split_once(' '));
        Some(Section {
            mid: self.mid()?,
            kind: self.kind()?,
            sends: direction.sends(),
            receives: direction.receives(),
            msid: msid.map(|(stream, track)| Msid { stream: stream.to_owned(), track: track.to_owned() }),
            rids: self.rids(),
            codec: self.first_codec(),
        })
    }

    fn first_codec(&self) -> Option<String> {
        let number = self.lines.first()?.split(' ').nth(3)?;
        let named = |line: &String| {
            let (known, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            (known == number).then(|| name.split('/').next().unwrap_or_default().to_owned())
        };
        self.lines.iter().find_map(named)
    }

    /// `a=simulcast:send q;h,~f`: layers, each with alternatives, of which the first counts; some are paused.
    fn rids(&self) -> Vec<Rid> {
        let line = self.value("a=simulcast:").unwrap_or_default();
        let mut words = line.split(' ').skip_while(|word| *word != "send");
        let layers = words.nth(1).unwrap_or_default().split(';').take(MOST_LAYERS);
        let first = |layer: &str| layer.split(',').next().unwrap_or_default().trim_start_matches('~').to_owned();
        layers.map(first).filter(|rid| !rid.is_empty()).map(|rid| Rid::from(&*rid)).collect()
    }

    fn put_first(&mut self, codec: &str) {
        // a=rtpmap:111 opus/48000/2
        let number = |line: &String| {
            let (number, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            name.split('/').next().filter(|name| name.eq_ignore_ascii_case(codec)).map(|_| number.to_owned())
        };
        let wanted: Vec<String> = self.lines.iter().filter_map(number).collect();
        let Some(line) = self.lines.first_mut() else { return };
        // m=audio 9 UDP/TLS/RTP/SAVPF 111 63
        let mut words: Vec<&str> = line.split(' ').collect();
        let Some(numbers) = words.get_mut(3..) else { return };
        numbers.sort_by_key(|number| !wanted.iter().any(|wanted| wanted == number));
        *line = words.join(" ");
    }
}

/// A candidate of the other side (`candidate:…`, with or without `a=`), when it can be used: with an address, not a
/// `.local` name.
pub(super) fn parse_candidate(line: &str) -> Option<Candidate> {
    let line = line.trim();
    Candidate::from_sdp_string(line.strip_prefix("a=").unwrap_or(line)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHROME: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\n\
        a=candidate:1 1 udp 2122260223 192.0.2.1 50028 typ host generation 0 ufrag abcd\r\n\
        a=candidate:2 1 udp 2122260223 5f2c.local 50028 typ host\r\n\
        a=sendonly\r\na=msid:stream track\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n\
        a=ssrc:7 cname:c\r\na=ssrc:7 msid:stream track\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendrecv\r\na=simulcast:send q;~h,x recv z\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\na=recvonly\r\na=rtpmap:111 opus/48000/2\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n";

    fn edited(edit: impl FnOnce(&mut Description)) -> String {
        let mut description = Description::parse(CHROME).unwrap();
        edit(&mut description);
        description.to_string()
    }

    #[test]
    fn is_written_as_it_was_read() {
        assert_eq!(edited(|_| ()), CHROME);
    }

    #[test]
    fn lists_the_media_sections() {
        let section = |mid, kind, sends, receives, msid| {
            let rids = if kind == Kind::Video { vec![Rid::from("q"), Rid::from("h")] } else { Vec::new() };
            let codec = (kind == Kind::Audio).then(|| "opus".to_owned());
            Section { mid: Mid::from(mid), kind, sends, receives, msid, rids, codec }
        };
        let msid = Msid { stream: "stream".to_owned(), track: "track".to_owned() };
        assert_eq!(
            Description::parse(CHROME).unwrap().sections(),
            [
                section("0", Kind::Audio, true, false, Some(msid)),
                section("1", Kind::Video, true, true, None),
                section("2", Kind::Audio, false, true, None),
            ]
        );
    }

    #[test]
    fn finds_the_number_of_sections_names() {
        let number = |line: &str| Description::parse(&format!("{CHROME}{line}\r\n")).unwrap().mid_extension();
        assert_eq!(number("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"), Some(4));
        assert_eq!(number("a=extmap:9/sendonly urn:ietf:params:rtp-hdrext:sdes:mid x=y"), Some(9));
        assert_eq!(number("a=extmap:4 urn:ietf:params:rtp-hdrext:ssrc-audio-level"), None);
        assert_eq!(number("a=extmap:400 urn:ietf:params:rtp-hdrext:sdes:mid"), None);
    }

    #[test]
    fn refuses_to_send_and_leaves_the_rest() {
        let text = edited(|description| {
            description.refuse_to_send(Mid::from("1"));
            description.refuse_to_send(Mid::from("2"));
        });
        let sections = Description::parse(&text).unwrap().sections();
        let directions: Vec<_> = sections.iter().map(|section| (section.sends, section.receives)).collect();
        assert_eq!(directions, [(true, false), (true, false), (false, false)]);
    }

    #[test]
    fn names_the_track_everywhere_or_nowhere() {
        let msid = Msid { stream: "PA_1|TR_2".to_owned(), track: "TR_2".to_owned() };
        let text = edited(|description| description.announce(Mid::from("0"), &msid));
        assert!(text.contains("\r\na=msid:PA_1|TR_2 TR_2\r\n") && text.contains("a=ssrc:7 msid:PA_1|TR_2 TR_2\r\n"));
        assert!(!text.contains("stream track"));
        let text = edited(|description| description.announce_nothing(Mid::from("0")));
        assert!(!text.contains("msid") && !text.contains("ssrc"));
    }

    #[test]
    fn puts_a_codec_first_where_it_is_known() {
        let text = edited(|description| (0..4).for_each(|mid| description.prefer(Mid::from(&*mid.to_string()), "RED")));
        assert!(text.contains("m=audio 9 UDP/TLS/RTP/SAVPF 63 111 9\r\n"));
        assert!(text.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
    }

    #[test]
    fn changes_credentials_and_drops_stale_or_useless_candidates() {
        let mine = Credentials { ufrag: "mine+1".to_owned(), password: "new".to_owned() };
        let text = edited(|description| {
            description.set_credentials(&mine);
            description.strip_candidate_ufrags();
            description.prune_candidates();
        });
        assert_eq!(Description::parse(&text).unwrap().credentials(), Some(mine));
        assert!(text.contains("192.0.2.1 50028 typ host generation 0\r\n"));
        assert!(!text.contains("abcd") && !text.contains(".local"));
    }

    #[test]
    fn refuses_what_is_too_large() {
        let refused = |text: &str| Description::parse(text).unwrap_err().to_string();
        assert_eq!(
            refused(&"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(1000)),
            "the session description is refused: it has more than 128 sections"
        );
        assert!(refused(&"a=x\r\n".repeat(100_000)).contains("longer than"));
    }

    proptest! {
        #[test]
        fn survives_garbage(text in "(m=audio|a=mid:|a=msid:|a=simulcast:send |a=ssrc:1 msid:|a=rtpmap:63 red/|a=candidate:| ufrag |[ -~]|\r\n){0,40}") {
            let mut description = Description::parse(&text).unwrap();
            let _ = (description.sections(), description.credentials());
            description.prune_candidates();
            description.strip_candidate_ufrags();
            let msid = Msid { stream: "s".to_owned(), track: "t".to_owned() };
            for section in description.sections() {
                description.prefer(section.mid, "red");
                description.announce(section.mid, &msid);
                description.refuse_to_send(section.mid);
                description.announce_nothing(section.mid);
            }
        }
    }
}
