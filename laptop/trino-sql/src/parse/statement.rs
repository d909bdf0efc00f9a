//! Statements around queries: EXPLAIN, SHOW, DESCRIBE and USE.

use super::Parser;
use crate::ast::{ParsedQuery, Statement};
use crate::error::{Result, err};
use crate::lexer::Token;

/// Words that begin statements which Athena has and this crate has not.
const UNSUPPORTED: [&str; 20] = [
    "ALTER",
    "ANALYZE",
    "CALL",
    "COMMIT",
    "CREATE",
    "DEALLOCATE",
    "DELETE",
    "DROP",
    "EXECUTE",
    "GRANT",
    "INSERT",
    "MERGE",
    "MSCK",
    "OPTIMIZE",
    "PREPARE",
    "RESET",
    "SET",
    "UNLOAD",
    "UPDATE",
    "VACUUM",
];

impl Parser {
    pub(super) fn statement(&mut self) -> Result<Statement> {
        if self.accept(&["explain"]) {
            let analyze = self.accept(&["analyze"]);
            if self.is_symbol(0, "(") && self.is_word(1, "type") || self.is_word(1, "format") {
                return Err(err!(NotSupported, "EXPLAIN with options").at(self.at()));
            }
            let query = ParsedQuery(self.query()?);
            return Ok(Statement::Explain { analyze, query });
        }
        if self.accept(&["show"]) {
            return self.show();
        }
        if self.accept(&["describe"]) || self.accept(&["desc"]) {
            let _ = self.accept(&["extended"]) || self.accept(&["formatted"]);
            let table = self.table_name()?;
            return Ok(Statement::ShowColumns { table });
        }
        if self.accept(&["use"]) {
            let schema = self.table_name()?;
            return Ok(Statement::Use { schema });
        }
        if let Token::Word(word) = self.peek()
            && UNSUPPORTED.contains(&word.to_ascii_uppercase().as_str())
        {
            return Err(err!(NotSupported, "{} statements", word.to_ascii_uppercase()).at(self.at()));
        }
        Ok(Statement::Query(ParsedQuery(self.query()?)))
    }

    fn show(&mut self) -> Result<Statement> {
        if self.accept(&["catalogs"]) {
            return Ok(Statement::ShowCatalogs { like: self.like()? });
        }
        if self.accept(&["functions"]) {
            return Ok(Statement::ShowFunctions { like: self.like()? });
        }
        if self.accept(&["schemas"]) || self.accept(&["databases"]) {
            let catalog = match self.accept_from() {
                true => Some(self.ident()?.text.to_lowercase()),
                false => None,
            };
            return Ok(Statement::ShowSchemas {
                catalog,
                like: self.like()?,
            });
        }
        if self.accept(&["tables"]) {
            let schema = match self.accept_from() {
                true => self.table_name()?,
                false => Vec::new(),
            };
            return Ok(Statement::ShowTables {
                schema,
                like: self.like()?,
            });
        }
        if self.accept(&["columns"]) {
            if !self.accept_from() {
                return Err(self.unexpected());
            }
            let mut table = self.table_name()?;
            // Hive's order: SHOW COLUMNS IN table IN database.
            if self.accept_from() {
                let mut schema = self.table_name()?;
                schema.append(&mut table);
                table = schema;
            }
            return Ok(Statement::ShowColumns { table });
        }
        if let Token::Word(word) = self.peek() {
            return Err(err!(NotSupported, "SHOW {}", word.to_ascii_uppercase()).at(self.at()));
        }
        Err(self.unexpected())
    }

    fn accept_from(&mut self) -> bool {
        self.accept(&["from"]) || self.accept(&["in"])
    }

    /// Parts of a name in lower case, outermost first.
    fn table_name(&mut self) -> Result<Vec<String>> {
        let parts = self.qualified_name()?;
        Ok(parts.into_iter().map(|part| part.text.to_lowercase()).collect())
    }

    /// A pattern, with LIKE or, as in Hive, without.
    fn like(&mut self) -> Result<Option<String>> {
        if self.accept(&["like"]) || matches!(self.peek(), Token::String(_)) {
            return self.string().map(Some);
        }
        Ok(None)
    }
}
