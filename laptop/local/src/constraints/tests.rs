use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date64Array, Float64Array, Int32Array, ListArray, RecordBatch,
    StringArray,
};
use arrow::datatypes::{Fields, Int32Type, Schema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::{cast, col, in_list, lit, not};
use datafusion::prelude::SessionContext;
use proptest::prelude::*;
use protocol::{AllOrNoneValueSet, Range, SortedRangeSet, ValueSet};

use super::*;
use crate::types::{sql_array, sql_schema};

/// Rows over a small grid of values and NULLs, as on the wire.
fn wire_rows() -> RecordBatch {
    let numbers = || [None, Some(1), Some(2), Some(3), Some(4)];
    let texts = [None, Some(""), Some("a"), Some("b"), Some("ä")];
    let times = [None, Some(0), Some(1000), Some(1001)];
    let floats = [None, Some(-0.0), Some(0.5), Some(f64::INFINITY)];
    let flags = [None, Some(true), Some(false)];
    let (mut n, mut s, mut t, mut f, mut b) = (vec![], vec![], vec![], vec![], vec![]);
    for (i, number) in numbers().into_iter().cycle().take(300).enumerate() {
        n.push(number);
        s.push(texts[i / 5 % texts.len()]);
        t.push(times[i / 25 % times.len()]);
        f.push(floats[i / 3 % floats.len()]);
        b.push(flags[i / 7 % flags.len()]);
    }
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..300).map(|i| (i % 2 == 0).then_some([Some(i)])),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int32Array::from(n))),
        ("s", Arc::new(StringArray::from(s))),
        ("t", Arc::new(Date64Array::from(t))),
        ("f", Arc::new(Float64Array::from(f))),
        ("b", Arc::new(BooleanArray::from(b))),
        ("l", Arc::new(list)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn columns() -> Columns {
    Columns::try_new(wire_rows().schema()).unwrap()
}

fn time(ms: i64) -> Expr {
    lit(ScalarValue::TimestampMillisecond(Some(ms), None))
}

fn value_set(filter: &Expr, column: &str) -> Option<ValueSet> {
    Pushdown::of([filter], &columns())
        .constraints(&columns())
        .summary
        .remove(column)
}

fn ints(ranges: Vec<Range>, null_allowed: bool) -> Option<ValueSet> {
    SortedRangeSet::try_new(DataType::Int32, ranges, null_allowed)
        .map(ValueSet::SortedRange)
        .ok()
}

fn int(value: i32) -> ArrayRef {
    Arc::new(Int32Array::from(vec![value]))
}

#[test]
fn comparisons_are_ranges() {
    let cases = [
        (col("n").eq(lit(2)), vec![Range::equal(int(2))]),
        (lit(2).lt(col("n")), vec![Range::above(int(2))]),
        (col("n").lt_eq(lit(2)), vec![Range::at_most(int(2))]),
        (
            col("n").not_eq(lit(2)),
            vec![Range::below(int(2)), Range::above(int(2))],
        ),
        (
            in_list(col("n"), vec![lit(3), lit(1)], false),
            vec![Range::equal(int(1)), Range::equal(int(3))],
        ),
        (
            not(in_list(col("n"), vec![lit(3)], false)),
            vec![Range::below(int(3)), Range::above(int(3))],
        ),
        (col("n").is_not_null(), vec![Ok(Range::all(DataType::Int32))]),
        (col("n").is_null().and(col("n").eq(lit(1))), vec![]),
    ];
    for (filter, ranges) in cases {
        let ranges = ranges.into_iter().map(Result::unwrap).collect();
        assert_eq!(value_set(&filter, "n"), ints(ranges, false), "{filter}");
    }
    assert_eq!(value_set(&col("n").is_null(), "n"), ints(vec![], true));
}

#[test]
fn between_is_one_range_and_its_negation_two() {
    let between = col("n").between(lit(2), lit(3));
    let Some(ValueSet::SortedRange(set)) = value_set(&between, "n") else {
        panic!("no ranges")
    };
    assert_eq!(set.ranges().len(), 1);
    let outside = vec![Range::below(int(2)).unwrap(), Range::above(int(3)).unwrap()];
    assert_eq!(value_set(&not(between), "n"), ints(outside, false));
}

#[test]
fn a_column_or_another_says_nothing_of_either() {
    let filter = col("n").eq(lit(1)).or(col("s").eq(lit("a")));
    assert!(Pushdown::of([&filter], &columns()).is_empty());
    let filter = filter.and(col("b"));
    let summary = Pushdown::of([&filter], &columns())
        .constraints(&columns())
        .summary;
    assert_eq!(summary.keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn an_or_keeps_what_both_sides_say() {
    let left = col("n").eq(lit(1)).and(col("s").eq(lit("a")));
    let right = col("n")
        .gt(lit(3))
        .and(cast(col("b"), DataType::Utf8).eq(lit("x")));
    let ranges = vec![Range::equal(int(1)).unwrap(), Range::above(int(3)).unwrap()];
    let summary = Pushdown::of([&left.or(right)], &columns())
        .constraints(&columns())
        .summary;
    assert_eq!(
        summary.into_iter().collect::<Vec<_>>(),
        [("n".to_owned(), ints(ranges, false).unwrap())]
    );
}

#[test]
fn timestamps_become_date_milli() {
    let Some(ValueSet::SortedRange(set)) = value_set(&col("t").gt_eq(time(1000)), "t") else {
        panic!("no ranges")
    };
    let expected = Range::at_least(Arc::new(Date64Array::from(vec![1000]))).unwrap();
    assert_eq!(
        (set.data_type(), set.ranges()),
        (&DataType::Date64, &[expected][..])
    );
    // Half a millisecond is not a value of the column.
    let fine = lit(ScalarValue::TimestampMicrosecond(Some(1500), None));
    assert!(Pushdown::of([&col("t").gt(fine)], &columns()).is_empty());
    let coarse = lit(ScalarValue::TimestampSecond(Some(1), None));
    assert_eq!(
        value_set(&col("t").gt_eq(coarse), "t"),
        value_set(&col("t").gt_eq(time(1000)), "t")
    );
}

#[test]
fn nested_columns_know_all_or_none() {
    let set = |all, null_allowed| {
        let data_type = columns().wire_field("l").unwrap().data_type().clone();
        Some(ValueSet::AllOrNone(AllOrNoneValueSet {
            data_type,
            all,
            null_allowed,
        }))
    };
    assert_eq!(value_set(&col("l").is_not_null(), "l"), set(true, false));
    assert_eq!(value_set(&col("l").is_null(), "l"), set(false, true));
}

#[test]
fn what_is_not_understood_is_not_sent() {
    let filters = [
        col("n").eq(col("n")),
        (col("n") + lit(1)).eq(lit(2)),
        col("s").like(lit("a%")),
        col("f").gt(lit(f64::NAN)),
        not(col("n").eq(lit(1)).and(col("s").eq(lit("a")))),
        col("n").eq(lit(ScalarValue::Int32(None))),
        in_list(col("n"), vec![lit(1), col("n")], false),
        lit(true),
    ];
    for filter in filters {
        assert!(Pushdown::of([&filter], &columns()).is_empty(), "{filter}");
    }
}

#[test]
fn contradictions_are_known_before_asking() {
    let none = [col("n").eq(lit(1)), col("n").eq(lit(2))];
    assert!(Pushdown::of(&none, &columns()).is_none());
    assert!(!Pushdown::of(&none[..1], &columns()).is_none());
    assert!(Pushdown::of([&col("n").between(lit(3), lit(2))], &columns()).is_none());
}

#[test]
fn a_filter_by_sqls_name_is_sent_by_the_connectors() {
    let names = ["orderId", "ÄÖ"];
    let fields = names.map(|name| Field::new(name, DataType::Int32, true));
    let columns = Columns::try_new(Arc::new(Schema::new(Fields::from(fields.to_vec())))).unwrap();
    let column = |name: &str| Expr::Column(Column::from_name(name));
    let filter = column("orderid").eq(lit(1)).and(column("äö").is_null());
    let summary = Pushdown::of([&filter], &columns).constraints(&columns).summary;
    assert_eq!(summary.keys().collect::<Vec<_>>(), names);
    assert!(Pushdown::of([&column("orderId").eq(lit(1))], &columns).is_empty());
}

fn filters() -> impl Strategy<Value = Expr> {
    let numbers = || (0..6).prop_map(lit);
    let texts = || prop::sample::select(vec!["", "a", "aa", "b", "ä", "z"]).prop_map(lit);
    let times = || prop::sample::select(vec![-1, 0, 1, 1000, 1001]).prop_map(time);
    let floats = || prop::sample::select(vec![-0.0, 0.0, 0.25, 0.5, f64::INFINITY]).prop_map(lit);
    let operand = prop_oneof![
        numbers().prop_map(|value| (col("n"), value)),
        texts().prop_map(|value| (col("s"), value)),
        times().prop_map(|value| (col("t"), value)),
        floats().prop_map(|value| (col("f"), value)),
    ];
    let operators = vec![
        Operator::Eq,
        Operator::NotEq,
        Operator::Lt,
        Operator::LtEq,
        Operator::Gt,
        Operator::GtEq,
    ];
    let comparison =
        (operand, prop::sample::select(operators), any::<bool>()).prop_map(|((column, value), op, swap)| {
            let (left, right) = if swap { (value, column) } else { (column, value) };
            Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
        });
    let columns = prop::sample::select(vec!["n", "s", "t", "f", "b", "l"]);
    let leaf = prop_oneof![
        4 => comparison,
        1 => (prop::collection::vec(numbers(), 1..4), any::<bool>()).prop_map(|(list, negated)| in_list(col("n"), list, negated)),
        1 => (numbers(), numbers(), any::<bool>()).prop_map(|(low, high, negated)| {
            Expr::Between(Between::new(Box::new(col("n")), negated, Box::new(low), Box::new(high)))
        }),
        1 => columns.clone().prop_map(|name| col(name).is_null()),
        1 => columns.prop_map(|name| col(name).is_not_null()),
        1 => prop_oneof![Just(col("b")), Just(not(col("b"))), Just(col("b").is_true()), Just(col("b").is_false())],
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(not),
        ]
    })
}

/// Rows that DataFusion keeps.
fn kept(filter: &Expr, wire: &RecordBatch) -> BooleanArray {
    let schema = sql_schema(&wire.schema());
    let columns = wire
        .columns()
        .iter()
        .map(|column| sql_array(column).unwrap())
        .collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let schema = DFSchema::try_from(schema.as_ref().clone()).unwrap();
    let filter = SessionContext::new()
        .create_physical_expr(filter.clone(), &schema)
        .unwrap();
    filter
        .evaluate(&batch)
        .unwrap()
        .into_array(batch.num_rows())
        .unwrap()
        .as_boolean()
        .clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No row that satisfies the filter is outside of the constraints.
    #[test]
    fn no_row_that_is_kept_is_outside_the_constraints(filter in filters()) {
        let rows = wire_rows();
        let kept = kept(&filter, &rows);
        let pushdown = Pushdown::of([&filter], &columns());
        let summary = pushdown.constraints(&columns()).summary;
        for row in (0..rows.num_rows()).filter(|&row| kept.is_valid(row) && kept.value(row)) {
            prop_assert!(!pushdown.is_none(), "{filter} is taken for impossible, but keeps row {row}");
            for (name, set) in &summary {
                // DataFusion orders -0.0 before 0.0, SQL and the protocol do not.
                let is_zero = name == "f" && rows.column_by_name("f").unwrap().as_primitive::<arrow::datatypes::Float64Type>().value(row) == 0.0;
                let contains = set.contains(rows.column_by_name(name).unwrap(), row).unwrap();
                prop_assert!(contains || is_zero, "{filter}: row {row}, column {name}");
            }
        }
    }
}
