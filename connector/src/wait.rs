//! External calls with a deadline.

use std::time::Instant;

use crate::error::Error;
use crate::telemetry::report::{Phase, traced};

/// Response of service `whom` to the request for `wanted`, if it arrives before `deadline`.
///
/// # Errors
/// [`Error::NoAnswer`] if it does not arrive, else the error of the response.
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

/// Response of the schema registry to the request for `wanted`: [`within`] with a phase and a span of its
/// own.
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
