//! Single values: what literals hold, what kernels that work row by row take and give, and what output prints.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, Float32Array, Float64Array,
    Int32Array, ListArray, MapArray, PrimitiveArray, StringArray, StructArray, TimestampMillisecondArray,
    new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};

use crate::types::{Type, entries_field, item_field, row_fields};
use crate::zone::Zone;

/// Value of any type; what it means depends on the [`Type`] beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    /// Integers; days of a date; nanoseconds of a time; units of a timestamp's carrier; milliseconds or months of an
    /// interval.
    Int(i64),
    Real(f32),
    Double(f64),
    /// Unscaled.
    Decimal(i128),
    /// varchar, char without the spaces at its end, json.
    Text(String),
    Bytes(Vec<u8>),
    /// Instant in units of the carrier, and zone.
    Zoned(i64, i32),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Row(Vec<Value>),
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value in a row of an array that carries `ty`.
    pub fn read(array: &dyn Array, row: usize, ty: &Type) -> Self {
        if array.is_null(row) {
            return Self::Null;
        }
        fn int<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array, row: usize) -> Value {
            Value::Int(array.as_primitive::<T>().value(row).into())
        }
        match ty {
            Type::Unknown | Type::Function => Self::Null,
            Type::Boolean => Self::Boolean(array.as_boolean().value(row)),
            Type::TinyInt => int::<Int8Type>(array, row),
            Type::SmallInt => int::<Int16Type>(array, row),
            Type::Integer | Type::IntervalYear => int::<Int32Type>(array, row),
            Type::BigInt | Type::IntervalDay => int::<Int64Type>(array, row),
            Type::Real => Self::Real(array.as_primitive::<Float32Type>().value(row)),
            Type::Double => Self::Double(array.as_primitive::<Float64Type>().value(row)),
            Type::Decimal(..) => Self::Decimal(array.as_primitive::<Decimal128Type>().value(row)),
            Type::Varchar(_) | Type::Char(_) | Type::Json => {
                Self::Text(array.as_string::<i32>().value(row).to_owned())
            }
            Type::Varbinary | Type::IpAddress | Type::Uuid => {
                Self::Bytes(array.as_binary::<i32>().value(row).to_owned())
            }
            Type::Date => int::<Date32Type>(array, row),
            Type::Time(_) => int::<Time64NanosecondType>(array, row),
            Type::Timestamp(_) => Self::Int(timestamp(array, row)),
            Type::TimestampTz(_) => {
                let parts = array.as_struct();
                let zone = parts.column(1).as_primitive::<Int32Type>().value(row);
                Self::Zoned(timestamp(parts.column(0), row), zone)
            }
            Type::Array(item) => {
                let items = array.as_list::<i32>().value(row);
                Self::Array((0..items.len()).map(|i| Self::read(&items, i, item)).collect())
            }
            Type::Map(key, value) => {
                let entries = array.as_map().value(row);
                let entry = |i| {
                    (
                        Self::read(entries.column(0), i, key),
                        Self::read(entries.column(1), i, value),
                    )
                };
                Self::Map((0..entries.len()).map(entry).collect())
            }
            Type::Row(fields) => {
                let columns = array.as_struct().columns().iter().zip(fields.iter());
                Self::Row(
                    columns
                        .map(|(column, field)| Self::read(column, row, &field.ty))
                        .collect(),
                )
            }
        }
    }

    /// An array that carries values of `ty`.
    ///
    /// # Panics
    /// If a value is of another type: kernels are held to their signatures.
    pub(crate) fn array(values: Vec<Self>, ty: &Type) -> ArrayRef {
        fn primitive<T: ArrowPrimitiveType>(
            values: Vec<Value>,
            native: impl Fn(i64) -> T::Native,
        ) -> ArrayRef {
            let values = values.into_iter().map(|value| match value {
                Value::Null => None,
                Value::Int(int) => Some(native(int)),
                other => panic!("a whole number was promised, found {other:?}"),
            });
            Arc::new(values.collect::<PrimitiveArray<T>>())
        }
        macro_rules! collect {
            ($array:ty, $variant:ident) => {
                values
                    .into_iter()
                    .map(|value| match value {
                        Self::Null => None,
                        Self::$variant(inner) => Some(inner),
                        other => panic!("{ty} was promised, found {other:?}"),
                    })
                    .collect::<$array>()
            };
        }
        match ty {
            Type::Unknown | Type::Function => new_null_array(&DataType::Boolean, values.len()),
            Type::Boolean => Arc::new(collect!(BooleanArray, Boolean)),
            Type::TinyInt => primitive::<Int8Type>(values, |v| v as i8),
            Type::SmallInt => primitive::<Int16Type>(values, |v| v as i16),
            Type::Integer | Type::IntervalYear => primitive::<Int32Type>(values, |v| v as i32),
            Type::BigInt | Type::IntervalDay => primitive::<Int64Type>(values, |v| v),
            Type::Date => primitive::<Date32Type>(values, |v| v as i32),
            Type::Time(_) => primitive::<Time64NanosecondType>(values, |v| v),
            Type::Timestamp(digits) => match crate::types::unit(*digits) {
                TimeUnit::Millisecond => primitive::<TimestampMillisecondType>(values, |v| v),
                TimeUnit::Microsecond => primitive::<TimestampMicrosecondType>(values, |v| v),
                _ => primitive::<TimestampNanosecondType>(values, |v| v),
            },
            Type::Real => Arc::new(collect!(Float32Array, Real)),
            Type::Double => Arc::new(collect!(Float64Array, Double)),
            Type::Decimal(..) => Arc::new(collect!(Decimal128Array, Decimal).with_data_type(ty.arrow())),
            Type::Varchar(_) | Type::Char(_) | Type::Json => Arc::new(collect!(StringArray, Text)),
            Type::Varbinary | Type::IpAddress | Type::Uuid => {
                let values = values.into_iter().map(|value| match value {
                    Self::Null => None,
                    Self::Bytes(bytes) => Some(bytes),
                    other => panic!("{ty} was promised, found {other:?}"),
                });
                Arc::new(values.collect::<BinaryArray>())
            }
            Type::TimestampTz(digits) => {
                let valid = validity(&values);
                let part = |pick: fn(i64, i32) -> i64| {
                    let parts = values.iter().map(|value| match value {
                        Self::Zoned(instant, zone) => Self::Int(pick(*instant, *zone)),
                        _ => Self::Null,
                    });
                    parts.collect::<Vec<_>>()
                };
                let columns = vec![
                    Self::array(part(|instant, _| instant), &Type::Timestamp(*digits)),
                    Self::array(part(|_, zone| i64::from(zone)), &Type::Integer),
                ];
                let DataType::Struct(fields) = ty.arrow() else {
                    unreachable!("zoned types are structs")
                };
                Arc::new(StructArray::new(fields, columns, valid))
            }
            Type::Array(item) => {
                let valid = validity(&values);
                let (mut lengths, mut items) = (Vec::with_capacity(values.len()), Vec::new());
                for value in values {
                    let inner = if let Self::Array(inner) = value {
                        inner
                    } else {
                        Vec::new()
                    };
                    lengths.push(inner.len());
                    items.extend(inner);
                }
                let offsets = OffsetBuffer::from_lengths(lengths);
                Arc::new(ListArray::new(
                    item_field(item),
                    offsets,
                    Self::array(items, item),
                    valid,
                ))
            }
            Type::Map(key, value) => {
                let valid = validity(&values);
                let (mut lengths, mut keys, mut items) =
                    (Vec::with_capacity(values.len()), Vec::new(), Vec::new());
                for value in values {
                    let entries = if let Self::Map(entries) = value {
                        entries
                    } else {
                        Vec::new()
                    };
                    lengths.push(entries.len());
                    for (key, value) in entries {
                        keys.push(key);
                        items.push(value);
                    }
                }
                let field = entries_field(key, value);
                let DataType::Struct(fields) = field.data_type() else {
                    unreachable!("entries are structs")
                };
                let columns = vec![Self::array(keys, key), Self::array(items, value)];
                let entries = StructArray::new(fields.clone(), columns, None);
                Arc::new(MapArray::new(
                    Arc::clone(&field),
                    OffsetBuffer::from_lengths(lengths),
                    entries,
                    valid,
                    false,
                ))
            }
            Type::Row(fields) => {
                let (valid, rows) = (validity(&values), values.len());
                let mut columns: Vec<Vec<Self>> = vec![Vec::with_capacity(rows); fields.len()];
                for value in values {
                    match value {
                        Self::Row(inner) => columns
                            .iter_mut()
                            .zip(inner)
                            .for_each(|(column, v)| column.push(v)),
                        _ => columns.iter_mut().for_each(|column| column.push(Self::Null)),
                    }
                }
                let columns = columns
                    .into_iter()
                    .zip(fields.iter())
                    .map(|(column, f)| Self::array(column, &f.ty));
                let row =
                    StructArray::try_new_with_length(row_fields(fields), columns.collect(), valid, rows);
                Arc::new(row.expect("columns are as long as the rows"))
            }
        }
    }
}

/// A column of TIMESTAMP(3) WITH TIME ZONE from instants in milliseconds since 1970 and the zone of each.
pub fn zoned_timestamps(
    instants: &TimestampMillisecondArray,
    zones: impl IntoIterator<Item = Zone>,
) -> ArrayRef {
    let DataType::Struct(fields) = Type::TimestampTz(3).arrow() else {
        unreachable!("zoned types are structs")
    };
    let zones = Int32Array::from_iter_values(zones.into_iter().map(|zone| zone.0));
    let nulls = instants.nulls().cloned();
    Arc::new(StructArray::new(
        fields,
        vec![Arc::new(instants.clone()), Arc::new(zones)],
        nulls,
    ))
}

fn validity(values: &[Value]) -> Option<NullBuffer> {
    Some(values.iter().map(|value| !value.is_null()).collect())
}

fn timestamp(array: &dyn Array, row: usize) -> i64 {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            array.as_primitive::<TimestampMillisecondType>().value(row)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            array.as_primitive::<TimestampMicrosecondType>().value(row)
        }
        _ => array.as_primitive::<TimestampNanosecondType>().value(row),
    }
}
