//! Types on the wire and in SQL, and their names.
//!
//! Athena interprets two Arrow types differently from Arrow:
//!
//! | on the wire | in SQL | values |
//! | --- | --- | --- |
//! | `Date(MILLISECOND)` | TIMESTAMP: `Timestamp(ms)` | the same milliseconds, a wall clock stored as if UTC |
//! | `Timestamp(ms, zone)` | TIMESTAMP WITH TIME ZONE: `Timestamp(ms, UTC)` | packed: the upper 52 bits are the instant, the lower 12 name the zone, which goes [its own way](crate::zones) |
//! | all others | the same | the same |
//! | all others | the same | the same |
//! The difference applies inside lists, rows and maps, and so does the lower case of names
//! ([`crate::names`]).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date64Array, ListArray, MapArray, StructArray, TimestampMillisecondArray,
};
use arrow::datatypes::{
    DataType, Date64Type, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit, TimestampMillisecondType,
};
use arrow::error::ArrowError;

use crate::names::lower_case;

/// Number of bits of a packed zoned timestamp that identify its zone.
const ZONE_BITS: u32 = 12;
const UTC: &str = "UTC";

/// Table schema in SQL: names in lower case, without the connector's metadata.
pub(crate) fn sql_schema(wire: &Schema) -> SchemaRef {
    Arc::new(Schema::new(
        wire.fields().iter().map(sql_field).collect::<Fields>(),
    ))
}

/// Type in SQL of a wire type.
pub(crate) fn sql_type(wire: &DataType) -> DataType {
    match wire {
        DataType::Date64 => DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
            DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into()))
        }
        DataType::List(item) => DataType::List(sql_field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(sql_field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(sql_field(entries), *sorted),
        other => other.clone(),
    }
}

/// Column in SQL; its type becomes [`sql_type`] of the one it has.
pub(crate) fn sql_array(wire: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match wire.data_type() {
        DataType::Date64 => timestamps(wire.as_primitive::<Date64Type>()),
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
            unpacked(wire.as_primitive::<TimestampMillisecondType>())
        }
        DataType::List(item) => {
            let list = wire.as_list::<i32>();
            let items = sql_array(list.values())?;
            Arc::new(ListArray::try_new(
                sql_field(item),
                list.offsets().clone(),
                items,
                list.nulls().cloned(),
            )?)
        }
        DataType::Struct(_) => Arc::new(sql_struct(wire.as_struct())?),
        DataType::Map(entries, sorted) => {
            let map = wire.as_map();
            let pairs = sql_struct(map.entries())?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(
                sql_field(entries),
                offsets,
                pairs,
                nulls,
                *sorted,
            )?)
        }
        _ => Arc::clone(wire),
    })
}

/// Type as Athena's users write it, for messages and DESCRIBE.
pub(crate) fn sql_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "varchar".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "varbinary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Date64 => "timestamp(3)".to_owned(),
        DataType::Timestamp(unit, zone) => {
            let digits = fraction_digits(*unit);
            format!(
                "timestamp({digits}){}",
                if zone.is_some() { " with time zone" } else { "" }
            )
        }
        DataType::List(item) => format!("array({})", sql_name(item.data_type())),
        DataType::Struct(fields) => format!(
            "row({})",
            joined(fields, |f| {
                format!("{} {}", f.name(), sql_name(f.data_type()))
            })
        ),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => format!("map({})", joined(fields, |f| sql_name(f.data_type()))),
            other => format!("map({})", sql_name(other)),
        },
        other => other.to_string(),
    }
}

fn joined(fields: &Fields, text: impl Fn(&FieldRef) -> String) -> String {
    fields.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn fraction_digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn sql_field(wire: &FieldRef) -> FieldRef {
    Arc::new(Field::new(
        lower_case(wire.name()),
        sql_type(wire.data_type()),
        wire.is_nullable(),
    ))
}

fn sql_struct(wire: &StructArray) -> Result<StructArray, ArrowError> {
    let columns = wire
        .columns()
        .iter()
        .map(sql_array)
        .collect::<Result<Vec<_>, _>>()?;
    let fields = wire.fields().iter().map(sql_field).collect();
    StructArray::try_new_with_length(fields, columns, wire.nulls().cloned(), wire.len())
}

fn timestamps(wire: &Date64Array) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::new(
        wire.values().clone(),
        wire.nulls().cloned(),
    ))
}

fn unpacked(wire: &TimestampMillisecondArray) -> ArrayRef {
    let instants: TimestampMillisecondArray = wire.unary(|packed| packed >> ZONE_BITS);
    Arc::new(instants.with_timezone(UTC))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, RecordBatch};
    use arrow::buffer::OffsetBuffer;

    use super::*;

    #[test]
    fn date_milli_is_a_timestamp() {
        let wire: ArrayRef = Arc::new(Date64Array::from(vec![Some(1_577_840_523_000), None]));
        let sql = sql_array(&wire).unwrap();
        assert_eq!(sql.data_type(), &DataType::Timestamp(TimeUnit::Millisecond, None));
        let expected = TimestampMillisecondArray::from(vec![Some(1_577_840_523_000), None]);
        assert_eq!(sql.as_primitive::<TimestampMillisecondType>(), &expected);
    }

    #[test]
    fn zoned_timestamps_are_unpacked() {
        // 2020-01-01T00:00Z in UTC, and an instant before 1970 in zone 1847.
        let packed = vec![6_462_819_532_800_000, (-1_i64 << 12) | 1847];
        let wire: ArrayRef = Arc::new(TimestampMillisecondArray::from(packed).with_timezone("Asia/Tokyo"));
        let sql = sql_array(&wire).unwrap();
        let expected = TimestampMillisecondArray::from(vec![1_577_836_800_000, -1]).with_timezone("UTC");
        assert_eq!(sql.as_primitive::<TimestampMillisecondType>(), &expected);
    }

    #[test]
    fn arrays_of_nested_types_match_their_types() {
        let row_fields: Fields = vec![
            Field::new("At", DataType::Date64, true),
            Field::new("N", DataType::Int32, true),
        ]
        .into();
        let rows = StructArray::new(
            row_fields.clone(),
            vec![
                Arc::new(Date64Array::from(vec![1, 2])),
                Arc::new(Int32Array::from(vec![3, 4])),
            ],
            None,
        );
        let item = Arc::new(Field::new("", DataType::Struct(row_fields), true));
        let list = ListArray::new(item, OffsetBuffer::from_lengths([2, 0]), Arc::new(rows), None);
        let wire = Schema::new(vec![Field::new("events", list.data_type().clone(), true)]);

        let schema = sql_schema(&wire);
        let array = sql_array(&(Arc::new(list) as ArrayRef)).unwrap();
        let batch = RecordBatch::try_new(schema, vec![array]).unwrap();
        assert_eq!(
            sql_name(batch.column(0).data_type()),
            "array(row(at timestamp(3), n integer))"
        );
    }

    #[test]
    fn names_types_as_athena_does() {
        let key = Field::new("key", DataType::Utf8, false);
        let value = Field::new("value", DataType::Decimal128(10, 2), true);
        let entries = Field::new("entries", DataType::Struct(vec![key, value].into()), false);
        let cases = [
            (
                DataType::Map(Arc::new(entries), false),
                "map(varchar, decimal(10,2))",
            ),
            (
                DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
                "timestamp(3) with time zone",
            ),
            (DataType::Binary, "varbinary"),
        ];
        for (data_type, name) in cases {
            assert_eq!(sql_name(&data_type), name);
        }
    }
}
