//! Filters as a source of rows can read them.

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::InList;

use super::expr::{binary, operator};
use super::function::{Meaning, OwnFunction};
use crate::functions::column::adopted_column;

/// The filter with DataFusion's operators in place of the crate's comparisons, so that a table can derive ranges of
/// values from it.
///
/// It is for leaving rows out early, and not for evaluation: DataFusion orders NaN and the two zeros of REAL and DOUBLE
/// otherwise than Trino, and compares a timestamp's zone along with its instant.
pub fn native_filter(filter: Expr) -> Expr {
    let native = filter.clone().transform_up(|expr| {
        let Expr::ScalarFunction(call) = &expr else {
            return Ok(Transformed::no(expr));
        };
        if let Some(column) = adopted_column(call) {
            return Ok(Transformed::yes(column.clone()));
        }
        let function = call.func.inner().downcast_ref::<OwnFunction>();
        Ok(match (function.map(|own| &own.meaning), call.args.as_slice()) {
            (Some(Meaning::Comparison(op)), [left, right]) => {
                Transformed::yes(binary(left.clone(), operator(*op), right.clone()))
            }
            (Some(Meaning::OneOf(values)), [value]) => {
                let list = InList::new(Box::new(value.clone()), values.clone(), false);
                Transformed::yes(Expr::InList(list))
            }
            _ => Transformed::no(expr),
        })
    });
    native.data().unwrap_or(filter)
}
