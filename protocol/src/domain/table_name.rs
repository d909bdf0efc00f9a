//! Qualified table name.

use std::fmt;

use crate::error::Fault;
use crate::json::{FromJson, Json, Object};
use crate::version::SerdeVersion;

/// Name of a table within a catalog. Displays as `schema.table`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// Database of SQL, in lower case.
    pub schema_name: String,
    /// Table, in lower case.
    pub table_name: String,
}

impl TableName {
    pub fn new(schema_name: impl Into<String>, table_name: impl Into<String>) -> Self {
        Self {
            schema_name: schema_name.into(),
            table_name: table_name.into(),
        }
    }

    pub(crate) fn to_json(&self, version: SerdeVersion) -> Json<'_> {
        let object = Object::new()
            .with("schemaName", &self.schema_name)
            .with("tableName", &self.table_name);
        match version {
            SerdeVersion::V1 => object.with("qualifiedTableName", self.to_string()).into(),
            _ => object.into(),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema_name, self.table_name)
    }
}

impl FromJson for TableName {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            schema_name: object.required("schemaName")?,
            table_name: object.required("tableName")?,
        })
    }
}
