//! SELECT: columns of the answer, and grouping.

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder};

use super::aggregate::{AggregateCall, Aggregates};
use super::context::Context;
use super::expression::{dotted_parts, field};
use super::group::GroupKey;
use super::sort_key::SortKey;
use super::windows::{Windows, planned};
use super::{Binder, Field, Relation, Scope, is_same_name, ordinal, project_exprs};
use crate::ast::{self, ExprKind, GroupingElement, SelectItem};
use crate::coerce::is_same_carrier;
use crate::error::{Result, bail, err};
use crate::registry;
use crate::scalar;
use crate::typed::{Applied, Node, Typed};
use crate::types::Type;
use crate::value::Value;

impl Binder<'_> {
    /// The answer's columns, and the keys that ORDER BY sorts by, over the plan before sorting.
    pub(super) fn bind_select(
        &self,
        select: &ast::Select,
        order_by: &[ast::SortItem],
        around: Scope<'_>,
    ) -> Result<(Relation, Vec<SortKey>)> {
        let from = self.bind_from(&select.from, around)?;
        let scope = Scope {
            fields: &from.fields,
            outer: Some(&around),
            queries: around.queries,
        };
        let mut plan = from.plan.clone();
        if let Some(filter) = &select.filter {
            let filter = Context::scalar(self, scope, "WHERE").filter(filter)?;
            plan = LogicalPlanBuilder::from(plan)
                .filter(scalar::lower(&filter)?)?
                .build()?;
        }
        let aggregates = Aggregates::default();
        let windows = Windows::new(&select.windows);
        let context = Context {
            aggregates: Some(&aggregates),
            windows: Some(&windows),
            ..Context::scalar(self, scope, "SELECT")
        };
        let mut outputs = self.outputs(select, &from.fields, &context)?;
        let group_by = match &select.group_by {
            Some(group_by) => Some(self.group_by(group_by, &outputs, scope)?),
            None => None,
        };
        let having_context = Context {
            windows: None,
            clause: "HAVING",
            params: RefCell::default(),
            ..context
        };
        let mut having = select
            .having
            .as_ref()
            .map(|having| having_context.boolean(having, "HAVING clause"))
            .transpose()?;
        let order_context = Context {
            outputs: &outputs,
            params: RefCell::default(),
            ..having_context
        };
        let order_context = Context {
            windows: Some(&windows),
            clause: "ORDER BY",
            ..order_context
        };
        let mut keys = order_by
            .iter()
            .map(|item| self.sort_key(item, &order_context))
            .collect::<Result<Vec<_>>>()?;
        let mut windows = windows.into_calls();

        let calls = aggregates.calls.into_inner();
        let groupings = aggregates.groupings.into_inner();
        if group_by.is_some() || having.is_some() || !calls.is_empty() || !groupings.is_empty() {
            let (group_keys, sets) = group_by.unwrap_or_else(|| (Vec::new(), vec![Vec::new()]));
            plan = self.aggregate(plan, &from.fields, &group_keys, &sets, calls, groupings)?;
            let mut regroup = |typed: Typed| grouped(typed, &group_keys, &from.fields);
            for (_, output) in &mut outputs {
                *output = regroup(output.clone()).map_err(|error| error.at(select.at))?;
            }
            having = having
                .map(&mut regroup)
                .transpose()
                .map_err(|error| error.at(select.at))?;
            for key in &mut keys {
                key.typed = regroup(key.typed.clone()).map_err(|error| error.at(select.at))?;
            }
            for window in &mut windows {
                *window = window
                    .clone()
                    .map(&mut regroup)
                    .map_err(|error| error.at(select.at))?;
            }
        }
        if let Some(having) = having {
            plan = LogicalPlanBuilder::from(plan)
                .filter(scalar::lower(&having)?)?
                .build()?;
        }
        plan = planned(plan, &windows)?;

        let mut relation;
        if select.distinct {
            if let Some((_, output)) = outputs.iter().find(|(_, output)| !output.ty.is_comparable()) {
                let ty = &output.ty;
                return Err(err!(
                    TypeMismatch,
                    "DISTINCT can only be applied to comparable types (actual: {ty})"
                )
                .at(select.at));
            }
            relation = self.project(plan, &outputs)?;
            relation = self.distinct(relation)?;
            for (key, item) in keys.iter_mut().zip(order_by) {
                let Some(place) = outputs.iter().position(|(_, output)| *output == key.typed) else {
                    let message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list";
                    return Err(err!(ExpressionNotInDistinct, "{message}").at(item.expr.at));
                };
                key.typed = Typed::column(&relation.fields[place].column, key.typed.ty.clone());
            }
        } else {
            let visible = outputs.len();
            let mut places = Vec::with_capacity(keys.len());
            for key in &keys {
                places.push(
                    outputs[..visible]
                        .iter()
                        .position(|(_, output)| *output == key.typed)
                        .unwrap_or_else(|| {
                            outputs.push((None, key.typed.clone()));
                            outputs.len() - 1
                        }),
                );
            }
            relation = self.project(plan, &outputs)?;
            for (key, place) in keys.iter_mut().zip(places) {
                key.typed = Typed::column(&relation.fields[place].column, key.typed.ty.clone());
            }
            relation.fields.truncate(visible);
        }
        Ok((relation, keys))
    }

    fn outputs(
        &self,
        select: &ast::Select,
        fields: &[Field],
        context: &Context<'_>,
    ) -> Result<Vec<(Option<String>, Typed)>> {
        let mut outputs = Vec::new();
        for item in &select.items {
            match item {
                SelectItem::Expr { expr, alias } => {
                    let name = alias
                        .as_ref()
                        .map(|alias| alias.text.clone())
                        .or_else(|| match &expr.kind {
                            ExprKind::Column(name) => Some(name.text.clone()),
                            ExprKind::Field(base, name) => {
                                dotted_parts(base, name).map(|_| name.text.clone())
                            }
                            _ => None,
                        });
                    outputs.push((name, context.bind(expr)?));
                }
                SelectItem::All { base: None, at, .. } => {
                    if select.from.is_empty() {
                        return Err(err!(
                            ColumnNotFound,
                            "SELECT * not allowed in queries without FROM clause"
                        )
                        .at(*at));
                    }
                    let all = fields
                        .iter()
                        .map(|f| (f.name.clone(), Typed::column(&f.column, f.ty.clone())));
                    outputs.extend(all);
                }
                SelectItem::All {
                    base: Some(base),
                    aliases,
                    at,
                } => {
                    let before = outputs.len();
                    self.all_of(base, fields, context, &mut outputs)?;
                    if let Some(aliases) = aliases {
                        let found = outputs.len() - before;
                        if aliases.len() != found {
                            let given = aliases.len();
                            let message = "Column alias list has";
                            return Err(err!(
                                MismatchedColumnAliases,
                                "{message} {given} entries but relation has {found} columns"
                            )
                            .at(*at));
                        }
                        for (output, alias) in outputs[before..].iter_mut().zip(aliases) {
                            output.0 = Some(alias.text.clone());
                        }
                    }
                }
            }
        }
        Ok(outputs)
    }

    /// `t.*`: the columns of a relation, or the fields of a row.
    fn all_of(
        &self,
        base: &ast::Expr,
        fields: &[Field],
        context: &Context<'_>,
        outputs: &mut Vec<(Option<String>, Typed)>,
    ) -> Result<()> {
        let parts = match &base.kind {
            ExprKind::Column(name) => Some(vec![name.text.as_str()]),
            ExprKind::Field(inner, name) => dotted_parts(inner, name),
            _ => None,
        };
        if let Some(parts) = &parts {
            let of_relation = fields.iter().filter(|field| {
                field.qualifier.len() >= parts.len()
                    && field.qualifier[field.qualifier.len() - parts.len()..]
                        .iter()
                        .zip(parts)
                        .all(|(a, b)| is_same_name(a, b))
            });
            let before = outputs.len();
            outputs.extend(of_relation.map(|f| (f.name.clone(), Typed::column(&f.column, f.ty.clone()))));
            if outputs.len() > before {
                return Ok(());
            }
        }
        let row = context.bind(base).map_err(|error| match (&parts, error.kind) {
            (Some(parts), crate::error::ErrorKind::ColumnNotFound) => {
                err!(TableNotFound, "Unable to resolve reference {}", parts.join(".")).at(base.at)
            }
            _ => error,
        })?;
        let Type::Row(row_fields) = &row.ty else {
            return Err(err!(TypeMismatch, "Expression is not of type ROW: {}", row.ty).at(base.at));
        };
        for (place, found) in row_fields.iter().enumerate() {
            outputs.push((found.name.clone(), field(row.clone(), place)));
        }
        Ok(())
    }

    /// The keys of GROUP BY, and the sets of them that it groups by.
    fn group_by(
        &self,
        group_by: &ast::GroupBy,
        outputs: &[(Option<String>, Typed)],
        scope: Scope<'_>,
    ) -> Result<(Vec<GroupKey>, Vec<Vec<usize>>)> {
        let context = Context::scalar(self, scope, "GROUP BY");
        let mut keys: Vec<GroupKey> = Vec::new();
        let mut place_of = |expr: &ast::Expr| -> Result<usize> {
            let typed = match &expr.kind {
                ExprKind::Integer(digits) => match ordinal(digits, outputs.len()) {
                    Some(place) => outputs[place].1.clone(),
                    None => {
                        let message = "GROUP BY position";
                        return Err(
                            err!(InvalidColumnReference, "{message} {digits} is not in select list")
                                .at(expr.at),
                        );
                    }
                },
                _ => context.bind(expr)?,
            };
            if !typed.ty.is_comparable() {
                return Err(err!(
                    TypeMismatch,
                    "{} is not comparable, and therefore cannot be used in GROUP BY",
                    typed.ty
                )
                .at(expr.at));
            }
            if let Some(place) = keys.iter().position(|key| key.typed == typed) {
                return Ok(place);
            }
            keys.push(GroupKey::new(self, typed));
            Ok(keys.len() - 1)
        };
        let mut places = |set: &[ast::Expr]| set.iter().map(&mut place_of).collect::<Result<Vec<_>>>();
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        for element in &group_by.elements {
            let alternatives = match element {
                GroupingElement::Set(set) => vec![places(set)?],
                GroupingElement::Sets(all) => all.iter().map(|set| places(set)).collect::<Result<_>>()?,
                GroupingElement::Rollup(all) => {
                    let all = all.iter().map(|set| places(set)).collect::<Result<Vec<_>>>()?;
                    (0..=all.len()).rev().map(|end| all[..end].concat()).collect()
                }
                GroupingElement::Cube(all) => {
                    let all = all.iter().map(|set| places(set)).collect::<Result<Vec<_>>>()?;
                    if all.len() > 10 {
                        bail!(NotSupported, "CUBE of more than 10 columns");
                    }
                    let chosen = |mask: usize| {
                        (0..all.len())
                            .filter(|i| mask & (1 << (all.len() - 1 - i)) != 0)
                            .flat_map(|i| all[i].clone())
                            .collect()
                    };
                    (0..1_usize << all.len()).rev().map(chosen).collect()
                }
            };
            sets = sets
                .iter()
                .flat_map(|set| {
                    alternatives
                        .iter()
                        .map(move |more| [set.as_slice(), more.as_slice()].concat())
                })
                .collect();
        }
        for set in &mut sets {
            let mut seen = Vec::new();
            set.retain(|place| {
                !seen.contains(place) && {
                    seen.push(*place);
                    true
                }
            });
        }
        if group_by.distinct {
            let mut seen: Vec<Vec<usize>> = Vec::new();
            sets.retain(|set| {
                let mut sorted = set.clone();
                sorted.sort_unstable();
                !seen.contains(&sorted) && {
                    seen.push(sorted);
                    true
                }
            });
        }
        Ok((keys, sets))
    }

    fn aggregate(
        &self,
        plan: LogicalPlan,
        fields: &[Field],
        keys: &[GroupKey],
        sets: &[Vec<usize>],
        calls: Vec<(Arc<str>, AggregateCall)>,
        groupings: Vec<(Arc<str>, Vec<Typed>)>,
    ) -> Result<LogicalPlan> {
        let mut exprs: Vec<_> = fields.iter().map(|field| scalar::column(&field.column)).collect();
        for key in keys {
            exprs.extend(key.input()?);
        }
        if exprs.is_empty() {
            exprs.push(scalar::literal(&Value::Int(1), &Type::Integer)?.alias(self.unique("row").as_ref()));
        }
        let plan = project_exprs(plan, exprs)?;
        let mut aggregates = Vec::with_capacity(calls.len());
        for (column, call) in &calls {
            let (function, args, filter, distinct) = call.lower()?;
            let call = AggregateFunction::new_udf(function, args, distinct, filter, Vec::new(), None);
            aggregates.push(Expr::AggregateFunction(call).alias(column.as_ref()));
        }
        for key in keys {
            aggregates.extend(key.sample()?);
        }
        let key = |place: &usize| keys[*place].key();
        // In the order in which DataFusion sees them: its grouping id counts the bits from the last.
        let mut seen: Vec<usize> = Vec::new();
        sets.iter().flatten().for_each(|place| {
            if !seen.contains(place) {
                seen.push(*place);
            }
        });
        let group_exprs = match sets {
            [set] => set.iter().map(key).collect(),
            sets => {
                let sets = sets.iter().map(|set| set.iter().map(key).collect()).collect();
                vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))]
            }
        };
        let several = sets.len() > 1;
        // Grouping by nothing has one row even without input, and an aggregate needs one of the two.
        if aggregates.is_empty() && seen.is_empty() {
            let one = scalar::literal(&Value::Int(1), &Type::BigInt)?;
            let call = AggregateFunction::new_udf(count_udaf(), vec![one], false, None, Vec::new(), None);
            aggregates.push(Expr::AggregateFunction(call).alias(self.unique("rows").as_ref()));
        }
        let mut plan = LogicalPlanBuilder::from(plan)
            .aggregate(group_exprs, aggregates)?
            .build()?;
        if groupings.is_empty() && seen.iter().all(|place| keys[*place].is_plain()) {
            return Ok(plan);
        }
        let outputs = seen.iter().map(|place| keys[*place].output());
        let mut exprs = outputs.collect::<Result<Vec<Expr>>>()?;
        exprs.extend(calls.iter().map(|(column, _)| scalar::column(column)));
        let id = self.unique("grouping_id");
        if several && !groupings.is_empty() {
            let found = scalar::column(Aggregate::INTERNAL_GROUPING_ID);
            let mut with_id = exprs.clone();
            let cast =
                datafusion::logical_expr::Cast::new(Box::new(found), arrow::datatypes::DataType::Int64);
            with_id.push(Expr::Cast(cast).alias(id.as_ref()));
            plan = project_exprs(plan, with_id)?;
            exprs = seen
                .iter()
                .map(|place| scalar::column(&keys[*place].column))
                .chain(calls.iter().map(|(column, _)| scalar::column(column)))
                .collect();
        }
        for (column, args) in groupings {
            let mut bits = Vec::with_capacity(args.len());
            for arg in &args {
                let place = keys
                    .iter()
                    .position(|key| key.typed == *arg)
                    .and_then(|key| seen.iter().position(|s| *s == key));
                match place {
                    Some(place) => bits.push(seen.len() - 1 - place),
                    None => bail!(
                        InvalidArguments,
                        "The arguments to GROUPING() must be expressions referenced by the GROUP BY"
                    ),
                }
            }
            let typed = if several {
                let name = format!("grouping{bits:?}");
                let kernel = registry::values(move |_, args| {
                    let Value::Int(id) = args[0] else {
                        return Ok(Value::Null);
                    };
                    Ok(Value::Int(
                        bits.iter().fold(0, |all, bit| all << 1 | id >> bit & 1),
                    ))
                });
                let (args, result) = (vec![Type::BigInt], Type::Integer);
                let applied = Applied {
                    name,
                    kernel,
                    args,
                    result,
                    volatile: false,
                    total: true,
                };
                let id = Typed::column(&id, Type::BigInt);
                Typed {
                    ty: Type::Integer,
                    node: Node::Call(Arc::new(applied), vec![id]),
                }
            } else {
                Typed::literal(Value::Int(0), Type::Integer)
            };
            exprs.push(scalar::lower(&typed)?.alias(column.as_ref()));
        }
        project_exprs(plan, exprs)
    }
}

/// An expression over the input as one over the groups: keys are columns now, and a column of the input that is none
/// is an error.
fn grouped(typed: Typed, keys: &[GroupKey], fields: &[Field]) -> Result<Typed> {
    let is_key = |key: &&GroupKey| key.typed.node == typed.node && is_same_carrier(&key.typed.ty, &typed.ty);
    if let Some(key) = keys.iter().find(is_key) {
        return Ok(Typed::column(&key.column, typed.ty));
    }
    if let Node::Column(name) = &typed.node
        && let Some(field) = fields.iter().find(|field| field.column == *name)
    {
        let name = field.name.as_deref().unwrap_or("");
        bail!(
            ExpressionNotAggregate,
            "'{name}' must be an aggregate expression or appear in GROUP BY clause"
        );
    }
    typed.map_children(&mut |child| grouped(child, keys, fields))
}
