//! ReadRecords: rows of one split, inline or spilled.

use arrow::datatypes::SchemaRef;

use crate::domain::{EncryptionKey, FederatedIdentity, SpillLocation, Split, TableName};
use crate::error::{EncodeError, Fault};
use crate::ipc::{Block, schema_to_json};
use crate::json::{Json, Object};
use crate::predicate::Constraints;
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: String,
    pub catalog_name: String,
    pub table_name: TableName,
    /// Columns to return, with the table's metadata.
    pub schema: SchemaRef,
    pub split: Split,
    pub constraints: Constraints,
    /// Block size in bytes, as [`crate::block_bytes`] counts, beyond which a block is spilled and another
    /// begun.
    pub max_block_bytes: u64,
    /// Size in bytes from which even a single block is spilled.
    pub max_inline_block_bytes: u64,
}

/// Response with inline rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsResponse {
    pub catalog_name: String,
    /// Rows under the request's schema.
    pub records: Block,
}

/// Response with spilled rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteReadRecordsResponse {
    pub catalog_name: String,
    /// Schema of the request and of the spilled blocks, which carry none.
    pub schema: SchemaRef,
    /// One object for each block; may be empty.
    pub remote_blocks: Vec<SpillLocation>,
    /// Key of the split.
    pub encryption_key: Option<EncryptionKey>,
}

impl ReadRecordsRequest {
    pub(super) const NAME: &str = "ReadRecordsRequest";

    /// Encodes the request. Sizes are numbers in strings, except at version 1.
    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        let identity = self.identity.as_ref().map(|identity| identity.to_json(version));
        let object = Object::typed(Self::NAME).with("identity", identity);
        let (query_id, catalog) = (&self.query_id, &self.catalog_name);
        let object = match version {
            SerdeVersion::V1 => object.with("catalogName", catalog).with("queryId", query_id),
            _ => object.with("queryId", query_id).with("catalogName", catalog),
        };
        let size = |bytes: u64| match version {
            SerdeVersion::V1 => Json::from(bytes),
            _ => bytes.to_string().into(),
        };
        Ok(object
            .with("tableName", self.table_name.to_json(version))
            .with("schema", schema_to_json(&self.schema, version)?)
            .with("split", self.split.to_json())
            .with("constraints", self.constraints.to_json(version)?)
            .with("maxBlockSize", size(self.max_block_bytes))
            .with("maxInlineBlockSize", size(self.max_inline_block_bytes))
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            query_id: object.required("queryId")?,
            catalog_name: object.required("catalogName")?,
            table_name: object.required("tableName")?,
            schema: object.required("schema")?,
            split: object.required("split")?,
            constraints: object.required("constraints")?,
            max_block_bytes: object.required("maxBlockSize")?,
            max_inline_block_bytes: object.required("maxInlineBlockSize")?,
        })
    }
}

impl ReadRecordsResponse {
    pub(super) const NAME: &str = "ReadRecordsResponse";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("records", self.records.to_json(version.framing())?)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            records: object.required("records")?,
        })
    }
}

impl RemoteReadRecordsResponse {
    pub(super) const NAME: &str = "RemoteReadRecordsResponse";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("schema", schema_to_json(&self.schema, version)?)
            .with(
                "remoteBlocks",
                self.remote_blocks
                    .iter()
                    .map(SpillLocation::to_json)
                    .collect::<Json<'_>>(),
            )
            .with(
                "encryptionKey",
                self.encryption_key.as_ref().map(EncryptionKey::to_json),
            )
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            schema: object.required("schema")?,
            remote_blocks: object.required("remoteBlocks")?,
            encryption_key: object.optional("encryptionKey")?,
        })
    }
}
