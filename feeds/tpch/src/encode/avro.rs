//! Rows as Avro records.

use apache_avro::types::Value as AvroValue;
use apache_avro::{Decimal, Error, Schema, to_avro_datum};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::row::{Row, Value};
use crate::table::{Column, ColumnType, Table};

/// Version of Glue's header, and the mark of uncompressed data.
const GLUE_HEADER: [u8; 2] = [0x03, 0x00];

#[derive(Debug)]
pub(super) struct AvroEncoder {
    schema: Schema,
    header: Vec<u8>,
}

impl AvroEncoder {
    pub(super) fn new(table: Table, glue_version_id: Option<Uuid>) -> Result<Self, Error> {
        let header = glue_version_id.map(|id| [&GLUE_HEADER[..], id.as_bytes()].concat());
        Ok(Self {
            schema: Schema::parse_str(&schema_text(table))?,
            header: header.unwrap_or_default(),
        })
    }

    pub(super) fn encode(&self, row: &Row) -> Result<Vec<u8>, Error> {
        let columns = row.table().columns().iter();
        let fields = columns.zip(row.values());
        let fields = fields.map(|(column, value)| (column.name.to_owned(), avro_value(&value)));
        let datum = to_avro_datum(&self.schema, AvroValue::Record(fields.collect()))?;
        Ok([&self.header[..], &datum].concat())
    }
}

/// Schema of a table's records, as JSON.
pub(crate) fn schema_text(table: Table) -> String {
    let field = |column: &Column| json!({ "name": column.name, "type": avro_type(column.column_type) });
    let fields: Vec<_> = table.columns().iter().map(field).collect();
    let schema = json!({ "type": "record", "namespace": "tpch", "name": table.name(), "fields": fields });
    format!("{schema:#}")
}

fn avro_type(column_type: ColumnType) -> Json {
    match column_type {
        ColumnType::BigInt => json!("long"),
        ColumnType::Integer => json!("int"),
        ColumnType::Decimal => {
            json!({ "type": "bytes", "logicalType": "decimal", "precision": 15, "scale": 2 })
        }
        ColumnType::Date => json!({ "type": "int", "logicalType": "date" }),
        ColumnType::Varchar => json!("string"),
    }
}

fn avro_value(value: &Value<'_>) -> AvroValue {
    match value {
        Value::BigInt(number) => AvroValue::Long(*number),
        Value::Integer(number) => AvroValue::Int(*number),
        Value::Decimal(number) => AvroValue::Decimal(Decimal::from(shortest_bytes(number.into_inner()))),
        Value::Date(date) => AvroValue::Date(date.to_unix_epoch()),
        Value::Varchar(text) => AvroValue::String(text.to_string()),
    }
}

/// Big-endian two's complement without redundant sign bytes, like Java's `BigInteger.toByteArray`.
fn shortest_bytes(unscaled: i64) -> Vec<u8> {
    let bytes = unscaled.to_be_bytes();
    let repeats_sign = |pair: &[u8]| matches!(pair, [0x00, 0x00..=0x7f] | [0xff, 0x80..=0xff]);
    let spare = bytes.windows(2).take_while(|pair| repeats_sign(pair)).count();
    bytes[spare..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_no_spare_byte() {
        let cases: [(i64, &[u8]); 7] = [
            (0, &[0]),
            (127, &[0x7f]),
            (128, &[0x00, 0x80]),
            (-1, &[0xff]),
            (-128, &[0x80]),
            (-129, &[0xff, 0x7f]),
            (i64::MIN, &[0x80, 0, 0, 0, 0, 0, 0, 0]),
        ];
        for (unscaled, bytes) in cases {
            assert_eq!(shortest_bytes(unscaled), bytes, "{unscaled}");
        }
    }
}
