//! What whoever runs the server learns of queries: counters, and a line for each that has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::ended::Ended;
use crate::metrics::Metrics;

/// Telemetry of one interface, such as Athena's API.
pub struct Telemetry {
    interface: &'static str,
    metrics: Metrics,
    log: Arc<dyn Fn(&str) + Send + Sync>,
}

/// Query that has not ended; it is counted until this is dropped.
pub struct Live {
    telemetry: Arc<Telemetry>,
    runs: bool,
}

impl Telemetry {
    /// `interface` is its name in metrics and lines, `log` writes a line.
    pub fn new(interface: &'static str, log: Arc<dyn Fn(&str) + Send + Sync>) -> Self {
        Self {
            interface,
            metrics: Metrics::default(),
            log,
        }
    }

    pub(crate) fn interface(&self) -> &'static str {
        self.interface
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Counts a query that waits to run.
    pub fn queue(self: &Arc<Self>) -> Live {
        self.metrics.queued.fetch_add(1, Relaxed);
        Live {
            telemetry: Arc::clone(self),
            runs: false,
        }
    }

    /// Counts and logs a query that has ended.
    pub fn ended(&self, query: &Ended<'_>) {
        self.metrics.add(query);
        (self.log)(&query.line(self.interface));
    }
}

impl Live {
    /// The query runs.
    pub fn run(&mut self) {
        let metrics = &self.telemetry.metrics;
        if !std::mem::replace(&mut self.runs, true) {
            metrics.queued.fetch_sub(1, Relaxed);
            metrics.running.fetch_add(1, Relaxed);
        }
    }

    fn gauge(&self) -> &AtomicI64 {
        let metrics = &self.telemetry.metrics;
        if self.runs {
            &metrics.running
        } else {
            &metrics.queued
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.gauge().fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::engine::Statistics;
    use crate::executions::State;

    #[test]
    fn queries_are_counted_until_they_end_and_have_a_line() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&lines);
        let telemetry = Arc::new(Telemetry::new(
            "flight_sql",
            Arc::new(move |line| log.lock().unwrap().push(line.to_owned())),
        ));
        let live = || {
            let metrics = telemetry.metrics();
            (metrics.queued.load(Relaxed), metrics.running.load(Relaxed))
        };
        let (mut first, second) = (telemetry.queue(), telemetry.queue());
        assert_eq!(live(), (2, 0));
        first.run();
        first.run();
        assert_eq!(live(), (1, 1));
        drop((first, second));
        assert_eq!(live(), (0, 0));
        telemetry.ended(&Ended {
            id: "7",
            sql: "SELECT\n\t1",
            state: State::Failed,
            error: Some("it is\ntoo late"),
            queued: Some(Duration::from_millis(10)),
            duration: Duration::from_millis(1_500),
            read: Statistics {
                splits: 1,
                rows: 2,
                bytes: 3,
            },
            result_rows: 4,
            result_bytes: 5,
        });
        assert_eq!(
            *lines.lock().unwrap(),
            [
                "flight_sql query 7 FAILED after 1.500 s (0.010 s queued): 4 rows, 5 bytes; read 1 splits, 2 rows, 3 bytes: \
              SELECT 1: it is too late"
            ]
        );
    }
}
