//! Text of statements in pieces, for the terminal: where one ends, and what is a word, a literal or a comment. Unlike the
//! engine's lexer it takes any text, also one that is being typed.

/// Part of a text, without gaps to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    /// Keyword or name without quotes.
    Word,
    Number,
    /// Text in single quotes, if it is closed.
    Text {
        closed: bool,
    },
    /// Name in double quotes or backticks.
    Name {
        closed: bool,
    },
    Comment {
        closed: bool,
    },
    Semicolon,
    /// Backslash and the rest of its line.
    Command,
    Symbol,
}

impl Piece<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is part of a statement: neither a blank nor a comment.
    pub(super) fn counts(&self) -> bool {
        !matches!(self.kind, Kind::Blank | Kind::Comment { .. })
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The pieces of a text, in order.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &text[start..];
        let first = rest.chars().next()?;
        let (kind, length) = piece(rest, first);
        let found = Piece {
            kind,
            start,
            text: &rest[..length],
        };
        start += length;
        Some(found)
    })
}

/// Whether a text has nothing to run.
pub(super) fn is_blank(text: &str) -> bool {
    !pieces(text).any(|piece| piece.counts())
}

fn piece(rest: &str, first: char) -> (Kind, usize) {
    let up_to = |end: Option<usize>| end.unwrap_or(rest.len());
    let run = |accepts: fn(char) -> bool| up_to(rest.find(|c| !accepts(c)));
    match first {
        ';' => (Kind::Semicolon, 1),
        '\\' => (Kind::Command, up_to(rest.find('\n'))),
        '\'' => {
            // A doubled quote ends one text and begins the next.
            let (length, closed) = quoted(rest, '\'');
            (Kind::Text { closed }, length)
        }
        '"' | '`' => {
            let (length, closed) = quoted(rest, first);
            (Kind::Name { closed }, length)
        }
        '-' if rest.starts_with("--") => {
            let end = rest.find('\n');
            let closed = end.is_some();
            (Kind::Comment { closed }, up_to(end))
        }
        '/' if rest.starts_with("/*") => {
            let end = rest[2..].find("*/").map(|end| end + 4);
            let closed = end.is_some();
            (Kind::Comment { closed }, up_to(end))
        }
        c if c.is_whitespace() => (Kind::Blank, run(char::is_whitespace)),
        c if c.is_ascii_digit() => (
            Kind::Number,
            run(|c| c.is_alphanumeric() || matches!(c, '.' | '_')),
        ),
        c if is_word(c) => (Kind::Word, run(is_word)),
        c => (Kind::Symbol, c.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length up to the closing quote, and whether there is one.
fn quoted(rest: &str, quote: char) -> (usize, bool) {
    match rest[1..].find(quote) {
        Some(end) => (end + 2, true),
        None => (rest.len(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_pieces() {
        let text = "SELECT a_1, 'it''s;' -- no; end\n/* ; */ \"x;\" 1.5e3; \\g now\n'open";
        let found: Vec<_> = pieces(text).collect();
        assert_eq!(found.iter().map(|piece| piece.text).collect::<String>(), text);
        let kinds: Vec<_> = found
            .iter()
            .filter(|piece| piece.kind != Kind::Blank)
            .map(|piece| (piece.kind, piece.text))
            .collect();
        assert_eq!(
            kinds,
            [
                (Kind::Word, "SELECT"),
                (Kind::Word, "a_1"),
                (Kind::Symbol, ","),
                (Kind::Text { closed: true }, "'it'"),
                (Kind::Text { closed: true }, "'s;'"),
                (Kind::Comment { closed: true }, "-- no; end"),
                (Kind::Comment { closed: true }, "/* ; */"),
                (Kind::Name { closed: true }, "\"x;\""),
                (Kind::Number, "1.5e3"),
                (Kind::Semicolon, ";"),
                (Kind::Command, "\\g now"),
                (Kind::Text { closed: false }, "'open"),
            ]
        );
    }

    #[test]
    fn comments_alone_are_nothing_to_run() {
        assert!(is_blank(" -- a\n/* b */ "));
        assert!(!is_blank("-- a\n1"));
    }
}
