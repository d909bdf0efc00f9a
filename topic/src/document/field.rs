//! One of `fields`: a column.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

use super::context::Context;
use super::error::DocumentError;
use super::metadata_columns::{check_type, default_type};
use super::node::Node;
use super::warning::Warning;
use crate::decode::{has_dates, raw};
use crate::format_hint::{self, DateFormat};
use crate::path::Path;
use crate::table::{DataFormat, FORMAT_HINT_KEY, MAPPING_KEY, SOURCE_KEY, Source, TYPE_KEY};
use crate::type_name;

/// A column, and where it was declared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeclaredColumn {
    /// Of its name.
    pub(super) path: String,
    pub(super) mapping_path: String,
    pub(super) source: Source,
    pub(super) field: Field,
    /// Whether its type is settled; else a schema may still know better.
    pub(super) typed: bool,
}

impl DeclaredColumn {
    /// The type, and the way to read it, of the column that the schema has at the mapping.
    pub(super) fn take_type_from(&mut self, fields: &[Field]) {
        if self.typed {
            return;
        }
        if let Some(known) = mapped(fields, self.field.metadata()) {
            let mut metadata = self.field.metadata().clone();
            metadata.insert(TYPE_KEY.to_owned(), type_name::name(known.data_type()));
            let field = Field::new(self.field.name(), known.data_type().clone(), true);
            self.field = field.with_metadata(metadata);
        }
    }
}

/// Reads a column of `message` or `key`, whose payloads have this `format`.
pub(super) fn read_column(
    node: &Node<'_>,
    side: &Source,
    format: DataFormat,
    context: &mut Context,
) -> Result<DeclaredColumn, DocumentError> {
    let name = node.required_text("name")?;
    node.warn_of_others(&KEYS, &mut context.warnings);
    warn_of_upper_case(node, &name, context);
    let source = read_source(node, side, context)?;
    let format = match source {
        Source::Key => context.key_format.unwrap_or(format),
        _ => format,
    };
    let (type_name, data_type) = read_type(node, &source, context)?;
    if format == DataFormat::Text
        && matches!(source, Source::Value | Source::Key)
        && data_type != DataType::Utf8
    {
        let reason = format!("a column of format text wants VARCHAR, found {type_name}");
        return Err(node.invalid("type", reason));
    }
    let hint = read_hint(node, &data_type, context)?;
    let mapping = read_mapping(node, &source, format, context)?;
    let of_schema = matches!(format, DataFormat::Avro | DataFormat::Protobuf);
    let typed = !of_schema || default_type(&source).is_some() || !type_name.trim().is_empty();
    let mut metadata = HashMap::from([
        (MAPPING_KEY.to_owned(), mapping),
        (FORMAT_HINT_KEY.to_owned(), hint),
        (TYPE_KEY.to_owned(), type_name),
    ]);
    if source != Source::Value {
        metadata.insert(SOURCE_KEY.to_owned(), source.to_string());
    }
    Ok(DeclaredColumn {
        path: node.child_path("name"),
        mapping_path: node.child_path("mapping"),
        source,
        field: Field::new(name, data_type, true).with_metadata(metadata),
        typed,
    })
}

const KEYS: [&str; 5] = ["name", "mapping", "type", "formatHint", "source"];

fn warn_of_upper_case(node: &Node<'_>, name: &str, context: &mut Context) {
    let lower = name.to_lowercase();
    if name != lower {
        let text = format!("Athena lower-cases names: the column is `{lower}`");
        node.warn("name", text, &mut context.warnings);
    }
}

fn read_source(node: &Node<'_>, side: &Source, context: &Context) -> Result<Source, DocumentError> {
    let source = node.word("source")?.unwrap_or_else(|| side.clone());
    match (&source, side) {
        (Source::Key, Source::Value) if context.key_format.is_none() => {
            Err(node.invalid("source", "a column of the key wants key.dataFormat"))
        }
        (other, Source::Key) if *other != Source::Key => Err(node.invalid(
            "source",
            format!("wanted key, found {other}; declare it in message.fields"),
        )),
        _ => Ok(source),
    }
}

/// The type as the document has it, and what it means.
fn read_type(
    node: &Node<'_>,
    source: &Source,
    context: &mut Context,
) -> Result<(String, DataType), DocumentError> {
    let type_name = node.text("type")?;
    if let (Some(data_type), true) = (default_type(source), type_name.trim().is_empty()) {
        return Ok((type_name::name(&data_type), data_type));
    }
    let data_type = match type_name::parse(&type_name, context.exact_decimal) {
        Ok(parsed) if !parsed.unknown => parsed.data_type,
        Ok(parsed) => {
            let text = format!("unknown type `{type_name}`, read as VARCHAR");
            node.warn_of_column("type", text, &mut context.warnings);
            parsed.data_type
        }
        // As the Java connector, to which every type it does not know is VARCHAR.
        Err(error) => {
            let text = format!("unknown type `{type_name}` ({error}), read as VARCHAR");
            node.warn_of_column("type", text, &mut context.warnings);
            DataType::Utf8
        }
    };
    check_type(source, &data_type).map_err(|wanted| {
        node.invalid(
            "type",
            format!("a column of source {source} wants {wanted}, found {type_name}"),
        )
    })?;
    Ok((type_name, data_type))
}

fn read_hint(node: &Node<'_>, data_type: &DataType, context: &mut Context) -> Result<String, DocumentError> {
    let hint = node.text("formatHint")?;
    if has_dates(data_type) {
        warn_of_hint(node, &hint, &mut context.warnings);
    } else if !hint.is_empty() {
        let text = format!("means nothing to {}, ignored", type_name::name(data_type));
        node.warn("formatHint", text, &mut context.warnings);
    }
    Ok(hint)
}

fn warn_of_hint(node: &Node<'_>, hint: &str, warnings: &mut Vec<Warning>) {
    if let Some(meant) = format_hint::correction(hint) {
        node.warn(
            "formatHint",
            format!("is not a format hint, read as `{meant}`"),
            warnings,
        );
    } else if let Err(error) = DateFormat::compile(hint) {
        let text = format!("{error}; texts and numbers of the column are NULL");
        node.warn_of_column("formatHint", text, warnings);
    }
}

fn read_mapping(
    node: &Node<'_>,
    source: &Source,
    format: DataFormat,
    context: &mut Context,
) -> Result<String, DocumentError> {
    let mapping = node.text("mapping")?;
    match (source, format) {
        (Source::Header, _) => return node.required_text("mapping"),
        (Source::Value | Source::Key, DataFormat::Raw) if raw::is_mapping(&mapping) => {}
        (Source::Value | Source::Key, DataFormat::Raw) => {
            let reason = format!("wanted nothing, a byte offset, or `start:end`, found `{mapping}`");
            return Err(node.invalid("mapping", reason));
        }
        (Source::Value | Source::Key, DataFormat::Text) if mapping.is_empty() => {}
        (Source::Value | Source::Key, DataFormat::Text) => {
            let reason = format!("wanted nothing, since text has no parts, found `{mapping}`");
            return Err(node.invalid("mapping", reason));
        }
        (Source::Value | Source::Key, _) if mapping.is_empty() => {
            node.warn_of_column(
                "mapping",
                "missing: the column is NULL in every row",
                &mut context.warnings,
            );
        }
        (Source::Value | Source::Key, DataFormat::Csv) if mapping.parse::<usize>().is_ok() => {}
        (Source::Value | Source::Key, DataFormat::Csv) => {
            let text = "is no index from 0 into a line of CSV: the column is NULL in every row";
            node.warn_of_column("mapping", text, &mut context.warnings);
        }
        (Source::Value | Source::Key, _) => match (Path::parse(&mapping), format) {
            (Ok(_), _) => {}
            // Java took any mapping for a key.
            (Err(error), DataFormat::Json) => {
                let text = format!("is no path ({error}): read as a key of that very name");
                node.warn("mapping", text, &mut context.warnings);
            }
            (Err(source), _) => {
                let path = node.child_path("mapping");
                return Err(DocumentError::Mapping { path, source });
            }
        },
        _ if !mapping.is_empty() => {
            let text = format!("means nothing to a column of source {source}, ignored");
            node.warn("mapping", text, &mut context.warnings);
        }
        _ => {}
    }
    Ok(mapping)
}

/// The schema's column that `mapping` names.
fn mapped<'a>(fields: &'a [Field], metadata: &HashMap<String, String>) -> Option<&'a Field> {
    let mapping = metadata.get(MAPPING_KEY)?;
    let is_mapped = |field: &&Field| field.metadata().get(MAPPING_KEY).unwrap_or(field.name()) == mapping;
    fields.iter().find(is_mapped)
}
