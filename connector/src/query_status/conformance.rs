//! Conformance suite of [`QueryStatus`] implementations.

#![expect(clippy::unwrap_used, reason = "a test: a panic is how it fails")]

use uuid::Uuid;

use crate::query_status::{QueryState, QueryStatus};

/// Panics at the first rule that `status` violates.
pub async fn check(status: &dyn QueryStatus) {
    never_takes_an_unknown_query_for_over(status).await;
}

/// The id has the form of Athena's own, so that it is looked up.
pub async fn never_takes_an_unknown_query_for_over(status: &dyn QueryStatus) {
    let state = status.state(&Uuid::new_v4().to_string()).await.unwrap();
    assert!(
        matches!(state, QueryState::Running | QueryState::Unknown),
        "{state:?}"
    );
}
