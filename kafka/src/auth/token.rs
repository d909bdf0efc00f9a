//! Tokens that clients of OAUTHBEARER log in with.

use std::time::SystemTime;

use crate::auth::secret::SecretText;

/// Where tokens of an OAuth authorization server are asked for
/// ([client credentials](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenEndpoint {
    /// `http://` or `https://`.
    pub url: String,
    /// What the token is for, if the server wants to know.
    pub scope: Option<String>,
}

/// A token, and until when it is good.
#[derive(Debug, Clone)]
pub struct LoginToken {
    pub text: SecretText,
    pub expires: SystemTime,
}
