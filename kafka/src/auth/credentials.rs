//! Seam to a cluster's credentials: secrets, stored certificates and the caller's own identity.
//!
//! [`memory::MemoryCredentialStore`] holds fixed values. A store is first called when a client is made whose
//! `auth_type` needs it.

use async_trait::async_trait;
use aws_credential_types::Credentials;
use zeroize::Zeroizing;

use crate::auth::error::AuthError;
use crate::auth::secret::SecretText;

#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
pub mod memory;

/// Source of the credentials that clients authenticate with.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// Text of the secret with this name or ARN.
    ///
    /// # Errors
    /// [`AuthError::BinarySecret`] if it has no text.
    async fn secret(&self, id: &str) -> Result<SecretText, AuthError>;

    /// Keys of all objects in `bucket` that begin with `prefix`.
    async fn list_keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AuthError>;

    /// Content of an object.
    ///
    /// # Errors
    /// [`AuthError::ObjectTooLarge`] if it has more than `limit_bytes`; no more than these are fetched.
    async fn object(
        &self,
        bucket: &str,
        key: &str,
        limit_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, AuthError>;

    /// AWS credentials of the function.
    async fn aws_credentials(&self) -> Result<Credentials, AuthError>;

    /// AWS region that the function runs in.
    fn region(&self) -> Option<String>;
}
