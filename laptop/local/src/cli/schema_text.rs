//! Data formats of schemas, and the columns of their tables.

use std::collections::HashSet;
use std::path::Path;

use clap::ValueEnum;
use embedded::glue::DataFormat;
use topic::table::COMMENT_KEY;
use topic::{TopicTable, Warning};

use crate::schema_files::data_format_of;
use crate::types::{sql_name, sql_schema};

/// Data formats of Glue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RegisteredAs {
    /// Topic document or JSON Schema.
    Json,
    Avro,
    Protobuf,
}

impl RegisteredAs {
    /// Name in Glue.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Avro => "AVRO",
            Self::Protobuf => "PROTOBUF",
        }
    }

    /// Format by the extension of a file's name.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        data_format_of(path).map(|format| match format {
            DataFormat::Json => Self::Json,
            DataFormat::Avro => Self::Avro,
            DataFormat::Protobuf => Self::Protobuf,
        })
    }
}

/// Prints each warning to standard error, equal ones once.
pub(super) fn print_warnings(warnings: &[Warning]) {
    let mut printed = HashSet::new();
    for warning in warnings {
        let line = warning.to_string();
        if printed.insert(line.clone()) {
            eprintln!("warning: {line}");
        }
    }
}

/// Topic and a line for each column.
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
        .zip(table.schema.fields())
        .map(|(field, wire)| {
            let comment = wire
                .metadata()
                .get(COMMENT_KEY)
                .map_or_else(String::new, |comment| {
                    format!(
                        "  -- {}",
                        comment.split_whitespace().collect::<Vec<_>>().join(" ")
                    )
                });
            format!(
                "{:width$}  {}{comment}",
                field.name(),
                sql_name(field.data_type())
            )
        });
    let mut text = format!("topic {}, {} values", table.topic, table.value.format());
    for line in lines {
        text.push('\n');
        text.push_str(&line);
    }
    text
}
