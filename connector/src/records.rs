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
//! | `setup` | parsing of the request, once |
//! | `row_sink` | the reading thread: records in, batches of matching rows out |
//! | `counted_store` | counts of the blocks that are stored |

use std::time::Instant;

use kafka::{ReadStats, TopicPartition};
use protocol::{
    Block, FederationResponse, ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse,
};
use spill::{Records, SpillStats};
use tokio::sync::mpsc;

use crate::error::Error;
use crate::parts::Parts;
use crate::query_status::until_over;
use crate::telemetry::report::{Phase, ReadReport, note, timed, traced};
use crate::wait::within;
use row_sink::{Delivery, RowSink, SinkFailure, Tally};
use setup::{Answer, Setup};

mod counted_store;
mod row_sink;
mod setup;

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
    tokio::select! {
        response = read(parts, request, deadline) => response,
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
        decoder,
        selection,
        policy,
        mut spiller,
        store,
        bucket,
        answer,
    } = Setup::new(parts, request, deadline).await?;
    if selection.limit == Some(0) {
        return Ok(response(answer, spiller.finish().await?));
    }

    let bucket = || (bucket.clone(), "the upload of a block".to_owned());
    let (sender, mut deliveries) = mpsc::channel(CHANNEL_BATCHES);
    let failure = SinkFailure::default();
    let topic_partition = planned.topic_partition.clone();
    let sink = RowSink::new(
        decoder,
        selection,
        policy,
        topic_partition,
        sender,
        failure.clone(),
    );
    let reading = async {
        let read = broker.read(&planned, deadline, Box::new(sink)).await;
        read.map_err(|error| failure.take().unwrap_or_else(|| error.into()))
    };
    let writing = async {
        let mut tally = Tally::default();
        while let Some(delivery) = deliveries.recv().await {
            match delivery {
                Delivery::Rows(batch) => {
                    let writing = within(deadline, bucket(), spiller.write(batch));
                    timed(Phase::Spill, writing).await?;
                }
                Delivery::End(end) => tally = end,
            }
        }
        Ok::<_, Error>(tally)
    };
    let (read, tally) = tokio::try_join!(traced(Phase::Read, reading), writing)?;
    report(&planned.topic_partition, read, &tally, spiller.stats());
    let finishing = within(deadline, bucket(), spiller.finish());
    let records = timed(Phase::Spill, finishing).await;
    note(|report| {
        if let Some(read) = &mut report.read {
            (read.blocks, read.spilled_bytes) = store.stored();
        }
    });
    Ok(response(answer, records?))
}

fn response(answer: Answer, records: Records) -> FederationResponse {
    let Answer {
        catalog_name,
        schema,
        encryption_key,
    } = answer;
    let (kind, response) = match records {
        Records::Inline(batch) => {
            let records = Block::new(batch);
            let response = ReadRecordsResponse {
                catalog_name,
                records,
            };
            ("inline", FederationResponse::ReadRecords(response))
        }
        Records::Spilled(remote_blocks) => {
            let response = RemoteReadRecordsResponse {
                catalog_name,
                schema,
                remote_blocks,
                encryption_key,
            };
            ("spilled", FederationResponse::RemoteReadRecords(response))
        }
    };
    note(|report| report.response = Some(kind));
    response
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
