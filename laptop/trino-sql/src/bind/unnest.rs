//! UNNEST, alone and joined.

use std::sync::Arc;

use datafusion::common::{Column, UnnestOptions};
use datafusion::logical_expr::LogicalPlanBuilder;

use super::context::Context;
use super::expression::field;
use super::{Binder, Field, Relation, Scope, project_exprs};
use crate::ast::{self, Ident, JoinKind, JoinOn, RelationKind};
use crate::error::{Error, Position, Result, err};
use crate::functions::unnest;
use crate::scalar;
use crate::typed::{Applied, Node, Typed};
use crate::types::{RowField, Type};

/// UNNEST with its alias.
pub(super) struct Unnest<'r> {
    exprs: &'r [ast::Expr],
    ordinality: bool,
    alias: Option<(&'r Ident, Option<&'r [Ident]>)>,
    at: Position,
}

impl<'r> Unnest<'r> {
    pub(super) fn of(relation: &'r ast::Relation) -> Option<Self> {
        let (kind, alias) = match &relation.kind {
            RelationKind::Alias {
                relation: inner,
                name,
                columns,
            } => (&inner.kind, Some((name, columns.as_deref()))),
            kind => (kind, None),
        };
        let RelationKind::Unnest { exprs, ordinality } = kind else {
            return None;
        };
        Some(Self {
            exprs,
            ordinality: *ordinality,
            alias,
            at: relation.at,
        })
    }

    /// Whether an array of rows gives one column of rows. Trino gives a column for each field. Athena's users also write
    /// one name for each array, as in Athena's documentation ("Filter arrays using dot notation"), which Trino refuses.
    fn has_whole_rows(&self, args: &[Typed]) -> bool {
        let Some((_, Some(names))) = self.alias else {
            return false;
        };
        let columns = |whole_rows| {
            let items = args.iter().map(|arg| items(&arg.ty, whole_rows).len());
            items.sum::<usize>() + usize::from(self.ordinality)
        };
        names.len() != columns(false) && names.len() == columns(true)
    }
}

impl Binder<'_> {
    pub(super) fn bind_join_unnest(
        &self,
        kind: JoinKind,
        left: Relation,
        unnest: &Unnest<'_>,
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
        self.bind_unnest(left, unnest, outer, scope)
    }

    /// The rows of the left side, each with the items of its arrays and maps side by side. `outer` keeps a row whose
    /// arrays are all empty.
    pub(super) fn bind_unnest(
        &self,
        left: Relation,
        unnest: &Unnest<'_>,
        outer: bool,
        scope: Scope<'_>,
    ) -> Result<Relation> {
        let inner = Scope {
            fields: &left.fields,
            outer: Some(&scope),
            queries: scope.queries,
        };
        let mut args = Vec::with_capacity(unnest.exprs.len());
        for expr in unnest.exprs {
            let typed = Context::scalar(self, inner, "UNNEST").bind(expr)?;
            if !matches!(typed.ty, Type::Array(_) | Type::Map(..)) {
                return Err(err!(TypeMismatch, "Cannot unnest type: {}", typed.ty).at(expr.at));
            }
            args.push(typed);
        }
        let whole_rows = unnest.has_whole_rows(&args);
        let mut columns: Vec<_> = args.iter().flat_map(|arg| items(&arg.ty, whole_rows)).collect();
        if unnest.ordinality {
            columns.push(unnamed(&Type::BigInt));
        }
        let row = Type::Row(columns.clone().into());
        let options = unnest::Options {
            ordinality: unnest.ordinality,
            outer,
            whole_rows,
        };
        let applied = Applied {
            name: format!("{options:?}"),
            kernel: unnest::kernel(options),
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
        let kept = || left.fields.iter().map(|field| scalar::column(&field.column));
        let mut exprs: Vec<_> = kept().collect();
        exprs.push(scalar::lower(&rows)?.alias(list.as_ref()));
        let plan = project_exprs(left.plan, exprs)?;
        let options = UnnestOptions::new().with_preserve_nulls(outer);
        let plan = LogicalPlanBuilder::from(plan)
            .unnest_column_with_options(Column::from_name(list.as_ref()), options)?
            .build()
            .map_err(|error| Error::from(error).at(unnest.at))?;
        let unnested = Typed::column(&list, row);
        let mut exprs: Vec<_> = kept().collect();
        let mut fields = Vec::with_capacity(columns.len());
        for (place, item) in columns.into_iter().enumerate() {
            let column = self.unique(item.name.as_deref().unwrap_or("item"));
            exprs.push(scalar::lower(&field(unnested.clone(), place))?.alias(column.as_ref()));
            fields.push(Field {
                name: item.name,
                qualifier: Vec::new(),
                column,
                ty: item.ty,
            });
        }
        let plan = project_exprs(plan, exprs)?;
        let right = Relation { plan, fields };
        let right = match unnest.alias {
            Some((name, columns)) => self.aliased(right, name, columns, unnest.at)?,
            None => right,
        };
        Ok(Relation {
            plan: right.plan,
            fields: left.fields.into_iter().chain(right.fields).collect(),
        })
    }
}

/// Columns that UNNEST gives for an array or a map.
fn items(ty: &Type, whole_rows: bool) -> Vec<RowField> {
    match ty {
        Type::Array(item) => match item.as_ref() {
            Type::Row(fields) if !whole_rows => fields.to_vec(),
            item => vec![unnamed(item)],
        },
        Type::Map(key, value) => vec![unnamed(key), unnamed(value)],
        _ => Vec::new(),
    }
}

fn unnamed(ty: &Type) -> RowField {
    RowField {
        name: None,
        ty: ty.clone(),
    }
}
