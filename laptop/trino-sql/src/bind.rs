//! Names to columns, types to expressions, statements to plans, by Trino's rules.

mod aggregate;
mod aggregate_call;
mod apply;
mod call;
mod context;
mod expression;
mod group;
mod json;
mod literal;
mod relation;
mod select;
mod set;
mod sort_key;
mod subquery;
mod type_name;
mod unnest;
mod window;
mod windows;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use crate::ast;
use crate::error::{Error, ErrorKind, Position, Result, err};
use crate::query::{OutputColumn, Query, Session};
use crate::scalar;
use crate::table_name::TableName;
use crate::typed::Typed;
use crate::types::Type;
use crate::views::{View, Views};

pub(crate) struct Binder<'a> {
    tables: &'a HashMap<TableName, Option<Arc<dyn TableProvider>>>,
    /// Tables that the statement names and that are not looked up yet.
    missing: RefCell<Vec<TableName>>,
    default_catalog: String,
    default_schema: String,
    views: &'a Views,
    /// Views around, outermost first.
    inside: Vec<TableName>,
    now: DateTime<Utc>,
    next_name: Cell<u32>,
}

/// A column that a relation offers.
#[derive(Debug, Clone)]
struct Field {
    /// None for a column without a name, which only `*` reaches.
    name: Option<String>,
    /// Names before a dot, innermost last: `catalog.schema.table` or an alias.
    qualifier: Vec<String>,
    column: Arc<str>,
    ty: Type,
}

/// A plan and its columns, one for each field of the plan's schema that the statement may see.
#[derive(Debug, Clone)]
struct Relation {
    plan: LogicalPlan,
    fields: Vec<Field>,
}

/// Scope in which names are looked up: this query, then the query around it.
#[derive(Clone, Copy, Default)]
struct Scope<'s> {
    fields: &'s [Field],
    outer: Option<&'s Scope<'s>>,
    queries: Option<&'s NamedQueries<'s>>,
}

/// Queries that WITH names, innermost first.
struct NamedQueries<'s> {
    name: String,
    relation: Relation,
    next: Option<&'s NamedQueries<'s>>,
}

impl<'a> Binder<'a> {
    pub(crate) fn new(
        tables: &'a HashMap<TableName, Option<Arc<dyn TableProvider>>>,
        session: &Session<'a>,
    ) -> Self {
        let options = &session.state.config_options().catalog;
        Self {
            tables,
            missing: RefCell::default(),
            default_catalog: options.default_catalog.clone(),
            default_schema: options.default_schema.clone(),
            views: session.views,
            inside: Vec::new(),
            now: session.now,
            next_name: Cell::new(0),
        }
    }

    /// The query of a view, with names as they were where it was made.
    fn bind_view(&self, name: TableName, view: &View, at: Position) -> Result<Relation> {
        let shown = name.to_string();
        if self.inside.contains(&name) {
            return Err(err!(ViewIsRecursive, "View is recursive: {shown}").at(at));
        }
        let qualifier = vec![name.catalog.clone(), name.schema.clone(), name.table.clone()];
        let mut inside = self.inside.clone();
        inside.push(name);
        let binder = Binder {
            tables: self.tables,
            missing: RefCell::default(),
            default_catalog: view.catalog.clone(),
            default_schema: view.schema.clone(),
            views: self.views,
            inside,
            now: self.now,
            next_name: self.next_name.clone(),
        };
        let bound = binder.bind_query(&view.query.0, Scope::default());
        self.next_name.set(binder.next_name.get());
        self.missing.borrow_mut().extend(binder.missing.take());
        // A place in its text would be taken for one in the statement.
        let mut relation = bound.map_err(|error| {
            let message = format!("Failed analyzing stored view '{shown}': {}", error.message);
            match error.kind {
                ErrorKind::ViewIsRecursive => error,
                kind => Error::new(kind, message).at(at),
            }
        })?;
        for field in &mut relation.fields {
            field.qualifier.clone_from(&qualifier);
        }
        Ok(relation)
    }

    pub(crate) fn missing(&self) -> Vec<TableName> {
        self.missing.take()
    }

    pub(crate) fn query(&self, query: &ast::Query) -> Result<Query> {
        let relation = self.bind_query(query, Scope::default())?;
        let columns = relation.fields.iter().enumerate().map(|(i, field)| OutputColumn {
            name: field.name.clone().unwrap_or_else(|| format!("_col{i}")),
            ty: field.ty.clone(),
        });
        Ok(Query {
            columns: columns.collect(),
            plan: relation.plan,
        })
    }

    /// A name that no other column of the statement has.
    fn unique(&self, hint: &str) -> Arc<str> {
        let number = self.next_name.get();
        self.next_name.set(number + 1);
        let hint: String = hint
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        format!("{hint}#{number}").into()
    }

    /// A projection to new columns.
    fn project(&self, input: LogicalPlan, exprs: &[(Option<String>, Typed)]) -> Result<Relation> {
        let mut fields = Vec::with_capacity(exprs.len());
        let mut projected = Vec::with_capacity(exprs.len());
        for (name, typed) in exprs {
            let column = self.unique(name.as_deref().unwrap_or("expr"));
            projected.push(scalar::lower(typed)?.alias(column.as_ref()));
            fields.push(Field {
                name: name.clone(),
                qualifier: Vec::new(),
                column,
                ty: typed.ty.clone(),
            });
        }
        let plan = project_exprs(input, projected)?;
        Ok(Relation { plan, fields })
    }

    /// The relation with columns of other types, under new names.
    fn coerced(&self, relation: Relation, types: &[Type]) -> Result<Relation> {
        let exprs: Vec<_> = relation
            .fields
            .iter()
            .zip(types)
            .map(|(field, ty)| {
                let typed = Typed::column(&field.column, field.ty.clone());
                Ok((field.name.clone(), self.coerce(typed, ty)?))
            })
            .collect::<Result<_>>()?;
        self.project(relation.plan, &exprs)
    }
}

/// A projection as it is written: columns that nothing names are dropped.
fn project_exprs(input: LogicalPlan, exprs: Vec<Expr>) -> Result<LogicalPlan> {
    Ok(LogicalPlanBuilder::from(input).project(exprs)?.build()?)
}

/// Two names are one if they agree in any case.
fn is_same_name(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

impl Scope<'_> {
    /// A column by name and qualifiers, innermost scope first; the number says how many queries out it is.
    fn resolve(&self, qualifier: &[&str], name: &str, at: Position) -> Result<Option<(Field, usize)>> {
        let (mut scope, mut depth) = (Some(self), 0);
        while let Some(here) = scope {
            let matches = |field: &&Field| {
                field
                    .name
                    .as_deref()
                    .is_some_and(|found| is_same_name(found, name))
                    && qualifier.len() <= field.qualifier.len()
                    && field.qualifier[field.qualifier.len() - qualifier.len()..]
                        .iter()
                        .zip(qualifier)
                        .all(|(a, b)| is_same_name(a, b))
            };
            let mut found = here.fields.iter().filter(matches);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    return Err(
                        err!(AmbiguousName, "Column '{}' is ambiguous", dotted(qualifier, name)).at(at),
                    );
                }
                (Some(field), None) => return Ok(Some((field.clone(), depth))),
                _ => {}
            }
            scope = here.outer;
            depth += 1;
        }
        Ok(None)
    }

    /// Names that could have been meant.
    fn suggestion(&self, name: &str) -> Option<String> {
        let (mut names, mut scope) = (Vec::new(), Some(self));
        while let Some(here) = scope {
            names.extend(here.fields.iter().filter_map(|field| field.name.clone()));
            scope = here.outer;
        }
        closest(name, names.iter().map(String::as_str))
    }

    fn named_query(&self, name: &str) -> Option<Relation> {
        let mut queries = self.queries;
        while let Some(query) = queries {
            if is_same_name(&query.name, name) {
                return Some(query.relation.clone());
            }
            queries = query.next;
        }
        None
    }
}

fn dotted(qualifier: &[&str], name: &str) -> String {
    qualifier
        .iter()
        .copied()
        .chain([name])
        .collect::<Vec<_>>()
        .join(".")
}

/// The name with the fewest edits between, if they are few.
pub(crate) fn closest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let name = name.to_lowercase();
    let most = (name.chars().count() / 3).max(1);
    let best = names
        .map(|known| (edits(&name, &known.to_lowercase()), known))
        .min();
    best.filter(|(distance, _)| (1..=most).contains(distance))
        .map(|(_, known)| known.to_owned())
}

/// Number of letters to insert, remove, replace or swap with their neighbour.
pub(crate) fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

fn did_you_mean(suggestion: Option<String>) -> String {
    suggestion
        .map(|name| format!("; did you mean '{name}'?"))
        .unwrap_or_default()
}

/// One more place than a statement may have columns is never asked for.
fn ordinal(digits: &str, count: usize) -> Option<usize> {
    digits
        .parse::<usize>()
        .ok()
        .filter(|place| (1..=count).contains(place))
        .map(|place| place - 1)
}

fn unknown_column(scope: Scope<'_>, name: &str, shown: &str, at: Position) -> Error {
    err!(
        ColumnNotFound,
        "Column '{shown}' cannot be resolved{}",
        did_you_mean(scope.suggestion(name))
    )
    .at(at)
}
