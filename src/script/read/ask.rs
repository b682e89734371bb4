//! Steps that listen: questions, and free conversation.

use super::{
    super::{
        Kind, Value,
        fault::{hint, quoted},
        model::{Answer, Ask, Confirm, Converse, Expect, Limit, Line, StepIndex, Task},
        problem::{Place, Problem},
        table::{At, Entry, Fields, integer, items, text},
        template::{LONGEST_NAME, is_id},
    },
    LONGEST_LINE, LONGEST_PROSE, Reader,
    step::EXPECTED,
};
use toml::{Spanned, de::DeValue};

/// So many answers that have a name.
const MOST_ANSWERS: usize = 12;
/// So many examples of an answer.
const MOST_EXAMPLES: usize = 30;
/// Longest example, in characters.
const LONGEST_EXAMPLE: usize = 120;
/// So many facts, rules, and words that are never said.
const MOST_FACTS: usize = 30;
/// So often a question may be asked again.
const MOST_RETRIES: usize = 5;
/// How far ahead a day may be, when nothing is said.
const USUAL_DAYS: u16 = 366;
/// A conversation's turns, when nothing is said.
const USUAL_TURNS: i64 = 6;

impl<'d> Reader<'d> {
    /// A question, and whether it needs a step after it.
    pub(super) fn ask(&mut self, fields: &mut Fields<'d>, on: Vec<Entry<'d>>, next: Option<StepIndex>) -> (Task, bool) {
        let question = self.line(fields, "ask");
        let expect = self.expect(fields);
        let rephrase = self.texts(fields, "rephrase", MOST_RETRIES, LONGEST_LINE);
        let rephrase: Vec<Line> = rephrase
            .iter()
            .filter_map(|words| Some(Line { text: self.template(words, None)?, without: None }))
            .collect();
        let retries = fields.number("retries", 0..MOST_RETRIES as i64 + 1, &mut self.faults);
        let retries = retries.and_then(|retries| usize::try_from(retries.value).ok());
        let save = fields.text("save", LONGEST_NAME, &mut self.faults);
        let confirm = self.confirm(fields, &expect);
        let examples = fields.entries("answers", &mut self.faults);
        let answers = self.answers(&fields.place.clone(), &expect, examples, on, next);
        if expect == Expect::Choice && answers.is_empty() {
            self.faults.add(fields.at, Problem::NoAnswers {});
        }
        let ask = Ask {
            question: question.unwrap_or(Line { text: super::Template::default(), without: None }),
            retries: retries.unwrap_or(rephrase.len().max(1)),
            rephrase,
            expect,
            answers,
            save: save.map(|save| save.value.to_owned()),
            confirm,
        };
        let needs_next = !matches!(ask.expect, Expect::YesNo | Expect::Choice);
        (Task::Ask(ask), needs_next)
    }

    fn expect(&mut self, fields: &mut Fields<'d>) -> Expect {
        let Some(expect) = fields.text("expect", LONGEST_NAME, &mut self.faults) else {
            if !fields.has("expect") {
                self.faults.add(fields.at, Problem::NoExpectation { place: fields.place.clone() });
            }
            return Expect::Text;
        };
        match expect.value {
            "yes-no" => Expect::YesNo,
            "amount" => {
                Expect::Amount { at_least: self.limit(fields, "at_least"), at_most: self.limit(fields, "at_most") }
            }
            "date" => Expect::Date { within_days: self.within_days(fields) },
            "date-time" => Expect::DateTime { within_days: self.within_days(fields) },
            "phone" => Expect::Phone,
            "name" => Expect::Name,
            "digits" => self.digits(fields),
            "choice" => Expect::Choice,
            "text" => Expect::Text,
            other => {
                let (name, hint) = (quoted(other), hint(other, &EXPECTED));
                self.faults.add(expect.at, Problem::UnknownExpectation { name, hint });
                Expect::Text
            }
        }
    }

    fn within_days(&mut self, fields: &mut Fields<'d>) -> Option<u16> {
        let days = fields.number("within_days", 0..3661, &mut self.faults);
        Some(days.and_then(|days| u16::try_from(days.value).ok()).unwrap_or(USUAL_DAYS))
    }

    /// An amount, as a number or a text, or the name of a variable with one.
    fn limit(&mut self, fields: &mut Fields<'d>, key: &'static str) -> Option<Limit> {
        let value = fields.take(key)?;
        let at = value.span().start;
        let written = match value.get_ref() {
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Integer(_) => integer(value.get_ref())?.to_string(),
            _ => text(value, &Place::Field(key.to_owned()), LONGEST_NAME, &mut self.faults)?.value.to_owned(),
        };
        if let Some(Value::Money(money)) = Value::parse(Kind::Money, &written, None) {
            return Some(Limit::Fixed(money));
        }
        let name = At { at, value: written.as_str() };
        if self.expect_variable(&name)? != Kind::Money {
            self.faults.add(at, Problem::NoAmount { written: written.clone(), key });
        }
        Some(Limit::Variable(written))
    }

    fn digits(&mut self, fields: &mut Fields<'d>) -> Expect {
        const MOST: u16 = 64;
        let Some(value) = fields.take("length") else { return Expect::Digits { least: 1, most: MOST } };
        let bounds: Option<Vec<u16>> = items(value)
            .into_iter()
            .map(|bound| integer(bound.get_ref()).and_then(|bound| u16::try_from(bound).ok()))
            .collect();
        match bounds.as_deref() {
            Some(&[length]) if (1..=MOST).contains(&length) => Expect::Digits { least: length, most: length },
            Some(&[least, most]) if 1 <= least && least <= most && most <= MOST => Expect::Digits { least, most },
            _ => {
                self.faults.add_at(&value.span(), Problem::BadLength { most: MOST.into() });
                Expect::Digits { least: 1, most: MOST }
            }
        }
    }

    /// Amounts, days, times and numbers are read back unless it is said that they are not.
    fn confirm(&mut self, fields: &mut Fields<'d>, expect: &Expect) -> Confirm {
        let usual = match expect {
            Expect::Amount { .. }
            | Expect::Date { .. }
            | Expect::DateTime { .. }
            | Expect::Phone
            | Expect::Digits { .. } => Confirm::Always,
            _ => Confirm::IfUnsure,
        };
        let Some(value) = fields.take("confirm") else { return usual };
        if let Some(always) = value.get_ref().as_bool() {
            return if always { Confirm::Always } else { Confirm::IfUnsure };
        }
        self.confirm_line(value).map_or(usual, Confirm::With)
    }

    fn confirm_line(&mut self, value: &'d Spanned<DeValue<'d>>) -> Option<Line> {
        let words = text(value, &Place::Field("confirm".to_owned()), LONGEST_LINE, &mut self.faults)?;
        let template = self.template(&words, Some("answer"))?;
        if !template.variables().any(|name| name == "answer") {
            self.faults.add(words.at, Problem::ConfirmSaysNothing {});
        }
        Some(Line { text: template, without: None })
    }

    /// Answers that have a name: their examples, and where they lead. Those of yes and no need no examples.
    fn answers(
        &mut self,
        place: &Place,
        expect: &Expect,
        examples: Vec<Entry<'d>>,
        on: Vec<Entry<'d>>,
        next: Option<StepIndex>,
    ) -> Vec<Answer> {
        if let Some(entry) = examples.get(MOST_ANSWERS) {
            self.faults.add(entry.key.at, Problem::TooManyAnswers { most: MOST_ANSWERS });
        }
        let built_in: &[&str] = if *expect == Expect::YesNo { &["yes", "no"] } else { &[] };
        let mut ids: Vec<(&str, Option<Entry<'d>>)> = built_in.iter().map(|id| (*id, None)).collect();
        for entry in examples.into_iter().take(MOST_ANSWERS) {
            match ids.iter_mut().find(|(id, _)| *id == entry.key.value) {
                Some((_, known)) => *known = Some(entry),
                None => ids.push((entry.key.value, Some(entry))),
            }
        }
        let mut targets = self.targets(place, &ids, on);
        let mut answers = Vec::new();
        for (id, entry) in ids {
            let says = entry.as_ref().map(|entry| self.entry_texts(entry, MOST_EXAMPLES, LONGEST_EXAMPLE));
            let says = says.unwrap_or_default().into_iter().map(|says| says.value.to_owned()).collect();
            if let Some(entry) = entry.as_ref().filter(|_| !is_id(id)) {
                self.faults.add(entry.key.at, Problem::BadAnswerName { name: quoted(id) });
            }
            if let Some(entry) = entry.as_ref().filter(|_| super::Way::ALL.iter().any(|(name, _)| *name == id)) {
                self.faults.add(entry.key.at, Problem::AnswerIsWay { name: id.to_owned() });
                continue;
            }
            let to = targets.iter().position(|(target, _)| *target == id).map(|at| targets.swap_remove(at).1);
            match to {
                Some(Some(to)) => answers.push(Answer { id: id.to_owned(), says, to }),
                Some(None) => {}
                None => match next {
                    Some(to) => answers.push(Answer { id: id.to_owned(), says, to }),
                    None => {
                        let at = entry.map_or_else(|| self.begins(place), |entry| entry.key.at);
                        let problem = Problem::AnswerLeadsNowhere { place: place.clone(), name: id.to_owned() };
                        self.faults.add(at, problem);
                    }
                },
            }
        }
        answers
    }

    /// Where `on` leads for the answers that there are; `None` where it names no step.
    fn targets(
        &mut self,
        place: &Place,
        ids: &[(&str, Option<Entry<'d>>)],
        on: Vec<Entry<'d>>,
    ) -> Vec<(&'d str, Option<StepIndex>)> {
        let mut targets = Vec::new();
        for Entry { key, value } in on {
            if !ids.iter().any(|(id, _)| *id == key.value) {
                let mut known: Vec<_> = ids.iter().map(|(id, _)| *id).collect();
                known.extend(super::Way::ALL.map(|(name, _)| name));
                let (name, hint) = (quoted(key.value), hint(key.value, &known));
                self.faults.add(key.at, Problem::UnknownAnswer { place: place.clone(), name, hint });
                continue;
            }
            targets.push((key.value, self.target(value, key.value)));
        }
        targets
    }

    /// Where a step begins.
    fn begins(&self, place: &Place) -> usize {
        let is_it = |known: &&At<&str>| matches!(place, Place::Step(id) if known.value == id.as_str());
        self.ids.iter().find(is_it).map_or(0, |known| known.at)
    }

    pub(super) fn converse(&mut self, fields: &mut Fields<'d>, on: Vec<Entry<'d>>, next: Option<StepIndex>) -> Task {
        let goal = self.prose(fields, "converse");
        let facts = self.texts(fields, "facts", MOST_FACTS, LONGEST_PROSE);
        let facts = facts.iter().filter_map(|fact| self.template(fact, None)).collect();
        let rules = self.texts(fields, "rules", MOST_FACTS, LONGEST_PROSE);
        let never = self.texts(fields, "never", MOST_FACTS, LONGEST_EXAMPLE);
        let turns = fields.number("turns", 1..51, &mut self.faults).map_or(USUAL_TURNS, |turns| turns.value);
        let examples = fields.entries("answers", &mut self.faults);
        let answers = self.answers(&fields.place.clone(), &Expect::Text, examples, on, next);
        let owned = |texts: Vec<At<&str>>| texts.into_iter().map(|text| text.value.to_owned()).collect();
        Task::Converse(Converse {
            goal,
            facts,
            rules: owned(rules),
            never: owned(never),
            turns: usize::try_from(turns).unwrap_or(1),
            answers,
        })
    }
}
