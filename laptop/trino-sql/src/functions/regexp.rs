//! Regular expressions: Java's syntax, as Trino reads it, on an engine of linear time.
//!
//! Classes like `\w` are ASCII, `.` stands for all but `\n`, and a match may be empty right after another one. What the
//! engine has not (groups that look around, back-references, possessive quantifiers) is an error, and so is a text on
//! which the engine and Trino would differ: `$` before a line's end that is the text's end, and `\b` beside letters
//! that are not ASCII.

use std::rc::Rc;

use regex::{Captures, Regex};

use crate::error::{Result, bail, err};
use crate::functions::compiled::{Compiled, compiled};
use crate::functions::read::{int, text};
use crate::registry::{Scalar, each2, function, rows, values};
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "regexp_like",
            &["(varchar(x), varchar(y)) boolean"],
            each2::<str, str, bool>(|text, pattern| {
                let pattern = Pattern::cached(pattern)?;
                pattern.check(text)?;
                Ok(pattern.regex.is_match(text))
            }),
        ),
        function(
            "regexp_count",
            &["(varchar(x), varchar(y)) bigint"],
            each2::<str, str, i64>(|text, pattern| Ok(Pattern::cached(pattern)?.matches(text)?.len() as i64)),
        ),
        function(
            "regexp_extract",
            &[
                "(varchar(x), varchar(y)) varchar(x)",
                "(varchar(x), varchar(y), bigint) varchar(x)",
            ],
            values(|_, args| {
                let (text, pattern) = (text(&args[0]), Pattern::cached(text(&args[1]))?);
                let group = pattern.group(args.get(2))?;
                pattern.check(text)?;
                Ok(pattern
                    .regex
                    .captures(text)
                    .map_or(Value::Null, |found| part(&found, group)))
            }),
        ),
        function(
            "regexp_extract_all",
            &[
                "(varchar(x), varchar(y)) array(varchar(x))",
                "(varchar(x), varchar(y), bigint) array(varchar(x))",
            ],
            values(|_, args| {
                let pattern = Pattern::cached(text(&args[1]))?;
                let group = pattern.group(args.get(2))?;
                let found = pattern.matches(text(&args[0]))?;
                Ok(Value::Array(
                    found.iter().map(|found| part(found, group)).collect(),
                ))
            }),
        ),
        function(
            "regexp_split",
            &["(varchar(x), varchar(y)) array(varchar(x))"],
            values(|_, args| {
                let text = text(&args[0]);
                let (mut parts, mut at) = (Vec::new(), 0);
                for found in Pattern::cached(super::read::text(&args[1]))?.matches(text)? {
                    let range = found.get_match().range();
                    parts.push(Value::Text(text[at..range.start].to_owned()));
                    at = range.end;
                }
                parts.push(Value::Text(text[at..].to_owned()));
                Ok(Value::Array(parts))
            }),
        ),
        function(
            "regexp_position",
            &[
                "(varchar(x), varchar(y)) integer",
                "(varchar(x), varchar(y), bigint) integer",
                "(varchar(x), varchar(y), bigint, bigint) integer",
            ],
            values(|_, args| {
                let (text, pattern) = (text(&args[0]), Pattern::cached(text(&args[1]))?);
                let (start, nth) = (args.get(2).map_or(1, int), args.get(3).map_or(1, int));
                if start < 1 {
                    bail!(InvalidFunctionArgument, "start position cannot be smaller than 1");
                }
                if nth < 1 {
                    bail!(InvalidFunctionArgument, "occurrence cannot be smaller than 1");
                }
                let Some(from) = text.char_indices().map(|(at, _)| at).nth(start as usize - 1) else {
                    return Ok(Value::Int(-1));
                };
                let found = pattern.matches_from(text, from)?;
                let found = found.get(nth as usize - 1).map(|found| found.get_match().start());
                Ok(Value::Int(
                    found.map_or(-1, |at| text[..at].chars().count() as i64 + 1),
                ))
            }),
        ),
        function(
            "regexp_replace",
            &[
                "(varchar(x), varchar(y)) varchar(x)",
                "(varchar(x), varchar(y), varchar(z)) varchar(min(2147483647, x + max(x * z / 2, z) * (x + 1)))",
            ],
            values(|_, args| {
                let pattern = Pattern::cached(text(&args[1]))?;
                let with = args.get(2).map_or("", text);
                let replacement = |found: &Captures<'_>| expanded(with, found, &pattern.regex).map(Some);
                Ok(pattern
                    .replaced(text(&args[0]), replacement)?
                    .map_or(Value::Null, Value::Text))
            }),
        ),
        function(
            "regexp_replace",
            &["(varchar, varchar, function(array(varchar), varchar)) varchar"],
            rows(|call, row, args| {
                if args[..2].iter().any(Value::is_null) {
                    return Ok(Value::Null);
                }
                let replacement = |found: &Captures<'_>| {
                    let groups = (1..found.len()).map(|group| part(found, group)).collect();
                    Ok(match call.apply_one(2, row, vec![Value::Array(groups)])? {
                        Value::Text(text) => Some(text),
                        _ => None,
                    })
                };
                let pattern = Pattern::cached(text(&args[1]))?;
                Ok(pattern
                    .replaced(text(&args[0]), replacement)?
                    .map_or(Value::Null, Value::Text))
            }),
        ),
    ]
}

fn part(found: &Captures<'_>, group: usize) -> Value {
    found
        .get(group)
        .map_or(Value::Null, |found| Value::Text(found.as_str().to_owned()))
}

/// A replacement with its groups: `$1`, `${name}`; a backslash takes the next character as it is.
fn expanded(with: &str, found: &Captures<'_>, regex: &Regex) -> Result<String> {
    let (mut result, mut rest) = (String::new(), with);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let Some(next) = rest.chars().next() else {
                    bail!(InvalidFunctionArgument, "Illegal replacement sequence: {with}");
                };
                result.push(next);
                rest = &rest[next.len_utf8()..];
            }
            '$' => {
                let group = if let Some(name) = rest.strip_prefix('{') {
                    let Some((name, after)) = name.split_once('}') else {
                        bail!(InvalidFunctionArgument, "Illegal replacement sequence: {with}");
                    };
                    rest = after;
                    let place = regex.capture_names().position(|known| known == Some(name));
                    place.ok_or_else(|| {
                        err!(
                            InvalidFunctionArgument,
                            "Illegal replacement sequence: unknown group {{ {name} }}"
                        )
                    })?
                } else {
                    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                    if digits == 0 {
                        bail!(InvalidFunctionArgument, "Illegal replacement sequence: {with}");
                    }
                    // As many digits as make a group that there is.
                    let group = |count: usize| {
                        rest[..count]
                            .parse::<usize>()
                            .ok()
                            .filter(|group| *group < found.len())
                    };
                    let Some(count) = (1..=digits).take_while(|count| group(*count).is_some()).last() else {
                        bail!(
                            InvalidFunctionArgument,
                            "Illegal replacement sequence: unknown group {}",
                            &rest[..1]
                        );
                    };
                    let group = group(count).unwrap_or_default();
                    rest = &rest[count..];
                    group
                };
                result.push_str(found.get(group).map_or("", |found| found.as_str()));
            }
            other => result.push(other),
        }
    }
    Ok(result)
}

/// Depth of classes within classes: the engine refuses what is nested deeper, and reading it recurses.
const MOST_CLASS_DEPTH: usize = 250;

struct Pattern {
    regex: Regex,
    /// `$`, `\Z` or `^` of lines, which look at the end of the text in a way of their own.
    has_end: bool,
    /// `\b`, `\B` and classes that may mean more than ASCII.
    is_ascii: bool,
}

impl Pattern {
    /// The pattern, compiled once for all rows.
    fn cached(text: &str) -> Result<Rc<Self>> {
        thread_local! {
            static PATTERNS: Compiled<Pattern> = Compiled::default();
        }
        compiled(&PATTERNS, text, Self::compile)
    }

    fn compile(text: &str) -> Result<Self> {
        let translated = Translator {
            rest: text,
            out: String::new(),
            has_end: false,
            is_ascii: false,
        }
        .run()?;
        let regex = Regex::new(&translated.out).map_err(|_| {
            err!(
                InvalidFunctionArgument,
                "'{text}' is not a valid regular expression"
            )
        })?;
        Ok(Self {
            regex,
            has_end: translated.has_end,
            is_ascii: translated.is_ascii,
        })
    }

    /// # Errors
    /// If the engine may answer otherwise than Trino on this text.
    fn check(&self, text: &str) -> Result<()> {
        if self.has_end && text.ends_with('\n') {
            bail!(
                NotSupported,
                "^ or $ in a regular expression on a text that ends with a line's end"
            );
        }
        if self.is_ascii && !text.is_ascii() {
            bail!(
                NotSupported,
                "\\b or a named class in a regular expression on a text beyond ASCII"
            );
        }
        Ok(())
    }

    /// The group that an argument means, the whole match without one.
    fn group(&self, argument: Option<&Value>) -> Result<usize> {
        let (group, most) = (argument.map_or(0, int), self.regex.captures_len() as i64 - 1);
        if group < 0 {
            bail!(InvalidFunctionArgument, "Group cannot be negative");
        }
        if group > most {
            bail!(
                InvalidFunctionArgument,
                "Pattern has {most} groups. Cannot access group {group}"
            );
        }
        Ok(group as usize)
    }

    fn matches<'t>(&self, text: &'t str) -> Result<Vec<Captures<'t>>> {
        self.matches_from(text, 0)
    }

    /// All matches; an empty one may follow right after another.
    fn matches_from<'t>(&self, text: &'t str, mut at: usize) -> Result<Vec<Captures<'t>>> {
        self.check(text)?;
        let mut all = Vec::new();
        while at <= text.len() {
            let Some(found) = self.regex.captures_at(text, at) else {
                break;
            };
            let range = found.get_match().range();
            at = range.end;
            if range.is_empty() {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
            all.push(found);
        }
        Ok(all)
    }

    /// The text with another one for each match; None as soon as there is none for one.
    fn replaced(
        &self,
        text: &str,
        mut replacement: impl FnMut(&Captures<'_>) -> Result<Option<String>>,
    ) -> Result<Option<String>> {
        let (mut result, mut at) = (String::new(), 0);
        for found in self.matches(text)? {
            let Some(with) = replacement(&found)? else {
                return Ok(None);
            };
            let range = found.get_match().range();
            result.push_str(&text[at..range.start]);
            result.push_str(&with);
            at = range.end;
        }
        result.push_str(&text[at..]);
        Ok(Some(result))
    }
}

/// Java's spelling to the engine's.
struct Translator<'a> {
    rest: &'a str,
    out: String,
    has_end: bool,
    is_ascii: bool,
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn run(mut self) -> Result<Self> {
        let mut may_repeat = false;
        while let Some(c) = self.next() {
            let is_quantifier = matches!(c, '*' | '+' | '?' | '{') && may_repeat;
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class(1)?,
                '(' => self.group()?,
                '^' | '$' => {
                    self.has_end = true;
                    self.out.push(c);
                }
                '{' if is_quantifier => {
                    let Some((counts, after)) = self.rest.split_once('}') else {
                        bail!(InvalidFunctionArgument, "invalid repeat range {{lower,upper}}");
                    };
                    let valid = counts.starts_with(|c: char| c.is_ascii_digit())
                        && counts.chars().all(|c| c.is_ascii_digit() || c == ',');
                    if !valid {
                        bail!(NotSupported, "{{{counts}}} in a regular expression");
                    }
                    self.out.push_str(&format!("{{{counts}}}"));
                    self.rest = after;
                }
                '{' | '}' => bail!(
                    NotSupported,
                    "{c} as a character in a regular expression without a backslash"
                ),
                other => self.out.push(other),
            }
            if is_quantifier {
                if let Some(rest) = self.rest.strip_prefix('?') {
                    self.out.push('?');
                    self.rest = rest;
                } else if self.rest.starts_with('+') {
                    bail!(NotSupported, "possessive quantifiers in a regular expression");
                } else if self.rest.starts_with(['*', '{']) {
                    bail!(
                        NotSupported,
                        "a quantifier of a quantifier in a regular expression"
                    );
                }
            }
            may_repeat = !is_quantifier && !matches!(c, '(' | '|' | '^' | '$');
        }
        Ok(self)
    }

    /// Translates the rest of a group, after its opening parenthesis.
    fn group(&mut self) -> Result<()> {
        let Some(rest) = self.rest.strip_prefix('?') else {
            self.out.push('(');
            return Ok(());
        };
        self.out.push_str("(?");
        self.rest = rest;
        if let Some(name) = rest
            .strip_prefix('<')
            .filter(|name| !name.starts_with(['=', '!']))
        {
            let Some((name, after)) = name.split_once('>') else {
                bail!(InvalidFunctionArgument, "group name is not closed");
            };
            self.out.push_str(&format!("<{name}>"));
            self.rest = after;
            return Ok(());
        }
        let end = rest.find([':', ')']).unwrap_or(rest.len());
        let flags = &rest[..end];
        if !flags.chars().all(|c| "ims-".contains(c)) || end == rest.len() {
            bail!(
                NotSupported,
                "(?{} in a regular expression",
                rest.chars().next().unwrap_or(' ')
            );
        }
        self.out.push_str(flags);
        self.rest = &rest[end..];
        Ok(())
    }

    /// Translates the rest of an escape, after its backslash, inside of a class or outside.
    fn escape(&mut self, in_class: bool) -> Result<()> {
        let Some(c) = self.next() else {
            bail!(InvalidFunctionArgument, "end pattern at escape");
        };
        let ascii = |inner: &str| {
            if in_class {
                inner.to_owned()
            } else {
                format!("[{inner}]")
            }
        };
        let translated = match c {
            'd' => ascii("0-9"),
            'w' => ascii("0-9A-Za-z_"),
            's' => ascii(r"\t\n\x0B\x0C\r "),
            'D' => "[^0-9]".to_owned(),
            'W' => "[^0-9A-Za-z_]".to_owned(),
            'S' => r"[^\t\n\x0B\x0C\r ]".to_owned(),
            't' | 'n' | 'r' | 'f' | 'a' => format!("\\{c}"),
            'e' => r"\x1B".to_owned(),
            'x' | 'u' => {
                let count = if c == 'x' { 2 } else { 4 };
                let Some(hex) = self
                    .rest
                    .get(..count)
                    .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
                else {
                    bail!(
                        NotSupported,
                        "\\{c} without {count} hexadecimal digits in a regular expression"
                    );
                };
                let translated = format!(r"\x{{{hex}}}");
                self.rest = &self.rest[count..];
                translated
            }
            'p' | 'P' => self.property(c)?,
            'Q' => {
                let (quoted, after) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
                let translated = regex::escape(quoted);
                self.rest = after;
                translated
            }
            'A' | 'z' if !in_class => format!("\\{c}"),
            'Z' if !in_class => {
                self.has_end = true;
                r"\z".to_owned()
            }
            'b' | 'B' if !in_class => {
                self.is_ascii = true;
                format!("\\{c}")
            }
            c if c.is_ascii_alphanumeric() => bail!(NotSupported, "\\{c} in a regular expression"),
            c => regex::escape(c.encode_utf8(&mut [0; 4])),
        };
        self.out.push_str(&translated);
        Ok(())
    }

    /// A class by its property: `\p{Lu}`, `\pL`.
    fn property(&mut self, c: char) -> Result<String> {
        let name = match self.rest.strip_prefix('{') {
            Some(inner) => {
                let Some((name, after)) = inner.split_once('}') else {
                    bail!(InvalidFunctionArgument, "invalid character property name");
                };
                self.rest = after;
                name.to_owned()
            }
            None => self.next().map(String::from).unwrap_or_default(),
        };
        const CATEGORIES: &str = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp Latin Greek Cyrillic Han Hiragana Katakana Hangul Arabic Hebrew Thai";
        if CATEGORIES.split(' ').any(|known| known == name) {
            return Ok(format!("\\{c}{{{name}}}"));
        }
        const POSIX: [&str; 8] = [
            "Alpha", "Digit", "Alnum", "Upper", "Lower", "Punct", "Space", "XDigit",
        ];
        if !POSIX.contains(&name.as_str()) {
            bail!(NotSupported, "\\{c}{{{name}}} in a regular expression");
        }
        self.is_ascii = true;
        Ok(format!(
            "[[:{}{}:]]",
            if c == 'P' { "^" } else { "" },
            name.to_lowercase()
        ))
    }

    /// Translates the rest of a class, after its opening bracket. `depth` is 1 for a class in no other.
    fn class(&mut self, depth: usize) -> Result<()> {
        if depth > MOST_CLASS_DEPTH {
            bail!(
                NotSupported,
                "classes nested deeper than {MOST_CLASS_DEPTH} in a regular expression"
            );
        }
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.out.push('^');
            self.rest = rest;
        }
        // After `\w` or an inner class a hyphen is a character.
        let (mut is_first, mut after_set) = (true, false);
        loop {
            let Some(c) = self.next() else {
                bail!(InvalidFunctionArgument, "premature end of char-class");
            };
            let is_set = |rest: &str| rest.starts_with(['d', 'D', 'w', 'W', 's', 'S', 'p', 'P']);
            let mut is_now_set = false;
            match c {
                ']' if is_first => bail!(InvalidFunctionArgument, "empty char-class"),
                ']' => break,
                '[' if self.rest.starts_with(':') => {
                    let Some((name, after)) = self.rest[1..].split_once(":]") else {
                        bail!(NotSupported, "[: in a regular expression");
                    };
                    (self.is_ascii, is_now_set) = (true, true);
                    self.out.push_str(&format!("[:{name}:]"));
                    self.rest = after;
                }
                '[' => {
                    is_now_set = true;
                    self.class(depth + 1)?;
                }
                '\\' => {
                    is_now_set = is_set(self.rest);
                    self.escape(true)?;
                }
                '&' if self.rest.starts_with('&') => {
                    self.out.push_str("&&");
                    self.rest = &self.rest[1..];
                }
                // The engine would read two of them as an operator.
                '~' | '&' => self.out.push_str(&format!("\\{c}")),
                '-' if is_first
                    || after_set
                    || self.rest.starts_with([']', '['])
                    || self.rest.strip_prefix('\\').is_some_and(is_set) =>
                {
                    self.out.push_str("\\-");
                }
                '-' if self.rest.starts_with('-') => {
                    bail!(NotSupported, "-- in a class of a regular expression")
                }
                other => self.out.push(other),
            }
            (is_first, after_set) = (false, is_now_set);
        }
        self.out.push(']');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> Option<Vec<String>> {
        let matches = Pattern::compile(pattern).and_then(|pattern| {
            let all = pattern.matches(text)?;
            Ok(all.iter().map(|found| found[0].to_owned()).collect())
        });
        matches.ok()
    }

    #[test]
    fn reads_classes_as_java_does() {
        assert_eq!(found(r"[\w-.]+", "a-b.c d").unwrap(), ["a-b.c", "d"]);
        assert_eq!(found(r"[\x30-\x32]", "0129").unwrap(), ["0", "1", "2"]);
        assert_eq!(found(r"[a-c&&[^b]]", "abc").unwrap(), ["a", "c"]);
        assert_eq!(found(r"[~~&]+", "a~&").unwrap(), ["~&"]);
        assert_eq!(found(r"\Qa.b\E+", "a.bb").unwrap(), ["a.bb"]);
        assert_eq!(found(r"\d", "\u{664}1").unwrap(), ["1"]);
    }

    #[test]
    fn refuses_classes_that_are_nested_deeply() {
        assert_eq!(found("[[[a]b]c]+", "abcd").unwrap(), ["abc"]);
        let deep = |depth: usize| "[".repeat(depth) + "a" + &"]".repeat(depth);
        assert_eq!(found(&deep(100_000), "a"), None);
    }

    #[test]
    fn refuses_what_the_engine_has_not() {
        for pattern in [
            "a++",
            "(?=a)",
            "(?<!a)b",
            r"(a)\1",
            r"\p{javaLowerCase}",
            "(?>a)",
            r"a\R",
        ] {
            assert_eq!(found(pattern, "aa"), None, "{pattern}");
        }
        assert_eq!(found("a$", "a\n"), None);
        assert_eq!(found(r"\bé", "é"), None);
    }

    #[test]
    fn empty_matches_follow_others() {
        assert_eq!(found("a*", "aab").unwrap(), ["aa", "", ""]);
    }
}
