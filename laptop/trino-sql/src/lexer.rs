//! Statements as tokens, by the lexical rules of Trino's grammar.

use crate::error::{Position, Result, bail};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// Identifier or keyword, as written.
    Word(String),
    Quoted(String),
    String(String),
    Binary(Vec<u8>),
    Integer(String),
    Decimal(String),
    Double(String),
    Symbol(&'static str),
    End,
}

impl Token {
    /// Whether it stands for a value that is given with the statement.
    pub(crate) fn is_parameter(&self) -> bool {
        *self == Self::Symbol("?")
    }
}

/// Longer ones first.
const SYMBOLS: [&str; 24] = [
    "<>", "!=", "<=", ">=", "->", "||", "=>", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]",
    ",", ".", "?", ":", ";",
];

/// The tokens of a statement, each with its place; the last is [`Token::End`].
pub(crate) fn tokens(statement: &str) -> Result<Vec<(Token, Position)>> {
    let mut lexer = Lexer {
        rest: statement,
        at: Position { line: 1, column: 1 },
    };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank()?;
        let at = lexer.at;
        let token = lexer.token().map_err(|e| e.at(at))?;
        let last = token == Token::End;
        tokens.push((token, at));
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> Lexer<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            if c == '\n' {
                self.at = Position {
                    line: self.at.line + 1,
                    column: 1,
                };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(|c| !accepts(c)).unwrap_or(self.rest.len()))
    }

    fn skip_blank(&mut self) -> Result<()> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest.starts_with("--") {
                self.take_while(|c| c != '\n');
            } else if self.rest.starts_with("/*") {
                match self.rest.find("*/") {
                    Some(end) => self.take(end + 2),
                    None => return Err(crate::error::err!(SyntaxError, "comment without an end").at(self.at)),
                };
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token> {
        let Some(first) = self.rest.chars().next() else {
            return Ok(Token::End);
        };
        let second = self.rest[first.len_utf8()..].chars().next();
        Ok(match (first, second) {
            ('\'', _) => Token::String(self.quoted('\'')?),
            ('"', _) => {
                let name = self.quoted('"')?;
                if name.is_empty() {
                    bail!(SyntaxError, "Zero-length delimited identifier not allowed");
                }
                Token::Quoted(name)
            }
            ('x' | 'X', Some('\'')) => {
                self.take(1);
                let digits: String = self
                    .quoted('\'')?
                    .chars()
                    .filter(|c| !c.is_whitespace())
                    .collect();
                if !digits.len().is_multiple_of(2) {
                    bail!(
                        SyntaxError,
                        "binary literal must contain an even number of digits"
                    );
                }
                let byte = |at: usize| {
                    digits
                        .get(at..at + 2)
                        .and_then(|d| u8::from_str_radix(d, 16).ok())
                };
                match (0..digits.len()).step_by(2).map(byte).collect() {
                    Some(bytes) => Token::Binary(bytes),
                    None => bail!(SyntaxError, "binary literal can only contain hexadecimal digits"),
                }
            }
            ('u' | 'U', Some('&')) if self.rest[2..].starts_with('\'') => {
                self.take(2);
                let text = self.quoted('\'')?;
                Token::String(unescaped(&text, self.uescape()?)?)
            }
            (c, next) if c.is_ascii_digit() || c == '.' && next.is_some_and(|c| c.is_ascii_digit()) => {
                self.number()?
            }
            (c, _) if c.is_alphabetic() || c == '_' => Token::Word(
                self.take_while(|c| c.is_alphanumeric() || matches!(c, '_'))
                    .to_owned(),
            ),
            (c, _) => match SYMBOLS.into_iter().find(|symbol| self.rest.starts_with(symbol)) {
                Some(symbol) => {
                    self.take(symbol.len());
                    Token::Symbol(symbol)
                }
                None => bail!(SyntaxError, "mismatched input '{c}'"),
            },
        })
    }

    fn quoted(&mut self, quote: char) -> Result<String> {
        let mut text = String::new();
        self.take(1);
        loop {
            text.push_str(self.take_while(|c| c != quote));
            match (
                self.rest.starts_with(quote),
                self.rest[quote.len_utf8().min(self.rest.len())..].starts_with(quote),
            ) {
                (false, _) => bail!(SyntaxError, "mismatched input: a quotation without its end"),
                (true, true) => {
                    self.take(2);
                    text.push(quote);
                }
                (true, false) => {
                    self.take(1);
                    return Ok(text);
                }
            }
        }
    }

    fn number(&mut self) -> Result<Token> {
        let start = self.rest;
        let digits = |lexer: &mut Self| lexer.take_while(|c| c.is_ascii_digit()).len();
        let mut length = digits(self);
        let mut fraction = false;
        if self.rest.starts_with('.') {
            self.take(1);
            fraction = true;
            length += 1 + digits(self);
        }
        let exponent = self.rest.strip_prefix(['e', 'E']).map(|rest| {
            let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            (self.rest.len() - rest.len() + digits, digits)
        });
        if let Some((exponent, 1..)) = exponent {
            self.take(exponent);
            length += exponent;
            return self.ended(Token::Double(start[..length].to_owned()));
        }
        let text = start[..length].to_owned();
        self.ended(if fraction {
            Token::Decimal(text)
        } else {
            Token::Integer(text)
        })
    }

    fn ended(&self, number: Token) -> Result<Token> {
        if self
            .rest
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        {
            bail!(
                SyntaxError,
                "identifiers must not start with a digit; surround the identifier with double quotes"
            );
        }
        Ok(number)
    }

    fn uescape(&mut self) -> Result<char> {
        let blank = self.rest.trim_start();
        if !blank
            .get(..7)
            .is_some_and(|word| word.eq_ignore_ascii_case("uescape"))
        {
            return Ok('\\');
        }
        self.skip_blank()?;
        self.take(7);
        self.skip_blank()?;
        let text = if self.rest.starts_with('\'') {
            self.quoted('\'')?
        } else {
            String::new()
        };
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_ascii_hexdigit() && !c.is_whitespace() && !"\"'+".contains(c) => Ok(c),
            _ => bail!(SyntaxError, "Invalid Unicode escape character"),
        }
    }
}

/// The text of a `U&'…'` literal: `\0041`, `\+000041`, `\\`.
fn unescaped(text: &str, escape: char) -> Result<String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(escape) {
        out.push_str(&rest[..at]);
        rest = &rest[at + escape.len_utf8()..];
        if let Some(after) = rest.strip_prefix(escape) {
            out.push(escape);
            rest = after;
            continue;
        }
        let (rest_of, digits) = match rest.strip_prefix('+') {
            Some(after) => (after, 6),
            None => (rest, 4),
        };
        let code = rest_of
            .get(..digits)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => out.push(c),
            None => bail!(SyntaxError, "Invalid escaped character"),
        }
        rest = &rest_of[digits..];
    }
    out.push_str(rest);
    Ok(out)
}
