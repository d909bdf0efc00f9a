//! Blocks that do not fit into a Lambda's response: written to S3 by the connector, read back by Athena.
//!
//! [`BlockSpiller`] writes a split's rows as one block for the response or as a list of objects;
//! [`SpillReader`] reads such an object back. [`BlockStore`] is the seam to S3. Both sides follow the SDK's
//! `com.amazonaws.athena.connector.lambda.data.S3BlockSpiller` and `S3BlockSpillReader`.
//!
//! # What lands in S3
//!
//! | bytes | meaning |
//! | --- | --- |
//! | 4 | length `L` of the metadata, little-endian; without `FF FF FF FF` before it (*legacy* [framing](https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format)) |
//! | `L` | flatbuffer `Message` of one `RecordBatch`, metadata version V4, padded so that `4 + L` is a multiple of 8 |
//! | body length | the buffers |
//! | 16 | AES-GCM tag, if the split has a key; everything before it is then ciphertext |
//!
//! There is no schema (the response carries it), no end-of-stream mark and no nonce, and the framing is
//! legacy whatever the version of the request. Block `N` of a split has the key `<the split's key>.<N>`, see
//! [`block_location`].
//!
//! # One key and one nonce for all blocks of a split
//!
//! The response has room for a single key and nonce beside its list of objects, so every block of a split is
//! encrypted under the same pair. GCM forbids this ([NIST SP
//! 800-38D](https://csrc.nist.gov/pubs/sp/800/38/d/final), section 8): a reader of two blocks of a split
//! learns the XOR of their plaintexts and can forge blocks. The format requires it, and readers expect
//! nothing else. The connector limits the damage: a pair never outlives its split ([`generate_key`] once for
//! each), and no two splits share a location ([`split_location`]).
//!
//! # Rows without columns
//!
//! A record batch without columns cannot carry its row count: its body is empty, and Athena's reader fails on
//! it. So a projected schema without columns can return zero rows only; the first row written to it is
//! [`SpillError::NoColumns`], because an empty result would be a wrong count. A caller that must count rows
//! asks for any one column.

mod causes;
mod cipher;
mod error;
mod limits;
mod location;
mod object;
mod pending;
mod reader;
mod spiller;
mod store;
mod uploads;

pub use causes::causes;
pub use cipher::{BlockCipher, generate_key};
pub use error::{CipherError, SpillError, StoreError};
pub use limits::{BlockLimits, MAX_BLOCK_BYTES, MAX_RESPONSE_BYTES};
pub use location::{block_location, split_location};
/// Wire protocol, whose types are in signatures here.
pub use protocol;
pub use reader::SpillReader;
pub use spiller::{BlockSpiller, Records, SpillStats};
#[cfg(any(test, feature = "test-util"))]
pub use store::conformance::conformance;
pub use store::{BlockStore, MAX_OBJECT_BYTES, MemoryBlockStore, PutHeaderError, PutHeaders, S3BlockStore};

/// Examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
