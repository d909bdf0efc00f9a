//! Topic partitions, offset ranges, watermarks, and the result of a read.

use std::fmt;
use std::time::Duration;

use crate::topic_id::TopicId;

/// Partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicPartition {
    pub topic: String,
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic `{}` partition {}", self.topic, self.partition)
    }
}

/// Offset range to read, as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRange {
    pub topic_partition: TopicPartition,
    /// Id of the planned topic; `None` if it is not known, so that any topic of this name is accepted.
    pub topic_id: Option<TopicId>,
    pub range: OffsetRange,
    pub on_expired_offsets: OnExpiredOffsets,
}

/// Offsets from `start` to `end`, exclusive. Holds at least one offset, none negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OffsetRange {
    start: i64,
    end: i64,
}

impl OffsetRange {
    /// `None` if the range would be empty or begin before offset 0.
    pub fn new(start: i64, end: i64) -> Option<Self> {
        (0 <= start && start < end).then_some(Self { start, end })
    }

    pub fn start(self) -> i64 {
        self.start
    }

    /// One past the last offset.
    pub fn end(self) -> i64 {
        self.end
    }

    /// Smallest range that covers both.
    pub fn hull(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Offsets in both; `None` if there are none.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Number of offsets; not of records, since compaction and transactions leave gaps.
    pub fn offsets(self) -> u64 {
        self.end.abs_diff(self.start)
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offsets {}..{}", self.start, self.end)
    }
}

/// State of a topic at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSnapshot {
    /// Id of the topic; `None` if the brokers do not assign ids.
    pub topic_id: Option<TopicId>,
    /// Watermarks by ascending partition number.
    pub partitions: Vec<(i32, Watermarks)>,
}

/// Both ends of the readable part of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// Earliest offset.
    pub low: i64,
    /// One past the last readable offset: the high watermark, or under `read_committed` the last stable
    /// offset.
    pub high: i64,
}

impl Watermarks {
    /// Range of all readable offsets; `None` for an empty partition.
    pub fn range(self) -> Option<OffsetRange> {
        OffsetRange::new(self.low, self.high)
    }
}

/// Result of a finished read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// Number of records passed to the sink, tombstones included.
    pub records: u64,
    /// Size of their values in bytes.
    pub value_bytes: u64,
    /// Number of offsets of the range that retention had deleted before they could be read.
    pub expired_offsets: u64,
    /// Whether the sink stopped the read before the end of the range.
    pub stopped_early: bool,
    /// Time spent waiting for responses of the brokers, with no record to pass to the sink.
    pub waited: Duration,
}

/// Handling of offsets that retention has deleted since a split was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExpiredOffsets {
    /// They are skipped, counted and logged as a warning.
    #[default]
    Skip,
    /// The read ends with an error that names them.
    Fail,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_range_is_never_empty_nor_negative(start: i64, end: i64) {
            match OffsetRange::new(start, end) {
                Some(range) => {
                    prop_assert!(range.offsets() > 0 && range.start() >= 0);
                    prop_assert_eq!(range.offsets(), (end as i128 - start as i128) as u64);
                }
                None => prop_assert!(start < 0 || end <= start),
            }
        }
    }

    #[test]
    fn an_empty_partition_has_no_range() {
        assert_eq!(Watermarks { low: 500, high: 500 }.range(), None);
        assert_eq!(Watermarks { low: 0, high: 1 }.range(), OffsetRange::new(0, 1));
    }
}
