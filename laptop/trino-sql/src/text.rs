//! Values as text.

use std::fmt::Write;

use crate::address::address_text;
use crate::number::{decimal_text, double_text, java_double_text, java_real_text, real_text};
use crate::temporal;
use crate::types::Type;
use crate::value::Value;

impl Value {
    /// The value as CAST to VARCHAR gives it, for types of single values; None for NULL.
    pub fn text(&self, ty: &Type) -> Option<String> {
        (!self.is_null()).then(|| to_text(self, ty))
    }

    /// The value as Athena's results show it; None for NULL.
    ///
    /// | value | text |
    /// | --- | --- |
    /// | DOUBLE, REAL | as Java spells it: `1.5`, `1.0E10`, `NaN`, `Infinity` |
    /// | VARBINARY | `68 65 6c 6c 6f` |
    /// | ARRAY | `[1, null, 3]` |
    /// | MAP, ROW | `{a=1, b=2}`; a field of a row without a name is `field0` by its place |
    /// | anything else | as CAST to VARCHAR gives it |
    pub fn shown(&self, ty: &Type) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) if !matches!(ty, Type::Char(_)) => Some(text.clone()),
            _ => {
                let mut text = String::new();
                push(self, ty, &mut text);
                Some(text)
            }
        }
    }
}

/// A value as CAST to VARCHAR gives it.
pub(crate) fn to_text(value: &Value, ty: &Type) -> String {
    match (value, ty) {
        (Value::Boolean(b), _) => b.to_string(),
        (Value::Int(days), Type::Date) => temporal::date_text(*days),
        (Value::Int(nanos), Type::Time(digits)) => temporal::time_text(*nanos, *digits),
        (Value::Int(units), Type::Timestamp(digits)) => temporal::timestamp_text(*units, *digits),
        (Value::Int(millis), Type::IntervalDay) => temporal::day_interval_text(*millis),
        (Value::Int(months), Type::IntervalYear) => temporal::year_interval_text(*months),
        (Value::Int(int), _) => int.to_string(),
        (Value::Zoned(instant, zone), Type::TimestampTz(digits)) => {
            temporal::zoned_text(*instant, *zone, *digits)
        }
        (Value::Real(real), _) => real_text(*real),
        (Value::Double(double), _) => double_text(*double),
        (Value::Decimal(unscaled), Type::Decimal(_, scale)) => decimal_text(*unscaled, *scale),
        (Value::Text(text), Type::Char(length)) => format!("{text:<width$}", width = *length as usize),
        (Value::Text(text), _) => text.clone(),
        (Value::Bytes(bytes), Type::IpAddress) => address_text(bytes),
        _ => String::new(),
    }
}

fn push(value: &Value, ty: &Type, out: &mut String) {
    match (value, ty) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Bytes(bytes), Type::Varbinary) => {
            for (at, byte) in bytes.iter().enumerate() {
                let space = if at > 0 { " " } else { "" };
                // Writing to a text cannot fail.
                let _ = write!(out, "{space}{byte:02x}");
            }
        }
        (Value::Array(items), Type::Array(item)) => {
            out.push('[');
            for (at, value) in items.iter().enumerate() {
                separate(out, at);
                push(value, item, out);
            }
            out.push(']');
        }
        (Value::Map(entries), Type::Map(key_type, value_type)) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                separate(out, at);
                push(key, key_type, out);
                out.push('=');
                push(value, value_type, out);
            }
            out.push('}');
        }
        (Value::Row(values), Type::Row(fields)) => {
            out.push('{');
            for (at, (value, field)) in values.iter().zip(fields.iter()).enumerate() {
                separate(out, at);
                match &field.name {
                    Some(name) => out.push_str(name),
                    None => out.push_str(&format!("field{at}")),
                }
                out.push('=');
                push(value, &field.ty, out);
            }
            out.push('}');
        }
        (Value::Real(real), _) => out.push_str(&java_real_text(*real)),
        (Value::Double(double), _) => out.push_str(&java_double_text(*double)),
        _ => out.push_str(&to_text(value, ty)),
    }
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push_str(", ");
    }
}
