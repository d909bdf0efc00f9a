//! Token of clients, and how they show it.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::Status;
use tonic::metadata::{Ascii, MetadataValue};

/// What clients get that log in where nobody must.
const ANYONE: &str = "anyone";

/// Base64 with padding, or without it as the client in Go sends it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Secret that clients must know.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// A text that cannot be sent in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidToken;

impl Token {
    /// # Errors
    /// If it is empty, or contains other characters than printable ASCII.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidToken> {
        let text = text.into();
        let valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        valid.then_some(Self(text)).ok_or(InvalidToken)
    }

    fn is(&self, found: &[u8]) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), found).is_ok()
    }
}

/// Without its text.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wanted printable ASCII without blanks")
    }
}

impl std::error::Error for InvalidToken {}

/// Checks the header `authorization`: `Bearer TOKEN`, or `Basic` with any user and the token as the password.
pub(crate) fn check(wanted: Option<&Token>, authorization: Option<&[u8]>) -> Result<(), Status> {
    let Some(wanted) = wanted else { return Ok(()) };
    let Some(found) = authorization else {
        return Err(Status::unauthenticated(
            "a token is required: as a bearer token, or as the password of any user",
        ));
    };
    let valid = match scheme(found) {
        Some(("bearer", token)) => wanted.is(token),
        Some(("basic", login)) => password(login).is_some_and(|password| wanted.is(&password)),
        _ => false,
    };
    valid
        .then_some(())
        .ok_or_else(|| Status::unauthenticated("the token is wrong"))
}

/// Value of the header `authorization` of later calls, for a client that has logged in.
pub(crate) fn bearer(token: Option<&Token>) -> Result<MetadataValue<Ascii>, Status> {
    let token = token.map_or(ANYONE, |token| &token.0);
    MetadataValue::try_from(format!("Bearer {token}"))
        .map_err(|_| Status::internal("the token is not a header"))
}

/// Scheme in lower case, and what follows.
fn scheme(header: &[u8]) -> Option<(&'static str, &[u8])> {
    let (name, rest) = header.split_at_checked(header.iter().position(|&byte| byte == b' ')?)?;
    let rest = rest.trim_ascii();
    ["bearer", "basic"]
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        .map(|known| (known, rest))
}

fn password(login: &[u8]) -> Option<Vec<u8>> {
    let login = BASE64.decode(login).ok()?;
    let colon = login.iter().position(|&byte| byte == b':')?;
    Some(login[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_bearer_or_a_password() {
        let token = Token::new("s3cret:x").unwrap();
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text));
        for (header, valid) in [
            ("Bearer s3cret:x".to_owned(), true),
            ("bearer  s3cret:x".to_owned(), true),
            (basic("any:s3cret:x"), true),
            (basic(":s3cret:x"), true),
            (basic("any:s3cret:x").trim_end_matches('=').to_owned(), true),
            ("Bearer s3cret".to_owned(), false),
            ("Bearer ".to_owned(), false),
            ("s3cret:x".to_owned(), false),
            (basic("s3cret"), false),
            ("Basic ###".to_owned(), false),
        ] {
            let found = check(Some(&token), Some(header.as_bytes()));
            assert_eq!(found.is_ok(), valid, "{header}");
        }
        assert!(check(Some(&token), None).is_err());
        assert!(check(None, None).is_ok());
    }

    #[test]
    fn a_token_is_not_shown() {
        assert_eq!(format!("{:?}", Token::new("s3cret").unwrap()), "Token(…)");
        assert!(Token::new("two words").is_err() && Token::new("").is_err());
    }
}
