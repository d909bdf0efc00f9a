//! Statements from their text.

use crate::ast::Statement;
use crate::deep_stack::on_deep_stack;
use crate::error::Result;
use crate::parse;

impl Statement {
    /// Parses one statement; a semicolon may end it.
    pub fn parse(text: &str) -> Result<Self> {
        on_deep_stack(|| parse::statement(text))?
    }
}
