//! Record batch of format version 2: the unit in which records are produced, stored and fetched.
//!
//! The base offset and the leader epoch are outside of the checksum, so a broker stores a received batch with
//! those two rewritten; every other change needs a new checksum.
//! <https://kafka.apache.org/documentation/#recordbatch>

mod error;

use bytes::{BufMut, Bytes};

pub(crate) use error::BatchError;

use super::records::{COMPRESSION_MASK, RawRecord, RawRecords, decompress};

/// Number of bytes before the records of a batch.
pub(crate) const HEADER_BYTES: usize = 61;
/// Leader epoch of every partition, since leaders never change.
pub(crate) const LEADER_EPOCH: i32 = 0;
/// Producer id of a producer that is not idempotent.
pub(crate) const NO_PRODUCER_ID: i64 = -1;
const NO_SEQUENCE: i32 = -1;

/// Number of bytes that the length field does not count: the base offset and itself.
const BEFORE_LENGTH_BYTES: usize = 12;
const MAGIC: u8 = 2;
const LOG_APPEND_TIME_BIT: i16 = 1 << 3;
const TRANSACTIONAL_BIT: i16 = 1 << 4;
const CONTROL_BIT: i16 = 1 << 5;

/// Positions of the header's fields.
mod at {
    pub(super) const BASE_OFFSET: usize = 0;
    pub(super) const LENGTH: usize = 8;
    pub(super) const LEADER_EPOCH: usize = 12;
    pub(super) const MAGIC: usize = 16;
    pub(super) const CHECKSUM: usize = 17;
    pub(super) const ATTRIBUTES: usize = 21;
    pub(super) const LAST_OFFSET_DELTA: usize = 23;
    pub(super) const BASE_TIMESTAMP: usize = 27;
    pub(super) const MAX_TIMESTAMP: usize = 35;
    pub(super) const PRODUCER_ID: usize = 43;
    pub(super) const PRODUCER_EPOCH: usize = 51;
    pub(super) const BASE_SEQUENCE: usize = 53;
    pub(super) const RECORD_COUNT: usize = 57;
}

/// Producer with its epoch; a later epoch fences the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProducerIdentity {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

/// Outcome of a transaction, as in its control record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Abort,
    Commit,
}

/// Exactly one batch with valid length, format and checksum. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordBatch {
    bytes: Bytes,
}

impl RecordBatch {
    /// Parses exactly one batch: a produce request may contain only one for each partition.
    pub(crate) fn parse(bytes: Bytes) -> Result<Self, BatchError> {
        if bytes.len() < HEADER_BYTES {
            return Err(BatchError::Truncated {
                found_bytes: bytes.len(),
            });
        }
        let batch = Self { bytes };
        let stated = i64::from(i32::from_be_bytes(batch.field(at::LENGTH)));
        let found = (batch.bytes.len() - BEFORE_LENGTH_BYTES) as i64;
        if stated > found {
            return Err(BatchError::Truncated {
                found_bytes: batch.bytes.len(),
            });
        }
        let [magic] = batch.field(at::MAGIC);
        if magic != MAGIC {
            return Err(BatchError::UnknownFormat { magic });
        }
        if stated != found {
            return Err(BatchError::NotOneBatch);
        }
        let stated = u32::from_be_bytes(batch.field(at::CHECKSUM));
        let computed = checksum(&batch.bytes);
        if stated != computed {
            return Err(BatchError::Checksum { stated, computed });
        }
        Ok(batch)
    }

    /// Checks what a broker requires of a client's batch beyond its integrity.
    pub(crate) fn check_produced(&self) -> Result<(), BatchError> {
        let count = i64::from(self.record_count());
        if self.is_control() {
            return Err(BatchError::ControlFromClient);
        }
        if self.attributes() & COMPRESSION_MASK > 4 {
            return Err(BatchError::UnknownCompression {
                codec: self.attributes() & COMPRESSION_MASK,
            });
        }
        if count < 1 || i64::from(self.last_offset_delta()) != count - 1 {
            return Err(BatchError::RecordCount {
                stated: count,
                last_offset_delta: self.last_offset_delta(),
            });
        }
        if self.is_transactional() && self.producer().is_none() {
            return Err(BatchError::TransactionWithoutProducer);
        }
        if self.producer().is_some() && self.base_sequence() < 0 {
            return Err(BatchError::ProducerWithoutSequence);
        }
        if self.attributes() & COMPRESSION_MASK == 0 {
            self.check_records(count)?;
        }
        Ok(())
    }

    /// Batch as stored in the log; a log append time replaces the timestamp of every record.
    pub(crate) fn stored_at(&self, base_offset: i64, log_append_time_ms: Option<i64>) -> Self {
        let mut bytes = self.bytes.to_vec();
        put(&mut bytes, at::BASE_OFFSET, base_offset.to_be_bytes());
        put(&mut bytes, at::LEADER_EPOCH, LEADER_EPOCH.to_be_bytes());
        if let Some(time_ms) = log_append_time_ms {
            put(
                &mut bytes,
                at::ATTRIBUTES,
                (self.attributes() | LOG_APPEND_TIME_BIT).to_be_bytes(),
            );
            put(&mut bytes, at::MAX_TIMESTAMP, time_ms.to_be_bytes());
            seal(&mut bytes);
        } else if self.has_log_append_time() {
            // The topic's setting decides about the timestamp type, not the producer.
            put(
                &mut bytes,
                at::ATTRIBUTES,
                (self.attributes() & !LOG_APPEND_TIME_BIT).to_be_bytes(),
            );
            seal(&mut bytes);
        }
        Self { bytes: bytes.into() }
    }

    /// Control batch that ends a transaction in one partition.
    pub(crate) fn marker(
        base_offset: i64,
        producer: ProducerIdentity,
        outcome: Outcome,
        now_ms: i64,
    ) -> Self {
        let mut bytes = vec![0; HEADER_BYTES];
        put(&mut bytes, at::BASE_OFFSET, base_offset.to_be_bytes());
        put(&mut bytes, at::LEADER_EPOCH, LEADER_EPOCH.to_be_bytes());
        put(&mut bytes, at::MAGIC, [MAGIC]);
        put(
            &mut bytes,
            at::ATTRIBUTES,
            (TRANSACTIONAL_BIT | CONTROL_BIT).to_be_bytes(),
        );
        put(&mut bytes, at::BASE_TIMESTAMP, now_ms.to_be_bytes());
        put(&mut bytes, at::MAX_TIMESTAMP, now_ms.to_be_bytes());
        put(&mut bytes, at::PRODUCER_ID, producer.id.to_be_bytes());
        put(&mut bytes, at::PRODUCER_EPOCH, producer.epoch.to_be_bytes());
        put(&mut bytes, at::BASE_SEQUENCE, NO_SEQUENCE.to_be_bytes());
        put(&mut bytes, at::RECORD_COUNT, 1i32.to_be_bytes());
        bytes.put_slice(&marker_record(outcome));
        seal(&mut bytes);
        Self { bytes: bytes.into() }
    }

    /// Batch without records that covers this number of offsets, at least one, as compaction leaves it of
    /// records that were the last of their producer.
    pub(crate) fn empty(base_offset: i64, offsets: i32, now_ms: i64) -> Self {
        let mut bytes = vec![0; HEADER_BYTES];
        put(&mut bytes, at::BASE_OFFSET, base_offset.to_be_bytes());
        put(&mut bytes, at::LEADER_EPOCH, LEADER_EPOCH.to_be_bytes());
        put(&mut bytes, at::MAGIC, [MAGIC]);
        put(
            &mut bytes,
            at::LAST_OFFSET_DELTA,
            (offsets.max(1) - 1).to_be_bytes(),
        );
        put(&mut bytes, at::BASE_TIMESTAMP, now_ms.to_be_bytes());
        put(&mut bytes, at::MAX_TIMESTAMP, now_ms.to_be_bytes());
        put(&mut bytes, at::PRODUCER_ID, NO_PRODUCER_ID.to_be_bytes());
        put(&mut bytes, at::PRODUCER_EPOCH, (-1_i16).to_be_bytes());
        put(&mut bytes, at::BASE_SEQUENCE, NO_SEQUENCE.to_be_bytes());
        seal(&mut bytes);
        Self { bytes: bytes.into() }
    }

    /// Batch without the records at `dropped` offsets, as compaction would leave it: offsets and the span of
    /// the batch stay, even if no record is left. The records are then stored uncompressed.
    pub(crate) fn without(&self, dropped: impl Fn(i64) -> bool) -> Result<Self, BatchError> {
        let plain = self.plain_records()?;
        let mut bytes = self.bytes[..HEADER_BYTES].to_vec();
        let (mut count, mut max_timestamp_ms) = (0i32, i64::MIN);
        for record in RawRecords::new(&plain) {
            let record = record?;
            if !dropped(self.offset_of(&record)) {
                bytes.put_slice(record.bytes);
                count += 1;
                max_timestamp_ms = max_timestamp_ms.max(self.timestamp_of(&record));
            }
        }
        put(
            &mut bytes,
            at::ATTRIBUTES,
            (self.attributes() & !COMPRESSION_MASK).to_be_bytes(),
        );
        put(&mut bytes, at::RECORD_COUNT, count.to_be_bytes());
        if count > 0 {
            put(&mut bytes, at::MAX_TIMESTAMP, max_timestamp_ms.to_be_bytes());
        }
        seal(&mut bytes);
        Ok(Self { bytes: bytes.into() })
    }

    /// Offset and timestamp of the first record, from `start` on, that is not older than `timestamp_ms`.
    pub(crate) fn first_at_or_after(
        &self,
        timestamp_ms: i64,
        start: i64,
    ) -> Result<Option<(i64, i64)>, BatchError> {
        let plain = self.plain_records()?;
        for record in RawRecords::new(&plain) {
            let record = record?;
            let found = (self.offset_of(&record), self.timestamp_of(&record));
            if found.0 >= start && found.1 >= timestamp_ms {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn base_offset(&self) -> i64 {
        i64::from_be_bytes(self.field(at::BASE_OFFSET))
    }

    /// Last offset that the batch covers, inclusive, whether or not it has a record.
    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset()
            .saturating_add(i64::from(self.last_offset_delta()))
    }

    pub(crate) fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(self.field(at::LAST_OFFSET_DELTA))
    }

    pub(crate) fn max_timestamp_ms(&self) -> i64 {
        i64::from_be_bytes(self.field(at::MAX_TIMESTAMP))
    }

    pub(crate) fn base_sequence(&self) -> i32 {
        i32::from_be_bytes(self.field(at::BASE_SEQUENCE))
    }

    /// Number of records in the batch, control records included.
    pub(crate) fn record_count(&self) -> i32 {
        i32::from_be_bytes(self.field(at::RECORD_COUNT))
    }

    /// Idempotent producer of the batch; `None` for other producers.
    pub(crate) fn producer(&self) -> Option<ProducerIdentity> {
        let id = i64::from_be_bytes(self.field(at::PRODUCER_ID));
        let epoch = i16::from_be_bytes(self.field(at::PRODUCER_EPOCH));
        (id != NO_PRODUCER_ID).then_some(ProducerIdentity { id, epoch })
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes() & TRANSACTIONAL_BIT != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes() & CONTROL_BIT != 0
    }

    pub(crate) fn has_log_append_time(&self) -> bool {
        self.attributes() & LOG_APPEND_TIME_BIT != 0
    }

    fn attributes(&self) -> i16 {
        i16::from_be_bytes(self.field(at::ATTRIBUTES))
    }

    fn plain_records(&self) -> Result<Bytes, BatchError> {
        decompress(self.attributes(), self.bytes.slice(HEADER_BYTES..))
    }

    fn check_records(&self, count: i64) -> Result<(), BatchError> {
        let mut next = 0;
        for record in RawRecords::new(&self.bytes[HEADER_BYTES..]) {
            if record?.offset_delta != next {
                return Err(BatchError::MalformedRecord);
            }
            next += 1;
        }
        if next == count {
            Ok(())
        } else {
            Err(BatchError::MalformedRecord)
        }
    }

    fn offset_of(&self, record: &RawRecord<'_>) -> i64 {
        self.base_offset().wrapping_add(record.offset_delta)
    }

    fn timestamp_of(&self, record: &RawRecord<'_>) -> i64 {
        if self.has_log_append_time() {
            return self.max_timestamp_ms();
        }
        i64::from_be_bytes(self.field(at::BASE_TIMESTAMP)).saturating_add(record.timestamp_delta_ms)
    }

    /// Field of the header, which every batch has completely.
    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.bytes[at..at + N]);
        field
    }
}

/// Record of a marker. Key: version, then type; value: version, then the coordinator's epoch. All of it after
/// varint lengths.
fn marker_record(outcome: Outcome) -> [u8; 17] {
    let mut record = *b"\x20\0\0\0\x08\0\0\0\0\x0c\0\0\0\0\0\0\0";
    record[8] = match outcome {
        Outcome::Abort => 0,
        Outcome::Commit => 1,
    };
    record
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(&bytes[at::ATTRIBUTES..])
}

/// Writes length and checksum after all other fields.
fn seal(bytes: &mut [u8]) {
    let length = (bytes.len() - BEFORE_LENGTH_BYTES) as i32;
    put(bytes, at::LENGTH, length.to_be_bytes());
    let checksum = checksum(bytes);
    put(bytes, at::CHECKSUM, checksum.to_be_bytes());
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}

#[cfg(test)]
mod tests;
