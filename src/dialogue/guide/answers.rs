//! What the caller said, as one of the answers that the script knows: by rules, else by a model, else not at all.

use std::mem;

use jiff::{ToSpan, civil::Date};

use super::{
    Asked, Guide, LONGEST_WORDS, Listening, MOST_TURNS, Meaning, Output, Pii, RequestId, Slot, State, Topic, Trouble,
    Unclear, guard, guard::Guard, words,
};
use crate::{
    domain::{Language, Money},
    script::{Aside, Ask, Confirm, Converse, Expect, Kind, Limit, Task, Value},
    spoken::{Choice, Intent, Sureness, read},
};

/// A model's choice counts from this probability on, and when it is so much likelier than the next.
const LIKELY_ENOUGH: f32 = 0.7;
const LEAD: f32 = 0.25;
/// What a model may choose when no answer fits.
const OTHER: &str = "other";

/// What callers say who have nothing more to ask.
const DONE_ENGLISH: [&str; 10] = [
    "that's all",
    "that is all",
    "nothing else",
    "no thank you",
    "no thanks",
    "that was it",
    "I have no more questions",
    "goodbye",
    "bye",
    "bye bye",
];
const DONE_ARABIC: [&str; 8] =
    ["هذا كل شيء", "لا شيء آخر", "لا شكرا", "خلاص شكرا", "ليس لدي أسئلة أخرى", "مع السلامة", "إلى اللقاء", "وداعا"];

impl Guide {
    /// The caller has spoken.
    pub(super) fn hear(&mut self, said: &str) {
        let said = &said[..said.floor_char_boundary(LONGEST_WORDS)];
        let (mut listening, words) = match mem::replace(&mut self.state, State::Over) {
            State::Listening(listening) | State::Thinking { listening, .. } => (listening, said.to_owned()),
            State::Understanding { listening, words, .. } => (listening, format!("{} {said}", words.reveal())),
            state @ (State::Idle | State::Waiting { .. } | State::Over) => {
                let has_begun = !matches!(state, State::Idle);
                self.state = state;
                if has_begun && self.intent(said).is_some_and(|(intent, _)| intent == Intent::StopCalling) {
                    self.stop_calling();
                }
                return;
            }
        };
        self.steps = 0;
        self.turns += 1;
        listening.silences = 0;
        if self.turns > MOST_TURNS {
            self.trouble(Trouble::TooLong);
            return self.sorry(super::outcome::FAILED);
        }
        self.understand(&words, listening);
    }

    fn understand(&mut self, words: &str, listening: Listening) {
        let intent = self.intent(words);
        let answers = matches!(listening.topic, Topic::Answer | Topic::Talk { .. });
        let named = if answers { self.named(words) } else { None };
        match (intent, named) {
            (Some((Intent::StopCalling, _)), _) => self.stop_calling(),
            (Some((intent, Sureness::Certain)), _) if !is_refusal(intent) && self.is_unheard() => {
                self.wish(intent, words, listening);
            }
            _ if self.replay(&listening) => {}
            (_, Some((answer, Sureness::Certain))) => self.choose(answer),
            (Some((intent, Sureness::Certain)), _) if self.goes_first(intent, &listening) => {
                self.wish(intent, words, listening);
            }
            (intent, named) => {
                let (intent, named) = (intent.map(|(intent, _)| intent), named.map(|(answer, _)| answer));
                self.said.clear();
                match listening.topic.clone() {
                    Topic::Answer => self.answer(words, listening, intent, named),
                    Topic::Confirm(value) => self.confirmed(words, listening, intent, value),
                    Topic::When if self.call_back_then(words) => {}
                    Topic::When if intent.is_some_and(is_refusal) => self.call_back_sometime(),
                    Topic::When => self.retry(listening),
                    Topic::Talk { left } => self.talk(words, listening, intent, left),
                }
            }
        }
    }

    fn is_unheard(&self) -> bool {
        self.said.last().is_some_and(|said| said.heard == super::Heard::Not)
    }

    fn intent(&self, words: &str) -> Option<(Intent, Sureness)> {
        read::intent(words, &self.context()).map(|intent| (intent.value, intent.sure))
    }

    /// Whether what the caller wants comes before what they may have answered. Not wanting to answer is an answer.
    fn goes_first(&self, intent: Intent, listening: &Listening) -> bool {
        match listening.topic {
            Topic::When => !is_refusal(intent) && intent != Intent::CallLater,
            // A model knows what it said.
            Topic::Talk { .. } => !is_refusal(intent) && intent != Intent::Repeat,
            // Whoever tells a story may well say that somebody called the wrong number.
            Topic::Answer if self.takes_any_words() => {
                matches!(intent, Intent::Human | Intent::Repeat | Intent::WhoAreYou)
            }
            Topic::Answer | Topic::Confirm(_) => !is_refusal(intent),
        }
    }

    fn takes_any_words(&self) -> bool {
        matches!(&self.setup.script.step(self.at).task, Task::Ask(Ask { expect: Expect::Text, .. }))
    }

    /// The answer with a name that was given.
    fn named(&self, words: &str) -> Option<(usize, Sureness)> {
        let script = self.script();
        let answers = match &script.step(self.at).task {
            Task::Ask(Ask { answers, .. }) | Task::Converse(Converse { answers, .. }) => answers,
            _ => return None,
        };
        let with_examples: Vec<_> = answers.iter().enumerate().filter(|(_, answer)| !answer.says.is_empty()).collect();
        let choices: Vec<_> =
            with_examples.iter().map(|(_, answer)| Choice { id: &answer.id, says: &answer.says }).collect();
        if choices.is_empty() {
            return None;
        }
        let choice = read::choice(words, &self.context(), &choices)?;
        with_examples.get(choice.value).map(|(index, _)| (*index, choice.sure))
    }

    /// The question of the step.
    fn answer(&mut self, words: &str, listening: Listening, intent: Option<Intent>, named: Option<usize>) {
        let script = self.script();
        let Task::Ask(ask) = &script.step(self.at).task else { return };
        self.beside = self.said_beside(&ask.expect, words).or(self.beside.take());
        // A likely reading of the rules' is right more often than a small model (docs/understanding.md).
        if let Some((value, sure)) = self.slot(&ask.expect, words) {
            return self.accept(ask, value, sure, &listening);
        }
        match (named, intent) {
            (_, Some(intent)) if is_refusal(intent) => self.refused(listening),
            (Some(answer), _) => self.choose(answer),
            (None, Some(intent)) => self.wish(intent, words, listening),
            (None, None) if self.ask_model(ask, words, &listening) => {}
            (None, None) => self.retry(listening),
        }
    }

    /// A day that was said where an amount is asked, or an amount where a day is: for the question that follows. Only what
    /// can hardly mean anything else, and is no part of the answer.
    fn said_beside(&self, expect: &Expect, words: &str) -> Option<Value> {
        let context = self.context();
        let (amount, date) = (read::amount(words, &context), read::date(words, &context));
        let is_apart = match (&amount, &date) {
            (Some(amount), Some(date)) => amount.span.end <= date.span.start || date.span.end <= amount.span.start,
            _ => true,
        };
        let is_certain = |sure| is_apart && sure == Sureness::Certain;
        match expect {
            Expect::Amount { .. } => date.filter(|it| is_certain(it.sure)).map(|it| Value::Date(it.value)),
            Expect::Date { .. } => amount.filter(|it| is_certain(it.sure)).map(|it| Value::Money(it.value)),
            _ => None,
        }
    }

    /// Takes what was said beside the answer before as the answer to this question, if it is one.
    pub(super) fn answered_before(&mut self, ask: &Ask) -> bool {
        let fits = |value: &Value| {
            matches!(
                (&ask.expect, value),
                (Expect::Amount { .. }, Value::Money(_)) | (Expect::Date { .. }, Value::Date(_))
            )
        };
        let Some(value) = self.beside.take().filter(fits) else { return false };
        self.accept(ask, value, Sureness::Certain, &Listening::to(Topic::Answer));
        true
    }

    /// The value of the expected kind in these words.
    fn slot(&self, expect: &Expect, words: &str) -> Option<(Value, Sureness)> {
        let context = self.context();
        match expect {
            Expect::YesNo => read::yes_no(words, &context).map(|it| (Value::YesNo(it.value), it.sure)),
            Expect::Amount { .. } => read::amount(words, &context).map(|it| (Value::Money(it.value), it.sure)),
            Expect::Date { .. } => read::date(words, &context).map(|it| (Value::Date(it.value), it.sure)),
            Expect::DateTime { .. } => read::moment(words, &context).map(|it| (Value::DateTime(it.value), it.sure)),
            Expect::Phone => read::phone(words, &context).map(|it| (Value::Phone(it.value), it.sure)),
            Expect::Name => {
                let name = read::name(words, &context)?;
                Some((Value::text(&name.value)?, name.sure))
            }
            Expect::Digits { least, most } => {
                let digits = read::digits(words, &context)?;
                let fits = (usize::from(*least)..=usize::from(*most)).contains(&digits.value.len());
                fits.then_some((Value::Digits(digits.value), digits.sure))
            }
            Expect::Choice => None,
            Expect::Text => Some((Value::text(words)?, Sureness::Certain)),
        }
    }

    /// Takes a value if it is within the limits, after reading it back where that has to be.
    fn accept(&mut self, ask: &Ask, value: Value, sure: Sureness, listening: &Listening) {
        if let Value::YesNo(yes) = value {
            if sure == Sureness::Likely && self.is_read_back(ask) {
                return self.retry(listening.clone());
            }
            let id = if yes { "yes" } else { "no" };
            return match ask.answers.iter().position(|answer| answer.id == id) {
                Some(answer) => self.choose(answer),
                None => self.retry(listening.clone()),
            };
        }
        if let Some((why, limit)) = self.beyond(&ask.expect, &value) {
            return self.refuse(listening.tries, why, &limit);
        }
        if sure == Sureness::Likely || ask.confirm != Confirm::IfUnsure {
            self.confirm(value, listening.tries);
        } else {
            self.keep(value);
        }
    }

    /// Why a value is not taken, and the limit.
    fn beyond(&self, expect: &Expect, value: &Value) -> Option<(Aside, String)> {
        let days = |day: Date, within: &Option<u16>| {
            let today = self.setup.today;
            let last = today.checked_add(i64::from(within.unwrap_or(u16::MAX)).days()).unwrap_or(Date::MAX);
            if day < today {
                Some((Aside::TooEarly, String::new()))
            } else if day > last {
                Some((Aside::TooLate, words::spoken(&Value::Date(last), &self.setup)))
            } else {
                None
            }
        };
        match (expect, value) {
            (Expect::Amount { at_least, at_most }, Value::Money(amount)) => {
                let spoken = |limit| words::amount(limit, self.setup.currency, self.setup.script.language);
                let (least, most) = (self.limit(at_least.as_ref()), self.limit(at_most.as_ref()));
                match (least, most) {
                    (Some(least), _) if *amount < least => Some((Aside::TooLittle, spoken(least))),
                    (_, Some(most)) if *amount > most => Some((Aside::TooMuch, spoken(most))),
                    _ => None,
                }
            }
            (Expect::Date { within_days }, Value::Date(day)) => days(*day, within_days),
            (Expect::DateTime { within_days }, Value::DateTime(moment)) => {
                let is_past = *moment <= self.setup.today.to_datetime(self.setup.now);
                if is_past { Some((Aside::TooEarly, String::new())) } else { days(moment.date(), within_days) }
            }
            _ => None,
        }
    }

    fn limit(&self, limit: Option<&Limit>) -> Option<Money> {
        match limit? {
            Limit::Fixed(money) => Some(*money),
            Limit::Variable(name) => match self.values.get(name) {
                Some(Value::Money(money)) => Some(*money),
                _ => None,
            },
        }
    }

    /// Whether a question reads back what was understood before: nobody else than the caller may say yes to that.
    fn is_read_back(&self, ask: &Ask) -> bool {
        let matters =
            |kind: Kind| matches!(kind, Kind::Money | Kind::Date | Kind::DateTime | Kind::Phone | Kind::Digits);
        let variables = &self.setup.script.variables;
        ask.expect == Expect::YesNo
            && ask.question.text.variables().any(|name| variables.get(name).copied().is_some_and(matters))
    }

    /// Whether what was read back is right.
    fn confirmed(&mut self, words: &str, listening: Listening, intent: Option<Intent>, value: Value) {
        let script = self.script();
        let Task::Ask(ask) = &script.step(self.at).task else { return };
        let said = read::yes_no(words, &self.context());
        let is_yes = said.as_ref().is_some_and(|said| said.value && said.sure == Sureness::Certain);
        let is_no = said.is_some_and(|said| !said.value);
        let other = if ask.expect == Expect::Text { None } else { self.slot(&ask.expect, words) };
        match other {
            Some((other, sure)) if other != value && (!is_yes || sure == Sureness::Certain) => {
                let listening = Listening { tries: listening.tries + 1, ..listening };
                if listening.tries > ask.retries + 1 {
                    self.give_up()
                } else {
                    self.accept(ask, other, sure, &listening)
                }
            }
            _ if is_yes => self.keep(value),
            Some(_) if !is_no => self.keep(value),
            _ if is_no => self.retry(Listening { topic: Topic::Answer, ..listening }),
            _ => match intent {
                Some(intent) if is_refusal(intent) => self.refused(listening),
                Some(intent) => self.wish(intent, words, listening),
                None => self.retry(listening),
            },
        }
    }

    /// An answer with a name was given.
    fn choose(&mut self, answer: usize) {
        self.said.clear();
        let script = self.script();
        let task = &script.step(self.at).task;
        let answers = match task {
            Task::Ask(Ask { answers, .. }) | Task::Converse(Converse { answers, .. }) => answers,
            _ => return,
        };
        let Some(answer) = answers.get(answer) else { return };
        if let Task::Ask(Ask { save: Some(name), expect, .. }) = task {
            let value = match expect {
                Expect::YesNo => match answer.id.as_str() {
                    "yes" => Some(Value::YesNo(true)),
                    "no" => Some(Value::YesNo(false)),
                    _ => None,
                },
                Expect::Choice => Value::text(&answer.id),
                _ => None,
            };
            if let Some(value) = value {
                self.values.insert(name.clone(), value);
            }
        }
        self.go(answer.to);
    }

    /// Keeps the answer, and goes on.
    fn keep(&mut self, value: Value) {
        let script = self.script();
        let step = script.step(self.at);
        if let Task::Ask(Ask { save: Some(name), .. }) = &step.task {
            self.values.insert(name.clone(), value);
        }
        if let Some(next) = step.next {
            self.go(next);
        }
    }

    /// Asks the model what these words mean, if there is one and it is its to say.
    fn ask_model(&mut self, ask: &Ask, words: &str, listening: &Listening) -> bool {
        if !self.setup.understands || self.is_read_back(ask) {
            return false;
        }
        let Some(question) = self.question(&listening.topic) else { return false };
        let request = self.request();
        let asked = Asked { question: Pii::new(question), words: Pii::new(words.to_owned()) };
        let unclear = match &ask.expect {
            Expect::Amount { .. } => Unclear::Value(Slot::Amount),
            Expect::Date { .. } => Unclear::Value(Slot::Date),
            Expect::DateTime { .. } => Unclear::Value(Slot::DateTime),
            Expect::Phone => Unclear::Value(Slot::Phone),
            Expect::Digits { .. } => Unclear::Value(Slot::Digits),
            Expect::YesNo | Expect::Choice => Unclear::Which((0..ask.answers.len()).collect()),
            Expect::Name | Expect::Text => return false,
        };
        match &unclear {
            Unclear::Value(slot) => self.outputs.push_back(Output::Fill { request, asked, slot: *slot }),
            Unclear::Which(answers) => {
                let meaning = |answer: &usize| {
                    let answer = &ask.answers[*answer];
                    Meaning { id: answer.id.clone(), says: answer.says.clone() }
                };
                let mut choices: Vec<_> = answers.iter().map(meaning).collect();
                choices.push(Meaning { id: OTHER.to_owned(), says: Vec::new() });
                self.outputs.push_back(Output::Score { request, asked, choices });
            }
        }
        let (words, listening) = (Pii::new(words.to_owned()), listening.clone());
        self.state = State::Understanding { request, words, listening, ask: unclear };
        true
    }

    /// What a model was asked, if this is the answer to it.
    fn asked(&mut self, answered: RequestId) -> Option<(Listening, Unclear)> {
        match mem::replace(&mut self.state, State::Over) {
            State::Understanding { request, listening, ask, .. } if request == answered => Some((listening, ask)),
            state => {
                self.state = state;
                None
            }
        }
    }

    pub(super) fn scored(&mut self, request: RequestId, shares: &[f32]) {
        let Some((listening, ask)) = self.asked(request) else { return };
        let Unclear::Which(answers) = ask else { return self.retry(listening) };
        match clear_choice(shares).filter(|_| shares.len() == answers.len() + 1).and_then(|best| answers.get(best)) {
            Some(answer) => self.choose(*answer),
            None => self.retry(listening),
        }
    }

    pub(super) fn filled(&mut self, request: RequestId, text: Option<Pii<String>>) {
        let Some((listening, _)) = self.asked(request) else { return };
        let script = self.script();
        let Task::Ask(ask) = &script.step(self.at).task else { return };
        let kind = match &ask.expect {
            Expect::Amount { .. } => Kind::Money,
            Expect::Date { .. } => Kind::Date,
            Expect::DateTime { .. } => Kind::DateTime,
            Expect::Phone => Kind::Phone,
            _ => Kind::Digits,
        };
        let value = text.and_then(|text| Value::parse(kind, text.reveal(), self.setup.country));
        let value = value.filter(|value| match (&ask.expect, value) {
            (Expect::Digits { least, most }, Value::Digits(digits)) => {
                (usize::from(*least)..=usize::from(*most)).contains(&digits.len())
            }
            _ => true,
        });
        match value {
            // A model's guess is always read back.
            Some(value) => self.accept(ask, value, Sureness::Likely, &listening),
            None => self.retry(listening),
        }
    }

    /// Free conversation.
    fn talk(&mut self, words: &str, listening: Listening, intent: Option<Intent>, left: usize) {
        let script = self.script();
        let step = script.step(self.at);
        let Task::Converse(converse) = &step.task else { return };
        if let Some(intent) = intent.filter(|intent| !is_refusal(*intent) && *intent != Intent::Repeat) {
            return self.wish(intent, words, listening);
        }
        if left == 0 || !self.setup.talks || self.is_done(words) {
            if let Some(next) = step.next {
                self.go(next);
            }
            return;
        }
        let render = |name: &str| self.values.get(name).map(|value| words::spoken(value, &self.setup));
        let goal = converse.goal.render(render).unwrap_or_default();
        let facts: Vec<_> = converse.facts.iter().filter_map(|fact| fact.render(render).ok()).collect();
        let known = facts.iter().map(String::as_str).chain([goal.as_str(), words]);
        let guard = Guard::new(&converse.never, known);
        let instructions = Pii::new(guard::instructions(converse, &goal, &facts, script.language));
        let request = self.request();
        self.outputs.push_back(Output::Think { request, instructions, guard });
        let listening = Listening::to(Topic::Talk { left: left - 1 });
        self.state = State::Thinking { request, listening };
    }

    fn is_done(&self, words: &str) -> bool {
        let says: &[&str] = if self.setup.script.language == Language::ARABIC { &DONE_ARABIC } else { &DONE_ENGLISH };
        let says: Vec<_> = says.iter().map(|says| (*says).to_owned()).collect();
        let done = read::choice(words, &self.context(), &[Choice { id: "done", says: &says }]);
        done.is_some_and(|done| done.sure == Sureness::Certain)
    }

    pub(super) fn thought(&mut self, thought: RequestId, is_good: bool) {
        let listening = match mem::replace(&mut self.state, State::Over) {
            State::Thinking { request, listening } if request == thought => listening,
            state => {
                self.state = state;
                return;
            }
        };
        let script = self.script();
        let step = script.step(self.at);
        if !is_good {
            self.trouble(Trouble::NoThought { step: step.id.clone() });
            self.aside(Aside::CannotSay, "");
        }
        match (&listening.topic, step.next) {
            (Topic::Talk { left: 0 }, Some(next)) => self.go(next),
            _ => drop(self.listen(listening)),
        }
    }
}

const fn is_refusal(intent: Intent) -> bool {
    matches!(intent, Intent::DontKnow | Intent::Refuse)
}

/// The choice that counts among these shares: it is likely enough, and likelier enough than the next.
pub fn clear_choice(shares: &[f32]) -> Option<usize> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|one, other| shares[*other].total_cmp(&shares[*one]));
    let share = |at: usize| order.get(at).map_or(0.0, |index| shares[*index]);
    let is_clear = (LIKELY_ENOUGH..=1.001).contains(&share(0)) && share(0) - share(1) >= LEAD;
    order.first().copied().filter(|_| is_clear)
}
