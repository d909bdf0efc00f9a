//! Telemetry of the function: log, metrics, spans. The reference is `docs/operations.md`.
//!
//! | module | idea |
//! |---|---|
//! | `report` | subject and outcome of one request, which all three use |
//! | `metrics` | log line from which CloudWatch extracts metrics |
//! | [`spans`] | spans for an OpenTelemetry collector |
//! | [`xray`] | parents of these spans |

use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use spans::Spans;

pub(crate) mod metrics;
pub(crate) mod report;
pub mod spans;
pub mod xray;

/// Starts the log, in JSON lines on stdout, with the connector's own crates at `level`, and spans if the
/// environment names a collector. Called once in a process.
pub fn start(level: LevelFilter) -> Option<Spans> {
    let spans = Spans::from_env();
    let log = log_layer(log_filter(level), io::stdout);
    let layer = spans.as_ref().ok().and_then(Option::as_ref).map(Spans::layer);
    tracing_subscriber::registry().with(log).with(layer).init();
    spans.unwrap_or_else(|error| {
        tracing::error!(%error, "the function continues without spans");
        None
    })
}

/// Layer that writes lines of JSON whose top level has the event's own fields, which log queries use.
pub(crate) fn log_layer<S>(
    filter: impl Filter<S> + Send + Sync + 'static,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> impl Layer<S> + Send + Sync + 'static
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_writer(writer)
        .with_filter(filter)
}

/// `RUST_LOG` if it is set; else the connector's own crates at `level` and all others at `warn` or less. The
/// runtime would log events, which contain spill keys, at `trace`, so that level is never enabled for it.
fn log_filter(level: LevelFilter) -> EnvFilter {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| {
        let others = level.min(LevelFilter::WARN).to_string();
        let own = [
            "bootstrap",
            "connector",
            "kafka",
            "topic",
            "athena_federation_spill",
            "athena_federation_protocol",
        ];
        own.iter().fold(others, |directives, crate_name| {
            format!("{directives},{crate_name}={level}")
        })
    });
    EnvFilter::builder().parse_lossy(format!("{directives},lambda_runtime=info"))
}
