//! Parsing of the request, once: the dependencies of a read, from the request and the connector's parts.

use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use kafka::{Broker, PlannedRange};
use protocol::{ReadRecordsRequest, Split, TableName};
use spill::{BlockLimits, BlockSpiller, BlockStore};
use topic::table::{REGISTRY_NAME_KEY, SCHEMA_NAME_KEY, SCHEMA_VERSION_KEY, is_self_described, read_options};
use topic::{RowDecoder, TopicTable, WriterSchemas};

use super::answer::Answer;
use super::counted_store::CountedStore;
use super::row_sink::{Policy, Selection};
use crate::config::Config;
use crate::error::Error;
use crate::filter::Filter;
use crate::parts::Parts;
use crate::pushdown::limit::{counts_exactly, row_limit};
use crate::registry::catalog::TableVersion;
use crate::splits::topic_split::TopicSplit;
use crate::tables::Tables;
use crate::telemetry::report::{SplitReport, note};
use crate::wait::within_registry;

/// Dependencies of one read.
pub(super) struct Setup {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) planned: PlannedRange,
    pub(super) decoders: Decoders,
    pub(super) selection: Selection,
    /// Number of rows, counted from the end of the range, that are enough; `None` for all.
    pub(super) newest_rows: Option<u64>,
    pub(super) policy: Policy,
    pub(super) spiller: BlockSpiller,
    /// Store to which the spiller writes.
    pub(super) store: Arc<CountedStore>,
    /// Name of the spill bucket, for errors.
    pub(super) bucket: String,
    pub(super) answer: Answer,
}

impl Setup {
    /// # Errors
    /// If the split was not written by this connector, the table cannot be found or read, or the constraints
    /// do not fit it.
    pub(super) async fn new(
        parts: &Parts,
        request: ReadRecordsRequest,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let ReadRecordsRequest {
            catalog_name,
            table_name,
            schema,
            split,
            constraints,
            max_block_bytes,
            max_inline_block_bytes,
            ..
        } = request;
        let TopicSplit {
            cluster,
            topic_partition,
            topic_id,
            range,
            newest_rows,
        } = TopicSplit::from_properties(&split.properties)?;
        note(|report| {
            report.topic = Some(topic_partition.topic.clone());
            report.split = Some(SplitReport {
                cluster: cluster.clone(),
                partition: topic_partition.partition,
                start_offset: range.start(),
                end_offset: range.end(),
            });
        });
        let config = &parts.config;
        let broker = Arc::clone(parts.clusters.get(cluster.as_deref())?);

        let table = table(&parts.tables(deadline), &schema, &table_name, deadline).await?;
        let decoders = Decoders {
            table_name: table_name.to_string(),
            schema: Arc::clone(&schema),
            table,
            writers: Arc::new(parts.writer_schemas.until(deadline)),
        };
        decoders.make()?;
        let table = decoders.table.as_deref();
        let selection = Selection {
            filter: Filter::try_new(&constraints, &schema)?,
            limit: row_limit(&constraints, &schema),
        };
        // What planning took for a reason to read less must still be one, with the columns that are here.
        let newest_rows = newest_rows.filter(|_| counts_exactly(&constraints, &schema));
        let options = table.map_or_else(|| read_options(&schema), |table| table.options);
        let policy = Policy::new(config, options);

        let location = split.spill_location.as_ref();
        let bucket = location.map_or("", |location| location.bucket.as_str());
        let bucket = format!("spill bucket `{bucket}`");
        let limits = BlockLimits {
            max_block_bytes: config.max_block_bytes.unwrap_or(max_block_bytes),
            max_inline_block_bytes,
        };
        let answer = Answer {
            catalog_name,
            schema: Arc::clone(&schema),
            encryption_key: split.encryption_key.clone(),
        };
        let store = Arc::new(CountedStore::new(Arc::clone(&parts.blocks)));
        let spiller = spiller(config, store.clone(), schema, split, limits)?;
        Ok(Self {
            broker,
            planned: PlannedRange {
                topic_partition,
                topic_id,
                range,
                on_expired_offsets: config.on_expired_offsets,
            },
            decoders,
            selection,
            newest_rows,
            policy,
            spiller,
            store,
            bucket,
            answer,
        })
    }
}

/// Creates decoders of the rows of one split.
pub(super) struct Decoders {
    table_name: String,
    schema: SchemaRef,
    table: Option<Arc<TopicTable>>,
    writers: Arc<dyn WriterSchemas>,
}

impl Decoders {
    /// # Errors
    /// If the columns cannot be read from the table's records.
    pub(super) fn make(&self) -> Result<RowDecoder, Error> {
        let decoder = RowDecoder::try_new(&self.schema, self.table.as_deref(), &self.writers);
        decoder.map_err(|source| Error::Table {
            table: self.table_name.clone(),
            source: Box::new(source),
        })
    }
}

/// Spiller of blocks of `schema` to the location of `split`.
pub(super) fn spiller(
    config: &Config,
    store: Arc<dyn BlockStore>,
    schema: SchemaRef,
    split: Split,
    limits: BlockLimits,
) -> Result<BlockSpiller, Error> {
    let spiller = BlockSpiller::new(store, schema, split.spill_location, split.encryption_key, limits)?;
    Ok(match config.max_uploads {
        Some(max_uploads) => spiller.with_max_uploads(max_uploads),
        None => spiller,
    })
}

/// Table with which the query was planned, or its latest version if the request's schema no longer contains
/// that version; `None`, without a call of the registry, if that schema itself describes how its columns are
/// read.
async fn table(
    tables: &Tables<'_>,
    schema: &SchemaRef,
    table_name: &TableName,
    deadline: Instant,
) -> Result<Option<Arc<TopicTable>>, Error> {
    if is_self_described(schema) {
        // Every read reports the phase, so that metrics of reads can be compared.
        let table = std::future::ready(Ok::<_, Error>(None));
        return within_registry(deadline, format!("table `{table_name}`"), table).await;
    }
    let metadata = schema.metadata();
    let text = |key| metadata.get(key).filter(|text| !text.is_empty()).cloned();
    let version = || {
        Some(TableVersion {
            registry_name: text(REGISTRY_NAME_KEY)?,
            schema_name: text(SCHEMA_NAME_KEY)?,
            schema_version_id: text(SCHEMA_VERSION_KEY)?,
        })
    };
    let table = match version() {
        Some(version) => tables.version(table_name, &version).await,
        None => tables.table(table_name).await,
    };
    table.map(Some)
}
