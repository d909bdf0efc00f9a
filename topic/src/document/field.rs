//! Column declarations, the entries of `fields`.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

use super::context::Context;
use super::error::DocumentError;
use super::metadata_columns::{check_type, default_type};
use super::node::Node;
use super::warning::Warning;
use crate::decode::{has_dates, has_decimals, raw};
use crate::format_hint::{self, DateFormat};
use crate::path::Path;
use crate::table::{COMMENT_KEY, DataFormat, FORMAT_HINT_KEY, MAPPING_KEY, SOURCE_KEY, Source, TYPE_KEY};
use crate::type_name;

/// Column with the place of its declaration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeclaredColumn {
    /// Path of its name.
    pub(super) path: String,
    pub(super) mapping_path: String,
    pub(super) source: Source,
    pub(super) field: Field,
    /// Whether its type is final; else a schema may provide it.
    pub(super) typed: bool,
}

impl DeclaredColumn {
    /// Column of a schema at `path`, which describes this side of a record.
    pub(super) fn of_schema(field: Field, source: &Source, path: &str) -> Self {
        let mut metadata = field.metadata().clone();
        if *source != Source::Value {
            metadata.insert(SOURCE_KEY.to_owned(), source.to_string());
        }
        Self {
            path: path.to_owned(),
            mapping_path: path.to_owned(),
            source: source.clone(),
            field: field.with_metadata(metadata),
            typed: true,
        }
    }

    /// Takes type and metadata of the schema's column at the mapping.
    pub(super) fn take_type_from(&mut self, fields: &[Field]) {
        if self.typed {
            return;
        }
        if let Some(known) = mapped(fields, self.field.metadata()) {
            let mut metadata = self.field.metadata().clone();
            metadata.insert(TYPE_KEY.to_owned(), type_name::name(known.data_type()));
            if let Some(comment) = known.metadata().get(COMMENT_KEY) {
                metadata
                    .entry(COMMENT_KEY.to_owned())
                    .or_insert_with(|| comment.clone());
            }
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
    let comment = node.text("comment")?;
    if !comment.trim().is_empty() {
        metadata.insert(COMMENT_KEY.to_owned(), comment);
    }
    Ok(DeclaredColumn {
        path: node.child_path("name"),
        mapping_path: node.child_path("mapping"),
        source,
        field: Field::new(name, data_type, true).with_metadata(metadata),
        typed,
    })
}

const KEYS: [&str; 6] = ["name", "mapping", "type", "formatHint", "source", "comment"];

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
            Err(node.invalid("source", "a column of the key requires key.dataFormat"))
        }
        (other, Source::Key) if *other != Source::Key => Err(node.invalid(
            "source",
            format!("wanted key, found {other}; declare it in message.fields"),
        )),
        _ => Ok(source),
    }
}

/// Type as spelled in the document, and its meaning.
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
        // Like the Java connector, which reads every unknown type as VARCHAR.
        Err(error) => {
            let text = format!("unknown type `{type_name}` ({error}), read as VARCHAR");
            node.warn_of_column("type", text, &mut context.warnings);
            DataType::Utf8
        }
    };
    check_type(source, &data_type).map_err(|wanted| {
        node.invalid(
            "type",
            format!("a column of source {source} requires {wanted}, found {type_name}"),
        )
    })?;
    Ok((type_name, data_type))
}

fn read_hint(node: &Node<'_>, data_type: &DataType, context: &mut Context) -> Result<String, DocumentError> {
    let hint = node.text("formatHint")?;
    if hint == format_hint::BASE64 && has_decimals(data_type) {
        return Ok(hint);
    }
    if has_dates(data_type) {
        warn_of_hint(node, &hint, &mut context.warnings);
    } else if !hint.is_empty() {
        let text = format!("does not apply to {}, ignored", type_name::name(data_type));
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
    } else {
        let suspicions = format_hint::suspicions(hint);
        if !suspicions.is_empty() {
            node.warn("formatHint", suspicions.join("; "), warnings);
        }
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
            let reason = format!("wanted an empty mapping, a byte offset or `start:end`, found `{mapping}`");
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
            let text = "is not the index of a CSV field, from 0: the column is NULL in every row";
            node.warn_of_column("mapping", text, &mut context.warnings);
        }
        (Source::Value | Source::Key, _) => match (Path::parse(&mapping), format) {
            (Ok(_), _) => {}
            // Java accepts any mapping as a key.
            (Err(error), DataFormat::Json) => {
                let text = format!("is not a path ({error}), read as the key of exactly this name");
                node.warn("mapping", text, &mut context.warnings);
            }
            (Err(source), _) => {
                let path = node.child_path("mapping");
                return Err(DocumentError::Mapping { path, source });
            }
        },
        _ if !mapping.is_empty() => {
            let text = format!("does not apply to a column of source {source}, ignored");
            node.warn("mapping", text, &mut context.warnings);
        }
        _ => {}
    }
    Ok(mapping)
}

/// Column of the schema that `mapping` names.
fn mapped<'a>(fields: &'a [Field], metadata: &HashMap<String, String>) -> Option<&'a Field> {
    let mapping = metadata.get(MAPPING_KEY)?;
    let is_mapped = |field: &&Field| field.metadata().get(MAPPING_KEY).unwrap_or(field.name()) == mapping;
    fields.iter().find(is_mapped)
}
