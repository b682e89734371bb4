//! Calls as traces, as a collector gets them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use hound::SampleFormat;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;

use crate::support::{Desk, json, recording, wav};

/// Takes OTLP over HTTP.
struct Collector {
    address: SocketAddr,
    /// What was posted, and where.
    posted: Arc<Mutex<Vec<(String, ExportTraceServiceRequest)>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, posted) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<_>>>::default());
        let kept = Arc::clone(&posted);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut reader, mut head) = (BufReader::new(&stream), String::new());
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
                let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
                let mut body = vec![0; head.lines().find_map(length).unwrap()];
                reader.read_exact(&mut body).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                kept.lock().unwrap().push((path, ExportTraceServiceRequest::decode(&body[..]).unwrap()));
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            }
        });
        Self { address, posted }
    }

    /// All spans so far, each with the service that it names.
    fn spans(&self) -> Vec<(String, Span)> {
        let mut spans = Vec::new();
        for (path, request) in &*self.posted.lock().unwrap() {
            assert_eq!(path, "/otel/v1/traces");
            for of_service in &request.resource_spans {
                let resource = attributes(&of_service.resource.as_ref().unwrap().attributes);
                let service = format!("{} {}", resource["service.name"], resource["service.version"]);
                let all = of_service.scope_spans.iter().flat_map(|scope| &scope.spans);
                spans.extend(all.map(|span| (service.clone(), span.clone())));
            }
        }
        spans
    }
}

/// As text.
fn attributes(attributes: &[KeyValue]) -> BTreeMap<&str, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.as_str(), text(&attribute.value))).collect()
}

#[test]
fn a_call_is_one_trace_at_the_collector() {
    let collector = Collector::start();
    let desk = Desk::with_models();
    let asked = recording("utt21.wav");
    fs::create_dir(desk.file("callers")).unwrap();
    desk.put("callers/asked.wav", &wav(&asked.samples, asked.rate_hz, 1, 16, SampleFormat::Int));
    let mut command = desk.command(&["bench", "voice", "--wav", "callers", "--turns", "1", "--json"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}/otel/", collector.address));
    let report = json(&command.env("CALLSTEAD_MAX_TOKENS", "16").output().unwrap());
    assert_eq!(report["failures"], serde_json::json!([]), "{report}");

    let (services, spans): (BTreeSet<_>, Vec<_>) = collector.spans().into_iter().unzip();
    assert_eq!(services, [concat!("callstead ", env!("CARGO_PKG_VERSION")).to_owned()].into());
    let traces: BTreeSet<_> = spans.iter().map(|span| &span.trace_id).collect();
    assert_eq!(traces.len(), 1);
    let named = |name: &'static str| spans.iter().filter(move |span| span.name == name);
    let call = named("call").next().unwrap();
    assert_eq!(named("call").count(), 1);
    let of_call = attributes(&call.attributes);
    assert!(of_call["gen_ai.conversation.id"].starts_with("CA_") && of_call.contains_key("callstead.call.outcome"));
    assert!(named("turn").count() >= 3, "a greeting, a caller's turn and an answer");
    assert!(named("turn").all(|turn| turn.parent_span_id == call.span_id));
    for stage in ["end_of_turn", "stt", "llm", "tts"] {
        let stage = named(stage).next().unwrap_or_else(|| panic!("no {stage}"));
        assert!(named("turn").any(|turn| turn.span_id == stage.parent_span_id));
        assert!(stage.end_time_unix_nano >= stage.start_time_unix_nano);
    }
    let llm = attributes(&named("llm").next().unwrap().attributes);
    assert_eq!(llm["gen_ai.provider.name"], "local/llama");
    assert!(llm["gen_ai.usage.input_tokens"].parse::<u32>().unwrap() > 0, "{llm:?}");
}
