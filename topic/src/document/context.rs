//! State of reading a document.

use super::warning::Warning;
use crate::definition::ReferencedSchema;
use crate::table::DataFormat;

/// Options that the parts of a document share, and the warnings so far.
pub(super) struct Context {
    pub(super) exact_decimal: bool,
    /// Format of the record's key, if the document declares it.
    pub(super) key_format: Option<DataFormat>,
    /// Schemas of the registry that the schemas within the document import by their names.
    pub(super) references: Vec<ReferencedSchema>,
    pub(super) warnings: Vec<Warning>,
}
