//! `?`, for which a value is given with the statement.

use super::Parser;
use crate::ast::{Expr, ExprKind};
use crate::error::{Position, Result, err};

impl Parser<'_> {
    /// Checks that there is a value for each `?`, and no more.
    pub(super) fn check_parameters(&self) -> Result<()> {
        let wanted = self
            .tokens
            .iter()
            .filter(|(token, _)| token.is_parameter())
            .count();
        match self.parameters.given() {
            Some(given) if given.len() != wanted => {
                let found = given.len();
                let message = "Incorrect number of parameters: expected";
                Err(
                    err!(InvalidParameterUsage, "{message} {wanted} but found {found}")
                        .at(Position { line: 1, column: 1 }),
                )
            }
            _ => Ok(()),
        }
    }

    pub(super) fn text_has_parameters(&self) -> bool {
        self.tokens.iter().any(|(token, _)| token.is_parameter())
    }

    /// The value of the `?` that comes next. NULL stands for all if only the statement's type is wanted.
    pub(super) fn parameter(&mut self) -> Result<Expr> {
        let at = self.at();
        let before = &self.tokens[..self.next];
        let place = before.iter().filter(|(token, _)| token.is_parameter()).count();
        let kind = match self.parameters.given() {
            None => ExprKind::Null,
            Some(given) => match given.get(place) {
                Some(value) => value.kind.clone(),
                None => return Err(self.unexpected()),
            },
        };
        self.advance();
        Ok(Expr { at, kind })
    }

    /// Number of rows of LIMIT and its like.
    pub(super) fn row_count(&mut self) -> Result<u64> {
        if !self.is_symbol(0, "?") {
            return self.integer();
        }
        let value = self.parameter()?;
        match &value.kind {
            ExprKind::Null if self.parameters.given().is_none() => Ok(0),
            ExprKind::Integer(digits) if let Ok(count) = digits.parse() => Ok(count),
            _ => Err(err!(
                InvalidRowCount,
                "the value of a parameter that counts rows must be a whole number"
            )
            .at(value.at)),
        }
    }
}
