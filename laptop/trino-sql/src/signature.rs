//! Signatures of functions, as text: `(varchar(x), bigint) varchar(x)`.
//!
//! | in a signature | means |
//! | --- | --- |
//! | `bigint`, `varchar`, `array(varchar)` | that type |
//! | `E`, `K`: one capital letter | any type, the same wherever the letter stands; `E:orderable`, `E:comparable` ask for more |
//! | `varchar(x)`, `decimal(p, s)`: small letters | any length or precision, known as the letter |
//! | `varchar(x + y)`, `decimal(min(38, p + 1), s)` | in the result: `+ - *`, `min`, `max`, `if(a < b, …, …)` over the letters |
//! | `function(T, U)` | a lambda from T to U |
//! | `row` | any row |
//! | `bigint...` at the end | as many of them as there are, or none |

use std::collections::HashMap;

use crate::coerce::{as_decimal, can_coerce, common_type};
use crate::error::bail;
use crate::types::Type;

#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub text: &'static str,
    args: Vec<Pattern>,
    variadic: bool,
    result: Pattern,
    orderable: Vec<char>,
    comparable: Vec<char>,
}

#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    Variable(char),
    Plain(Type),
    /// `varchar(…)`, `char(…)`, `decimal(…)`, `timestamp(…)`, `time(…)` with numbers that are computed.
    Sized(String, Vec<Number>, bool),
    Array(Box<Pattern>),
    Map(Box<Pattern>, Box<Pattern>),
    Row(Vec<Pattern>),
    AnyRow,
    Function(Vec<Pattern>, Box<Pattern>),
}

#[derive(Debug, Clone, PartialEq)]
enum Number {
    Constant(i64),
    Letter(char),
    Of(char, Box<Number>, Box<Number>),
    If(Box<Number>, Box<Number>, Box<Number>),
}

/// Types and numbers that the letters of a signature stand for in one call.
#[derive(Debug, Clone, Default)]
struct Bindings {
    types: HashMap<char, Type>,
    numbers: HashMap<char, i64>,
}

/// A signature with types for letters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub args: Vec<Type>,
    pub result: Type,
}

/// Length of a varchar without bound, as a number.
const UNBOUNDED: i64 = 2_147_483_647;

/// An argument of a call: a value of a type, or a lambda, whose body is typed once its parameters are.
pub(crate) enum Argument<'a> {
    Value(&'a Type),
    /// Gives the type of the lambda's body for types of its parameters.
    Lambda(&'a mut dyn FnMut(&[Type]) -> crate::error::Result<Type>),
}

impl Signature {
    pub(crate) fn is_generic(&self) -> bool {
        fn generic(pattern: &Pattern) -> bool {
            match pattern {
                Pattern::Variable(_) | Pattern::Function(..) | Pattern::AnyRow => true,
                Pattern::Array(item) => generic(item),
                Pattern::Map(key, value) => generic(key) || generic(value),
                Pattern::Row(fields) => fields.iter().any(generic),
                Pattern::Plain(_) | Pattern::Sized(..) => false,
            }
        }
        self.args.iter().any(generic)
    }

    fn patterns(&self, count: usize) -> Option<Vec<&Pattern>> {
        let fixed = if self.variadic {
            self.args.len() - 1
        } else {
            self.args.len()
        };
        if count < fixed || (count > fixed && !self.variadic) {
            return None;
        }
        Some(
            (0..count)
                .map(|i| &self.args[i.min(self.args.len() - 1)])
                .collect(),
        )
    }

    /// The signature for a call's arguments; None if they do not fit it.
    ///
    /// # Errors
    /// If the body of a lambda is wrong.
    pub(crate) fn bind(
        &self,
        arguments: &mut [Argument<'_>],
        coerce: bool,
    ) -> crate::error::Result<Option<Bound>> {
        let Some(patterns) = self.patterns(arguments.len()) else {
            return Ok(None);
        };
        let mut bindings = Bindings::default();
        // Values first: what they are tells a lambda the types of its parameters.
        for (pattern, argument) in patterns.iter().zip(arguments.iter()) {
            match argument {
                Argument::Value(ty) if !bindings.unify(pattern, ty, coerce) => return Ok(None),
                Argument::Lambda(_) if !matches!(pattern, Pattern::Function(..)) => return Ok(None),
                _ => {}
            }
        }
        for (pattern, argument) in patterns.iter().zip(arguments.iter_mut()) {
            if let (Pattern::Function(params, body), Argument::Lambda(typed)) = (pattern, argument) {
                let Some(params) = params
                    .iter()
                    .map(|p| bindings.resolve(p))
                    .collect::<Option<Vec<_>>>()
                else {
                    return Ok(None);
                };
                let found = typed(&params)?;
                if !bindings.unify(body, &found, true) {
                    return Ok(None);
                }
            }
        }
        let allowed = |letters: &[char], test: fn(&Type) -> bool| {
            letters
                .iter()
                .all(|letter| bindings.types.get(letter).is_none_or(test))
        };
        if !allowed(&self.orderable, Type::is_orderable) || !allowed(&self.comparable, Type::is_comparable) {
            return Ok(None);
        }
        let mut args = Vec::with_capacity(patterns.len());
        for (pattern, argument) in patterns.iter().zip(arguments.iter()) {
            match argument {
                Argument::Lambda(_) => args.push(Type::Function),
                Argument::Value(ty) => {
                    let Some(wanted) = bindings.wanted(pattern, ty) else {
                        return Ok(None);
                    };
                    if !(wanted == **ty || coerce && can_coerce(ty, &wanted)) {
                        return Ok(None);
                    }
                    args.push(wanted);
                }
            }
        }
        let result = bindings.resolve(&self.result);
        // The arguments decide which function it is. A product of decimals may have more digits after the point than
        // the type: https://trino.io/docs/435/functions/decimal.html
        if result.is_none() && matches!(&self.result, Pattern::Sized(name, ..) if name == "decimal") {
            bail!(
                InvalidFunctionArgument,
                "The result of this call has no decimal type: its scale exceeds its precision"
            );
        }
        Ok(result.map(|result| Bound { args, result }))
    }

    /// Types of the parameters and of the body that the lambda in a place has, once the rest is bound.
    pub(crate) fn lambda_types(&self, place: usize, bound: &Bound) -> Option<(Vec<Type>, Type)> {
        let mut bindings = Bindings::default();
        let patterns = self.patterns(bound.args.len())?;
        for (pattern, ty) in patterns
            .iter()
            .zip(&bound.args)
            .filter(|(_, ty)| **ty != Type::Function)
        {
            bindings.unify(pattern, ty, true);
        }
        bindings.unify(&self.result, &bound.result, true);
        match patterns.get(place)? {
            Pattern::Function(params, body) => {
                let params = params
                    .iter()
                    .map(|param| bindings.resolve(param))
                    .collect::<Option<_>>()?;
                Some((params, bindings.resolve(body)?))
            }
            _ => None,
        }
    }
}

impl Bindings {
    /// Takes from a type what the letters of a pattern stand for.
    fn unify(&mut self, pattern: &Pattern, ty: &Type, coerce: bool) -> bool {
        match (pattern, ty) {
            (Pattern::Variable(letter), _) => {
                let known = self.types.get(letter);
                let bound = match known {
                    None => Some(ty.clone()),
                    Some(known) if known == ty => return true,
                    Some(known) if coerce => common_type(known, ty),
                    Some(_) => None,
                };
                bound.map(|ty| self.types.insert(*letter, ty)).is_some()
            }
            (Pattern::Plain(wanted), _) => wanted == ty || coerce && can_coerce(ty, wanted),
            (Pattern::Sized(name, numbers, zone), _) => {
                let Some(found) = sizes(name, *zone, ty, coerce) else {
                    return false;
                };
                numbers.iter().zip(found).all(|(number, found)| match number {
                    Number::Letter(letter) => {
                        let known = self.numbers.entry(*letter).or_insert(found);
                        if *known != found && !coerce {
                            return false;
                        }
                        *known = found.max(*known);
                        true
                    }
                    _ => true,
                })
            }
            (Pattern::Array(item), Type::Array(found)) => self.unify(item, found, coerce),
            (Pattern::Map(key, value), Type::Map(k, v)) => {
                self.unify(key, k, coerce) && self.unify(value, v, coerce)
            }
            (Pattern::Row(patterns), Type::Row(fields)) => {
                patterns.len() == fields.len()
                    && patterns
                        .iter()
                        .zip(fields.iter())
                        .all(|(pattern, field)| self.unify(pattern, &field.ty, coerce))
            }
            (Pattern::AnyRow, Type::Row(_)) => true,
            (Pattern::Array(_) | Pattern::Map(..) | Pattern::Row(_) | Pattern::AnyRow, Type::Unknown) => {
                coerce && self.unify_unknown(pattern)
            }
            _ => false,
        }
    }

    /// A bare NULL for an array or a map: letters that nothing else tells are of type unknown.
    fn unify_unknown(&mut self, pattern: &Pattern) -> bool {
        match pattern {
            Pattern::Array(item) => self.unify(item, &Type::Unknown, true),
            Pattern::Map(key, value) => {
                self.unify(key, &Type::Unknown, true) && self.unify(value, &Type::Unknown, true)
            }
            Pattern::Row(fields) => fields.iter().all(|field| self.unify(field, &Type::Unknown, true)),
            _ => false,
        }
    }

    /// The type that an argument must have.
    fn wanted(&self, pattern: &Pattern, found: &Type) -> Option<Type> {
        match pattern {
            Pattern::AnyRow => Some(found.clone()),
            _ => self.resolve(pattern),
        }
    }

    fn resolve(&self, pattern: &Pattern) -> Option<Type> {
        Some(match pattern {
            Pattern::Variable(letter) => self.types.get(letter)?.clone(),
            Pattern::Plain(ty) => ty.clone(),
            Pattern::Sized(name, numbers, zone) => {
                let numbers = numbers
                    .iter()
                    .map(|n| self.number(n))
                    .collect::<Option<Vec<_>>>()?;
                sized(name, &numbers, *zone)?
            }
            Pattern::Array(item) => Type::array(self.resolve(item)?),
            Pattern::Map(key, value) => Type::map(self.resolve(key)?, self.resolve(value)?),
            Pattern::Row(fields) => Type::row(
                fields
                    .iter()
                    .map(|f| self.resolve(f))
                    .collect::<Option<Vec<_>>>()?,
            ),
            Pattern::Function(..) => Type::Function,
            Pattern::AnyRow => return None,
        })
    }

    fn number(&self, number: &Number) -> Option<i64> {
        Some(match number {
            Number::Constant(value) => *value,
            Number::Letter(letter) => *self.numbers.get(letter)?,
            Number::If(condition, then, otherwise) => self.number(if self.number(condition)? != 0 {
                then
            } else {
                otherwise
            })?,
            Number::Of(op, a, b) => {
                let (a, b) = (self.number(a)?, self.number(b)?);
                match op {
                    '+' => a.saturating_add(b),
                    '-' => a.saturating_sub(b),
                    '*' => a.saturating_mul(b),
                    '/' => a / b,
                    'm' => a.min(b),
                    'M' => a.max(b),
                    '<' => i64::from(a < b),
                    '=' => i64::from(a == b),
                    _ => return None,
                }
            }
        })
    }
}

/// The numbers of a type where a sized one of that name is wanted.
fn sizes(name: &str, zone: bool, ty: &Type, coerce: bool) -> Option<Vec<i64>> {
    Some(match (name, ty) {
        ("varchar", Type::Varchar(length)) => vec![length.map_or(UNBOUNDED, i64::from)],
        ("varchar", Type::Char(length)) if coerce => vec![i64::from(*length)],
        ("char", Type::Char(length)) => vec![i64::from(*length)],
        ("decimal", Type::Decimal(precision, scale)) => vec![i64::from(*precision), i64::from(*scale)],
        ("decimal", _) if coerce => {
            let (precision, scale) = as_decimal(ty)?;
            vec![i64::from(precision), i64::from(scale)]
        }
        ("timestamp", Type::Timestamp(digits)) if !zone => vec![i64::from(*digits)],
        ("timestamp", Type::TimestampTz(digits)) if zone => vec![i64::from(*digits)],
        ("timestamp", Type::Timestamp(digits)) if zone && coerce => vec![i64::from(*digits)],
        ("timestamp", Type::Date) if coerce => vec![0],
        ("time", Type::Time(digits)) => vec![i64::from(*digits)],
        ("varchar" | "timestamp" | "time", Type::Unknown) if coerce => vec![0],
        _ => return None,
    })
}

fn sized(name: &str, numbers: &[i64], zone: bool) -> Option<Type> {
    let small = |at: usize| numbers.get(at).and_then(|n| u8::try_from(*n).ok());
    Some(match name {
        "varchar" if numbers[0] >= UNBOUNDED => Type::Varchar(None),
        "varchar" => Type::Varchar(Some(u32::try_from(numbers[0]).ok()?)),
        "char" => Type::Char(u32::try_from(numbers[0]).ok()?.min(65_536)),
        "decimal" => {
            let (precision, scale) = (small(0)?, small(1)?);
            if scale > precision || precision > 38 {
                return None;
            }
            Type::Decimal(precision, scale)
        }
        "timestamp" if zone => Type::TimestampTz(small(0)?),
        "timestamp" => Type::Timestamp(small(0)?),
        "time" => Type::Time(small(0)?),
        _ => return None,
    })
}

impl Signature {
    /// # Panics
    /// If the text is not a signature: a mistake in a table of functions, which every test finds.
    pub(crate) fn parse(text: &'static str) -> Self {
        let mut reader = Reader { rest: text, text };
        let (mut orderable, mut comparable) = (Vec::new(), Vec::new());
        let (mut args, mut variadic) = (Vec::new(), false);
        reader.expect("(");
        while !reader.accept(")") {
            args.push(reader.pattern());
            if let Some(Pattern::Variable(letter)) = args.last() {
                if reader.accept(":orderable") {
                    orderable.push(*letter);
                } else if reader.accept(":comparable") {
                    comparable.push(*letter);
                }
            }
            variadic = reader.accept("...");
            reader.accept(",");
        }
        let result = reader.pattern();
        // `where E:orderable` after the result, for letters inside of other types.
        while reader.accept("where") || reader.accept(",") {
            let Pattern::Variable(letter) = reader.pattern() else {
                reader.fail()
            };
            if reader.accept(":orderable") {
                orderable.push(letter);
            } else {
                reader.expect(":comparable");
                comparable.push(letter);
            }
        }
        if !reader.rest.trim().is_empty() {
            reader.fail();
        }
        Self {
            text,
            args,
            variadic,
            result,
            orderable,
            comparable,
        }
    }
}

struct Reader {
    rest: &'static str,
    text: &'static str,
}

impl Reader {
    fn fail(&self) -> ! {
        panic!("signature {:?}: cannot be read at {:?}", self.text, self.rest)
    }

    fn accept(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) {
        if !self.accept(token) {
            self.fail();
        }
    }

    fn word(&mut self) -> &'static str {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn pattern(&mut self) -> Pattern {
        for (text, ty) in [
            ("interval day to second", Type::IntervalDay),
            ("interval year to month", Type::IntervalYear),
        ] {
            if self.accept(text) {
                return Pattern::Plain(ty);
            }
        }
        let word = self.word();
        let list = |reader: &mut Self| {
            reader.expect("(");
            let mut patterns = vec![reader.pattern()];
            while reader.accept(",") {
                patterns.push(reader.pattern());
            }
            reader.expect(")");
            patterns
        };
        match word {
            "array" => Pattern::Array(Box::new(list(self).swap_remove(0))),
            "map" => {
                let mut parts = list(self);
                let value = parts.swap_remove(1);
                Pattern::Map(Box::new(parts.swap_remove(0)), Box::new(value))
            }
            "row" if self.rest.starts_with('(') => Pattern::Row(list(self)),
            "row" => Pattern::AnyRow,
            "function" => {
                let mut parts = list(self);
                let result = parts.pop().unwrap_or_else(|| self.fail());
                Pattern::Function(parts, Box::new(result))
            }
            "varchar" | "char" | "decimal" | "timestamp" | "time" if self.rest.starts_with('(') => {
                self.expect("(");
                let mut numbers = vec![self.sum()];
                while self.accept(",") {
                    numbers.push(self.sum());
                }
                self.expect(")");
                Pattern::Sized(word.to_owned(), numbers, self.accept("with time zone"))
            }
            _ => match (word.chars().next(), plain(word)) {
                (_, Some(ty)) => Pattern::Plain(ty),
                (Some(letter), None) if word.len() == 1 && letter.is_ascii_uppercase() => {
                    Pattern::Variable(letter)
                }
                _ => self.fail(),
            },
        }
    }

    fn sum(&mut self) -> Number {
        let mut left = self.product();
        loop {
            let op = match () {
                () if self.accept("+") => '+',
                () if self.accept("-") => '-',
                () if self.accept("<") => '<',
                () if self.accept("=") => '=',
                () => return left,
            };
            left = Number::Of(op, Box::new(left), Box::new(self.product()));
        }
    }

    fn product(&mut self) -> Number {
        let mut left = self.atom();
        loop {
            let op = match () {
                () if self.accept("*") => '*',
                () if self.accept("/") => '/',
                () => return left,
            };
            left = Number::Of(op, Box::new(left), Box::new(self.atom()));
        }
    }

    fn atom(&mut self) -> Number {
        if self.accept("(") {
            let inner = self.sum();
            self.expect(")");
            return inner;
        }
        let word = self.word();
        match word {
            "min" | "max" | "if" => {
                self.expect("(");
                let first = Box::new(self.sum());
                self.expect(",");
                let second = Box::new(self.sum());
                let number = if word == "if" {
                    self.expect(",");
                    Number::If(first, second, Box::new(self.sum()))
                } else {
                    Number::Of(if word == "min" { 'm' } else { 'M' }, first, second)
                };
                self.expect(")");
                number
            }
            _ => match (word.parse(), word.chars().next()) {
                (Ok(constant), _) => Number::Constant(constant),
                (_, Some(letter)) if word.len() == 1 => Number::Letter(letter),
                _ => self.fail(),
            },
        }
    }
}

fn plain(word: &str) -> Option<Type> {
    Some(match word {
        "unknown" => Type::Unknown,
        "boolean" => Type::Boolean,
        "tinyint" => Type::TinyInt,
        "smallint" => Type::SmallInt,
        "integer" => Type::Integer,
        "bigint" => Type::BigInt,
        "real" => Type::Real,
        "double" => Type::Double,
        "varchar" => Type::Varchar(None),
        "varbinary" => Type::Varbinary,
        "json" => Type::Json,
        "date" => Type::Date,
        "ipaddress" => Type::IpAddress,
        "uuid" => Type::Uuid,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &'static str, args: &[Type], coerce: bool) -> Option<String> {
        let mut arguments: Vec<_> = args.iter().map(Argument::Value).collect();
        let bound = Signature::parse(text).bind(&mut arguments, coerce).unwrap();
        bound.map(|bound| bound.result.to_string())
    }

    #[test]
    fn letters_stand_for_types_and_numbers() {
        let (varchar, decimal) = (Type::Varchar(Some(3)), Type::Decimal(3, 2));
        assert_eq!(
            bound(
                "(varchar(x), varchar(y)) varchar(x + y)",
                &[varchar.clone(), varchar.clone()],
                false
            )
            .unwrap(),
            "varchar(6)"
        );
        let divide = "(decimal(p, s), decimal(q, t)) decimal(min(38, p + t + max(t - s, 0)), max(s, t))";
        assert_eq!(
            bound(divide, &[Type::Integer, decimal], true).unwrap(),
            "decimal(14,2)"
        );
        let array = Type::array(Type::Integer);
        assert_eq!(
            bound("(E, array(E)) array(E)", &[Type::BigInt, array.clone()], false),
            None
        );
        assert_eq!(
            bound("(E, array(E)) array(E)", &[Type::BigInt, array], true).unwrap(),
            "array(bigint)"
        );
        assert_eq!(bound("(E:orderable) E", &[Type::Json], true), None);
        assert_eq!(
            bound("(varchar...) varchar", &[varchar.clone(), varchar], true).unwrap(),
            "varchar"
        );
    }
}
