//! Functions of URLs, read by the rules of RFC 2396 as `java.net.URI` does: what is not a valid one has no parts.

use crate::error::{Result, bail, err};
use crate::registry::{Scalar, each1, each2, function};

pub(crate) fn scalars() -> Vec<Scalar> {
    macro_rules! part {
        ($name:literal, $get:expr) => {
            function(
                $name,
                &["(varchar(x)) varchar(x)"],
                each1::<str, Option<String>>(|text| Ok(Url::parse(text).and_then($get).map(str::to_owned))),
            )
        };
    }
    vec![
        part!("url_extract_protocol", |url| Some(url.scheme.unwrap_or(""))),
        part!("url_extract_host", |url| Some(url.host.unwrap_or(""))),
        function(
            "url_extract_path",
            &["(varchar(x)) varchar(x)"],
            each1::<str, Option<String>>(|text| Url::parse(text).map(|url| decoded(url.path)).transpose()),
        ),
        function(
            "url_extract_query",
            &["(varchar(x)) varchar(x)"],
            each1::<str, Option<String>>(|text| {
                Url::parse(text)
                    .map(|url| decoded(url.query.unwrap_or("")))
                    .transpose()
            }),
        ),
        function(
            "url_extract_fragment",
            &["(varchar(x)) varchar(x)"],
            each1::<str, Option<String>>(|text| {
                Url::parse(text)
                    .map(|url| decoded(url.fragment.unwrap_or("")))
                    .transpose()
            }),
        ),
        function(
            "url_extract_port",
            &["(varchar(x)) bigint"],
            each1::<str, Option<i64>>(|text| Ok(Url::parse(text).and_then(|url| url.port))),
        ),
        function(
            "url_extract_parameter",
            &["(varchar(x), varchar(y)) varchar(x)"],
            each2::<str, str, Option<String>>(|text, name| {
                let Some(query) = Url::parse(text).and_then(|url| url.query) else {
                    return Ok(None);
                };
                // Decoded before it is taken apart.
                let query = decoded(query)?;
                let parameter = query.split('&').find_map(|parameter| {
                    let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                    (key == name).then(|| value.to_owned())
                });
                Ok(parameter)
            }),
        ),
        function(
            "url_encode",
            &["(varchar(x)) varchar(min(2147483647, x * 12))"],
            each1::<str, String>(|text| {
                let encoded = |byte: u8| match byte {
                    b' ' => "+".to_owned(),
                    b'-' | b'_' | b'.' | b'*' => char::from(byte).to_string(),
                    byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                    byte => format!("%{byte:02X}"),
                };
                Ok(text.bytes().map(encoded).collect())
            }),
        ),
        function(
            "url_decode",
            &["(varchar(x)) varchar(x)"],
            each1::<str, String>(|text| {
                percent_decoded(&text.replace('+', " ")).ok_or_else(|| {
                    err!(
                        InvalidFunctionArgument,
                        "Illegal hex characters in escape (%) pattern: {text}"
                    )
                })
            }),
        ),
    ]
}

struct Url<'a> {
    scheme: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<i64>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (rest, fragment) = match text.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (text, None),
        };
        let scheme_end = rest
            .find([':', '/', '?'])
            .filter(|at| rest[*at..].starts_with(':'));
        let (scheme, rest) = match scheme_end {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        if let Some(scheme) = scheme {
            let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            // After a scheme something must follow.
            if !valid || rest.is_empty() {
                return None;
            }
        }
        if fragment.is_some_and(|fragment| !is_valid(fragment, "/?")) {
            return None;
        }
        // `mailto:a@b` has neither path nor query.
        if scheme.is_some() && !rest.starts_with('/') {
            let opaque = is_valid(rest, "/?[]");
            return opaque.then_some(Self {
                scheme,
                host: None,
                port: None,
                path: "",
                query: None,
                fragment,
            });
        }
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(after) => {
                let end = after.find('/').unwrap_or(after.len());
                (Some(&after[..end]), &after[end..])
            }
            None => (None, rest),
        };
        if !is_valid(path, "/") || query.is_some_and(|query| !is_valid(query, "/?[]")) {
            return None;
        }
        let (host, port) = match authority {
            Some("") if path.is_empty() => return None,
            Some("") | None => (None, None),
            Some(authority) => server(authority)?,
        };
        Some(Self {
            scheme,
            host,
            port,
            path,
            query,
            fragment,
        })
    }
}

/// Host and port; a registry's name has neither.
fn server(authority: &str) -> Option<(Option<&str>, Option<i64>)> {
    if !is_valid(authority, "[]") {
        return None;
    }
    let address = authority
        .rsplit_once('@')
        .map_or(authority, |(_, address)| address);
    let host_end = match address.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => address.find(':').unwrap_or(address.len()),
    };
    let (host, rest) = address.split_at(host_end);
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some("") => None,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(port.parse().ok()?),
        _ => return Some((None, None)),
    };
    let label = |label: &str| {
        let edge = |c: char| c.is_ascii_alphanumeric();
        label.starts_with(edge) && label.ends_with(edge) && label.chars().all(|c| edge(c) || c == '-')
    };
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let is_address = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let is_name = labels.iter().all(|part| label(part))
        && labels
            .last()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_alphabetic()));
    if host.starts_with('[') || is_address || is_name {
        Some((Some(host), port))
    } else {
        Some((None, None))
    }
}

/// Whether a part consists of characters that may stand in it; others than ASCII may, but for blanks and controls.
fn is_valid(part: &str, extra: &str) -> bool {
    let bytes = part.as_bytes();
    part.char_indices().all(|(at, c)| match c {
        '%' => bytes
            .get(at + 1..at + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        c if c.is_ascii() => {
            c.is_ascii_alphanumeric() || "-_.!~*'();:@&=+$,".contains(c) || extra.contains(c)
        }
        c => !c.is_whitespace() && !c.is_control(),
    })
}

/// `%20` as the byte that it means; None if two hexadecimal digits do not follow.
fn percent_decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex = std::str::from_utf8(rest.get(..2)?).ok()?;
        if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
        rest = &rest[2..];
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn decoded(part: &str) -> Result<String> {
    match percent_decoded(part) {
        Some(text) => Ok(text),
        None => bail!(InvalidFunctionArgument, "{part} is not valid in a URL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        let url = Url::parse("https://user@a-b.example.com:8443/p/q?x=1&y#z").unwrap();
        assert_eq!(
            (url.scheme, url.host, url.port),
            (Some("https"), Some("a-b.example.com"), Some(8443))
        );
        assert_eq!(
            (url.path, url.query, url.fragment),
            ("/p/q", Some("x=1&y"), Some("z"))
        );
        assert_eq!(Url::parse("http://[::1]:80/").unwrap().host, Some("[::1]"));
        // A name with an underscore is a registry's.
        assert_eq!(Url::parse("http://a_b/").unwrap().host, None);
        assert_eq!(Url::parse("mailto:a@b.c").unwrap().path, "");
        for invalid in [
            "not a url",
            "http://",
            "a:",
            "1a:b",
            "http://a/%zz",
            "http://a/b|c",
        ] {
            assert!(Url::parse(invalid).is_none(), "{invalid}");
        }
    }
}
