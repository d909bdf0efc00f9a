//! Files of rows, and sending them to topics: each row becomes one JSON object.
//!
//! | file | a row becomes |
//! |---|---|
//! | JSON lines | the line without blanks around it; blank lines are skipped |
//! | CSV, with names in its first line | an object: numbers or booleans in columns whose every value is one as JSON spells it, text in others; an empty field is `null` |
//! | Avro, Parquet | an object: decimals and integers with all digits, dates and times as ISO 8601 and SQL write them, bytes in hex |
//!
//! Rows are not kept, so memory does not depend on the size of the file.

mod batches;
mod csv;
mod file;
mod json_lines;
mod key;
mod row;
mod send;

pub use self::file::{FileFormat, RowFile, RowFileError};
pub use self::key::KeyField;
pub use self::row::{Extent, Row};
pub use self::send::{LoadError, Loaded, Shown, load};

#[cfg(test)]
mod tests;
