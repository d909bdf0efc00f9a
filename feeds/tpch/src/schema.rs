//! Schema definitions for a registry, from which the connectors make tables of topics.
//!
//! | format | Glue's data format | definition |
//! |---|---|---|
//! | JSON | `JSON` | a topic document, columns mapped to keys of their own name |
//! | CSV | `JSON` | a topic document, columns mapped to positions |
//! | Avro | `AVRO` | the Avro schema itself: the topic has the schema's name |
//! | Protobuf | `JSON` | a topic document that holds the text of `proto/tpch.proto` and names a message of it |

use serde_json::{Value, json};

use crate::encode::{Format, PROTO, avro_schema, message_name};
use crate::table::{Column, ColumnType, Table};

/// Schema of a registry: its text and data format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDefinition {
    /// `JSON` or `AVRO`.
    pub data_format: &'static str,
    pub definition: String,
}

impl SchemaDefinition {
    /// Definition of `table`, which `topic` holds in `format`. It must be registered under the name of the
    /// topic, which an Avro schema does not contain.
    pub fn new(table: Table, format: Format, topic: &str) -> Self {
        match format {
            Format::Avro => Self {
                data_format: "AVRO",
                definition: avro_schema(table),
            },
            Format::Json | Format::Csv | Format::Protobuf => Self {
                data_format: "JSON",
                definition: format!("{:#}", document(table, format, topic)),
            },
        }
    }

    /// File extension of the definition.
    pub fn file_extension(&self) -> &'static str {
        if self.data_format == "AVRO" {
            "avsc"
        } else {
            "json"
        }
    }
}

fn document(table: Table, format: Format, topic: &str) -> Value {
    let columns = table.columns().iter().enumerate();
    let fields: Vec<_> = columns.map(|(at, column)| field(at, column, format)).collect();
    let mut message = json!({ "dataFormat": format.name(), "fields": fields });
    if format == Format::Protobuf {
        message["dataSchema"] = PROTO.into();
        message["messageName"] = message_name(table).into();
    }
    if format == Format::Csv {
        // Some comments end in a blank.
        message["csv"] = json!({ "trim": false });
    }
    json!({ "topicName": topic, "message": message })
}

fn field(at: usize, column: &Column, format: Format) -> Value {
    let mapping = match format {
        Format::Csv => at.to_string(),
        Format::Json | Format::Avro | Format::Protobuf => column.name.to_owned(),
    };
    let mut field = json!({ "name": column.name, "mapping": mapping, "type": type_name(column.column_type) });
    if column.column_type == ColumnType::Date {
        field["formatHint"] = "yyyy-MM-dd".into();
    }
    field
}

fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::BigInt => "BIGINT",
        ColumnType::Integer => "INTEGER",
        ColumnType::Decimal => "DECIMAL(15,2)",
        ColumnType::Date => "DATE",
        ColumnType::Varchar => "VARCHAR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(table: Table, format: Format) -> Value {
        let schema = SchemaDefinition::new(table, format, "a-topic");
        serde_json::from_str(&schema.definition).unwrap()
    }

    #[test]
    fn documents_name_their_topic_and_every_column() {
        for format in [Format::Json, Format::Csv, Format::Protobuf] {
            for table in Table::ALL {
                let document = parsed(table, format);
                assert_eq!(document["topicName"], "a-topic");
                assert_eq!(document["message"]["dataFormat"], format.name());
                let names = document["message"]["fields"].as_array().unwrap().iter();
                let names: Vec<_> = names.map(|field| field["name"].as_str().unwrap()).collect();
                let columns: Vec<_> = table.columns().iter().map(|column| column.name).collect();
                assert_eq!(names, columns);
            }
        }
    }

    #[test]
    fn csv_columns_are_positions() {
        let document = parsed(Table::Partsupp, Format::Csv);
        assert_eq!(
            document["message"]["fields"][3],
            json!({ "name": "ps_supplycost", "mapping": "3", "type": "DECIMAL(15,2)" })
        );
    }

    #[test]
    fn dates_say_how_they_are_written() {
        let document = parsed(Table::Orders, Format::Json);
        assert_eq!(document["message"]["fields"][4]["formatHint"], "yyyy-MM-dd");
    }

    #[test]
    fn an_avro_schema_stands_for_itself() {
        let schema = SchemaDefinition::new(Table::Orders, Format::Avro, "a-topic");
        assert_eq!((schema.data_format, schema.file_extension()), ("AVRO", "avsc"));
        assert_eq!(parsed(Table::Orders, Format::Avro)["type"], "record");
    }
}
