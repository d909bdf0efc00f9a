//! Values of a fixed width: booleans, numbers, decimals, dates and timestamps.

use std::sync::Arc;

use arrow::array::{ArrayData, ArrayRef, BooleanArray, NullBufferBuilder, make_array};
use arrow::buffer::{BooleanBuffer, MutableBuffer};
use arrow::datatypes::{DataType, TimeUnit, ToByteSlice};

use crate::decode::column::capacity::next_capacity;
use crate::decode::column::repeated::repeated;
use crate::decode::decimal::{self, DecimalType};
use crate::decode::scalar::Scalar;
use crate::format_hint::DateFormat;

/// Values in Arrow's layout; only booleans take a byte each until they are finished.
#[derive(Debug)]
pub struct Slots {
    data_type: DataType,
    /// Format of dates, or of decimals, in text.
    format: DateFormat,
    width_bytes: usize,
    values: MutableBuffer,
    valid: NullBufferBuilder,
}

impl Slots {
    /// `None` if [`push`](Self::push) does not support `data_type`.
    pub(super) fn new(data_type: &DataType, format: &DateFormat) -> Option<Self> {
        let width_bytes = match data_type {
            DataType::Boolean => 1,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => data_type.primitive_width()?,
            _ => return None,
        };
        Some(Self {
            data_type: data_type.clone(),
            format: format.clone(),
            width_bytes,
            values: MutableBuffer::new(0),
            valid: NullBufferBuilder::new(0),
        })
    }

    pub(super) fn data_type(&self) -> DataType {
        self.data_type.clone()
    }

    /// Appends `scalar` converted to the type, or NULL; returns whether it could be converted.
    pub(super) fn push(&mut self, scalar: &Scalar<'_>) -> bool {
        match self.data_type {
            DataType::Boolean => self.push_native(scalar.to_bool().map(u8::from)),
            DataType::Int8 => self.push_native(scalar.to_integer::<i8>()),
            DataType::Int16 => self.push_native(scalar.to_integer::<i16>()),
            DataType::Int32 => self.push_native(scalar.to_integer::<i32>()),
            DataType::Int64 => self.push_native(scalar.to_integer::<i64>()),
            DataType::Float32 => self.push_native(scalar.to_float::<f32>()),
            DataType::Float64 => self.push_native(scalar.to_float::<f64>()),
            DataType::Decimal128(precision, scale) => {
                let to = DecimalType { precision, scale };
                self.push_native(match (self.format.is_base64(), scalar) {
                    (true, Scalar::Text(text)) => decimal::parse_base64(text, to),
                    _ => scalar.to_decimal(to),
                })
            }
            DataType::Date32 => self.push_native(scalar.to_date(&self.format)),
            DataType::Date64 => self.push_native(scalar.to_timestamp(&self.format)),
            // With a zone, in Athena's packed form: the instant's milliseconds above 12 bits of zone.
            _ => self.push_native(scalar.to_zoned_timestamp(&self.format)),
        }
    }

    /// Appends a value; `T` has the width of a slot.
    fn push_native<T: ToByteSlice + Default>(&mut self, value: Option<T>) -> bool {
        debug_assert_eq!(size_of::<T>(), self.width_bytes);
        let valid = value.is_some();
        self.values.push(value.unwrap_or_default());
        self.valid.append(valid);
        valid
    }

    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.values.len() + self.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.values.truncate(len * self.width_bytes);
        self.valid.truncate(len);
    }

    pub(super) fn repeated(&self, start: usize) -> Vec<usize> {
        let (positions, width) = (start..self.len(), self.width_bytes);
        // The sum makes one zero of both.
        match self.data_type {
            DataType::Float32 => {
                let values = self.values.typed_data::<f32>();
                repeated(positions, |at| (values[at] + 0.0).to_bits())
            }
            DataType::Float64 => {
                let values = self.values.typed_data::<f64>();
                repeated(positions, |at| (values[at] + 0.0).to_bits())
            }
            _ => repeated(positions, |at| {
                &self.values.as_slice()[at * width..(at + 1) * width]
            }),
        }
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let (len, nulls) = (self.len(), self.valid.finish());
        if self.data_type == DataType::Boolean {
            let values = BooleanBuffer::collect_bool(len, |at| self.values.as_slice()[at] != 0);
            self.values.clear();
            return Arc::new(BooleanArray::new(values, nulls));
        }
        let next = MutableBuffer::with_capacity(next_capacity(self.values.len()));
        let values = std::mem::replace(&mut self.values, next);
        let data = ArrayData::builder(self.data_type.clone())
            .len(len)
            .add_buffer(values.into())
            .nulls(nulls);
        make_array(
            data.build()
                .expect("each push adds one value of the type's width"),
        )
    }
}
