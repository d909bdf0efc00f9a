//! Part of a topic that a query can have rows from. Pure: constraints and a table in, offsets and times out.
//!
//! | file | idea |
//! |---|---|
//! | `offsets` | a value set over a column of offsets, as offset ranges |
//! | `partitions` | a value set over a column of partition numbers, as the partitions it holds |
//! | `times` | a value set over a column of timestamps, as a time range |
//! | [`limit`] | when a split may stop at the query's limit |
//!
//! Only records that the [filter](crate::filter) would drop are left out: whatever cannot be decided stays.
//! Two further parts of a request are not used to leave out records:
//!
//! - `expression`s are sent only for functions that a connector advertises, and this one advertises none.
//! - A `queryPlan` is the whole query in Substrait. It could only narrow further what the summary does, and
//!   the engine applies all of it itself, because no capability is advertised for it. So it is not decoded.
//!
//! Both affect the limit, however: it is a promise, and a row that they exclude must not be counted
//! ([`limit`]).

use protocol::{Constraints, ValueSet};
use topic::table::SOURCE_KEY;
use topic::{Source, TopicTable};

use kafka::{OffsetRange, Watermarks};
use offsets::OffsetSet;
use partitions::PartitionTest;
pub use times::TimeRange;

pub mod limit;
mod offsets;
mod partitions;
mod times;

/// Offset ranges of a topic's partitions, by ascending partition and offset, with gaps between them.
pub type PartitionRanges = Vec<(i32, OffsetRange)>;

/// Number of offsets below which a gap is read: a further split costs a call of the function and a look-up of
/// the partition's ends, which is more than reading and dropping so few records.
const MIN_GAP_OFFSETS: u64 = 1000;

/// Maximum number of ranges of all partitions together, unless there are more partitions: what a continuation
/// token must hold.
const MAX_RANGES: usize = 10_000;

/// Part of a topic that the constraints leave.
#[derive(Debug)]
pub struct Wanted {
    /// Whether the set of some column is empty.
    nothing: bool,
    partitions: Vec<PartitionTest>,
    offsets: OffsetSet,
    times: TimeRange,
}

impl Wanted {
    /// Evaluates `constraints` on the columns of `table`. A column matches by its exact name, else by its
    /// name in another case.
    pub fn of(constraints: &Constraints, table: &TopicTable) -> Self {
        let mut wanted = Self {
            nothing: false,
            partitions: Vec::new(),
            offsets: OffsetSet::all(),
            times: TimeRange::default(),
        };
        for (name, set) in &constraints.summary {
            let exact = table.schema.field_with_name(name).ok();
            let Some(field) = exact.or_else(|| table.column(name)) else {
                continue;
            };
            wanted.nothing |= is_empty(set);
            let source = field.metadata().get(SOURCE_KEY).map(|name| name.parse());
            match source {
                Some(Ok(Source::Partition)) => wanted.partitions.extend(PartitionTest::new(field, set)),
                Some(Ok(Source::Offset)) => {
                    if let Some(offsets) = OffsetSet::of(set, field.data_type()) {
                        wanted.offsets = wanted.offsets.intersection(&offsets);
                    }
                }
                Some(Ok(Source::Timestamp)) => {
                    let times = TimeRange::of(set, field.data_type());
                    wanted.times = wanted.times.intersection(times);
                }
                _ => {}
            }
        }
        wanted
    }

    /// Whether no record of any topic can be a row of the result.
    pub fn is_nothing(&self) -> bool {
        self.nothing || self.offsets.is_empty() || self.times.is_empty()
    }

    /// Range of timestamps of the records.
    pub fn times(&self) -> TimeRange {
        self.times
    }

    /// Ranges of `snapshot`, by ascending partition, that the constraints leave, without regard to times.
    pub fn ranges(&self, snapshot: &[(i32, Watermarks)]) -> PartitionRanges {
        let readable: Vec<_> = snapshot
            .iter()
            .filter_map(|(partition, watermarks)| Some((*partition, watermarks.range()?)))
            .collect();
        let numbers = readable.iter().map(|(partition, _)| *partition).collect();
        let numbers = self
            .partitions
            .iter()
            .fold(numbers, |numbers: Vec<i32>, test| test.passed(numbers));
        let readable: Vec<_> = readable
            .into_iter()
            .filter(|(partition, _)| numbers.binary_search(partition).is_ok())
            .collect();
        let each = (MAX_RANGES / readable.len().max(1)).max(1);
        let Some(hull) = hull(readable.iter().map(|(_, range)| *range)) else {
            return Vec::new();
        };
        let offsets = self.offsets.within(hull).coarsened(MIN_GAP_OFFSETS, each);
        let ranges = readable.into_iter().flat_map(|(partition, range)| {
            offsets
                .within(range)
                .into_iter()
                .map(move |range| (partition, range))
        });
        ranges.collect()
    }
}

/// Parts of `ranges` from each partition's offset on; nothing of a partition that has none.
pub fn from_offsets(ranges: PartitionRanges, first: impl Fn(i32) -> Option<i64>) -> PartitionRanges {
    let clip = |(partition, range): (i32, OffsetRange)| {
        let start = range.start().max(first(partition)?);
        Some((partition, OffsetRange::new(start, range.end())?))
    };
    ranges.into_iter().filter_map(clip).collect()
}

/// Parts of `ranges` before each partition's offset; all of a partition that has none.
pub fn before_offsets(ranges: PartitionRanges, end: impl Fn(i32) -> Option<i64>) -> PartitionRanges {
    let clip = |(partition, range): (i32, OffsetRange)| {
        let end = end(partition).map_or(range.end(), |end| range.end().min(end));
        Some((partition, OffsetRange::new(range.start(), end)?))
    };
    ranges.into_iter().filter_map(clip).collect()
}

/// Whether neither a value nor NULL is in the set. An all-or-none set of nothing means NOT NULL.
fn is_empty(set: &ValueSet) -> bool {
    use arrow::array::Array;
    let no_value = match set {
        ValueSet::SortedRange(set) => set.ranges().is_empty(),
        ValueSet::Equatable(set) => set.white_list && set.values.logical_null_count() == set.values.len(),
        ValueSet::AllOrNone(_) => false,
    };
    no_value && !set.null_allowed()
}

/// Smallest range that covers all of `ranges`.
fn hull(ranges: impl Iterator<Item = OffsetRange>) -> Option<OffsetRange> {
    ranges.reduce(OffsetRange::hull)
}

#[cfg(test)]
mod tests;
