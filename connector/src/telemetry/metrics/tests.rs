use std::time::Duration;

use super::*;
use crate::telemetry::report::tests::whole;
use crate::telemetry::report::{Failure, Outcome};
use crate::testing::docs::names_in_table;

fn document(report: &Report) -> Value {
    let metrics = Metrics { namespace: "Kafka" };
    let now = UNIX_EPOCH + Duration::from_millis(1_764_000_000_123);
    metrics.document(report, now)
}

fn success() -> Report {
    let mut report = whole();
    report.outcome.failure = None;
    report
}

fn undecodable() -> Report {
    Report {
        outcome: Outcome {
            failure: Some(Failure {
                error_type: "request",
                message: "request: no JSON".into(),
            }),
            ..Outcome::default()
        },
        ..Report::default()
    }
}

/// Asserts that the object has exactly these members.
fn assert_members(object: &Value, members: &[&str]) {
    let found: Vec<_> = object
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(found, members, "{object}");
}

fn text(value: &Value) -> &str {
    let text = value.as_str().expect("a text");
    assert!((1..=1024).contains(&text.len()), "{text}");
    text
}

/// Asserts the rules of the embedded metric format's specification: those of its JSON schema and those stated
/// in prose.
fn assert_follows_the_specification(root: &Value) {
    let aws = &root["_aws"];
    assert_members(aws, &["CloudWatchMetrics", "Timestamp"]);
    // Milliseconds, not seconds: after 2001.
    assert!(aws["Timestamp"].as_u64().expect("a whole number") > 1_000_000_000_000);
    for directive in aws["CloudWatchMetrics"].as_array().expect("directives") {
        assert_members(directive, &["Dimensions", "Metrics", "Namespace"]);
        text(&directive["Namespace"]);
        let sets = directive["Dimensions"].as_array().expect("dimension sets");
        assert!(!sets.is_empty());
        for set in sets {
            let set = set.as_array().expect("a dimension set");
            assert!(set.len() <= 30);
            for dimension in set {
                text(&root[text(dimension)]);
            }
        }
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            assert_members(metric, &["Name", "Unit"]);
            let unit = text(&metric["Unit"]);
            assert!(["Count", "Milliseconds", "Bytes"].contains(&unit), "{unit}");
            assert!(root[text(&metric["Name"])].is_number(), "{metric}");
        }
    }
    let line = root.to_string();
    assert!(!line.contains('\n') && line.len() < 256 * 1024, "{line}");
}

#[test]
fn every_line_follows_the_specification() {
    for report in [success(), whole(), undecodable()] {
        assert_follows_the_specification(&document(&report));
    }
}

#[test]
fn a_success_is_what_the_report_says() {
    let document = document(&success());
    let wanted = json!({
        "_aws": {
            "Timestamp": 1_764_000_000_123_u64,
            "CloudWatchMetrics": [{
                "Namespace": "Kafka",
                "Dimensions": [["Call"]],
                "Metrics": METRICS.map(|metric| json!({ "Name": metric.name, "Unit": metric.unit })),
            }],
        },
        "Call": "ReadRecordsRequest",
        "Requests": 1, "Errors": 0, "ColdStarts": 1, "DurationMs": 40, "Splits": 3, "Records": 90, "Rows": 80,
        "ValueBytes": 9_000, "SpilledBytes": 8_200, "ExpiredOffsets": 5, "BadRecords": 2, "ValueErrors": 4,
        "query_id": "8f0c", "table": "customer.orders", "topic": "orders", "partition": 7,
    });
    assert_eq!(document, wanted);
}

#[test]
fn an_error_is_counted_with_its_kind_and_without() {
    let document = document(&undecodable());
    assert_eq!(document["Errors"], 1);
    assert_eq!(
        (&document["Call"], &document["ErrorType"]),
        (&json!("Unknown"), &json!("request"))
    );
    let directives = document["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let with_errors = |directive: &&Value| directive["Metrics"].to_string().contains(r#""Errors""#);
    let dimensions: Vec<_> = directives
        .iter()
        .filter(with_errors)
        .map(|directive| &directive["Dimensions"])
        .collect();
    assert_eq!(dimensions, [&json!([["Call"]]), &json!([["Call", "ErrorType"]])]);
}

#[test]
fn what_is_different_for_each_query_is_no_dimension() {
    let document = document(&whole());
    let directives = document["_aws"].to_string();
    for name in ["query_id", "table", "topic", "partition"] {
        assert!(
            document.get(name).is_some() && !directives.contains(name),
            "{name}"
        );
    }
}

#[test]
fn the_reference_has_a_row_for_every_metric_and_for_no_other() {
    let metrics = METRICS.map(|metric| metric.name.to_owned());
    assert_eq!(names_in_table("Metrics"), metrics.into());
}
