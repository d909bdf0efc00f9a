//! Functions of text.

use crate::registry::{Scalar, each1, each2, function, values};
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "length",
            &["(varchar(x)) bigint"],
            each1::<str, i64>(|text| Ok(text.chars().count() as i64)),
        ),
        function(
            "upper",
            &["(varchar(x)) varchar(x)"],
            each1::<str, String>(|text| Ok(text.chars().map(upper).collect())),
        ),
        function(
            "lower",
            &["(varchar(x)) varchar(x)"],
            each1::<str, String>(|text| Ok(text.chars().map(lower).collect())),
        ),
        function(
            "strpos",
            &["(varchar, varchar) bigint"],
            each2::<str, str, i64>(|text, found| {
                Ok(text
                    .find(found)
                    .map_or(0, |at| text[..at].chars().count() as i64 + 1))
            }),
        ),
        function(
            "$concat_chars",
            &["(char(x), char(y)) char(x + y)"],
            values(|call, args| {
                let text = |i: usize| crate::cast::to_text(&args[i], &call.args[i]);
                Ok(Value::Text((text(0) + &text(1)).trim_end_matches(' ').to_owned()))
            }),
        ),
        function(
            "concat",
            &["(varchar...) varchar"],
            values(|_, args| {
                let text = |value: &Value| {
                    if let Value::Text(text) = value {
                        text.clone()
                    } else {
                        String::new()
                    }
                };
                Ok(Value::Text(args.iter().map(text).collect()))
            }),
        ),
    ]
}

/// One character for one, as Java's `Character` maps it: `ß` stays.
fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}
