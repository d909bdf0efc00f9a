//! The trait and its error.

use async_trait::async_trait;

/// Takes the bytes of one federation request to a connector and brings the answer's bytes back.
#[async_trait]
pub trait Invoke: Send + Sync {
    async fn invoke(&self, request: Vec<u8>) -> Result<Vec<u8>, InvokeError>;
}

/// The connector gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// It answered with an error: Lambda's function error, whose two texts are all that crosses.
    #[error("{message} ({error_type})")]
    Function { error_type: String, message: String },
    /// It was not reached, or its answer did not come through.
    #[error("cannot invoke {function}: {reason}")]
    Transport { function: String, reason: String },
}

impl InvokeError {
    /// Whether the connector asks to be called less, rather than failing.
    pub fn is_throttling(&self) -> bool {
        matches!(self, Self::Function { error_type, .. } if error_type.ends_with(".FederationThrottleException"))
    }
}
