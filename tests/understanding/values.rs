//! The values that a language model writes, under a grammar, where the readers find none.

use std::fmt;

use callstead::{
    call::meaning::{blank, value},
    dialogue::guide::{Asked, Slot},
    domain::{Language, Pii},
    script::{Kind, Value},
    speech::{Priority, local::llama::Llama},
};

use crate::{
    model::{Waits, unclear},
    sets::{Answer, NONE, NOW, Set, TODAY, Type},
};

/// What of each set a model is asked for, and the questions in English and Arabic.
const ASKED: [(Type, Slot, Kind, [&str; 2]); 4] = [
    (Type::Amount, Slot::Amount, Kind::Money, ["How much can you pay?", "كم تستطيع أن تدفع؟"]),
    (Type::Date, Slot::Date, Kind::Date, ["On which day can you pay?", "في أي يوم تستطيع أن تدفع؟"]),
    (Type::Phone, Slot::Phone, Kind::Phone, ["What is your telephone number?", "ما رقم هاتفك؟"]),
    (Type::Digits, Slot::Digits, Kind::Digits, ["What are the digits?", "ما هي الأرقام؟"]),
];

/// What a model made of one set.
pub(crate) struct Written {
    language: &'static str,
    of: Type,
    answers: usize,
    values: usize,
    pub(crate) right: usize,
    /// Another value than was said.
    pub(crate) misread: usize,
    /// A value where none may be taken.
    pub(crate) made_up: usize,
}

/// What it makes of every `step`th answer of each set that has values to be written.
pub(crate) fn write(llama: &Llama, step: usize, waits: &mut Waits) -> Vec<Written> {
    let mut all = Vec::new();
    for (at, language) in [Language::ENGLISH, Language::ARABIC].into_iter().enumerate() {
        for (of, slot, kind, questions) in ASKED {
            let set = Set::load(language, of);
            let mut written =
                Written { language: language.code(), of, answers: 0, values: 0, right: 0, misread: 0, made_up: 0 };
            for answer in unclear(&set, step) {
                let text = waits.measure(|| ask(llama, slot, questions[at], answer));
                written.count(&set, answer, kind, text);
            }
            all.push(written);
        }
    }
    all
}

fn ask(llama: &Llama, slot: Slot, question: &str, answer: &Answer) -> Option<Pii<String>> {
    let asked = Asked { question: Pii::new(question.to_owned()), words: Pii::new(answer.text.clone()) };
    let prompt = blank(&asked, slot, TODAY.to_datetime(NOW), 1, Priority::Batch.into()).expect("a sound grammar");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(value(llama, prompt))
}

impl Written {
    fn count(&mut self, set: &Set, answer: &Answer, kind: Kind, text: Option<Pii<String>>) {
        let parse = |text: &str| Value::parse(kind, text, set.context(answer).country);
        let said = Some(&answer.label).filter(|label| *label != NONE).and_then(|label| parse(label));
        self.answers += 1;
        self.values += usize::from(said.is_some());
        match (text.and_then(|text| parse(text.reveal())), said) {
            (None, _) => {}
            (Some(taken), Some(said)) if taken == said => self.right += 1,
            (Some(_), Some(_)) => self.misread += 1,
            (Some(_), None) => self.made_up += 1,
        }
    }

    /// Above [`Written`]s.
    pub(crate) const HEADING: &str = "\
| set | answers | have a value | right | another value | a value where none is | none |
|---|---|---|---|---|---|---|";
}

/// A line of the table under [`Written::HEADING`].
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { language, of, answers, values, right, misread, made_up } = self;
        let none = answers - right - misread - made_up;
        write!(f, "| {language} {of} | {answers} | {values} | {right} | {misread} | {made_up} | {none} |")
    }
}
