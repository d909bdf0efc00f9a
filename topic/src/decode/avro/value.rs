//! Scalar data: their encodings and their meaning for a column.
//!
//! | Avro | scalar |
//! |---|---|
//! | decimal | the decimal, exact up to 1,000 digits |
//! | date; time-millis, time-micros | a date; a time of day |
//! | timestamp-millis, -micros, -nanos, local or not | a timestamp in milliseconds, rounded down |
//! | uuid, as string or as 16 bytes | text |
//! | duration | ISO-8601 text: `P1M2DT3.004S`, months, days and seconds as written, `PT0S` for none |
//! | enum | the symbol, as text |
//! | string | text; invalid UTF-8 is replaced by U+FFFD |
//!
//! In a column of numbers a date, time or timestamp is the written number, in its own unit; in a VARBINARY
//! column a decimal, UUID or duration is its bytes.

use std::borrow::Cow;
use std::fmt::Write;

use arrow::datatypes::DataType;
use uuid::Uuid;

use super::cursor::{Cursor, ReadError};
use super::schema::TimestampUnit;
use crate::decode::decimal::twos_complement_text;
use crate::decode::scalar::Scalar;
use crate::decode::utf8;

/// Maximum scale of a column of decimals.
const MAX_SCALAR_SCALE: u32 = 38;

/// Maximum number of bytes of a decimal with [`MAX_DECIMAL_DIGITS`](super::schema::MAX_DECIMAL_DIGITS).
const MAX_DECIMAL_BYTES: usize = 416;

/// Scalar type.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) encoding: Encoding,
    pub(super) meaning: Meaning,
}

/// Encoding by the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    /// Bytes after their length; also strings.
    Bytes,
    Fixed(usize),
    /// Index of one of so many symbols.
    Symbol(usize),
}

/// Meaning of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    Null,
    Boolean,
    Integer,
    Float,
    Double,
    Bytes,
    Text,
    /// Reader's symbol for each of the writer's; `None` if it has none.
    Symbol(Vec<Option<String>>),
    /// Decimal of this scale.
    Decimal(u32),
    Date,
    TimeMillis,
    TimeMicros,
    Timestamp(TimestampUnit),
    /// UUID of 16 bytes.
    Uuid,
    Duration,
}

/// Value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum<'a> {
    Scalar(Scalar<'a>),
    Text(Cow<'a, str>),
    /// Decimal that is too long for a scalar.
    Number(String),
    /// Description of a value that cannot be a scalar.
    Misfit(&'static str),
}

impl Value {
    /// Value for a column of `data_type`.
    pub(super) fn for_column(&self, data_type: &DataType) -> Self {
        let meaning = match (&self.meaning, data_type) {
            (
                Meaning::Date | Meaning::TimeMillis | Meaning::TimeMicros | Meaning::Timestamp(_),
                DataType::Int8
                | DataType::Int16
                | DataType::Int32
                | DataType::Int64
                | DataType::Float32
                | DataType::Float64
                | DataType::Decimal128(..),
            ) => Meaning::Integer,
            (Meaning::Decimal(_) | Meaning::Uuid | Meaning::Duration, DataType::Binary) => Meaning::Bytes,
            (meaning, _) => meaning.clone(),
        };
        let encoding = self.encoding;
        Self { encoding, meaning }
    }

    #[inline]
    pub(super) fn read<'a>(&'a self, cursor: &mut Cursor<'a>) -> Result<Datum<'a>, ReadError> {
        Ok(match self.encoding {
            Encoding::Null => Datum::Scalar(Scalar::Null),
            Encoding::Boolean => Datum::Scalar(Scalar::Bool(cursor.boolean()?)),
            Encoding::Int => self.integer(cursor.int()?.into()),
            Encoding::Long => self.integer(cursor.long()?),
            Encoding::Float => {
                let value = f32::from_le_bytes(cursor.array()?);
                Datum::Scalar(match self.meaning {
                    Meaning::Double => Scalar::Double(value.into()),
                    _ => Scalar::Float(value),
                })
            }
            Encoding::Double => Datum::Scalar(Scalar::Double(f64::from_le_bytes(cursor.array()?))),
            Encoding::Bytes => self.bytes(cursor.bytes()?),
            Encoding::Fixed(size) => self.bytes(cursor.take(size)?),
            Encoding::Symbol(count) => self.symbol(cursor.symbol(count)?),
        })
    }

    #[inline]
    fn integer(&self, value: i64) -> Datum<'_> {
        Datum::Scalar(match &self.meaning {
            Meaning::Float => Scalar::Float(value as f32),
            Meaning::Double => Scalar::Double(value as f64),
            Meaning::Date => match i32::try_from(value) {
                Ok(days) => Scalar::Date(days),
                Err(_) => return Datum::Misfit("a date out of range"),
            },
            Meaning::TimeMillis => match value.checked_mul(1000) {
                Some(micros) => Scalar::Time(micros),
                None => return Datum::Misfit("a time of day"),
            },
            Meaning::TimeMicros => Scalar::Time(value),
            Meaning::Timestamp(unit) => Scalar::Timestamp(match unit {
                TimestampUnit::Millis => value,
                TimestampUnit::Micros => value.div_euclid(1_000),
                TimestampUnit::Nanos => value.div_euclid(1_000_000),
            }),
            _ => Scalar::Int(value),
        })
    }

    #[inline]
    fn bytes<'a>(&self, bytes: &'a [u8]) -> Datum<'a> {
        match &self.meaning {
            Meaning::Text => Datum::Text(utf8::lossy(bytes)),
            Meaning::Bytes => Datum::Scalar(Scalar::Bytes(bytes)),
            _ => self.logical(bytes),
        }
    }

    /// Value of bytes of a logical type.
    fn logical<'a>(&self, bytes: &'a [u8]) -> Datum<'a> {
        match &self.meaning {
            Meaning::Decimal(scale) => decimal(bytes, *scale),
            Meaning::Uuid => match Uuid::from_slice(bytes) {
                Ok(uuid) => Datum::Text(Cow::Owned(uuid.to_string())),
                Err(_) => Datum::Misfit("bytes"),
            },
            Meaning::Duration => match duration_text(bytes) {
                Some(text) => Datum::Text(Cow::Owned(text)),
                None => Datum::Misfit("bytes"),
            },
            _ => Datum::Scalar(Scalar::Bytes(bytes)),
        }
    }

    fn symbol(&self, index: usize) -> Datum<'_> {
        let symbol = match &self.meaning {
            Meaning::Symbol(symbols) => symbols.get(index).and_then(Option::as_deref),
            _ => None,
        };
        match symbol {
            Some(symbol) => Datum::Text(Cow::Borrowed(symbol)),
            None => Datum::Misfit("a symbol that the registered schema lacks"),
        }
    }
}

/// Decimal in two's complement, most significant byte first.
fn decimal(bytes: &[u8], scale: u32) -> Datum<'static> {
    let bytes = significant(bytes);
    match unscaled(bytes) {
        // With a larger scale the text is longer than its digits: the reader counts its bytes.
        Some(unscaled) if scale <= MAX_SCALAR_SCALE => Datum::Scalar(Scalar::Decimal { unscaled, scale }),
        _ if bytes.is_empty() => Datum::Misfit("a decimal without digits"),
        _ if bytes.len() > MAX_DECIMAL_BYTES => Datum::Misfit("a decimal of more than 1000 digits"),
        _ => Datum::Number(twos_complement_text(bytes, scale)),
    }
}

/// Bytes without redundant sign bytes at the start.
fn significant(bytes: &[u8]) -> &[u8] {
    let is_filling = |pair: &&[u8]| matches!(pair, [0, ..=0x7f] | [0xff, 0x80..=0xff]);
    let filling = bytes.windows(2).take_while(is_filling).count();
    &bytes[filling..]
}

/// Integer in two's complement, most significant byte first; `None` if it has no bytes or more than 128 bits.
fn unscaled(bytes: &[u8]) -> Option<i128> {
    let (first, _) = bytes.split_first()?;
    let sign = if *first < 0x80 { 0 } else { 0xff };
    let (filling, low) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut whole = [sign; 16];
    whole[16 - low.len()..].copy_from_slice(low);
    let value = i128::from_be_bytes(whole);
    let fits = filling.iter().all(|byte| *byte == sign) && (value < 0) == (sign != 0);
    fits.then_some(value)
}

/// Text of months, days and milliseconds, each an unsigned number of 32 bits, least significant byte first.
fn duration_text(bytes: &[u8]) -> Option<String> {
    let (numbers, []) = bytes.as_chunks::<4>() else {
        return None;
    };
    let [months, days, millis] = *numbers else {
        return None;
    };
    let [months, days, millis] = [months, days, millis].map(u32::from_le_bytes);
    let mut text = String::from("P");
    let mut part = |number: u32, unit: char| match number {
        0 => Ok(()),
        _ => write!(text, "{number}{unit}"),
    };
    part(months, 'M').ok()?;
    part(days, 'D').ok()?;
    if millis > 0 || text.len() == 1 {
        let (seconds, millis) = (millis / 1000, millis % 1000);
        write!(text, "T{seconds}").ok()?;
        if millis > 0 {
            write!(text, ".{millis:03}").ok()?;
        }
        text.push('S');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_durations_as_iso_8601_does() {
        for (numbers, wanted) in [
            ([0, 0, 0], "PT0S"),
            ([14, 0, 0], "P14M"),
            ([0, 40, 0], "P40D"),
            ([1, 2, 3004], "P1M2DT3.004S"),
            ([0, 0, 60_000], "PT60S"),
            ([u32::MAX, 0, u32::MAX], "P4294967295MT4294967.295S"),
        ] {
            let bytes = numbers.map(u32::to_le_bytes).concat();
            assert_eq!(duration_text(&bytes).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn reads_two_s_complement_of_any_length() {
        let widest = i128::MAX.to_be_bytes();
        let too_wide = [&[0], i128::MIN.to_be_bytes().as_slice()].concat();
        for (bytes, wanted) in [
            ([].as_slice(), None),
            (&[0], Some(0)),
            (&[0xff], Some(-1)),
            (&[0x80], Some(-128)),
            (&[0, 0x80], Some(128)),
            (&[0xff; 40], Some(-1)),
            (&widest, Some(i128::MAX)),
            (&too_wide, None),
            (&[0x7f; 17], None),
            (&[0x80; 17], None),
        ] {
            assert_eq!(unscaled(bytes), wanted, "{bytes:?}");
        }
    }
}
