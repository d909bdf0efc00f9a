//! External calls, waited for no longer than a request's time allows.

use std::time::Instant;

use crate::error::Error;
use crate::telemetry::report::{Phase, traced};

/// The answer of `whom`, who is asked for `wanted`, if it comes before `deadline`.
///
/// # Errors
/// [`Error::NoAnswer`] if it does not, else the answer's own.
pub(crate) async fn within<T, E>(
    deadline: Instant,
    (whom, wanted): (String, String),
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Error>
where
    Error: From<E>,
{
    let started = Instant::now();
    match tokio::time::timeout_at(deadline.into(), answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::NoAnswer {
            whom,
            wanted,
            waited: started.elapsed(),
        }),
    }
}

/// The schema registry's answer, which is asked for `wanted`: [`within`] with a phase and a span of its own.
pub(crate) async fn within_registry<T, E>(
    deadline: Instant,
    wanted: String,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Error>
where
    Error: From<E>,
{
    let asked = ("the schema registry".to_owned(), wanted);
    traced(Phase::Registry, within(deadline, asked, answer)).await
}
