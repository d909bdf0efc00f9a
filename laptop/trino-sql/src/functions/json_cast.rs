//! Casts to and from JSON.

use crate::error::{Result, bail, err};
use crate::types::Type;
use crate::value::Value;

pub(crate) fn is_cast(_from: &Type, _to: &Type) -> bool {
    false
}

pub(crate) fn cast(_value: &Value, from: &Type, to: &Type) -> Result<Value> {
    bail!(NotSupported, "cast of {from} to {to}")
}

/// Text as JSON, in the spelling of `json_format`.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|_| err!(InvalidFunctionArgument, "Cannot convert value to JSON: '{text}'"))?;
    Ok(Value::Text(value.to_string()))
}
