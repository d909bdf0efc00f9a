//! Errors of missing or unreadable credentials.

use std::fmt;

use msk_iam::SigningError;

use crate::auth::location::CertificatesLocation;
use crate::auth::secret::SecretKey;

/// Reason why a client has no credentials. Names secrets, keys and objects, never their contents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The [`Cluster`](crate::Cluster) lacks a setting that its `auth_type` needs.
    #[error("`auth_type` {auth_type} needs {credential}, which is not set")]
    Missing {
        auth_type: &'static str,
        credential: Credential,
    },

    #[error("{needed_by} needs {key}, which secret `{id}` does not have")]
    MissingKey {
        needed_by: String,
        id: String,
        key: SecretKey,
    },

    #[error("secret `{id}` cannot be read: {reason}")]
    Secret { id: String, reason: String },

    #[error("secret `{id}` is binary; wanted a JSON object as text")]
    BinarySecret { id: String },

    #[error("secret `{id}` is not a JSON object of texts")]
    SecretText { id: String },

    #[error("{location} has none of {names}")]
    NoStore {
        location: CertificatesLocation,
        names: String,
    },

    #[error("{object} cannot be read: {reason}")]
    Object { object: String, reason: String },

    #[error("{object} has more than {limit_bytes} bytes, the limit of a certificate store")]
    ObjectTooLarge { object: String, limit_bytes: usize },

    #[error("{object} {reason}")]
    Store { object: String, reason: String },

    #[error("no AWS credentials for a token: {reason}")]
    AwsCredentials { reason: String },

    #[error(transparent)]
    Signing(SigningError),

    #[error(
        "the region to sign for is unknown: the brokers' names do not end with it, and neither a setting nor \
         the environment names one"
    )]
    NoRegion,
}

/// Credential setting of a [`Cluster`](crate::Cluster).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// [`Cluster::secret_id`](crate::Cluster::secret_id).
    Secret,
    /// [`Cluster::certificates`](crate::Cluster::certificates).
    Certificates,
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "a secret",
            Self::Certificates => "a location of certificates",
        })
    }
}
