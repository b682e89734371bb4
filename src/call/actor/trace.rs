//! A call as a trace (OpenTelemetry): a span for the call, one for each turn, and in an answer one for each stage of the same
//! waterfall that is stored with the turn. Attributes follow the conventions for generative AI where those have a name
//! (OpenTelemetry, "Semantic conventions for generative AI systems"). No words, names or numbers of anybody are among them.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    Context, KeyValue,
    global::BoxedTracer,
    trace::{Span, SpanBuilder, SpanKind, TraceContextExt, Tracer},
};

use crate::{
    domain::Provider,
    store::{
        calls::{EndReason, Ended, NewCall},
        turns::{NewTurn, Stages, Tokens},
    },
};

/// One call's trace.
pub(super) struct Trace {
    tracer: BoxedTracer,
    /// With the call's span in it.
    call: Context,
    began: SystemTime,
    language: Option<KeyValue>,
}

impl Trace {
    /// Begins the call's span; `None`: nobody collects any.
    pub(super) fn begin(tracer: BoxedTracer, call: &NewCall) -> Option<Self> {
        let began = SystemTime::from(call.started_at);
        let language = call.language.map(|language| KeyValue::new("callstead.language", language.code()));
        let mut attributes = vec![
            KeyValue::new("gen_ai.conversation.id", call.id.to_string()),
            KeyValue::new("callstead.call.direction", call.direction.as_str()),
        ];
        attributes.extend(language.clone());
        let span = SpanBuilder::from_name("call").with_kind(SpanKind::Server).with_start_time(began);
        let span = tracer.build_with_context(span.with_attributes(attributes), &Context::new());
        let is_collected = span.is_recording();
        is_collected.then(|| Self { tracer, call: Context::new().with_span(span), began, language })
    }

    /// A turn that is over, with the stages that led to it.
    pub(super) fn turn(&self, turn: &NewTurn) {
        // Of an answer the time since the caller's last word counts, which is so long before its first sound.
        let waited = Duration::from_millis(turn.timings.first_audio.unwrap_or(0).into());
        let began = self.began + turn.started.saturating_sub(waited);
        let mut attributes = vec![
            KeyValue::new("callstead.turn.speaker", turn.who.as_str()),
            KeyValue::new("callstead.turn.outcome", if turn.interrupted { "interrupted" } else { "completed" }),
        ];
        attributes.extend(self.language.clone());
        let span = self.start("turn", began, attributes, &self.call);
        let context = self.call.with_span(span);
        let mut done = Duration::ZERO;
        for stage in stages(turn) {
            let end = done + Duration::from_millis(stage.took_ms.into());
            self.start(stage.name, began + done, stage.attributes, &context).end_with_timestamp(began + end);
            done = end;
        }
        context.span().end_with_timestamp(self.began + turn.ended.max(turn.started));
    }

    /// How the call ended.
    pub(super) fn end(self, ended: &Ended) {
        self.close(ended.reason, ended.at.into());
    }

    fn start(
        &self,
        name: &'static str,
        at: SystemTime,
        attributes: Vec<KeyValue>,
        parent: &Context,
    ) -> <BoxedTracer as Tracer>::Span {
        let span = SpanBuilder::from_name(name).with_kind(SpanKind::Internal).with_start_time(at);
        self.tracer.build_with_context(span.with_attributes(attributes), parent)
    }

    fn close(&self, reason: EndReason, at: SystemTime) {
        let span = self.call.span();
        span.set_attribute(KeyValue::new("callstead.call.outcome", reason.as_str()));
        span.end_with_timestamp(at);
    }
}

impl Drop for Trace {
    /// A call that ends without saying how was cut off. One that has ended stays as it is.
    fn drop(&mut self) {
        if self.call.span().is_recording() {
            self.close(EndReason::Interrupted, SystemTime::now());
        }
    }
}

/// A stage of an answer.
struct Stage {
    name: &'static str,
    took_ms: u32,
    attributes: Vec<KeyValue>,
}

/// Those that there were, one after the other.
fn stages(turn: &NewTurn) -> impl Iterator<Item = Stage> {
    let took = Stages::from(&turn.timings);
    let llm = took.llm_first_words.map(|words| words + took.llm_first_clause.unwrap_or(0)).or(took.llm_first_clause);
    let providers = &turn.providers;
    let all = [
        ("end_of_turn", took.end_of_turn, Vec::new()),
        ("stt", took.stt, served(providers.stt.as_ref())),
        ("llm", llm, thought(providers.llm.as_ref(), turn.tokens, took.llm_first_words)),
        ("tts", took.tts_first_audio, served(providers.tts.as_ref())),
    ];
    all.into_iter().filter_map(|(name, took_ms, attributes)| Some(Stage { name, took_ms: took_ms?, attributes }))
}

/// Who did it, and with which model or voice.
fn served(provider: Option<&Provider>) -> Vec<KeyValue> {
    let Some(Provider { name, model }) = provider else { return Vec::new() };
    let name = KeyValue::new("gen_ai.provider.name", name.to_string());
    let model = model.as_ref().map(|model| KeyValue::new("gen_ai.request.model", model.to_string()));
    [Some(name), model].into_iter().flatten().collect()
}

/// The same of the language model, and what it cost.
fn thought(provider: Option<&Provider>, tokens: Option<Tokens>, first_words_ms: Option<u32>) -> Vec<KeyValue> {
    let mut attributes = served(provider);
    attributes.push(KeyValue::new("gen_ai.operation.name", "chat"));
    attributes.extend(first_words_ms.map(|ms| KeyValue::new("callstead.llm.first_words_ms", i64::from(ms))));
    if let Some(Tokens { prompt, cached, generated }) = tokens {
        attributes.extend([
            KeyValue::new("gen_ai.usage.input_tokens", i64::from(prompt)),
            KeyValue::new("gen_ai.usage.cache_read.input_tokens", i64::from(cached)),
            KeyValue::new("gen_ai.usage.output_tokens", i64::from(generated)),
        ]);
    }
    attributes
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use jiff::Timestamp;
    use opentelemetry::trace::{SpanId, TracerProvider, noop::NoopTracer};
    use opentelemetry_sdk::{
        error::OTelSdkResult,
        trace::{SdkTracerProvider, SpanData, SpanExporter},
    };

    use super::*;
    use crate::{
        domain::{CallId, Language, Pii},
        store::{
            calls::{About, Direction},
            turns::{Providers, Timings, Who},
        },
    };

    #[derive(Clone, Debug, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    fn tracer(kept: &Kept) -> (SdkTracerProvider, BoxedTracer) {
        let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
        let tracer = BoxedTracer::new(Box::new(provider.tracer("test")));
        (provider, tracer)
    }

    fn call() -> NewCall {
        NewCall {
            id: CallId::random(),
            room: "call-447700900123".parse().unwrap(),
            caller: "amanda".parse().unwrap(),
            caller_name: Pii::new("Amanda".to_owned()),
            language: Some(Language::ARABIC),
            profile: "default".to_owned(),
            direction: Direction::Inbound,
            started_at: Timestamp::UNIX_EPOCH,
            about: About::default(),
        }
    }

    fn answer() -> NewTurn {
        NewTurn {
            who: Who::Agent,
            text: Pii::new("Good morning, Amanda".to_owned()),
            started: Duration::from_millis(3_000),
            ended: Duration::from_millis(5_000),
            heard: None,
            interrupted: true,
            timings: Timings {
                end_of_turn: Some(300),
                transcript: Some(250),
                first_words: Some(420),
                first_clause: Some(500),
                first_audio: Some(640),
                total: Some(900),
            },
            providers: Providers {
                stt: Some(Provider::local("whisper", "starter-stt")),
                llm: Some(Provider::local("llama", "small")),
                tts: Some(Provider::local("piper", "amy")),
            },
            tokens: Some(Tokens { prompt: 48, cached: 42, generated: 12 }),
        }
    }

    fn ms(time: SystemTime) -> u128 {
        time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()
    }

    fn value(span: &SpanData, key: &str) -> Option<String> {
        span.attributes.iter().find(|it| it.key.as_str() == key).map(|it| it.value.to_string())
    }

    #[test]
    fn a_call_is_one_trace_with_the_waterfall_of_each_answer() {
        let kept = Kept::default();
        let (_provider, tracer) = tracer(&kept);
        let call = call();
        let trace = Trace::begin(tracer, &call).unwrap();
        let greeting = NewTurn { timings: Timings::default(), tokens: None, interrupted: false, ..answer() };
        trace.turn(&greeting);
        trace.turn(&answer());
        trace.end(&Ended { at: Timestamp::from_second(9).unwrap(), reason: EndReason::Completed });

        let spans = kept.0.lock().unwrap();
        let shown: Vec<_> = spans.iter().map(|span| (&*span.name, ms(span.start_time), ms(span.end_time))).collect();
        let expected = [
            ("turn", 3_000, 5_000),
            ("end_of_turn", 2_360, 2_660),
            // The transcript was there before the turn was known to be over.
            ("stt", 2_660, 2_660),
            ("llm", 2_660, 2_860),
            ("tts", 2_860, 3_000),
            ("turn", 2_360, 5_000),
            ("call", 0, 9_000),
        ];
        assert_eq!(shown, expected);
        let (root, turn, llm) = (&spans[6], &spans[5], &spans[3]);
        assert!(spans.iter().all(|span| span.span_context.trace_id() == root.span_context.trace_id()));
        assert_eq!(root.parent_span_id, SpanId::INVALID);
        assert_eq!(turn.parent_span_id, root.span_context.span_id());
        assert!(spans[1..5].iter().all(|span| span.parent_span_id == turn.span_context.span_id()));
        for (span, key, expected) in [
            (root, "gen_ai.conversation.id", call.id.as_str()),
            (root, "callstead.call.outcome", "completed"),
            (root, "callstead.language", "ar"),
            (turn, "callstead.turn.outcome", "interrupted"),
            (turn, "callstead.turn.speaker", "agent"),
            (llm, "gen_ai.provider.name", "local/llama"),
            (llm, "gen_ai.request.model", "small"),
            (llm, "gen_ai.usage.input_tokens", "48"),
            (llm, "gen_ai.usage.cache_read.input_tokens", "42"),
            (llm, "gen_ai.usage.output_tokens", "12"),
        ] {
            assert_eq!(value(span, key).as_deref(), Some(expected), "{key}");
        }
        let all = format!("{spans:?}").to_lowercase();
        assert!(!all.contains("amanda") && !all.contains("447700900123") && !all.contains("good morning"), "{all}");
    }

    #[test]
    fn a_call_that_was_cut_off_says_so_and_one_that_nobody_collects_is_no_trace() {
        let kept = Kept::default();
        let (_provider, tracer) = tracer(&kept);
        drop(Trace::begin(tracer, &call()));
        assert_eq!(value(&kept.0.lock().unwrap()[0], "callstead.call.outcome").as_deref(), Some("interrupted"));
        assert!(Trace::begin(BoxedTracer::new(Box::new(NoopTracer::new())), &call()).is_none());
    }
}
