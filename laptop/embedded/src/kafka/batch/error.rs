//! Errors of record batches.

use kafka_protocol::ResponseError;

/// Rule that a batch violates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BatchError {
    #[error("record batch is truncated after {found_bytes} bytes")]
    Truncated { found_bytes: usize },
    #[error("record batch has checksum {computed:#010x} and states {stated:#010x}")]
    Checksum { stated: u32, computed: u32 },
    #[error("record batch has format {magic}, wanted 2")]
    UnknownFormat { magic: u8 },
    #[error("wanted exactly one record batch for a partition")]
    NotOneBatch,
    #[error("record batch states {stated} records and last offset delta {last_offset_delta}")]
    RecordCount { stated: i64, last_offset_delta: i32 },
    #[error("control records may not come from a client")]
    ControlFromClient,
    #[error("transactional record batch without a producer id")]
    TransactionWithoutProducer,
    #[error("record batch has a producer id but no sequence")]
    ProducerWithoutSequence,
    #[error("unknown compression codec {codec}")]
    UnknownCompression { codec: i16 },
    #[error("records cannot be decompressed: {reason}")]
    Decompression { reason: String },
    #[error("record is malformed or out of sequence")]
    MalformedRecord,
}

impl BatchError {
    /// Error code for the client.
    pub(crate) fn code(&self) -> ResponseError {
        match self {
            Self::Checksum { .. } | Self::Decompression { .. } => ResponseError::CorruptMessage,
            _ => ResponseError::InvalidRecord,
        }
    }
}
