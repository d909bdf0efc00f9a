//! Errors of commands, and detection of a terminal.

use std::io::{self, IsTerminal};

/// Error that ends the program with a message.
pub(super) type Error = Box<dyn std::error::Error>;

/// Whether standard error is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}
