//! Buckets and objects, and S3's operations on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32};
use s3s::dto::*;
use s3s::{Body, S3, S3Request, S3Response, S3Result, TrailingHeaders, s3_error};
use uuid::Uuid;

use super::list::list;
use super::stored_object::StoredObject;

/// Largest accepted object. S3 accepts 5 GB in one put, all of which would be memory here.
const MAX_OBJECT_BYTES: usize = 1 << 30;
/// Largest buffer allocated for a body before it is received.
const MAX_PREALLOCATED_BYTES: usize = 64 << 20;

/// Content of the endpoint, and its faults.
#[derive(Debug, Default)]
pub(super) struct Objects(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, BTreeMap<String, StoredObject>>,
    denied: BTreeSet<String>,
    failing_puts: u32,
}

impl Objects {
    pub(super) fn create_bucket(&self, name: &str) {
        self.lock().buckets.entry(name.to_owned()).or_default();
    }

    /// Puts an object into a bucket, which is created if it does not exist.
    pub(super) fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<(), &'static str> {
        if body.len() > MAX_OBJECT_BYTES {
            return Err("the object has more than 1 GiB");
        }
        let object = StoredObject {
            body,
            e_tag: ETag::Strong(Uuid::new_v4().simple().to_string()),
            modified: SystemTime::now(),
            content_type: None,
            metadata: None,
            checksum_crc32: None,
        };
        let mut state = self.lock();
        if state.denied.contains(bucket) {
            return Err("Access Denied");
        }
        let bucket = state.buckets.entry(bucket.to_owned()).or_default();
        bucket.insert(key.to_owned(), object);
        Ok(())
    }

    /// Content of an object; `None` if it does not exist.
    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let state = self.lock();
        state
            .buckets
            .get(bucket)?
            .get(key)
            .map(|object| object.body.clone())
    }

    pub(super) fn delete(&self, bucket: &str, key: &str) {
        if let Some(objects) = self.lock().buckets.get_mut(bucket) {
            objects.remove(key);
        }
    }

    pub(super) fn keys(&self, bucket: &str) -> Vec<String> {
        self.lock()
            .buckets
            .get(bucket)
            .map(|objects| objects.keys().cloned().collect())
            .unwrap_or_default()
    }

    pub(super) fn stored_bytes(&self) -> u64 {
        self.lock()
            .buckets
            .values()
            .flat_map(BTreeMap::values)
            .map(|object| object.body.len() as u64)
            .sum()
    }

    pub(super) fn clear(&self, bucket: &str, prefix: &str) -> usize {
        let mut state = self.lock();
        let Some(objects) = state.buckets.get_mut(bucket) else {
            return 0;
        };
        let before = objects.len();
        objects.retain(|key, _| !key.starts_with(prefix));
        before - objects.len()
    }

    pub(super) fn fail_next_puts(&self, n: u32) {
        self.lock().failing_puts = n;
    }

    pub(super) fn deny_bucket(&self, name: &str) {
        self.lock().denied.insert(name.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic leaves no partial change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bucket(&mut self, name: &str) -> S3Result<&mut BTreeMap<String, StoredObject>> {
        if self.denied.contains(name) {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        self.buckets
            .get_mut(name)
            .ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist: {name}"))
    }

    fn object(&mut self, bucket: &str, key: &str) -> S3Result<StoredObject> {
        let object = self.bucket(bucket)?.get(key).cloned();
        object.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist: {key}"))
    }

    fn fail_put(&mut self) -> S3Result<()> {
        if self.failing_puts == 0 {
            return Ok(());
        }
        self.failing_puts -= 1;
        Err(s3_error!(SlowDown, "Please reduce your request rate."))
    }
}

/// [`Objects`] with the service's interface.
pub(super) struct ObjectStore(pub(super) Arc<Objects>);

#[async_trait]
impl S3 for ObjectStore {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let bucket = request.input.bucket;
        let mut state = self.0.lock();
        if state.buckets.contains_key(&bucket) {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "The bucket already exists: {bucket}"
            ));
        }
        let location = Some(format!("/{bucket}"));
        state.buckets.insert(bucket, BTreeMap::new());
        Ok(S3Response::new(CreateBucketOutput { location }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.0.lock().bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let S3Request {
            input,
            trailing_headers,
            ..
        } = request;
        // The body is always read: a client that is still sending may otherwise not read the response.
        let body = read_body(input.body, input.content_length).await?;
        let claimed = input
            .checksum_crc32
            .or_else(|| trailing_crc32(trailing_headers.as_ref()));
        let checksum_crc32 = claimed.map(|claimed| check_crc32(&body, claimed)).transpose()?;
        let object = StoredObject {
            body,
            e_tag: ETag::Strong(Uuid::new_v4().simple().to_string()),
            modified: SystemTime::now(),
            content_type: input.content_type.map(|content_type| content_type.to_string()),
            metadata: input.metadata,
            checksum_crc32: checksum_crc32.clone(),
        };
        let e_tag = Some(object.e_tag.clone());
        let mut state = self.0.lock();
        state.fail_put()?;
        state.bucket(&input.bucket)?.insert(input.key, object);
        Ok(S3Response::new(PutObjectOutput {
            e_tag,
            checksum_crc32,
            ..Default::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.0.lock().object(&input.bucket, &input.key)?;
        let full_length = object.body.len() as u64;
        let range = input.range.map(|range| range.check(full_length)).transpose()?;
        let content_range = range
            .as_ref()
            .map(|range| format!("bytes {}-{}/{full_length}", range.start, range.end - 1));
        let body = match range {
            // Within the body, whose length is a usize.
            Some(range) => object.body.slice(range.start as usize..range.end as usize),
            None => object.body,
        };
        // The checksum is that of the whole object.
        let checksum_crc32 = object.checksum_crc32.filter(|_| content_range.is_none());
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(body.len() as i64),
            body: Some(StreamingBlob::from(Body::from(body))),
            content_range,
            content_type: content_type(object.content_type),
            checksum_crc32,
            e_tag: Some(object.e_tag),
            last_modified: Some(object.modified.into()),
            metadata: object.metadata,
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let object = self.0.lock().object(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(object.body.len() as i64),
            content_type: content_type(object.content_type),
            checksum_crc32: object.checksum_crc32,
            e_tag: Some(object.e_tag),
            last_modified: Some(object.modified.into()),
            metadata: object.metadata,
            ..Default::default()
        }))
    }

    /// Succeeds for an object that does not exist, as S3 does.
    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0
            .lock()
            .bucket(&request.input.bucket)?
            .remove(&request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let mut state = self.0.lock();
        let objects = state.bucket(&request.input.bucket)?;
        let delete = |identifier: ObjectIdentifier| {
            objects.remove(&identifier.key);
            DeletedObject {
                key: Some(identifier.key),
                ..Default::default()
            }
        };
        let deleted = request.input.delete.objects.into_iter().map(delete).collect();
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(deleted),
            ..Default::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let mut state = self.0.lock();
        let objects = state.bucket(&request.input.bucket)?;
        Ok(S3Response::new(list(objects, request.input)))
    }
}

async fn read_body(body: Option<StreamingBlob>, content_length: Option<i64>) -> S3Result<Bytes> {
    let Some(mut body) = body else {
        return Ok(Bytes::new());
    };
    let announced_bytes = content_length
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    let mut bytes = BytesMut::with_capacity(announced_bytes.min(MAX_PREALLOCATED_BYTES));
    while let Some(chunk) = body
        .try_next()
        .await
        .map_err(|error| s3_error!(IncompleteBody, "{error}"))?
    {
        if bytes.len() + chunk.len() > MAX_OBJECT_BYTES {
            return Err(s3_error!(
                EntityTooLarge,
                "objects here have at most {MAX_OBJECT_BYTES} bytes"
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// Checksum that a client sends after the body, if it computes it while sending.
fn trailing_crc32(trailers: Option<&TrailingHeaders>) -> Option<String> {
    let value = trailers?.read(|headers| headers.get("x-amz-checksum-crc32").cloned())??;
    value.to_str().ok().map(str::to_owned)
}

fn check_crc32(body: &[u8], claimed: String) -> S3Result<String> {
    let mut hasher = ChecksumHasher {
        crc32: Some(Crc32::new()),
        ..Default::default()
    };
    hasher.update(body);
    if hasher.finalize().checksum_crc32.as_ref() == Some(&claimed) {
        return Ok(claimed);
    }
    Err(s3_error!(
        BadDigest,
        "The CRC32 you specified did not match what we received."
    ))
}

fn content_type(stored: Option<String>) -> Option<ContentType> {
    stored
        .unwrap_or_else(|| "binary/octet-stream".to_owned())
        .parse()
        .ok()
}
