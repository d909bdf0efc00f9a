//! One JSON value into one row of a [`Column`], as Trino casts it.
//!
//! | to | from |
//! | --- | --- |
//! | any type | null gives NULL |
//! | BOOLEAN | bool; number, 0 is false; string `t`, `true`, `1`, `f`, `false`, `0` in any case |
//! | TINYINT … BIGINT | number in range, fractions rounded half up; string of an integer; bool as 1, 0 |
//! | REAL, DOUBLE | number; string of a number; bool as 1.0, 0.0 |
//! | DECIMAL(p,s) | number, string, bool; rounded half up to the scale, out of precision is an error |
//! | VARCHAR | string; number and bool as text; arrays and objects are an error |
//! | JSON | anything, in canonical form |
//! | ARRAY | array |
//! | MAP | object; equal keys are an error |
//! | ROW | object by field name in any case: a missing field is NULL, an unknown one is skipped, a repeated one is an error; or array by position, with as many elements as fields |
//!
//! The value goes straight from the text into the columns; no tree is built.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::column::{Column, Values};
use super::decimal::parse_decimal;
use super::text::{canonical, scalar_text};
use crate::types::sql_name;

/// Appends the one JSON document in `json` as a row.
///
/// On an error the column may hold a part of the row: cut it back with [`Column::truncate`] before going on.
/// [`serde_json::Error::is_data`] tells a value that cannot be cast from text that is not JSON.
pub(super) fn append_json(column: &mut Column, json: &str) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    column.deserialize(&mut deserializer)?;
    deserializer.end()
}

impl<'de> DeserializeSeed<'de> for &mut Column {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.values {
            // Where the number's own digits count, the raw text is read.
            Values::Varchar(_) | Values::Json(_) | Values::Decimal { .. } => {
                let raw: &'de RawValue = serde::Deserialize::deserialize(deserializer)?;
                self.append_raw(raw.get())
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for &mut Column {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JSON that can be cast to {}", sql_name(&self.data_type))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.append_null();
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match &mut self.values {
            Values::Boolean(values) => values.push(value),
            Values::TinyInt(values) => values.push(value.into()),
            Values::SmallInt(values) => values.push(value.into()),
            Values::Integer(values) => values.push(value.into()),
            Values::BigInt(values) => values.push(value.into()),
            Values::Real(values) => values.push(value.into()),
            Values::Double(values) => values.push(value.into()),
            _ => return Err(self.refused("a boolean")),
        }
        self.commit();
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        let data_type = &self.data_type;
        let out_of_range = || out_of_range(value, data_type);
        match &mut self.values {
            Values::Boolean(values) => values.push(value != 0),
            Values::TinyInt(values) => values.push(value.try_into().map_err(|_| out_of_range())?),
            Values::SmallInt(values) => values.push(value.try_into().map_err(|_| out_of_range())?),
            Values::Integer(values) => values.push(value.try_into().map_err(|_| out_of_range())?),
            Values::BigInt(values) => values.push(value),
            Values::Real(values) => values.push(value as f32),
            Values::Double(values) => values.push(value as f64),
            _ => return Err(self.refused("a number")),
        }
        self.commit();
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) if self.is_integer() => Err(out_of_range(value, &self.data_type)),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match &mut self.values {
            Values::Boolean(values) => values.push(value != 0.0),
            Values::Real(values) => values.push(value as f32),
            Values::Double(values) => values.push(value),
            Values::TinyInt(_) | Values::SmallInt(_) | Values::Integer(_) | Values::BigInt(_) => {
                // Half up, away from zero; the bounds of i64 as doubles: -2^63 is one, 2^63 is past the end.
                let rounded = value.round();
                if !(-(2f64.powi(63))..2f64.powi(63)).contains(&rounded) {
                    return Err(out_of_range(value, &self.data_type));
                }
                return self.visit_i64(rounded as i64);
            }
            _ => return Err(self.refused("a number")),
        }
        self.commit();
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match &mut self.values {
            Values::Boolean(values) => {
                values.push(parse_boolean(text).ok_or_else(|| unreadable(text, &self.data_type))?);
            }
            Values::Real(values) => {
                values.push(parse_float(text).ok_or_else(|| unreadable(text, &self.data_type))?);
            }
            Values::Double(values) => {
                values.push(parse_float(text).ok_or_else(|| unreadable(text, &self.data_type))?);
            }
            Values::TinyInt(_) | Values::SmallInt(_) | Values::Integer(_) | Values::BigInt(_) => {
                let value = text
                    .trim()
                    .parse()
                    .map_err(|_| unreadable(text, &self.data_type))?;
                return self.visit_i64(value);
            }
            _ => return Err(self.refused("a string")),
        }
        self.commit();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        match &mut self.values {
            Values::Array { ends, items, .. } => {
                while elements.next_element_seed(&mut **items)?.is_some() {}
                ends.push(end_of(items)?);
            }
            Values::Row { columns, .. } => {
                for (index, column) in columns.iter_mut().enumerate() {
                    if elements.next_element_seed(column)?.is_none() {
                        return Err(wrong_length(index, columns.len()));
                    }
                }
                let mut found = columns.len();
                while elements.next_element::<IgnoredAny>()?.is_some() {
                    found += 1;
                }
                if found > columns.len() {
                    return Err(wrong_length(found, columns.len()));
                }
            }
            _ => return Err(self.refused("an array")),
        }
        self.commit();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        match &mut self.values {
            Values::Row { columns, fields } => read_row(columns, &FieldNames(fields), members)?,
            Values::Map {
                ends, keys, values, ..
            } => {
                let first = keys.len();
                read_entries(keys, values, members)?;
                refuse_equal_keys(keys, first)?;
                ends.push(end_of(keys)?);
            }
            _ => return Err(self.refused("an object")),
        }
        self.commit();
        Ok(())
    }
}

impl Column {
    /// For the types that want the text of the value rather than serde's reading of it.
    fn append_raw<E: Error>(&mut self, json: &str) -> Result<(), E> {
        if json == "null" {
            self.append_null();
            return Ok(());
        }
        match &mut self.values {
            Values::Json(text) => text
                .push(&canonical(json).map_err(E::custom)?)
                .map_err(E::custom)?,
            Values::Varchar(text) => match scalar_text(json).map_err(E::custom)? {
                Some(scalar) => text.push(&scalar).map_err(E::custom)?,
                None => return Err(self.refused(kind_of(json))),
            },
            Values::Decimal {
                values,
                precision,
                scale,
            } => {
                values.push(
                    decimal_of(json, *precision, *scale).ok_or_else(|| unreadable(json, &self.data_type))?,
                );
            }
            _ => return Err(self.refused(kind_of(json))),
        }
        self.commit();
        Ok(())
    }

    fn is_integer(&self) -> bool {
        matches!(
            self.values,
            Values::TinyInt(_) | Values::SmallInt(_) | Values::Integer(_) | Values::BigInt(_)
        )
    }

    fn refused<E: Error>(&self, found: &str) -> E {
        E::custom(format!("cannot cast {found} to {}", sql_name(&self.data_type)))
    }
}

/// Finds a row's field by the key of an object, in any case, without allocating for plain keys.
struct FieldNames<'a>(&'a arrow::datatypes::Fields);

impl FieldNames<'_> {
    /// Members mostly come in the order of the fields, so the search begins at `hint`.
    fn position(&self, key: &str, hint: usize) -> Option<usize> {
        let count = self.0.len();
        (0..count)
            .map(|step| (hint + step) % count)
            .find(|&index| same_name(self.0[index].name(), key))
    }
}

fn same_name(field: &str, key: &str) -> bool {
    field.eq_ignore_ascii_case(key)
        || (!(field.is_ascii() && key.is_ascii()) && field.to_lowercase() == key.to_lowercase())
}

fn read_row<'de, A: MapAccess<'de>>(
    columns: &mut [Column],
    names: &FieldNames<'_>,
    mut members: A,
) -> Result<(), A::Error> {
    let row = columns.first().map_or(0, Column::len);
    let mut hint = 0;
    while let Some(position) = members.next_key_seed(FieldPosition { names, hint })? {
        match position {
            Some(index) if columns[index].len() > row => {
                return Err(A::Error::custom(format!(
                    "duplicate field {}",
                    names.0[index].name()
                )));
            }
            Some(index) => {
                members.next_value_seed(&mut columns[index])?;
                hint = index + 1;
            }
            None => {
                members.next_value::<IgnoredAny>()?;
            }
        }
    }
    columns
        .iter_mut()
        .filter(|column| column.len() == row)
        .for_each(Column::append_null);
    Ok(())
}

/// Reads a key of an object as the position of the field it names, if it names one.
struct FieldPosition<'a> {
    names: &'a FieldNames<'a>,
    hint: usize,
}

impl<'de> DeserializeSeed<'de> for FieldPosition<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldPosition<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.names.position(key, self.hint))
    }
}

fn read_entries<'de, A: MapAccess<'de>>(
    keys: &mut Column,
    values: &mut Column,
    mut members: A,
) -> Result<(), A::Error> {
    while members.next_key_seed(MapKey(keys))?.is_some() {
        members.next_value_seed(&mut *values)?;
    }
    Ok(())
}

/// Reads a key of an object, always a string in JSON, into a column of the map's key type.
struct MapKey<'a>(&'a mut Column);

impl<'de> DeserializeSeed<'de> for MapKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MapKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        let column = self.0;
        match &mut column.values {
            Values::Varchar(text) => text.push(key).map_err(E::custom)?,
            Values::Decimal {
                values,
                precision,
                scale,
            } => {
                let unscaled = parse_decimal(key.trim(), *precision, *scale);
                values.push(unscaled.ok_or_else(|| unreadable(key, &column.data_type))?);
            }
            _ => return column.visit_str(key),
        }
        column.commit();
        Ok(())
    }
}

/// Compares each key of the entries from `first` on with those before it: maps are small.
fn refuse_equal_keys<E: Error>(keys: &Column, first: usize) -> Result<(), E> {
    let repeated = match &keys.values {
        Values::Boolean(keys) => has_repeats(&keys[first..]),
        Values::TinyInt(keys) => has_repeats(&keys[first..]),
        Values::SmallInt(keys) => has_repeats(&keys[first..]),
        Values::Integer(keys) => has_repeats(&keys[first..]),
        Values::BigInt(keys) => has_repeats(&keys[first..]),
        Values::Decimal { values: keys, .. } => has_repeats(&keys[first..]),
        Values::Real(keys) => has_repeats(&keys[first..].iter().map(|key| key.to_bits()).collect::<Vec<_>>()),
        Values::Double(keys) => {
            has_repeats(&keys[first..].iter().map(|key| key.to_bits()).collect::<Vec<_>>())
        }
        Values::Varchar(text) => has_repeats(&text.rows_from(first)),
        Values::Json(_) | Values::Array { .. } | Values::Row { .. } | Values::Map { .. } => false,
    };
    if repeated {
        Err(E::custom("duplicate keys in an object cast to a map"))
    } else {
        Ok(())
    }
}

fn has_repeats<T: Ord + Clone>(keys: &[T]) -> bool {
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

fn end_of<E: Error>(items: &Column) -> Result<i32, E> {
    items
        .len()
        .try_into()
        .map_err(|_| E::custom(super::column::TooLong))
}

fn parse_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" => Some(true),
        "f" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn parse_float<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

fn decimal_of(json: &str, precision: u8, scale: i8) -> Option<i128> {
    match json.as_bytes().first()? {
        b'"' => parse_decimal(
            serde_json::from_str::<String>(json).ok()?.trim(),
            precision,
            scale,
        ),
        b't' => parse_decimal("1", precision, scale),
        b'f' => Some(0),
        _ => parse_decimal(json, precision, scale),
    }
}

fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

fn out_of_range<E: Error>(value: impl fmt::Display, data_type: &arrow::datatypes::DataType) -> E {
    E::custom(format!("{value} is out of range for {}", sql_name(data_type)))
}

fn unreadable<E: Error>(text: &str, data_type: &arrow::datatypes::DataType) -> E {
    E::custom(format!(
        "cannot cast `{}` to {}",
        shortened(text),
        sql_name(data_type)
    ))
}

fn wrong_length<E: Error>(found: usize, wanted: usize) -> E {
    E::custom(format!(
        "an array of {found} elements cannot be cast to a row of {wanted} fields"
    ))
}

/// At most 64 characters of a value, for an error message.
fn shortened(text: &str) -> &str {
    text.char_indices().nth(64).map_or(text, |(end, _)| &text[..end])
}
