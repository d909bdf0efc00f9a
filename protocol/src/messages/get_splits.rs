//! GetSplits: units of reading, page by page.

use super::metadata_request::{PARTITION_COLUMNS, metadata_request, partition_columns_key};
use crate::domain::{FederatedIdentity, Split, TableName};
use crate::error::{EncodeError, Fault};
use crate::ipc::Block;
use crate::json::{Json, Object};
use crate::predicate::Constraints;
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct GetSplitsRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: Option<String>,
    pub catalog_name: String,
    pub table_name: TableName,
    /// Rows of the response to GetTableLayout.
    pub partitions: Block,
    pub partition_columns: Vec<String>,
    pub constraints: Constraints,
    /// Token of the previous page; `None` for the first.
    pub continuation_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct GetSplitsResponse {
    pub catalog_name: String,
    /// Splits of this page. Athena treats them as a set: equal splits become one.
    pub splits: Vec<Split>,
    /// `None` on the last page; opaque to Athena.
    pub continuation_token: Option<String>,
}

impl GetSplitsRequest {
    pub(super) const NAME: &str = "GetSplitsRequest";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(metadata_request(
            Self::NAME,
            self.identity.as_ref(),
            self.query_id.as_ref(),
            &self.catalog_name,
            version,
        )
        .with("tableName", self.table_name.to_json(version))
        .with("partitions", self.partitions.to_json(version.framing())?)
        .with(partition_columns_key(version), &self.partition_columns)
        .with("constraints", self.constraints.to_json(version)?)
        .with("continuationToken", self.continuation_token.as_ref())
        .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            query_id: object.optional("queryId")?,
            catalog_name: object.required("catalogName")?,
            table_name: object.required("tableName")?,
            partitions: object.required("partitions")?,
            partition_columns: object.required(object.first_of(PARTITION_COLUMNS))?,
            constraints: object.required("constraints")?,
            continuation_token: object.optional("continuationToken")?,
        })
    }
}

impl GetSplitsResponse {
    pub(super) const NAME: &str = "GetSplitsResponse";

    pub(super) fn to_json(&self) -> Json<'_> {
        Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with(
                "splits",
                self.splits.iter().map(Split::to_json).collect::<Json<'_>>(),
            )
            .with("continuationToken", self.continuation_token.as_ref())
            .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            splits: object.required("splits")?,
            continuation_token: object.optional("continuationToken")?,
        })
    }
}
