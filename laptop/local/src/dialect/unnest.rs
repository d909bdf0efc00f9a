//! UNNEST as a relation: plans what [`super::rewrite`] grouped.

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{
    Column, NullHandling, Result, TableReference, UnnestOptions, not_impl_err, plan_err,
};
use datafusion::functions::core::expr_fn::{coalesce, greatest};
use datafusion::functions::core::get_field;
use datafusion::functions_nested::expr_fn::{cardinality, gen_series, map_entries};
use datafusion::logical_expr::expr::Alias;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, ident, lit};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, JoinOperator, TableAlias, TableFactor, TableWithJoins,
};

use super::rewrite::is_unnest;
use crate::types::sql_name;

/// Plans `left CROSS JOIN UNNEST(array, …) [WITH ORDINALITY] AS t(column, …)`, with Trino's meaning: several
/// arrays are unnested in parallel, the shorter ones padded with NULL; a row without elements is dropped, or
/// stays with NULLs in a LEFT JOIN; ordinals count from 1.
///
/// The number of names decides how an array of rows is expanded: one name keeps each row as one column, as
/// Athena documents it (`AS t(item)`, then `item.field`); as many names as fields, or none, give a column for
/// each field, as in Trino.
#[derive(Debug)]
pub(crate) struct UnnestPlanner;

impl RelationPlanner for UnnestPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (left, unnest, outer) = match relation {
            TableFactor::NestedJoin {
                mut table_with_joins,
                alias: None,
            } if table_with_joins
                .joins
                .last()
                .is_some_and(|join| is_unnest(&join.relation)) =>
            {
                let Some(join) = table_with_joins.joins.pop() else {
                    return plan_err!("a join without a right side");
                };
                let outer = matches!(
                    join.join_operator,
                    JoinOperator::Left(_) | JoinOperator::LeftOuter(_)
                );
                (plan_left(*table_with_joins, context)?, join.relation, outer)
            }
            relation if is_unnest(&relation) => (LogicalPlanBuilder::empty(true).build()?, relation, false),
            other => return Ok(RelationPlanning::Original(Box::new(other))),
        };
        let plan = Unnesting::new(left, unnest, context)?.plan(outer)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, None,
        ))))
    }
}

fn plan_left(table: TableWithJoins, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    if table.joins.is_empty() {
        return context.plan(table.relation);
    }
    context.plan(TableFactor::NestedJoin {
        table_with_joins: Box::new(table),
        alias: None,
    })
}

/// UNNEST over the rows of `left`.
struct Unnesting {
    left: LogicalPlan,
    lists: Vec<List>,
    with_ordinality: bool,
    /// Name of the relation, and names of its columns.
    alias: Option<TableReference>,
    names: Vec<String>,
}

/// Argument of UNNEST, converted to a list.
struct List {
    expr: Expr,
    element: FieldRef,
    /// Whether it is a map, which always gives a column of keys and one of values.
    is_map: bool,
}

impl Unnesting {
    fn new(left: LogicalPlan, unnest: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<Self> {
        let TableFactor::UNNEST {
            alias,
            array_exprs,
            with_ordinality,
            with_offset: false,
            ..
        } = unnest
        else {
            return not_impl_err!("UNNEST WITH OFFSET is not supported, WITH ORDINALITY is");
        };
        let lists = array_exprs
            .into_iter()
            .map(|argument| List::plan(argument, &left, context))
            .collect::<Result<Vec<_>>>()?;
        let (alias, names) = match alias {
            Some(TableAlias { name, columns, .. }) => {
                let names = columns
                    .into_iter()
                    .map(|column| context.normalize_ident(column.name))
                    .collect();
                (Some(TableReference::bare(context.normalize_ident(name))), names)
            }
            None => (None, Vec::new()),
        };
        Ok(Self {
            left,
            lists,
            with_ordinality,
            alias,
            names,
        })
    }

    fn plan(self, outer: bool) -> Result<LogicalPlan> {
        let left_columns: Vec<Expr> = self
            .left
            .schema()
            .columns()
            .into_iter()
            .map(Expr::Column)
            .collect();
        let outputs = self.outputs()?;
        let mut lists: Vec<Expr> = self.lists.iter().map(|list| list.expr.clone()).collect();
        if self.with_ordinality {
            lists.push(ordinals(&self.lists));
        }
        let unnested: Vec<Column> = (0..lists.len())
            .map(|index| Column::from_name(placeholder(index)))
            .collect();
        let named = lists
            .into_iter()
            .enumerate()
            .map(|(index, list)| list.alias(placeholder(index)));
        let null_handling = if outer {
            NullHandling::PreserveAndExpandEmpty
        } else {
            NullHandling::Drop
        };
        LogicalPlanBuilder::from(self.left)
            .project(left_columns.iter().cloned().chain(named))?
            .unnest_columns_with_options(
                unnested,
                UnnestOptions {
                    null_handling,
                    recursions: Vec::new(),
                },
            )?
            .project(left_columns.into_iter().chain(outputs))?
            .build()
    }

    /// Columns that UNNEST adds, over the placeholders that hold its elements.
    fn outputs(&self) -> Result<Vec<Expr>> {
        let ordinality = usize::from(self.with_ordinality);
        let whole: usize = self.lists.iter().map(|list| list.width(false)).sum::<usize>() + ordinality;
        let expanded: usize = self.lists.iter().map(|list| list.width(true)).sum::<usize>() + ordinality;
        let expand = match self.names.len() {
            0 => true,
            names if names == whole => false,
            names if names == expanded => true,
            names if whole == expanded => {
                return plan_err!("UNNEST gives {whole} columns, found {names} names");
            }
            names => {
                return plan_err!(
                    "UNNEST gives {whole} columns, or {expanded} with rows as fields, found {names} names"
                );
            }
        };
        let mut outputs = Vec::with_capacity(expanded);
        for (index, list) in self.lists.iter().enumerate() {
            outputs.extend(list.outputs(index, expand));
        }
        if self.with_ordinality {
            outputs.push((
                Field::new("ordinality", DataType::Int64, true),
                ident(placeholder(self.lists.len())),
            ));
        }
        Ok(outputs
            .into_iter()
            .enumerate()
            .map(|(index, (field, expr))| self.named(index, &field, expr))
            .collect())
    }

    fn named(&self, index: usize, field: &Field, expr: Expr) -> Expr {
        let name = self
            .names
            .get(index)
            .map_or(field.name().as_str(), String::as_str);
        // Elements lose their field's metadata in the unnest node, such as the mark of JSON.
        let metadata = (!field.metadata().is_empty()).then(|| field.metadata().into());
        Expr::Alias(Alias::new(expr, self.alias.clone(), name).with_metadata(metadata))
    }
}

impl List {
    fn plan(argument: SqlExpr, left: &LogicalPlan, context: &mut dyn RelationPlannerContext) -> Result<Self> {
        let expr = context.sql_to_expr(argument, left.schema())?;
        match expr.get_type(left.schema())? {
            DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
                Ok(Self {
                    expr,
                    element,
                    is_map: false,
                })
            }
            DataType::Map(element, _) => Ok(Self {
                expr: map_entries(expr),
                element,
                is_map: true,
            }),
            other => plan_err!(
                "UNNEST requires an array or a map, found {} of type {}",
                expr,
                sql_name(&other)
            ),
        }
    }

    /// Number of columns of the elements.
    fn width(&self, expand: bool) -> usize {
        match self.element.data_type() {
            DataType::Struct(fields) if expand || self.is_map => fields.len(),
            _ => 1,
        }
    }

    /// Columns of the elements in placeholder `index`.
    fn outputs(&self, index: usize, expand: bool) -> Vec<(Field, Expr)> {
        let elements = ident(placeholder(index));
        match self.element.data_type() {
            DataType::Struct(fields) if expand || self.is_map => fields
                .iter()
                .map(|field| {
                    let value = get_field().call(vec![elements.clone(), lit(field.name().as_str())]);
                    (field.as_ref().clone(), value)
                })
                .collect(),
            _ => {
                let name = format!("_col{index}");
                vec![(self.element.as_ref().clone().with_name(name), elements)]
            }
        }
    }
}

/// Ordinals 1, 2, … up to the length of the longest list.
fn ordinals(lists: &[List]) -> Expr {
    let length = |list: &List| coalesce(vec![as_bigint(cardinality(list.expr.clone())), lit(0_i64)]);
    let longest = match lists {
        [list] => length(list),
        lists => greatest(lists.iter().map(length).collect()),
    };
    gen_series(lit(1_i64), longest, lit(1_i64))
}

/// Length as BIGINT: `cardinality` returns unsigned numbers.
fn as_bigint(length: Expr) -> Expr {
    cast(length, DataType::Int64)
}

/// Name that no column of a user's table has.
fn placeholder(index: usize) -> String {
    format!("__unnest_{index}")
}
