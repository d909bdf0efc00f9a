//! Aggregates, a family in each file.

mod basic;
mod collection;
mod percentile;
mod statistics;

use std::sync::Arc;

use crate::error::Result;
use crate::registry::{Aggregate, Call, Fold, Running};
use crate::types::Type;
use crate::value::Value;

pub(crate) fn aggregates() -> Vec<Aggregate> {
    let families = [
        basic::aggregates(),
        collection::aggregates(),
        percentile::aggregates(),
        statistics::aggregates(),
    ];
    families.into_iter().flatten().collect()
}

fn running(
    state: impl Fn(&Call<'_>) -> Type + Send + Sync + 'static,
    step: impl Fn(&Call<'_>, &mut Value, &[Value]) -> Result<()> + Send + Sync + 'static,
    merge: impl Fn(&Call<'_>, &mut Value, Value) -> Result<()> + Send + Sync + 'static,
    finish: impl Fn(&Call<'_>, Value) -> Result<Value> + Send + Sync + 'static,
) -> Fold {
    Fold::Running(Running {
        state: Arc::new(state),
        step: Arc::new(step),
        merge: Arc::new(merge),
        finish: Arc::new(finish),
    })
}

fn same_as_result(call: &Call<'_>) -> Type {
    call.result.clone()
}

fn as_it_is(_: &Call<'_>, state: Value) -> Result<Value> {
    Ok(state)
}

/// The number that a value is; 0 for what is none.
fn number(value: &Value) -> f64 {
    match value {
        Value::Int(int) => *int as f64,
        Value::Real(real) => f64::from(*real),
        Value::Double(double) => *double,
        _ => 0.0,
    }
}
