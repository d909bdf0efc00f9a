//! Position of a read: which records to deliver and when a range is done, without any I/O.
//!
//! A read ends by *position*, never because nothing arrived for a while: a slow broker must not look like the
//! end of the data, and the end of the data must not cost a wait.

use crate::error::KafkaError;
use crate::offsets::{OffsetRange, OnExpiredOffsets, PlannedRange, TopicPartition, Watermarks};

/// Position of a read within its range.
#[derive(Debug, Clone)]
pub struct Cursor {
    planned: PlannedRange,
    /// Lowest offset not yet seen, in `range.start()..=range.end()`.
    position: i64,
    expired_offsets: u64,
}

/// Decision about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The record belongs to the range and comes next.
    Deliver,
    /// The record is before the position.
    Ignore,
    /// The record is at or past the end, so nothing of the range remains.
    PastEnd,
}

impl Cursor {
    /// Starts a read of a range, given the partition's current watermarks.
    ///
    /// # Errors
    /// As [`Self::resume`].
    pub fn start(planned: PlannedRange, watermarks: Watermarks) -> Result<Self, KafkaError> {
        let position = planned.range.start();
        let mut cursor = Self {
            planned,
            position,
            expired_offsets: 0,
        };
        cursor.resume(watermarks)?;
        Ok(cursor)
    }

    /// Moves the position to the partition's current watermarks: offsets that retention has deleted are
    /// skipped and counted.
    ///
    /// # Errors
    /// [`KafkaError::Truncated`] if the log ends before the range; [`KafkaError::Expired`] if offsets were
    /// deleted and the plan does not allow that.
    pub fn resume(&mut self, watermarks: Watermarks) -> Result<(), KafkaError> {
        let range = self.range();
        if watermarks.high < range.end() {
            return Err(self.truncated(watermarks.high));
        }
        match OffsetRange::new(self.position, watermarks.low.min(range.end())) {
            Some(expired) => self.expire(expired),
            None => Ok(()),
        }
    }

    fn expire(&mut self, expired: OffsetRange) -> Result<(), KafkaError> {
        if self.planned.on_expired_offsets == OnExpiredOffsets::Fail {
            return Err(KafkaError::Expired {
                topic_partition: self.topic_partition().clone(),
                expired,
            });
        }
        tracing::warn!(
            topic = self.topic_partition().topic,
            partition = self.topic_partition().partition,
            from_offset = expired.start(),
            to_offset = expired.end(),
            "offsets were deleted by retention after planning; skipped"
        );
        self.expired_offsets += expired.offsets();
        self.position = expired.end();
        Ok(())
    }

    /// Decides about the record at `offset` and moves the position past it.
    pub fn record(&mut self, offset: i64) -> Verdict {
        if offset < self.position {
            Verdict::Ignore
        } else if offset < self.range().end() {
            self.position = offset + 1;
            Verdict::Deliver
        } else {
            self.position = self.range().end();
            Verdict::PastEnd
        }
    }

    /// Handles the end of the log at `offset`: everything below was delivered or is not visible to readers.
    ///
    /// # Errors
    /// [`KafkaError::Truncated`] if that is before the end of the range.
    pub fn end_of_partition(&mut self, offset: i64) -> Result<(), KafkaError> {
        if offset < self.range().end() {
            return Err(self.truncated(offset));
        }
        self.pass(offset);
        Ok(())
    }

    /// Moves the position up to `offset`, never back: everything before it was delivered or is not visible to
    /// readers.
    pub fn pass(&mut self, offset: i64) {
        self.position = self.position.max(offset.min(self.range().end()));
    }

    /// Whether the whole range has been seen.
    pub fn is_done(&self) -> bool {
        self.position >= self.range().end()
    }

    /// Lowest offset not yet seen.
    pub fn position(&self) -> i64 {
        self.position
    }

    pub fn range(&self) -> OffsetRange {
        self.planned.range
    }

    /// The whole plan of the read.
    pub fn planned(&self) -> &PlannedRange {
        &self.planned
    }

    pub fn topic_partition(&self) -> &TopicPartition {
        &self.planned.topic_partition
    }

    /// Number of offsets skipped because retention had deleted them.
    pub fn expired_offsets(&self) -> u64 {
        self.expired_offsets
    }

    fn truncated(&self, high: i64) -> KafkaError {
        KafkaError::Truncated {
            topic_partition: self.topic_partition().clone(),
            high,
            end: self.range().end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursor(start: i64, end: i64, low: i64, high: i64) -> Result<Cursor, KafkaError> {
        cursor_with(OnExpiredOffsets::Skip, (start, end), (low, high))
    }

    fn cursor_with(
        on_expired_offsets: OnExpiredOffsets,
        (start, end): (i64, i64),
        (low, high): (i64, i64),
    ) -> Result<Cursor, KafkaError> {
        let topic_partition = TopicPartition {
            topic: "orders".into(),
            partition: 3,
        };
        let planned = PlannedRange {
            topic_partition,
            topic_id: None,
            range: OffsetRange::new(start, end).unwrap(),
            on_expired_offsets,
        };
        Cursor::start(planned, Watermarks { low, high })
    }

    #[test]
    fn is_done_at_the_last_record_of_the_range() {
        let mut cursor = cursor(5, 8, 0, 100).unwrap();
        assert_eq!(cursor.record(5), Verdict::Deliver);
        assert!(!cursor.is_done());
        assert_eq!(cursor.record(7), Verdict::Deliver, "offset 6 is a gap");
        assert!(cursor.is_done());
    }

    #[test]
    fn never_delivers_at_or_past_the_end() {
        let mut at_end = cursor(5, 8, 0, 100).unwrap();
        assert_eq!(at_end.record(8), Verdict::PastEnd);
        assert!(at_end.is_done());
        let mut past_end = cursor(5, 8, 0, 100).unwrap();
        assert_eq!(past_end.record(50), Verdict::PastEnd);
        assert_eq!(past_end.position(), 8);
    }

    #[test]
    fn never_delivers_an_offset_twice() {
        let mut cursor = cursor(5, 100, 0, 100).unwrap();
        assert_eq!(cursor.record(4), Verdict::Ignore);
        assert_eq!(cursor.record(5), Verdict::Deliver);
        assert_eq!(cursor.record(5), Verdict::Ignore);
    }

    #[test]
    fn the_end_of_the_log_ends_a_range_without_a_last_record() {
        let mut cursor = cursor(5, 8, 0, 8).unwrap();
        cursor.record(5);
        cursor.end_of_partition(8).unwrap();
        assert!(cursor.is_done());
    }

    #[test]
    fn passes_over_offsets_up_to_the_end_of_the_range_and_never_back() {
        let mut cursor = cursor(5, 20, 0, 100).unwrap();
        for (offset, position) in [(3, 5), (9, 9), (7, 9), (50, 20)] {
            cursor.pass(offset);
            assert_eq!(cursor.position(), position, "passed up to {offset}");
        }
        assert!(cursor.is_done());
    }

    #[test]
    fn a_log_that_ends_before_the_range_is_an_error() {
        let planned = cursor(5, 8, 0, 7).unwrap_err().to_string();
        assert!(planned.contains("topic `orders` partition 3"), "{planned}");
        assert!(
            planned.contains("ends at offset 7") && planned.contains("to offset 8"),
            "{planned}"
        );
        let mut reading = cursor(5, 8, 0, 8).unwrap();
        assert!(matches!(
            reading.end_of_partition(7),
            Err(KafkaError::Truncated { high: 7, end: 8, .. })
        ));
    }

    #[test]
    fn skips_what_retention_deleted_and_counts_it() {
        let mut cursor = cursor(5, 20, 8, 20).unwrap();
        assert_eq!((cursor.position(), cursor.expired_offsets()), (8, 3));
        cursor.record(8);
        cursor.resume(Watermarks { low: 12, high: 30 }).unwrap();
        assert_eq!((cursor.position(), cursor.expired_offsets()), (12, 6));
        cursor.resume(Watermarks { low: 1, high: 30 }).unwrap();
        assert_eq!(
            (cursor.position(), cursor.expired_offsets()),
            (12, 6),
            "never backwards"
        );
    }

    #[test]
    fn an_expired_offset_is_an_error_that_names_the_range_if_it_must_not_be() {
        let fail = |low| cursor_with(OnExpiredOffsets::Fail, (5, 20), (low, 30));
        assert_eq!(fail(5).unwrap().position(), 5);
        let error = fail(8).unwrap_err().to_string();
        assert!(
            error.starts_with("topic `orders` partition 3: offsets 5..8 were deleted by retention"),
            "{error}"
        );
        let error = fail(500).unwrap_err().to_string();
        assert!(
            error.contains("offsets 5..20 were deleted"),
            "only the split's own: {error}"
        );
        let mut reading = fail(0).unwrap();
        reading.record(7);
        let error = reading.resume(Watermarks { low: 9, high: 30 }).unwrap_err();
        assert!(error.to_string().contains("offsets 8..9 were deleted"), "{error}");
    }

    #[test]
    fn is_done_when_the_whole_range_has_expired() {
        let cursor = cursor(5, 8, 500, 600).unwrap();
        assert!(cursor.is_done());
        assert_eq!((cursor.position(), cursor.expired_offsets()), (8, 3));
    }

    proptest! {
        /// Whatever arrives, in whatever order: only the range, strictly ascending.
        #[test]
        fn delivers_ascending_offsets_of_the_range_alone(
            start in 0..50_i64,
            length in 1..50_i64,
            arrivals in prop::collection::vec((0..120_i64, 0..60_i64), 0..60),
        ) {
            let end = start + length;
            let mut cursor = cursor(start, end, 0, end).unwrap();
            let mut delivered = vec![start - 1];
            for (offset, low) in arrivals {
                cursor.resume(Watermarks { low, high: 120 }).unwrap();
                if cursor.record(offset) == Verdict::Deliver {
                    prop_assert!(offset >= low && offset < end && offset > *delivered.last().unwrap());
                    delivered.push(offset);
                }
            }
            prop_assert!(cursor.position() >= start && cursor.position() <= end);
        }
    }
}
