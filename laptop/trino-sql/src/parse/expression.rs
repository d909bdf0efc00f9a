//! Expressions.

use super::{Parser, is_reserved};
use crate::ast::*;
use crate::error::{Position, Result, err};
use crate::lexer::Token;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expr> {
        self.deeper(Self::disjunction)
    }

    /// Chains of OR and AND are lists, so that their length is not depth.
    fn disjunction(&mut self) -> Result<Expr> {
        self.chain("or", Self::conjunction, ExprKind::Or)
    }

    fn conjunction(&mut self) -> Result<Expr> {
        self.chain("and", Self::negation, ExprKind::And)
    }

    fn chain(
        &mut self,
        word: &str,
        term: fn(&mut Self) -> Result<Expr>,
        kind: fn(Vec<Expr>) -> ExprKind,
    ) -> Result<Expr> {
        let first = term(self)?;
        if !self.is_word(0, word) {
            return Ok(first);
        }
        let at = first.at;
        let mut terms = vec![first];
        while self.accept(&[word]) {
            terms.push(term(self)?);
        }
        Ok(Expr {
            at,
            kind: kind(terms),
        })
    }

    fn negation(&mut self) -> Result<Expr> {
        let at = self.at();
        if self.accept(&["not"]) {
            let inner = self.deeper(Self::negation)?;
            return Ok(Expr {
                at,
                kind: ExprKind::Not(Box::new(inner)),
            });
        }
        self.predicate()
    }

    /// At most one predicate: `a = b = c` is not an expression.
    fn predicate(&mut self) -> Result<Expr> {
        let left = self.value()?;
        let at = self.at();
        if let Some(op) = self.comparison() {
            let quantifier = self.is_symbol(1, "(");
            let all = quantifier && self.is_word(0, "all");
            if quantifier && (all || self.is_word(0, "some") || self.is_word(0, "any")) {
                self.advance();
                let query = Box::new(self.in_parentheses(Self::query)?);
                return Ok(Expr {
                    at,
                    kind: ExprKind::CompareAll {
                        op,
                        expr: Box::new(left),
                        all,
                        query,
                    },
                });
            }
            let right = Box::new(self.value()?);
            return Ok(Expr {
                at,
                kind: ExprKind::Compare(op, Box::new(left), right),
            });
        }
        if self.accept(&["is"]) {
            let negated = self.accept(&["not"]);
            if self.accept(&["null"]) {
                return Ok(negate_if(
                    negated,
                    Expr {
                        at,
                        kind: ExprKind::IsNull(Box::new(left)),
                    },
                ));
            }
            if !self.accept(&["distinct"]) {
                return Err(self.unexpected());
            }
            self.expect(&["from"])?;
            let right = Box::new(self.value()?);
            return Ok(Expr {
                at,
                kind: ExprKind::Distinct {
                    left: Box::new(left),
                    right,
                    negated,
                },
            });
        }
        let negated = self.is_word(0, "not")
            && ["between", "in", "like"].iter().any(|word| self.is_word(1, word))
            && self.accept(&["not"]);
        let expr = Box::new(left);
        let kind = if self.accept(&["between"]) {
            let low = Box::new(self.value()?);
            self.expect(&["and"])?;
            ExprKind::Between {
                expr,
                low,
                high: Box::new(self.value()?),
            }
        } else if self.accept(&["in"]) {
            self.expect_symbol("(")?;
            let kind = if self.begins_query() {
                ExprKind::InQuery(expr, Box::new(self.query()?))
            } else {
                ExprKind::InList(expr, self.comma_separated(Self::expression)?)
            };
            self.expect_symbol(")")?;
            kind
        } else if self.accept(&["like"]) {
            let pattern = Box::new(self.value()?);
            let escape = if self.accept(&["escape"]) {
                Some(Box::new(self.value()?))
            } else {
                None
            };
            ExprKind::Like {
                expr,
                pattern,
                escape,
            }
        } else {
            return Ok(*expr);
        };
        Ok(negate_if(negated, Expr { at, kind }))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let op = match self.peek() {
            Token::Symbol("=") => Comparison::Equal,
            Token::Symbol("<>" | "!=") => Comparison::NotEqual,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.advance();
        Some(op)
    }

    fn begins_query(&self) -> bool {
        ["select", "with", "values", "table"]
            .iter()
            .any(|word| self.is_word(0, word))
            || self.is_symbol(0, "(") && {
                let opened = (0..).take_while(|&i| self.is_symbol(i, "(")).count();
                ["select", "with", "values", "table"]
                    .iter()
                    .any(|word| self.is_word(opened, word))
                    && self.parenthesis_is_query()
            }
    }

    /// Whether the parenthesis that comes next encloses a query and is not the beginning of an expression of subqueries.
    fn parenthesis_is_query(&self) -> bool {
        let (mut depth, mut ahead) = (0_usize, 0);
        loop {
            match self.peek_at(ahead) {
                Token::Symbol("(") => depth += 1,
                Token::Symbol(")") => {
                    depth -= 1;
                    if depth == 0 {
                        let next = ahead + 1;
                        return self.is_symbol(next, ")")
                            || [
                                "union",
                                "except",
                                "intersect",
                                "order",
                                "limit",
                                "offset",
                                "fetch",
                            ]
                            .iter()
                            .any(|word| self.is_word(next, word));
                    }
                }
                Token::End => return false,
                _ => {}
            }
            ahead += 1;
        }
    }

    /// A value in parentheses or brackets.
    fn nested_value(&mut self) -> Result<Expr> {
        self.deeper(Self::value)
    }

    fn value(&mut self) -> Result<Expr> {
        let mut left = self.sum()?;
        loop {
            let at = self.at();
            if !self.accept_symbol("||") {
                return Ok(left);
            }
            let right = Box::new(self.sum()?);
            left = Expr {
                at,
                kind: ExprKind::Concat(Box::new(left), right),
            };
        }
    }

    fn sum(&mut self) -> Result<Expr> {
        let mut left = self.product()?;
        loop {
            let op = match self.peek() {
                Token::Symbol("+") => Arithmetic::Add,
                Token::Symbol("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            let at = self.at();
            self.advance();
            let right = Box::new(self.product()?);
            left = Expr {
                at,
                kind: ExprKind::Arithmetic(op, Box::new(left), right),
            };
        }
    }

    fn product(&mut self) -> Result<Expr> {
        let mut left = self.signed()?;
        loop {
            let op = match self.peek() {
                Token::Symbol("*") => Arithmetic::Multiply,
                Token::Symbol("/") => Arithmetic::Divide,
                Token::Symbol("%") => Arithmetic::Modulus,
                _ => return Ok(left),
            };
            let at = self.at();
            self.advance();
            let right = Box::new(self.signed()?);
            left = Expr {
                at,
                kind: ExprKind::Arithmetic(op, Box::new(left), right),
            };
        }
    }

    fn signed(&mut self) -> Result<Expr> {
        let at = self.at();
        if self.accept_symbol("-") {
            // Before a literal the sign belongs to it where the type's smallest value needs that.
            let inner = Box::new(self.deeper(Self::signed)?);
            return Ok(Expr {
                at,
                kind: ExprKind::Negate(inner),
            });
        }
        if self.accept_symbol("+") {
            return self.deeper(Self::signed);
        }
        let mut expr = self.postfix()?;
        loop {
            let at = self.at();
            if !self.accept(&["at", "time", "zone"]) {
                return Ok(expr);
            }
            let zone = if self.is_word(0, "interval") {
                self.primary()?
            } else {
                self.postfix()?
            };
            expr = Expr {
                at,
                kind: ExprKind::AtTimeZone(Box::new(expr), Box::new(zone)),
            };
        }
    }

    fn postfix(&mut self) -> Result<Expr> {
        let mut expr = self.primary()?;
        loop {
            let at = expr.at;
            if self.accept_symbol("[") {
                let index = Box::new(self.nested_value()?);
                self.expect_symbol("]")?;
                expr = Expr {
                    at,
                    kind: ExprKind::Subscript(Box::new(expr), index),
                };
            } else if self.is_symbol(0, ".") && !self.is_symbol(1, "*") {
                self.advance();
                let name = self.ident()?;
                expr = Expr {
                    at,
                    kind: ExprKind::Field(Box::new(expr), name),
                };
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        let at = self.at();
        let expr = |kind| Ok(Expr { at, kind });
        match self.peek().clone() {
            Token::Integer(digits) => {
                self.advance();
                expr(ExprKind::Integer(digits))
            }
            Token::Decimal(digits) => {
                self.advance();
                expr(ExprKind::Decimal(digits))
            }
            Token::Double(digits) => {
                self.advance();
                expr(ExprKind::Double(digits))
            }
            Token::String(text) => {
                self.advance();
                expr(ExprKind::String(text))
            }
            Token::Binary(bytes) => {
                self.advance();
                expr(ExprKind::Binary(bytes))
            }
            Token::Symbol("(") => self.parenthesized(),
            Token::Symbol("?") => self.parameter(),
            Token::Quoted(_) => self.named(),
            Token::Word(word) => {
                let word = word.to_ascii_lowercase();
                match self.keyword(&word, at)? {
                    Some(kind) => expr(kind),
                    None if is_reserved(&word) => Err(self.unexpected()),
                    None => self.named(),
                }
            }
            _ => Err(self.unexpected()),
        }
    }

    fn parenthesized(&mut self) -> Result<Expr> {
        let at = self.at();
        if let Some(params) = self.lambda_parameters() {
            return self.lambda(params, at);
        }
        self.expect_symbol("(")?;
        let kind = if self.begins_query() {
            ExprKind::Subquery(Box::new(self.query()?))
        } else {
            let mut fields = self.comma_separated(Self::expression)?;
            if fields.len() == 1
                && let Some(inner) = fields.pop()
            {
                self.expect_symbol(")")?;
                return Ok(inner);
            }
            ExprKind::Row(fields)
        };
        self.expect_symbol(")")?;
        Ok(Expr { at, kind })
    }

    /// `(a, b) ->` or `() ->`; takes nothing if it is something else.
    fn lambda_parameters(&mut self) -> Option<Vec<Ident>> {
        let mut ahead = 1;
        while self.is_ident(ahead) {
            ahead += 1;
            if !self.is_symbol(ahead, ",") {
                break;
            }
            ahead += 1;
        }
        if !(self.is_symbol(ahead, ")") && self.is_symbol(ahead + 1, "->")) {
            return None;
        }
        if ahead == 1 {
            self.next += 2;
            return Some(Vec::new());
        }
        self.idents().ok()
    }

    fn lambda(&mut self, params: Vec<Ident>, at: Position) -> Result<Expr> {
        self.expect_symbol("->")?;
        let body = Box::new(self.expression()?);
        Ok(Expr {
            at,
            kind: ExprKind::Lambda { params, body },
        })
    }

    /// A column, a function, a literal of a named type, or a lambda of one parameter.
    fn named(&mut self) -> Result<Expr> {
        let at = self.at();
        if let Token::String(_) = self.peek_at(1)
            && let Token::Word(_) = self.peek()
        {
            let ty = self.type_name()?;
            let text = self.string()?;
            return Ok(Expr {
                at,
                kind: ExprKind::Typed(ty, text),
            });
        }
        let name = self.ident()?;
        if self.is_symbol(0, "->") {
            return self.lambda(vec![name], at);
        }
        if self.is_symbol(0, "(") {
            return Ok(Expr {
                at,
                kind: self.call(name)?,
            });
        }
        if self.is_constant {
            return Err(err!(
                ExpressionNotConstant,
                "Constant expression cannot contain column references"
            )
            .at(at));
        }
        Ok(Expr {
            at,
            kind: ExprKind::Column(name),
        })
    }

    fn call(&mut self, name: Ident) -> Result<ExprKind> {
        self.expect_symbol("(")?;
        let mut call = Call {
            name,
            distinct: false,
            star: false,
            args: Vec::new(),
            order_by: Vec::new(),
            filter: None,
            ignore_nulls: false,
            over: None,
        };
        if self.accept_symbol("*") {
            call.star = true;
        } else if !self.is_symbol(0, ")") {
            call.distinct = self.accept(&["distinct"]);
            let _ = call.distinct || self.accept(&["all"]);
            if !self.is_word(0, "order") {
                call.args = self.comma_separated(Self::expression)?;
            }
            call.order_by = self.order_by()?;
        }
        self.expect_symbol(")")?;
        self.call_clauses(&mut call)?;
        Ok(ExprKind::Call(Box::new(call)))
    }

    fn call_clauses(&mut self, call: &mut Call) -> Result<()> {
        if self.is_word(0, "filter") && self.is_symbol(1, "(") {
            self.advance();
            call.filter = Some(self.in_parentheses(|p| {
                p.expect(&["where"])?;
                p.expression()
            })?);
        }
        call.ignore_nulls = self.accept(&["ignore", "nulls"]);
        let _ = call.ignore_nulls || self.accept(&["respect", "nulls"]);
        if self.is_word(0, "over") && (self.is_symbol(1, "(") || self.is_ident(1)) {
            self.advance();
            call.over = Some(self.window()?);
        }
        Ok(())
    }

    /// Expressions that begin with a keyword.
    fn keyword(&mut self, word: &str, at: Position) -> Result<Option<ExprKind>> {
        let opens = self.is_symbol(1, "(");
        let call = |name: &str, args: Vec<Expr>| {
            ExprKind::Call(Box::new(Call {
                name: Ident {
                    text: name.to_owned(),
                    at,
                },
                distinct: false,
                star: false,
                args,
                order_by: Vec::new(),
                filter: None,
                ignore_nulls: false,
                over: None,
            }))
        };
        Ok(Some(match word {
            "null" => {
                self.advance();
                ExprKind::Null
            }
            "true" | "false" => {
                self.advance();
                ExprKind::Boolean(word == "true")
            }
            "interval" if matches!(self.peek_at(1), Token::String(_) | Token::Symbol("+" | "-")) => {
                match self.interval()? {
                    Some(interval) => interval,
                    None => return Ok(None),
                }
            }
            "double" if self.is_word(1, "precision") => {
                let ty = self.type_name()?;
                ExprKind::Typed(ty, self.string()?)
            }
            "case" => self.case()?,
            "cast" | "try_cast" if opens => {
                self.advance();
                self.in_parentheses(|p| {
                    let expr = Box::new(p.expression()?);
                    p.expect(&["as"])?;
                    Ok(ExprKind::Cast {
                        expr,
                        ty: p.type_name()?,
                        safe: word == "try_cast",
                    })
                })?
            }
            "exists" => {
                self.advance();
                ExprKind::Exists(Box::new(self.in_parentheses(Self::query)?))
            }
            "array" if self.is_symbol(1, "[") => {
                self.next += 2;
                let items = if self.is_symbol(0, "]") {
                    Vec::new()
                } else {
                    self.comma_separated(Self::expression)?
                };
                self.expect_symbol("]")?;
                ExprKind::Array(items)
            }
            "row" if opens => {
                self.advance();
                ExprKind::Row(self.in_parentheses(|p| p.comma_separated(Self::expression))?)
            }
            "extract" => {
                self.advance();
                self.in_parentheses(|p| {
                    let field = p.ident()?;
                    p.expect(&["from"])?;
                    Ok(ExprKind::Extract(field, Box::new(p.nested_value()?)))
                })?
            }
            "position" if opens => {
                self.advance();
                self.in_parentheses(|p| {
                    let needle = p.nested_value()?;
                    p.expect(&["in"])?;
                    Ok(call("strpos", vec![p.nested_value()?, needle]))
                })?
            }
            "substring" if opens => {
                self.advance();
                self.in_parentheses(|p| {
                    let mut args = vec![p.expression()?];
                    if p.accept(&["from"]) {
                        args.push(p.nested_value()?);
                        if p.accept(&["for"]) {
                            args.push(p.nested_value()?);
                        }
                    } else {
                        while p.accept_symbol(",") {
                            args.push(p.expression()?);
                        }
                    }
                    Ok(call("substring", args))
                })?
            }
            "trim" => {
                self.advance();
                self.in_parentheses(|p| p.trim(&call))?
            }
            "normalize" => {
                self.advance();
                self.in_parentheses(|p| {
                    let text = p.nested_value()?;
                    let form_at = p.at();
                    let form = if p.accept_symbol(",") {
                        p.ident()?.text.to_uppercase()
                    } else {
                        "NFC".to_owned()
                    };
                    Ok(call(
                        "normalize",
                        vec![
                            text,
                            Expr {
                                at: form_at,
                                kind: ExprKind::String(form),
                            },
                        ],
                    ))
                })?
            }
            "grouping" => {
                self.advance();
                ExprKind::Grouping(self.in_parentheses(|p| p.comma_separated(Self::expression))?)
            }
            "listagg" => self.listagg(at)?,
            "current_date" => {
                self.advance();
                ExprKind::Current("current_date", None)
            }
            "current_time" => self.current("current_time")?,
            "current_timestamp" => self.current("current_timestamp")?,
            "localtime" => self.current("localtime")?,
            "localtimestamp" => self.current("localtimestamp")?,
            "current_user" => {
                self.advance();
                ExprKind::Current("current_user", None)
            }
            "current_catalog" => {
                self.advance();
                ExprKind::Current("current_catalog", None)
            }
            "current_schema" => {
                self.advance();
                ExprKind::Current("current_schema", None)
            }
            "json_exists" => self.json_path_call(JsonFunction::Exists)?,
            "json_value" => self.json_path_call(JsonFunction::Value)?,
            "json_query" => self.json_path_call(JsonFunction::Query)?,
            "json_object" => self.json_members(JsonFunction::Object)?,
            "json_array" => self.json_members(JsonFunction::Array)?,
            "time" | "timestamp" if !matches!(self.peek_at(1), Token::String(_)) => {
                // `TIMESTAMP(3) '…'` is a type before a literal.
                match (self.peek_at(1), self.peek_at(2), self.peek_at(3), self.peek_at(4)) {
                    (Token::Symbol("("), Token::Integer(_), Token::Symbol(")"), Token::String(_)) => {
                        let ty = self.type_name()?;
                        ExprKind::Typed(ty, self.string()?)
                    }
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        }))
    }

    fn current(&mut self, name: &'static str) -> Result<ExprKind> {
        self.advance();
        let precision = if self.is_symbol(0, "(") {
            Some(self.in_parentheses(Self::integer)?)
        } else {
            None
        };
        Ok(ExprKind::Current(name, precision))
    }

    fn trim(&mut self, call: &dyn Fn(&str, Vec<Expr>) -> ExprKind) -> Result<ExprKind> {
        let side = if self.accept(&["leading"]) {
            Some("ltrim")
        } else if self.accept(&["trailing"]) {
            Some("rtrim")
        } else if self.accept(&["both"]) {
            Some("trim")
        } else {
            None
        };
        let name = side.unwrap_or("trim");
        if side.is_some() && self.accept(&["from"]) {
            return Ok(call(name, vec![self.nested_value()?]));
        }
        let first = self.nested_value()?;
        if self.accept(&["from"]) {
            return Ok(call(name, vec![self.nested_value()?, first]));
        }
        let mut args = vec![first];
        if self.accept_symbol(",") {
            args.push(self.nested_value()?);
        }
        Ok(call(name, args))
    }

    fn case(&mut self) -> Result<ExprKind> {
        self.advance();
        let operand = if self.is_word(0, "when") {
            None
        } else {
            Some(Box::new(self.expression()?))
        };
        let mut branches = Vec::new();
        while self.accept(&["when"]) {
            let condition = self.expression()?;
            self.expect(&["then"])?;
            branches.push((condition, self.expression()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = if self.accept(&["else"]) {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.expect(&["end"])?;
        Ok(ExprKind::Case {
            operand,
            branches,
            otherwise,
        })
    }

    fn interval(&mut self) -> Result<Option<ExprKind>> {
        let start = self.next;
        self.advance();
        let negative = self.accept_symbol("-");
        let _ = negative || self.accept_symbol("+");
        let text = self.string()?;
        let Some(from) = self.interval_field() else {
            // Without a field it reads as a literal of a type called INTERVAL, which there is not.
            self.next = start;
            return Err(err!(TypeNotFound, "Unknown type: INTERVAL").at(self.at()));
        };
        let to = if self.accept(&["to"]) {
            Some(self.interval_field().ok_or_else(|| self.unexpected())?)
        } else {
            None
        };
        Ok(Some(ExprKind::Interval {
            text,
            negative,
            from,
            to,
        }))
    }

    fn interval_field(&mut self) -> Option<String> {
        let fields = ["year", "month", "day", "hour", "minute", "second"];
        let field = fields.into_iter().find(|field| self.is_word(0, field))?;
        self.advance();
        Some(field.to_owned())
    }

    fn listagg(&mut self, at: Position) -> Result<ExprKind> {
        self.advance();
        let (distinct, args) = self.in_parentheses(|p| {
            let distinct = p.accept(&["distinct"]);
            let _ = distinct || p.accept(&["all"]);
            let mut args = vec![p.expression()?];
            if p.accept_symbol(",") {
                let at = p.at();
                args.push(Expr {
                    at,
                    kind: ExprKind::String(p.string()?),
                });
            }
            if p.accept(&["on", "overflow"]) && !p.accept(&["error"]) {
                return Err(err!(NotSupported, "listagg with ON OVERFLOW TRUNCATE").at(p.at()));
            }
            Ok((distinct, args))
        })?;
        self.expect(&["within", "group"])?;
        let order_by = self.in_parentheses(|p| {
            if p.is_word(0, "order") {
                p.order_by()
            } else {
                Err(p.unexpected())
            }
        })?;
        let mut call = Call {
            name: Ident {
                text: "listagg".to_owned(),
                at,
            },
            distinct,
            star: false,
            args,
            order_by,
            filter: None,
            ignore_nulls: false,
            over: None,
        };
        self.call_clauses(&mut call)?;
        Ok(ExprKind::Call(Box::new(call)))
    }
}

fn negate_if(negated: bool, expr: Expr) -> Expr {
    if negated {
        Expr {
            at: expr.at,
            kind: ExprKind::Not(Box::new(expr)),
        }
    } else {
        expr
    }
}
