//! Statements as callers see them.

use crate::ast;
use crate::deep_stack::on_deep_stack;
use crate::error::Result;
use crate::parse;

/// A parsed statement. Names are in lower case, outermost first.
#[derive(Debug, Clone)]
pub enum Statement {
    Query(ParsedQuery),
    Explain {
        /// Whether the query is run for its statistics.
        analyze: bool,
        query: ParsedQuery,
    },
    ShowCatalogs {
        like: Option<String>,
    },
    ShowSchemas {
        catalog: Option<String>,
        like: Option<String>,
    },
    /// The name has no parts if the statement names no schema.
    ShowTables {
        schema: Vec<String>,
        like: Option<String>,
    },
    /// Also DESCRIBE.
    ShowColumns {
        table: Vec<String>,
    },
    ShowFunctions {
        like: Option<String>,
    },
    /// One or two parts: `USE schema`, `USE catalog.schema`.
    Use {
        schema: Vec<String>,
    },
}

/// A query that is parsed, but not bound to tables.
#[derive(Debug, Clone)]
pub struct ParsedQuery(pub(crate) ast::Query);

impl Statement {
    /// Parses one statement; a semicolon may end it.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match on_deep_stack(|| parse::statement(text))?? {
            ast::Statement::Query(query) => Self::Query(ParsedQuery(query)),
            ast::Statement::Explain { analyze, query } => Self::Explain {
                analyze,
                query: ParsedQuery(query),
            },
            ast::Statement::ShowCatalogs { like } => Self::ShowCatalogs { like },
            ast::Statement::ShowSchemas { catalog, like } => Self::ShowSchemas { catalog, like },
            ast::Statement::ShowTables { schema, like } => Self::ShowTables { schema, like },
            ast::Statement::ShowColumns { table } => Self::ShowColumns { table },
            ast::Statement::ShowFunctions { like } => Self::ShowFunctions { like },
            ast::Statement::Use { schema } => Self::Use { schema },
        })
    }
}
