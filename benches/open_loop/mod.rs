//! Asks at a steady rate, whether or not there are answers yet (open loop), so that a slow answer is not hidden by questions
//! that were never asked. What is measured is from the moment when a question was due to its answer.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How much is asked, and how fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Questions a second.
    pub(crate) rate: u32,
    /// For so long.
    pub(crate) seconds: u32,
    /// Threads that ask in turn, one question at a time each.
    pub(crate) askers: u32,
}

/// How late answers were, sorted.
#[derive(Debug)]
pub(crate) struct Late(Vec<Duration>);

impl Load {
    /// `asker` makes each thread's way to ask; it is given the question's number.
    pub(crate) fn run<A: FnMut(u32) + Send + 'static>(self, asker: impl Fn() -> A) -> Late {
        let begin = Instant::now() + Duration::from_millis(100);
        let threads: Vec<_> = (0..self.askers)
            .map(|first| {
                let mut ask = asker();
                thread::spawn(move || {
                    let numbers = (first..self.rate * self.seconds).step_by(self.askers as usize);
                    let timed = numbers.map(|number| {
                        let due = begin + Duration::from_secs(1) * number / self.rate;
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        ask(number);
                        due.elapsed()
                    });
                    timed.collect::<Vec<_>>()
                })
            })
            .collect();
        let mut late: Vec<_> =
            threads.into_iter().flat_map(|thread| thread.join().expect("every question is answered")).collect();
        late.sort_unstable();
        Late(late)
    }
}

impl Late {
    /// One line for people.
    pub(crate) fn summary(&self) -> String {
        let at = |share: f64| self.0[((self.0.len() - 1) as f64 * share) as usize];
        format!("{} answers: p50 {:?}, p99 {:?}, max {:?}", self.0.len(), at(0.5), at(0.99), at(1.0))
    }
}
