//! Timestamps that can satisfy a value set over a column that shows them.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Date64Type, TimeUnit, TimestampMillisecondType};
use protocol::{Bound, Marker, ValueSet};

/// Range of time in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// First millisecond; `None` if unbounded.
    pub from_ms: Option<i64>,
    /// One past the last millisecond; `None` if unbounded.
    pub until_ms: Option<i64>,
}

impl TimeRange {
    /// Smallest range with all times for which a column of type `column` shows a value of `set`: unbounded if
    /// the set allows NULL, which a record without timestamp shows, and for types that do not show times.
    pub(super) fn of(set: &ValueSet, column: &DataType) -> Self {
        let has_times = matches!(
            column,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, Some(_))
        );
        if !has_times || set.null_allowed() || !is_same_kind(set.data_type(), column) {
            return Self::default();
        }
        match set {
            ValueSet::SortedRange(set) => {
                let (first, last) = (set.ranges().first(), set.ranges().last());
                Self {
                    from_ms: first.and_then(|range| from_ms(range.low())),
                    until_ms: last.and_then(|range| until_ms(range.high())),
                }
            }
            ValueSet::Equatable(set) if set.white_list => {
                let rows = (0..set.values.len()).filter(|&row| set.values.is_valid(row));
                let times: Vec<_> = rows.filter_map(|row| shown_during(&set.values, row)).collect();
                Self {
                    from_ms: times.iter().map(|(from_ms, _)| *from_ms).min(),
                    until_ms: times.iter().map(|(_, until_ms)| *until_ms).max(),
                }
            }
            ValueSet::Equatable(_) | ValueSet::AllOrNone(_) => Self::default(),
        }
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        Self {
            from_ms: self.from_ms.max(other.from_ms),
            until_ms: [self.until_ms, other.until_ms].into_iter().flatten().min(),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        matches!((self.from_ms, self.until_ms), (Some(from), Some(until)) if until <= from)
    }
}

const DAY_MS: i64 = 86_400_000;

fn is_same_kind(set: &DataType, column: &DataType) -> bool {
    match (set, column) {
        (DataType::Timestamp(left, left_zone), DataType::Timestamp(right, right_zone)) => {
            left == right && left_zone.is_some() == right_zone.is_some()
        }
        (set, column) => set == column,
    }
}

fn from_ms(low: &Marker) -> Option<i64> {
    let (from_ms, until_ms) = shown_during(low.value()?, 0)?;
    Some(match low.bound() {
        Bound::Exactly => from_ms,
        _ => until_ms,
    })
}

fn until_ms(high: &Marker) -> Option<i64> {
    let (from_ms, until_ms) = shown_during(high.value()?, 0)?;
    Some(match high.bound() {
        Bound::Exactly => until_ms,
        _ => from_ms,
    })
}

/// First time that is shown as the value in `row`, and the first after it that is not.
fn shown_during(values: &ArrayRef, row: usize) -> Option<(i64, i64)> {
    let (from_ms, lasts_ms) = match values.data_type() {
        DataType::Date32 => {
            let days = values.as_primitive::<Date32Type>().value(row);
            (i64::from(days) * DAY_MS, DAY_MS)
        }
        DataType::Date64 => (values.as_primitive::<Date64Type>().value(row), 1),
        // Athena packs a zone into the low 12 bits.
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => (
            values.as_primitive::<TimestampMillisecondType>().value(row) >> 12,
            1,
        ),
        _ => return None,
    };
    Some((from_ms, from_ms.saturating_add(lasts_ms)))
}

#[cfg(test)]
mod tests;
