//! One turn of the agent's on its way to the line: words, clause by clause, and the voice that says them.
//!
//! Three steps run at once: the language model makes clauses, the voice makes the next clause's sound while one plays, and
//! frames go to the line, which takes them as it plays. Without a voice, or when it fails, the clauses are there to be read.
//!
//! A turn can be held and gone on with: then the model thinks on, as far as its clauses find room, and frames begin anew at the
//! word that was cut, from the sound that was made. A turn can also be sealed at first: then all is made that can be without being heard.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use super::{
    clause::{Clause, Coming, Sound},
    prepared::{Key, Prepared, Recording},
};
use crate::{
    audio::{FRAME_MS, line::Say},
    call::{
        Brief, CallError,
        answer::{CLAUSES, Marks, Passed, Thought, think},
    },
    dialogue::{
        Place,
        guide::{self, Guard, LineId, RequestId},
    },
    domain::{
        Message, Pii, TurnId, WordStart,
        text::{Limits, clauses},
    },
    speech::{Sentence, SpeechError, Synthesizer, engines::Engines},
};

/// A clause's sound is kept until so many more have been begun: what the line has of one has not been heard yet.
const KEPT: usize = 2;

/// A piece of what there is to say. They are said one after the other, as they come.
pub(super) enum Piece {
    /// The language model's answer to these.
    Answer(Vec<Message>),
    /// What of the model's answer to these may be said, for a script.
    Thought {
        messages: Vec<Message>,
        guard: Guard,
        /// To be told how it went.
        request: RequestId,
    },
    /// These words.
    Words {
        text: String,
        /// The line of a script's that they are.
        line: Option<LineId>,
        /// They are the same in every call: their sound is kept.
        is_fixed: bool,
        /// The caller does not interrupt them.
        uninterruptible: bool,
    },
}

impl Piece {
    /// Words that are the same in every call.
    pub(super) fn fixed(text: String) -> Self {
        Self::Words { text, line: None, is_fixed: true, uninterruptible: false }
    }

    /// Words that are said in this call only, to their end.
    pub(super) fn once(text: String) -> Self {
        Self::Words { text, line: None, is_fixed: false, uninterruptible: true }
    }
}

/// How far a turn is.
#[derive(Debug)]
pub(super) enum Report {
    /// This clause begins.
    Clause {
        /// Its words.
        text: Pii<String>,
        /// How far the language model is; nowhere when it was not asked.
        thought: Passed,
        /// The line of a script's that it belongs to.
        line: Option<LineId>,
        /// The caller does not interrupt it.
        uninterruptible: bool,
    },
    /// These words of it begin now.
    WordStarts(Vec<WordStart>),
    /// It is complete, and plays so long.
    ClauseMade(Duration),
    /// There are no more.
    Made {
        /// It broke off.
        failed: bool,
    },
}

/// What a mouth is to do now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// Speak, under this name.
    Speaking {
        /// Whatever names an older turn is not played any more.
        turn: TurnId,
        /// What is before has been heard.
        from: Place,
    },
    /// Say nothing for the present.
    Held,
}

/// Says one turn. Whoever drops the future ends it; what the line has by then is the line's to drop.
pub(super) struct Mouth {
    pub(super) engines: Option<Arc<Engines>>,
    pub(super) prepared: Prepared,
    pub(super) brief: Brief,
    pub(super) say: mpsc::Sender<Say>,
    pub(super) reports: mpsc::Sender<super::Event>,
    pub(super) marks: Arc<Marks>,
    /// The answer broke off.
    pub(super) failed: AtomicBool,
    /// Nothing is to be heard yet: words and the first clause's sound are made, and wait.
    pub(super) is_sealed: watch::Receiver<bool>,
}

/// A turn's clauses as they come. Those that came can be said again.
struct Text {
    coming: mpsc::Receiver<Words>,
    clauses: Vec<Words>,
}

/// A clause's words.
#[derive(Clone)]
struct Words {
    text: String,
    line: Option<LineId>,
    is_fixed: bool,
    uninterruptible: bool,
}

impl Text {
    /// A clause, counted from 0, once it is there; `None` when the turn has no more.
    async fn clause(&mut self, number: usize) -> Option<Words> {
        while self.clauses.len() <= number {
            self.clauses.push(self.coming.recv().await?);
        }
        self.clauses.get(number).cloned()
    }
}

/// The call has ended.
struct Gone;

impl Mouth {
    /// `pieces` is what to say, complete when it is closed; `stage` says what to do, and there may be something to do until it is
    /// dropped.
    pub(super) async fn run(self, mut pieces: mpsc::Receiver<Piece>, stage: watch::Receiver<Stage>) {
        let (whole, coming) = mpsc::channel(CLAUSES);
        let text = Text { coming, clauses: Vec::new() };
        let making = async {
            while let Some(piece) = pieces.recv().await {
                if let Err(error) = self.make(piece, &whole).await {
                    tracing::warn!(%error, "an answer broke off");
                    self.failed.store(true, Ordering::Relaxed);
                    break;
                }
            }
            // Not before it is known how that ended.
            drop(whole);
        };
        // When nobody listens any more nobody needs to be told.
        let (_, ()) = tokio::join!(self.say(text, stage), making);
    }

    /// Does what is to be done, until that changes.
    async fn say(&self, mut text: Text, mut stage: watch::Receiver<Stage>) -> Result<(), Gone> {
        let mut kept = VecDeque::new();
        loop {
            let present = *stage.borrow_and_update();
            tokio::select! {
                biased;
                changed = stage.changed() => changed.map_err(|_| Gone)?,
                said = self.perform(&mut text, &mut kept, present) => {
                    said?;
                    stage.changed().await.map_err(|_| Gone)?;
                }
            }
        }
    }

    async fn perform(&self, text: &mut Text, kept: &mut VecDeque<Clause>, stage: Stage) -> Result<(), Gone> {
        let Stage::Speaking { turn, from } = stage else {
            for clause in kept {
                clause.finish().await;
            }
            return Ok(());
        };
        kept.retain(|clause| clause.number >= from.clause);
        if !kept.front().is_some_and(|clause| clause.number == from.clause && clause.goes_on_at(from.letter)) {
            kept.clear();
        }
        let next = match kept.len() {
            0 => from,
            kept => Place { clause: from.clause + kept, letter: 0 },
        };
        // One clause plays, one is being made: more would keep the voice from other calls.
        let (sounds, heard) = mpsc::channel(1);
        let ((), played) = tokio::join!(self.voice(text, next, sounds), self.play(turn, from.letter, kept, heard));
        let audio = played?;
        self.report(turn, Report::Made { failed: self.failed.load(Ordering::Relaxed) }).await?;
        if !audio.is_zero() {
            self.say.send(Say::End(turn)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }

    async fn make(&self, piece: Piece, whole: &mpsc::Sender<Words>) -> Result<(), CallError> {
        match piece {
            Piece::Words { text, line, is_fixed, uninterruptible } => {
                for text in clauses(&text, Limits::SENTENCES) {
                    let _ = whole.send(Words { text, line, is_fixed, uninterruptible }).await;
                }
                Ok(())
            }
            Piece::Answer(messages) => self.think(&messages, None, whole).await.map(drop),
            Piece::Thought { messages, guard, request } => {
                let thought = self.think(&messages, Some(&guard), whole).await;
                let is_good = match thought {
                    Ok(thought) => !thought.is_held_back,
                    Err(error) => {
                        tracing::warn!(%error, "a script's free answer broke off");
                        false
                    }
                };
                // When nobody listens any more nobody needs to be told.
                let _ = self.reports.send(super::Event::Guided(guide::Input::Thought { request, is_good })).await;
                Ok(())
            }
        }
    }

    async fn think(
        &self,
        messages: &[Message],
        guard: Option<&Guard>,
        whole: &mpsc::Sender<Words>,
    ) -> Result<Thought, CallError> {
        let engines = self
            .engines
            .as_ref()
            .ok_or_else(|| SpeechError::Failed { engine: "language model", reason: "there is none".to_owned() })?;
        let (clauses, mut made) = mpsc::channel(1);
        let hand_over = async {
            while let Some(text) = made.recv().await {
                let _ = whole.send(Words { text, line: None, is_fixed: false, uninterruptible: false }).await;
            }
        };
        tokio::join!(think(engines, messages, &self.brief, &self.marks, guard, clauses), hand_over).0
    }

    /// Has each clause spoken as soon as the one before it plays; of the first one, what is left.
    async fn voice(&self, text: &mut Text, from: Place, sounds: mpsc::Sender<Clause>) {
        for number in from.clause.. {
            let Some(words) = text.clause(number).await else { return };
            let Ok(place) = sounds.reserve().await else { return };
            let skipped = if number == from.clause { from.letter } else { 0 };
            let left = words.text.get(skipped..).unwrap_or(&words.text);
            let sentence = self.brief.sentence(left, self.brief.language);
            let sentence = Sentence { served: self.marks.speaks.clone(), ..sentence };
            // What is left of a clause is not what others say.
            let sound = self.sound_of(&sentence, words.is_fixed && skipped == 0);
            let Words { line, uninterruptible, .. } = words;
            place.send(Clause { number, skipped, line, uninterruptible, sentence, sound });
        }
    }

    fn sound_of(&self, sentence: &Sentence, repeats: bool) -> Sound {
        let voices = self.voices();
        let key = Key::new(voices, sentence);
        if let Some(recording) = self.prepared.get(&key, sentence) {
            return Sound::Whole(recording);
        }
        let Some(voices) = voices else { return Sound::None };
        let keep = repeats.then(|| (self.prepared.clone(), key));
        Sound::Coming(Coming { so_far: Recording::default(), rest: voices.speak(sentence.clone()), keep })
    }

    fn voices(&self) -> Option<&dyn Synthesizer> {
        let engines = self.engines.as_ref()?;
        engines.synthesizer().ok().map(|voices| &**voices)
    }

    /// Sends the clauses to the line, those that are kept first, and of the first one what is left after so many bytes; gives
    /// the length of their audio.
    async fn play(
        &self,
        turn: TurnId,
        mut letter: usize,
        kept: &mut VecDeque<Clause>,
        mut heard: mpsc::Receiver<Clause>,
    ) -> Result<Duration, Gone> {
        // An unsealed turn stays so, also when its session has gone.
        self.is_sealed.clone().wait_for(|is_sealed| !is_sealed).await.map_err(|_| Gone)?;
        let (mut audio, mut at) = (Duration::ZERO, 0);
        loop {
            if at == kept.len() {
                let Some(clause) = heard.recv().await else { return Ok(audio) };
                kept.push_back(clause.begin(self.voices()).await);
                if kept.len() > KEPT {
                    kept.pop_front();
                    at -= 1;
                }
            }
            let frames = self.play_clause(turn, &mut kept[at], letter).await?;
            let length = Duration::from_millis(frames * u64::from(FRAME_MS));
            self.report(turn, Report::ClauseMade(length)).await?;
            audio += length;
            (at, letter) = (at + 1, 0);
        }
    }

    /// Gives the number of frames sent.
    async fn play_clause(&self, turn: TurnId, clause: &mut Clause, letter: usize) -> Result<u64, Gone> {
        let (text, thought) = (Pii::new(clause.rest(letter).to_owned()), self.marks.passed());
        let (line, uninterruptible) = (clause.line, clause.uninterruptible);
        self.report(turn, Report::Clause { text, thought, line, uninterruptible }).await?;
        let (mut count, mut cursor) = (0, clause.cursor(letter));
        while let Some(voiced) = clause.next(&mut cursor).await {
            if !voiced.words.is_empty() {
                self.report(turn, Report::WordStarts(voiced.words)).await?;
            }
            self.say.send(Say::Audio(turn, Box::new(voiced.frame))).await.map_err(|_| Gone)?;
            count += 1;
        }
        Ok(count)
    }

    async fn report(&self, turn: TurnId, report: Report) -> Result<(), Gone> {
        self.reports.send(super::Event::Said(turn, report)).await.map_err(|_| Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audio::Frame,
        domain::Language,
        speech::{Priority, Sampling},
    };

    /// So many frames of sound for each sentence: more than a line takes at once.
    const FRAMES: usize = 30;

    fn speaking(turn: u64, clause: usize, letter: usize) -> Stage {
        Stage::Speaking { turn: TurnId(turn), from: Place { clause, letter } }
    }

    struct Bench {
        stage: watch::Sender<Stage>,
        seal: watch::Sender<bool>,
        said: mpsc::Receiver<Say>,
        reports: mpsc::Receiver<super::super::Event>,
        _task: tokio::task::JoinHandle<()>,
    }

    impl Bench {
        /// A mouth that says `words`, of which `voiced` have sound.
        fn say(words: Piece, voiced: &[&str]) -> Self {
            Self::say_sealed(words, voiced, false)
        }

        fn say_sealed(words: Piece, voiced: &[&str], is_sealed: bool) -> Self {
            let prepared = Prepared::default();
            for clause in voiced {
                let sentence = Sentence::new(*clause, Language::ENGLISH);
                let word =
                    |(letter, millis)| WordStart { letter, at: Duration::from_millis(millis), is_estimate: false };
                let words = [(0, 0), (4, 200), (8, 400)].map(word).to_vec();
                let recording = Arc::new(Recording { frames: vec![Frame::SILENCE; FRAMES], words });
                prepared.keep(Key::new(None, &sentence), &sentence, recording);
            }
            let (say, said) = mpsc::channel(20);
            let (reports, heard) = mpsc::channel(32);
            let brief = Brief {
                language: Language::ENGLISH,
                voice: None,
                speed: 1.0,
                max_tokens: 1,
                sampling: Sampling::default(),
                conversation: 1,
                urgency: Priority::Reply.into(),
            };
            let (marks, failed) = (Arc::new(Marks::default()), AtomicBool::new(false));
            let (seal, is_sealed) = watch::channel(is_sealed);
            let mouth = Mouth { engines: None, prepared, brief, say, reports, marks, failed, is_sealed };
            let (stage, watched) = watch::channel(speaking(1, 0, 0));
            let (piece, pieces) = mpsc::channel(1);
            piece.try_send(words).unwrap();
            let task = tokio::spawn(mouth.run(pieces, watched));
            Self { stage, seal, said, reports: heard, _task: task }
        }

        /// The next report, and of which turn.
        async fn report(&mut self) -> String {
            match self.reports.recv().await.unwrap() {
                super::super::Event::Said(turn, Report::Clause { text, .. }) => format!("{} {}", turn.0, text.reveal()),
                super::super::Event::Said(turn, Report::WordStarts(words)) => {
                    let words: Vec<_> = words.iter().map(|word| (word.letter, word.at.as_millis())).collect();
                    format!("{} {words:?}", turn.0)
                }
                super::super::Event::Said(turn, Report::ClauseMade(audio)) => {
                    format!("{} {}", turn.0, audio.as_millis())
                }
                super::super::Event::Said(turn, Report::Made { failed }) => {
                    format!("{} made, failed: {failed}", turn.0)
                }
                event => panic!("{event:?}"),
            }
        }

        async fn check(&mut self, expected: &[&str]) {
            for expected in expected {
                assert_eq!(self.report().await, *expected);
            }
        }

        /// Plays until the end of a turn; gives the turns of the frames.
        async fn play(&mut self) -> Vec<u64> {
            let mut turns = Vec::new();
            loop {
                match self.said.recv().await.unwrap() {
                    Say::Audio(turn, _) => turns.push(turn.0),
                    Say::End(_) => return turns,
                }
            }
        }
    }

    #[tokio::test]
    async fn a_turn_that_is_held_goes_on_with_any_clause() {
        let mut bench = Bench::say(Piece::fixed("One. Two. Three.".to_owned()), &["Two."]);
        // The line is full in the midst of the second clause.
        bench.check(&["1 One.", "1 0", "1 Two.", "1 [(0, 0)]", "1 [(4, 200)]", "1 [(8, 400)]"]).await;
        bench.stage.send_replace(Stage::Held);
        bench.stage.send_replace(speaking(2, 1, 0));
        let turns = bench.play().await;
        bench.check(&["2 Two.", "2 [(0, 0)]", "2 [(4, 200)]", "2 [(8, 400)]", "2 600"]).await;
        bench.check(&["2 Three.", "2 0", "2 made, failed: false"]).await;
        let (before, after) = (turns.iter().filter(|turn| **turn == 1), turns.iter().filter(|turn| **turn == 2));
        assert!(before.count() < FRAMES && after.count() == FRAMES && turns.is_sorted(), "{turns:?}");
        // All of it was made: it can be held even so, until the line has played it.
        bench.stage.send_replace(speaking(3, 2, 0));
        bench.check(&["3 Three.", "3 0", "3 made, failed: false"]).await;
    }

    #[tokio::test]
    async fn a_turn_that_is_held_goes_on_with_a_word() {
        let mut bench = Bench::say(Piece::fixed("One two three. Four.".to_owned()), &["One two three.", "Four."]);
        bench.check(&["1 One two three.", "1 [(0, 0)]", "1 [(4, 200)]", "1 [(8, 400)]"]).await;
        bench.stage.send_replace(Stage::Held);
        bench.stage.send_replace(speaking(2, 0, 4));
        let turns = bench.play().await;
        // From ten milliseconds before the word, and that is in the midst of a frame.
        bench.check(&["2 two three.", "2 [(0, 20)]", "2 [(4, 220)]", "2 420", "2 Four.", "2 [(0, 0)]"]).await;
        assert_eq!(turns.iter().filter(|turn| **turn == 2).count(), 21 + FRAMES);
        // The line has said less than it was given: the clause before the last one is still there.
        bench.check(&["2 [(4, 200)]", "2 [(8, 400)]", "2 600", "2 made, failed: false"]).await;
        bench.stage.send_replace(speaking(3, 0, 8));
        bench.play().await;
        bench.check(&["3 three.", "3 [(0, 20)]", "3 220", "3 Four.", "3 [(0, 0)]"]).await;
    }

    #[tokio::test]
    async fn what_is_left_of_a_clause_without_words_is_said_by_itself() {
        let mut bench = Bench::say(Piece::fixed("One two.".to_owned()), &[]);
        bench.check(&["1 One two.", "1 0", "1 made, failed: false"]).await;
        bench.stage.send_replace(speaking(2, 0, 4));
        bench.check(&["2 two.", "2 0", "2 made, failed: false"]).await;
    }

    #[tokio::test]
    async fn nothing_of_a_sealed_turn_is_heard() {
        let mut bench = Bench::say_sealed(Piece::fixed("One. Two.".to_owned()), &["Two."], true);
        // All that can go on without anybody's doing has gone on.
        for _ in 0..100 {
            tokio::task::yield_now().await;
            assert!(bench.reports.is_empty() && bench.said.is_empty());
        }
        bench.seal.send_replace(false);
        bench.check(&["1 One.", "1 0", "1 Two."]).await;
        assert_eq!(bench.play().await.len(), FRAMES);
    }

    #[tokio::test]
    async fn an_answer_that_nobody_can_give_breaks_off() {
        let mut bench = Bench::say(Piece::Answer(Vec::new()), &[]);
        bench.check(&["1 made, failed: true"]).await;
    }
}
