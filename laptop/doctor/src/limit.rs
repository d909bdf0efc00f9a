//! How long one check may take.

use std::time::{Duration, Instant};

/// A time that each check has anew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(pub(crate) Duration);

/// Behind a check's own deadline, so that its own words for what it waited for come first.
const GRACE: Duration = Duration::from_secs(1);

impl Limit {
    /// For what ends by itself at a deadline.
    pub(crate) fn deadline(self) -> Instant {
        Instant::now() + self.0
    }

    /// What `answer` comes to, or that it did not come.
    pub(crate) async fn within<T>(self, answer: impl Future<Output = T>) -> Result<T, NoAnswer> {
        let answer = tokio::time::timeout(self.0 + GRACE, answer).await;
        answer.map_err(|_| NoAnswer(self.0))
    }
}

/// The time was over.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
pub(crate) struct NoAnswer(Duration);
