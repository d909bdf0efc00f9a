//! Rows of the table of zone names.

/// A name, and the offset from UTC its users mean by it.
#[derive(Debug)]
pub(super) struct ZoneName {
    pub name: &'static str,
    /// Index of [`HISTORIES`](super::zone_table::HISTORIES).
    pub history: usize,
    /// Seconds to add for names of daylight time, where the history holds standard time.
    pub saving_seconds: i32,
}

/// Offsets in seconds, each with the local time it begins at, in seconds since 1970-01-01T00:00 on the local clock.
/// The first begins with time itself.
pub(super) type OffsetHistory = &'static [(i64, i32)];
