//! Messages of Protobuf, and schemas in them.

use arrow::datatypes::Schema;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::{IpcMessage, SchemaAsIpc};
use bytes::Bytes;
use prost::Message;
use tonic::Status;

use crate::status::{encoding, undecodable};

/// Message of Protobuf.
pub(crate) fn message<M: Message + Default>(bytes: &[u8], what: &str) -> Result<M, Status> {
    M::decode(bytes).map_err(|error| undecodable(what, error))
}

/// A schema in Arrow's encapsulated format.
pub(crate) fn schema_bytes(schema: &Schema) -> Result<Bytes, Status> {
    let options = IpcWriteOptions::default();
    let IpcMessage(bytes) = SchemaAsIpc::new(schema, &options).try_into().map_err(encoding)?;
    Ok(bytes)
}
