//! A bound on what one record can make of a few bytes.

use super::cursor::ReadError;

/// How many bytes defaults, JSON text and long decimals, none of which takes input of its length, may add to a row.
const MAX_ADDED_BYTES: usize = 64 * 1024 * 1024;

/// What may still be added to a row without input of its length.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// The budget of one row.
    pub(super) fn of_row() -> Self {
        Self(MAX_ADDED_BYTES)
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.0 = self.0.checked_sub(bytes).ok_or(ReadError::TooLarge)?;
        Ok(())
    }
}
