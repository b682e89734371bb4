//! From step to step, until one waits.

use super::{
    Act, Guide, Listening, MOST_STEPS, Output, Pii, State, ToolCall, Topic, Trouble,
    outcome::{CALLBACK, FAILED, NO_DATA},
    words,
};
use crate::script::{Aside, Assigned, Kind, Method, Record, Step, StepIndex, Task, Template, Tool, Value, Way};

impl Guide {
    /// Goes to a step, and on from there until one waits for something.
    pub(super) fn go(&mut self, to: StepIndex) {
        self.is_replayed = false;
        let mut next = Some(to);
        while let Some(to) = next {
            self.at = to;
            self.steps += 1;
            if self.steps > MOST_STEPS {
                let step = self.script().step(to).id.clone();
                self.trouble(Trouble::Restless { step });
                return self.sorry(FAILED);
            }
            self.visited.push(to);
            next = self.enter();
        }
    }

    /// Goes the script's own way, or does what is usual.
    pub(super) fn go_or(&mut self, way: Way, usual: impl FnOnce(&mut Self)) {
        let script = self.script();
        match script.step(self.at).on.get(way).or_else(|| script.on.get(way)) {
            Some(step) => self.go(step),
            None => usual(self),
        }
    }

    /// Does what a step does; gives the step that follows unless something has to be waited for.
    fn enter(&mut self) -> Option<StepIndex> {
        let script = self.script();
        let step = script.step(self.at);
        if let Some(line) = &step.say
            && let Err(elsewhere) = self.say_line(step, line)
        {
            return elsewhere;
        }
        match &step.task {
            Task::Say => step.next,
            Task::Ask(ask) if self.answered_before(ask) => None,
            Task::Ask(ask) => match self.say_line(step, &ask.question) {
                Ok(()) => self.listen(Listening::to(Topic::Answer)),
                Err(elsewhere) => elsewhere,
            },
            Task::Converse(converse) => self.listen(Listening::to(Topic::Talk { left: converse.turns })),
            Task::Branch(cases) => {
                let case = cases.iter().find(|(condition, _)| condition.holds(&self.values));
                case.map(|(_, step)| *step).or(step.next)
            }
            Task::Set(assigned) => {
                assigned.iter().for_each(|(name, value)| self.assign(name, value));
                step.next
            }
            Task::Tool(tool) => self.call(step, tool),
            Task::Record(record) => self.record(step, record),
            Task::Transfer { reason, at } => {
                self.transfer(reason, at.as_deref());
                if step.next.is_none() {
                    self.aside(Aside::Goodbye, "");
                    self.finish(CALLBACK);
                }
                step.next
            }
            Task::End { outcome } => {
                self.finish(outcome);
                None
            }
        }
    }

    /// Waits for the caller.
    pub(super) fn listen(&mut self, listening: Listening) -> Option<StepIndex> {
        let expectation = self.expectation(&listening);
        self.state = State::Listening(listening);
        self.outputs.push_back(Output::Listen(expectation));
        None
    }

    /// A line cannot be said: the way out that the script has, or an excuse and the end.
    pub(super) fn missing(&mut self, step: &Step) -> Option<StepIndex> {
        let script = self.script();
        let way = step.on.get(Way::Missing).or_else(|| script.on.get(Way::Missing));
        if way.is_none() {
            self.sorry(NO_DATA);
        }
        way
    }

    fn assign(&mut self, name: &str, assigned: &Assigned) {
        let value = match assigned {
            Assigned::Copy(from) => self.values.get(from).cloned(),
            Assigned::Value(value) => Some(value.clone()),
            Assigned::Text(template) => Value::text(&self.written(template)),
        };
        match value {
            Some(value) => drop(self.values.insert(name.to_owned(), value)),
            None => drop(self.values.remove(name)),
        }
    }

    /// A text for people and programs: values as records write them, nothing where there is none.
    fn written(&self, template: &Template) -> String {
        let value = |name: &str| Some(self.values.get(name).map(Value::written).unwrap_or_default());
        template.render(value).unwrap_or_default()
    }

    fn transfer(&mut self, reason: &Template, at: Option<&str>) {
        let script = self.script();
        if script.step(self.at).say.is_none() {
            self.aside(Aside::Human, "");
        }
        let reason = Pii::new(self.written(reason));
        self.act(Act::Callback { at: self.moment(at), reason });
    }

    fn moment(&self, variable: Option<&str>) -> Option<jiff::civil::DateTime> {
        match self.values.get(variable?) {
            Some(Value::DateTime(moment)) => Some(*moment),
            _ => None,
        }
    }

    fn record(&mut self, step: &Step, record: &Record) -> Option<StepIndex> {
        match record {
            Record::Promise { amount, date } => match (self.values.get(amount), self.values.get(date)) {
                (Some(Value::Money(amount)), Some(Value::Date(date))) => {
                    let (amount, date) = (*amount, *date);
                    self.act(Act::Promise { amount, date });
                }
                (Some(_), _) => return self.no_value(step, date),
                (None, _) => return self.no_value(step, amount),
            },
            Record::Callback { at, reason } => {
                let reason = Pii::new(self.written(reason));
                self.act(Act::Callback { at: self.moment(at.as_deref()), reason });
            }
            Record::DoNotCall => self.act(Act::DoNotCall),
            Record::Outcome(outcome) => self.act(Act::Outcome(outcome.clone())),
            Record::Note(note) => {
                let note = self.written(note);
                self.act(Act::Note(Pii::new(note)));
            }
        }
        step.next
    }

    fn no_value(&mut self, step: &Step, variable: &str) -> Option<StepIndex> {
        self.trouble(Trouble::Missing { step: step.id.clone(), variable: variable.to_owned() });
        self.missing(step)
    }

    fn call(&mut self, step: &Step, tool: &Tool) -> Option<StepIndex> {
        let value = |name: &str| self.values.get(name).map(Value::written);
        let url = match tool.url(value) {
            Ok(url) => url,
            Err(variable) => {
                let trouble = match variable {
                    Some(name) => Trouble::Missing { step: step.id.clone(), variable: name.to_owned() },
                    None => Trouble::NoAnswer { step: step.id.clone() },
                };
                self.trouble(trouble);
                return Some(tool.failed);
            }
        };
        let field = |(key, template): &(String, Template)| (key.clone(), self.written(template).into());
        let body: serde_json::Map<_, _> = tool.send.iter().map(field).collect();
        let body = (tool.method == Method::Post).then(|| Pii::new(body.into()));
        let request = self.request();
        let call = ToolCall { method: tool.method, url: Pii::new(url), body, timeout: tool.timeout };
        self.outputs.push_back(Output::Tool { request, call });
        self.state = State::Waiting { request };
        None
    }

    pub(super) fn answered(&mut self, request: super::RequestId, answer: Option<serde_json::Value>) {
        if !matches!(self.state, State::Waiting { request: awaited } if awaited == request) {
            return;
        }
        let script = self.script();
        let step = script.step(self.at);
        let Task::Tool(tool) = &step.task else { return };
        let Some(answer) = answer else {
            self.trouble(Trouble::NoAnswer { step: step.id.clone() });
            return self.go(tool.failed);
        };
        for (name, pointer) in &tool.save {
            let kind = script.variables.get(name).copied().unwrap_or(Kind::Text);
            let value = answer.pointer(pointer).and_then(|value| Value::of_json(kind, value, self.setup.country));
            match value {
                Some(value) => drop(self.values.insert(name.clone(), value)),
                None => drop(self.values.remove(name)),
            }
        }
        if let Some(next) = step.next {
            self.go(next);
        }
    }

    /// The words of a step's question, or of whatever else the caller was asked.
    pub(super) fn question(&self, topic: &Topic) -> Option<String> {
        let script = self.script();
        let aside = |aside, value: &str| words::aside(aside, value, &self.values, &self.setup);
        match (topic, &script.step(self.at).task) {
            (Topic::When, _) => Some(aside(Aside::Later, "")),
            (Topic::Confirm(value), Task::Ask(ask)) => Some(self.read_back(ask, value)),
            (Topic::Answer, Task::Ask(ask)) => {
                words::line(&ask.question, &self.values, &self.setup).ok().map(|rendered| rendered.text)
            }
            _ => None,
        }
    }
}
