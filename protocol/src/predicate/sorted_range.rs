//! Value set as ranges.

use std::cmp::Ordering;

use arrow::array::Array;
use arrow::datatypes::DataType;

use super::evaluation::{EvaluationError, Scalar, check_comparable, has_order, is_equal};
use super::keys::{NULL_ALLOWED, typed};
use super::{InvalidRange, Range};
use crate::error::{EncodeError, Fault, Rule};
use crate::ipc::{data_type_to_json, same_arrow_type};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Values of an ordered type (`com.amazonaws.athena.connector.lambda.domain.predicate.SortedRangeSet`).
/// Without ranges it holds no value but null, if null is allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct SortedRangeSet {
    data_type: DataType,
    ranges: Vec<Range>,
    null_allowed: bool,
}

pub(super) const TYPE_NAME: &str = "SortedRangeSet";
pub(super) const VERSION_1_TYPE_NAME: &str = "sortable";

impl SortedRangeSet {
    /// Sorts the ranges and merges those that overlap or touch without a gap: `[1, 5]` and `(5, 9]` become `[1, 9]`,
    /// while `[20, 22)` and `(22, 30]` stay two.
    ///
    /// # Errors
    /// If a range is of another type than the set.
    pub fn try_new(
        data_type: DataType,
        ranges: Vec<Range>,
        null_allowed: bool,
    ) -> Result<Self, InvalidRange> {
        if let Some(range) = ranges
            .iter()
            .find(|range| !same_arrow_type(range.data_type(), &data_type))
        {
            return Err(InvalidRange::SetType {
                set: data_type,
                range: range.data_type().clone(),
            });
        }
        // The JSON of a nested type loses its children, but the ranges' blocks keep them.
        let data_type = ranges
            .first()
            .map_or(data_type, |range| range.data_type().clone());
        let ranges = if has_order(&data_type) {
            merged(ranges)
        } else {
            ranges
        };
        Ok(Self {
            data_type,
            ranges,
            null_allowed,
        })
    }

    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Ranges in ascending order, with gaps between them.
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    pub fn null_allowed(&self) -> bool {
        self.null_allowed
    }

    pub(super) fn contains_value(&self, column: &dyn Array, row: usize) -> Result<bool, EvaluationError> {
        check_comparable(column.data_type(), &self.data_type)?;
        let Some(value) = Scalar::of(column, row) else {
            return self.contains_unordered(column, row);
        };
        let candidate = self.ranges.partition_point(|range| range.is_below(&value));
        Ok(self
            .ranges
            .get(candidate)
            .is_some_and(|range| range.contains(&value)))
    }

    /// Tests a value of a type without order: only ranges of all values or of exactly one can be decided.
    fn contains_unordered(&self, column: &dyn Array, row: usize) -> Result<bool, EvaluationError> {
        if self.ranges.iter().any(Range::is_all) {
            return Ok(true);
        }
        let singles = self
            .ranges
            .iter()
            .map(Range::single_value)
            .collect::<Option<Vec<_>>>();
        let singles = singles.ok_or_else(|| EvaluationError::NoOrder(column.data_type().clone()))?;
        Ok(singles.into_iter().any(|value| is_equal(column, row, value, 0)))
    }

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        let ranges = self.ranges.iter().map(|range| range.to_json(version.framing()));
        Ok(typed(TYPE_NAME, VERSION_1_TYPE_NAME, version)
            .with("type", data_type_to_json(&self.data_type, version)?)
            .with("ranges", ranges.collect::<Result<Json<'_>, EncodeError>>()?)
            .with(NULL_ALLOWED, self.null_allowed)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        let (data_type, ranges) = (object.required("type")?, object.required("ranges")?);
        Self::try_new(data_type, ranges, object.required(NULL_ALLOWED)?)
            .map_err(|error| Fault::from(Rule::Predicate(error.to_string())).at_key("ranges"))
    }
}

fn merged(mut ranges: Vec<Range>) -> Vec<Range> {
    // Markers of one ordered type are always comparable.
    ranges.sort_by(|left, right| left.low().compare(right.low()).unwrap_or(Ordering::Equal));
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) => match last.merge(&range) {
                Some(both) => *last = both,
                None => merged.push(range),
            },
            None => merged.push(range),
        }
    }
    merged
}
