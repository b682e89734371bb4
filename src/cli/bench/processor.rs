//! How much of the processor each side took, so that what the callers cost is not taken for the server's work.

use std::{
    fs,
    time::{Duration, Instant},
};

/// Of proc(5)'s times: the same on every Linux that we run on.
const TICKS_PER_SECOND: u64 = 100;

/// A process and what it had taken at the beginning.
#[derive(Debug)]
pub(super) struct Meter {
    stat: String,
    began: Instant,
    before: Option<Duration>,
}

impl Meter {
    /// Of this process or another one.
    pub(super) fn start(pid: Option<u32>) -> Self {
        let process = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
        let stat = format!("/proc/{process}/stat");
        Self { before: taken(&stat), stat, began: Instant::now() }
    }

    /// In hundredths of one core since the beginning; `None` where the system does not tell.
    pub(super) fn percent(&self) -> Option<f64> {
        let taken = taken(&self.stat)?.saturating_sub(self.before?);
        let percent = 100.0 * taken.as_secs_f64() / self.began.elapsed().as_secs_f64();
        Some((percent * 10.0).round() / 10.0)
    }
}

/// User and system time of all threads so far.
fn taken(stat: &str) -> Option<Duration> {
    parse(&fs::read_to_string(stat).ok()?)
}

/// The program's name, in parentheses, may hold spaces; utime and stime are the 12th and 13th field after it.
fn parse(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11).map(str::parse::<u64>);
    let ticks = fields.next()?.ok()?.saturating_add(fields.next()?.ok()?);
    Some(Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND)))
}

/// How busy the machine is: the mean of the last minute, in processes that want to run.
pub(super) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_are_read() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 0 0 20 0 5 0 100 0 0";
        assert_eq!(parse(stat), Some(Duration::from_secs(1)));
        assert_eq!(parse("nonsense"), None);
        assert!(Meter::start(None).percent().is_some_and(|percent| percent >= 0.0));
        assert!(Meter::start(Some(u32::MAX)).percent().is_none());
    }
}
