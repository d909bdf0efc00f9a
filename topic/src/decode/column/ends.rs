//! Where values of any length end.

use std::ops::Range;

use arrow::array::NullBufferBuilder;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};

/// The end of each value in what all of them hold together, and which of them are NULL.
#[derive(Debug)]
pub(super) struct Ends {
    /// Begins with the start of the first value, as Arrow's offsets do.
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

    /// Where the next value begins.
    pub(super) fn last(&self) -> usize {
        self.offsets[self.len()] as usize
    }

    pub(super) fn range(&self, at: usize) -> Range<usize> {
        self.offsets[at] as usize..self.offsets[at + 1] as usize
    }

    /// Appends a value that ends at `end`, or NULL; gives `valid` back.
    ///
    /// Arrow's offsets have 32 bits. A batch is handed on long before it holds that much, and one record is smaller.
    pub(super) fn push(&mut self, end: usize, valid: bool) -> bool {
        let end = i32::try_from(end).expect("a batch is flushed before it holds 2 GiB");
        self.offsets.push(end);
        self.valid.append(valid);
        valid
    }

    /// Forgets all values from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.valid.truncate(len);
    }

    /// The ends so far as Arrow has them, and which are not NULL.
    pub(super) fn take(&mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        (
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            self.valid.finish(),
        )
    }
}
