use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_s3::config::http::HttpRequest;

/// Headers of every put request, such as `x-amz-server-side-encryption`. `Debug` hides their values: one may
/// be a customer's key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PutHeaders(BTreeMap<String, String>);

/// Reason why a header is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutHeaderError {
    #[error("`{name}` is not a valid HTTP header name")]
    Name { name: String },

    #[error("the value of header `{name}` has characters that HTTP does not allow")]
    Value { name: String },

    /// A header whose value the upload determines.
    #[error("header `{name}` is set by the upload itself")]
    Reserved { name: String },
}

/// Headers that the upload sets: request, sender and body framing.
const RESERVED: [&str; 8] = [
    "authorization",
    "content-encoding",
    "content-length",
    "host",
    "transfer-encoding",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];

impl PutHeaders {
    /// # Errors
    /// If HTTP does not allow the header, or the upload sets it. Names are case-insensitive.
    pub fn try_new(headers: impl IntoIterator<Item = (String, String)>) -> Result<Self, PutHeaderError> {
        let checked = headers.into_iter().map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(PutHeaderError::Name { name });
            }
            if RESERVED.contains(&name.as_str()) {
                return Err(PutHeaderError::Reserved { name });
            }
            match value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                true => Ok((name, value)),
                false => Err(PutHeaderError::Value { name }),
            }
        });
        checked.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn add_to(&self, request: &mut HttpRequest) {
        for (name, value) in &self.0 {
            request.headers_mut().insert(name.clone(), value.clone());
        }
    }
}

impl fmt::Debug for PutHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &str, value: &str) -> Result<PutHeaders, PutHeaderError> {
        PutHeaders::try_new([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn refuses_what_is_no_header_or_the_uploads_own() {
        let name = String::from;
        for (header, value, refused) in [
            ("", "a", PutHeaderError::Name { name: name("") }),
            ("x amz", "a", PutHeaderError::Name { name: name("x amz") }),
            ("x-a", "a\nb", PutHeaderError::Value { name: name("x-a") }),
            ("x-a", "ü", PutHeaderError::Value { name: name("x-a") }),
            (
                "Content-Length",
                "1",
                PutHeaderError::Reserved {
                    name: name("content-length"),
                },
            ),
            (
                "Authorization",
                "me",
                PutHeaderError::Reserved {
                    name: name("authorization"),
                },
            ),
        ] {
            assert_eq!(headers(header, value), Err(refused));
        }
        headers("X-Amz-Server-Side-Encryption", "aws:kms").unwrap();
    }

    #[test]
    fn shows_names_alone() {
        let shown = format!(
            "{:?}",
            headers("x-amz-server-side-encryption-customer-key", "hunter2").unwrap()
        );
        assert_eq!(shown, r#"{"x-amz-server-side-encryption-customer-key"}"#);
    }
}
