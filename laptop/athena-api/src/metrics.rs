//! Counters of queries in
//! [Prometheus' text format](https://prometheus.io/docs/instrumenting/exposition_formats/).

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::ended::Ended;
use crate::executions::State;

/// Upper bounds of the histogram's buckets, in milliseconds.
const BOUNDS_MS: [u64; 10] = [10, 50, 100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000];

/// Totals of one interface since the start, and its queries that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) queued: AtomicI64,
    pub(crate) running: AtomicI64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    splits: AtomicU64,
    rows_read: AtomicU64,
    bytes_read: AtomicU64,
    result_rows: AtomicU64,
    result_bytes: AtomicU64,
    buckets: [AtomicU64; BOUNDS_MS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// Values that no interface has of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common {
    pub(crate) kept_bytes: u64,
    pub(crate) refused: u64,
}

impl Metrics {
    pub(crate) fn add(&self, query: &Ended<'_>) {
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
}

/// Text of all metrics, of interfaces by their names.
pub(crate) fn text(interfaces: &[(&str, &Metrics)], common: Common) -> String {
    let mut out = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
        // Writing to a text cannot fail.
        let _ = writeln!(out, "# HELP athena_{name} {help}\n# TYPE athena_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(out, "athena_{name}{labels} {value}");
        }
    };
    let by_state = |states: &[(State, Gauge)]| {
        let mut values = Vec::new();
        for (interface, metrics) in interfaces {
            for (state, value) in states {
                let labels = format!("{{interface=\"{interface}\",state=\"{}\"}}", state.name());
                values.push((labels, value(metrics)));
            }
        }
        values
    };
    let total = |value: fn(&Metrics) -> &AtomicU64| {
        let each = interfaces
            .iter()
            .map(|(interface, metrics)| (format!("{{interface=\"{interface}\"}}"), get(value(metrics))));
        each.collect::<Vec<_>>()
    };
    let ended = by_state(&[
        (State::Succeeded, |metrics| get(&metrics.succeeded)),
        (State::Failed, |metrics| get(&metrics.failed)),
        (State::Cancelled, |metrics| get(&metrics.cancelled)),
    ]);
    metric("queries_total", "counter", "Queries that have ended.", &ended);
    let live = by_state(&[
        (State::Queued, |metrics| metrics.queued.load(Relaxed) as f64),
        (State::Running, |metrics| metrics.running.load(Relaxed) as f64),
    ]);
    metric("queries", "gauge", "Queries that have not ended.", &live);
    for (name, help, value) in TOTALS {
        metric(name, "counter", help, &total(value));
    }
    let kept = [(String::new(), common.kept_bytes as f64)];
    metric(
        "kept_result_bytes",
        "gauge",
        "Bytes of results that are kept.",
        &kept,
    );
    let refused = [(String::new(), common.refused as f64)];
    let help = "Requests with a foreign Host or Origin.";
    metric("refused_requests_total", "counter", help, &refused);
    let mut durations = Vec::new();
    for (interface, metrics) in interfaces {
        let mut bucket = |bound: &str, count: &AtomicU64| {
            let labels = format!("_bucket{{interface=\"{interface}\",le=\"{bound}\"}}");
            durations.push((labels, get(count)));
        };
        for (bound, count) in BOUNDS_MS.iter().zip(&metrics.buckets) {
            bucket(&(*bound as f64 / 1e3).to_string(), count);
        }
        bucket("+Inf", &metrics.count);
        let seconds = get(&metrics.micros) / 1e6;
        durations.push((format!("_sum{{interface=\"{interface}\"}}"), seconds));
        durations.push((
            format!("_count{{interface=\"{interface}\"}}"),
            get(&metrics.count),
        ));
    }
    let help = "Time from a query's submission to its end.";
    metric("query_duration_seconds", "histogram", help, &durations);
    out
}

type Gauge = fn(&Metrics) -> f64;
type Total = (&'static str, &'static str, fn(&Metrics) -> &AtomicU64);

/// Counters of each interface: name, meaning, value.
const TOTALS: [Total; 5] = [
    ("splits_total", "Splits that were read.", |metrics| {
        &metrics.splits
    }),
    (
        "rows_read_total",
        "Rows that the connector returned.",
        |metrics| &metrics.rows_read,
    ),
    (
        "bytes_read_total",
        "Bytes that the connector returned.",
        |metrics| &metrics.bytes_read,
    ),
    ("result_rows_total", "Rows of results.", |metrics| {
        &metrics.result_rows
    }),
    ("result_bytes_total", "Bytes of results.", |metrics| {
        &metrics.result_bytes
    }),
];

fn get(value: &AtomicU64) -> f64 {
    value.load(Relaxed) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Statistics;

    #[test]
    fn totals_are_those_of_each_interface() {
        let (athena, flight) = (Metrics::default(), Metrics::default());
        let query = Ended {
            id: "1",
            sql: "SELECT 1",
            state: State::Succeeded,
            error: None,
            queued: None,
            duration: Duration::from_millis(60),
            read: Statistics {
                splits: 2,
                rows: 100,
                bytes: 5_000,
            },
            result_rows: 3,
            result_bytes: 40,
        };
        athena.add(&query);
        athena.add(&Ended {
            state: State::Failed,
            duration: Duration::from_secs(400),
            ..query
        });
        flight.add(&Ended {
            state: State::Cancelled,
            ..query
        });
        athena.queued.store(1, Relaxed);
        athena.running.store(4, Relaxed);
        let common = Common {
            kept_bytes: 40,
            refused: 7,
        };
        let text = text(&[("athena", &athena), ("flight_sql", &flight)], common);
        for line in [
            "athena_queries_total{interface=\"athena\",state=\"SUCCEEDED\"} 1",
            "athena_queries_total{interface=\"athena\",state=\"FAILED\"} 1",
            "athena_queries_total{interface=\"athena\",state=\"CANCELLED\"} 0",
            "athena_queries_total{interface=\"flight_sql\",state=\"CANCELLED\"} 1",
            "athena_queries{interface=\"athena\",state=\"QUEUED\"} 1",
            "athena_queries{interface=\"athena\",state=\"RUNNING\"} 4",
            "athena_queries{interface=\"flight_sql\",state=\"RUNNING\"} 0",
            "athena_rows_read_total{interface=\"athena\"} 200",
            "athena_bytes_read_total{interface=\"athena\"} 10000",
            "athena_result_rows_total{interface=\"athena\"} 6",
            "athena_result_rows_total{interface=\"flight_sql\"} 3",
            "athena_kept_result_bytes 40",
            "athena_refused_requests_total 7",
            "# TYPE athena_query_duration_seconds histogram",
            "athena_query_duration_seconds_bucket{interface=\"athena\",le=\"0.05\"} 0",
            "athena_query_duration_seconds_bucket{interface=\"athena\",le=\"0.1\"} 1",
            "athena_query_duration_seconds_bucket{interface=\"athena\",le=\"300\"} 1",
            "athena_query_duration_seconds_bucket{interface=\"athena\",le=\"+Inf\"} 2",
            "athena_query_duration_seconds_sum{interface=\"athena\"} 400.06",
            "athena_query_duration_seconds_count{interface=\"flight_sql\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        let types = text
            .lines()
            .filter(|line| line.starts_with("# TYPE athena_queries_total"));
        assert_eq!(types.count(), 1);
    }
}
