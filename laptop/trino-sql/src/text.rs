//! Values as text.

use crate::address::address_text;
use crate::number::{decimal_text, double_text, real_text};
use crate::temporal;
use crate::types::Type;
use crate::value::Value;

impl Value {
    /// The value as CAST to VARCHAR gives it, for types of single values; None for NULL.
    pub fn text(&self, ty: &Type) -> Option<String> {
        (!self.is_null()).then(|| to_text(self, ty))
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
