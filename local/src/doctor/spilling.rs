//! The spill bucket: whether it is there and takes blocks.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use bytes::Bytes;
use connector::Parts;
use protocol::SpillLocation;
use spill::{block_location, split_location};

use super::finding::Check;
use super::limit::Limit;
use super::report::{About, Report};
use crate::invoke::chain;

/// What of a bucket spilling itself never asks.
#[async_trait]
pub trait BucketAccess: Send + Sync {
    /// Whether the bucket is there and may be looked at.
    async fn exists(&self, bucket: &str) -> Result<(), BucketError>;

    async fn delete(&self, location: &SpillLocation) -> Result<(), BucketError>;
}

/// Why a bucket gave no answer of use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    #[error("there is no such bucket")]
    NotFound,
    /// Which is no proof that it is there.
    #[error("it may not be asked for")]
    Denied,
    #[error("it is in another region")]
    Elsewhere,
    #[error("{0}")]
    Failed(String),
}

/// What the checks of the bucket need beside the connector's parts.
pub(super) struct Spilling<'a> {
    pub(super) access: &'a dyn BucketAccess,
    /// Puts no object.
    pub(super) read_only: bool,
    pub(super) limit: Limit,
}

pub(super) async fn check(
    parts: &Parts,
    spilling: &Spilling<'_>,
    obstacle: Option<&str>,
    report: &mut Report<'_>,
) {
    let config = &parts.config;
    let mut about = report.about("spilling");
    let missing = config.spill_bucket().err().map(|error| error.to_string());
    if let Some(obstacle) = obstacle.or(missing.as_deref()) {
        about.skip(Check::Bucket, obstacle);
        return about.skip(Check::Write, obstacle);
    }
    let bucket = config.spill_bucket().unwrap_or_default();
    let there = exists(bucket, spilling, &mut about).await;
    match there {
        Err(obstacle) => about.skip(Check::Write, &obstacle),
        Ok(()) if spilling.read_only => about.skip(Check::Write, "--read-only was asked for"),
        Ok(()) => write(parts, bucket, spilling, &mut about).await,
    }
}

/// Or why there is no use in writing to it.
async fn exists(bucket: &str, spilling: &Spilling<'_>, about: &mut About<'_, '_>) -> Result<(), String> {
    let answer = spilling.limit.within(spilling.access.exists(bucket)).await;
    let error = match answer {
        Ok(Ok(())) => {
            about.ok(Check::Bucket, format!("{bucket} exists"));
            return Ok(());
        }
        Ok(Err(error)) => error,
        Err(late) => BucketError::Failed(late.to_string()),
    };
    let found = format!("{bucket}: {error}");
    match error {
        BucketError::Denied => {
            about.warn(
                Check::Bucket,
                found,
                "nothing, if the next check writes: spilling does not need s3:ListBucket",
            );
            Ok(())
        }
        error => {
            about.fail(Check::Bucket, found, bucket_fix(&error));
            Err(format!("of bucket {bucket}: {error}"))
        }
    }
}

fn bucket_fix(error: &BucketError) -> &'static str {
    match error {
        BucketError::NotFound => "create the bucket, or look at spill_bucket and the account",
        BucketError::Denied => "allow s3:PutObject under the prefix",
        BucketError::Elsewhere => "name a bucket of the function's region",
        BucketError::Failed(_) => WAY,
    }
}

const WAY: &str =
    "look at region, endpoint and the way to S3: in a VPC a gateway endpoint for `s3` or a NAT gateway";

/// What is put: enough to see who left it, if it cannot be deleted.
const CONTENT: &[u8] = b"athena-local doctor was here";

async fn write(parts: &Parts, bucket: &str, spilling: &Spilling<'_>, about: &mut About<'_, '_>) {
    let directory = split_location(bucket, &parts.config.spill_prefix, "athena-local-doctor");
    let location = block_location(&directory, 0);
    let put = parts.blocks.put(&location, Bytes::from_static(CONTENT));
    let error = match spilling.limit.within(put).await {
        Ok(Ok(())) => {
            let left = match spilling.limit.within(spilling.access.delete(&location)).await {
                Ok(Ok(())) => "and deleted it again".to_owned(),
                Ok(Err(error)) => format!("left it there, for it cannot be deleted ({error})"),
                Err(late) => format!("left it there, for it cannot be deleted ({late})"),
            };
            return about.ok(Check::Write, format!("put {location}, {left}"));
        }
        Ok(Err(error)) => error.to_string(),
        Err(late) => format!("cannot put {location}: {late}"),
    };
    let fix = write_fix(&error);
    about.fail(Check::Write, error, fix);
}

/// By the codes of S3's that an error may quote.
fn write_fix(error: &str) -> &'static str {
    const FIXES: [(&str, &str); 5] = [
        (
            "AccessDenied",
            "allow s3:PutObject under the prefix; with a KMS key for the bucket kms:GenerateDataKey too",
        ),
        (
            "NoSuchBucket",
            "create the bucket, or look at spill_bucket and the account",
        ),
        ("PermanentRedirect", "name a bucket of the function's region"),
        (
            "KMS",
            "look at the bucket's KMS key: that it is enabled, and kms:GenerateDataKey of it",
        ),
        ("SignatureDoesNotMatch", "look at the credentials"),
    ];
    let known = FIXES.iter().find(|(code, _)| error.contains(code));
    known.map_or(WAY, |(_, fix)| fix)
}

/// Asks S3.
pub(super) struct S3Access(Client);

impl S3Access {
    pub(super) fn new(client: Client) -> Self {
        Self(client)
    }
}

#[async_trait]
impl BucketAccess for S3Access {
    async fn exists(&self, bucket: &str) -> Result<(), BucketError> {
        let asked = self.0.head_bucket().bucket(bucket).send().await;
        asked.map(|_| ()).map_err(|error| bucket_error(&error))
    }

    async fn delete(&self, location: &SpillLocation) -> Result<(), BucketError> {
        let delete = self.0.delete_object().bucket(&location.bucket).key(&location.key);
        delete
            .send()
            .await
            .map(|_| ())
            .map_err(|error| bucket_error(&error))
    }
}

/// By the status: an answer to HEAD has no body that would say more.
fn bucket_error<E>(error: &SdkError<E>) -> BucketError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(404) => BucketError::NotFound,
        Some(403) => BucketError::Denied,
        Some(301 | 307 | 400) if error.message().is_none() => BucketError::Elsewhere,
        Some(status) => BucketError::Failed(match error.message() {
            Some(message) => message.to_owned(),
            None => format!("HTTP status {status}"),
        }),
        None => BucketError::Failed(chain(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_s3_says_leads_to_what_to_do() {
        for (reason, wanted) in [
            (
                "cannot put 7 bytes to s3://b/k: AccessDenied: Access Denied",
                "s3:PutObject",
            ),
            (
                "cannot put 7 bytes to s3://b/k: NoSuchBucket: none",
                "create the bucket",
            ),
            ("cannot put 7 bytes to s3://b/k: dispatch failure", "way to S3"),
        ] {
            assert!(write_fix(reason).contains(wanted), "{reason}");
        }
    }
}
