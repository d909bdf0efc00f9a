//! Values that were there but did not fit.

use arrow::datatypes::DataType;

/// Counts and keeps them.
#[derive(Debug, Default)]
pub(crate) struct Misfits {
    /// Since the builder was made.
    count: u64,
    latest: Option<Misfit>,
}

/// A value of a kind that its place cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) wanted: DataType,
    /// What there was, in words; never the value.
    pub(crate) found: &'static str,
}

impl Misfits {
    pub(crate) fn note(&mut self, wanted: DataType, found: &'static str) {
        self.count += 1;
        self.latest = Some(Misfit { wanted, found });
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The latest since this was asked last.
    pub(crate) fn take_latest(&mut self) -> Option<Misfit> {
        self.latest.take()
    }

    /// Back to `count`: the rows that had the others are forgotten.
    pub(crate) fn reset(&mut self, count: u64) {
        self.count = count;
        self.latest = None;
    }
}
