//! Values that exist but do not fit.

use arrow::datatypes::DataType;

/// Counter of misfits.
#[derive(Debug, Default)]
pub(crate) struct Misfits {
    /// Number since the builder was made.
    count: u64,
    latest: Option<Misfit>,
}

/// Value of a kind that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) wanted: DataType,
    /// Description of the value; never the value itself.
    pub(crate) found: &'static str,
}

impl Misfits {
    #[cold]
    pub(crate) fn note(&mut self, wanted: DataType, found: &'static str) {
        self.count += 1;
        self.latest = Some(Misfit { wanted, found });
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Latest misfit since the last call.
    pub(crate) fn take_latest(&mut self) -> Option<Misfit> {
        self.latest.take()
    }

    /// Resets the counter to `count`, when the rows with later misfits are removed.
    pub(crate) fn reset(&mut self, count: u64) {
        self.count = count;
        self.latest = None;
    }
}
