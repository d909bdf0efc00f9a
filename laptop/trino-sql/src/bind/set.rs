//! Queries around SELECT: WITH, VALUES, set operations, ORDER BY, LIMIT.

use datafusion::functions_window::{rank::rank_udwf, row_number::row_number_udwf};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, WindowFrame};

use super::context::Context;
use super::expression::field;
use super::sort_key::SortKey;
use super::{Binder, Field, NamedQueries, Relation, Scope, is_same_name, ordinal, project_exprs};
use crate::ast::{self, ExprKind, Limit, SetExpr, SetOp};
use crate::coerce::common_type;
use crate::error::{Position, Result, err};
use crate::scalar;
use crate::typed::{Node, Typed};
use crate::types::Type;
use crate::value::Value;

impl Binder<'_> {
    /// A query inside of another: `around` are the columns and named queries that it sees there.
    pub(super) fn bind_query(&self, query: &ast::Query, around: Scope<'_>) -> Result<Relation> {
        match &query.with {
            Some(with) if with.recursive && with.queries.iter().any(names_itself) => {
                Err(err!(NotSupported, "WITH RECURSIVE is not supported").at(query.at))
            }
            Some(with) => self.bind_with(&with.queries, query, around),
            None => self.bind_body(query, around),
        }
    }

    fn bind_with(
        &self,
        queries: &[ast::NamedQuery],
        query: &ast::Query,
        scope: Scope<'_>,
    ) -> Result<Relation> {
        let Some((first, rest)) = queries.split_first() else {
            return self.bind_body(query, scope);
        };
        if rest
            .iter()
            .any(|other| is_same_name(&other.name.text, &first.name.text))
        {
            let name = &first.name;
            return Err(err!(
                DuplicateNamedQuery,
                "WITH query name '{}' specified more than once",
                name.text
            )
            .at(name.at));
        }
        let mut relation = self.bind_query(&first.query, scope)?;
        if let Some(columns) = &first.columns {
            if columns.len() != relation.fields.len() {
                let (given, found) = (columns.len(), relation.fields.len());
                return Err(err!(
                    MismatchedColumnAliases,
                    "WITH column list has {given} entries but WITH query({}) subquery has {found} columns",
                    first.name.text
                )
                .at(first.name.at));
            }
            for (field, name) in relation.fields.iter_mut().zip(columns) {
                field.name = Some(name.text.clone());
            }
        }
        let named = NamedQueries {
            name: first.name.text.clone(),
            relation,
            next: scope.queries,
        };
        self.bind_with(
            rest,
            query,
            Scope {
                queries: Some(&named),
                ..scope
            },
        )
    }

    fn bind_body(&self, query: &ast::Query, around: Scope<'_>) -> Result<Relation> {
        let (mut relation, keys) = match &query.body {
            SetExpr::Select(select) => self.bind_select(select, &query.order_by, around)?,
            body => {
                let relation = self.bind_set(body, around)?;
                let outputs: Vec<_> = relation
                    .fields
                    .iter()
                    .map(|field| (field.name.clone(), Typed::column(&field.column, field.ty.clone())))
                    .collect();
                let context = Context {
                    outputs: &outputs,
                    ..Context::scalar(self, around, "ORDER BY")
                };
                let keys = query
                    .order_by
                    .iter()
                    .map(|item| self.sort_key(item, &context))
                    .collect::<Result<_>>()?;
                (relation, keys)
            }
        };
        relation.plan = self.limited(relation.plan, query, &keys)?;
        let columns = relation
            .fields
            .iter()
            .map(|field| scalar::column(&field.column))
            .collect();
        if relation.plan.schema().fields().len() != relation.fields.len() {
            relation.plan = project_exprs(relation.plan, columns)?;
        }
        Ok(relation)
    }

    /// An expression of ORDER BY, or the place of a column.
    pub(super) fn sort_key(&self, item: &ast::SortItem, context: &Context<'_>) -> Result<SortKey> {
        let typed = match &item.expr.kind {
            ExprKind::Integer(digits) => match ordinal(digits, context.outputs.len()) {
                Some(place) => context.outputs[place].1.clone(),
                None => {
                    let message = "ORDER BY position";
                    return Err(
                        err!(InvalidColumnReference, "{message} {digits} is not in select list")
                            .at(item.expr.at),
                    );
                }
            },
            _ => context.bind(&item.expr)?,
        };
        Ok(SortKey {
            typed,
            descending: item.descending,
            nulls_first: item.nulls_first,
        })
    }

    fn limited(&self, plan: LogicalPlan, query: &ast::Query, keys: &[SortKey]) -> Result<LogicalPlan> {
        let sort = keys.iter().map(SortKey::lower).collect::<Result<Vec<_>>>()?;
        let offset = query.offset.unwrap_or(0) as usize;
        let mut builder = LogicalPlanBuilder::from(plan);
        let mut rows = match query.limit {
            Some(Limit::Rows(rows)) => Some(rows as usize),
            _ => None,
        };
        if let Some(Limit::WithTies(ties, at)) = query.limit {
            if sort.is_empty() {
                return Err(err!(MissingGroupBy, "FETCH FIRST WITH TIES clause requires ORDER BY").at(at));
            }
            let mut rank = WindowFunction::new(rank_udwf(), Vec::new());
            rank.params.order_by.clone_from(&sort);
            rank.params.window_frame = WindowFrame::new(Some(false));
            let name = self.unique("rank");
            let most = Expr::Literal(
                datafusion::common::ScalarValue::UInt64(Some(ties + offset as u64)),
                None,
            );
            builder = builder
                .window([Expr::from(rank).alias(name.as_ref())])?
                .filter(scalar::column(&name).lt_eq(most))?;
            rows = None;
        }
        if !sort.is_empty() {
            builder = builder.sort(sort)?;
        }
        if offset > 0 || rows.is_some() {
            builder = builder.limit(offset, rows)?;
        }
        Ok(builder.build()?)
    }

    fn bind_set(&self, body: &SetExpr, around: Scope<'_>) -> Result<Relation> {
        match body {
            SetExpr::Select(select) => Ok(self.bind_select(select, &[], around)?.0),
            SetExpr::Values(rows, at) => self.bind_values(rows, around, *at),
            SetExpr::Table(name) => self.bind_table(name, around),
            SetExpr::Nested(query) => self.bind_query(query, around),
            SetExpr::Operation {
                op,
                all,
                left,
                right,
                at,
            } => {
                let (left, right) = (self.bind_set(left, around)?, self.bind_set(right, around)?);
                self.set_operation(*op, *all, left, right, *at)
            }
        }
    }

    fn set_operation(
        &self,
        op: SetOp,
        all: bool,
        left: Relation,
        right: Relation,
        at: Position,
    ) -> Result<Relation> {
        let name = match op {
            SetOp::Union => "UNION",
            SetOp::Except => "EXCEPT",
            SetOp::Intersect => "INTERSECT",
        };
        let (x, y) = (left.fields.len(), right.fields.len());
        if x != y {
            return Err(err!(
                TypeMismatch,
                "{name} query has different number of fields: {x}, {y}"
            )
            .at(at));
        }
        let mut types = Vec::with_capacity(x);
        for (i, (a, b)) in left.fields.iter().zip(&right.fields).enumerate() {
            types.push(common_type(&a.ty, &b.ty).ok_or_else(|| {
                let column = i + 1;
                err!(
                    TypeMismatch,
                    "column {column} in {name} query has incompatible types: {}, {}",
                    a.ty,
                    b.ty
                )
                .at(at)
            })?);
        }
        if (!all || op != SetOp::Union)
            && let Some(ty) = types.iter().find(|ty| !ty.is_comparable())
        {
            return Err(err!(
                TypeMismatch,
                "Type {ty} is not comparable and therefore cannot be used in {name} query"
            )
            .at(at));
        }
        if op == SetOp::Union {
            let union = self.union(left, right, types)?;
            return if all { Ok(union) } else { self.distinct(union) };
        }
        let names: Vec<_> = left.fields.iter().map(|field| field.name.clone()).collect();
        let (left, right) = (self.coerced(left, &types)?, self.coerced(right, &types)?);
        let plan = match (op, all) {
            (SetOp::Intersect, all) => self.sided(left, right, all, Expr::and)?,
            (_, all) => self.sided(left, right, all, |left, right| {
                left.and(Expr::Not(Box::new(right)))
            })?,
        };
        let (mut fields, mut exprs) = (Vec::new(), Vec::new());
        for (i, (name, ty)) in names.into_iter().zip(types).enumerate() {
            let column = self.unique(name.as_deref().unwrap_or("expr"));
            let (qualifier, source) = plan.schema().qualified_field(i);
            exprs.push(Expr::Column((qualifier, source).into()).alias(column.as_ref()));
            fields.push(Field {
                name,
                qualifier: Vec::new(),
                column,
                ty,
            });
        }
        Ok(Relation {
            plan: project_exprs(plan, exprs)?,
            fields,
        })
    }

    /// The rows of both sides as these types, under the names of the left side.
    ///
    /// Both sides have equal columns: DataFusion's optimizer makes one union of nested ones, and takes the columns of one
    /// side for those of the other.
    fn union(&self, left: Relation, right: Relation, types: Vec<Type>) -> Result<Relation> {
        let names = left.fields.iter().map(|field| field.name.clone());
        let fields = names.zip(types).map(|(name, ty)| Field {
            column: self.unique(name.as_deref().unwrap_or("expr")),
            name,
            qualifier: Vec::new(),
            ty,
        });
        let fields: Vec<_> = fields.collect();
        let side = |relation: Relation| {
            let exprs = relation.fields.into_iter().zip(&fields).map(|(from, to)| {
                let typed = self.coerce(Typed::column(&from.column, from.ty), &to.ty)?;
                Ok(scalar::lower(&typed)?.alias(to.column.as_ref()))
            });
            project_exprs(relation.plan, exprs.collect::<Result<_>>()?)
        };
        let (left, right) = (side(left)?, side(right)?);
        let plan = LogicalPlanBuilder::from(left).union(right)?.build()?;
        Ok(Relation { plan, fields })
    }

    /// The rows of both sides, each once, of which a condition holds that is told which of the sides have them. With
    /// `all`, a row that occurs several times is as many rows: they differ by the number of the occurrence.
    fn sided(
        &self,
        left: Relation,
        right: Relation,
        all: bool,
        condition: impl Fn(Expr, Expr) -> Expr,
    ) -> Result<LogicalPlan> {
        let (in_left, in_right, number) = (self.unique("left"), self.unique("right"), self.unique("number"));
        let side = |relation: &Relation, is_left: bool| -> Result<LogicalPlan> {
            // As in `union`, both sides have equal columns.
            let mut exprs: Vec<_> = relation
                .fields
                .iter()
                .zip(&left.fields)
                .map(|(from, to)| scalar::column(&from.column).alias(to.column.as_ref()))
                .collect();
            for (name, value) in [(&in_left, is_left), (&in_right, !is_left)] {
                let value = scalar::literal(&Value::Boolean(value), &Type::Boolean)?;
                exprs.push(value.alias(name.as_ref()));
            }
            let plan = if all {
                exprs.push(scalar::column(&number));
                self.numbered(relation, &number)?
            } else {
                relation.plan.clone()
            };
            project_exprs(plan, exprs)
        };
        let plan = LogicalPlanBuilder::from(side(&left, true)?)
            .union(side(&right, false)?)?
            .build()?;
        let any = |name: &str| -> Result<Expr> {
            let flag = Typed::column(&name.into(), Type::Boolean);
            Ok(Expr::AggregateFunction(super::group::aggregate("bool_or", &flag)?).alias(name))
        };
        let aggregates = vec![any(&in_left)?, any(&in_right)?];
        let further = if all {
            vec![scalar::column(&number)]
        } else {
            Vec::new()
        };
        let plan = self.groups(plan, &left, further, aggregates)?;
        let holds = condition(scalar::column(&in_left), scalar::column(&in_right));
        let plan = LogicalPlanBuilder::from(plan).filter(holds)?.build()?;
        let columns = left.fields.iter().map(|field| scalar::column(&field.column));
        project_exprs(plan, columns.collect())
    }

    /// The rows with the number of each among those that are not distinct from it.
    fn numbered(&self, relation: &Relation, name: &str) -> Result<LogicalPlan> {
        let mut number = WindowFunction::new(row_number_udwf(), Vec::new());
        number.params.partition_by = relation
            .fields
            .iter()
            .map(|field| {
                let typed = Typed::column(&field.column, field.ty.clone());
                scalar::lower(&crate::key::group_key(&typed))
            })
            .collect::<Result<_>>()?;
        Ok(LogicalPlanBuilder::from(relation.plan.clone())
            .window([Expr::from(number).alias(name)])?
            .build()?)
    }

    fn bind_values(&self, rows: &[ast::Expr], around: Scope<'_>, at: Position) -> Result<Relation> {
        let context = Context::scalar(self, around, "VALUES");
        let mut bound: Vec<Vec<Typed>> = Vec::with_capacity(rows.len());
        for row in rows {
            let fields = match &row.kind {
                ExprKind::Row(fields) => fields
                    .iter()
                    .map(|field| context.bind(field))
                    .collect::<Result<Vec<_>>>()?,
                _ => {
                    let typed = context.bind(row)?;
                    match &typed.ty {
                        Type::Row(fields) => (0..fields.len())
                            .map(|place| field(typed.clone(), place))
                            .collect(),
                        _ => vec![typed],
                    }
                }
            };
            bound.push(fields);
        }
        let width = bound[0].len();
        let row_type = |row: &[Typed]| Type::row(row.iter().map(|typed| typed.ty.clone()));
        if let Some(other) = bound.iter().find(|row| row.len() != width) {
            let other = other.len();
            return Err(err!(
                TypeMismatch,
                "Values rows have mismatched sizes: {width} vs {other}"
            )
            .at(at));
        }
        let mut types: Vec<Type> = bound[0].iter().map(|typed| typed.ty.clone()).collect();
        for row in &bound[1..] {
            for (ty, typed) in types.iter_mut().zip(row) {
                *ty = common_type(ty, &typed.ty).ok_or_else(|| {
                    let (first, other) = (row_type(&bound[0]), row_type(row));
                    err!(
                        TypeMismatch,
                        "Values rows have mismatched types: {first} vs {other}"
                    )
                    .at(at)
                })?;
            }
        }
        let mut exprs = Vec::with_capacity(bound.len());
        for row in bound {
            let row = row.into_iter().zip(&types).map(|(typed, ty)| {
                let typed = self.coerce(typed, ty)?;
                if has_outer(&typed) {
                    return Err(err!(NotSupported, "Given correlated subquery is not supported").at(at));
                }
                scalar::lower(&typed)
            });
            exprs.push(row.collect::<Result<Vec<_>>>()?);
        }
        let plan = LogicalPlanBuilder::values(exprs)?.build()?;
        let (mut fields, mut renamed) = (Vec::new(), Vec::new());
        for (i, ty) in types.into_iter().enumerate() {
            let column = self.unique("value");
            renamed.push(scalar::column(plan.schema().field(i).name()).alias(column.as_ref()));
            fields.push(Field {
                name: None,
                qualifier: Vec::new(),
                column,
                ty,
            });
        }
        Ok(Relation {
            plan: project_exprs(plan, renamed)?,
            fields,
        })
    }
}

fn has_outer(typed: &Typed) -> bool {
    let mut found = matches!(typed.node, Node::Outer(_));
    let _ = typed.clone().map_children(&mut |child| {
        found |= has_outer(&child);
        Ok::<_, ()>(child)
    });
    found
}

/// Whether a query of WITH RECURSIVE may read itself: a UNION is how it would.
fn names_itself(query: &ast::NamedQuery) -> bool {
    matches!(query.query.body, SetExpr::Operation { op: SetOp::Union, .. })
}
