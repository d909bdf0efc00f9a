//! ReadRecords: one split's records, as rows that satisfy the constraints.
//!
//! ```text
//! reading thread: broker -> decoder -> filter -> batches ->| bounded channel |-> spiller :async side
//! ```
//!
//! What is in memory does not depend on how long the split is: the broker client's prefetch, one batch being filled, a
//! few in the channel, and the spiller's blocks.
//!
//! A [limit](row_limit) ends the read at the broker as soon as there are enough rows behind the filter. That is not an
//! error, and what is wrong with a record behind it is not found out.

use std::sync::Arc;
use std::time::Instant;

use protocol::{
    Block, FederationResponse, ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse,
};
use spill::{BlockLimits, BlockSpiller, BlockStore, Records, SpillStats};
use tokio::sync::mpsc;
use topic::table::{REGISTRY_NAME_KEY, SCHEMA_NAME_KEY, SCHEMA_VERSION_KEY, is_self_described, read_options};
use topic::{RowDecoder, TopicTable, WriterSchemas};

use crate::Parts;
use crate::config::Config;
use crate::error::Error;
use crate::filter::Filter;
use crate::kafka::{PlannedRange, ReadStats};
use crate::pushdown::limit::row_limit;
use crate::query_status::until_over;
use crate::registry::catalog::{Catalog, CatalogError, TableVersion};
use crate::splits::{SplitError, TopicSplit};
use crate::telemetry::report::{Phase, ReadReport, note, timed, traced};
use crate::wait::{look_up, within};
use counted_store::CountedStore;
use row_sink::{Delivery, Policy, RowSink, Selection, Tally};

mod counted_store;
mod row_sink;

/// Batches ready but not yet written, at most.
const CHANNEL_BATCHES: usize = 2;

/// Reads the split of `request`, and answers its rows inline or where they were spilled.
///
/// # Errors
/// Anything that keeps a row from being read: never fewer rows than there are, or than the limit wants. Also if the
/// query ends meanwhile.
pub async fn read_records(
    parts: &Parts,
    request: ReadRecordsRequest,
    deadline: Instant,
) -> Result<FederationResponse, Error> {
    tokio::select! {
        response = read(parts, &request, deadline) => response,
        state = until_over(parts.query_status.as_ref(), &request.query_id) => {
            Err(Error::QueryOver { query_id: request.query_id.clone(), state })
        }
    }
}

async fn read(
    parts: &Parts,
    request: &ReadRecordsRequest,
    deadline: Instant,
) -> Result<FederationResponse, Error> {
    let split = TopicSplit::from_properties(&request.split.properties).map_err(SplitError::from)?;
    note(|report| {
        report.topic = Some(split.topic_partition.topic.clone());
        report.split = Some(split.clone());
    });
    let broker = parts.clusters.get(split.cluster.as_deref())?;
    let wanted = format!("table `{}`", request.table_name);
    let table = look_up(deadline, wanted, table(&parts.catalog, request)).await?;
    let decoder = decoder(parts, request, table.as_deref(), deadline)?;
    let filter = Filter::try_new(&request.constraints, &request.schema)?;
    let store = Arc::new(CountedStore::new(parts.blocks.clone()));
    let mut spiller = spiller(parts, request, store.clone())?;
    let limit = row_limit(&request.constraints, &request.schema);
    if limit == Some(0) {
        return Ok(response(request, spiller.finish().await?));
    }

    let (sender, mut deliveries) = mpsc::channel(CHANNEL_BATCHES);
    let sink = Box::new(RowSink::new(
        decoder,
        Selection { filter, limit },
        policy(&parts.config, request, table.as_deref()),
        split.topic_partition.clone(),
        sender,
    ));
    let planned = PlannedRange {
        topic_partition: split.topic_partition.clone(),
        topic_id: split.topic_id,
        range: split.range,
        on_expired_offsets: parts.config.on_expired_offsets,
    };
    let reading = traced(Phase::Read, broker.read(&planned, deadline, sink));
    let writing = async {
        let mut tally = Tally::default();
        while let Some(delivery) = deliveries.recv().await {
            match delivery {
                Delivery::Rows(batch) => {
                    let writing = within(deadline, bucket(request), spiller.write(batch));
                    timed(Phase::Spill, writing).await?;
                }
                Delivery::End(end) => tally = end,
            }
        }
        Ok::<_, Error>(tally)
    };
    let (read, tally) = tokio::try_join!(reading, writing)?;
    report(&split, read, &tally, spiller.stats());
    let finishing = within(deadline, bucket(request), spiller.finish());
    let records = timed(Phase::Spill, finishing).await;
    note(|report| {
        if let Some(read) = &mut report.read {
            (read.blocks, read.spilled_bytes) = store.stored();
        }
    });
    Ok(response(request, records?))
}

/// The registry is asked only if the request's schema does not tell by itself how its columns are read: for the version
/// that the query was planned with, or the latest if the request has lost which that was.
async fn table(
    catalog: &Catalog,
    request: &ReadRecordsRequest,
) -> Result<Option<Arc<TopicTable>>, CatalogError> {
    if is_self_described(&request.schema) {
        return Ok(None);
    }
    let table = match planned_version(request) {
        Some(version) => catalog.table_version(&version).await,
        None => catalog.table(&request.table_name).await,
    };
    table.map(Some)
}

fn planned_version(request: &ReadRecordsRequest) -> Option<TableVersion> {
    let metadata = request.schema.metadata();
    let text = |key| metadata.get(key).filter(|text| !text.is_empty()).cloned();
    Some(TableVersion {
        registry_name: text(REGISTRY_NAME_KEY)?,
        schema_name: text(SCHEMA_NAME_KEY)?,
        schema_version_id: text(SCHEMA_VERSION_KEY)?,
    })
}

fn decoder(
    parts: &Parts,
    request: &ReadRecordsRequest,
    table: Option<&TopicTable>,
    deadline: Instant,
) -> Result<RowDecoder, Error> {
    let writers: Arc<dyn WriterSchemas> = Arc::new(parts.writer_schemas.until(deadline));
    RowDecoder::try_new(&request.schema, table, &writers).map_err(|source| Error::Table {
        table: request.table_name.to_string(),
        source: Box::new(source),
    })
}

/// What the table's document says goes before the settings.
fn policy(config: &Config, request: &ReadRecordsRequest, table: Option<&TopicTable>) -> Policy {
    let options = table.map_or_else(|| read_options(&request.schema), |table| table.options);
    Policy {
        on_bad_record: options.on_bad_record.unwrap_or(config.on_bad_record),
        on_tombstone: options.on_tombstone.unwrap_or(config.on_tombstone),
    }
}

fn spiller(
    parts: &Parts,
    request: &ReadRecordsRequest,
    store: Arc<dyn BlockStore>,
) -> Result<BlockSpiller, Error> {
    let Config {
        max_block_bytes,
        max_uploads,
        ..
    } = parts.config;
    let limits = BlockLimits {
        max_block_bytes: max_block_bytes.unwrap_or(request.max_block_bytes),
        max_inline_block_bytes: request.max_inline_block_bytes,
    };
    let schema = request.schema.clone();
    let protocol::Split {
        spill_location,
        encryption_key,
        ..
    } = request.split.clone();
    let spiller = BlockSpiller::new(store, schema, spill_location, encryption_key, limits)?;
    Ok(match max_uploads {
        Some(max_uploads) => spiller.with_max_uploads(max_uploads),
        None => spiller,
    })
}

/// For [`within`]: the bucket is asked to take a block.
fn bucket(request: &ReadRecordsRequest) -> (String, String) {
    let location = request.split.spill_location.as_ref();
    let bucket = location.map_or("", |location| location.bucket.as_str());
    (format!("spill bucket `{bucket}`"), "room for a block".to_owned())
}

fn response(request: &ReadRecordsRequest, records: Records) -> FederationResponse {
    let catalog_name = request.catalog_name.clone();
    let kind = match &records {
        Records::Inline(_) => "inline",
        Records::Spilled(_) => "spilled",
    };
    note(|report| report.response = Some(kind));
    match records {
        Records::Inline(batch) => FederationResponse::ReadRecords(ReadRecordsResponse {
            catalog_name,
            records: Block::new(batch),
        }),
        Records::Spilled(remote_blocks) => FederationResponse::RemoteReadRecords(RemoteReadRecordsResponse {
            catalog_name,
            schema: request.schema.clone(),
            remote_blocks,
            encryption_key: request.split.encryption_key.clone(),
        }),
    }
}

/// What becomes of the last blocks is not known yet.
fn report(split: &TopicSplit, read: ReadStats, tally: &Tally, spilled: SpillStats) {
    let topic_partition = &split.topic_partition;
    if let Some(first) = &tally.first_bad_record {
        let (offset, reason) = (first.offset, &first.reason);
        let records = tally.bad_records;
        tracing::warn!(%topic_partition, records, offset, reason, "records did not decode; the first of them");
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
