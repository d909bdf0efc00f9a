//! GetTableLayout: partitions of a table that a query needs.

use arrow::datatypes::SchemaRef;

use super::metadata_request::{PARTITION_COLUMNS, metadata_request, partition_columns_key};
use crate::domain::{FederatedIdentity, TableName};
use crate::error::{EncodeError, Fault};
use crate::ipc::{Block, schema_to_json};
use crate::json::{Json, Object};
use crate::predicate::Constraints;
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct GetTableLayoutRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: Option<String>,
    pub catalog_name: String,
    pub table_name: TableName,
    pub constraints: Constraints,
    /// Schema of the table.
    pub schema: SchemaRef,
    pub partition_columns: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct GetTableLayoutResponse {
    pub catalog_name: String,
    pub table_name: TableName,
    /// One row for each partition. Zero rows end the query without data, so a table without partitions needs
    /// one row.
    pub partitions: Block,
}

impl GetTableLayoutRequest {
    pub(super) const NAME: &str = "GetTableLayoutRequest";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(metadata_request(
            Self::NAME,
            self.identity.as_ref(),
            self.query_id.as_ref(),
            &self.catalog_name,
            version,
        )
        .with("tableName", self.table_name.to_json(version))
        .with("constraints", self.constraints.to_json(version)?)
        .with("schema", schema_to_json(&self.schema, version)?)
        .with(partition_columns_key(version), &self.partition_columns)
        .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            query_id: object.optional("queryId")?,
            catalog_name: object.required("catalogName")?,
            table_name: object.required("tableName")?,
            constraints: object.required("constraints")?,
            schema: object.required("schema")?,
            partition_columns: object.required(object.first_of(PARTITION_COLUMNS))?,
        })
    }
}

impl GetTableLayoutResponse {
    pub(super) const NAME: &str = "GetTableLayoutResponse";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("tableName", self.table_name.to_json(version))
            .with("partitions", self.partitions.to_json(version.framing())?)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            table_name: object.required("tableName")?,
            partitions: object.required("partitions")?,
        })
    }
}
