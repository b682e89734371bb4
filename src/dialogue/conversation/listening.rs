//! The caller's side: from speech to words that count.

use std::{mem, ops::Range, time::Duration};

use super::{Agent, Dialogue};
use crate::{
    dialogue::{
        barge_in::{Meaning, Overlap, is_backchannel},
        caller::{Caller, Hearing, LONGEST_TYPED, Owed, Text, Utterance},
        endpointing::{self, PauseId, patience_with},
        io::{Incident, Lead, Line, Notice, Output, Side, Spoken, Take, Words},
        parting::is_farewell,
    },
    domain::{Language, MediaTime, Pii},
    spoken::Hanging,
};

/// So many utterances may wait for their text; when more do, the oldest is given up.
const MOST_AWAITED: usize = 4;
/// A caller who hangs for so long may not go on at all: half of what is waited for. The answer then has the other half.
const HESITATION: Duration = Duration::from_millis(500);
/// A cough is shorter; a sentence that was not understood is longer.
const SHORTEST_SENTENCE: Duration = Duration::from_millis(400);

impl Dialogue {
    pub(super) fn heard(&mut self, now: MediaTime, output: endpointing::Output) {
        match output {
            endpointing::Output::Stirred => self.overlap(now, Overlap::Stirred),
            endpointing::Output::Settled => self.overlap(now, Overlap::Settled),
            endpointing::Output::SpeechStarted { at } => self.speech_started(now, at),
            endpointing::Output::Stopped { id } => self.decided.push_back(Output::Judge(id)),
            endpointing::Output::Pause { id, at } => {
                self.transcribe(Some(id));
                self.overlap(now, Overlap::Paused(at));
            }
            endpointing::Output::SpeechResumed => self.speech_resumed(now),
            endpointing::Output::EndOfTurn { speech } => self.speech_ended(now, &speech),
        }
    }

    fn speech_started(&mut self, now: MediaTime, at: MediaTime) {
        self.caller = Caller::Speaking(Utterance::new(self.next_line(), at));
        self.active = now;
        // What goes on without a pause was judged when it began.
        if self.talk.starts(at) {
            self.overlap(now, Overlap::Started(at));
        } else {
            self.note(Incident::Endless);
        }
    }

    fn speech_resumed(&mut self, now: MediaTime) {
        if let Caller::Speaking(utterance) = &mut self.caller
            && let Some(take) = utterance.take.take()
        {
            (utterance.text, utterance.hanging_since) = (Text::Unknown, None);
            self.decided.push_back(Output::Forget(take));
        }
        self.overlap(now, Overlap::Resumed);
    }

    fn speech_ended(&mut self, now: MediaTime, speech: &Range<MediaTime>) {
        if matches!(&self.caller, Caller::Speaking(utterance) if utterance.take.is_none()) {
            self.transcribe(None);
        }
        let Caller::Speaking(mut utterance) = mem::replace(&mut self.caller, Caller::Silent) else { return };
        utterance.ended = speech.end;
        self.talk.ends(speech.end);
        self.active = now;
        self.awaited.push_back(utterance);
        if self.awaited.len() > MOST_AWAITED
            && let Some(oldest) = self.awaited.pop_front()
        {
            self.decided.extend(oldest.take.map(Output::Forget));
            self.withdraw(&oldest);
        }
    }

    /// Asks for the words of the utterance, which has come to this pause, or to its end.
    fn transcribe(&mut self, pause: Option<PauseId>) {
        let take = self.next_take();
        let Caller::Speaking(utterance) = &mut self.caller else { return };
        let draft = utterance.draft.take.take();
        let instead_of = utterance.take.replace(take).or(draft);
        (utterance.pause, utterance.text) = (pause, Text::Unknown);
        self.decided.push_back(Output::Transcribe { take, instead_of, is_draft: false });
    }

    /// Asks for the words of a long utterance while it goes on: an interruption is sooner known for what it is, and so is a
    /// number that is being read out.
    pub(super) fn draft(&mut self, now: MediaTime) {
        if !self.setup.drafts {
            return;
        }
        let next = self.next_take;
        let Caller::Speaking(utterance) = &mut self.caller else { return };
        if utterance.take.is_none() && utterance.draft.is_due(now, utterance.began) {
            utterance.draft.take = Some(next);
            let take = self.next_take();
            self.decided.push_back(Output::Transcribe { take, instead_of: None, is_draft: true });
        }
    }

    pub(super) fn transcribed(&mut self, now: MediaTime, take: Take, words: Option<Words>) {
        // A card's number goes on from one utterance to the next: words are shown in the order in which they were said.
        let oldest = self.awaited.front().map(|utterance| utterance.line);
        let over_the_agent = matches!(self.agent, Agent::Turn(_));
        let is_speaking = matches!(&self.caller, Caller::Speaking(utterance) if utterance.is_of(take));
        let speaking = match &mut self.caller {
            Caller::Speaking(utterance) => Some(utterance),
            Caller::Silent => None,
        };
        let mut utterances = speaking.into_iter().chain(&mut self.awaited);
        let Some(utterance) = utterances.find(|utterance| utterance.is_of(take)) else { return };
        let is_draft = utterance.draft.take == Some(take);
        if is_draft && words.as_ref().is_none_or(|words| words.is_final) {
            utterance.draft.take = None;
        }
        let Some(words) = words else {
            if !is_draft {
                utterance.text = Text::Failed;
            }
            return;
        };
        // What is said over the agent may be nothing but a "mm-hm": it is shown when it counts.
        let is_next = oldest.is_none_or(|oldest| oldest == utterance.line);
        let is_whole = words.is_final && !is_draft;
        if is_next && !over_the_agent && !is_whole && !words.text.reveal().is_empty() {
            utterance.shown = true;
            let text = Pii::new(self.cards.partial(words.text.reveal()));
            let line = Line { side: Side::Caller, number: utterance.line, text, is_final: false };
            self.decided.push_back(Output::Transcript(line));
        }
        let (pause, at) = (utterance.pause.filter(|_| is_whole), utterance.began..utterance.ended);
        if is_whole {
            utterance.text = Text::Known(words.clone());
        }
        let at = if is_speaking { at.start..now } else { at };
        self.overlap(now, Overlap::Words(self.meaning(words.text.reveal(), &at)));
        if words.is_final {
            self.read(now, &words, pause.filter(|_| is_speaking));
        }
    }

    /// What the text rule makes of words: those up to the present pause may be all, and can be answered then.
    fn read(&mut self, now: MediaTime, words: &Words, pause: Option<PauseId>) {
        let hanging = self.hanging(words);
        self.decided.push_back(Output::Endpoint(endpointing::Input::Words { pause, hanging }));
        if pause.is_none() {
            return;
        }
        if !matches!(hanging, Hanging::Yes | Hanging::Dictating) {
            return self.speculate(words);
        }
        if let Caller::Speaking(utterance) = &mut self.caller {
            utterance.hanging_since = Some(now);
        }
    }

    /// Words that hang are answered in advance, too, when nothing has followed them for long.
    pub(super) fn reconsider(&mut self, now: MediaTime) {
        let Caller::Speaking(utterance) = &mut self.caller else { return };
        let waited = |since: &mut MediaTime| now.since(*since) >= HESITATION;
        if let Text::Known(words) = &utterance.text
            && utterance.hanging_since.take_if(waited).is_some()
        {
            let words = words.clone();
            self.speculate(&words);
        }
    }

    fn hanging(&self, words: &Words) -> Hanging {
        (self.setup.text_rule)(words.text.reveal(), words.language.unwrap_or(self.setup.language))
    }

    /// What words that were said at `at` mean for the agent, who was speaking then.
    fn meaning(&self, words: &str, at: &Range<MediaTime>) -> Meaning {
        if words.trim().is_empty() || self.is_echo(words, at) {
            Meaning::Nothing
        } else if is_backchannel(words) {
            Meaning::Listening
        } else {
            Meaning::Wish
        }
    }

    pub(super) fn typed(&mut self, now: MediaTime, text: &str) {
        if text.trim().is_empty() || !self.typing.take(now) {
            return;
        }
        let shortened: String = text.chars().take(LONGEST_TYPED).collect();
        self.active = now;
        if self.gives_way() {
            self.interrupt(now);
        }
        let text = self.cards.finish(&shortened);
        let takes_leave = self.takes_leave(&text);
        self.hanging_until = now;
        self.accept(text, self.setup.language, now..now);
        if takes_leave {
            self.owed = Owed::Farewell;
        } else if !matches!(self.owed, Owed::ToTyping { .. }) {
            self.owed = Owed::ToTyping { since: now };
        }
    }

    pub(super) fn mute(&mut self, now: MediaTime, muted: bool) {
        if mem::replace(&mut self.muted, muted) && !muted {
            // They could not be heard until now.
            self.active = now;
        }
    }

    pub(super) fn deafened(&mut self) {
        if self.hearing == Hearing::Works {
            self.hearing = Hearing::Lost;
            self.caller = Caller::Silent;
            self.decided.push_back(Output::Notice(Notice::TypedOnly));
        }
    }

    /// The caller said something that counts.
    fn accept(&mut self, text: String, language: Language, at: Range<MediaTime>) {
        // What is said over words that cannot be interrupted answers them, or comes after them at least.
        match self.agent {
            Agent::Turn(_) => self.unread.push(text.clone()),
            Agent::Silent | Agent::Gone(_) => self.history.heard(&text),
        }
        if self.setup.lead == Lead::Script {
            self.uncued.extend((!self.uncued.is_empty()).then_some(' '));
            self.uncued.push_str(&text);
        }
        self.let_go();
        if matches!(self.owed, Owed::Nothing | Owed::Farewell) {
            self.owed = Owed::ToSpeech;
        }
        (self.owes_apology, self.wordless, self.asked_for_caller, self.has_spoken) = (false, 0, 0, true);
        self.worded = at.end;
        let text = Pii::new(text);
        let spoken = Spoken { side: Side::Caller, text, at, language, played: None, interrupted: false };
        self.decided.push_back(Output::Record(spoken));
    }

    /// Whether the agent is to take its leave, too. Noise is sometimes understood as "bye": not as the first words.
    fn takes_leave(&self, text: &str) -> bool {
        self.setup.lead == Lead::Model && self.has_spoken && !self.owed.is_answer() && is_farewell(text)
    }

    /// Decides about utterances that are over and whose words are known, in their order.
    pub(super) fn conclude(&mut self, now: MediaTime) {
        while let Some(utterance) = self.awaited.pop_front_if(|next| !matches!(next.text, Text::Unknown)) {
            match utterance.text {
                Text::Known(ref words) if !words.text.reveal().trim().is_empty() => {
                    let words = words.clone();
                    self.conclude_with(now, &utterance, &words);
                }
                Text::Failed => self.not_understood(&utterance),
                Text::Known(_) | Text::Unknown => self.wordless(&utterance),
            }
        }
    }

    fn not_understood(&mut self, utterance: &Utterance) {
        self.note(Incident::NotUnderstood);
        self.withdraw(utterance);
        self.owes_apology |= matches!(self.agent, Agent::Silent);
        self.let_go();
    }

    fn wordless(&mut self, utterance: &Utterance) {
        self.note(Incident::Wordless);
        self.withdraw(utterance);
        let is_sentence = utterance.ended.since(utterance.began) >= SHORTEST_SENTENCE;
        if is_sentence && matches!(self.agent, Agent::Silent) && self.held.is_none() {
            self.wordless += 1;
        }
    }

    fn conclude_with(&mut self, now: MediaTime, utterance: &Utterance, words: &Words) {
        let at = utterance.began..utterance.ended;
        if self.is_echo(words.text.reveal(), &at) {
            self.note(Incident::Echo);
            self.echoes = true;
            return self.withdraw(utterance);
        }
        if self.is_only_listening(utterance, words.text.reveal()) {
            self.note(Incident::Backchannel);
            return self.withdraw(utterance);
        }
        let answers_question = matches!(&self.agent, Agent::Turn(speech) if speech.asks());
        let is_mere_yes = answers_question && is_backchannel(words.text.reveal());
        if self.gives_way() && !is_mere_yes {
            self.interrupt(now);
        }
        self.follow(words);
        let text = self.cards.finish(words.text.reveal());
        let (number, shown) = (utterance.line, Pii::new(text.clone()));
        self.decided.push_back(Output::Transcript(Line { side: Side::Caller, number, text: shown, is_final: true }));
        self.hanging_until = utterance.ended + patience_with(self.hanging(words));
        let takes_leave = self.takes_leave(&text);
        self.accept(text, self.setup.language, at);
        if takes_leave {
            self.owed = Owed::Farewell;
        }
    }

    /// Whether the words only show that the caller listens to the agent, who was speaking then or was stopped by them. To a
    /// question "yes" is an answer; and before anything can be heard there is nothing to say "mm-hm" to.
    fn is_only_listening(&self, utterance: &Utterance, words: &str) -> bool {
        let listened = match (&self.agent, &self.held) {
            (Agent::Turn(speech), _) => speech.began().is_some_and(|began| began <= utterance.began) && !speech.asks(),
            (_, Some(held)) => !held.asks,
            _ => false,
        };
        listened && is_backchannel(words)
    }

    /// Speaks the caller's language from now on.
    fn follow(&mut self, words: &Words) {
        self.setup.language = self.language_for(words);
    }

    /// The language in which to answer these words.
    pub(super) fn language_for(&self, words: &Words) -> Language {
        words.language.filter(|_| self.setup.follows_caller).unwrap_or(self.setup.language)
    }

    /// The utterance was nothing: what of it stands in the transcript goes.
    fn withdraw(&mut self, utterance: &Utterance) {
        if utterance.shown {
            let text = Pii::new(String::new());
            let line = Line { side: Side::Caller, number: utterance.line, text, is_final: true };
            self.decided.push_back(Output::Transcript(line));
        }
    }
}
