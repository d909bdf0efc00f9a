//! Errors as gRPC carries them: a code, and a message in a header of bounded length.

use arrow::error::ArrowError;
use arrow_flight::error::FlightError;
use tonic::Status;

use crate::engine::{EngineError, ErrorKind};

/// Bytes of a message in its header, where each byte outside of printable ASCII takes three. Java's client takes
/// headers of 8 KiB in all.
const MESSAGE_BYTES: usize = 4 << 10;

pub(crate) fn status(error: EngineError) -> Status {
    let message = bounded(error.message);
    match error.kind {
        ErrorKind::Invalid => Status::invalid_argument(message),
        ErrorKind::NotFound => Status::not_found(message),
        ErrorKind::NotSupported => Status::unimplemented(message),
        ErrorKind::Failed => Status::internal(message),
    }
}

/// Error of the encoding of a result.
pub(crate) fn encoding(error: ArrowError) -> Status {
    Status::internal(bounded(format!("cannot encode the result: {error}")))
}

pub(crate) fn flight(error: FlightError) -> Status {
    match error {
        FlightError::Arrow(error) => encoding(error),
        other => other.into(),
    }
}

/// Error of a message that a client sent.
pub(crate) fn undecodable(what: &str, error: impl std::fmt::Display) -> Status {
    Status::invalid_argument(bounded(format!("{what} cannot be decoded: {error}")))
}

/// The message, or its beginning and `…`.
fn bounded(mut message: String) -> String {
    let mut bytes = 0;
    let end = message.char_indices().find(|(_, c)| {
        bytes += match c {
            ' '..='~' if *c != '%' => 1,
            c => 3 * c.len_utf8(),
        };
        bytes > MESSAGE_BYTES
    });
    if let Some((end, _)) = end {
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_fits_into_a_header() {
        assert_eq!(bounded("line 1:8: é".to_owned()), "line 1:8: é");
        let long = bounded("é".repeat(10_000));
        assert!(
            long.ends_with("é…") && long.chars().count() < 700,
            "{}",
            long.len()
        );
        assert_eq!(bounded("a".repeat(MESSAGE_BYTES)).len(), MESSAGE_BYTES);
    }
}
