//! Rows of the block being filled. Pure: no I/O, nothing encoded yet.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use protocol::block_bytes;

/// Number of batches that are held before they are concatenated: a thousand one-row batches take far more
/// memory than their rows.
const MAX_LOOSE_BATCHES: usize = 1024;

/// Block being filled: batches, cut to fit, that together stay within `max_bytes`.
///
/// Its size is the sum of its batches' sizes. That is never less than the size of the concatenated block, and
/// exceeds it only by a few bytes a batch (bitmaps round up to bytes, offsets have one entry more than rows).
pub(crate) struct PendingBlock {
    schema: SchemaRef,
    max_bytes: usize,
    /// Concatenated batches: each of many rows, or at least without memory shared with others.
    joined: Vec<RecordBatch>,
    /// Batches as written, or slices of these.
    loose: Vec<RecordBatch>,
    bytes: usize,
    loose_bytes: usize,
    /// Memory in bytes that the loose batches keep from being freed, which slices and sparse builders make
    /// far larger than `loose_bytes`.
    loose_retained_bytes: usize,
}

impl PendingBlock {
    pub(crate) fn new(schema: SchemaRef, max_bytes: usize) -> Self {
        Self {
            schema,
            max_bytes,
            joined: vec![],
            loose: vec![],
            bytes: 0,
            loose_bytes: 0,
            loose_retained_bytes: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.loose.is_empty() && self.joined.is_empty()
    }

    /// Takes rows from the front of `batch` until the block is full; returns the rest. An empty block takes
    /// at least one row, however wide.
    pub(crate) fn fill(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
        let rows = self
            .rows_that_fit(batch)
            .max(usize::from(self.is_empty()))
            .min(batch.num_rows());
        if rows > 0 {
            self.push(batch.slice(0, rows))?;
        }
        let left = batch.num_rows() - rows;
        Ok((left > 0).then(|| batch.slice(rows, left)))
    }

    /// Rows, in order, as batches to concatenate; the block is empty afterwards.
    pub(crate) fn take(&mut self) -> Vec<RecordBatch> {
        let empty = Self::new(self.schema.clone(), self.max_bytes);
        let Self {
            mut joined, loose, ..
        } = std::mem::replace(self, empty);
        joined.extend(loose);
        joined
    }

    fn rows_that_fit(&self, batch: &RecordBatch) -> usize {
        let free_bytes = self.max_bytes.saturating_sub(self.bytes);
        if block_bytes(batch) <= free_bytes {
            return batch.num_rows();
        }
        let (mut fit, mut exceed) = (0, batch.num_rows());
        while exceed - fit > 1 {
            let rows = fit.midpoint(exceed);
            if block_bytes(&batch.slice(0, rows)) <= free_bytes {
                fit = rows;
            } else {
                exceed = rows;
            }
        }
        fit
    }

    fn push(&mut self, batch: RecordBatch) -> Result<(), ArrowError> {
        let bytes = block_bytes(&batch);
        self.bytes += bytes;
        self.loose_bytes += bytes;
        self.loose_retained_bytes += batch.get_array_memory_size();
        self.loose.push(batch);
        // Concatenating a single batch would not copy it, so nothing would be freed.
        let retains_much = self.loose.len() > 1 && self.loose_retained_bytes > 2 * self.max_bytes;
        if retains_much || self.loose.len() == MAX_LOOSE_BATCHES {
            self.join_loose()?;
        }
        Ok(())
    }

    fn join_loose(&mut self) -> Result<(), ArrowError> {
        let batch = concat_batches(&self.schema, &self.loose)?;
        self.bytes = self.bytes - self.loose_bytes + block_bytes(&batch);
        self.joined.push(batch);
        self.loose.clear();
        (self.loose_bytes, self.loose_retained_bytes) = (0, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::*;

    #[test]
    fn takes_exactly_the_rows_that_fit() {
        let batch = numbers(0..1000);
        for rows in [1, 7, 8, 9, 500, 999] {
            let limit = block_bytes(&batch.slice(0, rows));
            for (max_bytes, taken) in [(limit - 1, rows - 1), (limit, rows)] {
                let mut pending = PendingBlock::new(batch.schema(), max_bytes);
                let left = pending.fill(&batch).unwrap().unwrap();
                assert_eq!(left.num_rows(), 1000 - taken.max(1), "{max_bytes} bytes");
            }
        }
    }

    #[test]
    fn leaves_nothing_of_a_batch_that_fits() {
        let batch = numbers(0..1000);
        let mut pending = PendingBlock::new(batch.schema(), block_bytes(&batch));
        assert!(pending.fill(&batch).unwrap().is_none());
        assert_eq!(pending.fill(&batch).unwrap().unwrap().num_rows(), 1000);
    }

    #[test]
    fn takes_a_row_wider_than_the_block_only_when_empty() {
        let wide: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1000), "y".repeat(1000)]));
        let batch = RecordBatch::try_from_iter([("a", wide)]).unwrap();
        let mut pending = PendingBlock::new(batch.schema(), 10);
        assert_eq!(pending.fill(&batch).unwrap().unwrap().num_rows(), 1);
        assert_eq!(pending.fill(&batch).unwrap().unwrap().num_rows(), 2);
    }

    #[test]
    fn joins_small_batches_and_keeps_their_order() {
        let mut pending = PendingBlock::new(numbers(0..0).schema(), 1 << 20);
        for number in 0..5000 {
            assert!(pending.fill(&numbers(number..number + 1)).unwrap().is_none());
        }
        let parts = pending.take();
        assert!(
            parts.len() < 5 + MAX_LOOSE_BATCHES,
            "{} batches are held",
            parts.len()
        );
        assert_eq!(
            concat_batches(&parts[0].schema(), &parts).unwrap(),
            numbers(0..5000)
        );
        assert!(pending.is_empty());
    }

    #[test]
    fn lets_go_of_large_batches_of_which_it_holds_slices() {
        let mut pending = PendingBlock::new(numbers(0..0).schema(), 10_000);
        let mut most_retained_bytes = 0;
        for number in 0..200 {
            let large = numbers(number * 10_000..(number + 1) * 10_000);
            pending.fill(&large.slice(0, 1)).unwrap();
            most_retained_bytes = most_retained_bytes.max(pending.retained_bytes());
        }
        assert!(
            most_retained_bytes < 3 * 40_000 + 20_000,
            "{most_retained_bytes} bytes are held"
        );
    }

    #[test]
    fn reckons_no_less_than_the_joined_block_measures() {
        let mut pending = PendingBlock::new(numbers(0..0).schema(), 1 << 20);
        for number in 0..3000 {
            pending.fill(&numbers(number..number + 1 + number % 3)).unwrap();
            if number % 250 == 0 {
                let batches: Vec<_> = pending.joined.iter().chain(&pending.loose).cloned().collect();
                let joined = concat_batches(&pending.schema, &batches).unwrap();
                assert!(block_bytes(&joined) <= pending.bytes);
            }
        }
    }

    impl PendingBlock {
        fn retained_bytes(&self) -> usize {
            self.joined
                .iter()
                .chain(&self.loose)
                .map(RecordBatch::get_array_memory_size)
                .sum()
        }
    }

    fn numbers(values: std::ops::Range<i32>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int32Array::from_iter_values(values));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }
}
