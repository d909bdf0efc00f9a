//! Waiting for others no longer than a request's time allows.

use std::time::Instant;

use crate::error::Error;

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

/// For [`within`]: the schema registry is asked for `wanted`.
pub(crate) fn registry(wanted: String) -> (String, String) {
    ("the schema registry".to_owned(), wanted)
}
