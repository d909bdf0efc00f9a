//! Bytes that should be UTF-8.

use std::borrow::Cow;

/// `bytes` as text; what is not UTF-8 becomes U+FFFD, as with [`String::from_utf8_lossy`]. That looks for what to replace
/// byte by byte, while to see that there is nothing to replace, as nearly always, takes a fraction of the time.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn replaces_what_the_standard_library_replaces(bytes: Vec<u8>, text: String) {
            prop_assert_eq!(lossy(&bytes), String::from_utf8_lossy(&bytes));
            prop_assert!(matches!(lossy(text.as_bytes()), Cow::Borrowed(borrowed) if borrowed == text));
        }
    }
}
