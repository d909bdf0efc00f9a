//! Casts to and from JSON.
//!
//! Numbers keep their text: whole numbers of any length and decimals are not made doubles on the way.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::cast::{self, to_text};
use crate::error::{Result, bail, err};
use crate::number::{double_text, java_double_text, java_real_text, parse_double};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

pub(crate) fn is_cast(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Json, to) => is_read(to),
        (from, _) => is_written(from),
    }
}

/// Types of values that JSON has a form for.
fn is_scalar(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Boolean
            | Type::TinyInt
            | Type::SmallInt
            | Type::Integer
            | Type::BigInt
            | Type::Real
            | Type::Double
            | Type::Decimal(..)
            | Type::Varchar(_)
    )
}

fn is_read(ty: &Type) -> bool {
    match ty {
        Type::Json => true,
        Type::Array(item) => is_read(item),
        Type::Map(key, value) => is_scalar(key) && is_read(value),
        Type::Row(fields) => fields.iter().all(|field| is_read(&field.ty)),
        ty => is_scalar(ty),
    }
}

fn is_written(ty: &Type) -> bool {
    match ty {
        Type::Unknown | Type::Json | Type::Date | Type::Timestamp(_) => true,
        Type::Array(item) => is_written(item),
        Type::Map(key, value) => (is_scalar(key) || **key == Type::Unknown) && is_written(value),
        Type::Row(fields) => fields.iter().all(|field| is_written(&field.ty)),
        ty => is_scalar(ty),
    }
}

pub(crate) fn cast(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    match (value, from) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Text(text), Type::Json) => read(raw(text)?, to),
        _ => {
            let mut text = String::new();
            write(value, from, &mut text);
            Ok(Value::Text(text))
        }
    }
}

/// Text as JSON, in the spelling of `json_format`: keys in order, no spaces.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let invalid = |_| err!(InvalidFunctionArgument, "Cannot convert value to JSON: '{text}'");
    let mut canonical = String::new();
    spell(raw(text).map_err(invalid)?, &mut canonical).map_err(invalid)?;
    Ok(Value::Text(canonical))
}

fn raw(text: &str) -> Result<&RawValue> {
    serde_json::from_str(text).map_err(|_| err!(InvalidCastArgument, "Cannot read as JSON: {text}"))
}

/// A document taken apart, one level deep.
enum Document<'a> {
    Null,
    Boolean(bool),
    /// Digits as they are written.
    Number(&'a str),
    Text(String),
    Array(Vec<&'a RawValue>),
    /// Of keys that come twice, the last.
    Object(BTreeMap<String, &'a RawValue>),
}

fn open(document: &RawValue) -> Result<Document<'_>> {
    let text = document.get();
    let broken = |_| err!(InvalidCastArgument, "Cannot read as JSON: {text}");
    Ok(match text.as_bytes().first() {
        Some(b'n') => Document::Null,
        Some(b't') => Document::Boolean(true),
        Some(b'f') => Document::Boolean(false),
        Some(b'"') => Document::Text(serde_json::from_str(text).map_err(broken)?),
        Some(b'[') => Document::Array(serde_json::from_str(text).map_err(broken)?),
        Some(b'{') => Document::Object(serde_json::from_str(text).map_err(broken)?),
        _ => Document::Number(text),
    })
}

fn is_whole(digits: &str) -> bool {
    !digits.contains(['.', 'e', 'E'])
}

fn spell(document: &RawValue, out: &mut String) -> Result<()> {
    match open(document)? {
        Document::Number(digits) if !is_whole(digits) => match parse_double(digits) {
            Some(double) => out.push_str(&java_double_text(double)),
            None => out.push_str(digits),
        },
        Document::Null | Document::Boolean(_) | Document::Number(_) => out.push_str(document.get()),
        Document::Text(text) => push_text(&text, out),
        Document::Array(items) => {
            out.push('[');
            for (i, item) in items.into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                spell(item, out)?;
            }
            out.push(']');
        }
        Document::Object(entries) => {
            out.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                push_text(&key, out);
                out.push(':');
                spell(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn push_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

fn write(value: &Value, ty: &Type, out: &mut String) {
    match (value, ty) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Text(text), Type::Json) => out.push_str(text),
        (Value::Double(double), _) if double.is_finite() => out.push_str(&java_double_text(*double)),
        (Value::Real(real), _) if real.is_finite() => out.push_str(&java_real_text(*real)),
        (Value::Boolean(_) | Value::Decimal(_), _) => out.push_str(&to_text(value, ty)),
        (Value::Int(_), Type::TinyInt | Type::SmallInt | Type::Integer | Type::BigInt) => {
            out.push_str(&to_text(value, ty));
        }
        (Value::Array(items), Type::Array(item)) => {
            out.push('[');
            for (i, value) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write(value, item, out);
            }
            out.push(']');
        }
        (Value::Map(entries), Type::Map(key, item)) => {
            let mut entries: Vec<_> = entries.iter().map(|(k, v)| (to_text(k, key), v)).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                push_text(&key, out);
                out.push(':');
                write(value, item, out);
            }
            out.push('}');
        }
        (Value::Row(values), Type::Row(fields)) => {
            out.push('{');
            for (i, (value, field)) in values.iter().zip(fields.iter()).enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                push_text(field.name.as_deref().unwrap_or(""), out);
                out.push(':');
                write(value, &field.ty, out);
            }
            out.push('}');
        }
        _ => push_text(&to_text(value, ty), out),
    }
}

fn read(document: &RawValue, to: &Type) -> Result<Value> {
    let opened = open(document)?;
    if *to == Type::Json {
        return Ok(Value::Text(document.get().to_owned()));
    }
    if let Document::Null = opened {
        return Ok(Value::Null);
    }
    let mismatch = || err!(InvalidCastArgument, "Cannot cast to {to}: {}", document.get());
    match (opened, to) {
        (Document::Array(items), Type::Array(item)) => {
            let items = items.into_iter().map(|value| read(value, item));
            Ok(Value::Array(items.collect::<Result<_>>()?))
        }
        (Document::Object(entries), Type::Map(key, item)) => {
            let mut read_entries: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
            for (name, value) in entries {
                let entry = (cast::cast(&Value::Text(name), &VARCHAR, key)?, read(value, item)?);
                if read_entries
                    .iter()
                    .any(|(known, _)| crate::compare::same(known, &entry.0))
                {
                    bail!(InvalidCastArgument, "Cannot cast to {to}: duplicate keys");
                }
                read_entries.push(entry);
            }
            Ok(Value::Map(read_entries))
        }
        (Document::Array(items), Type::Row(fields)) if items.len() == fields.len() => {
            let values = items.into_iter().zip(fields.iter());
            let values = values.map(|(value, field)| read(value, &field.ty));
            Ok(Value::Row(values.collect::<Result<_>>()?))
        }
        (Document::Object(entries), Type::Row(fields)) => {
            let mut by_name = BTreeMap::new();
            for (name, value) in entries {
                if by_name.insert(name.to_lowercase(), value).is_some() {
                    bail!(InvalidCastArgument, "Cannot cast to {to}: duplicate field {name}");
                }
            }
            let values = fields.iter().map(|field| {
                let name = field.name.as_ref().ok_or_else(mismatch)?.to_lowercase();
                by_name
                    .get(&name)
                    .map_or(Ok(Value::Null), |value| read(value, &field.ty))
            });
            Ok(Value::Row(values.collect::<Result<_>>()?))
        }
        (Document::Array(_) | Document::Object(_), _) => Err(mismatch()),
        (_, Type::Array(_) | Type::Map(..) | Type::Row(_)) => Err(mismatch()),
        (Document::Text(text), _) => cast_text(text, to, document.get()),
        (Document::Boolean(b), Type::Varchar(_)) => cast_text(b.to_string(), to, document.get()),
        (Document::Boolean(b), _) => cast::cast(&Value::Boolean(b), &Type::Boolean, to),
        (Document::Number(digits), Type::Varchar(_)) => {
            let text = match parse_double(digits) {
                Some(double) if !is_whole(digits) => double_text(double),
                _ => digits.to_owned(),
            };
            cast_text(text, to, document.get())
        }
        (Document::Number(digits), Type::Decimal(..)) => {
            cast::cast(&Value::Text(digits.to_owned()), &VARCHAR, to).map_err(|_| mismatch())
        }
        (Document::Number(digits), _) => match digits.parse::<i64>() {
            Ok(int) => cast::cast(&Value::Int(int), &Type::BigInt, to).map_err(|_| mismatch()),
            Err(_) => {
                let double = parse_double(digits).ok_or_else(mismatch)?;
                cast::cast(&Value::Double(double), &Type::Double, to).map_err(|_| mismatch())
            }
        },
        (Document::Null, _) => Ok(Value::Null),
    }
}

/// Text is never cut.
fn cast_text(text: String, to: &Type, document: &str) -> Result<Value> {
    if let Type::Varchar(Some(length)) = to
        && text.chars().count() > *length as usize
    {
        bail!(InvalidCastArgument, "Cannot cast to {to}: {document}");
    }
    cast::cast(&Value::Text(text), &VARCHAR, to)
}
