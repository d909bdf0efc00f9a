//! Checks of the latest records: whether they can be fetched, and whether they become rows.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arrow::datatypes::Field;
use connector::Parts;
use connector::error::Error;
use kafka::{
    Broker, KafkaError, OffsetRange, OnExpiredOffsets, PlannedRange, RecordSink, SinkFailed, TopicPartition,
    TopicSnapshot,
};
use topic::table::SOURCE_KEY;
use topic::{OnBadRecord, Record, RowDecoder, RowError, Source, TopicTable};

use crate::cluster::{UNREACHABLE, fix};
use crate::document::decoder;
use crate::finding::Check;
use crate::limit::Limit;
use crate::report::{About, counted};

/// Reads about `wanted` records, evenly from the ends of the partitions, and decodes them.
pub(crate) async fn check(
    parts: &Parts,
    broker: &dyn Broker,
    (table, snapshot): (&TopicTable, &TopicSnapshot),
    wanted: u32,
    limit: Limit,
    about: &mut About<'_, '_>,
) {
    let ranges = latest(snapshot, i64::from(wanted));
    if ranges.is_empty() {
        let empty = "the topic has no records, so that neither can be checked";
        about.skip(Check::Read, empty);
        return about.skip(Check::Decode, empty);
    }
    let (decode, strict) = match (decoder(parts, table, limit), decoder(parts, table, limit)) {
        (Ok(decoder), Ok(strict)) => (decoder, strict.strict()),
        (Err(reason), _) | (_, Err(reason)) => {
            return about.fail(Check::Decode, reason, "correct the schema");
        }
    };
    let trial = Trial {
        decoded: Arc::new(Mutex::new(Decoded::new(decode, strict))),
    };
    let reading = read(broker, (table, snapshot), &ranges, limit.deadline(), &trial);
    let read = match limit.within(reading).await {
        Ok(read) => read,
        Err(late) => {
            about.fail(Check::Read, late.to_string(), UNREACHABLE);
            return about.skip(Check::Decode, "not all records were fetched");
        }
    };
    match read {
        Ok(()) => {}
        Err(KafkaError::Sink(failed)) => {
            let reason = trial.lock().failure.take();
            about.ok(Check::Read, "records can be fetched");
            let reason = reason.unwrap_or_else(|| failed.to_string());
            return about.fail(Check::Decode, reason, WRITER_SCHEMA);
        }
        Err(error) => {
            let error = Error::from(error);
            about.fail(Check::Read, error.full_message(), fix(&error));
            return about.skip(Check::Decode, "records cannot be fetched");
        }
    }
    let mut decoded = trial.lock();
    let records = usize::try_from(decoded.records).unwrap_or(usize::MAX);
    about.ok(
        Check::Read,
        format!(
            "{}, of {}",
            counted(records, "latest record", "latest records"),
            partitions(&ranges)
        ),
    );
    let policy = table.options.on_bad_record.unwrap_or(parts.config.on_bad_record);
    judge(&mut decoded, policy, about);
}

fn partitions(ranges: &[(i32, OffsetRange)]) -> String {
    match ranges {
        [(partition, _)] => format!("partition {partition}"),
        ranges => format!("{} partitions", ranges.len()),
    }
}

fn judge(decoded: &mut Decoded, policy: OnBadRecord, about: &mut About<'_, '_>) {
    let values = decoded.with_values();
    if values == 0 {
        let because = match decoded.records {
            0 => "the latest offsets have no records (transactions and compaction leave such offsets)"
                .to_owned(),
            records => format!("all {records} are tombstones"),
        };
        return about.skip(Check::Decode, &because);
    }
    let Some(first) = &decoded.first else {
        about.ok(Check::Decode, format!("all {values} with a value become rows"));
        return warn_of_nulls(decoded, about);
    };
    let whole = values - decoded.bad - decoded.unfit;
    let mut found = format!("{whole} of {values} become complete rows");
    if decoded.bad > 0 {
        let _ = write!(found, "; cannot be decoded: {}", decoded.bad);
    }
    for errors in decoded.decoder.value_errors() {
        let _ = write!(
            found,
            "; do not fit column `{}`: {}",
            errors.column, errors.values
        );
    }
    let Misfit {
        partition,
        offset,
        reason,
    } = first;
    let _ = write!(
        found,
        "; the first: partition {partition} offset {offset}: {reason}"
    );
    let fix = if decoded.decoder.unresolved(policy).is_some() {
        WRITER_SCHEMA
    } else if decoded.bad > 0 {
        UNDECODED
    } else {
        UNFIT
    };
    if whole == 0 || policy == OnBadRecord::Fail {
        about.fail(Check::Decode, found, fix);
    } else {
        about.warn(Check::Decode, found, fix);
    }
    warn_of_nulls(decoded, about);
}

const UNDECODED: &str = "compare dataFormat and schema with what producers write; onBadRecord decides what queries do \
     with such records";
const UNFIT: &str =
    "compare type and formatHint of the column with what producers write; such values are NULL";

/// Warns of columns that are always NULL. An unmatched mapping is not an error: other records may have the
/// value.
fn warn_of_nulls(decoded: &mut Decoded, about: &mut About<'_, '_>) {
    let misfits: Vec<String> = decoded
        .decoder
        .value_errors()
        .into_iter()
        .map(|errors| errors.column)
        .collect();
    let rows = decoded.decoder.rows();
    let batch = decoded.decoder.flush();
    let schema = batch.schema();
    let of_payload = |field: &Field| {
        let source = field
            .metadata()
            .get(SOURCE_KEY)
            .map_or(Ok(Source::Value), |name| name.parse());
        matches!(source, Ok(Source::Value | Source::Key))
    };
    let columns = schema.fields().iter().zip(batch.columns());
    let empty = columns.filter(|(field, column)| {
        column.null_count() == rows && of_payload(field) && !misfits.contains(field.name())
    });
    let names: Vec<String> = empty.map(|(field, _)| format!("`{}`", field.name())).collect();
    if rows > 0 && !names.is_empty() {
        about.warn(
            Check::Decode,
            format!("NULL in every one of these rows: {}", names.join(", ")),
            "check the mapping (it is case-sensitive), unless producers omit the field",
        );
    }
}

const WRITER_SCHEMA: &str = "records name the schema they were written with: set schema_registry_url for Confluent's, \
     allow glue:GetSchemaVersion for Glue's";

/// Offset ranges of the latest records, for each partition that has some.
fn latest(snapshot: &TopicSnapshot, wanted: i64) -> Vec<(i32, OffsetRange)> {
    let whole: Vec<(i32, OffsetRange)> = snapshot
        .partitions
        .iter()
        .filter_map(|(partition, ends)| Some((*partition, ends.range()?)))
        .collect();
    let partitions = i64::try_from(whole.len()).unwrap_or(i64::MAX).clamp(1, wanted);
    let share = wanted.div_euclid(partitions).max(1);
    let end = |(partition, range): (i32, OffsetRange)| {
        let start = range.start().max(range.end() - share);
        Some((partition, OffsetRange::new(start, range.end())?))
    };
    let some = usize::try_from(partitions).unwrap_or(usize::MAX);
    whole.into_iter().take(some).filter_map(end).collect()
}

async fn read(
    broker: &dyn Broker,
    (table, snapshot): (&TopicTable, &TopicSnapshot),
    ranges: &[(i32, OffsetRange)],
    deadline: Instant,
    trial: &Trial,
) -> Result<(), KafkaError> {
    for (partition, range) in ranges {
        let planned = PlannedRange {
            topic_partition: TopicPartition {
                topic: table.topic.clone(),
                partition: *partition,
            },
            topic_id: snapshot.topic_id,
            range: *range,
            on_expired_offsets: OnExpiredOffsets::Skip,
        };
        broker.read(&planned, deadline, Box::new(trial.clone())).await?;
    }
    Ok(())
}

/// Sink of the records of several reads.
#[derive(Clone)]
struct Trial {
    decoded: Arc<Mutex<Decoded>>,
}

impl Trial {
    fn lock(&self) -> MutexGuard<'_, Decoded> {
        self.decoded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Results of decoding the records.
struct Decoded {
    /// Decoder with the function's settings for which nothing is a failure.
    decoder: RowDecoder,
    /// Decoder that reports why a value does not fit.
    strict: RowDecoder,
    records: u64,
    tombstones: u64,
    /// Number of records without a row.
    bad: u64,
    /// Number of records with a value that does not fit its column.
    unfit: u64,
    first: Option<Misfit>,
    /// Reason why the writer's schema of a record could not be looked up, so that the record may be valid.
    failure: Option<String>,
}

/// Record that does not become a complete row.
struct Misfit {
    partition: i32,
    offset: i64,
    /// Reason, with the name of the column if one is the cause.
    reason: String,
}

impl Decoded {
    fn new(decoder: RowDecoder, strict: RowDecoder) -> Self {
        Self {
            decoder,
            strict,
            records: 0,
            tombstones: 0,
            bad: 0,
            unfit: 0,
            first: None,
            failure: None,
        }
    }

    fn with_values(&self) -> u64 {
        self.records - self.tombstones
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), RowError> {
        self.records += 1;
        if record.value.is_none() {
            self.tombstones += 1;
            return Ok(());
        }
        let reason = match self.strict.decode(record) {
            Ok(()) => None,
            Err(RowError::Bad(bad)) => Some(bad.to_string()),
            Err(error) => return Err(error),
        };
        match (self.decoder.decode(record), &reason) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => self.unfit += 1,
            (Err(RowError::Bad(_)), _) => self.bad += 1,
            (Err(error), _) => return Err(error),
        }
        if let (Some(reason), None) = (reason, &self.first) {
            self.first = Some(Misfit {
                partition: record.partition,
                offset: record.offset,
                reason,
            });
        }
        Ok(())
    }
}

impl RecordSink for Trial {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        let mut decoded = self.lock();
        let taken = decoded.take(&record);
        taken.map(ControlFlow::Continue).map_err(|error| {
            let Record {
                partition, offset, ..
            } = record;
            decoded.failure = Some(format!("partition {partition} offset {offset}: {error}"));
            SinkFailed
        })
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        Ok(())
    }
}
