//! What `schema check` and the log tell about a document that is read.

/// Something in a document that is read, though hardly as its author meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Such as `message.fields[3].type`.
    pub path: String,
    pub text: String,
    /// Whether a column shows something else for it than was meant: NULL, or VARCHAR instead of the type.
    pub changes_column: bool,
}
