//! ReadRecords of a table about a topic: a few rows, made of the brokers' responses.

use std::sync::Arc;
use std::time::Instant;

use protocol::{FederationResponse, ReadRecordsRequest};
use spill::BlockLimits;

use super::answer::{Answer, response};
use super::setup::spiller;
use crate::error::Error;
use crate::filter::Filter;
use crate::parts::Parts;
use crate::system_tables::SystemSplit;
use crate::telemetry::report::note;

/// Reads the current rows of `split` that satisfy the constraints.
pub(super) async fn read(
    parts: &Parts,
    request: ReadRecordsRequest,
    split: SystemSplit,
    deadline: Instant,
) -> Result<FederationResponse, Error> {
    note(|report| report.topic = Some(split.topic.clone()));
    let ReadRecordsRequest {
        catalog_name,
        schema,
        split: planned,
        constraints,
        max_block_bytes,
        max_inline_block_bytes,
        ..
    } = request;
    let filter = Filter::try_new(&constraints, &schema)?;
    let broker = parts.clusters.get(split.cluster.as_deref())?;
    let rows = split
        .table
        .rows(broker.as_ref(), &split.topic, &schema, deadline)
        .await?;
    let answer = Answer {
        catalog_name,
        schema: Arc::clone(&schema),
        encryption_key: planned.encryption_key.clone(),
    };
    let limits = BlockLimits {
        max_block_bytes: parts.config.max_block_bytes.unwrap_or(max_block_bytes),
        max_inline_block_bytes,
    };
    let mut spiller = spiller(&parts.config, Arc::clone(&parts.blocks), schema, planned, limits)?;
    let rows = filter.apply(rows)?;
    if rows.num_rows() > 0 {
        spiller.write(rows).await?;
    }
    Ok(response(answer, spiller.finish().await?))
}
