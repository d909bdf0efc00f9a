//! The reading thread's half of ReadRecords: records in, batches of rows out.

use arrow::array::RecordBatch;
use tokio::sync::mpsc::Sender;

use crate::config::{Config, OnBadRecord, OnTombstone};
use crate::decode::{BadRecord, RowDecoder, ValueErrors};
use crate::error::Error;
use crate::kafka::{Record, RecordSink, TopicPartition};

/// A batch is handed on when it has this many rows,
const BATCH_ROWS: usize = 8192;
/// or this many bytes, whichever comes first.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// What reaches the async side.
pub(super) enum Delivery {
    Rows(RecordBatch),
    /// Comes last, and only if the range was read whole.
    End(Tally),
}

/// What became of records that are not plain rows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) tombstones: u64,
    pub(super) bad_records: u64,
    pub(super) first_bad_record: Option<FirstBadRecord>,
    pub(super) value_errors: Vec<ValueErrors>,
}

#[derive(Debug)]
pub(super) struct FirstBadRecord {
    pub(super) offset: i64,
    pub(super) reason: String,
}

/// Decodes records into rows, applying the settings for those that are none.
pub(super) struct RowSink {
    decoder: Box<dyn RowDecoder>,
    on_tombstone: OnTombstone,
    on_bad_record: OnBadRecord,
    topic_partition: TopicPartition,
    deliveries: Sender<Delivery>,
    tally: Tally,
}

impl RowSink {
    pub(super) fn new(
        decoder: Box<dyn RowDecoder>,
        config: &Config,
        topic_partition: TopicPartition,
        deliveries: Sender<Delivery>,
    ) -> Self {
        let Config {
            on_tombstone,
            on_bad_record,
            ..
        } = *config;
        Self {
            decoder,
            on_tombstone,
            on_bad_record,
            topic_partition,
            deliveries,
            tally: Tally::default(),
        }
    }

    fn tombstone(&mut self) {
        self.tally.tombstones += 1;
        match self.on_tombstone {
            OnTombstone::Skip => {}
            OnTombstone::Null => self.decoder.append_nulls(),
        }
    }

    fn bad_record(&mut self, offset: i64, bad: &BadRecord) -> Result<(), Error> {
        self.tally.bad_records += 1;
        let reason = bad.to_string();
        match self.on_bad_record {
            OnBadRecord::Skip => {}
            OnBadRecord::Null => self.decoder.append_nulls(),
            OnBadRecord::Fail => {
                let topic_partition = self.topic_partition.clone();
                return Err(Error::BadRecord {
                    topic_partition,
                    offset,
                    reason,
                });
            }
        }
        self.tally
            .first_bad_record
            .get_or_insert(FirstBadRecord { offset, reason });
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let batch = self.decoder.flush();
        self.deliver(Delivery::Rows(batch))
    }

    /// Waits for room. If there will be none the async side has failed, and its error is the one that counts.
    fn deliver(&self, delivery: Delivery) -> Result<(), Error> {
        self.deliveries
            .blocking_send(delivery)
            .map_err(|_| Error::Internal("rows were read that nobody waits for".into()))
    }
}

impl RecordSink for RowSink {
    fn accept(&mut self, record: Record<'_>) -> Result<(), Error> {
        match record.value {
            None => self.tombstone(),
            Some(value) => {
                if let Err(bad) = self.decoder.decode(value) {
                    self.bad_record(record.offset, &bad)?;
                }
            }
        }
        if self.decoder.rows() >= BATCH_ROWS || self.decoder.bytes() >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        if self.decoder.rows() > 0 {
            self.flush()?;
        }
        let tally = std::mem::take(&mut self.tally);
        self.deliver(Delivery::End(Tally {
            value_errors: self.decoder.value_errors(),
            ..tally
        }))
    }
}
