//! Part of S3 that spilling needs: objects in memory.
//!
//! Implements `CreateBucket`, `HeadBucket`, `PutObject`, `GetObject` (with ranges), `HeadObject`,
//! `DeleteObject`, `DeleteObjects` and `ListObjectsV2`; the SDKs find it by `AWS_ENDPOINT_URL_S3`, and choose
//! path-style addresses by themselves because its host is an IP address. Signatures are verified, and CRC32
//! checksums of uploads, too.

mod list;
mod objects;
mod stored_object;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use s3s::HttpError;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;

use self::objects::{ObjectStore, Objects};
use crate::http::HttpServer;
use crate::place::Place;

/// Access key id that the endpoint accepts.
pub const ACCESS_KEY_ID: &str = "test";
/// Secret access key that the endpoint accepts.
pub const SECRET_ACCESS_KEY: &str = "test";

/// S3 endpoint in this process.
#[derive(Debug)]
pub struct EmbeddedS3 {
    server: HttpServer,
    router: Router,
    objects: Arc<Objects>,
}

/// Objects of an [`EmbeddedS3`], without its protocol.
#[derive(Debug, Clone)]
pub struct Buckets(Arc<Objects>);

impl Buckets {
    /// Puts an object into a bucket, which is created if it does not exist.
    ///
    /// # Errors
    /// If the object is too large, or the bucket is one that answers with `AccessDenied`.
    pub fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<(), &'static str> {
        self.0.put(bucket, key, body)
    }

    /// Content of an object; `None` if it does not exist.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.0.get(bucket, key)
    }

    /// Deletes an object, if it exists.
    pub fn delete(&self, bucket: &str, key: &str) {
        self.0.delete(bucket, key);
    }

    /// Deletes the objects whose key starts with `prefix`, and returns their number.
    pub fn clear(&self, bucket: &str, prefix: &str) -> usize {
        self.0.clear(bucket, prefix)
    }
}

impl EmbeddedS3 {
    /// Starts an endpoint without buckets.
    pub fn start() -> BoxFuture<'static, io::Result<Self>> {
        Self::start_at(&Place::default())
    }

    /// Starts it at a given place instead of a free port of 127.0.0.1.
    pub fn start_at(place: &Place) -> BoxFuture<'static, io::Result<Self>> {
        let place = place.clone();
        async move {
            let objects = Arc::new(Objects::default());
            let mut service = S3ServiceBuilder::new(ObjectStore(Arc::clone(&objects)));
            service.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
            let service = HandleError::new(service.build(), connection_failed);
            let router = Router::new().fallback_service(service);
            let server = HttpServer::start(&place, router.clone()).await?;
            Ok(Self {
                server,
                router,
                objects,
            })
        }
        .boxed()
    }

    /// URL `http://host:port`, for `AWS_ENDPOINT_URL_S3` or a client's `endpoint_url`.
    pub fn endpoint_url(&self) -> String {
        self.server.url()
    }

    /// The endpoint without its port, to be part of another server.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// The objects themselves.
    pub fn buckets(&self) -> Buckets {
        Buckets(Arc::clone(&self.objects))
    }

    /// Creates a bucket, unless it exists.
    pub fn create_bucket(&self, name: &str) {
        self.objects.create_bucket(name);
    }

    /// Keys of a bucket in order; none if the bucket does not exist.
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        self.objects.keys(bucket)
    }

    /// Total size in bytes of all objects of all buckets.
    pub fn stored_bytes(&self) -> u64 {
        self.objects.stored_bytes()
    }

    /// Deletes the objects whose key starts with `prefix`, and returns their number.
    pub fn clear(&self, bucket: &str, prefix: &str) -> usize {
        self.objects.clear(bucket, prefix)
    }

    /// Answers the next `n` puts with 503 `SlowDown`, as S3 does under load.
    pub fn fail_next_puts(&self, n: u32) {
        self.objects.fail_next_puts(n);
    }

    /// Answers every call on the bucket with 403 `AccessDenied`.
    pub fn deny_bucket(&self, name: &str) {
        self.objects.deny_bucket(name);
    }
}

/// Handles a broken connection; S3's own errors are responses.
async fn connection_failed(_: HttpError) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
