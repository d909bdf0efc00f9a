//! Decoding of Protobuf messages ([encoding](https://protobuf.dev/programming-guides/encoding/)), by
//! descriptor and without `protoc`.
//!
//! # Payloads
//!
//! | the record | its payload is |
//! |---|---|
//! | has a [record header](super::framing) with a schema's id, followed by the path to the message, as in Confluent's header below | a bare message |
//! | begins with `03` | Glue's header, an unsigned varint with the message's number, the message |
//! | begins with `00` | Confluent's header, a list of zigzag varints (a count, then the path to the message; count 0 is the path `0`), the message |
//! | anything else, or nothing | a bare message: the one the table names, else the first of the file |
//!
//! No bare message begins with `00` or `03`: both are tags of field number 0, which no field has.
//!
//! Either header names the schema that the payload was written with. The payload is decoded with that, and
//! its fields are matched by name with those of the table's message, even if it is another message. A field
//! that the writer's message does not have is NULL, since it was never written; one that the table's message
//! no longer has is still shown to a mapping that names it. A field of another type is decoded as its writer
//! wrote it, and is NULL, counted, if its column cannot hold that.
//!
//! # Values
//!
//! | in the message | in the row |
//! |---|---|
//! | scalar without presence (proto3), absent | its default: 0, `false`, empty, the first name of the enum |
//! | field with presence (proto2, `optional`, oneof, messages), absent | NULL, or the default that its declaration names |
//! | list or map, absent | empty, not NULL |
//! | member of a oneof before another one | absent |
//! | scalar given twice | the last one |
//! | message given twice | both merged |
//! | list, packed or not, whatever its declaration | all its items |
//! | entry of a map without key or value | their defaults |
//! | key given twice | the last entry |
//! | entry whose key does not fit its column | dropped, counted |
//! | text that is not UTF-8 | in VARCHAR with U+FFFD for invalid bytes |
//! | required field that is absent | NULL |
//! | field of an edition | by its `field_presence`: explicit, unless the field or its file specifies otherwise |
//! | field of another wire type than declared, extension, unknown field | ignored, as in all readers of Protobuf |
//! | bytes that are not a message, or are truncated | bad record |
//!
//! A mapping is a [path](crate::path::Path): its keys are names of fields, by the definition or in JSON, or
//! the key of a map as text; its indexes select the item of a list. A path through an absent value is NULL.
//!
//! Conversions to columns of other types than `fields` proposes are listed in `plan.rs`. Parts of a payload
//! that no column shows are skipped without being examined.
//!
//! # Memory
//!
//! The positions of its fields take at most twelve times a payload's size. The size of its columns beyond the
//! texts and bytes that they copy is limited to 256 MiB, including the memory for detecting duplicate keys.
//!
//! | file | idea |
//! |---|---|
//! | `definition` | compilation of text or base64 to descriptors |
//! | `schema` | messages, fields and enums; the message of a payload |
//! | `kind` | types of a field's values |
//! | `left_out` | parts of messages that are left out, because an import was not found |
//! | `fields` | columns of a message |
//! | `writers` | schemas of payloads |
//! | `plan` | mapping of fields to columns |
//! | `fill` | conversion of a payload to columns |
//! | `append` | appending of values to a column, by its type |
//! | `scalars` | values on the wire |
//! | `wire` | fields on the wire |
//! | `json` | messages as JSON |
//! | `well_known` | well-known messages that represent a value |

use std::sync::Arc;

use arrow::datatypes::DataType;

use crate::decode::column::ColumnBuilder;
use crate::decode::error::{RowError, TableError};
use crate::decode::framing::{self, SchemaHeader};
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::wanted::Column;
use crate::decode::writer_schemas::{WriterSchemaId, WriterSchemas};
use crate::decode::zigzag;
use crate::definition::{ReferencedSchema, SchemaDefinition, SchemaTextError};
use crate::path::Path;
use crate::table::DataFormat;

use self::definition::Compiled;
use self::fill::{Scratch, fill, fill_json};
use self::plan::{Plan, Target};
use self::schema::Schema;
use self::wire::{Reader, Span};
use self::writers::Writers;

mod append;
mod definition;
mod fields;
mod fill;
mod json;
mod kind;
mod left_out;
mod plan;
mod scalars;
mod schema;
mod well_known;
mod wire;
mod writers;

pub(crate) use self::fields::fields;

/// Maximum number of steps of a path. No definition nests messages as deep as the compiler allows, so a
/// longer path has no match.
const MAX_PATH: i64 = 100;

/// Maximum number of fields whose absence is reported.
const MAX_LEFT_OUT: usize = 20;

/// Decoder of Protobuf messages.
pub(crate) struct ProtobufDecoder {
    columns: Vec<Target>,
    reader: Arc<Schema>,
    /// Plan for payloads without header.
    plan: Plan,
    writers: Writers,
    scratch: Scratch,
}

impl ProtobufDecoder {
    pub(crate) fn new(
        columns: &[Column],
        (definition, references): (&str, &[ReferencedSchema]),
        message: Option<&str>,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        let error = |reason| TableError::Schema {
            format: DataFormat::Protobuf,
            reason,
        };
        let schema = Schema::compile(definition, references).map_err(|text| error(text.reason))?;
        let message = schema.choose(message).map_err(|text| error(text.reason))?;
        let columns = columns.iter().map(Target::new);
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(error)?;
        let reader = Arc::new(schema);
        Ok(Self {
            plan: Plan::new(&reader, message, &columns),
            columns,
            writers: Writers::new(writers, (definition, references), &reader),
            reader,
            scratch: Scratch::default(),
        })
    }

    fn decode_framed(
        &mut self,
        id: WriterSchemaId,
        body: &[u8],
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let writer = self.writers.writer(id)?;
        let (message, payload) = read_message(&writer.schema, id, body)?;
        let schema = Arc::clone(&writer.schema);
        let plan = writer.plan(message, &self.columns)?;
        fill(plan, &schema, payload, &mut self.scratch, columns)
    }
}

/// Match of a mapping in a schema.
pub(crate) enum Match {
    Part,
    Nothing,
    /// It would match a field, or the column's type has one, that is left out for this reason.
    LeftOut(String),
}

/// Match of each path, for a column of its type, in the schema's message.
pub(crate) fn matches(
    definition: &str,
    references: &[ReferencedSchema],
    message: Option<&str>,
    paths: &[(Path, &DataType)],
) -> Result<Vec<Match>, SchemaTextError> {
    let schema = Schema::compile(definition, references)?;
    let message = schema.choose(message)?;
    let matches = paths.iter().map(|(path, data_type)| {
        match left_out::why_left_out(&schema, message, &path.steps, data_type) {
            Some(reason) => Match::LeftOut(reason),
            None if plan::leads_somewhere(&schema, message, path) => Match::Part,
            None => Match::Nothing,
        }
    });
    Ok(matches.collect())
}

/// Paths of imports that fields need, and which are neither known nor among `references`; empty if the definition does
/// not compile for another reason.
pub(crate) fn missing_imports(definition: &str, references: &[ReferencedSchema]) -> Vec<String> {
    let compiled = definition::compile(definition, references);
    compiled.map_or_else(|_| Vec::new(), |compiled| compiled.incomplete.missing_imports)
}

/// Fields that are left out because an import was not found, each as `message.field`, with the reason; the first
/// [`MAX_LEFT_OUT`] of them.
pub(crate) fn left_out(
    definition: &str,
    references: &[ReferencedSchema],
) -> Result<Vec<(String, String)>, SchemaTextError> {
    let Compiled { incomplete, .. } = definition::compile(definition, references)?;
    let fields = incomplete.left_out.iter().take(MAX_LEFT_OUT);
    let fields = fields.map(|field| {
        let name = format!("{}.{}", field.message, field.name);
        (name, incomplete.reason(field))
    });
    Ok(fields.collect())
}

impl PayloadDecoder for ProtobufDecoder {
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
        match framing::read(payload)? {
            Some((id, body)) => self.decode_framed(id, &body, columns),
            None => fill(&self.plan, &self.reader, payload, &mut self.scratch, columns),
        }
    }

    fn decode_written(
        &mut self,
        header: &SchemaHeader<'_>,
        payload: &[u8],
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let writer = self.writers.writer(header.id)?;
        let path = read_path(&writer.schema, header.message_index);
        let (message, _) = path.map_err(RowError::of_record_header)?;
        let schema = Arc::clone(&writer.schema);
        let plan = writer.plan(message, &self.columns)?;
        fill(plan, &schema, payload, &mut self.scratch, columns)
    }

    fn schema_id(&mut self, payload: &[u8]) -> Option<WriterSchemaId> {
        framing::named(payload)
    }
}

/// Decoder of whole messages of one schema, as JSON.
pub(crate) struct WholeMessage {
    schema: Schema,
    scratch: Scratch,
}

impl WholeMessage {
    /// # Errors
    /// The reason, if the schema cannot be used.
    pub(crate) fn new(schema: &SchemaDefinition) -> Result<Self, String> {
        let compiled = Schema::compile(&schema.definition, &schema.references);
        let schema = compiled.map_err(|error| error.reason)?;
        // A message without some of its fields is not what was written.
        if let Some(reason) = schema.first_left_out() {
            return Err(reason);
        }
        Ok(Self {
            schema,
            scratch: Scratch::default(),
        })
    }

    /// Appends the JSON of the message in `body`, which comes after a header that names the schema, to a VARCHAR column.
    pub(crate) fn append_framed(
        &mut self,
        id: WriterSchemaId,
        body: &[u8],
        column: &mut ColumnBuilder,
    ) -> Result<(), RowError> {
        let (message, payload) = read_message(&self.schema, id, body)?;
        fill_json(&self.schema, message, payload, &mut self.scratch, column)
    }

    /// Appends the JSON of a bare message whose schema and index a record header names.
    pub(crate) fn append_written(
        &mut self,
        header: &SchemaHeader<'_>,
        payload: &[u8],
        column: &mut ColumnBuilder,
    ) -> Result<(), RowError> {
        let path = read_path(&self.schema, header.message_index);
        let (message, _) = path.map_err(RowError::of_record_header)?;
        fill_json(&self.schema, message, payload, &mut self.scratch, column)
    }
}

/// Removes the message's number or path from a body that follows a header; returns the message and the rest.
fn read_message<'a>(
    schema: &Schema,
    id: WriterSchemaId,
    body: &'a [u8],
) -> Result<(usize, &'a [u8]), RowError> {
    match id {
        WriterSchemaId::Glue(_) => read_rank(schema, body),
        WriterSchemaId::Confluent(_) | WriterSchemaId::ConfluentGuid(_) => read_path(schema, body),
    }
}

/// Removes Glue's number of the message from the body.
fn read_rank<'a>(schema: &Schema, body: &'a [u8]) -> Result<(usize, &'a [u8]), RowError> {
    let mut reader = Reader::new(body, Span::whole(body)?);
    let rank = reader.varint()?;
    let message = schema.at_rank(rank).ok_or_else(|| {
        RowError::bad(format!(
            "message {rank} does not exist: the definition has {}",
            schema.ranks()
        ))
    })?;
    Ok((message, reader.rest()))
}

/// Removes Confluent's path to the message from the body.
fn read_path<'a>(schema: &Schema, body: &'a [u8]) -> Result<(usize, &'a [u8]), RowError> {
    let mut reader = Reader::new(body, Span::whole(body)?);
    let steps = match zigzag::unfold(reader.varint()?) {
        0 => return first(schema).map(|message| (message, reader.rest())),
        steps @ 1..=MAX_PATH => steps,
        steps => {
            return Err(RowError::bad(format!("a path of {steps} steps to the message")));
        }
    };
    let mut among = schema.top();
    let mut message = None;
    for _ in 0..steps {
        let step = zigzag::unfold(reader.varint()?);
        let next = usize::try_from(step).ok().and_then(|step| among.get(step));
        let next = *next.ok_or_else(|| {
            RowError::bad(format!(
                "message {step} does not exist: the list has {}",
                among.len()
            ))
        })?;
        message = Some(next);
        among = schema.nested(next);
    }
    let message = message.map_or_else(|| first(schema), Ok)?;
    Ok((message, reader.rest()))
}

fn first(schema: &Schema) -> Result<usize, RowError> {
    let first = schema.top().first().copied();
    first.ok_or_else(|| RowError::bad("message 0 does not exist: the definition has none"))
}

#[cfg(test)]
mod tests;
