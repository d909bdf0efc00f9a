//! Result of reading a text.

pub(super) const DAY_MS: i64 = 86_400_000;

/// Instant, and the offset from UTC in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParsedTime {
    /// Milliseconds since 1970-01-01T00:00Z.
    pub utc_ms: i64,
    /// Seconds east of UTC; 0 if the text has no zone.
    pub offset_seconds: i32,
}

impl ParsedTime {
    pub(super) fn utc(utc_ms: i64) -> Self {
        Self {
            utc_ms,
            offset_seconds: 0,
        }
    }

    pub(super) fn from_local(local_ms: i64, offset_seconds: i32) -> Option<Self> {
        let utc_ms = local_ms.checked_sub(i64::from(offset_seconds) * 1000)?;
        Some(Self {
            utc_ms,
            offset_seconds,
        })
    }

    /// Days since 1970-01-01 of the date *as written*, in the text's own zone, rounded down before 1970.
    ///
    /// The Java connector uses the UTC date instead and rounds toward zero, so that an evening of 1969
    /// becomes 1970 and a morning in Tokyo the day before. `None` beyond 32 bits of days.
    #[must_use]
    pub fn local_days(self) -> Option<i32> {
        let local_ms = self.utc_ms.checked_add(i64::from(self.offset_seconds) * 1000)?;
        i32::try_from(local_ms.div_euclid(DAY_MS)).ok()
    }
}
