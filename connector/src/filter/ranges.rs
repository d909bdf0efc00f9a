//! Tests of whole columns against sorted, disjoint ranges.

use arrow::array::{Array, ArrayRef, Scalar, make_comparator, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::{gt, gt_eq, lt, lt_eq};
use arrow::compute::{SortOptions, concat, filter, is_not_null, sort};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use protocol::{Bound, Marker, Range};

use super::comparable::comparable;

/// Ranges in ascending order. The low end of the first and the high end of the last may be unbounded.
#[derive(Debug)]
pub(super) struct Ranges {
    /// Type of the comparison.
    data_type: DataType,
    lows: Ends,
    highs: Ends,
}

/// Low or high ends of all ranges.
#[derive(Debug)]
struct Ends {
    /// One value for each range, null where it is unbounded.
    values: ArrayRef,
    /// Whether the end itself belongs to the range.
    inclusive: Vec<bool>,
}

/// Number of ranges up to which comparing all rows with each range is faster than a search for each row.
const MAX_SCANNED: usize = 8;

impl Ranges {
    /// Ranges whose values are converted to `data_type`, the type of the comparison.
    pub(super) fn from_sorted(ranges: &[Range], data_type: DataType) -> Result<Self, ArrowError> {
        let lows = Ends::new(ranges.iter().map(Range::low), &data_type)?;
        let highs = Ends::new(ranges.iter().map(Range::high), &data_type)?;
        Ok(Self {
            data_type,
            lows,
            highs,
        })
    }

    /// Ranges of one value for each non-null value of `values`.
    pub(super) fn from_points(values: &ArrayRef, data_type: DataType) -> Result<Self, ArrowError> {
        let values = filter(values, &is_not_null(values)?)?;
        let values = sort(&comparable(&values, &data_type)?, None)?;
        let ends = || Ends {
            values: values.clone(),
            inclusive: vec![true; values.len()],
        };
        Ok(Self {
            data_type,
            lows: ends(),
            highs: ends(),
        })
    }

    /// Mask of the rows of `column` within a range; undefined for null rows.
    pub(super) fn contain(&self, column: &ArrayRef) -> Result<BooleanBuffer, ArrowError> {
        let column = comparable(column, &self.data_type)?;
        if self.len() <= MAX_SCANNED {
            self.scan(&column)
        } else {
            self.search(&column)
        }
    }

    fn len(&self) -> usize {
        self.lows.inclusive.len()
    }

    fn scan(&self, column: &ArrayRef) -> Result<BooleanBuffer, ArrowError> {
        let mut found = BooleanBuffer::new_unset(column.len());
        for range in 0..self.len() {
            found = &found | &self.scan_range(column, range)?;
        }
        Ok(found)
    }

    fn scan_range(&self, column: &ArrayRef, range: usize) -> Result<BooleanBuffer, ArrowError> {
        let mut found = BooleanBuffer::new_set(column.len());
        if let Some((low, inclusive)) = self.lows.get(range) {
            let above = if inclusive {
                gt_eq(column, &low)?
            } else {
                gt(column, &low)?
            };
            found = &found & above.values();
        }
        if let Some((high, inclusive)) = self.highs.get(range) {
            let below = if inclusive {
                lt_eq(column, &high)?
            } else {
                lt(column, &high)?
            };
            found = &found & below.values();
        }
        Ok(found)
    }

    /// Searches for the last range whose low end admits a row, the only one that can contain it. Unbounded
    /// ends are null, which the comparators order below all values or above all.
    fn search(&self, column: &ArrayRef) -> Result<BooleanBuffer, ArrowError> {
        let to_low = make_comparator(column, &self.lows.values, nulls_first(true))?;
        let to_high = make_comparator(column, &self.highs.values, nulls_first(false))?;
        let ranges: Vec<usize> = (0..self.len()).collect();
        Ok(BooleanBuffer::collect_bool(column.len(), |row| {
            let admits = |&range: &usize| {
                let order = to_low(row, range);
                order.is_gt() || (order.is_eq() && self.lows.inclusive[range])
            };
            let Some(range) = ranges.partition_point(admits).checked_sub(1) else {
                return false;
            };
            let order = to_high(row, range);
            order.is_lt() || (order.is_eq() && self.highs.inclusive[range])
        }))
    }
}

impl Ends {
    fn new<'a>(markers: impl Iterator<Item = &'a Marker>, data_type: &DataType) -> Result<Self, ArrowError> {
        let mut values = Vec::new();
        let mut inclusive = Vec::new();
        for marker in markers {
            let unbounded = || new_null_array(marker.data_type(), 1);
            values.push(marker.value().cloned().unwrap_or_else(unbounded));
            inclusive.push(marker.bound() == Bound::Exactly);
        }
        let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        Ok(Self {
            values: comparable(&concat(&values)?, data_type)?,
            inclusive,
        })
    }

    /// End of a range and whether it belongs to it; `None` if it is unbounded.
    fn get(&self, range: usize) -> Option<(Scalar<ArrayRef>, bool)> {
        let is_end = self.values.is_valid(range);
        is_end.then(|| (Scalar::new(self.values.slice(range, 1)), self.inclusive[range]))
    }
}

fn nulls_first(nulls_first: bool) -> SortOptions {
    SortOptions {
        descending: false,
        nulls_first,
    }
}
