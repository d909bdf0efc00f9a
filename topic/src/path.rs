//! Mappings of columns to parts of a payload, read as paths.
//!
//! | mapping | steps |
//! |---|---|
//! | `a` | the member `a` |
//! | `a.b.c` | the member `c` of the member `b` of the member `a` |
//! | `items[0].id` | the member `id` of the first item of `items`; `[` never names a member |
//! | `items.0.id` | the same if `items` is an array; if it is an object, its member `0` |
//! | `[0]` | the first item of a payload that is an array |
//! | `a\.b`, `a\[b`, `a\]b`, `a\\b` | one key that contains a dot, a bracket, a backslash |
//! | `\/a` | the key `/a` |
//! | `/a/b`, `/items/0/id` | JSON Pointer ([RFC 6901]), like `a.b`, `items.0.id` |
//! | `/a~1b`, `/a~0b` | one key that contains a slash, a tilde; backslashes, dots and brackets are literal |
//! | `/`, `/a//b` | empty keys, which the form with dots cannot express |
//!
//! Indexes are decimal, from 0, without leading zeros. Keys are case-sensitive.
//!
//! [RFC 6901]: https://www.rfc-editor.org/rfc/rfc6901

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// Maximum number of steps in a path, so that code that follows one may recurse.
pub const MAX_STEPS: usize = 64;

/// Steps from the top of a payload, at least one and at most [`MAX_STEPS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub steps: Vec<Step>,
}

/// Step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Member of this name; in an array, if the name is a decimal number, the item at that index.
    Key(String),
    /// Item at this index, from 0.
    Index(usize),
}

/// Reason why a mapping is not a path. Positions count characters of the mapping from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    #[error("the path is empty")]
    Empty,
    #[error("no key at position {position}; JSON Pointer can spell an empty one")]
    EmptyKey { position: usize },
    #[error("the bracket at position {position} does not hold a decimal index and close")]
    Index { position: usize },
    #[error("`{found}` at position {position} after an index, wanted `.` or `[`")]
    AfterIndex { position: usize, found: char },
    #[error("a `]` at position {position} has no opening bracket; a key may contain `\\]`")]
    ClosingBracket { position: usize },
    #[error("the `\\` at position {position} is not followed by one of . [ ] \\ /")]
    Escape { position: usize },
    #[error("the `~` at position {position} is followed by neither 0 nor 1")]
    PointerEscape { position: usize },
    #[error("more than {MAX_STEPS} steps, from position {position} on")]
    TooLong { position: usize },
}

impl Path {
    /// Parses a mapping: JSON Pointer if it begins with a slash, else keys and indexes with dots and
    /// brackets.
    ///
    /// # Errors
    /// If it is neither; the error has the position.
    pub fn parse(mapping: &str) -> Result<Self, PathError> {
        let steps = match mapping.strip_prefix('/') {
            Some(pointer) => parse_pointer(pointer)?,
            None => Parser::new(mapping).parse()?,
        };
        Ok(Self { steps })
    }
}

impl Step {
    /// Index of the item that this step selects in an array.
    pub fn index(&self) -> Option<usize> {
        match self {
            Self::Key(key) => parse_index(key),
            Self::Index(index) => Some(*index),
        }
    }
}

/// Displays a mapping that parses to this path.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.contains(&Step::Key(String::new())) {
            return self.steps.iter().try_for_each(|step| match step {
                Step::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => write!(f, "/{index}"),
            });
        }
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    f.write_str(if at == 0 { "" } else { "." })?;
                    write_key(f, key)?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    for (at, c) in key.char_indices() {
        match c {
            '.' | '[' | ']' | '\\' => write!(f, "\\{c}")?,
            '/' if at == 0 => f.write_str("\\/")?,
            _ => write!(f, "{c}")?,
        }
    }
    Ok(())
}

/// Parser of keys and indexes with dots and brackets.
struct Parser<'a> {
    chars: Peekable<Chars<'a>>,
    /// Position of the next character.
    position: usize,
    steps: Vec<Step>,
}

impl<'a> Parser<'a> {
    fn new(mapping: &'a str) -> Self {
        Self {
            chars: mapping.chars().peekable(),
            position: 0,
            steps: Vec::new(),
        }
    }

    fn parse(mut self) -> Result<Vec<Step>, PathError> {
        match self.chars.peek() {
            None => return Err(PathError::Empty),
            Some('[') => {}
            Some(_) => self.key()?,
        }
        loop {
            let position = self.position;
            match self.next() {
                None => return Ok(self.steps),
                Some('.') => self.key()?,
                Some('[') => self.index(position)?,
                Some(found) => return Err(PathError::AfterIndex { position, found }),
            }
        }
    }

    /// Reads a key up to the next dot or bracket.
    fn key(&mut self) -> Result<(), PathError> {
        let start = self.position;
        let mut key = String::new();
        while let Some(&c) = self.chars.peek() {
            let position = self.position;
            match c {
                '.' | '[' => break,
                ']' => return Err(PathError::ClosingBracket { position }),
                _ => self.next(),
            };
            key.push(match c {
                '\\' => self.escaped().ok_or(PathError::Escape { position })?,
                c => c,
            });
        }
        if key.is_empty() {
            return Err(PathError::EmptyKey { position: start });
        }
        push(&mut self.steps, Step::Key(key), start)
    }

    fn escaped(&mut self) -> Option<char> {
        self.next().filter(|c| matches!(c, '.' | '[' | ']' | '\\' | '/'))
    }

    /// Reads an index after the bracket at `position`.
    fn index(&mut self, position: usize) -> Result<(), PathError> {
        let mut digits = String::new();
        loop {
            match self.next() {
                Some(digit) if digit.is_ascii_digit() => digits.push(digit),
                Some(']') => break,
                _ => return Err(PathError::Index { position }),
            }
        }
        let index = parse_index(&digits).ok_or(PathError::Index { position })?;
        push(&mut self.steps, Step::Index(index), position)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.next();
        self.position += usize::from(c.is_some());
        c
    }
}

/// Parses a JSON Pointer; `pointer` begins after the first slash.
fn parse_pointer(pointer: &str) -> Result<Vec<Step>, PathError> {
    let mut steps = Vec::new();
    let mut position = 1;
    for token in pointer.split('/') {
        push(&mut steps, Step::Key(unescape_token(token, position)?), position)?;
        position += token.chars().count() + 1;
    }
    Ok(steps)
}

fn unescape_token(token: &str, start: usize) -> Result<String, PathError> {
    let mut key = String::with_capacity(token.len());
    let mut chars = token.chars().zip(start..);
    while let Some((c, position)) = chars.next() {
        key.push(match c {
            '~' => match chars.next() {
                Some(('0', _)) => '~',
                Some(('1', _)) => '/',
                _ => return Err(PathError::PointerEscape { position }),
            },
            c => c,
        });
    }
    Ok(key)
}

fn push(steps: &mut Vec<Step>, step: Step, position: usize) -> Result<(), PathError> {
    if steps.len() == MAX_STEPS {
        return Err(PathError::TooLong { position });
    }
    steps.push(step);
    Ok(())
}

fn parse_index(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|digit| digit.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    (digits && !leading_zero).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn key(key: &str) -> Step {
        Step::Key(key.to_owned())
    }

    #[test]
    fn reads_every_spelling_of_the_table() {
        use Step::Index;
        for (mapping, steps) in [
            ("a", vec![key("a")]),
            ("a.b.c", vec![key("a"), key("b"), key("c")]),
            ("items[0].id", vec![key("items"), Index(0), key("id")]),
            ("items.0.id", vec![key("items"), key("0"), key("id")]),
            ("a[10][2]", vec![key("a"), Index(10), Index(2)]),
            ("[0]", vec![Index(0)]),
            ("[0].a", vec![Index(0), key("a")]),
            (r"a\.b", vec![key("a.b")]),
            (r"a\[b", vec![key("a[b")]),
            (r"a\]b", vec![key("a]b")]),
            (r"a\\b.c", vec![key(r"a\b"), key("c")]),
            (r"\/a", vec![key("/a")]),
            ("a/b~1", vec![key("a/b~1")]),
            (" ä .$", vec![key(" ä "), key("$")]),
            ("/a/b", vec![key("a"), key("b")]),
            ("/items/0/id", vec![key("items"), key("0"), key("id")]),
            ("/a~1b", vec![key("a/b")]),
            ("/a~0b", vec![key("a~b")]),
            ("/~01", vec![key("~1")]),
            (r"/a.b[0]\", vec![key(r"a.b[0]\")]),
            ("/", vec![key("")]),
            ("/a//b", vec![key("a"), key(""), key("b")]),
        ] {
            assert_eq!(Path::parse(mapping), Ok(Path { steps }), "{mapping}");
        }
    }

    #[test]
    fn says_where_a_mapping_goes_wrong() {
        for (mapping, wanted) in [
            ("", "the path is empty"),
            (".a", "no key at position 0; JSON Pointer can spell an empty one"),
            (
                "ä..b",
                "no key at position 2; JSON Pointer can spell an empty one",
            ),
            ("a.", "no key at position 2; JSON Pointer can spell an empty one"),
            (
                "a.[0]",
                "no key at position 2; JSON Pointer can spell an empty one",
            ),
            (
                "a[",
                "the bracket at position 1 does not hold a decimal index and close",
            ),
            (
                "a[]",
                "the bracket at position 1 does not hold a decimal index and close",
            ),
            (
                "a[1",
                "the bracket at position 1 does not hold a decimal index and close",
            ),
            (
                "a[b]",
                "the bracket at position 1 does not hold a decimal index and close",
            ),
            (
                "a[-1]",
                "the bracket at position 1 does not hold a decimal index and close",
            ),
            (
                "a[01]",
                "the bracket at position 1 does not hold a decimal index and close",
            ),
            (
                "a[99999999999999999999]",
                "the bracket at position 1 does not hold a decimal index and close",
            ),
            ("a[0]b", "`b` at position 4 after an index, wanted `.` or `[`"),
            (
                "a]",
                "a `]` at position 1 has no opening bracket; a key may contain `\\]`",
            ),
            (
                "a\\",
                "the `\\` at position 1 is not followed by one of . [ ] \\ /",
            ),
            (
                "aä\\n",
                "the `\\` at position 2 is not followed by one of . [ ] \\ /",
            ),
            ("/ä/~", "the `~` at position 3 is followed by neither 0 nor 1"),
            ("/a~2", "the `~` at position 2 is followed by neither 0 nor 1"),
        ] {
            assert_eq!(Path::parse(mapping).unwrap_err().to_string(), wanted, "{mapping}");
        }
    }

    #[test]
    fn bounds_the_number_of_steps() {
        for (separator, start) in [(".", ""), ("/", "/")] {
            let path = |steps| format!("{start}{}", vec!["a"; steps].join(separator));
            assert_eq!(Path::parse(&path(MAX_STEPS)).unwrap().steps.len(), MAX_STEPS);
            let position = 2 * MAX_STEPS + start.len();
            assert_eq!(
                Path::parse(&path(MAX_STEPS + 1)),
                Err(PathError::TooLong { position })
            );
        }
    }

    #[test]
    fn a_number_is_an_index_of_an_array() {
        assert_eq!(Step::Index(3).index(), Some(3));
        assert_eq!(key("3").index(), Some(3));
        for name in ["", "-", "+3", "03", "3a", "٣", "99999999999999999999"] {
            assert_eq!(key(name).index(), None, "{name}");
        }
    }

    /// Value that [`Path`] selects in a tree.
    fn follow<'a>(path: &Path, value: &'a Value) -> Option<&'a Value> {
        path.steps.iter().try_fold(value, |value, step| match value {
            Value::Object(members) => match step {
                Step::Key(key) => members.get(key),
                Step::Index(_) => None,
            },
            Value::Array(items) => items.get(step.index()?),
            _ => None,
        })
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = any::<u8>().prop_map(Value::from);
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a01~/.]{0,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn follows_pointers_as_serde_json_does(
            tree in tree(), pointer in "(/([a01.-]|~0|~1){0,2}){1,4}",
        ) {
            prop_assert_eq!(follow(&Path::parse(&pointer).unwrap(), &tree), tree.pointer(&pointer));
        }

        #[test]
        fn prints_a_mapping_that_reads_the_same(mapping in "[a/\\\\.\\[\\]0~ä]{1,12}") {
            if let Ok(path) = Path::parse(&mapping) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn every_key_can_be_spelled(keys in prop::collection::vec(any::<String>(), 1..5)) {
            let path = Path { steps: keys.into_iter().map(Step::Key).collect() };
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn no_mapping_panics(mapping: String) {
            let _ = Path::parse(&mapping);
        }
    }
}
