//! Duplicate values, since a map must not have a key twice.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;

/// Positions, from the last to the first, that are followed by one with an equal `key`.
pub(super) fn repeated<K: Eq + Hash>(positions: Range<usize>, key: impl Fn(usize) -> K) -> Vec<usize> {
    if positions.len() < 2 {
        return Vec::new();
    }
    let mut later = HashSet::with_capacity(positions.len());
    positions.rev().filter(|&at| !later.insert(key(at))).collect()
}
