//! Schemas as they are registered: their format, and the table that they make.

use clap::ValueEnum;
use topic::TopicTable;

use crate::types::{sql_name, sql_schema};

/// Glue's data formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RegisteredAs {
    /// A topic document or a JSON Schema.
    Json,
    Avro,
    Protobuf,
}

impl RegisteredAs {
    /// Glue's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Avro => "AVRO",
            Self::Protobuf => "PROTOBUF",
        }
    }

    /// By the ending of a file's name.
    pub(super) fn of_file(path: &std::path::Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" => Some(Self::Json),
            "avsc" => Some(Self::Avro),
            "proto" => Some(Self::Protobuf),
            _ => None,
        }
    }
}

/// The topic and a line for each column.
pub(super) fn columns(table: &TopicTable) -> String {
    let schema = sql_schema(&table.schema);
    let width = schema
        .fields()
        .iter()
        .map(|field| field.name().len())
        .max()
        .unwrap_or(0);
    let lines = schema
        .fields()
        .iter()
        .map(|field| format!("{:width$}  {}", field.name(), sql_name(field.data_type())));
    let mut text = format!("topic {}, {} values", table.topic, table.value.format());
    for line in lines {
        text.push('\n');
        text.push_str(&line);
    }
    text
}
