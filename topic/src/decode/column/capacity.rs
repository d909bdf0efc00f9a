//! Sizes of buffers.

/// Capacity to begin a buffer with after one that took `len`, in the same unit. Batches of a topic are much alike, so
/// most need no second allocation and no copy. Bounded, for one batch of large values says nothing about the next.
pub(super) fn next_capacity(len: usize) -> usize {
    (len + len / 8).min(1 << 20)
}
