//! Casts to and from JSON.
//!
//! Numbers keep their text: whole numbers of any length and decimals are not made doubles on the way.

use std::collections::BTreeMap;

use super::single;
use crate::compare::same;
use crate::error::{Error, Result, bail, err};
use crate::json::{Json, quote};
use crate::number::{double_text, java_double_text, java_real_text, parse_double};
use crate::text::to_text;
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
        (Value::Text(text), Type::Json) => read(document(text)?, to),
        _ => {
            let mut text = String::new();
            write(value, from, &mut text);
            Ok(Value::Text(text))
        }
    }
}

/// Text as JSON, in the spelling of `json_format`: keys in order, no spaces.
pub(crate) fn parse(text: &str) -> Result<Value> {
    match Json::parse(text) {
        Some(document) => Ok(Value::Text(sorted(document).text())),
        None => bail!(InvalidFunctionArgument, "Cannot convert value to JSON: '{text}'"),
    }
}

fn document(text: &str) -> Result<Json> {
    Json::parse(text).ok_or_else(|| err!(InvalidCastArgument, "Cannot read as JSON: {text}"))
}

/// Members by key. Of equal keys the last counts.
fn by_key(members: Vec<(String, Json)>) -> BTreeMap<String, Json> {
    members.into_iter().collect()
}

fn sorted(document: Json) -> Json {
    match document {
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        Json::Object(members) => {
            let members = by_key(members).into_iter();
            Json::Object(members.map(|(key, value)| (key, sorted(value))).collect())
        }
        single => single,
    }
}

fn is_whole(digits: &str) -> bool {
    !digits.contains(['.', 'e', 'E'])
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
                quote(&key, out);
                out.push(':');
                write(value, item, out);
            }
            out.push('}');
        }
        (Value::Row(values), Type::Row(fields)) => {
            out.push('{');
            for (i, (value, field)) in values.iter().zip(fields.iter()).enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                quote(field.name.as_deref().unwrap_or(""), out);
                out.push(':');
                write(value, &field.ty, out);
            }
            out.push('}');
        }
        _ => quote(&to_text(value, ty), out),
    }
}

fn read(document: Json, to: &Type) -> Result<Value> {
    if *to == Type::Json {
        return Ok(Value::Text(document.text()));
    }
    match (document, to) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Array(items), Type::Array(item)) => {
            let items = items.into_iter().map(|value| read(value, item));
            Ok(Value::Array(items.collect::<Result<_>>()?))
        }
        (Json::Object(members), Type::Map(key, item)) => {
            let mut entries: Vec<(Value, Value)> = Vec::with_capacity(members.len());
            for (name, value) in by_key(members) {
                let entry = (
                    single::cast(&Value::Text(name), &VARCHAR, key)?,
                    read(value, item)?,
                );
                if entries.iter().any(|(known, _)| same(known, &entry.0)) {
                    bail!(InvalidCastArgument, "Cannot cast to {to}: duplicate keys");
                }
                entries.push(entry);
            }
            Ok(Value::Map(entries))
        }
        (Json::Array(items), Type::Row(fields)) if items.len() == fields.len() => {
            let values = items.into_iter().zip(fields.iter());
            let values = values.map(|(value, field)| read(value, &field.ty));
            Ok(Value::Row(values.collect::<Result<_>>()?))
        }
        (Json::Object(members), Type::Row(fields)) => {
            let mut by_name = BTreeMap::new();
            for (name, value) in by_key(members) {
                if by_name.insert(name.to_lowercase(), value).is_some() {
                    bail!(InvalidCastArgument, "Cannot cast to {to}: duplicate field {name}");
                }
            }
            let values = fields.iter().map(|field| match &field.name {
                Some(name) => match by_name.remove(&name.to_lowercase()) {
                    Some(value) => read(value, &field.ty),
                    None => Ok(Value::Null),
                },
                None => bail!(InvalidCastArgument, "Cannot cast to {to}: a field has no name"),
            });
            Ok(Value::Row(values.collect::<Result<_>>()?))
        }
        (document @ (Json::Array(_) | Json::Object(_)), _)
        | (document, Type::Array(_) | Type::Map(..) | Type::Row(_)) => Err(mismatch(&document, to)),
        (document, _) => read_single(&document, to),
    }
}

fn read_single(document: &Json, to: &Type) -> Result<Value> {
    let mismatch = |_| mismatch(document, to);
    match (document, to) {
        (Json::Text(text), _) => cast_text(text, document, to),
        (Json::Boolean(b), Type::Varchar(_)) => cast_text(&b.to_string(), document, to),
        (Json::Boolean(b), _) => single::cast(&Value::Boolean(*b), &Type::Boolean, to),
        (Json::Number(digits), Type::Varchar(_)) => match parse_double(digits) {
            Some(double) if !is_whole(digits) => cast_text(&double_text(double), document, to),
            _ => cast_text(digits, document, to),
        },
        (Json::Number(digits), Type::Decimal(..)) => {
            single::cast(&Value::Text(digits.clone()), &VARCHAR, to).map_err(mismatch)
        }
        (Json::Number(digits), _) => match (digits.parse::<i64>(), parse_double(digits)) {
            (Ok(int), _) => single::cast(&Value::Int(int), &Type::BigInt, to).map_err(mismatch),
            (_, Some(double)) => single::cast(&Value::Double(double), &Type::Double, to).map_err(mismatch),
            _ => Err(self::mismatch(document, to)),
        },
        (Json::Null | Json::Array(_) | Json::Object(_), _) => Err(self::mismatch(document, to)),
    }
}

fn mismatch(document: &Json, to: &Type) -> Error {
    err!(InvalidCastArgument, "Cannot cast to {to}: {}", document.text())
}

/// Text that is too long is not cut.
fn cast_text(text: &str, document: &Json, to: &Type) -> Result<Value> {
    match to {
        Type::Varchar(Some(length)) if text.chars().count() > *length as usize => Err(mismatch(document, to)),
        _ => single::cast(&Value::Text(text.to_owned()), &VARCHAR, to),
    }
}
