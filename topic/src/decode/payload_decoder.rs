//! Trait of the formats.

use crate::decode::column::ColumnBuilder;
use crate::decode::error::RowError;
use crate::decode::framing::SchemaHeader;
use crate::decode::writer_schemas::WriterSchemaId;

/// Decoder of one format.
pub(crate) trait PayloadDecoder: Send {
    /// Appends exactly one row to each of `columns`, which are those the decoder was made for, in order.
    /// After an error the caller removes what was appended.
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError>;

    /// Decodes like [`Self::decode`] a payload whose schema a record header names. Formats that need no
    /// schema ignore the header.
    fn decode_written(
        &mut self,
        header: &SchemaHeader<'_>,
        payload: &[u8],
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let _ = header;
        self.decode(payload, columns)
    }

    /// Id of the schema in a payload without such a header; `None` for a bare one.
    fn schema_id(&mut self, payload: &[u8]) -> Option<WriterSchemaId> {
        let _ = payload;
        None
    }
}
