//! Progress of a running query, for a terminal.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::terminal::is_terminal;
use crate::athena::QueryProgress;

const TICK: Duration = Duration::from_millis(100);

/// Line of a query's statistics so far, on standard error if that is a terminal. Removed when dropped.
pub(super) struct QueryLine(Option<ProgressBar>);

impl QueryLine {
    pub(super) fn start(query: QueryProgress) -> Self {
        let bar = is_terminal().then(|| {
            let counts = move |_: &ProgressState, out: &mut dyn fmt::Write| {
                let read = query.statistics();
                // A failure to write the line has nowhere to be reported.
                let _ = write!(
                    out,
                    "{} of {} splits, {} rows, {:.1} MB",
                    read.splits_read,
                    read.splits,
                    read.rows,
                    read.bytes as f64 / 1e6
                );
            };
            // The template is a valid constant; otherwise the default style would be used.
            let style = ProgressStyle::with_template("{spinner} {elapsed} read {counts}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style.with_key("counts", counts));
            bar.enable_steady_tick(TICK);
            bar
        });
        Self(bar)
    }
}

impl Drop for QueryLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
