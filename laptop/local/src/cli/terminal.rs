//! Errors of commands, and detection of a terminal.

use std::io::{self, IsTerminal};

/// Error that ends the program with a message.
pub(super) type Error = Box<dyn std::error::Error>;

/// Whether standard error is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether the reader of standard output has closed it, which ends a command without failure.
pub(super) fn is_closed_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use arrow::error::ArrowError;

    use super::*;

    #[test]
    fn a_closed_pipe_is_recognised_under_other_errors() {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&closed()));
        assert!(is_closed_pipe(&ArrowError::IoError(String::new(), closed())));
        assert!(!is_closed_pipe(&io::Error::from(io::ErrorKind::NotFound)));
    }
}
