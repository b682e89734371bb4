//! The agent as a participant of a room in this process, sans-IO: its ear, its mouth, and what it shows of itself.
//!
//! [`Local`] joins a room's side (who is there, their packets) to a line's ([`LineEnd`]). It decides who the caller is, makes
//! one frame of the caller's audio and at most one packet of the agent's every 20 ms, and never waits for either side.
//! The room publishes one audio track for it, and polls what is to be sent.

mod caller;
mod colleague;
mod outbox;
mod reach;
#[cfg(test)]
mod tests;
mod transcripts;

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant, SystemTime},
};

use livekit_protocol::{self as proto, data_packet::Value};

use super::streams::Reader;
use crate::{
    audio::{
        FRAME_MS,
        jitter::{Incoming, Playout},
        line::{AgentState, Hangup, LineCommand, LineEnd, LineEvent, Speaker, TranscriptLine},
        mouth::{Mouth, Played},
    },
    domain::{Identity, Pii},
    rtc::peer::{AudioLevel, Packet},
};
use caller::Present;
use colleague::Colleague;
use outbox::Outbox;
use reach::Reach;
use transcripts::{Author, Transcripts};

const TICK: Duration = Duration::from_millis(FRAME_MS as u64);
/// The agent speaks so long after it has heard: what it then says or does about it need not wait for the next 20 ms. The
/// voice detector takes a third of a millisecond; a busy box takes its time.
const THINKS: Duration = Duration::from_millis(6);
/// After a standstill so many ticks are caught up with; what is beyond was lost.
const MOST_TICKS: u32 = 50;
/// How long the agent waits for a caller.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits for one who left to come back: a client that reconnects fully leaves first.
const RETURN: Duration = Duration::from_secs(3);
/// How long the agent goes on speaking once it has been told to leave.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Typed texts are cut off here, in bytes: 2000 characters of any script, which is what the dialogue takes.
const MAX_TYPED: usize = 8_000;
const CHAT: &str = "lk.chat";
const STATE: &str = "lk.agent.state";
const NOTICE: &str = "callstead.notice";

/// What the agent wants of its room.
#[derive(Debug)]
pub enum LocalOutput {
    /// The next packet of its track.
    Media(Packet),
    /// To all, reliably. A sender's identity in it stays: the words of the caller are sent in the caller's name. Where there
    /// is none it is the agent's own.
    Data(Box<proto::DataPacket>),
    /// Attributes of the participant that are new or have changed.
    Attributes(BTreeMap<String, String>),
    /// This participant talked in its place until now, and is to be heard no longer.
    Silence(Identity),
    /// It is done: the room lets go of it.
    Leave,
}

/// See the module.
#[derive(Debug)]
pub struct Local {
    /// When it began, by both clocks.
    start: (Instant, SystemTime),
    /// The next 20 ms of the caller.
    hears_at: Instant,
    /// The next 20 ms of the agent.
    speaks_at: Instant,
    phase: Phase,
    patience: Duration,
    line: LineEnd,
    outbox: Outbox,
    ear: Playout,
    mouth: Mouth,
    /// What the agent says waits until the caller hears it.
    reach: Reach,
    transcripts: Transcripts,
    chat: Reader,
    /// The agent's own track.
    track: Option<String>,
    others: Vec<proto::ParticipantInfo>,
    colleague: Colleague,
    output: VecDeque<LocalOutput>,
}

#[derive(Debug)]
enum Phase {
    /// Nobody has come yet.
    Alone { since: Instant },
    /// On a call.
    Call { caller: Present, muted: bool },
    /// The caller has left, and may come back.
    Away { caller: Present, muted: bool, since: Instant },
    /// Told to leave: the last words are played.
    Leaving { caller: Option<Present>, since: Instant },
    /// Nothing more.
    Over,
}

impl Local {
    /// An agent that has just joined; `wall` is the present time, too.
    pub fn new(now: Instant, wall: SystemTime, line: LineEnd) -> Self {
        let mut local = Self {
            start: (now, wall),
            hears_at: now + TICK,
            speaks_at: now + TICK + THINKS,
            phase: Phase::Alone { since: now },
            patience: PATIENCE,
            outbox: Outbox::new(line.events.clone()),
            line,
            ear: Playout::for_engines(now),
            mouth: Mouth::new(),
            reach: Reach::Nobody,
            transcripts: Transcripts::default(),
            chat: Reader::new(CHAT, MAX_TYPED),
            track: None,
            others: Vec::new(),
            colleague: Colleague::default(),
            output: VecDeque::new(),
        };
        local.show(STATE, AgentState::Initializing.as_str());
        local
    }

    /// How long it waits for a caller, instead of [`PATIENCE`].
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The sid of the track that the room published for it: transcripts of its words name it.
    pub fn published(&mut self, sid: &str) {
        self.track = Some(sid.to_owned());
    }

    // ---- the room ----

    /// After each change: everybody else who is visible. The caller is the first person who publishes audio, or who types;
    /// and stays it, with whatever track and connection.
    pub fn others(&mut self, now: Instant, others: Vec<proto::ParticipantInfo>) {
        self.others = others;
        self.look_for_colleague();
        match &self.phase {
            Phase::Alone { .. } => {
                if let Some((caller, present)) = caller::first(&self.others) {
                    self.begin(now, caller, present);
                }
            }
            Phase::Call { caller, muted } | Phase::Away { caller, muted, .. } => {
                let found = self.others.iter().find(|info| info.identity == caller.identity.as_str());
                match found.and_then(caller::present) {
                    Some(present) => self.update(now, present),
                    None if matches!(self.phase, Phase::Call { .. }) => {
                        let caller = Present { track: None, ..caller.clone() };
                        self.phase = Phase::Away { caller, muted: *muted, since: now };
                        self.reach = Reach::Nobody;
                    }
                    None => {}
                }
            }
            Phase::Leaving { .. } | Phase::Over => {}
        }
    }

    /// The sid of the track it wants to be given.
    pub fn listens_to(&self) -> Option<&str> {
        match &self.phase {
            Phase::Call { caller, .. } => caller.track.as_ref().map(|track| track.sid.as_str()),
            Phase::Alone { .. } | Phase::Away { .. } | Phase::Leaving { .. } | Phase::Over => None,
        }
    }

    /// The caller, as long as it is not known whether the agent's track gets to them.
    pub fn awaits(&self) -> Option<&Identity> {
        match self.reach {
            Reach::Awaited(_) => self.caller().map(|caller| &caller.identity),
            Reach::Nobody | Reach::Settling(_) | Reach::Reached => None,
        }
    }

    /// Nothing stands any more between the agent's track and the one that it [awaits](Self::awaits).
    pub fn reaches(&mut self, now: Instant) {
        self.reach = Reach::Settling(now);
    }

    /// A packet of the track that it listens to.
    pub fn handle_media(&mut self, _now: Instant, packet: &Packet) {
        self.ear.push(&Incoming {
            payload: packet.payload.clone(),
            seq: packet.seq,
            time: packet.time,
            is_red: packet.is_red,
            arrived: packet.arrived,
        });
    }

    /// A data packet that was sent to it or to all; its sender has been checked.
    pub fn handle_data(&mut self, now: Instant, packet: &proto::DataPacket) {
        let sender = packet.participant_identity.as_str();
        let text = match &packet.value {
            Some(Value::ChatMessage(message)) if !message.deleted && !message.generated => {
                let end = message.message.floor_char_boundary(MAX_TYPED);
                message.message[..end].to_owned()
            }
            Some(value) => match self.chat.handle(now, sender, value) {
                Some(text) => text.text,
                None => return,
            },
            None => return,
        };
        self.typed(now, sender, &text);
    }

    /// The room ends, or removes the agent.
    pub fn closing(&mut self, reason: Hangup) {
        if !matches!(self.phase, Phase::Over) {
            self.phase = Phase::Over;
            self.outbox.hang_up(reason);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted.
    pub fn next_timeout(&self) -> Instant {
        self.hears_at.min(self.speaks_at)
    }

    /// Time has passed. What could not be done in time is left out of what the agent says, and caught up with in what it
    /// hears.
    pub fn handle_timeout(&mut self, now: Instant) {
        let mut ticks = 0;
        while self.hears_at <= now {
            self.hear(ticks);
            ticks += 1;
            // Both clocks follow the caller's, so that what is heard has not waited for them.
            let sooner = self.ear.sooner(self.hears_at);
            self.hears_at += TICK - sooner;
            self.speaks_at -= sooner;
        }
        self.outbox.flush();
        let mut ticks = 0;
        while self.speaks_at <= now {
            self.speaks_at += TICK;
            ticks += 1;
        }
        if ticks > 0 {
            self.obey(now);
            self.mouth.skip(ticks - 1);
            self.speak(now);
            self.check(now);
        }
    }

    /// What is to be done, if anything.
    pub fn poll(&mut self) -> Option<LocalOutput> {
        self.output.pop_front()
    }

    // ---- the caller ----

    fn begin(&mut self, now: Instant, caller: crate::audio::line::Caller, present: Present) {
        self.outbox.tell(LineEvent::Caller(caller));
        self.phase = Phase::Call { caller: Present { track: None, ..present.clone() }, muted: false };
        self.update(now, present);
    }

    /// The caller as the room knows them now.
    fn update(&mut self, now: Instant, present: Present) {
        let (Phase::Call { caller, muted } | Phase::Away { caller, muted, .. }) = &self.phase else { return };
        let (before, was_muted) = (caller.track.as_ref().map(|track| &track.sid), *muted);
        let track = present.track.as_ref();
        if track.is_some() && track.map(|track| &track.sid) != before {
            self.ear.restart();
        }
        let muted = track.map_or(was_muted, |track| track.muted);
        self.phase = Phase::Call { caller: present, muted };
        if self.reach == Reach::Nobody {
            self.reach = Reach::Awaited(now);
        }
        if muted != was_muted {
            self.outbox.tell(LineEvent::Muted(muted));
        }
    }

    fn caller(&self) -> Option<&Present> {
        match &self.phase {
            Phase::Call { caller, .. } | Phase::Away { caller, .. } => Some(caller),
            Phase::Leaving { caller, .. } => caller.as_ref(),
            Phase::Alone { .. } | Phase::Over => None,
        }
    }

    /// Somebody typed: the caller, or one who becomes the caller by that.
    fn typed(&mut self, now: Instant, sender: &str, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect();
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if matches!(self.phase, Phase::Alone { .. }) {
            let writer = self.others.iter().find(|info| info.identity == sender);
            if let Some((caller, present)) = writer.and_then(caller::accept) {
                self.begin(now, caller, present);
            }
        }
        if let Phase::Call { caller, .. } = &self.phase
            && caller.identity.as_str() == sender
        {
            self.outbox.tell(LineEvent::Typed(Pii::new(text.to_owned())));
        }
    }

    // ---- every 20 ms ----

    /// The caller's audio, from the first word to the end of the call.
    fn hear(&mut self, ticks: u32) {
        if !matches!(self.phase, Phase::Call { .. } | Phase::Away { .. }) {
            return;
        }
        if ticks < MOST_TICKS {
            let frame = self.ear.pull(self.hears_at);
            self.outbox.audio(frame);
        } else {
            self.outbox.lost(1);
        }
    }

    fn obey(&mut self, now: Instant) {
        while let Ok(command) = self.line.commands.try_recv() {
            match command {
                LineCommand::Flush(turn) => self.mouth.flush(turn),
                LineCommand::Duck(ducked) => self.mouth.duck(ducked),
                LineCommand::State(state) => self.show(STATE, state.as_str()),
                LineCommand::Notice(notice) => self.show(NOTICE, notice.as_str()),
                LineCommand::Transcript(line) => self.write(now, &line),
                LineCommand::Colleague(identity) => {
                    if let Some(before) = self.colleague.replace(identity) {
                        self.output.push_back(LocalOutput::Silence(before));
                    }
                    self.look_for_colleague();
                }
                LineCommand::Leave => self.leave(now),
            }
        }
    }

    fn look_for_colleague(&mut self) {
        if let Some(is_here) = self.colleague.look(&self.others) {
            self.outbox.tell(LineEvent::Colleague { is_here });
        }
    }

    fn speak(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.reach.pass(now);
        let spoken = match self.reach {
            Reach::Reached => self.mouth.tick(&mut self.line.say),
            Reach::Nobody | Reach::Awaited(_) | Reach::Settling(_) => {
                self.mouth.skip(1);
                None
            }
        };
        for Played { turn, sent, done } in self.mouth.take_played() {
            self.outbox.tell(LineEvent::Played { turn, sent, done });
        }
        if let Some(spoken) = spoken {
            self.output.push_back(LocalOutput::Media(Packet {
                payload: spoken.payload,
                seq: spoken.seq,
                time: spoken.time,
                marker: spoken.marker,
                is_red: false,
                level: Some(AudioLevel { dbov: spoken.dbov, voice: spoken.voice }),
                video: None,
                arrived: now,
            }));
        }
    }

    /// Whether it is time to go.
    fn check(&mut self, now: Instant) {
        let over = |since: Instant, patience| now.saturating_duration_since(since) >= patience;
        match &self.phase {
            // Somebody who is here may still be asked for the microphone.
            Phase::Alone { since } if over(*since, self.patience) && !self.others.iter().any(caller::is_person) => {
                self.end(Hangup::NobodyCame);
            }
            Phase::Away { since, .. } if over(*since, RETURN) => self.end(Hangup::CallerLeft),
            Phase::Alone { .. } | Phase::Call { .. } | Phase::Away { .. } if self.outbox.is_closed() => self.leave(now),
            Phase::Leaving { since, .. } => {
                let is_silent = self.mouth.is_silent() && self.line.say.is_empty();
                let is_done = is_silent || self.reach == Reach::Nobody;
                if is_done || over(*since, LAST_WORDS) {
                    self.phase = Phase::Over;
                    self.output.push_back(LocalOutput::Leave);
                }
            }
            Phase::Alone { .. } | Phase::Call { .. } | Phase::Away { .. } | Phase::Over => {}
        }
    }

    fn end(&mut self, reason: Hangup) {
        self.closing(reason);
        self.output.push_back(LocalOutput::Leave);
    }

    fn leave(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Leaving { .. } | Phase::Over) {
            self.phase = Phase::Leaving { caller: self.caller().cloned(), since: now };
        }
    }

    // ---- what it shows ----

    fn show(&mut self, name: &str, value: &str) {
        let attributes = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        self.output.push_back(LocalOutput::Attributes(attributes));
    }

    fn write(&mut self, now: Instant, line: &TranscriptLine) {
        let caller = self.caller().cloned();
        let author = match (line.speaker, &caller) {
            (Speaker::Agent, _) => Author { identity: "", track: self.track.as_deref() },
            (Speaker::Caller, Some(caller)) => Author {
                identity: caller.identity.as_str(),
                track: caller.track.as_ref().map(|track| track.sid.as_str()),
            },
            (Speaker::Caller, None) => return,
        };
        let wall = self.start.1 + now.saturating_duration_since(self.start.0);
        let timestamp_ms = wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
        self.transcripts.write(line, author, i64::try_from(timestamp_ms).unwrap_or(0), &mut self.output);
    }
}
