//! Names as Athena gives them: in lower case, whatever their own case is.

/// Two names fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is ambiguous: the {kind} names `{first}` and `{second}` differ only by case")]
pub struct AmbiguousName {
    /// Such as `registry`.
    pub kind: &'static str,
    pub name: String,
    pub first: String,
    pub second: String,
}

/// The one of `names` that is `wanted`, or else the only one that differs by case alone.
///
/// # Errors
/// If several differ by case alone.
pub(crate) fn pick<'a>(
    names: impl IntoIterator<Item = &'a str>,
    wanted: &str,
    kind: &'static str,
) -> Result<Option<&'a str>, AmbiguousName> {
    let mut fitting = names
        .into_iter()
        .filter(|name| name.eq_ignore_ascii_case(wanted))
        .peekable();
    let Some(first) = fitting.peek().copied() else {
        return Ok(None);
    };
    let fitting: Vec<_> = fitting.collect();
    if let Some(exact) = fitting.iter().find(|name| **name == wanted) {
        return Ok(Some(exact));
    }
    match fitting.get(1) {
        None => Ok(Some(first)),
        Some(second) => Err(AmbiguousName {
            kind,
            name: wanted.to_owned(),
            first: first.to_owned(),
            second: (*second).to_owned(),
        }),
    }
}
