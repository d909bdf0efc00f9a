//! Headings of a result's columns, as the statement spells them.
//!
//! Names are case-insensitive, but the result shows each as its query wrote it ([names in
//! Athena](https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html)):
//!
//! | item of the SELECT list | heading |
//! | --- | --- |
//! | `x AS "OrderId"`, `x Order_ID` | the alias: `OrderId`, `Order_ID` |
//! | `orderId`, `t.OrderId`, `customer.Id` | what follows the last dot, as written |
//! | `*`, `t.*` | for tables their names in lower case, for subqueries their headings |
//! | any other expression | `_col0`, `_col1`, … by its place |
//!
//! A UNION has the headings of its first query.

use std::collections::HashMap;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Statement as SqlStatement, TableAlias, TableFactor,
    TableWithJoins, WildcardAdditionalOptions, With,
};

use crate::names::lower_case;

/// Headings of one query's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Headings(Vec<Heading>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Heading {
    Named(String),
    /// Column without a name.
    Unnamed,
    /// Any number of columns, whose names only the plan contains: those of a table.
    Planned,
}

/// Columns of the queries in WITH, by name in lower case.
type Scope = HashMap<String, Vec<Heading>>;

impl Headings {
    /// `None` for anything but a query.
    pub(super) fn of(statement: &Statement) -> Option<Self> {
        match statement {
            Statement::Statement(statement) => match &**statement {
                SqlStatement::Query(query) => Some(Self(of_query(query, &Scope::new()))),
                _ => None,
            },
            _ => None,
        }
    }

    /// Headings of the columns that the plan calls `names`.
    pub(crate) fn over(&self, names: Vec<String>) -> Vec<String> {
        let is_settled = |heading: &&Heading| **heading != Heading::Planned;
        let front = self.0.iter().take_while(is_settled).count();
        let back = self.0[front..].iter().rev().take_while(is_settled).count();
        let is_all = front == self.0.len();
        if names.len() < front + back || (is_all && names.len() > front) {
            tracing::debug!(?names, headings = ?self.0, "the plan has other columns than the statement");
            return names;
        }
        // Positions of columns between two tables' are unknown, so they are found by name.
        let between: HashMap<String, &String> = self.0[front..self.0.len() - back]
            .iter()
            .filter_map(|heading| match heading {
                Heading::Named(name) => Some((lower_case(name), name)),
                Heading::Unnamed | Heading::Planned => None,
            })
            .collect();
        let columns = names.len();
        let heading = |(place, name): (usize, String)| {
            let from_end = columns - place;
            let settled = if place < front {
                self.0.get(place)
            } else if from_end <= back {
                self.0.get(self.0.len() - from_end)
            } else {
                None
            };
            match settled {
                Some(Heading::Named(name)) => name.clone(),
                Some(Heading::Unnamed) => format!("_col{place}"),
                Some(Heading::Planned) | None => between.get(&name).map_or(name, |name| (*name).clone()),
            }
        };
        names.into_iter().enumerate().map(heading).collect()
    }
}

fn of_query(query: &Query, outer: &Scope) -> Vec<Heading> {
    match &query.with {
        None => of_body(&query.body, outer),
        Some(with) => of_body(&query.body, &with_queries(with, outer)),
    }
}

fn with_queries(with: &With, outer: &Scope) -> Scope {
    let mut scope = outer.clone();
    for cte in &with.cte_tables {
        let headings = aliased(of_query(&cte.query, &scope), Some(&cte.alias));
        scope.insert(lower_case(&cte.alias.name.value), headings);
    }
    scope
}

fn of_body(body: &SetExpr, scope: &Scope) -> Vec<Heading> {
    match body {
        SetExpr::Select(select) => of_select(select, scope),
        SetExpr::Query(query) => of_query(query, scope),
        SetExpr::SetOperation { left, .. } => of_body(left, scope),
        SetExpr::Values(values) => {
            let width = values.rows.first().map_or(0, |row| row.content.len());
            vec![Heading::Unnamed; width]
        }
        _ => vec![Heading::Planned],
    }
}

fn of_select(select: &Select, scope: &Scope) -> Vec<Heading> {
    let relations = Relations::of(&select.from, scope);
    let mut headings = Vec::with_capacity(select.projection.len());
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(expr) => headings.push(name_of(expr).map_or(Heading::Unnamed, named)),
            SelectItem::ExprWithAlias { alias, .. } => headings.push(named(alias)),
            SelectItem::Wildcard(options) if is_plain(options) => headings.extend(relations.all()),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
                if is_plain(options) =>
            {
                let last = name.0.last().and_then(|part| part.as_ident());
                headings.extend(relations.named(last));
            }
            _ => headings.push(Heading::Planned),
        }
    }
    headings
}

fn named(name: &Ident) -> Heading {
    Heading::Named(name.value.clone())
}

/// Name that an expression gives its column: that of a column, or of a field accessed by dots only.
fn name_of(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        Expr::Nested(inner) => name_of(inner),
        _ => None,
    }
}

/// Whether a `*` denotes all columns.
fn is_plain(options: &WildcardAdditionalOptions) -> bool {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    opt_ilike.is_none()
        && opt_exclude.is_none()
        && opt_except.is_none()
        && opt_replace.is_none()
        && opt_rename.is_none()
        && opt_alias.is_none()
}

/// Relations of a FROM clause, in order.
struct Relations(Vec<Relation>);

struct Relation {
    /// Name in lower case.
    name: Option<String>,
    headings: Vec<Heading>,
}

impl Relations {
    fn of(from: &[TableWithJoins], scope: &Scope) -> Self {
        let mut relations = Self(Vec::new());
        from.iter().for_each(|table| relations.add_all(table, scope));
        relations
    }

    fn add_all(&mut self, table: &TableWithJoins, scope: &Scope) {
        self.add(&table.relation, scope);
        for join in &table.joins {
            let first = self.0.len();
            self.add(&join.relation, scope);
            leave_out_shared(&mut self.0[first..], join);
        }
    }

    fn add(&mut self, relation: &TableFactor, scope: &Scope) {
        let (name, headings) = match relation {
            TableFactor::Table { name, alias, .. } => {
                let last = name.0.last().and_then(|part| part.as_ident());
                let headings = match (name.0.len(), last) {
                    (1, Some(name)) => of_name(&name.value, scope),
                    _ => vec![Heading::Planned],
                };
                (
                    alias.as_ref().map(|alias| &alias.name).or(last),
                    aliased(headings, alias.as_ref()),
                )
            }
            TableFactor::Derived { subquery, alias, .. } => (
                alias.as_ref().map(|alias| &alias.name),
                aliased(of_query(subquery, scope), alias.as_ref()),
            ),
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => return self.add_all(table_with_joins, scope),
            TableFactor::UNNEST { alias, .. } | TableFactor::Function { alias, .. } => (
                alias.as_ref().map(|alias| &alias.name),
                aliased(vec![Heading::Planned], alias.as_ref()),
            ),
            _ => (None, vec![Heading::Planned]),
        };
        let name = name.map(|name| lower_case(&name.value));
        self.0.push(Relation { name, headings });
    }

    fn all(&self) -> impl Iterator<Item = Heading> {
        self.0
            .iter()
            .flat_map(|relation| relation.headings.iter().cloned())
    }

    fn named(&self, name: Option<&Ident>) -> Vec<Heading> {
        let name = name.map(|name| lower_case(&name.value));
        let mut relations = self.0.iter();
        match relations.find(|relation| relation.name.is_some() && relation.name == name) {
            Some(relation) => relation.headings.clone(),
            None => vec![Heading::Planned],
        }
    }
}

/// Removes the columns that a join with USING shares, which `*` shows once, with those of its left side.
fn leave_out_shared(right: &mut [Relation], join: &Join) {
    use JoinOperator::{CrossJoin, FullOuter, Inner, Join as Plain, Left, LeftOuter, Right, RightOuter};
    let constraint = match &join.join_operator {
        Plain(constraint)
        | Inner(constraint)
        | Left(constraint)
        | LeftOuter(constraint)
        | Right(constraint)
        | RightOuter(constraint)
        | FullOuter(constraint)
        | CrossJoin(constraint) => constraint,
        _ => &JoinConstraint::Natural,
    };
    match constraint {
        JoinConstraint::On(_) | JoinConstraint::None => {}
        JoinConstraint::Natural => right
            .iter_mut()
            .for_each(|relation| relation.headings = vec![Heading::Planned]),
        JoinConstraint::Using(names) => {
            let shared = names.iter().filter_map(|name| name.0.last()?.as_ident());
            let shared: Vec<String> = shared.map(|name| lower_case(&name.value)).collect();
            for relation in right {
                relation.headings.retain(|heading| match heading {
                    Heading::Named(name) => !shared.contains(&lower_case(name)),
                    Heading::Unnamed | Heading::Planned => true,
                });
            }
        }
    }
}

/// Columns of `name` without a schema: a query in WITH, else a table.
fn of_name(name: &str, scope: &Scope) -> Vec<Heading> {
    let query = scope.get(&lower_case(name));
    query.cloned().unwrap_or_else(|| vec![Heading::Planned])
}

/// Headings, unless the alias names the columns itself.
fn aliased(headings: Vec<Heading>, alias: Option<&TableAlias>) -> Vec<Heading> {
    match alias {
        Some(alias) if !alias.columns.is_empty() => {
            alias.columns.iter().map(|column| named(&column.name)).collect()
        }
        _ => headings,
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::parse_statement;

    /// Headings that `sql` gives to the columns that its plan calls `planned`.
    fn headings(sql: &str, planned: &[&str]) -> Vec<String> {
        let headings = parse_statement(sql).unwrap().headings.unwrap();
        headings.over(planned.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_column_is_headed_as_the_select_list_spells_it() {
        let sql =
            r#"SELECT orderId, "ORDERID", t.User_ID, (X), o."Inner".Field, y AS Max_Y, z "a""B" FROM t"#;
        let planned = ["orderid", "orderid", "user_id", "x", "field", "max_y", "a\"b"];
        assert_eq!(
            headings(sql, &planned),
            ["orderId", "ORDERID", "User_ID", "X", "Field", "Max_Y", "a\"B"]
        );
    }

    #[test]
    fn an_expression_without_a_name_is_headed_by_its_place() {
        let sql = "SELECT count(*), X + 1, list[1].A, CAST(R AS ROW(F INT)).F, 'A', CURRENT_DATE, Y FROM t";
        let planned = ["count(*)", "t.x + 1", "f", "f", "A", "current_date()", "y"];
        assert_eq!(
            headings(sql, &planned),
            ["_col0", "_col1", "_col2", "_col3", "_col4", "_col5", "Y"]
        );
        assert_eq!(
            headings("VALUES (1, 2), (3, 4)", &["column1", "column2"]),
            ["_col0", "_col1"]
        );
    }

    #[test]
    fn a_star_shows_tables_in_lower_case_and_subqueries_as_they_are_headed() {
        let cases = [
            (
                "SELECT * FROM Orders",
                &["orderid", "at"][..],
                &["orderid", "at"][..],
            ),
            (
                r#"SELECT * FROM (SELECT id AS "Id", max(At), N FROM t GROUP BY id, n) x"#,
                &["id", "max(at)", "n"],
                &["Id", "_col1", "N"],
            ),
            (
                r#"WITH A AS (SELECT 1 AS X), "B"(Y) AS (SELECT * FROM a) SELECT b.*, a.*, 5 FROM A, b"#,
                &["y", "x", "Int64(5)"],
                &["Y", "X", "_col2"],
            ),
            (
                "SELECT *, count(*) OVER () FROM t JOIN (SELECT Id, A FROM u) v USING (ID)",
                &["id", "b", "a", "count(*)"],
                &["id", "b", "A", "_col3"],
            ),
            (
                "SELECT Id, t.*, X AS Y, u.*, Z FROM t, u",
                &["id", "a", "y", "b", "z"],
                &["Id", "a", "Y", "b", "Z"],
            ),
            (
                "SELECT * FROM t CROSS JOIN UNNEST(Items) WITH ORDINALITY AS i(Item, N)",
                &["id", "item", "n"],
                &["id", "Item", "N"],
            ),
        ];
        for (sql, planned, wanted) in cases {
            assert_eq!(headings(sql, planned), wanted, "{sql}");
        }
    }

    #[test]
    fn a_union_is_headed_by_its_first_query() {
        let sql = "(SELECT 1 AS A, 2) UNION ALL SELECT 3 AS B, 4 AS c ORDER BY a";
        assert_eq!(headings(sql, &["a", "Int64(2)"]), ["A", "_col1"]);
    }

    #[test]
    fn other_statements_have_no_headings_of_their_own() {
        for sql in ["EXPLAIN SELECT 1", "SHOW TABLES IN a", "DESCRIBE a.b"] {
            assert_eq!(parse_statement(sql).unwrap().headings, None, "{sql}");
        }
    }
}
