//! GetTable: columns of a table.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;

use super::metadata_request::metadata_request;
use crate::domain::{FederatedIdentity, TableName};
use crate::error::{EncodeError, Fault};
use crate::ipc::schema_to_json;
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct GetTableRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: Option<String>,
    pub catalog_name: String,
    pub table_name: TableName,
    /// Arguments of a passthrough query; if not empty, the "table" is a query in the source's own language.
    /// Since version 5.
    pub query_passthrough_arguments: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct GetTableResponse {
    pub catalog_name: String,
    /// Name as requested.
    pub table_name: TableName,
    /// Columns with lower-case names, partition columns included. [`crate::check_supported`] checks whether
    /// Athena accepts it.
    pub schema: SchemaRef,
    /// Names of columns of the schema that are partition columns.
    pub partition_columns: Vec<String>,
}

impl GetTableRequest {
    pub(super) const NAME: &str = "GetTableRequest";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        let object = metadata_request(
            Self::NAME,
            self.identity.as_ref(),
            self.query_id.as_ref(),
            &self.catalog_name,
            version,
        )
        .with("tableName", self.table_name.to_json(version));
        if version.has_passthrough() {
            return Ok(object
                .with("queryPassthroughArguments", &self.query_passthrough_arguments)
                .into());
        }
        match self.query_passthrough_arguments.is_empty() {
            true => Ok(object.into()),
            false => Err(EncodeError::Passthrough(version)),
        }
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            query_id: object.optional("queryId")?,
            catalog_name: object.required("catalogName")?,
            table_name: object.required("tableName")?,
            query_passthrough_arguments: object.or_default("queryPassthroughArguments")?,
        })
    }
}

impl GetTableResponse {
    pub(super) const NAME: &str = "GetTableResponse";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("tableName", self.table_name.to_json(version))
            .with("schema", schema_to_json(&self.schema, version)?)
            .with("partitionColumns", &self.partition_columns)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            table_name: object.required("tableName")?,
            schema: object.required("schema")?,
            partition_columns: object.required("partitionColumns")?,
        })
    }
}
