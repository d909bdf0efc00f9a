//! Grouping by values of any type: GROUP BY, DISTINCT and set operations.

use std::sync::Arc;

use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{AggregateUDF, Expr, LogicalPlan, LogicalPlanBuilder};

use super::{Binder, Relation, project_exprs};
use crate::accumulate::Gather;
use crate::error::Result;
use crate::functions;
use crate::key::{group_key, is_own_group_key};
use crate::scalar;
use crate::signature::Argument;
use crate::typed::{Node, Typed};
use crate::types::Type;

/// A value that rows are grouped by.
///
/// Rows are grouped by its key ([`group_key`]). Where the value cannot be told from the key, the group's is that of any
/// of its rows, as in Trino.
pub(super) struct GroupKey {
    /// Over the input.
    pub typed: Typed,
    /// The column that it is after grouping.
    pub column: Arc<str>,
    key: Arc<str>,
    sample: Option<Arc<str>>,
}

impl GroupKey {
    /// A plain column keeps its name, so that subqueries that read it still do.
    pub(super) fn new(binder: &Binder<'_>, typed: Typed) -> Self {
        let column = match &typed.node {
            Node::Column(name) => Arc::clone(name),
            _ => binder.unique("key"),
        };
        let own = is_own_group_key(&typed.ty);
        let key = if own {
            Arc::clone(&column)
        } else {
            binder.unique("key")
        };
        let from_key = own || matches!(typed.ty, Type::Real | Type::Double);
        let sample = (!from_key).then(|| binder.unique("sample"));
        Self {
            typed,
            column,
            key,
            sample,
        }
    }

    /// The column that rows are grouped by.
    pub(super) fn key(&self) -> Expr {
        scalar::column(&self.key)
    }

    /// Expression that the input must have beside its columns; None if a column is the key.
    pub(super) fn input(&self) -> Result<Option<Expr>> {
        if matches!(self.typed.node, Node::Column(_)) && self.key == self.column {
            return Ok(None);
        }
        Ok(Some(
            scalar::lower(&group_key(&self.typed))?.alias(self.key.as_ref()),
        ))
    }

    /// The aggregate that keeps a value of the group.
    pub(super) fn sample(&self) -> Result<Option<Expr>> {
        let Some(name) = &self.sample else {
            return Ok(None);
        };
        let call = aggregate("arbitrary", &self.typed)?;
        Ok(Some(Expr::AggregateFunction(call).alias(name.as_ref())))
    }

    /// The value, over the groups. A set that does not group by it leaves it NULL.
    pub(super) fn output(&self) -> Result<Expr> {
        let Some(sample) = &self.sample else {
            return Ok(if self.key == self.column {
                self.key()
            } else {
                self.key().alias(self.column.as_ref())
            });
        };
        let key = Typed::column(&self.key, group_key(&self.typed).ty);
        let is_null = Typed::boolean(Node::IsNull(Box::new(key)));
        let null = Typed::literal(crate::value::Value::Null, self.typed.ty.clone());
        let value = Typed::column(sample, self.typed.ty.clone());
        let typed = Typed {
            ty: self.typed.ty.clone(),
            node: Node::Case(vec![(is_null, null)], Some(Box::new(value))),
        };
        Ok(scalar::lower(&typed)?.alias(self.column.as_ref()))
    }

    /// Whether grouping gives the value as it is.
    pub(super) fn is_plain(&self) -> bool {
        self.key == self.column
    }
}

/// An aggregate of the table over one argument of any type.
pub(super) fn aggregate(name: &str, typed: &Typed) -> Result<AggregateFunction> {
    let (function, _, bound) = functions::aggregates().resolve(name, &mut [Argument::Value(&typed.ty)])?;
    let gather = Gather {
        name: Gather::call_name(function.name, &bound.args, &bound.result, false, &[]),
        fold: function.kernel.clone(),
        args: bound.args,
        result: bound.result,
        distinct: false,
        order: Vec::new(),
        signature: Gather::signature(),
    };
    let function = Arc::new(AggregateUDF::new_from_impl(gather));
    let args = vec![scalar::lower(typed)?];
    Ok(AggregateFunction::new_udf(
        function,
        args,
        false,
        None,
        Vec::new(),
        None,
    ))
}

impl Binder<'_> {
    /// The rows of a relation, each once.
    pub(super) fn distinct(&self, relation: Relation) -> Result<Relation> {
        let plan = self.groups(relation.plan.clone(), &relation, Vec::new(), Vec::new())?;
        Ok(Relation { plan, ..relation })
    }

    /// Groups of rows whose visible columns are not distinct, with further columns that they are grouped by and
    /// aggregates of them.
    pub(super) fn groups(
        &self,
        plan: LogicalPlan,
        relation: &Relation,
        further: Vec<Expr>,
        aggregates: Vec<Expr>,
    ) -> Result<LogicalPlan> {
        let keys: Vec<_> = relation
            .fields
            .iter()
            .map(|field| GroupKey::new(self, Typed::column(&field.column, field.ty.clone())))
            .collect();
        let mut inputs: Vec<_> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let mut group_by: Vec<_> = keys.iter().map(GroupKey::key).collect();
        group_by.extend(further);
        let mut outputs = keys.iter().map(GroupKey::output).collect::<Result<Vec<_>>>()?;
        outputs.extend(aggregates.iter().map(|expr| {
            let (qualifier, name) = expr.qualified_name();
            Expr::Column(datafusion::common::Column::new(qualifier, name))
        }));
        let mut all = aggregates;
        let mut plain = true;
        for key in &keys {
            inputs.extend(key.input()?);
            all.extend(key.sample()?);
            plain &= key.is_plain();
        }
        let mut plan = plan;
        if !plain {
            plan = project_exprs(plan, inputs)?;
        }
        let grouped = LogicalPlanBuilder::from(plan).aggregate(group_by, all)?.build()?;
        project_exprs(grouped, outputs)
    }
}
