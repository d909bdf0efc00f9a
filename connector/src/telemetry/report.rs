//! Subject and outcome of one request, for the log's closing line, metrics and the request's span.
//!
//! The report belongs to the task that handles the request, so that any code in it can note a number. Outside
//! of a request nothing is noted.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use kafka::ReadStats;
use opentelemetry::trace::{Status, TraceContextExt};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

tokio::task_local! {
    static REPORT: RefCell<Report>;
}

/// Report of one request. A field is `None` if it is unknown, or does not apply to the call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Report {
    /// Class of the request; empty if it cannot be decoded.
    pub(crate) call: &'static str,
    pub(crate) query_id: Option<String>,
    /// Table as named in the request.
    pub(crate) table: Option<String>,
    pub(crate) topic: Option<String>,
    /// Whether it is the first request of this process.
    pub(crate) cold_start: bool,
    pub(crate) phases: Phases,
    pub(crate) plan: Option<PlanReport>,
    pub(crate) split: Option<SplitReport>,
    pub(crate) read: Option<ReadReport>,
    /// `inline` or `spilled`, for ReadRecords.
    pub(crate) response: Option<&'static str>,
    pub(crate) outcome: Outcome,
}

/// Time spent by phase; `None` if that phase was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Phases {
    registry: Option<Duration>,
    planning: Option<Duration>,
    read: Option<Duration>,
    spill: Option<Duration>,
}

/// Part of the work that waits for external calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Look-up in the schema registry, or in the container's cache of it.
    Registry,
    /// Requests to the brokers for offsets.
    Planning,
    /// Fetching and decoding of records.
    Read,
    /// Writing of rows to the spiller, with its uploads. The read continues meanwhile until the channel is
    /// full.
    Spill,
}

/// Report of a page of splits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PlanReport {
    /// Number of offsets in the topic; only on the first page.
    pub(crate) offsets: Option<u64>,
    /// Number of these that the constraints leave.
    pub(crate) wanted_offsets: Option<u64>,
    /// Number of splits on the page.
    pub(crate) splits: u64,
    pub(crate) last_page: bool,
}

/// Report of the range of a split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SplitReport {
    /// Name of the cluster; `None` for the default.
    pub(crate) cluster: Option<String>,
    pub(crate) partition: i32,
    pub(crate) start_offset: i64,
    /// End of the range, exclusive.
    pub(crate) end_offset: i64,
}

/// Report of a split's records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReadReport {
    pub(crate) stats: ReadStats,
    pub(crate) tombstones: u64,
    pub(crate) bad_records: u64,
    pub(crate) bad_keys: u64,
    pub(crate) value_errors: u64,
    /// Time that the reading thread waited for the spiller to take rows.
    pub(crate) blocked: Duration,
    pub(crate) rows: u64,
    pub(crate) row_bytes: u64,
    /// Number of stored blocks.
    pub(crate) blocks: u64,
    /// Size in bytes of those objects.
    pub(crate) spilled_bytes: u64,
}

/// Outcome of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) elapsed: Duration,
    pub(crate) response_bytes: Option<u64>,
    pub(crate) failure: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Kind of the error, in one of a few words.
    pub(crate) error_type: &'static str,
    pub(crate) message: String,
}

/// Runs `work`, in which [`note`] changes `report`.
pub(crate) async fn collect<T>(report: Report, work: impl Future<Output = T>) -> (T, Report) {
    let work = async {
        let output = work.await;
        (output, REPORT.with(RefCell::take))
    };
    REPORT.scope(RefCell::new(report), work).await
}

/// Lets `change` modify the report of the current request.
pub(crate) fn note(change: impl FnOnce(&mut Report)) {
    // Fails only outside of a request.
    let _ = REPORT.try_with(|report| change(&mut report.borrow_mut()));
}

/// Adds the time that `work` takes to a phase, even if it is cancelled.
pub(crate) async fn timed<T>(phase: Phase, work: impl Future<Output = T>) -> T {
    let _timer = Timer {
        phase,
        started: Instant::now(),
    };
    work.await
}

/// [`timed`], with a span of its own.
pub(crate) async fn traced<T>(phase: Phase, work: impl Future<Output = T>) -> T {
    timed(phase, work).instrument(phase.span()).await
}

struct Timer {
    phase: Phase,
    started: Instant,
}

impl Drop for Timer {
    fn drop(&mut self) {
        let spent = self.started.elapsed();
        note(|report| *report.phases.of(self.phase).get_or_insert_default() += spent);
    }
}

impl Phases {
    fn of(&mut self, phase: Phase) -> &mut Option<Duration> {
        match phase {
            Phase::Registry => &mut self.registry,
            Phase::Planning => &mut self.planning,
            Phase::Read => &mut self.read,
            Phase::Spill => &mut self.spill,
        }
    }
}

impl Phase {
    fn span(self) -> Span {
        match self {
            Self::Registry => tracing::info_span!("registry"),
            Self::Planning => tracing::info_span!("planning"),
            Self::Read => tracing::info_span!("read"),
            Self::Spill => tracing::info_span!("spill"),
        }
    }
}

impl Report {
    /// Notes the outcome of the request: a response of so many bytes, or a failure.
    pub(crate) fn end(&mut self, answer: Result<usize, Failure>, elapsed: Duration) {
        let (response_bytes, failure) = match answer {
            Ok(bytes) => (Some(bytes as u64), None),
            Err(failure) => (None, Some(failure)),
        };
        self.outcome = Outcome {
            elapsed,
            response_bytes,
            failure,
        };
    }

    /// Writes the closing line.
    pub(crate) fn log(&self) {
        let failure = self.outcome.failure.as_ref();
        let (plan, split, read) = (self.plan.as_ref(), self.split.as_ref(), self.read.as_ref());
        let stats = read.map(|read| read.stats);
        let phases = self.phases;
        // A macro, because the level and the fields of a line are fixed at its callsite.
        macro_rules! line {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    call = self.call,
                    query_id = self.query_id,
                    table = self.table,
                    topic = self.topic,
                    cold_start = self.cold_start,
                    elapsed_ms = milliseconds(self.outcome.elapsed),
                    registry_ms = phases.registry.map(milliseconds),
                    planning_ms = phases.planning.map(milliseconds),
                    read_ms = phases.read.map(milliseconds),
                    fetch_wait_ms = stats.map(|stats| milliseconds(stats.waited)),
                    spill_wait_ms = read.map(|read| milliseconds(read.blocked)),
                    spill_ms = phases.spill.map(milliseconds),
                    offsets = plan.and_then(|plan| plan.offsets),
                    wanted_offsets = plan.and_then(|plan| plan.wanted_offsets),
                    splits = plan.map(|plan| plan.splits),
                    last_page = plan.map(|plan| plan.last_page),
                    cluster = split.and_then(|split| split.cluster.as_deref()),
                    partition = split.map(|split| split.partition),
                    start_offset = split.map(|split| split.start_offset),
                    end_offset = split.map(|split| split.end_offset),
                    records = stats.map(|stats| stats.records),
                    value_bytes = stats.map(|stats| stats.value_bytes),
                    expired_offsets = stats.map(|stats| stats.expired_offsets),
                    stopped_early = stats.map(|stats| stats.stopped_early),
                    tombstones = read.map(|read| read.tombstones),
                    bad_records = read.map(|read| read.bad_records),
                    bad_keys = read.map(|read| read.bad_keys),
                    value_errors = read.map(|read| read.value_errors),
                    rows = read.map(|read| read.rows),
                    row_bytes = read.map(|read| read.row_bytes),
                    blocks = read.map(|read| read.blocks),
                    spilled_bytes = read.map(|read| read.spilled_bytes),
                    response = self.response,
                    response_bytes = self.outcome.response_bytes,
                    error_type = failure.map(|failure| failure.error_type),
                    error = failure.map(|failure| failure.message.as_str()),
                    $message
                )
            };
        }
        match failure {
            None => line!(info, "answered"),
            Some(_) => line!(error, "failed"),
        }
    }

    /// Adds the attributes to the request's span by which traces are searched.
    pub(crate) fn describe(&self, span: &Span) {
        if !self.call.is_empty() {
            span.context().span().update_name(self.call);
        }
        let texts = [("table", &self.table), ("topic", &self.topic)];
        for (name, text) in texts {
            if let Some(text) = text {
                span.set_attribute(name, text.clone());
            }
        }
        let split = self.split.as_ref();
        let stats = self.read.map(|read| read.stats);
        let numbers = [
            ("partition", split.map(|split| split.partition.into())),
            ("start_offset", split.map(|split| split.start_offset)),
            ("end_offset", split.map(|split| split.end_offset)),
            ("splits", self.plan.map(|plan| plan.splits as i64)),
            ("records", stats.map(|stats| stats.records as i64)),
            ("value_bytes", stats.map(|stats| stats.value_bytes as i64)),
            ("rows", self.read.map(|read| read.rows as i64)),
            ("spilled_bytes", self.read.map(|read| read.spilled_bytes as i64)),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                span.set_attribute(name, number);
            }
        }
        span.set_attribute("faas.coldstart", self.cold_start);
        if let Some(Failure { error_type, message }) = &self.outcome.failure {
            span.set_attribute("error.type", *error_type);
            span.set_status(Status::error(message.clone()));
        }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
