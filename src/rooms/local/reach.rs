//! Whether the agent's words reach the caller yet. What is said before a client plays the agent's track is lost to it, so the first
//! words wait until it does, as LiveKit's agents wait for the subscription; but not for ever.

use std::time::{Duration, Instant};

/// Longer the agent waits for nobody: somebody may only read along.
const PATIENCE: Duration = Duration::from_secs(10);
/// A client that receives a track still has to play it. Browsers drop what arrives before that.
const SETTLES: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nobody is to be reached.
    Nobody,
    /// The caller's client does not receive the agent's track yet. It is waited for since then.
    Awaited(Instant),
    /// It receives it since then.
    Settling(Instant),
    /// The caller hears what the agent says.
    Reached,
}

impl Reach {
    /// Time has passed.
    pub(super) fn pass(&mut self, now: Instant) {
        let over = |since: Instant, time| now.saturating_duration_since(since) >= time;
        match *self {
            Self::Awaited(since) if over(since, PATIENCE) => {
                tracing::info!("a caller does not receive what the agent says; it speaks all the same");
                *self = Self::Reached;
            }
            Self::Settling(since) if over(since, SETTLES) => *self = Self::Reached,
            Self::Nobody | Self::Awaited(_) | Self::Settling(_) | Self::Reached => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_waited_for_without_end() {
        let start = Instant::now();
        for (began, time) in [(Reach::Awaited(start), PATIENCE), (Reach::Settling(start), SETTLES)] {
            let mut reach = began;
            reach.pass(start + time - Duration::from_millis(1));
            assert_eq!(reach, began);
            reach.pass(start + time);
            assert_eq!(reach, Reach::Reached);
        }
        let mut nobody = Reach::Nobody;
        nobody.pass(start + PATIENCE);
        assert_eq!(nobody, Reach::Nobody);
    }
}
