//! Traces over OTLP (HTTP with protobuf), where a collector is set. What happens makes spans through `opentelemetry`'s global
//! tracer, which does nothing until [`Traces::export`] was called: without a collector there is no thread and no queue.
//!
//! Spans go through a bounded queue to a thread of their own; what finds it full is dropped. A collector that does not answer is
//! noted once, and harms nothing.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::global;
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter},
};
use reqwest::{blocking::Client, redirect};
use url::Url;

/// Where traces are posted, under a collector's address (OTLP specification, "OTLP/HTTP Request").
const PATH: &str = "v1/traces";
/// So many spans wait at the most; a turn has five.
const MOST_WAITING: usize = 2048;
const MOST_AT_ONCE: usize = 512;
/// How often they are sent.
const BETWEEN: Duration = Duration::from_secs(5);
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of the process waits for the last ones.
const GRACE: Duration = Duration::from_secs(3);

/// Why traces cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// No HTTP client.
    #[error(
        "traces cannot be sent: {0}; see that the system's certificates are installed, or leave telemetry.otlp_endpoint empty"
    )]
    Client(#[from] reqwest::Error),
    /// The exporter refuses its settings.
    #[error("traces cannot be sent: {0}; see the OTEL_EXPORTER_OTLP_ variables")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Sends spans to a collector as long as it lives. What waits when it is dropped is still sent, for a bounded time.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Has all spans of this process, from now on, sent to the collector at `endpoint`. Not to be called on an async thread, nor
    /// dropped on one.
    ///
    /// # Errors
    /// When there can be no HTTP client. Whether the collector is there is not asked.
    pub fn export(endpoint: &Url) -> Result<Self, TracesError> {
        let traces = Self::to(endpoint)?;
        global::set_tracer_provider(traces.0.clone());
        Ok(traces)
    }

    fn to(endpoint: &Url) -> Result<Self, TracesError> {
        // Fails only when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("callstead/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .build()?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            .with_endpoint(format!("{}/{PATH}", endpoint.as_str().trim_end_matches('/')))
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MOST_WAITING)
            .with_max_export_batch_size(MOST_AT_ONCE)
            .with_scheduled_delay(BETWEEN)
            .build();
        let exporter = Noted { exporter, fails: AtomicBool::new(false) };
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let service = Resource::builder()
            .with_service_name(env!("CARGO_PKG_NAME"))
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self(SdkTracerProvider::builder().with_span_processor(processor).with_resource(service).build()))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(GRACE) {
            tracing::warn!(%error, "the last traces may not have been sent");
        }
    }
}

/// Notes in the log when an exporter begins to fail, and when it no longer does.
#[derive(Debug)]
struct Noted<E> {
    exporter: E,
    fails: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Noted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exported = self.exporter.export(batch).await;
        let has_failed = self.fails.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Err(error) if !has_failed => {
                tracing::warn!(%error, "traces do not reach telemetry.otlp_endpoint: they are dropped until they do");
            }
            Ok(()) if has_failed => tracing::info!("traces reach telemetry.otlp_endpoint again"),
            _ => {}
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use opentelemetry::trace::{Span, Tracer, TracerProvider};
    use opentelemetry_sdk::error::OTelSdkError;

    use super::*;

    /// Fails as long as it is told to.
    #[derive(Debug, Default)]
    struct Moody(AtomicBool);

    impl SpanExporter for Moody {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            let fails = self.0.load(Ordering::Relaxed);
            if fails { Err(OTelSdkError::InternalFailure("nobody is there".to_owned())) } else { Ok(()) }
        }
    }

    #[tokio::test]
    async fn that_exports_fail_is_kept_in_mind_until_they_do_not() {
        let noted = Noted { exporter: Moody::default(), fails: AtomicBool::new(false) };
        for fails in [false, true, true, false] {
            noted.exporter.0.store(fails, Ordering::Relaxed);
            assert_eq!(noted.export(Vec::new()).await.is_err(), fails);
            assert_eq!(noted.fails.load(Ordering::Relaxed), fails);
        }
    }

    #[test]
    fn who_makes_spans_never_waits_for_a_dead_collector() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let traces = Traces::to(&format!("http://{address}").parse().unwrap()).unwrap();
        let tracer = traces.0.tracer("test");
        for _ in 0..10 * MOST_WAITING {
            tracer.start("turn").end();
        }
        // Whether it got there is not asked.
        let _ = traces.0.force_flush();
        assert!(tracer.start("turn").is_recording());
    }
}
