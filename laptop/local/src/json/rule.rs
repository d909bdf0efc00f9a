//! Analyzer rule for casts out of JSON.

use arrow::datatypes::FieldRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, plan_err};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, TryCast};
use datafusion::optimizer::AnalyzerRule;

use super::cast::{JsonCast, JsonSource, OnMismatch};
use super::field::is_json;
use super::functions::is_json_parse;

/// Rule that replaces `CAST` and `TRY_CAST` of a JSON value by [`JsonCast`].
///
/// SQL planning leaves an ordinary cast node, of the right type but without an implementation: text to rows.
/// This rule must run before type coercion, which would reject it.
#[derive(Debug)]
pub(crate) struct JsonCasts;

impl AnalyzerRule for JsonCasts {
    fn name(&self) -> &str {
        "json_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
    }
}

fn rewrite_node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let rewritten = expr.transform_up(|expr| rewrite_cast(expr, &schema))?;
        Ok(rewritten.update_data(|expr| name.restore(expr)))
    })?
    .map_data(LogicalPlan::recompute_schema)
}

fn rewrite_cast(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(Cast { expr, field }) if concerns_json(&expr, &field, schema)? => {
            json_cast(*expr, &field, OnMismatch::Fail, schema).map(Transformed::yes)
        }
        Expr::TryCast(TryCast { expr, field }) if concerns_json(&expr, &field, schema)? => {
            json_cast(*expr, &field, OnMismatch::Null, schema).map(Transformed::yes)
        }
        other => Ok(Transformed::no(other)),
    }
}

fn concerns_json(input: &Expr, target: &FieldRef, schema: &DFSchema) -> Result<bool> {
    Ok(is_json(target) || is_json(&input.to_field(schema)?.1))
}

fn json_cast(input: Expr, target: &FieldRef, on_mismatch: OnMismatch, schema: &DFSchema) -> Result<Expr> {
    let input_field = input.to_field(schema)?.1;
    match (is_json(&input_field), is_json(target)) {
        (true, true) => Ok(input),
        (false, _) => plan_err!(
            "CAST to JSON is not supported, found {} {}; json_parse converts JSON text",
            input_field.name(),
            input_field.data_type()
        ),
        (true, false) => match parsed_text(&input) {
            Some(text) => JsonCast::call(text, JsonSource::Text, target, on_mismatch),
            None => JsonCast::call(input, JsonSource::Json, target, on_mismatch),
        },
    }
}

/// Argument of `json_parse`, if the expression is a call of it.
fn parsed_text(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::ScalarFunction(call) if is_json_parse(&call.func) => call.args.first().cloned(),
        _ => None,
    }
}
