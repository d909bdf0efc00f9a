//! GetSplits: the part of a topic to read, cut into splits that are read concurrently.
//!
//! The first call takes one snapshot of the topic's watermarks, and every split of the query lies within it:
//! records that arrive later are not seen, whichever page their split is on. It also narrows the snapshot by
//! the constraints, and decides how long a split may be: `max_records_per_split`, or less if that makes fewer
//! splits than `target_parallelism`. What does not fit on a page is carried by the continuation token,
//! together with that length.

use std::time::Instant;

use protocol::{EncryptionKey, FederatedIdentity, GetSplitsRequest, GetSplitsResponse, SpillLocation, Split};
use spill::SpillError;

use crate::config::Config;
use crate::error::Error;
use crate::parts::Parts;
use crate::telemetry::report::{Phase, PlanReport, note, traced};
use crate::wait::{within, within_registry};
use narrow::{Narrowed, narrow};
use plan::Plan;
use topic_split::TopicSplit;

pub mod narrow;
pub mod plan;
pub mod token;
pub mod topic_split;

/// Maximum number of splits on a page, which keeps a response well below Lambda's 6 MB: a split takes about
/// 600 bytes, 2,000 at worst.
pub const MAX_SPLITS_PER_PAGE: usize = 1000;

/// S3's limit of [1,024 bytes](https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html) for a
/// key, less the block number after a split's location.
const MAX_SPILL_KEY_BYTES: usize = 1000;

/// Returns one page of the splits of a table; each has a spill location and a key of its own.
///
/// # Errors
/// If the table or topic is unknown, the brokers do not respond, there is no spill bucket, or the token was
/// not written by this connector.
pub async fn get_splits(
    parts: &Parts,
    request: GetSplitsRequest,
    deadline: Instant,
) -> Result<GetSplitsResponse, Error> {
    let Parts { config, catalog, .. } = parts;
    let wanted = format!("table `{}`", request.table_name);
    let table = within_registry(deadline, wanted, catalog.table(&request.table_name)).await?;
    note(|report| report.topic = Some(table.topic.clone()));
    let broker = parts.clusters.get(table.cluster.as_deref())?;
    let planning = async {
        let token = &request.continuation_token;
        if let Some(token) = token {
            return Ok(Plan::from_token(token, &table.topic)?);
        }
        let narrowed = narrow(
            broker.as_ref(),
            &table,
            &request.constraints,
            config.timestamp_upper_bound,
            deadline,
        );
        let Narrowed { topic_id, ranges } = traced(Phase::Planning, narrowed).await?;
        let limit = config.max_records_per_split;
        let max_offsets = plan::max_offsets(&ranges, config.target_parallelism, limit);
        Ok::<_, Error>(Plan::new(&table.topic, topic_id, ranges, max_offsets))
    };
    let place = SpillPlace::resolve(config, &request)?;
    let (mut plan, ()) = tokio::try_join!(planning, check_bucket(parts, &place, deadline))?;
    let planned: Vec<TopicSplit> = plan.splits().take(MAX_SPLITS_PER_PAGE).collect();
    let keys = spill_keys(parts, planned.len(), deadline).await?;
    let splits: Vec<Split> = planned
        .into_iter()
        .zip(keys)
        .map(|(split, encryption_key)| Split {
            spill_location: Some(place.split_location()),
            encryption_key,
            properties: TopicSplit {
                cluster: table.cluster.clone(),
                ..split
            }
            .to_properties(),
        })
        .collect();
    note(|report| {
        let planned = report.plan.get_or_insert_default();
        *planned = PlanReport {
            splits: splits.len() as u64,
            last_page: plan.is_done(),
            ..*planned
        };
    });
    Ok(GetSplitsResponse {
        catalog_name: request.catalog_name,
        splits,
        continuation_token: plan.to_token(),
    })
}

/// Checks the bucket once in a container, and only the bucket of the settings: one that the caller's identity
/// names is the caller's responsibility.
async fn check_bucket(parts: &Parts, place: &SpillPlace<'_>, deadline: Instant) -> Result<(), Error> {
    if parts.config.spill_bucket() != Ok(place.bucket) {
        return Ok(());
    }
    let asked = (
        format!("spill bucket `{}`", place.bucket),
        "a check that it exists".to_owned(),
    );
    let check = parts.blocks.check_bucket(place.bucket);
    let check = async { check.await.map_err(SpillError::from) };
    let once = parts
        .spill_bucket_check
        .get_or_try_init(|| within(deadline, asked, check));
    once.await.copied()
}

/// Keys for the splits of a page; `None` if blocks are not encrypted.
async fn spill_keys(
    parts: &Parts,
    count: usize,
    deadline: Instant,
) -> Result<Vec<Option<EncryptionKey>>, Error> {
    if !parts.config.encrypt_spill {
        return Ok(vec![None; count]);
    }
    let asked = (
        "the key service".to_owned(),
        format!("{count} keys for spilled blocks"),
    );
    let keys = within(deadline, asked, parts.spill_keys.generate(count)).await?;
    Ok(keys.into_iter().map(Some).collect())
}

/// Spill bucket and prefix of a query.
struct SpillPlace<'a> {
    bucket: &'a str,
    prefix: &'a str,
    query_id: &'a str,
}

impl<'a> SpillPlace<'a> {
    /// Resolves the place. The caller's identity takes precedence over the environment; blank values count as
    /// absent.
    fn resolve(config: &'a Config, request: &'a GetSplitsRequest) -> Result<Self, Error> {
        let option = |name| config_option(request.identity.as_ref(), name);
        let place = Self {
            bucket: option("spill_bucket").map_or_else(|| config.spill_bucket(), Ok)?,
            prefix: option("spill_prefix").unwrap_or(&config.spill_prefix),
            query_id: request.query_id.as_deref().unwrap_or_default(),
        };
        match place.split_location().key.len() {
            bytes if bytes > MAX_SPILL_KEY_BYTES => Err(Error::SpillKeyTooLong {
                bytes,
                limit_bytes: MAX_SPILL_KEY_BYTES,
            }),
            _ => Ok(place),
        }
    }

    /// New location for each call.
    fn split_location(&self) -> SpillLocation {
        spill::split_location(self.bucket, self.prefix, self.query_id)
    }
}

fn config_option<'a>(identity: Option<&'a FederatedIdentity>, name: &str) -> Option<&'a str> {
    identity?
        .config_options
        .get(name)
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
