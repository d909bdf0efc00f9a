//! The type JSON: text with a marked field.

use arrow::datatypes::{DataType, Field};

/// Arrow's [canonical extension name](https://arrow.apache.org/docs/format/CanonicalExtensions.html) for JSON
/// text.
pub(crate) const EXTENSION_NAME: &str = "arrow.json";
const EXTENSION_NAME_KEY: &str = "ARROW:extension:name";

/// Nullable column of type JSON.
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
