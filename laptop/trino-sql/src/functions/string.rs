//! Functions of text. Positions and lengths count code points.

use crate::error::{Result, bail, err};
use crate::functions::read::{int, text};
use crate::registry::{Scalar, each1, each2, each3, function, values, values_or_null};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "length",
            &["(varchar(x)) bigint"],
            each1::<str, i64>(|text| Ok(text.chars().count() as i64)),
        ),
        function(
            "length",
            &["(char(x)) bigint"],
            values(|call, _| {
                Ok(Value::Int(if let Type::Char(length) = call.args[0] {
                    length.into()
                } else {
                    0
                }))
            }),
        ),
        function(
            "upper",
            &["(varchar(x)) varchar(x)", "(char(x)) char(x)"],
            each1::<str, String>(|text| Ok(text.chars().map(upper).collect())),
        ),
        function(
            "lower",
            &["(varchar(x)) varchar(x)", "(char(x)) char(x)"],
            each1::<str, String>(|text| Ok(text.chars().map(lower).collect())),
        ),
        function(
            "reverse",
            &["(varchar(x)) varchar(x)"],
            each1::<str, String>(|text| Ok(text.chars().rev().collect())),
        ),
        function(
            "strpos",
            &["(varchar(x), varchar(y)) bigint"],
            each2::<str, str, i64>(|text, found| position(text, found, 1)),
        ),
        function(
            "strpos",
            &["(varchar(x), varchar(y), bigint) bigint"],
            each3::<str, str, i64, i64>(position),
        ),
        function(
            "starts_with",
            &["(varchar(x), varchar(y)) boolean"],
            each2::<str, str, bool>(|text, prefix| Ok(text.starts_with(prefix))),
        ),
        function(
            "substr",
            &["(varchar(x), bigint) varchar(x)"],
            each2::<str, i64, String>(|text, start| Ok(substring(text, start, i64::MAX))),
        ),
        function(
            "substr",
            &["(varchar(x), bigint, bigint) varchar(x)"],
            each3::<str, i64, i64, String>(|text, start, length| Ok(substring(text, start, length))),
        ),
        function(
            "substring",
            &["(varchar(x), bigint) varchar(x)"],
            each2::<str, i64, String>(|text, start| Ok(substring(text, start, i64::MAX))),
        ),
        function(
            "substring",
            &["(varchar(x), bigint, bigint) varchar(x)"],
            each3::<str, i64, i64, String>(|text, start, length| Ok(substring(text, start, length))),
        ),
        function(
            "substr",
            &["(char(x), bigint) char(x)", "(char(x), bigint, bigint) char(x)"],
            values(|call, args| {
                let padded = crate::text::to_text(&args[0], &call.args[0]);
                let part = substring(&padded, int(&args[1]), args.get(2).map_or(i64::MAX, int));
                Ok(Value::Text(part.trim_end_matches(' ').to_owned()))
            }),
        ),
        function(
            "trim",
            &["(char(x)) char(x)"],
            each1::<str, String>(|text| Ok(text.trim_matches(is_blank).to_owned())),
        ),
        function(
            "replace",
            &["(varchar(x), varchar(y)) varchar(x)"],
            each2::<str, str, String>(|text, found| {
                Ok(if found.is_empty() {
                    text.to_owned()
                } else {
                    text.replace(found, "")
                })
            }),
        ),
        function(
            "replace",
            &["(varchar(x), varchar(y), varchar(z)) varchar(min(2147483647, x + z * (x + 1)))"],
            each3::<str, str, str, String>(|text, found, with| Ok(text.replace(found, with))),
        ),
        function(
            "trim",
            &["(varchar(x)) varchar(x)"],
            each1::<str, String>(|text| Ok(text.trim_matches(is_blank).to_owned())),
        ),
        function(
            "ltrim",
            &["(varchar(x)) varchar(x)"],
            each1::<str, String>(|text| Ok(text.trim_start_matches(is_blank).to_owned())),
        ),
        function(
            "rtrim",
            &["(varchar(x)) varchar(x)"],
            each1::<str, String>(|text| Ok(text.trim_end_matches(is_blank).to_owned())),
        ),
        function(
            "trim",
            &["(varchar(x), varchar(y)) varchar(x)"],
            each2::<str, str, String>(|text, set| Ok(text.trim_matches(|c| set.contains(c)).to_owned())),
        ),
        function(
            "ltrim",
            &["(varchar(x), varchar(y)) varchar(x)"],
            each2::<str, str, String>(|text, set| {
                Ok(text.trim_start_matches(|c| set.contains(c)).to_owned())
            }),
        ),
        function(
            "rtrim",
            &["(varchar(x), varchar(y)) varchar(x)"],
            each2::<str, str, String>(|text, set| Ok(text.trim_end_matches(|c| set.contains(c)).to_owned())),
        ),
        function(
            "lpad",
            &["(varchar(x), bigint, varchar(y)) varchar"],
            each3::<str, i64, str, String>(|text, length, padding| {
                pad(text, length, padding).map(|(padding, text)| padding + &text)
            }),
        ),
        function(
            "rpad",
            &["(varchar(x), bigint, varchar(y)) varchar"],
            each3::<str, i64, str, String>(|text, length, padding| {
                pad(text, length, padding).map(|(padding, text)| text + &padding)
            }),
        ),
        function(
            "concat",
            &["(varchar...) varchar"],
            values(|_, args| {
                if args.len() < 2 {
                    bail!(
                        InvalidFunctionArgument,
                        "There must be two or more concatenation arguments"
                    );
                }
                Ok(Value::Text(args.iter().map(text).collect()))
            }),
        ),
        function(
            "concat",
            &[
                "(char(x), char(y)) char(x + y)",
                "(char(x), varchar(y)) char(x + y)",
                "(varchar(x), char(y)) char(x + y)",
            ],
            values(|call, args| {
                if call.args.contains(&VARCHAR) {
                    bail!(NotSupported, "concat of a char and a varchar without bound");
                }
                let first = crate::text::to_text(&args[0], &call.args[0]);
                Ok(Value::Text(
                    (first + text(&args[1])).trim_end_matches(' ').to_owned(),
                ))
            }),
        ),
        function(
            "concat_ws",
            &["(varchar, varchar, varchar...) varchar"],
            values_or_null(|_, args| Ok(join(&args[0], &args[1..]))),
        ),
        function(
            "concat_ws",
            &["(varchar, array(varchar)) varchar"],
            values_or_null(|_, args| {
                Ok(match &args[1] {
                    Value::Array(items) => join(&args[0], items),
                    _ => Value::Null,
                })
            }),
        ),
        function(
            "split",
            &["(varchar(x), varchar(y)) array(varchar(x))"],
            values(|_, args| split(text(&args[0]), text(&args[1]), usize::MAX)),
        ),
        function(
            "split",
            &["(varchar(x), varchar(y), bigint) array(varchar(x))"],
            values(|_, args| {
                let limit = int(&args[2]);
                if limit <= 0 {
                    bail!(InvalidFunctionArgument, "Limit must be positive");
                }
                split(text(&args[0]), text(&args[1]), limit as usize)
            }),
        ),
        function(
            "split_part",
            &["(varchar(x), varchar(y), bigint) varchar(x)"],
            each3::<str, str, i64, Option<String>>(|text, delimiter, place| {
                if place <= 0 {
                    bail!(InvalidFunctionArgument, "Index must be greater than zero");
                }
                if delimiter.is_empty() {
                    // Every character is a part of its own.
                    return Ok(text.chars().nth(place as usize - 1).map(String::from));
                }
                Ok(text.split(delimiter).nth(place as usize - 1).map(str::to_owned))
            }),
        ),
        function(
            "split_to_map",
            &["(varchar, varchar, varchar) map(varchar, varchar)"],
            values(|_, args| {
                let mut entries: Vec<(Value, Value)> = Vec::new();
                for (key, value) in key_values(text(&args[0]), text(&args[1]), text(&args[2]))? {
                    if entries.iter().any(|(known, _)| text(known) == key) {
                        bail!(
                            InvalidFunctionArgument,
                            "Duplicate keys ({key}) are not allowed. Specifying a lambda to resolve conflicts can avoid this error"
                        );
                    }
                    entries.push((Value::Text(key), Value::Text(value)));
                }
                Ok(Value::Map(entries))
            }),
        ),
        function(
            "split_to_map",
            &[
                "(varchar, varchar, varchar, function(varchar, varchar, varchar, varchar)) map(varchar, varchar)",
            ],
            crate::registry::rows(|call, row, args| {
                if args[..3].iter().any(Value::is_null) {
                    return Ok(Value::Null);
                }
                let mut entries: Vec<(Value, Value)> = Vec::new();
                for (key, value) in key_values(text(&args[0]), text(&args[1]), text(&args[2]))? {
                    let value = Value::Text(value);
                    match entries.iter_mut().find(|(known, _)| text(known) == key) {
                        Some((_, known)) => {
                            let params = vec![Value::Text(key), known.clone(), value];
                            *known = call.apply_one(3, row, params)?;
                        }
                        None => entries.push((Value::Text(key), value)),
                    }
                }
                Ok(Value::Map(entries))
            }),
        ),
        function(
            "split_to_multimap",
            &["(varchar, varchar, varchar) map(varchar, array(varchar))"],
            values(|_, args| {
                let mut entries: Vec<(Value, Value)> = Vec::new();
                for (key, value) in key_values(text(&args[0]), text(&args[1]), text(&args[2]))? {
                    match entries.iter_mut().find(|(known, _)| text(known) == key) {
                        Some((_, Value::Array(known))) => known.push(Value::Text(value)),
                        _ => entries.push((Value::Text(key), Value::Array(vec![Value::Text(value)]))),
                    }
                }
                Ok(Value::Map(entries))
            }),
        ),
        function(
            "chr",
            &["(bigint) varchar(1)"],
            each1::<i64, String>(|code| {
                let c = u32::try_from(code).ok().and_then(char::from_u32);
                c.map(String::from)
                    .ok_or_else(|| err!(InvalidFunctionArgument, "Not a valid Unicode code point: {code}"))
            }),
        ),
        function(
            "codepoint",
            &["(varchar(1)) integer"],
            each1::<str, i32>(|text| {
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(c as i32),
                    _ => bail!(
                        InvalidFunctionArgument,
                        "Input string must be a single character string"
                    ),
                }
            }),
        ),
        function(
            "translate",
            &["(varchar, varchar, varchar) varchar"],
            each3::<str, str, str, String>(|text, from, to| {
                let to: Vec<char> = to.chars().collect();
                let mapped = |c| match from.chars().position(|known| known == c) {
                    Some(place) => to.get(place).copied(),
                    None => Some(c),
                };
                Ok(text.chars().filter_map(mapped).collect())
            }),
        ),
        function(
            "levenshtein_distance",
            &["(varchar(x), varchar(y)) bigint"],
            each2::<str, str, i64>(|a, b| {
                let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
                if (a.len().max(1)).saturating_mul(b.len().max(1)) > 1_000_000 {
                    bail!(
                        InvalidFunctionArgument,
                        "The combined inputs for Levenshtein distance are too large"
                    );
                }
                Ok(levenshtein(&a, &b))
            }),
        ),
        function(
            "hamming_distance",
            &["(varchar(x), varchar(y)) bigint"],
            each2::<str, str, i64>(|a, b| {
                if a.chars().count() != b.chars().count() {
                    bail!(
                        InvalidFunctionArgument,
                        "The input strings to hamming_distance function must have the same length"
                    );
                }
                Ok(a.chars().zip(b.chars()).filter(|(a, b)| a != b).count() as i64)
            }),
        ),
        function("soundex", &["(varchar) varchar"], each1::<str, String>(soundex)),
        function(
            "luhn_check",
            &["(varchar) boolean"],
            each1::<str, bool>(|digits| {
                let mut sum = 0;
                for (i, c) in digits.chars().rev().enumerate() {
                    let Some(digit) = c.to_digit(10) else {
                        bail!(InvalidFunctionArgument, "Input string must only contain digits");
                    };
                    let digit = if i % 2 == 1 { digit * 2 } else { digit };
                    sum += digit / 10 + digit % 10;
                }
                Ok(!digits.is_empty() && sum % 10 == 0)
            }),
        ),
        function(
            "normalize",
            &["(varchar(x), varchar(y)) varchar"],
            each2::<str, str, String>(normalize),
        ),
        function(
            "normalize",
            &["(varchar(x)) varchar"],
            each1::<str, String>(|text| normalize(text, "NFC")),
        ),
    ]
}

/// A blank by Java's `Character.isWhitespace`.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}')
        || c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}')
}

/// One character for one, as Java's `Character` maps it: `ß` stays.
pub(crate) fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

pub(crate) fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// Place of the nth occurrence from 1, counted from the end if n is negative; 0 if there is none.
fn position(text: &str, found: &str, nth: i64) -> Result<i64> {
    if nth == 0 {
        bail!(
            InvalidFunctionArgument,
            "'instance' must not be a positive or negative number."
        );
    }
    if found.is_empty() {
        return Ok(1);
    }
    // Occurrences may overlap.
    let mut starts: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .filter(|at| text[*at..].starts_with(found))
        .collect();
    if nth < 0 {
        starts.reverse();
    }
    let start = usize::try_from(nth.unsigned_abs() - 1)
        .ok()
        .and_then(|place| starts.get(place));
    Ok(start.map_or(0, |at| text[..*at].chars().count() as i64 + 1))
}

pub(crate) fn substring(text: &str, start: i64, length: i64) -> String {
    let count = text.chars().count() as i64;
    let first = match start {
        0 => return String::new(),
        start if start > 0 => start - 1,
        start => count.saturating_add(start),
    };
    if first < 0 || first >= count || length <= 0 {
        return String::new();
    }
    text.chars()
        .skip(first as usize)
        .take(length.min(count) as usize)
        .collect()
}

/// The padding that a text needs, and the text cut to the length.
fn pad(text: &str, length: i64, padding: &str) -> Result<(String, String)> {
    if !(0..=i64::from(i32::MAX)).contains(&length) {
        bail!(
            InvalidFunctionArgument,
            "Target length must be in the range [0..2147483647]"
        );
    }
    if padding.is_empty() {
        bail!(InvalidFunctionArgument, "Padding string must not be empty");
    }
    let (length, count) = (length as usize, text.chars().count());
    if count >= length {
        return Ok((String::new(), text.chars().take(length).collect()));
    }
    Ok((
        padding.chars().cycle().take(length - count).collect(),
        text.to_owned(),
    ))
}

fn join(separator: &Value, items: &[Value]) -> Value {
    let Value::Text(separator) = separator else {
        return Value::Null;
    };
    let items: Vec<&str> = items.iter().filter(|item| !item.is_null()).map(text).collect();
    Value::Text(items.join(separator))
}

fn split(text: &str, delimiter: &str, limit: usize) -> Result<Value> {
    if delimiter.is_empty() {
        bail!(
            InvalidFunctionArgument,
            "The delimiter may not be the empty string"
        );
    }
    let parts = text
        .splitn(limit, delimiter)
        .map(|part| Value::Text(part.to_owned()));
    Ok(Value::Array(parts.collect()))
}

fn key_values(all: &str, entry_delimiter: &str, key_value_delimiter: &str) -> Result<Vec<(String, String)>> {
    if entry_delimiter.is_empty() {
        bail!(InvalidFunctionArgument, "entryDelimiter is empty");
    }
    if key_value_delimiter.is_empty() {
        bail!(InvalidFunctionArgument, "keyValueDelimiter is empty");
    }
    if entry_delimiter == key_value_delimiter {
        bail!(
            InvalidFunctionArgument,
            "entryDelimiter and keyValueDelimiter must not be the same"
        );
    }
    let mut entries: Vec<&str> = all.split(entry_delimiter).collect();
    // A delimiter at the end begins no entry.
    if entries.last() == Some(&"") {
        entries.pop();
    }
    let entry = |entry: &str| match entry.split_once(key_value_delimiter) {
        Some((key, value)) if !value.contains(key_value_delimiter) => Ok((key.to_owned(), value.to_owned())),
        _ => Err(err!(
            InvalidFunctionArgument,
            "Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'"
        )),
    };
    entries.into_iter().map(entry).collect()
}

fn levenshtein(a: &[char], b: &[char]) -> i64 {
    let mut row: Vec<i64> = (0..=b.len() as i64).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i as i64 + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + i64::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn soundex(text: &str) -> Result<String> {
    if let Some(other) = text.chars().find(|c| !c.is_ascii() && c.is_alphabetic()) {
        bail!(InvalidFunctionArgument, "The character is not mapped: {other}");
    }
    let code = |c: char| match c {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        // Letters of one code count once across these two.
        'H' | 'W' => '-',
        _ => '0',
    };
    let letters: Vec<char> = text
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let Some(first) = letters.first() else {
        return Ok(String::new());
    };
    let (mut result, mut last) = (String::from(*first), code(*first));
    for c in &letters[1..] {
        let found = code(*c);
        if found == '-' {
            continue;
        }
        if found != '0' && found != last {
            result.push(found);
        }
        last = found;
    }
    Ok(format!("{result:0<4}")[..4].to_owned())
}

fn normalize(text: &str, form: &str) -> Result<String> {
    use unicode_normalization::UnicodeNormalization;
    Ok(match form {
        "NFC" => text.nfc().collect(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        other => bail!(
            InvalidFunctionArgument,
            "Normalization form must be one of [NFD, NFC, NFKD, NFKC], not {other}"
        ),
    })
}
