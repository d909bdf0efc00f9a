//! Parsers of arguments.

use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use protocol::TableName;

/// `registry.schema`, split at the first point: names of schemas, like those of topics, often contain some.
pub(super) fn table_name(text: &str) -> Result<TableName, String> {
    match text.split_once('.') {
        Some((schema_name, table_name)) if !schema_name.is_empty() && !table_name.is_empty() => {
            Ok(TableName {
                schema_name: schema_name.to_owned(),
                table_name: table_name.to_owned(),
            })
        }
        _ => Err("wanted registry.schema".to_owned()),
    }
}

/// Time in milliseconds since 1970: a date and time (UTC without an offset), or a duration before now.
pub(super) fn moment(text: &str) -> Result<i64, String> {
    moment_before(text, SystemTime::now())
}

fn moment_before(text: &str, now: SystemTime) -> Result<i64, String> {
    let text = text.trim();
    let zoned = DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
    let plain = || {
        [
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%dT%H:%M",
        ]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)
        })
        .map(|time| time.and_utc().timestamp_millis())
    };
    let ago = || {
        let past = now.checked_sub(humantime::parse_duration(text).ok()?)?;
        Some(DateTime::<Utc>::from(past).timestamp_millis())
    };
    let found = zoned.ok().or_else(plain).or_else(ago);
    found.ok_or_else(|| {
        "wanted a time such as 2023-03-14T01:02:03Z or 2023-03-14, or how long ago, such as 15m or 2h"
            .to_owned()
    })
}

/// `TOPIC=FILE`.
pub(super) fn topic_file(text: &str) -> Result<(String, std::path::PathBuf), String> {
    match text.split_once('=') {
        Some((topic, file)) if !topic.is_empty() && !file.is_empty() => Ok((topic.to_owned(), file.into())),
        _ => Err("wanted TOPIC=FILE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_table_is_named_by_registry_and_schema() {
        let name = table_name("customer.orders.v1").unwrap();
        assert_eq!((&*name.schema_name, &*name.table_name), ("customer", "orders.v1"));
        for text in ["orders", ".orders", "customer.", "."] {
            assert!(table_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_so_long_ago() {
        let day = 1_678_752_000_000;
        let now = UNIX_EPOCH + Duration::from_millis(day as u64);
        for (text, wanted) in [
            ("2023-03-14", day),
            ("2023-03-14T00:00:01Z", day + 1_000),
            ("2023-03-14T02:00:00.040+02:00", day + 40),
            ("2023-03-14 00:00:00.040", day + 40),
            ("2023-03-14 00:01", day + 60_000),
            ("15m", day - 900_000),
            ("1h 30m", day - 5_400_000),
        ] {
            assert_eq!(moment_before(text, now), Ok(wanted), "{text}");
        }
        for text in ["", "yesterday", "2023-13-14", "14.3.2023"] {
            assert!(moment_before(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_is_given_for_a_topic() {
        assert_eq!(topic_file("a=b=c"), Ok(("a".to_owned(), "b=c".into())));
        for text in ["a", "=b", "a="] {
            assert!(topic_file(text).is_err(), "{text}");
        }
    }
}
