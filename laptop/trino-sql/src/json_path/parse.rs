//! Paths from their text, by recursive descent.

use super::{Method, Node, Path, Predicate};
use crate::error::{Error, Result, bail, err};
use crate::json::Json;
use crate::number::parse_decimal;

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader {
            text,
            rest: text,
            parts: 0,
        };
        let strict = reader.word("strict");
        if !strict && !reader.word("lax") {
            return Err(reader.invalid());
        }
        let root = reader.sum()?;
        if !reader.rest.trim_start().is_empty() {
            return Err(reader.invalid());
        }
        Ok(Self { strict, root })
    }
}

/// Operands, accessors and conditions that a path may have. Reading and evaluating recurse as deep as they are nested,
/// and a condition in parentheses may be read twice.
const MOST_PARTS: usize = 500;

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    parts: usize,
}

impl<'a> Reader<'a> {
    fn count_part(&mut self) -> Result<()> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            bail!(NotSupported, "a JSON path of more than {MOST_PARTS} parts");
        }
        Ok(())
    }

    fn invalid(&self) -> Error {
        err!(
            InvalidPath,
            "'{}' is not a valid JSON path at '{}'",
            self.text,
            self.rest
        )
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn accept(&mut self, symbol: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.accept(symbol) {
            Ok(())
        } else {
            Err(self.invalid())
        }
    }

    fn identifier(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        Some(word)
    }

    fn word(&mut self, wanted: &str) -> bool {
        let before = self.rest;
        let found = self.identifier() == Some(wanted);
        if !found {
            self.rest = before;
        }
        found
    }

    fn string(&mut self) -> Result<Option<String>> {
        if self.peek() != Some('"') {
            return Ok(None);
        }
        let mut text = String::new();
        let mut chars = self.rest[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    // Two of them stand for one.
                    if self.rest[1 + at + 1..].starts_with('"') {
                        text.push('"');
                        chars.next();
                        continue;
                    }
                    self.rest = &self.rest[1 + at + 1..];
                    return Ok(Some(text));
                }
                '\\' => bail!(NotSupported, "a backslash in a string of a JSON path"),
                c => text.push(c),
            }
        }
        Err(self.invalid())
    }

    fn sum(&mut self) -> Result<Node> {
        let mut left = self.product()?;
        while let Some(op @ ('+' | '-')) = self.peek() {
            self.rest = &self.rest[1..];
            left = Node::Arithmetic(op, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Node> {
        let mut left = self.signed()?;
        while let Some(op @ ('*' | '/' | '%')) = self.peek() {
            self.rest = &self.rest[1..];
            left = Node::Arithmetic(op, Box::new(left), Box::new(self.signed()?));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Node> {
        self.count_part()?;
        if self.accept("-") {
            return Ok(Node::Negate(Box::new(self.signed()?)));
        }
        if self.accept("+") {
            return self.signed();
        }
        self.accessors()
    }

    fn accessors(&mut self) -> Result<Node> {
        let mut node = self.primary()?;
        loop {
            self.count_part()?;
            if self.rest.trim_start().starts_with("..") {
                bail!(NotSupported, "the descendant accessor in a JSON path");
            } else if self.accept(".") {
                if self.accept("*") {
                    node = Node::Members(Box::new(node));
                } else if let Some(name) = self.string()? {
                    node = Node::Member(Box::new(node), name);
                } else {
                    let name = self.identifier().ok_or_else(|| self.invalid())?;
                    if !self.rest.trim_start().starts_with('(') {
                        node = Node::Member(Box::new(node), name.to_owned());
                        continue;
                    }
                    let method = match name {
                        "type" => Method::Type,
                        "size" => Method::Size,
                        "abs" => Method::Abs,
                        "ceiling" => Method::Ceiling,
                        "floor" => Method::Floor,
                        other => bail!(NotSupported, "the method {other} in a JSON path"),
                    };
                    self.expect("(")?;
                    self.expect(")")?;
                    node = Node::Method(Box::new(node), method);
                }
            } else if self.accept("[") {
                if self.accept("*") {
                    self.expect("]")?;
                    node = Node::Items(Box::new(node));
                    continue;
                }
                let mut subscripts = Vec::new();
                loop {
                    let from = self.sum()?;
                    let to = if self.word("to") { Some(self.sum()?) } else { None };
                    subscripts.push((from, to));
                    if !self.accept(",") {
                        break;
                    }
                }
                self.expect("]")?;
                node = Node::Subscripts(Box::new(node), subscripts);
            } else if self.accept("?") {
                self.expect("(")?;
                let predicate = self.either()?;
                self.expect(")")?;
                node = Node::Filter(Box::new(node), Box::new(predicate));
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node> {
        match self.peek() {
            Some('$') => {
                self.rest = &self.rest[1..];
                let is_named = self
                    .rest
                    .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
                let name = if is_named { self.identifier() } else { None };
                Ok(name.map_or(Node::Context, |name| Node::Variable(name.to_owned())))
            }
            Some('@') => {
                self.rest = &self.rest[1..];
                Ok(Node::Current)
            }
            Some('(') => {
                self.expect("(")?;
                let inner = self.sum()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some('"') => Ok(Node::Literal(Json::Text(self.string()?.unwrap_or_default()))),
            Some(c) if c.is_ascii_digit() => {
                let end = self
                    .rest
                    .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                    .unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at(end);
                // `1.abs()` is a method of 1.
                let digits = digits.trim_end_matches('.');
                self.rest = &self.rest[digits.len()..];
                if rest.starts_with(['e', 'E']) || parse_decimal(digits).is_none() {
                    bail!(
                        NotSupported,
                        "numbers with exponent or more than 38 digits in a JSON path"
                    );
                }
                Ok(Node::Literal(Json::Number(digits.to_owned())))
            }
            _ => match self.identifier() {
                Some("true") => Ok(Node::Literal(Json::Boolean(true))),
                Some("false") => Ok(Node::Literal(Json::Boolean(false))),
                Some("null") => Ok(Node::Literal(Json::Null)),
                Some("last") => Ok(Node::Last),
                _ => Err(self.invalid()),
            },
        }
    }

    fn either(&mut self) -> Result<Predicate> {
        let mut left = self.both()?;
        while self.accept("||") {
            left = Predicate::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Predicate> {
        let mut left = self.predicate()?;
        while self.accept("&&") {
            left = Predicate::And(Box::new(left), Box::new(self.predicate()?));
        }
        Ok(left)
    }

    fn predicate(&mut self) -> Result<Predicate> {
        self.count_part()?;
        if self.accept("!") {
            return Ok(Predicate::Not(Box::new(self.predicate()?)));
        }
        if self.word("exists") {
            self.expect("(")?;
            let node = self.sum()?;
            self.expect(")")?;
            return Ok(Predicate::Exists(node));
        }
        let before = self.rest;
        if self.accept("(")
            && let Ok(inner) = self.either()
            && self.accept(")")
        {
            if self.word("is") {
                if !self.word("unknown") {
                    return Err(self.invalid());
                }
                return Ok(Predicate::IsUnknown(Box::new(inner)));
            }
            return Ok(inner);
        }
        self.rest = before;
        let left = self.sum()?;
        for (symbol, op) in [
            ("==", "="),
            ("=", "="),
            ("!=", "<>"),
            ("<>", "<>"),
            ("<=", "<="),
            (">=", ">="),
            ("<", "<"),
            (">", ">"),
        ] {
            if self.accept(symbol) {
                return Ok(Predicate::Compare(op, left, self.sum()?));
            }
        }
        if self.word("starts") && self.word("with") {
            return Ok(Predicate::StartsWith(left, self.sum()?));
        }
        if self.word("like_regex") {
            bail!(NotSupported, "like_regex in a JSON path");
        }
        Err(self.invalid())
    }
}
