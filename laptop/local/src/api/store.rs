//! Results in the embedded S3.

use async_trait::async_trait;
use athena_api::store::{Location, ResultStore};
use bytes::Bytes;
use embedded::s3::Buckets;

/// The embedded S3 as a store of results, without its protocol.
pub(crate) struct BucketStore(pub(crate) Buckets);

#[async_trait]
impl ResultStore for BucketStore {
    async fn put(&self, location: &Location, content: Bytes) -> Result<(), String> {
        let put = self.0.put(&location.bucket, &location.key, content);
        put.map_err(str::to_owned)
    }

    async fn get(&self, location: &Location) -> Result<Option<Bytes>, String> {
        Ok(self.0.get(&location.bucket, &location.key))
    }

    async fn delete(&self, location: &Location) {
        self.0.delete(&location.bucket, &location.key);
    }
}
