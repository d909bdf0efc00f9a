//! Spans for a collector that implements OTLP over HTTP: collected while a request is handled, sent before
//! its response.
//!
//! Lambda freezes the process between two invocations, so threads and timers cannot send them later. The
//! collector is waited for no longer than half a second, and after a failure nothing is sent for a while:
//! traces must not delay queries.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_http::HttpError;
use opentelemetry_otlp::{
    ExporterBuildError, HttpExporterBuilderSet, OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, RetryPolicy, SpanExporter, SpanExporterBuilder, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanExporter as _, SpanProcessor};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::http::HttpClient;

/// Time limit for sending the spans of one request.
const SEND_LIMIT: Duration = Duration::from_millis(500);
/// Time during which no spans are sent after a failure of the collector.
const PAUSE: Duration = Duration::from_secs(30);
/// Maximum number of spans that are kept. A request has a few, and one for each spilled block.
const MAX_KEPT_SPANS: usize = 2048;
/// Largest response of a collector, which is empty or a short text.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Exporter that makes OpenTelemetry spans of this crate's `tracing` spans, and sends them.
pub struct Spans {
    provider: SdkTracerProvider,
    ended: Ended,
    exporter: SpanExporter,
    paused_until: Mutex<Option<Instant>>,
}

/// Spans cannot be sent because of the environment's settings.
#[derive(Debug, thiserror::Error)]
#[error("spans cannot be sent: {0}")]
pub struct SpansError(#[from] ExporterBuildError);

impl Spans {
    /// `None` unless the environment names an endpoint. The [variables
    /// `OTEL_…`](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) of
    /// OpenTelemetry's specification set the endpoint, the service name and the sampling. Uses no network.
    ///
    /// # Errors
    /// If the endpoint is not a URL.
    pub fn from_env() -> Result<Option<Self>, SpansError> {
        let variables = [OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT];
        let values = variables.map(|name| std::env::var(name).unwrap_or_default());
        let endpoint = values.iter().find(|value| !value.trim().is_empty());
        let send_to = |endpoint: &String| Self::new(endpoint, SpanExporter::builder().with_http());
        endpoint.map(send_to).transpose()
    }

    /// Builds the exporter; `exporter` has its own settings except the client that connects to `endpoint`.
    fn new(
        endpoint: &str,
        exporter: SpanExporterBuilder<HttpExporterBuilderSet>,
    ) -> Result<Self, SpansError> {
        let is_https = endpoint.trim_start().to_ascii_lowercase().starts_with("https:");
        let client = HttpClient::new(is_https)
            .map_err(|error| ExporterBuildError::InternalFailure(error.to_string()))?;
        let mut exporter = exporter
            .with_http_client(Collector(client))
            // The pauses of its retries would block the thread.
            .with_retry_policy(RetryPolicy::disabled())
            .build()?;
        let resource = resource();
        exporter.set_resource(&resource);
        let ended = Ended::default();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(ended.clone())
            .with_resource(resource)
            .build();
        Ok(Self {
            provider,
            ended,
            exporter,
            paused_until: Mutex::default(),
        })
    }

    /// Layer for the subscriber. Whatever the log level, it records spans of this crate only; events are left
    /// to the log.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let is_ours = |metadata: &Metadata<'_>| {
            metadata.is_span() && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
        };
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(env!("CARGO_CRATE_NAME")))
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_filter(filter_fn(is_ours))
    }

    /// Sends the spans that have ended. A span that a thread still holds is sent with the next request.
    pub async fn flush(&self) {
        let spans = self.ended.take();
        if spans.is_empty() || self.is_paused() {
            return;
        }
        let sending = tokio::time::timeout(SEND_LIMIT, self.exporter.export(spans));
        let reason = match sending.await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {SEND_LIMIT:?}"),
        };
        tracing::warn!(reason, "spans were not sent; the next are sent after {PAUSE:?}");
        *self.paused_until() = Some(Instant::now() + PAUSE);
    }

    fn is_paused(&self) -> bool {
        self.paused_until().is_some_and(|until| Instant::now() < until)
    }

    fn paused_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Attributes of all spans. The service name is the function's unless the environment sets one.
fn resource() -> Resource {
    const SERVICE_NAME: Key = Key::from_static_str("service.name");
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let function = variable("AWS_LAMBDA_FUNCTION_NAME");
    let attributes = [
        ("faas.name", function.clone()),
        ("faas.version", variable("AWS_LAMBDA_FUNCTION_VERSION")),
        ("cloud.region", variable("AWS_REGION")),
    ];
    let attributes = attributes
        .into_iter()
        .filter_map(|(name, value)| Some(KeyValue::new(name, value?)));
    let builder = Resource::builder().with_attributes(attributes);
    let named = Resource::builder().build().get(&SERVICE_NAME);
    let is_named = named.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    match function.filter(|_| !is_named) {
        Some(function) => builder.with_service_name(function).build(),
        None => builder.build(),
    }
}

/// Sampled spans that have ended and have not been sent.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl Ended {
    fn take(&self) -> Vec<SpanData> {
        std::mem::take(&mut *self.spans())
    }

    fn spans(&self) -> MutexGuard<'_, Vec<SpanData>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut spans = self.spans();
        if span.span_context.is_sampled() && spans.len() < MAX_KEPT_SPANS {
            spans.push(span);
        }
    }

    /// Does nothing: [`Spans::flush`] sends.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// HTTP client of the exporter.
#[derive(Debug)]
struct Collector(HttpClient);

#[async_trait]
impl opentelemetry_http::HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.0.request(request.map(Into::into)).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

#[cfg(test)]
mod tests;
