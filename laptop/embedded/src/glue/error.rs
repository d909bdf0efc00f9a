//! Exceptions of Glue.

/// Error of a call: the exception's name and message, as the SDKs show them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlueError {
    #[error("EntityNotFoundException: {0}")]
    EntityNotFound(String),
    #[error("AlreadyExistsException: {0}")]
    AlreadyExists(String),
    #[error("InvalidInputException: {0}")]
    InvalidInput(String),
    #[error("ThrottlingException: Rate exceeded")]
    Throttling,
    #[error("SerializationException: {0}")]
    Serialization(String),
    #[error("UnknownOperationException: {0:?} is not an operation of this endpoint")]
    UnknownOperation(String),
}

impl GlueError {
    /// Error of a body that is not a request of the operation.
    pub(super) fn from_request(error: &serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => Self::InvalidInput(error.to_string()),
            _ => Self::Serialization(error.to_string()),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let text = self.to_string();
        let (exception, message) = text.split_once(": ").unwrap_or((&text, ""));
        serde_json::json!({"__type": exception, "Message": message})
            .to_string()
            .into_bytes()
    }
}
