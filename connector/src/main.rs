//! Lambda function. Reads the environment, handles one request after the other, and reports each before it
//! responds.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use athena_federation::RawEvent;
use connector::config::Config;
use connector::telemetry::{self, spans::Spans, xray};
use connector::{Connector, diagnostic};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
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
        .layer(RawEvent)
        .layer(TracingLayer::new())
        .run()
        .await
}

/// Returns large freed allocations to the system at once. Blocks of spilled rows have a dozen megabytes and
/// more. By default glibc raises its [`M_MMAP_THRESHOLD`](https://man7.org/linux/man-pages/man3/mallopt.3.html)
/// to the size of a freed allocation, up to 32 MiB, and a read then holds half as much again as it uses; a
/// threshold that is set explicitly stays.
#[cfg(target_env = "gnu")]
fn give_freed_memory_back() {
    const KEPT_BYTES: libc::c_int = 128 * 1024;
    // SAFETY: changes a parameter of the allocator, which is allowed at any time.
    #[allow(unsafe_code)]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES);
    }
}

/// State that lives as long as the process.
struct Function {
    connector: Connector,
    /// Exporter of spans; `None` if none is configured.
    spans: Option<Spans>,
}

impl Function {
    async fn answer(&self, event: LambdaEvent<String>) -> Result<Box<RawValue>, Diagnostic> {
        let LambdaEvent { payload, context } = event;
        let parent = xray::parent_context(context.xray_trace_id.as_deref());
        let answering = self.connector.handle(payload.as_bytes(), deadline(&context));
        let response = answering.with_context(parent).await;
        // Spans are sent first, because the process may be frozen after the response.
        if let Some(spans) = &self.spans {
            spans.flush().await;
        }
        let response = response.map_err(lambda_diagnostic)?;
        // Neither fails: responses of the connector are JSON.
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

/// Time at which Lambda ends the invocation. The runtime returns it as wall-clock time in milliseconds.
fn deadline(context: &Context) -> Instant {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::now() + Duration::from_millis(context.deadline).saturating_sub(now)
}
