//! Statements by their first words; EXPLAIN, SHOW, DESCRIBE and USE.

use super::Parser;
use crate::ast::{ExplainFormat, ParsedQuery, Statement};
use crate::error::{Result, err};
use crate::lexer::Token;

/// Words that begin statements which Athena has and this crate has not.
const UNSUPPORTED: [&str; 15] = [
    "ALTER", "ANALYZE", "CALL", "COMMIT", "DELETE", "GRANT", "MERGE", "MSCK", "OPTIMIZE", "RESET", "REVOKE",
    "ROLLBACK", "SET", "UPDATE", "VACUUM",
];

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Result<Statement> {
        if self.accept(&["prepare"]) {
            return self.prepare();
        }
        self.check_parameters()?;
        if self.accept(&["explain"]) {
            return self.explain();
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
        if self.accept(&["execute"]) {
            return self.execute();
        }
        if self.accept(&["deallocate"]) {
            return self.deallocate();
        }
        if self.accept(&["create"]) {
            return self.create();
        }
        if self.accept(&["drop"]) {
            return self.drop_statement();
        }
        if self.accept(&["unload"]) {
            return self.unload();
        }
        if self.accept(&["insert"]) {
            return self.insert();
        }
        if let Token::Word(word) = self.peek()
            && UNSUPPORTED.contains(&word.to_ascii_uppercase().as_str())
        {
            return Err(err!(NotSupported, "{} statements", word.to_ascii_uppercase()).at(self.at()));
        }
        Ok(Statement::Query(ParsedQuery(self.query()?)))
    }

    /// Error for a statement of which only some kinds are known.
    pub(super) fn unsupported(&self, verb: &str) -> Result<Statement> {
        match self.peek() {
            Token::Word(word) => {
                let message = format!("{verb} {}", word.to_ascii_uppercase());
                Err(err!(NotSupported, "{message}").at(self.at()))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// After EXPLAIN.
    fn explain(&mut self) -> Result<Statement> {
        let analyze = self.accept(&["analyze"]);
        let _ = analyze && self.accept(&["verbose"]);
        let mut format = ExplainFormat::Text;
        if self.is_symbol(0, "(") && (self.is_word(1, "type") || self.is_word(1, "format")) {
            let options = self.in_parentheses(|p| p.comma_separated(Self::explain_option))?;
            if let Some(last) = options.into_iter().flatten().next_back() {
                format = last;
            }
        }
        let query = ParsedQuery(self.query()?);
        Ok(Statement::Explain {
            analyze,
            format,
            query,
        })
    }

    /// `None` for the types of which there is one plan here: logical and distributed.
    fn explain_option(&mut self) -> Result<Option<ExplainFormat>> {
        let at = self.at();
        let word = |p: &mut Self| match p.advance() {
            Token::Word(word) => word.to_ascii_lowercase(),
            _ => String::new(),
        };
        match (word(self).as_str(), word(self).as_str()) {
            ("format", "text") => Ok(Some(ExplainFormat::Text)),
            ("format", "json") => Ok(Some(ExplainFormat::Json)),
            ("type", "validate") => Ok(Some(ExplainFormat::Validate)),
            ("type", "logical" | "distributed") => Ok(None),
            (option @ ("format" | "type"), found) => {
                let found = found.to_ascii_uppercase();
                Err(err!(NotSupported, "EXPLAIN ({} {found})", option.to_ascii_uppercase()).at(at))
            }
            _ => Err(err!(SyntaxError, "wanted FORMAT or TYPE").at(at)),
        }
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
        if self.accept(&["views"]) {
            let schema = match self.accept_from() {
                true => self.table_name()?,
                false => Vec::new(),
            };
            return Ok(Statement::ShowViews {
                schema,
                like: self.like()?,
            });
        }
        if self.accept(&["create", "table"]) {
            let name = self.table_name()?;
            return Ok(Statement::ShowCreateTable { name });
        }
        if self.accept(&["create", "view"]) {
            let name = self.table_name()?;
            return Ok(Statement::ShowCreateView { name });
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
        self.unsupported("SHOW")
    }

    fn accept_from(&mut self) -> bool {
        self.accept(&["from"]) || self.accept(&["in"])
    }

    /// Parts of a name in lower case, outermost first.
    pub(super) fn table_name(&mut self) -> Result<Vec<String>> {
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
