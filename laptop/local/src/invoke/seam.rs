//! Trait of the transport and its error.

use async_trait::async_trait;

/// Transport of a federation request's bytes to a connector, and of the response's bytes back.
#[async_trait]
pub trait Invoke: Send + Sync {
    async fn invoke(&self, request: Vec<u8>) -> Result<Vec<u8>, InvokeError>;
}

/// Failure of an invocation.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The connector responded with an error: Lambda's function error, which consists of two texts.
    #[error("{message} ({error_type})")]
    Function { error_type: String, message: String },
    /// The connector was not reached, or its response was lost.
    #[error("cannot invoke {function}: {reason}")]
    Transport { function: String, reason: String },
}

impl InvokeError {
    /// Whether the connector throttled the call.
    pub fn is_throttling(&self) -> bool {
        matches!(self, Self::Function { error_type, .. } if error_type.ends_with(".FederationThrottleException"))
    }
}
