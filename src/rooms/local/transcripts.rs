//! Transcripts as LiveKit's agents send them, so that its front ends show them: text streams of topic `lk.transcription`.
//!
//! A caller's words come in versions, each better than the last: every version is a stream of its own, and the segment's
//! id tells which it replaces. An agent's words only grow: a segment is one stream, and each new word a chunk. When
//! they change after all (an answer that is cut off), the rest of the segment is a new stream, which replaces the first.

use std::collections::VecDeque;

use super::LocalOutput;
use crate::{
    audio::line::{Speaker, TranscriptLine},
    rooms::streams::{self, Attributes, Writer},
};

const TOPIC: &str = "lk.transcription";
const SEGMENT: &str = "lk.segment_id";
const FINAL: &str = "lk.transcription_final";
const TRACK: &str = "lk.transcribed_track_id";

/// Whose words they are, as others know them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Author<'a> {
    /// Empty for the agent, who sends them.
    pub(super) identity: &'a str,
    /// The track they were spoken on, if there is one.
    pub(super) track: Option<&'a str>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Transcripts {
    growing: Option<Growing>,
}

/// What the agent is saying.
#[derive(Debug)]
struct Growing {
    segment: String,
    text: String,
    writer: Writer,
}

impl Transcripts {
    /// Sends a line as it is now.
    pub(super) fn write(
        &mut self,
        line: &TranscriptLine,
        author: Author<'_>,
        timestamp_ms: i64,
        output: &mut VecDeque<LocalOutput>,
    ) {
        let mut send = |value| output.push_back(LocalOutput::Data(streams::packet(author.identity, value)));
        let text = line.text.reveal();
        let attributes = |is_final| attributes(line, author.track, is_final);
        match line.speaker {
            Speaker::Caller => {
                let length = Some(text.len() as u64);
                let (mut writer, header) = Writer::open(TOPIC, attributes(line.is_final), length, timestamp_ms);
                send(header);
                writer.write(text).for_each(&mut send);
                send(writer.close(Attributes::new()));
            }
            Speaker::Agent => {
                let mut growing = match self.growing.take() {
                    Some(growing) if growing.segment == line.segment && text.starts_with(&growing.text) => growing,
                    before => {
                        if let Some(before) = before {
                            send(before.writer.close(Attributes::new()));
                        }
                        let (writer, header) = Writer::open(TOPIC, attributes(line.is_final), None, timestamp_ms);
                        send(header);
                        Growing { segment: line.segment.clone(), text: String::new(), writer }
                    }
                };
                growing.writer.write(&text[growing.text.len()..]).for_each(&mut send);
                if line.is_final {
                    send(growing.writer.close(attributes(true)));
                } else {
                    growing.text.clone_from(text);
                    self.growing = Some(growing);
                }
            }
        }
    }
}

fn attributes(line: &TranscriptLine, track: Option<&str>, is_final: bool) -> Attributes {
    let mut attributes =
        Attributes::from([(SEGMENT.to_owned(), line.segment.clone()), (FINAL.to_owned(), is_final.to_string())]);
    if let Some(track) = track {
        attributes.insert(TRACK.to_owned(), track.to_owned());
    }
    attributes
}
