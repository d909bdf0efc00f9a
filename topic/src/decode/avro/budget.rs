//! Limit of the memory that one record can take beyond its size.

use super::cursor::ReadError;

/// Maximum number of bytes that defaults, JSON text and long decimals, which have no input of the same
/// length, may add to a row.
const MAX_ADDED_BYTES: usize = 64 * 1024 * 1024;

/// Remaining bytes that may be added to a row without input of that length.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// Budget of one row.
    pub(super) fn of_row() -> Self {
        Self(MAX_ADDED_BYTES)
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.0 = self.0.checked_sub(bytes).ok_or(ReadError::TooLarge)?;
        Ok(())
    }
}
