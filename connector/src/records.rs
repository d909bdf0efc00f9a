//! ReadRecords: one split's records, as rows that satisfy the constraints.
//!
//! ```text
//! reading thread: broker -> decoder -> filter -> batches ->| bounded channel |-> spiller :async side
//! ```
//!
//! Memory use does not depend on the length of the split: the broker client's prefetch, one batch being
//! filled, a few in the channel, and the spiller's blocks.
//!
//! A [limit](crate::pushdown::limit::row_limit) ends the read at the broker as soon as there are enough rows
//! after the filter. That is not an error, and errors of later records are not found.

//!
//! | file | idea |
//! |---|---|
//! | `answer` | the response, inline or spilled |
//! | `setup` | parsing of the request, once |
//! | `system` | rows of a table about a topic |
//! | `windows` | windows of a range from its end, until the newest rows are enough |
//! | `row_sink` | the reading thread: records in, batches of matching rows out |
//! | `counted_store` | counts of the blocks that are stored |

use std::time::Instant;

use kafka::{Broker, PlannedRange, ReadStats, TopicPartition};
use protocol::{FederationResponse, ReadRecordsRequest};
use spill::{BlockSpiller, SpillStats};
use tokio::sync::mpsc;
use topic::RowDecoder;

use crate::error::Error;
use crate::parts::Parts;
use crate::query_status::until_over;
use crate::system_tables::SystemSplit;
use crate::telemetry::report::{Phase, ReadReport, note, timed, traced};
use crate::wait::within;
use answer::response;
use row_sink::{Delivery, Policy, RowSink, Selection, SinkFailure, Tally};
use setup::Setup;
use windows::Windows;

mod answer;
mod counted_store;
mod row_sink;
mod setup;
mod system;
mod windows;

/// Maximum number of batches that wait to be written.
const CHANNEL_BATCHES: usize = 2;

/// Reads the split of `request`, and returns its rows inline or their spill locations.
///
/// # Errors
/// Anything that keeps a row from being read: the result never has fewer rows than exist, or than the limit
/// requires. Also if the query ends meanwhile.
pub async fn read_records(
    parts: &Parts,
    request: ReadRecordsRequest,
    deadline: Instant,
) -> Result<FederationResponse, Error> {
    let query_id = request.query_id.clone();
    let read = async {
        match SystemSplit::from_properties(&request.split.properties) {
            Some(split) => system::read(parts, request, split, deadline).await,
            None => read(parts, request, deadline).await,
        }
    };
    tokio::select! {
        response = read => response,
        state = until_over(parts.query_status.as_ref(), &query_id) => Err(Error::QueryOver { query_id, state }),
    }
}

async fn read(
    parts: &Parts,
    request: ReadRecordsRequest,
    deadline: Instant,
) -> Result<FederationResponse, Error> {
    let Setup {
        broker,
        planned,
        decoders,
        selection,
        newest_rows,
        policy,
        mut spiller,
        store,
        bucket,
        answer,
    } = Setup::new(parts, request, deadline).await?;
    if selection.limit == Some(0) {
        return Ok(response(answer, spiller.finish().await?));
    }
    let topic_partition = planned.topic_partition.clone();
    let mut windows = Windows::new(planned.range, newest_rows);
    let (mut read, mut tally) = (ReadStats::default(), Tally::default());
    while let Some(range) = windows.next(spiller.stats().rows) {
        let reading = Reading {
            broker: broker.as_ref(),
            planned: PlannedRange {
                range,
                ..planned.clone()
            },
            policy,
            deadline,
            bucket: &bucket,
        };
        let (window_read, window_tally) = reading
            .read(decoders.make()?, selection.clone(), &mut spiller)
            .await?;
        add(&mut read, window_read);
        tally.add(window_tally);
    }
    report(&topic_partition, read, &tally, spiller.stats());
    let bucket = (bucket.clone(), "the upload of a block".to_owned());
    let finishing = within(deadline, bucket, spiller.finish());
    let records = timed(Phase::Spill, finishing).await;
    note(|report| {
        if let Some(read) = &mut report.read {
            (read.blocks, read.spilled_bytes) = store.stored();
        }
    });
    Ok(response(answer, records?))
}

/// One range on its way from the broker to the spiller.
struct Reading<'a> {
    broker: &'a dyn Broker,
    planned: PlannedRange,
    policy: Policy,
    deadline: Instant,
    /// Name of the spill bucket, for errors.
    bucket: &'a str,
}

impl Reading<'_> {
    async fn read(
        self,
        decoder: RowDecoder,
        selection: Selection,
        spiller: &mut BlockSpiller,
    ) -> Result<(ReadStats, Tally), Error> {
        let bucket = || (self.bucket.to_owned(), "the upload of a block".to_owned());
        let (sender, mut deliveries) = mpsc::channel(CHANNEL_BATCHES);
        let failure = SinkFailure::default();
        let sink = RowSink::new(
            decoder,
            selection,
            self.policy,
            self.planned.topic_partition.clone(),
            sender,
            failure.clone(),
        );
        let reading = async {
            let read = self
                .broker
                .read(&self.planned, self.deadline, Box::new(sink))
                .await;
            read.map_err(|error| failure.take().unwrap_or_else(|| error.into()))
        };
        let writing = async {
            let mut tally = Tally::default();
            while let Some(delivery) = deliveries.recv().await {
                match delivery {
                    Delivery::Rows(batch) => {
                        let writing = within(self.deadline, bucket(), spiller.write(batch));
                        timed(Phase::Spill, writing).await?;
                    }
                    Delivery::End(end) => tally = end,
                }
            }
            Ok::<_, Error>(tally)
        };
        tokio::try_join!(traced(Phase::Read, reading), writing)
    }
}

fn add(total: &mut ReadStats, read: ReadStats) {
    total.records += read.records;
    total.value_bytes += read.value_bytes;
    total.expired_offsets += read.expired_offsets;
    total.stopped_early |= read.stopped_early;
    total.waited += read.waited;
}

/// Logs the read. The last blocks may not have been stored yet.
fn report(topic_partition: &TopicPartition, read: ReadStats, tally: &Tally, spilled: SpillStats) {
    if let Some(first) = &tally.first_bad_record {
        let (offset, reason) = (first.offset, &first.reason);
        let records = tally.bad_records;
        tracing::warn!(
            %topic_partition,
            records,
            offset,
            reason,
            "records could not be decoded; offset and reason are those of the first"
        );
    }
    for errors in &tally.value_errors {
        let (column, values) = (&errors.column, errors.values);
        let reason = tally.hint_errors.get(column).map(tracing::field::display);
        tracing::warn!(%topic_partition, column, values, reason, "values did not fit their column and are NULL");
    }
    note(|report| {
        report.read = Some(ReadReport {
            stats: read,
            tombstones: tally.tombstones,
            bad_records: tally.bad_records,
            bad_keys: tally.bad_keys,
            value_errors: tally.value_errors.iter().map(|errors| errors.values).sum(),
            blocked: tally.blocked,
            rows: spilled.rows,
            row_bytes: spilled.bytes,
            ..ReadReport::default()
        });
    });
}

#[cfg(test)]
mod tests;
