//! Places in a topic: partitions, offset ranges, the ends of a log, and the result of a read.

use std::fmt;
use std::time::Duration;

use crate::topic_id::TopicId;

/// One partition of one topic.
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

/// A range to read, as it was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRange {
    pub topic_partition: TopicPartition,
    /// Id of the topic that was planned; `None` if it is not known, so that any topic of this name will do.
    pub topic_id: Option<TopicId>,
    pub range: OffsetRange,
    pub on_expired_offsets: OnExpiredOffsets,
}

/// Offsets from `start` up to, not including, `end`. Holds at least one offset, none negative.
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

    /// The least range that covers both.
    pub fn hull(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// What lies in both; `None` if nothing does.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// How many offsets; not how many records, since compaction and transactions leave gaps.
    pub fn offsets(self) -> u64 {
        self.end.abs_diff(self.start)
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offsets {}..{}", self.start, self.end)
    }
}

/// A topic at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSnapshot {
    /// `None` if the brokers give topics no ids.
    pub topic_id: Option<TopicId>,
    /// By ascending partition number.
    pub partitions: Vec<(i32, Watermarks)>,
}

/// Both ends of what a partition lets be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// The earliest offset there is.
    pub low: i64,
    /// One past the last offset a reader may see: the high watermark, or under `read_committed`
    /// the last stable offset.
    pub high: i64,
}

impl Watermarks {
    /// All that can be read now; `None` for an empty partition.
    pub fn range(self) -> Option<OffsetRange> {
        OffsetRange::new(self.low, self.high)
    }
}

/// Result of a finished read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// Records shown to the sink, tombstones included.
    pub records: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
    /// Offsets of the range that retention had deleted before they could be read.
    pub expired_offsets: u64,
    /// The sink had enough before the end of the range.
    pub stopped_early: bool,
    /// How long there was nothing to show to the sink, since the brokers had not answered yet.
    pub waited: Duration,
}

/// What happens to offsets that a split was planned with and that retention has deleted since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExpiredOffsets {
    /// They are passed over, counted and warned of.
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
