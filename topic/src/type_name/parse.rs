//! Parsing of names to types, by recursive descent:
//!
//! ```text
//! type   = ARRAY open type close | MAP open type "," type close | (ROW | STRUCT) open field {"," field} close
//!        | word ["(" number {"," number} ")"] [WITH TIME ZONE]
//! field  = (word | quoted) [":"] type
//! open   = "(" | "<"                                        close is its mirror
//! ```

use arrow::datatypes::{DataType, Field};

use super::table::{find, list_of, map_of};
use crate::names::Names;

/// Maximum nesting of types: `ARRAY(INT)` has 2 levels.
pub const MAX_DEPTH: usize = 64;

/// Error of a type name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}, at position {position}")]
pub struct TypeNameError {
    pub reason: String,
    /// Position in characters from 0.
    pub position: usize,
}

/// Result of parsing a type name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    pub data_type: DataType,
    /// Whether the name is not one of [`TYPES`](super::TYPES), so that the type is VARCHAR by default.
    pub unknown: bool,
}

/// Type of this name. `exact_decimal` makes DECIMAL without precision `decimal(38,18)` rather than DOUBLE.
///
/// # Errors
/// For a name with brackets that is not one of [`TYPES`](super::TYPES), with the position of the error.
pub fn parse(name: &str, exact_decimal: bool) -> Result<Parsed, TypeNameError> {
    if name.contains(is_punctuation) {
        let data_type = complex(name, exact_decimal)?;
        return Ok(Parsed {
            data_type,
            unknown: false,
        });
    }
    let words: Vec<_> = name.split_whitespace().map(str::to_uppercase).collect();
    let found = find(&words.join(" "), 0, "");
    let data_type = found.map(|found| found.data_type(&[], exact_decimal));
    Ok(Parsed {
        unknown: found.is_none() && !words.is_empty(),
        data_type: data_type.and_then(Result::ok).unwrap_or(DataType::Utf8),
    })
}

/// Whether a plain word cannot contain the character.
fn is_punctuation(c: char) -> bool {
    matches!(c, '(' | ')' | '<' | '>' | ',' | ':' | '"' | '`')
}

fn complex(name: &str, exact_decimal: bool) -> Result<DataType, TypeNameError> {
    let mut parser = Parser {
        name,
        at: 0,
        exact_decimal,
    };
    let data_type = parser.any_type(1)?;
    match parser.peek() {
        None => Ok(data_type),
        Some(_) => Err(parser.wanted("the end")),
    }
}

struct Parser<'a> {
    name: &'a str,
    /// Position in bytes.
    at: usize,
    exact_decimal: bool,
}

impl<'a> Parser<'a> {
    fn any_type(&mut self, depth: usize) -> Result<DataType, TypeNameError> {
        let Some(word) = self.word() else {
            return Err(self.wanted("a type"));
        };
        let start = self.at - word.len();
        if depth > MAX_DEPTH {
            return Err(self.error(start, format!("types nest at most {MAX_DEPTH} deep")));
        }
        match word.to_ascii_uppercase().as_str() {
            "ARRAY" => {
                let close = self.open()?;
                let item = self.any_type(depth + 1)?;
                self.expect(close)?;
                Ok(list_of(item))
            }
            "MAP" => self.map(depth),
            "ROW" | "STRUCT" => self.row(depth),
            base => self.scalar(base, word, start),
        }
    }

    fn map(&mut self, depth: usize) -> Result<DataType, TypeNameError> {
        let close = self.open()?;
        self.blanks();
        let key_at = self.at;
        let key = self.any_type(depth + 1)?;
        if key.is_nested() {
            return Err(self.error(key_at, "a map's key cannot be of a complex type"));
        }
        self.expect(',')?;
        let value = self.any_type(depth + 1)?;
        self.expect(close)?;
        Ok(map_of(key, value))
    }

    fn row(&mut self, depth: usize) -> Result<DataType, TypeNameError> {
        let close = self.open()?;
        let mut fields = Vec::new();
        let mut names = Names::default();
        loop {
            self.blanks();
            let name_at = self.at;
            let name = self.field_name()?;
            if let Err(clash) = names.insert(&name) {
                return Err(self.error(name_at, clash.of("fields")));
            }
            self.skip(':');
            fields.push(Field::new(name, self.any_type(depth + 1)?, true));
            if !self.skip(',') {
                break;
            }
        }
        self.expect(close)?;
        Ok(DataType::Struct(fields.into()))
    }

    fn scalar(&mut self, base: &str, word: &str, start: usize) -> Result<DataType, TypeNameError> {
        let parameters = match self.skip('(') {
            true => self.numbers()?,
            false => Vec::new(),
        };
        let suffix = if self.with_time_zone() {
            "WITH TIME ZONE"
        } else {
            ""
        };
        let known = match (parameters.is_empty(), suffix) {
            (true, "WITH TIME ZONE") => find(&format!("{base} {suffix}"), 0, ""),
            _ => find(base, parameters.len(), suffix),
        };
        let unknown = || match find(base, 0, "") {
            Some(_) => format!("`{word}` does not take what follows it"),
            None => format!("`{word}` is not a type"),
        };
        let known = known.ok_or_else(|| self.error(start, unknown()))?;
        let data_type = known.data_type(&parameters, self.exact_decimal);
        data_type.map_err(|reason| self.error(start, reason))
    }

    /// Reads numbers up to the closing parenthesis.
    fn numbers(&mut self) -> Result<Vec<u32>, TypeNameError> {
        let mut numbers = Vec::new();
        loop {
            let number = self.word().map(|word| (word.len(), word.parse()));
            match number {
                Some((_, Ok(number))) => numbers.push(number),
                Some((bytes, Err(_))) => {
                    self.at -= bytes;
                    return Err(self.wanted("a number"));
                }
                None => return Err(self.wanted("a number")),
            }
            if !self.skip(',') {
                break;
            }
        }
        self.expect(')')?;
        Ok(numbers)
    }

    fn with_time_zone(&mut self) -> bool {
        let start = self.at;
        let all = ["WITH", "TIME", "ZONE"]
            .iter()
            .all(|wanted| self.word().is_some_and(|word| word.eq_ignore_ascii_case(wanted)));
        if !all {
            self.at = start;
        }
        all
    }

    fn field_name(&mut self) -> Result<String, TypeNameError> {
        let name = match self.peek() {
            Some(quote @ ('"' | '`')) => self.quoted(quote)?,
            _ => self.word().unwrap_or_default().to_owned(),
        };
        match name.as_str() {
            "" => Err(self.wanted("a field's name")),
            _ => Ok(name),
        }
    }

    /// Reads text between `quote`s, in which a doubled quote is literal.
    fn quoted(&mut self, quote: char) -> Result<String, TypeNameError> {
        let start = self.at;
        let mut name = String::new();
        self.at += 1;
        while let Some((text, rest)) = self.name[self.at..].split_once(quote) {
            name.push_str(text);
            self.at += text.len() + 1;
            if !rest.starts_with(quote) {
                return Ok(name);
            }
            name.push(quote);
            self.at += 1;
        }
        Err(self.error(start, format!("the quote {quote} is not closed")))
    }

    /// Reads an opening bracket; returns the one that closes it.
    fn open(&mut self) -> Result<char, TypeNameError> {
        if self.skip('(') {
            Ok(')')
        } else if self.skip('<') {
            Ok('>')
        } else {
            Err(self.wanted("`(` or `<`"))
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        self.blanks();
        let rest = &self.name[self.at..];
        let end = rest.find(|c: char| c.is_whitespace() || is_punctuation(c));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }

    fn expect(&mut self, wanted: char) -> Result<(), TypeNameError> {
        match self.skip(wanted) {
            true => Ok(()),
            false => Err(self.wanted(&format!("`{wanted}`"))),
        }
    }

    fn skip(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn peek(&mut self) -> Option<char> {
        self.blanks();
        self.name[self.at..].chars().next()
    }

    fn blanks(&mut self) {
        let rest = &self.name[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wanted(&mut self, wanted: &str) -> TypeNameError {
        let found = match self.peek() {
            Some(found) => format!("`{found}`"),
            None => "the end".to_owned(),
        };
        self.error(self.at, format!("wanted {wanted}, found {found}"))
    }

    fn error(&self, at: usize, reason: impl Into<String>) -> TypeNameError {
        TypeNameError {
            reason: reason.into(),
            position: self.name[..at].chars().count(),
        }
    }
}
