//! JSON text in canonical form, and numbers as Trino prints them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::Error as _;
use serde_json::value::RawValue;

/// Maximum nesting of JSON, since the canonical form is built by recursion.
const DEEPEST: usize = 128;

/// One JSON document without white space and with the keys of each object sorted, as Trino's `json_parse`
/// returns it; of equal keys the last one is used.
///
/// Fails on text that is not exactly one JSON document, and beyond a depth of 128.
pub(super) fn canonical(json: &str) -> serde_json::Result<String> {
    let mut canonical = String::with_capacity(json.len());
    write_canonical(json, &mut canonical, DEEPEST)?;
    Ok(canonical)
}

fn write_canonical(json: &str, out: &mut String, depth_left: usize) -> serde_json::Result<()> {
    let json = json.trim_ascii();
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err(serde_json::Error::custom(format!(
            "JSON is nested deeper than {DEEPEST}"
        )));
    };
    match json.as_bytes().first() {
        Some(b'{') => write_object(serde_json::from_str(json)?, out, depth_left),
        Some(b'[') => write_array(&serde_json::from_str::<Vec<&RawValue>>(json)?, out, depth_left),
        Some(b'"') => {
            out.push_str(&serde_json::to_string(&serde_json::from_str::<Cow<'_, str>>(
                json,
            )?)?);
            Ok(())
        }
        _ => {
            out.push_str(serde_json::from_str::<&RawValue>(json)?.get());
            Ok(())
        }
    }
}

fn write_object(
    members: BTreeMap<Cow<'_, str>, &RawValue>,
    out: &mut String,
    depth_left: usize,
) -> serde_json::Result<()> {
    out.push('{');
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::to_string(key)?);
        out.push(':');
        write_canonical(value.get(), out, depth_left)?;
    }
    out.push('}');
    Ok(())
}

fn write_array(elements: &[&RawValue], out: &mut String, depth_left: usize) -> serde_json::Result<()> {
    out.push('[');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_canonical(element.get(), out, depth_left)?;
    }
    out.push(']');
    Ok(())
}

/// JSON scalar `json` as VARCHAR: strings without quotes, integers as written, other numbers as Java prints a
/// double. `None` for null, arrays and objects.
pub(super) fn scalar_text(json: &str) -> serde_json::Result<Option<Cow<'_, str>>> {
    Ok(match json.as_bytes().first() {
        Some(b'"') => Some(unquoted(json)?),
        Some(b't' | b'f') => Some(Cow::Borrowed(json)),
        Some(b'-' | b'0'..=b'9') => Some(number_text(json)?),
        _ => None,
    })
}

/// Content of a JSON string, given with its quotes. Borrows if nothing is escaped.
fn unquoted(json: &str) -> serde_json::Result<Cow<'_, str>> {
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(content) if !content.contains('\\') => Ok(Cow::Borrowed(content)),
        _ => serde_json::from_str::<String>(json).map(Cow::Owned),
    }
}

fn number_text(json: &str) -> serde_json::Result<Cow<'_, str>> {
    if json.contains(['.', 'e', 'E']) {
        Ok(Cow::Owned(java_double(serde_json::from_str(json)?)))
    } else {
        Ok(Cow::Borrowed(json))
    }
}

/// Finite double as Java's `Double.toString` writes it, which is how Trino casts it to VARCHAR.
pub(super) fn java_double(value: f64) -> String {
    let magnitude = value.abs();
    let plain = magnitude == 0.0 || (1e-3..1e7).contains(&magnitude);
    if plain {
        let text = value.to_string();
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_keys_and_drops_white_space() {
        let json =
            " { \"b\" : [ 1.50 , null ] , \"a\" : { \"z\" : \"\\u0041\\n\" , \"y\" : true } , \"b\" : 2 } ";
        assert_eq!(canonical(json).unwrap(), r#"{"a":{"y":true,"z":"A\n"},"b":2}"#);
        assert_eq!(
            canonical("[ 12345678901234567890123 ]").unwrap(),
            "[12345678901234567890123]"
        );
    }

    #[test]
    fn refuses_what_is_not_one_document() {
        for json in [
            "",
            " ",
            "{",
            "[1,]",
            "1 2",
            "{\"a\":1}}",
            "nul",
            "'a'",
            "\"\u{1}\"",
            "[01]",
        ] {
            assert!(canonical(json).is_err(), "{json}");
        }
    }

    #[test]
    fn refuses_deep_nesting_without_recursing_into_it() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(canonical(&nested(DEEPEST)).is_ok());
        assert!(canonical(&nested(DEEPEST + 1)).is_err());
        assert!(canonical(&nested(100_000)).is_err());
    }

    #[test]
    fn prints_doubles_as_java_does() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1.25e10, "1.25E10"),
        ];
        for (value, text) in cases {
            assert_eq!(java_double(value), text);
        }
    }

    #[test]
    fn gives_the_text_of_scalars_only() {
        let cases = [
            ("\"a\\tb\"", Some("a\tb")),
            ("\"a\"", Some("a")),
            ("true", Some("true")),
            ("10", Some("10")),
            ("1e1", Some("10.0")),
            ("null", None),
            ("[1]", None),
            ("{}", None),
        ];
        for (json, text) in cases {
            assert_eq!(scalar_text(json).unwrap().as_deref(), text, "{json}");
        }
    }
}
