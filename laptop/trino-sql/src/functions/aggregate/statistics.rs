//! Moments of one variable and of two, by Welford's method and its merging by Chan, Golub and LeVeque
//! (<https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance>).

use super::state::{number, running};
use crate::registry::{Aggregate, Fold, function};
use crate::types::Type;
use crate::value::Value;

pub(super) fn aggregates() -> Vec<Aggregate> {
    let one = &["(bigint) double", "(double) double"];
    let two = &["(double, double) double"];
    let sample_deviation: fn(&[f64; 5]) -> Option<f64> =
        |[n, _, m2, ..]| (*n > 1.0).then(|| (m2 / (n - 1.0)).sqrt());
    let sample_variance: fn(&[f64; 5]) -> Option<f64> = |[n, _, m2, ..]| (*n > 1.0).then(|| m2 / (n - 1.0));
    vec![
        function("stddev", one, moments(sample_deviation)),
        function("stddev_samp", one, moments(sample_deviation)),
        function("stddev_pop", one, moments(|[n, _, m2, ..]| Some((m2 / n).sqrt()))),
        function("variance", one, moments(sample_variance)),
        function("var_samp", one, moments(sample_variance)),
        function("var_pop", one, moments(|[n, _, m2, ..]| Some(m2 / n))),
        function(
            "skewness",
            one,
            moments(|[n, _, m2, m3, _]| (*n > 2.0).then(|| n.sqrt() * m3 / m2.powf(1.5))),
        ),
        function(
            "kurtosis",
            one,
            moments(|[n, _, m2, _, m4]| {
                let variance = m2 / (n - 1.0);
                let lead = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
                let spread = (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0));
                (*n > 3.0).then(|| lead * m4 / (variance * variance) - 3.0 * spread)
            }),
        ),
        function("geometric_mean", one, geometric_mean()),
        function(
            "corr",
            two,
            pairs(|[n, _, _, xx, yy, xy]| {
                let spread = (xx * yy).sqrt();
                (*n > 0.0 && spread != 0.0).then(|| xy / spread)
            }),
        ),
        function("covar_pop", two, pairs(|[n, _, _, _, _, xy]| Some(xy / n))),
        function(
            "covar_samp",
            two,
            pairs(|[n, _, _, _, _, xy]| (*n > 1.0).then(|| xy / (n - 1.0))),
        ),
        function(
            "regr_slope",
            two,
            pairs(|[_, _, _, xx, _, xy]| (*xx != 0.0).then(|| xy / xx)),
        ),
        function(
            "regr_intercept",
            two,
            pairs(|[_, x, y, xx, _, xy]| (*xx != 0.0).then(|| y - xy / xx * x)),
        ),
    ]
}

fn parts<const N: usize>(state: &Value) -> [f64; N] {
    let mut found = [0.0; N];
    if let Value::Row(values) = state {
        found
            .iter_mut()
            .zip(values)
            .for_each(|(part, value)| *part = number(value));
    }
    found
}

fn row<const N: usize>(parts: [f64; N]) -> Value {
    Value::Row(parts.into_iter().map(Value::Double).collect())
}

/// The number of values, their mean, and the sums of the second, third and fourth powers of their distance from it.
fn merged_moments([n, mean, m2, m3, m4]: [f64; 5], [o, other, o2, o3, o4]: [f64; 5]) -> [f64; 5] {
    let total = n + o;
    let delta = other - mean;
    let share = delta / total;
    [
        total,
        mean + share * o,
        m2 + o2 + delta * share * n * o,
        m3 + o3 + delta * share * share * n * o * (n - o) + 3.0 * share * (n * o2 - o * m2),
        m4 + o4
            + delta * share * share * share * n * o * (n * n - n * o + o * o)
            + 6.0 * share * share * (n * n * o2 + o * o * m2)
            + 4.0 * share * (n * o3 - o * m3),
    ]
}

fn moments(finish: fn(&[f64; 5]) -> Option<f64>) -> Fold {
    let alone = |args: &[Value]| (!args[0].is_null()).then(|| [1.0, number(&args[0]), 0.0, 0.0, 0.0]);
    merging(alone, merged_moments, finish)
}

/// The number of pairs, the means of both, the sums of the squares of the distances from them, and of their product.
fn merged_pairs([n, x, y, xx, yy, xy]: [f64; 6], [o, u, v, uu, vv, uv]: [f64; 6]) -> [f64; 6] {
    let total = n + o;
    let (dx, dy) = (u - x, v - y);
    let share = n * o / total;
    [
        total,
        x + dx * o / total,
        y + dy * o / total,
        xx + uu + dx * dx * share,
        yy + vv + dy * dy * share,
        xy + uv + dx * dy * share,
    ]
}

/// Trino's order of arguments: the dependent variable comes first.
fn pairs(finish: fn(&[f64; 6]) -> Option<f64>) -> Fold {
    let alone = |args: &[Value]| {
        let whole = !args[0].is_null() && !args[1].is_null();
        whole.then(|| [1.0, number(&args[1]), number(&args[0]), 0.0, 0.0, 0.0])
    };
    merging(alone, merged_pairs, finish)
}

/// An aggregate whose state is `N` doubles: those of a row alone, None if the row does not count, merged one by one.
fn merging<const N: usize>(
    alone: fn(&[Value]) -> Option<[f64; N]>,
    merge: fn([f64; N], [f64; N]) -> [f64; N],
    finish: fn(&[f64; N]) -> Option<f64>,
) -> Fold {
    running(
        |_| Type::row(vec![Type::Double; N]),
        move |_, state, args| {
            if let Some(alone) = alone(args) {
                *state = row(if state.is_null() {
                    alone
                } else {
                    merge(parts(state), alone)
                });
            }
            Ok(())
        },
        move |_, state, other| {
            *state = row(merge(parts(state), parts(&other)));
            Ok(())
        },
        move |_, state| {
            Ok(finished(
                (!state.is_null()).then(|| finish(&parts(&state))).flatten(),
            ))
        },
    )
}

fn geometric_mean() -> Fold {
    let add = |state: &mut Value, [count, sum]: [f64; 2]| {
        let [n, all] = parts(state);
        *state = row([n + count, all + sum]);
    };
    running(
        |_| Type::row([Type::Double, Type::Double]),
        move |_, state, args| {
            if !args[0].is_null() {
                add(state, [1.0, number(&args[0]).ln()]);
            }
            Ok(())
        },
        move |_, state, other| {
            add(state, parts(&other));
            Ok(())
        },
        |_, state| {
            let [count, sum] = parts(&state);
            Ok(finished((!state.is_null()).then(|| (sum / count).exp())))
        },
    )
}

fn finished(value: Option<f64>) -> Value {
    value.map_or(Value::Null, Value::Double)
}
