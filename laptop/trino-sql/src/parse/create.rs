//! Views: CREATE VIEW, DROP VIEW. Tables: CREATE TABLE AS, DROP TABLE.

use super::Parser;
use crate::ast::{CreateTable, ParsedQuery, Statement};
use crate::error::{Result, err};

impl Parser<'_> {
    /// After CREATE.
    pub(super) fn create(&mut self) -> Result<Statement> {
        let or_replace = self.accept(&["or", "replace"]);
        if self.accept(&["view"]) {
            return self.create_view(or_replace);
        }
        if !or_replace && self.accept(&["table"]) {
            return self.create_table();
        }
        self.unsupported("CREATE")
    }

    /// After DROP.
    pub(super) fn drop_statement(&mut self) -> Result<Statement> {
        if self.accept(&["view"]) {
            let if_exists = self.accept(&["if", "exists"]);
            let name = self.table_name()?;
            return Ok(Statement::DropView { name, if_exists });
        }
        if self.accept(&["table"]) {
            let if_exists = self.accept(&["if", "exists"]);
            let name = self.table_name()?;
            return Ok(Statement::DropTable { name, if_exists });
        }
        self.unsupported("DROP")
    }

    fn create_view(&mut self, or_replace: bool) -> Result<Statement> {
        let name = self.table_name()?;
        self.expect(&["as"])?;
        let at = self.at();
        let text = self
            .text_from(at)
            .trim_end()
            .trim_end_matches(';')
            .trim_end()
            .to_owned();
        if self.text_has_parameters() {
            return Err(err!(InvalidParameterUsage, "a view cannot have parameters").at(at));
        }
        let query = ParsedQuery(self.query()?);
        Ok(Statement::CreateView {
            name,
            or_replace,
            query,
            text,
        })
    }

    fn create_table(&mut self) -> Result<Statement> {
        let if_not_exists = self.accept(&["if", "not", "exists"]);
        let name = self.table_name()?;
        let mut columns = None;
        if self.is_symbol(0, "(") {
            let names = self.in_parentheses(|p| p.comma_separated(Self::ident));
            // Columns with types: a table without rows, which is not made here.
            let Ok(names) = names else {
                return Err(err!(NotSupported, "CREATE TABLE without AS SELECT").at(self.at()));
            };
            columns = Some(names.into_iter().map(|name| name.text.to_lowercase()).collect());
        }
        let properties = self.properties()?;
        if !self.accept(&["as"]) {
            return Err(err!(NotSupported, "CREATE TABLE without AS SELECT").at(self.at()));
        }
        let query = ParsedQuery(self.query()?);
        let mut with_data = true;
        if self.accept(&["with"]) {
            with_data = !self.accept(&["no"]);
            self.expect(&["data"])?;
        }
        Ok(Statement::CreateTable(CreateTable {
            name,
            if_not_exists,
            columns,
            properties,
            query,
            with_data,
        }))
    }
}
