//! LiveKit's text streams: a header, the text in chunks, a trailer, each in a data packet of its own.
//!
//! [`Writer`] makes one, [`Reader`] puts those of others together again. What a reader holds is bounded in number, size and
//! time, whoever sends.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use livekit_protocol::{self as proto, data_packet::Value, data_stream};

use super::bounds::attribute_bytes;

/// The most text in one chunk, in bytes: LiveKit's own limit, because a data channel's message should stay below 16 KiB.
pub const MAX_CHUNK: usize = 15_000;
/// Attributes of a stream.
pub type Attributes = HashMap<String, String>;

/// A text on its way out.
#[derive(Debug)]
pub struct Writer {
    id: String,
    chunks: u64,
}

impl Writer {
    /// Begins a stream; the value is its header. `length` is the whole text's in bytes, if it is known; `timestamp_ms` counts
    /// from the Unix epoch.
    pub fn open(topic: &str, attributes: Attributes, length: Option<u64>, timestamp_ms: i64) -> (Self, Value) {
        let id = format!("ST_{:016x}", rand::random::<u64>());
        let header = data_stream::Header {
            stream_id: id.clone(),
            timestamp: timestamp_ms,
            topic: topic.to_owned(),
            mime_type: "text/plain".to_owned(),
            total_length: length,
            attributes,
            content_header: Some(data_stream::header::ContentHeader::TextHeader(data_stream::TextHeader::default())),
            ..Default::default()
        };
        (Self { id, chunks: 0 }, Value::StreamHeader(header))
    }

    /// The next part of the text, in as many chunks as it needs.
    pub fn write<'a>(&'a mut self, text: &'a str) -> impl Iterator<Item = Value> + 'a {
        pieces(text).map(|piece| {
            let chunk = data_stream::Chunk {
                stream_id: self.id.clone(),
                chunk_index: self.chunks,
                content: piece.as_bytes().to_vec(),
                ..Default::default()
            };
            self.chunks += 1;
            Value::StreamChunk(chunk)
        })
    }

    /// Ends the stream. These attributes are added to those it began with.
    pub fn close(self, attributes: Attributes) -> Value {
        Value::StreamTrailer(data_stream::Trailer { stream_id: self.id, reason: String::new(), attributes })
    }
}

/// Cuts a text in pieces of at most [`MAX_CHUNK`] bytes. Receivers decode each by itself, so no character is cut.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(MAX_CHUNK));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A text that has come in whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The sender's identity.
    pub sender: String,
    /// What was written; cut off where it was longer than the reader takes.
    pub text: String,
    /// What it said about itself.
    pub attributes: Attributes,
}

/// Puts the text streams of one topic together.
#[derive(Debug)]
pub struct Reader {
    topic: &'static str,
    max_bytes: usize,
    open: Vec<Incoming>,
}

#[derive(Debug)]
struct Incoming {
    sender: String,
    id: String,
    since: Instant,
    next_chunk: u64,
    content: Vec<u8>,
    attributes: Attributes,
}

impl Reader {
    /// So many streams of one sender may be under way; of more, that sender's oldest is given up.
    pub const MOST_OF_ONE: usize = 4;
    /// More senders than a room takes, each with its share: only names that come and go reach this. Then the oldest goes.
    pub const MOST_STREAMS: usize = 1024;
    /// A stream that takes longer is given up.
    pub const PATIENCE: Duration = Duration::from_secs(30);
    /// Longer ids, and more attributes, nobody sends. Bytes are those of names and values together.
    const MAX_ID: usize = 128;
    const MAX_ATTRIBUTES: usize = 32;
    const MAX_ATTRIBUTE_BYTES: usize = 2048;

    /// A reader of `topic` that takes texts of up to `max_bytes`.
    pub const fn new(topic: &'static str, max_bytes: usize) -> Self {
        Self { topic, max_bytes, open: Vec::new() }
    }

    /// A packet's content, from `sender`; the text if this was its end. What is no text stream is ignored.
    pub fn handle(&mut self, now: Instant, sender: &str, value: &Value) -> Option<Text> {
        self.open.retain(|stream| now.saturating_duration_since(stream.since) < Self::PATIENCE);
        match value {
            Value::StreamHeader(header) => self.begin(now, sender, header),
            Value::StreamChunk(chunk) => {
                self.append(sender, chunk);
                None
            }
            Value::StreamTrailer(trailer) => self.end(sender, trailer),
            _ => None,
        }
    }

    fn begin(&mut self, now: Instant, sender: &str, header: &data_stream::Header) -> Option<Text> {
        let is_text = matches!(header.content_header, Some(data_stream::header::ContentHeader::TextHeader(_)));
        let is_bounded = header.stream_id.len() <= Self::MAX_ID && is_bounded(&header.attributes);
        let is_compressed = header.compression != data_stream::CompressionType::None as i32;
        if header.topic != self.topic
            || !is_text
            || !is_bounded
            || is_compressed
            || self.find(sender, &header.stream_id).is_some()
        {
            return None;
        }
        let mut stream = Incoming {
            sender: sender.to_owned(),
            id: header.stream_id.clone(),
            since: now,
            next_chunk: 0,
            content: Vec::new(),
            attributes: header.attributes.clone(),
        };
        if let Some(content) = &header.inline_content {
            stream.append(content, self.max_bytes);
            return Some(stream.into_text());
        }
        self.make_room(sender);
        self.open.push(stream);
        None
    }

    /// Who begins too many gives up their own first.
    fn make_room(&mut self, sender: &str) {
        let mut own = self.open.iter().enumerate().filter(|(_, stream)| stream.sender == sender).map(|(at, _)| at);
        let oldest = own.next();
        if let Some(oldest) = oldest
            && 1 + own.count() >= Self::MOST_OF_ONE
        {
            self.open.remove(oldest);
        } else if self.open.len() >= Self::MOST_STREAMS {
            self.open.remove(0);
        }
    }

    fn find(&self, sender: &str, id: &str) -> Option<usize> {
        self.open.iter().position(|stream| stream.id == id && stream.sender == sender)
    }

    /// Chunks come in order; one that was sent twice is ignored, a stream with one missing is given up.
    fn append(&mut self, sender: &str, chunk: &data_stream::Chunk) {
        let Some(at) = self.find(sender, &chunk.stream_id) else { return };
        let stream = &mut self.open[at];
        match chunk.chunk_index.cmp(&stream.next_chunk) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => {
                stream.next_chunk += 1;
                stream.append(&chunk.content, self.max_bytes);
            }
            std::cmp::Ordering::Greater => drop(self.open.remove(at)),
        }
    }

    fn end(&mut self, sender: &str, trailer: &data_stream::Trailer) -> Option<Text> {
        let mut stream = self.open.remove(self.find(sender, &trailer.stream_id)?);
        if is_bounded(&trailer.attributes) {
            stream.attributes.extend(trailer.attributes.clone());
        }
        trailer.reason.is_empty().then(|| stream.into_text())
    }
}

fn is_bounded(attributes: &Attributes) -> bool {
    attributes.len() <= Reader::MAX_ATTRIBUTES && attribute_bytes(attributes) <= Reader::MAX_ATTRIBUTE_BYTES
}

impl Incoming {
    fn append(&mut self, content: &[u8], max_bytes: usize) {
        let room = max_bytes.saturating_sub(self.content.len());
        self.content.extend_from_slice(&content[..content.len().min(room)]);
    }

    fn into_text(self) -> Text {
        // A cut, or a sender's own mistake, may have left half a character at the end.
        let text = String::from_utf8_lossy(&self.content).trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned();
        Text { sender: self.sender, text, attributes: self.attributes }
    }
}

/// A packet for all (reliable), in the name of `sender`: its identity, empty for whoever sends it.
pub fn packet(sender: &str, value: Value) -> Box<proto::DataPacket> {
    Box::new(proto::DataPacket { participant_identity: sender.to_owned(), value: Some(value), ..Default::default() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOPIC: &str = "lk.chat";

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn stream(topic: &str, parts: &[&str]) -> Vec<Value> {
        let (mut writer, header) = Writer::open(topic, attributes(&[("a", "1"), ("b", "1")]), None, 1_000);
        let mut values = vec![header];
        for part in parts {
            values.extend(writer.write(part));
        }
        values.push(writer.close(attributes(&[("b", "2")])));
        values
    }

    fn read(reader: &mut Reader, now: Instant, values: &[Value]) -> Vec<Text> {
        values.iter().filter_map(|value| reader.handle(now, "maria", value)).collect()
    }

    #[test]
    fn a_text_comes_out_as_it_went_in() {
        let long = "المتصل 🎧 ".repeat(3_000);
        for parts in [&[][..], &["hello"], &["hel", "lo", " there"], &[&long, "end"]] {
            let values = stream(TOPIC, parts);
            let chunks = values.iter().filter_map(|value| match value {
                Value::StreamChunk(chunk) => Some(&chunk.content),
                _ => None,
            });
            for content in chunks {
                assert!(content.len() <= MAX_CHUNK && std::str::from_utf8(content).is_ok());
            }
            let texts = read(&mut Reader::new(TOPIC, 1_000_000), Instant::now(), &values);
            let expected = Text {
                sender: "maria".to_owned(),
                text: parts.concat(),
                attributes: attributes(&[("a", "1"), ("b", "2")]),
            };
            assert_eq!(texts, [expected]);
        }
    }

    #[test]
    fn streams_that_overlap_are_kept_apart() {
        let (one, two) = (stream(TOPIC, &["one", "1"]), stream(TOPIC, &["two", "2"]));
        let values: Vec<_> = one.into_iter().zip(two).flat_map(|(a, b)| [a, b]).collect();
        let texts = read(&mut Reader::new(TOPIC, 100), Instant::now(), &values);
        assert_eq!(texts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>(), ["one1", "two2"]);
    }

    #[test]
    fn only_its_sender_continues_a_stream() {
        let mut reader = Reader::new(TOPIC, 100);
        let values = stream(TOPIC, &["hello"]);
        let now = Instant::now();
        assert_eq!(reader.handle(now, "maria", &values[0]), None);
        for value in &values[1..] {
            assert_eq!(reader.handle(now, "mallory", value), None);
        }
        assert_eq!(read(&mut reader, now, &values[1..])[0].text, "hello");
    }

    #[test]
    fn what_is_not_whole_or_not_ours_is_no_text() {
        let now = Instant::now();
        let mut reader = Reader::new(TOPIC, 100);
        assert_eq!(read(&mut reader, now, &stream("other", &["hello"])), []);
        let mut values = stream(TOPIC, &["one", "two", "three"]);
        values.remove(2);
        assert_eq!(read(&mut reader, now, &values), [], "a missing chunk");
        let mut values = stream(TOPIC, &["one"]);
        values.insert(1, values[1].clone());
        assert_eq!(read(&mut reader, now, &values)[0].text, "one", "a repeated chunk");
        let mut interrupted = stream(TOPIC, &["one"]);
        if let Some(Value::StreamTrailer(trailer)) = interrupted.last_mut() {
            trailer.reason = "error".to_owned();
        }
        assert_eq!(read(&mut reader, now, &interrupted), [], "interrupted");
        let values = stream(TOPIC, &["one"]);
        read(&mut reader, now, &values[..2]);
        assert_eq!(read(&mut reader, now + Reader::PATIENCE, &values[2..]), [], "took too long");
    }

    #[test]
    fn what_is_held_is_bounded() {
        let now = Instant::now();
        let mut reader = Reader::new(TOPIC, 7);
        let many: Vec<_> = (0..100).map(|_| stream(TOPIC, &["١٢٣٤٥", &"x".repeat(100_000)])).collect();
        for values in &many {
            read(&mut reader, now, &values[..values.len() - 1]);
        }
        assert_eq!(reader.open.len(), Reader::MOST_OF_ONE);
        assert!(reader.open.iter().all(|stream| stream.content.len() <= 7));
        let texts: Vec<_> =
            many.iter().flat_map(|values| read(&mut reader, now, &values[values.len() - 1..])).collect();
        assert_eq!(texts.len(), Reader::MOST_OF_ONE);
        assert_eq!(texts[0].text, "١٢٣", "cut between characters");
    }

    #[test]
    fn nobody_takes_the_place_of_another() {
        let now = Instant::now();
        let mut reader = Reader::new(TOPIC, 100);
        let hers = stream(TOPIC, &["hello"]);
        read(&mut reader, now, &hers[..1]);
        for nth in 0..10 * Reader::MOST_STREAMS {
            let header = stream(TOPIC, &[]).swap_remove(0);
            let sender = format!("mallory {}", nth % 100);
            reader.handle(now, &sender, &header);
        }
        assert_eq!(reader.open.len(), 1 + 100 * Reader::MOST_OF_ONE);
        assert_eq!(read(&mut reader, now, &hers[1..])[0].text, "hello");
        for nth in 0..2 * Reader::MOST_STREAMS {
            reader.handle(now, &format!("somebody {nth}"), &stream(TOPIC, &[])[0]);
        }
        assert_eq!(reader.open.len(), Reader::MOST_STREAMS, "whatever they call themselves");
    }

    #[test]
    fn long_attributes_are_nobodys() {
        let with = |value: &str| Writer::open(TOPIC, attributes(&[("a", value)]), None, 0).1;
        let mut reader = Reader::new(TOPIC, 100);
        reader.handle(Instant::now(), "maria", &with(&"x".repeat(Reader::MAX_ATTRIBUTE_BYTES)));
        assert!(reader.open.is_empty());
        reader.handle(Instant::now(), "maria", &with("x"));
        assert_eq!(reader.open.len(), 1);
    }

    #[test]
    fn short_texts_may_be_in_the_header() {
        let (_, mut header) = Writer::open(TOPIC, Attributes::new(), Some(2), 0);
        if let Value::StreamHeader(header) = &mut header {
            header.inline_content = Some(b"hi".to_vec());
        }
        assert_eq!(read(&mut Reader::new(TOPIC, 100), Instant::now(), &[header])[0].text, "hi");
    }

    proptest! {
        #[test]
        fn chunks_in_any_order_never_panic(indices in proptest::collection::vec((0_u64..4, any::<Vec<u8>>()), 0..20)) {
            let mut reader = Reader::new(TOPIC, 50);
            let values = stream(TOPIC, &["x"]);
            let Value::StreamChunk(first) = &values[1] else { unreachable!("the second is the chunk") };
            let mut all = vec![values[0].clone()];
            all.extend(indices.into_iter().map(|(chunk_index, content)| {
                Value::StreamChunk(data_stream::Chunk { chunk_index, content, ..first.clone() })
            }));
            all.push(values[2].clone());
            for text in read(&mut reader, Instant::now(), &all) {
                prop_assert!(text.text.chars().count() <= 50);
            }
        }
    }
}
