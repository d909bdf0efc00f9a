//! Types on the wire, in SQL, and of an answer.
//!
//! Athena interprets two Arrow types differently from Arrow:
//!
//! | on the wire | in SQL | values |
//! | --- | --- | --- |
//! | `Date(MILLISECOND)` | TIMESTAMP(3) | the same milliseconds, a wall clock stored as if UTC |
//! | `Timestamp(ms, zone)` | TIMESTAMP(3) WITH TIME ZONE | packed: the upper 52 bits are the instant, the lower 12 the number of its zone |
//! | all others | the same | the same |
//!
//! The difference applies inside lists, rows and maps, and so does the lower case of names
//! ([`crate::names`]). [`trino_sql::Type`] says how Arrow carries the types of SQL.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date64Array, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::{
    DataType, Date64Type, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit, TimestampMillisecondType,
};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use trino_sql::{OutputColumn, RowField, Type, Zone, zoned_timestamps};

use crate::names::lower_case;

/// Number of bits of a packed zoned timestamp that identify its zone.
const ZONE_BITS: u32 = 12;
const ZONE_MASK: i64 = (1 << ZONE_BITS) - 1;

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
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => Type::TimestampTz(3).arrow(),
        DataType::List(item) => DataType::List(renamed(item, "item")),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(sql_field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(renamed(entries, "entries"), *sorted),
        other => other.clone(),
    }
}

/// Column in SQL; its type becomes [`sql_type`] of the one it has.
pub(crate) fn sql_array(wire: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match (wire.data_type(), sql_type(wire.data_type())) {
        (DataType::Date64, _) => timestamps(wire.as_primitive::<Date64Type>()),
        (DataType::Timestamp(TimeUnit::Millisecond, Some(_)), _) => {
            unpacked(wire.as_primitive::<TimestampMillisecondType>())
        }
        (DataType::List(_), DataType::List(item)) => {
            let list = wire.as_list::<i32>();
            let items = sql_array(list.values())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(item, offsets, items, nulls)?)
        }
        (DataType::Struct(_), _) => Arc::new(sql_struct(wire.as_struct())?),
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let map = wire.as_map();
            let pairs = sql_struct(map.entries())?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(entries, offsets, pairs, nulls, sorted)?)
        }
        _ => Arc::clone(wire),
    })
}

/// Type as Athena's users write it, for messages and DESCRIBE.
pub(crate) fn sql_name(data_type: &DataType) -> String {
    Type::of_column(data_type).map_or_else(|_| data_type.to_string(), |ty| ty.to_string())
}

/// Rows of an answer. Its columns, and the fields of rows in them, have the names of the statement; any column may hold
/// NULL.
pub(crate) fn named_batches(
    batches: SendableRecordBatchStream,
    columns: &[OutputColumn],
) -> SendableRecordBatchStream {
    let fields = columns.iter();
    let fields = fields.map(|column| Field::new(&column.name, named_type(&column.ty), true));
    let named = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let schema = Arc::clone(&named);
    let batches = batches.map(move |batch| {
        let batch = batch?;
        let fields = schema.fields().iter().zip(batch.columns());
        let columns = fields.map(|(field, column)| named_array(column, field.data_type()));
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)
            .map_err(DataFusionError::from)
    });
    Box::pin(RecordBatchStreamAdapter::new(named, batches))
}

/// The Arrow type that carries `ty`, with the names of the fields of rows.
fn named_type(ty: &Type) -> DataType {
    match ty {
        Type::Array(item) => DataType::List(Arc::new(Field::new("item", named_type(item), true))),
        Type::Map(key, value) => {
            let key = Field::new("key", named_type(key), false);
            let value = Field::new("value", named_type(value), true);
            let entries = DataType::Struct(vec![key, value].into());
            DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        Type::Row(fields) => {
            let fields = fields.iter().enumerate();
            let fields = fields
                .map(|(place, field)| Field::new(field_name(field, place), named_type(&field.ty), true));
            DataType::Struct(fields.collect())
        }
        other => other.arrow(),
    }
}

/// Name of a row's field; one without a name has its place, as in Trino.
pub(crate) fn field_name(field: &RowField, place: usize) -> String {
    field.name.clone().unwrap_or_else(|| format!("field{place}"))
}

/// The array as one of a type that differs in the names of fields only.
fn named_array(array: &ArrayRef, named: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == named {
        return Ok(Arc::clone(array));
    }
    Ok(match named {
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let items = named_array(list.values(), item.data_type())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, nulls)?)
        }
        DataType::Map(entries, sorted) => {
            let map = array.as_map();
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let pairs: ArrayRef = Arc::new(map.entries().clone());
            let pairs = named_array(&pairs, entries.data_type())?.as_struct().clone();
            Arc::new(MapArray::try_new(
                Arc::clone(entries),
                offsets,
                pairs,
                nulls,
                *sorted,
            )?)
        }
        DataType::Struct(fields) => {
            let row = array.as_struct();
            let columns = row.columns().iter().zip(fields);
            let columns = columns.map(|(column, field)| named_array(column, field.data_type()));
            let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
            let nulls = row.nulls().cloned();
            Arc::new(StructArray::try_new_with_length(
                fields.clone(),
                columns,
                nulls,
                row.len(),
            )?)
        }
        _ => Arc::clone(array),
    })
}

fn sql_field(wire: &FieldRef) -> FieldRef {
    renamed(wire, &lower_case(wire.name()))
}

fn renamed(wire: &FieldRef, name: &str) -> FieldRef {
    Arc::new(Field::new(name, sql_type(wire.data_type()), wire.is_nullable()))
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
    zoned_timestamps(
        &instants,
        wire.values().iter().map(|packed| zone(packed & ZONE_MASK)),
    )
}

/// The zone of a number on the wire: 0 is UTC, then come the offsets from -14:00 to +14:00 without zero. A zone with a
/// name is shown in UTC, which is the same instant.
fn zone(number: i64) -> Zone {
    let minutes = match number {
        west @ 1..=840 => west - 841,
        east @ 841..=1680 => east - 840,
        _ => return Zone::utc(),
    };
    Zone::of_offset(minutes as i32).unwrap_or_else(Zone::utc)
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
        let packed = vec![
            6_462_819_532_800_000,
            (-1_i64 << 12) | 1847,
            (1_577_836_800_000 << 12) | 1380,
        ];
        let wire: ArrayRef = Arc::new(TimestampMillisecondArray::from(packed).with_timezone("Asia/Tokyo"));
        let sql = sql_array(&wire).unwrap();
        let ty = Type::TimestampTz(3);
        assert_eq!(sql.data_type(), &ty.arrow());
        let texts = (0..3).map(|row| trino_sql::Value::read(&sql, row, &ty).text(&ty).unwrap());
        assert_eq!(
            texts.collect::<Vec<_>>(),
            [
                "2020-01-01 00:00:00.000 UTC",
                "1969-12-31 23:59:59.999 UTC",
                "2020-01-01 09:00:00.000 +09:00"
            ]
        );
    }

    #[test]
    fn numbers_of_zones_are_offsets() {
        let offset = |minutes| Zone::of_offset(minutes).unwrap();
        for (number, wanted) in [
            (0, Zone::utc()),
            (1, offset(-840)),
            (840, offset(-1)),
            (841, offset(1)),
            (1380, offset(540)),
            (1680, offset(840)),
            (1847, Zone::utc()),
        ] {
            assert_eq!(zone(number), wanted, "{number}");
        }
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
            (Type::TimestampTz(3).arrow(), "timestamp(3) with time zone"),
            (DataType::Binary, "varbinary"),
        ];
        for (data_type, name) in cases {
            assert_eq!(sql_name(&data_type), name);
        }
    }
}
