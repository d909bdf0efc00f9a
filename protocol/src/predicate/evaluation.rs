//! Comparison of a column's values with values of a set.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use thiserror::Error;

/// Reason why a value cannot be tested.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    #[error("column is {column}, its value set {set}")]
    Types { column: DataType, set: DataType },
    #[error("values of type {0} have no order")]
    NoOrder(DataType),
    #[error("row {row} of {rows}")]
    Row { row: usize, rows: usize },
}

pub(super) fn check_comparable(column: &DataType, set: &DataType) -> Result<(), EvaluationError> {
    let comparable = match (column, set) {
        (DataType::Timestamp(left, _), DataType::Timestamp(right, _)) => left == right,
        (DataType::Decimal128(..), DataType::Decimal128(..)) => true,
        _ => column == set,
    };
    if comparable {
        Ok(())
    } else {
        Err(EvaluationError::Types {
            column: column.clone(),
            set: set.clone(),
        })
    }
}

/// Whether [`Scalar::of`] supports the type.
pub(super) fn has_order(data_type: &DataType) -> bool {
    !data_type.is_nested() && !matches!(data_type, DataType::Null | DataType::Interval(_))
}

/// Whether two values of comparable arrays are equal. Null equals nothing.
pub(super) fn is_equal(left: &dyn Array, left_row: usize, right: &ArrayRef, right_row: usize) -> bool {
    if left.is_null(left_row) || right.is_null(right_row) {
        return false;
    }
    match (Scalar::of(left, left_row), Scalar::of(right, right_row)) {
        (Some(left), Some(right)) => left.compare(&right).is_eq(),
        _ => *left.slice(left_row, 1) == *right.slice(right_row, 1),
    }
}

/// Value of an ordered type. Values of comparable arrays have the same variant.
pub(super) enum Scalar<'a> {
    /// Integers, dates, times, timestamps, booleans.
    Integer(i128),
    Float(f64),
    Decimal {
        unscaled: i128,
        scale: i8,
    },
    Bytes(&'a [u8]),
}

impl<'a> Scalar<'a> {
    /// Value of a row; `None` if the row does not exist, is null, or the type has no order.
    pub(super) fn of(array: &'a dyn Array, row: usize) -> Option<Self> {
        macro_rules! integer {
            ($kind:ty) => {
                Self::Integer(array.as_primitive::<$kind>().value(row).into())
            };
        }
        Some(match array.data_type() {
            DataType::Boolean => Self::Integer(array.as_boolean().value(row).into()),
            DataType::Int8 => integer!(Int8Type),
            DataType::Int16 => integer!(Int16Type),
            DataType::Int32 => integer!(Int32Type),
            DataType::Int64 => integer!(Int64Type),
            DataType::UInt8 => integer!(UInt8Type),
            DataType::UInt16 => integer!(UInt16Type),
            DataType::UInt32 => integer!(UInt32Type),
            DataType::UInt64 => integer!(UInt64Type),
            DataType::Date32 => integer!(Date32Type),
            DataType::Date64 => integer!(Date64Type),
            DataType::Time32(TimeUnit::Second) => integer!(Time32SecondType),
            DataType::Time32(_) => integer!(Time32MillisecondType),
            DataType::Time64(TimeUnit::Microsecond) => integer!(Time64MicrosecondType),
            DataType::Time64(_) => integer!(Time64NanosecondType),
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => Self::Integer(
                unpack_millis(array.as_primitive::<TimestampMillisecondType>().value(row)).into(),
            ),
            DataType::Timestamp(TimeUnit::Second, _) => integer!(TimestampSecondType),
            DataType::Timestamp(TimeUnit::Millisecond, _) => integer!(TimestampMillisecondType),
            DataType::Timestamp(TimeUnit::Microsecond, _) => integer!(TimestampMicrosecondType),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => integer!(TimestampNanosecondType),
            DataType::Float16 => Self::Float(array.as_primitive::<Float16Type>().value(row).into()),
            DataType::Float32 => Self::Float(array.as_primitive::<Float32Type>().value(row).into()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(_, scale) => Self::Decimal {
                unscaled: array.as_primitive::<Decimal128Type>().value(row),
                scale: *scale,
            },
            DataType::Utf8 => Self::Bytes(array.as_string::<i32>().value(row).as_bytes()),
            DataType::Binary => Self::Bytes(array.as_binary::<i32>().value(row)),
            DataType::FixedSizeBinary(_) => Self::Bytes(array.as_fixed_size_binary().value(row)),
            _ => return None,
        })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left.cmp(right),
            (Self::Float(left), Self::Float(right)) => compare_floats(*left, *right),
            (Self::Bytes(left), Self::Bytes(right)) => left.cmp(right),
            (
                Self::Decimal {
                    unscaled: left,
                    scale: left_scale,
                },
                Self::Decimal {
                    unscaled: right,
                    scale: right_scale,
                },
            ) => compare_decimals((*left, *left_scale), (*right, *right_scale)),
            // Unreachable: comparable arrays have the same variant.
            _ => Ordering::Equal,
        }
    }
}

/// Instant of a packed timestamp with a zone in milliseconds, which holds the instant above 12 bits of zone.
/// Equal instants in different zones are equal.
fn unpack_millis(packed: i64) -> i64 {
    packed >> 12
}

fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right)
        .unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// Compares at the larger scale. A value that then leaves the range of i128 is beyond every value that does
/// not.
fn compare_decimals((left, left_scale): (i128, i8), (right, right_scale): (i128, i8)) -> Ordering {
    let scale = left_scale.max(right_scale);
    match (
        rescale(left, left_scale, scale),
        rescale(right, right_scale, scale),
    ) {
        (Some(left), Some(right)) => left.cmp(&right),
        (None, _) => left.cmp(&0),
        (_, None) => 0.cmp(&right),
    }
}

fn rescale(unscaled: i128, from: i8, to: i8) -> Option<i128> {
    let digits = u32::from(to.abs_diff(from));
    if unscaled == 0 {
        Some(0)
    } else {
        unscaled.checked_mul(10_i128.checked_pow(digits)?)
    }
}
