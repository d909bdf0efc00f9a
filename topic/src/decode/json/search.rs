//! Search of strings by words of eight bytes: most of a payload is text without escapes.

const WORD_BYTES: usize = size_of::<u64>();
/// Word with 1 in each byte.
const ONES: u64 = u64::MAX / 0xff;
const HIGHS: u64 = ONES << 7;

/// Number of bytes at the beginning of `text` that a JSON string may contain literally: no quote, backslash
/// or control character.
pub(crate) fn plain_bytes(text: &[u8]) -> usize {
    let is_plain = |byte: u8| !matches!(byte, b'"' | b'\\' | ..b' ');
    // With this bit flipped the quote follows the control characters, which stay below 0x20.
    let special = |word| below(word ^ (ONES * 2), b' ' + 1) | equal(word, b'\\');
    count(text, special, is_plain)
}

/// Number of bytes before a backslash.
pub(crate) fn bytes_before_backslash(text: &[u8]) -> usize {
    count(text, |word| equal(word, b'\\'), |byte| byte != b'\\')
}

/// Number of bytes before one that is marked: `marks` sets the highest bit of the first such byte of a word,
/// and of none before it.
#[inline(always)]
fn count(text: &[u8], marks: impl Fn(u64) -> u64, unmarked: impl Fn(u8) -> bool) -> usize {
    let (words, rest) = text.as_chunks::<WORD_BYTES>();
    for (at, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return at * WORD_BYTES + marks.trailing_zeros() as usize / 8;
        }
    }
    let counted = rest.iter().take_while(|byte| unmarked(**byte)).count();
    text.len() - rest.len() + counted
}

/// Marks the first byte that equals `byte`; bytes after it may be marked wrongly.
#[inline(always)]
fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

/// Marks the first byte below `limit`, which is at most 0x80; bytes after it may be marked wrongly.
#[inline(always)]
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_a_walk_by_bytes_finds(text in prop::collection::vec(
            prop_oneof![3 => 0x20_u8..=0xff, 1 => any::<u8>(), 1 => prop::sample::select(b"\"\\\x1f\x20\x80".to_vec())],
            0..40,
        )) {
            let position = |found: fn(u8) -> bool| text.iter().position(|byte| found(*byte)).unwrap_or(text.len());
            prop_assert_eq!(plain_bytes(&text), position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\'));
            prop_assert_eq!(bytes_before_backslash(&text), position(|byte| byte == b'\\'));
        }
    }
}
