//! PREPARE, EXECUTE and DEALLOCATE.

use super::{Parser, constant, statement};
use crate::ast::{Parameters, Statement};
use crate::error::{Position, Result, err};
use crate::lexer::Token;

impl Parser<'_> {
    /// `PREPARE name FROM statement`: takes all up to the end.
    pub(super) fn prepare(&mut self) -> Result<Statement> {
        let name = self.ident()?.text.to_lowercase();
        self.expect(&["from"])?;
        let at = self.at();
        let text = self.text_from(at).trim_end().trim_end_matches(';').to_owned();
        // Its errors are better known now. Their places are those in the text around.
        let parsed = statement(&text, &Parameters::unknown()).map_err(|error| error.moved_to(at))?;
        if matches!(
            parsed,
            Statement::Prepare { .. } | Statement::Execute { .. } | Statement::Deallocate { .. }
        ) {
            return Err(err!(NotSupported, "Invalid statement type for prepared statement").at(at));
        }
        self.next = self.tokens.len() - 1;
        Ok(Statement::Prepare { name, text })
    }

    /// `EXECUTE name [USING value, …]` and `EXECUTE IMMEDIATE 'statement' [USING value, …]`.
    pub(super) fn execute(&mut self) -> Result<Statement> {
        if self.is_word(0, "immediate") && matches!(self.peek_at(1), Token::String(_)) {
            self.advance();
            let text = self.string()?;
            let parameters = self.using()?;
            return Ok(Statement::ExecuteImmediate { text, parameters });
        }
        let name = self.ident()?.text.to_lowercase();
        let parameters = self.using()?;
        Ok(Statement::Execute { name, parameters })
    }

    pub(super) fn deallocate(&mut self) -> Result<Statement> {
        self.expect(&["prepare"])?;
        let name = self.ident()?.text.to_lowercase();
        Ok(Statement::Deallocate { name })
    }

    fn using(&mut self) -> Result<Parameters> {
        if !self.accept(&["using"]) {
            return Ok(Parameters::default());
        }
        self.is_constant = true;
        let values = self.comma_separated(Self::expression)?;
        Ok(Parameters::from_exprs(values))
    }

    /// The text from a place on.
    pub(super) fn text_from(&self, at: Position) -> &str {
        let before = self.text.split_inclusive('\n').take(at.line as usize - 1);
        let line = before.map(str::len).sum::<usize>();
        let rest = &self.text[line..];
        let column = rest.char_indices().nth(at.column as usize - 1);
        &rest[column.map_or(rest.len(), |(offset, _)| offset)..]
    }
}

impl Parameters {
    /// Texts of constant SQL expressions: `5`, `'open'`, `DATE '2026-01-31'`.
    ///
    /// # Errors
    /// The message says which one it is.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self> {
        let values = (1..).zip(texts).map(|(number, text)| {
            let text = text.as_ref();
            constant(text).map_err(|error| crate::error::Error {
                message: format!("parameter {number}, {text:?}: {}", error.message),
                position: None,
                ..error
            })
        });
        values.collect::<Result<_>>().map(Self::from_exprs)
    }
}
