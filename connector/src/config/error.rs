//! Errors of settings, and the names of the variables they are about.

use kafka::auth::AuthTypeError;

/// Variable that is missing or invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("environment variable {variable} is not set")]
    Missing { variable: &'static str },
    #[error(transparent)]
    AuthType(#[from] AuthTypeError),
    #[error("environment variable {}: {reason}", KAFKA_CLUSTERS)]
    Clusters { reason: String },
    /// Contains no value, which may be a key.
    #[error("environment variable {SPILL_PUT_REQUEST_HEADERS}: {reason}")]
    PutHeaders { reason: String },
    /// A variable names a secret that cannot be read.
    #[error("environment variable {variable}: {reason}")]
    Secret { variable: String, reason: String },
    /// A variable names a secret whose content is invalid for it. Contains nothing of the secret.
    #[error("environment variable {variable} is invalid with the content of its secrets")]
    SecretValue { variable: String },
    #[error("Glue connection `{name}`: {reason}")]
    GlueConnection { name: String, reason: String },
    #[error("environment variable {variable} is `{value}`; wanted {wanted}")]
    Invalid {
        variable: &'static str,
        value: String,
        wanted: String,
    },
}

impl ConfigError {
    /// Name of the variable that caused the error.
    pub fn variable(&self) -> &str {
        match self {
            Self::Missing { variable } | Self::Invalid { variable, .. } => variable,
            Self::AuthType(_) => AUTH_TYPE,
            Self::Clusters { .. } => KAFKA_CLUSTERS,
            Self::PutHeaders { .. } => SPILL_PUT_REQUEST_HEADERS,
            Self::Secret { variable, .. } | Self::SecretValue { variable } => variable,
            Self::GlueConnection { .. } => GLUE_CONNECTION,
        }
    }
}

pub(crate) const AUTH_TYPE: &str = "auth_type";
pub(crate) const GLUE_CONNECTION: &str = "glue_connection";
pub(crate) const KAFKA_CLUSTERS: &str = "kafka_clusters";
pub(crate) const SPILL_PUT_REQUEST_HEADERS: &str = "spill_put_request_headers";
