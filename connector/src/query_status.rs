//! Check whether the query still runs.
//!
//! A query that is cancelled, or fails elsewhere, leaves its ReadRecords calls running. During a read, the
//! query's state is requested periodically; a query that has ended ends the read with an error, so that part
//! of the rows is never taken for all. The SDK's counterpart is
//! `com.amazonaws.athena.connector.lambda.QueryStatusChecker`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_athena::Client;
use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_athena::types::QueryExecutionState;

use crate::aws::sdk::reason;
use throttle::{Throttle, ThrottleLimits};

#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
pub mod throttle;

/// Source of the state of Athena's queries.
#[async_trait]
pub trait QueryStatus: Send + Sync {
    async fn state(&self, query_id: &str) -> Result<QueryState, QueryStatusError>;
}

/// State of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryState {
    Running,
    /// The query has ended in this state.
    Over(String),
    /// The query does not exist; callers other than Athena make up ids.
    Unknown,
}

/// The state could not be determined.
#[derive(Debug, thiserror::Error)]
#[error("GetQueryExecution: {0}")]
pub struct QueryStatusError(pub String);

/// Requests the state repeatedly, at first as often as Athena's own connectors, and returns the final state
/// once the query has ended; never returns if the query is unknown. Errors are logged, and do not end the
/// read.
pub async fn until_over(status: &dyn QueryStatus, query_id: &str) -> String {
    for attempt in 0.. {
        tokio::time::sleep(delay(attempt)).await;
        match status.state(query_id).await {
            Ok(QueryState::Running) => {}
            Ok(QueryState::Over(state)) => return state,
            Ok(QueryState::Unknown) => {
                tracing::debug!("the query is not one of Athena's; its state is not watched");
                break;
            }
            Err(error) => tracing::warn!(%error, "cannot determine the query's state; the read continues"),
        }
    }
    std::future::pending().await
}

/// Delay before each request: 1, 1, 2, 3, 5, 8 seconds, and 10 from then on.
///
/// It is not longer, since an unneeded read costs money until that is noticed (the Java connector goes up to
/// 55); not shorter, since an account may make 100 requests a second
/// ([GetQueryExecution](https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryExecution.html)),
/// the rate of a thousand functions, which is Lambda's default limit for an account.
fn delay(attempt: usize) -> Duration {
    const SECONDS: [u64; 7] = [1, 1, 2, 3, 5, 8, 10];
    Duration::from_secs(SECONDS[attempt.min(SECONDS.len() - 1)])
}

/// State from Athena; the rate is reduced for a while after throttling.
pub struct AthenaQueryStatus {
    client: Client,
    throttle: Throttle,
}

impl AthenaQueryStatus {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            throttle: Throttle::default(),
        }
    }

    pub fn with_throttle(self, limits: ThrottleLimits) -> Self {
        Self {
            throttle: Throttle::new(limits),
            ..self
        }
    }
}

#[async_trait]
impl QueryStatus for AthenaQueryStatus {
    async fn state(&self, query_id: &str) -> Result<QueryState, QueryStatusError> {
        let is_throttled = |error: &SdkError<_>| error.code() == Some("TooManyRequestsException");
        let ask = || {
            let question = self.client.get_query_execution();
            question.query_execution_id(query_id).send()
        };
        match self.throttle.call(ask, is_throttled).await {
            Ok(answer) => {
                let status = answer.query_execution.and_then(|execution| execution.status);
                let state = status.and_then(|status| status.state);
                Ok(state.as_ref().map_or(QueryState::Running, query_state))
            }
            Err(error) => match error.as_service_error() {
                Some(error) if error.is_invalid_request_exception() => Ok(QueryState::Unknown),
                _ => Err(QueryStatusError(reason(&error, "athena"))),
            },
        }
    }
}

fn query_state(state: &QueryExecutionState) -> QueryState {
    match state {
        QueryExecutionState::Succeeded | QueryExecutionState::Failed | QueryExecutionState::Cancelled => {
            QueryState::Over(state.as_str().to_owned())
        }
        _ => QueryState::Running,
    }
}

/// State for callers other than Athena, whose queries cannot be looked up.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysRunning;

#[async_trait]
impl QueryStatus for AlwaysRunning {
    async fn state(&self, _query_id: &str) -> Result<QueryState, QueryStatusError> {
        Ok(QueryState::Running)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::testing::aws::sdk_config;
    use crate::testing::http::HttpEndpoint;

    /// Returns states from a list, then that the query runs; records the times of the requests.
    struct Script {
        started: Instant,
        answers: Mutex<Vec<Result<QueryState, QueryStatusError>>>,
        asked_at_seconds: Mutex<Vec<u64>>,
    }

    impl Script {
        fn new(mut answers: Vec<Result<QueryState, QueryStatusError>>) -> Self {
            answers.reverse();
            Self {
                started: Instant::now(),
                answers: Mutex::new(answers),
                asked_at_seconds: Mutex::default(),
            }
        }
    }

    #[async_trait]
    impl QueryStatus for Script {
        async fn state(&self, query_id: &str) -> Result<QueryState, QueryStatusError> {
            assert_eq!(query_id, "8f0c");
            self.asked_at_seconds
                .lock()
                .unwrap()
                .push(self.started.elapsed().as_secs());
            self.answers
                .lock()
                .unwrap()
                .pop()
                .unwrap_or(Ok(QueryState::Running))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn asks_at_growing_intervals() {
        let status = Script::new(Vec::new());
        assert!(
            timeout(Duration::from_secs(75), until_over(&status, "8f0c"))
                .await
                .is_err()
        );
        let asked = status.asked_at_seconds.lock().unwrap().clone();
        assert_eq!(asked, [1, 2, 4, 7, 12, 20, 30, 40, 50, 60, 70]);
    }

    #[tokio::test(start_paused = true)]
    async fn ends_with_the_query_whatever_failed_before() {
        let error = Err(QueryStatusError("throttled".into()));
        let status = Script::new(vec![
            Ok(QueryState::Running),
            error,
            Ok(QueryState::Over("CANCELLED".into())),
        ]);
        assert_eq!(until_over(&status, "8f0c").await, "CANCELLED");
        assert_eq!(*status.asked_at_seconds.lock().unwrap(), [1, 2, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_query_is_asked_about_once_and_never_over() {
        let status = Script::new(vec![Ok(QueryState::Unknown)]);
        assert!(
            timeout(Duration::from_secs(3600), until_over(&status, "8f0c"))
                .await
                .is_err()
        );
        assert_eq!(status.asked_at_seconds.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn without_athena_every_query_goes_on() {
        conformance::check(&AlwaysRunning).await;
    }

    #[tokio::test]
    async fn a_query_that_athena_does_not_know_goes_on() {
        let unknown = r#"{"__type":"InvalidRequestException","Message":"QueryExecution 8f0c was not found"}"#;
        let endpoint = HttpEndpoint::answering(400, unknown).await;
        let status = AthenaQueryStatus::new(Client::new(&sdk_config(&endpoint.url)));
        conformance::check(&status).await;
        assert_eq!(status.state("8f0c").await.unwrap(), QueryState::Unknown);
    }

    #[test]
    fn only_final_states_end_a_query() {
        assert_eq!(
            query_state(&QueryExecutionState::Failed),
            QueryState::Over("FAILED".into())
        );
        assert_eq!(
            query_state(&QueryExecutionState::Succeeded),
            QueryState::Over("SUCCEEDED".into())
        );
        assert_eq!(
            query_state(&QueryExecutionState::Cancelled),
            QueryState::Over("CANCELLED".into())
        );
        for state in [
            QueryExecutionState::Queued,
            QueryExecutionState::Running,
            "NEW".into(),
        ] {
            assert_eq!(query_state(&state), QueryState::Running);
        }
    }
}
