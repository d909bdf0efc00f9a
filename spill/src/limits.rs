//! Limits that decide when a block is full, and when it fits into the response.

use arrow::array::RecordBatch;
use protocol::{EncodeError, IpcFraming, block_bytes, encode_batch, encode_schema};

/// Largest synchronous response of AWS Lambda
/// ([quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)): 6 MiB and 100 bytes.
pub const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// Largest block, whatever a request asks for: it is held in memory, together with those being uploaded.
pub const MAX_BLOCK_BYTES: u64 = 64 * 1024 * 1024;

/// Upper bound of an inline response around the base64 of its block: JSON punctuation and a catalog name.
const ENVELOPE_BYTES: usize = 16 * 1024;

/// Limits of a ReadRecords request, both in the protocol's measure ([`protocol::block_bytes`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLimits {
    /// Largest size of a block in bytes; only a single row that is wider makes a larger block. Capped at
    /// [`MAX_BLOCK_BYTES`].
    pub max_block_bytes: u64,
    /// Size in bytes from which a result is spilled. With 0 everything is spilled: even an empty result is
    /// then a list of no blocks.
    pub max_inline_block_bytes: u64,
}

impl BlockLimits {
    pub(crate) fn block_bytes(&self) -> usize {
        // Fits a usize: at most 64 MiB.
        self.max_block_bytes.min(MAX_BLOCK_BYTES) as usize
    }

    /// Whether the result may be returned in the response.
    ///
    /// The inline limit counts Arrow's bytes, but Lambda counts their base64: 5 MiB of rows, a limit seen in
    /// use, make a response of 7 MB, which Lambda rejects. So the encoded response is measured too.
    pub(crate) fn allow_inline(&self, batch: &RecordBatch) -> Result<bool, EncodeError> {
        Ok((block_bytes(batch) as u64) < self.max_inline_block_bytes
            && response_bytes(batch)? <= MAX_RESPONSE_BYTES)
    }
}

/// Upper bound of the size of the JSON response with this block.
fn response_bytes(batch: &RecordBatch) -> Result<usize, EncodeError> {
    let schema = encode_schema(&batch.schema(), IpcFraming::Continuation)?;
    let records_bytes = match batch.num_rows() {
        0 => 0, // Empty blocks travel as an empty string.
        _ => encode_batch(batch, IpcFraming::Continuation)?.len(),
    };
    Ok(base64_bytes(schema.len()) + base64_bytes(records_bytes) + ENVELOPE_BYTES)
}

fn base64_bytes(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};
    use protocol::{Block, FederationResponse, ReadRecordsResponse, SerdeVersion};

    use super::*;

    const UNLIMITED: BlockLimits = BlockLimits {
        max_block_bytes: u64::MAX,
        max_inline_block_bytes: u64::MAX,
    };

    #[test]
    fn inline_limit_is_exclusive() {
        let batch = text(10);
        let bytes = block_bytes(&batch) as u64;
        let limits = |max_inline_block_bytes| BlockLimits {
            max_inline_block_bytes,
            ..UNLIMITED
        };
        assert!(limits(bytes + 1).allow_inline(&batch).unwrap());
        assert!(!limits(bytes).allow_inline(&batch).unwrap());
        assert!(!limits(0).allow_inline(&text(0)).unwrap());
    }

    #[test]
    fn refuses_inline_what_lambda_would_refuse_as_base64() {
        let fits = text(4_690_000);
        assert!(UNLIMITED.allow_inline(&fits).unwrap());
        assert!(encoded_response(fits).len() < MAX_RESPONSE_BYTES);

        let overflows = text(4_720_000);
        assert!(encoded_response(overflows.clone()).len() > MAX_RESPONSE_BYTES);
        assert!(!UNLIMITED.allow_inline(&overflows).unwrap());
    }

    #[test]
    fn measured_response_is_never_smaller_than_the_real_one() {
        for bytes in [0, 1, 2, 3, 100, 65_536] {
            let batch = text(bytes);
            assert!(
                encoded_response(batch.clone()).len() <= response_bytes(&batch).unwrap(),
                "{bytes} bytes of text"
            );
        }
    }

    #[test]
    fn block_limit_is_capped() {
        assert_eq!(UNLIMITED.block_bytes(), 64 << 20);
        assert_eq!(
            BlockLimits {
                max_block_bytes: 16_000_000,
                ..UNLIMITED
            }
            .block_bytes(),
            16_000_000
        );
    }

    fn text(bytes: usize) -> RecordBatch {
        let column: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(bytes)]));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }

    fn encoded_response(batch: RecordBatch) -> Vec<u8> {
        let response = ReadRecordsResponse {
            catalog_name: "c".repeat(255),
            records: Block::new(batch),
        };
        FederationResponse::ReadRecords(response)
            .encode(SerdeVersion::V6)
            .unwrap()
    }
}
