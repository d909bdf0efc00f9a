//! States of aggregates: what several families do with them.

use std::sync::Arc;

use crate::error::Result;
use crate::registry::{Call, Fold, Running};
use crate::types::Type;
use crate::value::Value;

pub(super) fn running(
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

pub(super) fn same_as_result(call: &Call<'_>) -> Type {
    call.result.clone()
}

pub(super) fn as_it_is(_: &Call<'_>, state: Value) -> Result<Value> {
    Ok(state)
}

/// The number that a value is; 0 for what is none.
pub(super) fn number(value: &Value) -> f64 {
    match value {
        Value::Int(int) => *int as f64,
        Value::Real(real) => f64::from(*real),
        Value::Double(double) => *double,
        _ => 0.0,
    }
}
