//! Trino's JSON in DataFusion: a type, its functions, and casts out of it.
//!
//! DataFusion has no JSON type. Here JSON is text (`Utf8`) whose field carries Arrow's extension name
//! [`EXTENSION_NAME`]; the name travels with the field through projections, so a cast far from its
//! `json_parse` still knows what it casts. Three parts follow:
//!
//! * [`functions`]: `json_parse`, `json_format`, `json_extract`, `json_extract_scalar`, `json_array_length`,
//!   `json_size`, `is_json_scalar`;
//! * [`cast`]: `CAST` and `TRY_CAST` from JSON, one pass from text into Arrow columns;
//! * [`rule`]: the analyzer rule that puts such a cast in the place of DataFusion's own.

use arrow::datatypes::{DataType, Field};

mod cast;
mod column;
mod functions;
mod path;
mod read;
mod rule;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use functions::functions;
pub(crate) use rule::JsonCasts;

/// Arrow's canonical extension name for JSON text.
pub(crate) const EXTENSION_NAME: &str = "arrow.json";
const EXTENSION_NAME_KEY: &str = "ARROW:extension:name";

/// A nullable column of type JSON.
pub(crate) fn json_field(name: &str) -> Field {
    let metadata = [(EXTENSION_NAME_KEY.to_owned(), EXTENSION_NAME.to_owned())];
    Field::new(name, DataType::Utf8, true).with_metadata(metadata.into())
}

/// Whether the field is text marked as JSON.
pub(crate) fn is_json(field: &Field) -> bool {
    let marked = field
        .metadata()
        .get(EXTENSION_NAME_KEY)
        .is_some_and(|name| name == EXTENSION_NAME);
    marked
        && matches!(
            field.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
}
