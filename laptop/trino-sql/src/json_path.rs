//! Paths of `json_value`, `json_query` and `json_exists`: `lax $.orders[*] ? (@.price > 10).name`.
//!
//! In lax mode arrays are unwrapped where a single value is wanted, single values pass for arrays, and what is not
//! there is empty; in strict mode all of that is an error.

use std::cmp::Ordering;

use crate::error::{Error, Result, bail, err};
use crate::json::Json;
use crate::number::{decimal_text, parse_decimal, rescale};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    strict: bool,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Json),
    Context,
    Variable(String),
    /// `@`
    Current,
    Last,
    Member(Box<Node>, String),
    Members(Box<Node>),
    Items(Box<Node>),
    Subscripts(Box<Node>, Vec<(Node, Option<Node>)>),
    Filter(Box<Node>, Box<Predicate>),
    Method(Box<Node>, Method),
    Negate(Box<Node>),
    Arithmetic(char, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Method {
    Type,
    Size,
    Abs,
    Ceiling,
    Floor,
}

#[derive(Debug, Clone, PartialEq)]
enum Predicate {
    Compare(&'static str, Node, Node),
    StartsWith(Node, Node),
    Exists(Node),
    IsUnknown(Box<Predicate>),
    Not(Box<Predicate>),
    And(Box<Predicate>, Box<Predicate>),
    Or(Box<Predicate>, Box<Predicate>),
}

/// What a path is evaluated for.
struct Scope<'a> {
    strict: bool,
    context: &'a Json,
    variables: &'a [(String, Json)],
    current: Option<&'a Json>,
    last: Option<usize>,
}

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

    pub(crate) fn evaluate(&self, context: &Json, variables: &[(String, Json)]) -> Result<Vec<Json>> {
        let scope = Scope {
            strict: self.strict,
            context,
            variables,
            current: None,
            last: None,
        };
        self.root.evaluate(&scope)
    }
}

fn failed(why: impl Into<String>) -> Error {
    err!(PathEvaluation, "path evaluation failed: {}", why.into())
}

impl Node {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Vec<Json>> {
        Ok(match self {
            Self::Literal(value) => vec![value.clone()],
            Self::Context => vec![scope.context.clone()],
            Self::Variable(name) => {
                let variable = scope.variables.iter().find(|(known, _)| known == name);
                vec![
                    variable
                        .ok_or_else(|| failed(format!("no variable {name}")))?
                        .1
                        .clone(),
                ]
            }
            Self::Current => vec![
                scope
                    .current
                    .ok_or_else(|| failed("@ outside of a filter"))?
                    .clone(),
            ],
            Self::Last => {
                let last = scope.last.ok_or_else(|| failed("last outside of a subscript"))?;
                vec![Json::Number((last as i64 - 1).to_string())]
            }
            Self::Member(base, name) => {
                let mut found = Vec::new();
                for item in scope.unwrapped(base.evaluate(scope)?) {
                    let Json::Object(members) = &item else {
                        scope.structural("an object is wanted")?;
                        continue;
                    };
                    // The last of equal names, as in a parsed object.
                    match members.iter().rev().find(|(key, _)| key == name) {
                        Some((_, value)) => found.push(value.clone()),
                        None => scope.structural("the object has no such member")?,
                    }
                }
                found
            }
            Self::Members(base) => {
                let mut found = Vec::new();
                for item in scope.unwrapped(base.evaluate(scope)?) {
                    match item {
                        Json::Object(members) => found.extend(members.into_iter().map(|(_, value)| value)),
                        _ => scope.structural("an object is wanted")?,
                    }
                }
                found
            }
            Self::Items(base) => {
                let mut found = Vec::new();
                for item in base.evaluate(scope)? {
                    match item {
                        Json::Array(items) => found.extend(items),
                        other => {
                            scope.structural("an array is wanted")?;
                            found.push(other);
                        }
                    }
                }
                found
            }
            Self::Subscripts(base, subscripts) => {
                let mut found = Vec::new();
                for item in base.evaluate(scope)? {
                    let items = match item {
                        Json::Array(items) => items,
                        other => {
                            scope.structural("an array is wanted")?;
                            vec![other]
                        }
                    };
                    let inner = Scope {
                        last: Some(items.len()),
                        ..*scope
                    };
                    for (from, to) in subscripts {
                        let first = from.index(&inner)?;
                        let last = to.as_ref().map_or(Ok(first), |to| to.index(&inner))?;
                        if first < 0 || last >= items.len() as i64 || first > last {
                            scope.structural("subscript out of bounds")?;
                        }
                        let range = first.max(0)..=last.min(items.len() as i64 - 1);
                        found.extend(range.map(|place| items[place as usize].clone()));
                    }
                }
                found
            }
            Self::Filter(base, predicate) => {
                let mut found = Vec::new();
                for item in scope.unwrapped(base.evaluate(scope)?) {
                    let inner = Scope {
                        current: Some(&item),
                        ..*scope
                    };
                    if predicate.holds(&inner)? == Some(true) {
                        found.push(item);
                    }
                }
                found
            }
            Self::Method(base, method) => {
                let items = base.evaluate(scope)?;
                let items = if matches!(method, Method::Type | Method::Size) {
                    items
                } else {
                    scope.unwrapped(items)
                };
                items
                    .iter()
                    .map(|item| method.of(item, scope))
                    .collect::<Result<_>>()?
            }
            Self::Negate(inner) => {
                let items = scope.unwrapped(inner.evaluate(scope)?);
                let negated = |item: &Json| {
                    let (unscaled, scale) = exact(item)?;
                    Ok(number(-unscaled, scale))
                };
                items.iter().map(negated).collect::<Result<_>>()?
            }
            Self::Arithmetic(op, left, right) => {
                let side = |node: &Self| {
                    let items = scope.unwrapped(node.evaluate(scope)?);
                    match items.as_slice() {
                        [item] => exact(item),
                        _ => Err(failed("arithmetic wants a single number on each side")),
                    }
                };
                let ((a, s), (b, t)) = (side(left)?, side(right)?);
                let overflow = || failed("overflow");
                if *op == '*' {
                    return Ok(vec![number(a.checked_mul(b).ok_or_else(overflow)?, s + t)]);
                }
                let scale = s.max(t);
                let a = rescale(a, s, scale).ok_or_else(overflow)?;
                let b = rescale(b, t, scale).ok_or_else(overflow)?;
                if matches!(op, '/' | '%') && b == 0 {
                    return Err(failed("division by zero"));
                }
                vec![match op {
                    '+' => number(a.checked_add(b).ok_or_else(overflow)?, scale),
                    '-' => number(a.checked_sub(b).ok_or_else(overflow)?, scale),
                    '%' => number(a % b, scale),
                    _ if scale == 0 => number(a / b, 0),
                    _ => bail!(NotSupported, "division of decimals in a JSON path"),
                }]
            }
        })
    }

    fn index(&self, scope: &Scope<'_>) -> Result<i64> {
        let items = self.evaluate(scope)?;
        match items.as_slice() {
            [item @ Json::Number(_)] => {
                let (unscaled, scale) = exact(item)?;
                let place = unscaled / crate::number::power_of_ten(u32::from(scale));
                i64::try_from(place).map_err(|_| failed("subscript out of bounds"))
            }
            _ => Err(failed("a subscript must be a single number")),
        }
    }
}

impl Scope<'_> {
    /// In lax mode, items of arrays in place of the arrays.
    fn unwrapped(&self, items: Vec<Json>) -> Vec<Json> {
        if self.strict {
            return items;
        }
        let unwrapped = items.into_iter().flat_map(|item| match item {
            Json::Array(items) => items,
            other => vec![other],
        });
        unwrapped.collect()
    }

    fn structural(&self, why: &str) -> Result<()> {
        if self.strict { Err(failed(why)) } else { Ok(()) }
    }
}

impl Method {
    fn of(self, item: &Json, scope: &Scope<'_>) -> Result<Json> {
        Ok(match self {
            Self::Type => Json::Text(
                match item {
                    Json::Null => "null",
                    Json::Boolean(_) => "boolean",
                    Json::Number(_) => "number",
                    Json::Text(_) => "string",
                    Json::Array(_) => "array",
                    Json::Object(_) => "object",
                }
                .to_owned(),
            ),
            Self::Size => {
                let size = if let Json::Array(items) = item {
                    items.len()
                } else {
                    scope.structural("an array is wanted")?;
                    1
                };
                Json::Number(size.to_string())
            }
            Self::Abs | Self::Ceiling | Self::Floor => {
                let (unscaled, scale) = exact(item)?;
                let unit = crate::number::power_of_ten(u32::from(scale));
                match self {
                    Self::Abs => number(unscaled.abs(), scale),
                    Self::Floor => number(unscaled.div_euclid(unit), 0),
                    _ => number(-(-unscaled).div_euclid(unit), 0),
                }
            }
        })
    }
}

impl Predicate {
    /// None is unknown.
    fn holds(&self, scope: &Scope<'_>) -> Result<Option<bool>> {
        Ok(match self {
            Self::Compare(op, left, right) => {
                return existential(scope, left, right, |a, b| compare(op, a, b));
            }
            Self::StartsWith(text, prefix) => {
                return existential(scope, text, prefix, |text, prefix| match (text, prefix) {
                    (Json::Text(text), Json::Text(prefix)) => Some(text.starts_with(prefix.as_str())),
                    _ => None,
                });
            }
            Self::Exists(node) => match node.evaluate(scope) {
                Ok(items) => Some(!items.is_empty()),
                Err(error) => unknown(error)?,
            },
            Self::IsUnknown(inner) => Some(inner.holds(scope)?.is_none()),
            Self::Not(inner) => inner.holds(scope)?.map(|holds| !holds),
            Self::And(a, b) => match (a.holds(scope)?, b.holds(scope)?) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.holds(scope)?, b.holds(scope)?) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        })
    }
}

/// An error of the path makes a predicate unknown; what this crate cannot do stays an error.
fn unknown(error: Error) -> Result<Option<bool>> {
    if error.kind == crate::error::ErrorKind::PathEvaluation {
        Ok(None)
    } else {
        Err(error)
    }
}

/// Whether a test holds for a pair of items. Unknown if one cannot be compared, unless lax mode has found a pair.
fn existential(
    scope: &Scope<'_>,
    left: &Node,
    right: &Node,
    test: impl Fn(&Json, &Json) -> Option<bool>,
) -> Result<Option<bool>> {
    let sides = left
        .evaluate(scope)
        .and_then(|left| Ok((left, right.evaluate(scope)?)));
    let (left, right) = match sides {
        Ok((left, right)) => (scope.unwrapped(left), scope.unwrapped(right)),
        Err(error) => return unknown(error),
    };
    let results: Vec<_> = left
        .iter()
        .flat_map(|a| right.iter().map(|b| test(a, b)).collect::<Vec<_>>())
        .collect();
    let found = results.contains(&Some(true));
    Ok(if results.contains(&None) && (scope.strict || !found) {
        None
    } else {
        Some(found)
    })
}

fn compare(op: &str, a: &Json, b: &Json) -> Option<bool> {
    let order = match (a, b) {
        (Json::Array(_) | Json::Object(_), _) | (_, Json::Array(_) | Json::Object(_)) => return None,
        (Json::Null, Json::Null) => Ordering::Equal,
        (Json::Null, _) | (_, Json::Null) => return Some(op == "<>"),
        (Json::Boolean(a), Json::Boolean(b)) => a.cmp(b),
        (Json::Text(a), Json::Text(b)) => a.cmp(b),
        (Json::Number(x), Json::Number(y)) => match (exact(a), exact(b)) {
            (Ok((a, s)), Ok((b, t))) => {
                let scale = s.max(t);
                rescale(a, s, scale)?.cmp(&rescale(b, t, scale)?)
            }
            _ => x.parse::<f64>().ok()?.partial_cmp(&y.parse().ok()?)?,
        },
        _ => return None,
    };
    Some(match op {
        "=" => order.is_eq(),
        "<>" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// A number without exponent: unscaled value and scale.
fn exact(item: &Json) -> Result<(i128, u8)> {
    let Json::Number(number) = item else {
        return Err(failed("a number is wanted"));
    };
    match parse_decimal(number) {
        Some((unscaled, _, scale)) => Ok((unscaled, scale)),
        None => bail!(
            NotSupported,
            "{number} in a JSON path: numbers with exponent or more than 38 digits"
        ),
    }
}

fn number(unscaled: i128, scale: u8) -> Json {
    Json::Number(decimal_text(unscaled, scale))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, context: &str) -> Option<Vec<String>> {
        let items = Path::parse(path)
            .unwrap()
            .evaluate(&Json::parse(context).unwrap(), &[]);
        items.ok().map(|items| items.iter().map(Json::text).collect())
    }

    #[test]
    fn lax_paths_unwrap_and_strict_ones_fail() {
        let context = r#"{"a": [{"b": 1}, {"b": 2}, {"c": 3}]}"#;
        assert_eq!(found("lax $.a.b", context).unwrap(), ["1", "2"]);
        assert_eq!(found("strict $.a.b", context), None);
        assert_eq!(found("strict $.a[0 to 1].b", context).unwrap(), ["1", "2"]);
        assert_eq!(found("lax $.a[last].c[0]", context).unwrap(), ["3"]);
        assert_eq!(found("strict $.a[5]", context), None);
    }

    #[test]
    fn a_path_has_one_mode() {
        for path in ["$.a", "strict lax $.a", "lax strict $.a"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_word_after_the_context_is_not_its_name() {
        let starts = found("lax $ ? ($ starts with \"a\")", "\"abc\"");
        assert_eq!(starts.unwrap(), ["\"abc\""]);
        assert_eq!(found("lax $[$[0] to 1]", "[0, 5]").unwrap(), ["0", "5"]);
    }

    #[test]
    fn long_paths_are_refused() {
        assert!(Path::parse(&format!("lax $ {}", ".a".repeat(400))).is_ok());
        let nested = format!(" ? (({}", "$ ? ((".repeat(60));
        for path in [
            ".a".repeat(100_000),
            " + 1".repeat(100_000),
            format!(" + {}", "-".repeat(100_000)),
            nested,
        ] {
            assert!(Path::parse(&format!("lax ${path}")).is_err());
        }
    }

    #[test]
    fn filters_keep_what_holds() {
        let context = "[1, 5, \"x\", null]";
        assert_eq!(found("lax $[*] ? (@ > 3)", context).unwrap(), ["5"]);
        assert_eq!(found("lax $ ? ((@ > 3) is unknown)", context).unwrap(), ["\"x\""]);
        assert_eq!(
            found("lax $ ? (@ == \"x\" || @ < 2)", context).unwrap(),
            ["1", "\"x\""]
        );
        assert_eq!(found("lax $[0] + 2 * 3", context).unwrap(), ["7"]);
    }

    #[test]
    fn sums_that_no_number_holds_fail() {
        let most = "9".repeat(38);
        assert_eq!(found(&format!("lax $ + {most}"), &most), None);
        assert_eq!(found(&format!("lax -$ - {most}"), &most), None);
    }
}
