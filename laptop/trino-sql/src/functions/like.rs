//! LIKE.

use crate::error::{Result, bail};
use crate::registry::{Scalar, each2, each3, function};

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "$like",
            &["(varchar, varchar) boolean"],
            each2::<str, str, bool>(|text, pattern| like(text, &compiled(pattern, None)?)),
        ),
        function(
            "$like",
            &["(varchar, varchar, varchar) boolean"],
            each3::<str, str, str, bool>(|text, pattern, escape| {
                let mut chars = escape.chars();
                match (chars.next(), chars.next()) {
                    (Some(escape), None) => like(text, &compiled(pattern, Some(escape))?),
                    _ => bail!(
                        InvalidFunctionArgument,
                        "Escape string must be a single character"
                    ),
                }
            }),
        ),
    ]
}

enum Part {
    Literal(char),
    One,
    Any,
}

fn compiled(pattern: &str, escape: Option<char>) -> Result<Vec<Part>> {
    let (mut parts, mut chars) = (Vec::new(), pattern.chars());
    while let Some(c) = chars.next() {
        parts.push(match c {
            c if Some(c) == escape => match chars.next() {
                Some(next) if next == '%' || next == '_' || Some(next) == escape => Part::Literal(next),
                _ => bail!(
                    InvalidFunctionArgument,
                    "Escape character must be followed by '%', '_' or the escape character itself"
                ),
            },
            '%' => Part::Any,
            '_' => Part::One,
            c => Part::Literal(c),
        });
    }
    Ok(parts)
}

/// Greedy, with one step back to the last `%`.
fn like(text: &str, parts: &[Part]) -> Result<bool> {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut part, mut resume) = (0, 0, None);
    loop {
        match parts.get(part) {
            Some(Part::Any) => {
                part += 1;
                resume = Some((at, part));
                continue;
            }
            Some(Part::One) if at < text.len() => {
                (at, part) = (at + 1, part + 1);
                continue;
            }
            Some(Part::Literal(c)) if text.get(at) == Some(c) => {
                (at, part) = (at + 1, part + 1);
                continue;
            }
            None if at == text.len() => return Ok(true),
            _ => {}
        }
        match resume {
            Some((from, after)) if from < text.len() => {
                resume = Some((from + 1, after));
                (at, part) = (from + 1, after);
            }
            _ => return Ok(false),
        }
    }
}
