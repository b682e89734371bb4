//! Guided scripts: what an agent says and asks, step by step, and what it does with each answer.
//!
//! A script is a TOML document that people write (docs/scripts.md). [`Script::parse`] makes of it a graph of steps in which
//! every reference is good, or tells all that is wrong, line by line. [`Script::graph`] draws it. [`builtin`] has scripts to
//! begin with. Who runs one is `dialogue::guide`.
//!
//! Documents come from strangers' forms as well: their size, and the count and size of everything in them, are bounded.

mod asides;
pub mod builtin;
mod check;
mod condition;
pub mod edit;
mod fault;
mod graph;
mod model;
mod problem;
mod read;
mod table;
mod template;
mod value;

use std::collections::BTreeMap;

pub use asides::{Aside, Asides};
pub use condition::Condition;
pub use fault::Fault;
pub use model::{
    Answer, Ask, Assigned, Confirm, Converse, Expect, Expected, Limit, Line, Method, Persona, Record, Script, Step,
    StepIndex, Task, Test, Tool, Way, Ways,
};
pub use problem::{Argument, Hint, Place, Problem};
pub use template::{Part, Template};
pub use value::{Kind, LONGEST_VALUE, Value};

use crate::domain::{Country, Host};

/// Longest document, in bytes.
pub const MOST_BYTES: usize = 256 * 1024;
/// So many steps.
const MOST_STEPS: usize = 200;
/// So many declared variables.
const MOST_VARIABLES: usize = 64;
/// So many tests.
const MOST_TESTS: usize = 100;

impl Script {
    /// Reads a document.
    ///
    /// # Errors
    /// All that is wrong with it, in its order, 50 faults at most.
    pub fn parse(document: &str) -> Result<Self, Vec<Fault>> {
        read::script(document)
    }

    /// The values of its variables in a record, such as a customer as the API writes it: fields with a variable's name and of
    /// its kind. Others are left out.
    pub fn values(&self, record: &serde_json::Value, country: Option<Country>) -> BTreeMap<String, Value> {
        let value = |(name, kind): (&String, &Kind)| {
            Some((name.clone(), Value::of_json(*kind, record.get(name.as_str())?, country)?))
        };
        self.variables.iter().filter_map(value).collect()
    }

    /// The tools whose hosts are none of `allowed`, as faults.
    pub fn refused_hosts(&self, allowed: &[Host]) -> Vec<Fault> {
        let refused = self.hosts().filter(|(host, _)| !allowed.contains(host));
        let fault = |(host, line): (&Host, usize)| Fault {
            line,
            column: 1,
            problem: Problem::HostNotListed { host: host.to_string() },
        };
        refused.map(fault).collect()
    }

    /// Its steps and their ways as a drawing: SVG that takes the colour of the text around it. Equal scripts are drawn
    /// equally.
    pub fn graph(&self) -> String {
        graph::svg(self, None)
    }

    /// The same where a conversation is at one of the steps, which is marked.
    pub fn graph_at(&self, step: StepIndex) -> String {
        graph::svg(self, Some(step))
    }

    /// The same as a part of a page, whose style sheet gives its classes (`step`, `waits`, `ends`, `start`, `here`, `way`, `label`)
    /// their looks; each step has its line in the document in `data-line`. The step that the script is `at`, if any, is `here`.
    pub fn drawing(&self, at: Option<StepIndex>) -> String {
        graph::part_of_page(self, at)
    }
}

/// Whether a text is meant as a guided script and not as free instructions for a language model: it has steps.
pub fn is_guided(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[[step]]")
}

#[cfg(test)]
mod tests;
