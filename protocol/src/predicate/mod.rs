//! Predicates of a query: a conjunction of value sets by column, and further hints.

mod all_or_none;
mod constraints;
mod equatable;
mod evaluation;
mod expression;
mod keys;
mod marker;
mod order_by;
mod query_plan;
mod range;
mod sorted_range;
mod value_block;
mod value_set;

pub use all_or_none::AllOrNoneValueSet;
pub use constraints::Constraints;
pub use equatable::EquatableValueSet;
pub use evaluation::EvaluationError;
pub use expression::{ConstantExpression, Expression, FunctionCallExpression, VariableExpression};
pub use marker::{Bound, Marker};
pub use order_by::{OrderByDirection, OrderByField};
pub use query_plan::QueryPlan;
pub use range::{InvalidRange, Range};
pub use sorted_range::SortedRangeSet;
pub use value_set::ValueSet;
