//! Object as stored.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use s3s::dto::{ETag, Metadata};

#[derive(Clone)]
pub(super) struct StoredObject {
    pub(super) body: Bytes,
    pub(super) e_tag: ETag,
    pub(super) modified: SystemTime,
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<Metadata>,
    pub(super) checksum_crc32: Option<String>,
}

impl fmt::Debug for StoredObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredObject")
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
