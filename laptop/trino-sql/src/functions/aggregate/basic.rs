//! Sums, averages, extremes, truth and bits.

use super::state::{as_it_is, number, running, same_as_result};
use crate::compare::order;
use crate::error::{Result, bail, err};
use crate::functions::arithmetic::{checked, decimal};
use crate::number::divide_rounded;
use crate::registry::{Aggregate, Call, Fold, function};
use crate::types::Type;
use crate::value::Value;

pub(super) fn aggregates() -> Vec<Aggregate> {
    vec![
        function(
            "sum",
            &[
                "(bigint) bigint",
                "(double) double",
                "(decimal(p, s)) decimal(38, s)",
                "(interval day to second) interval day to second",
                "(interval year to month) interval year to month",
            ],
            running(same_as_result, add_first, add, as_it_is),
        ),
        // Summed as doubles, and rounded once.
        function(
            "sum",
            &["(real) real"],
            running(
                |_| Type::Double,
                |call, state, args| add_number(call, state, &args[0]),
                |call, state, other| add_number(call, state, &other),
                real,
            ),
        ),
        function(
            "avg",
            &["(bigint) double", "(double) double"],
            mean(|sum, count| Value::Double(sum / count)),
        ),
        function(
            "avg",
            &["(real) real"],
            mean(|sum, count| Value::Real((sum / count) as f32)),
        ),
        function(
            "avg",
            &["(decimal(p, s)) decimal(p, s)"],
            running(
                |_| Type::row([Type::Decimal(38, 0), Type::BigInt]),
                |_, state, args| add_to_mean(state, args[0].clone(), i64::from(!args[0].is_null())),
                merge_mean,
                |_, state| match state {
                    Value::Row(parts) => checked(Some(divide_rounded(
                        decimal(&parts[0]),
                        i128::from(int(&parts[1])),
                    ))),
                    _ => Ok(Value::Null),
                },
            ),
        ),
        function("max", &["(E:orderable) E"], extreme(false)),
        function("min", &["(E:orderable) E"], extreme(true)),
        function("max_by", &["(T, E:orderable) T"], extreme_by(false)),
        function("min_by", &["(T, E:orderable) T"], extreme_by(true)),
        function("arbitrary", &["(T) T"], first()),
        function("bool_and", &["(boolean) boolean"], all()),
        function("every", &["(boolean) boolean"], all()),
        function(
            "bool_or",
            &["(boolean) boolean"],
            reduced(|a, b| match (a, b) {
                (Value::Boolean(a), Value::Boolean(b)) => Value::Boolean(*a || *b),
                _ => Value::Null,
            }),
        ),
        function(
            "count_if",
            &["(boolean) bigint"],
            running(
                same_as_result,
                |_, state, args| {
                    *state = Value::Int(int(state) + i64::from(args[0] == Value::Boolean(true)));
                    Ok(())
                },
                |_, state, other| {
                    *state = Value::Int(int(state) + int(&other));
                    Ok(())
                },
                |_, state| Ok(Value::Int(int(&state))),
            ),
        ),
        function(
            "bitwise_and_agg",
            &["(bigint) bigint"],
            reduced(|a, b| Value::Int(int(a) & int(b))),
        ),
        function(
            "bitwise_or_agg",
            &["(bigint) bigint"],
            reduced(|a, b| Value::Int(int(a) | int(b))),
        ),
        function(
            "bitwise_xor_agg",
            &["(bigint) bigint"],
            reduced(|a, b| Value::Int(int(a) ^ int(b))),
        ),
        // What a subquery in place of a value gives.
        function(
            "$single",
            &["(T) T"],
            running(
                |call| Type::row([call.args[0].clone()]),
                |_, state, args| single(state, args[0].clone()),
                |_, state, other| match other {
                    Value::Row(mut parts) => single(state, parts.swap_remove(0)),
                    _ => Ok(()),
                },
                |_, state| match state {
                    Value::Row(mut parts) => Ok(parts.swap_remove(0)),
                    _ => Ok(Value::Null),
                },
            ),
        ),
    ]
}

pub(super) fn int(value: &Value) -> i64 {
    if let Value::Int(int) = value { *int } else { 0 }
}

fn single(state: &mut Value, value: Value) -> Result<()> {
    if !state.is_null() {
        bail!(
            SubqueryMultipleRows,
            "Scalar sub-query has returned multiple rows"
        );
    }
    *state = Value::Row(vec![value]);
    Ok(())
}

fn add_first(call: &Call<'_>, state: &mut Value, args: &[Value]) -> Result<()> {
    add(call, state, args[0].clone())
}

fn add(call: &Call<'_>, state: &mut Value, value: Value) -> Result<()> {
    if value.is_null() {
        return Ok(());
    }
    *state = match (&*state, value) {
        (Value::Null, value) => value,
        (Value::Int(a), Value::Int(b)) => {
            let sum = a.checked_add(b);
            let sum = match call.result {
                Type::IntervalYear => sum.filter(|sum| i32::try_from(*sum).is_ok()),
                _ => sum,
            };
            let overflow = || err!(NumericValueOutOfRange, "{} addition overflow", call.result);
            Value::Int(sum.ok_or_else(overflow)?)
        }
        (Value::Double(a), Value::Double(b)) => Value::Double(a + b),
        (Value::Decimal(a), Value::Decimal(b)) => checked(a.checked_add(b))?,
        (_, other) => other,
    };
    Ok(())
}

fn add_number(_: &Call<'_>, state: &mut Value, value: &Value) -> Result<()> {
    if !value.is_null() {
        *state = Value::Double(number(state) + number(value));
    }
    Ok(())
}

fn real(_: &Call<'_>, state: Value) -> Result<Value> {
    Ok(match state {
        Value::Double(sum) => Value::Real(sum as f32),
        other => other,
    })
}

/// Sum and count, both of values that are not NULL.
fn add_to_mean(state: &mut Value, sum: Value, count: i64) -> Result<()> {
    if sum.is_null() {
        return Ok(());
    }
    match state {
        Value::Row(parts) => {
            parts[0] = match (&parts[0], &sum) {
                (Value::Decimal(a), Value::Decimal(b)) => checked(a.checked_add(*b))?,
                (a, b) => Value::Double(number(a) + number(b)),
            };
            parts[1] = Value::Int(int(&parts[1]) + count);
        }
        _ => *state = Value::Row(vec![sum, Value::Int(count)]),
    }
    Ok(())
}

/// The average of numbers, made of their sum and their count.
fn mean(finish: fn(f64, f64) -> Value) -> Fold {
    running(
        |_| Type::row([Type::Double, Type::BigInt]),
        |_, state, args| match &args[0] {
            Value::Null => Ok(()),
            value => add_to_mean(state, Value::Double(number(value)), 1),
        },
        merge_mean,
        move |_, state| {
            Ok(match state {
                Value::Row(parts) => finish(number(&parts[0]), number(&parts[1])),
                _ => Value::Null,
            })
        },
    )
}

fn merge_mean(_: &Call<'_>, state: &mut Value, other: Value) -> Result<()> {
    match other {
        Value::Row(mut parts) => {
            let count = int(&parts[1]);
            add_to_mean(state, parts.swap_remove(0), count)
        }
        _ => Ok(()),
    }
}

/// Values that are not NULL, two by two.
fn reduced(f: fn(&Value, &Value) -> Value) -> Fold {
    let step = move |_: &Call<'_>, state: &mut Value, value: &Value| {
        if !value.is_null() {
            *state = if state.is_null() {
                value.clone()
            } else {
                f(state, value)
            };
        }
        Ok(())
    };
    running(
        same_as_result,
        move |call, state, args| step(call, state, &args[0]),
        move |call, state, other| step(call, state, &other),
        as_it_is,
    )
}

fn all() -> Fold {
    reduced(|a, b| match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => Value::Boolean(*a && *b),
        _ => Value::Null,
    })
}

fn first() -> Fold {
    reduced(|a, _| a.clone())
}

pub(super) fn is_nan(value: &Value) -> bool {
    matches!(value, Value::Double(v) if v.is_nan()) || matches!(value, Value::Real(v) if v.is_nan())
}

/// Whether a value takes the place of the best so far. NaN stays only if there is nothing else.
fn is_better(ty: &Type, value: &Value, best: &Value, least: bool) -> Result<bool> {
    if is_nan(best) || is_nan(value) {
        return Ok(is_nan(best) && !is_nan(value));
    }
    let order = order(ty, value, best)?;
    Ok(if least { order.is_lt() } else { order.is_gt() })
}

fn extreme(least: bool) -> Fold {
    let step = move |call: &Call<'_>, state: &mut Value, value: &Value| -> Result<()> {
        if !value.is_null() && (state.is_null() || is_better(&call.args[0], value, state, least)?) {
            *state = value.clone();
        }
        Ok(())
    };
    running(
        same_as_result,
        move |call, state, args| step(call, state, &args[0]),
        move |call, state, other| step(call, state, &other),
        as_it_is,
    )
}

/// The first argument where the second is the greatest or the least.
fn extreme_by(least: bool) -> Fold {
    let step = move |call: &Call<'_>, state: &mut Value, pair: &[Value]| -> Result<()> {
        let better = match &*state {
            _ if pair[1].is_null() => false,
            Value::Row(best) => is_better(&call.args[1], &pair[1], &best[1], least)?,
            _ => true,
        };
        if better {
            *state = Value::Row(pair.to_vec());
        }
        Ok(())
    };
    running(
        |call| Type::row(call.args.iter().cloned()),
        step,
        move |call, state, other| match other {
            Value::Row(pair) => step(call, state, &pair),
            _ => Ok(()),
        },
        |_, state| {
            Ok(match state {
                Value::Row(mut pair) => pair.swap_remove(0),
                _ => Value::Null,
            })
        },
    )
}
