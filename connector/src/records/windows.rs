//! A split's range, window by window from its end on, until there are enough rows.
//!
//! Not every offset is a row: transactions and compaction leave gaps, tombstones may be left out, conditions drop rows. So
//! how far back enough rows reach is found out by reading, and each window is larger than the one before.

use kafka::OffsetRange;

/// Offsets that the first window has beside the requested rows, for the markers of a few transactions.
const FEW_OFFSETS: u64 = 16;
/// Minimum length of further windows.
const MIN_OFFSETS: u64 = 1000;
const GROWTH: u64 = 8;

/// Windows of a range that are still to be read.
#[derive(Debug)]
pub(super) struct Windows {
    /// `None` once all is read.
    rest: Option<OffsetRange>,
    /// Number of rows that are enough, and length of the next window; `None` for the whole range at once.
    newest: Option<(u64, u64)>,
}

impl Windows {
    pub(super) fn new(range: OffsetRange, newest_rows: Option<u64>) -> Self {
        Self {
            rest: Some(range),
            newest: newest_rows.map(|rows| (rows, rows.saturating_add(FEW_OFFSETS))),
        }
    }

    /// The next range to read, given that `rows` were found so far; `None` if they are enough or nothing is left.
    pub(super) fn next(&mut self, rows: u64) -> Option<OffsetRange> {
        let rest = self.rest.take()?;
        let Some((wanted, offsets)) = &mut self.newest else {
            return Some(rest);
        };
        if rows >= *wanted {
            return None;
        }
        let start = rest.end().saturating_sub_unsigned(*offsets).max(rest.start());
        *offsets = offsets.saturating_mul(GROWTH).max(MIN_OFFSETS);
        self.rest = OffsetRange::new(rest.start(), start);
        OffsetRange::new(start, rest.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: i64, end: i64) -> Option<OffsetRange> {
        OffsetRange::new(start, end)
    }

    #[test]
    fn all_rows_are_one_window() {
        let mut windows = Windows::new(range(5, 90).unwrap(), None);
        assert_eq!(windows.next(0), range(5, 90));
        assert_eq!(windows.next(0), None);
    }

    #[test]
    fn windows_reach_back_until_there_are_enough_rows_and_cover_each_offset_once() {
        let mut windows = Windows::new(range(0, 100_000).unwrap(), Some(4));
        assert_eq!(windows.next(0), range(99_980, 100_000));
        assert_eq!(windows.next(3), range(98_980, 99_980));
        assert_eq!(windows.next(3), range(90_980, 98_980));
        assert_eq!(windows.next(4), None);
    }

    #[test]
    fn the_last_window_ends_at_the_beginning_of_the_range() {
        let mut windows = Windows::new(range(10, 20).unwrap(), Some(4));
        assert_eq!(windows.next(0), range(10, 20));
        assert_eq!(windows.next(0), None);
        let mut windows = Windows::new(range(0, 9).unwrap(), Some(u64::MAX));
        assert_eq!(windows.next(0), range(0, 9));
        assert_eq!(windows.next(0), None);
    }
}
