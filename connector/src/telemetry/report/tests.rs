use std::collections::BTreeSet;

use tracing::subscriber::with_default;

use super::*;
use crate::testing::docs::{names_in_table, section};
use crate::testing::log::Lines;

/// Report with every field set, which no real request has.
pub(crate) fn whole() -> Report {
    let milliseconds = |count| Some(Duration::from_millis(count));
    Report {
        call: "ReadRecordsRequest",
        query_id: Some("8f0c".into()),
        table: Some("customer.orders".into()),
        topic: Some("orders".into()),
        cold_start: true,
        phases: Phases {
            registry: milliseconds(1),
            planning: milliseconds(2),
            read: milliseconds(30),
            spill: milliseconds(4),
        },
        plan: Some(PlanReport {
            offsets: Some(1000),
            wanted_offsets: Some(900),
            splits: 3,
            last_page: true,
        }),
        split: Some(SplitReport {
            cluster: Some("other".into()),
            partition: 7,
            start_offset: 100,
            end_offset: 200,
        }),
        read: Some(ReadReport {
            stats: ReadStats {
                records: 90,
                value_bytes: 9_000,
                expired_offsets: 5,
                stopped_early: false,
                waited: Duration::from_millis(20),
            },
            tombstones: 1,
            bad_records: 2,
            bad_keys: 3,
            value_errors: 4,
            blocked: Duration::from_millis(6),
            rows: 80,
            row_bytes: 8_000,
            blocks: 1,
            spilled_bytes: 8_200,
        }),
        response: Some("spilled"),
        outcome: Outcome {
            elapsed: Duration::from_millis(40),
            response_bytes: Some(600),
            failure: Some(Failure {
                error_type: "brokers",
                message: "topic `orders`: …".into(),
            }),
        },
    }
}

fn line(report: &Report) -> serde_json::Value {
    let lines = Lines::default();
    with_default(lines.subscriber(), || report.log());
    let [line] = lines.take().try_into().unwrap();
    line
}

#[test]
fn the_reference_has_a_row_for_every_field_and_for_no_other() {
    let line = line(&whole());
    let fields: BTreeSet<_> = line.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names_in_table("The closing line"), fields);
}

/// A log query uses fields of the closing line, and names of its own results.
#[test]
fn the_queries_of_the_reference_name_fields_that_there_are() {
    const WORDS: &str = "and as by count desc fields filter ispresent limit or sort stats sum";
    let queries = section("Log queries");
    let known: BTreeSet<&str> = WORDS.split(' ').collect();
    let fields = names_in_table("The closing line");
    let mut found = 0;
    for query in queries.split("```").skip(1).step_by(2) {
        // Without texts in quotes.
        let code: String = query.split('"').step_by(2).collect();
        let words: Vec<&str> = code
            .split(|c: char| !(c.is_ascii_alphabetic() || c == '_'))
            .filter(|word| !word.is_empty())
            .collect();
        let own = words
            .windows(2)
            .filter(|pair| pair[0] == "as")
            .map(|pair| pair[1]);
        let own: BTreeSet<&str> = own.collect();
        for word in words {
            let is_field = fields.contains(word);
            assert!(
                is_field || known.contains(word) || own.contains(word),
                "{word} in {query}"
            );
            found += usize::from(is_field);
        }
    }
    assert!(found > 20, "only {found} fields in {queries}");
}

#[test]
fn what_was_not_found_out_is_no_field() {
    let ping = Report {
        call: "PingRequest",
        ..Report::default()
    };
    let line = line(&ping);
    let fields: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "call",
            "cold_start",
            "elapsed_ms",
            "level",
            "message",
            "target",
            "timestamp"
        ]
    );
    assert_eq!(line["level"], "INFO");
}

#[tokio::test]
async fn a_phase_that_is_cut_off_counts_and_time_adds_up() {
    let work = async {
        let never = timed(Phase::Registry, std::future::pending::<()>());
        let limit = Duration::from_millis(5);
        tokio::time::timeout(limit, never).await.unwrap_err();
        timed(Phase::Registry, tokio::time::sleep(limit)).await;
    };
    let ((), report) = collect(Report::default(), work).await;
    assert!(
        report.phases.registry.unwrap() >= Duration::from_millis(10),
        "{report:?}"
    );
    assert_eq!(report.phases.read, None);
}

#[tokio::test]
async fn requests_that_are_answered_side_by_side_do_not_mix() {
    let one = |topic: &'static str| async move {
        note(|report| report.topic = Some(topic.to_owned()));
        tokio::task::yield_now().await;
        note(|report| report.response = Some(topic));
    };
    let (first, second) = tokio::join!(
        collect(Report::default(), one("first")),
        collect(Report::default(), one("second"))
    );
    note(|_| panic!("there is no request"));
    for (((), report), topic) in [(first, "first"), (second, "second")] {
        assert_eq!(
            (report.topic.as_deref(), report.response),
            (Some(topic), Some(topic))
        );
    }
}
