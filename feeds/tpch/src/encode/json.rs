//! Rows as JSON objects.

use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::row::{Row, Value};

pub(super) fn encode(row: &Row) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Object(row))
}

struct Object<'a>(&'a Row);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = self.0.table().columns();
        let mut object = serializer.serialize_map(Some(columns.len()))?;
        for (column, value) in columns.iter().zip(self.0.values()) {
            object.serialize_entry(column.name, &Member(&value))?;
        }
        object.end()
    }
}

struct Member<'a>(&'a Value<'a>);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::BigInt(number) => serializer.serialize_i64(*number),
            Value::Integer(number) => serializer.serialize_i32(*number),
            // Written digit by digit: a double would drop trailing zeros, or digits of long numbers.
            Value::Decimal(number) => {
                let number = RawValue::from_string(number.to_string()).map_err(S::Error::custom)?;
                number.serialize(serializer)
            }
            Value::Date(date) => serializer.collect_str(date),
            Value::Varchar(text) => serializer.serialize_str(text),
        }
    }
}
