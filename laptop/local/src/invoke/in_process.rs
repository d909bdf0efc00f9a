//! Connector in this process, still called with wire bytes.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use connector::Connector;

use super::{Invoke, InvokeError};

/// Calls a [`Connector`] as Lambda would: with a deadline, and with Lambda's limit on the size of a response.
pub struct InProcess {
    connector: Connector,
    timeout: Duration,
}

/// Maximum timeout of Lambda.
const TIMEOUT: Duration = Duration::from_secs(900);

impl InProcess {
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            timeout: TIMEOUT,
        }
    }

    /// Sets the time limit of each call; 900 s by default.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

#[async_trait]
impl Invoke for InProcess {
    async fn invoke(&self, request: Vec<u8>) -> Result<Vec<u8>, InvokeError> {
        let answer = self
            .connector
            .handle(&request, Instant::now() + self.timeout)
            .await;
        let answer = answer.map_err(|diagnostic| InvokeError::Function {
            error_type: diagnostic.error_type,
            message: diagnostic.error_message,
        })?;
        if answer.len() > spill::MAX_RESPONSE_BYTES {
            return Err(InvokeError::Function {
                error_type: "Function.ResponseSizeTooLarge".to_owned(),
                message: format!(
                    "response payload of {} bytes exceeds the maximum of {} bytes",
                    answer.len(),
                    spill::MAX_RESPONSE_BYTES
                ),
            });
        }
        Ok(answer)
    }
}
