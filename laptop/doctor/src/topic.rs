//! Checks of topics: whether they exist, their offsets, and their timestamp type.

use connector::Parts;
use connector::error::Error;
use connector::splits::narrow::TimestampUpperBound;
use kafka::{Broker, TopicSnapshot, Watermarks};
use topic::TopicTable;

use crate::cluster::{UNREACHABLE, fix};
use crate::finding::Check;
use crate::limit::Limit;
use crate::report::{About, counted};

/// Current state of the topic, if the brokers return it.
pub(crate) async fn check(
    broker: &dyn Broker,
    table: &TopicTable,
    limit: Limit,
    about: &mut About<'_, '_>,
) -> Option<TopicSnapshot> {
    match limit
        .within(broker.snapshot(&table.topic, limit.deadline()))
        .await
    {
        Ok(Ok(snapshot)) => {
            about.ok(Check::Topic, description(&snapshot.partitions));
            Some(snapshot)
        }
        Ok(Err(error)) => {
            let error = Error::from(error);
            about.fail(Check::Topic, error.full_message(), fix(&error));
            None
        }
        Err(late) => {
            about.fail(Check::Topic, late.to_string(), UNREACHABLE);
            None
        }
    }
}

/// Number of partitions whose watermarks are listed.
const SHOWN: usize = 4;

fn description(partitions: &[(i32, Watermarks)]) -> String {
    let offsets: i64 = partitions.iter().map(|(_, ends)| ends.high - ends.low).sum();
    let shown = partitions.iter().take(SHOWN);
    let mut ends: Vec<String> = shown
        .map(|(partition, ends)| format!("{partition}: {}..{}", ends.low, ends.high))
        .collect();
    if partitions.len() > SHOWN {
        ends.push("…".to_owned());
    }
    let count = counted(partitions.len(), "partition", "partitions");
    format!("{count} with {offsets} offsets ({})", ends.join(", "))
}

/// Checks whether a query's upper time bound limits what is read.
pub(crate) async fn check_timestamps(
    parts: &Parts,
    broker: &dyn Broker,
    topic: &str,
    limit: Limit,
    about: &mut About<'_, '_>,
) {
    if parts.config.timestamp_upper_bound != TimestampUpperBound::LogAppendTime {
        return about.skip(
            Check::Timestamps,
            "timestamp_upper_bound decides without the brokers",
        );
    }
    let reason = match limit.within(broker.timestamp_type(topic, limit.deadline())).await {
        Ok(Ok(Some(kind))) => {
            let effect = match kind.as_str() {
                "LogAppendTime" => "a query's upper time bound ends the read of a partition",
                _ => "a query's lower time bound narrows what is read, its upper bound does not",
            };
            return about.ok(Check::Timestamps, format!("{kind}: {effect}"));
        }
        Ok(Ok(None)) => "the brokers do not return it".to_owned(),
        Ok(Err(error)) => Error::from(error).full_message(),
        Err(late) => late.to_string(),
    };
    about.warn(
        Check::Timestamps,
        format!(
            "the brokers do not return message.timestamp.type, so that a query's upper time bound \
             narrows nothing: {reason}"
        ),
        "allow DescribeConfigs on the topic, with IAM kafka-cluster:DescribeTopicDynamicConfiguration; or set \
         timestamp_upper_bound (docs/pushdown.md)",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_few_partitions_are_spelt_out() {
        let ends = |partition| (partition, Watermarks { low: 5, high: 15 });
        assert_eq!(description(&[ends(0)]), "1 partition with 10 offsets (0: 5..15)");
        let many: Vec<_> = (0..6).map(ends).collect();
        assert_eq!(
            description(&many),
            "6 partitions with 60 offsets (0: 5..15, 1: 5..15, 2: 5..15, 3: 5..15, …)"
        );
    }
}
