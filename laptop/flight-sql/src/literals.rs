//! Parameters as literals of Trino's SQL.
//!
//! | Arrow | SQL |
//! | --- | --- |
//! | integers | digits; those beyond BIGINT as DECIMAL |
//! | Float32, Float64 | `REAL '…'`, `DOUBLE '…'` |
//! | Decimal128 | `DECIMAL '…'` |
//! | texts, bytes | `'…'`, `X'…'` |
//! | Date32, Date64 | `DATE '…'` |
//! | Time32, Time64 | `TIME '…'` |
//! | Timestamp | `TIMESTAMP '…'`, with a zone in UTC |
//! | lists, maps, structs | `ARRAY[…]`, `MAP(ARRAY[…], ARRAY[…])`, `ROW(…)` |
//! | dictionaries, run-end encoded arrays | like their values |
//! | unions | like the value that a row has; InfluxData's Python client sends each parameter so |

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int64Type,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use tonic::Status;

use crate::status::undecodable;

/// Literals of each row.
pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<Vec<String>>, Status> {
    let columns = batch.columns().iter().enumerate();
    let columns = columns
        .map(|(place, column)| prepared(column).map_err(|error| undecodable(&parameter(place), error)))
        .collect::<Result<Vec<_>, _>>()?;
    let row = |row| {
        let columns = columns.iter().enumerate();
        columns
            .map(|(place, column)| {
                literal(column, row).map_err(|error| undecodable(&parameter(place), error))
            })
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

fn parameter(place: usize) -> String {
    format!("parameter {}", place + 1)
}

/// The array in one of few types of its kind.
fn prepared(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let wanted = match array.data_type() {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => DataType::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Time32(_) | DataType::Time64(TimeUnit::Microsecond) => {
            DataType::Time64(TimeUnit::Nanosecond)
        }
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Dictionary(_, values) => {
            let values = cast(array, values)?;
            return prepared(&values);
        }
        DataType::RunEndEncoded(_, values) => {
            let values = cast(array, values.data_type())?;
            return prepared(&values);
        }
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => DataType::List(item.clone()),
        _ => return Ok(array.clone()),
    };
    cast(array, &wanted)
}

fn literal(array: &dyn Array, row: usize) -> Result<String, ArrowError> {
    if array.is_null(row) {
        return Ok("NULL".to_owned());
    }
    let outside =
        || ArrowError::InvalidArgumentError("the value is outside of what SQL can write".to_owned());
    Ok(match array.data_type() {
        DataType::Null => "NULL".to_owned(),
        DataType::Boolean => array.as_boolean().value(row).to_string().to_uppercase(),
        DataType::Int64 => match array.as_primitive::<Int64Type>().value(row) {
            // A minus is an operator, and the digits alone are beyond BIGINT.
            i64::MIN => format!("BIGINT '{}'", i64::MIN),
            value => value.to_string(),
        },
        DataType::UInt64 => {
            let value = array.as_primitive::<UInt64Type>().value(row);
            match i64::try_from(value) {
                Ok(value) => value.to_string(),
                Err(_) => format!("DECIMAL '{value}'"),
            }
        }
        DataType::Float16 => real(array.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Float32 => real(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => format!(
            "DOUBLE '{}'",
            float(array.as_primitive::<Float64Type>().value(row))
        ),
        DataType::Decimal128(..) => {
            let text = array.as_primitive::<Decimal128Type>().value_as_string(row);
            format!("DECIMAL '{text}'")
        }
        DataType::Utf8 => quoted(array.as_string::<i32>().value(row)),
        DataType::Binary => {
            let mut text = "X'".to_owned();
            for byte in array.as_binary::<i32>().value(row) {
                // Writing to a text cannot fail.
                let _ = write!(text, "{byte:02X}");
            }
            text.push('\'');
            text
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            let epoch = NaiveDate::default();
            let step = Days::new(days.unsigned_abs().into());
            let date = match days {
                0.. => epoch.checked_add_days(step),
                _ => epoch.checked_sub_days(step),
            };
            format!("DATE '{}'", date.ok_or_else(outside)?)
        }
        DataType::Date64 => {
            let millis = array.as_primitive::<Date64Type>().value(row);
            let date = DateTime::from_timestamp_millis(millis).ok_or_else(outside)?;
            format!("DATE '{}'", date.date_naive())
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            let nanos = array.as_primitive::<Time64NanosecondType>().value(row);
            let (seconds, nanos) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
            let time = u32::try_from(seconds)
                .ok()
                .and_then(|seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos as u32));
            format!("TIME '{}'", time.ok_or_else(outside)?.format("%H:%M:%S%.f"))
        }
        DataType::Timestamp(unit, zone) => {
            let at = match unit {
                TimeUnit::Second => {
                    DateTime::from_timestamp(array.as_primitive::<TimestampSecondType>().value(row), 0)
                }
                TimeUnit::Millisecond => DateTime::from_timestamp_millis(
                    array.as_primitive::<TimestampMillisecondType>().value(row),
                ),
                TimeUnit::Microsecond => DateTime::from_timestamp_micros(
                    array.as_primitive::<TimestampMicrosecondType>().value(row),
                ),
                TimeUnit::Nanosecond => Some(DateTime::from_timestamp_nanos(
                    array.as_primitive::<TimestampNanosecondType>().value(row),
                )),
            };
            let digits = match unit {
                TimeUnit::Second => "",
                TimeUnit::Millisecond => "%.3f",
                TimeUnit::Microsecond => "%.6f",
                TimeUnit::Nanosecond => "%.9f",
            };
            let text = at
                .ok_or_else(outside)?
                .format(&format!("%Y-%m-%d %H:%M:%S{digits}"))
                .to_string();
            let zone = zone.as_ref().map_or("", |_| " UTC");
            format!("TIMESTAMP '{text}{zone}'")
        }
        DataType::List(_) => array_literal(&array.as_list::<i32>().value(row))?,
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            format!("MAP({}, {})", array_literal(keys)?, array_literal(values)?)
        }
        DataType::Union(..) => literal(&prepared(&array.as_union().value(row))?, 0)?,
        DataType::Struct(_) => {
            let fields = array.as_struct().columns().iter();
            let fields = fields.map(|field| literal(&prepared(field)?, row));
            format!("ROW({})", fields.collect::<Result<Vec<_>, _>>()?.join(", "))
        }
        other => {
            return Err(ArrowError::NotYetImplemented(format!(
                "a value of the Arrow type {other}"
            )));
        }
    })
}

fn array_literal(items: &ArrayRef) -> Result<String, ArrowError> {
    let items = prepared(items)?;
    let literals = (0..items.len()).map(|item| literal(&items, item));
    Ok(format!(
        "ARRAY[{}]",
        literals.collect::<Result<Vec<_>, _>>()?.join(", ")
    ))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn real(value: f32) -> String {
    format!("REAL '{}'", float(value))
}

/// A floating-point number as Trino casts it from text.
fn float<T: ToString>(value: T) -> String {
    match value.to_string().as_str() {
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::*;
    use arrow::datatypes::{Field, Int8Type, Int32Type};

    use super::*;

    fn literals(array: impl Array + 'static) -> Vec<String> {
        let batch = RecordBatch::try_from_iter([("p", Arc::new(array) as ArrayRef)]).unwrap();
        rows(&batch).unwrap().concat()
    }

    #[test]
    fn values_are_literals_of_their_types() {
        assert_eq!(literals(Int8Array::from(vec![Some(-5), None])), ["-5", "NULL"]);
        assert_eq!(
            literals(Int64Array::from(vec![i64::MIN])),
            ["BIGINT '-9223372036854775808'"]
        );
        assert_eq!(
            literals(UInt64Array::from(vec![1, u64::MAX])),
            ["1", "DECIMAL '18446744073709551615'"]
        );
        assert_eq!(literals(BooleanArray::from(vec![true])), ["TRUE"]);
        assert_eq!(
            literals(Float64Array::from(vec![1.5, f64::NAN, f64::NEG_INFINITY])),
            ["DOUBLE '1.5'", "DOUBLE 'NaN'", "DOUBLE '-Infinity'"]
        );
        assert_eq!(literals(Float32Array::from(vec![0.1])), ["REAL '0.1'"]);
        let decimals = Decimal128Array::from(vec![-1_230])
            .with_precision_and_scale(10, 2)
            .unwrap();
        assert_eq!(literals(decimals), ["DECIMAL '-12.30'"]);
        assert_eq!(literals(StringArray::from(vec!["it's", ""])), ["'it''s'", "''"]);
        assert_eq!(literals(StringViewArray::from(vec!["é"])), ["'é'"]);
        assert_eq!(literals(BinaryArray::from(vec![&[0_u8, 255][..]])), ["X'00FF'"]);
        assert_eq!(
            literals(Date32Array::from(vec![-1, 19_000])),
            ["DATE '1969-12-31'", "DATE '2022-01-08'"]
        );
        assert_eq!(
            literals(Time32MillisecondArray::from(vec![3_661_001])),
            ["TIME '01:01:01.001'"]
        );
    }

    #[test]
    fn timestamps_keep_their_digits_and_instants() {
        let millis = TimestampMillisecondArray::from(vec![1_577_836_800_000]);
        assert_eq!(literals(millis.clone()), ["TIMESTAMP '2020-01-01 00:00:00.000'"]);
        let zoned = millis.with_timezone("Asia/Tokyo");
        assert_eq!(literals(zoned), ["TIMESTAMP '2020-01-01 00:00:00.000 UTC'"]);
        let nanos = TimestampNanosecondArray::from(vec![1]);
        assert_eq!(literals(nanos), ["TIMESTAMP '1970-01-01 00:00:00.000000001'"]);
    }

    #[test]
    fn nested_values_are_constructors() {
        let list =
            ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), Some(vec![])]);
        assert_eq!(literals(list), ["ARRAY[1, NULL]", "ARRAY[]"]);
        let row = StructArray::from(vec![(
            Arc::new(Field::new("a", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["x"])) as ArrayRef,
        )]);
        assert_eq!(literals(row), ["ROW('x')"]);
        let dictionary: DictionaryArray<Int8Type> = vec!["a", "b", "a"].into_iter().collect();
        assert_eq!(literals(dictionary), ["'a'", "'b'", "'a'"]);
    }

    #[test]
    fn values_of_unions_and_runs_are_literals_of_their_own_types() {
        let mut union = UnionBuilder::new_dense();
        union.append::<Int32Type>("int", 5).unwrap();
        union.append::<Float64Type>("float", 1.5).unwrap();
        union.append_null::<Int32Type>("int").unwrap();
        assert_eq!(literals(union.build().unwrap()), ["5", "DOUBLE '1.5'", "NULL"]);
        let runs: RunArray<Int32Type> = [Some("a"), Some("a"), None].into_iter().collect();
        assert_eq!(literals(runs), ["'a'", "'a'", "NULL"]);
    }

    #[test]
    fn a_value_without_a_literal_is_refused_with_its_place() {
        let durations = DurationSecondArray::from(vec![1]);
        let batch = RecordBatch::try_from_iter([
            ("a", Arc::new(Int32Array::from(vec![1])) as ArrayRef),
            ("b", Arc::new(durations) as ArrayRef),
        ]);
        let error = rows(&batch.unwrap()).unwrap_err();
        assert!(
            error.message().contains("parameter 2") && error.message().contains("Duration"),
            "{error}"
        );
    }
}
