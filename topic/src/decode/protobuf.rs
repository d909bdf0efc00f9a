//! Stub.

use std::sync::Arc;

use arrow::datatypes::Field;

use crate::decode::column::ColumnBuilder;
use crate::decode::{Column, DecodeError, DecoderError, PayloadDecoder, WriterSchemas};
use crate::definition::SchemaTextError;

pub(crate) struct ProtobufDecoder;

impl ProtobufDecoder {
    pub(crate) fn new(
        _columns: &[Column],
        _definition: &str,
        _message: Option<&str>,
        _writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, DecoderError> {
        Ok(Self)
    }
}

/// The columns of a table over this schema, with their metadata.
pub(crate) fn fields(_definition: &str, _message: Option<&str>) -> Result<Vec<Field>, SchemaTextError> {
    Ok(Vec::new())
}

impl PayloadDecoder for ProtobufDecoder {
    fn decode(&mut self, _payload: &[u8], _columns: &mut [ColumnBuilder]) -> Result<(), DecodeError> {
        Err(DecodeError::bad("not yet"))
    }
}
