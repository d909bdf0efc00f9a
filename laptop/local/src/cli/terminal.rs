//! What every command shares: how it fails, and whether a person watches.

use std::io::{self, IsTerminal};

/// Anything that ends the program with a message.
pub(super) type Error = Box<dyn std::error::Error>;

/// Whether a person reads standard error.
pub(super) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}
