use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use proptest::prelude::*;
use protocol::{AllOrNoneValueSet, Range};

use super::*;

fn batch(column: ArrayRef) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("c", column.data_type().clone(), true)]);
    RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap()
}

fn constraints(set: impl Into<ValueSet>) -> Constraints {
    Constraints {
        summary: [("c".to_owned(), set.into())].into(),
        ..Default::default()
    }
}

fn sorted(ranges: Vec<Range>, data_type: DataType, null_allowed: bool) -> SortedRangeSet {
    SortedRangeSet::try_new(data_type, ranges, null_allowed).unwrap()
}

fn kept(column: ArrayRef, set: impl Into<ValueSet>) -> Result<ArrayRef, FilterError> {
    let batch = batch(column);
    let filter = Filter::try_new(&constraints(set), &batch.schema())?;
    Ok(Arc::clone(filter.apply(batch)?.column(0)))
}

fn ints(values: &[Option<i32>]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn int(value: i32) -> ArrayRef {
    ints(&[Some(value)])
}

#[test]
fn keeps_what_every_kind_of_range_holds() {
    let column = ints(&[Some(1), None, Some(2), Some(3), Some(4)]);
    for (range, wanted) in [
        (Range::equal(int(2)), vec![2]),
        (Range::above(int(2)), vec![3, 4]),
        (Range::at_least(int(2)), vec![2, 3, 4]),
        (Range::below(int(2)), vec![1]),
        (Range::at_most(int(2)), vec![1, 2]),
        (Ok(Range::all(DataType::Int32)), vec![1, 2, 3, 4]),
    ] {
        let range = range.unwrap();
        let set = sorted(vec![range.clone()], DataType::Int32, false);
        let found = kept(column.clone(), set).unwrap();
        assert_eq!(
            found.as_primitive::<Int32Type>().values().to_vec(),
            wanted,
            "{range:?}"
        );
        let set = sorted(vec![range], DataType::Int32, true);
        assert_eq!(kept(column.clone(), set).unwrap().len(), wanted.len() + 1);
    }
}

#[test]
fn no_ranges_hold_null_alone() {
    let column = ints(&[Some(1), None]);
    assert_eq!(
        &kept(column.clone(), sorted(vec![], DataType::Int32, true)).unwrap(),
        &ints(&[None])
    );
    assert_eq!(
        kept(column, sorted(vec![], DataType::Int32, false))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn keeps_a_long_list_of_values() {
    let wanted: Vec<i32> = (0..100).map(|value| value * 3).collect();
    let ranges = wanted
        .iter()
        .map(|value| Range::equal(int(*value)).unwrap())
        .collect();
    let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..400));
    let found = kept(column.clone(), sorted(ranges, DataType::Int32, false)).unwrap();
    assert_eq!(found.as_primitive::<Int32Type>().values().to_vec(), wanted);

    let values: ArrayRef = Arc::new(Int32Array::from_iter_values(wanted.iter().rev().copied()));
    let listed = EquatableValueSet {
        values: values.clone(),
        white_list: true,
        null_allowed: false,
    };
    assert_eq!(&kept(column.clone(), listed).unwrap(), &found);
    let unlisted = EquatableValueSet {
        values,
        white_list: false,
        null_allowed: false,
    };
    assert_eq!(kept(column, unlisted).unwrap().len(), 300);
}

#[test]
fn all_or_none_that_says_neither_means_not_null() {
    let column = ints(&[Some(1), None]);
    for (all, null_allowed, wanted) in [
        (true, true, ints(&[Some(1), None])),
        (true, false, ints(&[Some(1)])),
        (false, true, ints(&[None])),
        (false, false, ints(&[Some(1)])),
    ] {
        let set = AllOrNoneValueSet {
            data_type: DataType::Int32,
            all,
            null_allowed,
        };
        assert_eq!(
            &kept(column.clone(), set).unwrap(),
            &wanted,
            "{all} {null_allowed}"
        );
    }
}

#[test]
fn a_row_must_satisfy_every_column() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
    ]));
    let texts = StringArray::from(vec!["x", "x", "y"]);
    let columns: Vec<ArrayRef> = vec![ints(&[Some(1), Some(2), Some(1)]), Arc::new(texts)];
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let summary = [
        (
            "a".to_owned(),
            sorted(vec![Range::equal(int(1)).unwrap()], DataType::Int32, false).into(),
        ),
        (
            "b".to_owned(),
            sorted(vec![Range::equal(text).unwrap()], DataType::Utf8, false).into(),
        ),
        ("B".to_owned(), sorted(vec![], DataType::Utf8, false).into()),
    ];
    let constraints = Constraints {
        summary: summary.into(),
        ..Default::default()
    };
    let filter = Filter::try_new(&constraints, &schema).unwrap();
    assert_eq!(filter.apply(batch.clone()).unwrap(), batch.slice(0, 1));
}

#[test]
fn without_constraints_a_batch_passes_untouched() {
    let filter = Filter::try_new(&Constraints::default(), &Schema::empty()).unwrap();
    let options = RecordBatchOptions::new().with_row_count(Some(3));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    assert_eq!(filter.apply(batch).unwrap().num_rows(), 3);
}

#[test]
fn floats_follow_the_order_of_values() {
    let negative_nan = -f64::NAN;
    let column: ArrayRef = Arc::new(Float64Array::from(vec![
        0.0,
        -0.0,
        f64::NAN,
        negative_nan,
        f64::INFINITY,
    ]));
    let float = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
    for (range, wanted) in [
        (Range::equal(float(0.0)), 2),
        (Range::equal(float(-0.0)), 2),
        (Range::equal(float(f64::NAN)), 2),
        (Range::above(float(f64::INFINITY)), 2),
        (Range::below(float(f64::NAN)), 3),
        (Range::below(float(0.0)), 0),
        (Range::above(float(-0.0)), 3),
    ] {
        let set = sorted(vec![range.clone().unwrap()], DataType::Float64, false);
        assert_eq!(kept(column.clone(), set).unwrap().len(), wanted, "{range:?}");
    }
    for values in [float(-0.0), float(negative_nan)] {
        let set = EquatableValueSet {
            values,
            white_list: true,
            null_allowed: false,
        };
        assert_eq!(kept(column.clone(), set).unwrap().len(), 2);
    }
}

#[test]
fn compares_types_that_mean_the_same_by_value() {
    let cases: Vec<(ArrayRef, ArrayRef, usize)> = vec![
        (
            Arc::new(Int8Array::from(vec![1, 2, 3])),
            Arc::new(Int64Array::from(vec![2])),
            2,
        ),
        (
            ints(&[Some(1), Some(i32::MAX)]),
            Arc::new(Int64Array::from(vec![5_000_000_000])),
            0,
        ),
        (
            Arc::new(Int64Array::from(vec![1, i64::MAX])),
            Arc::new(Int16Array::from(vec![2])),
            1,
        ),
        (
            Arc::new(Float32Array::from(vec![0.5, 1.5])),
            Arc::new(Float64Array::from(vec![1.0])),
            1,
        ),
        (
            Arc::new(Date64Array::from(vec![1, 2])),
            Arc::new(TimestampMillisecondArray::from(vec![2])),
            1,
        ),
        (
            Arc::new(Date32Array::from(vec![0, 1])),
            Arc::new(Date64Array::from(vec![1])),
            1,
        ),
        (decimal(&[110, 111], 2), decimal(&[1105], 3), 1),
        (decimal(&[i128::MAX / 10], 38), decimal(&[-1], 0), 1),
        (
            Arc::new(StringArray::from(vec!["a", "b"])),
            Arc::new(LargeStringArray::from(vec!["b"])),
            1,
        ),
    ];
    for (column, value, wanted) in cases {
        let set = match Range::at_least(value.clone()) {
            Ok(range) => sorted(vec![range], value.data_type().clone(), false).into(),
            Err(_) => ValueSet::from(EquatableValueSet {
                values: value,
                white_list: true,
                null_allowed: false,
            }),
        };
        let wanted_of = format!("{set:?}");
        assert_eq!(kept(column, set).unwrap().len(), wanted, "{wanted_of}");
    }
}

fn decimal(values: &[i128], scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(values.to_vec()).with_precision_and_scale(38, scale);
    Arc::new(array.unwrap())
}

#[test]
fn names_the_column_and_both_types_when_they_do_not_compare() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let set = sorted(vec![Range::equal(text.clone()).unwrap()], DataType::Utf8, false);
    let error = kept(int(1), set).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `c` is Int32, but the request constrains it by values of type Utf8"
    );
    let set = EquatableValueSet {
        values: text,
        white_list: true,
        null_allowed: false,
    };
    assert!(matches!(kept(int(1), set), Err(FilterError::Types { .. })));
}

#[test]
fn instants_compare_without_their_packed_zone() {
    let packed = |values: &[(i64, i64)]| -> ArrayRef {
        let values: Vec<i64> = values.iter().map(|(millis, zone)| millis << 12 | zone).collect();
        Arc::new(TimestampMillisecondArray::from(values).with_timezone("UTC"))
    };
    let column = packed(&[(1000, 0), (1000, 1847), (1001, 0), (-1, 5)]);
    let value = packed(&[(1000, 7)]);
    let set = sorted(
        vec![Range::equal(value.clone()).unwrap()],
        value.data_type().clone(),
        false,
    );
    assert_eq!(kept(column, set).unwrap().len(), 2);
}

#[test]
fn nested_values_are_tested_one_by_one() {
    let lists = |lists: Vec<Option<Vec<Option<i32>>>>| -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))
    };
    let column = lists(vec![Some(vec![Some(1)]), Some(vec![]), None, Some(vec![Some(2)])]);
    let values = lists(vec![Some(vec![Some(1)]), Some(vec![Some(2)])]);
    let set = EquatableValueSet {
        values,
        white_list: true,
        null_allowed: true,
    };
    assert_eq!(kept(column.clone(), set).unwrap().len(), 3);
    let set = AllOrNoneValueSet {
        data_type: column.data_type().clone(),
        all: false,
        null_allowed: false,
    };
    assert_eq!(kept(column, set).unwrap().len(), 3);
}

/// A column, and values of its type for value sets.
#[derive(Debug, Clone)]
struct Case {
    column: ArrayRef,
    values: ArrayRef,
}

/// Both arrays from a few values, so that many rows equal some value of the set.
fn case() -> impl Strategy<Value = Case> {
    let picks = prop::collection::vec(prop::option::of(0usize..12), 0..40);
    let values = prop::collection::vec(prop::option::weighted(0.9, 0usize..12), 0..24);
    (0..POOLS.len(), picks, values).prop_map(|(pool, column, values)| {
        let pool = POOLS[pool]();
        Case {
            column: pick(&pool, &column),
            values: pick(&pool, &values),
        }
    })
}

/// Twelve values each, with the edges of their type.
const POOLS: [fn() -> ArrayRef; 13] = [
    || Arc::new(BooleanArray::from([true, false].repeat(6))),
    || {
        Arc::new(Int8Array::from_iter_values([
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            -1,
            -2,
            i8::MIN,
            i8::MAX,
        ]))
    },
    || {
        Arc::new(Int16Array::from_iter_values([
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            -1,
            -2,
            i16::MIN,
            i16::MAX,
        ]))
    },
    || {
        Arc::new(Int32Array::from_iter_values([
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            -1,
            -2,
            i32::MIN,
            i32::MAX,
        ]))
    },
    || {
        Arc::new(Int64Array::from_iter_values([
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            -1,
            -2,
            i64::MIN,
            i64::MAX,
        ]))
    },
    || {
        let (nan, infinity) = (f32::NAN, f32::INFINITY);
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            nan,
            -nan,
            infinity,
            -infinity,
            f32::MIN,
            f32::MAX,
            2.0,
        ];
        Arc::new(Float32Array::from_iter_values(edges))
    },
    || {
        let (nan, infinity) = (f64::NAN, f64::INFINITY);
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            nan,
            -nan,
            infinity,
            -infinity,
            f64::MIN,
            f64::MAX,
            2.0,
        ];
        Arc::new(Float64Array::from_iter_values(edges))
    },
    || {
        decimal(
            &[
                0,
                1,
                -1,
                10,
                100,
                -100,
                5,
                6,
                7,
                8,
                10_i128.pow(37),
                -(10_i128.pow(37)),
            ],
            2,
        )
    },
    || {
        let texts = [
            "",
            "a",
            "aa",
            "b",
            "B",
            "é",
            "\u{ffff}",
            "\u{10000}",
            "\0",
            "ab",
            "c",
            "z",
        ];
        Arc::new(StringArray::from_iter_values(texts))
    },
    || {
        let bytes: [&[u8]; 12] = [
            b"",
            b"a",
            b"aa",
            b"b",
            b"\xff",
            b"\0",
            b"\x80",
            b"ab",
            b"c",
            b"d",
            b"e",
            b"\xff\xff",
        ];
        Arc::new(BinaryArray::from_iter_values(bytes))
    },
    || {
        Arc::new(Date32Array::from_iter_values([
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            -1,
            -2,
            i32::MIN,
            i32::MAX,
        ]))
    },
    || {
        Arc::new(Date64Array::from_iter_values([
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            -1,
            -2,
            i64::MIN,
            i64::MAX,
        ]))
    },
    || {
        let packed = [
            0,
            1,
            4095,
            4096,
            4097,
            8192,
            12_288,
            -1,
            -4096,
            -4097,
            i64::MIN,
            i64::MAX,
        ];
        Arc::new(TimestampMillisecondArray::from_iter_values(packed).with_timezone("UTC"))
    },
];

fn pick(pool: &ArrayRef, picks: &[Option<usize>]) -> ArrayRef {
    let indices: UInt64Array = picks.iter().map(|pick| pick.map(|pick| pick as u64)).collect();
    arrow::compute::take(pool, &indices, None).unwrap()
}

/// Ranges between values at even and odd places, with the bounds that `kinds` selects.
fn some_ranges(values: &ArrayRef, kinds: &[u8]) -> Vec<Range> {
    let rows: Vec<ArrayRef> = (0..values.len())
        .filter(|row| values.is_valid(*row))
        .map(|row| values.slice(row, 1))
        .collect();
    let pairs = rows.chunks(2).zip(kinds);
    let ranges = pairs.filter_map(|(pair, kind)| {
        let (one, other) = (pair[0].clone(), pair[pair.len() - 1].clone());
        match kind {
            0 => Range::equal(one).ok(),
            1 => Range::at_least(one).ok(),
            2 => Range::above(one).ok(),
            3 => Range::at_most(one).ok(),
            4 => Range::below(one).ok(),
            kind => {
                let (low, high) = if kind % 2 == 0 { (one, other) } else { (other, one) };
                between(low, high, *kind)
            }
        }
    });
    ranges.collect()
}

/// `None` if the values are in the wrong order.
fn between(low: ArrayRef, high: ArrayRef, kind: u8) -> Option<Range> {
    use protocol::{Bound, Marker};
    let low = Marker::at(
        low,
        if kind & 4 == 0 {
            Bound::Exactly
        } else {
            Bound::Above
        },
    )?;
    let high = Marker::at(
        high,
        if kind & 8 == 0 {
            Bound::Exactly
        } else {
            Bound::Below
        },
    )?;
    Range::try_new(low, high).ok()
}

fn assert_agrees(column: &ArrayRef, set: &ValueSet) -> Result<(), TestCaseError> {
    let wanted: Vec<bool> = (0..column.len())
        .map(|row| set.contains(column, row).unwrap())
        .collect();
    let wanted = arrow::compute::filter(column, &BooleanArray::from(wanted)).unwrap();
    let found = kept(column.clone(), set.clone()).unwrap();
    // Compared as text, since arrays of floats are not equal to themselves.
    prop_assert_eq!(format!("{:?}", found), format!("{:?}", wanted), "{:?}", set);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn agrees_with_the_value_set_row_by_row(
        case in case(),
        kinds in prop::collection::vec(0u8..16, 12),
        flag: bool,
        null_allowed: bool,
    ) {
        let Case { column, values } = case;
        let data_type = column.data_type().clone();
        let ranges = some_ranges(&values, &kinds);
        assert_agrees(&column, &sorted(ranges, data_type.clone(), null_allowed).into())?;
        let points = some_ranges(&values, &[0; 24]);
        assert_agrees(&column, &sorted(points, data_type.clone(), null_allowed).into())?;
        let all = AllOrNoneValueSet { data_type, all: flag, null_allowed };
        assert_agrees(&column, &all.into())?;
        let listed = EquatableValueSet { values, white_list: flag, null_allowed };
        assert_agrees(&column, &listed.into())?;
    }
}
