//! Columns that grow row by row and can be cut back, so that a row that fails half-way leaves nothing behind.
//!
//! Arrow's builders cannot forget what they took; these can ([`Column::truncate`]), which is what TRY_CAST needs.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, ListArray, MapArray, NullBufferBuilder, PrimitiveArray,
    StringArray, StructArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, FieldRef, Fields, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type,
};
use datafusion::common::{DataFusionError, Result, plan_err};

use super::is_json;
use crate::types::sql_name;

/// Rows of one column of a cast's target type.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) data_type: DataType,
    valid: NullBufferBuilder,
    pub(super) values: Values,
}

/// The values under the validity bits; a NULL row takes a place here too.
#[derive(Debug)]
pub(super) enum Values {
    Boolean(Vec<bool>),
    TinyInt(Vec<i8>),
    SmallInt(Vec<i16>),
    Integer(Vec<i32>),
    BigInt(Vec<i64>),
    Real(Vec<f32>),
    Double(Vec<f64>),
    Decimal {
        values: Vec<i128>,
        precision: u8,
        scale: i8,
    },
    Varchar(Text),
    /// JSON kept as canonical text.
    Json(Text),
    Array {
        ends: Vec<i32>,
        item: FieldRef,
        items: Box<Column>,
    },
    Row {
        fields: Fields,
        columns: Vec<Column>,
    },
    Map {
        ends: Vec<i32>,
        entries: FieldRef,
        keys: Box<Column>,
        values: Box<Column>,
    },
}

/// Strings end to end; `ends[row]` is one past the last byte of the row.
#[derive(Debug, Default)]
pub(super) struct Text {
    ends: Vec<i32>,
    bytes: Vec<u8>,
}

/// More bytes or elements in one batch than Arrow's 32-bit offsets reach.
#[derive(Debug, thiserror::Error)]
#[error("more than 2 GiB of text or 2^31 elements in one batch")]
pub(super) struct TooLong;

impl Column {
    /// An empty column of the type of `field`; an error if JSON cannot be cast to it.
    pub(super) fn try_new(field: &FieldRef) -> Result<Self> {
        let values = match field.data_type() {
            DataType::Utf8 if is_json(field) => Values::Json(Text::default()),
            DataType::Boolean => Values::Boolean(Vec::new()),
            DataType::Int8 => Values::TinyInt(Vec::new()),
            DataType::Int16 => Values::SmallInt(Vec::new()),
            DataType::Int32 => Values::Integer(Vec::new()),
            DataType::Int64 => Values::BigInt(Vec::new()),
            DataType::Float32 => Values::Real(Vec::new()),
            DataType::Float64 => Values::Double(Vec::new()),
            &DataType::Decimal128(precision, scale) => Values::Decimal {
                values: Vec::new(),
                precision,
                scale,
            },
            DataType::Utf8 => Values::Varchar(Text::default()),
            DataType::List(item) => Values::Array {
                ends: Vec::new(),
                item: Arc::clone(item),
                items: Box::new(Self::try_new(item)?),
            },
            DataType::Struct(fields) => Values::Row {
                fields: fields.clone(),
                columns: fields.iter().map(Self::try_new).collect::<Result<_>>()?,
            },
            DataType::Map(entries, _) => map_values(entries)?,
            other => return plan_err!("JSON cannot be cast to {}", sql_name(other)),
        };
        Ok(Self {
            data_type: field.data_type().clone(),
            valid: NullBufferBuilder::new(0),
            values,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    /// Makes the row whose value was just appended to `values` a row of the column.
    pub(super) fn commit(&mut self) {
        self.valid.append_non_null();
    }

    pub(super) fn append_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(false),
            Values::TinyInt(values) => values.push(0),
            Values::SmallInt(values) => values.push(0),
            Values::Integer(values) => values.push(0),
            Values::BigInt(values) => values.push(0),
            Values::Real(values) => values.push(0.0),
            Values::Double(values) => values.push(0.0),
            Values::Decimal { values, .. } => values.push(0),
            Values::Varchar(text) | Values::Json(text) => text.ends.push(last_end(&text.ends)),
            Values::Array { ends, .. } | Values::Map { ends, .. } => ends.push(last_end(ends)),
            Values::Row { columns, .. } => columns.iter_mut().for_each(Self::append_null),
        }
        self.valid.append_null();
    }

    /// Forgets all rows from `len` on, and whatever an unfinished row left behind.
    pub(super) fn truncate(&mut self, len: usize) {
        match &mut self.values {
            Values::Boolean(values) => values.truncate(len),
            Values::TinyInt(values) => values.truncate(len),
            Values::SmallInt(values) => values.truncate(len),
            Values::Integer(values) => values.truncate(len),
            Values::BigInt(values) => values.truncate(len),
            Values::Real(values) => values.truncate(len),
            Values::Double(values) => values.truncate(len),
            Values::Decimal { values, .. } => values.truncate(len),
            Values::Varchar(text) | Values::Json(text) => text.truncate(len),
            Values::Array { ends, items, .. } => {
                ends.truncate(len);
                items.truncate(last_end(ends) as usize);
            }
            Values::Row { columns, .. } => columns.iter_mut().for_each(|column| column.truncate(len)),
            Values::Map {
                ends, keys, values, ..
            } => {
                ends.truncate(len);
                keys.truncate(last_end(ends) as usize);
                values.truncate(last_end(ends) as usize);
            }
        }
        if self.valid.len() > len {
            self.valid.truncate(len);
        }
    }

    /// The rows as an Arrow array of exactly the column's type.
    pub(super) fn finish(mut self) -> Result<ArrayRef> {
        let nulls = self.valid.finish();
        Ok(match self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::new(values.into(), nulls)),
            Values::TinyInt(values) => primitive::<Int8Type>(values, nulls),
            Values::SmallInt(values) => primitive::<Int16Type>(values, nulls),
            Values::Integer(values) => primitive::<Int32Type>(values, nulls),
            Values::BigInt(values) => primitive::<Int64Type>(values, nulls),
            Values::Real(values) => primitive::<Float32Type>(values, nulls),
            Values::Double(values) => primitive::<Float64Type>(values, nulls),
            Values::Decimal {
                values,
                precision,
                scale,
            } => Arc::new(
                Decimal128Array::new(values.into(), nulls).with_precision_and_scale(precision, scale)?,
            ),
            Values::Varchar(text) | Values::Json(text) => Arc::new(StringArray::try_new(
                offsets(&text.ends),
                Buffer::from_vec(text.bytes),
                nulls,
            )?),
            Values::Array { ends, item, items } => {
                Arc::new(ListArray::try_new(item, offsets(&ends), items.finish()?, nulls)?)
            }
            Values::Row { fields, columns } => {
                let len = nulls.as_ref().map(NullBuffer::len);
                let arrays = columns
                    .into_iter()
                    .map(Self::finish)
                    .collect::<Result<Vec<_>>>()?;
                let len = len.or(arrays.first().map(|array| array.len())).unwrap_or(0);
                Arc::new(StructArray::try_new_with_length(fields, arrays, nulls, len)?)
            }
            Values::Map {
                ends,
                entries,
                keys,
                values,
            } => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(DataFusionError::Internal("map entries are no struct".to_owned()));
                };
                let pairs =
                    StructArray::try_new(fields.clone(), vec![keys.finish()?, values.finish()?], None)?;
                Arc::new(MapArray::try_new(entries, offsets(&ends), pairs, nulls, false)?)
            }
        })
    }
}

impl Text {
    pub(super) fn push(&mut self, text: &str) -> Result<(), TooLong> {
        let end = i32::try_from(self.bytes.len() + text.len()).map_err(|_| TooLong)?;
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(end);
        Ok(())
    }

    /// The rows from `first` on.
    pub(super) fn rows_from(&self, first: usize) -> Vec<&[u8]> {
        let start = |row: usize| row.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        (first..self.ends.len())
            .map(|row| &self.bytes[start(row)..self.ends[row] as usize])
            .collect()
    }

    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes.truncate(last_end(&self.ends) as usize);
    }
}

fn map_values(entries: &FieldRef) -> Result<Values> {
    let DataType::Struct(fields) = entries.data_type() else {
        return plan_err!("map entries are {}, wanted a row", sql_name(entries.data_type()));
    };
    let [key, value] = &fields[..] else {
        return plan_err!("map entries have {} fields, wanted 2", fields.len());
    };
    if matches!(
        key.data_type(),
        DataType::List(_) | DataType::Struct(_) | DataType::Map(..)
    ) || is_json(key)
    {
        return plan_err!(
            "JSON cannot be cast to a map with keys of type {}",
            sql_name(key.data_type())
        );
    }
    Ok(Values::Map {
        ends: Vec::new(),
        entries: Arc::clone(entries),
        keys: Box::new(Column::try_new(key)?),
        values: Box::new(Column::try_new(value)?),
    })
}

fn last_end(ends: &[i32]) -> i32 {
    ends.last().copied().unwrap_or(0)
}

fn primitive<T: ArrowPrimitiveType>(values: Vec<T::Native>, nulls: Option<NullBuffer>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(values.into(), nulls))
}

fn offsets(ends: &[i32]) -> OffsetBuffer<i32> {
    let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().copied()).collect();
    // Ends only ever grow: each is the one before plus a length.
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}
