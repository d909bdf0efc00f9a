//! Credentials of Kafka clients in AWS. Needs the actions `secretsmanager:GetSecretValue` (and `kms:Decrypt`
//! for a customer managed key), `s3:ListBucket` and `s3:GetObject`, each only if a cluster's `auth_type`
//! needs it.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_s3::primitives::ByteStream;
use zeroize::Zeroizing;

use kafka::auth::credentials::CredentialStore;
use kafka::auth::error::AuthError;
use kafka::auth::secret::SecretText;

use crate::aws::sdk::{reason, retries, timeouts};
use spill::causes;

/// Secrets Manager, S3 and the SDK's credentials. Its clients are made when first needed, so never without
/// authentication.
pub struct AwsCredentialStore {
    config: SdkConfig,
    /// Client whose configuration the S3 client here reuses.
    given_s3: aws_sdk_s3::Client,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
}

impl AwsCredentialStore {
    pub fn new(config: &SdkConfig, s3: aws_sdk_s3::Client) -> Self {
        Self {
            config: config.clone(),
            given_s3: s3,
            secrets: OnceLock::new(),
            s3: OnceLock::new(),
        }
    }

    fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets.get_or_init(|| {
            let config = aws_sdk_secretsmanager::config::Builder::from(&self.config)
                .timeout_config(timeouts())
                .retry_config(retries(MAX_ATTEMPTS));
            aws_sdk_secretsmanager::Client::from_conf(config.build())
        })
    }

    fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            let config = self.given_s3.config().to_builder();
            let config = config
                .timeout_config(timeouts())
                .retry_config(retries(MAX_ATTEMPTS));
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }
}

const MAX_ATTEMPTS: u32 = 3;

#[async_trait]
impl CredentialStore for AwsCredentialStore {
    async fn secret(&self, id: &str) -> Result<SecretText, AuthError> {
        let answer = self.secrets().get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| AuthError::Secret {
            id: id.to_owned(),
            reason: reason(&error, "secretsmanager"),
        })?;
        let text = answer.secret_string;
        text.map(SecretText::new)
            .ok_or_else(|| AuthError::BinarySecret { id: id.to_owned() })
    }

    async fn list_keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AuthError> {
        let listing = self.s3().list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = listing.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AuthError::Object {
                object: format!("s3://{bucket}/{prefix}*"),
                reason: reason(&error, "s3"),
            })?;
            let objects = page.contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    async fn object(
        &self,
        bucket: &str,
        key: &str,
        limit_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, AuthError> {
        let name = || format!("s3://{bucket}/{key}");
        let unreadable = |reason| AuthError::Object {
            object: name(),
            reason,
        };
        let answer = self.s3().get_object().bucket(bucket).key(key).send().await;
        let answer = answer.map_err(|error| unreadable(reason(&error, "s3")))?;
        let announced = answer
            .content_length()
            .and_then(|bytes| usize::try_from(bytes).ok());
        let content = collect(answer.body, announced.unwrap_or(0), limit_bytes).await;
        content
            .map_err(|error| unreadable(causes(&error)))?
            .ok_or_else(|| AuthError::ObjectTooLarge {
                object: name(),
                limit_bytes,
            })
    }

    async fn aws_credentials(&self) -> Result<Credentials, AuthError> {
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| AuthError::AwsCredentials {
            reason: "the SDK has no credentials provider".into(),
        })?;
        let credentials = provider.provide_credentials().await;
        credentials.map_err(|error| AuthError::AwsCredentials {
            reason: causes(&error),
        })
    }

    fn region(&self) -> Option<String> {
        self.config.region().map(ToString::to_string)
    }
}

/// Content of an object; `None` as soon as it exceeds `limit_bytes`. The buffer has the announced length, so
/// that growing leaves no copy in freed memory.
async fn collect(
    mut body: ByteStream,
    announced_bytes: usize,
    limit_bytes: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, aws_sdk_s3::primitives::ByteStreamError> {
    let mut content = Zeroizing::new(Vec::with_capacity(announced_bytes.min(limit_bytes)));
    while let Some(bytes) = body.try_next().await? {
        if content.len() + bytes.len() > limit_bytes {
            return Ok(None);
        }
        content.extend_from_slice(&bytes);
    }
    Ok(Some(content))
}
