//! Conversion of bytes to UTF-8.

use std::borrow::Cow;

/// `bytes` as text; invalid UTF-8 becomes U+FFFD, as with [`String::from_utf8_lossy`]. That function searches
/// byte by byte, while checking that the text is valid, as is nearly always the case, takes a fraction of the
/// time.
#[inline]
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
