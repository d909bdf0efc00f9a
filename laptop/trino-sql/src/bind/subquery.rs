//! Subqueries in expressions.
//!
//! DataFusion's IN and EXISTS are for filters, and its IN is false where Trino's is NULL. Only a condition that must hold
//! for a row to be kept is left to them; everywhere else a subquery is asked how many rows it has.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr as DataFusionExpr, LogicalPlan, LogicalPlanBuilder};

use super::context::Context;
use super::expression::not;
use super::group::aggregate;
use super::{Binder, Relation};
use crate::ast::{Comparison, Expr, ExprKind, Query};
use crate::coerce::common_type;
use crate::error::{Result, bail};
use crate::scalar;
use crate::typed::{Node, Typed};
use crate::types::Type;
use crate::value::Value;

impl Context<'_> {
    /// The condition of WHERE: its parts that say `IN (query)` become joins.
    pub(super) fn filter(&self, filter: &Expr) -> Result<Typed> {
        match &filter.kind {
            ExprKind::And(terms) => {
                let terms = terms.iter().map(|term| self.filter(term));
                Ok(Typed::boolean(Node::And(terms.collect::<Result<_>>()?)))
            }
            ExprKind::InQuery(value, query) => {
                let (value, relation) = self
                    .in_operands(value, query)
                    .map_err(|error| error.at(filter.at))?;
                if has_one_row(&relation.plan) {
                    return self.equals_single(value, relation);
                }
                vet(&relation.plan, false).map_err(|error| error.at(filter.at))?;
                Ok(Typed::boolean(Node::In(Box::new(value), Arc::new(relation.plan))))
            }
            _ => self.boolean(filter, "WHERE clause"),
        }
    }

    /// Both sides of IN as one type.
    fn in_operands(&self, value: &Expr, query: &Query) -> Result<(Typed, Relation)> {
        let value = self.bind(value)?;
        let relation = self.binder.bind_query(query, self.scope)?;
        let [column] = relation.fields.as_slice() else {
            bail!(NotSupported, "IN with a subquery of several columns");
        };
        let Some(ty) = common_type(&value.ty, &column.ty).filter(Type::is_comparable) else {
            bail!(
                TypeMismatch,
                "value and result of subquery must be of the same type for IN expression: {} vs {}",
                value.ty,
                column.ty
            );
        };
        if !ty.is_native() {
            bail!(NotSupported, "a subquery of {ty} in IN, ALL or ANY");
        }
        let relation = self.binder.coerced(relation, std::slice::from_ref(&ty))?;
        Ok((self.binder.coerce(value, &ty)?, relation))
    }

    /// `value IN (query)`: true if a row equals it, else NULL if it or a row is NULL.
    pub(super) fn in_query(&self, value: &Expr, query: &Query) -> Result<Typed> {
        let (value, relation) = self.in_operands(value, query)?;
        if has_one_row(&relation.plan) {
            return self.equals_single(value, relation);
        }
        let item = item_of(&relation);
        let equal = compared(Comparison::Equal, item.clone(), outward(value.clone()));
        Ok(case(
            vec![
                (
                    is_null(value),
                    case(vec![(self.any_rows(&relation, None)?, null())], truth(false)),
                ),
                (self.any_rows(&relation, Some(equal))?, truth(true)),
                (self.any_rows(&relation, Some(is_null(item)))?, null()),
            ],
            truth(false),
        ))
    }

    /// A comparison with all or any rows of a query: with the greatest or the least of them.
    pub(super) fn quantified(&self, op: Comparison, value: &Expr, all: bool, query: &Query) -> Result<Typed> {
        match (op, all) {
            (Comparison::Equal, false) => return self.in_query(value, query),
            (Comparison::NotEqual, true) => return Ok(not(self.in_query(value, query)?)),
            (Comparison::Equal, true) => {
                let least = self.quantified(Comparison::LessOrEqual, value, true, query)?;
                let most = self.quantified(Comparison::GreaterOrEqual, value, true, query)?;
                return Ok(Typed::boolean(Node::And(vec![least, most])));
            }
            (Comparison::NotEqual, false) => {
                return Ok(not(self.quantified(Comparison::Equal, value, true, query)?));
            }
            _ => {}
        }
        let (value, relation) = self.in_operands(value, query)?;
        let item = item_of(&relation);
        if !item.ty.is_orderable() {
            bail!(TypeMismatch, "Type {} is not orderable", item.ty);
        }
        let upward = matches!(op, Comparison::Greater | Comparison::GreaterOrEqual);
        let extreme = self
            .binder
            .folded(&relation.plan, if upward == all { "max" } else { "min" }, &item)?;
        let holds = compared(op, value.clone(), extreme);
        let decided = if all { not(holds) } else { holds };
        let open = Node::Or(vec![
            is_null(value),
            self.any_rows(&relation, Some(is_null(item)))?,
        ]);
        Ok(case(
            vec![
                (not(self.any_rows(&relation, None)?), truth(all)),
                (decided, truth(!all)),
                (Typed::boolean(open), null()),
            ],
            truth(all),
        ))
    }

    /// `value IN (query)` of a query that has one row.
    fn equals_single(&self, value: Typed, relation: Relation) -> Result<Typed> {
        let single = self.binder.single_value(relation)?;
        Ok(compared(Comparison::Equal, value, single))
    }

    /// `EXISTS (query)`. DataFusion has it in filters only.
    pub(super) fn exists(&self, query: &Query) -> Result<Typed> {
        let relation = self.binder.bind_query(query, self.scope)?;
        if !matches!(self.clause, "WHERE" | "HAVING") || has_one_row(&relation.plan) {
            return self.any_rows(&relation, None);
        }
        vet(&relation.plan, false)?;
        Ok(Typed::boolean(Node::Exists(Arc::new(relation.plan))))
    }

    /// Whether the query has rows for which a condition holds.
    pub(super) fn any_rows(&self, relation: &Relation, condition: Option<Typed>) -> Result<Typed> {
        if condition.is_none() && has_one_row(&relation.plan) {
            return Ok(truth(true));
        }
        let mut plan = relation.plan.clone();
        if let Some(condition) = condition {
            plan = LogicalPlanBuilder::from(plan)
                .filter(scalar::lower(&condition)?)?
                .build()?;
        }
        let one = scalar::literal(&Value::Int(1), &Type::BigInt)?;
        let count = AggregateFunction::new_udf(count_udaf(), vec![one], false, None, Vec::new(), None);
        let count = self.binder.aggregated(&plan, count, Type::BigInt)?;
        let zero = Typed::literal(Value::Int(0), Type::BigInt);
        Ok(compared(Comparison::Greater, count, zero))
    }
}

impl Binder<'_> {
    /// A subquery in place of a value: NULL without rows, an error with several.
    pub(super) fn single_value(&self, relation: Relation) -> Result<Typed> {
        let [field] = relation.fields.as_slice() else {
            bail!(
                NotSupported,
                "Multiple columns returned by subquery are not supported: {}",
                relation.fields.len()
            );
        };
        if has_one_row(&relation.plan) {
            vet(&relation.plan, true)?;
            return Ok(Typed {
                ty: field.ty.clone(),
                node: Node::Scalar(Arc::new(relation.plan)),
            });
        }
        self.folded(&relation.plan, "$single", &item_of(&relation))
    }

    /// An aggregate of all rows of a subquery.
    fn folded(&self, plan: &LogicalPlan, name: &str, item: &Typed) -> Result<Typed> {
        self.aggregated(plan, aggregate(name, item)?, item.ty.clone())
    }

    fn aggregated(&self, plan: &LogicalPlan, call: AggregateFunction, ty: Type) -> Result<Typed> {
        let column = self.unique("folded");
        let call = DataFusionExpr::AggregateFunction(call).alias(column.as_ref());
        let plan = LogicalPlanBuilder::from(plan.clone())
            .aggregate(Vec::<DataFusionExpr>::new(), vec![call])?
            .build()?;
        vet(&plan, true)?;
        Ok(Typed {
            ty,
            node: Node::Scalar(Arc::new(plan)),
        })
    }
}

fn item_of(relation: &Relation) -> Typed {
    let field = &relation.fields[0];
    Typed::column(&field.column, field.ty.clone())
}

/// Whether a plan has one row whatever it reads.
fn has_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => has_one_row(&projection.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        _ => false,
    }
}

/// Refuses what DataFusion would answer otherwise when it makes a join of a subquery that reads columns from around it.
///
/// It pulls the filters that read them up to the join, over anything that is not listed here: window functions would see
/// all rows, and an outer join would lose its own. An aggregate without groups has a row even where the filter leaves it
/// none, which DataFusion makes up for at the top of a subquery in place of a value alone.
pub(super) fn vet(plan: &LogicalPlan, top_of_value: bool) -> Result<()> {
    if plan.all_out_ref_exprs().is_empty() {
        return Ok(());
    }
    let is_outer_free = |plan: &LogicalPlan| plan.all_out_ref_exprs().is_empty();
    match plan {
        LogicalPlan::Projection(projection) => vet(&projection.input, top_of_value),
        LogicalPlan::Filter(filter) => vet(&filter.input, false),
        LogicalPlan::Aggregate(aggregate) if top_of_value || !aggregate.group_expr.is_empty() => {
            vet(&aggregate.input, false)
        }
        LogicalPlan::Join(join)
            if match join.join_type {
                JoinType::Inner => true,
                JoinType::Left => is_outer_free(&join.right),
                JoinType::Right => is_outer_free(&join.left),
                _ => false,
            } =>
        {
            vet(&join.left, false)?;
            vet(&join.right, false)
        }
        _ => bail!(NotSupported, "Given correlated subquery is not supported"),
    }
}

/// An expression as a subquery inside sees it.
fn outward(typed: Typed) -> Typed {
    match typed.node {
        Node::Column(name) => Typed {
            ty: typed.ty,
            node: Node::Outer(name),
        },
        _ => {
            let Ok(typed) =
                typed.map_children(&mut |child| Ok::<_, std::convert::Infallible>(outward(child)));
            typed
        }
    }
}

fn compared(op: Comparison, left: Typed, right: Typed) -> Typed {
    Typed::boolean(Node::Compare(op, Box::new(left), Box::new(right)))
}

fn is_null(typed: Typed) -> Typed {
    Typed::boolean(Node::IsNull(Box::new(typed)))
}

fn case(branches: Vec<(Typed, Typed)>, otherwise: Typed) -> Typed {
    Typed::boolean(Node::Case(branches, Some(Box::new(otherwise))))
}

fn truth(value: bool) -> Typed {
    Typed::literal(Value::Boolean(value), Type::Boolean)
}

fn null() -> Typed {
    Typed::literal(Value::Null, Type::Boolean)
}
