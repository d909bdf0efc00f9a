//! Athena's SQL, a dialect of Trino's, on DataFusion's parser and planner.
//!
//! What DataFusion lacks is added at five places, each in its file:
//!
//! | what | where |
//! | --- | --- |
//! | `ARRAY(T)`, `ROW(name T, …)`, `MAP(K, V)` in CAST and TRY_CAST | [`types`]: a hook in the parser, and types planned as Trino reads them |
//! | `CROSS JOIN UNNEST(…) AS t(…)` over columns of the tables before it | [`rewrite`] regroups the joins, [`unnest`] plans them |
//! | `SELECT item.product_id` names its column `product_id` | [`rewrite`] |
//! | `JSON '…'` literals | [`rewrite`] |
//! | `list[1].field`, `f(x).field` | [`rewrite`] |

use std::any::TypeId;

use datafusion::common::{Result, exec_err};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

mod rewrite;
#[cfg(test)]
mod tests;
mod types;
mod unnest;

pub(crate) use types::AthenaTypes;
pub(crate) use unnest::UnnestPlanner;

/// Parses exactly one statement; a semicolon may end it.
pub(crate) fn parse_statement(sql: &str) -> Result<Statement> {
    let mut statements = DFParserBuilder::new(sql)
        .with_dialect(&AthenaDialect)
        .build()?
        .parse_statements()?;
    match (statements.pop_front(), statements.len()) {
        (Some(mut statement), 0) => {
            rewrite::rewrite(&mut statement)?;
            Ok(statement)
        }
        (Some(_), more) => exec_err!("wanted one statement, found {}", more + 1),
        (None, _) => exec_err!("wanted a statement, found none"),
    }
}

/// DataFusion's generic dialect with Trino's types in casts.
#[derive(Debug)]
pub(crate) struct AthenaDialect;

impl Dialect for AthenaDialect {
    /// The parser asks for the generic dialect by its type before it reads UNNEST.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '"' || c == '`'
    }

    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_' || c == '$'
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        types::parse_cast(parser)
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_within_after_array_aggregation(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        true
    }

    fn supports_left_associative_joins_without_parens(&self) -> bool {
        true
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_explain_with_utility_options(&self) -> bool {
        true
    }
}
