//! A script as a drawing: its steps in layers from top to bottom, arrows for what may follow what.
//!
//! The drawing has the colour of the text around it, on its own it follows the reader's light or dark setting. The same
//! script gives the same bytes.

mod layout;

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::{Record, Script, Step, StepIndex, Task, Template};
use crate::domain::Language;
use layout::{Arrow, HEIGHT, Layout, WIDTH};

/// Most characters of a step's words, and of an arrow's label, that are shown.
const MOST_SHOWN: usize = 34;
const MOST_LABEL: usize = 22;

const STYLE: &str = "\
:root{color:#1c2128;background:#fff}\
@media(prefers-color-scheme:dark){:root{color:#e6e9ef;background:#15181d}}\
text{font-family:system-ui,sans-serif;font-size:13px}\
.id{font-weight:600}.words,.label{font-size:11px;opacity:.8}\
.step{stroke-width:1.2}.waits{stroke-width:2}.ends{stroke-dasharray:5 3}.start{stroke-width:3}\
.here rect{fill:#0f8f7a;fill-opacity:.28;stroke:#0f8f7a;stroke-width:3}";

/// Where a drawing is looked at, and at which of its steps a conversation is.
#[derive(Clone, Copy)]
enum Place {
    /// On its own: a document with a style of its own.
    Alone(Option<StepIndex>),
    /// Within a page, whose style sheet knows its classes.
    Page(Option<StepIndex>),
}

/// The drawing of a script, as a whole SVG document; a conversation may be at one of its steps now.
pub(super) fn svg(script: &Script, now: Option<StepIndex>) -> String {
    drawn(script, Place::Alone(now))
}

/// The same for a page: without a style, each step with its line.
pub(super) fn part_of_page(script: &Script, now: Option<StepIndex>) -> String {
    drawn(script, Place::Page(now))
}

fn drawn(script: &Script, place: Place) -> String {
    let layout = Layout::of(script);
    let mut svg = String::new();
    // Writing to a string does not fail.
    let _ = draw(&mut svg, script, &layout, place);
    svg
}

fn draw(svg: &mut String, script: &Script, layout: &Layout, place: Place) -> fmt::Result {
    let (width, height) = layout.size();
    let name = Escaped(&script.name);
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">"#
    )?;
    writeln!(svg, "<title>{name}</title>")?;
    if let Place::Alone(_) = place {
        writeln!(svg, "<style>{STYLE}</style>")?;
    }
    writeln!(
        svg,
        r#"<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>"#
    )?;
    for arrow in layout.arrows() {
        draw_arrow(svg, arrow)?;
    }
    for (index, step) in script.steps() {
        draw_step(svg, script, (index, step), layout.place(index), place)?;
    }
    draw_general_ways(svg, script, layout)?;
    writeln!(svg, "</svg>")
}

fn draw_arrow(svg: &mut String, arrow: &Arrow) -> fmt::Result {
    let path = &arrow.path;
    writeln!(
        svg,
        r#"<path class="way" d="{path}" fill="none" stroke="currentColor" stroke-opacity=".55" marker-end="url(#tip)"/>"#
    )?;
    if arrow.label.is_empty() {
        return Ok(());
    }
    let (x, y) = arrow.label_at;
    let label = shortened(&arrow.label, MOST_LABEL);
    let label = Escaped(&label);
    writeln!(svg, r#"<text class="label" x="{x}" y="{y}" fill="currentColor" text-anchor="middle">{label}</text>"#)
}

/// What leads from any step to one, above it.
fn draw_general_ways(svg: &mut String, script: &Script, layout: &Layout) -> fmt::Result {
    let mut ways: BTreeMap<StepIndex, Vec<&str>> = BTreeMap::new();
    for (way, to) in script.on.iter() {
        ways.entry(to).or_default().push(way.name());
    }
    for (to, names) in ways {
        let (x, y) = layout.place(to);
        let (x, y, names) = (x + WIDTH / 2, y - 7, names.join(", "));
        writeln!(
            svg,
            r#"<text class="label" x="{x}" y="{y}" fill="currentColor" text-anchor="middle">↓ {names}</text>"#
        )?;
    }
    Ok(())
}

fn draw_step(
    svg: &mut String,
    script: &Script,
    (index, step): (StepIndex, &Step),
    (x, y): (i32, i32),
    place: Place,
) -> fmt::Result {
    let mut class = String::from("step");
    if step.task.waits() {
        class.push_str(" waits");
    }
    if matches!(step.task, Task::End { .. }) || (matches!(step.task, Task::Transfer { .. }) && step.next.is_none()) {
        class.push_str(" ends");
    }
    if index == script.start {
        class.push_str(" start");
    }
    let mut line = String::new();
    if let Place::Page(_) = place {
        line = format!(r#" data-line="{}""#, step.line);
    }
    let (Place::Alone(now) | Place::Page(now)) = place;
    if now == Some(index) {
        class.push_str(" here");
    }
    let (id, kind) = (Escaped(&step.id), step.task.name());
    let words = shortened(&words(step), MOST_SHOWN);
    let (middle, first, second) = (x + WIDTH / 2, y + 21, y + 39);
    let direction = if script.language.is_right_to_left() { "rtl" } else { "ltr" };
    writeln!(svg, r#"<g class="{class}" id="step-{}"{line}>"#, index.get() + 1)?;
    writeln!(
        svg,
        r#"<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="currentColor" fill-opacity=".06" stroke="currentColor"/>"#
    )?;
    writeln!(
        svg,
        r#"<text class="id" x="{middle}" y="{first}" fill="currentColor" text-anchor="middle">{id} · {kind}</text>"#
    )?;
    let words = Escaped(&words);
    writeln!(
        svg,
        r#"<text class="words" x="{middle}" y="{second}" fill="currentColor" text-anchor="middle" direction="{direction}" unicode-bidi="plaintext">{words}</text>"#
    )?;
    writeln!(svg, "</g>")
}

/// What a step says, or does.
fn words(step: &Step) -> String {
    let said = |template: &Template| template.to_string();
    match &step.task {
        Task::Ask(ask) => said(&ask.question.text),
        Task::Converse(converse) => said(&converse.goal),
        Task::Tool(tool) => tool.host.to_string(),
        Task::End { outcome } => outcome.clone(),
        Task::Record(record) => recorded(record),
        Task::Set(values) => values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
        _ => step.say.as_ref().map_or_else(String::new, |line| said(&line.text)),
    }
}

fn recorded(record: &Record) -> String {
    match record {
        Record::Promise { amount, date } => format!("promise: {amount}, {date}"),
        Record::Callback { at, .. } => format!("call back: {}", at.as_deref().unwrap_or("sometime")),
        Record::DoNotCall => "do not call".to_owned(),
        Record::Outcome(outcome) => format!("outcome: {outcome}"),
        Record::Note(note) => format!("note: {note}"),
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let short: String = text.chars().take(most - 1).collect();
    format!("{}…", short.trim_end())
}

/// Text between tags.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            // XML has no place for them.
            c if c.is_control() => f.write_char(' '),
            c => f.write_char(c),
        })
    }
}

/// Arabic is read from the right; what is drawn first stands there too.
fn mirrors(language: Language) -> bool {
    language.is_right_to_left()
}
