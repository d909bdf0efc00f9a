//! The Lambda function. Reads the environment, answers one request after the other, and tells what they came to before it
//! answers.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use connector::config::Config;
use connector::telemetry::{self, spans::Spans, xray};
use connector::{Connector, diagnostic};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use opentelemetry::context::FutureExt;
use serde_json::value::RawValue;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    #[cfg(target_env = "gnu")]
    give_freed_memory_back();
    let function = Arc::new(Function {
        spans: telemetry::start(Config::log_level_from_env()),
        connector: Connector::from_env().await,
    });
    let handler = service_fn(move |event| {
        let function = Arc::clone(&function);
        async move { function.answer(event).await }
    });
    Runtime::new(handler)
        .layer(QuoteEvent)
        .layer(TracingLayer::new())
        .run()
        .await
}

/// Blocks of spilled rows come and go by the dozen megabytes. glibc takes the size of what was freed last for the size of
/// what to keep for later, up to 32 MiB a piece, and a read then holds half as much again as it uses; a threshold that is
/// set stays where it is, and larger pieces go back to the system at once.
#[cfg(target_env = "gnu")]
fn give_freed_memory_back() {
    const KEPT_BYTES: libc::c_int = 128 * 1024;
    // SAFETY: changes a number of the allocator's, which may be done at any time.
    #[allow(unsafe_code)]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES);
    }
}

/// What lives as long as the process.
struct Function {
    connector: Connector,
    /// `None` if nobody wants any.
    spans: Option<Spans>,
}

impl Function {
    async fn answer(&self, event: LambdaEvent<String>) -> Result<Box<RawValue>, Diagnostic> {
        let LambdaEvent { payload, context } = event;
        let parent = xray::parent_context(context.xray_trace_id.as_deref());
        let answering = self.connector.handle(payload.as_bytes(), deadline(&context));
        let response = answering.with_context(parent).await;
        // Once there is an answer the process may be frozen.
        if let Some(spans) = &self.spans {
            spans.flush().await;
        }
        let response = response.map_err(lambda_diagnostic)?;
        // Neither fails: the connector's answers are JSON.
        let text = String::from_utf8(response).map_err(|error| Diagnostic::from(error.to_string()))?;
        RawValue::from_string(text).map_err(|error| Diagnostic::from(error.to_string()))
    }
}

fn lambda_diagnostic(error: diagnostic::Diagnostic) -> Diagnostic {
    Diagnostic {
        error_type: error.error_type,
        error_message: error.error_message,
    }
}

/// When Lambda will end the invocation. The runtime gives it by the wall clock, in milliseconds.
fn deadline(context: &Context) -> Instant {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::now() + Duration::from_millis(context.deadline).saturating_sub(now)
}

/// Hands the event to the handler as text.
///
/// The runtime answers an event that is no JSON with an error of its own, and ends the process over one that is no
/// UTF-8. Quoted, either reaches the connector, whose decoder says what is wrong with it.
struct QuoteEvent;

impl<S> Layer<S> for QuoteEvent {
    type Service = QuoteEventService<S>;

    fn layer(&self, inner: S) -> QuoteEventService<S> {
        QuoteEventService { inner }
    }
}

struct QuoteEventService<S> {
    inner: S,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for QuoteEventService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let text = String::from_utf8_lossy(&invocation.body);
        invocation.body = serde_json::Value::from(text).to_string().into();
        self.inner.call(invocation)
    }
}
