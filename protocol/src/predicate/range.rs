//! Contiguous range of a type's values.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use thiserror::Error;

use super::evaluation::Scalar;
use super::{Bound, Marker};
use crate::error::{EncodeError, Fault, Rule};
use crate::ipc::IpcFraming;
use crate::json::{FromJson, Json, Object};

/// Values from a low to a high marker (`com.amazonaws.athena.connector.lambda.domain.predicate.Range`). Never
/// empty: `low <= high`, the low bound is not `Below` and the high bound not `Above`. Nested types have no
/// order here, though the engine may have one: their ranges are accepted as received.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    low: Marker,
    high: Marker,
}

/// Reason why two markers are not a range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidRange {
    #[error("low is {low}, high is {high}")]
    Types { low: DataType, high: DataType },
    #[error("set is {set}, range is {range}")]
    SetType { set: DataType, range: DataType },
    #[error("low has bound Below")]
    LowBound,
    #[error("high has bound Above")]
    HighBound,
    #[error("null is not a value")]
    Null,
    #[error("low is above high")]
    Empty,
}

impl Range {
    /// # Errors
    /// If the markers are of different types, at the wrong side of their values, or crossed.
    pub fn try_new(low: Marker, high: Marker) -> Result<Self, InvalidRange> {
        if low.data_type() != high.data_type() {
            return Err(InvalidRange::Types {
                low: low.data_type().clone(),
                high: high.data_type().clone(),
            });
        }
        if [&low, &high]
            .iter()
            .any(|marker| marker.value().is_none() && marker.bound() == Bound::Exactly)
        {
            return Err(InvalidRange::Null);
        }
        if low.bound() == Bound::Below {
            return Err(InvalidRange::LowBound);
        }
        if high.bound() == Bound::Above {
            return Err(InvalidRange::HighBound);
        }
        match low.compare(&high) {
            Some(Ordering::Greater) => Err(InvalidRange::Empty),
            _ => Ok(Self { low, high }),
        }
    }

    /// Range of every non-null value.
    pub fn all(data_type: DataType) -> Self {
        Self {
            low: Marker::lower_unbounded(data_type.clone()),
            high: Marker::upper_unbounded(data_type),
        }
    }

    /// Range `= value`. Here and below a value is an array of one row that is not null.
    ///
    /// # Errors
    /// If there is not exactly one row, or it is null.
    pub fn equal(value: ArrayRef) -> Result<Self, InvalidRange> {
        Self::try_new(at(value.clone(), Bound::Exactly)?, at(value, Bound::Exactly)?)
    }

    /// Range `>= value`.
    ///
    /// # Errors
    /// As [`Range::equal`].
    pub fn at_least(value: ArrayRef) -> Result<Self, InvalidRange> {
        Self::from_low(at(value, Bound::Exactly)?)
    }

    /// Range `> value`.
    ///
    /// # Errors
    /// As [`Range::equal`].
    pub fn above(value: ArrayRef) -> Result<Self, InvalidRange> {
        Self::from_low(at(value, Bound::Above)?)
    }

    /// Range `<= value`.
    ///
    /// # Errors
    /// As [`Range::equal`].
    pub fn at_most(value: ArrayRef) -> Result<Self, InvalidRange> {
        Self::to_high(at(value, Bound::Exactly)?)
    }

    /// Range `< value`.
    ///
    /// # Errors
    /// As [`Range::equal`].
    pub fn below(value: ArrayRef) -> Result<Self, InvalidRange> {
        Self::to_high(at(value, Bound::Below)?)
    }

    pub fn low(&self) -> &Marker {
        &self.low
    }

    pub fn high(&self) -> &Marker {
        &self.high
    }

    pub fn data_type(&self) -> &DataType {
        self.low.data_type()
    }

    /// Value of the range, if it holds exactly one.
    pub fn single_value(&self) -> Option<&ArrayRef> {
        let is_single =
            self.low.bound() == Bound::Exactly && self.low.compare(&self.high) == Some(Ordering::Equal);
        self.low.value().filter(|_| is_single)
    }

    /// Whether both ends are unbounded.
    pub fn is_all(&self) -> bool {
        self.low.value().is_none() && self.high.value().is_none()
    }

    fn from_low(low: Marker) -> Result<Self, InvalidRange> {
        let high = Marker::upper_unbounded(low.data_type().clone());
        Self::try_new(low, high)
    }

    fn to_high(high: Marker) -> Result<Self, InvalidRange> {
        Self::try_new(Marker::lower_unbounded(high.data_type().clone()), high)
    }

    /// Whether the whole range is below the value.
    pub(super) fn is_below(&self, value: &Scalar<'_>) -> bool {
        self.high.compare_to(value) == Some(Ordering::Less)
    }

    pub(super) fn contains(&self, value: &Scalar<'_>) -> bool {
        let low = self.low.compare_to(value).is_some_and(Ordering::is_le);
        low && self.high.compare_to(value).is_some_and(Ordering::is_ge)
    }

    /// Merges both ranges if they overlap or touch without a gap; `next` does not begin before this one.
    pub(super) fn merge(&self, next: &Self) -> Option<Self> {
        let overlaps = self.high.compare(&next.low).is_some_and(Ordering::is_ge);
        if !overlaps && !self.high.touches(&next.low) {
            return None;
        }
        let is_inside = self.high.compare(&next.high).is_some_and(Ordering::is_ge);
        let high = if is_inside { &self.high } else { &next.high };
        Some(Self {
            low: self.low.clone(),
            high: high.clone(),
        })
    }

    pub(super) fn to_json(&self, framing: IpcFraming) -> Result<Json<'_>, EncodeError> {
        Ok(Object::new()
            .with("low", self.low.to_json(framing)?)
            .with("high", self.high.to_json(framing)?)
            .into())
    }
}

fn at(value: ArrayRef, bound: Bound) -> Result<Marker, InvalidRange> {
    Marker::at(value, bound).ok_or(InvalidRange::Null)
}

impl FromJson for Range {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Self::try_new(object.required("low")?, object.required("high")?)
            .map_err(|error| Rule::Predicate(format!("is not a range: {error}")).into())
    }
}
