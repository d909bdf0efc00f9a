//! Keys from AWS KMS.
//!
//! Needs the actions `kms:GenerateDataKey` on the key and `kms:GenerateRandom`.

use std::error::Error;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use futures::stream::{self, StreamExt, TryStreamExt};
use protocol::EncryptionKey;

use crate::aws::sdk::{is_throttling, reason, retries, timeouts};
use crate::spill_keys::{SpillKeyError, SpillKeys};

/// Data keys of 128 bits under one KMS key, with nonces from KMS, as in
/// `com.amazonaws.athena.connector.lambda.security.KmsKeyFactory`.
///
/// KMS returns one data key for each call; nonces are requested many at once.
pub struct KmsSpillKeys {
    client: Client,
    key_id: String,
}

impl KmsSpillKeys {
    /// Creates a source of keys; `key_id` is the id, the ARN or an alias of a symmetric key.
    pub fn new(config: &SdkConfig, key_id: impl Into<String>) -> Self {
        Self {
            client: client(config),
            key_id: key_id.into(),
        }
    }

    async fn data_key(&self) -> Result<Vec<u8>, SpillKeyError> {
        const OPERATION: &str = "GenerateDataKey";
        let answer = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes128)
            .send()
            .await
            .map_err(|error| self.failed(OPERATION, &error))?;
        self.whole(OPERATION, answer.plaintext, DATA_KEY_BYTES)
    }

    async fn nonces(&self, count: usize) -> Result<Vec<u8>, SpillKeyError> {
        const OPERATION: &str = "GenerateRandom";
        let bytes = count * NONCE_BYTES;
        let answer = self
            .client
            .generate_random()
            .number_of_bytes(bytes as i32)
            .send()
            .await
            .map_err(|error| self.failed(OPERATION, &error))?;
        self.whole(OPERATION, answer.plaintext, bytes)
    }

    fn whole(
        &self,
        operation: &'static str,
        answer: Option<Blob>,
        wanted_bytes: usize,
    ) -> Result<Vec<u8>, SpillKeyError> {
        let bytes = answer.map(Blob::into_inner).unwrap_or_default();
        if bytes.len() == wanted_bytes {
            return Ok(bytes);
        }
        Err(SpillKeyError {
            operation,
            key_id: self.key_id.clone(),
            reason: format!("returned {} bytes, wanted {wanted_bytes}", bytes.len()),
            throttled: false,
        })
    }

    fn failed<E>(&self, operation: &'static str, error: &SdkError<E>) -> SpillKeyError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        SpillKeyError {
            operation,
            key_id: self.key_id.clone(),
            reason: reason(error, "kms"),
            throttled: error.code().is_some_and(is_throttling),
        }
    }
}

#[async_trait]
impl SpillKeys for KmsSpillKeys {
    async fn generate(&self, count: usize) -> Result<Vec<EncryptionKey>, SpillKeyError> {
        let keys = stream::iter(0..count).map(|_| self.data_key());
        let keys = keys.buffer_unordered(CALLS_AT_ONCE).try_collect::<Vec<_>>();
        let nonces = stream::iter((0..count).step_by(NONCES_A_CALL))
            .map(|first| self.nonces(NONCES_A_CALL.min(count - first)))
            .buffer_unordered(CALLS_AT_ONCE)
            .try_concat();
        let (keys, nonces) = tokio::try_join!(keys, nonces)?;
        let pairs = keys.into_iter().zip(nonces.chunks_exact(NONCE_BYTES));
        let keys = pairs.map(|(key, nonce)| EncryptionKey {
            key,
            nonce: nonce.to_vec(),
        });
        Ok(keys.collect())
    }
}

pub(crate) fn client(config: &SdkConfig) -> Client {
    let config = aws_sdk_kms::config::Builder::from(config)
        .timeout_config(timeouts())
        .retry_config(retries(MAX_ATTEMPTS));
    Client::from_conf(config.build())
}

const MAX_ATTEMPTS: u32 = 4;
/// Number of concurrent calls. A page of a thousand splits takes a thousand calls, and an account may make
/// some thousands a second.
const CALLS_AT_ONCE: usize = 32;

const DATA_KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// Nonces of one call:
/// [GenerateRandom](https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html) returns at
/// most 1,024 bytes.
const NONCES_A_CALL: usize = 1024 / NONCE_BYTES;

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    use super::*;
    use crate::spill_keys::conformance;
    use crate::testing::aws::sdk_config;
    use crate::testing::http::HttpEndpoint;

    fn keys(endpoint: &HttpEndpoint) -> KmsSpillKeys {
        KmsSpillKeys::new(&sdk_config(&endpoint.url), "alias/spill")
    }

    #[tokio::test]
    async fn a_key_that_may_not_be_used_is_named_with_kms_words() {
        let denied =
            r#"{"__type":"AccessDeniedException","message":"not authorized to perform kms:GenerateDataKey"}"#;
        let endpoint = HttpEndpoint::answering(400, denied).await;
        let error = keys(&endpoint).data_key().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "GenerateDataKey with key `alias/spill`: AccessDeniedException: not authorized to perform \
             kms:GenerateDataKey"
        );
        assert!(!error.throttled);
    }

    #[tokio::test]
    async fn throttling_is_told_from_other_errors() {
        let throttled = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
        let endpoint = HttpEndpoint::answering(400, throttled).await;
        assert!(keys(&endpoint).nonces(1).await.unwrap_err().throttled);
    }

    #[tokio::test]
    async fn a_key_of_another_length_is_refused() {
        // Three bytes.
        let endpoint = HttpEndpoint::answering(200, r#"{"Plaintext":"AAAA","KeyId":"k"}"#).await;
        let error = keys(&endpoint).data_key().await.unwrap_err();
        assert!(
            error.to_string().ends_with("returned 3 bytes, wanted 16"),
            "{error}"
        );
        let error = keys(&endpoint).nonces(85).await.unwrap_err();
        assert!(
            error.to_string().ends_with("returned 3 bytes, wanted 1020"),
            "{error}"
        );
    }

    /// Both operations of KMS, with a counter: no bytes are returned twice.
    #[tokio::test]
    async fn keys_of_kms_are_made_by_the_rules() {
        let mut given = 0_u64;
        let endpoint = HttpEndpoint::by(move |request| {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let bytes = match body.get("NumberOfBytes") {
                Some(bytes) => bytes.as_u64().unwrap(),
                None => DATA_KEY_BYTES as u64,
            };
            assert!((1..=1024).contains(&bytes), "{bytes} bytes");
            assert!(head.contains("TrentService.Generate"), "{head}");
            let plaintext: Vec<u8> = (given..)
                .flat_map(u64::to_be_bytes)
                .take(bytes as usize)
                .collect();
            given += bytes.div_ceil(8);
            let plaintext = BASE64_STANDARD.encode(plaintext);
            (
                200,
                serde_json::json!({ "Plaintext": plaintext, "KeyId": "k" }).to_string(),
            )
        })
        .await;
        conformance::check(&keys(&endpoint)).await;
    }
}
