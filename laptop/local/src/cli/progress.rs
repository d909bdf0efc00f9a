//! Progress of producing orders, for a terminal or for a log.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use producer::Progress;

use super::terminal::is_terminal;

/// Bar on a terminal; otherwise a line of text at intervals.
pub(super) struct ProgressLine {
    orders: u64,
    bar: Option<ProgressBar>,
    next_line: Duration,
}

const LINE_INTERVAL: Duration = Duration::from_secs(2);

impl ProgressLine {
    pub(super) fn new(orders: u64) -> Self {
        let bar = is_terminal().then(|| {
            let template = "producing orders {bar:40} {human_pos}/{human_len} {per_sec} {elapsed}";
            // The template is a valid constant; otherwise the default style would be used.
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(orders).with_style(style)
        });
        Self {
            orders,
            bar,
            next_line: LINE_INTERVAL,
        }
    }

    pub(super) fn update(&mut self, progress: Progress) {
        let done = progress.delivered >= self.orders;
        match &self.bar {
            Some(bar) if done => bar.finish_and_clear(),
            Some(bar) => bar.set_position(progress.delivered),
            None if progress.elapsed >= self.next_line && !done => {
                self.next_line = progress.elapsed + LINE_INTERVAL;
                eprintln!("producing orders: {} of {}", progress.delivered, self.orders);
            }
            None => {}
        }
    }
}
