use std::sync::Arc;

use arrow::array::{Array, AsArray, Date32Array, Int16Array};
use arrow::datatypes::{Date32Type, Field, Fields, Int16Type, Int32Type, TimeUnit};

use super::*;

fn builder(data_type: DataType) -> ColumnBuilder {
    ColumnBuilder::new("c", &data_type, &DateFormat::default()).unwrap()
}

fn pair() -> DataType {
    let fields: Fields = vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
    ]
    .into();
    DataType::Struct(fields)
}

#[test]
fn counts_values_that_do_not_fit_but_not_nulls() {
    let mut column = builder(DataType::Int16);
    for scalar in [
        Scalar::Number("1"),
        Scalar::Number("40000"),
        Scalar::Null,
        Scalar::Text("x"),
        Scalar::Nested("[]"),
    ] {
        column.append(&scalar);
    }
    assert_eq!(column.misfits().count(), 3);
    let array = column.finish();
    assert_eq!(
        array.as_primitive::<Int16Type>(),
        &Int16Array::from(vec![Some(1), None, None, None, None])
    );
}

#[test]
fn rounds_dates_before_1970_down() {
    let mut column = builder(DataType::Date32);
    for text in ["1969-12-31", "1969-12-31 23:00:00", "1970-01-01 23:00:00"] {
        column.append(&Scalar::Text(text));
    }
    assert_eq!(
        column.finish().as_primitive::<Date32Type>(),
        &Date32Array::from(vec![-1, -1, 0])
    );
}

#[test]
fn starts_over_after_finish_but_keeps_its_count_of_misfits() {
    let mut column = builder(DataType::Utf8);
    column.append(&Scalar::Text("abc"));
    assert_eq!(column.values().bytes(), 7);
    assert_eq!(column.finish().len(), 1);
    assert_eq!((column.values().bytes(), column.finish().len()), (0, 0));

    let mut column = builder(DataType::Boolean);
    column.append(&Scalar::Nested("{}"));
    column.finish();
    assert_eq!(column.misfits().count(), 1);
}

#[test]
fn forgets_rows_at_any_depth() {
    let item = Arc::new(Field::new("item", pair(), true));
    let mut column = builder(DataType::List(item));
    for count in [2, 3] {
        let (values, misfits) = column.parts();
        let ValueBuilder::List(list) = values else {
            panic!("a list")
        };
        for n in 0..count {
            let ValueBuilder::Struct(row) = list.item() else {
                panic!("a row")
            };
            row.field(0).append(&Scalar::Int(n), misfits);
            row.end(true);
        }
        list.end(true);
    }
    column.truncate(1);
    column.append(&Scalar::Null);
    let array = column.finish();
    let list = array.as_list::<i32>();
    assert_eq!((list.len(), list.value_length(0), list.is_null(1)), (2, 2, true));
    let rows = list.values().as_struct();
    assert_eq!(rows.column(0).as_primitive::<Int32Type>().values(), &[0, 1]);
    assert_eq!(rows.column(1).null_count(), 2);
}

#[test]
fn the_last_value_of_a_field_counts() {
    let mut column = builder(pair());
    let (values, misfits) = column.parts();
    let ValueBuilder::Struct(row) = values else {
        panic!("a row")
    };
    row.field(0).append(&Scalar::Int(1), misfits);
    row.field(0).append(&Scalar::Int(2), misfits);
    row.end(true);
    let array = column.finish();
    assert_eq!(
        array.as_struct().column(0).as_primitive::<Int32Type>().values(),
        &[2]
    );
}

#[test]
fn refuses_types_that_no_record_fills() {
    for data_type in [
        DataType::UInt8,
        DataType::Utf8View,
        DataType::Timestamp(TimeUnit::Microsecond, None),
    ] {
        assert!(ColumnBuilder::new("c", &data_type, &DateFormat::default()).is_none());
    }
}

#[test]
fn finds_values_that_come_again_in_every_type() {
    use DataType::{Binary, Boolean, Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Utf8};
    for (data_type, values, wanted) in [
        (Boolean, ["true", "x", "TRUE", "false"], vec![1, 0]),
        (Int8, ["1", "2", "+1", "3"], vec![0]),
        (Int16, ["1", "2", "3", "4"], vec![]),
        (Int32, ["1", "1", "1", "01"], vec![2, 1, 0]),
        (Int64, ["2", "1", "2", "1"], vec![1, 0]),
        (Float32, ["0.0", "NaN", "-0.0", "NaN"], vec![1, 0]),
        (Float64, ["1", "1.0", "2", "1e0"], vec![1, 0]),
        (Decimal128(5, 2), ["1.001", "1", "2", "3"], vec![0]),
        (Utf8, ["", "a", "", "ab"], vec![0]),
        (Binary, ["AA==", "AAA=", "AA==", ""], vec![0]),
        (
            Date32,
            ["2023-03-09", "2023-03-10", "2023-03-09T23:00", "2023-03-08"],
            vec![0],
        ),
    ] {
        let mut values_of = ValueBuilder::new(&data_type, &DateFormat::default()).unwrap();
        let mut misfits = Misfits::default();
        for value in ["", "1"].iter().chain(&values) {
            values_of.append(&Scalar::Text(value), &mut misfits);
        }
        let wanted: Vec<usize> = wanted.into_iter().map(|at| at + 2).collect();
        assert_eq!(values_of.repeated(2), wanted, "{data_type}");
    }
}
