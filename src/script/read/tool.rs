//! Steps that ask other programs.

use std::time::Duration;

use url::Url;

use super::{
    super::{
        fault::{hint, quoted},
        model::{Method, StepIndex, Task, Tool},
        problem::{Place, Problem},
        table::{At, Entry, Fields, text},
        template::{LONGEST_NAME, Part},
    },
    LONGEST_LINE, LONGEST_PROSE, Reader, Template,
};
use crate::domain::Host;

/// How long an answer may take, in seconds, when nothing is said. The caller waits.
const USUAL_TIMEOUT: i64 = 5;
const MOST_TIMEOUT: i64 = 10;
/// So many fields that are sent, and so many values that are taken from an answer.
const MOST_FIELDS: usize = 30;

impl<'d> Reader<'d> {
    pub(super) fn tool(&mut self, fields: &mut Fields<'d>, on: Vec<Entry<'d>>) -> Task {
        let address = fields.text("tool", LONGEST_PROSE, &mut self.faults);
        let address = address.and_then(|address| self.address(&address));
        let method = self.method(fields);
        let send = fields.entries("send", &mut self.faults);
        let send = self.templates(send, "send");
        if method == Method::Get && !send.is_empty() {
            self.faults.add(fields.at, Problem::SendNeedsPost {});
        }
        let save = fields.entries("save", &mut self.faults);
        let save = self.pointers(save);
        let timeout = fields.number("timeout", 1..MOST_TIMEOUT + 1, &mut self.faults);
        let timeout = timeout.map_or(USUAL_TIMEOUT, |seconds| seconds.value).unsigned_abs();
        let failed = self.failed(fields, on);
        let (Some((address, host)), Some(failed)) = (address, failed) else { return Task::Say };
        Task::Tool(Tool { method, address, host, send, save, timeout: Duration::from_secs(timeout), failed })
    }

    fn method(&mut self, fields: &mut Fields<'d>) -> Method {
        let method = fields.text("method", LONGEST_NAME, &mut self.faults);
        match method {
            None => Method::Get,
            Some(At { value: "GET", .. }) => Method::Get,
            Some(At { value: "POST", .. }) => Method::Post,
            Some(At { at, value }) => {
                let (name, hint) = (quoted(value), hint(value, &["GET", "POST"]));
                self.faults.add(at, Problem::UnknownMethod { name, hint });
                Method::Get
            }
        }
    }

    /// An address whose host is plain to see: values go into its path and query only.
    fn address(&mut self, address: &At<&str>) -> Option<(Template, Host)> {
        let template = self.template(address, None)?;
        let url = template.render(|_| Some("x".to_owned())).ok().and_then(|url| url.parse::<Url>().ok());
        let fixed = template.parts().first().and_then(|part| match part {
            Part::Text(text) => text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")),
            Part::Variable(_) => None,
        });
        let is_plain = |host: &str| {
            // What stands before the first value already ends the host, so no value can become a part of it.
            let written = fixed.and_then(|fixed| fixed.find(['/', '?', '#']).map(|end| &fixed[..end]).or(Some(fixed)));
            written
                .is_some_and(|written| written.eq_ignore_ascii_case(host) || written.starts_with(&format!("{host}:")))
                && (fixed.is_some_and(|fixed| fixed.contains('/')) || template.parts().len() == 1)
        };
        match url.filter(|url| url.host_str().is_some_and(is_plain)).as_ref().and_then(Host::of) {
            Some(host) => Some((template.clone(), host)),
            None => {
                self.faults.add(address.at, Problem::BadAddress {});
                None
            }
        }
    }

    fn templates(&mut self, entries: Vec<Entry<'d>>, key: &'static str) -> Vec<(String, Template)> {
        self.at_most_fields(&entries, key);
        let entries = entries.into_iter().take(MOST_FIELDS);
        let read = entries.filter_map(|Entry { key, value }| {
            let words = text(value, &Place::Field(quoted(key.value)), LONGEST_LINE, &mut self.faults)?;
            Some((key.value.to_owned(), self.template(&words, None)?))
        });
        read.collect()
    }

    fn pointers(&mut self, entries: Vec<Entry<'d>>) -> Vec<(String, String)> {
        self.at_most_fields(&entries, "save");
        let entries = entries.into_iter().take(MOST_FIELDS);
        let read = entries.filter_map(|Entry { key, value }| {
            let pointer = text(value, &Place::Field(quoted(key.value)), LONGEST_LINE, &mut self.faults)?;
            if !pointer.value.starts_with('/') {
                self.faults.add(pointer.at, Problem::BadPointer { name: quoted(key.value) });
            }
            Some((key.value.to_owned(), pointer.value.to_owned()))
        });
        read.collect()
    }

    fn at_most_fields(&mut self, entries: &[Entry<'d>], key: &'static str) {
        if let Some(entry) = entries.get(MOST_FIELDS) {
            self.faults.add(entry.key.at, Problem::TooManyFields { key, most: MOST_FIELDS });
        }
    }

    fn failed(&mut self, fields: &Fields<'d>, on: Vec<Entry<'d>>) -> Option<StepIndex> {
        let (failed, others): (Vec<_>, Vec<_>) = on.into_iter().partition(|entry| entry.key.value == "failed");
        self.no_answers(others);
        match failed.first() {
            Some(entry) => self.target(entry.value, "failed"),
            None => {
                self.faults.add(fields.at, Problem::NoWayOnFailure { place: fields.place.clone() });
                None
            }
        }
    }
}
