//! What is known of a query that has ended.

use std::fmt::Write;
use std::time::Duration;

use crate::engine::Statistics;
use crate::executions::State;

/// Query that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    pub id: &'a str,
    pub sql: &'a str,
    /// A final one.
    pub state: State,
    /// Reason of a failed one.
    pub error: Option<&'a str>,
    /// Part of the duration in which it waited to run; `None` if it is not known.
    pub queued: Option<Duration>,
    /// From its submission on.
    pub duration: Duration,
    pub read: Statistics,
    pub result_rows: u64,
    pub result_bytes: u64,
}

impl Ended<'_> {
    /// Line about the query, for the log of an interface.
    pub(crate) fn line(&self, interface: &str) -> String {
        let mut line = format!(
            "{} query {} {} after {:.3} s",
            interface,
            self.id,
            self.state.name(),
            self.duration.as_secs_f64()
        );
        // Writing to a text cannot fail.
        if let Some(queued) = self.queued {
            let _ = write!(line, " ({:.3} s queued)", queued.as_secs_f64());
        }
        let read = self.read;
        let _ = write!(
            line,
            ": {} rows, {} bytes; read {} splits, {} rows, {} bytes: {}",
            self.result_rows,
            self.result_bytes,
            read.splits,
            read.rows,
            read.bytes,
            one_line(self.sql)
        );
        if let Some(error) = self.error {
            let _ = write!(line, ": {}", one_line(error));
        }
        line
    }
}

/// Beginning of a text, its blanks and control characters as single spaces.
fn one_line(text: &str) -> String {
    const SHOWN_CHARS: usize = 200;
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
