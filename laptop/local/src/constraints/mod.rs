//! Conversion of DataFusion's filters to Athena's constraints.
//!
//! The filters imply the constraints, never the reverse: the rows are filtered again, so that a filter or a part of
//! one without a value set costs time, but not correctness. Connectors order NaN above all other numbers, as
//! Java's `Double.compare` does: a range without an upper end holds it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use protocol::Constraints;
use trino_sql::native_filter;

use self::domain::{Domain, has_order};
use crate::columns::Columns;
use crate::types::sql_type;

mod domain;
#[cfg(test)]
mod tests;

/// Constraints on the columns of a table, by the connector's names.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Pushdown {
    domains: BTreeMap<String, Domain>,
}

impl Pushdown {
    /// Constraints that all of `filters` together imply for a table of these columns.
    pub(crate) fn of<'a>(filters: impl IntoIterator<Item = &'a Expr>, columns: &Columns) -> Self {
        filters
            .into_iter()
            .map(|filter| native_filter(filter.clone()))
            .fold(Self::default(), |all, filter| all.and(implied(&filter, columns)))
    }

    /// Whether there is no constraint: all rows may satisfy the filters.
    pub(crate) fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// Whether no row can satisfy the filters.
    pub(crate) fn is_none(&self) -> bool {
        self.domains.values().any(Domain::is_none)
    }

    /// Each constrained column with its values in words.
    pub(crate) fn described(&self) -> Vec<(String, String)> {
        let domains = self.domains.iter();
        domains
            .map(|(name, domain)| (name.clone(), domain.to_string()))
            .collect()
    }

    /// Summary for the connector.
    pub(crate) fn constraints(&self, columns: &Columns) -> Constraints {
        let value_set = |(name, domain): (&String, &Domain)| {
            let field = columns.wire().field_with_name(name).ok()?;
            match domain.to_value_set(field.data_type()) {
                Ok(set) => Some((name.clone(), set)),
                Err(error) => {
                    tracing::warn!(column = name, %error, "a filter cannot be pushed down");
                    None
                }
            }
        };
        Constraints {
            summary: self.domains.iter().filter_map(value_set).collect(),
            ..Constraints::default()
        }
    }

    fn column(name: &str, domain: Domain) -> Self {
        Self {
            domains: [(name.to_owned(), domain)].into(),
        }
    }

    fn and(mut self, other: Self) -> Self {
        for (name, domain) in other.domains {
            match self.domains.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(domain);
                }
                Entry::Occupied(mut entry) => {
                    let both = entry.get().intersect(&domain);
                    entry.insert(both);
                }
            }
        }
        self
    }

    /// Disjunction: only columns that both constrain stay constrained.
    fn or(mut self, mut other: Self) -> Self {
        let mut domains = BTreeMap::new();
        while let Some((name, domain)) = self.domains.pop_first() {
            if let Some(alternative) = other.domains.remove(&name) {
                let either = domain.union(alternative);
                if !either.is_all() {
                    domains.insert(name, either);
                }
            }
        }
        Self { domains }
    }
}

/// Constraints on every row for which `filter` is true.
fn implied(filter: &Expr, columns: &Columns) -> Pushdown {
    known(filter, columns).unwrap_or_default()
}

fn known(filter: &Expr, columns: &Columns) -> Option<Pushdown> {
    match filter {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And,
            right,
        }) => Some(implied(left, columns).and(implied(right, columns))),
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Or,
            right,
        }) => Some(implied(left, columns).or(implied(right, columns))),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            comparison(left, *op, right, columns).or_else(|| comparison(right, op.swap()?, left, columns))
        }
        Expr::Between(Between {
            expr,
            negated,
            low,
            high,
        }) => {
            let low = comparison(expr, Operator::GtEq, low, columns)?;
            negatable(
                low.and(comparison(expr, Operator::LtEq, high, columns)?),
                *negated,
            )
        }
        Expr::InList(InList { expr, list, negated }) => {
            // What equals NULL is not known, so that it adds nothing.
            let is_null = |value: &&Expr| matches!(value, Expr::Literal(value, _) if value.is_null());
            let mut values = list
                .iter()
                .filter(|value| *negated || !is_null(value))
                .map(|value| comparison(expr, Operator::Eq, value, columns));
            let first = values.next()??;
            let any = values.try_fold(first, |any, value| Some(any.or(value?)))?;
            negatable(any, *negated)
        }
        Expr::IsNull(expr) => Some(Pushdown::column(&column(expr, columns)?.0, Domain::only_null())),
        Expr::IsNotNull(expr) => Some(Pushdown::column(&column(expr, columns)?.0, Domain::not_null())),
        Expr::Column(_) | Expr::IsTrue(_) => boolean(operand(filter), true, columns),
        Expr::IsFalse(expr) => boolean(expr, false, columns),
        Expr::Not(inner) => match &**inner {
            Expr::Column(_) => boolean(inner, false, columns),
            Expr::Between(between) => known(
                &Expr::Between(Between {
                    negated: !between.negated,
                    ..between.clone()
                }),
                columns,
            ),
            Expr::InList(list) => known(
                &Expr::InList(InList {
                    negated: !list.negated,
                    ..list.clone()
                }),
                columns,
            ),
            Expr::IsNull(expr) => known(&Expr::IsNotNull(expr.clone()), columns),
            Expr::IsNotNull(expr) => known(&Expr::IsNull(expr.clone()), columns),
            _ => None,
        },
        _ => None,
    }
}

fn operand(filter: &Expr) -> &Expr {
    match filter {
        Expr::IsTrue(expr) => expr,
        other => other,
    }
}

fn boolean(expr: &Expr, value: bool, columns: &Columns) -> Option<Pushdown> {
    let (name, field) = column(expr, columns)?;
    (field.data_type() == &DataType::Boolean)
        .then(|| Pushdown::column(&name, Domain::equal(ScalarValue::Boolean(Some(value)))))
}

/// Exact constraint of `column op value`.
fn comparison(left: &Expr, op: Operator, right: &Expr, columns: &Columns) -> Option<Pushdown> {
    let (name, field) = column(left, columns)?;
    let Expr::Literal(literal, _) = right else {
        return None;
    };
    let value = wire_value(literal, field)?;
    let domain = match op {
        Operator::Eq => Domain::equal(value),
        Operator::NotEq => Domain::equal(value).other_values(),
        Operator::Lt => Domain::below(value),
        Operator::LtEq => Domain::at_most(value),
        Operator::Gt => Domain::above(value),
        Operator::GtEq => Domain::at_least(value),
        _ => return None,
    };
    Some(Pushdown::column(&name, domain))
}

/// Negation of an exact constraint on a single column.
fn negatable(pushdown: Pushdown, negated: bool) -> Option<Pushdown> {
    if !negated {
        return Some(pushdown);
    }
    let domains = pushdown
        .domains
        .into_iter()
        .map(|(name, domain)| (name, domain.other_values()))
        .collect();
    Some(Pushdown { domains })
}

/// Column that `expr` is, by its name on the wire.
fn column<'a>(expr: &Expr, columns: &'a Columns) -> Option<(String, &'a Field)> {
    let Expr::Column(Column { name, .. }) = expr else {
        return None;
    };
    let field = columns.wire_field(name)?;
    Some((field.name().clone(), field))
}

/// Literal as a value of the column on the wire; `None` unless it is exactly one.
fn wire_value(literal: &ScalarValue, field: &Field) -> Option<ScalarValue> {
    let wire = field.data_type();
    if literal.is_null() || !has_order(wire) {
        return None;
    }
    let value = literal.cast_to(&sql_type(wire)).ok()?;
    if value.cast_to(&literal.data_type()).ok()? != *literal {
        return None;
    }
    match value {
        ScalarValue::TimestampMillisecond(ms, None) => Some(ScalarValue::Date64(ms)),
        ScalarValue::Float32(Some(value)) => {
            // One zero, as in SQL.
            (!value.is_nan()).then_some(ScalarValue::Float32(Some(value + 0.0)))
        }
        ScalarValue::Float64(Some(value)) => {
            (!value.is_nan()).then_some(ScalarValue::Float64(Some(value + 0.0)))
        }
        value => Some(value),
    }
}
