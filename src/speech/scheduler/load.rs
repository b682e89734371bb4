//! What the rest of the machine leaves for us. ggml with more threads than free cores is many times slower than with
//! fewer threads, so other programs' load counts too.

use std::{
    fs,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Shorter spans hold too few of the kernel's 10 ms ticks to say anything.
const SHORTEST_SPAN: Duration = Duration::from_millis(250);
/// After a longer time without a look the figures say nothing about now: look again over a fresh span.
const LONGEST_SPAN: Duration = Duration::from_secs(5);

/// Watches how many cores are free for us.
#[derive(Debug)]
pub(super) struct LoadWatch {
    total: NonZeroUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked: Instant,
    ticks: Option<Ticks>,
    usable: NonZeroUsize,
}

/// Ticks since boot, summed over the cores.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    /// How many cores the machine has: more than we may use, perhaps.
    cores: u64,
    /// Nothing ran.
    idle: u64,
    /// All there were.
    all: u64,
    /// This process ran.
    own: u64,
}

impl LoadWatch {
    pub(super) fn new(total: NonZeroUsize) -> Self {
        let state = State { looked: Instant::now(), ticks: Ticks::now(), usable: total };
        Self { total, state: Mutex::new(state) }
    }

    /// Sees the same always.
    #[cfg(test)]
    pub(super) fn fixed(total: NonZeroUsize, usable: NonZeroUsize) -> Self {
        let far_away = Instant::now() + Duration::from_secs(86_400);
        Self { total, state: Mutex::new(State { looked: far_away, ticks: None, usable }) }
    }

    /// How many threads can compute without waiting for other programs, at least 1. Where the kernel does not tell
    /// (`/proc` hidden), all of them.
    pub(super) fn usable(&self) -> NonZeroUsize {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let span = state.looked.elapsed();
        if span < SHORTEST_SPAN {
            return state.usable;
        }
        let now = Ticks::now();
        state.usable = match (state.ticks, now) {
            (Some(before), Some(now)) if span <= LONGEST_SPAN => usable(before, now, self.total),
            _ => self.total,
        };
        state.looked = Instant::now();
        state.ticks = now;
        state.usable
    }
}

/// The cores that were idle or ours between two looks.
fn usable(before: Ticks, now: Ticks, total: NonZeroUsize) -> NonZeroUsize {
    let all = now.all.saturating_sub(before.all);
    if all == 0 {
        return total;
    }
    let ours = now.idle.saturating_sub(before.idle) + now.own.saturating_sub(before.own);
    // Rounded to whole cores: a core that is half taken still counts.
    let cores = (ours * now.cores + all / 2) / all;
    usize::try_from(cores).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN).min(total)
}

impl Ticks {
    fn now() -> Option<Self> {
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let process = fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&machine, &process)
    }

    /// From the texts of `/proc/stat` and `/proc/self/stat`, proc(5).
    fn parse(machine: &str, process: &str) -> Option<Self> {
        // cpu user nice system idle iowait irq softirq steal (guest is part of user)
        let fields: Vec<u64> =
            machine.lines().next()?.strip_prefix("cpu ")?.split_whitespace().map_while(|f| f.parse().ok()).collect();
        let idle = fields.get(3)? + fields.get(4)?;
        // The program's name, in parentheses, may hold spaces; utime and stime are the 12th and 13th field after it.
        let mut after_name = process.rsplit_once(") ")?.1.split(' ').skip(11);
        let own = after_name.next()?.parse::<u64>().ok()? + after_name.next()?.parse::<u64>().ok()?;
        let cores = machine.lines().skip(1).take_while(|line| line.starts_with("cpu")).count() as u64;
        Some(Self { cores, idle, all: fields.iter().take(8).sum(), own })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_cores_and_our_own_are_usable() {
        let before = Ticks { cores: 2, idle: 1000, all: 5000, own: 10 };
        let two = NonZeroUsize::new(2).unwrap();
        for (idle, own, expected) in
            [(100, 0, 2), (0, 100, 2), (0, 0, 1), (50, 0, 1), (50, 45, 2), (0, 52, 1), (30, 60, 2)]
        {
            let now = Ticks { cores: 2, idle: 1000 + idle, all: 5100, own: 10 + own };
            assert_eq!(usable(before, now, two).get(), expected, "idle {idle}, own {own}");
        }
        assert_eq!(usable(before, before, two), two);
        let (before, now) = (Ticks { cores: 8, ..before }, Ticks { cores: 8, idle: 1050, all: 5100, own: 10 });
        assert_eq!(usable(before, now, two), two, "four of eight cores are idle");
    }

    #[test]
    fn the_kernels_figures_are_read() {
        let machine = "cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 2 3 4\ncpu1 1 2 3 4\nintr 1\n";
        let process = "42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 0 0 20 0 5 0 100 0 0";
        assert_eq!(Ticks::parse(machine, process), Some(Ticks { cores: 2, idle: 450, all: 621, own: 100 }));
        assert_eq!(Ticks::parse("", ""), None);
        assert!(Ticks::now().is_some(), "this system has /proc");
    }
}
