//! What each format does.

use crate::decode::column::ColumnBuilder;
use crate::decode::error::RowError;
use crate::decode::framing::SchemaHeader;
use crate::decode::writer_schemas::WriterSchemaId;

/// Reads one format.
pub(crate) trait PayloadDecoder: Send {
    /// Appends exactly one row to each of `columns`, which are those the decoder was made for, in order. After an
    /// error the caller takes back whatever was appended.
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError>;

    /// As [`Self::decode`], for a payload whose schema a record header names. Formats that need no schema do not look at
    /// the header.
    fn decode_written(
        &mut self,
        header: &SchemaHeader<'_>,
        payload: &[u8],
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let _ = header;
        self.decode(payload, columns)
    }

    /// Id of the schema that a payload without such a header names; `None` for a bare one.
    fn schema_id(&mut self, payload: &[u8]) -> Option<WriterSchemaId> {
        let _ = payload;
        None
    }
}
