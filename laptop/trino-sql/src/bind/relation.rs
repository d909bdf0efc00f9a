//! FROM: tables, subqueries, joins, UNNEST.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::common::{Column, Spans, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, Subquery};

use super::context::Context;
use super::subquery::vet;
use super::unnest::Unnest;
use super::{Binder, Field, Relation, Scope, is_same_name, project_exprs};
use crate::ast::{self, Comparison, Ident, JoinKind, JoinOn, RelationKind};
use crate::error::{Position, Result, err};
use crate::scalar;
use crate::table_name::TableName;
use crate::typed::{Node, Typed};
use crate::types::Type;
use crate::value::Value;

impl Binder<'_> {
    /// One row without columns: what SELECT without FROM reads.
    pub(super) fn single_row(&self) -> Relation {
        let plan = LogicalPlanBuilder::empty(true).build();
        Relation {
            plan: plan.expect("one row needs nothing"),
            fields: Vec::new(),
        }
    }

    pub(super) fn bind_from(&self, relations: &[ast::Relation], scope: Scope<'_>) -> Result<Relation> {
        let mut bound: Option<Relation> = None;
        for relation in relations {
            bound = Some(match bound {
                None => self.bind_relation(relation, scope)?,
                Some(left) => {
                    self.bind_join(JoinKind::Cross, left, relation, &JoinOn::None, scope, relation.at)?
                }
            });
        }
        Ok(bound.unwrap_or_else(|| self.single_row()))
    }

    fn bind_relation(&self, relation: &ast::Relation, scope: Scope<'_>) -> Result<Relation> {
        if let Some(unnest) = Unnest::of(relation) {
            return self.bind_unnest(self.single_row(), &unnest, false, scope);
        }
        match &relation.kind {
            RelationKind::Unnest { .. } => Err(err!(Internal, "UNNEST is bound").at(relation.at)),
            RelationKind::Table(name) => self.bind_table(name, scope),
            RelationKind::Subquery(query) => {
                // Tables of FROM do not see each other, but the query around does show.
                self.bind_query(query, Scope { fields: &[], ..scope })
            }
            RelationKind::Lateral(query) => self.bind_query(query, scope),
            RelationKind::Alias {
                relation: inner,
                name,
                columns,
            } => {
                let bound = self.bind_relation(inner, scope)?;
                self.aliased(bound, name, columns.as_deref(), relation.at)
            }
            RelationKind::Join {
                kind,
                left,
                right,
                on,
            } => {
                let left = self.bind_relation(left, scope)?;
                self.bind_join(*kind, left, right, on, scope, relation.at)
            }
        }
    }

    pub(super) fn aliased(
        &self,
        mut relation: Relation,
        name: &Ident,
        columns: Option<&[Ident]>,
        at: Position,
    ) -> Result<Relation> {
        if let Some(columns) = columns
            && columns.len() != relation.fields.len()
        {
            let (given, found) = (columns.len(), relation.fields.len());
            let message = "Column alias list has";
            return Err(err!(
                MismatchedColumnAliases,
                "{message} {given} entries but '{}' has {found} columns available",
                name.text
            )
            .at(at));
        }
        for (i, field) in relation.fields.iter_mut().enumerate() {
            field.qualifier = vec![name.text.clone()];
            if let Some(columns) = columns {
                field.name = Some(columns[i].text.clone());
            }
        }
        Ok(relation)
    }

    /// A table, or a query that WITH names.
    pub(super) fn bind_table(&self, name: &[Ident], scope: Scope<'_>) -> Result<Relation> {
        let at = name[0].at;
        if let [name] = name
            && let Some(query) = scope.named_query(&name.text)
        {
            return self.renewed(query, &name.text);
        }
        let lower = |at: usize| name[at].text.to_lowercase();
        let full = match name.len() {
            1 => (
                self.default_catalog.clone(),
                self.default_schema.clone(),
                lower(0),
            ),
            2 => (self.default_catalog.clone(), lower(0), lower(1)),
            3 => (lower(0), lower(1), lower(2)),
            _ => return Err(err!(SyntaxError, "Too many parts in table name").at(at)),
        };
        let full = TableName {
            catalog: full.0,
            schema: full.1,
            table: full.2,
        };
        if let Some(view) = self.views.find(&full) {
            return self.bind_view(full, view, at);
        }
        let shown = full.to_string();
        let provider = match self.tables.get(&full) {
            Some(Some(provider)) => provider,
            Some(None) => return Err(err!(TableNotFound, "Table '{shown}' does not exist").at(at)),
            None => {
                self.missing.borrow_mut().push(full);
                return Err(err!(TableNotFound, "Table '{shown}' is not looked up yet").at(at));
            }
        };
        let schema = provider.schema();
        let reference =
            TableReference::full(full.catalog.as_str(), full.schema.as_str(), full.table.as_str());
        let source = provider_as_source(Arc::clone(provider));
        let plan = LogicalPlanBuilder::scan(reference.clone(), source, None)?.build()?;
        let qualifier = vec![full.catalog, full.schema, full.table];
        let (mut fields, mut exprs) = (Vec::new(), Vec::new());
        for field in schema.fields() {
            let ty = Type::of_column(field.data_type()).map_err(|e| e.at(at))?;
            let column = self.unique(field.name());
            let source =
                datafusion::logical_expr::Expr::Column(Column::new(Some(reference.clone()), field.name()));
            exprs.push(
                crate::functions::column::adopted(source, field.data_type(), &ty).alias(column.as_ref()),
            );
            fields.push(Field {
                name: Some(field.name().clone()),
                qualifier: qualifier.clone(),
                column,
                ty,
            });
        }
        Ok(Relation {
            plan: project_exprs(plan, exprs)?,
            fields,
        })
    }

    /// The relation under column names of its own, so that it may stand in a statement twice.
    fn renewed(&self, relation: Relation, name: &str) -> Result<Relation> {
        let exprs: Vec<_> = relation
            .fields
            .iter()
            .map(|field| (field.name.clone(), Typed::column(&field.column, field.ty.clone())))
            .collect();
        let mut renewed = self.project(relation.plan, &exprs)?;
        renewed
            .fields
            .iter_mut()
            .for_each(|field| field.qualifier = vec![name.to_owned()]);
        Ok(renewed)
    }

    fn bind_join(
        &self,
        kind: JoinKind,
        left: Relation,
        right: &ast::Relation,
        on: &JoinOn,
        scope: Scope<'_>,
        at: Position,
    ) -> Result<Relation> {
        if let JoinOn::Natural = on {
            return Err(err!(NotSupported, "Natural join not supported").at(at));
        }
        if let Some(unnest) = Unnest::of(right) {
            return self.bind_join_unnest(kind, left, &unnest, on, scope);
        }
        if let Some((query, alias)) = as_lateral(right) {
            let around = Scope {
                fields: &left.fields,
                outer: Some(&scope),
                queries: scope.queries,
            };
            let mut bound = self.bind_query(
                query,
                Scope {
                    fields: &[],
                    outer: Some(&around),
                    queries: scope.queries,
                },
            )?;
            if let Some((name, columns)) = alias {
                bound = self.aliased(bound, name, columns, right.at)?;
            }
            return self.bind_lateral(kind, left, bound, on, right.at);
        }
        let right = self.bind_relation(right, scope)?;
        self.join(kind, left, right, on, scope)
    }

    fn join(
        &self,
        kind: JoinKind,
        left: Relation,
        right: Relation,
        on: &JoinOn,
        scope: Scope<'_>,
    ) -> Result<Relation> {
        let fields: Vec<_> = left.fields.iter().chain(&right.fields).cloned().collect();
        let join_type = match kind {
            JoinKind::Cross => {
                let plan = LogicalPlanBuilder::from(left.plan)
                    .cross_join(right.plan)?
                    .build()?;
                return Ok(Relation { plan, fields });
            }
            JoinKind::Inner => JoinType::Inner,
            JoinKind::Left => JoinType::Left,
            JoinKind::Right => JoinType::Right,
            JoinKind::Full => JoinType::Full,
        };
        match on {
            JoinOn::On(condition) => {
                let inner = Scope {
                    fields: &fields,
                    outer: scope.outer,
                    queries: scope.queries,
                };
                let context = Context::scalar(self, inner, "JOIN");
                let condition = context.boolean(condition, "JOIN ON clause")?;
                let condition = scalar::lower(&condition)?;
                let conditions = datafusion::logical_expr::utils::split_conjunction_owned(condition);
                let plan = LogicalPlanBuilder::from(left.plan)
                    .join_on(right.plan, join_type, conditions)?
                    .build()?;
                Ok(Relation { plan, fields })
            }
            JoinOn::Using(names) => self.join_using(kind, join_type, left, right, names),
            JoinOn::None | JoinOn::Natural => Err(err!(Internal, "a join without a condition")),
        }
    }

    /// The columns of USING come first, and once.
    fn join_using(
        &self,
        kind: JoinKind,
        join_type: JoinType,
        left: Relation,
        right: Relation,
        names: &[Ident],
    ) -> Result<Relation> {
        let find = |relation: &Relation, name: &Ident, side: &str| {
            let mut found = relation.fields.iter().filter(|field| {
                field
                    .name
                    .as_deref()
                    .is_some_and(|known| is_same_name(known, &name.text))
            });
            match (found.next(), found.next()) {
                (Some(field), None) => Ok(field.clone()),
                (None, _) => Err(err!(
                    ColumnNotFound,
                    "Column '{}' is missing from {side} side of join",
                    name.text
                )
                .at(name.at)),
                _ => Err(err!(AmbiguousName, "Column '{}' is ambiguous", name.text).at(name.at)),
            }
        };
        let (mut conditions, mut exprs, mut used) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            let (a, b) = (find(&left, name, "left")?, find(&right, name, "right")?);
            let ty = crate::coerce::common_type(&a.ty, &b.ty).ok_or_else(|| {
                err!(
                    TypeMismatch,
                    "Column Types of left and right side of join are not compatible"
                )
                .at(name.at)
            })?;
            let x = self.coerce(Typed::column(&a.column, a.ty.clone()), &ty)?;
            let y = self.coerce(Typed::column(&b.column, b.ty.clone()), &ty)?;
            let equal = Typed::boolean(Node::Compare(
                Comparison::Equal,
                Box::new(x.clone()),
                Box::new(y.clone()),
            ));
            conditions.push(scalar::lower(&equal)?);
            let merged = match kind {
                JoinKind::Right => y,
                JoinKind::Full => {
                    let is_null = Typed::boolean(Node::IsNull(Box::new(x.clone())));
                    Typed {
                        ty,
                        node: Node::Case(vec![(is_null, y)], Some(Box::new(x))),
                    }
                }
                _ => x,
            };
            exprs.push((Some(name.text.clone()), Vec::new(), merged));
            used.extend([a.column, b.column]);
        }
        for field in left.fields.iter().chain(&right.fields) {
            if !used.contains(&field.column) {
                let typed = Typed::column(&field.column, field.ty.clone());
                exprs.push((field.name.clone(), field.qualifier.clone(), typed));
            }
        }
        let plan = LogicalPlanBuilder::from(left.plan)
            .join_on(right.plan, join_type, conditions)?
            .build()?;
        let named: Vec<_> = exprs
            .iter()
            .map(|(name, _, typed)| (name.clone(), typed.clone()))
            .collect();
        let mut relation = self.project(plan, &named)?;
        for (field, (_, qualifier, _)) in relation.fields.iter_mut().zip(exprs) {
            field.qualifier = qualifier;
        }
        Ok(relation)
    }

    /// A subquery that may name columns of the left side.
    fn bind_lateral(
        &self,
        kind: JoinKind,
        left: Relation,
        right: Relation,
        on: &JoinOn,
        at: Position,
    ) -> Result<Relation> {
        let is_true = matches!(
            on,
            JoinOn::On(ast::Expr {
                kind: ast::ExprKind::Boolean(true),
                ..
            })
        );
        let outer = right.plan.all_out_ref_exprs();
        let join_type = match kind {
            JoinKind::Cross => JoinType::Inner,
            JoinKind::Inner if is_true => JoinType::Inner,
            JoinKind::Left if is_true => JoinType::Left,
            _ => {
                return Err(err!(
                    NotSupported,
                    "joins with LATERAL other than ON TRUE are not supported"
                )
                .at(at));
            }
        };
        let fields: Vec<_> = left.fields.iter().chain(&right.fields).cloned().collect();
        let right_plan = if outer.is_empty() {
            right.plan
        } else if let Some(plan) = inlined(&left.plan, &right.plan, &left.fields)? {
            return Ok(Relation { plan, fields });
        } else {
            vet(&right.plan, true).map_err(|error| error.at(at))?;
            LogicalPlan::Subquery(Subquery {
                subquery: Arc::new(right.plan),
                outer_ref_columns: outer,
                spans: Spans::new(),
            })
        };
        let on = scalar::literal(&Value::Boolean(true), &Type::Boolean)?;
        let plan = LogicalPlanBuilder::from(left.plan)
            .join_on(right_plan, join_type, Some(on))?
            .build()?;
        Ok(Relation { plan, fields })
    }
}

/// A lateral projection of one row is a projection of the left side.
fn inlined(left: &LogicalPlan, right: &LogicalPlan, fields: &[Field]) -> Result<Option<LogicalPlan>> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    use datafusion::logical_expr::Expr;
    let mut projections = Vec::new();
    let mut plan = right;
    while let LogicalPlan::Projection(projection) = plan {
        projections.push(projection);
        plan = &projection.input;
    }
    if !matches!(plan, LogicalPlan::EmptyRelation(empty) if empty.produce_one_row) {
        return Ok(None);
    }
    let mut joined = left.clone();
    for projection in projections.into_iter().rev() {
        let mut exprs: Vec<_> = fields.iter().map(|field| scalar::column(&field.column)).collect();
        for expr in &projection.expr {
            let expr = expr.clone().transform(|expr| {
                Ok(match expr {
                    Expr::OuterReferenceColumn(_, column) => Transformed::yes(Expr::Column(column)),
                    other => Transformed::no(other),
                })
            })?;
            exprs.push(expr.data);
        }
        joined = project_exprs(joined, exprs)?;
    }
    Ok(Some(joined))
}

type AliasOf<'r> = Option<(&'r Ident, Option<&'r [Ident]>)>;

fn as_lateral(relation: &ast::Relation) -> Option<(&ast::Query, AliasOf<'_>)> {
    match &relation.kind {
        RelationKind::Lateral(query) => Some((query, None)),
        RelationKind::Alias {
            relation: inner,
            name,
            columns,
        } => match &inner.kind {
            RelationKind::Lateral(query) => Some((query, Some((name, columns.as_deref())))),
            _ => None,
        },
        _ => None,
    }
}
