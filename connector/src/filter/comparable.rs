//! Conversion of two types to a common one whose Arrow order is the order of values.
//!
//! A column and its constraint normally have the same type. If they differ but are of the same kind, both are
//! widened to a type that holds the values of either, so that nothing is rounded.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DECIMAL256_MAX_PRECISION, DataType, Float32Type, Float64Type, TimeUnit, TimestampMillisecondType,
};
use arrow::error::ArrowError;

/// Type in which values of both types compare; `None` if they do not.
pub(super) fn common_type(column: &DataType, set: &DataType) -> Option<DataType> {
    use DataType::{
        Date32, Date64, Decimal128, Decimal256, Float32, Float64, Int64, LargeUtf8, Timestamp, Utf8, Utf8View,
    };
    match (column, set) {
        (Timestamp(left, left_zone), Timestamp(right, right_zone)) => {
            (left == right && left_zone.is_some() == right_zone.is_some()).then_some(Int64)
        }
        (left, right) if left == right => (!left.is_nested()).then(|| left.clone()),
        (left, right) if left.is_signed_integer() && right.is_signed_integer() => Some(Int64),
        (Float32, Float64) | (Float64, Float32) => Some(Float64),
        (Decimal128(_, left), Decimal128(_, right)) => {
            Some(Decimal256(DECIMAL256_MAX_PRECISION, *left.max(right)))
        }
        (Date32, Date64) | (Date64, Date32) => Some(Date64),
        // Both are local times in milliseconds.
        (Date64, Timestamp(TimeUnit::Millisecond, None))
        | (Timestamp(TimeUnit::Millisecond, None), Date64) => Some(Date64),
        (Utf8, LargeUtf8 | Utf8View) => Some(Utf8),
        _ => None,
    }
}

/// `array` converted to a type that [`common_type`] returned. Zeros get one sign, NaNs one form.
pub(super) fn comparable(array: &ArrayRef, common: &DataType) -> Result<ArrayRef, ArrowError> {
    let array = match array.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => unpack(array),
        own if own == common => Arc::clone(array),
        _ => cast_with_options(
            array,
            common,
            &CastOptions {
                safe: false,
                ..Default::default()
            },
        )?,
    };
    Ok(match array.data_type() {
        DataType::Float32 => {
            let floats = array.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(|x| if x.is_nan() { f32::NAN } else { x + 0.0 }))
        }
        DataType::Float64 => {
            let floats = array.as_primitive::<Float64Type>();
            Arc::new(floats.unary::<_, Float64Type>(|x| if x.is_nan() { f64::NAN } else { x + 0.0 }))
        }
        _ => array,
    })
}

/// Instants of zoned timestamps, whose zone Athena packs into the low 12 bits.
fn unpack(array: &ArrayRef) -> ArrayRef {
    let instants: Int64Array = array
        .as_primitive::<TimestampMillisecondType>()
        .unary(|packed| packed >> 12);
    Arc::new(instants)
}
