//! Where unqualified names are looked up.

use trino_sql::ErrorKind;

use crate::error::AthenaError;

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
    /// The full name of a table, view or the like: catalog, schema, name.
    ///
    /// # Errors
    /// If the name has more parts.
    pub(crate) fn full_name(&self, name: &[String]) -> Result<[String; 3], AthenaError> {
        match name {
            [table] => Ok([self.catalog.clone(), self.schema_name().to_owned(), table.clone()]),
            [schema, table] => Ok([self.catalog.clone(), schema.clone(), table.clone()]),
            [catalog, schema, table] => Ok([catalog.clone(), schema.clone(), table.clone()]),
            more => {
                let message = format!("wanted catalog.schema.table, found {}", more.join("."));
                Err(AthenaError::refused(ErrorKind::SyntaxError, message))
            }
        }
    }

    /// Schema of unqualified tables.
    pub(crate) fn schema_name(&self) -> &str {
        self.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
    }
}
