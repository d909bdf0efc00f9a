//! FROM: tables, subqueries, joins, UNNEST.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::common::{Column, Spans, TableReference, UnnestOptions};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, Subquery};

use super::context::Context;
use super::expression::field;
use super::subquery::vet;
use super::{Binder, Field, Relation, Scope, TableName, is_same_name, project_exprs};
use crate::ast::{self, Comparison, Ident, JoinKind, JoinOn, RelationKind};
use crate::error::{Position, Result, err};
use crate::functions::unnest;
use crate::scalar;
use crate::typed::{Applied, Node, Typed};
use crate::types::{RowField, Type};
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
        match &relation.kind {
            RelationKind::Table(name) => self.bind_table(name, scope),
            RelationKind::Subquery(query) => {
                // Tables of FROM do not see each other, but the query around does show.
                self.bind_query(query, Scope { fields: &[], ..scope })
            }
            RelationKind::Lateral(query) => self.bind_query(query, scope),
            RelationKind::Unnest { exprs, ordinality } => {
                let left = self.single_row();
                self.bind_unnest(left, exprs, *ordinality, false, scope, relation.at)
            }
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

    fn aliased(
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
        let shown = format!("{}.{}.{}", full.catalog, full.schema, full.table);
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
        if let Some(unnest) = as_unnest(right) {
            return self.bind_join_unnest(kind, left, unnest, on, scope);
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

    fn bind_join_unnest(
        &self,
        kind: JoinKind,
        left: Relation,
        unnest: Unnest<'_>,
        on: &JoinOn,
        scope: Scope<'_>,
    ) -> Result<Relation> {
        let is_true = matches!(
            on,
            JoinOn::On(ast::Expr {
                kind: ast::ExprKind::Boolean(true),
                ..
            })
        );
        let outer = match (kind, on) {
            (JoinKind::Cross, _) => false,
            (JoinKind::Inner, JoinOn::On(_)) if is_true => false,
            (JoinKind::Left, JoinOn::On(_)) if is_true => true,
            _ => {
                let message = "joins with UNNEST other than CROSS JOIN and LEFT JOIN … ON TRUE";
                return Err(err!(NotSupported, "{message} are not supported").at(unnest.at));
            }
        };
        let kept = left.fields.clone();
        let bound = self.bind_unnest(left, unnest.exprs, unnest.ordinality, outer, scope, unnest.at)?;
        let right = Relation {
            plan: bound.plan,
            fields: bound.fields[kept.len()..].to_vec(),
        };
        let right = match unnest.alias {
            Some((name, columns)) => self.aliased(right, name, columns, unnest.at)?,
            None => right,
        };
        Ok(Relation {
            plan: right.plan,
            fields: kept.into_iter().chain(right.fields).collect(),
        })
    }

    /// The rows of the left side, each with the items of its arrays and maps side by side. `outer` keeps a row whose
    /// arrays are all empty.
    fn bind_unnest(
        &self,
        left: Relation,
        exprs: &[ast::Expr],
        ordinality: bool,
        outer: bool,
        scope: Scope<'_>,
        at: Position,
    ) -> Result<Relation> {
        let inner = Scope {
            fields: &left.fields,
            outer: Some(&scope),
            queries: scope.queries,
        };
        let mut args = Vec::with_capacity(exprs.len());
        let mut items = Vec::new();
        for expr in exprs {
            let typed = Context::scalar(self, inner, "UNNEST").bind(expr)?;
            match &typed.ty {
                Type::Array(item) => match item.as_ref() {
                    Type::Row(fields) => items.extend(fields.iter().cloned()),
                    other => items.push(RowField {
                        name: None,
                        ty: other.clone(),
                    }),
                },
                Type::Map(key, value) => items.extend([
                    RowField {
                        name: None,
                        ty: key.as_ref().clone(),
                    },
                    RowField {
                        name: None,
                        ty: value.as_ref().clone(),
                    },
                ]),
                other => {
                    return Err(err!(TypeMismatch, "Cannot unnest type: {other}").at(expr.at));
                }
            }
            args.push(typed);
        }
        if ordinality {
            items.push(RowField {
                name: None,
                ty: Type::BigInt,
            });
        }
        let row = Type::Row(items.clone().into());
        let applied = Applied {
            name: "unnest".to_owned(),
            kernel: unnest::kernel(ordinality, outer),
            args: args.iter().map(|arg| arg.ty.clone()).collect(),
            result: Type::array(row.clone()),
            volatile: false,
            total: true,
        };
        let rows = Typed {
            ty: Type::array(row.clone()),
            node: Node::Call(Arc::new(applied), args),
        };
        let list = self.unique("unnest");
        let mut columns: Vec<_> = left
            .fields
            .iter()
            .map(|field| scalar::column(&field.column))
            .collect();
        columns.push(scalar::lower(&rows)?.alias(list.as_ref()));
        let plan = project_exprs(left.plan, columns)?;
        let options = UnnestOptions::new().with_preserve_nulls(outer);
        let plan = LogicalPlanBuilder::from(plan)
            .unnest_column_with_options(Column::from_name(list.as_ref()), options)?
            .build()
            .map_err(|error| crate::error::Error::from(error).at(at))?;
        let unnested = Typed::column(&list, row);
        let mut exprs: Vec<_> = left
            .fields
            .iter()
            .map(|field| scalar::column(&field.column))
            .collect();
        let mut fields = left.fields;
        for (place, item) in items.into_iter().enumerate() {
            let column = self.unique(item.name.as_deref().unwrap_or("item"));
            exprs.push(scalar::lower(&field(unnested.clone(), place))?.alias(column.as_ref()));
            fields.push(Field {
                name: item.name,
                qualifier: Vec::new(),
                column,
                ty: item.ty,
            });
        }
        Ok(Relation {
            plan: project_exprs(plan, exprs)?,
            fields,
        })
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

struct Unnest<'r> {
    exprs: &'r [ast::Expr],
    ordinality: bool,
    alias: Option<(&'r Ident, Option<&'r [Ident]>)>,
    at: Position,
}

fn as_unnest(relation: &ast::Relation) -> Option<Unnest<'_>> {
    match &relation.kind {
        RelationKind::Unnest { exprs, ordinality } => Some(Unnest {
            exprs,
            ordinality: *ordinality,
            alias: None,
            at: relation.at,
        }),
        RelationKind::Alias {
            relation: inner,
            name,
            columns,
        } => match &inner.kind {
            RelationKind::Unnest { exprs, ordinality } => Some(Unnest {
                exprs,
                ordinality: *ordinality,
                alias: Some((name, columns.as_deref())),
                at: relation.at,
            }),
            _ => None,
        },
        _ => None,
    }
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
