//! Types.

use super::Parser;
use crate::ast::*;
use crate::error::Result;
use crate::lexer::Token;

impl Parser<'_> {
    pub(super) fn type_name(&mut self) -> Result<TypeName> {
        let at = self.at();
        let mut ty = TypeName {
            kind: self.deeper(Self::base_type)?,
            at,
        };
        while self.accept(&["array"]) {
            ty = TypeName {
                kind: TypeNameKind::Array(Box::new(ty)),
                at,
            };
        }
        Ok(ty)
    }

    fn base_type(&mut self) -> Result<TypeNameKind> {
        if self.is_word(0, "row") && self.is_symbol(1, "(") {
            self.advance();
            let fields = self.in_parentheses(|p| p.comma_separated(Self::row_field))?;
            return Ok(TypeNameKind::Row(fields));
        }
        if self.accept(&["interval", "year", "to", "month"]) {
            return Ok(TypeNameKind::IntervalYear);
        }
        if self.accept(&["interval", "day", "to", "second"]) {
            return Ok(TypeNameKind::IntervalDay);
        }
        for name in ["timestamp", "time"] {
            if self.accept(&[name]) {
                let precision = if self.is_symbol(0, "(") {
                    Some(self.in_parentheses(Self::integer)?)
                } else {
                    None
                };
                let zone = self.accept(&["with", "time", "zone"]);
                let _ = zone || self.accept(&["without", "time", "zone"]);
                return Ok(TypeNameKind::DateTime {
                    name,
                    precision,
                    zone,
                });
            }
        }
        if self.accept(&["double", "precision"]) {
            return Ok(TypeNameKind::Plain("double".to_owned(), Vec::new()));
        }
        let name = self.ident()?.text.to_lowercase();
        match name.as_str() {
            "array" if self.accept_symbol("<") => {
                let item = self.type_name()?;
                self.expect_symbol(">")?;
                return Ok(TypeNameKind::Array(Box::new(item)));
            }
            "array" => {
                return Ok(TypeNameKind::Array(Box::new(
                    self.in_parentheses(Self::type_name)?,
                )));
            }
            "map" => {
                let angle = self.accept_symbol("<");
                let _ = angle || self.accept_symbol("(");
                let key = self.type_name()?;
                self.expect_symbol(",")?;
                let value = self.type_name()?;
                self.expect_symbol(if angle { ">" } else { ")" })?;
                return Ok(TypeNameKind::Map(Box::new(key), Box::new(value)));
            }
            _ => {}
        }
        let mut numbers = Vec::new();
        if self.is_symbol(0, "(") {
            numbers = self.in_parentheses(|p| p.comma_separated(Self::integer))?;
        }
        Ok(TypeNameKind::Plain(name, numbers))
    }

    /// `name type` or a type alone.
    fn row_field(&mut self) -> Result<(Option<Ident>, TypeName)> {
        let ends = |token: &Token| matches!(token, Token::Symbol("," | ")" | "(" | "<" | ">"));
        let alone = ends(self.peek_at(1))
            || self.are_words(&["double", "precision"])
            || self.is_word(0, "interval") && !ends(self.peek_at(2))
            || (self.is_word(0, "timestamp") || self.is_word(0, "time"))
                && (self.is_word(1, "with") || self.is_word(1, "without"));
        let name = if alone { None } else { Some(self.ident()?) };
        Ok((name, self.type_name()?))
    }
}
