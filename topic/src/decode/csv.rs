//! Stub.

use crate::decode::column::ColumnBuilder;
use crate::decode::{Column, DecodeError, DecoderError, PayloadDecoder};

use crate::table::CsvOptions;

pub(crate) struct CsvDecoder;

impl CsvDecoder {
    pub(crate) fn new(_columns: &[Column], _options: &CsvOptions) -> Result<Self, DecoderError> {
        Ok(Self)
    }
}

impl PayloadDecoder for CsvDecoder {
    fn decode(&mut self, _payload: &[u8], _columns: &mut [ColumnBuilder]) -> Result<(), DecodeError> {
        Err(DecodeError::bad("not yet"))
    }
}
