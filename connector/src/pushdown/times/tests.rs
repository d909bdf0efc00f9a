use std::sync::Arc;

use arrow::array::{Date32Array, Date64Array, StringArray, TimestampMillisecondArray};
use protocol::{AllOrNoneValueSet, EquatableValueSet, Range, SortedRangeSet};

use super::*;

fn millis(ms: i64) -> ArrayRef {
    Arc::new(Date64Array::from(vec![ms]))
}

fn day(days: i32) -> ArrayRef {
    Arc::new(Date32Array::from(vec![days]))
}

/// Instant with a zone.
fn zoned(ms: i64, zone_key: i64) -> ArrayRef {
    let packed = TimestampMillisecondArray::from(vec![(ms << 12) | zone_key]);
    Arc::new(packed.with_timezone("UTC"))
}

fn sorted(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
    let data_type = ranges[0].data_type().clone();
    SortedRangeSet::try_new(data_type, ranges, null_allowed)
        .unwrap()
        .into()
}

fn times(set: &ValueSet) -> (Option<i64>, Option<i64>) {
    let TimeRange { from_ms, until_ms } = TimeRange::of(set, set.data_type());
    (from_ms, until_ms)
}

fn one(range: Range) -> (Option<i64>, Option<i64>) {
    times(&sorted(vec![range], false))
}

#[test]
fn bounds_are_half_open_milliseconds() {
    assert_eq!(one(Range::equal(millis(5)).unwrap()), (Some(5), Some(6)));
    assert_eq!(one(Range::at_least(millis(5)).unwrap()), (Some(5), None));
    assert_eq!(one(Range::above(millis(5)).unwrap()), (Some(6), None));
    assert_eq!(one(Range::at_most(millis(5)).unwrap()), (None, Some(6)));
    assert_eq!(one(Range::below(millis(5)).unwrap()), (None, Some(5)));
    assert_eq!(one(Range::all(DataType::Date64)), (None, None));
    assert_eq!(
        one(Range::above(millis(i64::MAX)).unwrap()),
        (Some(i64::MAX), None)
    );
}

#[test]
fn a_date_is_its_whole_day() {
    assert_eq!(
        one(Range::equal(day(2)).unwrap()),
        (Some(2 * DAY_MS), Some(3 * DAY_MS))
    );
    assert_eq!(one(Range::above(day(2)).unwrap()), (Some(3 * DAY_MS), None));
    assert_eq!(one(Range::at_least(day(2)).unwrap()), (Some(2 * DAY_MS), None));
    assert_eq!(one(Range::at_most(day(2)).unwrap()), (None, Some(3 * DAY_MS)));
    assert_eq!(one(Range::below(day(-1)).unwrap()), (None, Some(-DAY_MS)));
}

#[test]
fn zoned_timestamps_are_their_instant() {
    assert_eq!(one(Range::equal(zoned(5, 1170)).unwrap()), (Some(5), Some(6)));
    assert_eq!(one(Range::above(zoned(5, 4095)).unwrap()), (Some(6), None));
    assert_eq!(one(Range::below(zoned(-5, 7)).unwrap()), (None, Some(-5)));
}

#[test]
fn several_ranges_and_lists_have_one_hull() {
    let ranges = vec![Range::equal(millis(9)).unwrap(), Range::equal(millis(3)).unwrap()];
    assert_eq!(times(&sorted(ranges, false)), (Some(3), Some(10)));
    let list = |white_list| {
        let values: ArrayRef = Arc::new(Date64Array::from(vec![Some(9), None, Some(3)]));
        EquatableValueSet {
            values,
            white_list,
            null_allowed: false,
        }
        .into()
    };
    assert_eq!(times(&list(true)), (Some(3), Some(10)));
    assert_eq!(times(&list(false)), (None, None));
}

#[test]
fn a_record_without_timestamp_may_be_anywhere() {
    assert_eq!(
        times(&sorted(vec![Range::equal(millis(5)).unwrap()], true)),
        (None, None)
    );
    let not_null = AllOrNoneValueSet {
        data_type: DataType::Date64,
        all: false,
        null_allowed: false,
    };
    assert_eq!(times(&not_null.into()), (None, None));
}

#[test]
fn other_types_and_sets_of_another_type_say_nothing() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["2023-03-14"]));
    assert_eq!(one(Range::at_least(text).unwrap()), (None, None));
    let days = sorted(vec![Range::at_least(day(2)).unwrap()], false);
    assert_eq!(TimeRange::of(&days, &DataType::Date64), TimeRange::default());
}

#[test]
fn no_time_is_after_itself() {
    let range = |from_ms, until_ms| TimeRange { from_ms, until_ms };
    assert!(range(Some(5), Some(5)).is_empty() && !range(Some(5), Some(6)).is_empty());
    assert!(!range(Some(5), None).is_empty() && !range(None, Some(5)).is_empty());
    let both = range(Some(5), None).intersection(range(Some(7), Some(9)));
    assert_eq!(both, range(Some(7), Some(9)));
    assert_eq!(both.intersection(range(None, Some(8))), range(Some(7), Some(8)));
}
