//! Session of the caller, which Athena may forward with a request (`fas_token`, in the SDK
//! `com.amazonaws.athena.connector.lambda.security.FASToken`).
//!
//! The spill bucket, the query's state and Glue are then accessed with the caller's permissions instead of
//! the function's. The token is a message of the AWS Encryption SDK under the KMS key that the request names
//! as `service_kms_key_id`; without that name the token is ignored. Needs the action `kms:Decrypt` on the
//! key.

use std::fmt;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::FederatedIdentity;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::aws::kms;
use crate::aws::sdk::reason;
use kafka::auth::secret::SecretText;
use message::{Message, WrappedKey};

mod message;

/// Session as received. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ForwardedSession {
    token: String,
    key_id: String,
}

/// Error of a token that cannot be decrypted. Contains nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the caller's session (fas_token): {0}")]
pub struct SessionError(String);

#[cfg(test)]
impl SessionError {
    pub(crate) fn from_reason(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl ForwardedSession {
    /// Session of a request, if its key is named, too.
    pub(crate) fn of(identity: Option<&FederatedIdentity>) -> Option<Self> {
        let options = &identity?.config_options;
        let option = |name| {
            options
                .get(name)
                .map(|text| text.trim())
                .filter(|text| !text.is_empty())
        };
        Some(Self {
            token: option("fas_token")?.to_owned(),
            key_id: option("service_kms_key_id")?.to_owned(),
        })
    }

    /// `sdk` with the caller's credentials.
    ///
    /// # Errors
    /// If the token is not a valid message, is not encrypted under this key or is not authentic, or the
    /// function may not use the key.
    pub(crate) async fn assume(&self, sdk: &SdkConfig) -> Result<SdkConfig, SessionError> {
        let token = STANDARD.decode(&self.token);
        let token = token.map_err(|_| SessionError("it is not base64".to_owned()))?;
        let message = Message::parse(&token).map_err(|error| SessionError(error.to_string()))?;
        let data_key = self.unwrap_key(&message, &kms::client(sdk)).await?;
        let text = message
            .open(&data_key)
            .map_err(|error| SessionError(error.to_string()))?;
        let credentials = SharedCredentialsProvider::new(credentials(&text)?);
        Ok(sdk.to_builder().credentials_provider(credentials).build())
    }

    async fn unwrap_key(
        &self,
        message: &Message<'_>,
        kms: &aws_sdk_kms::Client,
    ) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        let key = message.wrapped_keys.iter().find(|key| self.is_under(key));
        let key =
            key.ok_or_else(|| SessionError(format!("its key is not wrapped under `{}`", self.key_id)))?;
        let answer = kms
            .decrypt()
            .key_id(key.key_arn)
            .ciphertext_blob(Blob::new(key.wrapped))
            .set_encryption_context(Some(message.context.clone().into_iter().collect()))
            .send()
            .await
            .map_err(|error| {
                SessionError(format!(
                    "Decrypt with `{}`: {}",
                    key.key_arn,
                    reason(&error, "kms")
                ))
            })?;
        let plaintext = answer.plaintext.map(Blob::into_inner);
        Ok(Zeroizing::new(plaintext.unwrap_or_default()))
    }

    fn is_under(&self, key: &WrappedKey<'_>) -> bool {
        let id = key.key_arn.rsplit_once(":key/").map(|(_, id)| id);
        key.provider == b"aws-kms" && (key.key_arn == self.key_id || id == Some(&self.key_id))
    }
}

impl fmt::Debug for ForwardedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedSession")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

fn credentials(text: &[u8]) -> Result<Credentials, SessionError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Session {
        access_token: SecretText,
        secret_token: SecretText,
        security_token: SecretText,
    }

    // The parser's error is dropped, since it may quote the text.
    let session: Session = serde_json::from_slice(text)
        .map_err(|_| SessionError("it holds no accessToken, secretToken and securityToken".to_owned()))?;
    Ok(Credentials::new(
        session.access_token.expose(),
        session.secret_token.expose(),
        Some(session.security_token.expose().to_owned()),
        None,
        "forwarded session",
    ))
}

#[cfg(test)]
pub(crate) mod tests;
