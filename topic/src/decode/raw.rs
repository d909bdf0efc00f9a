//! Stub.

use crate::decode::column::ColumnBuilder;
use crate::decode::{Column, DecodeError, DecoderError, PayloadDecoder};

pub(crate) struct RawDecoder;

impl RawDecoder {
    pub(crate) fn new(_columns: &[Column]) -> Result<Self, DecoderError> {
        Ok(Self)
    }
}

impl PayloadDecoder for RawDecoder {
    fn decode(&mut self, _payload: &[u8], _columns: &mut [ColumnBuilder]) -> Result<(), DecodeError> {
        Err(DecodeError::bad("not yet"))
    }
}
