//! The newest records: `ORDER BY _partition_offset DESC LIMIT n`.
//!
//! A topic has one index: the offset. So the `n` newest rows of each partition are found from its end, and those of
//! the topic are among them. The engine, which sends order and limit for the connector's promise alone, sorts what it gets
//! and limits it: only it knows the rows of all splits.
//!
//! Timestamps are in the order of offsets where the log gives them. Planning asks the brokers whether it does.

use arrow::datatypes::{DataType, Field, TimeUnit};
use protocol::{Constraints, OrderByDirection};
use topic::Source;
use topic::table::SOURCE_KEY;

use crate::pushdown::limit::is_tested_exactly;

/// The newest rows of each partition are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// Number of rows of one partition, at least 1.
    pub rows: u64,
    /// Whether the order is that of timestamps; valid only where the log gives them.
    pub by_time: bool,
    /// Whether no condition is about the content of records: then most records are rows.
    pub of_any_records: bool,
}

impl Newest {
    /// Newest rows that satisfy `constraints` of a table whose columns `column` finds; `None` for all rows.
    pub fn of<'a>(constraints: &Constraints, column: impl Fn(&str) -> Option<&'a Field>) -> Option<Self> {
        let Constraints {
            summary,
            expression,
            order_by,
            limit,
            query_passthrough_arguments,
            query_plan,
            ..
        } = constraints;
        let rows = limit.filter(|limit| *limit > 0)?;
        if query_plan.is_some() || !query_passthrough_arguments.is_empty() || !expression.is_empty() {
            return None;
        }
        // Within one partition all records are alike in that.
        let mut order = order_by.iter().skip_while(|order| {
            column(&order.column_name).is_some_and(|field| source(field) == Some(Source::Partition))
        });
        let first = order.next()?;
        let by_time = match (column(&first.column_name)?, first.direction) {
            (field, OrderByDirection::DescNullsFirst | OrderByDirection::DescNullsLast)
                if is_offset(field) =>
            {
                false
            }
            // Records without a timestamp may be anywhere.
            (field, OrderByDirection::DescNullsLast) if is_time(field) => true,
            _ => return None,
        };
        let conditions = summary.keys().map(|name| column(name));
        let mut of_any_records = true;
        for field in conditions {
            let field = field.filter(|field| is_tested_exactly(field))?;
            of_any_records &= matches!(
                source(field),
                Some(Source::Partition | Source::Offset | Source::Timestamp)
            );
        }
        Some(Self {
            rows,
            by_time,
            of_any_records,
        })
    }
}

fn source(field: &Field) -> Option<Source> {
    field.metadata().get(SOURCE_KEY)?.parse().ok()
}

/// Other types round offsets, lack large ones, or have an order of their own.
fn is_offset(field: &Field) -> bool {
    source(field) == Some(Source::Offset) && *field.data_type() == DataType::Int64
}

fn is_time(field: &Field) -> bool {
    source(field) == Some(Source::Timestamp)
        && matches!(
            field.data_type(),
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _)
        )
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use protocol::{AllOrNoneValueSet, OrderByField, QueryPlan};

    use super::*;

    fn fields() -> Vec<Field> {
        let field = |name: &str, source: &str, data_type| {
            let metadata = HashMap::from([(SOURCE_KEY.to_owned(), source.to_owned())]);
            Field::new(name, data_type, true).with_metadata(metadata)
        };
        vec![
            field("shard", "partition", DataType::Int64),
            field("at", "offset", DataType::Int64),
            field("tiny", "offset", DataType::Int8),
            field("time", "timestamp", DataType::Date64),
            field("time_text", "timestamp", DataType::Utf8),
            field("price", "value", DataType::Float64),
            field("name", "value", DataType::Utf8),
        ]
    }

    use OrderByDirection::{AscNullsFirst, DescNullsFirst, DescNullsLast};

    fn ordered(order: &[(&str, OrderByDirection)], conditions: &[&str]) -> Constraints {
        let set = AllOrNoneValueSet {
            data_type: DataType::Utf8,
            all: true,
            null_allowed: false,
        };
        let order = order.iter().map(|(name, direction)| OrderByField {
            column_name: (*name).to_owned(),
            direction: *direction,
        });
        let conditions = conditions
            .iter()
            .map(|name| ((*name).to_owned(), set.clone().into()));
        Constraints {
            limit: Some(5),
            order_by: order.collect(),
            summary: conditions.collect(),
            ..Constraints::default()
        }
    }

    fn newest(constraints: &Constraints) -> Option<(bool, bool)> {
        let fields = fields();
        let newest = Newest::of(constraints, |name| {
            fields.iter().find(|field| field.name() == name)
        })?;
        assert_eq!(newest.rows, 5);
        Some((newest.by_time, newest.of_any_records))
    }

    #[test]
    fn descending_offsets_and_timestamps_want_the_newest_rows() {
        for (order, conditions, wanted) in [
            (&[("at", DescNullsLast)][..], &[][..], (false, true)),
            (
                &[("at", DescNullsFirst), ("name", AscNullsFirst)],
                &[],
                (false, true),
            ),
            (
                &[("shard", AscNullsFirst), ("at", DescNullsLast)],
                &["shard", "time"],
                (false, true),
            ),
            (&[("time", DescNullsLast)], &["at"], (true, true)),
            (&[("at", DescNullsLast)], &["name"], (false, false)),
        ] {
            assert_eq!(
                newest(&ordered(order, conditions)),
                Some(wanted),
                "{order:?} {conditions:?}"
            );
        }
    }

    #[test]
    fn other_orders_and_conditions_want_all_rows() {
        for (order, conditions) in [
            (&[][..], &[][..]),
            (&[("at", AscNullsFirst)], &[]),
            (&[("name", DescNullsLast), ("at", DescNullsLast)], &[]),
            (&[("shard", DescNullsLast)], &[]),
            (&[("tiny", DescNullsLast)], &[]),
            (&[("time", DescNullsFirst)], &[]),
            (&[("time_text", DescNullsLast)], &[]),
            (&[("elsewhere", DescNullsLast)], &[]),
            (&[("at", DescNullsLast)], &["price"]),
            (&[("at", DescNullsLast)], &["elsewhere"]),
        ] {
            assert_eq!(
                newest(&ordered(order, conditions)),
                None,
                "{order:?} {conditions:?}"
            );
        }
        let newest_five = ordered(&[("at", DescNullsLast)], &[]);
        let plan = QueryPlan {
            substrait_version: None,
            substrait_plan: String::new(),
        };
        for constraints in [
            Constraints {
                limit: None,
                ..newest_five.clone()
            },
            Constraints {
                limit: Some(0),
                ..newest_five.clone()
            },
            Constraints {
                query_plan: Some(plan),
                ..newest_five
            },
        ] {
            assert_eq!(newest(&constraints), None, "{constraints:?}");
        }
    }
}
