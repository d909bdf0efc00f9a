//! Division of a snapshot into splits, without any I/O.

use std::collections::VecDeque;

use kafka::{OffsetRange, TopicId, TopicPartition};

use crate::pushdown::PartitionRanges;
use crate::splits::topic_split::TopicSplit;

/// Minimum length of a split: with fewer offsets, more than half of the time would be the cost of the call
/// (`docs/pushdown.md`).
const MIN_SPLIT_OFFSETS: u64 = 10_000;

/// Part of the snapshot that is not yet covered by splits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) topic: String,
    /// Id of the topic; `None` if the brokers do not assign ids.
    pub(super) topic_id: Option<TopicId>,
    /// Maximum length of a split in offsets; at least 1.
    pub(super) max_offsets: u64,
    /// Remaining ranges by ascending partition and offset, disjoint.
    pub(super) remaining: VecDeque<(i32, OffsetRange)>,
}

impl Plan {
    /// Plans all of `ranges` of `topic`, in splits of at most `max_offsets` offsets (at least 1).
    pub fn new(topic: &str, topic_id: Option<TopicId>, ranges: PartitionRanges, max_offsets: u64) -> Self {
        Self {
            topic: topic.to_owned(),
            topic_id,
            max_offsets: max_offsets.max(1),
            remaining: ranges.into(),
        }
    }

    /// Removes splits from the plan, range by range: none is empty, and those of a range are as few and as
    /// equal as possible.
    pub fn splits(&mut self) -> impl Iterator<Item = TopicSplit> + '_ {
        std::iter::from_fn(move || self.next_split())
    }

    /// Whether nothing remains.
    pub fn is_done(&self) -> bool {
        self.remaining.is_empty()
    }

    fn next_split(&mut self) -> Option<TopicSplit> {
        let (partition, range) = self.remaining.pop_front()?;
        let (range, rest) = cut(range, self.max_offsets);
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

/// Maximum length of a split, in offsets, that cuts `ranges` into about `parallelism` splits, at most one
/// more for each range: never more than `limit`, and not less than [`MIN_SPLIT_OFFSETS`] unless `limit` is.
pub(super) fn max_offsets(ranges: &[(i32, OffsetRange)], parallelism: Option<u64>, limit: u64) -> u64 {
    let Some(parallelism) = parallelism else {
        return limit;
    };
    let offsets = ranges.iter().fold(0_u64, |offsets, (_, range)| {
        offsets.saturating_add(range.offsets())
    });
    offsets
        .div_ceil(parallelism.max(1))
        .max(MIN_SPLIT_OFFSETS)
        .min(limit)
}

/// First of the fewest equal parts into which `range` must be cut, and the rest.
///
/// The rest is cut by the same rule into the same parts, so only the range itself is kept from page to page:
/// with `n` parts of at most `max` left, one of `len / n` rounded up leaves `n - 1`.
fn cut(range: OffsetRange, max_offsets: u64) -> (OffsetRange, Option<OffsetRange>) {
    let parts = range.offsets().div_ceil(max_offsets.max(1));
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

    fn plan(ends: &[(i64, i64)], max_offsets: u64) -> Plan {
        let ranges = (0..).zip(ends);
        let ranges =
            ranges.filter_map(|(partition, &(start, end))| Some((partition, OffsetRange::new(start, end)?)));
        let topic_id = TopicId::from_bytes([7; TopicId::BYTES]);
        Plan::new("orders", topic_id, ranges.collect(), max_offsets)
    }

    fn ranges(ends: &[(i64, i64)], max_offsets: u64) -> Vec<(i32, i64, i64)> {
        let splits: Vec<_> = plan(ends, max_offsets).splits().collect();
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
        assert!(plan(&[], 1).is_done() && plan(&[(7, 7)], 1).is_done());
    }

    #[test]
    fn a_log_of_the_largest_offsets_is_planned_without_overflow() {
        let mut plan = plan(&[(i64::MAX - 2, i64::MAX), (0, i64::MAX)], 1);
        assert_eq!(plan.splits().take(1000).count(), 1000);
        assert!(!plan.is_done());
    }

    #[test]
    fn the_ranges_of_a_partition_are_cut_each_by_itself() {
        let range = |start, end| OffsetRange::new(start, end).unwrap();
        let ranges = vec![(3, range(0, 10)), (3, range(5000, 5015)), (4, range(7, 8))];
        let mut plan = Plan::new("orders", None, ranges, 10);
        let splits = plan
            .splits()
            .map(|split| (split.topic_partition.partition, split.range));
        let wanted = [
            (3, range(0, 10)),
            (3, range(5000, 5008)),
            (3, range(5008, 5015)),
            (4, range(7, 8)),
        ];
        assert_eq!(splits.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn splits_get_smaller_for_parallelism_within_limits() {
        let records = |offsets: &[i64], parallelism, limit| {
            let ranges = offsets
                .iter()
                .map(|&offsets| (0, OffsetRange::new(0, offsets).unwrap()));
            max_offsets(&ranges.collect::<Vec<_>>(), parallelism, limit)
        };
        assert_eq!(records(&[1_000_000], None, 100_000), 100_000);
        assert_eq!(records(&[1_000_000], Some(40), 100_000), 25_000);
        assert_eq!(records(&[500_000, 500_000], Some(40), 100_000), 25_000);
        assert_eq!(
            records(&[1_000_000], Some(3), 100_000),
            100_000,
            "not above the setting"
        );
        assert_eq!(records(&[1_000_000], Some(1000), 100_000), MIN_SPLIT_OFFSETS);
        assert_eq!(
            records(&[1_000_000], Some(1000), 500),
            500,
            "the setting takes precedence over the minimum"
        );
        assert_eq!(records(&[i64::MAX; 3], Some(1), u64::MAX), u64::MAX);
    }

    fn snapshots() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let marks = (0..5000_i64, 0..3000_i64).prop_map(|(low, length)| (low, low + length));
        prop::collection::vec(marks, 0..8)
    }

    proptest! {
        #[test]
        fn splits_cover_each_partition_exactly(snapshot in snapshots(), max_offsets in 1..1000_u64) {
            let mut ends: Vec<i64> = snapshot.iter().map(|(low, _)| *low).collect();
            for (partition, start, end) in ranges(&snapshot, max_offsets) {
                let partition = partition as usize;
                prop_assert_eq!(start, ends[partition], "neither gap nor overlap");
                prop_assert!(end > start && end.abs_diff(start) <= max_offsets);
                ends[partition] = end;
            }
            let highs: Vec<i64> = snapshot.iter().map(|(_, high)| *high).collect();
            prop_assert_eq!(ends, highs);
        }

        #[test]
        fn splits_of_a_partition_differ_by_one_offset_at_most(length in 1..100_000_i64, max_offsets in 1..5000_u64) {
            let splits = ranges(&[(7, 7 + length)], max_offsets);
            let lengths: Vec<i64> = splits.iter().map(|(_, start, end)| end - start).collect();
            prop_assert_eq!(lengths.len() as u64, (length as u64).div_ceil(max_offsets), "no more than need be");
            prop_assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        }

        #[test]
        fn pages_make_the_same_splits_as_one_page(
            snapshot in snapshots(), max_offsets in 1..1000_u64, page in 1..20_usize,
        ) {
            let mut paged = Vec::new();
            let mut rest = plan(&snapshot, max_offsets);
            loop {
                paged.extend(rest.splits().take(page));
                match rest.to_token() {
                    Some(token) => rest = Plan::from_token(&token, "orders").unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(paged, plan(&snapshot, max_offsets).splits().collect::<Vec<_>>());
        }
    }
}
