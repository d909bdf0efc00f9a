//! Tokens with which clients of OAUTHBEARER log in.

use std::time::SystemTime;

use crate::auth::secret::SecretText;

/// Token endpoint of an OAuth authorization server
/// ([client credentials](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenEndpoint {
    /// `http://` or `https://`.
    pub url: String,
    /// `scope` of the request, if the server requires one.
    pub scope: Option<String>,
}

/// Token and the end of its validity.
#[derive(Debug, Clone)]
pub struct LoginToken {
    pub text: SecretText,
    pub expires: SystemTime,
}
