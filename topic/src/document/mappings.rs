//! Check of mappings against the schemas of payloads.
//!
//! A document that contains its schema is inconsistent if a mapping has no match in it. A schema that is
//! registered separately may have dropped the field in a newer version: older records still show it, the
//! others NULL.

use super::DocumentError;
use crate::decode::{avro, protobuf};
use crate::definition::SchemaTextError;
use crate::path::Path;
use crate::table::{Encoding, MAPPING_KEY, SOURCE_KEY, Source, TopicTable};

/// Payload schema of a side of records, as in the document.
pub(super) struct PayloadSchema {
    pub(super) source: Source,
    /// Path in the document at which the schema is declared or named.
    pub(super) path: String,
    /// Whether the document contains its text.
    pub(super) is_inline: bool,
}

impl PayloadSchema {
    /// Checks the columns of the table that show this side. `mapping_path` returns the place of a column's
    /// mapping in the document.
    pub(super) fn check(
        &self,
        table: &TopicTable,
        mapping_path: impl Fn(usize) -> String,
    ) -> Result<(), DocumentError> {
        let missing = missing(table, &self.source).map_err(|source| DocumentError::Schema {
            path: self.path.clone(),
            source,
        })?;
        match missing.first() {
            Some(&column) if self.is_inline => {
                let mapping = &table.schema.field(column).metadata()[MAPPING_KEY];
                Err(DocumentError::Invalid {
                    path: mapping_path(column),
                    reason: format!("`{mapping}` matches no field of the schema"),
                })
            }
            _ => Ok(()),
        }
    }
}

/// Columns of a table whose mappings have no match in the schema of their payloads: they are NULL, except in
/// records whose writers' schemas have the part.
pub fn columns_without_part(table: &TopicTable) -> Vec<&str> {
    let sides = [Source::Value, Source::Key];
    let columns = sides
        .iter()
        .flat_map(|side| missing(table, side).unwrap_or_default());
    columns
        .map(|column| table.schema.field(column).name().as_str())
        .collect()
}

fn missing(table: &TopicTable, side: &Source) -> Result<Vec<usize>, SchemaTextError> {
    let encoding = match side {
        Source::Key => table.key.as_ref(),
        _ => Some(&table.value),
    };
    let mut columns = Vec::new();
    let mut paths = Vec::new();
    for (at, field) in table.schema.fields().iter().enumerate() {
        let text = |key| field.metadata().get(key).map_or("", String::as_str);
        let is_of_side = match text(SOURCE_KEY) {
            "" => *side == Source::Value,
            source => source.parse() == Ok(side.clone()),
        };
        if let (true, Ok(path)) = (is_of_side, Path::parse(text(MAPPING_KEY))) {
            columns.push(at);
            paths.push(path);
        }
    }
    let lead_somewhere = match encoding {
        Some(Encoding::Avro {
            definition,
            references,
        }) => avro::lead_somewhere(definition, references, &paths)?,
        Some(Encoding::Protobuf {
            definition,
            references,
            message,
        }) => protobuf::lead_somewhere(definition, references, message.as_deref(), &paths)?,
        _ => return Ok(Vec::new()),
    };
    let columns = columns.into_iter().zip(lead_somewhere);
    Ok(columns
        .filter_map(|(column, leads)| (!leads).then_some(column))
        .collect())
}
