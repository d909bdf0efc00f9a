//! Time limit of a check.

use std::time::{Duration, Instant};

/// Time limit that starts anew for each check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(pub(crate) Duration);

/// Time after a check's own deadline, so that its own error takes precedence.
const GRACE: Duration = Duration::from_secs(1);

impl Limit {
    /// Deadline for operations that end by themselves.
    pub(crate) fn deadline(self) -> Instant {
        Instant::now() + self.0
    }

    /// Result of `answer`, or an error that it did not arrive in time.
    pub(crate) async fn within<T>(self, answer: impl Future<Output = T>) -> Result<T, NoAnswer> {
        let answer = tokio::time::timeout(self.0 + GRACE, answer).await;
        answer.map_err(|_| NoAnswer(self.0))
    }
}

/// Error of an exceeded time limit.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
pub(crate) struct NoAnswer(Duration);
