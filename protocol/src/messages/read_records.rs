//! ReadRecords: the rows of one split, inline or spilled.

use arrow::datatypes::SchemaRef;

use crate::domain::{EncryptionKey, FederatedIdentity, SpillLocation, Split, TableName};
use crate::error::{EncodeError, Fault};
use crate::ipc::{Block, IpcFraming, schema_to_json};
use crate::json::{Json, Object};
use crate::predicate::Constraints;
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: String,
    pub catalog_name: String,
    pub table_name: TableName,
    /// The columns to return, with the table's metadata.
    pub schema: SchemaRef,
    pub split: Split,
    pub constraints: Constraints,
    /// A block larger than this, as [`crate::block_bytes`] counts, is to be spilled and another begun.
    pub max_block_bytes: u64,
    /// From this size on, even a single block is to be spilled.
    pub max_inline_block_bytes: u64,
}

/// Rows inline.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecordsResponse {
    pub catalog_name: String,
    /// Of the request's schema.
    pub records: Block,
}

/// Rows spilled.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteReadRecordsResponse {
    pub catalog_name: String,
    /// The request's, and that of the spilled blocks, which carry none.
    pub schema: SchemaRef,
    /// One object a block; may be empty.
    pub remote_blocks: Vec<SpillLocation>,
    /// The split's.
    pub encryption_key: Option<EncryptionKey>,
}

impl ReadRecordsRequest {
    pub(super) const NAME: &str = "ReadRecordsRequest";

    /// Sizes are numbers in strings.
    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("identity", self.identity.as_ref().map(FederatedIdentity::to_json))
            .with("queryId", &self.query_id)
            .with("catalogName", &self.catalog_name)
            .with("tableName", self.table_name.to_json())
            .with("schema", schema_to_json(&self.schema, version.framing())?)
            .with("split", self.split.to_json())
            .with("constraints", self.constraints.to_json(version)?)
            .with("maxBlockSize", self.max_block_bytes.to_string())
            .with("maxInlineBlockSize", self.max_inline_block_bytes.to_string())
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

    pub(super) fn to_json(&self, framing: IpcFraming) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("records", self.records.to_json(framing)?)
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

    pub(super) fn to_json(&self, framing: IpcFraming) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("schema", schema_to_json(&self.schema, framing)?)
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
