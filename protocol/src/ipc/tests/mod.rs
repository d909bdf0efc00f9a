//! Invalid messages: batches and schemas that break one rule each, then random ones.

mod batches;
mod random;
mod schemas;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc;
use flatbuffers::{FlatBufferBuilder, WIPOffset};

use super::*;

/// Claims of a record batch message. The default is valid: one Int32 column of 1 and 2.
#[derive(Debug, Clone)]
struct Claims {
    rows: i64,
    /// Row count and null count.
    nodes: Vec<(i64, i64)>,
    /// Offset and length.
    buffers: Vec<(i64, i64)>,
    body_bytes: i64,
    body: Vec<u8>,
    compressed: bool,
    variadic: bool,
    version: ipc::MetadataVersion,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            rows: 2,
            nodes: vec![(2, 0)],
            buffers: vec![(0, 1), (8, 8)],
            body_bytes: 16,
            body: vec![3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0],
            compressed: false,
            variadic: false,
            version: ipc::MetadataVersion::V5,
        }
    }
}

impl Claims {
    fn message(&self) -> Vec<u8> {
        let mut fbb = FlatBufferBuilder::new();
        let nodes: Vec<_> = self
            .nodes
            .iter()
            .map(|(rows, nulls)| ipc::FieldNode::new(*rows, *nulls))
            .collect();
        let buffers: Vec<_> = self
            .buffers
            .iter()
            .map(|(offset, length)| ipc::Buffer::new(*offset, *length))
            .collect();
        let (nodes, buffers) = (fbb.create_vector(&nodes), fbb.create_vector(&buffers));
        let variadic = self.variadic.then(|| fbb.create_vector(&[1_i64]));
        let compression = self
            .compressed
            .then(|| ipc::BodyCompressionBuilder::new(&mut fbb).finish());
        let mut batch = ipc::RecordBatchBuilder::new(&mut fbb);
        batch.add_length(self.rows);
        batch.add_nodes(nodes);
        batch.add_buffers(buffers);
        if let Some(compression) = compression {
            batch.add_compression(compression);
        }
        if let Some(variadic) = variadic {
            batch.add_variadicBufferCounts(variadic);
        }
        let header = batch.finish().as_union_value();
        let message = finish_message(
            fbb,
            ipc::MessageHeader::RecordBatch,
            header,
            self.version,
            self.body_bytes,
        );
        [message, self.body.clone()].concat()
    }

    fn decode(&self, schema: &SchemaRef) -> Result<RecordBatch, String> {
        decode_batch(&self.message(), schema.clone()).map_err(|error| error.rule.to_string())
    }
}

fn finish_message(
    mut fbb: FlatBufferBuilder<'_>,
    kind: ipc::MessageHeader,
    header: WIPOffset<flatbuffers::UnionWIPOffset>,
    version: ipc::MetadataVersion,
    body_bytes: i64,
) -> Vec<u8> {
    let mut message = ipc::MessageBuilder::new(&mut fbb);
    message.add_version(version);
    message.add_header_type(kind);
    message.add_header(header);
    message.add_bodyLength(body_bytes);
    let root = message.finish();
    fbb.finish(root, None);
    let metadata = fbb.finished_data();
    let length = i32::try_from(metadata.len()).unwrap().to_le_bytes();
    [&[0xFF; 4], &length[..], metadata].concat()
}

fn schema_of(data_type: DataType) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("a", data_type, true)]))
}
