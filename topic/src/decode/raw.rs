//! Decoding of single values, as Kafka's own serializers write them
//! (`org.apache.kafka.common.serialization`).
//!
//! | column | the bytes | Kafka's serializer |
//! |---|---|---|
//! | VARCHAR | UTF-8 text; other bytes are replaced by U+FFFD | `StringSerializer`, `UUIDSerializer` |
//! | VARBINARY | unchanged | `ByteArraySerializer`, `BytesSerializer` |
//! | TINYINT | 1 byte | |
//! | SMALLINT, INTEGER, BIGINT | 2, 4, 8 bytes, most significant first | `ShortSerializer`, `IntegerSerializer`, `LongSerializer` |
//! | REAL, DOUBLE | 4, 8 bytes of IEEE 754, most significant first | `FloatSerializer`, `DoubleSerializer` |
//! | BOOLEAN | 1 byte, 0 or 1 | `BooleanSerializer` |
//! | DATE, TIMESTAMP | text, by the column's format | |
//! | DECIMAL | text | |
//! | ARRAY, ROW, MAP | text, as [JSON](super::json) | |
//!
//! Bytes of another length, and text that does not fit, are NULL, counted.
//!
//! | mapping | bytes |
//! |---|---|
//! | empty | the whole payload |
//! | `4` | from byte 4 on: as many bytes as the type has, else all that follow |
//! | `4:12` | bytes 4 to 11 |
//!
//! If the payload ends before the range does, the value is NULL, counted.

use std::ops::Range;

use arrow::datatypes::DataType;

use crate::decode::column::{ColumnBuilder, Misfits, ValueBuilder};
use crate::decode::error::{RowError, TableError};
use crate::decode::json::fill::Filler;
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::scalar::Scalar;
use crate::decode::utf8;
use crate::decode::wanted::Column;
use crate::table::DataFormat;

/// Whether a mapping has one of these forms.
pub(crate) fn is_mapping(mapping: &str) -> bool {
    Extent::parse(mapping).is_some()
}

/// Decoder of single values, or values at fixed positions.
pub(crate) struct RawDecoder {
    /// Range of each column.
    extents: Vec<Extent>,
    filler: Filler,
}

impl RawDecoder {
    pub(crate) fn new(columns: &[Column]) -> Result<Self, TableError> {
        let extents = columns.iter().map(|column| {
            Extent::parse(&column.mapping).ok_or_else(|| TableError::Schema {
                format: DataFormat::Raw,
                reason: format!(
                    "column `{}` is mapped to `{}`, wanted an empty mapping, a byte offset or `start:end`",
                    column.name, column.mapping
                ),
            })
        });
        Ok(Self {
            extents: extents.collect::<Result<_, _>>()?,
            filler: Filler::default(),
        })
    }
}

impl PayloadDecoder for RawDecoder {
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
        for (column, extent) in columns.iter_mut().zip(&self.extents) {
            let (values, misfits) = column.parts();
            match extent.of(payload, width(&values.data_type())) {
                Some(bytes) => append(bytes, values, misfits, &mut self.filler),
                None => values.append_misfit(Scalar::Bytes(payload).kind(), misfits),
            }
        }
        Ok(())
    }
}

/// Range of bytes of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Extent {
    Whole,
    From(usize),
    Range(Range<usize>),
}

impl Extent {
    fn parse(mapping: &str) -> Option<Self> {
        let offset = |text: &str| {
            let digits = text.bytes().all(|digit| digit.is_ascii_digit());
            digits.then(|| text.parse::<usize>().ok()).flatten()
        };
        Some(match mapping.split_once(':') {
            None if mapping.is_empty() => Self::Whole,
            None => Self::From(offset(mapping)?),
            Some((start, end)) => {
                let (start, end) = (offset(start)?, offset(end)?);
                (start <= end).then_some(Self::Range(start..end))?
            }
        })
    }

    /// Bytes of the range; `width` is the number of bytes of the column's type, if that is fixed.
    fn of<'a>(&self, payload: &'a [u8], width: Option<usize>) -> Option<&'a [u8]> {
        match self {
            Self::Whole => Some(payload),
            Self::From(start) => {
                let rest = payload.get(*start..)?;
                rest.get(..width.unwrap_or(rest.len()))
            }
            Self::Range(range) => payload.get(range.clone()),
        }
    }
}

/// Number of bytes of a value, if that is fixed.
fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Boolean => Some(1),
        number if number.is_signed_integer() || number.is_floating() => number.primitive_width(),
        _ => None,
    }
}

fn append(bytes: &[u8], values: &mut ValueBuilder, misfits: &mut Misfits, filler: &mut Filler) {
    let scalar = match values.data_type() {
        DataType::Boolean => boolean(bytes),
        DataType::Int8 => number(bytes, i8::from_be_bytes).map(|value| Scalar::Int(value.into())),
        DataType::Int16 => number(bytes, i16::from_be_bytes).map(|value| Scalar::Int(value.into())),
        DataType::Int32 => number(bytes, i32::from_be_bytes).map(|value| Scalar::Int(value.into())),
        DataType::Int64 => number(bytes, i64::from_be_bytes).map(Scalar::Int),
        DataType::Float32 => number(bytes, f32::from_be_bytes).map(Scalar::Float),
        DataType::Float64 => number(bytes, f64::from_be_bytes).map(Scalar::Double),
        DataType::Utf8 | DataType::Binary => Some(Scalar::Bytes(bytes)),
        _ => return filler.append_text(&utf8::lossy(bytes), values, misfits),
    };
    match scalar {
        Some(scalar) => values.append(&scalar, misfits),
        None => values.append_misfit(Scalar::Bytes(bytes).kind(), misfits),
    }
}

fn boolean(bytes: &[u8]) -> Option<Scalar<'static>> {
    match bytes {
        [0] => Some(Scalar::Bool(false)),
        [1] => Some(Scalar::Bool(true)),
        _ => None,
    }
}

fn number<const N: usize, T>(bytes: &[u8], from: fn([u8; N]) -> T) -> Option<T> {
    bytes.try_into().ok().map(from)
}

#[cfg(test)]
mod tests;
