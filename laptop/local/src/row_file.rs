//! Files of rows, to be sent to topics: each row is one JSON object.
//!
//! | file | a row becomes |
//! |---|---|
//! | JSON lines | the line as it is, without blanks around it; lines of blanks are none |
//! | CSV, with names in its first line | an object: a column whose every value is a number, `true` or `false` as JSON spells them has these, others have texts; an empty field is `null` |
//! | Avro, Parquet | an object: decimals and integers with all digits, dates and times as ISO 8601 and SQL write them, bytes in hex |
//!
//! No row is kept: memory does not depend on the file.

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
