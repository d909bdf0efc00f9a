//! Address and credentials of a Confluent registry: the setting `schema_registry_url`.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::key::{SchemaKey, SubjectVersion};

/// Characters to escape in a path segment: all but the unreserved ones of [RFC
/// 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
const NOT_IN_SEGMENTS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// URL of a registry. `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryUrl {
    /// Scheme, host, port and path, without user info and without a `/` at the end.
    base: String,
    is_https: bool,
    /// Header of Basic authentication, marked as sensitive.
    authorization: Option<HeaderValue>,
}

impl RegistryUrl {
    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    pub(super) fn of_schema(&self, key: &SchemaKey) -> String {
        let base = &self.base;
        match key {
            SchemaKey::Id(id) => format!("{base}/schemas/ids/{id}"),
            SchemaKey::Guid(guid) => format!("{base}/schemas/guids/{guid}"),
            SchemaKey::Version(version) => self.of_version(version),
            SchemaKey::DeletedVersion(version) => format!("{}?deleted=true", self.of_version(version)),
        }
    }

    fn of_version(&self, SubjectVersion { subject, version }: &SubjectVersion) -> String {
        let subject = utf8_percent_encode(subject, NOT_IN_SEGMENTS);
        format!("{}/subjects/{subject}/versions/{version}", self.base)
    }
}

/// Error of a text that is not a registry's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("wanted {WANTED}")]
pub struct InvalidRegistryUrl;

/// Accepted form of a registry's URL.
pub const WANTED: &str = "one http:// or https:// URL without query, its user info percent-encoded";

impl FromStr for RegistryUrl {
    type Err = InvalidRegistryUrl;

    /// Parses a URL. A password that is not percent-encoded may end the host early; such URLs are rejected.
    fn from_str(text: &str) -> Result<Self, InvalidRegistryUrl> {
        if text.contains(['?', '#', ',']) {
            return Err(InvalidRegistryUrl);
        }
        let uri: Uri = text.parse().map_err(|_| InvalidRegistryUrl)?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidRegistryUrl);
        };
        let (user_info, host) = match authority.as_str().rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info), host),
            None => (None, authority.as_str()),
        };
        let path = uri.path().trim_end_matches('/');
        if !is_host(host) || path.contains('@') || user_info.is_some_and(|text| text.contains('@')) {
            return Err(InvalidRegistryUrl);
        }
        Ok(Self {
            base: format!("{scheme}://{host}{path}"),
            is_https: scheme == "https",
            authorization: user_info.map(basic).transpose()?,
        })
    }
}

/// Whether the text is a host name or an address, with or without port.
fn is_host(host: &str) -> bool {
    let after_address = host.rfind(']').map_or(0, |end| end + 1);
    let (name, port) = match host[after_address..].split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (&host[after_address..], None),
    };
    let is_address = after_address > 0;
    name.is_empty() == is_address && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn basic(user_info: &str) -> Result<HeaderValue, InvalidRegistryUrl> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let credentials = [user, password]
        .map(|text| percent_decode_str(text).collect::<Vec<_>>())
        .join(&b':');
    let header = format!("Basic {}", STANDARD.encode(credentials));
    let mut header = HeaderValue::try_from(header).map_err(|_| InvalidRegistryUrl)?;
    header.set_sensitive(true);
    Ok(header)
}

/// `text` without what may be user info, for errors.
pub(crate) fn redact(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("***@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> RegistryUrl {
        text.parse().unwrap()
    }

    #[test]
    fn keeps_the_base_path() {
        for (text, wanted) in [
            ("http://registry:8081", "http://registry:8081/schemas/ids/7"),
            ("https://registry/", "https://registry/schemas/ids/7"),
            (
                "https://host/apis/ccompat/v7/",
                "https://host/apis/ccompat/v7/schemas/ids/7",
            ),
            ("http://[::1]:81/x", "http://[::1]:81/x/schemas/ids/7"),
            ("http://u:p@host:1", "http://host:1/schemas/ids/7"),
        ] {
            assert_eq!(url(text).of_schema(&SchemaKey::Id(7)), wanted);
            assert_eq!(url(text).is_https(), text.starts_with("https"));
        }
    }

    #[test]
    fn encodes_subjects() {
        for (subject, wanted) in [
            ("orders-value", "orders-value"),
            ("common/money.proto", "common%2Fmoney.proto"),
            (":.ctx:a b?#%", "%3A.ctx%3Aa%20b%3F%23%25"),
            ("grüße", "gr%C3%BC%C3%9Fe"),
        ] {
            let version = SubjectVersion {
                subject: subject.to_owned(),
                version: 12,
            };
            let path = format!("http://host/x/subjects/{wanted}/versions/12");
            let asked = |key| url("http://host/x").of_schema(&key);
            assert_eq!(asked(SchemaKey::Version(version.clone())), path);
            assert_eq!(
                asked(SchemaKey::DeletedVersion(version)),
                format!("{path}?deleted=true")
            );
        }
    }

    #[test]
    fn user_info_becomes_basic_credentials_that_are_not_shown() {
        let credentials = |text| {
            let url = url(text);
            let header = url.authorization()?.to_str().unwrap().to_owned();
            let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).unwrap();
            Some(String::from_utf8(decoded).unwrap())
        };
        assert_eq!(credentials("http://host"), None);
        assert_eq!(
            credentials("http://key:s%40c%2Fr%25@host").as_deref(),
            Some("key:s@c/r%")
        );
        assert_eq!(credentials("http://key@host").as_deref(), Some("key:"));
        assert_eq!(credentials("http://k:100%25%@host").as_deref(), Some("k:100%%"));
        let debug = format!("{:?}", url("http://key:secret@host"));
        assert!(!debug.contains("secret") && debug.contains("host"), "{debug}");
        assert!(!debug.contains(&STANDARD.encode("key:secret")), "{debug}");
    }

    #[test]
    fn refuses_what_is_no_url_of_one_registry() {
        for text in [
            "",
            "registry:8081",
            "ftp://registry",
            "http://",
            "http://registry:port",
            "http://registry:65536",
            "http://key:pass/word@host",
            "http://key:12/word@host",
            "http://key:pass#word@host",
            "http://key:pass?word@host",
            "http://key:p@ss@host",
            "http://a,http://b",
            "http://host?x=1",
            "http://:8081",
        ] {
            assert_eq!(text.parse::<RegistryUrl>(), Err(InvalidRegistryUrl), "{text}");
        }
    }

    #[test]
    fn shows_no_user_info_of_a_faulty_url() {
        assert_eq!(redact("http://key:p@ss@host/x?y"), "***@host/x?y");
        assert_eq!(redact("registry:8081"), "registry:8081");
    }
}
