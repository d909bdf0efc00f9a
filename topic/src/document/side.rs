//! Side of a record as the document declares it, `message` or `key`: its format and its columns.

use std::collections::BTreeMap;

use arrow::datatypes::Field;

use super::context::Context;
use super::csv::read_csv;
use super::error::DocumentError;
use super::field::{DeclaredColumn, read_column};
use super::json::Json;
use super::mappings::PayloadSchema;
use super::node::Node;
use super::reference::SchemaReference;
use super::warning::Warning;
use crate::decode::{avro, protobuf};
use crate::definition::{ReferencedSchema, SchemaDefinition};
use crate::table::{DataFormat, Encoding, Source};

/// Declaration of values, or of keys.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Side {
    /// [`Source::Value`] or [`Source::Key`].
    pub(super) source: Source,
    /// Path of the schema's declaration, or else of the columns'.
    pub(super) schema_path: String,
    pub(super) encoding: DeclaredEncoding,
    /// Columns; if empty, all columns of the schema.
    pub(super) columns: Vec<DeclaredColumn>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum DeclaredEncoding {
    Known(Encoding),
    /// Avro or Protobuf whose schema is registered separately.
    Referenced {
        format: DataFormat,
        reference: SchemaReference,
        message: Option<String>,
    },
}

impl Side {
    pub(super) fn read(
        node: &Node<'_>,
        source: &Source,
        context: &mut Context,
    ) -> Result<Self, DocumentError> {
        let Some(format) = node.word("dataFormat")? else {
            return Err(DocumentError::Missing {
                path: node.child_path("dataFormat"),
            });
        };
        node.warn_of_others(&KEYS, &mut context.warnings);
        warn_of_keys_of_other_formats(node, format, &mut context.warnings);
        let (schema_path, encoding) = read_encoding(node, format, context)?;
        let columns = node.array("fields")?.into_iter();
        let columns = columns.map(|field| read_column(&field, source, format, context));
        Ok(Self {
            source: source.clone(),
            schema_path,
            encoding,
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    /// Schema of Avro or Protobuf payloads.
    pub(super) fn payload_schema(&self) -> PayloadSchema {
        PayloadSchema {
            source: self.source.clone(),
            path: self.schema_path.clone(),
            is_inline: matches!(self.encoding, DeclaredEncoding::Known(_)),
        }
    }

    pub(super) fn reference(&self) -> Option<&SchemaReference> {
        match &self.encoding {
            DeclaredEncoding::Known(_) => None,
            DeclaredEncoding::Referenced { reference, .. } => Some(reference),
        }
    }

    /// Encoding with its schema, and the columns; those that show this side have their types.
    pub(super) fn resolve(
        self,
        referenced: &BTreeMap<SchemaReference, SchemaDefinition>,
    ) -> Result<(Encoding, Vec<DeclaredColumn>), DocumentError> {
        let encoding = self.encoding.resolve(&self.schema_path, referenced)?;
        let mut columns = self.columns;
        if columns.is_empty() || columns.iter().any(|column| !column.typed) {
            let fields = schema_fields(&encoding).map_err(|source| DocumentError::Schema {
                path: self.schema_path.clone(),
                source,
            })?;
            match columns.is_empty() {
                true => columns.extend(
                    fields
                        .into_iter()
                        .map(|field| DeclaredColumn::of_schema(field, &self.source, &self.schema_path)),
                ),
                false => columns
                    .iter_mut()
                    .filter(|column| column.source == self.source)
                    .for_each(|column| column.take_type_from(&fields)),
            }
        }
        Ok((encoding, columns))
    }
}

impl DeclaredEncoding {
    pub(super) fn format(&self) -> DataFormat {
        match self {
            Self::Known(encoding) => encoding.format(),
            Self::Referenced { format, .. } => *format,
        }
    }

    fn resolve(
        self,
        path: &str,
        referenced: &BTreeMap<SchemaReference, SchemaDefinition>,
    ) -> Result<Encoding, DocumentError> {
        let (format, reference, message) = match self {
            Self::Known(encoding) => return Ok(encoding),
            Self::Referenced {
                format,
                reference,
                message,
            } => (format, reference, message),
        };
        let path = path.to_owned();
        let Some(schema) = referenced.get(&reference) else {
            return Err(DocumentError::Reference { path, reference });
        };
        if schema.format().map(DataFormat::from) != Some(format) {
            let found = &schema.data_format;
            let reason = format!("the registered schema `{reference}` is {found}, wanted {format}");
            return Err(DocumentError::Invalid { path, reason });
        }
        Ok(encoding_of_schema(
            format,
            (schema.definition.clone(), schema.references.clone()),
            message,
        ))
    }
}

const KEYS: [&str; 6] = [
    "dataFormat",
    "fields",
    "csv",
    "schema",
    "dataSchema",
    "messageName",
];

fn warn_of_keys_of_other_formats(node: &Node<'_>, format: DataFormat, warnings: &mut Vec<Warning>) {
    let of_schema = matches!(format, DataFormat::Avro | DataFormat::Protobuf);
    for (key, used) in [
        ("csv", format == DataFormat::Csv),
        ("schema", of_schema),
        ("dataSchema", of_schema),
        ("messageName", format == DataFormat::Protobuf),
    ] {
        if !used && node.value.is_some_and(|side| side.get(key).is_some()) {
            node.warn(key, format!("does not apply to {format}, ignored"), warnings);
        }
    }
}

/// Encoding, with the path of its schema or else of its columns.
fn read_encoding(
    node: &Node<'_>,
    format: DataFormat,
    context: &mut Context,
) -> Result<(String, DeclaredEncoding), DocumentError> {
    let encoding = match format {
        DataFormat::Json => Encoding::Json,
        DataFormat::Raw => Encoding::Raw,
        DataFormat::Text => Encoding::Text,
        DataFormat::Csv => Encoding::Csv(read_csv(node, &mut context.warnings)?),
        DataFormat::Avro | DataFormat::Protobuf => return read_schema(node, format, context),
    };
    Ok((node.child_path("fields"), DeclaredEncoding::Known(encoding)))
}

fn read_schema(
    node: &Node<'_>,
    format: DataFormat,
    context: &mut Context,
) -> Result<(String, DeclaredEncoding), DocumentError> {
    let message = match format {
        DataFormat::Protobuf => node.optional_text("messageName")?,
        _ => None,
    };
    let message = message.filter(|name| !name.trim().is_empty());
    let named = node.optional_object("schema")?;
    let encoding = match (named, node.child("dataSchema")?.value) {
        (Some(_), Some(_)) => {
            return Err(node.invalid("dataSchema", "conflicts with schema, wanted one of them"));
        }
        (None, None) => {
            let reason = format!("missing; {format} requires schema or dataSchema");
            return Err(node.invalid("schema", reason));
        }
        (None, Some(schema)) => {
            let definition = match schema {
                Json::Object(_) | Json::Array(_) if format == DataFormat::Avro => schema.to_string(),
                _ => node.required_text("dataSchema")?,
            };
            // A document refers to other schemas only by the imports of Protobuf texts.
            let references = match format {
                DataFormat::Protobuf => context.references.clone(),
                _ => Vec::new(),
            };
            let schema = (definition, references);
            let encoding = encoding_of_schema(format, schema, message);
            return Ok((node.child_path("dataSchema"), DeclaredEncoding::Known(encoding)));
        }
        (Some(schema), None) => {
            schema.warn_of_others(&["registryName", "schemaName"], &mut context.warnings);
            let registry_name = schema.optional_text("registryName")?;
            let reference = SchemaReference {
                registry_name: registry_name.filter(|name| !name.trim().is_empty()),
                schema_name: schema.required_text("schemaName")?,
            };
            DeclaredEncoding::Referenced {
                format,
                reference,
                message,
            }
        }
    };
    Ok((node.child_path("schema"), encoding))
}

fn encoding_of_schema(
    format: DataFormat,
    (definition, references): (String, Vec<ReferencedSchema>),
    message: Option<String>,
) -> Encoding {
    match format {
        DataFormat::Protobuf => Encoding::Protobuf {
            definition,
            references,
            message,
        },
        _ => Encoding::Avro {
            definition,
            references,
        },
    }
}

pub(super) fn schema_fields(encoding: &Encoding) -> Result<Vec<Field>, crate::definition::SchemaTextError> {
    match encoding {
        Encoding::Avro {
            definition,
            references,
        } => avro::fields(definition, references),
        Encoding::Protobuf {
            definition,
            references,
            message,
        } => protobuf::fields(definition, references, message.as_deref()),
        Encoding::Json | Encoding::Csv(_) | Encoding::Raw | Encoding::Text => Ok(Vec::new()),
    }
}
