//! Escapes of JSON strings.

use crate::decode::json::search::bytes_before_backslash;

/// Replaces escapes. The parser has checked their form, but not whether surrogates are paired.
pub(crate) fn unescape<'a>(text: &'a str, unescaped: &'a mut String) -> &'a str {
    let mut at = bytes_before_backslash(text.as_bytes());
    if at == text.len() {
        return text;
    }
    unescaped.clear();
    let mut rest = text;
    while at < rest.len() {
        unescaped.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let plain = match escape.as_bytes().first() {
            // The character is literal: it is copied together with the following text.
            Some(b'"' | b'\\' | b'/') => {
                rest = escape;
                1
            }
            _ => {
                let (c, after) = read_escape(escape);
                unescaped.push(c);
                rest = after;
                0
            }
        };
        at = plain + bytes_before_backslash(&rest.as_bytes()[plain..]);
    }
    unescaped.push_str(rest);
    unescaped
}

/// Character of an escape, and the rest; `escape` begins after the backslash.
fn read_escape(escape: &str) -> (char, &str) {
    let mut chars = escape.chars();
    let c = match chars.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return read_unicode_escape(chars.as_str()),
        Some(c) => c,
        None => char::REPLACEMENT_CHARACTER,
    };
    (c, chars.as_str())
}

/// Character of a `\u` escape, and the rest; `hex` begins after `\u`. A surrogate pair takes a second escape.
fn read_unicode_escape(hex: &str) -> (char, &str) {
    let Some((unit, rest)) = read_code_unit(hex) else {
        return (char::REPLACEMENT_CHARACTER, hex);
    };
    let second = rest.strip_prefix("\\u").and_then(read_code_unit);
    if let Some((low, after)) = second
        && let Some(Ok(c)) = char::decode_utf16([unit, low]).next()
        && c.len_utf16() == 2
    {
        return (c, after);
    }
    (
        char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER),
        rest,
    )
}

fn read_code_unit(hex: &str) -> Option<(u16, &str)> {
    let (digits, rest) = hex.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_surrogates_only_in_pairs() {
        for (inside, wanted) in [
            (r"\ud83d\ude00", "\u{1f600}"),
            (r"\ud800", "\u{fffd}"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud800\u0041", "\u{fffd}A"),
            (r"\ud800\\u0041", "\u{fffd}\\u0041"),
        ] {
            assert_eq!(unescape(inside, &mut String::new()), wanted, "{inside}");
        }
    }

    proptest! {
    #[test]
    fn unescapes_as_serde_json_does(text: String) {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for json in [serde_json::to_string(&text).unwrap(), format!("\"{escaped}\"")] {
            let inside = &json[1..json.len() - 1];
            let mut unescaped = String::new();
            prop_assert_eq!(unescape(inside, &mut unescaped), text.as_str());
        }
    }
    }
}
