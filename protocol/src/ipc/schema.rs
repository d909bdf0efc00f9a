//! Schemas as encapsulated messages.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, write_message};

use super::framing::{Encapsulated, IpcFraming, arrow};
use super::read_schema::read_schema;
use super::types::check_block_types;
use super::{bytes_from_json, encode_base64};
use crate::error::{EncodeError, Fault, Rule, WireError};
use crate::json::{FromJson, Json, Object};
use crate::version::SerdeVersion;

/// Encodes a schema with its metadata, in which connectors pass hints from call to call.
///
/// # Errors
/// If a column has a type that a block cannot carry.
pub fn encode_schema(schema: &Schema, framing: IpcFraming) -> Result<Vec<u8>, EncodeError> {
    check_block_types(schema)?;
    let options = framing.write_options()?;
    let mut no_dictionaries = DictionaryTracker::new(true);
    let encoded = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
        schema,
        &mut no_dictionaries,
        &options,
    );
    let mut bytes = Vec::new();
    write_message(&mut bytes, encoded, &options)?;
    Ok(bytes)
}

/// Decodes a schema in either framing. Bytes after the message are ignored, as the peer's reader does.
///
/// # Errors
/// If the bytes are not a schema message, or hold a type that a block cannot carry.
pub fn decode_schema(bytes: &[u8]) -> Result<SchemaRef, WireError> {
    schema_from_bytes(bytes).map_err(|rule| Fault::from(rule).in_message("arrow schema"))
}

fn schema_from_bytes(bytes: &[u8]) -> Result<SchemaRef, Rule> {
    let message = Encapsulated::split(bytes)?.message()?;
    let schema = message.header_as_schema().ok_or_else(|| {
        arrow(format!(
            "it is a {:?} message, wanted a schema",
            message.header_type()
        ))
    })?;
    Ok(Arc::new(read_schema(schema)?))
}

/// Schema as JSON, which version 1 wraps in an object.
pub(crate) fn schema_to_json(schema: &Schema, version: SerdeVersion) -> Result<Json<'static>, EncodeError> {
    let text = schema_to_text(schema, version.framing())?;
    Ok(match version {
        SerdeVersion::V1 => Object::new().with(WRAPPED, text).into(),
        _ => text.into(),
    })
}

pub(super) fn schema_to_text(schema: &Schema, framing: IpcFraming) -> Result<String, EncodeError> {
    Ok(encode_base64(&encode_schema(schema, framing)?))
}

/// Only key of that object.
const WRAPPED: &str = "schema";

impl FromJson for SchemaRef {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        match json {
            Json::Object(object) => object.required_with(WRAPPED, schema_from_text),
            text => schema_from_text(text),
        }
    }
}

fn schema_from_text(json: &Json<'_>) -> Result<SchemaRef, Fault> {
    Ok(schema_from_bytes(&bytes_from_json(json)?)?)
}
