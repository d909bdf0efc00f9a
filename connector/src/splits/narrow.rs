//! Planned part of a topic: a snapshot, narrowed by the constraints.
//!
//! The brokers are asked for no more than necessary: nothing if no record can match, for offsets by time only
//! of partitions that match otherwise, and for a topic's settings only if they decide whether an upper time
//! bound applies.

use std::collections::BTreeMap;
use std::time::Instant;

use kafka::{Broker, EARLIEST_TIME_MS, KafkaError, OffsetRange, TopicId, TopicSnapshot};
use protocol::Constraints;
use topic::TopicTable;

use crate::pushdown::limit::row_limit;
use crate::pushdown::newest::Newest;
use crate::pushdown::{PartitionRanges, TimeRange, Wanted, before_offsets, from_offsets};
use crate::telemetry::report::{PlanReport, note};

/// Condition for leaving out records after the first that is too late for a query.
///
/// An upper bound loses no row only if timestamps never decrease with offsets. Timestamps of producers may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampUpperBound {
    /// If the brokers report that the topic's `message.timestamp.type` is `LogAppendTime`.
    #[default]
    LogAppendTime,
    /// For every topic: rows that are out of order by time may be missing.
    Always,
    Never,
}

/// Settings of narrowing.
#[derive(Debug, Clone, Copy)]
pub(super) struct NarrowingRules {
    pub(super) upper_bound: TimestampUpperBound,
    /// Whether only the newest rows are read if they are enough.
    pub(super) top_n: bool,
}

/// Part of a topic to read.
#[derive(Debug, Default)]
pub(super) struct Narrowed {
    /// Id of the topic; `None` if the brokers do not assign ids, or were not asked.
    pub(super) topic_id: Option<TopicId>,
    pub(super) ranges: PartitionRanges,
    /// Set if so many rows from the end of each range on are enough.
    pub(super) newest: Option<Newest>,
}

/// Offset ranges of `table`'s topic that can contain rows that satisfy `constraints`.
pub(super) async fn narrow(
    broker: &dyn Broker,
    table: &TopicTable,
    constraints: &Constraints,
    rules: NarrowingRules,
    deadline: Instant,
) -> Result<Narrowed, KafkaError> {
    let NarrowingRules { upper_bound, top_n } = rules;
    let wanted = Wanted::of(constraints, table);
    if wanted.is_nothing() || row_limit(constraints, &table.schema) == Some(0) {
        return Ok(Narrowed::default());
    }
    let TopicSnapshot {
        topic_id,
        partitions: snapshot,
    } = broker.snapshot(&table.topic, deadline).await?;
    let narrowing = Narrowing {
        broker,
        topic: &table.topic,
        deadline,
    };
    let TimeRange { from_ms, until_ms } = wanted.times();
    let mut ranges = narrowing.since(wanted.ranges(&snapshot), from_ms).await?;
    if let Some(until_ms) = until_ms
        && !ranges.is_empty()
        && narrowing.ends_by_time(upper_bound).await
    {
        ranges = narrowing.until(ranges, until_ms).await?;
    }
    let readable = snapshot.iter().filter_map(|(_, watermarks)| watermarks.range());
    let wanted = ranges.iter().map(|(_, range)| *range);
    note(|report| {
        report.plan = Some(PlanReport {
            offsets: Some(offsets(readable)),
            wanted_offsets: Some(offsets(wanted)),
            ..PlanReport::default()
        });
    });
    let newest = Newest::of(constraints, |name| table.column(name)).filter(|_| top_n && !ranges.is_empty());
    let newest = match newest {
        Some(newest) if newest.by_time && !narrowing.ends_by_time(upper_bound).await => None,
        newest => newest,
    };
    Ok(Narrowed {
        topic_id,
        ranges,
        newest,
    })
}

fn offsets(ranges: impl Iterator<Item = OffsetRange>) -> u64 {
    ranges.map(OffsetRange::offsets).fold(0, u64::saturating_add)
}

/// Look-up of offsets by time.
struct Narrowing<'a> {
    broker: &'a dyn Broker,
    topic: &'a str,
    deadline: Instant,
}

impl Narrowing<'_> {
    /// Drops records before the first of `from_ms` or later, which are all older, whatever the order of
    /// timestamps.
    async fn since(
        &self,
        ranges: PartitionRanges,
        from_ms: Option<i64>,
    ) -> Result<PartitionRanges, KafkaError> {
        let Some(from_ms) = from_ms.filter(|from_ms| *from_ms >= EARLIEST_TIME_MS) else {
            return Ok(ranges);
        };
        let first = self.offsets_at(&ranges, from_ms).await?;
        Ok(from_offsets(ranges, |partition| first.get(&partition).copied()))
    }

    /// Drops records from the first of `until_ms` or later on. Loses no row only if no later record is older.
    async fn until(&self, ranges: PartitionRanges, until_ms: i64) -> Result<PartitionRanges, KafkaError> {
        if until_ms < EARLIEST_TIME_MS {
            return Ok(ranges);
        }
        let end = self.offsets_at(&ranges, until_ms).await?;
        Ok(before_offsets(ranges, |partition| end.get(&partition).copied()))
    }

    async fn ends_by_time(&self, setting: TimestampUpperBound) -> bool {
        match setting {
            TimestampUpperBound::Always => true,
            TimestampUpperBound::Never => false,
            TimestampUpperBound::LogAppendTime => {
                self.broker.has_log_append_time(self.topic, self.deadline).await
            }
        }
    }

    /// Offsets by partition; `None` for those without a record of `time_ms` or later.
    async fn offsets_at(
        &self,
        ranges: &[(i32, OffsetRange)],
        time_ms: i64,
    ) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let mut partitions: Vec<i32> = ranges.iter().map(|(partition, _)| *partition).collect();
        partitions.dedup();
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let offsets = self
            .broker
            .offsets_at(self.topic, &partitions, time_ms, self.deadline)
            .await?;
        let offsets = partitions.into_iter().zip(offsets);
        Ok(offsets
            .filter_map(|(partition, offset)| Some((partition, offset?)))
            .collect())
    }
}
