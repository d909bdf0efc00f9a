//! Seam to S3.

mod block_store;
#[cfg(any(test, feature = "test-util"))]
pub(crate) mod conformance;
mod memory;
mod put_headers;
mod s3;

pub use block_store::{BlockStore, MAX_OBJECT_BYTES};
pub use memory::MemoryBlockStore;
pub use put_headers::{PutHeaderError, PutHeaders};
pub use s3::S3BlockStore;
