//! Zigzag numbers of Avro and Protobuf, which order small ones of either sign first: 0, -1, 1, -2.

/// Number whose zigzag encoding is `folded`.
pub(crate) fn unfold(folded: u64) -> i64 {
    (folded >> 1) as i64 ^ -((folded & 1) as i64)
}
