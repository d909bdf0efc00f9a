//! Decoding of a payload in no declared format to one text.
//!
//! | the record | the text |
//! |---|---|
//! | names a schema, in front of the payload or in a [record header](super::framing), and there is a registry that has it | of Avro and Protobuf the JSON of the datum or message; of JSON Schema the JSON itself |
//! | anything else that is UTF-8 | the payload |
//! | anything else | NULL |
//!
//! A payload may begin as a header does without being one. So where no schema has the id, or there is no registry to ask,
//! it is taken for what it is. Where a schema has the id and the rest does not follow it, the record is bad.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;

use crate::decode::avro::WholeDatum;
use crate::decode::column::ColumnBuilder;
use crate::decode::error::{RowError, TableError};
use crate::decode::framing::{self, SchemaHeader};
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::protobuf::WholeMessage;
use crate::decode::scalar::Scalar;
use crate::decode::wanted::Column;
use crate::decode::writer_schemas::{WriterSchemaError, WriterSchemaId, WriterSchemas};
use crate::definition::{SchemaDefinition, SchemaFormat};
use crate::table::DataFormat;

/// Maximum number of writers' schemas that are kept; at one more, all are dropped.
const MAX_KEPT: usize = 200;

/// Decoder of payloads in no declared format.
pub(crate) struct TextDecoder {
    writers: Arc<dyn WriterSchemas>,
    known: HashMap<WriterSchemaId, Known>,
}

/// Result of looking up the schema that a payload names, or seems to name.
enum Known {
    /// No such schema, or no registry: the payload is read as one that names no schema.
    Nothing,
    Avro(WholeDatum),
    Protobuf(Box<WholeMessage>),
    Json,
    /// Reason why the schema cannot be used.
    Unusable(String),
}

impl TextDecoder {
    /// # Errors
    /// A column that is not VARCHAR.
    pub(crate) fn new(columns: &[Column], writers: &Arc<dyn WriterSchemas>) -> Result<Self, TableError> {
        match columns.iter().find(|column| column.data_type != DataType::Utf8) {
            Some(column) => Err(TableError::UnsupportedType {
                column: column.name.clone(),
                format: DataFormat::Text,
                data_type: column.data_type.clone(),
            }),
            None => Ok(Self {
                writers: Arc::clone(writers),
                known: HashMap::new(),
            }),
        }
    }

    fn known(&mut self, id: WriterSchemaId) -> Result<&mut Known, RowError> {
        if !self.known.contains_key(&id) {
            let known = match self.writers.schema(id) {
                Ok(schema) => Known::new(id, &schema),
                Err(WriterSchemaError::Unknown { .. } | WriterSchemaError::NoRegistry { .. }) => {
                    Known::Nothing
                }
                Err(error @ WriterSchemaError::Unusable { .. }) => Known::Unusable(error.to_string()),
                Err(error @ WriterSchemaError::Unavailable { .. }) => return Err(error.into()),
            };
            if self.known.len() >= MAX_KEPT {
                self.known.clear();
            }
            self.known.insert(id, known);
        }
        Ok(self.known.entry(id).or_insert(Known::Nothing))
    }
}

impl Known {
    fn new(id: WriterSchemaId, schema: &SchemaDefinition) -> Self {
        let known = match schema.format() {
            Some(SchemaFormat::Avro) => WholeDatum::new(schema).map(Self::Avro),
            Some(SchemaFormat::Protobuf) => {
                WholeMessage::new(schema).map(|message| Self::Protobuf(Box::new(message)))
            }
            Some(SchemaFormat::Json) => Ok(Self::Json),
            None => Err(format!(
                "its format is {}, wanted AVRO, PROTOBUF or JSON",
                schema.data_format
            )),
        };
        known.unwrap_or_else(|reason| Self::Unusable(format!("the record's schema {id}: {reason}")))
    }

    /// Appends the text of `body`, whose schema is named by `name`, to each of `columns`.
    fn append(
        &mut self,
        name: &SchemaName<'_>,
        body: &[u8],
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        for column in columns.chunks_mut(1) {
            match self {
                Self::Nothing | Self::Json => append_text(body, column)?,
                Self::Avro(datum) => datum.append(body, column)?,
                Self::Protobuf(message) => match name {
                    SchemaName::Prefix(id) => message.append_framed(*id, body, &mut column[0])?,
                    SchemaName::Header(header) => message.append_written(header, body, &mut column[0])?,
                },
                Self::Unusable(reason) => return Err(RowError::bad(reason.clone())),
            }
        }
        Ok(())
    }
}

/// Place in which a record names the schema of a payload; for Protobuf, that of the message's index too.
enum SchemaName<'a> {
    /// Before the payload.
    Prefix(WriterSchemaId),
    /// In a record header.
    Header(&'a SchemaHeader<'a>),
}

impl PayloadDecoder for TextDecoder {
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
        let Some(id) = framing::named(payload) else {
            return append_text(payload, columns);
        };
        let known = self.known(id)?;
        if let Known::Nothing = known {
            return append_text(payload, columns);
        }
        let body = framing::read(payload)?.map_or(Cow::Borrowed(payload), |(_, body)| body);
        known.append(&SchemaName::Prefix(id), &body, columns)
    }

    fn decode_written(
        &mut self,
        header: &SchemaHeader<'_>,
        payload: &[u8],
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let known = self.known(header.id)?;
        known.append(&SchemaName::Header(header), payload, columns)
    }

    /// Id in the first bytes, also if no registry could confirm that they are one.
    fn schema_id(&mut self, payload: &[u8]) -> Option<WriterSchemaId> {
        framing::named(payload)
    }
}

/// Appends the payload as text; NULL if it is not UTF-8, which a column of the bytes can show.
fn append_text(payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
    let text = std::str::from_utf8(payload).map_or(Scalar::Null, Scalar::Text);
    columns.iter_mut().for_each(|column| column.append(&text));
    Ok(())
}

#[cfg(test)]
mod tests;
