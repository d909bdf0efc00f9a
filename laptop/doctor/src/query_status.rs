//! Check whether Athena returns the state of queries, so that unneeded reads end.

use connector::query_status::{QueryState, QueryStatus};

use crate::finding::Check;
use crate::limit::Limit;
use crate::report::Report;

/// Id that no query has.
const NO_QUERY: &str = "00000000-0000-0000-0000-000000000000";

pub(crate) async fn check(
    status: &dyn QueryStatus,
    obstacle: Option<&str>,
    limit: Limit,
    report: &mut Report<'_>,
) {
    let mut about = report.about("Athena");
    if let Some(obstacle) = obstacle {
        return about.skip(Check::QueryStatus, obstacle);
    }
    let reason = match limit.within(status.state(NO_QUERY)).await {
        Ok(Ok(QueryState::Unknown)) => return about.ok(Check::QueryStatus, "GetQueryExecution answers"),
        Ok(Ok(state)) => format!("a query that does not exist is {state:?}"),
        Ok(Err(error)) => error.to_string(),
        Err(late) => format!("GetQueryExecution: {late}"),
    };
    about.warn(
        Check::QueryStatus,
        format!("reads of a cancelled query will continue to their end: {reason}"),
        "allow athena:GetQueryExecution of the workgroups; in a VPC there must be a route to Athena",
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use connector::query_status::QueryStatusError;

    use super::*;
    use crate::finding::Status;

    struct Answers(Result<QueryState, &'static str>);

    #[async_trait]
    impl QueryStatus for Answers {
        async fn state(&self, _query_id: &str) -> Result<QueryState, QueryStatusError> {
            self.0
                .clone()
                .map_err(|reason| QueryStatusError(reason.to_owned()))
        }
    }

    #[tokio::test]
    async fn only_an_unknown_query_proves_the_permission_and_its_lack_is_a_warning() {
        for (answer, wanted) in [
            (Ok(QueryState::Unknown), Status::Ok),
            (Ok(QueryState::Running), Status::Warning),
            (Err("AccessDeniedException"), Status::Warning),
        ] {
            let mut report = Report::new(|_| {});
            let limit = Limit(Duration::from_secs(5));
            check(&Answers(answer.clone()), None, limit, &mut report).await;
            assert_eq!(report.findings()[0].status, wanted, "{answer:?}");
        }
    }
}
