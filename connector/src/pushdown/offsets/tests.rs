use std::sync::Arc;

use arrow::array::{Decimal128Array, Float64Array, Int8Array, Int64Array, StringArray};
use arrow::compute::cast;
use proptest::prelude::*;
use protocol::{AllOrNoneValueSet, EquatableValueSet, SortedRangeSet};

use super::*;

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn decimals(unscaled: &[i128], precision: u8, scale: i8) -> ArrayRef {
    let values = Decimal128Array::from(unscaled.to_vec());
    Arc::new(values.with_precision_and_scale(precision, scale).unwrap())
}

fn sorted(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
    let data_type = ranges
        .first()
        .map_or(DataType::Int64, |range| range.data_type().clone());
    SortedRangeSet::try_new(data_type, ranges, null_allowed)
        .unwrap()
        .into()
}

fn equatable(values: ArrayRef, white_list: bool, null_allowed: bool) -> ValueSet {
    EquatableValueSet {
        values,
        white_list,
        null_allowed,
    }
    .into()
}

fn all_or_none(all: bool, null_allowed: bool) -> ValueSet {
    let data_type = DataType::Int64;
    AllOrNoneValueSet {
        data_type,
        all,
        null_allowed,
    }
    .into()
}

fn bounds(set: &OffsetSet) -> Vec<(i64, i64)> {
    set.0.iter().map(|range| (range.start(), range.end())).collect()
}

fn offsets(set: &ValueSet, column: &DataType) -> Vec<(i64, i64)> {
    bounds(&OffsetSet::of(set, column).unwrap())
}

const MAX: i64 = i64::MAX;

#[test]
fn ranges_become_half_open_offsets() {
    let one = |range| sorted(vec![range], false);
    for (predicate, set, wanted) in [
        ("= 5", one(Range::equal(ints(&[5])).unwrap()), vec![(5, 6)]),
        ("> 5", one(Range::above(ints(&[5])).unwrap()), vec![(6, MAX)]),
        (">= 5", one(Range::at_least(ints(&[5])).unwrap()), vec![(5, MAX)]),
        ("< 5", one(Range::below(ints(&[5])).unwrap()), vec![(0, 5)]),
        ("<= 5", one(Range::at_most(ints(&[5])).unwrap()), vec![(0, 6)]),
        ("< 0", one(Range::below(ints(&[0])).unwrap()), vec![]),
        (
            ">= -3",
            one(Range::at_least(ints(&[-3])).unwrap()),
            vec![(0, MAX)],
        ),
        ("= -1", one(Range::equal(ints(&[-1])).unwrap()), vec![]),
        ("> max", one(Range::above(ints(&[MAX])).unwrap()), vec![]),
        ("not null", one(Range::all(DataType::Int64)), vec![(0, MAX)]),
        ("null", sorted(vec![], true), vec![]),
        (
            "<> 5",
            sorted(
                vec![
                    Range::below(ints(&[5])).unwrap(),
                    Range::above(ints(&[5])).unwrap(),
                ],
                false,
            ),
            vec![(0, 5), (6, MAX)],
        ),
    ] {
        assert_eq!(offsets(&set, &DataType::Int64), wanted, "{predicate}");
    }
}

#[test]
fn lists_include_and_exclude() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![
        Some(9),
        None,
        Some(3),
        Some(4),
        Some(-1),
        Some(9),
    ]));
    let bigint = &DataType::Int64;
    assert_eq!(
        offsets(&equatable(values.clone(), true, false), bigint),
        [(3, 5), (9, 10)]
    );
    assert_eq!(
        offsets(&equatable(values, false, false), bigint),
        [(0, 3), (5, 9), (10, MAX)]
    );
    assert_eq!(offsets(&equatable(ints(&[]), true, false), bigint), []);
    assert_eq!(offsets(&equatable(ints(&[]), false, true), bigint), [(0, MAX)]);
}

#[test]
fn all_or_none_of_nothing_is_not_null() {
    for (all, null_allowed, wanted) in [
        (true, true, vec![(0, MAX)]),
        (true, false, vec![(0, 128)]),
        (false, true, vec![(128, MAX)]),
        (false, false, vec![(0, 128)]),
    ] {
        let found = offsets(&all_or_none(all, null_allowed), &DataType::Int8);
        assert_eq!(found, wanted, "{all} {null_allowed}");
    }
}

#[test]
fn an_offset_that_does_not_fit_its_column_is_null() {
    let above = |null_allowed| {
        let value = cast(&ints(&[100]), &DataType::Int8).unwrap();
        sorted(vec![Range::above(value).unwrap()], null_allowed)
    };
    assert_eq!(offsets(&above(false), &DataType::Int8), [(101, 128)]);
    assert_eq!(offsets(&above(true), &DataType::Int8), [(101, MAX)]);
    let not_null = sorted(vec![Range::all(DataType::Int64)], false);
    for (column, end) in [
        (DataType::Int16, 1 << 15),
        (DataType::Int32, 1 << 31),
        (DataType::Decimal128(5, 2), 1000),
        (DataType::Decimal128(38, 0), MAX),
    ] {
        let of_kind = sorted(vec![Range::all(column.clone())], false);
        assert_eq!(offsets(&of_kind, &column), [(0, end)], "{column}");
        if column.is_signed_integer() {
            assert_eq!(offsets(&not_null, &column), [(0, end)], "{column}");
        }
    }
    assert_eq!(offsets(&sorted(vec![], true), &DataType::Int16), [(1 << 15, MAX)]);
}

#[test]
fn decimals_count_by_number_whatever_their_scale() {
    let column = &DataType::Decimal128(10, 1);
    let one = |range| sorted(vec![range], false);
    let half = |unscaled| decimals(&[unscaled], 10, 1);
    for (predicate, set, wanted) in [
        ("= 5.0", one(Range::equal(half(50)).unwrap()), vec![(5, 6)]),
        ("= 5.5", one(Range::equal(half(55)).unwrap()), vec![]),
        (
            "> 5.5",
            one(Range::above(half(55)).unwrap()),
            vec![(6, 1_000_000_000)],
        ),
        (
            ">= 5.5",
            one(Range::at_least(half(55)).unwrap()),
            vec![(6, 1_000_000_000)],
        ),
        ("< 5.5", one(Range::below(half(55)).unwrap()), vec![(0, 6)]),
        ("<= 5.5", one(Range::at_most(half(55)).unwrap()), vec![(0, 6)]),
        (
            "> -0.5",
            one(Range::above(half(-5)).unwrap()),
            vec![(0, 1_000_000_000)],
        ),
        ("< -0.5", one(Range::below(half(-5)).unwrap()), vec![]),
        (
            "in",
            equatable(decimals(&[300, 250, 400], 9, 2), true, false),
            vec![(3, 5)],
        ),
    ] {
        assert_eq!(offsets(&set, column), wanted, "{predicate}");
    }
}

#[test]
fn of_text_fractions_and_other_kinds_of_numbers_nothing_is_said() {
    let five = sorted(vec![Range::equal(ints(&[5])).unwrap()], false);
    let text: ArrayRef = Arc::new(StringArray::from(vec!["5"]));
    let fraction: ArrayRef = Arc::new(Float64Array::from(vec![5.0]));
    for (set, column) in [
        (sorted(vec![Range::equal(text).unwrap()], false), DataType::Utf8),
        (
            sorted(vec![Range::equal(fraction.clone()).unwrap()], false),
            DataType::Float64,
        ),
        (
            sorted(vec![Range::equal(fraction).unwrap()], false),
            DataType::Int64,
        ),
        (five.clone(), DataType::Decimal128(5, 0)),
        (five, DataType::Utf8),
        (
            sorted(vec![Range::equal(decimals(&[5], 5, 0)).unwrap()], false),
            DataType::Int64,
        ),
        (
            sorted(vec![Range::equal(decimals(&[5], 5, -1)).unwrap()], false),
            DataType::Decimal128(5, -1),
        ),
    ] {
        assert_eq!(OffsetSet::of(&set, &column), None, "{column}");
    }
}

#[test]
fn integers_of_another_width_are_compared_by_number() {
    let value: ArrayRef = Arc::new(Int8Array::from(vec![7]));
    let set = sorted(vec![Range::at_least(value).unwrap()], false);
    assert_eq!(offsets(&set, &DataType::Int64), [(7, MAX)]);
    let beyond = sorted(vec![Range::at_least(ints(&[1000])).unwrap()], false);
    assert_eq!(offsets(&beyond, &DataType::Int8), []);
}

fn set(ranges: &[(i64, i64)]) -> OffsetSet {
    OffsetSet::of_ranges(ranges.iter().map(|&(start, end)| (start.into(), end.into())))
}

#[test]
fn small_gaps_are_filled_and_the_smallest_of_too_many() {
    let scattered = set(&[(0, 1), (5, 6), (100, 101), (1000, 1001), (1950, 1951)]);
    assert_eq!(
        bounds(&scattered.coarsened(10, 100)),
        [(0, 6), (100, 101), (1000, 1001), (1950, 1951)]
    );
    assert_eq!(bounds(&scattered.coarsened(5, 100)).len(), 4, "a gap of 4");
    assert_eq!(bounds(&scattered.coarsened(4, 100)).len(), 5);
    assert_eq!(
        bounds(&scattered.coarsened(1, 3)),
        [(0, 101), (1000, 1001), (1950, 1951)]
    );
    assert_eq!(bounds(&scattered.coarsened(1, 1)), [(0, 1951)]);
    let even = set(&[(0, 1), (10, 11), (20, 21)]);
    assert_eq!(bounds(&even.coarsened(1, 2)), [(0, 21)], "equal gaps go together");
}

proptest! {
    #[test]
    fn coarsening_loses_no_offset_and_keeps_to_the_number(
        ranges in prop::collection::vec((0..5000_i64, 1..50_i64), 0..40), min_gap in 0..500_u64, max_ranges in 1..20_usize,
    ) {
        let ranges: Vec<_> = ranges.into_iter().map(|(start, length)| (start, start + length)).collect();
        let fine = set(&ranges);
        let coarse = fine.coarsened(min_gap, max_ranges);
        prop_assert!(coarse.0.len() <= max_ranges);
        prop_assert_eq!(coarse.intersection(&fine), fine);
        for pair in coarse.0.windows(2) {
            prop_assert!(gap(pair[0], pair[1]) >= min_gap.max(1));
        }
    }

    /// Each offset stays if and only if the set contains what the column shows for it.
    #[test]
    fn offsets_are_those_whose_value_is_in_the_set(
        values in prop::collection::vec(-3..140_i64, 0..5), kind in 0..4_u8, flags in any::<(bool, bool)>(), narrow: bool,
    ) {
        let column = if narrow { DataType::Int8 } else { DataType::Int64 };
        let (first, null_allowed) = flags;
        let set = match kind {
            0 => equatable(ints(&values), first, null_allowed),
            1 => all_or_none(first, null_allowed),
            _ => {
                let ranges = values.chunks(2).filter_map(|pair| {
                    let (low, high) = (pair[0], *pair.get(1)?);
                    let bound = |exact| if exact { Bound::Exactly } else { Bound::Above };
                    let below = |exact| if exact { Bound::Exactly } else { Bound::Below };
                    let low = Marker::at(ints(&[low]), bound(first))?;
                    Range::try_new(low, Marker::at(ints(&[high]), below(kind == 2))?).ok()
                });
                sorted(ranges.collect(), null_allowed)
            }
        };
        let found = OffsetSet::of(&set, &column).unwrap();
        for offset in 0..200_i64 {
            let shown = if narrow { i8::try_from(offset).ok().map(i64::from) } else { Some(offset) };
            let shown: ArrayRef = Arc::new(Int64Array::from(vec![shown]));
            let wanted = set.contains(&shown, 0).unwrap();
            let range = OffsetRange::new(offset, offset + 1).unwrap();
            prop_assert_eq!(!found.within(range).is_empty(), wanted, "offset {}", offset);
        }
    }
}
