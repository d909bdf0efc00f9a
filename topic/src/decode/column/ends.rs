//! Ends of values of variable length.

use std::ops::Range;

use arrow::array::NullBufferBuilder;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};

use crate::decode::column::capacity::next_capacity;

/// End of each value in the common buffer, and which values are NULL.
#[derive(Debug)]
pub(super) struct Ends {
    /// Offsets, which begin with the start of the first value, like Arrow's.
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
}

impl Ends {
    pub(super) fn new() -> Self {
        Self {
            offsets: vec![0],
            valid: NullBufferBuilder::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.len() * size_of::<i32>()
    }

    /// Start of the next value.
    pub(super) fn last(&self) -> usize {
        self.offsets[self.len()] as usize
    }

    pub(super) fn range(&self, at: usize) -> Range<usize> {
        self.offsets[at] as usize..self.offsets[at + 1] as usize
    }

    /// Appends a value that ends at `end`, or NULL; returns `valid`.
    ///
    /// Arrow's offsets have 32 bits. A batch is flushed long before it is that large, and one record is
    /// smaller.
    pub(super) fn push(&mut self, end: usize, valid: bool) -> bool {
        let end = i32::try_from(end).expect("a batch is flushed before it holds 2 GiB");
        self.offsets.push(end);
        self.valid.append(valid);
        valid
    }

    /// Removes all values from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.valid.truncate(len);
    }

    /// Ends so far in Arrow's form, and which values are not NULL.
    pub(super) fn take(&mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        let mut next = Vec::with_capacity(next_capacity(self.offsets.len()));
        next.push(0);
        let offsets = std::mem::replace(&mut self.offsets, next);
        (
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            self.valid.finish(),
        )
    }
}
