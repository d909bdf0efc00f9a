//! Arrow on this wire: a schema or a record batch as a single encapsulated message of the [Arrow IPC
//! format](https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc).
//! It is not an IPC stream: it has no end-of-stream marker, magic, dictionaries or compression, and a batch
//! cannot be decoded without its schema.

mod arrow_type;
mod base64;
mod batch;
mod block;
mod framing;
mod read_batch;
mod read_schema;
mod schema;
mod size;
mod types;
mod write_batch;

#[cfg(test)]
mod tests;

pub use batch::{decode_batch, encode_batch, encode_batches};
pub use block::Block;
pub use framing::IpcFraming;
pub use schema::{decode_schema, encode_schema};
pub use size::block_bytes;
pub use types::{UnsupportedType, check_supported};

pub(crate) use arrow_type::{data_type_to_json, same_arrow_type};
pub(crate) use base64::{bytes_from_json, decode_base64, encode_base64};
pub(crate) use schema::schema_to_json;
