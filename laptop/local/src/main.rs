//! `athena-local`: see [`local::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    local::cli::run()
}
