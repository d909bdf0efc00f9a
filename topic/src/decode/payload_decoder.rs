//! What each format does.

use crate::decode::column::ColumnBuilder;
use crate::decode::error::RowError;

/// Reads one format.
pub(crate) trait PayloadDecoder: Send {
    /// Appends exactly one row to each of `columns`, which are those the decoder was made for, in order. After an
    /// error the caller takes back whatever was appended.
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError>;
}
