//! Statements from their text.

use crate::ast::{Parameters, Statement};
use crate::deep_stack::on_deep_stack;
use crate::error::Result;
use crate::parse;

impl Statement {
    /// Parses one statement without parameters; a semicolon may end it.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, &Parameters::default())
    }

    /// Parses one statement; the parameters stand for its `?`.
    ///
    /// # Errors
    /// Also if there are more parameters than `?`, or fewer.
    pub fn parse_with(text: &str, parameters: &Parameters) -> Result<Self> {
        on_deep_stack(|| parse::statement(text, parameters))?
    }

    /// Number of `?` in a statement, which need not be valid.
    pub fn parameter_count(text: &str) -> Result<usize> {
        parse::parameter_count(text)
    }
}
