//! Log of one partition: batches in offset order, their readable part, and aborted transactions.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::batch::{BatchError, Outcome, ProducerIdentity, RecordBatch};
use super::producers::{Appended, Producers};

/// Offsets that bound a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOffsets {
    /// Earliest readable offset.
    pub start: i64,
    /// First offset that readers of committed records may not see yet; `end` without open transactions.
    pub last_stable: i64,
    /// One past the last offset: the high watermark.
    pub end: i64,
}

/// Isolation level of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    ReadUncommitted,
    ReadCommitted,
}

impl Isolation {
    pub(crate) fn from_wire(level: i8) -> Self {
        if level == 1 {
            Self::ReadCommitted
        } else {
            Self::ReadUncommitted
        }
    }
}

/// Aborted transaction, whose records in this partition readers of committed records skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbortedTransaction {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// Offset of its abort marker.
    marker_offset: i64,
}

/// Result of a fetch of one partition: whole batches, the first of which may begin before the fetch offset.
#[derive(Debug, Clone)]
pub(crate) struct LogRead {
    pub(crate) batches: Vec<Bytes>,
    pub(crate) size_bytes: usize,
    /// Number of records in `batches`, without control records.
    pub(crate) records: u64,
    pub(crate) offsets: LogOffsets,
    pub(crate) aborted: Vec<AbortedTransaction>,
}

#[derive(Debug, Default)]
pub(crate) struct PartitionLog {
    batches: VecDeque<RecordBatch>,
    /// First offsets of segments after the first one.
    segments: BTreeSet<i64>,
    start: i64,
    end: i64,
    producers: Producers,
    aborted: Vec<AbortedTransaction>,
}

impl PartitionLog {
    /// Appends a checked batch, unless it is a duplicate of its producer.
    pub(crate) fn append(
        &mut self,
        batch: &RecordBatch,
        log_append_time_ms: Option<i64>,
    ) -> Result<Appended, ResponseError> {
        if let Some(duplicate) = self.producers.find_duplicate(batch)? {
            return Ok(duplicate);
        }
        let appended = Appended {
            base_offset: self.end,
            log_append_time_ms,
        };
        self.producers.remember(batch, appended);
        self.push(batch.stored_at(self.end, log_append_time_ms));
        Ok(appended)
    }

    /// Ends a producer's transaction in this partition with a control record.
    pub(crate) fn append_marker(&mut self, producer: ProducerIdentity, outcome: Outcome, now_ms: i64) {
        let marker_offset = self.end;
        self.push(RecordBatch::marker(marker_offset, producer, outcome, now_ms));
        let began = self.producers.end_transaction(producer);
        if let (Some(first_offset), Outcome::Abort) = (began, outcome) {
            self.aborted.push(AbortedTransaction {
                producer_id: producer.id,
                first_offset,
                marker_offset,
            });
        }
    }

    /// Advances by `offsets` with a batch without records.
    pub(crate) fn append_empty_batch(&mut self, offsets: i32, now_ms: i64) {
        self.push(RecordBatch::empty(self.end, offsets, now_ms));
    }

    /// Advances by `offsets` without a batch.
    pub(crate) fn skip_offsets(&mut self, offsets: u32) {
        self.end += i64::from(offsets);
    }

    /// Starts a new segment for further appends.
    pub(crate) fn roll_segment(&mut self) {
        self.segments.insert(self.end);
    }

    /// Reads from `offset`, within one segment, at most `max_bytes`; with `whole_first`, the first batch is
    /// returned whatever its size.
    pub(crate) fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        whole_first: bool,
        isolation: Isolation,
    ) -> Result<LogRead, ResponseError> {
        if !(self.start..=self.end).contains(&offset) {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let end = self.readable_end(isolation);
        let mut read = LogRead {
            batches: Vec::new(),
            size_bytes: 0,
            records: 0,
            offsets: self.offsets(),
            aborted: Vec::new(),
        };
        let mut read_end = end;
        let first = self.batches.partition_point(|batch| batch.last_offset() < offset);
        let stop = end.min(self.segment_end(first));
        for batch in self
            .batches
            .range(first..)
            .take_while(|batch| batch.base_offset() < stop)
        {
            let size_bytes = read.size_bytes + batch.bytes().len();
            if size_bytes > max_bytes && !(whole_first && read.batches.is_empty()) {
                break;
            }
            read.size_bytes = size_bytes;
            read.batches.push(batch.bytes().clone());
            read.records += data_records(batch);
            read_end = batch.last_offset() + 1;
        }
        if isolation == Isolation::ReadCommitted {
            read.aborted = self.aborted_between(offset, read_end);
        }
        Ok(read)
    }

    pub(crate) fn offsets(&self) -> LogOffsets {
        let unstable = self.producers.first_unstable_offset().unwrap_or(self.end);
        LogOffsets {
            start: self.start,
            last_stable: unstable.max(self.start),
            end: self.end,
        }
    }

    /// End of the part that a reader may see.
    pub(crate) fn readable_end(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::ReadUncommitted => self.end,
            Isolation::ReadCommitted => self.offsets().last_stable,
        }
    }

    /// Offset and timestamp of the first readable record that is not older than `timestamp_ms`.
    pub(crate) fn first_at_or_after(
        &self,
        timestamp_ms: i64,
        isolation: Isolation,
    ) -> Result<Option<(i64, i64)>, BatchError> {
        for batch in self
            .batches
            .iter()
            .filter(|batch| batch.max_timestamp_ms() >= timestamp_ms)
        {
            if let Some(found) = batch.first_at_or_after(timestamp_ms, self.start)? {
                return Ok(Some(found).filter(|(offset, _)| *offset < self.readable_end(isolation)));
            }
        }
        Ok(None)
    }

    /// Offset and timestamp of the first record with the latest timestamp of the log.
    pub(crate) fn latest_timestamp(&self, isolation: Isolation) -> Result<Option<(i64, i64)>, BatchError> {
        match self.batches.iter().map(RecordBatch::max_timestamp_ms).max() {
            Some(timestamp_ms) => self.first_at_or_after(timestamp_ms, isolation),
            None => Ok(None),
        }
    }

    /// Moves the log start up to `offset`, never down; returns the new log start.
    pub(crate) fn advance_start(&mut self, offset: i64) -> Result<i64, ResponseError> {
        if !(0..=self.end).contains(&offset) {
            return Err(ResponseError::OffsetOutOfRange);
        }
        self.start = self.start.max(offset);
        let start = self.start;
        let expired = self.batches.partition_point(|batch| batch.last_offset() < start);
        self.batches.drain(..expired);
        self.aborted
            .retain(|transaction| transaction.marker_offset >= start);
        Ok(start)
    }

    /// Removes data records as compaction does: their offsets become gaps. Returns the number of removed
    /// records.
    pub(crate) fn drop_records(&mut self, dropped: &BTreeSet<i64>) -> Result<u64, BatchError> {
        let mut taken = 0;
        for batch in &mut self.batches {
            let span = batch.base_offset()..=batch.last_offset();
            if batch.is_control() || dropped.range(span).next().is_none() {
                continue;
            }
            let rest = batch.without(|offset| dropped.contains(&offset))?;
            taken += data_records(batch) - data_records(&rest);
            *batch = rest;
        }
        // The last batch stays even when empty: from it a reader learns that there is nothing up to the log's
        // end.
        let end = self.end;
        self.batches
            .retain(|batch| batch.record_count() > 0 || batch.last_offset() + 1 == end);
        Ok(taken)
    }

    fn push(&mut self, batch: RecordBatch) {
        self.end = batch.last_offset() + 1;
        self.batches.push_back(batch);
    }

    /// End of the segment of the batch at `index`.
    fn segment_end(&self, index: usize) -> i64 {
        let batch = self.batches.get(index);
        let next = batch.and_then(|batch| self.segments.range(batch.base_offset() + 1..).next());
        next.copied().unwrap_or(self.end)
    }

    fn aborted_between(&self, start: i64, end: i64) -> Vec<AbortedTransaction> {
        let overlaps = |transaction: &&AbortedTransaction| {
            transaction.marker_offset >= start && transaction.first_offset < end
        };
        self.aborted.iter().filter(overlaps).copied().collect()
    }
}

fn data_records(batch: &RecordBatch) -> u64 {
    if batch.is_control() {
        0
    } else {
        u64::try_from(batch.record_count()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
