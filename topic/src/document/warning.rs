//! Warnings of a document, shown by `schema check` and the log.

/// Part of a document that is accepted, but probably not as its author intended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Path such as `message.fields[3].type`.
    pub path: String,
    pub text: String,
    /// Whether a column shows something else than intended because of it: NULL, or VARCHAR instead of the
    /// type.
    pub changes_column: bool,
}
