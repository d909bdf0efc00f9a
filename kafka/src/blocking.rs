//! Work on threads that may block.

use std::panic;

use tracing::Span;

use crate::error::KafkaError;

/// Runs `work` on a thread that may block, in the caller's tracing span; propagates a panic.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    let span = Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            Err(error) => Err(KafkaError::Interrupted(error.to_string())),
        },
    }
}
