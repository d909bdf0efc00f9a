//! CloudWatch metrics in the [embedded metric
//! format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html):
//! one line of JSON on stdout for each request, from which CloudWatch Logs extracts data points. It makes no
//! call, so it needs no time, permission or route.
//!
//! Metrics have the call as their only dimension, errors also their kind: each combination of dimensions is a
//! metric that is paid for. Values that differ for each query are properties, which log queries can use and
//! which do not become metrics.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::report::{PlanReport, ReadReport, Report, milliseconds};

/// Writes the metrics of requests under one namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metrics<'a> {
    pub(crate) namespace: &'a str,
}

/// Number reported of a request.
struct Metric {
    name: &'static str,
    unit: Unit,
    /// `None` if it does not apply to the request.
    value: fn(&Report) -> Option<u64>,
}

/// Units of CloudWatch.
#[derive(Debug, Clone, Copy, Serialize)]
enum Unit {
    Count,
    Milliseconds,
    Bytes,
}

const METRICS: [Metric; 12] = [
    metric("Requests", Unit::Count, |_| Some(1)),
    metric("Errors", Unit::Count, |report| {
        Some(report.outcome.failure.is_some().into())
    }),
    metric("ColdStarts", Unit::Count, |report| Some(report.cold_start.into())),
    metric("DurationMs", Unit::Milliseconds, |report| {
        Some(milliseconds(report.outcome.elapsed))
    }),
    metric("Splits", Unit::Count, |report| plan(report, |plan| plan.splits)),
    metric("Records", Unit::Count, |report| {
        read(report, |read| read.stats.records)
    }),
    metric("Rows", Unit::Count, |report| read(report, |read| read.rows)),
    metric("ValueBytes", Unit::Bytes, |report| {
        read(report, |read| read.stats.value_bytes)
    }),
    metric("SpilledBytes", Unit::Bytes, |report| {
        read(report, |read| read.spilled_bytes)
    }),
    metric("ExpiredOffsets", Unit::Count, |report| {
        read(report, |read| read.stats.expired_offsets)
    }),
    metric("BadRecords", Unit::Count, |report| {
        read(report, |read| read.bad_records)
    }),
    metric("ValueErrors", Unit::Count, |report| {
        read(report, |read| read.value_errors)
    }),
];

const ERRORS: &str = "Errors";
const CALL: &str = "Call";
const ERROR_TYPE: &str = "ErrorType";
/// Value of [`CALL`] for a request that cannot be decoded: a dimension must have a value.
const UNKNOWN_CALL: &str = "Unknown";

const fn metric(name: &'static str, unit: Unit, value: fn(&Report) -> Option<u64>) -> Metric {
    Metric { name, unit, value }
}

fn plan(report: &Report, value: impl FnOnce(PlanReport) -> u64) -> Option<u64> {
    report.plan.map(value)
}

fn read(report: &Report, value: impl FnOnce(ReadReport) -> u64) -> Option<u64> {
    report.read.map(value)
}

impl Metrics<'_> {
    /// Writes the line of one request, whatever the log level.
    pub(crate) fn emit(self, report: &Report) {
        let mut line = self.document(report, SystemTime::now()).to_string();
        line.push('\n');
        // Errors are ignored: a closed stdout has no reader.
        let _ = io::stdout().lock().write_all(line.as_bytes());
    }

    fn document(self, report: &Report, now: SystemTime) -> Value {
        let call = match report.call {
            "" => UNKNOWN_CALL,
            call => call,
        };
        let mut root = Map::from_iter([(CALL.to_owned(), Value::from(call))]);
        let mut definitions = Vec::new();
        for Metric { name, unit, value } in METRICS {
            if let Some(value) = value(report) {
                root.insert(name.to_owned(), value.into());
                definitions.push(json!({ "Name": name, "Unit": unit }));
            }
        }
        let mut directives = vec![self.directive(&[CALL], definitions)];
        if let Some(failure) = &report.outcome.failure {
            root.insert(ERROR_TYPE.to_owned(), failure.error_type.into());
            let errors = json!({ "Name": ERRORS, "Unit": Unit::Count });
            directives.push(self.directive(&[CALL, ERROR_TYPE], vec![errors]));
        }
        root.extend(properties(report));
        let now_ms = now
            .duration_since(UNIX_EPOCH)
            .map(milliseconds)
            .unwrap_or_default();
        root.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": now_ms, "CloudWatchMetrics": directives }),
        );
        Value::Object(root)
    }

    fn directive(self, dimensions: &[&str], definitions: Vec<Value>) -> Value {
        json!({ "Namespace": self.namespace, "Dimensions": [dimensions], "Metrics": definitions })
    }
}

/// Properties, with the names of the log's closing line.
fn properties(report: &Report) -> impl Iterator<Item = (String, Value)> {
    let partition = report.split.as_ref().map(|split| split.partition);
    let properties = [
        ("query_id", report.query_id.clone().map(Value::from)),
        ("table", report.table.clone().map(Value::from)),
        ("topic", report.topic.clone().map(Value::from)),
        ("partition", partition.map(Value::from)),
    ];
    properties
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

#[cfg(test)]
mod tests;
