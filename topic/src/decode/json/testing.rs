//! Documents and values for tests.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray, TimestampMillisecondArray,
};
use arrow::util::display::array_value_to_string;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, FixedOffset};
use proptest::prelude::*;
use serde_json::Value;

/// Value of any structure; numbers are integers, whose spelling a tree keeps.
pub(crate) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-200i64..200).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[+-]?[0-9]{1,3}|true|TRUE|false|null".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Mostly keys that some column reads, else any.
pub(crate) fn key() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-f]", 1 => any::<String>()]
}

/// Value of some scalar type, written by other implementations.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Array with only the value.
    pub(crate) array: ArrayRef,
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Sample {
    fn of_text(array: impl Array + 'static, text: String) -> Self {
        Self {
            array: Arc::new(array),
            json: Value::from(text.as_str()),
            text,
        }
    }

    fn of_number(array: impl Array + 'static, json: impl Into<Value>, text: String) -> Self {
        Self {
            array: Arc::new(array),
            json: json.into(),
            text,
        }
    }

    /// Value as Arrow prints it.
    fn printed(array: impl Array + 'static) -> Self {
        let text = array_value_to_string(&array, 0).unwrap();
        Self::of_text(array, text)
    }
}

/// Sample of every scalar type that a column may have.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    prop_oneof![
        any::<String>().prop_map(|text| Sample::of_text(StringArray::from(vec![text.clone()]), text)),
        any::<bool>().prop_map(|value| {
            Sample::of_number(BooleanArray::from(vec![value]), value, value.to_string())
        }),
        any::<i8>().prop_map(|value| Sample::of_number(
            Int8Array::from(vec![value]),
            value,
            value.to_string()
        )),
        any::<i16>().prop_map(|value| Sample::of_number(
            Int16Array::from(vec![value]),
            value,
            value.to_string()
        )),
        any::<i32>().prop_map(|value| Sample::of_number(
            Int32Array::from(vec![value]),
            value,
            value.to_string()
        )),
        any::<i64>().prop_map(|value| Sample::of_number(
            Int64Array::from(vec![value]),
            value,
            value.to_string()
        )),
        any::<f32>().prop_map(|value| {
            Sample::of_number(
                Float32Array::from(vec![value]),
                json_f32(value),
                value.to_string(),
            )
        }),
        any::<f64>().prop_map(|value| Sample::of_number(
            Float64Array::from(vec![value]),
            value,
            value.to_string()
        )),
        (
            -99_999_999_999_999_999_999_i128..=99_999_999_999_999_999_999,
            0_i8..=20
        )
            .prop_map(decimal),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| {
            let array = BinaryArray::from(vec![bytes.as_slice()]);
            Sample::of_text(array, STANDARD.encode(bytes))
        }),
        (-719_162_i32..=2_932_896).prop_map(|days| Sample::printed(Date32Array::from(vec![days]))),
        MILLIS.prop_map(|millis| Sample::printed(Date64Array::from(vec![millis]))),
        (MILLIS, -839_i32..=839).prop_map(zoned),
    ]
}

/// Milliseconds of the years 1 to 9999.
const MILLIS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

fn json_f32(value: f32) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or(Value::Null)
}

fn decimal((unscaled, scale): (i128, i8)) -> Sample {
    let array = Decimal128Array::from(vec![unscaled])
        .with_precision_and_scale(20, scale)
        .unwrap();
    let text = array.value_as_string(0);
    Sample::of_text(array, text)
}

/// Timestamp `minutes` east of UTC, in Athena's packing.
fn zoned((millis, minutes): (i64, i32)) -> Sample {
    let offset = FixedOffset::east_opt(minutes * 60).unwrap();
    let written = DateTime::from_timestamp_millis(millis / 2)
        .unwrap()
        .with_timezone(&offset);
    let key = match minutes {
        0 => 0,
        ..0 => minutes + 841,
        _ => minutes + 840,
    };
    let packed = (millis / 2) << 12 | i64::from(key);
    let array = TimestampMillisecondArray::from(vec![packed]).with_timezone("UTC");
    Sample::of_text(array, written.to_rfc3339())
}
