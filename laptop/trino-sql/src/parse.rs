//! Trino's grammar of queries, by recursive descent.
//!
//! The grammar is held to `SqlBase.g4`: what it does not have is a syntax error, so that an operator of another dialect
//! cannot be read as something else. Loosest first: OR, AND, NOT, one predicate, `||`, `+ -`, `* / %`, sign,
//! `AT TIME ZONE`, primary expressions.

mod create;
mod expression;
mod json;
mod parameters;
mod prepare;
mod relation;
mod statement;
mod type_name;
mod write;

use crate::ast::*;
use crate::error::{Error, Position, Result, err};
use crate::lexer::{Token, tokens};

/// One statement; a semicolon may end it. `parameters` stand for its `?`, in their order.
pub(crate) fn statement(text: &str, parameters: &Parameters) -> Result<Statement> {
    let mut parser = Parser::new(text, parameters)?;
    let statement = parser.statement()?;
    parser.end(statement)
}

/// Number of `?` in a statement.
pub(crate) fn parameter_count(text: &str) -> Result<usize> {
    let tokens = tokens(text)?;
    Ok(tokens.iter().filter(|(token, _)| token.is_parameter()).count())
}

/// An expression without columns, and without parameters of its own.
pub(crate) fn constant(text: &str) -> Result<Expr> {
    let none = Parameters::default();
    let mut parser = Parser::new(text, &none)?;
    parser.is_constant = true;
    let value = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(value),
        _ => Err(parser.unexpected()),
    }
}

/// Depth of parentheses and signs that a statement may have: what is deeper would overflow the stack.
const MAX_DEPTH: usize = 200;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Position)>,
    next: usize,
    depth: usize,
    parameters: &'t Parameters,
    /// Whether columns and subqueries are errors.
    is_constant: bool,
}

/// Unions side by side, in a tree as deep as the logarithm of their number: its order does not matter to them.
fn balanced(mut queries: Vec<SetExpr>, op: SetOp, all: bool, at: Position) -> SetExpr {
    while queries.len() > 1 {
        let mut pairs = Vec::with_capacity(queries.len().div_ceil(2));
        let mut rest = queries.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => SetExpr::Operation {
                    op,
                    all,
                    left: Box::new(left),
                    right: Box::new(right),
                    at,
                },
                None => left,
            });
        }
        queries = pairs;
    }
    queries.remove(0)
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, parameters: &'t Parameters) -> Result<Self> {
        Ok(Self {
            text,
            tokens: tokens(text)?,
            next: 0,
            depth: 0,
            parameters,
            is_constant: false,
        })
    }

    /// What was parsed, if the text ends after it.
    fn end<T>(&mut self, parsed: T) -> Result<T> {
        self.accept_symbol(";");
        match self.peek() {
            Token::End => Ok(parsed),
            _ => Err(self.unexpected()),
        }
    }
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> &Token {
        self.tokens
            .get(self.next + ahead)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn at(&self) -> Position {
        self.tokens[self.next.min(self.tokens.len() - 1)].1
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        if self.next < self.tokens.len() - 1 {
            self.next += 1;
        }
        token
    }

    fn unexpected(&self) -> Error {
        let found = match self.peek() {
            Token::Word(text) | Token::Integer(text) | Token::Decimal(text) | Token::Double(text) => {
                text.clone()
            }
            Token::Quoted(text) => format!("\"{text}\""),
            Token::String(text) => format!("'{text}'"),
            Token::Binary(_) => "X'…'".to_owned(),
            Token::Symbol(symbol) => (*symbol).to_owned(),
            Token::End => "<EOF>".to_owned(),
        };
        let mut end = self.at();
        // The place of a token that an incomplete construct ends with.
        if matches!(self.peek(), Token::End) && self.next > 0 {
            end = self.tokens[self.next].1;
        }
        err!(SyntaxError, "mismatched input '{found}'").at(end)
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn are_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, word)| self.is_word(i, word))
    }

    fn is_symbol(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.peek_at(ahead), Token::Symbol(found) if *found == symbol)
    }

    /// Takes the words if all of them come next.
    fn accept(&mut self, words: &[&str]) -> bool {
        let found = self.are_words(words);
        if found {
            self.next += words.len();
        }
        found
    }

    fn expect(&mut self, words: &[&str]) -> Result<()> {
        words.iter().try_for_each(|word| {
            if self.accept(&[word]) {
                Ok(())
            } else {
                Err(self.unexpected())
            }
        })
    }

    fn accept_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(0, symbol);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<()> {
        if self.accept_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn comma_separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.accept_symbol(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn in_parentheses<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.expect_symbol("(")?;
        let inner = inner(self)?;
        self.expect_symbol(")")?;
        Ok(inner)
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(err!(NotSupported, "expressions nested deeper than {MAX_DEPTH}").at(self.at()));
        }
        let inner = inner(self);
        self.depth -= 1;
        inner
    }

    /// Whether the next token is a name: quoted, or a word that is not reserved.
    fn is_ident(&self, ahead: usize) -> bool {
        match self.peek_at(ahead) {
            Token::Quoted(_) => true,
            Token::Word(word) => !is_reserved(word),
            _ => false,
        }
    }

    fn ident(&mut self) -> Result<Ident> {
        if !self.is_ident(0) {
            return Err(self.unexpected());
        }
        let at = self.at();
        match self.advance() {
            Token::Quoted(text) | Token::Word(text) => Ok(Ident { text, at }),
            _ => Err(self.unexpected()),
        }
    }

    fn idents(&mut self) -> Result<Vec<Ident>> {
        self.in_parentheses(|p| p.comma_separated(Self::ident))
    }

    fn integer<T: std::str::FromStr>(&mut self) -> Result<T> {
        match self.peek() {
            Token::Integer(digits) => match digits.parse() {
                Ok(number) => {
                    self.advance();
                    Ok(number)
                }
                Err(_) => Err(err!(SyntaxError, "Invalid numeric literal: {digits}").at(self.at())),
            },
            _ => Err(self.unexpected()),
        }
    }

    fn string(&mut self) -> Result<String> {
        match self.peek().clone() {
            Token::String(text) => {
                self.advance();
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn query(&mut self) -> Result<Query> {
        self.deeper(Self::query_inside)
    }

    fn query_inside(&mut self) -> Result<Query> {
        let at = self.at();
        if self.is_constant {
            return Err(err!(
                ExpressionNotConstant,
                "Constant expression cannot contain a subquery"
            )
            .at(at));
        }
        let mut with = None;
        if self.accept(&["with"]) {
            let recursive = self.accept(&["recursive"]);
            let queries = self.comma_separated(|p| {
                let name = p.ident()?;
                let columns = if p.is_symbol(0, "(") {
                    Some(p.idents()?)
                } else {
                    None
                };
                p.expect(&["as"])?;
                Ok(NamedQuery {
                    name,
                    columns,
                    query: p.in_parentheses(Self::query)?,
                })
            })?;
            with = Some(With { recursive, queries });
        }
        let body = self.set_expr()?;
        let order_by = self.order_by()?;
        let mut offset = None;
        if self.accept(&["offset"]) {
            offset = Some(self.row_count()?);
            let _ = self.accept(&["row"]) || self.accept(&["rows"]);
        }
        let limit_at = self.at();
        let mut limit = None;
        if self.accept(&["limit"]) {
            limit = if self.accept(&["all"]) {
                None
            } else {
                Some(Limit::Rows(self.row_count()?))
            };
        } else if self.accept(&["fetch"]) {
            if !self.accept(&["first"]) {
                self.expect(&["next"])?;
            }
            let rows = if matches!(self.peek(), Token::Integer(_) | Token::Symbol("?")) {
                self.row_count()?
            } else {
                1
            };
            if !self.accept(&["row"]) {
                self.expect(&["rows"])?;
            }
            limit = Some(if self.accept(&["with", "ties"]) {
                Limit::WithTies(rows, limit_at)
            } else {
                self.expect(&["only"])?;
                Limit::Rows(rows)
            });
        }
        Ok(Query {
            with,
            body,
            order_by,
            offset,
            limit,
            at,
        })
    }

    fn set_expr(&mut self) -> Result<SetExpr> {
        let mut left = self.intersection()?;
        loop {
            let at = self.at();
            let op = match () {
                () if self.accept(&["union"]) => SetOp::Union,
                () if self.accept(&["except"]) => SetOp::Except,
                () => return Ok(left),
            };
            let all = self.set_quantifier();
            let mut queries = vec![left, self.intersection()?];
            if op == SetOp::Union {
                while self.is_union(all) {
                    self.accept(&["union"]);
                    self.set_quantifier();
                    queries.push(self.intersection()?);
                }
            }
            left = balanced(queries, op, all, at);
        }
    }

    /// Whether another UNION comes next, of the same kind.
    fn is_union(&self, all: bool) -> bool {
        self.is_word(0, "union") && self.is_word(1, "all") == all
    }

    fn intersection(&mut self) -> Result<SetExpr> {
        let mut left = self.query_primary()?;
        loop {
            let at = self.at();
            if !self.accept(&["intersect"]) {
                return Ok(left);
            }
            let all = self.set_quantifier();
            let right = Box::new(self.query_primary()?);
            left = SetExpr::Operation {
                op: SetOp::Intersect,
                all,
                left: Box::new(left),
                right,
                at,
            };
        }
    }

    fn set_quantifier(&mut self) -> bool {
        let all = self.accept(&["all"]);
        let _ = all || self.accept(&["distinct"]);
        all
    }

    fn query_primary(&mut self) -> Result<SetExpr> {
        let at = self.at();
        if self.accept(&["values"]) {
            Ok(SetExpr::Values(self.comma_separated(Self::expression)?, at))
        } else if self.accept(&["table"]) {
            Ok(SetExpr::Table(self.qualified_name()?))
        } else if self.is_symbol(0, "(") {
            Ok(SetExpr::Nested(Box::new(self.in_parentheses(Self::query)?)))
        } else {
            Ok(SetExpr::Select(Box::new(self.select()?)))
        }
    }

    fn qualified_name(&mut self) -> Result<Vec<Ident>> {
        let mut parts = vec![self.ident()?];
        while self.accept_symbol(".") {
            parts.push(self.ident()?);
        }
        Ok(parts)
    }

    fn select(&mut self) -> Result<Select> {
        let at = self.at();
        self.expect(&["select"])?;
        let distinct = self.accept(&["distinct"]);
        let _ = distinct || self.accept(&["all"]);
        let items = self.comma_separated(Self::select_item)?;
        let from = if self.accept(&["from"]) {
            self.comma_separated(Self::relation)?
        } else {
            Vec::new()
        };
        let filter = if self.accept(&["where"]) {
            Some(self.expression()?)
        } else {
            None
        };
        let mut group_by = None;
        if self.accept(&["group", "by"]) {
            let distinct = self.accept(&["distinct"]);
            let _ = distinct || self.accept(&["all"]);
            group_by = Some(GroupBy {
                distinct,
                elements: self.comma_separated(Self::grouping_element)?,
            });
        }
        let having = if self.accept(&["having"]) {
            Some(self.expression()?)
        } else {
            None
        };
        let mut windows = Vec::new();
        if self.accept(&["window"]) {
            windows = self.comma_separated(|p| {
                let name = p.ident()?;
                p.expect(&["as"])?;
                Ok((name, p.in_parentheses(Self::window_spec)?))
            })?;
        }
        Ok(Select {
            distinct,
            items,
            from,
            filter,
            group_by,
            having,
            windows,
            at,
        })
    }

    fn select_item(&mut self) -> Result<SelectItem> {
        let at = self.at();
        if self.accept_symbol("*") {
            return Ok(SelectItem::All {
                base: None,
                aliases: None,
                at,
            });
        }
        let expr = self.expression()?;
        if self.is_symbol(0, ".") && self.is_symbol(1, "*") {
            self.next += 2;
            let aliases = if self.accept(&["as"]) {
                Some(self.idents()?)
            } else {
                None
            };
            return Ok(SelectItem::All {
                base: Some(expr),
                aliases,
                at,
            });
        }
        Ok(SelectItem::Expr {
            expr,
            alias: self.alias()?,
        })
    }

    /// An alias, with AS or without. Words that may also begin a clause are aliases if no such clause follows.
    fn alias(&mut self) -> Result<Option<Ident>> {
        if self.accept(&["as"]) {
            return self.ident().map(Some);
        }
        if !self.is_ident(0) || self.begins_clause() {
            return Ok(None);
        }
        self.ident().map(Some)
    }

    fn begins_clause(&self) -> bool {
        let number = matches!(self.peek_at(1), Token::Integer(_) | Token::Symbol("?" | "-"));
        self.is_word(0, "limit") && (number || self.is_word(1, "all"))
            || self.is_word(0, "offset") && number
            || self.is_word(0, "fetch") && (self.is_word(1, "first") || self.is_word(1, "next"))
            || self.is_word(0, "window") && self.is_ident(1) && self.is_word(2, "as")
            || self.is_word(0, "tablesample") && self.is_ident(1) && self.is_symbol(2, "(")
            || self.is_word(0, "match_recognize") && self.is_symbol(1, "(")
    }

    fn grouping_element(&mut self) -> Result<GroupingElement> {
        let sets = |p: &mut Self| p.in_parentheses(|p| p.comma_separated(Self::grouping_set));
        if self.accept(&["rollup"]) {
            Ok(GroupingElement::Rollup(if self.empty_parentheses() {
                Vec::new()
            } else {
                sets(self)?
            }))
        } else if self.accept(&["cube"]) {
            Ok(GroupingElement::Cube(if self.empty_parentheses() {
                Vec::new()
            } else {
                sets(self)?
            }))
        } else if self.accept(&["grouping", "sets"]) {
            Ok(GroupingElement::Sets(sets(self)?))
        } else {
            Ok(GroupingElement::Set(self.grouping_set()?))
        }
    }

    fn empty_parentheses(&mut self) -> bool {
        let empty = self.is_symbol(0, "(") && self.is_symbol(1, ")");
        if empty {
            self.next += 2;
        }
        empty
    }

    fn grouping_set(&mut self) -> Result<Vec<Expr>> {
        if self.empty_parentheses() {
            return Ok(Vec::new());
        }
        let expr = self.expression()?;
        Ok(match expr.kind {
            // `(a, b)` is a set, and reads like a row; `ROW(a, b)` is parsed as a call of its own place.
            ExprKind::Row(fields) if fields.first().is_some_and(|f| f.at.column == expr.at.column + 1) => {
                fields
            }
            _ => vec![expr],
        })
    }

    fn order_by(&mut self) -> Result<Vec<SortItem>> {
        if !self.accept(&["order", "by"]) {
            return Ok(Vec::new());
        }
        self.comma_separated(|p| {
            let expr = p.expression()?;
            let descending = p.accept(&["desc"]);
            let _ = descending || p.accept(&["asc"]);
            let nulls_first = p.accept(&["nulls", "first"]);
            if !nulls_first && p.accept(&["nulls"]) {
                p.expect(&["last"])?;
            }
            Ok(SortItem {
                expr,
                descending,
                nulls_first,
            })
        })
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED
        .binary_search(&word.to_ascii_lowercase().as_str())
        .is_ok()
}

/// Words that are names only in quotes. In order.
const RESERVED: [&str; 82] = [
    "alter",
    "and",
    "as",
    "between",
    "by",
    "case",
    "cast",
    "constraint",
    "create",
    "cross",
    "cube",
    "current_catalog",
    "current_date",
    "current_path",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "deallocate",
    "delete",
    "describe",
    "distinct",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "execute",
    "exists",
    "extract",
    "false",
    "for",
    "from",
    "full",
    "group",
    "grouping",
    "having",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "json_array",
    "json_exists",
    "json_object",
    "json_query",
    "json_table",
    "json_value",
    "left",
    "like",
    "listagg",
    "localtime",
    "localtimestamp",
    "natural",
    "normalize",
    "not",
    "null",
    "on",
    "or",
    "order",
    "outer",
    "prepare",
    "recursive",
    "right",
    "rollup",
    "select",
    "skip",
    "table",
    "then",
    "trim",
    "true",
    "uescape",
    "union",
    "unnest",
    "using",
    "values",
    "when",
    "where",
    "with",
];
