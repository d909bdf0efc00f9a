use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date64Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    ListArray, NullArray, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
};
use arrow::datatypes::{Int32Type, TimeUnit};
use proptest::prelude::*;

use super::*;
use crate::predicate::{Bound, InvalidRange, Marker, Range};

fn int(value: i32) -> ArrayRef {
    Arc::new(Int32Array::from(vec![value]))
}

fn ints(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
    SortedRangeSet::try_new(DataType::Int32, ranges, null_allowed)
        .unwrap()
        .into()
}

fn range(low: (i32, Bound), high: (i32, Bound)) -> Result<Range, InvalidRange> {
    Range::try_new(
        Marker::at(int(low.0), low.1).unwrap(),
        Marker::at(int(high.0), high.1).unwrap(),
    )
}

/// For each row, whether the set contains it.
fn kept(set: &ValueSet, column: &dyn Array) -> Vec<bool> {
    (0..column.len())
        .map(|row| set.contains(column, row).unwrap())
        .collect()
}

fn only(range: Range) -> ValueSet {
    SortedRangeSet::try_new(range.data_type().clone(), vec![range], false)
        .unwrap()
        .into()
}

#[test]
fn common_predicates_keep_what_sql_keeps() {
    let column = Int32Array::from(vec![Some(4), Some(5), Some(6), None]);
    for (predicate, set, expected) in [
        (
            "x = 5",
            ints(vec![Range::equal(int(5)).unwrap()], false),
            [false, true, false, false],
        ),
        (
            "x > 5",
            ints(vec![Range::above(int(5)).unwrap()], false),
            [false, false, true, false],
        ),
        (
            "x >= 5",
            ints(vec![Range::at_least(int(5)).unwrap()], false),
            [false, true, true, false],
        ),
        (
            "x < 5",
            ints(vec![Range::below(int(5)).unwrap()], false),
            [true, false, false, false],
        ),
        (
            "x <= 5",
            ints(vec![Range::at_most(int(5)).unwrap()], false),
            [true, true, false, false],
        ),
        (
            "x <> 5",
            ints(
                vec![Range::above(int(5)).unwrap(), Range::below(int(5)).unwrap()],
                false,
            ),
            [true, false, true, false],
        ),
        ("x is null", ints(vec![], true), [false, false, false, true]),
        (
            "x is not null",
            ints(vec![Range::all(DataType::Int32)], false),
            [true, true, true, false],
        ),
        ("true", ints(vec![Range::all(DataType::Int32)], true), [true; 4]),
    ] {
        assert_eq!(kept(&set, &column), expected, "{predicate}");
    }
}

#[test]
fn equatable_sets_list_or_exclude() {
    let column = StringArray::from(vec![Some("x"), Some("z"), None]);
    let values: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some("y"), None]));
    for (white_list, null_allowed, expected) in [
        (true, false, [true, false, false]),
        (true, true, [true, false, true]),
        (false, false, [false, true, false]),
        (false, true, [false, true, true]),
    ] {
        let set = EquatableValueSet {
            values: values.clone(),
            white_list,
            null_allowed,
        };
        assert_eq!(
            kept(&set.into(), &column),
            expected,
            "white_list {white_list}, null {null_allowed}"
        );
    }
}

#[test]
fn all_or_none_of_nothing_means_not_null() {
    let column = Int32Array::from(vec![Some(1), None]);
    for (all, null_allowed, expected) in [
        (true, true, [true, true]),
        (true, false, [true, false]),
        (false, true, [false, true]),
        (false, false, [true, false]),
    ] {
        let set: ValueSet = AllOrNoneValueSet {
            data_type: DataType::Int32,
            all,
            null_allowed,
        }
        .into();
        assert_eq!(kept(&set, &column), expected, "all {all}, null {null_allowed}");
        assert_eq!(set.is_not_null_defect(), !all && !null_allowed);
    }
}

#[test]
fn floats_put_nan_on_top_and_zeros_together() {
    let column = Float64Array::from(vec![-0.0, 0.0, f64::INFINITY, f64::NAN, -f64::NAN]);
    let at = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
    assert_eq!(
        kept(&only(Range::equal(at(0.0)).unwrap()), &column),
        [true, true, false, false, false]
    );
    assert_eq!(
        kept(&only(Range::above(at(1.0)).unwrap()), &column),
        [false, false, true, true, true]
    );
    assert_eq!(
        kept(&only(Range::equal(at(f64::NAN)).unwrap()), &column),
        [false, false, false, true, true]
    );
}

#[test]
fn decimals_compare_by_number_whatever_their_scale() {
    let decimal = |unscaled, precision, scale| {
        Decimal128Array::from(vec![unscaled])
            .with_precision_and_scale(precision, scale)
            .unwrap()
    };
    let column = decimal(110, 5, 2);
    assert_eq!(
        kept(&only(Range::equal(Arc::new(decimal(11, 3, 1))).unwrap()), &column),
        [true]
    );
    assert_eq!(
        kept(
            &only(Range::equal(Arc::new(decimal(1100, 9, 3))).unwrap()),
            &column
        ),
        [true]
    );
    assert_eq!(
        kept(
            &only(Range::above(Arc::new(decimal(109, 5, 2))).unwrap()),
            &column
        ),
        [true]
    );
    let huge = 10_i128.pow(37);
    assert_eq!(
        kept(
            &only(Range::below(Arc::new(decimal(huge, 38, -38))).unwrap()),
            &column
        ),
        [true]
    );
    assert_eq!(
        kept(
            &only(Range::below(Arc::new(decimal(-huge, 38, -38))).unwrap()),
            &column
        ),
        [false]
    );
    assert_eq!(
        kept(
            &only(Range::above(Arc::new(decimal(0, 38, -38))).unwrap()),
            &column
        ),
        [true]
    );
}

#[test]
fn text_and_binary_compare_bytewise() {
    // In UTF-16, which Java compares, the emoji would come first.
    let column = StringArray::from(vec!["\u{FFFD}", "😀", "a"]);
    let above = Range::above(Arc::new(StringArray::from(vec!["\u{FFFD}"]))).unwrap();
    assert_eq!(kept(&only(above), &column), [false, true, false]);

    let column = BinaryArray::from_vec(vec![b"\xFF", b"\x7F", b""]);
    let above = Range::above(Arc::new(BinaryArray::from_vec(vec![b"\x7F"]))).unwrap();
    assert_eq!(kept(&only(above), &column), [true, false, false]);
}

#[test]
fn zoned_milliseconds_compare_by_instant_and_other_timestamps_as_they_are() {
    let packed = |millis: i64, zone_key: i64| {
        TimestampMillisecondArray::from(vec![(millis << 12) | zone_key]).with_timezone("UTC")
    };
    let noon: ArrayRef = Arc::new(packed(1_577_836_800_000, 0));
    assert_eq!(
        kept(
            &only(Range::equal(noon.clone()).unwrap()),
            &packed(1_577_836_800_000, 1847)
        ),
        [true]
    );
    assert_eq!(
        kept(
            &only(Range::above(noon).unwrap()),
            &packed(1_577_836_800_000, 1847)
        ),
        [false]
    );

    let micros = |value: i64| TimestampMicrosecondArray::from(vec![value]).with_timezone("UTC");
    assert_eq!(
        kept(&only(Range::above(Arc::new(micros(1))).unwrap()), &micros(2)),
        [true]
    );
}

#[test]
fn booleans_and_dates_have_an_order() {
    let column = BooleanArray::from(vec![false, true]);
    let above = Range::above(Arc::new(BooleanArray::from(vec![false]))).unwrap();
    assert_eq!(kept(&only(above), &column), [false, true]);

    let column = Date64Array::from(vec![-1, 0, 1]);
    let below = Range::below(Arc::new(Date64Array::from(vec![0]))).unwrap();
    assert_eq!(kept(&only(below), &column), [true, false, false]);
}

#[test]
fn nested_types_tell_all_and_exactly_one() {
    let lists = |lists: Vec<Vec<i32>>| -> ArrayRef {
        let lists = lists
            .into_iter()
            .map(|list| Some(list.into_iter().map(Some).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))
    };
    let column = lists(vec![vec![1, 2], vec![3]]);
    let (one, other) = (lists(vec![vec![1, 2]]), lists(vec![vec![4]]));
    let singles = vec![Range::equal(one.clone()).unwrap(), Range::equal(other).unwrap()];
    let set = SortedRangeSet::try_new(column.data_type().clone(), singles, false)
        .unwrap()
        .into();
    assert_eq!(kept(&set, &column), [true, false]);
    assert_eq!(
        kept(&only(Range::all(column.data_type().clone())), &column),
        [true, true]
    );
    let error = only(Range::above(one).unwrap()).contains(&column, 0);
    assert_eq!(error, Err(EvaluationError::NoOrder(column.data_type().clone())));
}

#[test]
fn refuses_columns_of_another_type_and_rows_that_are_not_there() {
    let set = ints(vec![], true);
    let column = Int64Array::from(vec![1]);
    let types = EvaluationError::Types {
        column: DataType::Int64,
        set: DataType::Int32,
    };
    assert_eq!(set.contains(&column, 0), Err(types));
    assert_eq!(
        set.contains(&column, 1),
        Err(EvaluationError::Row { row: 1, rows: 1 })
    );
    assert_eq!(set.contains(&NullArray::new(1), 0), Ok(true));
    let zone = |zone: &str| TimestampMillisecondArray::from(vec![0]).with_timezone(zone);
    assert_eq!(
        only(Range::equal(Arc::new(zone("UTC"))).unwrap()).contains(&zone("+01:00"), 0),
        Ok(true)
    );
    assert_eq!(
        DataType::Timestamp(TimeUnit::Millisecond, None),
        *TimestampMillisecondArray::from(vec![0]).data_type()
    );
}

#[test]
fn ranges_are_never_empty_or_inside_out() {
    use Bound::{Above, Below, Exactly};
    for (low, high, expected) in [
        ((5, Exactly), (5, Exactly), Ok(())),
        ((5, Above), (6, Below), Ok(())),
        ((5, Above), (5, Below), Err(InvalidRange::Empty)),
        ((5, Above), (5, Exactly), Err(InvalidRange::Empty)),
        ((5, Exactly), (5, Below), Err(InvalidRange::Empty)),
        ((6, Exactly), (5, Exactly), Err(InvalidRange::Empty)),
        ((5, Below), (6, Exactly), Err(InvalidRange::LowBound)),
        ((5, Exactly), (6, Above), Err(InvalidRange::HighBound)),
    ] {
        assert_eq!(range(low, high).map(|_| ()), expected, "{low:?} {high:?}");
    }
    let text = Marker::upper_unbounded(DataType::Utf8);
    let low = Marker::lower_unbounded(DataType::Int32);
    assert!(matches!(
        Range::try_new(low, text),
        Err(InvalidRange::Types { .. })
    ));
    let two: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let null: ArrayRef = Arc::new(Int32Array::from(vec![None]));
    assert_eq!(
        [Range::equal(two), Range::equal(null)],
        [Err(InvalidRange::Null), Err(InvalidRange::Null)]
    );
}

#[test]
fn touching_ranges_merge_and_gaps_stay() {
    use Bound::{Above, Below, Exactly};
    for (left, right, merged) in [
        (((1, Exactly), (5, Exactly)), ((5, Above), (9, Exactly)), 1),
        (((1, Exactly), (5, Below)), ((5, Exactly), (9, Exactly)), 1),
        (((20, Exactly), (22, Below)), ((22, Above), (30, Exactly)), 2),
        (((1, Exactly), (5, Exactly)), ((6, Exactly), (9, Exactly)), 2),
        (((1, Exactly), (9, Exactly)), ((2, Exactly), (3, Exactly)), 1),
    ] {
        let (left, right) = (range(left.0, left.1).unwrap(), range(right.0, right.1).unwrap());
        let set = SortedRangeSet::try_new(DataType::Int32, vec![right.clone(), left.clone()], false).unwrap();
        assert_eq!(set.ranges().len(), merged, "{left:?} {right:?}");
        assert_eq!(set.ranges()[0].low(), left.low());
    }
    let set = SortedRangeSet::try_new(DataType::Utf8, vec![Range::equal(int(1)).unwrap()], false);
    assert!(matches!(set, Err(InvalidRange::SetType { .. })));
}

#[test]
fn a_single_value_is_told_from_a_stretch() {
    assert_eq!(
        Range::equal(int(5))
            .unwrap()
            .single_value()
            .map(|value| **value == *int(5)),
        Some(true)
    );
    assert!(Range::at_least(int(5)).unwrap().single_value().is_none());
    assert!(Range::all(DataType::Int32).single_value().is_none());
}

/// End of a range in a model; `None` is unbounded.
type End = Option<(i32, bool)>;

fn end() -> impl Strategy<Value = End> {
    prop::option::weighted(0.9, (-5..15_i32, any::<bool>()))
}

fn model_contains((low, high): (End, End), value: i32) -> bool {
    let above = low.is_none_or(|(low, inclusive)| value > low || inclusive && value == low);
    let below = high.is_none_or(|(high, inclusive)| value < high || inclusive && value == high);
    above && below
}

fn built((low, high): (End, End)) -> Result<Range, InvalidRange> {
    let marker = |(value, inclusive): (i32, bool), exclusive| {
        Marker::at(int(value), if inclusive { Bound::Exactly } else { exclusive }).unwrap()
    };
    Range::try_new(
        low.map_or(Marker::lower_unbounded(DataType::Int32), |low| {
            marker(low, Bound::Above)
        }),
        high.map_or(Marker::upper_unbounded(DataType::Int32), |high| {
            marker(high, Bound::Below)
        }),
    )
}

proptest! {
    #[test]
    fn sorted_ranges_contain_what_any_of_them_does(ends in prop::collection::vec((end(), end()), 0..6)) {
        let ranges: Vec<_> = ends.iter().filter_map(|ends| built(*ends).ok()).collect();
        let valid: Vec<_> = ends.into_iter().filter(|ends| built(*ends).is_ok()).collect();
        let set = ints(ranges, false);
        let column = Int32Array::from_iter_values(-7..17);
        for row in 0..column.len() {
            let expected = valid.iter().any(|ends| model_contains(*ends, column.value(row)));
            prop_assert_eq!(set.contains(&column, row).unwrap(), expected, "{}", column.value(row));
        }
    }

    #[test]
    fn equatable_sets_contain_what_is_listed(values in prop::collection::vec(0..8_i32, 0..6), white_list: bool) {
        let set = EquatableValueSet { values: Arc::new(Int32Array::from(values.clone())), white_list, null_allowed: false };
        let set = ValueSet::from(set);
        let column = Int32Array::from_iter_values(0..8);
        for row in 0..column.len() {
            let expected = values.contains(&column.value(row)) == white_list;
            prop_assert_eq!(set.contains(&column, row).unwrap(), expected);
        }
    }
}
