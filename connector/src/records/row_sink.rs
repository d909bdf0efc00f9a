//! Reading thread of ReadRecords: records in, batches of matching rows out.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use kafka::{RecordSink, SinkFailed, TopicPartition};
use tokio::sync::mpsc::Sender;
use topic::format_hint::FormatHintError;
use topic::table::ReadOptions;
use topic::{BadRecord, OnBadRecord, OnTombstone, Record, RowDecoder, RowError, Unresolved, ValueErrors};

use crate::config::Config;
use crate::error::Error;
use crate::filter::Filter;

/// Number of rows at which a batch is delivered.
const BATCH_ROWS: usize = 8192;
/// Number of bytes at which a batch is delivered, if that is reached first.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Message to the async side.
pub(super) enum Delivery {
    Rows(RecordBatch),
    /// Sent last, and only if the range was read completely or as far as the limit requires.
    End(Tally),
}

/// Counts of records that did not become complete rows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) tombstones: u64,
    pub(super) bad_records: u64,
    pub(super) bad_keys: u64,
    pub(super) first_bad_record: Option<FirstBadRecord>,
    pub(super) value_errors: Vec<ValueErrors>,
    /// Errors of the format hints of columns, by column.
    pub(super) hint_errors: HashMap<String, FormatHintError>,
    /// Time that the reading thread waited for room in the channel.
    pub(super) blocked: Duration,
}

impl Tally {
    /// With what became of records of another part of the split, of earlier offsets.
    pub(super) fn add(&mut self, earlier: Self) {
        self.tombstones += earlier.tombstones;
        self.bad_records += earlier.bad_records;
        self.bad_keys += earlier.bad_keys;
        self.first_bad_record = earlier.first_bad_record.or(self.first_bad_record.take());
        for errors in earlier.value_errors {
            match self
                .value_errors
                .iter_mut()
                .find(|known| known.column == errors.column)
            {
                Some(known) => known.values += errors.values,
                None => self.value_errors.push(errors),
            }
        }
        self.hint_errors.extend(earlier.hint_errors);
        self.blocked += earlier.blocked;
    }
}

#[derive(Debug)]
pub(super) struct FirstBadRecord {
    pub(super) offset: i64,
    pub(super) reason: String,
}

/// Decodes records into rows, applies the settings for those that have none, and delivers matching rows until
/// there are enough.
pub(super) struct RowSink {
    decoder: RowDecoder,
    selection: Selection,
    /// Number of rows delivered so far.
    rows: u64,
    /// Number of rows at which the next batch ends. With a limit it begins with the fewest rows that can be
    /// enough, so that later records are not decoded; where few rows match, batches soon have the usual
    /// length.
    batch_rows: usize,
    policy: Policy,
    topic_partition: TopicPartition,
    deliveries: Sender<Delivery>,
    failure: SinkFailure,
    tally: Tally,
}

/// Error of a failed sink for its owner: the reader only learns that it failed.
#[derive(Clone, Default)]
pub(super) struct SinkFailure(Arc<Mutex<Option<Error>>>);

impl SinkFailure {
    /// `None` if the sink has not failed.
    pub(super) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, error: Error) -> SinkFailed {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        SinkFailed
    }
}

/// Condition and number of the rows to deliver.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) filter: Filter,
    /// Number of rows that is enough; `None` for all. More may be delivered, up to the end of a batch.
    pub(super) limit: Option<u64>,
}

/// Handling of records that do not become complete rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    pub(super) on_tombstone: OnTombstone,
    pub(super) on_bad_record: OnBadRecord,
}

impl Policy {
    /// Settings of the table's document take precedence over those of the environment.
    pub(super) fn new(config: &Config, options: ReadOptions) -> Self {
        Self {
            on_bad_record: options.on_bad_record.unwrap_or(config.on_bad_record),
            on_tombstone: options.on_tombstone.unwrap_or(config.on_tombstone),
        }
    }
}

impl RowSink {
    pub(super) fn new(
        decoder: RowDecoder,
        selection: Selection,
        policy: Policy,
        topic_partition: TopicPartition,
        deliveries: Sender<Delivery>,
        failure: SinkFailure,
    ) -> Self {
        let decoder = match policy.on_bad_record {
            OnBadRecord::Fail => decoder.strict(),
            OnBadRecord::Null | OnBadRecord::Skip => decoder,
        };
        let limit = selection.limit.and_then(|limit| usize::try_from(limit).ok());
        Self {
            decoder,
            selection,
            rows: 0,
            batch_rows: limit.map_or(BATCH_ROWS, |limit| limit.clamp(1, BATCH_ROWS)),
            policy,
            topic_partition,
            deliveries,
            failure,
            tally: Tally::default(),
        }
    }

    fn append(&mut self, record: &Record<'_>) -> Result<(), RowError> {
        if record.value.is_some() {
            return self.decoder.decode(record);
        }
        self.tally.tombstones += 1;
        match self.policy.on_tombstone {
            OnTombstone::Skip => Ok(()),
            OnTombstone::Null => self.decoder.append_null_value(record, None),
        }
    }

    fn bad_record(&mut self, record: &Record<'_>, bad: &BadRecord) -> Result<(), Error> {
        self.tally.bad_records += 1;
        let (offset, reason) = (record.offset, bad.to_string());
        match self.policy.on_bad_record {
            OnBadRecord::Skip => {}
            OnBadRecord::Null => self
                .decoder
                .append_null_value(record, Some(&reason))
                .map_err(|error| self.error(offset, error))?,
            OnBadRecord::Fail => return Err(self.error(offset, Box::new(bad.clone()).into())),
        }
        self.tally
            .first_bad_record
            .get_or_insert(FirstBadRecord { offset, reason });
        Ok(())
    }

    fn error(&self, offset: i64, error: RowError) -> Error {
        let topic_partition = self.topic_partition.clone();
        match error {
            RowError::Bad(bad) => Error::BadRecord {
                topic_partition,
                offset,
                reason: bad.to_string(),
            },
            RowError::WriterSchema(source) => Error::WriterSchema {
                topic_partition,
                offset,
                source: *source,
            },
        }
    }

    /// Records of which none could be read so far because no schema registry is configured.
    fn unresolved(&self) -> Option<Unresolved> {
        self.decoder.unresolved(self.policy.on_bad_record)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let batch = self.selection.filter.apply(self.decoder.flush())?;
        self.rows += batch.num_rows() as u64;
        self.batch_rows = BATCH_ROWS.min(self.batch_rows * 2);
        if batch.num_rows() > 0 {
            self.deliver(Delivery::Rows(batch))?;
        }
        Ok(())
    }

    /// Whether there are enough rows. Rows of unresolved records are never enough: whether they are rows
    /// depends on those that follow.
    fn has_enough(&self) -> bool {
        let enough = self.selection.limit.is_some_and(|limit| self.rows >= limit);
        enough && self.unresolved().is_none()
    }

    /// Waits for room. If the channel is closed, the async side has failed, and its error takes precedence.
    fn deliver(&mut self, delivery: Delivery) -> Result<(), Error> {
        let started = Instant::now();
        let delivered = self.deliveries.blocking_send(delivery);
        self.tally.blocked += started.elapsed();
        delivered.map_err(|_| Error::Internal("the query ended before the split was read".into()))
    }
}

impl RowSink {
    fn take(&mut self, record: &Record<'_>) -> Result<ControlFlow<()>, Error> {
        match self.append(record) {
            Ok(()) => {}
            Err(RowError::Bad(bad)) => self.bad_record(record, &bad)?,
            Err(error) => return Err(self.error(record.offset, error)),
        }
        if self.decoder.rows() >= self.batch_rows || self.decoder.bytes() >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(match self.has_enough() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn end(&mut self) -> Result<(), Error> {
        if let Some(Unresolved { offset, reason }) = self.unresolved() {
            return Err(Error::NoSchemaRegistry {
                topic_partition: self.topic_partition.clone(),
                offset,
                reason,
            });
        }
        if self.decoder.rows() > 0 {
            self.flush()?;
        }
        let tally = std::mem::take(&mut self.tally);
        self.deliver(Delivery::End(Tally {
            value_errors: self.decoder.value_errors(),
            hint_errors: self.decoder.hint_errors().clone(),
            bad_keys: self.decoder.bad_keys(),
            ..tally
        }))
    }
}

impl RecordSink for RowSink {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        self.take(&record).map_err(|error| self.failure.keep(error))
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        self.end().map_err(|error| self.failure.keep(error))
    }
}
