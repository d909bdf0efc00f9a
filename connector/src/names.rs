//! Lookup of names that Athena gives in lower case, whatever their own case is.

/// Error of a name that matches two names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is ambiguous: the {kind} names `{first}` and `{second}` differ only by case")]
pub struct AmbiguousName {
    /// Such as `registry`.
    pub kind: &'static str,
    pub name: String,
    pub first: String,
    pub second: String,
}

/// Name of `names` that equals `wanted`, or else the only one that differs only by case.
///
/// # Errors
/// If several differ only by case.
pub(crate) fn pick<'a>(
    names: impl IntoIterator<Item = &'a str>,
    wanted: &str,
    kind: &'static str,
) -> Result<Option<&'a str>, AmbiguousName> {
    let fitting = names.into_iter().filter(|name| name.eq_ignore_ascii_case(wanted));
    let fitting: Vec<&'a str> = fitting.collect();
    if let Some(exact) = fitting.iter().find(|name| **name == wanted) {
        return Ok(Some(exact));
    }
    match fitting.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [first, second, ..] => Err(AmbiguousName {
            kind,
            name: wanted.to_owned(),
            first: (*first).to_owned(),
            second: (*second).to_owned(),
        }),
    }
}
