//! Statements that write rows: UNLOAD and INSERT.

use super::Parser;
use crate::ast::{ParsedQuery, Property, PropertyValue, Statement};
use crate::error::Result;
use crate::lexer::Token;

impl Parser<'_> {
    /// After UNLOAD: `(SELECT …) TO 'location' WITH (format = 'PARQUET', …)`.
    pub(super) fn unload(&mut self) -> Result<Statement> {
        let query = ParsedQuery(self.in_parentheses(Self::query)?);
        self.expect(&["to"])?;
        let location = self.string()?;
        let properties = self.properties()?;
        Ok(Statement::Unload {
            query,
            location,
            properties,
        })
    }

    /// After INSERT.
    pub(super) fn insert(&mut self) -> Result<Statement> {
        self.expect(&["into"])?;
        let name = self.table_name()?;
        // A parenthesis may also begin the query.
        let columns = match self.is_symbol(0, "(") && self.is_ident(1) {
            true => {
                let names = self.idents()?;
                Some(names.into_iter().map(|name| name.text.to_lowercase()).collect())
            }
            false => None,
        };
        let query = ParsedQuery(self.query()?);
        Ok(Statement::Insert { name, columns, query })
    }

    /// `WITH (name = value, …)`, if there is one.
    pub(super) fn properties(&mut self) -> Result<Vec<Property>> {
        if !(self.is_word(0, "with") && self.is_symbol(1, "(")) {
            return Ok(Vec::new());
        }
        self.advance();
        self.in_parentheses(|p| p.comma_separated(Self::property))
    }

    fn property(&mut self) -> Result<Property> {
        let name = self.ident()?;
        self.expect_symbol("=")?;
        Ok(Property {
            name: name.text.to_lowercase(),
            value: self.property_value()?,
            at: name.at,
        })
    }

    fn property_value(&mut self) -> Result<PropertyValue> {
        if self.accept(&["true"]) {
            return Ok(PropertyValue::Boolean(true));
        }
        if self.accept(&["false"]) {
            return Ok(PropertyValue::Boolean(false));
        }
        if self.accept(&["array"]) {
            self.expect_symbol("[")?;
            let values = self.comma_separated(Self::string)?;
            self.expect_symbol("]")?;
            return Ok(PropertyValue::List(values));
        }
        match self.peek() {
            Token::Integer(_) => Ok(PropertyValue::Integer(self.integer()?)),
            _ => Ok(PropertyValue::Text(self.string()?)),
        }
    }
}
