//! Dynacast: a publisher is told which qualities somebody looks at, and need not send others.

use std::time::{Duration, Instant};

use livekit_protocol::{self as proto, VideoQuality, signal_response::Message};

use super::{
    super::{
        Key, Room, TrackId,
        publication::{Publication, bare},
    },
    QUALITIES,
};

/// What nobody wants any more is still sent for so long: who changes a layout back and forth must not wait for a picture.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a publisher has been told of one track, and since when less is wanted.
#[derive(Debug, Default)]
pub(in crate::rooms::room) struct Dynacast {
    /// The best quality that somebody wants; `Some(None)`: nobody wants any. `None`: it has not been told yet.
    told: Option<Option<VideoQuality>>,
    less_since: Option<Instant>,
}

impl Dynacast {
    /// Somebody wants this at the best, or nobody wants any; whether that is to be told now.
    fn update(&mut self, now: Instant, wanted: Option<VideoQuality>) -> bool {
        let told = self.told.unwrap_or(Some(VideoQuality::High));
        // Nobody is less than anybody.
        if wanted >= told {
            self.less_since = None;
            let is_news = self.told != Some(wanted);
            self.told = Some(wanted);
            return is_news;
        }
        let since = *self.less_since.get_or_insert(now);
        if now.saturating_duration_since(since) < PATIENCE {
            return false;
        }
        self.less_since = None;
        self.told = Some(wanted);
        true
    }
}

impl Room {
    pub(super) fn tell_wanted(&mut self, now: Instant, publisher: Key, track: TrackId, wanted: Option<VideoQuality>) {
        let participant = self.participants.get_mut(&publisher);
        let Some(publication) = participant.and_then(|participant| participant.publication_mut(track)) else { return };
        let Some(video) = &mut publication.video else { return };
        if video.dynacast.update(now, wanted)
            && let Some(update) = told(publication)
        {
            self.send(publisher, Message::SubscribedQualityUpdate(update));
        }
    }

    /// To a publisher who may have missed it.
    pub(in crate::rooms::room) fn tell_wanted_again(&mut self, publisher: Key) {
        let Some(participant) = self.participants.get(&publisher) else { return };
        let updates: Vec<_> = participant.publications.iter().filter_map(told).collect();
        for update in updates {
            self.send(publisher, Message::SubscribedQualityUpdate(update));
        }
    }
}

/// What the publisher of a track was told last, if it was told anything.
#[expect(deprecated, reason = "clients older than several codecs look at the qualities alone")]
fn told(publication: &Publication) -> Option<proto::SubscribedQualityUpdate> {
    let wanted = publication.video.as_ref()?.dynacast.told?;
    let quality = |quality: VideoQuality| proto::SubscribedQuality {
        quality: quality.into(),
        enabled: wanted.is_some_and(|best| quality <= best),
    };
    let qualities: Vec<_> = QUALITIES.into_iter().map(quality).collect();
    let codec = bare(&publication.info.mime_type).to_ascii_lowercase();
    Some(proto::SubscribedQualityUpdate {
        track_sid: publication.info.sid.clone(),
        subscribed_qualities: qualities.clone(),
        subscribed_codecs: vec![proto::SubscribedCodec { codec, qualities }],
    })
}

#[cfg(test)]
mod tests {
    use VideoQuality::{High, Low};

    use super::*;

    #[test]
    fn tells_of_more_at_once_and_of_less_later() {
        let begin = Instant::now();
        let mut dynacast = Dynacast::default();
        let mut at = |seconds: f64, wanted| dynacast.update(begin + Duration::from_secs_f64(seconds), wanted);
        // Nobody looks yet, then everybody.
        assert!(!at(0.0, None));
        assert!(at(1.0, Some(High)));
        assert!(!at(2.0, Some(High)));
        // Less counts when it has lasted.
        assert!(!at(3.0, Some(Low)));
        assert!(!at(7.9, None));
        assert!(at(8.0, Some(Low)));
        assert!(at(8.1, Some(High)));
        assert!(!at(9.0, None));
        assert!(!at(10.0, Some(High)));
        assert!(!at(11.0, None));
        assert!(!at(15.9, None));
        assert!(at(16.0, None));
        assert!(at(16.1, Some(Low)));
    }
}
