use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int8Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use protocol::{AllOrNoneValueSet, EquatableValueSet, Range, SortedRangeSet};
use topic::table::MAPPING_KEY;
use topic::{Encoding, ReadOptions};

use super::*;

mod model;

fn column(name: &str, source: Source, data_type: DataType) -> Field {
    let mut metadata = vec![(MAPPING_KEY.to_owned(), String::new())];
    if source != Source::Value {
        metadata.push((SOURCE_KEY.to_owned(), source.to_string()));
    }
    Field::new(name, data_type, true).with_metadata(metadata.into_iter().collect())
}

fn table(columns: Vec<Field>) -> TopicTable {
    TopicTable {
        registry_name: "customer".into(),
        schema_name: "orders".into(),
        schema_version_id: String::new(),
        cluster: None,
        topic: "orders".into(),
        value: Encoding::Json,
        key: None,
        options: ReadOptions::default(),
        schema: Arc::new(Schema::new(columns)),
    }
}

/// Result for columns that are each constrained by the given set.
fn wanted(columns: Vec<Field>, sets: Vec<(&str, ValueSet)>) -> Wanted {
    let constraints = Constraints {
        summary: sets
            .into_iter()
            .map(|(name, set)| (name.to_owned(), set))
            .collect(),
        ..Constraints::default()
    };
    Wanted::of(&constraints, &table(columns))
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn list(values: ArrayRef, white_list: bool) -> ValueSet {
    let null_allowed = false;
    EquatableValueSet {
        values,
        white_list,
        null_allowed,
    }
    .into()
}

fn sorted(ranges: Vec<Range>, null_allowed: bool) -> ValueSet {
    let data_type = ranges
        .first()
        .map_or(DataType::Int64, |range| range.data_type().clone());
    SortedRangeSet::try_new(data_type, ranges, null_allowed)
        .unwrap()
        .into()
}

/// Partitions 0 to `partitions`, each with offsets 0..10,000.
fn snapshot(partitions: i32) -> Vec<(i32, Watermarks)> {
    (0..partitions)
        .map(|partition| (partition, Watermarks { low: 0, high: 10_000 }))
        .collect()
}

fn partitions(wanted: &Wanted) -> Vec<i32> {
    wanted
        .ranges(&snapshot(300))
        .into_iter()
        .map(|(partition, _)| partition)
        .collect()
}

fn bounds(ranges: PartitionRanges) -> Vec<(i32, i64, i64)> {
    ranges
        .into_iter()
        .map(|(partition, range)| (partition, range.start(), range.end()))
        .collect()
}

#[test]
fn without_constraints_all_is_wanted_but_empty_partitions() {
    let wanted = wanted(vec![column("p", Source::Partition, DataType::Int64)], vec![]);
    let snapshot = [
        (0, Watermarks { low: 5, high: 9 }),
        (1, Watermarks { low: 7, high: 7 }),
    ];
    assert_eq!(bounds(wanted.ranges(&snapshot)), [(0, 5, 9)]);
    assert!(!wanted.is_nothing());
}

#[test]
fn partitions_are_tested_on_what_their_column_shows() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["17", "08", "299"]));
    let double: ArrayRef = Arc::new(Float64Array::from(vec![17.0, 18.5]));
    let decimal = Decimal128Array::from(vec![1700, 1750])
        .with_precision_and_scale(5, 2)
        .unwrap();
    let tiny: ArrayRef = Arc::new(Int8Array::from(vec![120]));
    let prefix: ArrayRef = Arc::new(StringArray::from(vec!["29"]));
    for (data_type, set, passed) in [
        (DataType::Int64, list(ints(&[17, 400, -1]), true), vec![17]),
        (DataType::Utf8, list(text, true), vec![17, 299]),
        (DataType::Float64, list(double, true), vec![17]),
        (
            DataType::Decimal128(5, 2),
            list(Arc::new(decimal), true),
            vec![17],
        ),
        (
            DataType::Int8,
            sorted(vec![Range::above(tiny.clone()).unwrap()], false),
            (121..128).collect(),
        ),
        (
            DataType::Int8,
            sorted(vec![Range::above(tiny).unwrap()], true),
            (121..300).collect(),
        ),
        (
            DataType::Utf8,
            sorted(vec![Range::at_least(prefix).unwrap()], false),
            {
                let late = |partition: &i32| partition.to_string().as_str() >= "29";
                (0..300).filter(late).collect()
            },
        ),
    ] {
        let columns = vec![column("shard", Source::Partition, data_type.clone())];
        assert_eq!(
            partitions(&wanted(columns, vec![("shard", set)])),
            passed,
            "{data_type}"
        );
    }
}

#[test]
fn not_null_as_nothing_keeps_every_partition() {
    let defect = AllOrNoneValueSet {
        data_type: DataType::Int64,
        all: false,
        null_allowed: false,
    };
    let columns = || vec![column("p", Source::Partition, DataType::Int64)];
    assert_eq!(
        partitions(&wanted(columns(), vec![("p", defect.into())])).len(),
        300
    );
    let excluded = list(ints(&[0, 5]), false);
    assert_eq!(partitions(&wanted(columns(), vec![("p", excluded)])).len(), 298);
}

#[test]
fn a_set_that_the_filter_refuses_leaves_out_nothing() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let columns = vec![
        column("p", Source::Partition, DataType::Int64),
        column("o", Source::Offset, DataType::Int64),
    ];
    let sets = vec![("p", list(text.clone(), true)), ("o", list(text, true))];
    assert_eq!(wanted(columns, sets).ranges(&snapshot(3)).len(), 3);
}

#[test]
fn offsets_are_cut_out_of_every_partition() {
    let columns = || vec![column("o", Source::Offset, DataType::Int64)];
    let ranges =
        |set, snapshot: &[(i32, Watermarks)]| bounds(wanted(columns(), vec![("o", set)]).ranges(snapshot));
    let snapshot = [
        (0, Watermarks { low: 0, high: 10_000 }),
        (
            3,
            Watermarks {
                low: 4000,
                high: 4500,
            },
        ),
    ];
    assert_eq!(
        ranges(list(ints(&[5, 7, 4400, 9999, 20_000]), true), &snapshot),
        [(0, 5, 8), (0, 4400, 4401), (0, 9999, 10_000), (3, 4400, 4401)]
    );
    let at_least = sorted(vec![Range::at_least(ints(&[4499])).unwrap()], false);
    assert_eq!(ranges(at_least, &snapshot), [(0, 4499, 10_000), (3, 4499, 4500)]);
    let except = list(ints(&[4400]), false);
    assert_eq!(
        ranges(except, &snapshot),
        [(0, 0, 10_000), (3, 4000, 4500)],
        "a gap of one is read along"
    );
}

#[test]
fn a_long_list_makes_no_more_ranges_than_a_token_carries() {
    let values: Vec<i64> = (0..50_000).map(|index| index * 2000).collect();
    let wanted = wanted(
        vec![column("o", Source::Offset, DataType::Int64)],
        vec![("o", list(ints(&values), true))],
    );
    let marks = Watermarks {
        low: 0,
        high: 100_000_000,
    };
    for partitions in [1, 3, 20_000] {
        let snapshot: Vec<_> = (0..partitions).map(|partition| (partition, marks)).collect();
        let ranges = wanted.ranges(&snapshot);
        assert!(
            ranges.len() <= MAX_RANGES.max(snapshot.len()),
            "{} ranges",
            ranges.len()
        );
        let last = ranges.last().unwrap();
        assert_eq!((last.0, last.1.end()), (partitions - 1, 99_998_001));
    }
}

#[test]
fn several_columns_of_one_source_all_count() {
    let columns = vec![
        column("o", Source::Offset, DataType::Int64),
        column("small", Source::Offset, DataType::Int8),
        column("p", Source::Partition, DataType::Int64),
        column("name", Source::Partition, DataType::Utf8),
    ];
    let above: ArrayRef = Arc::new(Int8Array::from(vec![100]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1", "2"]));
    let sets = vec![
        ("o", sorted(vec![Range::below(ints(&[110])).unwrap()], false)),
        ("small", sorted(vec![Range::above(above).unwrap()], false)),
        ("p", list(ints(&[2, 3]), true)),
        ("name", list(text, true)),
    ];
    assert_eq!(
        bounds(wanted(columns, sets).ranges(&snapshot(9))),
        [(2, 101, 110)]
    );
}

#[test]
fn names_are_exact_or_else_of_any_case() {
    let columns = || {
        vec![
            column("Shard", Source::Partition, DataType::Int64),
            column("shard", Source::Value, DataType::Int64),
            column("Place", Source::Offset, DataType::Int64),
        ]
    };
    let one = || list(ints(&[1]), true);
    assert_eq!(partitions(&wanted(columns(), vec![("Shard", one())])), [1]);
    assert_eq!(partitions(&wanted(columns(), vec![("shard", one())])).len(), 300);
    assert_eq!(
        bounds(wanted(columns(), vec![("place", one())]).ranges(&snapshot(1))),
        [(0, 1, 2)]
    );
}

#[test]
fn a_value_column_narrows_nothing_unless_it_can_have_no_value() {
    let columns = || vec![column("id", Source::Value, DataType::Int64)];
    let some = wanted(columns(), vec![("id", list(ints(&[1]), true))]);
    assert!(!some.is_nothing() && partitions(&some).len() == 300);
    for empty in [list(ints(&[]), true), sorted(vec![], false)] {
        assert!(wanted(columns(), vec![("id", empty.clone())]).is_nothing());
        assert!(
            !wanted(columns(), vec![("other", empty)]).is_nothing(),
            "no column of the table"
        );
    }
    assert!(
        !wanted(columns(), vec![("id", sorted(vec![], true))]).is_nothing(),
        "IS NULL"
    );
}

#[test]
fn contradictions_want_nothing() {
    let offset = |name: &'static str| column(name, Source::Offset, DataType::Int64);
    let sets = vec![("a", list(ints(&[1]), true)), ("b", list(ints(&[2]), true))];
    assert!(wanted(vec![offset("a"), offset("b")], sets).is_nothing());
    assert!(wanted(vec![offset("a")], vec![("a", list(ints(&[-1]), true))]).is_nothing());
    let day = |days: i32| -> ArrayRef { Arc::new(arrow::array::Date32Array::from(vec![days])) };
    let millis = |ms: i64| -> ArrayRef { Arc::new(arrow::array::Date64Array::from(vec![ms])) };
    let columns = vec![
        column("day", Source::Timestamp, DataType::Date32),
        column("time", Source::Timestamp, DataType::Date64),
    ];
    let sets = vec![
        ("day", list(day(1), true)),
        ("time", list(millis(2 * 86_400_000), true)),
    ];
    assert!(wanted(columns, sets).is_nothing());
}

#[test]
fn times_clip_each_partition_by_its_own_offsets() {
    let range = |start, end| OffsetRange::new(start, end).unwrap();
    let ranges = vec![
        (0, range(0, 10)),
        (0, range(50, 60)),
        (1, range(0, 10)),
        (2, range(0, 10)),
    ];
    let first = |partition| [Some(55), Some(3), None][partition as usize];
    let late = from_offsets(ranges.clone(), first);
    assert_eq!(bounds(late), [(0, 55, 60), (1, 3, 10)]);
    let early = before_offsets(ranges, first);
    assert_eq!(bounds(early), [(0, 0, 10), (0, 50, 55), (1, 0, 3), (2, 0, 10)]);
}
