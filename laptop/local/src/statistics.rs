//! Statistics of a query's calls.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Totals over all scans of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanStatistics {
    /// Number of splits that the connector planned.
    pub splits: u64,
    /// Number of splits that were read to their end.
    pub splits_read: u64,
    /// Number of returned rows, before DataFusion filters.
    pub rows: u64,
    /// Number of blocks inline in a response.
    pub inline_blocks: u64,
    /// Number of blocks fetched from the block store.
    pub spilled_blocks: u64,
    /// Size in bytes of the Arrow data of all blocks, as the protocol counts it.
    pub bytes: u64,
}

impl fmt::Display for ScanStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} splits, {} rows, {:.1} MB in {} inline and {} spilled blocks",
            self.splits_read,
            self.rows,
            self.bytes as f64 / 1e6,
            self.inline_blocks,
            self.spilled_blocks
        )
    }
}

/// Growing [`ScanStatistics`], shared by the scans of a query.
#[derive(Debug, Default)]
pub(crate) struct ScanCounters {
    splits: AtomicU64,
    splits_read: AtomicU64,
    rows: AtomicU64,
    inline_blocks: AtomicU64,
    spilled_blocks: AtomicU64,
    bytes: AtomicU64,
    /// Microseconds of reading each split, in all and for the slowest.
    split_micros: AtomicU64,
    slowest_micros: AtomicU64,
}

impl ScanCounters {
    pub(crate) fn add_splits(&self, splits: usize) {
        self.splits.fetch_add(splits as u64, Relaxed);
    }

    pub(crate) fn add_read_split(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.splits_read.fetch_add(1, Relaxed);
        self.split_micros.fetch_add(micros, Relaxed);
        self.slowest_micros.fetch_max(micros, Relaxed);
    }

    /// Mean time of reading a split to its end, and that of the slowest.
    pub(crate) fn split_times(&self) -> (Duration, Duration) {
        let splits = self.splits_read.load(Relaxed).max(1);
        let mean = self.split_micros.load(Relaxed) / splits;
        let slowest = self.slowest_micros.load(Relaxed);
        (Duration::from_micros(mean), Duration::from_micros(slowest))
    }

    pub(crate) fn add_block(&self, spilled: bool, rows: usize, bytes: usize) {
        let blocks = if spilled {
            &self.spilled_blocks
        } else {
            &self.inline_blocks
        };
        blocks.fetch_add(1, Relaxed);
        self.rows.fetch_add(rows as u64, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn statistics(&self) -> ScanStatistics {
        ScanStatistics {
            splits: self.splits.load(Relaxed),
            splits_read: self.splits_read.load(Relaxed),
            rows: self.rows.load(Relaxed),
            inline_blocks: self.inline_blocks.load(Relaxed),
            spilled_blocks: self.spilled_blocks.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }
}
