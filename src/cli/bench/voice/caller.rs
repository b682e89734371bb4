//! A caller who says recordings: waits for the greeting, speaks, waits for the answer, interrupts it if it is long, and hears
//! the next one to its end before speaking again. Sans-IO: 20 ms in, 20 ms out.

use std::{sync::Arc, time::Duration};

use super::{
    levels::{LOUD, Levels, Moment, Spoken},
    recordings::Recording,
};
use crate::{
    audio::{FRAME_MS, FRAME_SAMPLES, Frame},
    livekit::{Device, Heard, Step},
};

/// The agent is done when it has said nothing for so long, and then it is the caller's turn.
const DONE: u32 = ticks(1500);
/// The caller interrupts an answer that goes on for so long: its first clause is heard then, and the answer is recorded.
const INTERRUPT_AFTER: u32 = ticks(2000);
/// An agent that says nothing for so long after it was interrupted has stopped.
const STOPPED: u32 = ticks(300);
/// How long the greeting and an answer may keep the caller waiting.
const PATIENCE: u32 = ticks(20_000);
/// How long the agent may speak before the caller goes on with the call.
const LONGEST: u32 = ticks(60_000);

const fn ticks(ms: u32) -> u32 {
    ms / FRAME_MS
}

/// What a caller is to do.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What there is to say.
    pub(super) recordings: Arc<[Recording]>,
    /// With which of them it begins.
    pub(super) first: usize,
    /// How many utterances, without the interruptions.
    pub(super) turns: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Caller {
    plan: Plan,
    phase: Phase,
    /// Since the microphone was first heard.
    ticks: u64,
    /// Since the agent was last heard.
    quiet: u32,
    interruptions: usize,
    frame: Frame,
    lateness: Vec<Duration>,
    buffered: Vec<Option<Duration>>,
    levels: Levels,
    spoken: Vec<Spoken>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Waits so long for the greeting.
    Ringing(u32),
    /// Plays a recording, from this sample on.
    Speaking { recording: usize, next: usize },
    /// Waits so long for the answer. One who has interrupted waits for the agent to stop first.
    Waiting { ticks: u32, agent_stopped: bool },
    /// Has heard the agent for so long.
    Listening(u32),
}

/// What a caller has noted.
#[derive(Debug)]
pub(super) struct Notes {
    /// How loud the agent was.
    pub(super) levels: Levels,
    /// What was said, in order.
    pub(super) spoken: Vec<Spoken>,
    /// By how much each tick was late.
    pub(super) lateness: Vec<Duration>,
    /// How long what each tick gave had waited in the jitter buffer.
    pub(super) buffered: Vec<Option<Duration>>,
}

impl Notes {
    /// How long what was heard then had waited in the jitter buffer.
    pub(super) fn buffered_at(&self, moment: Moment) -> Option<Duration> {
        let tick = usize::try_from(moment).ok()? / FRAME_SAMPLES;
        *self.buffered.get(tick)?
    }
}

impl Caller {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            phase: Phase::Ringing(0),
            ticks: 0,
            quiet: 0,
            interruptions: 0,
            frame: Frame::SILENCE,
            lateness: Vec::new(),
            buffered: Vec::new(),
            levels: Levels::default(),
            spoken: Vec::new(),
        }
    }

    /// What was noted so far.
    pub(super) fn into_notes(self) -> Notes {
        Notes { levels: self.levels, spoken: self.spoken, lateness: self.lateness, buffered: self.buffered }
    }

    fn is_heard(&self) -> bool {
        self.quiet == 0
    }

    /// Whether it stays.
    fn advance(&mut self) -> bool {
        match self.phase {
            Phase::Ringing(_) if self.is_heard() => self.phase = Phase::Listening(0),
            Phase::Ringing(since) if since >= PATIENCE => return false,
            Phase::Ringing(since) => self.phase = Phase::Ringing(since + 1),
            Phase::Speaking { recording, next } => self.speak(recording, next),
            Phase::Waiting { ticks, agent_stopped } => self.wait(ticks, agent_stopped),
            Phase::Listening(since) => return self.listen(since),
        }
        true
    }

    fn wait(&mut self, ticks: u32, agent_stopped: bool) {
        let stopped = agent_stopped || self.quiet >= STOPPED;
        self.phase = match stopped && self.is_heard() {
            true => Phase::Listening(0),
            // Nobody answers: the caller goes on.
            false if ticks >= PATIENCE => Phase::Listening(LONGEST),
            false => Phase::Waiting { ticks: ticks + 1, agent_stopped: stopped },
        };
    }

    fn listen(&mut self, since: u32) -> bool {
        let said = self.spoken.len() - self.interruptions;
        // Not the greeting, which may be one that nobody can interrupt; and who has just interrupted listens.
        let may_interrupt = self.spoken.last().is_some_and(|last| !last.interrupts);
        if self.quiet >= DONE || since >= LONGEST {
            if said >= self.plan.turns {
                return false;
            }
            self.begin(false);
        } else if may_interrupt && since >= INTERRUPT_AFTER && self.is_heard() {
            self.interruptions += 1;
            self.begin(true);
        } else {
            self.phase = Phase::Listening(since + 1);
        }
        true
    }

    /// Begins with the next recording; its first samples were taken in the 20 ms before this tick.
    fn begin(&mut self, interrupts: bool) {
        let nth = (self.plan.first + self.spoken.len()) % self.plan.recordings.len();
        let recording = &self.plan.recordings[nth];
        let first: Moment = self.ticks.saturating_sub(1) * FRAME_SAMPLES as u64;
        self.spoken.push(Spoken {
            recording: nth,
            start: first + recording.speech.start as u64,
            end: first + recording.speech.end as u64,
            interrupts,
        });
        self.speak(nth, 0);
    }

    fn speak(&mut self, nth: usize, next: usize) {
        let recording = &self.plan.recordings[nth];
        // What comes after the last word is silence anyway.
        let rest = &recording.samples[next..recording.speech.end];
        let taken = rest.len().min(FRAME_SAMPLES);
        self.frame.samples[..taken].copy_from_slice(&rest[..taken]);
        let interrupts = self.spoken.last().is_some_and(|spoken| spoken.interrupts);
        self.phase = match taken < rest.len() {
            true => Phase::Speaking { recording: nth, next: next + taken },
            false => Phase::Waiting { ticks: 0, agent_stopped: !interrupts },
        };
    }
}

impl Device for Caller {
    fn tick(&mut self, heard: Heard<'_>) -> Step<'_> {
        self.levels.push(heard.frame);
        self.lateness.push(heard.late);
        self.buffered.push(heard.buffered);
        let is_loud = heard.frame.samples.iter().any(|sample| sample.unsigned_abs() > LOUD);
        self.quiet = if is_loud { 0 } else { self.quiet.saturating_add(1) };
        self.frame = Frame::SILENCE;
        let stays = self.advance();
        self.ticks += 1;
        if stays { Step::Say(&self.frame) } else { Step::Leave }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD_FRAME: Frame = Frame { samples: [8000; FRAME_SAMPLES] };

    fn caller(turns: usize) -> Caller {
        let recording = |name: &str, samples: Vec<i16>| Recording::new(name.to_owned(), samples).unwrap();
        // Half a second each, the first with 10 ms of silence at its beginning and 100 ms at its end.
        let first = [vec![0; 480], vec![9000; 24_000], vec![0; 4800]].concat();
        let recordings = vec![recording("a", first), recording("b", vec![9000; 24_000])].into();
        Caller::new(Plan { recordings, first: 0, turns })
    }

    /// An agent that greets for a second, and answers half a second after the caller's last word for so long; whoever
    /// interrupts it is heard after 200 ms.
    struct Agent {
        greets: u32,
        answers_ms: u32,
    }

    /// What they say to each other until the caller leaves, in ticks; fails when that is never.
    fn call(caller: &mut Caller, agent: &Agent) -> u64 {
        let (mut speaks, mut silent_for, mut talked, mut heard) = (agent.greets, 1_000_u32, 0_u32, false);
        for tick in 0..60_000 {
            let frame = if speaks > 0 { LOUD_FRAME } else { Frame::SILENCE };
            speaks = speaks.saturating_sub(1);
            let step = caller.tick(Heard { frame: &frame, late: Duration::ZERO, buffered: None });
            let Step::Say(said) = step else { return tick };
            if said.samples.iter().any(|sample| *sample != 0) {
                (silent_for, talked, heard) = (0, talked + 1, true);
                if talked > ticks(200) {
                    speaks = 0;
                }
            } else {
                (silent_for, talked) = (silent_for + 1, 0);
            }
            if heard && silent_for == ticks(500) {
                (speaks, heard) = (ticks(agent.answers_ms), false);
            }
        }
        panic!("the caller does not leave");
    }

    #[test]
    fn says_its_turns_and_interrupts_every_other_answer() {
        let mut caller = caller(3);
        call(&mut caller, &Agent { greets: ticks(1000), answers_ms: 3000 });
        let notes = caller.into_notes();
        let said: Vec<_> = notes.spoken.iter().map(|spoken| (spoken.recording, spoken.interrupts)).collect();
        assert_eq!(said, [(0, false), (1, true), (0, false), (1, true), (0, false), (1, true)]);
        let first = notes.spoken[0];
        assert_eq!(first.end - first.start, 24_000);
        // The greeting ends at 1 s; the caller begins 1.5 s later, and its first sample was taken 20 ms before.
        assert_eq!(first.start, 48_000 * 5 / 2 - 960 + 480 - 960);
        let answers = notes.levels.answers(&notes.spoken);
        assert!(answers.iter().all(|answer| answer.answer.is_some() && !answer.cut_off), "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.stop.is_some()).count(), 3);
    }

    #[test]
    fn short_answers_are_not_interrupted() {
        let mut caller = caller(2);
        call(&mut caller, &Agent { greets: ticks(1000), answers_ms: 600 });
        assert!(caller.into_notes().spoken.iter().all(|spoken| !spoken.interrupts));
    }

    #[test]
    fn where_nobody_greets_the_caller_leaves() {
        let mut caller = caller(2);
        assert_eq!(call(&mut caller, &Agent { greets: 0, answers_ms: 600 }), u64::from(PATIENCE));
        assert!(caller.into_notes().spoken.is_empty());
    }

    #[test]
    fn an_agent_that_never_answers_is_left_in_the_end() {
        let mut caller = caller(2);
        call(&mut caller, &Agent { greets: ticks(1000), answers_ms: 0 });
        let notes = caller.into_notes();
        assert_eq!(notes.levels.answers(&notes.spoken).iter().filter(|one| one.answer.is_none()).count(), 2);
    }
}
