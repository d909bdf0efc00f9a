//! Offsets that satisfy a value set over a column that shows them.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use protocol::{Bound, Marker, Range, ValueSet};

use kafka::OffsetRange;

/// Set of offsets, as ascending ranges with gaps between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OffsetSet(Vec<OffsetRange>);

impl OffsetSet {
    pub(super) fn all() -> Self {
        Self::of_ranges([(0, END)])
    }

    /// Offsets for which a column of type `column` shows a value of `set`, or NULL if the set allows it: the
    /// column is NULL for an offset beyond its type.
    ///
    /// `None` if that cannot be decided: for columns of text or binary fractions, and for sets of another
    /// kind of number.
    pub(super) fn of(set: &ValueSet, column: &DataType) -> Option<Self> {
        let shown_end = shown_end(column)?;
        let ranges = match set {
            ValueSet::AllOrNone(set) if set.all || set.is_not_null_defect() => vec![(0, shown_end)],
            ValueSet::AllOrNone(_) => Vec::new(),
            ValueSet::SortedRange(set) => {
                check_kind(set.data_type(), column)?;
                set.ranges().iter().map(of_range).collect::<Option<_>>()?
            }
            ValueSet::Equatable(set) => {
                check_kind(set.values.data_type(), column)?;
                let points = points(&set.values)?;
                match set.white_list {
                    true => points.into_iter().map(|offset| (offset, offset + 1)).collect(),
                    false => all_but(points),
                }
            }
        };
        let shown = ranges.into_iter().map(|(start, end)| (start, end.min(shown_end)));
        let null = set.null_allowed().then_some((shown_end, END));
        Some(Self::of_ranges(shown.chain(null)))
    }

    /// Set of half-open ranges in any order; parts that are not offsets are dropped.
    fn of_ranges(ranges: impl IntoIterator<Item = (i128, i128)>) -> Self {
        let offset = |number: i128| number.clamp(0, END) as i64;
        let ranges = ranges.into_iter();
        let mut ranges: Vec<_> = ranges
            .filter_map(|(start, end)| OffsetRange::new(offset(start), offset(end)))
            .collect();
        ranges.sort_unstable_by_key(|range| range.start());
        Self(merged(ranges, 1))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().flat_map(|range| other.within(*range).0).collect())
    }

    /// Part of the set within `range`.
    pub(super) fn within(&self, range: OffsetRange) -> Self {
        let first = self.0.partition_point(|own| own.end() <= range.start());
        let overlapping = self.0[first..].iter().take_while(|own| own.start() < range.end());
        Self(overlapping.filter_map(|own| own.intersection(range)).collect())
    }

    /// Set with its smaller gaps filled: those of fewer than `min_gap` offsets, and as many more as leave at
    /// most `max_ranges` (at least 1).
    pub(super) fn coarsened(&self, min_gap: u64, max_ranges: usize) -> Self {
        let mut gaps: Vec<u64> = self.0.windows(2).map(|pair| gap(pair[0], pair[1])).collect();
        gaps.sort_unstable_by(|left, right| right.cmp(left));
        let too_many = gaps.get(max_ranges.saturating_sub(1));
        let kept = too_many.map_or(min_gap, |widest| min_gap.max(widest + 1));
        Self(merged(self.0.clone(), kept))
    }
}

impl IntoIterator for OffsetSet {
    type Item = OffsetRange;
    type IntoIter = std::vec::IntoIter<OffsetRange>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One past the largest possible offset.
const END: i128 = i64::MAX as i128;

/// One past the largest number that a column of the type shows; `None` for unsupported types.
fn shown_end(column: &DataType) -> Option<i128> {
    Some(match column {
        DataType::Int8 => i128::from(i8::MAX) + 1,
        DataType::Int16 => i128::from(i16::MAX) + 1,
        DataType::Int32 => i128::from(i32::MAX) + 1,
        DataType::Int64 => END,
        DataType::Decimal128(precision, scale) => {
            let whole_digits = precision.checked_sub(u8::try_from(*scale).ok()?)?;
            10_i128.checked_pow(whole_digits.into())?.min(END)
        }
        _ => return None,
    })
}

/// `None` unless the filter compares values of the two types: the filter decides about others.
fn check_kind(set: &DataType, column: &DataType) -> Option<()> {
    let is_decimal = |data_type: &DataType| matches!(data_type, DataType::Decimal128(..));
    let comparable = match is_decimal(column) {
        true => is_decimal(set),
        false => set.is_signed_integer(),
    };
    comparable.then_some(())
}

fn of_range(range: &Range) -> Option<(i128, i128)> {
    let start = match number(range.low())? {
        None => 0,
        Some(low) if range.low().bound() == Bound::Exactly => low.ceil(),
        Some(low) => low.floor().saturating_add(1),
    };
    let end = match number(range.high())? {
        None => END,
        Some(high) if range.high().bound() == Bound::Exactly => high.floor().saturating_add(1),
        Some(high) => high.ceil(),
    };
    Some((start, end))
}

/// Offsets among `values`, ascending.
fn points(values: &ArrayRef) -> Option<Vec<i128>> {
    let numbers = numbers(values)?.into_iter().flatten();
    let mut points: Vec<_> = numbers
        .filter(|number| number.is_whole())
        .map(Number::floor)
        .filter(|offset| (0..END).contains(offset))
        .collect();
    points.sort_unstable();
    points.dedup();
    Some(points)
}

fn all_but(points: Vec<i128>) -> Vec<(i128, i128)> {
    let starts = [0].into_iter().chain(points.iter().map(|point| point + 1));
    let ends = points.iter().copied().chain([END]);
    starts.zip(ends).collect()
}

/// Number of the marker; the inner `None` for an unbounded end.
fn number(marker: &Marker) -> Option<Option<Number>> {
    match marker.value() {
        None => Some(None),
        Some(value) => Some(Some((*numbers(value)?.first()?)?)),
    }
}

/// Number `unscaled` / 10^`scale`.
#[derive(Debug, Clone, Copy)]
struct Number {
    unscaled: i128,
    scale: u32,
}

impl Number {
    fn floor(self) -> i128 {
        match 10_i128.checked_pow(self.scale) {
            Some(one) => self.unscaled.div_euclid(one),
            None if self.unscaled < 0 => -1,
            None => 0,
        }
    }

    fn ceil(self) -> i128 {
        self.floor().saturating_add((!self.is_whole()).into())
    }

    fn is_whole(self) -> bool {
        let one = 10_i128.checked_pow(self.scale);
        one.map_or(self.unscaled == 0, |one| self.unscaled.rem_euclid(one) == 0)
    }
}

/// Numbers of integers and decimals, `None` for other types; an inner `None` where it is null.
fn numbers(values: &ArrayRef) -> Option<Vec<Option<Number>>> {
    if let DataType::Decimal128(_, scale) = values.data_type() {
        let scale = u32::try_from(*scale).ok()?;
        let number = |unscaled| Number { unscaled, scale };
        let values = values.as_primitive::<Decimal128Type>().iter();
        return Some(values.map(|value| value.map(number)).collect());
    }
    if !values.data_type().is_signed_integer() {
        return None;
    }
    let number = |value: i64| Number {
        unscaled: value.into(),
        scale: 0,
    };
    let values = cast(values, &DataType::Int64).ok()?;
    let values = values.as_primitive::<Int64Type>().iter();
    Some(values.map(|value| value.map(number)).collect())
}

/// Merges ascending `ranges` that are less than `min_gap` apart.
fn merged(ranges: Vec<OffsetRange>, min_gap: u64) -> Vec<OffsetRange> {
    let mut merged: Vec<OffsetRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if gap(*last, range) < min_gap => *last = last.hull(range),
            _ => merged.push(range),
        }
    }
    merged
}

/// Number of offsets between two ranges, the second of which does not begin before the first; 0 if they
/// overlap.
fn gap(first: OffsetRange, second: OffsetRange) -> u64 {
    u64::try_from(second.start() - first.end()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
