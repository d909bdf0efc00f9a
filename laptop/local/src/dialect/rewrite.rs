//! Changes to a parsed statement before it is planned.

use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, Result, plan_datafusion_err};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Select, SelectItem,
    TableFactor, TableWithJoins, TypedString, Value as SqlValue, VisitMut, VisitorMut,
};

/// Applies all changes, in subqueries, too.
pub(super) fn rewrite(statement: &mut Statement) -> Result<()> {
    match statement {
        Statement::Explain(explain) => rewrite(&mut explain.statement),
        Statement::Statement(statement) => match statement.visit(&mut Rewriter) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        },
        _ => Ok(()),
    }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = DataFusionError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<DataFusionError> {
        // Names first: grouping the joins moves the tables a level deeper.
        name_row_fields(select);
        match group_unnests(std::mem::take(&mut select.from)) {
            Ok(from) => {
                select.from = from;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<DataFusionError> {
        match expr {
            Expr::TypedString(TypedString {
                data_type: SqlType::JSON,
                value,
                ..
            }) => *expr = call("json_parse", Expr::Value(value.clone())),
            Expr::CompoundFieldAccess { root, access_chain } => quote_row_fields(root, access_chain),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Makes each lateral UNNEST the last join of a nested join of its own, which [`super::unnest`] can plan: it
/// needs the rows before the UNNEST as one relation. `a CROSS JOIN UNNEST(a.x) JOIN b` becomes `(a CROSS JOIN
/// UNNEST(a.x)) JOIN b`, and `a, UNNEST(a.x)` becomes `(a CROSS JOIN UNNEST(a.x))`.
fn group_unnests(from: Vec<TableWithJoins>) -> Result<Vec<TableWithJoins>> {
    let mut grouped: Vec<TableWithJoins> = Vec::with_capacity(from.len());
    for TableWithJoins { relation, joins } in from {
        let relation = group_nested(relation)?;
        if !is_unnest(&relation) || grouped.is_empty() {
            grouped.push(group_joins(
                TableWithJoins {
                    relation,
                    joins: Vec::new(),
                },
                joins,
            )?);
            continue;
        }
        let mut before = grouped.drain(..).map(unjoined);
        if let Some(first) = before.next() {
            let table = TableWithJoins {
                relation: first,
                joins: before.map(cross_join).collect(),
            };
            grouped = vec![group_joins(
                table,
                std::iter::once(cross_join(relation)).chain(joins),
            )?];
        }
    }
    Ok(grouped)
}

fn group_joins(mut table: TableWithJoins, joins: impl IntoIterator<Item = Join>) -> Result<TableWithJoins> {
    for mut join in joins {
        if is_unnest(&join.relation) {
            check_condition(&join)?;
            table.joins.push(join);
            table = TableWithJoins {
                relation: nested(table),
                joins: Vec::new(),
            };
        } else {
            join.relation = group_nested(join.relation)?;
            table.joins.push(join);
        }
    }
    Ok(table)
}

fn group_nested(relation: TableFactor) -> Result<TableFactor> {
    match relation {
        TableFactor::NestedJoin {
            table_with_joins,
            alias,
        } => {
            let TableWithJoins { relation, joins } = *table_with_joins;
            let table = TableWithJoins {
                relation: group_nested(relation)?,
                joins: Vec::new(),
            };
            Ok(TableFactor::NestedJoin {
                table_with_joins: Box::new(group_joins(table, joins)?),
                alias,
            })
        }
        other => Ok(other),
    }
}

/// Table as one factor.
fn unjoined(table: TableWithJoins) -> TableFactor {
    if table.joins.is_empty() {
        table.relation
    } else {
        nested(table)
    }
}

fn nested(table: TableWithJoins) -> TableFactor {
    TableFactor::NestedJoin {
        table_with_joins: Box::new(table),
        alias: None,
    }
}

fn cross_join(relation: TableFactor) -> Join {
    Join {
        relation,
        global: false,
        join_operator: JoinOperator::CrossJoin(JoinConstraint::None),
    }
}

/// Whether the relation is UNNEST, which may use columns of the tables before it.
pub(super) fn is_unnest(relation: &TableFactor) -> bool {
    matches!(relation, TableFactor::UNNEST { .. })
}

/// Checks that, as in Trino, an UNNEST is joined without a condition, or `ON TRUE`.
fn check_condition(join: &Join) -> Result<()> {
    use JoinOperator::{CrossJoin, Inner, Join as Plain, Left, LeftOuter};
    match &join.join_operator {
        CrossJoin(JoinConstraint::None) => Ok(()),
        Plain(JoinConstraint::On(condition))
        | Inner(JoinConstraint::On(condition))
        | Left(JoinConstraint::On(condition))
        | LeftOuter(JoinConstraint::On(condition))
            if is_true(condition) =>
        {
            Ok(())
        }
        _ => Err(plan_datafusion_err!(
            "UNNEST supports CROSS JOIN, JOIN ON TRUE and LEFT JOIN ON TRUE, found {join}"
        )),
    }
}

fn is_true(condition: &Expr) -> bool {
    condition.to_string().eq_ignore_ascii_case("true")
}

/// Names each plain `a.b.c` of the SELECT list `c`, unless everything before the last dot is a table: Trino
/// names a field of a row by the field only, DataFusion by the whole expression.
fn name_row_fields(select: &mut Select) {
    let tables = TableNames::of(&select.from);
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) = item else {
            continue;
        };
        let Some((field, before)) = parts.split_last() else {
            continue;
        };
        if !before.is_empty() && !tables.contain(before) {
            let (expr, alias) = (Expr::CompoundIdentifier(parts.clone()), field.clone());
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
}

/// Converts the fields of `list[1].a.b` and `f(x).a` to texts, as DataFusion requires after anything but a
/// name. Names immediately after the first one, as in `t.list[1]`, may still be those of a table's column.
fn quote_row_fields(root: &Expr, access_chain: &mut [AccessExpr]) {
    let is_name = |access: &AccessExpr| matches!(access, AccessExpr::Dot(Expr::Identifier(_)));
    let names = match root {
        Expr::Identifier(_) => access_chain.iter().take_while(|access| is_name(access)).count(),
        _ => 0,
    };
    for access in &mut access_chain[names..] {
        if let AccessExpr::Dot(Expr::Identifier(field)) = access {
            let field = SqlValue::SingleQuotedString(std::mem::take(&mut field.value));
            *access = AccessExpr::Dot(Expr::value(field));
        }
    }
}

/// Names of the tables of a FROM clause: the alias, else any end of the full name.
struct TableNames(Vec<Vec<String>>);

impl TableNames {
    fn of(from: &[TableWithJoins]) -> Self {
        let mut names = Self(Vec::new());
        from.iter().for_each(|table| names.add_all(table));
        names
    }

    fn add_all(&mut self, table: &TableWithJoins) {
        self.add(&table.relation);
        table.joins.iter().for_each(|join| self.add(&join.relation));
    }

    fn add(&mut self, relation: &TableFactor) {
        match relation {
            TableFactor::Table {
                alias: Some(alias), ..
            }
            | TableFactor::Derived {
                alias: Some(alias), ..
            }
            | TableFactor::UNNEST {
                alias: Some(alias), ..
            }
            | TableFactor::Function {
                alias: Some(alias), ..
            } => self.0.push(vec![alias.name.value.clone()]),
            TableFactor::Table { name, .. } => {
                self.0.push(
                    name.0
                        .iter()
                        .filter_map(|part| part.as_ident().map(|name| name.value.clone()))
                        .collect(),
                );
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.add_all(table_with_joins),
            _ => {}
        }
    }

    fn contain(&self, name: &[Ident]) -> bool {
        let name: Vec<String> = name.iter().map(|name| name.value.clone()).collect();
        self.0.iter().any(|table| table.ends_with(&name))
    }
}

fn call(function: &str, argument: Expr) -> Expr {
    let arguments = FunctionArgumentList {
        duplicate_treatment: None,
        args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))],
        clauses: Vec::new(),
    };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(function)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(arguments),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
