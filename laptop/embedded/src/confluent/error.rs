//! Errors of the registry.

use axum::http::StatusCode;

/// Error of a request, with the API's error code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfluentError {
    #[error("Subject '{0}' not found.")]
    SubjectNotFound(String),
    #[error("Version {0} not found.")]
    VersionNotFound(u32),
    #[error("Schema {0} not found")]
    SchemaNotFound(String),
    #[error("Schema not found")]
    SchemaNotRegistered,
    #[error("Invalid schema: {0}")]
    InvalidSchema(String),
    #[error(
        "The specified version '{0}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
    )]
    InvalidVersion(String),
    #[error("The request's body is not a schema: {0}")]
    InvalidBody(String),
    #[error("Unauthorized")]
    Unauthorized,
    #[error("HTTP 404 Not Found")]
    NoSuchResource,
    #[error("HTTP 405 Method Not Allowed")]
    MethodNotAllowed,
    /// Requested by [`EmbeddedConfluent::break_path`](super::EmbeddedConfluent::break_path).
    #[error("HTTP {0}")]
    Ordered(u16),
}

impl ConfluentError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::SubjectNotFound(_)
            | Self::VersionNotFound(_)
            | Self::SchemaNotFound(_)
            | Self::SchemaNotRegistered
            | Self::NoSuchResource => StatusCode::NOT_FOUND,
            Self::InvalidSchema(_) | Self::InvalidVersion(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::InvalidBody(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Ordered(status) => {
                StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// Error code: the status with two more digits, where the API has them.
    fn code(&self) -> u32 {
        match self {
            Self::SubjectNotFound(_) => 40401,
            Self::VersionNotFound(_) => 40402,
            Self::SchemaNotFound(_) | Self::SchemaNotRegistered => 40403,
            Self::InvalidSchema(_) => 42201,
            Self::InvalidVersion(_) => 42202,
            Self::Ordered(500) => 50001,
            _ => u32::from(self.status().as_u16()),
        }
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "error_code": self.code(), "message": self.to_string() })
    }
}
