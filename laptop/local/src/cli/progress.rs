//! Progress of sending to a topic, for a terminal or for a log.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::terminal::is_terminal;

/// Bar on a terminal; otherwise a line of text at intervals.
pub(super) struct ProgressLine {
    doing: &'static str,
    /// Amount to send, if that is known.
    total: Option<u64>,
    unit: Unit,
    bar: Option<ProgressBar>,
    started: Instant,
    next_line: Duration,
}

/// Unit of the amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Bytes,
}

const LINE_INTERVAL: Duration = Duration::from_secs(2);

impl ProgressLine {
    pub(super) fn new(doing: &'static str, total: Option<u64>, unit: Unit) -> Self {
        Self {
            doing,
            total,
            unit,
            bar: is_terminal().then(|| bar(doing, total, unit)),
            started: Instant::now(),
            next_line: LINE_INTERVAL,
        }
    }

    pub(super) fn update(&mut self, done: u64) {
        let is_over = self.total.is_some_and(|total| done >= total);
        match &self.bar {
            Some(bar) if is_over => bar.finish_and_clear(),
            Some(bar) => bar.set_position(done),
            None if self.started.elapsed() >= self.next_line && !is_over => {
                self.next_line = self.started.elapsed() + LINE_INTERVAL;
                eprintln!("{}", self.text(done));
            }
            None => {}
        }
    }

    fn text(&self, done: u64) -> String {
        let unit = match self.unit {
            Unit::Count => "",
            Unit::Bytes => " bytes",
        };
        match self.total {
            Some(total) => format!("{}: {done} of {total}{unit}", self.doing),
            None => format!("{}: {done}{unit}", self.doing),
        }
    }
}

/// Removes the bar.
impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(doing: &'static str, total: Option<u64>, unit: Unit) -> ProgressBar {
    let template = match (total, unit) {
        (Some(_), Unit::Count) => "{msg} {bar:40} {human_pos}/{human_len} {per_sec} {elapsed}",
        (Some(_), Unit::Bytes) => "{msg} {bar:40} {bytes}/{total_bytes} {bytes_per_sec} {elapsed}",
        (None, Unit::Count) => "{msg} {spinner} {human_pos} {per_sec} {elapsed}",
        (None, Unit::Bytes) => "{msg} {spinner} {bytes} {bytes_per_sec} {elapsed}",
    };
    // The templates are valid constants; otherwise the default style would be used.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.with_style(style).with_message(doing)
}
