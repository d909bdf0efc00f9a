//! Paths of `json_value`, `json_query` and `json_exists`: `lax $.orders[*] ? (@.price > 10).name`.
//!
//! In lax mode arrays are unwrapped where a single value is wanted, single values pass for arrays, and what is not
//! there is empty; in strict mode all of that is an error.

mod evaluate;
mod parse;

use crate::json::Json;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    strict: bool,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Json),
    Context,
    Variable(String),
    /// `@`
    Current,
    Last,
    Member(Box<Node>, String),
    Members(Box<Node>),
    Items(Box<Node>),
    Subscripts(Box<Node>, Vec<(Node, Option<Node>)>),
    Filter(Box<Node>, Box<Predicate>),
    Method(Box<Node>, Method),
    Negate(Box<Node>),
    Arithmetic(char, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Method {
    Type,
    Size,
    Abs,
    Ceiling,
    Floor,
}

#[derive(Debug, Clone, PartialEq)]
enum Predicate {
    Compare(&'static str, Node, Node),
    StartsWith(Node, Node),
    Exists(Node),
    IsUnknown(Box<Predicate>),
    Not(Box<Predicate>),
    And(Box<Predicate>, Box<Predicate>),
    Or(Box<Predicate>, Box<Predicate>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, context: &str) -> Option<Vec<String>> {
        let items = Path::parse(path)
            .unwrap()
            .evaluate(&Json::parse(context).unwrap(), &[]);
        items.ok().map(|items| items.iter().map(Json::text).collect())
    }

    #[test]
    fn lax_paths_unwrap_and_strict_ones_fail() {
        let context = r#"{"a": [{"b": 1}, {"b": 2}, {"c": 3}]}"#;
        assert_eq!(found("lax $.a.b", context).unwrap(), ["1", "2"]);
        assert_eq!(found("strict $.a.b", context), None);
        assert_eq!(found("strict $.a[0 to 1].b", context).unwrap(), ["1", "2"]);
        assert_eq!(found("lax $.a[last].c[0]", context).unwrap(), ["3"]);
        assert_eq!(found("strict $.a[5]", context), None);
    }

    #[test]
    fn a_path_has_one_mode() {
        for path in ["$.a", "strict lax $.a", "lax strict $.a"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_word_after_the_context_is_not_its_name() {
        let starts = found("lax $ ? ($ starts with \"a\")", "\"abc\"");
        assert_eq!(starts.unwrap(), ["\"abc\""]);
        assert_eq!(found("lax $[$[0] to 1]", "[0, 5]").unwrap(), ["0", "5"]);
    }

    #[test]
    fn long_paths_are_refused() {
        assert!(Path::parse(&format!("lax $ {}", ".a".repeat(400))).is_ok());
        let nested = format!(" ? (({}", "$ ? ((".repeat(60));
        for path in [
            ".a".repeat(100_000),
            " + 1".repeat(100_000),
            format!(" + {}", "-".repeat(100_000)),
            nested,
        ] {
            assert!(Path::parse(&format!("lax ${path}")).is_err());
        }
    }

    #[test]
    fn filters_keep_what_holds() {
        let context = "[1, 5, \"x\", null]";
        assert_eq!(found("lax $[*] ? (@ > 3)", context).unwrap(), ["5"]);
        assert_eq!(found("lax $ ? ((@ > 3) is unknown)", context).unwrap(), ["\"x\""]);
        assert_eq!(
            found("lax $ ? (@ == \"x\" || @ < 2)", context).unwrap(),
            ["1", "\"x\""]
        );
        assert_eq!(found("lax $[0] + 2 * 3", context).unwrap(), ["7"]);
    }

    #[test]
    fn sums_that_no_number_holds_fail() {
        let most = "9".repeat(38);
        assert_eq!(found(&format!("lax $ + {most}"), &most), None);
        assert_eq!(found(&format!("lax -$ - {most}"), &most), None);
    }
}
