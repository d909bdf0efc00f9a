//! Where unqualified names are looked up.

/// Schema of unqualified tables until another is named.
pub(crate) const DEFAULT_SCHEMA: &str = "default";

/// Where unqualified names are looked up, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentSchema {
    pub catalog: String,
    /// `None` until one is named: tables are then looked up in `default`.
    pub schema: Option<String>,
}

impl CurrentSchema {
    /// Schema of unqualified tables.
    pub(crate) fn schema_name(&self) -> &str {
        self.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
    }
}
