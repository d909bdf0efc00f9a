//! Athena's SQL, a dialect of Trino's, on DataFusion's parser and planner.
//!
//! Missing features of DataFusion are added at seven places, each in its file:
//!
//! | what | where |
//! | --- | --- |
//! | `ARRAY(T)`, `ROW(name T, …)`, `MAP(K, V)` in CAST and TRY_CAST | [`types`]: a hook in the parser, and types planned as Trino reads them |
//! | `CROSS JOIN UNNEST(…) AS t(…)` over columns of the tables before it | [`rewrite`] regroups the joins, [`unnest`] plans them |
//! | `SELECT item.product_id` names its column `product_id` | [`rewrite`] |
//! | `JSON '…'` literals | [`rewrite`] |
//! | `list[1].field`, `f(x).field` | [`rewrite`] |
//! | `orderId`, `ORDERID` and `"OrderId"` are one name | [`parse_statement`] converts every name to lower case, as in tables |
//! | a column of the result is headed as the statement spells it, `_col0` if that gives it no name | [`headings`] |

use std::any::TypeId;

use datafusion::common::{Result, exec_err};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::names::lower_case;

mod headings;
mod rewrite;
#[cfg(test)]
mod tests;
mod types;
mod unnest;

pub(crate) use headings::Headings;
pub(crate) use types::AthenaTypes;
pub(crate) use unnest::UnnestPlanner;

/// Statement ready to be planned.
pub(crate) struct ParsedStatement {
    /// Statement with all names in lower case.
    pub(crate) statement: Statement,
    /// Headings; `None` for anything but a query.
    pub(crate) headings: Option<Headings>,
}

/// Parses exactly one statement; a semicolon may end it.
pub(crate) fn parse_statement(sql: &str) -> Result<ParsedStatement> {
    let tokens = Tokenizer::new(&AthenaDialect, sql)
        .tokenize_with_location()
        .map_err(ParserError::from)?;
    // Parsed twice, so that errors and headings have the names as written.
    let headings = Headings::of(&only_statement(tokens.clone())?);
    let mut statement = only_statement(tokens.into_iter().map(with_lower_case_name).collect())?;
    rewrite::rewrite(&mut statement)?;
    Ok(ParsedStatement { statement, headings })
}

fn only_statement(tokens: Vec<TokenWithSpan>) -> Result<Statement> {
    let mut statements = DFParserBuilder::new(tokens)
        .with_dialect(&AthenaDialect)
        .build()?
        .parse_statements()?;
    match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (Some(_), more) => exec_err!("wanted one statement, found {}", more + 1),
        (None, _) => exec_err!("wanted a statement, found none"),
    }
}

/// Token with its name, quoted or not, in lower case. Literals are tokens of other kinds.
fn with_lower_case_name(mut token: TokenWithSpan) -> TokenWithSpan {
    if let Token::Word(word) = &mut token.token {
        word.value = lower_case(&word.value);
    }
    token
}

/// DataFusion's generic dialect with Trino's types in casts.
#[derive(Debug)]
pub(crate) struct AthenaDialect;

impl Dialect for AthenaDialect {
    /// The parser checks for the generic dialect by its type before it reads UNNEST.
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
