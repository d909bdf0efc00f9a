//! Rows of the table of zone names.

/// Name, and its offset from UTC.
#[derive(Debug)]
pub(super) struct ZoneName {
    pub name: &'static str,
    /// Index of [`HISTORIES`](super::zone_table::HISTORIES).
    pub history: usize,
    /// Seconds to add for names of daylight time, where the history has standard time.
    pub saving_seconds: i32,
}

/// Offsets in seconds, each with the local time at which it begins, in seconds since 1970-01-01T00:00. The
/// first has no beginning.
pub(super) type OffsetHistory = &'static [(i64, i32)];
