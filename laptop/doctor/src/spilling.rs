//! Checks of spilling: keys for blocks, and whether the bucket exists and accepts objects.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use bytes::Bytes;
use connector::Parts;
use protocol::SpillLocation;
use spill::{StoreError, block_location, split_location};

use crate::finding::Check;
use crate::limit::Limit;
use crate::report::{About, Report};
use spill::causes;

/// Deletes objects that a check has written: spilling itself never deletes.
#[async_trait]
pub trait DeleteObject: Send + Sync {
    /// # Errors
    /// Reason why the object still exists.
    async fn delete(&self, location: &SpillLocation) -> Result<(), String>;
}

/// Dependencies of the checks beside the connector's parts.
pub(crate) struct Spilling<'a> {
    pub(crate) objects: &'a dyn DeleteObject,
    /// Whether to write no object.
    pub(crate) read_only: bool,
    pub(crate) limit: Limit,
}

pub(crate) async fn check(
    parts: &Parts,
    spilling: &Spilling<'_>,
    obstacle: Option<&str>,
    report: &mut Report<'_>,
) {
    let mut about = report.about("spilling");
    if let Some(obstacle) = obstacle {
        return about.skip_all(&[Check::Key, Check::Bucket, Check::Write], obstacle);
    }
    key(parts, spilling.limit, &mut about).await;
    let bucket = match parts.config.spill_bucket() {
        Ok(bucket) => bucket,
        Err(missing) => return about.skip_all(&[Check::Bucket, Check::Write], &missing.to_string()),
    };
    if !is_there(parts, bucket, spilling.limit, &mut about).await {
        about.skip(Check::Write, "the bucket cannot be used");
    } else if spilling.read_only {
        about.skip(Check::Write, "--read-only is set");
    } else {
        write(parts, bucket, spilling, &mut about).await;
    }
}

/// Requests the key of one split.
async fn key(parts: &Parts, limit: Limit, about: &mut About<'_, '_>) {
    let config = &parts.config;
    if !config.encrypt_spill {
        return about.ok(Check::Key, "none: disable_spill_encryption is set");
    }
    let Some(key_id) = &config.kms_key_id else {
        return about.ok(Check::Key, "the function generates one for each split");
    };
    let found = match limit.within(parts.spill_keys.generate(1)).await {
        Ok(Ok(_)) => {
            return about.ok(
                Check::Key,
                format!("KMS generates one for each split under {key_id}"),
            );
        }
        Ok(Err(error)) => error.to_string(),
        Err(late) => format!("KMS: {late}"),
    };
    about.fail(
        Check::Key,
        found,
        "check kms_key_id and its region; allow kms:GenerateDataKey on the key and kms:GenerateRandom",
    );
}

/// Checks the bucket as the first planning in a container does.
async fn is_there(parts: &Parts, bucket: &str, limit: Limit, about: &mut About<'_, '_>) -> bool {
    let (found, fix) = match limit.within(parts.blocks.check_bucket(bucket)).await {
        Ok(Ok(())) => {
            about.ok(Check::Bucket, format!("{bucket} exists"));
            return true;
        }
        Ok(Err(error @ StoreError::NoBucket { .. })) => (
            error.to_string(),
            "create the bucket, or check spill_bucket and the account; allow s3:ListBucket",
        ),
        Ok(Err(error)) => (error.to_string(), WAY),
        Err(late) => (format!("{bucket}: {late}"), WAY),
    };
    about.fail(Check::Bucket, found, fix);
    false
}

const WAY: &str =
    "check region, endpoint and the route to S3: in a VPC a gateway endpoint for `s3` or a NAT gateway";

/// Content of the object, by which its origin is known if it cannot be deleted.
const CONTENT: &[u8] = b"test object of athena-local doctor";

async fn write(parts: &Parts, bucket: &str, spilling: &Spilling<'_>, about: &mut About<'_, '_>) {
    let directory = split_location(bucket, &parts.config.spill_prefix, "athena-local-doctor");
    let location = block_location(&directory, 0);
    let put = parts.blocks.put(&location, Bytes::from_static(CONTENT));
    let error = match spilling.limit.within(put).await {
        Ok(Ok(())) => {
            let left = match spilling.limit.within(spilling.objects.delete(&location)).await {
                Ok(Ok(())) => "and deleted it again".to_owned(),
                Ok(Err(reason)) => format!("left it there: {reason}"),
                Err(late) => format!("left it there: {late}"),
            };
            return about.ok(Check::Write, format!("put {location}, {left}"));
        }
        Ok(Err(error)) => error.to_string(),
        Err(late) => format!("cannot put {location}: {late}"),
    };
    let fix = write_fix(&error);
    about.fail(Check::Write, error, fix);
}

/// Fix for S3's error codes that a message may contain.
fn write_fix(error: &str) -> &'static str {
    const FIXES: [(&str, &str); 4] = [
        (
            "AccessDenied",
            "allow s3:PutObject under the prefix; with a KMS key for the bucket kms:GenerateDataKey too",
        ),
        (
            "NoSuchBucket",
            "create the bucket, or check spill_bucket and the account",
        ),
        ("PermanentRedirect", "name a bucket of the function's region"),
        (
            "KMS",
            "check that the bucket's KMS key is enabled, and allow kms:GenerateDataKey on it",
        ),
    ];
    let known = FIXES.iter().find(|(code, _)| error.contains(code));
    known.map_or(WAY, |(_, fix)| fix)
}

/// Objects in S3.
pub(crate) struct S3Objects(Client);

impl S3Objects {
    pub(crate) fn new(client: Client) -> Self {
        Self(client)
    }
}

#[async_trait]
impl DeleteObject for S3Objects {
    async fn delete(&self, location: &SpillLocation) -> Result<(), String> {
        let delete = self.0.delete_object().bucket(&location.bucket).key(&location.key);
        let deleted = delete.send().await;
        deleted
            .map(|_| ())
            .map_err(|error| match (error.code(), error.message()) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                _ => causes(&error),
            })
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
            ("cannot put 7 bytes to s3://b/k: dispatch failure", "route to S3"),
        ] {
            assert!(write_fix(reason).contains(wanted), "{reason}");
        }
    }
}
