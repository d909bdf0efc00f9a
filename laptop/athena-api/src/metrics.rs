//! Counters in [Prometheus' text format](https://prometheus.io/docs/instrumenting/exposition_formats/).

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::engine::Statistics;
use crate::executions::State;

/// Upper bounds of the histogram's buckets, in milliseconds.
const BOUNDS_MS: [u64; 10] = [10, 50, 100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000];

/// Totals since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    succeeded: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    splits: AtomicU64,
    rows_read: AtomicU64,
    bytes_read: AtomicU64,
    result_rows: AtomicU64,
    result_bytes: AtomicU64,
    refused: AtomicU64,
    buckets: [AtomicU64; BOUNDS_MS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// What a finished query adds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finished {
    pub(crate) state: State,
    pub(crate) read: Statistics,
    pub(crate) result_rows: u64,
    pub(crate) result_bytes: u64,
    pub(crate) duration: Duration,
}

/// Values that are not totals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) queued: usize,
    pub(crate) running: usize,
    pub(crate) kept_bytes: u64,
}

impl Metrics {
    pub(crate) fn add(&self, query: Finished) {
        let by_state = match query.state {
            State::Failed => &self.failed,
            State::Cancelled => &self.cancelled,
            _ => &self.succeeded,
        };
        by_state.fetch_add(1, Relaxed);
        self.splits.fetch_add(query.read.splits, Relaxed);
        self.rows_read.fetch_add(query.read.rows, Relaxed);
        self.bytes_read.fetch_add(query.read.bytes, Relaxed);
        self.result_rows.fetch_add(query.result_rows, Relaxed);
        self.result_bytes.fetch_add(query.result_bytes, Relaxed);
        for (bound, bucket) in BOUNDS_MS.iter().zip(&self.buckets) {
            if query.duration <= Duration::from_millis(*bound) {
                bucket.fetch_add(1, Relaxed);
            }
        }
        self.count.fetch_add(1, Relaxed);
        self.micros.fetch_add(query.duration.as_micros() as u64, Relaxed);
    }

    pub(crate) fn add_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn text(&self, now: Now) -> String {
        let mut out = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
            // Writing to a text cannot fail.
            let _ = writeln!(out, "# HELP athena_{name} {help}\n# TYPE athena_{name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(out, "athena_{name}{labels} {value}");
            }
        };
        let get = |value: &AtomicU64| value.load(Relaxed) as f64;
        let one = |value: f64| vec![(String::new(), value)];
        let by_state = |states: &[(State, f64)]| {
            let labelled = states
                .iter()
                .map(|(state, value)| (format!("{{state=\"{}\"}}", state.name()), *value));
            labelled.collect::<Vec<_>>()
        };
        let ended = [
            (State::Succeeded, get(&self.succeeded)),
            (State::Failed, get(&self.failed)),
            (State::Cancelled, get(&self.cancelled)),
        ];
        metric(
            "queries_total",
            "counter",
            "Queries that have ended.",
            &by_state(&ended),
        );
        let live = [
            (State::Queued, now.queued as f64),
            (State::Running, now.running as f64),
        ];
        metric(
            "queries",
            "gauge",
            "Queries that have not ended.",
            &by_state(&live),
        );
        metric(
            "splits_total",
            "counter",
            "Splits that were read.",
            &one(get(&self.splits)),
        );
        metric(
            "rows_read_total",
            "counter",
            "Rows that the connector returned.",
            &one(get(&self.rows_read)),
        );
        metric(
            "bytes_read_total",
            "counter",
            "Bytes that the connector returned.",
            &one(get(&self.bytes_read)),
        );
        metric(
            "result_rows_total",
            "counter",
            "Rows of results.",
            &one(get(&self.result_rows)),
        );
        metric(
            "result_bytes_total",
            "counter",
            "Bytes of results.",
            &one(get(&self.result_bytes)),
        );
        metric(
            "kept_result_bytes",
            "gauge",
            "Bytes of results that are kept.",
            &one(now.kept_bytes as f64),
        );
        metric(
            "refused_requests_total",
            "counter",
            "Requests with a foreign Host or Origin.",
            &one(get(&self.refused)),
        );
        let name = "query_duration_seconds";
        let buckets = BOUNDS_MS.iter().zip(&self.buckets);
        let mut values: Vec<_> = buckets
            .map(|(bound, count)| (format!("_bucket{{le=\"{}\"}}", *bound as f64 / 1e3), get(count)))
            .collect();
        values.push(("_bucket{le=\"+Inf\"}".to_owned(), get(&self.count)));
        values.push(("_sum".to_owned(), get(&self.micros) / 1e6));
        values.push(("_count".to_owned(), get(&self.count)));
        metric(
            name,
            "histogram",
            "Time from a query's submission to its end.",
            &values,
        );
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_those_of_the_queries() {
        let metrics = Metrics::default();
        let read = Statistics {
            splits: 2,
            rows: 100,
            bytes: 5_000,
        };
        let query = Finished {
            state: State::Succeeded,
            read,
            result_rows: 3,
            result_bytes: 40,
            duration: Duration::from_millis(60),
        };
        metrics.add(query);
        metrics.add(Finished {
            state: State::Failed,
            duration: Duration::from_secs(400),
            ..query
        });
        let text = metrics.text(Now {
            queued: 1,
            running: 4,
            kept_bytes: 40,
        });
        for line in [
            "athena_queries_total{state=\"SUCCEEDED\"} 1",
            "athena_queries_total{state=\"FAILED\"} 1",
            "athena_queries_total{state=\"CANCELLED\"} 0",
            "athena_queries{state=\"QUEUED\"} 1",
            "athena_queries{state=\"RUNNING\"} 4",
            "athena_rows_read_total 200",
            "athena_bytes_read_total 10000",
            "athena_result_rows_total 6",
            "athena_kept_result_bytes 40",
            "# TYPE athena_query_duration_seconds histogram",
            "athena_query_duration_seconds_bucket{le=\"0.05\"} 0",
            "athena_query_duration_seconds_bucket{le=\"0.1\"} 1",
            "athena_query_duration_seconds_bucket{le=\"300\"} 1",
            "athena_query_duration_seconds_bucket{le=\"+Inf\"} 2",
            "athena_query_duration_seconds_sum 400.06",
            "athena_query_duration_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
