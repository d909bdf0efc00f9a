//! Threads with a deep stack.
//!
//! Parsing, binding and DataFusion's planner recurse as deep as expressions are nested, and a chain of `+`, `OR` or `||` is
//! nested as deep as it is long.

use std::io;
use std::thread;

use crate::error::{Error, Result, err};

/// Stack of a thread that parses, binds or plans: enough for a chain of a thousand operators, unoptimized. The system
/// gives memory only to what is used of it.
const STACK_BYTES: usize = 64 << 20;

fn deep_thread() -> thread::Builder {
    thread::Builder::new()
        .name("trino-sql".to_owned())
        .stack_size(STACK_BYTES)
}

fn not_started(error: io::Error) -> Error {
    err!(Internal, "no thread to plan on: {error}")
}

/// Runs it on a thread of its own, for work that waits.
pub(crate) fn spawn_deep(work: impl FnOnce() + Send + 'static) -> Result<()> {
    deep_thread().spawn(work).map_err(not_started)?;
    Ok(())
}

/// Runs it on a thread of its own and waits: for work of milliseconds.
pub(crate) fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = deep_thread().spawn_scoped(scope, work).map_err(not_started)?;
        thread.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
}
