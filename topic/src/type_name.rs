//! Type names of documents: one table for the parser, for tests and for the documentation.
//!
//! Names may be written in any case, with blanks around and between their parts. Complex types have Glue's
//! spelling (`array<struct<product_id:int>>`) or Athena's (`ARRAY(ROW(product_id INT))`) and nest up to
//! [`MAX_DEPTH`]; the names of a row's fields keep their case, and are in double quotes or backticks if they
//! contain anything but letters, digits and `_`.
//!
//! A plain word that is not a type is VARCHAR, as in the Java connector, and marked as
//! [unknown](Parsed::unknown). A name with brackets that is not in the table is an error here; a document
//! reads such a column as VARCHAR, too.

mod parse;
mod table;

#[cfg(test)]
mod tests;

pub use self::parse::{MAX_DEPTH, Parsed, TypeNameError, parse};
pub use self::table::{TYPES, TypeName, markdown, name};
pub(crate) use self::table::{list_of, map_of};
