//! Window functions of a SELECT, and what they are in DataFusion.

use std::cell::RefCell;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::functions_window::cume_dist::cume_dist_udwf;
use datafusion::functions_window::lead_lag::{lag_udwf, lead_udwf};
use datafusion::functions_window::nth_value::{first_value_udwf, last_value_udwf, nth_value_udwf};
use datafusion::functions_window::ntile::ntile_udwf;
use datafusion::functions_window::rank::{dense_rank_udwf, percent_rank_udwf, rank_udwf};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{NullTreatment, WindowFunction};
use datafusion::logical_expr::{
    Cast, Expr, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFunctionDefinition,
};

use super::aggregate::AggregateCall;
use super::project_exprs;
use super::sort_key::SortKey;
use crate::ast::{self, WindowSpec};
use crate::error::Result;
use crate::functions::RANKING;
use crate::key::group_key;
use crate::scalar;
use crate::typed::Typed;

/// Window functions of one SELECT, gathered while its expressions are bound.
pub(super) struct Windows<'w> {
    pub named: &'w [(ast::Ident, WindowSpec)],
    pub calls: RefCell<Vec<WindowCall>>,
}

#[derive(Debug, Clone)]
pub(super) struct WindowCall {
    pub column: Arc<str>,
    pub function: WindowOf,
    pub partition_by: Vec<Typed>,
    pub order_by: Vec<SortKey>,
    pub frame: WindowFrame,
    pub ignore_nulls: bool,
}

#[derive(Debug, Clone)]
pub(super) enum WindowOf {
    Aggregate(Box<AggregateCall>),
    /// DataFusion's, with arguments of the types that it works on.
    Ranking(&'static str, Vec<Typed>),
}

impl<'w> Windows<'w> {
    pub(super) fn new(named: &'w [(ast::Ident, WindowSpec)]) -> Self {
        Self {
            named,
            calls: RefCell::default(),
        }
    }

    /// Whether a function is one of windows alone.
    pub(super) fn has(name: &str) -> bool {
        RANKING.contains(&name)
    }

    pub(super) fn into_calls(self) -> Vec<WindowCall> {
        self.calls.into_inner()
    }
}

impl WindowCall {
    pub(super) fn map<E>(mut self, f: &mut dyn FnMut(Typed) -> Result<Typed, E>) -> Result<Self, E> {
        self.function = match self.function {
            WindowOf::Aggregate(call) => WindowOf::Aggregate(Box::new(call.map(f)?)),
            WindowOf::Ranking(name, args) => {
                WindowOf::Ranking(name, args.into_iter().map(&mut *f).collect::<Result<_, E>>()?)
            }
        };
        self.partition_by = self
            .partition_by
            .into_iter()
            .map(&mut *f)
            .collect::<Result<_, E>>()?;
        for key in &mut self.order_by {
            key.typed = f(key.typed.clone())?;
        }
        Ok(self)
    }

    fn lower(&self) -> Result<Expr> {
        let (definition, args, filter, distinct) = match &self.function {
            WindowOf::Aggregate(call) => {
                let (function, args, filter, distinct) = call.lower()?;
                (
                    WindowFunctionDefinition::AggregateUDF(function),
                    args,
                    filter,
                    distinct,
                )
            }
            WindowOf::Ranking(name, args) => {
                let function = match *name {
                    "row_number" => row_number_udwf(),
                    "rank" => rank_udwf(),
                    "dense_rank" => dense_rank_udwf(),
                    "percent_rank" => percent_rank_udwf(),
                    "cume_dist" => cume_dist_udwf(),
                    "ntile" => ntile_udwf(),
                    "lag" => lag_udwf(),
                    "lead" => lead_udwf(),
                    "first_value" => first_value_udwf(),
                    "last_value" => last_value_udwf(),
                    _ => nth_value_udwf(),
                };
                let args = args.iter().map(scalar::lower).collect::<Result<_>>()?;
                (WindowFunctionDefinition::WindowUDF(function), args, None, false)
            }
        };
        let mut function = WindowFunction::new(definition, args);
        function.params.partition_by = self
            .partition_by
            .iter()
            .map(|typed| scalar::lower(&group_key(typed)))
            .collect::<Result<_>>()?;
        function.params.order_by = self.order_by.iter().map(SortKey::lower).collect::<Result<_>>()?;
        function.params.window_frame = self.frame.clone();
        function.params.filter = filter;
        function.params.distinct = distinct;
        function.params.null_treatment = self.ignore_nulls.then_some(NullTreatment::IgnoreNulls);
        Ok(Expr::from(function))
    }
}

/// The plan with a column for each window function.
pub(super) fn planned(mut plan: LogicalPlan, calls: &[WindowCall]) -> Result<LogicalPlan> {
    for call in calls {
        let mut columns: Vec<_> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let raw = format!("{}:raw", call.column);
        plan = LogicalPlanBuilder::from(plan)
            .window([call.lower()?.alias(raw.as_str())])?
            .build()?;
        let mut value = scalar::column(&raw);
        // Ranks are unsigned in DataFusion.
        if matches!(
            &call.function,
            WindowOf::Ranking("row_number" | "rank" | "dense_rank" | "ntile", _)
        ) {
            value = Expr::Cast(Cast::new(Box::new(value), DataType::Int64));
        }
        columns.push(value.alias(call.column.as_ref()));
        plan = project_exprs(plan, columns)?;
    }
    Ok(plan)
}
