//! What one scalar of a text format means to a column's type.
//!
//! The rules are those of Java's parsers, which users of the Java connector rely on: an integer is digits with an
//! optional sign and nothing else, a boolean is `true` or it is false, a double may be padded or end in `d`.

use std::str::FromStr;

/// A value as a text format spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// Absent, or null in so many words.
    Null,
    Bool(bool),
    /// A number as written: no digit is lost on the way.
    Number(&'a str),
    Text(&'a str),
    /// An object or array as written.
    Nested(&'a str),
}

impl<'a> Scalar<'a> {
    /// What a VARCHAR column holds; `None` only for [`Scalar::Null`].
    pub fn as_varchar(self) -> Option<&'a str> {
        match self {
            Scalar::Nested(json) => Some(json),
            scalar => scalar.as_text(),
        }
    }

    /// The text of anything that is not null, an object or an array.
    pub fn as_text(self) -> Option<&'a str> {
        match self {
            Scalar::Null | Scalar::Nested(_) => None,
            Scalar::Bool(true) => Some("true"),
            Scalar::Bool(false) => Some("false"),
            Scalar::Number(text) | Scalar::Text(text) => Some(text),
        }
    }

    /// True for `true` and for the word in any case; every other scalar is false, as with Java's `parseBoolean`.
    pub fn to_bool(self) -> Option<bool> {
        Some(self.as_text()?.eq_ignore_ascii_case("true"))
    }

    /// Digits with an optional sign, in range; `1.0` and `1e3` are no integers.
    pub fn to_integer<T: FromStr>(self) -> Option<T> {
        self.as_text()?.parse().ok()
    }

    /// What Java's `Double.parseDouble` takes, hexadecimal notation apart: blanks around, a sign, `NaN`,
    /// `Infinity`, digits with point and exponent, a trailing `f` or `d`. Too large is infinite.
    pub fn to_float<T: FromStr>(self) -> Option<T> {
        let text = self.as_text()?.trim_matches(|c| c <= ' ');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        if matches!(unsigned, "NaN" | "Infinity") {
            return text.parse().ok();
        }
        let number = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
        number.chars().all(plain).then(|| number.parse().ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_integers_as_java_does() {
        for (text, wanted) in [
            ("5", Some(5)),
            ("+5", Some(5)),
            ("-5", Some(-5)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            (" 7 ", None),
            ("", None),
            ("-", None),
            ("1.0", None),
            ("1e3", None),
            ("0x10", None),
            ("1_000", None),
        ] {
            assert_eq!(Scalar::Text(text).to_integer::<i32>(), wanted, "{text:?}");
            assert_eq!(Scalar::Number(text).to_integer::<i32>(), wanted, "{text:?}");
        }
        assert_eq!(Scalar::Bool(true).to_integer::<i32>(), None);
        assert_eq!(Scalar::Nested("[1]").to_integer::<i32>(), None);
    }

    #[test]
    fn reads_doubles_as_java_does() {
        for (text, wanted) in [
            ("1.5", Some(1.5)),
            (" 2 ", Some(2.0)),
            ("\t2\n", Some(2.0)),
            ("1.5f", Some(1.5)),
            ("1.5D", Some(1.5)),
            ("1e3d", Some(1000.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-1E-2", Some(-0.01)),
            ("1e400", Some(f64::INFINITY)),
            ("Infinity", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("infinity", None),
            ("inf", None),
            ("nan", None),
            ("Infinityd", None),
            ("0x1p3", None),
            ("\u{a0}1", None),
            ("1 2", None),
            ("d", None),
            (".", None),
            ("", None),
            ("true", None),
        ] {
            assert_eq!(Scalar::Text(text).to_float::<f64>(), wanted, "{text:?}");
        }
        assert!(Scalar::Text("NaN").to_float::<f64>().is_some_and(f64::is_nan));
        assert!(Scalar::Text("-NaN").to_float::<f64>().is_some_and(f64::is_nan));
    }

    #[test]
    fn is_true_for_one_word_only() {
        for (scalar, wanted) in [
            (Scalar::Bool(true), Some(true)),
            (Scalar::Bool(false), Some(false)),
            (Scalar::Text("TRUE"), Some(true)),
            (Scalar::Text("tRuE"), Some(true)),
            (Scalar::Text(" true"), Some(false)),
            (Scalar::Text("yes"), Some(false)),
            (Scalar::Text(""), Some(false)),
            (Scalar::Number("1"), Some(false)),
            (Scalar::Null, None),
            (Scalar::Nested("{}"), None),
        ] {
            assert_eq!(scalar.to_bool(), wanted, "{scalar:?}");
        }
    }

    #[test]
    fn keeps_text_as_written() {
        assert_eq!(Scalar::Number("1.10").as_varchar(), Some("1.10"));
        assert_eq!(Scalar::Bool(false).as_varchar(), Some("false"));
        assert_eq!(Scalar::Nested("[1, 2]").as_varchar(), Some("[1, 2]"));
        assert_eq!(Scalar::Null.as_varchar(), None);
    }
}
