//! Aggregates.

use std::sync::Arc;

use arrow::array::Array;

use crate::compare::order;
use crate::error::{Result, err};
use crate::functions::arithmetic::{checked, decimal};
use crate::number::divide_rounded;
use crate::registry::{Aggregate, Call, Fold, function};
use crate::types::Type;
use crate::value::Value;

pub(crate) fn aggregates() -> Vec<Aggregate> {
    vec![
        function(
            "sum",
            &["(bigint) bigint"],
            fold(|_, values| {
                let sum = ints(&values).try_fold(0_i64, i64::checked_add);
                let sum = sum.ok_or_else(|| err!(NumericValueOutOfRange, "bigint addition overflow"))?;
                Ok(if values.is_empty() {
                    Value::Null
                } else {
                    Value::Int(sum)
                })
            }),
        ),
        function(
            "sum",
            &["(double) double"],
            fold(|_, values| {
                Ok(if values.is_empty() {
                    Value::Null
                } else {
                    Value::Double(doubles(&values).sum())
                })
            }),
        ),
        function(
            "sum",
            &["(real) real"],
            fold(|_, values| {
                Ok(if values.is_empty() {
                    Value::Null
                } else {
                    Value::Real(doubles(&values).sum::<f64>() as f32)
                })
            }),
        ),
        function(
            "sum",
            &["(decimal(p, s)) decimal(38, s)"],
            fold(|_, values| {
                if values.is_empty() {
                    Ok(Value::Null)
                } else {
                    checked(values.iter().map(decimal).try_fold(0, i128::checked_add))
                }
            }),
        ),
        function(
            "avg",
            &["(bigint) double", "(double) double"],
            fold(|_, values| {
                let count = values.len() as f64;
                let sum: f64 =
                    ints(&values).map(|int| int as f64).sum::<f64>() + doubles(&values).sum::<f64>();
                Ok(if values.is_empty() {
                    Value::Null
                } else {
                    Value::Double(sum / count)
                })
            }),
        ),
        function(
            "avg",
            &["(decimal(p, s)) decimal(p, s)"],
            fold(|_, values| {
                let sum = values.iter().map(decimal).try_fold(0, i128::checked_add);
                let average = sum.map(|sum| {
                    if values.is_empty() {
                        0
                    } else {
                        divide_rounded(sum, values.len() as i128)
                    }
                });
                if values.is_empty() {
                    Ok(Value::Null)
                } else {
                    checked(average)
                }
            }),
        ),
        function(
            "max",
            &["(E:orderable) E"],
            fold(|call, values| extreme(call, values, false)),
        ),
        function(
            "min",
            &["(E:orderable) E"],
            fold(|call, values| extreme(call, values, true)),
        ),
        function(
            "array_agg",
            &["(T) array(T)"],
            Arc::new(|call, columns| {
                let all: Vec<_> = (0..call.rows)
                    .map(|row| Value::read(&columns[0], row, &call.args[0]))
                    .collect();
                Ok(if all.is_empty() {
                    Value::Null
                } else {
                    Value::Array(all)
                })
            }),
        ),
    ]
}

/// A fold over the values of the first argument that are not NULL.
fn fold(f: fn(&Call<'_>, Vec<Value>) -> Result<Value>) -> Fold {
    Arc::new(move |call, columns| {
        let rows = (0..call.rows).filter(|row| columns[0].is_valid(*row));
        f(
            call,
            rows.map(|row| Value::read(&columns[0], row, &call.args[0]))
                .collect(),
        )
    })
}

fn ints(values: &[Value]) -> impl Iterator<Item = i64> + '_ {
    values.iter().filter_map(|value| {
        if let Value::Int(int) = value {
            Some(*int)
        } else {
            None
        }
    })
}

fn doubles(values: &[Value]) -> impl Iterator<Item = f64> + '_ {
    values.iter().filter_map(|value| match value {
        Value::Double(double) => Some(*double),
        Value::Real(real) => Some(f64::from(*real)),
        _ => None,
    })
}

/// The greatest or the least; NaN only if there is nothing else.
fn extreme(call: &Call<'_>, values: Vec<Value>, least: bool) -> Result<Value> {
    let ty: &Type = &call.args[0];
    let nan = |value: &Value| {
        matches!(value, Value::Double(v) if v.is_nan()) || matches!(value, Value::Real(v) if v.is_nan())
    };
    let mut best = Value::Null;
    for value in values {
        let better = best.is_null()
            || nan(&best)
            || !nan(&value) && {
                let order = order(ty, &value, &best)?;
                if least { order.is_lt() } else { order.is_gt() }
            };
        if better {
            best = value;
        }
    }
    Ok(best)
}
