//! Reads one JSON value into one row of a [`Column`], as Trino casts it.
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
//! The value is written directly from the text to the columns; no tree is built.

use std::borrow::Cow;
use std::fmt;

use arrow::datatypes::{DataType, Fields};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use topic::decode::column::{Rows, ValueBuilder};
use topic::decode::scalar::Scalar;

use super::column::{Cell, Column};
use super::field::is_json;
use super::text::{canonical, scalar_text};
use crate::types::sql_name;

/// Appends the one JSON document in `json` as a row.
///
/// On an error the column may hold a part of the row: remove it with [`Column::truncate`] before continuing.
/// [`serde_json::Error::is_data`] distinguishes a value that cannot be cast from text that is not JSON.
pub(super) fn append_json(column: &mut Column, json: &str) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    column.cell().deserialize(&mut deserializer)?;
    deserializer.end()
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.field.data_type() {
            // The raw text is read if the number's own digits are needed.
            DataType::Utf8 | DataType::Decimal128(..) => {
                let raw: &'de RawValue = serde::Deserialize::deserialize(deserializer)?;
                self.append_raw(raw.get())
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JSON that can be cast to {}", sql_name(self.field.data_type()))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.values.append_null();
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.field.data_type() {
            DataType::Boolean => self.values.push(Scalar::Bool(value)),
            number if number.is_numeric() => self.values.push(Scalar::Int(value.into())),
            _ => return Err(self.refused("a boolean")),
        };
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        let data_type = self.field.data_type();
        let fits = match data_type {
            DataType::Boolean => self.values.push(Scalar::Bool(value != 0)),
            // Rounded once, not first to a double.
            DataType::Float32 => self.values.push(Scalar::Float(value as f32)),
            number if number.is_numeric() => self.values.push(Scalar::Int(value)),
            _ => return Err(self.refused("a number")),
        };
        fits.then_some(()).ok_or_else(|| out_of_range(value, data_type))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) if self.field.data_type().is_integer() => Err(out_of_range(value, self.field.data_type())),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match self.field.data_type() {
            DataType::Boolean => self.values.push(Scalar::Bool(value != 0.0)),
            DataType::Float32 | DataType::Float64 => self.values.push(Scalar::Double(value)),
            integer if integer.is_integer() => {
                // Half up, away from zero; the bounds of i64 as doubles: -2^63 is exact, 2^63 is past the
                // end.
                let rounded = value.round();
                if !(-(2f64.powi(63))..2f64.powi(63)).contains(&rounded) {
                    return Err(out_of_range(value, integer));
                }
                return self.visit_i64(rounded as i64);
            }
            _ => return Err(self.refused("a number")),
        };
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let data_type = self.field.data_type();
        let scalar = match data_type {
            DataType::Boolean => parse_boolean(text).map(Scalar::Bool),
            DataType::Float32 => parse_float(text).map(Scalar::Float),
            DataType::Float64 => parse_float(text).map(Scalar::Double),
            integer if integer.is_integer() => match text.trim().parse() {
                Ok(value) => return self.visit_i64(value),
                Err(_) => None,
            },
            _ => return Err(self.refused("a string")),
        };
        self.values
            .push(scalar.ok_or_else(|| unreadable(text, data_type))?);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        match (self.field.data_type(), &mut *self.values) {
            (DataType::List(field), ValueBuilder::List(lists)) => {
                while elements
                    .next_element_seed(Cell::new(field, lists.item()))?
                    .is_some()
                {}
                lists.end(true);
            }
            (DataType::Struct(fields), ValueBuilder::Struct(rows)) => {
                for (index, field) in fields.iter().enumerate() {
                    let cell = Cell::new(field, rows.field(index));
                    if elements.next_element_seed(cell)?.is_none() {
                        return Err(wrong_length(index, fields.len()));
                    }
                }
                let mut found = fields.len();
                while elements.next_element::<IgnoredAny>()?.is_some() {
                    found += 1;
                }
                if found > fields.len() {
                    return Err(wrong_length(found, fields.len()));
                }
                rows.end(true);
            }
            _ => return Err(self.refused("an array")),
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        match (self.field.data_type(), &mut *self.values) {
            (DataType::Struct(fields), ValueBuilder::Struct(rows)) => {
                read_row(rows, &FieldNames(fields), members)?;
                rows.end(true);
            }
            (DataType::Map(entries, _), ValueBuilder::Map(maps)) => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(self.refused("an object"));
                };
                let (first, (keys, values)) = (maps.entries(), maps.entry());
                while members
                    .next_key_seed(MapKey(Cell::new(&fields[0], keys)))?
                    .is_some()
                {
                    members.next_value_seed(Cell::new(&fields[1], values))?;
                }
                if !keys.repeated(first).is_empty() {
                    return Err(A::Error::custom("duplicate keys in an object cast to a map"));
                }
                maps.end(true);
            }
            _ => return Err(self.refused("an object")),
        }
        Ok(())
    }
}

impl Cell<'_> {
    /// Appends a value of the types that need the text of the value instead of serde's conversion.
    fn append_raw<E: Error>(self, json: &str) -> Result<(), E> {
        if json == "null" {
            return self.visit_unit();
        }
        if is_json(self.field) {
            return self.append_text(&canonical(json).map_err(E::custom)?);
        }
        if *self.field.data_type() == DataType::Utf8 {
            return match scalar_text(json).map_err(E::custom)? {
                Some(text) => self.append_text(&text),
                None => Err(self.refused(kind_of(json))),
            };
        }
        let number = match json.as_bytes().first() {
            Some(b'"') => Cow::Owned(serde_json::from_str::<String>(json).unwrap_or_default()),
            Some(b't') => Cow::Borrowed("1"),
            Some(b'f') => Cow::Borrowed("0"),
            _ => Cow::Borrowed(json),
        };
        let fits = self.values.push(Scalar::Text(number.trim()));
        fits.then_some(())
            .ok_or_else(|| unreadable(json, self.field.data_type()))
    }

    /// Appends a text. Its length is at most that of the JSON it comes from, except for numbers (`1e6` is
    /// `1000000.0`).
    fn append_text<E: Error>(self, text: &str) -> Result<(), E> {
        if !self.values.has_room_for(text.len()) {
            return Err(E::custom("more than 2 GiB of text in one batch"));
        }
        self.values.push(Scalar::Text(text));
        Ok(())
    }

    fn refused<E: Error>(&self, found: &str) -> E {
        E::custom(format!(
            "cannot cast {found} to {}",
            sql_name(self.field.data_type())
        ))
    }
}

/// Finds a row's field by the key of an object, in any case, without allocating for plain keys.
struct FieldNames<'a>(&'a Fields);

impl FieldNames<'_> {
    /// Position of the field. Members mostly come in the order of the fields, so the search begins at `hint`.
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
    rows: &mut Rows,
    names: &FieldNames<'_>,
    mut members: A,
) -> Result<(), A::Error> {
    let mut hint = 0;
    while let Some(position) = members.next_key_seed(FieldPosition { names, hint })? {
        let Some(index) = position else {
            members.next_value::<IgnoredAny>()?;
            continue;
        };
        let field = &names.0[index];
        if rows.is_filled(index) {
            return Err(A::Error::custom(format!("duplicate field {}", field.name())));
        }
        members.next_value_seed(Cell::new(field, rows.field(index)))?;
        hint = index + 1;
    }
    Ok(())
}

/// Reads a key of an object as the position of the field it names, if any.
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

/// Reads a key of an object, always a string in JSON, into a column of the map's key type.
struct MapKey<'a>(Cell<'a>);

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
        let cell = self.0;
        match cell.field.data_type() {
            DataType::Utf8 => cell.append_text(key),
            DataType::Decimal128(..) => match cell.values.push(Scalar::Text(key.trim())) {
                true => Ok(()),
                false => Err(unreadable(key, cell.field.data_type())),
            },
            _ => cell.visit_str(key),
        }
    }
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

fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

fn out_of_range<E: Error>(value: impl fmt::Display, data_type: &DataType) -> E {
    E::custom(format!("{value} is out of range for {}", sql_name(data_type)))
}

fn unreadable<E: Error>(text: &str, data_type: &DataType) -> E {
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
