//! Trino's JSON in DataFusion: a type, its functions, and casts out of it.
//!
//! DataFusion has no JSON type. Here JSON is text (`Utf8`) whose field has Arrow's extension name
//! [`field::EXTENSION_NAME`]; projections keep the field with its name, so a cast far from its `json_parse`
//! still recognises JSON. It has three parts:
//!
//! * [`functions`]: `json_parse`, `json_format`, `json_extract`, `json_extract_scalar`, `json_array_length`,
//!   `json_size`, `is_json_scalar`;
//! * [`cast`]: `CAST` and `TRY_CAST` from JSON, one pass from text into Arrow columns;
//! * [`rule`]: analyzer rule that replaces DataFusion's own cast by this one.

mod cast;
mod column;
pub(crate) mod field;
mod functions;
mod path;
mod read;
mod rule;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use field::json_field;
pub(crate) use functions::functions;
pub(crate) use rule::JsonCasts;
