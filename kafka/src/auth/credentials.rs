//! Where a cluster's credentials come from: the seam to secrets, stored certificates and the caller's own identity.
//!
//! [`memory::MemoryCredentialStore`] has what it was given. A store is not asked before a client of a cluster is made whose
//! `auth_type` needs it.

use async_trait::async_trait;
use aws_credential_types::Credentials;
use zeroize::Zeroizing;

use crate::auth::error::AuthError;
use crate::auth::secret::SecretText;
use crate::auth::token::{LoginToken, TokenEndpoint};
use crate::cluster::AssumedRole;

#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
pub mod memory;

/// Gives what clients authenticate with.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The text of the secret with this name or ARN.
    ///
    /// # Errors
    /// [`AuthError::BinarySecret`] if it has no text.
    async fn secret(&self, id: &str) -> Result<SecretText, AuthError>;

    /// The keys of all objects in `bucket` whose key begins with `prefix`.
    async fn list_keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AuthError>;

    /// An object's content.
    ///
    /// # Errors
    /// [`AuthError::ObjectTooLarge`] if it has more than `limit_bytes`, of which no more are fetched.
    async fn object(
        &self,
        bucket: &str,
        key: &str,
        limit_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, AuthError>;

    /// Whoever this function is to AWS, or a session of `role`, good for some minutes at least.
    ///
    /// # Errors
    /// [`AuthError::Role`] if the role cannot be assumed.
    async fn aws_credentials(&self, role: Option<&AssumedRole>) -> Result<Credentials, AuthError>;

    /// A token for the client `client_id` of an OAuth authorization server.
    ///
    /// # Errors
    /// [`AuthError::TokenEndpoint`] if the server gives none.
    async fn oauth_token(
        &self,
        endpoint: &TokenEndpoint,
        client_id: &SecretText,
        client_secret: &SecretText,
    ) -> Result<LoginToken, AuthError>;

    /// The AWS region that the function runs in.
    fn region(&self) -> Option<String>;
}
