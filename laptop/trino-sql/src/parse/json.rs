//! JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY, whose arguments have a grammar of their own.

use super::Parser;
use crate::ast::*;
use crate::error::{Result, err};

impl Parser<'_> {
    fn json_value_expression(&mut self) -> Result<Expr> {
        let expr = self.expression()?;
        if self.accept(&["format", "json"]) && self.accept(&["encoding"]) {
            return Err(err!(NotSupported, "JSON input in an encoding").at(self.at()));
        }
        Ok(expr)
    }

    fn json_member(&mut self) -> Result<Expr> {
        let expr = self.expression()?;
        if self.accept(&["format", "json"]) {
            return Err(err!(NotSupported, "FORMAT JSON of a member").at(self.at()));
        }
        Ok(expr)
    }

    fn json_call(function: JsonFunction) -> JsonCall {
        let on_error = if function == JsonFunction::Exists {
            JsonBehavior::False
        } else {
            JsonBehavior::Null
        };
        JsonCall {
            function,
            input: None,
            path: String::new(),
            passing: Vec::new(),
            returning: None,
            on_empty: JsonBehavior::Null,
            on_error,
            wrapper: JsonWrapper::Without,
            omit_quotes: false,
            members: Vec::new(),
            absent_on_null: function == JsonFunction::Array,
            unique_keys: false,
        }
    }

    pub(super) fn json_path_call(&mut self, function: JsonFunction) -> Result<ExprKind> {
        self.advance();
        let mut call = Self::json_call(function);
        self.expect_symbol("(")?;
        call.input = Some(self.json_value_expression()?);
        self.expect_symbol(",")?;
        call.path = self.string()?;
        if self.accept(&["passing"]) {
            call.passing = self.comma_separated(|p| {
                let value = p.json_value_expression()?;
                p.expect(&["as"])?;
                Ok((value, p.ident()?.text))
            })?;
        }
        if self.accept(&["returning"]) {
            call.returning = Some(self.type_name()?);
            self.accept(&["format", "json"]);
        }
        if function == JsonFunction::Query {
            if self.accept(&["without"]) {
                self.accept(&["array"]);
                self.expect(&["wrapper"])?;
            } else if self.accept(&["with"]) {
                let conditional = self.accept(&["conditional"]);
                let _ = conditional || self.accept(&["unconditional"]);
                self.accept(&["array"]);
                self.expect(&["wrapper"])?;
                call.wrapper = if conditional {
                    JsonWrapper::Conditional
                } else {
                    JsonWrapper::Unconditional
                };
            }
            if self.is_word(0, "keep") || self.is_word(0, "omit") {
                call.omit_quotes = self.accept(&["omit"]);
                let _ = call.omit_quotes || self.accept(&["keep"]);
                self.expect(&["quotes"])?;
                self.accept(&["on", "scalar", "string"]);
            }
        }
        while !self.is_symbol(0, ")") {
            let behavior = self.json_behavior()?;
            self.expect(&["on"])?;
            if self.accept(&["empty"]) {
                call.on_empty = behavior;
            } else {
                self.expect(&["error"])?;
                call.on_error = behavior;
            }
        }
        self.expect_symbol(")")?;
        Ok(ExprKind::Json(Box::new(call)))
    }

    fn json_behavior(&mut self) -> Result<JsonBehavior> {
        Ok(if self.accept(&["null"]) {
            JsonBehavior::Null
        } else if self.accept(&["error"]) {
            JsonBehavior::Error
        } else if self.accept(&["true"]) {
            JsonBehavior::True
        } else if self.accept(&["false"]) {
            JsonBehavior::False
        } else if self.accept(&["unknown"]) {
            JsonBehavior::Unknown
        } else if self.accept(&["empty", "array"]) {
            JsonBehavior::EmptyArray
        } else if self.accept(&["empty", "object"]) {
            JsonBehavior::EmptyObject
        } else {
            self.expect(&["default"])?;
            JsonBehavior::Default(self.expression()?)
        })
    }

    pub(super) fn json_members(&mut self, function: JsonFunction) -> Result<ExprKind> {
        self.advance();
        let mut call = Self::json_call(function);
        self.expect_symbol("(")?;
        if !self.is_symbol(0, ")") && !self.is_word(0, "returning") {
            call.members = self.comma_separated(|p| {
                if function == JsonFunction::Array {
                    return Ok((None, p.json_member()?));
                }
                if p.is_word(0, "key") && !p.is_symbol(1, ":") && !p.is_word(1, "value") {
                    p.advance();
                }
                let key = p.expression()?;
                if !p.accept_symbol(":") {
                    p.expect(&["value"])?;
                }
                Ok((Some(key), p.json_member()?))
            })?;
            if self.accept(&["null", "on", "null"]) {
                call.absent_on_null = false;
            } else if self.accept(&["absent", "on", "null"]) {
                call.absent_on_null = true;
            }
            if self.accept(&["with", "unique"]) {
                self.accept(&["keys"]);
                call.unique_keys = true;
            } else if self.accept(&["without", "unique"]) {
                self.accept(&["keys"]);
            }
        }
        if self.accept(&["returning"]) {
            call.returning = Some(self.type_name()?);
            self.accept(&["format", "json"]);
        }
        self.expect_symbol(")")?;
        Ok(ExprKind::Json(Box::new(call)))
    }
}
