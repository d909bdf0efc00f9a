//! Limit of rows at which a split may stop.
//!
//! The limit is advertised, so the engine may rely on each split to apply it. That is correct only if every
//! counted row is a row of the query's result: the summary must be the only condition, and be tested as SQL
//! defines it. Otherwise rows that the engine drops would replace rows that it keeps.

use arrow::datatypes::{DataType, Schema};
use protocol::Constraints;

/// Number of rows that is enough of one split with `schema`'s columns; `None` for all.
pub fn row_limit(constraints: &Constraints, schema: &Schema) -> Option<u64> {
    let is_another_query =
        constraints.query_plan.is_some() || !constraints.query_passthrough_arguments.is_empty();
    let limit = constraints.limit.filter(|_| !is_another_query)?;
    // A limit of zero needs no rows, whatever the other conditions.
    let is_exact = limit == 0
        || (constraints.order_by.is_empty()
            && constraints.expression.is_empty()
            && constraints
                .summary
                .keys()
                .all(|column| is_tested_exactly(column, schema)));
    is_exact.then_some(limit)
}

/// Whether the filter keeps exactly the rows for which a condition on `column` is true. It does not know how
/// engines treat NaN and the order of nested values, and tests no column that is not in the schema.
fn is_tested_exactly(column: &str, schema: &Schema) -> bool {
    let Ok(field) = schema.field_with_name(column) else {
        return false;
    };
    match field.data_type() {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => false,
        data_type => !data_type.is_nested(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Field;
    use protocol::{
        AllOrNoneValueSet, Expression, OrderByDirection, OrderByField, QueryPlan, VariableExpression,
    };

    use super::*;

    fn schema() -> Schema {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Int64, true)));
        Schema::new(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("price", DataType::Float64, true),
            Field::new("weight", DataType::Float32, true),
            Field::new("items", list, true),
            Field::new("name", DataType::Utf8, true),
        ])
    }

    /// LIMIT 5 with a condition on each of `columns`.
    fn limited(columns: &[&str]) -> Constraints {
        let set = |data_type| {
            AllOrNoneValueSet {
                data_type,
                all: true,
                null_allowed: false,
            }
            .into()
        };
        Constraints {
            limit: Some(5),
            summary: columns
                .iter()
                .map(|column| ((*column).to_owned(), set(DataType::Int64)))
                .collect(),
            ..Constraints::default()
        }
    }

    /// Every hint that makes the limit inapplicable, added to `constraints`.
    fn hints(constraints: &Constraints) -> [(&'static str, Constraints); 4] {
        let order = OrderByField {
            column_name: "id".into(),
            direction: OrderByDirection::AscNullsFirst,
        };
        let variable = VariableExpression {
            column_name: "id".into(),
            data_type: DataType::Int64,
        };
        let plan = QueryPlan {
            substrait_version: None,
            substrait_plan: "no base64!".into(),
        };
        let constraints = || constraints.clone();
        [
            (
                "order",
                Constraints {
                    order_by: vec![order],
                    ..constraints()
                },
            ),
            (
                "expression",
                Constraints {
                    expression: vec![Expression::Variable(variable)],
                    ..constraints()
                },
            ),
            (
                "plan",
                Constraints {
                    query_plan: Some(plan),
                    ..constraints()
                },
            ),
            (
                "passthrough",
                Constraints {
                    query_passthrough_arguments: [("QUERY".into(), "x".into())].into(),
                    ..constraints()
                },
            ),
        ]
    }

    #[test]
    fn a_limit_counts_rows_of_exact_conditions() {
        assert_eq!(row_limit(&limited(&[]), &schema()), Some(5));
        assert_eq!(row_limit(&limited(&["id", "name"]), &schema()), Some(5));
        let unlimited = Constraints {
            limit: None,
            ..limited(&[])
        };
        assert_eq!(row_limit(&unlimited, &schema()), None);
    }

    #[test]
    fn a_condition_that_is_not_tested_exactly_takes_the_limit_away() {
        for column in ["price", "weight", "items", "elsewhere", "ID"] {
            assert_eq!(row_limit(&limited(&["id", column]), &schema()), None, "{column}");
        }
    }

    #[test]
    fn what_the_summary_does_not_say_takes_the_limit_away() {
        for (hint, constraints) in hints(&limited(&[])) {
            assert_eq!(row_limit(&constraints, &schema()), None, "{hint}");
        }
    }

    #[test]
    fn no_rows_are_enough_for_a_limit_of_zero_whatever_the_order() {
        let none = Constraints {
            limit: Some(0),
            ..limited(&["price"])
        };
        assert_eq!(row_limit(&none, &schema()), Some(0));
        for (hint, constraints) in hints(&none) {
            let wanted = matches!(hint, "order" | "expression").then_some(0);
            assert_eq!(row_limit(&constraints, &schema()), wanted, "{hint}");
        }
    }
}
