use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use protocol::SpillLocation;

use super::{BlockStore, MAX_OBJECT_BYTES};
use crate::{PutHeaders, StoreError, causes};

/// Maximum number of attempts: one request and five retries; the SDK's default is three requests in total. A
/// block that cannot be stored costs the whole split, which is read again from the start; the waits add up to
/// half a minute at most.
const MAX_ATTEMPTS: u32 = 6;

/// Timeout of one attempt: a block of 64 MiB at 1 MiB/s. A hanging connection must not use up the function's
/// whole time.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(64);

/// Blocks as S3 objects. Requests carry bucket, key, length, the SDK's checksum and the headers of
/// [`with_put_headers`](Self::with_put_headers); encryption at rest, ownership and expiry are otherwise the
/// bucket's settings.
#[derive(Debug, Clone)]
pub struct S3BlockStore {
    client: Client,
    put_headers: PutHeaders,
}

impl S3BlockStore {
    /// Uses the client's configuration, but makes at least six attempts at a request that fails transiently
    /// (throttling, 5xx, connection), and ends an attempt after 64 seconds unless the configuration has a
    /// timeout of its own.
    pub fn new(client: Client) -> Self {
        let config = client.config();
        let retry = config
            .retry_config()
            .cloned()
            .unwrap_or_else(RetryConfig::standard);
        let timeout = config
            .timeout_config()
            .map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder)
            .build();
        let attempts = retry.max_attempts().max(MAX_ATTEMPTS);
        let attempt_timeout = timeout.operation_attempt_timeout().unwrap_or(ATTEMPT_TIMEOUT);
        let config = config
            .to_builder()
            .retry_config(retry.with_max_attempts(attempts))
            .timeout_config(
                timeout
                    .to_builder()
                    .operation_attempt_timeout(attempt_timeout)
                    .build(),
            )
            .build();
        Self {
            client: Client::from_conf(config),
            put_headers: PutHeaders::default(),
        }
    }

    /// Adds headers to every put request.
    pub fn with_put_headers(self, put_headers: PutHeaders) -> Self {
        Self { put_headers, ..self }
    }
}

#[async_trait]
impl BlockStore for S3BlockStore {
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError> {
        let bytes = block.len();
        let put = self
            .client
            .put_object()
            .bucket(&location.bucket)
            .key(&location.key)
            .content_length(bytes as i64)
            .body(ByteStream::from(block));
        let headers = self.put_headers.clone();
        match put
            .customize()
            // Connections are encrypted and the checksum is signed; hashing each block would take a twentieth
            // of a read's time.
            .disable_payload_signing()
            .mutate_request(move |request| headers.add_to(request))
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::Put {
                location: location.clone(),
                bytes,
                reason: reason(&error),
            }),
        }
    }

    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError> {
        let got = self
            .client
            .get_object()
            .bucket(&location.bucket)
            .key(&location.key)
            .send()
            .await;
        let location = location.clone();
        match got {
            Ok(object) => read_body(object.body, location).await,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|service| service.is_no_such_key()) =>
            {
                Err(StoreError::NotFound { location })
            }
            Err(error) => Err(StoreError::Get {
                location,
                reason: reason(&error),
            }),
        }
    }

    async fn check_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        let Err(error) = self.client.head_bucket().bucket(bucket).send().await else {
            return Ok(());
        };
        let (bucket, reason) = (bucket.to_owned(), reason(&error));
        // A response to HEAD has no body with details.
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(403 | 404) => Err(StoreError::NoBucket { bucket, reason }),
            Some(301 | 307) => {
                let reason = format!("{reason}; the bucket is in another region than the function");
                Err(StoreError::CheckBucket { bucket, reason })
            }
            _ => Err(StoreError::CheckBucket { bucket, reason }),
        }
    }
}

/// Reads the body as it arrives, without trusting the length that the peer claims.
async fn read_body(mut body: ByteStream, location: SpillLocation) -> Result<Bytes, StoreError> {
    let mut block = BytesMut::new();
    loop {
        match body.try_next().await {
            Ok(Some(chunk)) if chunk.len() > MAX_OBJECT_BYTES - block.len() => {
                return Err(StoreError::TooLarge {
                    location,
                    max_bytes: MAX_OBJECT_BYTES,
                });
            }
            Ok(Some(chunk)) => block.extend_from_slice(&chunk),
            Ok(None) => return Ok(block.freeze()),
            Err(error) => {
                return Err(StoreError::Get {
                    location,
                    reason: causes(&error),
                });
            }
        }
    }
}

/// S3's error code and message if present, the status if there was a response, otherwise every cause from the
/// outermost in.
fn reason<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message(), error.raw_response()) {
        (Some(code), Some(message), _) => format!("{code}: {message}"),
        (Some(code), None, _) => code.to_owned(),
        (None, _, Some(response)) => format!("HTTP status {}", response.status().as_u16()),
        (None, _, None) => causes(error),
    }
}

#[cfg(test)]
mod tests;
