//! Cutting a snapshot into splits, without any I/O.

use std::collections::VecDeque;

use super::topic_split::TopicSplit;
use crate::kafka::topic_id::TopicId;
use crate::kafka::{OffsetRange, TopicPartition, TopicSnapshot};

/// What is still to be cut: what of the snapshot no split covers yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) topic: String,
    /// `None` if the brokers give topics no ids.
    pub(super) topic_id: Option<TopicId>,
    /// At most one range a partition, by ascending partition.
    pub(super) remaining: VecDeque<(i32, OffsetRange)>,
}

impl Plan {
    /// All that `snapshot` lets be read of `topic`.
    pub fn new(topic: &str, snapshot: &TopicSnapshot) -> Self {
        let ranges = snapshot
            .partitions
            .iter()
            .filter_map(|(partition, marks)| Some((*partition, marks.range()?)));
        Self {
            topic: topic.to_owned(),
            topic_id: snapshot.topic_id,
            remaining: ranges.collect(),
        }
    }

    /// Takes splits off the plan, partition by partition: none empty, none of more than `max_records` offsets (at
    /// least 1), those of a partition as equal as can be.
    pub fn splits(&mut self, max_records: u64) -> impl Iterator<Item = TopicSplit> + '_ {
        std::iter::from_fn(move || self.next_split(max_records))
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.remaining.is_empty()
    }

    fn next_split(&mut self, max_records: u64) -> Option<TopicSplit> {
        let (partition, range) = self.remaining.pop_front()?;
        let (range, rest) = cut(range, max_records);
        if let Some(rest) = rest {
            self.remaining.push_front((partition, rest));
        }
        let topic_partition = TopicPartition {
            topic: self.topic.clone(),
            partition,
        };
        Some(TopicSplit {
            cluster: None,
            topic_partition,
            topic_id: self.topic_id,
            range,
        })
    }
}

/// The first of the fewest equal parts that `range` must be cut into, and the others.
///
/// The others are cut by the same rule into the same parts, so nothing but the range itself need be remembered from
/// page to page: with `n` parts of at most `max` left, one of `len / n` rounded up leaves `n - 1`.
fn cut(range: OffsetRange, max_records: u64) -> (OffsetRange, Option<OffsetRange>) {
    let parts = range.offsets().div_ceil(max_records.max(1));
    let length = range.offsets().div_ceil(parts);
    let rest = range
        .start()
        .checked_add_unsigned(length)
        .and_then(|middle| OffsetRange::new(middle, range.end()));
    let first = rest.and_then(|rest| OffsetRange::new(range.start(), rest.start()));
    (first.unwrap_or(range), rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kafka::Watermarks;

    fn plan(watermarks: &[(i64, i64)]) -> Plan {
        let marks = watermarks.iter().map(|&(low, high)| Watermarks { low, high });
        let snapshot = TopicSnapshot {
            topic_id: TopicId::from_bytes([7; TopicId::BYTES]),
            partitions: (0..).zip(marks).collect(),
        };
        Plan::new("orders", &snapshot)
    }

    fn ranges(watermarks: &[(i64, i64)], max_records: u64) -> Vec<(i32, i64, i64)> {
        let splits: Vec<_> = plan(watermarks).splits(max_records).collect();
        splits
            .iter()
            .map(|split| {
                (
                    split.topic_partition.partition,
                    split.range.start(),
                    split.range.end(),
                )
            })
            .collect()
    }

    #[test]
    fn cuts_into_the_fewest_splits_of_nearly_equal_size() {
        assert_eq!(ranges(&[(0, 10_000)], 10_000), [(0, 0, 10_000)]);
        assert_eq!(
            ranges(&[(0, 10_001)], 10_000),
            [(0, 0, 5_001), (0, 5_001, 10_001)]
        );
        assert_eq!(ranges(&[(5, 12)], 3), [(0, 5, 8), (0, 8, 10), (0, 10, 12)]);
    }

    #[test]
    fn no_split_starts_at_the_end_of_the_log() {
        for records in [20_001, 30_001, 30_002] {
            let last = *ranges(&[(0, records)], 10_000).last().unwrap();
            assert!(last.1 < last.2 && last.2 == records, "{last:?}");
        }
    }

    #[test]
    fn empty_partitions_have_no_splits() {
        assert_eq!(ranges(&[(0, 0), (3, 5), (500, 500)], 10), [(1, 3, 5)]);
        assert!(plan(&[]).is_done() && plan(&[(7, 7)]).is_done());
    }

    #[test]
    fn a_log_of_the_largest_offsets_is_planned_without_overflow() {
        let mut plan = plan(&[(i64::MAX - 2, i64::MAX), (0, i64::MAX)]);
        assert_eq!(plan.splits(1).take(1000).count(), 1000);
        assert!(!plan.is_done());
    }

    fn snapshots() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let marks = (0..5000_i64, 0..3000_i64).prop_map(|(low, length)| (low, low + length));
        prop::collection::vec(marks, 0..8)
    }

    proptest! {
        #[test]
        fn splits_cover_each_partition_exactly(snapshot in snapshots(), max_records in 1..1000_u64) {
            let mut ends: Vec<i64> = snapshot.iter().map(|(low, _)| *low).collect();
            for (partition, start, end) in ranges(&snapshot, max_records) {
                let partition = partition as usize;
                prop_assert_eq!(start, ends[partition], "neither gap nor overlap");
                prop_assert!(end > start && end.abs_diff(start) <= max_records);
                ends[partition] = end;
            }
            let highs: Vec<i64> = snapshot.iter().map(|(_, high)| *high).collect();
            prop_assert_eq!(ends, highs);
        }

        #[test]
        fn splits_of_a_partition_differ_by_one_offset_at_most(length in 1..100_000_i64, max_records in 1..5000_u64) {
            let splits = ranges(&[(7, 7 + length)], max_records);
            let lengths: Vec<i64> = splits.iter().map(|(_, start, end)| end - start).collect();
            prop_assert_eq!(lengths.len() as u64, (length as u64).div_ceil(max_records), "no more than need be");
            prop_assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        }

        #[test]
        fn pages_make_the_same_splits_as_one_page(
            snapshot in snapshots(), max_records in 1..1000_u64, page in 1..20_usize,
        ) {
            let mut paged = Vec::new();
            let mut rest = plan(&snapshot);
            loop {
                paged.extend(rest.splits(max_records).take(page));
                match rest.to_token() {
                    Some(token) => rest = Plan::from_token(&token, "orders").unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(paged, plan(&snapshot).splits(max_records).collect::<Vec<_>>());
        }
    }
}
