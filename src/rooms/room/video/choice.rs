//! Which stream of a video track a subscriber gets: no more than it wants, no more than its connection carries, and of
//! those that flow the best.

use livekit_protocol::VideoQuality;

use super::source::{Origin, View};

/// Of the bandwidth that was found so much is for pictures, in percent: sound and what is sent again go by it, too.
const SHARE: u64 = 85;
/// For a larger picture so much has to be free beyond what it takes, in percent of all: the estimate wavers.
const MARGIN: u64 = 15;
/// Of a stream that has not been measured, in bits per second, by quality.
const UNMEASURED: [u64; 3] = [150_000, 500_000, 1_700_000];

/// A subscriber's choice for one track.
#[derive(Debug)]
pub(in crate::rooms::room) struct Choice {
    /// No better than this.
    wanted: VideoQuality,
    /// Tracks that matter more get more of the bandwidth, first; as LiveKit counts, the higher the more.
    pub(in crate::rooms::room) priority: u32,
    /// What is sent at present.
    current: Option<usize>,
    /// What is to be sent as soon as a key frame of it comes.
    target: Option<usize>,
    /// Streams are layers, each on those before it.
    is_layered: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Self { wanted: VideoQuality::High, priority: 0, current: None, target: None, is_layered: false }
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rooms::room) enum Pass {
    No,
    /// It is of a layer that is left out: what comes after it follows on what came before.
    Skip,
    /// It goes on from those before.
    On,
    /// The same, and no layer above it follows: the picture ends here.
    Last,
    /// It is the first of another stream.
    Switch,
}

impl Choice {
    pub(in crate::rooms::room) fn want(&mut self, quality: VideoQuality) {
        self.wanted = quality;
    }

    pub(in crate::rooms::room) fn wanted(&self) -> VideoQuality {
        self.wanted
    }

    /// Nothing is sent any more until a key frame comes.
    pub(in crate::rooms::room) fn interrupt(&mut self) {
        self.current = None;
    }

    /// The stream that a key frame is needed of, if one is.
    pub(in crate::rooms::room) fn needs(&self) -> Option<usize> {
        // Layers can be left out at any time.
        let has = |current: usize, target: usize| if self.is_layered { current >= target } else { current == target };
        self.target.filter(|target| !self.current.is_some_and(|current| has(current, *target)))
    }

    /// Of which stream the receiver lacks a key frame when it says so.
    pub(in crate::rooms::room) fn shows(&self) -> Option<usize> {
        self.current.or(self.target)
    }

    /// What becomes of a packet from there.
    pub(in crate::rooms::room) fn pass(&mut self, from: Origin, begins_key_frame: bool) -> Pass {
        let Origin { stream, place } = from;
        let Some(place) = place else { return self.pass_stream(stream, begins_key_frame) };
        // The base layer begins a picture, and a key frame one that needs no other.
        if stream == 0 && place.begins && (begins_key_frame || self.target < self.current) {
            self.current = self.target;
        }
        match self.current {
            None => Pass::No,
            Some(top) if stream > top => Pass::Skip,
            Some(top) if stream == top && place.ends => Pass::Last,
            Some(_) => Pass::On,
        }
    }

    fn pass_stream(&mut self, stream: usize, begins_key_frame: bool) -> Pass {
        if self.current == Some(stream) {
            return Pass::On;
        }
        // A better one than is aimed at is dropped, or it would stay.
        if begins_key_frame && self.target == Some(stream) {
            self.current = Some(stream);
            return Pass::Switch;
        }
        Pass::No
    }

    /// The streams that it could get, from the smallest on.
    fn options(&self, views: &[View]) -> Vec<usize> {
        let flowing = || views.iter().enumerate().filter(|(_, view)| view.flows).map(|(nth, _)| nth);
        let is_wanted = |nth: &usize| views.get(*nth).is_some_and(|view| view.quality <= self.wanted);
        let wanted: Vec<usize> = flowing().filter(is_wanted).collect();
        // A picture that is too large is better than none.
        if wanted.is_empty() { flowing().take(1).collect() } else { wanted }
    }
}

/// What one receiver is sent of one track.
pub(super) struct Candidate<'a> {
    pub(super) choice: &'a mut Choice,
    pub(super) views: &'a [View],
}

/// Aims at the best streams that all go into `bandwidth` (in bits per second; `None`: nothing is known of it), and says how
/// much there would be to send if there were room for all that is wanted. Everybody gets the smallest picture, whatever
/// there is; then those that matter most grow first.
pub(super) fn share_out(candidates: &mut [Candidate<'_>], bandwidth: Option<u64>) -> u64 {
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.choice.priority));
    let options: Vec<Vec<usize>> = candidates.iter().map(|one| one.choice.options(one.views)).collect();
    let cost = |nth: usize, stream: Option<&usize>| stream.map_or(0, |stream| rate(candidates[nth].views, *stream));
    let wanted: u64 = options.iter().enumerate().map(|(nth, streams)| cost(nth, streams.last())).sum();
    let mut chosen: Vec<usize> = vec![0; options.len()];
    let mut total: u64 = options.iter().enumerate().map(|(nth, streams)| cost(nth, streams.first())).sum();
    let budget = bandwidth.map_or(u64::MAX, |bits| bits.saturating_mul(SHARE) / 100);
    for (nth, streams) in options.iter().enumerate() {
        let current = candidates[nth].choice.current;
        while let Some(next) = streams.get(chosen[nth] + 1) {
            let grown = total - cost(nth, streams.get(chosen[nth])) + cost(nth, Some(next));
            // What is sent already stays as long as it fits.
            let room =
                if current.is_some_and(|current| current >= *next) { grown } else { grown + grown * MARGIN / 100 };
            if room > budget {
                break;
            }
            (total, chosen[nth]) = (grown, chosen[nth] + 1);
        }
    }
    for (nth, (candidate, streams)) in candidates.iter_mut().zip(&options).enumerate() {
        // While nothing flows what flowed before is still the best guess.
        if let Some(stream) = streams.get(chosen[nth]) {
            candidate.choice.target = Some(*stream);
            candidate.choice.is_layered = candidate.views.get(*stream).is_some_and(|view| view.is_layered);
        }
    }
    wanted
}

fn rate(views: &[View], stream: usize) -> u64 {
    let Some(view) = views.get(stream) else { return 0 };
    let usual = match view.quality {
        VideoQuality::Medium => UNMEASURED[1],
        VideoQuality::High => UNMEASURED[2],
        VideoQuality::Low | VideoQuality::Off => UNMEASURED[0],
    };
    if view.bits_per_second == 0 { usual } else { view.bits_per_second }
}

#[cfg(test)]
mod tests {
    use VideoQuality::{High, Low, Medium};

    use super::*;
    use crate::rtc::peer::Place;

    const LAYERS: [(VideoQuality, u64); 3] = [(Low, 100_000), (Medium, 400_000), (High, 1_500_000)];

    fn views(flowing: &[usize]) -> Vec<View> {
        let view = |(nth, (quality, bits_per_second)): (usize, &(VideoQuality, u64))| View {
            quality: *quality,
            flows: flowing.contains(&nth),
            bits_per_second: *bits_per_second,
            is_layered: false,
        };
        LAYERS.iter().enumerate().map(view).collect()
    }

    fn aims(choices: &mut [Choice], views: &[View], bandwidth: Option<u64>) -> (Vec<Option<usize>>, u64) {
        let mut candidates: Vec<_> = choices.iter_mut().map(|choice| Candidate { choice, views }).collect();
        let wanted = share_out(&mut candidates, bandwidth);
        (choices.iter().map(|choice| choice.target).collect(), wanted)
    }

    fn wanting(quality: VideoQuality, priority: u32) -> Choice {
        Choice { wanted: quality, priority, ..Choice::default() }
    }

    #[test]
    fn gives_the_best_that_is_wanted_and_flows() {
        for (wanted, flowing, expect) in [
            (High, &[0, 1, 2][..], Some(2)),
            (Medium, &[0, 1, 2], Some(1)),
            (Low, &[0, 1, 2], Some(0)),
            (High, &[0, 1], Some(1)),
            (Low, &[1, 2], Some(1)),
            (High, &[], None),
        ] {
            let got = aims(&mut [wanting(wanted, 0)], &views(flowing), None).0;
            assert_eq!(got, [expect], "{wanted:?} of {flowing:?}");
        }
    }

    #[test]
    fn shares_the_bandwidth_out() {
        // Budgets are 85 % of it; to grow there must be 15 % more than is needed.
        for (bandwidth, expect) in [
            (50_000, [0, 0]),
            (600_000, [0, 0]),
            (800_000, [1, 0]),
            (1_200_000, [1, 1]),
            (3_000_000, [2, 1]),
            (4_500_000, [2, 2]),
        ] {
            let mut choices = [wanting(High, 2), wanting(High, 1)];
            let (got, wanted) = aims(&mut choices, &views(&[0, 1, 2]), Some(bandwidth));
            assert_eq!((got, wanted), (expect.map(Some).to_vec(), 3_000_000), "{bandwidth}");
        }
    }

    #[test]
    fn keeps_what_it_shows_while_that_fits() {
        let mut shown = Choice { current: Some(1), ..wanting(High, 0) };
        assert_eq!(aims(std::slice::from_mut(&mut shown), &views(&[0, 1, 2]), Some(480_000)).0, [Some(1)]);
        let mut fresh = wanting(High, 0);
        assert_eq!(aims(std::slice::from_mut(&mut fresh), &views(&[0, 1, 2]), Some(480_000)).0, [Some(0)]);
    }

    #[test]
    fn changes_with_a_key_frame_only() {
        let of = |stream| Origin { stream, place: None };
        let mut choice = wanting(High, 0);
        aims(std::slice::from_mut(&mut choice), &views(&[0]), None);
        assert_eq!((choice.pass(of(0), false), choice.needs()), (Pass::No, Some(0)));
        assert_eq!((choice.pass(of(0), true), choice.needs()), (Pass::Switch, None));
        aims(std::slice::from_mut(&mut choice), &views(&[0, 1, 2]), None);
        assert_eq!((choice.pass(of(0), false), choice.pass(of(2), false)), (Pass::On, Pass::No));
        assert_eq!(choice.needs(), Some(2));
        assert_eq!([1, 2, 0].map(|stream| choice.pass(of(stream), true)), [Pass::No, Pass::Switch, Pass::No]);
        choice.interrupt();
        assert_eq!((choice.pass(of(2), false), choice.needs()), (Pass::No, Some(2)));
        assert_eq!(choice.pass(of(2), true), Pass::Switch);
    }

    #[test]
    fn leaves_layers_out() {
        let picture = |choice: &mut Choice, is_key| {
            [0, 1, 2].map(|stream| {
                let place = Place { spatial: stream as u8, begins: true, ends: true };
                choice.pass(Origin { stream, place: Some(place) }, is_key && stream == 0)
            })
        };
        let mut layers = views(&[0, 1, 2]);
        layers.iter_mut().for_each(|view| view.is_layered = true);
        let mut choice = wanting(Medium, 0);
        aims(std::slice::from_mut(&mut choice), &layers, None);
        assert_eq!((picture(&mut choice, false), choice.needs()), ([Pass::No; 3], Some(1)));
        assert_eq!(picture(&mut choice, true), [Pass::On, Pass::Last, Pass::Skip]);
        // Down at once, up with a key frame.
        choice.want(Low);
        aims(std::slice::from_mut(&mut choice), &layers, None);
        assert_eq!(choice.needs(), None);
        assert_eq!(picture(&mut choice, false), [Pass::Last, Pass::Skip, Pass::Skip]);
        choice.want(High);
        aims(std::slice::from_mut(&mut choice), &layers, None);
        assert_eq!((picture(&mut choice, false), choice.needs()), ([Pass::Last, Pass::Skip, Pass::Skip], Some(2)));
        assert_eq!((picture(&mut choice, true), choice.needs()), ([Pass::On, Pass::On, Pass::Last], None));
    }
}
