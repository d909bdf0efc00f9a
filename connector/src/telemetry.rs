//! What the function tells of itself: a log, metrics, spans. The reference is `docs/operations.md`.
//!
//! | module | idea |
//! |---|---|
//! | `report` | what one request came to, which all three tell |
//! | `metrics` | the line that CloudWatch makes metrics of |

use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::Config;

pub(crate) mod metrics;
pub(crate) mod report;

/// Starts the log, in JSON lines on stdout. Once in a process.
pub fn start() {
    let log = log_layer(log_filter(), io::stdout);
    tracing_subscriber::registry().with(log).init();
}

/// Lines of JSON whose top level has the event's own fields: what log queries name.
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

/// `RUST_LOG` if there is one; else the connector's own crates at `ATHENA_FEDERATION_SDK_LOG_LEVEL` and all others at
/// `warn` or less. Events carry spill keys, which the runtime would write at `trace`: it never may.
fn log_filter() -> EnvFilter {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| {
        let config = Config::from_vars(|name| std::env::var(name).ok());
        let level = config.map_or(LevelFilter::WARN, |config| config.log_level);
        let others = level.min(LevelFilter::WARN);
        format!("{others},bootstrap={level},connector={level},topic={level},spill={level},protocol={level}")
    });
    EnvFilter::builder().parse_lossy(format!("{directives},lambda_runtime=info"))
}
