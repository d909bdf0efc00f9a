//! Seam to the connector under test.

use async_trait::async_trait;

/// Invocation of a connector: bytes of a request there, bytes of the response back.
#[async_trait]
pub trait Ask: Send + Sync {
    async fn ask(&self, request: Vec<u8>) -> Result<Vec<u8>, AskError>;
}

/// Invocation without a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskError {
    /// The connector reports an error: Lambda's function error.
    Function { error_type: String, message: String },
    /// The connector was not reached.
    Transport(String),
}

impl std::fmt::Display for AskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Function { error_type, message } => write!(f, "{message} ({error_type})"),
            Self::Transport(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for AskError {}
