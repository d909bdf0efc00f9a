//! Check of mappings against the schemas of payloads.
//!
//! A document that contains its schema is inconsistent if a mapping has no match in it. A schema that is
//! registered separately may have dropped the field in a newer version: older records still show it, the
//! others NULL. A mapping of what a missing import leaves out is an error in both cases.

use super::DocumentError;
use super::warning::Warning;
use crate::decode::protobuf::Match;
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
        let unmatched = unmatched(table, &self.source).map_err(|source| DocumentError::Schema {
            path: self.path.clone(),
            source,
        })?;
        for (column, why) in unmatched {
            let mapping = &table.schema.field(column).metadata()[MAPPING_KEY];
            let reason = match why {
                Unmatched::LeftOut(reason) => format!("`{mapping}` cannot be read: {reason}"),
                Unmatched::Nothing if self.is_inline => {
                    format!("`{mapping}` matches no field of the schema")
                }
                Unmatched::Nothing => continue,
            };
            return Err(DocumentError::Invalid {
                path: mapping_path(column),
                reason,
            });
        }
        Ok(())
    }
}

/// Columns of a table whose mappings have no match in the schema of their payloads: they are NULL, except in
/// records whose writers' schemas have the part.
pub fn columns_without_part(table: &TopicTable) -> Vec<&str> {
    let sides = [Source::Value, Source::Key];
    let columns = sides
        .iter()
        .flat_map(|side| unmatched(table, side).unwrap_or_default());
    columns
        .map(|(column, _)| table.schema.field(column).name().as_str())
        .collect()
}

/// Fields of a table's Protobuf schemas that are left out, as neither they nor parts of them are columns: their types are
/// in imports that were not found.
pub fn left_out_fields(table: &TopicTable) -> Vec<Warning> {
    let sides = [Some(&table.value), table.key.as_ref()];
    let fields = sides.into_iter().flatten().flat_map(|encoding| match encoding {
        Encoding::Protobuf {
            definition,
            references,
            ..
        } => protobuf::left_out(definition, references).unwrap_or_default(),
        _ => Vec::new(),
    });
    let warnings = fields.map(|(field, reason)| Warning {
        path: field,
        text: format!("is left out: {reason}"),
        changes_column: true,
    });
    warnings.collect()
}

/// Reason why a mapping has no match.
enum Unmatched {
    Nothing,
    LeftOut(String),
}

/// Columns of a side whose mappings have no match in the schema.
fn unmatched(table: &TopicTable, side: &Source) -> Result<Vec<(usize, Unmatched)>, SchemaTextError> {
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
            paths.push((path, field.data_type()));
        }
    }
    let unmatched: Vec<Option<Unmatched>> = match encoding {
        Some(Encoding::Avro {
            definition,
            references,
        }) => {
            let paths: Vec<Path> = paths.into_iter().map(|(path, _)| path).collect();
            let leads = avro::lead_somewhere(definition, references, &paths)?.into_iter();
            leads
                .map(|leads| (!leads).then_some(Unmatched::Nothing))
                .collect()
        }
        Some(Encoding::Protobuf {
            definition,
            references,
            message,
        }) => {
            let matches = protobuf::matches(definition, references, message.as_deref(), &paths)?;
            let matches = matches.into_iter().map(|found| match found {
                Match::Part => None,
                Match::Nothing => Some(Unmatched::Nothing),
                Match::LeftOut(reason) => Some(Unmatched::LeftOut(reason)),
            });
            matches.collect()
        }
        _ => return Ok(Vec::new()),
    };
    let columns = columns.into_iter().zip(unmatched);
    Ok(columns.filter_map(|(column, why)| Some((column, why?))).collect())
}
